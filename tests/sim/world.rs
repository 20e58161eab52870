//! A world with virtual time: jobs, receivers, operators and accidents around one process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use punctual::core::check::{CheckId, Definition};
use punctual::core::incident::IncidentId;
use punctual::core::outbox::{DeliveryId, MessageId};
use punctual::core::retention::Retention;
use punctual::core::route::Action;
use punctual::core::time::{Span, Time};
use punctual::store::{Entry, What};

use crate::alertmanager::Alertmanager;
use crate::diary::{Diary, Trace};
use crate::fate::{Fate, Hazards};
use crate::jobs::Job;
use crate::judged::{Bad, Judged};
use crate::keeping::random_retention;
use crate::pings::Waiting;
use crate::receivers::{Outages, Receivers};
use crate::rng::Rng;
use crate::scene::{Scale, own_action};
use crate::server::Server;
use crate::settings::Setting;

pub(crate) struct World {
    pub(crate) scale: Scale,
    pub(crate) server: Server,
    pub(crate) jobs: Vec<Job>,
    pub(crate) receivers: Receivers,
    pub(crate) alertmanager: Alertmanager,
    pub(crate) trace: Trace,
    pub(crate) diary: Diary,
    /// What operators do, and when the process dies by itself.
    pub(crate) unrest: Rng,
    /// What happens to starts, and to calls of the engine.
    hazards: Rng,
    pub(crate) telling: Rng,
    /// How many pings come between two turns of the writer.
    pub(crate) batches: Rng,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) lags: Rng,
    /// Looks at times of its own.
    ticks: Option<Rng>,
    /// Nothing that happens to deliveries may kill the process: then flips do not depend on when they are noticed.
    pub(crate) is_twin: bool,
    pub(crate) setting: Setting,
    /// Checks that were taken out of the files, to be put back.
    pub(crate) attic: Vec<Definition>,
    /// Incidents of which people said something.
    pub(crate) stood: BTreeMap<IncidentId, usize>,
    /// Settled for good, with how many messages had been handed over by then.
    pub(crate) closed: BTreeMap<MessageId, usize>,
    pub(crate) ever_gone: BTreeSet<String>,
    /// All that any files ever asked for.
    actions: Vec<Action>,
    /// Before then a receiver does not want to be asked again.
    pub(crate) patience: BTreeMap<MessageId, Time>,
    /// What should have left, since when.
    pub(crate) overdue: BTreeMap<DeliveryId, Time>,
    pub(crate) renames: u32,
    /// How often something could have left, and stayed for what was worse.
    pub(crate) left_behind: u64,
    /// How often checks were found to be held, and why.
    pub(crate) held: BTreeMap<&'static str, u64>,
}

impl World {
    pub(crate) fn new(seed: u64, folder: &Path, setting: Setting) -> World {
        let mut rng = Rng::new(seed, "scene");
        let (scale, mut files) = setting.scene(&mut rng);
        let is_twin = setting.is_twin();
        files.retention = random_retention(&mut Rng::new(seed, "retention"), &scale, is_twin);
        let start = scale.start;
        let defaults = files.defaults.iter().map(|name| Action::new(name.clone(), Span::ZERO, None));
        let actions = files.watches.iter().flat_map(|watch| watch.actions.clone()).chain(defaults);
        let actions = actions.chain([own_action()]).collect();
        let jobs = files.checks.iter().map(|check| Job::new(check.name.as_str(), seed, start)).collect();
        let per_mille = if setting.is_stormy() { 8 } else { 0 };
        let hazards = Hazards { rng: Rng::new(seed, "writer"), per_mille, of_pings_alone: is_twin };
        let mut server = Server::new((folder, seed), (&scale, files), hazards);
        if matches!(setting, Setting::Mortal | Setting::Absences) {
            server.limits.max_queued = rng.pick(&[2, 65_536, 65_536]);
            server.limits.max_batch = rng.pick(&[1, 3, 2_048]);
            server.limits.max_refused = rng.pick(&[1, 1_000]);
        }
        let outages =
            if setting == Setting::Outages { Outages::random(seed, &scale) } else { Outages::default() };
        World {
            server,
            jobs,
            receivers: Receivers::new(seed, outages),
            alertmanager: Alertmanager::default(),
            trace: Trace { hash: 0xcbf2_9ce4_8422_2325, tail: Vec::new() },
            diary: Diary::new(&scale),
            scale,
            unrest: Rng::new(seed, "unrest"),
            hazards: Rng::new(seed, "hazards"),
            telling: Rng::new(seed, "telling"),
            batches: Rng::new(seed, "batches"),
            waiting: Vec::new(),
            lags: Rng::new(seed, "lags"),
            ticks: (setting == Setting::Twin { with_ticks: true }).then(|| Rng::new(seed, "ticks")),
            setting,
            is_twin,
            left_behind: 0,
            held: BTreeMap::new(),
            attic: Vec::new(),
            stood: BTreeMap::new(),
            closed: BTreeMap::new(),
            ever_gone: BTreeSet::new(),
            actions,
            patience: BTreeMap::new(),
            overdue: BTreeMap::new(),
            renames: 0,
        }
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.diary.now >= self.diary.storm_ends
    }

