//! What can be done at run time, once for all who ask: the API, the socket, other systems' interfaces, the command line.
//! Each says in its own words what came of it.
//!
//! An operation takes the server as [`Services`], and who wants it as [`Actor`]; whoever calls it has asked before who may.
//! What it did it says in a line for people, and logs; why it did not is an enum with one text for all doors.
//!
//! A new operation is a file here. It checks what was said, sends the writer a command (`src/store/command.rs`; what it
//! changes stands in `src/store/work/`, as a method of [`crate::store::Store`]) and says what came of it; new refusals are
//! variants of [`NotDone`]. The API and the command line each ask for it.

pub mod ack_link;
mod actor;
pub mod affirm;
mod aside;
pub mod audit;
pub mod describe;
pub mod diagnoses;
pub mod edit;
pub mod health;
pub mod history;
mod in_force;
pub mod incidents;
pub mod messages;
pub mod mutes;
mod not_done;
pub mod open_incidents;
pub mod pausing;
pub mod ping;
pub mod receivers;
pub mod records;
pub mod reload;
pub mod report;
mod report_turns;
mod said;
mod services;
mod turn;
pub mod unknown_names;
pub mod uptime;
pub mod view;
mod writer;

pub use self::actor::{Actor, Entrance, KnownBy, Visitor};
pub use self::aside::{Bug, Room};
pub use self::in_force::{Audience, InForce, Notices};
pub use self::not_done::{NotDone, NotDoneKind};
pub use self::services::{ReloadRequest, SampleOutcome, SampleRequest, ServerCounters, Services};
pub use self::turn::{Busy, MAX_WAITING_CHANGES};
pub use self::writer::TakePings;
