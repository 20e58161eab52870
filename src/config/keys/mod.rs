//! The table of all keys that a file may have. The reader, guesses at misspelt keys, and the JSON Schema use it.

mod checks;
mod doors;
mod key;
mod server;
mod telling;

pub(super) use checks::{CHECK, CHECK_FILE, DEFAULTS, EXPECT, QUIET};
pub use doors::{DoorKeys, KnownDoor};
pub use key::MAX_CHECKS;
pub(super) use key::{DEFAULT_GRACE, Key, Kind, Need, Section};
pub(super) use server::{AUTH, COMPAT, COMPAT_SYSTEM, MAIN};
#[cfg(test)]
pub(super) use server::{PING_KEY, PING_RETENTION, RETENTION, TOKEN};
pub(super) use telling::{
    ACTION, ALERTING, ALERTMANAGER, EMAIL, HTTP_CONFIG, RECEIVER, RESPONDER, SMTP, WEBHOOK,
};
#[cfg(test)]
pub(super) use telling::{AUTHORIZATION, BASIC_AUTH, TLS_CONFIG};

/// Names that other systems use for our keys.
pub(super) const HABITS: &[(&str, &str)] = &[
    ("schedule", "cron"),
    ("crontab", "cron"),
    ("interval", "every"),
    ("period", "every"),
    ("tz", "timezone"),
    ("timeout", "max_runtime"),
    ("tags", "labels"),
    ("slug", "name"),
    ("id", "name"),
    ("grace_period", "grace"),
    ("disabled", "paused"),
    ("runbook", "runbook_url"),
    ("desc", "description"),
    ("match", "matchers"),
    ("receiver", "notify"),
    ("delay", "after"),
    ("repeat", "repeat_interval"),
    ("duration", "for"),
    ("mail", "email"),
    ("user", "username"),
];
