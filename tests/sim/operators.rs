//! What people do, and what befalls the machine: pauses, mutes, reloads, incidents that are acknowledged, clocks that are
//! set, and deaths between two calls.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use punctual::core::check::{CheckId, Name, Spec};
use punctual::core::incident::IncidentId;
use punctual::core::route::{Matcher, Mute};
use punctual::core::schedule::Schedule;
use punctual::core::time::Span;
use punctual::store::{Entry, Saying, Stance, What};
use rusqlite::{Connection, OpenFlags};

use crate::fate::Fate;
use crate::hand::show_life;
use crate::rng::Rng;
use crate::scene::{Files, Scale, Wish, join_team, random_due, random_spec, vary_runs};
use crate::server::Server;
use crate::settings::Setting;
use crate::world::World;

/// A mute's text as the model understands it.
pub(crate) fn wish_of(text: &str) -> Wish {
    let (label, value) = text.split_once('=').expect("mutes of the simulation are `label=\"value\"`");
    let labels = ["check", "group", "reason", "status", "team"];
    let label = labels.into_iter().find(|known| *known == label).expect("a label that the simulation uses");
    Wish { label, value: value.trim_matches('"').to_owned() }
}

/// A reader beside the process. The one that this thread had last is used again: each claim is looked at, and to read the
/// schema anew took longer than the rows.
pub(crate) fn reader(folder: &Path) -> Rc<Connection> {
    thread_local! {
        static LAST: RefCell<Option<(PathBuf, Rc<Connection>)>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some((known, db)) if known == folder => db.clone(),
        _ => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let db = Rc::new(Connection::open_with_flags(folder.join("punctual.db"), flags).unwrap());
            *last = Some((folder.to_owned(), db.clone()));
            db
        }
    })
}

/// Incidents that have not ended, oldest first, with their checks.
pub(crate) fn open_incidents(server: &Server) -> Vec<(IncidentId, CheckId)> {
    let db = reader(server.folder());
    let mut find =
        db.prepare_cached("SELECT id, check_id FROM incidents WHERE ended_at IS NULL ORDER BY id").unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        Ok((IncidentId(row.get::<_, i64>(0)?.unsigned_abs()), CheckId(row.get::<_, i64>(1)?.unsigned_abs())))
    };
    find.query_map([], row).unwrap().map(Result::unwrap).collect()
}

impl World {
    /// One thing that people do. True if the time is another now.
    pub(crate) fn operate(&mut self) -> bool {
        let Some(kind) = self.setting.doing(&mut self.unrest) else { return false };
        let lot = self.unrest.next() as usize;
        if !self.server.is_up() || self.diary.accidents.is_closing() {
            return false;
        }
        match kind {
            0..=2 => self.pause_or_unpause(lot),
            3..=5 => self.mute(lot),
            6..=9 => self.reload(lot),
            10 => self.take_out_or_put_back(lot),
            11 => self.rename(lot),
            12 | 13 | 34..=36 => self.stand(lot),
            14 => self.receiver_goes_or_comes(lot),
            15 | 16 => return self.set_clock(lot),
            // How many slices a round has may depend on when things were noticed.
            17 if self.is_twin => self.prune(|_| Fate::Fine),
            17 => self.prune(World::fate),
            18..=22 => self.edit(lot),
            23..=28 => self.befall(kind - 23, lot),
            _ => self.kill(),
        }
        self.mourn();
        false
    }

    /// Checks that people touch: neither the good nor the dead one.
    fn touchable(&self, lot: usize) -> Option<CheckId> {
        let ids: Vec<CheckId> = self
            .server
            .judged
            .iter()
            .filter(|(_, judged)| !judged.model.archived)
            .map(|(id, _)| *id)
            .collect();
        let ids: Vec<CheckId> = ids.into_iter().filter(|id| id.0 > 2).collect();
        (!ids.is_empty()).then(|| ids[lot % ids.len()])
    }

    fn fate(&mut self) -> Fate {
        Fate::random(&mut self.unrest, 60, true)
    }

    pub(crate) fn kill(&mut self) {
        if self.is_twin {
            // Nothing may depend on when it last showed that it lives.
            let doubted = self.server.process().clock.doubted();
            self.server.call(self.diary.now, Fate::Fine, move |store, now| show_life(store, doubted, now));
        }
        if self.server.is_up() {
            self.server.die();
        }
    }

