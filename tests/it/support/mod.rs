//! Starts the real parts, each in its own temporary folder and on a free port of 127.0.0.1, and stops them when dropped.
//! A test that fails shows the end of every part's log.

use ::punctual::core::outbox::Attempt;

pub(crate) mod browser;
pub(crate) mod commands;
pub(crate) mod contract;
pub(crate) mod disk;
pub(crate) mod doors;
pub(crate) mod http;
pub(crate) mod inbox;
pub(crate) mod logged;
pub(crate) mod nginx;
pub(crate) mod preload;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod punctual;
pub(crate) mod sink;
pub(crate) mod site;
pub(crate) mod smtp;

pub(crate) fn assert_taken(attempt: &Attempt) {
    assert!(attempt.is_taken(), "{attempt:?}");
}

/// Tests take longer and do more (`tests/run --long`).
pub(crate) fn is_long() -> bool {
    std::env::var_os("PUNCTUAL_LONG").is_some()
}
