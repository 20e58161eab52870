//! One call's changes: rows in an open transaction, and beside them what readers will see once it is committed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{CachedStatement, Connection, Row, ToSql, params};

use super::error::failed;
use super::memory::{Memory, Slot, UnstoredSettings, is_declared};
use super::staging::{Staged, Staging};
use crate::core::check::{CheckId, Name};
use crate::core::route::{HeldBy, Mute};
use crate::core::state::State;
use crate::store::StoreError;
use crate::store::live::{ByName, Check, Directory, Known, Live};
use crate::store::pending::{PendingChanges, Redeclared};
use crate::store::work::Story;

/// A call under way. What it changes in `memory` is read anew from the database if the call fails.
pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    pub(super) memory: &'a mut Memory,
    /// What readers see: as the last call left it.
    pub(super) live: &'a Live,
    pub(super) settings: Option<&'a UnstoredSettings>,
    /// What a configuration is still to change.
    pub(super) pending: Option<&'a PendingChanges>,
    /// What of that this call carried out.
    pub(super) carried: Vec<(Name, Redeclared)>,
    /// What readers are to be shown, apart from single checks.
    pub(super) shows: Shows,
    pub(super) staged: Staging,
    /// Names that this call gave to a check, or took from one.
    pub(super) names: HashMap<Name, Option<CheckId>>,
    /// Former names that lead elsewhere now.
    pub(super) former: Vec<Name>,
    /// Checks of which an incident is another.
    pub(super) changed: Vec<CheckId>,
    pub(super) flips: usize,
    /// Checks whose own incident this call has written, and those of which it has written alerts.
    pub(super) answered: Vec<CheckId>,
    pub(super) alerted: Vec<CheckId>,
    /// For the log, once it is committed.
    pub(super) story: Story,
    are_bodies_others: bool,
    /// The newest may be among those that are gone.
    pub(super) is_a_ping_gone: bool,
}

/// What a call has changed that readers know as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shows {
    pub(super) blindness: bool,
    pub(super) mutes: bool,
}

impl<'a> Tx<'a> {
    pub(super) fn new(
        db: &'a Connection,
        memory: &'a mut Memory,
        live: &'a Live,
        settings: Option<&'a UnstoredSettings>,
        pending: Option<&'a PendingChanges>,
    ) -> Tx<'a> {
        Tx {
            db,
            memory,
            live,
            settings,
            pending,
            carried: Vec::new(),
            shows: Shows::default(),
            staged: Staging::default(),
            names: HashMap::new(),
            former: Vec::new(),
            changed: Vec::new(),
            flips: 0,
            answered: Vec::new(),
            alerted: Vec::new(),
            story: Story::default(),
            are_bodies_others: false,
            is_a_ping_gone: false,
        }
    }

    /// The check as this call has left it so far; `None` if there is none of this number.
    pub(super) fn stage(&mut self, id: CheckId) -> Option<&mut Staged> {
        if self.staged.get(id).is_none() {
            let slot = self.memory.checks.get(id)?;
            return Some(self.staged.insert(id, Staged::of(slot)));
        }
        self.staged.get_mut(id)
    }

    /// The state of a check of memory, as this call has left it so far.
    pub(super) fn with_state<R>(&self, id: CheckId, look: impl FnOnce(&State) -> R) -> R {
        match self.staged.get(id) {
            Some(staged) => look(&staged.state),
            None => look(&self.memory.checks[id].check.known().state),
        }
    }

    /// A check that was staged before.
    pub(super) fn staged_now(&mut self, id: CheckId) -> &mut Staged {
        self.staged.get_mut(id).expect("a check is staged before it is changed")
    }

    /// The blind windows are others.
    pub(super) fn blindness_changed(&mut self) {
        self.memory.deadlines.blindness_changed();
        self.shows.blindness = true;
    }

    pub(super) fn change_mutes(&mut self, change: impl FnOnce(&mut Vec<Mute>)) {
        self.shows.mutes = true;
        self.memory.mutes = std::mem::take(&mut self.memory.mutes).changed(change);
    }

    /// Counts what came to bodies, or went.
    pub(super) fn add_body_bytes(&mut self, bytes: i64) {
        self.memory.body_bytes += bytes;
        self.are_bodies_others = true;
    }

    /// The last thing before the commit: what is written once for the whole call.
    pub(super) fn finish(&mut self, catch_up: usize) -> Result<(), StoreError> {
        if self.are_bodies_others {
            self.set_meta("body_bytes", self.memory.body_bytes)?;
        }
        if self.is_a_ping_gone {
            // Its number is never given again.
            self.set_meta("last_ping", self.memory.last_ping)?;
        }
        self.write_states(catch_up)
    }

    /// Writes a number of `meta`.
    pub(super) fn set_meta(&self, name: &str, value: i64) -> Result<(), StoreError> {
        self.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", params![name, value])
    }

    /// Runs a statement, prepared once.
    pub(super) fn execute(&self, sql: &str, values: &[&dyn ToSql]) -> Result<(), StoreError> {
        self.change(sql, values).map(drop)
    }

    /// The same; answers how many rows it changed.
    pub(super) fn change(&self, sql: &str, values: &[&dyn ToSql]) -> Result<usize, StoreError> {
        self.prepare(sql)?.execute(values).map_err(failed)
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
        self.db.prepare_cached(sql).map_err(failed)
    }

    /// Reads all rows of a query.
    pub(super) fn all<R>(
        &self,
        sql: &str,
        values: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StoreError> {
        let mut look = self.prepare(sql)?;
        look.query_map(values, read).and_then(Iterator::collect).map_err(failed)
    }

    /// Shows readers what was committed.
    pub(super) fn publish(mut self) {
        let live = self.live;
        let mut listed = Listed { former: std::mem::take(&mut self.former), ..Listed::default() };
        for name in self.names.keys().chain(&listed.former) {
            self.memory.projection.dependency_changed(name);
        }
        for (id, staged) in self.staged.iter_mut() {
            if staged.changes_the_list() {
                listed.before.extend(self.memory.checks.get(id).map(|slot| slot.check.clone()));
                redeclare(self.memory, id, staged);
                listed.after.push(self.memory.checks[id].check.clone());
                self.changed.push(id);
            } else if keep(self.memory, id, staged) {
                self.changed.push(id);
            }
        }
        for check in self.changed {
            self.memory.ask_about(check);
        }
        for name in self.names.into_keys().chain(listed.former.iter().cloned()) {
            self.memory.outbox.ask_held_by(&HeldBy::Dependency(name));
        }
        for id in self.answered {
            self.memory.note_for_alerts(id, None);
        }
        self.memory.settle_deadlines();
        live.show_alerts(self.alerted, &self.memory.projection.alerts);
        live.totals.flips.fetch_add(self.flips as u64, Ordering::Release);
        if self.shows.blindness {
            live.set_blind(self.memory.blind.clone());
        }
        if self.shows.mutes {
            live.set_mutes(self.memory.mutes.clone());
        }
        listed.show(self.memory, live);
    }
}

