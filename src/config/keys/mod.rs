//! The table of all keys that a file may have. The reader, guesses at misspelt keys, and the JSON Schema use it.

mod checks;
mod doors;
mod probes;
mod server;
mod telling;
mod web;

use crate::notify::RECEIVER;
use crate::notify::alertmanager::ALERTMANAGER;
use crate::notify::email::SMTP;
use crate::notify::http_config::HTTP_CONFIG;
use crate::notify::webhook::WEBHOOK;

pub(super) use crate::yaml::section::{Key, Kind, Need, Section, Vocabulary};
#[cfg(test)]
pub(super) use checks::{ASSERT, DETECT, REPORTED};
pub(super) use checks::{CHECK, CHECK_FILE, DEFAULT_GRACE, DEFAULTS, EXPECT, QUIET};
pub use doors::{DoorKeys, KnownDoor};
#[cfg(test)]
pub(super) use probes::{EXEC_PROBE, HTTP_PROBE, JSON_CONDITION, PROMQL_PROBE, SQL_PROBE};
pub use server::MAX_CHECKS;
pub(super) use server::{AUTH, COMPAT, COMPAT_SYSTEM, MAIN};
#[cfg(test)]
pub(super) use server::{PING_KEY, PING_RETENTION, PROXY, RETENTION, TOKEN};
pub(super) use telling::{ACTION, ALERTING, RESPONDER};
pub(super) use web::WEB;
#[cfg(test)]
pub(super) use web::{HEADERS, HTTP_SERVER, RATE_LIMIT, TLS_SERVER};

pub(super) static VOCABULARY: Vocabulary = Vocabulary { habits: HABITS, near };

/// Whether any section has a key of this name.
pub(super) fn is_key(name: &str) -> bool {
    MAIN.with_all_below()
        .iter()
        .chain(&WEB.with_all_below())
        .chain(&[&CHECK_FILE, &COMPAT_SYSTEM])
        .any(|section| section.key(name).is_some())
}

/// Where a key was meant to be, if it stands in the wrong kind of file or beside its section.
fn near(section: &Section) -> &'static [&'static Section] {
    const NEAR: &[(&[&Section], &[&Section])] = &[
        (&[&MAIN], &[&CHECK_FILE]),
        (&[&CHECK_FILE, &AUTH, &ALERTING, &COMPAT], &[&MAIN]),
        (&[&DEFAULTS], &[&CHECK]),
        (&[&RESPONDER], &[&ACTION, &RECEIVER]),
        (&[&ACTION], &[&RECEIVER, &RESPONDER]),
        (&[&CHECK], &[&CHECK_FILE, &EXPECT, &QUIET]),
        (&[&EXPECT, &QUIET], &[&CHECK]),
        (&[&ALERTMANAGER, &RECEIVER], &[&HTTP_CONFIG, &WEBHOOK]),
    ];
    if RECEIVER.has_below(section) {
        return const { &[&RECEIVER, &SMTP] };
    }
    NEAR.iter().find(|(sections, _)| sections.contains(&section)).map_or(&[], |(_, near)| near)
}

/// Names that other systems use for our keys.
const HABITS: &[(&str, &str)] = &[
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
