//! What the store knows without asking the database. The rows are the truth, and all of this can be read from them; a call
//! changes it once it is committed (`tx`).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::deadlines::Deadlines;
use super::fast::behind::{Behind, Later};
use super::fast::ids::{AllById, ById, IdSet};
use super::former::PastNames;
use super::history_tables::DamagedTables;
use super::outbox::Outbox;
use super::pings_kept::PingsKept;
use super::projection::Projection;
use crate::core::blind::BlindWindows;
use crate::core::cause::CauseKind;
use crate::core::check::{CheckId, Definition, Name};
use crate::core::incident::IncidentId;
use crate::core::origin::{Habits, Origins};
use crate::core::retention::Retention;
use crate::core::route::{Dependency, HeldBy, Mutes, Policy};
use crate::core::secret::Secret;
use crate::core::state::State;
use crate::core::step;
use crate::core::time::{Span, Time};
use crate::store::live::{ByName, Check, Directory};
use crate::store::work::{Pieces, has_to_end};

/// How long what is due of a check waits that could not be stored. It costs some calls each time, and ten thousand may do so.
const TICK_AGAIN_AFTER: Span = Span::secs(10);

/// Everything the store knows, but for history.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// All checks, archived ones too.
    pub(super) checks: AllById<Slot>,
    /// By present name, archived ones too.
    pub(super) by_name: HashSet<ByName>,
    pub(super) former: PastNames,
    pub(super) deadlines: Deadlines,
    pub(super) blind: BlindWindows,
    pub(super) numbers: Numbers,
    pub(super) behind: Behind,
    /// Pings that are judged otherwise than before: nothing is stored of what follows from them yet.
    pub(super) judge_again: BTreeMap<CheckId, Vec<Later>>,
    /// Any number, another one in every database.
    pub(super) database_id: i64,
    /// Any number, another one at each start: keys of messages begin with it.
    pub(super) epoch: u64,
    /// How much is done in one call.
    pub(super) pieces: Pieces,
    /// What sets the checks of other systems' users apart: told once, after the start.
    pub(super) origins: Arc<Origins>,
    pub(super) outbox: Outbox,
    pub(super) mutes: Mutes,
    /// What sessions are signed with; `None`: it cannot be read.
    pub(super) secret: Option<Arc<Secret>>,
    pub(super) projection: Projection,
    /// How many events each check with an alias has in its history.
    pub(super) happenings: ById<u64>,
    /// Tables of history that are not touched any more. No row holds this: a start tries them again.
    pub(super) damaged: DamagedTables,
    /// Checks that have a cause.
    pub(super) bad: BTreeSet<CheckId>,
    /// Those of which judging panics, and when a start or a reload last had it tried again (1.6).
    pub(super) unjudgeable: BTreeSet<CheckId>,
    pub(super) tried_at: Option<Time>,
    /// Those of which a tick could not be stored, some of them a while ago (14.7).
    pub(super) tick_again: BTreeSet<CheckId>,
    /// Those that are archived, by when that was.
    pub(super) archived: BTreeSet<(Time, CheckId)>,
    /// No check ever had more pings.
    pub(super) most_pings: i64,
    pub(super) pings_kept: PingsKept,
    /// Checks that may keep more bodies than they should.
    pub(super) new_bodies: IdSet,
    /// Checks that may keep more flips than they should.
    pub(super) new_flips: IdSet,
    /// Checks that may keep more ended incidents of records than they should.
    pub(super) ended_records: IdSet,
    /// Incidents that may keep more reminders than they should. What a start does not know is found with the next one.
    pub(super) new_reminders: BTreeSet<IncidentId>,
}

/// The numbers of `meta` that calls change, few enough that each call has its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) created: Option<Time>,
    pub(super) sign_of_life: Option<Time>,
    /// How long the clock has been doubted (1.1).
    pub(super) doubted: Span,
    /// How many checks a configuration that was taken is still to archive.
    pub(super) allowed_removals: usize,
    /// The sum of all blind windows, also of those that are forgotten, and of what of them is still to come.
    pub(super) blind_total: Span,
    /// The largest seq that a ping was given.
    pub(super) last_ping: i64,
    /// The sum of all bodies that are kept.
    pub(super) body_bytes: i64,
}

/// What the last configuration said and no row holds.
#[derive(Clone, Debug)]
pub(super) struct UnstoredSettings {
    pub(super) policy: Arc<Policy>,
    pub(super) retention: Retention,
    pub(super) max_checks: usize,
}

/// One check.
#[derive(Debug)]
pub(super) struct Slot {
    /// As readers see it.
    pub(super) check: Arc<Check>,
    /// The seq of its newest ping; 0: none.
    pub(super) last_ping: i64,
    /// How many pings it ever had.
    pub(super) pings: i64,
}

impl Memory {
    /// What sets a check apart by its origin.
    pub(super) fn habits(&self, definition: &Definition) -> Habits {
        definition.alias.as_ref().map_or_else(Habits::default, |alias| self.origins.habits(&alias.origin))
    }

