//! The hot path: pings, ticks, and what is done to single checks at run time.

use std::sync::Arc;

use super::audit::keep;
use super::bodies::make_space;
use super::carry_on::carry_out_of;
use super::fact_rows::{KeptAs, NewPause, NewPing};
use super::happenings::{note_happening, turn_of};
use super::occurrences::forget_some;
use super::pauses::note_who_paused;
use super::records::end_some;
use super::resolve_after::resolve_some;
use super::results::apply_result;
use super::rows::Rows;
use super::step::{Subject, step_check};
use crate::core::audit::{Audit, AuditKind};
use crate::core::check::{CheckId, Definition, Name, PingKind};
use crate::core::origin::{Habits, Happening};
use crate::core::state::Pause;
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::{Applied, Entry, PingFact, StoreError, What};

/// A check that something happens to, as it is before.
struct Before {
    check: CheckId,
    definition: Arc<Definition>,
    pause: Pause,
}

/// Steps each entry in its order, and answers what became of it.
pub(in crate::store) fn apply(rows: &mut dyn Rows, entries: &[Entry]) -> Result<Vec<Applied>, StoreError> {
    entries.iter().map(|entry| apply_one(rows, entry)).collect()
}

fn apply_one(rows: &mut dyn Rows, entry: &Entry) -> Result<Applied, StoreError> {
    let Entry { check, at, ref what } = *entry;
    carry_out_of(rows, check)?;
    if *what == What::Tick {
        end_some(rows, check, at)?;
        forget_some(rows, check, at)?;
        resolve_some(rows, check, at)?;
    }
    let standing = rows.to_change(check)?.filter(|standing| standing.state.archived.is_none());
    let Some(standing) = standing else { return Ok(Applied::NoSuchCheck) };
    let before = Before { check, definition: standing.definition.clone(), pause: standing.state.pause };
    match what {
        What::Ping(fact) => apply_ping(rows, &before, fact, at),
        What::Result(fact) => apply_result(rows, check, &before.definition, (fact, at)),
        What::Unpause { .. } if before.definition.spec.paused => Ok(Applied::PausedByFile),
        What::Unpause { comment, by } => {
            let said = Said { comment: comment.as_deref(), by: by.as_deref() };
            apply_other(rows, &before, &Input::Unpause, said, at)
        }
        What::Pause { comment, by, until } => {
            let input = pause_of(rows.habits(&before.definition), *until);
            let said = Said { comment: comment.as_deref(), by: by.as_deref() };
            apply_other(rows, &before, &input, said, at)
        }
        What::Tick => apply_other(rows, &before, &Input::Tick, Said::default(), at),
        What::Refused(refused) => apply_other(rows, &before, &Input::Refused(*refused), Said::default(), at),
    }
}

fn apply_ping(
    rows: &mut dyn Rows,
    before: &Before,
    fact: &PingFact,
    at: Time,
) -> Result<Applied, StoreError> {
    let Before { check, definition, pause, .. } = before;
    if definition.spec.assert.is_some() && fact.ping.kind != PingKind::Log {
        return Ok(Applied::TakesResults);
    }
    let judged = Subject::as_before(*check, definition);
    let stepped = step_check(rows, judged, &Input::Ping(fact.ping.clone()), at)?;
    let counted = stepped.ping;
    // An alias's history knows successes, by whatever door they came, and pauses that a start or a failure ended.
    let is_repeat = counted.is_none_or(|counted| counted.repeat);
    let comment = fact.comment.as_deref();
    let is_success = fact.ping.kind == PingKind::Success && !is_repeat;
    let happening = if is_success { Some(Happening::Triggered) } else { turn_of(*pause, stepped.pause) };
    if let Some(happening) = happening {
        note_happening(rows, judged, happening, comment, at)?;
    }
    let body = fact.body.as_deref().filter(|body| !body.is_empty());
    let keeps_body = match body {
        Some(body) => make_space(rows, body.len())?,
        None => false,
    };
    rows.insert_ping(NewPing { check: *check, at, fact, counted, is: KeptAs::Ping, keeps_body })?;
    Ok(Applied::Done(counted))
}

/// Who did something, and why.
#[derive(Clone, Copy, Default)]
struct Said<'a> {
    comment: Option<&'a str>,
    by: Option<&'a str>,
}

fn apply_other(
    rows: &mut dyn Rows,
    before: &Before,
    input: &Input,
    said: Said<'_>,
    at: Time,
) -> Result<Applied, StoreError> {
    let Before { check, definition, pause, .. } = before;
    let is_tick = *input == Input::Tick;
    let is_pause = matches!(input, Input::Pause | Input::PauseUntil(_) | Input::PauseAndForgive);
    let judged = Subject::as_before(*check, definition);
    let after = step_check(rows, judged, input, at)?.pause;
    if let Some(happening) = turn_of(*pause, after) {
        note_happening(rows, judged, happening, said.comment, at)?;
    }
    let is_paused = after.at_run_time.is_some();
    if pause.at_run_time.is_some() != is_paused || is_pause && pause.until != after.until {
        // 7.2: one that time ends does so at its own end, whenever that is looked at.
        let (at, comment) = match pause.until.filter(|_| is_tick) {
            Some(until) => (until, Some("its time was over")),
            None => (at, said.comment),
        };
        let pause = NewPause { is_pause: is_paused, at, comment, by: said.by };
        note_who_paused(rows, *check, pause)?;
        if !is_tick {
            keep_pause(rows, &definition.name, pause, after.until)?;
        }
    }
    Ok(Applied::Done(None))
}

/// What somebody did, and not the end of its time.
fn keep_pause(
    rows: &mut dyn Rows,
    check: &Name,
    pause: NewPause<'_>,
    until: Option<Time>,
) -> Result<(), StoreError> {
    let what = if pause.is_pause { AuditKind::Pause } else { AuditKind::Unpause };
    let details = until.map_or(String::new(), |until| format!("until {until}"));
    let done = Audit::new(pause.at, pause.by.unwrap_or_default(), what).of(check.as_str());
    keep(rows, &done.with_details(&details).with_comment(pause.comment.unwrap_or_default()))
}

fn pause_of(habits: Habits, until: Option<Time>) -> Input {
    match until {
        Some(until) => Input::PauseUntil(until),
        None if habits.pause_forgives => Input::PauseAndForgive,
        None => Input::Pause,
    }
}
