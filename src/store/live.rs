//! What readers see without asking the store: the committed state of every check, and a few totals.
//!
//! Pages and `/metrics` read here while pings are written. The store changes it after each commit and never before.

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

/// More time than this between two signs of life is a blind window (9.1).
pub(super) const MAX_GAP: Span = Span::secs(10);

/// The committed state of all checks. Written by the store alone.
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

/// Where the open incidents stand of which somebody has said something that holds: acknowledged or `wont_fix`.
pub type Answered = HashMap<CheckId, IncidentStatus>;

/// What somebody has said of open incidents.
pub type StancesTaken = HashMap<CheckId, StanceTaken>;

/// What somebody has said of an open incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanceTaken {
    status: IncidentStatus,
    covered: Vec<Family>,
}

impl StanceTaken {
    /// What was said of an incident, if it stands acknowledged or `wont_fix`.
    pub fn of(incident: &Incident) -> Option<StanceTaken> {
        let is_answered = matches!(incident.status, IncidentStatus::Acknowledged | IncidentStatus::WontFix);
        is_answered.then(|| StanceTaken { status: incident.status, covered: incident.covered.clone() })
    }

    /// Where the incident stands by it while these causes hold; `None`: whoever acknowledged it has not taken on all of
    /// them (11.2).
    pub fn holds(&self, causes: &Causes) -> Option<IncidentStatus> {
        let is_covered = |family: Family| self.covered.contains(&family);
        let holds = self.status == IncidentStatus::WontFix
            || causes.iter().all(|cause| is_covered(cause.kind.family()));
        holds.then_some(self.status)
    }
}

/// How many deliveries are not finished, by receiver; those of checks' own are counted together.
pub type Waiting = BTreeMap<ReceiverName, u64>;

/// All declared checks: replaced as a whole when the configuration changes.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Sorted by name.
    pub checks: Vec<Arc<Check>>,
    /// By name, former names included.
    pub by_name: HashMap<Name, Named>,
    /// Checks with an alias by their id.
    pub by_alias: HashMap<String, Arc<Check>>,
    by_slug: HashMap<Origin, HashMap<String, Arc<Check>>>,
}

impl Directory {
    /// Of these checks, sorted by name, and of those that are known by a former name.
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

    /// Adds a check that nothing leads to yet.
    pub fn add(&mut self, check: &Arc<Check>) {
        let place = self.checks.partition_point(|other| other.definition.name < check.definition.name);
        self.checks.insert(place, check.clone());
        self.point_to(check);
    }

    /// Takes a check out that no former name leads to, if it is there.
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

    /// The check that has this name now.
    pub fn by_present_name(&self, name: &Name) -> Option<&Arc<Check>> {
        self.by_name.get(name).filter(|named| !named.for_pings.by_former_name).map(|named| &named.check)
    }

    /// The check that the users of an origin know by this slug.
    pub fn by_slug(&self, origin: &Origin, slug: &str) -> Option<&Arc<Check>> {
        self.by_slug.get(origin)?.get(slug)
    }
}

/// What a name leads to.
#[derive(Clone, Debug)]
pub struct Named {
    /// For whoever pings.
    pub for_pings: ForPings,
    /// For everybody else.
    pub check: Arc<Check>,
}

/// What a ping must know of its check. Kept beside the name: the check itself is in the hands of the writer, and looking
/// at it would take it out of the cache of another processor at every ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForPings {
    /// Its number.
    pub id: CheckId,
    /// How it may be pinged.
    pub methods: PingMethods,
    /// The name is not its present one.
    pub by_former_name: bool,
}

impl Named {
    fn new(check: Arc<Check>, by_former_name: bool) -> Named {
        let for_pings = ForPings { id: check.id, methods: check.definition.ping_methods, by_former_name };
        Named { for_pings, check }
    }
}

/// One declared check.
#[derive(Debug)]
pub struct Check {
    /// Its number.
    pub id: CheckId,
    /// What was declared.
    pub definition: Arc<Definition>,
    known: Mutex<Known>,
}

/// What is known of a check.
#[derive(Clone, Debug)]
pub struct Known {
    /// The state as committed.
    pub state: State,
    /// For `count_in_window`.
    pub window: WindowCount,
}

/// Totals that the store keeps up to date.
#[derive(Debug, Default)]
pub struct Totals {
    /// Flips since the start: whoever must look at every flip waits for this to grow.
    pub flips: AtomicU64,
    /// When a sign of life was last stored, in ms since the epoch; 0: never (9.1).
    pub last_sign_of_life_ms: AtomicI64,
    /// Incidents that have not ended.
    pub incidents_open: AtomicU64,
    /// Deliveries that wait or are under way.
    pub deliveries_pending: AtomicU64,
    /// Deliveries that were given up.
    pub deliveries_parked: AtomicU64,
    /// When the last of them was, in ms since the epoch; 0: never.
    pub last_parked_ms: AtomicI64,
    /// Mails of checks' own that had to wait since the start: their address had had enough in that minute (16.4).
    pub own_mails_limited: AtomicU64,
    /// Bytes of the store's file at the last sign of life.
    pub database_bytes: AtomicU64,
    /// Bytes of the store's write-ahead log at the last sign of life.
    pub log_bytes: AtomicU64,
    /// A number that no other database has.
    pub database_id: AtomicU64,
    /// When the database was made, in ms since the epoch.
    pub database_created_ms: AtomicU64,
    /// How long we were blind since the database was made, and until when that was counted.
    blind: Mutex<(Span, Option<Time>)>,
}

