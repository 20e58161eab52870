//! Who is told, and whether now: responders, and what is held back (§8, 12.2).

mod action;
mod facts;
mod hold;
mod mutes;
mod name;
mod own;
mod plan;
mod policy;
mod reopen;

pub use action::{Action, ActionId, ReceiverName, ReceiverPolicy, is_receiver_of_action};
pub use facts::{About, Facts, MatchTest, Matcher, Mute};
pub use hold::{
    Context, Dependency, DropReason, HeldBy, HoldReason, MIN_DEPENDENT_GRACE, Verdict, held_by, muted, route,
};
pub use mutes::Mutes;
pub use own::{ALL_OWN, is_own_receiver, own_action, own_receiver};
pub use plan::{Plan, plan};
pub use policy::{Matched, Policy, Responder};
pub use reopen::{PlanAnew, Reopened, plan_anew};

#[cfg(test)]
mod tests;
