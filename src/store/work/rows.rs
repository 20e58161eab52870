//! The rows of what is to be told, in one transaction.

use std::sync::Arc;

use super::diagnosis_rows::DiagnosisRows;
use super::fact_rows::FactRows;
use super::life_rows::LifeRows;
use super::named::NamedChecks;
use super::process::OfProcess;
use super::record_rows::RecordRows;
use crate::core::alert::Alert;
use crate::core::check::CheckId;
use crate::core::incident::{Incident, IncidentId, IncidentStep, Matter};
use crate::core::notice::Notice;
use crate::core::outbox::{
    Delivery, DeliveryId, DeliveryState, DeliveryStep, Flapping, Message, MessageId, NewDelivery, Telling,
};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::StoreError;

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Settled {
    /// The receiver took it.
    Sent,
    /// It was given up, in time or since its receiver is gone.
    Parked,
    /// What it says was refused, and it could not be split.
    Refused,
    /// What it says was refused, or it named more than its receiver does: its members are in others.
    Split,
    /// Somebody dropped it, or it says what may be long over.
    Dropped,
}

/// What people have said of an incident, and that its time was over (22.4).
#[derive(Debug, Default)]
pub(in crate::store) struct SaidOf {
    pub(in crate::store) comments: usize,
    /// How often it was acknowledged, marked wont-fix and reopened.
    pub(in crate::store) stances: usize,
    /// The newest two of all of these, the newest first, each with its number.
    pub(in crate::store) newest: Vec<(u64, IncidentStep)>,
}

