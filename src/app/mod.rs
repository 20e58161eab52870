//! What can be done at run time, once for every door: each says in its own words what came of it.
//!
//! An operation takes the server as [`Services`]; whoever calls it has asked before who may.

mod aside;
pub mod health;
mod in_force;
pub mod pausing;
pub mod reload;
mod services;
mod turn;
pub mod view;
mod writer;

pub use self::aside::{Bug, Room};
pub use self::in_force::{Audience, InForce, Notices};
pub use self::services::{ReloadRequest, ServerCounters, Services};
pub use self::turn::{Busy, MAX_WAITING_CHANGES};
pub use self::writer::TakePings;
