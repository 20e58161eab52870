//! The receivers of the configuration, what came of what was told to them last, and samples that people send them.

use std::collections::HashMap;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::actor::Actor;
use super::not_done::NotDone;
use super::said::check_name;
use super::services::{SampleOutcome, SampleRequest, Services};
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

/// Has a sample sent to a receiver, by the way that real messages take, and says what came of it.
pub async fn test(services: &Services, actor: &Actor, receiver: &str) -> Result<SampleOutcome, NotDone> {
    check_name(actor)?;
    if !services.in_force.audience().policy.receivers.contains_key(receiver) {
        return Err(NotDone::NoSuchReceiver(receiver.to_owned()));
    }
    if services.no_deliveries {
        return Err(NotDone::NothingLeaves);
    }
    let (outcome, answer) = oneshot::channel();
    let request = SampleRequest { receiver: receiver.to_owned(), outcome };
    services.samples.try_send(request).map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => NotDone::SamplesWait,
        mpsc::error::TrySendError::Closed(_) => NotDone::Stopping,
    })?;
    let outcome = answer.await.map_err(|_| NotDone::Stopping)?;
    let taken = if outcome.taken { "took" } else { "did not take" };
    actor.log(&format!("a sample is sent to {receiver}, which {taken} it"));
    Ok(outcome)
}
