//! The unit of work: what becomes of messages and deliveries in one transaction, whatever keeps the rows.
//!
//! The core decides, a store reads and writes [`Rows`], and what stands between them is here, once for every store: which rows
//! an event reaches, and in which order. No SQL is here, and no type of a store's own.

mod again;
mod alerts;
mod by_hand;
mod cancel;
mod claim;
mod end;
mod entropy;
mod flapping;
mod follow;
mod held;
mod look;
mod notice;
mod own;
mod pace;
mod park;
mod plan;
mod record;
mod rows;
mod send;
mod settle;
mod split;
mod stand;
mod try_again;
mod verdict;

pub(super) use alerts::alerts;
pub(super) use by_hand::{drop_message, retry, retry_all};
pub(super) use claim::claim;
pub(super) use entropy::entropy;
pub(super) use follow::{Flipped, follow};
pub(super) use held::let_go;
pub(super) use pace::Pace;
pub(super) use rows::{CheckNow, PingSaid, Rows, Settled};
pub(super) use settle::settle;
pub(super) use stand::stand;
