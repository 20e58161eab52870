//! What of a message is told as one: all of a check's records, and each other delivery by itself (12.3).

use super::delivery::Delivery;
use super::ids::DeliveryId;
use super::kind::DeliveryKind;
use crate::core::check::CheckId;

/// What a message says one thing of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// This delivery.
    One(DeliveryId),
    /// The records of this check, however many of them it tells of.
    Records(CheckId),
}

impl Delivery {
    /// With what it is told as one. That something flaps, or what was found of it, is no record's beginning or end.
    pub fn topic(&self) -> Topic {
        match self.kind {
            DeliveryKind::Flapping(_) | DeliveryKind::Diagnosis(_) => Topic::One(self.id),
            _ if self.key.is_own() => Topic::One(self.id),
            _ => Topic::Records(self.check),
        }
    }
}

impl Delivery {
    /// Whether it reminds of a check's records (12.4).
    pub fn is_record_reminder(&self) -> bool {
        self.kind == DeliveryKind::Reminder && !self.key.is_own()
    }
}

/// Deliveries by what they are told as one with, in the order in which each topic comes.
pub fn by_topic(members: &[Delivery]) -> Vec<(Topic, Vec<&Delivery>)> {
    let mut topics: Vec<(Topic, Vec<&Delivery>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for member in members {
        let topic = member.topic();
        let place = *places.entry(topic).or_insert(topics.len());
        if place == topics.len() {
            topics.push((topic, Vec::new()));
        }
        topics[place].1.push(member);
    }
    topics
}