    fn pause_or_unpause(&mut self, lot: usize) {
        let (now, fate) = (self.diary.now, self.fate());
        let Some(check) = self.touchable(lot) else { return };
        let is_paused = self.server.judged[&check].model.paused_at_run_time;
        // Some pauses end by themselves.
        let ends = lot.is_multiple_of(3).then(|| now + self.unrest.times(self.scale.grid, 5, 200));
        let what = if is_paused {
            What::Unpause { comment: None, by: None }
        } else {
            What::Pause { comment: None, by: None, until: ends }
        };
        self.trace.say(now, &format!("{what:?} {check:?}, {fate:?}"));
        self.server.apply(vec![Entry { check, at: now, what }], now, fate);
    }

    fn mute(&mut self, lot: usize) {
        let (now, fate) = (self.diary.now, self.fate());
        if lot.is_multiple_of(4) && !self.server.mutes.is_empty() {
            let mute = self.server.mutes.remove(lot / 4 % self.server.mutes.len());
            self.trace.say(now, &format!("unmute {}", mute.text));
            let id = mute.id;
            let done = self.server.call(now, fate, move |store, now| store.unmute(id, "ann", now));
            if done.commits == 0 {
                self.server.mutes.push(mute);
            }
            return;
        }
        let texts = [
            "check=\"c2\"",
            "team=\"dba\"",
            "status=\"late\"",
            "reason=\"failed\"",
            "group=\"g1\"",
            "check=\"dead\"",
        ];
        let text = texts[lot % texts.len()].to_owned();
        let until = now + self.unrest.times(self.scale.grid, 10, 300);
        self.trace.say(now, &format!("mute {text} until {until}, {fate:?}"));
        let mute = Mute {
            id: 0,
            matchers: Matcher::parse_list(&text).unwrap(),
            text,
            until,
            since: now,
            comment: String::new(),
            by: String::new(),
        };
        let asked = mute.clone();
        let done = self.server.call(now, fate, move |store, now| store.mute(asked, now));
        if done.commits > 0 {
            let id = done.answer.unwrap_or_else(|| newest_mute(&self.server));
            self.server.mutes.push(Mute { id, ..mute });
        }
    }

    /// Takes new files, and again until they are taken. What the process dies of, it dies of. What they change may follow
    /// later.
    fn take_files(&mut self, files: &Files) {
        let now = self.diary.now;
        for _ in 0..10 {
            self.carry_out_files();
            let fate = self.fate();
            if !self.server.is_up() || self.server.configure(files, now, fate) {
                break;
            }
        }
        // A death between two checks would have some change at another time than the twin's.
        if self.is_twin {
            self.carry_out_files();
        }
    }

    /// What the files in force still change is changed now.
    pub(crate) fn carry_out_files(&mut self) {
        for _ in 0..10 {
            if !self.server.has_pending() || !self.server.is_up() {
                return;
            }
            let fate = if self.is_twin { Fate::Fine } else { self.fate() };
            self.server.carry_on(usize::MAX, self.diary.now, fate);
        }
    }

    /// The reloader goes on with what the files in force change.
    pub(crate) fn carry_on_at_times(&mut self) {
        if self.server.is_up() && self.is_ready() && self.server.has_pending() && self.unrest.percent(30) {
            let (limit, fate) = (1 + self.unrest.below(3), self.fate());
            self.trace.say(self.diary.now, &format!("so many checks are changed: {limit}, {fate:?}"));
            self.server.carry_on(limit, self.diary.now, fate);
            self.mourn();
        }
    }

    fn reload(&mut self, lot: usize) {
        let now = self.diary.now;
        let mut files = self.server.files.clone();
        let (scale, rng) = (self.scale.clone(), &mut self.unrest);
        if files.checks.len() < 3 {
            return;
        }
        let place = 2 + lot % (files.checks.len() - 2);
        let check = &mut files.checks[place];
        let spec = Arc::make_mut(&mut check.spec);
        let is_counted = matches!(spec.schedule, Schedule::Counted(_) | Schedule::CountedAt(..));
        match rng.below(6) {
            0 if !is_counted => spec.schedule = random_due(rng, &scale),
            1 if !is_counted => vary_runs(rng, &scale, spec),
            2 => {
                let least = spec.start_within.unwrap_or(Span::ZERO);
                spec.grace = rng.times(scale.grid, 0, 25).max(least);
            }
            3 => spec.failures_before_alert = rng.pick(&[1, 2, 3]),
            4 => spec.paused = !spec.paused,
            _ => join_team(&mut check.labels, rng),
        }
        let what =
            format!("reload: {} is {:?}, paused {}", check.name, check.spec.schedule, check.spec.paused);
        self.trace.say(now, &what.chars().take(120).collect::<String>());
        self.take_files(&files);
    }

