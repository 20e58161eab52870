//! What people and programs have the writer do: a closed list, carried out in one place, each with the way back for its
//! answer.
//!
//! What the server does by itself is no such command but a [`super::writer::Call`]: judging what is due, claiming, settling and
//! taking a configuration are functions of [`crate::engine`] and [`crate::cli`], which this room does not know. Nobody gives up
//! waiting for them, and as commands each would be a variant with an answer of its own for one caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::live::Check;
use super::pausing::{self, PauseOutcome, Remark, Wish};
use super::{
    ByHand, DiagnosisAnswer, DiagnosisCall, Edit, EditError, RecordAnswer, RecordCall, Saying, SpecChange,
    Stood, Store, StoreError,
};
use crate::core::audit::{Audit, AuditKind};
use crate::core::check::{CheckId, Definition, Name};
use crate::core::incident::IncidentId;
use crate::core::outbox::MessageId;
use crate::core::route::{Mute, ReceiverName};
use crate::core::time::Time;

/// Something to do on the writer's thread.
#[derive(Debug)]
pub enum StoreCommand {
    /// Pauses or unpauses the check of this number, by its name or a former one (7.1).
    Pause(CheckId, Name, Wish, Remark, CommandAnswer<Result<PauseOutcome, StoreError>>),
    /// Holds messages for a while (8.2).
    Mute(Mute, CommandAnswer<Result<u64, StoreError>>),
    /// Ends a mute, says somebody of this name.
    Unmute(u64, String, CommandAnswer<Result<bool, StoreError>>),
    /// Somebody says this of these incidents (11.2). Answers for each what became of it.
    Stand(Vec<IncidentId>, Saying, CommandAnswer<Result<Vec<Stood>, StoreError>>),
    /// Something is to become of records of a check (§18).
    Records(Box<RecordCall>, CommandAnswer<Result<RecordAnswer, StoreError>>),
    /// Somebody found this of an incident, or says how a solution of it ended (§21).
    Diagnose(Box<DiagnosisCall>, CommandAnswer<Result<DiagnosisAnswer, StoreError>>),
    /// Has a message tried again (12.4), says somebody of this name.
    RetryMessage(MessageId, String, CommandAnswer<Result<ByHand, StoreError>>),
    /// Has all that was given up of a receiver tried again, likewise.
    RetryParked(ReceiverName, String, CommandAnswer<Result<ByHand, StoreError>>),
    /// A message need not be told any more, says somebody of this name.
    DropMessage(MessageId, String, CommandAnswer<Result<ByHand, StoreError>>),
    /// Makes a check that lives in the database, likewise.
    Edit(Edit, String, CommandAnswer<Result<CheckId, EditError>>),
    /// Changes such a check, likewise.
    Change(Box<CheckChange>, String, CommandAnswer<Result<bool, EditError>>),
    /// Deletes such a check, likewise, if it is still what it was: answered false if it is not.
    Delete(CheckId, Arc<Definition>, String, CommandAnswer<Result<bool, EditError>>),
    /// Forgets a name that was pinged and that no check has, or all of them, likewise. Answers how many went.
    ForgetUnknownNames(Option<String>, String, CommandAnswer<Result<usize, StoreError>>),
    /// Keeps what somebody of this name did that nothing else stores (22.10).
    Keep(AuditKind, String, CommandAnswer<Result<(), StoreError>>),
}

/// A change of a check that is made only if that is still what it was: answered false if it is not.
#[derive(Clone, Debug)]
pub struct CheckChange {
    pub check: CheckId,
    /// What it was.
    pub before: Arc<Definition>,
    /// What it is to be.
    pub definition: Definition,
    /// How a changed spec is judged.
    pub how: SpecChange,
}

