//! Why a delivery was not told, or need not be.

use crate::core::incident::IncidentStatus;

/// Why a delivery was given up: an operator should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParkReason {
    /// The receiver said that it will never take it.
    Refused,
    /// `give_up_after` has passed.
    GaveUp,
    /// The receiver is no longer configured.
    ReceiverGone,
}

impl ParkReason {
    /// All of them.
    pub const ALL: [ParkReason; 3] = [ParkReason::Refused, ParkReason::GaveUp, ParkReason::ReceiverGone];

    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ParkReason::Refused => "refused",
            ParkReason::GaveUp => "gave_up",
            ParkReason::ReceiverGone => "receiver_gone",
        }
    }
}

/// Why a delivery need not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// It was not yet due when the check recovered, or only just.
    RecoveredBeforeDue,
    /// It was held when the check recovered.
    RecoveredWhileHeld,
    /// It became due and its check recovered within one `group_wait`.
    TooShort,
    /// Another message of its incident to the same receiver tells of it: the recovery, or an
    /// [`super::DeliveryKind::Episode`]; or, of a notice that its check flaps, the next one of that check (12.5d).
    Merged,
    /// A reminder, and another one to the same receiver comes sooner (12.4).
    RemindedSooner,
    /// It was planned while we could not tell, and now we can: it is planned anew (9.6).
    Superseded,
    /// Somebody acknowledged the incident.
    Acknowledged,
    /// Somebody said `wont_fix`.
    WontFix,
    /// The check is no longer declared, or mails nobody itself any more.
    Removed,
    /// Somebody dropped its message.
    Dropped,
    /// It was over before a time ended in which nothing left (`--no-deliveries`).
    NotDelivering,
}

impl CancelReason {
    /// All of them.
    pub const ALL: [CancelReason; 11] = [
        CancelReason::RecoveredBeforeDue,
        CancelReason::RecoveredWhileHeld,
        CancelReason::TooShort,
        CancelReason::Merged,
        CancelReason::RemindedSooner,
        CancelReason::Superseded,
        CancelReason::Acknowledged,
        CancelReason::WontFix,
        CancelReason::Removed,
        CancelReason::Dropped,
        CancelReason::NotDelivering,
    ];

    /// Why nothing of an incident waits on which people have answered so (11.2).
    pub fn by_answer(status: IncidentStatus) -> Option<CancelReason> {
        match status {
            IncidentStatus::Acknowledged => Some(CancelReason::Acknowledged),
            IncidentStatus::WontFix => Some(CancelReason::WontFix),
            _ => None,
        }
    }

    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            CancelReason::RecoveredBeforeDue => "recovered_before_due",
            CancelReason::RecoveredWhileHeld => "recovered_while_held",
            CancelReason::TooShort => "too_short",
            CancelReason::Merged => "merged",
            CancelReason::RemindedSooner => "reminded_sooner",
            CancelReason::Superseded => "superseded",
            CancelReason::Acknowledged => "acknowledged",
            CancelReason::WontFix => "wont_fix",
            CancelReason::Removed => "removed",
            CancelReason::Dropped => "dropped",
            CancelReason::NotDelivering => "not_delivering",
        }
    }
}