    /// Puts a check in its place, as committed.
    pub(super) fn put(&mut self, slot: Slot) {
        let id = slot.check.id;
        let before = self.place(slot);
        self.note_state(id, before.and_then(|before| before.check.known().state.archived));
    }

    /// Puts a check in its place, while nothing is noted of its state. Answers what was there.
    pub(super) fn place(&mut self, slot: Slot) -> Option<Slot> {
        self.checks.insert(slot.check.id, slot)
    }

    /// Notes what is found by the states of checks of which nothing was noted yet.
    pub(super) fn note_all_states(&mut self) {
        let checks: Vec<CheckId> = self.checks.iter().map(|(check, _)| check).collect();
        checks.into_iter().for_each(|check| self.note_state(check, None));
    }

    /// Notes what is found by it of the state that a check has now. Before, it was archived then.
    pub(super) fn note_state(&mut self, id: CheckId, was_archived: Option<Time>) {
        let slot = &self.checks[id];
        let known = slot.check.known();
        self.deadlines.set(id, deadline_at_earliest(&slot.check.definition, &known.state));
        if known.state.causes.is_empty() {
            self.bad.remove(&id);
        } else {
            self.bad.insert(id);
        }
        if known.state.causes.has(CauseKind::Unjudgeable) {
            self.unjudgeable.insert(id);
        } else {
            self.unjudgeable.remove(&id);
        }
        self.most_pings = self.most_pings.max(slot.pings);
        let archived = known.state.archived;
        if was_archived != archived {
            was_archived.map(|at| self.archived.remove(&(at, id)));
            self.archived.extend(archived.map(|at| (at, id)));
        }
    }

    /// Alertmanager may have to hear something else of a check, which was in this state before; and of those that wait for it.
    pub(super) fn note_for_alerts(&mut self, id: CheckId, was: Option<&State>) {
        if !self.projection.is_followed() {
            return;
        }
        let check = self.checks[id].check.clone();
        let known = check.known();
        if !known.state.causes.is_empty() || self.projection.alerts.contains_key(&id) {
            self.projection.changed(id);
        }
        for name in [&check.definition.name].into_iter().chain(self.former.of(id)) {
            let stands_as_before = |was: &State| {
                let stands = |state: &State| Dependency::of(name, state, None);
                stands(was) == stands(&known.state)
            };
            if self.projection.is_waited_for(name) && !was.is_some_and(stands_as_before) {
                self.projection.dependency_changed(name);
            }
        }
    }

    /// Something of a check is another: what is to be told of it is asked about, and what it holds (8.1).
    pub(super) fn ask_about(&mut self, check: CheckId) {
        self.outbox.ask_check(check);
        self.ask_dependents(check);
    }

    /// 8.3: those who depend on it do so by the name that it has, or by one that it had.
    fn ask_dependents(&mut self, check: CheckId) {
        let name = self.checks.get(check).map(|slot| slot.check.definition.name.clone());
        for name in name.iter().chain(self.former.of(check)) {
            self.outbox.ask_held_by(&HeldBy::Dependency(name.clone()));
        }
    }

    /// A call begins.
    pub(super) fn begin_call(&mut self) {
        self.outbox.begin_call();
        self.behind.begin_call();
        self.pings_kept.begin_call();
    }

    /// It has failed: what it has changed in its place is as before.
    pub(super) fn undo_call(&mut self) {
        self.outbox.undo();
        self.behind.undo();
        self.pings_kept.undo();
    }

    /// There is no such check any more.
    pub(super) fn forget(&mut self, check: CheckId) {
        if self.checks.get(check).is_some() {
            self.note_for_alerts(check, None);
        }
        self.ask_dependents(check);
        self.former.forget(check);
        self.deadlines.forget(check);
        self.behind.remove(check);
        self.happenings.remove(&check);
        self.new_bodies.remove(check);
        self.new_flips.remove(check);
        self.ended_records.remove(check);
        self.forget_name(check);
        if let Some(slot) = self.checks.remove(check) {
            self.pings_kept.forgot(check, slot.pings);
            if let Some(at) = slot.check.known().state.archived {
                self.archived.remove(&(at, check));
            }
        }
    }

    /// The check has not the name any more that it has.
    pub(super) fn forget_name(&mut self, check: CheckId) {
        if let Some(slot) = self.checks.get(check)
            && let name = &slot.check.definition.name
            && self.named(name).is_some_and(|named| named.id == check)
        {
            self.by_name.remove(name.as_str());
        }
    }

    /// The check that has this name, if it is archived, too.
    pub(super) fn named(&self, name: &Name) -> Option<&Arc<Check>> {
        self.by_name.get(name.as_str()).map(|ByName(check)| check)
    }

    /// 1.6: what cannot be judged is judged again then: a reload or a start may have mended it.
    pub(super) fn try_unjudgeable(&mut self, at: Time) {
        self.tried_at = Some(at);
        self.unjudgeable.iter().for_each(|check| self.deadlines.ask_at(*check, at));
        self.settle_deadlines();
    }

