//! One call's changes: rows in an open transaction, and beside them what readers will see once it is committed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{CachedStatement, Connection, ToSql, params};

use super::error::failed;
use super::key;
use super::memory::{Memory, UnstoredSettings};
use super::staging::{Staged, Staging};
use super::story::{self, Story};
use crate::core::check::{CheckId, Definition};
use crate::core::incident::Matter;
use crate::core::notice::Severity;
use crate::core::state::State;
use crate::core::step::{Flip, Input, Judgement, PingEffect, deadline, step};
use crate::core::time::Time;
use crate::core::window::WindowCount;
use crate::store::live::{Check, Known, Live};
use crate::store::work::{self, Flipped};
use crate::store::{StoreError, row};

/// A call under way. What it changes in `memory` is read anew from the database if the call fails.
pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    pub(super) memory: &'a mut Memory,
    pub(super) settings: Option<&'a UnstoredSettings>,
    /// A former name leads elsewhere.
    pub(super) is_renamed: bool,
    pub(super) staged: Staging,
    /// Successes that this call took, in their order.
    pub(super) successes: Vec<(CheckId, Time)>,
    flips: usize,
    /// For the log, once it is committed.
    pub(super) story: Story,
    pub(super) insert_state: CachedStatement<'a>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(
        db: &'a Connection,
        memory: &'a mut Memory,
        settings: Option<&'a UnstoredSettings>,
        staged: Staging,
    ) -> Result<Tx<'a>, StoreError> {
        let insert_state = db
            .prepare_cached(
                "INSERT INTO states (check_id, last_ping, pings, state) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (check_id) DO UPDATE SET last_ping = ?2, pings = ?3, state = ?4",
            )
            .map_err(failed)?;
        let successes = Vec::new();
        let story = Story::default();
        Ok(Tx { db, memory, settings, is_renamed: false, staged, successes, flips: 0, story, insert_state })
    }

    /// The check as this call has left it so far; `None` if there is none of this number.
    pub(super) fn stage(&mut self, id: CheckId) -> Option<&mut Staged> {
        if self.staged.get(id).is_none() {
            let slot = self.memory.checks.get(&id)?;
            let staged = Staged {
                definition: slot.check.definition.clone(),
                state: slot.check.state(),
                last_ping: slot.last_ping,
                pings: slot.pings,
                window: None,
                is_redeclared: false,
                is_superseded: false,
                may_stay_behind: true,
            };
            return Some(self.staged.insert(id, staged));
        }
        self.staged.get_mut(id)
    }

    /// The state of a check of memory, as this call has left it so far.
    pub(super) fn with_state<R>(&self, id: CheckId, look: impl FnOnce(&State) -> R) -> R {
        match self.staged.get(id) {
            Some(staged) => look(&staged.state),
            None => look(&self.memory.checks[&id].check.known().state),
        }
    }

    /// Takes a check that no row holds yet.
    pub(super) fn stage_new(&mut self, id: CheckId, definition: Arc<Definition>, state: State) {
        let staged = Staged {
            definition,
            state,
            last_ping: 0,
            pings: 0,
            window: None,
            is_redeclared: true,
            is_superseded: false,
            may_stay_behind: false,
        };
        self.staged.insert(id, staged);
    }

    /// Steps a check and writes what came of it, but for its state, which is written once at the end. Answers what a ping
    /// counted for.
    pub(super) fn step(
        &mut self,
        id: CheckId,
        input: Input,
        now: Time,
    ) -> Result<Option<PingEffect>, StoreError> {
        let staged = self.staged.get(id).expect("a check is staged before it is stepped");
        let definition = staged.definition.clone();
        self.step_told_as(id, &definition, input, now)
    }

    /// Like [`Tx::step`], but who is to be told depends on another definition than the one that the check is judged by
    /// until now: on the labels that it has from this call on.
    pub(super) fn step_told_as(
        &mut self,
        id: CheckId,
        definition: &Arc<Definition>,
        input: Input,
        now: Time,
    ) -> Result<Option<PingEffect>, StoreError> {
        let staged = self.staged.get_mut(id).expect("a check is staged before it is stepped");
        let state = std::mem::take(&mut staged.state);
        let mut before = state.causes.clone();
        let is_ping = matches!(input, Input::Ping(_));
        let made = step(&staged.definition.spec, state, input, now, &self.memory.blind);
        staged.state = made.state;
        staged.may_stay_behind &= is_ping && made.flips.is_empty() && made.judgements.is_empty();
        for judgement in &made.judgements {
            self.insert_judgement(id, judgement)?;
        }
        for flip in &made.flips {
            self.insert_flip(id, flip)?;
            let itself = Matter::own(id);
            let open = story::open(self.memory.outbox.open_incident(&itself));
            let flipped = Flipped { check: id, definition, before: before.as_slice(), flip };
            work::follow(self, flipped, now)?;
            let still_open = story::open(self.memory.outbox.open_incident(&itself));
            self.story.add(&definition.name, flip, (open, still_open));
            before = flip.causes.clone();
        }
        self.flips += made.flips.len();
        Ok(made.ping)
    }

    fn insert_flip(&self, id: CheckId, flip: &Flip) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO flips (check_id, at, from_status, to_status, reason, begun, ended, causes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                key(id.0),
                flip.at.as_ms(),
                flip.from.as_str(),
                flip.to.as_str(),
                flip.reason.as_str(),
                row::write_causes(&flip.begun),
                row::write_kinds(&flip.ended),
                row::write_causes(flip.causes.iter()),
            ],
        )
    }

    fn insert_judgement(&self, id: CheckId, judgement: &Judgement) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO judgements (check_id, occurrence, count, at_least, at_most, met)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                key(id.0),
                judgement.occurrence.as_ms(),
                judgement.count,
                judgement.at_least,
                judgement.at_most,
                judgement.met
            ],
        )
    }

    /// Writes a number of `meta`.
    pub(super) fn set_meta(&self, name: &str, value: i64) -> Result<(), StoreError> {
        self.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", params![name, value])
    }

    /// Runs a statement, prepared once.
    pub(super) fn execute(&self, sql: &str, values: &[&dyn ToSql]) -> Result<(), StoreError> {
        self.db.prepare_cached(sql).and_then(|mut sql| sql.execute(values)).map_err(failed)?;
        Ok(())
    }

    /// Shows readers what was committed.
    pub(super) fn publish(mut self, live: &Live) -> Staging {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let (mut depends_otherwise, mut is_ranked_otherwise) = (false, false);
        for (id, staged) in self.staged.iter_mut() {
            if staged.is_redeclared {
                let known = self.memory.checks.get(&id).map(|slot| slot.check.clone());
                let depended_on = known.as_ref().map_or(&[][..], |check| &check.definition.depends_on);
                depends_otherwise |= staged.definition.depends_on != depended_on;
                is_ranked_otherwise |= known.as_ref().is_some_and(|check| {
                    Severity::of(&check.definition.labels) != Severity::of(&staged.definition.labels)
                });
                before.extend(known);
                redeclare(self.memory, id, staged);
                after.push(self.memory.checks[&id].check.clone());
            } else {
                keep(self.memory, id, staged);
            }
        }
        for (id, at) in self.successes {
            self.memory.checks[&id].check.known().window.add(at);
        }
        if is_ranked_otherwise {
            self.memory.outbox.forget_ranks();
        }
        self.staged.clear();
        self.memory.deadlines.settle();
        live.totals.flips.fetch_add(self.flips as u64, Ordering::Release);
        if self.is_renamed || !after.is_empty() {
            if depends_otherwise {
                self.memory.note_dependencies();
            }
            show_directory(self.memory, live, self.is_renamed, &before, after);
        }
        self.staged
    }
}

