//! Pausing and unpausing at run time (7.1, 7.2): decided and stored on the writer's thread.

use super::live::Check;
use super::{Applied, Entry, Store, StoreError, What};
use crate::core::time::Time;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Paused.
    Pause {
        /// When it ends by itself.
        until: Option<Time>,
    },
    /// Paused, unless it is, by whomever.
    PauseOnce,
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
pub enum PauseOutcome {
    /// It is as was wished.
    Done,
    /// It was so before: nothing was stored.
    Already,
    /// Its file pauses it, which nobody ends at run time: nothing was stored.
    PausedByFile,
    /// There is no such check any more.
    Gone,
}

/// Pauses a check, or ends the pause.
pub(super) fn change(
    store: &mut dyn Store,
    known: &Check,
    wish: Wish,
    Remark { comment, by }: Remark,
    now: Time,
) -> Result<PauseOutcome, StoreError> {
    let check = known.id;
    let paused = known.known().state.pause;
    let what = match wish {
        Wish::Pause { until } if paused.at_run_time.is_some() && paused.until == until => {
            return Ok(PauseOutcome::Already);
        }
        Wish::PauseOnce if paused.since().is_some() => return Ok(PauseOutcome::Already),
        Wish::Unpause if paused.since().is_none() => return Ok(PauseOutcome::Already),
        Wish::Pause { until } => What::Pause { comment, by, until },
        Wish::PauseOnce => What::Pause { comment, by, until: None },
        Wish::Unpause => What::Unpause { comment, by },
    };
    let applied = store.apply(&[Entry { check, at: now, what }])?;
    Ok(match applied.as_slice() {
        [Applied::Done(_)] => PauseOutcome::Done,
        [Applied::PausedByFile] => PauseOutcome::PausedByFile,
        [Applied::NoSuchCheck] => PauseOutcome::Gone,
        answers => unreachable!("one pause has one answer, not {}", answers.len()),
    })
}