    /// The same of those that were edited: an edit of one mends no other.
    pub(super) fn try_edited(&mut self, edited: &[CheckId], at: Time) {
        let unjudgeable = edited.iter().filter(|check| self.unjudgeable.contains(check));
        unjudgeable.for_each(|check| self.deadlines.ask_at(*check, at));
        self.settle_deadlines();
    }

    /// 14.7: what is due of a check cannot be stored. It is judged again a while after this, and keeps none back that is due.
    pub(super) fn tick_again(&mut self, check: CheckId, after: Time) {
        let again = after + TICK_AGAIN_AFTER;
        self.deadlines.ask_at(check, again);
        self.outbox.terms.put_off(check, again);
        self.tick_again.insert(check);
        self.settle_deadlines();
    }

    /// 1.1: the clock was set, and what waits may wait for a time that is far away now.
    pub(super) fn tick_now(&mut self) {
        self.outbox.terms.look_anew();
        for check in std::mem::take(&mut self.tick_again) {
            if let Some(slot) = self.checks.get(check) {
                let (definition, known) = (&slot.check.definition, slot.check.known());
                self.deadlines.set(check, deadline_at_earliest(definition, &known.state));
            }
        }
        self.settle_deadlines();
    }

    /// To be called after deadlines or blind windows have changed, before anybody asks what is due.
    pub(super) fn settle_deadlines(&mut self) {
        let Memory { deadlines, checks, blind, .. } = self;
        deadlines.settle(|check| deadline(checks, blind, check));
    }

    /// What is due before `now`, the earliest first, at most so many.
    pub(super) fn due(&mut self, now: Time, limit: usize) -> Vec<(CheckId, Time)> {
        let Memory { deadlines, checks, blind, outbox, .. } = self;
        let mut due = deadlines.before(now, limit, |check| deadline(checks, blind, check));
        let ended = outbox.terms.before(now, limit);
        if !ended.is_empty() {
            due.extend(ended);
            due.sort_by_key(|(_, at)| *at);
            let mut known = HashSet::new();
            due.retain(|(check, _)| known.insert(*check));
            due.truncate(limit);
        }
        due
    }

    /// When something is due next: a check, or the end of the time for which an incident was acknowledged (22.4).
    pub(super) fn next_due(&self) -> Option<Time> {
        self.deadlines.next().into_iter().chain(self.outbox.terms.next()).min()
    }

    /// The declared checks, for readers.
    pub(super) fn directory(&self) -> Directory {
        // In the order in which they were made, in which they lie together and are nearly sorted.
        let mut checks: Vec<Arc<Check>> = self.by_name.iter().map(|ByName(check)| check.clone()).collect();
        checks.sort_unstable_by_key(|check| check.id);
        checks.retain(is_declared);
        let is_the_same = |check: &Arc<Check>| Arc::ptr_eq(check, &self.checks[check.id].check);
        debug_assert!(checks.iter().all(is_the_same), "readers see what pings change");
        let former = self.former.iter().filter_map(|name| Some((name.clone(), self.has_former(name)?)));
        Directory::new(checks, former)
    }

    /// What the check of this name is declared as, unless it is archived.
    pub(super) fn declared_as(&self, name: &Name) -> Option<Arc<Definition>> {
        let check = self.named(name)?;
        is_declared(check).then(|| check.definition.clone())
    }

    /// The declared check that has this former name.
    pub(super) fn has_former(&self, name: &Name) -> Option<Arc<Check>> {
        let slot = self.checks.get(self.former.get(name)?)?;
        Some(slot.check.clone()).filter(is_declared)
    }
}

fn deadline(checks: &AllById<Slot>, blind: &BlindWindows, check: CheckId) -> Option<Time> {
    let check = &checks[check].check;
    let known = check.known();
    let of_records = records_due(&check.definition, &known.state);
    of_records.into_iter().chain(step::deadline(&check.definition.spec, &known.state, blind)).min()
}

/// The same if nothing had been blind.
fn deadline_at_earliest(definition: &Definition, state: &State) -> Option<Time> {
    let at_earliest = step::deadline_at_earliest(&definition.spec, state);
    records_due(definition, state).into_iter().chain(at_earliest).min()
}

/// When records of a check are to end, or occurrences are forgotten, that no result will end: so it is due.
fn records_due(definition: &Definition, state: &State) -> Option<Time> {
    if has_to_end(definition, state).is_some() {
        return Some(state.newest);
    }
    let (spec, records) = (&definition.spec, state.records());
    match (spec.remembers(), spec.resolves_after()) {
        (Some(remember), _) => remember.until(records.occurrences.oldest?),
        (None, Some(after)) => Some(records.begun? + after),
        (None, None) => None,
    }
}

pub(super) fn is_declared(check: &Arc<Check>) -> bool {
    check.known().state.archived.is_none()
}