/// What readers are to find otherwise in the list of checks.
#[derive(Default)]
struct Listed {
    before: Vec<Arc<Check>>,
    after: Vec<Arc<Check>>,
    /// Former names that lead elsewhere now.
    former: Vec<Name>,
}

impl Listed {
    fn show(mut self, memory: &Memory, live: &Live) {
        if self.after.is_empty() && self.former.is_empty() {
            return;
        }
        if self.after.len() * 4 > live.directory().checks.len() {
            return live.set_directory(memory.directory());
        }
        // What has its name no more may leave it to the check that had it before.
        self.former.extend(self.before.iter().map(|check| check.definition.name.clone()));
        for check in &self.after {
            self.former.extend_from_slice(memory.former.of(check.id));
        }
        live.change_directory(|directory| self.change(memory, directory));
    }

    fn change(&self, memory: &Memory, directory: &mut Directory) {
        self.before.iter().for_each(|check| directory.take_out(check));
        self.after.iter().filter(|check| is_declared(check)).for_each(|check| directory.add(check));
        self.former.iter().for_each(|name| directory.point(name, memory.has_former(name)));
    }
}

/// Puts a changed check in its place. Answers whether those who tell of it, or of what depends on it, see it otherwise.
fn keep(memory: &mut Memory, id: CheckId, staged: &mut Staged) -> bool {
    let slot = memory.checks.get_mut(id).expect("what is not new was staged from its slot");
    slot.last_ping = staged.last_ping;
    slot.pings = staged.pings;
    let mut known = slot.check.known();
    std::mem::swap(&mut known.state, &mut staged.state);
    if let Some(window) = staged.window.take() {
        known.window = window;
    }
    staged.successes.iter().for_each(|at| known.window.add(*at));
    drop(known);
    // What was known before is in its place now.
    memory.note_state(id, staged.state.archived);
    memory.note_for_alerts(id, Some(&staged.state));
    let is = memory.checks[id].check.known();
    let (was, is) = (&staged.state, &is.state);
    was.causes != is.causes
        || was.recovered_at != is.recovered_at
        || was.pause.since().is_some() != is.pause.since().is_some()
}

/// Makes the place of a check that is new or declared otherwise.
fn redeclare(memory: &mut Memory, id: CheckId, staged: &mut Staged) {
    let window = staged.window(memory.checks.get(id));
    let known = Known { state: std::mem::take(&mut staged.state), window };
    memory.forget_name(id);
    let check = Arc::new(Check::new(id, staged.definition.clone(), known));
    if !staged.is_superseded {
        memory.by_name.replace(ByName(check.clone()));
    }
    memory.put(Slot { check, last_ping: staged.last_ping, pings: staged.pings });
    memory.note_for_alerts(id, None);
}