impl Check {
    /// A check as the store knows it.
    pub fn new(id: CheckId, definition: Arc<Definition>, known: Known) -> Check {
        Check { id, definition, known: Mutex::new(known) }
    }

    /// Reads something of each part that a ping needs and holds nothing, so that the processor fetches them.
    pub fn fetch(&self) {
        let Definition { spec, alias, .. } = &*self.definition;
        black_box((
            self.known.is_poisoned(),
            Arc::strong_count(&self.definition),
            spec.paused,
            alias.is_some(),
        ));
    }

    /// What is known of it now. Hold it briefly: the writer waits.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its state now, to look at it for longer: a schedule may have to be walked through.
    pub fn state(&self) -> State {
        self.known().state.clone()
    }
}

/// How readers judge: at one time for all that they show, so that an outage of the store never shows as late (1.5).
#[derive(Clone, Debug)]
pub struct AsOf {
    /// The time: nothing that came up to then is still to be stored.
    pub at: Time,
    blind: Arc<BlindWindows>,
}

impl AsOf {
    /// How a check stands.
    pub fn view(&self, spec: &Spec, state: &State) -> View {
        view(spec, state, self.at, &self.blind)
    }

    /// [`promised_deadline`] of a check.
    pub fn promised_deadline(&self, spec: &Spec, state: &State) -> Option<Time> {
        promised_deadline(spec, state, self.at, &self.blind)
    }
}

impl Live {
    /// A look at all checks, to be taken before any of their states: `applied_to` is the writer's.
    pub fn as_of(&self, applied_to: Time) -> AsOf {
        AsOf { at: applied_to, blind: self.blind() }
    }

    /// The checks as of now.
    pub fn directory(&self) -> Arc<Directory> {
        read(&self.directory)
    }

    /// The check of this name or former name.
    pub fn find(&self, name: &str) -> Option<Arc<Check>> {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.by_name.get(name).map(|named| named.check.clone())
    }

    /// What a ping by this name or former name must know.
    pub fn find_for_ping(&self, name: &str) -> Option<ForPings> {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.by_name.get(name).map(|named| named.for_pings)
    }

    /// The check with an alias of this id, of whichever origin.
    pub fn find_alias(&self, id: &str) -> Option<Arc<Check>> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).by_alias.get(id).cloned()
    }

    /// The blind windows.
    pub fn blind(&self) -> Arc<BlindWindows> {
        read(&self.blind)
    }

    /// The mutes, ended ones perhaps included: look at their `until`.
    pub fn mutes(&self) -> Arc<Vec<Mute>> {
        read(&self.mutes)
    }

    /// What people said of open incidents, as far as it holds for all causes that there are now.
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

    /// Deliveries that are not finished, by receiver.
    pub fn waiting(&self) -> Arc<Waiting> {
        read(&self.waiting)
    }

    /// For the store: the checks are these now.
    pub fn set_directory(&self, directory: Directory) {
        write(&self.directory, directory);
    }

    /// For the store, which alone changes it: the checks are changed in place, where nobody is looking at them.
    pub fn change_directory(&self, change: impl FnOnce(&mut Directory)) {
        let mut slot = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = Arc::get_mut(&mut slot) {
            return change(directory);
        }
        drop(slot);
        // Pings go on finding their checks while it is copied.
        let mut directory = (*self.directory()).clone();
        change(&mut directory);
        self.set_directory(directory);
    }

    /// For the store: the blind windows are these now.
    pub fn set_blind(&self, blind: BlindWindows) {
        write(&self.blind, blind);
    }

    /// For the store: people have said this of open incidents. Looked at after each commit, changed seldom.
    pub fn set_answers(&self, answers: &Arc<StancesTaken>) {
        if Arc::ptr_eq(&read(&self.answers), answers) {
            return;
        }
        *self.answers.write().unwrap_or_else(PoisonError::into_inner) = answers.clone();
    }

    /// For the store: these deliveries are not finished. Looked at after each commit.
    pub fn set_waiting(&self, waiting: &Arc<Waiting>) {
        if Arc::ptr_eq(&self.waiting(), waiting) {
            return;
        }
        *self.waiting.write().unwrap_or_else(PoisonError::into_inner) = waiting.clone();
    }

    /// For the store: the mutes are these now.
    pub fn set_mutes(&self, mutes: Vec<Mute>) {
        write(&self.mutes, mutes);
    }
}

impl Totals {
    /// When a sign of life was last stored; `None`: never.
    pub fn last_sign_of_life(&self) -> Option<Time> {
        Some(self.last_sign_of_life_ms.load(Ordering::Relaxed)).filter(|ms| *ms != 0).map(Time::from_ms)
    }

    /// How long we were blind since the database was made, and are now: nothing is stored while the disk takes no writes,
    /// and whoever looks then must see it all the same (9.1).
    pub fn blind(&self, now: Time) -> Span {
        let (counted, until) = *self.blind.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = until.map_or(Span::ZERO, |until| now - until);
        if silence > MAX_GAP { counted + silence } else { counted }
    }

    /// For the store: so long we were blind until the last sign of life.
    pub fn set_blind(&self, counted: Span, until: Option<Time>) {
        *self.blind.lock().unwrap_or_else(PoisonError::into_inner) = (counted, until);
    }

    /// When the database was made.
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
    // What is large takes a while to go: nobody waits for that.
    drop(old);
}
