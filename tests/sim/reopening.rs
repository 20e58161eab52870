//! What is told of an incident that stands open again: by what people and time have made of it, and by no mechanism (11.2, 22.4).

use std::collections::BTreeSet;

use punctual::core::cause::Family;
use punctual::core::check::Definition;
use punctual::core::outbox::DeliveryId;
use punctual::core::route::ActionId;
use punctual::core::time::{Span, Time};
use punctual::store::Stance;

use crate::evidence::{Delivery, Evidence};
use crate::judged::{Bad, actions_for, matching};
use crate::model::Causes;
use crate::properties::bad_of;
use crate::scene::Files;
use crate::tally::Tally;
use crate::world::World;

/// Whom to tell of an incident that stands open again.
#[derive(Clone, Debug)]
pub(crate) struct Anew {
    /// Since when.
    pub(crate) at: Time,
    /// All that match its causes.
    pub(crate) told: BTreeSet<ActionId>,
    /// Those that were planned for what nobody had taken on: the acknowledgement did not hold them.
    pub(crate) beside: BTreeSet<ActionId>,
    /// Those that match nothing that it held.
    pub(crate) of_the_rest: BTreeSet<ActionId>,
}

impl Anew {
    /// Of this bad period, before it is said that it stands open.
    pub(crate) fn of(bad: &Bad, check: &Definition, causes: &Causes, files: &Files, at: Time) -> Anew {
        let told = actions_for(check, causes, files);
        let is_held = |family: Family| bad.stance != Stance::Acknowledge || bad.covered.contains(&family);
        let held: Causes = causes.iter().filter(|(kind, ..)| is_held(kind.family())).copied().collect();
        // 12.2: where somebody matches the others, nobody is told by default of what was held.
        let is_default = matching(check, causes, files).is_none();
        let of_one = |one| {
            let matching = matching(check, &[one], files);
            if is_default { actions_for(check, &[one], files) } else { matching.unwrap_or_default() }
        };
        let of_held: BTreeSet<ActionId> = held.iter().flat_map(|one| of_one(*one)).collect();
        let goes_on = held.len() < causes.len();
        Anew {
            at,
            beside: if goes_on { bad.beside.clone() } else { BTreeSet::new() },
            of_the_rest: told.difference(&of_held).copied().collect(),
            told,
        }
    }
}

pub(crate) fn hold(world: &World, evidence: &Evidence) -> Tally {
    let mut tally = Tally::default();
    nothing_that_goes_on_is_planned_beside(world, evidence);
    for (incident, bad) in bad_of(world, evidence) {
        if world.server.two_clocks.knew_incident(incident) {
            continue;
        }
        let rows: Vec<&Delivery> =
            evidence.deliveries.iter().filter(|row| row.incident == incident).collect();
        let look = Look { world, evidence, rows: &rows, bad };
        for anew in &bad.reopened {
            look.is_told_once(anew, |row| row.queued_at == anew.at, &mut tally);
        }
        for anew in &bad.terms_over {
            let is_then = |row: &Delivery| row.not_before == anew.at + after(world, row);
            look.is_told_once(anew, is_then, &mut tally);
        }
        look.what_nobody_took_on_is_told(&mut tally);
    }
    tally
}

/// 11.2, 22.4: what is still told is not planned a second time: of one action two alerts may follow each other, if the first
/// has come to its end.
fn nothing_that_goes_on_is_planned_beside(world: &World, evidence: &Evidence) {
    let bad = bad_of(world, evidence);
    let alerts: Vec<&Delivery> = evidence.deliveries.iter().filter(|row| row.kind == "alert").collect();
    for row in &alerts {
        // 9.6: what follows `blind` is told beside it.
        let bad = &bad[&row.incident];
        // 11.2: what nobody has taken on is told beside what somebody has.
        let is_of_another = bad.beside_since.iter().any(|(at, _)| *at + after(world, row) == row.not_before);
        let is_in_doubt = world.server.two_clocks.knew(row) || bad.after_blind.is_some() || is_of_another;
        let is_earlier = |other: &&&Delivery| {
            (other.incident, other.action) == (row.incident, row.action) && other.id < row.id
        };
        for earlier in alerts.iter().filter(is_earlier).filter(|_| !is_in_doubt) {
            let again = tries(world, earlier.id).find(|at| *at > row.queued_at);
            assert_eq!(again, None, "{row:?} is planned, and {earlier:?} is still told");
        }
    }
}