    /// The storm is over, and somebody is still to make peace.
    fn awaits_peace(&self) -> bool {
        self.is_calm() && !self.diary.is_peace
    }

    /// Until the end of the calm after the storm.
    pub(crate) fn run(&mut self) {
        while self.diary.now < self.diary.ends {
            if self.is_calm() && !self.server.is_up() {
                self.diary.restart_at = self.on_grid();
            }
            if self.awaits_peace() {
                self.diary.is_peace = self.make_peace();
            }
            while self.instant() {}
            if self.diary.is_peace || self.diary.watch_at <= self.diary.now {
                self.diary.watch_at = self.diary.now + self.scale.life;
                self.nobody_is_kept_waiting();
            }
            if self.tick_between() {
                while self.instant() {}
            }
            let next = self.next_stop();
            assert!(next > self.diary.now, "time stands still");
            self.pass_to(next);
        }
    }

    pub(crate) fn pass_to(&mut self, next: Time) {
        self.server.hands.pass(next - self.diary.now);
        self.diary.now = next;
    }

    /// The writer shows that it lives on the grid, and not only between two points of it: all windows lie on it.
    fn next_stop(&mut self) -> Time {
        let next = self.next_time();
        let before = self.scale.on_grid_before(next);
        if !self.scale.is_short || before == next || before <= self.diary.now {
            return next;
        }
        self.diary.life_at = before;
        before
    }

    /// Everything that happens now, and what comes of it at once. True if the clock was set: then it is another now.
    fn instant(&mut self) -> bool {
        let now = self.diary.now;
        if !self.server.is_up() && self.diary.restart_at <= now && self.restart() {
            return true;
        }
        self.suffer();
        self.look_on();
        self.note_held();
        self.show_life();
        if self.diary.right_at.is_some_and(|(at, _)| at <= now) {
            self.put_the_date_right();
        }
        if self.mind_clock() {
            return true;
        }
        if self.diary.unrest_at <= now {
            self.diary.unrest_at =
                now + self.scale.grid.max(self.unrest.times(self.scale.grid, 1, self.unrest_units()));
            if !self.is_calm() && self.operate() {
                return true;
            }
        }
        // Somebody may have muted it just now.
        self.note_held();
        self.carry_on_at_times();
        self.run_jobs();
        self.mourn();
        self.prune_at_times();
        self.engine_rests();
        if self.server.is_up() && !self.diary.accidents.is_closing() {
            self.push_alerts();
            self.mourn();
            // What a failed call left may be due.
            self.engine_rests();
        }
        self.look_on();
        false
    }

    /// The engine prunes, where there is something to. A twin leaves that to its operators, who come at the same times.
    fn prune_at_times(&mut self) {
        let is_long = self.server.files.retention == Retention::default();
        if is_long || self.is_twin || self.diary.prune_at > self.diary.now {
            return;
        }
        self.prune(World::telling_fate);
        self.mourn();
    }

    /// The writer's turns that nobody asks for.
    fn show_life(&mut self) {
        let now = self.diary.now;
        if !self.server.is_up() || self.life_at() > now {
            return;
        }
        self.diary.life_at = now + self.scale.life;
        self.turn();
        // It may have shown that it lives a moment ago, and need not again.
        self.server.unsure_since.iter_mut().for_each(|since| *since = now);
    }

