//! One call's changes: rows in an open transaction, and beside them what readers will see once it is committed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{CachedStatement, Connection, Row, ToSql, params};

use super::error::failed;
use super::fast::behind::Later;
use super::memory::{Memory, Numbers, Slot, UnstoredSettings, is_declared};
use super::staging::{Staged, Staging};
use crate::core::alert::Alert;
use crate::core::blind::BlindWindows;
use crate::core::check::{CheckId, Name};
use crate::core::incident::IncidentId;
use crate::core::route::{HeldBy, Mute, Mutes};
use crate::core::state::State;
use crate::store::StoreError;
use crate::store::live::{ByName, Check, Directory, Known, Live};
use crate::store::pending::{PendingChanges, Redeclared};
use crate::store::work::{CheckRows as _, FactRows as _, Story};

/// A call under way. What becomes of memory once it is committed stands here; what is changed in its place notes what was
/// before (`outbox`, `behind`, `pings_kept`).
pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    /// As the last call left it, but for these, and for what is looked at again: a look too many costs time, and no more.
    pub(super) memory: &'a mut Memory,
    /// What readers see: as the last call left it.
    pub(super) live: &'a Live,
    pub(super) settings: Option<&'a UnstoredSettings>,
    /// What a configuration is still to change.
    pub(super) pending: Option<&'a PendingChanges>,
    pub(super) records_left: usize,
    /// What of that this call carried out.
    pub(super) carried: Vec<(Name, Redeclared)>,
    pub(super) numbers: Numbers,
    /// Where they are others.
    blind: Option<BlindWindows>,
    pub(super) mutes: Option<Mutes>,
    pub(super) staged: Staging,
    /// Names that this call gave to a check, or took from one.
    pub(super) names: HashMap<Name, Option<CheckId>>,
    /// Former names that lead elsewhere now.
    pub(super) former: BTreeMap<Name, Option<CheckId>>,
    /// Checks that are there no more.
    forgotten: BTreeSet<CheckId>,
    /// How many events these have in their history.
    pub(super) happenings: BTreeMap<CheckId, u64>,
    /// What Alertmanager is told of these.
    pub(super) alerts: BTreeMap<CheckId, Arc<[Alert]>>,
    /// Checks of which an incident is another.
    pub(super) changed: Vec<CheckId>,
    /// Incidents of records that are others.
    pub(super) changed_records: Vec<IncidentId>,
    pub(super) flips: usize,
    /// Checks whose own incident this call has written.
    pub(super) answered: Vec<CheckId>,
    /// For the log, once it is committed.
    pub(super) story: Story,
    /// The newest may be among those that are gone.
    pub(super) is_a_ping_gone: bool,
    /// What it has taken from memory, and puts back if it fails.
    pub(super) judged_again: BTreeMap<CheckId, Vec<Later>>,
    pub(super) looked_to_alert: Vec<CheckId>,
    pub(super) few: Vec<Few>,
}

/// Of which not too many are kept, as this call has found.
pub(super) enum Few {
    Bodies(CheckId),
    Flips(CheckId),
    Reminders(IncidentId),
    Records(CheckId),
}

