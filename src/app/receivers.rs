//! The receivers of the configuration, and what came of what was told to them last.

use std::collections::HashMap;

use serde_json::Value;
use super::services::Services;
use crate::notify::KINDS;
use crate::store::StoreError;
use crate::store::history::{MAX_PAGE, MessageRecord};

/// A receiver as people see it.
#[derive(Clone, Debug)]
pub struct ReceiverView {
    /// Its name.
    pub name: String,
    /// How it is reached: `email`, `webhook`.
    pub kind: &'static str,
    /// The newest message to it that was tried, among the newest thousand of all receivers.
    pub last: Option<MessageRecord>,
}

/// Those of the configuration, in its order. It reads the database: to be asked aside.
pub fn list(services: &Services) -> Result<Vec<ReceiverView>, StoreError> {
    let mut last: HashMap<String, MessageRecord> = HashMap::new();
    // Newest first: the first one of each receiver is its last.
    for message in services.history.messages(None, None, None, MAX_PAGE)? {
        if message.attempts > 0 {
            last.entry(message.receiver.clone()).or_insert(message);
        }
    }
    let file = services.in_force.main_file();
    let declared = file["receivers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let view = |receiver: &Value| {
        let name = receiver["name"].as_str().unwrap_or_default().to_owned();
        let kind = KINDS.iter().map(|(kind, _)| *kind).find(|kind| receiver.get(kind).is_some());
        ReceiverView { last: last.remove(&name), name, kind: kind.unwrap_or_default() }
    };
    Ok(declared.iter().map(view).collect())
}
