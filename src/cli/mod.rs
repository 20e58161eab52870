//! What the command `punctual` can do: one file a subcommand.

pub mod test_notify;
