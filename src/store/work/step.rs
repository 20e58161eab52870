//! A check is judged (1.3): what the judge makes of it is written, and what follows from its flips is told.

use super::check_rows::Became;
use super::follow::{Flipped, follow};
use super::rows::Rows;
use super::terms::{Acknowledged, end_terms};
use crate::core::assertion::Naming;
use crate::core::check::{CheckId, Definition};
use crate::core::state::Pause;
use crate::core::step::{Input, PingEffect, step};
use crate::core::time::Time;
use crate::store::StoreError;

/// A check that this call is to change.
#[derive(Clone, Copy)]
pub(in crate::store) struct Subject<'a> {
    pub(in crate::store) check: CheckId,
    /// By which it is judged until now.
    pub(in crate::store) by: &'a Definition,
    /// By which it is told: with the labels that it has from this call on.
    pub(in crate::store) told_as: &'a Definition,
}

impl Subject<'_> {
    /// A check whose declaration stays as it is.
    pub(in crate::store) fn as_before(check: CheckId, definition: &Definition) -> Subject<'_> {
        Subject { check, by: definition, told_as: definition }
    }
}

/// What came of it.
#[derive(Clone, Copy)]
pub(in crate::store) struct Stepped {
    /// What a ping or a result counted for.
    pub(in crate::store) ping: Option<PingEffect>,
    /// How it stands paused now.
    pub(in crate::store) pause: Pause,
}

/// Steps a check, and writes what came of it.
pub(in crate::store) fn step_check(
    rows: &mut dyn Rows,
    judged: Subject<'_>,
    input: &Input,
    now: Time,
) -> Result<Stepped, StoreError> {
    let Subject { check, by, told_as } = judged;
    let state = rows.take_state(check);
    let mut before = state.causes.clone();
    // What a result named is not in its fact.
    let is_ping = match input {
        Input::Ping(_) => true,
        Input::Result(result) => result.records == Naming::Nothing,
        _ => false,
    };
    let made = step(&by.spec, state, input, now, rows.blind()?);
    let stepped = Stepped { ping: made.ping, pause: made.state.pause };
    // 1.6: of a ping that counts for nothing, because judging it panicked, no start may make another state.
    let is_counted = is_ping && made.ping.is_some();
    let is_quiet = is_counted && made.flips.is_empty() && made.judgements.is_empty();
    rows.put_state(check, made.state, if is_quiet { Became::ByPing } else { Became::Otherwise })?;
    for judgement in &made.judgements {
        rows.insert_judgement(check, judgement)?;
    }
    for flip in &made.flips {
        rows.insert_flip(check, flip)?;
        let flipped = Flipped { check, definition: told_as, before: &before, flip };
        let open = follow(rows, flipped, now)?;
        rows.story().add(&told_as.name, flip, open);
        before = flip.causes.clone();
    }
    end_terms(rows, Acknowledged { check, told_as, causes: &before }, now, now)?;
    Ok(stepped)
}
