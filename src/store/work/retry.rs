//! Which message to a receiver is sent again first (12.3).

use super::rows::Rows;
use crate::core::outbox::Message;
use crate::core::route::ReceiverName;
use crate::store::StoreError;

/// The one with the earliest retry; of those of one time the one with the oldest member, so that the parts of one that was
/// split follow its order.
pub(super) fn next_retry(rows: &dyn Rows, name: &ReceiverName) -> Result<Option<Message>, StoreError> {
    let messages = rows.messages_to(name)?.into_iter().filter(|message| message.retry_at.is_some());
    Ok(messages.min_by_key(|message| (message.retry_at, message.members.first().copied())))
}
