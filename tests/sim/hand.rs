//! The real store, in a hand that lets any of its calls fail or the whole process die in it, and that remembers what was
//! committed: all that bystanders hear of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use punctual::clock::Clock;
use punctual::core::audit::Audit;
use punctual::core::blind::Window;
use punctual::core::check::CheckId;
use punctual::core::incident::IncidentId;
use punctual::core::outbox::{Attempt, MessageId};
use punctual::core::route::{Mute, ReceiverName};
use punctual::core::time::{Span, Time};
use punctual::store::live::Live;
use punctual::store::sqlite::{FaultPoint, SqliteStore};
use punctual::store::writer::Writer;
use punctual::store::{
    Applied, ByHand, CarriedOn, Compared, ConfigureError, DiagnosisAnswer, DiagnosisCall, Edit, Entry, LetGo,
    Outgoing, RecordAnswer, RecordCall, RefusedEdit, Saying, Settling, Stood, Store, StoreError,
};

use crate::fate::{Fate, Hazards};
use crate::process::Process;
use crate::readers::Readers;
use crate::sabotage::Saboteur;

/// What was committed, in the order in which it was.
#[derive(Clone, Debug)]
pub(crate) enum Committed {
    /// A start.
    Begun(Time),
    Life(Time),
    /// The last of many.
    Idle(Time),
    Ended(Time),
    Blind(Window),
    Unread(Window),
    Reanchored {
        before: Time,
        now: Time,
    },
    Applied(Vec<Entry>),
}

/// A reader of one process.
#[derive(Debug)]
struct Eye {
    readers: Readers,
    writer: Arc<Writer>,
    live: Arc<Live>,
    clock: Arc<Clock>,
}

#[derive(Debug)]
struct Held {
    hazards: Hazards,
    readers: Readers,
    fate: Fate,
    /// Somebody's call is under way, whose fate is its own.
    is_asked: bool,
    is_dead: bool,
    /// So often the database cannot be opened again.
    reopens_fail: u32,
    /// Nothing is taken at all: each other time since the disk is full, and it says so at each commit. Or no pings.
    is_broken: bool,
    is_full: bool,
    is_too_small: bool,
    commits: u32,
    committed_in_all: u32,
    errors: u32,
    /// How often what went wrong.
    faults: BTreeMap<&'static str, u64>,
    saboteur: Saboteur,
    committed: Vec<Committed>,
    /// Looks in the midst of turns.
    eye: Option<Eye>,
    /// What somebody's call came to is not known: readers may not have seen it.
    is_unsure: bool,
    /// The writer was idle until then, and showed it each second: in worlds where that would be too often to do.
    idle_until: Option<Time>,
}

/// What stays when the process goes.
#[derive(Clone, Debug)]
pub(crate) struct Grip(Arc<Mutex<Held>>);

impl Grip {
    pub(crate) fn new(hazards: Hazards, readers: Readers, folder: &Path) -> Grip {
        Grip(Arc::new(Mutex::new(Held {
            hazards,
            readers,
            fate: Fate::Fine,
            is_asked: false,
            is_dead: false,
            reopens_fail: 0,
            is_broken: false,
            is_full: false,
            is_too_small: false,
            commits: 0,
            committed_in_all: 0,
            errors: 0,
            faults: BTreeMap::new(),
            saboteur: Saboteur::new(folder),
            committed: Vec::new(),
            eye: None,
            is_unsure: false,
            idle_until: None,
        })))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap()
    }

    /// A call of this fate begins.
    pub(crate) fn enter(&self, fate: Fate) {
        let mut held = self.held();
        (held.fate, held.is_asked, held.commits) = (fate, true, 0);
    }

    /// It is over; answers how often it has committed.
    pub(crate) fn leave(&self) -> u32 {
        let mut held = self.held();
        (held.fate, held.is_asked) = (Fate::Fine, false);
        held.commits
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.held().is_dead
    }

