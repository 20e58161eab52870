//! What rows hold of the outbox, in words: two that were made of the same rows say the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Outbox;
use crate::core::outbox::{Delivery, GivenUp, Message};

pub(in crate::store::sqlite) fn shown(outbox: &Outbox) -> Vec<(&'static str, String)> {
    let Outbox { incidents, open, answers, by_incident, of_checks, .. } = outbox;
    let deliveries = outbox.deliveries.values().map(|row| {
        let given_up = row.given_up.map(|given_up| GivenUp { may_be_mended: false, ..given_up });
        Delivery { given_up, ..row.clone() }
    });
    // Until when a message waits that a process left under way is said by its last sign of life.
    let messages = outbox.messages.values().map(|message| {
        (message.retry_at.is_none(), Message { attempts_here: 0, retry_at: None, ..message.clone() })
    });
    let counts =
        (outbox.parked, outbox.resting, outbox.own_under_way, Arc::clone(&outbox.unfinished_by_receiver));
    vec![
        ("incidents", format!("{incidents:?}, open {open:?}")),
        ("standing for a time", format!("{:?}", outbox.terms.incidents().collect::<Vec<_>>())),
        ("answers", format!("{:?}", answers.iter().collect::<BTreeMap<_, _>>())),
        ("deliveries", format!("{:?}", deliveries.collect::<Vec<_>>())),
        ("by incident", format!("{:?} {of_checks:?}", by_incident.iter().collect::<BTreeMap<_, _>>())),
        ("messages", format!("{:?}", messages.collect::<Vec<_>>())),
        ("what is counted", format!("{counts:?}")),
        ("what does not hang together", format!("{:?}", outbox.walk().fault())),
    ]
}
