//! Checks as they are shown: one look for pages, API, metrics and other systems' interfaces.

use std::sync::Arc;

use crate::app::services::Services;
use crate::core::check::Name;
use crate::core::incident::IncidentStatus;
use crate::core::outbox::DeliveryKind;
use crate::core::route::{Context, Dependency, Facts, HoldReason, Matcher, Mutes, Verdict, muted, route};
use crate::core::state::State;
use crate::core::step::View;
use crate::core::time::{Span, Time};
use crate::store::live::{Answered, AsOf, Check, Live};

/// The time at which checks are looked at, and what holds for all of them then.
pub struct Moment<'a> {
    live: &'a Live,
    /// When what is shown holds: now, but while nothing can be stored (1.5).
    pub as_of: AsOf,
    /// Now.
    pub now: Time,
    /// Those that there are, also such as have ended.
    pub mutes: Arc<Mutes>,
}

/// A check as it is shown.
#[derive(Clone, Debug)]
pub struct CheckView {
    /// What is known of it.
    pub state: State,
    /// How it stands.
    pub view: View,
    /// By which mute or quiet time its messages are held now (8.2).
    pub held: Option<HoldReason>,
}

/// Whether these match a check as it stands now.
pub fn is_matched(check: &Check, matchers: &[Matcher]) -> bool {
    // The lock is not held meanwhile: the writer waits for it.
    let causes = check.known().state.causes.clone();
    Facts::of_check(&check.definition, causes.as_slice()).matched_by(matchers)
}

impl<'a> Moment<'a> {
    /// Now.
    pub fn of(services: &'a Services) -> Moment<'a> {
        Moment::at(&services.live, services.writer.applied_to(), services.clock.now())
    }

    /// `now`, when all is stored that came up to `applied_to`; that is to be asked before.
    pub fn at(live: &'a Live, applied_to: Time, now: Time) -> Moment<'a> {
        Moment { live, as_of: live.as_of(applied_to), now, mutes: live.mutes() }
    }

    /// A look at a check.
    pub fn look(&self, check: &Check) -> CheckView {
        let state = check.state();
        let (view, held) = self.judge(check, &state);
        CheckView { state, view, held }
    }

    /// How a check stands of which this is known, and what holds its messages. A scrape asks this of every check, and a
    /// state is large: it is lent, not moved.
    pub fn judge(&self, check: &Check, state: &State) -> (View, Option<HoldReason>) {
        let view = self.as_of.view(check, state);
        let held = self.held(check, &view);
        (view, held)
    }

    fn held(&self, check: &Check, view: &View) -> Option<HoldReason> {
        let definition = &*check.definition;
        let nobody_asked = self.mutes.is_empty() && definition.quiet.is_empty();
        let facts = Facts::of_check(definition, view.causes.as_slice());
        if nobody_asked { None } else { muted(self.now, &facts, &self.mutes, &definition.quiet) }
    }

    /// For which other check what there is to tell of a bad one waits (8.3).
    pub fn waits(&self, check: &Check, view: &View, answered: &Answered) -> Option<HoldReason> {
        let definition = &*check.definition;
        if view.causes.is_empty() || definition.depends_on.is_empty() {
            return None;
        }
        let dependency = |name: &Name| {
            let check = self.live.find(name.as_str())?;
            Some(Dependency::of(name, &check.state(), answered.get(&check.id).copied()))
        };
        let dependencies: Vec<Dependency> = definition.depends_on.iter().filter_map(dependency).collect();
        let context = Context {
            now: self.now,
            facts: Facts::of_check(definition, view.causes.as_slice()),
            incident: IncidentStatus::Open,
            is_paused: view.paused,
            mutes: &self.mutes,
            quiet: &definition.quiet,
            dependencies: &dependencies,
            grace: definition.spec.grace,
            ready_at: self.now,
            group_wait: Span::ZERO,
        };
        match route(DeliveryKind::Alert, &context) {
            Verdict::Hold(reason) => Some(reason),
            Verdict::Send | Verdict::Drop(_) => None,
        }
    }
}
