//! The live view: the committed state of every check and a few totals, which readers see without calling the store.
//!
//! Pages and `/metrics` read it while pings are written. The store updates it after each commit, never before.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::core::blind::BlindWindows;
use crate::core::cause::{Causes, Family};
use crate::core::check::{CheckId, Definition, Name, Origin, PingMethods, Spec};
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::route::{Mute, ReceiverName};
use crate::core::state::State;
use crate::core::step::{View, promised_deadline, view};
use crate::core::time::{Span, Time};
use crate::core::window::WindowCount;

/// A longer gap between two signs of life is a blind window (9.1).
pub(super) const MAX_GAP: Span = Span::secs(10);

/// The committed state of all checks. Only the store writes it.
#[derive(Debug, Default)]
pub struct Live {
    directory: RwLock<Arc<Directory>>,
    blind: RwLock<Arc<BlindWindows>>,
    mutes: RwLock<Arc<Vec<Mute>>>,
    answers: RwLock<Arc<StancesTaken>>,
    waiting: RwLock<Arc<Waiting>>,
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

/// All declared checks. Replaced as a whole when the configuration changes.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Sorted by name.
    pub checks: Vec<Arc<Check>>,
    /// By name, including former names.
    pub by_name: HashMap<Name, Named>,
    /// Checks with an alias, by its id.
    pub by_alias: HashMap<String, Arc<Check>>,
    by_slug: HashMap<Origin, HashMap<String, Arc<Check>>>,
}

impl Directory {
    /// A directory of these checks, which must be sorted by name, and of former names.
    pub fn new(checks: Vec<Arc<Check>>, former: impl IntoIterator<Item = (Name, Arc<Check>)>) -> Directory {
        let by_name = former.into_iter().map(|(name, check)| (name, Named::new(check, true))).collect();
        let mut directory = Directory { by_name, ..Directory::default() };
        checks.iter().for_each(|check| directory.point_to(check));
        Directory { checks, ..directory }
    }

    fn point_to(&mut self, check: &Arc<Check>) {
        self.by_name.insert(check.definition.name.clone(), Named::new(check.clone(), false));
        if let Some(alias) = &check.definition.alias {
            self.by_alias.insert(alias.id.clone(), check.clone());
            self.by_slug.entry(alias.origin.clone()).or_default().insert(alias.slug.clone(), check.clone());
        }
    }

    /// Adds a check whose name, id and slug are not in the directory yet.
    pub fn add(&mut self, check: &Arc<Check>) {
        let place = self.checks.partition_point(|other| other.definition.name < check.definition.name);
        self.checks.insert(place, check.clone());
        self.point_to(check);
    }

    /// Removes a check, if it is there. No former name may lead to it.
    pub fn take_out(&mut self, check: &Check) {
        let name = &check.definition.name;
        let place = self.checks.binary_search_by(|other| other.definition.name.cmp(name));
        let Some(place) = place.ok().filter(|place| self.checks[*place].id == check.id) else { return };
        self.checks.remove(place);
        self.by_name.remove(name);
        if let Some(alias) = &check.definition.alias {
            self.by_alias.remove(&alias.id);
            if let Some(of_origin) = self.by_slug.get_mut(&alias.origin) {
                of_origin.remove(&alias.slug);
            }
        }
    }

    /// The check that has this slug in an origin.
    pub fn by_slug(&self, origin: &Origin, slug: &str) -> Option<&Arc<Check>> {
        self.by_slug.get(origin)?.get(slug)
    }
}

/// What a name leads to.
#[derive(Clone, Debug)]
pub struct Named {
    /// For pings.
    pub for_pings: ForPings,
    /// For everything else.
    pub check: Arc<Check>,
}

/// What a ping needs to know of its check. It is kept beside the name: the writer works on the check itself, and
/// reading it at every ping would take it out of another processor's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForPings {
    pub id: CheckId,
    /// Which methods ping it.
    pub methods: PingMethods,
    /// Whether the name is a former name.
    pub by_former_name: bool,
}

