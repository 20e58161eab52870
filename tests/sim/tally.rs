//! How often what happened, over all worlds: a property of what never happens holds nothing.

use std::collections::BTreeMap;
use std::fmt;

use punctual::core::check::CheckId;
use punctual::core::refusals::Refusals;

use crate::evidence::{Evidence, Flip};
use crate::oracles::Looks;
use crate::receivers::Try;
use crate::world::World;

/// Everything that was counted, by a name.
#[derive(Clone, Default)]
pub(crate) struct Tally(BTreeMap<String, u64>);

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

impl Tally {
    pub(crate) fn count(&mut self, what: impl Into<String>, times: u64) {
        *self.0.entry(what.into()).or_default() += times;
    }

    pub(crate) fn add(&mut self, other: &Tally) {
        for (what, times) in &other.0 {
            self.count(what, *times);
        }
    }

    /// Each of these happened so often in a hundred worlds.
    pub(crate) fn assert_least(&self, worlds: usize, least: &[(&str, u64)]) {
        let rare: Vec<String> = least
            .iter()
            .map(|(what, wanted)| (what, wanted, self.0.get(*what).copied().unwrap_or(0)))
            .filter(|(_, wanted, times)| times * 100 < *wanted * worlds as u64)
            .map(|(what, wanted, times)| format!("{what}: {times} times, not {wanted} in 100 worlds"))
            .collect();
        assert!(rare.is_empty(), "too rare in {worlds} worlds to hold anything: {rare:#?}");
    }

    /// What happened in one world.
    pub(crate) fn count_world(&mut self, world: &World, evidence: &Evidence) {
        let server = &world.server;
        for flip in evidence.flips.values().flatten() {
            self.count("flips", 1);
            self.count_causes(flip);
        }
        self.count("incidents", evidence.incidents.values().map(|of| of.len() as u64).sum());
        self.count_messages(world, evidence);
        self.count("deaths", server.deaths.into());
        self.count("errors", server.errors.into());
        for (what, times) in server.grip.faults() {
            self.count(format!("fault {what}"), times);
        }
        let (looks, behind, late) = server.readers().tally();
        self.count("looks", looks);
        self.count("looks as of before", behind);
        self.count("seen late", late);
        self.count("pings pruned", server.forgotten.pings);
        self.count("checks forgotten", server.forgotten.checks);
        self.count("left behind for what was worse", world.left_behind);
        self.count("alerts that fired", world.alertmanager.fired);
        for (why, times) in &world.held {
            self.count(format!("held {why}"), *times);
        }
        for judged in server.judged.values() {
            let is_long = judged.log.longest_row > Refusals::MAX as u32;
            self.count("checks refused more often in a row than is remembered", is_long.into());
            let bad = judged.bad.iter();
            self.count("blind, and then known", bad.filter(|bad| bad.after_blind.is_some()).count() as u64);
            let over = judged.bad.iter().map(|bad| bad.terms_over.len() as u64);
            self.count("acknowledged for a time that is over", over.sum());
            self.count("reopened", judged.bad.iter().map(|bad| bad.reopened.len() as u64).sum());
        }
    }

    fn count_causes(&mut self, flip: &Flip) {
        for (kind, ..) in &flip.causes {
            self.count(format!("cause {kind}"), 1);
        }
    }

    fn count_messages(&mut self, world: &World, evidence: &Evidence) {
        let tries = &world.receivers.tries;
        let mut of = |what: &str, is_it: &dyn Fn(&Try) -> bool| {
            self.count(what, tries.iter().filter(|attempt| is_it(attempt)).count() as u64);
        };
        of("attempts", &|_| true);
        of("attempts at checks' own addresses", &|attempt| attempt.receiver.starts_with("emails/"));
        of("attempts after the first", &|attempt| attempt.attempt > 1);
        of("messages of several", &|attempt| attempt.attempt == 1 && attempt.members.len() > 1);
        of("messages of hundreds", &|attempt| attempt.attempt == 1 && attempt.members.len() > 200);
        let split = evidence.messages.iter().filter(|message| message.state == "split");
        self.count("messages split", split.count() as u64);
        for row in &evidence.deliveries {
            let reason = row.reason.as_deref().map_or(String::new(), |reason| format!(" {reason}"));
            self.count(format!("{} {}{reason}", row.kind, row.state), 1);
            if row.state == "sent" && row.given_up.is_some() {
                self.count("told after all", 1);
            }
        }
        let is_known = |check: &u64| world.server.judged.contains_key(&CheckId(*check));
        assert!(evidence.incidents.keys().all(is_known), "an incident of no check");
    }

    pub(crate) fn count_looks(&mut self, looks: &Looks) {
        for (kind, of) in ["periods", "times"].into_iter().enumerate() {
            self.count(format!("deadlines seen, {of}"), looks.seen[kind]);
            self.count(format!("deadlines moved, {of}"), looks.moved[kind]);
        }
        self.count("deadlines lost", looks.lost);
        self.count("jobs that try again in time", looks.patient);
    }
}
