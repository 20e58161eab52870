//! What was before a call, of all that it has changed of the outbox.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::incident::{Incident, IncidentId};
use crate::core::outbox::{Delivery, DeliveryId, Message, MessageId};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::work::Pace;

/// What was before a call, of all that it has changed; `None`: nothing was.
#[derive(Debug, Default)]
pub(super) struct Undo {
    pub(super) incidents: BTreeMap<IncidentId, Option<Incident>>,
    pub(super) deliveries: BTreeMap<DeliveryId, Option<Delivery>>,
    pub(super) messages: BTreeMap<MessageId, Option<Message>>,
    pub(super) paces: BTreeMap<ReceiverName, Pace>,
    /// What it has set aside.
    pub(super) aside: BTreeSet<DeliveryId>,
    pub(super) parked: u64,
    pub(super) last_parked: Option<Time>,
    pub(super) limited: u64,
}

impl Undo {
    pub(super) fn note_incident(&mut self, id: IncidentId, before: Option<Incident>) {
        self.incidents.entry(id).or_insert(before);
    }

    pub(super) fn note_delivery(&mut self, id: DeliveryId, before: Option<Delivery>) {
        self.deliveries.entry(id).or_insert(before);
    }

    pub(super) fn note_message(&mut self, id: MessageId, before: Option<Message>) {
        self.messages.entry(id).or_insert(before);
    }

    pub(super) fn note_pace(&mut self, receiver: &ReceiverName, before: Pace) {
        self.paces.entry(receiver.clone()).or_insert(before);
    }

    pub(super) fn note_aside(&mut self, id: DeliveryId) {
        self.aside.insert(id);
    }
}
