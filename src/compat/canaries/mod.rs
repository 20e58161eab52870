//! Canaries and watchers: the commands of the systems that know checks by an id of eight letters and a slug.
//!
//! One engine carries out the commands of all of them; a [`Dialect`] says how a system speaks. A canary (a watcher) is a
//! check with [`crate::core::check::Alias`]: only those of a system are seen through its interface. What changes anything
//! is decided and stored in one go on the writer's thread; what takes long is done aside, so that no ping waits for it.

mod args;
mod change;
mod command;
mod dialect;
mod fault;
mod interface;
mod json;
mod list;
mod pause;
mod periodicity;
mod python;
mod reply;
mod search;
mod shown;
mod slug;
mod trigger;

pub use self::change::{MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES};
pub use self::slug::slug;

pub(super) use self::dialect::Dialect;
pub(super) use self::interface::Interface;

#[cfg(test)]
pub(super) use self::periodicity::{check_seconds, schedule};
