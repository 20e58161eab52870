//! Deliveries: rows that are stored before anything leaves, and what becomes of them (§12).
//!
//! A delivery waits, leaves in a message, and is sent or parked; or it is cancelled before that. `docs/outbox.md` tells
//! its life in plain words. The functions here decide; a store keeps the rows and calls them.

mod again;
mod attempt;
mod backoff;
mod delivery;
mod flapping;
mod freeze;
mod given_up;
mod ids;
mod kind;
mod message;
mod own;
mod reason;
mod record;
mod recovery;
mod topic;

pub use again::{Again, Occasion, after_alone, again, follows};
pub use attempt::{
    AfterAttempt, Attempt, MAX_RETRY_AFTER, Repeat, after_abandoned, after_attempt, after_sent,
};
pub use delivery::{Delivery, DeliveryState, NewDelivery};
pub use flapping::{Bout, Flapping, after_too_short, flapping_notice};
pub use freeze::{Departure, freeze, halves};
pub use given_up::GivenUp;
pub use ids::{DeliveryId, MessageId};
pub use kind::{DeliveryKind, Flaps};
pub use message::Message;
pub use own::{OwnMails, ServerTurn};
pub use reason::{CancelReason, ParkReason};
pub use record::{DeliveryStep, Telling};
pub use recovery::{AtRecovery, Ending, at_recovery, cancel_waiting};
pub use topic::{Topic, by_topic};

#[cfg(test)]
mod tests;
