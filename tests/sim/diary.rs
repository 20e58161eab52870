//! When a world does what, and what was said of it.

use std::sync::LazyLock;

use punctual::core::time::{Span, Time};

use crate::accidents::Accidents;
use crate::scene::Scale;

/// The last lines of what happened, and a number that stands for all of it.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub(crate) hash: u64,
    pub(crate) tail: Vec<String>,
}

impl Trace {
    const TAIL: usize = 80;

    pub(crate) fn say(&mut self, now: Time, text: &str) {
        let line = format!("{now} {text}");
        follow(|| line.clone());
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.tail.len() == Trace::TAIL {
            self.tail.remove(0);
        }
        self.tail.push(line);
    }
}

/// Prints a line of all that happens, with `PUNCTUAL_SIM_TRACE` in the environment: one seed says more than a failure's last
/// lines.
pub(crate) fn follow(line: impl FnOnce() -> String) {
    static IS_FOLLOWED: LazyLock<bool> = LazyLock::new(|| std::env::var_os("PUNCTUAL_SIM_TRACE").is_some());
    if *IS_FOLLOWED {
        eprintln!("{}", line());
    }
}

/// When the world does what.
#[derive(Clone, Debug)]
pub(crate) struct Diary {
    pub(crate) now: Time,
    pub(crate) storm_ends: Time,
    /// Nothing goes wrong any more.
    pub(crate) is_peace: bool,
    pub(crate) ends: Time,
    pub(crate) life_at: Time,
    /// When somebody asks whether anything waits in vain.
    pub(crate) watch_at: Time,
    pub(crate) unrest_at: Time,
    pub(crate) restart_at: Time,
    /// What is too old goes.
    pub(crate) prune_at: Time,
    /// A date that was wrong is put right, by so much.
    pub(crate) right_at: Option<(Time, Span)>,
    /// After a failure the engine rests.
    pub(crate) look_not_before: Time,
    pub(crate) claim_not_before: Time,
    pub(crate) lag: Span,
    pub(crate) accidents: Accidents,
}

impl Diary {
    pub(crate) fn new(scale: &Scale) -> Diary {
        let start = scale.start;
        Diary {
            now: start,
            storm_ends: start + scale.stormy,
            is_peace: false,
            ends: scale.end(),
            life_at: start,
            watch_at: start,
            unrest_at: start + scale.unrest,
            restart_at: start,
            prune_at: start,
            right_at: None,
            look_not_before: start,
            claim_not_before: start,
            lag: Span::ZERO,
            accidents: Accidents::default(),
        }
    }
}
