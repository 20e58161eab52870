//! Pausing and unpausing at run time (7.1, 7.2), by whatever door: decided and stored on the writer's thread. What is said
//! of it is each door's own.

use crate::core::time::{Span, Time};
use crate::store::live::Check;
use crate::store::{Applied, Entry, Store, StoreError, What};

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Paused.
    Pause {
        /// When it ends by itself.
        until: Option<Time>,
    },
    /// Not paused any more.
    Unpause,
}

/// What is said of it, for whoever looks at the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remark {
    /// Why.
    pub comment: Option<String>,
    /// Who says so.
    pub by: Option<String>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as was wished.
    Done,
    /// It was so before: nothing was stored.
    Already,
    /// Its file pauses it, which nobody ends at run time: nothing was stored.
    PausedByFile,
    /// There is no such check any more.
    Gone,
}

/// What to do about [`Outcome::PausedByFile`].
pub const PAUSED_BY_FILE: &str = "paused by its file: take `paused: true` out of it, and reload";

/// The longest pause or mute that has an end: one that lasts longer is a change of the configuration.
const MAX_LENGTH: Span = Span::mins(366 * 24 * 60);

/// Whether something that is said now can end then; else why not.
pub fn check_end(what: &str, until: Time, now: Time) -> Result<Time, String> {
    if until <= now || until - now > MAX_LENGTH {
        return Err(format!("{what} ends later than now, and within {MAX_LENGTH}"));
    }
    Ok(until)
}

/// Pauses a check, or ends the pause.
pub fn change(
    store: &mut dyn Store,
    check: &Check,
    wish: Wish,
    Remark { comment, by }: Remark,
    now: Time,
) -> Result<Outcome, StoreError> {
    let paused = check.known().state.pause;
    let what = match wish {
        Wish::Pause { until } if paused.at_run_time.is_some() && paused.until == until => {
            return Ok(Outcome::Already);
        }
        Wish::Unpause if paused.since().is_none() => return Ok(Outcome::Already),
        Wish::Pause { until } => What::Pause { comment, by, until },
        Wish::Unpause => What::Unpause { comment, by },
    };
    let applied = store.apply(vec![Entry { check: check.id, at: now, what }])?;
    Ok(match applied.as_slice() {
        [Applied::Done(_)] => Outcome::Done,
        [Applied::PausedByFile] => Outcome::PausedByFile,
        [Applied::NoSuchCheck] => Outcome::Gone,
        answers => unreachable!("one entry has one answer, not {}", answers.len()),
    })
}
