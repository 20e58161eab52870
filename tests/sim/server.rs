//! The process under test: the real store and the real engine's functions, in a hand that lets any of its calls fail or
//! the whole process die, and that tells the bystanders what was committed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use punctual::core::blind::Window;
use punctual::core::cause::Family;
use punctual::core::check::{CheckId, Source};
use punctual::core::outbox::{Attempt, MessageId};
use punctual::core::route::Mute;
use punctual::core::time::{Span, Time};
use punctual::engine;
use punctual::store::sqlite::{FaultPoint, SqliteStore};
use punctual::store::writer::watch_over;
use punctual::store::{Applied, Entry, Outgoing, PingFact, Store, StoreError, What};

use crate::judged::{Judged, is_ever_held};
use crate::rng::Rng;
use crate::scene::{Files, Scale};

/// What shall happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    /// An error before its first commit, or after it.
    Fails(FaultPoint),
    /// The process dies before the call, or there.
    Dies(Option<FaultPoint>),
}

impl Fate {
    /// `percent` of calls go wrong, some of them fatally.
    pub(crate) fn random(rng: &mut Rng, per_mille: u64, may_die: bool) -> Fate {
        let (lot, kind) = (rng.next() % 1000, rng.below(6));
        if lot >= per_mille {
            return Fate::Fine;
        }
        let (before, after) = (FaultPoint::BeforeCommit, FaultPoint::AfterCommit);
        match kind {
            3 if may_die => Fate::Dies(None),
            4 if may_die => Fate::Dies(Some(before)),
            5 if may_die => Fate::Dies(Some(after)),
            0 | 3 | 4 => Fate::Fails(before),
            _ => Fate::Fails(after),
        }
    }
}

/// How a call ended, and how many transactions it committed.
pub(crate) struct Called<R> {
    /// `None`: an error, or death.
    pub(crate) answer: Option<R>,
    pub(crate) commits: u32,
}

#[derive(Debug, Default)]
struct Armed {
    fails_at: Option<FaultPoint>,
    commits: u32,
}

/// The process, and what bystanders know.
pub(crate) struct Server {
    folder: PathBuf,
    database_id: u64,
    pub(crate) scale: Scale,
    /// `None`: it is dead.
    pub(crate) store: Option<SqliteStore>,
    armed: Arc<Mutex<Armed>>,
    /// The files in force.
    pub(crate) files: Files,
    pub(crate) judged: BTreeMap<CheckId, Judged>,
    /// The last sign of life that was committed.
    last_sign: Option<Time>,
    /// When this process last showed that it lives; gone with it.
    last_life: Option<Time>,
    /// Checks of which pings were refused, from the first to the last, and that were not yet told; gone with the process.
    refused: BTreeMap<CheckId, (Time, Time)>,
    /// In twins, the time: before it dies the process shows that it lived until then, and so did what was looked at.
    pub(crate) last_words_at: Option<Time>,
    pub(crate) mutes: Vec<Mute>,
    /// When nobody was there.
    pub(crate) absences: Vec<Window>,
    pub(crate) deaths: u32,
    pub(crate) errors: u32,
}

