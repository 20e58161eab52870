//! What the command `punctual` can do: one file a subcommand.

pub mod check_config;
pub mod next;
pub mod test_notify;