    /// When the writer next takes a turn by itself: soon, where the one before has failed, or is not known to have done what
    /// it should.
    fn life_at(&self) -> Time {
        let Some(process) = &self.server.process else { return self.diary.life_at };
        if !process.is_healthy() || !process.may_turn(self.diary.now) {
            return process.held_up_until;
        }
        let unsure = self.server.unsure_since.map(|since| self.scale.on_grid_before(since) + self.scale.grid);
        unsure.map_or(self.diary.life_at, |soon| self.diary.life_at.min(soon))
    }

    /// A turn of the writer, and what those hear who wait for it.
    pub(crate) fn turn(&mut self) {
        self.server.turn(self.diary.now);
        self.hear_answers();
        self.mourn();
    }

    /// The writer does what it is asked for, at once.
    pub(crate) fn is_ready(&self) -> bool {
        let process = self.server.process.as_ref();
        let is_closing = self.diary.accidents.is_closing();
        process.is_some_and(|process| process.is_healthy() && process.may_turn(self.diary.now) && !is_closing)
    }

    fn engine_rests(&mut self) {
        for _ in 0..2000 {
            if !self.engine_turns() {
                return self.nothing_leaves_unclaimed();
            }
        }
        panic!("the engine does not come to rest");
    }

    fn unrest_units(&self) -> i64 {
        2 * self.scale.unrest.as_ms() / self.scale.grid.as_ms()
    }

    /// At a stop only what is under way is still brought to its end.
    fn engine_turns(&mut self) -> bool {
        let now = self.diary.now;
        let mut did = false;
        if self.server.is_up() && self.look_at().is_some_and(|at| at <= now) {
            did = true;
            self.look();
        }
        if let Some(place) = self.receivers.under_way.iter().position(|sending| sending.ends_at <= now)
            && self.server.is_up()
        {
            did = true;
            self.settle(place);
        }
        if self.server.is_up() && self.claim_at().is_some_and(|at| at <= now) {
            did = true;
            self.claim();
        }
        self.mourn();
        did
    }

    /// The process may have died in a call: its attempts end with it, and somebody starts it again.
    pub(crate) fn mourn(&mut self) {
        if self.server.is_up() || self.diary.restart_at > self.diary.now {
            return;
        }
        let grid = self.scale.grid;
        let long = if self.setting == Setting::Absences { 3 } else { 0 };
        let away = match self.unrest.below(20).saturating_sub(long) {
            0..=11 => self.unrest.times(grid, 1, 5),
            12..=16 => self.unrest.times(grid, 5, 100),
            _ => self.unrest.times(grid, 120, 400),
        };
        let now = self.on_grid();
        self.diary.restart_at = now + away;
        self.receivers.under_way.clear();
        self.alertmanager.lose_the_process();
        self.overdue.clear();
        self.trace.say(self.diary.now, &format!("the process is dead for {away}"));
    }

    /// The next point of the grid, now included.
    pub(crate) fn on_grid(&self) -> Time {
        self.scale.on_grid_before(self.diary.now + self.scale.grid - Span::MS)
    }

    /// True if the wall clock was set meanwhile: then it is another now.
    fn restart(&mut self) -> bool {
        let calm = self.is_calm();
        let hazards = &mut self.hazards;
        let fate = || if calm { Fate::Fine } else { Fate::random(hazards, 60, true) };
        let up = self.server.start(fate);
        self.trace
            .say(self.diary.now, if up { "the process starts" } else { "the process dies while it starts" });
        if !up {
            self.diary.restart_at = self.diary.now + self.scale.grid;
            return false;
        }
        let by = self.server.process().clock.now() - self.diary.now;
        if by != Span::ZERO {
            self.shift(by);
        }
        self.receivers.a_process_starts();
        self.diary.life_at = self.diary.now;
        self.diary.look_not_before = self.diary.now;
        self.diary.claim_not_before = self.diary.now;
        by != Span::ZERO
    }

    /// What happens to calls that have to do with telling.
    pub(crate) fn telling_fate(&mut self) -> Fate {
        let fate = Fate::random(&mut self.telling, 25, !self.is_twin);
        if self.is_calm() || !self.setting.is_stormy() { Fate::Fine } else { fate }
    }

