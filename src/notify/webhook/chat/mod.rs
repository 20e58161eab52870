//! The formats of chats: a file each, and a line in [`CHATS`]. Nothing else in the program names a chat. How many checks
//! one of its messages can name is held by a test in `src/notify/webhook/tests/limits.rs`.

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
