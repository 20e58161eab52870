//! The live view: the committed state of every check and a few totals, which readers see without calling the store.
//!
//! Pages and `/metrics` read it while pings are written. The store updates it after each commit, never before.

mod board;
mod check;
mod directory;
mod list;
mod quarantine;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::error::StoreError;
use super::pending::TakenChanges;
use super::unknown_names::UnknownNames;
use crate::core::alert::Alert;
use crate::core::blind::BlindWindows;
use crate::core::cause::{Causes, Family};
use crate::core::check::{CheckId, Spec};
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::route::{Mutes, ReceiverName};
use crate::core::secret::Secret;
use crate::core::state::State;
use crate::core::step::{View, promised_deadline, view};
use crate::core::time::{Span, Time};

pub use board::Board;
pub use check::{Check, Known};
pub use directory::{ByName, Directory, Named, Shards};
pub use list::CheckList;
pub(super) use quarantine::InputKind;
use quarantine::Quarantine;

/// A longer gap between two signs of life is a blind window (9.1).
pub(super) const MAX_GAP: Span = Span::secs(10);

/// The committed state of all checks. Only the store writes it; but pings to names that no check has are noted by whoever takes
/// pings, and stored a while later.
#[derive(Debug, Default)]
pub struct Live {
    directory: RwLock<Arc<Directory>>,
    blind: RwLock<Arc<BlindWindows>>,
    mutes: RwLock<Arc<Mutes>>,
    answers: RwLock<Arc<StancesTaken>>,
    /// What a configuration changes, until all of it is changed.
    pending: RwLock<Option<Arc<TakenChanges>>>,
    waiting: RwLock<Arc<Waiting>>,
    board: Mutex<Board>,
    quarantine: Mutex<Quarantine>,
    secret: RwLock<Option<Arc<Secret>>>,
    unknown_names: Mutex<UnknownNames>,
    /// Totals for `/metrics` and pages.
    pub totals: Totals,
}

/// The status of open incidents whose stance, acknowledged or `wont_fix`, holds.
pub type Answered = HashMap<CheckId, IncidentStatus>;

/// The stances of open incidents.
pub type StancesTaken = HashMap<CheckId, StanceTaken>;

/// The stance of an open incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanceTaken {
    status: IncidentStatus,
    covered: Vec<Family>,
}

impl StanceTaken {
    /// The stance of an incident, if it is acknowledged or `wont_fix`.
    pub fn of(incident: &Incident) -> Option<StanceTaken> {
        let is_answered = matches!(incident.status, IncidentStatus::Acknowledged | IncidentStatus::WontFix);
        is_answered.then(|| StanceTaken { status: incident.status, covered: incident.covered.clone() })
    }

    /// The incident's status while these causes hold; `None`: the acknowledgement does not cover all of them (11.2).
    pub fn holds(&self, causes: &Causes) -> Option<IncidentStatus> {
        let is_covered = |family: Family| self.covered.contains(&family);
        let holds = self.status == IncidentStatus::WontFix
            || causes.iter().all(|cause| is_covered(cause.kind.family()));
        holds.then_some(self.status)
    }
}

/// The number of unfinished deliveries by receiver. Those to checks' own addresses are counted as one receiver.
pub type Waiting = BTreeMap<ReceiverName, u64>;

#[derive(Debug, Default)]
pub struct Totals {
    /// Flips since the start. Whoever must see every flip waits for this to grow.
    pub flips: AtomicU64,
    /// When a sign of life was last stored, in ms since the epoch; 0: never (9.1).
    pub last_sign_of_life_ms: AtomicI64,
    pub incidents_open: AtomicU64,
    /// Deliveries that wait or are being sent.
    pub deliveries_pending: AtomicU64,
    /// Parked deliveries.
    pub deliveries_parked: AtomicU64,
    /// When a delivery was last parked, in ms since the epoch; 0: never.
    pub last_parked_ms: AtomicI64,
    /// Mails to checks' own addresses that were delayed since the start, because of the limit per minute of their
    /// address (16.4).
    pub own_mails_limited: AtomicU64,
    /// Checks of which judging panics (1.6).
    pub unjudgeable: AtomicU64,
    /// How often history could not be kept or read since the start, because its pages are damaged (14.6).
    pub history_lost: AtomicU64,
    /// How often something of one check could not be stored since the start, and all else was (14.7).
    pub rows_quarantined: AtomicU64,
    /// The states that are behind and cannot be written now.
    pub states_apart: AtomicU64,
    /// Size of the store's file in bytes, at the last sign of life.
    pub database_bytes: AtomicU64,
    /// Size of the store's write-ahead log in bytes, at the last sign of life.
    pub log_bytes: AtomicU64,
    /// A random id of the database.
    pub database_id: AtomicU64,
    /// When the database was created, in ms since the epoch.
    pub database_created_ms: AtomicU64,
    /// The total blind time since the database was created, and until when it is counted.
    blind: Mutex<(Span, Option<Time>)>,
}

