//! Canaries and watchers: the commands of systems that know checks by an id of eight letters and a slug.
//!
//! One implementation serves all of them; a [`Dialect`] says how they differ. A canary (or watcher) is a check with a
//! [`crate::core::check::Alias`], and a system's interface shows only its own. Changes are decided and stored in one
//! piece on the writer's thread; slow work runs on blocking threads, so that no ping waits for it.

mod args;
mod carry;
mod change;
mod command;
mod dialect;
mod document;
mod fault;
mod interface;
mod json;
mod list;
mod mail;
mod pause;
mod periodicity;
mod python;
mod reply;
mod search;
mod shown;
mod slug;
mod trigger;

pub(super) use self::dialect::Dialect;
pub(super) use self::interface::Interface;

#[cfg(test)]
pub(super) use self::periodicity::{check_seconds, schedule};