    fn take_out_or_put_back(&mut self, lot: usize) {
        let now = self.diary.now;
        let mut files = self.server.files.clone();
        let mut attic = self.attic.clone();
        let comes_back = !attic.is_empty() && !lot.is_multiple_of(3);
        if comes_back {
            let mut check = attic.remove(lot % attic.len());
            if lot.is_multiple_of(2) {
                check.spec = random_like(&mut self.unrest, &self.scale, &check.spec).into();
            }
            self.trace.say(now, &format!("{} is declared again", check.name));
            files.checks.push(check);
        } else if files.checks.len() > 3 {
            let check = files.checks.remove(2 + lot % (files.checks.len() - 2));
            self.trace.say(now, &format!("{} is taken out", check.name));
            attic.push(check);
        }
        let declared: Vec<Name> = files.checks.iter().map(|check| check.name.clone()).collect();
        for check in &mut files.checks {
            check.depends_on.retain(|name| declared.contains(name));
        }
        self.take_files(&files);
        let is_taken = self.server.files.checks.len() == files.checks.len();
        if is_taken {
            self.attic = attic;
        }
    }

    /// 10.3: the job goes on pinging the old URL, or knows better.
    fn rename(&mut self, lot: usize) {
        let now = self.diary.now;
        let mut files = self.server.files.clone();
        if files.checks.len() < 3 {
            return;
        }
        let place = 2 + lot % (files.checks.len() - 2);
        let old = files.checks[place].name.clone();
        let new = Name::parse(&format!("n{}", self.renames)).unwrap();
        self.renames += 1;
        self.trace.say(now, &format!("{old} is renamed {new}"));
        files.checks[place].renamed_from.push(old.clone());
        files.checks[place].name = new.clone();
        for check in &mut files.checks {
            for name in check.depends_on.iter_mut().filter(|name| **name == old) {
                *name = new.clone();
            }
        }
        self.take_files(&files);
        let is_taken = self.server.files.checks.iter().any(|check| check.name == new);
        if is_taken && lot.is_multiple_of(2) {
            let job = self.jobs.iter_mut().find(|job| job.name == old.as_str());
            job.into_iter().for_each(|job| job.name = new.to_string());
        }
    }

    /// 11.2
    fn stand(&mut self, lot: usize) {
        let (now, fate) = (self.diary.now, self.fate());
        let open = open_incidents(&self.server);
        if open.is_empty() {
            return;
        }
        let stance_of = |check: &CheckId| self.server.judged[check].open().map(|bad| bad.stance);
        let mut stood =
            open.iter().filter(|(_, check)| stance_of(check).is_some_and(|stance| stance != Stance::Reopen));
        // Often the one of which something was said already, and then mostly that it is open.
        let stood = stood.next().filter(|_| lot.is_multiple_of(2)).copied();
        let first = stood.unwrap_or(open[lot % open.len()]);
        let stances = [Stance::Acknowledge, Stance::WontFix, Stance::Reopen];
        let stance =
            stood.filter(|_| !lot.is_multiple_of(3)).map_or(stances[lot / 7 % 3], |_| Stance::Reopen);
        // Sometimes of some others, too, in the same call.
        let others = open.iter().copied().filter(|other| *other != first).take(lot / 5 % 4);
        let said: Vec<_> = [first].into_iter().chain(others.filter(|_| lot.is_multiple_of(5))).collect();
        let longest = if self.setting == Setting::Answers { 6 } else { 60 };
        let lasts = Span::secs(20 * (1 + i64::try_from(lot / 11 % longest).unwrap()));
        let is_for_a_time = stance == Stance::Acknowledge && (lot / 3).is_multiple_of(2);
        let until = is_for_a_time.then_some(now + lasts);
        self.trace.say(now, &format!("{said:?}: {stance:?} until {until:?}, {fate:?}"));
        let ids: Vec<_> = said.iter().map(|(incident, _)| *incident).collect();
        let saying = Saying { until, ..Saying::new(stance, "ops") };
        let done = self.server.call(now, fate, move |store, now| store.stand_all(&ids, &saying, now));
        if done.commits == 0 {
            return;
        }
        let files = self.server.files.clone();
        for (incident, check) in said {
            self.server.tell_pending_of(check);
            let judged = self.server.judged.get_mut(&check).expect("a check of the store is known");
            // What is due of it may not have been looked at: that is no matter of people.
            judged.end_term(now, &files);
            judged.stand(stance, until, &files, now);
            *self.stood.entry(incident).or_default() += 1;
        }
    }