impl Server {
    pub(crate) fn new(folder: &Path, seed: u64, scale: &Scale, files: Files) -> Server {
        Server {
            folder: folder.to_owned(),
            database_id: seed,
            scale: scale.clone(),
            store: None,
            armed: Arc::default(),
            files,
            judged: BTreeMap::new(),
            last_sign: None,
            last_life: None,
            refused: BTreeMap::new(),
            last_words_at: None,
            mutes: Vec::new(),
            absences: Vec::new(),
            deaths: 0,
            errors: 0,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn is_up(&self) -> bool {
        self.store.is_some()
    }

    /// Dead at once: what was not committed is gone.
    pub(crate) fn die(&mut self) {
        self.say_last_words();
        self.store = None;
        self.last_life = None;
        self.refused.clear();
        self.deaths += 1;
    }

    fn say_last_words(&mut self) {
        if let (Some(now), Some(_), Some(store)) = (self.last_words_at, self.last_life, &mut self.store) {
            store.sign_of_life(now).expect("nothing fails yet");
            self.last_sign = Some(now);
        }
    }

    /// One call of the real thing.
    pub(crate) fn call<R, E>(
        &mut self,
        fate: Fate,
        act: impl FnOnce(&mut SqliteStore) -> Result<R, E>,
    ) -> Called<R> {
        if fate == Fate::Dies(None) {
            self.die();
            return Called { answer: None, commits: 0 };
        }
        let fails_at = match fate {
            Fate::Fails(point) => Some(point),
            Fate::Dies(point) => point,
            Fate::Fine => None,
        };
        *self.armed.lock().unwrap() = Armed { fails_at, commits: 0 };
        let store = self.store.as_mut().expect("only a living process is called");
        let answer = act(store).ok();
        let armed = std::mem::take(&mut *self.armed.lock().unwrap());
        if answer.is_none() {
            self.errors += 1;
            if matches!(fate, Fate::Dies(_)) {
                self.die();
            }
        }
        Called { answer, commits: armed.commits }
    }

    /// A start of the process. False if it died or failed on its way.
    pub(crate) fn start(&mut self, now: Time, mut fate: impl FnMut() -> Fate) -> bool {
        let mut store =
            SqliteStore::open_with(&self.folder, self.database_id).expect("the folder can be opened");
        let armed = self.armed.clone();
        let mut errors = self.errors;
        store.set_faults(move |point| {
            let mut armed = armed.lock().unwrap();
            armed.commits += u32::from(point == FaultPoint::AfterCommit);
            let hit = armed.fails_at.take_if(|fails_at| *fails_at == point);
            errors += u32::from(hit.is_some());
            hit.map(|point| match point {
                FaultPoint::BeforeCommit if errors.is_multiple_of(2) => StoreError::Full,
                FaultPoint::BeforeCommit => StoreError::Failed("a broken disk".to_owned()),
                FaultPoint::AfterCommit => StoreError::Unclear("lost on its way".to_owned()),
            })
        });
        // Rows of states as far behind as may be, or nearly (14.2): what was judged is then judged again at a start.
        store.set_catch_up(self.deaths as usize % 3);
        self.store = Some(store);
        let begun = self.call(fate(), |store| store.begin(now));
        if begun.commits > 0 {
            if let Some(from) = self.last_sign.filter(|from| *from < now) {
                self.tell_blind(Window { from, to: now });
            }
            self.last_sign = Some(self.last_sign.map_or(now, |last| last.max(now)));
        }
        if begun.answer.is_none() {
            if self.is_up() {
                self.die();
            }
            return false;
        }
        let files = self.files.clone();
        if !self.configure(files, true, now, fate()) {
            if self.is_up() {
                self.die();
            }
            return false;
        }
        self.last_life = Some(now);
        true
    }

    /// Takes new files; false if that failed.
    pub(crate) fn configure(&mut self, files: Files, at_start: bool, now: Time, fate: Fate) -> bool {
        let configuration = files.configuration();
        let done = self.call(fate, |store| store.configure(&configuration, at_start, now));
        if done.commits > 0 {
            self.tell_files(files, now);
        }
        done.answer.is_some()
    }

    /// §10, as the bystanders understand it.
    fn tell_files(&mut self, files: Files, now: Time) {
        let scale = self.scale.clone();
        self.files = files;
        let files = self.files.clone();
        let mut declared = Vec::new();
        for definition in &files.checks {
            let is_it = |judged: &Judged| {
                judged.definition.name == definition.name
                    || definition.renamed_from.contains(&judged.definition.name)
            };
            let known = self.judged.iter_mut().find(|(_, judged)| is_it(judged));
            let id = match known {
                Some((id, judged)) => {
                    // Whatever is judged now is told of the check as it is now: so are the responders.
                    judged.definition = definition.clone();
                    let plan = Judged::plan(definition, &scale);
                    let is_archived = judged.model.archived;
                    if is_archived || judged.plan.spec != plan.spec {
                        judged.walk(now, &scale, &files);
                        if is_archived {
                            judged.model.come_back(&plan, now);
                        } else {
                            judged.model.change(&judged.plan, &plan, now);
                        }
                        judged.plan = plan;
                        judged.note(now, &files);
                    }
                    judged.may_be_held |= is_ever_held(definition);
                    *id
                }
                None => {
                    let id = CheckId(self.judged.len() as u64 + 1);
                    self.judged.insert(id, Judged::declared(definition, &scale, now));
                    id
                }
            };
            declared.push(id);
        }
        for (id, judged) in &mut self.judged {
            let is_made = judged.definition.source == Source::Api;
            if !declared.contains(id) && !judged.model.archived && !is_made {
                judged.walk(now, &scale, &files);
                judged.model.archive();
                judged.was_archived = true;
                judged.note(now, &files);
            }
        }
    }

    /// 9.1: shows that it lives, as the writer does at every turn. False if that failed.
    pub(crate) fn live(&mut self, now: Time, fate: Fate) -> bool {
        if self.last_life.is_some_and(|last| last <= now && now - last < self.scale.grid) {
            return true;
        }
        let gap = self.last_sign.map(|from| Window { from, to: now });
        let gap = gap.filter(|gap| self.scale.is_short && gap.to - gap.from > Span::secs(10));
        let is_short = self.scale.is_short;
        let done = self.call(fate, |store| {
            if is_short { watch_over(store, now).map(|_| ()) } else { store.sign_of_life(now) }
        });
        let mut commits = done.commits;
        if let Some(gap) = gap
            && commits > 0
        {
            self.tell_blind(gap);
            commits -= 1;
        }
        if commits > 0 {
            self.last_sign = Some(self.last_sign.map_or(now, |last| last.max(now)));
        }
        self.last_life = done.answer.map(|()| now);
        self.last_life.is_some()
    }

    /// The next sign of life is given, however soon.
    pub(crate) fn forget_life(&mut self) {
        self.last_life = None;
    }

    fn tell_blind(&mut self, window: Window) {
        self.absences.push(window);
        for judged in self.judged.values_mut() {
            judged.model.blind(window.from, window.to);
        }
    }

    /// Pings that came at one time. Answers whether they were taken; if not, that is told to the checks later (9.1).
    pub(crate) fn pings(
        &mut self,
        pings: &[(CheckId, PingFact)],
        now: Time,
        mut fate: impl FnMut() -> Fate,
    ) -> Option<Vec<Applied>> {
        let taken = self.live(now, fate()) && self.tell_refused(now, fate()) && self.is_up();
        let applied = if taken {
            let entry = |(check, fact): &(CheckId, PingFact)| Entry {
                check: *check,
                at: now,
                what: What::Ping(fact.clone()),
            };
            self.apply(pings.iter().map(entry).collect(), now, fate())
        } else {
            None
        };
        if applied.is_none() && self.is_up() {
            for (check, _) in pings {
                self.refused.entry(*check).or_insert((now, now)).1 = now;
            }
        }
        applied
    }

    pub(crate) fn tell_refused(&mut self, now: Time, fate: Fate) -> bool {
        if self.refused.is_empty() {
            return true;
        }
        let entry = |check, at| Entry { check, at: now, what: What::Refused { at } };
        let both =
            |(check, (first, last)): (&CheckId, &(Time, Time))| [entry(*check, *first), entry(*check, *last)];
        let entries = self.refused.iter().flat_map(both).collect();
        let told = self.apply(entries, now, fate).is_some();
        if told {
            self.refused.clear();
        }
        told
    }

    /// Applies entries, and tells the bystanders once they are committed.
    pub(crate) fn apply(&mut self, entries: Vec<Entry>, now: Time, fate: Fate) -> Option<Vec<Applied>> {
        let called = self.call(fate, |store| store.apply(entries.clone()));
        if called.commits > 0 {
            entries.into_iter().for_each(|entry| self.tell(entry, now));
        }
        called.answer
    }

    fn tell(&mut self, entry: Entry, now: Time) {
        let judged = self.judged.get_mut(&entry.check).expect("a check of the store is known");
        if judged.model.archived {
            return;
        }
        if let What::Refused { at } = entry.what {
            judged.model.refuse(at);
        }
        judged.walk(now, &self.scale, &self.files);
        match entry.what {
            What::Ping(fact) => {
                let counted = judged.model.ping(&judged.plan, &fact.ping, now);
                judged.pings += u64::from(counted);
            }
            What::Pause { until, .. } => judged.model.pause(until, now),
            What::Unpause { .. } if !judged.definition.spec.paused => judged.model.unpause(now),
            What::Unpause { .. } | What::Tick | What::Refused { .. } => {}
        }
        judged.note(now, &self.files);
    }

    /// The engine's look at the deadlines; false if it failed.
    pub(crate) fn look(&mut self, now: Time, mut fate: impl FnMut() -> Fate) -> bool {
        for _ in 0..20 {
            let due = self.store.as_mut().expect("only a living process looks").due(now, usize::MAX);
            if due.is_empty() {
                self.compare(now);
                return true;
            }
            let called = self.call(fate(), |store| engine::expire(store, now));
            if called.commits > 0 {
                for (check, _) in due {
                    let tick = Entry { check, at: now, what: What::Tick };
                    self.tell(tick, now);
                }
            }
            if called.answer.is_none() {
                return false;
            }
        }
        panic!("expiry does not come to an end");
    }

    /// Late whenever it should be and never else (2.5, §3, §9): nothing is due, so every state must be the model's.
    pub(crate) fn compare(&mut self, now: Time) {
        let store = self.store.as_ref().expect("only a living process is looked at");
        if store.next_deadline().is_some_and(|deadline| deadline < now) {
            return;
        }
        let directory = store.live().directory();
        let mut declared = 0;
        for judged in self.judged.values_mut().filter(|judged| !judged.model.archived) {
            judged.walk(now, &self.scale, &self.files);
            declared += 1;
        }
        assert_eq!(directory.checks.len(), declared, "other checks are declared than should be (10.3)");
        for check in &directory.checks {
            let judged = &self.judged[&check.id];
            let known = check.known();
            let mut causes: Vec<_> =
                known.state.causes.iter().map(|cause| (cause.kind, cause.since, cause.would_be)).collect();
            causes.sort_by_key(|(kind, since, _)| (*since, *kind));
            let name = &check.definition.name;
            let model = &judged.model;
            assert_eq!(
                causes,
                model.causes(),
                "`{name}` is judged otherwise by the model (right)\n{:?}\n{:?}\n{model:?}",
                judged.definition.spec,
                known.state
            );
            assert_eq!(known.state.pause.since().is_some(), judged.model.is_paused(), "`{name}` is paused");
            let pings = known.state.counters.pings.iter().sum::<u64>();
            assert_eq!(pings, judged.pings, "pings of `{name}` are counted otherwise (4.1)");
            let is_good = name.as_str() == "good";
            assert!(
                !is_good || !judged.model.is(Family::Late),
                "late though every ping was on time and accepted"
            );
        }
    }

    pub(crate) fn claim(&mut self, now: Time, fate: Fate) -> Option<Vec<Outgoing>> {
        self.call(fate, |store| store.claim(now)).answer
    }

    /// True once it is settled: committed and known to be.
    pub(crate) fn settle(&mut self, id: MessageId, attempt: &Attempt, now: Time, fate: Fate) -> Called<()> {
        self.call(fate, |store| store.settle(id, attempt, now))
    }

    /// The clock was set (1.1). Without faults: a clock that jumps while the disk fails is not simulated.
    pub(crate) fn set_clock(&mut self, before: Time, after: Time) {
        let done = self.call(Fate::Fine, |store| engine::clock_was_set(store, before, after));
        done.answer.expect("nothing fails here");
        if after > before {
            self.tell_blind(Window { from: before, to: after });
        }
        for judged in self.judged.values_mut() {
            judged.set_back(after);
        }
        self.last_sign = Some(after);
        self.last_life = Some(after);
        for (first, last) in self.refused.values_mut() {
            (*first, *last) = ((*first).min(after), (*last).min(after));
        }
    }

    /// Anything else of the store, without its bystanders.
    pub(crate) fn other<R>(
        &mut self,
        fate: Fate,
        act: impl FnOnce(&mut SqliteStore) -> Result<R, StoreError>,
    ) -> Called<R> {
        self.call(fate, act)
    }
}
