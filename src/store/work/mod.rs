//! The unit of work: what becomes of checks, incidents, messages and deliveries in one transaction, whatever keeps the rows.
//!
//! The core decides, a store reads and writes [`Rows`], and what stands between them is here, once for every store: which rows
//! an event reaches, and in which order. No SQL is here, and no type of a store's own.

mod again;
mod alerts;
mod apply;
mod archive;
mod audit;
mod bodies;
mod by_hand;
mod cancel;
mod carry_on;
mod check_rows;
mod claim;
mod configure;
mod configure_plan;
mod edit;
mod edit_plan;
mod end;
mod entropy;
mod fact_rows;
mod flapping;
mod follow;
mod happenings;
mod held;
mod life;
mod life_rows;
mod look;
mod mutes;
mod named;
mod notice;
mod old_rows;
mod own;
mod pace;
mod park;
mod past;
mod pauses;
mod plan;
mod process;
mod prune;
mod prune_checks;
mod prune_pings;
mod record;
mod redeclare;
mod round;
#[cfg(test)]
pub(in crate::store) mod row_facts;
mod rows;
mod send;
mod settle;
mod split;
mod stand;
mod step;
mod story;
mod terms;
mod try_again;
mod verdict;
mod wait;

pub(super) use alerts::alerts;
pub(super) use apply::apply;
pub(super) use audit::{forget_unknown_names, keep};
pub(super) use by_hand::{drop_message, retry, retry_all};
pub(super) use carry_on::carry_on;
pub(super) use check_rows::{Became, CheckNow, CheckRows, CheckToChange};
pub(super) use claim::claim;
pub(super) use configure::{Taken, configure};
pub(super) use edit::edit;
pub(super) use entropy::entropy;
pub(super) use fact_rows::{FactRows, KeptAs, NewPause, NewPing, OldHappenings, PingSaid};
pub(super) use held::let_go;
pub(super) use life::{add_blind, begin, end, reanchor, sign_of_life};
pub(super) use life_rows::{LifeRows, Lost};
pub(super) use mutes::{mute, unmute};
pub(super) use named::{NamedCheck, NamedChecks};
pub(super) use old_rows::{OldPing, OldRows};
pub(super) use pace::Pace;
pub(super) use process::{OfProcess, Pieces};
pub(super) use prune::prune;
pub(super) use round::{OverIncidents, Round};
pub(super) use rows::{Rows, SaidOf, Settled};
pub(super) use settle::settle;
pub(super) use stand::stand_all;
pub(super) use step::{Subject, step_check};
pub(super) use story::{Story, Teller};
#[cfg(test)]
pub(super) use verdict::asked_so_far;