    /// How often what went wrong.
    pub(crate) fn faults(&self) -> BTreeMap<&'static str, u64> {
        let held = self.held();
        let mut faults = held.faults.clone();
        faults.insert("in mid-transaction", held.saboteur.struck);
        faults
    }

    /// A new process.
    pub(crate) fn revive(&self) {
        let mut held = self.held();
        held.saboteur.arm(None);
        (held.is_dead, held.reopens_fail, held.idle_until) = (false, 0, None);
    }

    /// From now on nothing goes wrong by chance.
    pub(crate) fn calm_down(&self) {
        let mut held = self.held();
        (held.hazards.per_mille, held.reopens_fail) = (0, 0);
        (held.is_broken, held.is_too_small) = (false, false);
    }

    /// Somebody looks at what this process shows, also in the midst of its turns.
    pub(crate) fn let_look(&self, process: &Process) {
        let (writer, live, clock) = (process.writer.clone(), process.live.clone(), process.clock.clone());
        let mut held = self.held();
        held.eye = Some(Eye { readers: held.readers.clone(), writer, live, clock });
        held.is_unsure = false;
    }

    pub(crate) fn let_go(&self) {
        self.held().eye = None;
    }

    pub(crate) fn break_disk(&self, is_broken: bool) {
        let mut held = self.held();
        held.is_full ^= is_broken;
        held.is_broken = is_broken;
    }

    pub(crate) fn take_no_pings(&self, is_too_small: bool) {
        self.held().is_too_small = is_too_small;
    }

    pub(crate) fn was_idle_until(&self, at: Time) {
        self.held().idle_until = Some(at);
    }

    pub(crate) fn take_committed(&self) -> Vec<Committed> {
        std::mem::take(&mut self.held().committed)
    }
}

impl Held {
    fn arm(&mut self) {
        let rows = match self.fate {
            Fate::FailsAfter(rows) => Some(rows),
            _ => None,
        };
        // How many rows a batch writes depends on how often somebody looks.
        if rows.is_some() && self.hazards.of_pings_alone {
            self.fate = Fate::Fails(FaultPoint::BeforeCommit);
            return;
        }
        if rows.is_some() {
            self.fate = Fate::Fine;
        }
        self.saboteur.arm(rows);
    }

    fn fault(&mut self, point: FaultPoint) -> Option<StoreError> {
        if point == FaultPoint::AfterCommit {
            self.commits += 1;
            self.committed_in_all += 1;
        }
        if let Some(eye) =
            self.eye.as_ref().filter(|_| !self.is_unsure && self.committed_in_all.is_multiple_of(4))
        {
            eye.readers.look(&eye.writer, &eye.live, eye.clock.now());
        }
        let is_hit = match point {
            FaultPoint::Reopen => self.is_broken || self.reopens_fail > 0,
            FaultPoint::Begin | FaultPoint::BeforeCommit if self.is_broken => {
                // A full disk shows at the commit, a broken one also before.
                point == FaultPoint::BeforeCommit || !self.is_full && self.errors.is_multiple_of(3)
            }
            _ => matches!(self.fate, Fate::Fails(at) | Fate::Dies(Some(at)) if at == point),
        };
        if !is_hit {
            if point == FaultPoint::Begin {
                self.arm();
            }
            return None;
        }
        self.errors += 1;
        let name = match point {
            FaultPoint::Reopen => "at reopening",
            FaultPoint::Begin => "at the beginning",
            FaultPoint::BeforeCommit => "before the commit",
            FaultPoint::AfterCommit => "after the commit",
        };
        *self.faults.entry(name).or_default() += 1;
        match point {
            FaultPoint::Reopen => self.reopens_fail = self.reopens_fail.saturating_sub(1),
            _ if matches!(self.fate, Fate::Fails(_)) => self.fate = Fate::Fine,
            _ => {}
        }
        let broken = || StoreError::Failed("a broken disk".to_owned());
        Some(match point {
            FaultPoint::BeforeCommit if self.is_broken && self.is_full => StoreError::Full,
            FaultPoint::BeforeCommit if self.errors.is_multiple_of(2) => StoreError::Full,
            FaultPoint::AfterCommit => {
                let fails = self.errors.is_multiple_of(5) && !self.hazards.of_pings_alone;
                self.reopens_fail = if fails { 3 } else { 0 };
                StoreError::Unclear("lost on its way".to_owned())
            }
            _ => broken(),
        })
    }
}

/// The store of one process.
#[derive(Debug)]
pub(crate) struct Hand {
    store: SqliteStore,
    grip: Grip,
}

impl Hand {
    pub(crate) fn new(mut store: SqliteStore, grip: Grip) -> Hand {
        let faults = grip.clone();
        store.set_faults(move |point| faults.held().fault(point));
        Hand { store, grip }
    }