/// Row operations. All that a call reads is as this call has left it so far.
///
/// A delivery is *unfinished* while it waits, is in a message that is not settled, or rests: given up, and tried again while
/// its incident goes on.
pub(in crate::store) trait Rows:
    NamedChecks + FactRows + LifeRows + OfProcess + RecordRows + DiagnosisRows
{
    /// Any number, another one in every database.
    fn database_id(&self) -> Result<i64, StoreError>;

    /// Whether nothing leaves (`--no-deliveries`).
    fn is_held(&self) -> Result<bool, StoreError>;
    fn put_held(&mut self, is_held: bool) -> Result<(), StoreError>;

    /// An incident that is open, or of which something is unfinished.
    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError>;
    /// The one of it that is open (11.1).
    fn open_incident(&self, of: &Matter) -> Result<Option<Incident>, StoreError>;
    /// Writes one that no row holds yet, and answers the number that it got. Nobody sees it before it is written again with
    /// that.
    fn insert_incident(&mut self, incident: &Incident) -> Result<IncidentId, StoreError>;
    fn update_incident(&mut self, incident: Incident) -> Result<(), StoreError>;
    /// Those of a check that are acknowledged until a time before this one (22.4), or of which a solution is lost since (21.4).
    fn terms_over(&self, check: CheckId, before: Time) -> Result<Vec<IncidentId>, StoreError>;
    /// All that are acknowledged until a time, or of which a solution is under way.
    fn standing_for_a_time(&self) -> Result<Vec<Incident>, StoreError>;
    /// What people have said of an incident, also of one that has ended; `None`: there is none of this number.
    fn said_of(&self, incident: IncidentId) -> Result<Option<SaidOf>, StoreError>;
    /// Appends to an incident's record. Answers whether it is kept: history may be damaged (14.6).
    fn insert_step(&mut self, incident: IncidentId, step: &IncidentStep) -> Result<bool, StoreError>;
    /// The newest step that says so of a receiver, and its number, if it is not the first.
    fn repeated_telling(
        &self,
        incident: IncidentId,
        what: Telling,
        receiver: &ReceiverName,
    ) -> Result<Option<(u64, DeliveryStep)>, StoreError>;
    fn delete_step(&mut self, incident: IncidentId, number: u64) -> Result<(), StoreError>;

    /// An unfinished delivery.
    fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError>;
    /// All that is unfinished of an incident, in the order of their ids.
    fn unfinished(&self, incident: IncidentId) -> Result<Vec<Delivery>, StoreError>;
    /// All of an incident, the finished ones too, in the order of their ids.
    fn deliveries_of(&self, incident: IncidentId) -> Result<Vec<Delivery>, StoreError>;
    /// Of an incident that goes on those that were attempted: of each receiver the first of them, and perhaps other rows.
    fn first_attempted(&self, incident: IncidentId) -> Result<Vec<Delivery>, StoreError>;
    /// All that is unfinished, in the order of their ids.
    fn all_unfinished(&self) -> Result<Vec<Delivery>, StoreError>;
    /// What of that waits for a receiver.
    fn waiting_for(&self, receiver: &ReceiverName) -> Result<Vec<Delivery>, StoreError>;
    /// The first of those.
    fn first_waiting(&self, receiver: &ReceiverName) -> Result<Option<Delivery>, StoreError>;
    /// How many of those wait for no message, and do not stand aside.
    fn count_waiting(&self, receiver: &ReceiverName) -> Result<usize, StoreError>;
    /// What stands aside of the same matter and the same receiver as one that waits, and came before it.
    fn aside_before(&self, delivery: &Delivery) -> Result<Vec<DeliveryId>, StoreError>;
    /// The notice that waits of a check that flaps, whichever of its keys does, to a receiver.
    fn waiting_notice(&self, check: CheckId, receiver: &ReceiverName)
    -> Result<Option<Delivery>, StoreError>;
    /// What was given up with a message, and not tried again since, of incidents that have ended too; `None`: there is no such
    /// message.
    fn given_up_with(&self, message: MessageId) -> Result<Option<Vec<Delivery>>, StoreError>;
    /// Writes one that no row holds yet, and answers it with its number.
    fn insert_delivery(&mut self, new: NewDelivery, state: DeliveryState) -> Result<Delivery, StoreError>;
    /// Writes what may change of one.
    fn update_delivery(&mut self, delivery: Delivery) -> Result<(), StoreError>;

    /// What waits for a receiver and for no message, and does not stand aside, that of the most severe checks first, and of one severity in the order of their ids: at most
    /// so many, of those that come after one that waits. A check is as severe as the last call left it declared.
    fn worst_first(
        &mut self,
        receiver: &ReceiverName,
        after: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<DeliveryId>, StoreError>;
    /// What rests of a receiver, by when it is tried again.
    fn resting_first(
        &self,
        receiver: &ReceiverName,
    ) -> Result<Box<dyn Iterator<Item = DeliveryId> + '_>, StoreError>;
    /// Receivers of which something rests, in the order of their names.
    fn resting_receivers(&self) -> Result<Vec<ReceiverName>, StoreError>;
    /// The key of an incident's first message to a receiver: its thread.
    fn thread_of(&self, incident: IncidentId, receiver: &ReceiverName) -> Result<Option<String>, StoreError>;

    /// How often a check went bad and recovered before a receiver was told.
    fn flapping(&self, check: CheckId, receiver: &ReceiverName) -> Result<Option<Flapping>, StoreError>;
    fn put_flapping(
        &mut self,
        check: CheckId,
        receiver: &ReceiverName,
        flapping: &Flapping,
    ) -> Result<(), StoreError>;
    fn delete_flapping(&mut self, check: CheckId, receiver: &ReceiverName) -> Result<(), StoreError>;

    /// All messages that are not settled.
    fn messages(&self) -> Result<Vec<Message>, StoreError>;
    /// A message that is not settled.
    fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError>;
    /// Those of which no row says when they are tried again: a process had them under way when it ended.
    fn abandoned(&self) -> Result<Vec<Message>, StoreError>;
    /// Those to a receiver that are not settled.
    fn messages_to(&self, receiver: &ReceiverName) -> Result<Vec<Message>, StoreError>;
    /// The one of these that is sent again first; of those of one time the one with the oldest member, so that the parts of one
    /// that was split follow its order.
    fn next_retry(&self, receiver: &ReceiverName) -> Result<Option<Message>, StoreError>;
    /// Whether one of these tells of it: what follows waits for it (12.5).
    fn is_in_message(&self, receiver: &ReceiverName, matter: &Matter) -> Result<bool, StoreError>;
    /// Whether one of these is being sent now.
    fn is_under_way(&self, receiver: &ReceiverName) -> Result<bool, StoreError>;
    /// How many parts of the one that was split first were refused.
    fn refused_parts(&self, origin: MessageId) -> Result<u64, StoreError>;
    /// Whether anything that a message was to tell was taken, in whichever message.
    fn is_some_of_it_sent(&self, message: MessageId) -> Result<bool, StoreError>;
    /// What it says, a notice for each member; `None`: that cannot be read.
    fn frozen(&self, message: &Message) -> Result<Option<Vec<Notice>>, StoreError>;
    /// Writes one that no row holds yet, under way, and answers it with its number and its key. Nobody sees it before it is
    /// written again with these.
    fn insert_message(&mut self, message: Message, notices: &[Notice]) -> Result<Message, StoreError>;
    /// Writes what may change of one that is not settled. `answer` is its last attempt's.
    fn update_message(&mut self, message: Message, answer: Option<&str>) -> Result<(), StoreError>;
    /// It is settled: what it said is not needed any more.
    fn settle_message(
        &mut self,
        id: MessageId,
        settled: Settled,
        answer: Option<&str>,
        now: Time,
    ) -> Result<(), StoreError>;

    /// What Alertmanager was last told of a check, and may have to hear again.
    fn alerts(&self, check: CheckId) -> Result<Arc<[Alert]>, StoreError>;
    /// Writes that; nothing, where there is none any more.
    fn put_alerts(&mut self, check: CheckId, alerts: Vec<Alert>) -> Result<(), StoreError>;

    /// How many mails of checks' own are being sent now.
    fn own_under_way(&self) -> Result<usize, StoreError>;
    /// Something is given up for the first time.
    fn note_parked(&mut self, now: Time);
    /// Something that was given up is told no more, of an incident that has ended: nobody but its row counts it.
    fn note_dropped(&mut self);

    /// A member of a message that is not settled.
    fn member(&self, id: DeliveryId) -> Result<Delivery, StoreError> {
        Ok(self.delivery(id)?.expect("a member that is not settled is unfinished"))
    }

    /// All members of a message that are not settled, in their order: of one that was taken some may be (12.4a).
    fn members(&self, message: &Message) -> Result<Vec<Delivery>, StoreError> {
        let mut members = Vec::with_capacity(message.members.len());
        for id in &message.members {
            members
                .extend(self.delivery(*id)?.filter(|row| row.state == DeliveryState::InMessage(message.id)));
        }
        Ok(members)
    }
}