/// How readers judge: at one time for everything that they show, so that no outage of the store shows as lateness
/// (1.5).
#[derive(Clone, Debug)]
pub struct AsOf {
    /// The time. Everything that came up to it is stored.
    pub at: Time,
    blind: Arc<BlindWindows>,
    pending: Option<Arc<TakenChanges>>,
}

impl AsOf {
    /// The view of a check.
    pub fn view(&self, check: &Check, state: &State) -> View {
        view(&check.definition.spec, state, self.at_of(check), &self.blind)
    }

    /// The time at which a check is judged: if it is still to be changed, that at which the files were taken by which it is
    /// judged from then on (10.5).
    pub fn at_of(&self, check: &Check) -> Time {
        let pending = self.pending.as_ref().and_then(|pending| pending.changes(&check.definition));
        pending.map_or(self.at, |taken| taken.min(self.at))
    }

    /// The [`promised_deadline`] of a check.
    pub fn promised_deadline(&self, spec: &Spec, state: &State) -> Option<Time> {
        promised_deadline(spec, state, self.at, &self.blind)
    }
}

impl Live {
    /// How to judge checks at `applied_to`, the writer's time. Call it before looking at any state.
    pub fn as_of(&self, applied_to: Time) -> AsOf {
        AsOf { at: applied_to, blind: self.blind(), pending: self.pending() }
    }

    /// The current checks.
    pub fn directory(&self) -> Arc<Directory> {
        read(&self.directory)
    }

    /// The check with this name or former name.
    pub fn find(&self, name: &str) -> Option<Arc<Check>> {
        self.find_named(name).map(|named| named.check)
    }

