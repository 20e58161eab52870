//! What a delivery tells.

use crate::core::time::Time;

/// What a delivery tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryKind {
    /// The check is bad.
    Alert,
    /// It still is (`repeat_interval`).
    Reminder,
    /// It is good again; or it was removed.
    Recovery,
    /// It was bad and is good again, in one message: nobody had been told before (12.5).
    Episode,
    /// It goes bad and recovers again and again, each time too soon to be told by itself (12.5).
    Flapping(Flaps),
    /// What was found of it needs people (21.6): the diagnosis of this number.
    Diagnosis(u32),
}

impl DeliveryKind {
    /// Whether it tells that something is bad now.
    pub fn tells_bad(self) -> bool {
        matches!(self, DeliveryKind::Alert | DeliveryKind::Reminder | DeliveryKind::Diagnosis(_))
    }

    /// As it stands in the database, on pages and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryKind::Alert => "alert",
            DeliveryKind::Reminder => "reminder",
            DeliveryKind::Recovery => "recovery",
            DeliveryKind::Episode => "episode",
            DeliveryKind::Flapping(_) => "flapping",
            DeliveryKind::Diagnosis(_) => "diagnosis",
        }
    }
}

/// How often a check went bad and recovered, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flaps {
    /// How often, since the notice before.
    pub times: u32,
    /// When the first of these began.
    pub since: Time,
}