    /// One call; `committed` is noted if it was.
    fn call<R, E: From<StoreError>>(
        &mut self,
        committed: Option<Committed>,
        act: impl FnOnce(&mut SqliteStore) -> Result<R, E>,
    ) -> Result<R, E> {
        let dead = || StoreError::Failed("the process is dead".to_owned());
        let mut held = self.grip.held();
        if held.is_dead {
            return Err(dead().into());
        }
        if !held.is_asked {
            let is_spared = held.hazards.of_pings_alone && !is_pings(committed.as_ref());
            let Hazards { rng, per_mille, .. } = &mut held.hazards;
            let fate = if is_spared { Fate::Fine } else { Fate::random(rng, *per_mille, true) };
            let is_refused = held.is_too_small && fate == Fate::Fine && is_pings(committed.as_ref());
            let fate = if is_refused { Fate::Fails(FaultPoint::BeforeCommit) } else { fate };
            (held.fate, held.commits) = (fate, 0);
        }
        let (fate, before) = (held.fate, held.commits);
        drop(held);
        let last_words = committed.as_ref().and_then(when);
        if fate == Fate::Dies(None) {
            self.die(last_words);
            return Err(dead().into());
        }
        let answer = act(&mut self.store);
        let mut held = self.grip.held();
        held.saboteur.note(answer.is_err());
        if held.commits > before {
            held.is_unsure &= !matches!(committed, Some(Committed::Life(_)));
            if matches!(committed, Some(Committed::Reanchored { .. })) {
                held.readers.clock_was_set();
            }
            held.committed.extend(committed);
        }
        held.is_unsure |= answer.is_err() && held.is_asked;
        drop(held);
        // That looks at all: it is asked now and then, and among many more seldom.
        let many = self.store.live().directory().checks.len() as u32 / 50;
        if answer.is_err() && self.grip.held().committed_in_all.is_multiple_of(4 + many) {
            let difference = self.store.difference_from_rows().expect("it can be read");
            assert_eq!(difference, None, "memory is not what the rows say, after a call that failed");
        }
        if answer.is_err() && matches!(fate, Fate::Dies(_)) {
            self.die(last_words);
        }
        answer
    }

    /// Where nothing may depend on how often the writer shows that it lives, it shows it now.
    fn die(&mut self, last_words: Option<Time>) {
        let mut held = self.grip.held();
        held.fate = Fate::Fine;
        let at = last_words.filter(|_| held.hazards.of_pings_alone);
        let doubted = held.eye.as_ref().and_then(|eye| eye.clock.doubted());
        drop(held);
        if let Some(at) = at {
            show_life(&mut self.store, doubted, at).expect("nothing fails here");
            self.grip.held().committed.extend(doubted.is_none().then_some(Committed::Life(at)));
        }
        self.grip.held().is_dead = true;
    }
}

/// What the writer stores each second: that it lives, or, while its clock is doubted, for how long it has been (1.1).
pub(crate) fn show_life(store: &mut dyn Store, doubted: Option<Span>, now: Time) -> Result<(), StoreError> {
    match doubted {
        Some(spent) => store.doubt(spent),
        None => store.sign_of_life(now),
    }
}

/// The time of a batch.
fn when(committed: &Committed) -> Option<Time> {
    let Committed::Applied(entries) = committed else { return None };
    entries.last().map(|entry| entry.at)
}

fn is_pings(committed: Option<&Committed>) -> bool {
    let is_ping = |entry: &Entry| matches!(entry.what, punctual::store::What::Ping(_));
    matches!(committed, Some(Committed::Applied(entries)) if entries.iter().any(is_ping))
}

impl Store for Hand {
    fn live(&self) -> Arc<Live> {
        self.store.live()
    }

    fn begin(&mut self, now: Time) -> Result<Option<Window>, StoreError> {
        self.call(Some(Committed::Begun(now)), |store| store.begin(now))
    }

    fn last_sign_of_life(&mut self) -> Result<Option<Time>, StoreError> {
        let idle_until = self.grip.held().idle_until.take();
        if let Some(at) = idle_until {
            self.grip.enter(Fate::Fine);
            let done = self.call(Some(Committed::Idle(at)), |store| store.sign_of_life(at));
            self.grip.leave();
            done?;
        }
        self.call(None, Store::last_sign_of_life)
    }

    fn sign_of_life(&mut self, now: Time) -> Result<(), StoreError> {
        self.call(Some(Committed::Life(now)), |store| store.sign_of_life(now))
    }

    fn doubted(&self) -> Span {
        self.store.doubted()
    }

    fn doubt(&mut self, spent: Span) -> Result<(), StoreError> {
        self.call(None, |store| store.doubt(spent))
    }

    fn end(&mut self, now: Time) -> Result<(), StoreError> {
        self.call(Some(Committed::Ended(now)), |store| store.end(now))
    }

    fn blind(&mut self, window: Window) -> Result<(), StoreError> {
        self.call(Some(Committed::Blind(window)), |store| store.blind(window))
    }

    fn refused_unread(&mut self, window: Window) -> Result<(), StoreError> {
        self.call(Some(Committed::Unread(window)), |store| store.refused_unread(window))
    }

