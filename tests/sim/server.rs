//! The process under test, as bystanders see it: what was committed is told to the model of each check.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use punctual::clock::Hands;
use punctual::core::blind::Window;
use punctual::core::cause::Family;
use punctual::core::check::CheckId;
use punctual::core::route::Mute;
use punctual::core::time::{Span, Time};
use punctual::engine;
use punctual::store::writer::QueueLimits;
use punctual::store::{CarriedOn, Entry, Expired, Store, StoreError, expire};

use crate::bystanders::{Blind, Owed};
use crate::fate::{Fate, Hazards};
use crate::hand::{Grip, Hand};
use crate::judged::Judged;
use crate::keeping::Forgotten;
use crate::process::{Asked, Process};
use crate::readers::Readers;
use crate::reload::{self, Pending};
use crate::scene::{Files, Scale};
use crate::two_clocks::TwoClocks;

/// 1.5: so long after a sign of life readers still judge now.
const SILENCE: Span = Span::secs(5);

/// The process, and what bystanders know.
pub(crate) struct Server {
    folder: PathBuf,
    pub(crate) database_id: u64,
    pub(crate) scale: Scale,
    pub(crate) limits: QueueLimits,
    /// The machine's clocks.
    pub(crate) hands: Arc<Hands>,
    pub(crate) grip: Grip,
    pub(crate) readers: Readers,
    /// How often the clock was set.
    pub(crate) era: u32,
    /// `None`: it is dead.
    pub(crate) process: Option<Process>,
    /// The engine's look at the deadlines, while the writer puts it off.
    looking: Option<Asked<Result<Expired, StoreError>>>,
    /// Somebody's call is queued, or was given up there, since the last turn.
    is_queued: bool,
    /// The files in force.
    pub(crate) files: Files,
    /// What they still change.
    pub(crate) pending: Pending,
    pub(crate) judged: BTreeMap<CheckId, Judged>,
    /// The last sign of life that was committed.
    pub(crate) last_sign: Option<Time>,
    pub(crate) owed: Owed,
    /// The listeners closed then.
    pub(crate) closed_at: Option<Time>,
    /// When a call failed, of which it shows at the writer's next sign of life what became of it.
    pub(crate) unsure_since: Option<Time>,
    pub(crate) mutes: Vec<Mute>,
    pub(crate) blind: Blind,
    pub(crate) forgotten: Forgotten,
    pub(crate) two_clocks: TwoClocks,
    pub(crate) deaths: u32,
    pub(crate) errors: u32,
}