impl StoreCommand {
    /// Carries it out, unless nobody waits for its answer any more.
    pub fn run(self, store: &mut dyn Store, now: Time) {
        match self {
            StoreCommand::Pause(check, name, wish, remark, answer) => {
                answer.give(|| match current(store, check, &name) {
                    Some(known) => pausing::change(store, &known, wish, remark, now),
                    None => Ok(PauseOutcome::Gone),
                });
            }
            StoreCommand::Mute(mute, answer) => answer.give(|| store.mute(mute, now)),
            StoreCommand::Unmute(id, by, answer) => answer.give(|| store.unmute(id, &by, now)),
            StoreCommand::Stand(incidents, saying, answer) => {
                answer.give(|| store.stand_all(&incidents, &saying, now));
            }
            StoreCommand::Records(call, answer) => answer.give(|| store.change_records(&call, now)),
            StoreCommand::Diagnose(call, answer) => answer.give(|| store.diagnose(&call, now)),
            StoreCommand::RetryMessage(message, by, answer) => {
                answer.give(|| store.retry_message(message, &by, now));
            }
            StoreCommand::RetryParked(receiver, by, answer) => {
                answer.give(|| store.retry_parked(&receiver, &by, now));
            }
            StoreCommand::DropMessage(message, by, answer) => {
                answer.give(|| store.drop_message(message, &by, now));
            }
            StoreCommand::Edit(edit, by, answer) => answer.give(|| store.edit(edit, &by, now)),
            StoreCommand::Change(change, by, answer) => answer.give(|| change.make(store, &by, now)),
            StoreCommand::Delete(check, before, by, answer) => {
                let seen = SeenCheck { check, before: &before, by: &by };
                answer.give(|| seen.edit(store, Edit::Delete { check }, now));
            }
            StoreCommand::ForgetUnknownNames(name, by, answer) => {
                answer.give(|| store.forget_unknown_names(name.as_deref(), &by, now));
            }
            StoreCommand::Keep(what, by, answer) => {
                answer.give(|| store.keep(&Audit::new(now, &by, what)));
            }
        }
    }
}

impl CheckChange {
    fn make(self, store: &mut dyn Store, by: &str, now: Time) -> Result<bool, EditError> {
        let CheckChange { check, before, definition, how } = self;
        let update = Edit::Update { check, definition: Box::new(definition), how };
        SeenCheck { check, before: &before, by }.edit(store, update, now)
    }
}

/// What somebody of this name wants edited, as they saw it.
struct SeenCheck<'a> {
    check: CheckId,
    before: &'a Arc<Definition>,
    by: &'a str,
}

impl SeenCheck<'_> {
    /// Edits it if it is still what it was.
    fn edit(&self, store: &mut dyn Store, edit: Edit, now: Time) -> Result<bool, EditError> {
        let known = current(store, self.check, &self.before.name);
        let is_as_before = known.is_some_and(|known| known.definition == *self.before);
        if is_as_before {
            store.edit(edit, self.by, now)?;
        }
        Ok(is_as_before)
    }
}

/// The check of this number, if this is its name or a former one: pings wait meanwhile, and to look at each takes too long.
fn current(store: &dyn Store, check: CheckId, name: &Name) -> Option<Arc<Check>> {
    store.live().find(name.as_str()).filter(|known| known.id == check)
}

/// The way back to whoever waits for an answer.
#[derive(Debug)]
pub struct CommandAnswer<T> {
    sender: oneshot::Sender<T>,
    turn: CommandTurn,
    /// Its place among those that wait: free once it is carried out or dropped.
    _place: OwnedSemaphorePermit,
}

/// What waits is begun or given up: whoever takes its turn first says which.
#[derive(Clone, Debug, Default)]
pub struct CommandTurn(Arc<AtomicBool>);

impl CommandTurn {
    /// Whether it is the first.
    pub fn take(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

impl<T> CommandAnswer<T> {
    /// An answer for whoever holds the other end, in this place; and its turn, for whoever gives up waiting.
    pub fn new(place: OwnedSemaphorePermit) -> (CommandAnswer<T>, oneshot::Receiver<T>, CommandTurn) {
        let (sender, receiver) = oneshot::channel();
        let turn = CommandTurn::default();
        (CommandAnswer { sender, turn: turn.clone(), _place: place }, receiver, turn)
    }

    fn give(self, work: impl FnOnce() -> T) {
        // Whoever was told that it took too long must not find it done later.
        if !self.sender.is_closed() && self.turn.take() {
            // Whoever asked may have gone in between.
            let _ = self.sender.send(work());
        }
    }
}
