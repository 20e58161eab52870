//! The numbers of deliveries and messages.

/// The number of a delivery, given by the store in the order of insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u64);

/// The number of a message, given by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl MessageId {
    /// The message of another system, told before its check came here: no row has this number.
    pub const ELSEWHERE: MessageId = MessageId(0);
}