impl Server {
    pub(crate) fn new((folder, seed): (&Path, u64), scene: (&Scale, Files), hazards: Hazards) -> Server {
        let (readers, (scale, files)) = (Readers::default(), scene);
        Server {
            folder: folder.to_owned(),
            database_id: seed,
            scale: scale.clone(),
            is_queued: false,
            limits: QueueLimits::default(),
            hands: Hands::at(scale.start),
            grip: Grip::new(hazards, readers.clone(), folder),
            readers,
            era: 0,
            process: None,
            looking: None,
            files,
            pending: Pending::default(),
            judged: BTreeMap::new(),
            last_sign: None,
            owed: Owed::default(),
            closed_at: None,
            unsure_since: None,
            mutes: Vec::new(),
            blind: Blind::default(),
            forgotten: Forgotten::default(),
            two_clocks: TwoClocks::default(),
            deaths: 0,
            errors: 0,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// Whoever looked at the checks since the clock was last set has seen them as they were.
    pub(crate) fn hold_readers(&self) {
        let dies = |away: &Window, at: Time| away.from < at && at <= away.to && at - away.from <= SILENCE;
        let before_a_death = |at| self.blind.absences.iter().any(|away| dies(away, at));
        let is_refused = |at| self.blind.unread.iter().any(|told| told.from < at && at <= told.to);
        self.readers.hold(&self.judged, self.era, (before_a_death, is_refused));
    }

    /// Whoever looks at the checks.
    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    /// The check of this name, but for those that were forgotten.
    pub(crate) fn called(&self, name: &str) -> Option<&Judged> {
        self.judged.values().find(|judged| !judged.is_forgotten && judged.definition.name.as_str() == name)
    }

    /// The living process.
    pub(crate) fn process(&self) -> &Process {
        self.process.as_ref().expect("only a living process is asked")
    }

    /// Dead at once: what was not committed is gone.
    pub(crate) fn die(&mut self) {
        let lost = self.last_sign.and_then(|sign| self.owed.before(sign));
        assert_eq!(lost, None, "a ping was refused, and a sign of life stored without that (9.1)");
        self.owed = Owed::default();
        self.closed_at = None;
        self.grip.let_go();
        if let Some(last) = self.last_sign {
            self.readers.forget(last, last + SILENCE);
        }
        self.process = None;
        self.looking = None;
        self.unsure_since = None;
        self.deaths += 1;
    }

    /// The listeners close: the process is about to stop.
    pub(crate) fn close(&mut self, now: Time) {
        self.process().writer.close();
        self.closed_at = Some(now);
    }

    /// The process ends by itself.
    pub(crate) fn stop(&mut self) {
        if let Some(process) = &mut self.process {
            process.stop();
        }
        self.follow(Time::MAX);
        self.die();
    }

    /// A start of the process. False if it died or failed on its way.
    pub(crate) fn start(&mut self, fate: impl FnMut() -> Fate) -> bool {
        // Rows of states as far behind as may be, or nearly (14.2): what was judged is then judged again at a start.
        let catch_up = self.deaths as usize % 3;
        let store = Process::open(&self.folder, self.database_id, catch_up, &self.grip);
        // Doubts are for worlds whose signs of life lie on the grid, and there for starts that go on from a point of it:
        // between two points a sign of life is stored where the turn before stored none, and it may be the last.
        let may_doubt = self.scale.is_short && self.goes_on_from_grid(store.doubted());
        if let Some(behind) = self.behind().filter(|_| !may_doubt) {
            self.hands.set_wall(behind);
        }
        self.process = self.begin(store, fate);
        if let Some(process) = &self.process {
            self.grip.let_look(process);
        }
        if self.process.is_none() {
            self.die();
        }
        self.is_up()
    }

    /// Where the wall clock is behind what is known to be past: by how much, to the next point of the grid.
    fn behind(&self) -> Option<Span> {
        let last = self.last_sign? + self.scale.grid - Span::MS;
        Some(self.scale.on_grid_before(last) - self.hands.wall()).filter(|behind| *behind > Span::ZERO)
    }

    /// Time that goes on from the last sign of life, after so long in doubt, goes on from a point of the grid (1.1).
    fn goes_on_from_grid(&self, doubted: Span) -> bool {
        self.last_sign.is_none_or(|last| self.scale.on_grid_before(last + doubted) == last + doubted)
    }

    fn begin(&mut self, mut hand: Hand, mut fate: impl FnMut() -> Fate) -> Option<Process> {
        let clock = Process::clock(&self.hands);
        self.grip.enter(fate());
        let begun = engine::begin(&mut hand, &clock);
        self.grip.leave();
        self.follow(Time::MAX);
        begun.ok()?;
        let (files, now) = (self.files.clone(), clock.now());
        // What the process before left is found again by the files.
        self.pending = Pending::default();
        self.grip.enter(fate());
        let taken = reload::take(&mut hand, &files, true, now);
        if self.grip.leave() > 0 {
            self.tell_taken(&files, taken.is_ok(), now);
        }
        taken.ok()?;
        while {
            let limit = 1 + self.deaths as usize % 4;
            self.grip.enter(fate());
            let carried = hand.carry_on(limit, now);
            if self.grip.leave() > 0 {
                self.tell_carried_on(limit);
            }
            matches!(carried.ok()?, CarriedOn::Left(_))
        } {}
        Some(Process::run(hand, clock, self.limits))
    }

    /// The writer takes its turn, unless it is held up; what it committed is told.
    pub(crate) fn turn(&mut self, now: Time) {
        let Some(process) = self.process.as_mut().filter(|process| process.may_turn(now)) else { return };
        if !self.scale.is_short && process.is_healthy() {
            // A sign of life each second, of which only the last matters; none while it hung.
            let before = now - Span::secs(1);
            let was_idle = |last: Time| last < before && process.held_up_until <= last;
            self.last_sign.is_some_and(was_idle).then(|| self.grip.was_idle_until(before));
        }
        self.is_queued = false;
        process.turn(self.scale.on_grid_before(now) + self.scale.grid);
        self.follow(now);
        if self.grip.is_dead() {
            self.die();
        }
    }

    /// One call of the real thing: of somebody who gives up where the writer puts it off.
    pub(crate) fn call<R: Send + 'static>(
        &mut self,
        now: Time,
        fate: Fate,
        act: impl FnOnce(&mut dyn Store, Time) -> Result<R, StoreError> + Send + 'static,
    ) -> Called<R> {
        let mut asked = self.process().ask(&self.grip, fate, act);
        self.is_queued = true;
        self.turn(now);
        let Some(done) = asked.answer() else { return Called { answer: None, commits: 0 } };
        let answer = done.answer.ok().filter(|_| self.is_up());
        if answer.is_none() {
            self.errors += 1;
            self.unsure_since = self.is_up().then_some(now);
        }
        Called { answer, commits: done.commits }
    }

    /// Applies entries, for somebody who pauses or only looks.
    pub(crate) fn apply(&mut self, entries: Vec<Entry>, now: Time, fate: Fate) -> bool {
        self.call(now, fate, move |store, _| store.apply(&entries)).answer.is_some()
    }

    /// The wall clock, which is so much ahead, is believed from now on; false while that cannot be stored.
    pub(crate) fn follow_wall_clock(&mut self, now: Time, ahead: Span, fate: Fate) -> bool {
        let clock = self.process().clock.clone();
        let done = self
            .call(now, fate, move |store, before| engine::follow_wall_clock(&clock, store, before, ahead));
        done.answer.is_some()
    }

    /// A ping of this check was answered 503.
    pub(crate) fn refused(&mut self, check: CheckId, at: Time) {
        // Where more checks were refused than are remembered, that second may be blind already, of all.
        let is_told = self.owed.is_told_ahead(check, at);
        if !is_told && !self.blind.unread.iter().any(|told| told.from < at && at <= told.to) {
            self.owed.checks.entry(check).or_default().push(at);
        }
    }

    /// A request was refused before it was read.
    pub(crate) fn refuse_unread(&mut self, now: Time) {
        self.process().writer.refuse_unread();
        self.is_queued = true;
        // That second may be blind already.
        if !self.blind.unread.iter().any(|told| told.from < now && now <= told.to) {
            self.owed.unread.push(now);
        }
    }

    /// Nothing waits to be told, and the last sign of life is fresh.
    pub(crate) fn is_heard(&self, now: Time) -> bool {
        let is_fresh = self.last_sign.is_some_and(|last| now - last <= SILENCE);
        is_fresh && !self.is_queued && self.looking.is_none() && self.owed.before(Time::MAX).is_none()
    }

    /// The engine's look at the deadlines; false if it failed, or has to wait.
    pub(crate) fn look(&mut self, now: Time, mut fate: impl FnMut() -> Fate) -> bool {
        for _ in 0..20 {
            let mut asked = match self.looking.take() {
                Some(asked) => asked,
                None => self.process().ask(&self.grip, fate(), expire),
            };
            // One that had to wait may have had its turn, and other things have happened since.
            let earlier = asked.answer();
            let is_of_now = earlier.is_none();
            if is_of_now {
                self.is_queued = true;
                self.turn(now);
            }
            if !self.is_up() {
                return false;
            }
            let Some(done) = earlier.or_else(|| asked.answer()) else {
                self.looking = Some(asked);
                return false;
            };
            match done.answer {
                Err(_) => {
                    (self.errors, self.unsure_since) = (self.errors + 1, Some(now));
                    return false;
                }
                Ok(expired) if expired.is_empty() && is_of_now => return self.compare(done.at),
                Ok(_) => {}
            }
        }
        panic!("expiry does not come to an end");
    }

    /// Late whenever it should be and never else (2.5, §3, §9): nothing is due, so every state must be the model's.
    /// False where something is due all the same: the store could not say so.
    pub(crate) fn compare(&mut self, now: Time) -> bool {
        if self.process().wakes().deadline.is_some_and(|deadline| deadline < now) {
            return false;
        }
        let directory = self.process().live.directory();
        let mut declared = 0;
        for judged in self.judged.values_mut().filter(|judged| !judged.model.archived) {
            judged.walk(now, &self.scale, &self.files);
            declared += 1;
        }
        assert_eq!(directory.checks.len(), declared, "other checks are declared than should be (10.3)");
        for check in directory.checks.iter() {
            let judged = &self.judged[&check.id];
            let known = check.known();
            let causes: Vec<_> =
                known.state.causes.iter().map(|cause| (cause.kind, cause.since, cause.would_be)).collect();
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
            let count = judged.count_in_window(now).filter(|_| self.era == 0);
            let is_whole = count.is_none_or(|count| known.window.count(now) == count);
            assert!(
                is_whole,
                "`{name}` succeeded {count:?} times in its window (3.7, 15.1): {:?}",
                known.window
            );
            let is_good = name.as_str() == "good";
            assert!(
                !is_good || !judged.model.is(Family::Late),
                "late though every ping was on time and accepted"
            );
        }
        self.hold_readers();
        true
    }
}

/// How a call ended, and how many transactions it committed.
pub(crate) struct Called<R> {
    /// `None`: an error, or death.
    pub(crate) answer: Option<R>,
    pub(crate) commits: u32,
}
