//! Acknowledging by the link of a message (22.5).

use std::sync::Arc;

use super::actor::Actor;
use super::history;
use super::incidents::{AllStood, StanceAsked, stand_picked};
use super::not_done::NotDone;
use super::open_incidents::Picked;
use super::services::Services;
use super::view::IncidentView;
use crate::core::check::Definition;
use crate::core::incident::IncidentId;
use crate::notify::AckLink;
use crate::store::StoreError;
use crate::store::history::MessageRecord;

/// What a message told, and how that stands now.
#[derive(Clone, Debug)]
pub struct LinkedMessage {
    /// To whom, and when.
    pub message: MessageRecord,
    /// Each once, with what is declared of its check.
    pub incidents: Vec<(Definition, IncidentView)>,
}

impl LinkedMessage {
    /// Those that nobody is on.
    pub fn open(&self) -> impl Iterator<Item = IncidentId> {
        let open = self.incidents.iter().filter(|(_, view)| view.status.is_unanswered());
        open.map(|(_, view)| view.record.id)
    }
}

/// The link of this token; `None`: we have not signed it.
pub fn of_token(services: &Services, token: &str) -> Option<AckLink> {
    AckLink::read(&*services.live.secret()?, token)
}

/// The message of a link; `None`: it is not known any more, or was another database's.
pub fn message_of(services: &Services, link: &AckLink) -> Result<Option<MessageRecord>, StoreError> {
    let Some(id) = link.message() else { return Ok(None) };
    Ok(services.history.message(id)?.filter(|message| message.key == link.key()))
}

/// What it told, and how that stands now.
pub fn linked(services: &Services, link: &AckLink) -> Result<Option<LinkedMessage>, StoreError> {
    let (Some(id), Some(message)) = (link.message(), message_of(services, link)?) else { return Ok(None) };
    let mut incidents = Vec::new();
    for id in services.history.incidents_of_message(id)? {
        incidents.extend(history::shown(services, id)?);
    }
    Ok(Some(LinkedMessage { message, incidents }))
}

/// Acknowledges those of them that stand open.
pub async fn acknowledge(
    services: &Arc<Services>,
    actor: &Actor,
    link: &AckLink,
    asked: &StanceAsked<'_>,
) -> Result<AllStood, NotDone> {
    let (at, link) = (services.clone(), link.clone());
    let found = services.aside(actor.room(), move || linked(&at, &link)).await??;
    let open = found.map(|found| found.open().collect()).unwrap_or_default();
    stand_picked(services, actor, Picked::These(open), asked).await
}
