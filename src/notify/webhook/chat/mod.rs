//! The formats of chats: a file each, and a line in [`CHATS`].

mod discord;
mod format;
mod ntfy;
mod room;
mod slack;
mod teams;

pub use format::ChatFormat;
use format::Post;
#[cfg(test)]
pub(super) use teams::stored_bytes;

/// Every chat that has a format of its own.
pub(super) const CHATS: &[ChatFormat] = &[slack::SLACK, teams::TEAMS, discord::DISCORD, ntfy::NTFY];