impl<'a> Tx<'a> {
    pub(super) fn new(
        db: &'a Connection,
        memory: &'a mut Memory,
        live: &'a Live,
        settings: Option<&'a UnstoredSettings>,
        pending: Option<&'a PendingChanges>,
    ) -> Tx<'a> {
        memory.begin_call();
        Tx {
            db,
            numbers: memory.numbers,
            records_left: memory.pieces.records,
            memory,
            live,
            settings,
            pending,
            carried: Vec::new(),
            blind: None,
            mutes: None,
            staged: Staging::default(),
            names: HashMap::new(),
            former: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            happenings: BTreeMap::new(),
            alerts: BTreeMap::new(),
            changed: Vec::new(),
            changed_records: Vec::new(),
            flips: 0,
            answered: Vec::new(),
            story: Story::default(),
            is_a_ping_gone: false,
            judged_again: BTreeMap::new(),
            looked_to_alert: Vec::new(),
            few: Vec::new(),
        }
    }

    /// The check as the last call left it; `None` if there is none of this number, or not any more.
    pub(super) fn slot(&self, id: CheckId) -> Option<&Slot> {
        self.memory.checks.get(id).filter(|_| !self.forgotten.contains(&id))
    }

    /// The check as this call has left it so far; `None` if there is none of this number.
    pub(super) fn stage(&mut self, id: CheckId) -> Option<&mut Staged> {
        if self.staged.get(id).is_none() {
            let staged = Staged::of(self.slot(id)?);
            return Some(self.staged.insert(id, staged));
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

    pub(super) fn blind_now(&self) -> &BlindWindows {
        self.blind.as_ref().unwrap_or(&self.memory.blind)
    }

    pub(super) fn change_blind(&mut self, change: impl FnOnce(&mut BlindWindows)) {
        change(self.blind.get_or_insert_with(|| self.memory.blind.clone()));
    }

    pub(super) fn change_mutes(&mut self, change: impl FnOnce(&mut Vec<Mute>)) {
        let mutes = self.mutes.take().unwrap_or_else(|| self.memory.mutes.clone());
        self.mutes = Some(mutes.changed(change));
    }

    /// So many events of a check's history are gone.
    pub(super) fn happenings_went(&mut self, check: CheckId, gone: usize) -> Result<(), StoreError> {
        if gone > 0 {
            let left = self.count_happenings(check)?.saturating_sub(gone as u64);
            self.happenings.insert(check, left);
        }
        Ok(())
    }

    /// The check that has this former name.
    pub(super) fn had_name(&self, name: &Name) -> Option<CheckId> {
        self.former.get(name).copied().unwrap_or_else(|| self.memory.former.get(name))
    }

    /// There is no such check any more.
    pub(super) fn forget(&mut self, check: CheckId) -> Result<(), StoreError> {
        let Some(slot) = self.slot(check) else { return Ok(()) };
        let name = slot.check.definition.name.clone();
        if self.named(&name)? == Some(check) {
            self.names.insert(name, None);
        }
        for name in self.memory.former.of(check) {
            if self.had_name(name) == Some(check) {
                self.former.insert(name.clone(), None);
            }
        }
        self.forgotten.insert(check);
        Ok(())
    }

    /// The last thing before the commit: what is written once for the whole call.
    pub(super) fn finish(&mut self, catch_up: Option<usize>) -> Result<(), StoreError> {
        if self.numbers.body_bytes != self.memory.numbers.body_bytes {
            self.set_meta("body_bytes", self.numbers.body_bytes)?;
        }
        if self.is_a_ping_gone {
            // Its number is never given again.
            self.set_meta("last_ping", self.numbers.last_ping)?;
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

    /// The call has failed: memory is as before.
    pub(super) fn undo(self) {
        let Tx { memory, judged_again, looked_to_alert, few, .. } = self;
        memory.undo_call();
        memory.judge_again.extend(judged_again);
        memory.projection.look_again(looked_to_alert.into_iter().collect());
        for few in few {
            match few {
                Few::Bodies(check) => memory.new_bodies.insert(check),
                Few::Flips(check) => memory.new_flips.insert(check),
                Few::Reminders(incident) => drop(memory.new_reminders.insert(incident)),
                Few::Records(check) => memory.ended_records.insert(check),
            }
        }
    }

    /// What was committed is so in memory from now on. What stands beside the checks comes first.
    fn keep_others(&mut self) {
        let Memory { projection, former, .. } = &mut *self.memory;
        for (check, alerts) in std::mem::take(&mut self.alerts) {
            projection.put_alerts(check, alerts);
        }
        for (name, check) in &self.former {
            match check {
                Some(check) => former.insert(name.clone(), *check),
                None => drop(former.remove(name)),
            }
        }
        self.memory.numbers = self.numbers;
        self.memory.happenings.extend(std::mem::take(&mut self.happenings));
        if let Some(blind) = &self.blind {
            self.memory.blind = blind.clone();
            self.memory.deadlines.blindness_changed();
        }
        if let Some(mutes) = &self.mutes {
            self.memory.mutes = mutes.clone();
        }
    }

    /// Memory is as was committed from now on, and readers see it.
    pub(super) fn publish(mut self) {
        let live = self.live;
        let alerted = self.alerts.keys().copied().collect();
        self.keep_others();
        let mut listed = Listed { former: self.former.into_keys().collect(), ..Listed::default() };
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
        self.changed.sort_unstable();
        self.changed.dedup();
        for check in self.changed {
            self.memory.ask_about(check);
        }
        for incident in self.changed_records {
            self.memory.outbox.ask_incident(incident);
        }
        for name in self.names.into_keys().chain(listed.former.iter().cloned()) {
            self.memory.outbox.ask_held_by(&HeldBy::Dependency(name));
        }
        for id in self.answered {
            self.memory.note_for_alerts(id, None);
        }
        for check in self.forgotten {
            self.memory.forget(check);
        }
        self.memory.outbox.own.call_ended(true);
        self.memory.settle_deadlines();
        live.show_alerts(alerted, &self.memory.projection.alerts);
        live.totals.flips.fetch_add(self.flips as u64, Ordering::Release);
        if let Some(blind) = self.blind {
            live.set_blind(blind);
        }
        if let Some(mutes) = self.mutes {
            live.set_mutes(mutes);
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
    // What was known before is in its place now.
    let (was, is) = (&staged.state, &known.state);
    let is_otherwise = was.causes != is.causes
        || was.recovered_at != is.recovered_at
        || was.pause.since().is_some() != is.pause.since().is_some();
    drop(known);
    memory.note_state(id, staged.state.archived);
    memory.note_for_alerts(id, Some(&staged.state));
    is_otherwise
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
