//! What is on record of deliveries, with the incidents that they tell of (11.3).

use super::ids::MessageId;
use super::kind::DeliveryKind;
use crate::core::route::ReceiverName;

/// What became of what a receiver is to be told of an incident.
///
/// An incident may be tried for days and be told again for years. Of each kind of step and receiver it keeps the first
/// and the newest, so that it has at most ten for each receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryStep {
    /// What became of it.
    pub what: Telling,
    /// Who is told.
    pub receiver: ReceiverName,
    /// What is told.
    pub kind: DeliveryKind,
    /// In which message; `None`: it never was in one.
    pub message: Option<MessageId>,
    /// The receiver's answer, or why there is none; at most [`super::Attempt::MAX_ANSWER_BYTES`].
    pub answer: String,
    /// How often this happened since the step before of its kind and receiver, the last time included.
    pub times: u32,
}

/// What may become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Telling {
    /// The receiver took the message.
    Told,
    /// It did not take it at the first attempt: it is tried again.
    Failed,
    /// Nor at a later one.
    Retried,
    /// It was given up.
    Parked,
    /// Somebody said that it need not be told.
    Dropped,
}

impl Telling {
    /// As it stands in the database, on pages and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Telling::Told => "told",
            Telling::Failed => "failed",
            Telling::Retried => "retried",
            Telling::Parked => "parked",
            Telling::Dropped => "dropped",
        }
    }
}
