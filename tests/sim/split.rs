//! What is refused for what it says keeps nothing else from being told (12.4).

use std::collections::BTreeSet;

use crate::evidence::{Delivery, Evidence};

/// So many checks that stand alone and are refused give up the rest: a world of fewer does not come to that.
const ENOUGH: usize = 8;

/// Of a message that was refused and given up all members tell of one check: it was split until what offends stood alone.
pub(crate) fn hold(evidence: &Evidence) {
    if evidence.flips.len() > 3 * ENOUGH {
        return;
    }
    for message in evidence.messages.iter().filter(|message| message.state == "refused") {
        // What was tried again counts as refused whatever becomes of it.
        let is_first = |row: &Delivery| row.given_up.as_ref().is_some_and(|given_up| given_up.tries == 0);
        let is_refused = |row: &&Delivery| row.reason.as_deref() == Some("refused") && is_first(row);
        let rows = evidence.deliveries.iter().filter(|row| row.message == Some(message.id));
        let checks: BTreeSet<u64> = rows.filter(is_refused).map(|row| row.check).collect();
        assert!(checks.len() < 2, "{} was refused, and not split: it told of {checks:?}", message.key);
    }
}