/// When a delivery was handed over.
fn tries(world: &World, id: DeliveryId) -> impl Iterator<Item = Time> {
    let of_it = world.receivers.tries.iter().filter(move |attempt| attempt.members.contains(&id));
    of_it.map(|attempt| attempt.at)
}

/// How long after what it tells of it leaves.
fn after(world: &World, row: &Delivery) -> Span {
    world.action(row.action).expect("some files asked for it").after
}

/// What was ever to be told of an incident.
struct Look<'a> {
    world: &'a World,
    evidence: &'a Evidence,
    rows: &'a [&'a Delivery],
    bad: &'a Bad,
}

impl Look<'_> {
    /// Of two actions with one receiver and one delay one is told (12.2).
    fn is_alike(&self, one: u64, other: u64) -> bool {
        self.world.is_covered(one, &BTreeSet::from([other]))
    }

    /// `is_then`: whether a delivery was planned when it was open again.
    fn is_told_once(&self, anew: &Anew, is_then: impl Fn(&Delivery) -> bool, tally: &mut Tally) {
        for action in &anew.told {
            let of = || self.rows.iter().copied().filter(|row| self.is_alike(action.0, row.action));
            let is_planned = of().any(&is_then);
            let is_before =
                |row: &&Delivery| !is_then(row) && row.not_before - after(self.world, row) <= anew.at;
            let is_alert = |row: &&Delivery| matches!(row.kind.as_str(), "alert" | "episode");
            let before = of().filter(is_before).rfind(is_alert);
            let is_beside = anew.beside.iter().any(|other| self.is_alike(action.0, other.0));
            let told_before = before.filter(|row| self.is_told_by(row, anew.at));
            let is_of_the_rest = anew.of_the_rest.contains(action);
            if is_beside && told_before.is_some() && is_of_the_rest {
                let twice = is_planned && self.bad.after_blind.is_none();
                assert!(!twice, "told by {told_before:?}, and again though nobody had taken it on: {anew:?}");
                tally.count("told beside an acknowledgement, and not again", 1);
                continue;
            }
            let goes_on = is_beside && before.is_some() && told_before.is_none();
            let is_under_way =
                of().filter(|row| row.queued_at <= anew.at).any(|row| self.is_under_way(row, anew.at));
            assert!(
                is_planned || goes_on || is_under_way,
                "{action:?} is told to nobody: {anew:?}, {before:?}"
            );
            tally.count("waits beside an acknowledgement that ends", u64::from(goes_on && !is_planned));
            tally.count("under way as its incident is open again", u64::from(is_under_way && !is_planned));
        }
    }

    /// 11.2: who is on one thing is not on another, whatever was told before.
    fn what_nobody_took_on_is_told(&self, tally: &mut Tally) {
        // 9.6 plans anew what was planned for `blind`.
        for (at, actions) in self.bad.beside_since.iter().filter(|_| self.bad.after_blind.is_none()) {
            for action in actions {
                let alike = |row: &&&Delivery| self.is_alike(action.0, row.action);
                let tells = |row: &&&Delivery| matches!(row.kind.as_str(), "alert" | "episode");
                let mut then = self.rows.iter().filter(alike).filter(tells);
                let is_planned = then.any(|row| row.not_before == *at + after(self.world, row));
                assert!(is_planned, "{action:?} tells nobody of what began at {at}: {:?}", self.bad);
                tally.count("told of what nobody had taken on", 1);
            }
        }
    }

    /// Whether a receiver had it by then.
    fn is_told_by(&self, row: &Delivery, at: Time) -> bool {
        let of_it = |message: &&crate::evidence::Message| Some(message.id) == row.message;
        let message = self.evidence.messages.iter().find(of_it);
        row.state == "sent" && message.and_then(|message| message.settled_at).is_some_and(|end| end < at)
    }

    /// Whether it was in a message that was not settled by then.
    fn is_under_way(&self, row: &Delivery, at: Time) -> bool {
        let of_it = self.evidence.messages.iter().filter(|message| message.members.contains(&row.id));
        of_it.into_iter().any(|message| message.settled_at.is_none_or(|end| end >= at))
    }
}