impl Named {
    fn new(check: Arc<Check>, by_former_name: bool) -> Named {
        let for_pings = ForPings { id: check.id, methods: check.definition.ping_methods, by_former_name };
        Named { for_pings, check }
    }
}

#[derive(Debug)]
pub struct Check {
    pub id: CheckId,
    /// What is declared.
    pub definition: Arc<Definition>,
    known: Mutex<Known>,
}

/// What is known of a check.
#[derive(Clone, Debug)]
pub struct Known {
    /// The committed state.
    pub state: State,
    /// Counts for `count_in_window`.
    pub window: WindowCount,
}

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

impl Check {
    pub fn new(id: CheckId, definition: Arc<Definition>, known: Known) -> Check {
        Check { id, definition, known: Mutex::new(known) }
    }

    /// Reads something of each part that a ping needs, so that the processor loads it into its cache. Holds no lock.
    pub fn fetch(&self) {
        let Definition { spec, alias, .. } = &*self.definition;
        black_box((
            self.known.is_poisoned(),
            Arc::strong_count(&self.definition),
            spec.paused,
            alias.is_some(),
        ));
    }

    /// What is known of it now. Hold the lock briefly: the writer waits for it.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of its state, for work that takes longer, such as walking through a schedule.
    pub fn state(&self) -> State {
        self.known().state.clone()
    }
}

/// How readers judge: at one time for everything that they show, so that no outage of the store shows as lateness
/// (1.5).
#[derive(Clone, Debug)]
pub struct AsOf {
    /// The time. Everything that came up to it is stored.
    pub at: Time,
    blind: Arc<BlindWindows>,
}

impl AsOf {
    /// The view of a check.
    pub fn view(&self, spec: &Spec, state: &State) -> View {
        view(spec, state, self.at, &self.blind)
    }

    /// The [`promised_deadline`] of a check.
    pub fn promised_deadline(&self, spec: &Spec, state: &State) -> Option<Time> {
        promised_deadline(spec, state, self.at, &self.blind)
    }
}

impl Live {
    /// How to judge checks at `applied_to`, the writer's time. Call it before looking at any state.
    pub fn as_of(&self, applied_to: Time) -> AsOf {
        AsOf { at: applied_to, blind: self.blind() }
    }

    /// The current checks.
    pub fn directory(&self) -> Arc<Directory> {
        read(&self.directory)
    }

    /// The check with this name or former name.
    pub fn find(&self, name: &str) -> Option<Arc<Check>> {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.by_name.get(name).map(|named| named.check.clone())
    }

    /// What a ping by this name or former name needs to know.
    pub fn find_for_ping(&self, name: &str) -> Option<ForPings> {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.by_name.get(name).map(|named| named.for_pings)
    }

    /// The check whose alias has this id, of any origin.
    pub fn find_alias(&self, id: &str) -> Option<Arc<Check>> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).by_alias.get(id).cloned()
    }

    pub fn blind(&self) -> Arc<BlindWindows> {
        read(&self.blind)
    }

    /// The mutes. They may include ended ones: check their `until`.
    pub fn mutes(&self) -> Arc<Vec<Mute>> {
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

    /// For the store: replaces the checks.
    pub fn set_directory(&self, directory: Directory) {
        write(&self.directory, directory);
    }

    /// For the store, which alone changes it: changes the checks in place, or in a copy while somebody reads them.
    pub fn change_directory(&self, change: impl FnOnce(&mut Directory)) {
        let mut slot = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = Arc::get_mut(&mut slot) {
            return change(directory);
        }
        drop(slot);
        // Pings can still find their checks while it is copied.
        let mut directory = (*self.directory()).clone();
        change(&mut directory);
        self.set_directory(directory);
    }

    /// For the store: replaces the blind windows.
    pub fn set_blind(&self, blind: BlindWindows) {
        write(&self.blind, blind);
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

    /// For the store: replaces the mutes.
    pub fn set_mutes(&self, mutes: Vec<Mute>) {
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
