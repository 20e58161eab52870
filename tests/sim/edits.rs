//! Checks that are made, changed and deleted through an API (§16): what is asked for at random, and what a bystander
//! makes of it.

use std::sync::Arc;

use punctual::core::check::{CheckId, Definition, Name, Source};
use punctual::core::schedule::Schedule;
use punctual::core::time::Time;
use punctual::store::{Edit, EditError, NewCheck, SpecChange};

use crate::fate::Fate;
use crate::jobs::Job;
use crate::judged::Judged;
use crate::scene::{join_team, random_check, random_due, vary_runs};
use crate::server::Server;
use crate::world::World;

/// So many there may be at a time, beside those of the files.
const MOST: usize = 3;

impl Server {
    /// What an API made, and did not delete.
    pub(crate) fn made(&self) -> Vec<CheckId> {
        let is_made = |judged: &Judged| judged.definition.source == Source::Api && !judged.model.archived;
        self.judged.iter().filter(|(_, judged)| is_made(judged)).map(|(id, _)| *id).collect()
    }

    /// What an API made under this name, also if it was deleted: no name is given twice.
    pub(crate) fn ever_made(&self, name: &str) -> Option<&Judged> {
        let is_it = |judged: &&Judged| {
            judged.definition.source == Source::Api && judged.definition.name.as_str() == name
        };
        self.judged.values().find(is_it)
    }

    /// One edit, which nothing but `fate` refuses.
    pub(crate) fn edit(&mut self, edit: &Edit, now: Time, fate: Fate) {
        let next = CheckId(self.judged.len() as u64 + 1);
        let asked = edit.clone();
        let done = self.call(now, fate, move |store, now| {
            store.edit(asked, "ann", now).map_err(|error| match error {
                EditError::Store(error) => error,
                other => panic!("an edit is refused: {other}"),
            })
        });
        let is_create = matches!(edit, Edit::Create(_));
        assert!(!is_create || done.answer.is_none_or(|id| id == next), "it has another number");
        if done.commits > 0 {
            self.tell_edit(edit.clone(), next, now);
        }
    }

    /// 10.2, 10.3, 16.3, 16.7, as the bystanders understand it.
    fn tell_edit(&mut self, edit: Edit, next: CheckId, now: Time) {
        self.note_forgotten(now);
        let (scale, files) = (self.scale.clone(), self.files.clone());
        match edit {
            Edit::Create(new) => {
                let mut judged = Judged::declared(&new.definition, &scale, &self.blind, now);
                if new.paused {
                    judged.model.pause(None, now);
                }
                self.judged.insert(next, judged);
            }
            Edit::Update { check, definition, how } => {
                let judged = self.judged.get_mut(&check).expect("only what is known is changed");
                judged.define(&definition);
                let plan = Judged::plan(&judged.definition, &scale);
                if judged.plan.spec == plan.spec && how == SpecChange::Judged {
                    return;
                }
                judged.walk(now, &scale, &files);
                match how {
                    SpecChange::Judged => judged.model.change(&judged.plan, &plan, now),
                    // No canary, and so without a history: what counts is what 2.1 counts from.
                    SpecChange::Rearmed => {
                        judged.model.rearm(&judged.plan, &plan, judged.model.counts_from(), now);
                    }
                }
                judged.plan = plan;
                judged.note(now, &files);
            }
            Edit::Delete { check } => {
                let judged = self.judged.get_mut(&check).expect("only what is known is deleted");
                judged.walk(now, &scale, &files);
                judged.archive(now, &files);
            }
        }
    }
}

impl World {
    /// Somebody makes a check, changes one or deletes one.
    pub(crate) fn edit(&mut self, lot: usize) {
        let (now, fate) = (self.diary.now, Fate::random(&mut self.unrest, 60, true));
        let made = self.server.made();
        let edit = match lot % 8 {
            0..=3 if made.len() < MOST => self.create(lot),
            7 if !made.is_empty() => Edit::Delete { check: made[lot / 8 % made.len()] },
            _ if !made.is_empty() => self.update(made[lot / 8 % made.len()]),
            _ => self.create(lot),
        };
        self.trace.say(now, &format!("{edit:?}, {fate:?}").chars().take(160).collect::<String>());
        self.server.edit(&edit, now, fate);
        if let Edit::Create(new) = &edit
            && self.server.ever_made(new.definition.name.as_str()).is_some()
        {
            self.jobs.push(Job::new(new.definition.name.as_str(), lot as u64, now));
        }
    }

    fn create(&mut self, lot: usize) -> Edit {
        let name = format!("a{}", self.server.judged.len());
        let definition = Definition {
            name: Name::parse(&name).unwrap(),
            title: name.as_str().into(),
            source: Source::Api,
            emails: if lot.is_multiple_of(3) {
                Default::default()
            } else {
                vec![format!("{name}@example.org")].into()
            },
            ..random_check(&mut self.unrest, &self.scale, 0)
        };
        Edit::Create(Box::new(NewCheck { definition, paused: lot.is_multiple_of(5), past: None }))
    }

    fn update(&mut self, check: CheckId) -> Edit {
        let (scale, rng) = (&self.scale, &mut self.unrest);
        let mut definition = self.server.judged[&check].definition.clone();
        let spec = Arc::make_mut(&mut definition.spec);
        let is_counted = matches!(spec.schedule, Schedule::Counted(_) | Schedule::CountedAt(..));
        match rng.below(5) {
            0 | 1 if !is_counted => spec.schedule = random_due(rng, scale),
            2 if !is_counted => vary_runs(rng, scale, spec),
            3 => spec.failures_before_alert = rng.pick(&[1, 2, 3]),
            _ => join_team(&mut definition.labels, rng),
        }
        // As coal-mine's users do it: of a check that is due by a period, and has no other time to be late at.
        let is_canary_s = matches!(definition.spec.schedule, Schedule::Every(_) | Schedule::Periods(_))
            && definition.spec.start_within.is_none();
        let how = if is_canary_s && rng.percent(50) { SpecChange::Rearmed } else { SpecChange::Judged };
        Edit::Update { check, definition: Box::new(definition), how }
    }
}