    /// 1.3: with ticks, somebody looks at every check at a time of no importance.
    fn tick_between(&mut self) -> bool {
        let next = self.next_time();
        let now = self.diary.now;
        let Some(ticks) = &mut self.ticks else { return false };
        let is_ready =
            self.server.process.as_ref().is_some_and(|process| process.is_healthy() && process.may_turn(now));
        if !is_ready || !ticks.percent(30) || next - now < Span::ms(2) {
            return false;
        }
        let at =
            now + Span::ms(1 + (ticks.next() % (next - now - Span::MS).as_ms().unsigned_abs()).cast_signed());
        self.pass_to(at);
        self.tick_all();
        true
    }

    /// 1.3: somebody looks at every check now.
    pub(crate) fn tick_all(&mut self) {
        let at = self.diary.now;
        let tick = |check: &CheckId| Entry { check: *check, at, what: What::Tick };
        let entries = self.server.judged.keys().map(tick).collect();
        assert!(self.server.apply(entries, at, Fate::Fine), "nothing fails here");
    }

    fn next_time(&self) -> Time {
        let diary = &self.diary;
        let jobs = self.jobs.iter().filter_map(Job::next).chain([diary.unrest_at]);
        let own = if self.server.is_up() {
            let sendings = self.receivers.under_way.iter().map(|sending| sending.ends_at);
            let right = diary.right_at.map(|(at, _)| at);
            let engine = [self.look_at(), self.claim_at(), Some(self.life_at()), right];
            sendings.chain(engine.into_iter().flatten()).min()
        } else {
            Some(diary.restart_at)
        };
        // Peace comes at the first point of the grid where it can, and not where somebody happens to look (1.3).
        let is_each = diary.accidents.is_crowded() || self.awaits_peace();
        let on_grid = is_each.then(|| self.scale.on_grid_before(diary.now) + self.scale.grid);
        let next = jobs
            .chain(own)
            .chain(diary.accidents.next())
            .chain(on_grid)
            .min()
            .unwrap_or(diary.ends)
            .min(diary.ends);
        if diary.now < diary.storm_ends { next.min(diary.storm_ends) } else { next }
    }

    /// Notes which of the checks that are bad are held now (8.2, 8.3, 7.3).
    fn note_held(&mut self) {
        let now = self.diary.now;
        let checks: Vec<CheckId> = self.server.judged.keys().copied().collect();
        for why in checks.into_iter().filter_map(|check| self.server.note_held(check, now)) {
            *self.held.entry(why).or_default() += 1;
        }
    }

    /// Its deliveries were held when its bad period ended, or when that was noticed.
    pub(crate) fn was_held(&self, check: u64, ended_at: Time) -> bool {
        let noticed_by = ended_at + Span::ms(self.scale.grid.as_ms() * 60);
        let judged = &self.server.judged[&CheckId(check)];
        // What it depends on may have gone bad, or well, at that very time, just before.
        let has_flipped = |on: &Judged| on.history.iter().any(|(at, _)| *at == ended_at);
        let is_it = |bad: &&Bad| bad.ended_at == Some(ended_at);
        let noticed_at = judged.bad.iter().rfind(is_it).and_then(|bad| bad.noticed_at);
        let on = judged.definition.depends_on.iter();
        on.filter_map(|name| self.server.depended_on(name)).any(has_flipped)
            || judged.held_at.iter().any(|at| ended_at <= *at && *at <= noticed_by)
            || noticed_at.is_some_and(|noticed| judged.held_at.contains(&noticed))
            || self.server.two_clocks.leapt_over(ended_at)
    }

    /// An action that some files asked for.
    pub(crate) fn action(&self, id: u64) -> Option<&Action> {
        self.actions.iter().find(|action| action.id.0 == id)
    }

    /// An action with the same receiver and delay is planned, which is enough (12.2).
    pub(crate) fn is_covered(&self, action: u64, planned: &BTreeSet<u64>) -> bool {
        let Some(it) = self.action(action) else { return false };
        let same = |other: &&Action| (&other.receiver, other.after) == (&it.receiver, it.after);
        self.actions.iter().filter(same).any(|other| planned.contains(&other.id.0))
    }
}