    /// The same, and which of both it is.
    pub fn find_named(&self, name: &str) -> Option<Named> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).named(name)
    }

    /// The check whose alias has this id, of any origin.
    pub fn find_alias(&self, id: &str) -> Option<Arc<Check>> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).by_alias.get(id).cloned()
    }

    pub fn blind(&self) -> Arc<BlindWindows> {
        read(&self.blind)
    }

    /// What a configuration changes that is not carried out to its end.
    pub fn pending(&self) -> Option<Arc<TakenChanges>> {
        self.pending.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The mutes. They may include ended ones: check their `until`.
    pub fn mutes(&self) -> Arc<Mutes> {
        read(&self.mutes)
    }

    /// The stances of open incidents that cover all causes that they have now.
    pub fn answered(&self) -> Answered {
        let answers = read(&self.answers);
        if answers.is_empty() {
            return Answered::new();
        }
        let answered = |check: &Arc<Check>| {
            let answer = answers.get(&check.id)?;
            Some((check.id, answer.holds(&check.known().state.causes)?))
        };
        self.directory().checks.iter().filter_map(answered).collect()
    }

    /// The number of unfinished deliveries by receiver.
    pub fn waiting(&self) -> Arc<Waiting> {
        read(&self.waiting)
    }

    /// What Alertmanager is to hear. It is there while the store does not answer, too (13.1b).
    pub fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names that are pinged and that no check has.
    pub fn unknown_names(&self) -> MutexGuard<'_, UnknownNames> {
        self.unknown_names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the store: what Alertmanager is to hear of these checks; of those of which nothing is there, nothing any more.
    pub(super) fn show_alerts(&self, checks: Vec<CheckId>, of: &BTreeMap<CheckId, Arc<[Alert]>>) {
        let mut board = self.board();
        checks.into_iter().for_each(|check| board.put(check, of.get(&check)));
    }

    /// For the store: what Alertmanager is to hear of all checks.
    pub(super) fn show_all_alerts(&self, of: &BTreeMap<CheckId, Arc<[Alert]>>) {
        self.board().replace(of);
    }

    /// For the store: replaces the checks.
    pub fn set_directory(&self, directory: Directory) {
        write(&self.directory, directory);
    }

    /// For the store, which alone changes it: changes a copy of the list, which shares all but what changes.
    pub fn change_directory(&self, change: impl FnOnce(&mut Directory)) {
        let mut directory = (*self.directory()).clone();
        change(&mut directory);
        self.set_directory(directory);
    }

    /// What cannot be stored now, and whom it concerns.
    pub(super) fn quarantine(&self) -> MutexGuard<'_, Quarantine> {
        self.quarantine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the store: something of this check could not be stored.
    pub(super) fn note_quarantined(&self, check: CheckId, error: &StoreError) {
        self.totals.rows_quarantined.fetch_add(1, Ordering::Relaxed);
        self.quarantine().say(check, error, &self.directory());
    }

    /// For the store: this could not be stored, alone.
    pub(super) fn note_apart(&self, check: CheckId, kind: InputKind, error: &StoreError) {
        self.note_quarantined(check, error);
        self.quarantine().add(check, kind);
    }

    /// How much cannot be stored now of what is declared (14.7).
    pub fn rows_apart(&self) -> u64 {
        self.totals.states_apart.load(Ordering::Relaxed) + self.quarantine().count(&self.directory())
    }

    /// For the store: replaces the blind windows.
    pub fn set_blind(&self, blind: BlindWindows) {
        write(&self.blind, blind);
    }

    /// For the store: a configuration is taken, or carried out to its end.
    pub(super) fn set_pending(&self, pending: Option<Arc<TakenChanges>>) {
        *self.pending.write().unwrap_or_else(PoisonError::into_inner) = pending;
    }

    /// For the store: replaces the stances. Called after each commit, while they seldom change.
    pub fn set_answers(&self, answers: &Arc<StancesTaken>) {
        if Arc::ptr_eq(&read(&self.answers), answers) {
            return;
        }
        *self.answers.write().unwrap_or_else(PoisonError::into_inner) = answers.clone();
    }

    /// For the store: replaces the numbers of unfinished deliveries. Called after each commit.
    pub fn set_waiting(&self, waiting: &Arc<Waiting>) {
        if Arc::ptr_eq(&self.waiting(), waiting) {
            return;
        }
        *self.waiting.write().unwrap_or_else(PoisonError::into_inner) = waiting.clone();
    }

    /// What sessions and links are signed with; `None`: it cannot be read.
    pub fn secret(&self) -> Option<Arc<Secret>> {
        self.secret.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For the store: the database was opened.
    pub(super) fn set_secret(&self, secret: Option<Arc<Secret>>) {
        *self.secret.write().unwrap_or_else(PoisonError::into_inner) = secret;
    }

    /// For the store: replaces the mutes.
    pub fn set_mutes(&self, mutes: Mutes) {
        write(&self.mutes, mutes);
    }
}

impl Totals {
    /// When a sign of life was last stored; `None`: never.
    pub fn last_sign_of_life(&self) -> Option<Time> {
        Some(self.last_sign_of_life_ms.load(Ordering::Relaxed)).filter(|ms| *ms != 0).map(Time::from_ms)
    }

    /// The total blind time since the database was created, up to now. While the disk takes no writes, nothing is
    /// stored, but readers must see the blindness all the same (9.1).
    pub fn blind(&self, now: Time) -> Span {
        let (counted, until) = *self.blind.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = until.map_or(Span::ZERO, |until| now - until);
        if silence > MAX_GAP { counted + silence } else { counted }
    }

    /// For the store: the total blind time until the last sign of life.
    pub fn set_blind(&self, counted: Span, until: Option<Time>) {
        *self.blind.lock().unwrap_or_else(PoisonError::into_inner) = (counted, until);
    }

    pub fn database_created(&self) -> Time {
        Time::from_ms(i64::try_from(self.database_created_ms.load(Ordering::Relaxed)).unwrap_or(i64::MAX))
    }
}

fn read<T>(lock: &RwLock<Arc<T>>) -> Arc<T> {
    lock.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn write<T>(lock: &RwLock<Arc<T>>, value: T) {
    let new = Arc::new(value);
    let mut slot = lock.write().unwrap_or_else(PoisonError::into_inner);
    let old = std::mem::replace(&mut *slot, new);
    drop(slot);
    // Freeing a large value takes a while: do it after the lock is released.
    drop(old);
}