/// Shows readers which checks there are, where some are declared otherwise than before.
fn show_directory(
    memory: &Memory,
    live: &Live,
    is_renamed: bool,
    before: &[Arc<Check>],
    mut after: Vec<Arc<Check>>,
) {
    let has_former_name = |check: &Arc<Check>| memory.former.values().any(|id| *id == check.id);
    if is_renamed || after.len() > FEW || after.iter().any(has_former_name) {
        return live.set_directory(memory.directory());
    }
    after.retain(|check| check.known().state.archived.is_none());
    live.change_directory(|directory| {
        before.iter().for_each(|check| directory.take_out(check));
        after.iter().for_each(|check| directory.add(check));
    });
}

/// Up to so many checks that are declared otherwise need no new list of all checks.
const FEW: usize = 16;

/// Puts a changed check in its place.
fn keep(memory: &mut Memory, id: CheckId, staged: &mut Staged) {
    let at = deadline(&staged.definition.spec, &staged.state, &memory.blind);
    memory.deadlines.set(id, at);
    memory.note_causes(id, &staged.state);
    let slot = memory.checks.get_mut(&id).expect("what is not new was staged from its slot");
    slot.last_ping = staged.last_ping;
    slot.pings = staged.pings;
    let mut known = slot.check.known();
    std::mem::swap(&mut known.state, &mut staged.state);
    if let Some(window) = staged.window.take() {
        known.window = window;
    }
}

/// Makes the place of a check that is new or declared otherwise.
fn redeclare(memory: &mut Memory, id: CheckId, staged: &mut Staged) {
    let before = memory.checks.get(&id).map(|slot| slot.check.known().window.clone());
    let window = staged.window.take().or(before);
    let known = Known {
        state: std::mem::take(&mut staged.state),
        window: window.unwrap_or_else(|| WindowCount::new(staged.definition.count_window())),
    };
    if let Some(slot) = memory.checks.get(&id) {
        let name = &slot.check.definition.name;
        if memory.by_name.get(name) == Some(&id) {
            memory.by_name.remove(name);
        }
    }
    if !staged.is_superseded {
        memory.by_name.insert(staged.definition.name.clone(), id);
    }
    memory.put(id, staged.definition.clone(), (known, staged.last_ping, staged.pings));
}
