//! After the storm: nothing goes wrong any more, and at last nothing is declared.

use punctual::core::check::CheckId;
use punctual::core::time::Span;
use punctual::store::{Edit, Entry, What};

use crate::fate::Fate;
use crate::jobs::Character;
use crate::scene::Files;
use crate::world::World;

impl World {
    /// The storm is over: nothing goes wrong any more, and nobody is asked to be silent. False until that is so.
    pub(crate) fn make_peace(&mut self) -> bool {
        let now = self.diary.now;
        self.server.grip.calm_down();
        let clock = self.server.process.as_ref().map(|process| process.clock.clone());
        if let Some(clock) = clock.filter(|clock| !clock.is_trusted()) {
            self.server.hands.set_wall(clock.now() - self.server.hands.wall());
            return false;
        }
        // Somebody unpauses then, and all facts lie on the grid.
        if !self.is_ready() || self.on_grid() != now {
            return false;
        }
        self.trace.say(now, "the storm is over");
        // Some mutes end by themselves, others sooner.
        let long = now + Span::ms(self.scale.calm.as_ms() / 2);
        let unmuted: Vec<_> =
            self.server.mutes.extract_if(.., |mute| mute.until > long || mute.id.is_multiple_of(2)).collect();
        for mute in unmuted {
            let done = self.server.call(now, Fate::Fine, move |store, now| store.unmute(mute.id, "ann", now));
            done.answer.expect("nothing fails here");
        }
        let ids: Vec<CheckId> = self.server.judged.keys().copied().collect();
        for id in ids {
            let judged = &self.server.judged[&id];
            if judged.model.paused_at_run_time && !judged.model.archived {
                let unpause = Entry { check: id, at: now, what: What::Unpause { comment: None, by: None } };
                assert!(self.server.apply(vec![unpause], now, Fate::Fine), "nothing fails here");
            }
        }
        true
    }

    /// The dead check's job never ran: it is late, or we say that we cannot tell (2.5, 9.5).
    pub(crate) fn dead_is_bad(&self) -> bool {
        let dead = self.jobs.iter().find(|job| job.character == Character::Dead);
        let name = &dead.expect("there is a job that never runs").name;
        let check = self.server.judged.values().find(|judged| judged.definition.name.as_str() == name);
        check.is_some_and(|check| !check.model.causes.is_empty())
    }

    /// Nothing is declared any more.
    pub(crate) fn remove_everything(&mut self) {
        self.pass_to(self.on_grid());
        let now = self.diary.now;
        self.jobs.clear();
        self.waiting.clear();
        let files = Files { checks: Vec::new(), ..self.server.files.clone() };
        self.server.carry_on(usize::MAX, now, Fate::Fine);
        assert!(self.server.configure(&files, now, Fate::Fine), "nothing fails here");
        assert!(self.server.carry_on(usize::MAX, now, Fate::Fine), "nothing fails here");
        for check in self.server.made() {
            self.server.edit(&Edit::Delete { check }, now, Fate::Fine);
        }
    }
}
