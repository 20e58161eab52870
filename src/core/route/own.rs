//! The receiver that a check has of its own: whoever stands in its `emails`.

use super::action::{Action, ReceiverName, ReceiverPolicy};
use crate::core::check::Name;
use crate::core::time::Span;

/// The names of checks' own receivers begin so; no other receiver's does.
const PREFIX: &str = "emails/";

/// What all of these receivers together are called where they are counted.
pub const ALL_OWN: &str = "emails/*";

/// At once and one by one: what happens two seconds apart is two mails. It may also be another check's that once had this
/// name, and what is told to a check's own addresses is nobody else's business.
pub(super) static POLICY: ReceiverPolicy = ReceiverPolicy {
    send_resolved: true,
    group_wait: Span::ZERO,
    give_up_after: Span::mins(24 * 60),
    max_members: 1,
    include_output: true,
};

/// The receiver that a check of this name has of its own, if it has `emails`.
pub fn own_receiver(check: &Name) -> ReceiverName {
    format!("{PREFIX}{check}").into()
}

/// Whether this is a check's own receiver. A check that was renamed goes on with what was begun under its old name.
pub fn is_own_receiver(receiver: &str) -> bool {
    receiver.starts_with(PREFIX)
}

/// What is done for a check's own addresses: told at once, and not again. Its id is the same for all checks, so that a
/// rename plans nothing twice.
pub fn own_action(check: &Name) -> Action {
    Action { receiver: own_receiver(check), ..Action::new(PREFIX.into(), Span::ZERO, None) }
}
