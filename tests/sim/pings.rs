//! Pings, from a job to the answer that it gets.

use punctual::core::check::{CheckId, Definition};
use punctual::core::time::Time;
use punctual::store::Applied;
use punctual::store::writer::PingAnswer;

use crate::jobs::Shot;
use crate::settings::Setting;
use crate::world::World;

/// A ping whose job waits for the answer.
pub(crate) struct Waiting {
    job: usize,
    shot: Shot,
    check: CheckId,
    at: Time,
    answer: PingAnswer,
}

impl World {
    pub(crate) fn run_jobs(&mut self) {
        let now = self.diary.now;
        for number in 0..self.jobs.len() {
            if self.jobs[number].next().is_none_or(|at| at > now) {
                continue;
            }
            let name = self.jobs[number].name.clone();
            let is_it = |check: &&Definition| goes_by(check, &name);
            let spec = self.server.files.checks.iter().find(is_it).map(|check| check.spec.clone());
            let spec = spec.or_else(|| {
                let gone = self.attic.iter().find(is_it);
                gone.map(|check| check.spec.clone())
            });
            let made = || self.server.ever_made(&name).map(|judged| judged.definition.spec.clone());
            let spec = spec.or_else(made).expect("a job's check is in the files, in the attic, or was made");
            let shots = self.jobs[number].shots(&spec, &self.scale, now);
            for shot in shots {
                self.shoot(number, shot);
            }
        }
        // The writer takes a turn each second, and tells what was refused before it shows again that it lives (9.1). Where
        // its signs of life are stored only now and then, as if it had been idle, it must not owe anything meanwhile.
        let owes = !self.scale.is_short && self.server.owed.before(Time::MAX).is_some();
        if !self.waiting.is_empty() || owes {
            self.turn();
        }
    }

    fn shoot(&mut self, number: usize, shot: Shot) {
        let now = self.diary.now;
        let name = self.jobs[number].name.clone();
        let accidents = self.diary.accidents;
        if accidents.is_crowded() && !accidents.is_closing() && self.server.is_up() {
            self.server.refuse_unread(now);
        }
        // Who is connected already when the listeners close is still heard.
        let is_deaf = accidents.is_crowded() || accidents.is_closing() && !self.batches.percent(20);
        let Some(process) = self.server.process.as_ref().filter(|_| !is_deaf) else {
            return self.jobs[number].not_heard(shot, &self.scale, now);
        };
        let found = process.live.find(&name).map(|check| (check.id, check.definition.spec.assert.is_some()));
        let Some((check, asserts)) = found else {
            let is_there = |check: &&Definition| !self.server.is_to_be_added(&check.name);
            let declared = self.server.files.checks.iter().filter(is_there);
            let is_declared = declared.clone().any(|check| goes_by(check, &name));
            let is_made = self.server.ever_made(&name).is_some_and(|judged| !judged.model.archived);
            assert!(
                self.server.unsure_since.is_some() || !is_declared && !is_made,
                "`{name}` is declared, and its ping finds nothing (10.3)"
            );
            return;
        };
        let queued = match shot.result() {
            Some(result) if asserts => process.writer.report(check, result),
            // Nobody says that they begin to look.
            None if asserts => return,
            _ => process.writer.ping(check, shot.fact()),
        };
        match queued {
            Ok(answer) => self.waiting.push(Waiting { job: number, shot, check, at: now, answer }),
            Err(_) => self.not_taken(number, shot, (check, now)),
        }
        if self.batches.percent(if matches!(self.setting, Setting::Crowd { .. }) { 1 } else { 50 }) {
            self.turn();
        }
    }

    fn not_taken(&mut self, job: usize, shot: Shot, (check, at): (CheckId, Time)) {
        let now = self.diary.now;
        self.server.refused(check, at);
        self.trace.say(now, &format!("{} pings {}: 503", self.jobs[job].name, shot.kind().as_str()));
        self.jobs[job].not_heard(shot, &self.scale, now);
    }

    pub(crate) fn hear_answers(&mut self) {
        let now = self.diary.now;
        let is_up = self.server.is_up();
        for mut waiting in std::mem::take(&mut self.waiting) {
            if !is_up {
                // It may have been stored, or not.
                self.jobs[waiting.job].not_heard(waiting.shot, &self.scale, now);
                continue;
            }
            match waiting.answer.try_recv() {
                // It was declared otherwise meanwhile (17.2).
                Ok(Ok(Applied::TakesPings | Applied::TakesResults)) => {
                    self.jobs[waiting.job].not_heard(waiting.shot, &self.scale, now);
                }
                Ok(Ok(_)) => {
                    let (job, kind) = (&self.jobs[waiting.job].name, waiting.shot.kind());
                    self.trace.say(now, &format!("{job} pings {}: taken", kind.as_str()));
                }
                Ok(Err(_)) => self.not_taken(waiting.job, waiting.shot, (waiting.check, waiting.at)),
                Err(_) => self.waiting.push(waiting),
            }
        }
    }
}

/// It has this name, or had it.
fn goes_by(check: &Definition, name: &str) -> bool {
    check.name.as_str() == name || check.renamed_from.iter().any(|old| old.as_str() == name)
}