    fn receiver_goes_or_comes(&mut self, lot: usize) {
        let now = self.diary.now;
        let mut files = self.server.files.clone();
        let is_there = files.receivers.contains_key("chat");
        if is_there && !lot.is_multiple_of(3) {
            return;
        }
        if is_there {
            files.receivers.remove("chat");
            for watch in &mut files.watches {
                watch.actions.retain(|action| &*action.receiver != "chat");
            }
            self.ever_gone.insert("chat".to_owned());
        } else {
            let policy = files.receivers["pager"].clone();
            files.receivers.insert("chat".into(), policy);
        }
        self.trace.say(now, if is_there { "chat is gone" } else { "chat is back" });
        self.take_files(&files);
    }

    /// 1.1: a clock that is set, and sometimes a wrong date that is put right after a while.
    fn set_clock(&mut self, lot: usize) -> bool {
        if self.diary.right_at.is_some() || !self.is_ready() {
            return false;
        }
        let grid = self.scale.grid;
        let units = |count: usize| Span::ms(grid.as_ms() * count as i64);
        let by = match lot % 8 {
            0 | 1 => units(6 + lot / 8 % 100),
            2 | 3 => units(120 + lot / 8 % 300),
            4..=6 => Span::ZERO - units(6 + lot / 8 % 200),
            _ => {
                let by = units(3000 + lot / 8 % 6000);
                // Like all that goes wrong it is over with the storm: after it a message may still wait for ten minutes.
                let storm_ends = self.diary.storm_ends + by;
                let right_at = (self.diary.now + by + units(20 + lot / 16 % 200)).min(storm_ends);
                self.diary.right_at = Some((right_at, by));
                by
            }
        };
        self.server.hands.set_wall(by);
        self.trace.say(self.diary.now, &format!("the clock is set by {by}"));
        self.mind_clock()
    }

    pub(crate) fn put_the_date_right(&mut self) {
        let (_, by) = self.diary.right_at.take().expect("there is a date to put right");
        self.server.hands.set_wall(Span::ZERO - by);
    }

    /// The engine's look at the wall clock. True if it follows one that was set: then it is another now.
    pub(crate) fn mind_clock(&mut self) -> bool {
        let now = self.diary.now;
        if !self.is_ready() || self.on_grid() != now {
            return false;
        }
        let Some(ahead) = self.server.process().clock.jump() else { return false };
        if self.is_twin && ahead < Span::ZERO {
            // Who looks late forgets with the wrong date what was due by it: both twins look once more before that.
            self.tick_all();
        }
        let fate = if self.is_twin { Fate::Fine } else { self.telling_fate() };
        let is_stored = self.server.follow_wall_clock(now, ahead, fate);
        self.hear_answers();
        if !is_stored {
            self.diary.life_at = self.diary.life_at.min(now + self.scale.grid);
        }
        // It may follow though not all of that is stored.
        let clock = self.server.process.as_ref().map(|process| process.clock.clone());
        let by = clock.map_or(Span::ZERO, |clock| clock.now() - now);
        if by != Span::ZERO {
            self.shift(by);
        }
        by != Span::ZERO
    }

    /// It is another time now, and all that is planned comes after as long a time.
    pub(crate) fn shift(&mut self, by: Span) {
        let before = self.diary.now;
        if by > Span::ZERO {
            self.server.two_clocks.set_ahead(before, before + by);
        }
        self.patience.clear();
        self.overdue.clear();
        self.alertmanager.forget();
        for job in &mut self.jobs {
            job.shift(by);
        }
        for sending in &mut self.receivers.under_way {
            sending.ends_at = sending.ends_at + by;
        }
        if let Some(process) = &mut self.server.process {
            process.held_up_until = process.held_up_until + by;
        }
        let diary = &mut self.diary;
        for time in [
            &mut diary.now,
            &mut diary.storm_ends,
            &mut diary.ends,
            &mut diary.life_at,
            &mut diary.watch_at,
            &mut diary.unrest_at,
            &mut diary.prune_at,
            &mut diary.look_not_before,
            &mut diary.claim_not_before,
        ] {
            *time = *time + by;
        }
        diary.accidents.shift(by);
        diary.restart_at = diary.now;
        self.trace.say(before, &format!("it is {} now", self.diary.now));
    }
}

/// Another spec with the same kind of schedule.
fn random_like(rng: &mut Rng, scale: &Scale, old: &Spec) -> Spec {
    let is_counted = |spec: &Spec| matches!(spec.schedule, Schedule::Counted(_) | Schedule::CountedAt(..));
    let new = random_spec(rng, scale);
    if is_counted(&new) || is_counted(old) { old.clone() } else { new }
}

fn newest_mute(server: &Server) -> u64 {
    let db = reader(server.folder());
    db.query_row("SELECT max(id) FROM mutes", [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
}