    fn diagnose(&mut self, call: &DiagnosisCall, now: Time) -> Result<DiagnosisAnswer, StoreError> {
        self.call(None, |store| store.diagnose(call, now))
    }

    fn change_records(&mut self, call: &RecordCall, now: Time) -> Result<RecordAnswer, StoreError> {
        self.call(None, |store| store.change_records(call, now))
    }

    fn reanchor(&mut self, before: Time, now: Time) -> Result<(), StoreError> {
        self.call(Some(Committed::Reanchored { before, now }), |store| store.reanchor(before, now))
    }

    fn take(&mut self, compared: &mut Compared, at_start: bool, now: Time) -> Result<(), ConfigureError> {
        self.call(None, |store| store.take(compared, at_start, now))
    }

    fn carry_on(&mut self, limit: usize, now: Time) -> Result<CarriedOn, StoreError> {
        self.call(None, |store| store.carry_on(limit, now))
    }

    fn edit_all(&mut self, edits: Vec<Edit>, by: &str, now: Time) -> Result<Vec<CheckId>, RefusedEdit> {
        self.call(None, |store| store.edit_all(edits, by, now).map_err(Whole))
            .map_err(|Whole(refused)| refused)
    }

    fn apply(&mut self, entries: &[Entry]) -> Result<Vec<Applied>, StoreError> {
        self.call(Some(Committed::Applied(entries.to_vec())), |store| store.apply(entries))
    }

    fn put_off(&mut self, check: CheckId, now: Time) {
        self.store.put_off(check, now);
    }

    fn due(&mut self, now: Time, limit: usize) -> Vec<(CheckId, Time)> {
        if self.grip.is_dead() { Vec::new() } else { self.store.due(now, limit) }
    }

    fn next_deadline(&self) -> Option<Time> {
        self.store.next_deadline()
    }

    fn claim(&mut self, now: Time) -> Result<Vec<Outgoing>, StoreError> {
        self.call(None, |store| store.claim(now))
    }

    fn next_claim(&self) -> Option<Time> {
        self.store.next_claim()
    }

    fn settle(
        &mut self,
        message: MessageId,
        attempt: &Attempt,
        from: usize,
        now: Time,
    ) -> Result<Settling, StoreError> {
        self.call(None, |store| store.settle(message, attempt, from, now))
    }

    fn stand_all(
        &mut self,
        incidents: &[IncidentId],
        saying: &Saying,
        now: Time,
    ) -> Result<Vec<Stood>, StoreError> {
        self.call(None, |store| store.stand_all(incidents, saying, now))
    }

    fn retry_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.call(None, |store| store.retry_message(message, by, now))
    }

    fn retry_parked(&mut self, receiver: &ReceiverName, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.call(None, |store| store.retry_parked(receiver, by, now))
    }

    fn drop_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.call(None, |store| store.drop_message(message, by, now))
    }

    fn alerts(&mut self, limit: usize, now: Time) -> Result<Option<Time>, StoreError> {
        self.call(None, |store| store.alerts(limit, now))
    }

    fn mute(&mut self, mute: Mute, now: Time) -> Result<u64, StoreError> {
        self.call(None, |store| store.mute(mute, now))
    }

    fn keep_unknown_names(&mut self) -> Result<(), StoreError> {
        self.call(None, |store| store.keep_unknown_names())
    }

    fn forget_unknown_names(&mut self, name: Option<&str>, by: &str, now: Time) -> Result<usize, StoreError> {
        self.call(None, |store| store.forget_unknown_names(name, by, now))
    }

    fn hold_deliveries(&mut self) -> Result<(), StoreError> {
        self.call(None, |store| store.hold_deliveries())
    }

    fn let_deliveries_go(&mut self, now: Time) -> Result<Option<LetGo>, StoreError> {
        self.call(None, |store| store.let_deliveries_go(now))
    }

    fn unmute(&mut self, id: u64, by: &str, now: Time) -> Result<bool, StoreError> {
        self.call(None, |store| store.unmute(id, by, now))
    }

    fn keep(&mut self, done: &Audit) -> Result<(), StoreError> {
        self.call(None, |store| store.keep(done))
    }

    fn prune(&mut self, now: Time) -> Result<bool, StoreError> {
        self.call(None, |store| store.prune(now))
    }
}

/// Why edits were refused, in a coat: a store's error refuses all of them.
struct Whole(RefusedEdit);

impl From<StoreError> for Whole {
    fn from(error: StoreError) -> Whole {
        Whole(RefusedEdit { index: 0, error: error.into() })
    }
}
