//! What the application needs of the store's writer.

use crate::core::check::CheckId;
use crate::core::time::Time;
use crate::store::command::StoreCommand;
use crate::store::writer::{Overloaded, PingAnswer, Writer};
use crate::store::{PingFact, ResultFact};

/// What the application needs of the store's writer.
pub trait TakePings: Send + Sync {
    /// Queues a ping; what became of it is answered when it is durable.
    fn ping(&self, check: CheckId, fact: PingFact) -> Result<PingAnswer, Overloaded>;

    /// Likewise a result (17.1).
    fn report(&self, check: CheckId, fact: ResultFact) -> Result<PingAnswer, Overloaded>;

    /// The earliest deadline that is not judged yet.
    fn deadline(&self) -> Option<Time>;

    /// A result of this check was refused, wherever it waited (9.1).
    fn refuse(&self, check: CheckId);

    /// A request was refused before it was read (9.1).
    fn refuse_unread(&self);

    /// The listeners close (9.1).
    fn close(&self);

    /// 1.5: up to when all that came is stored.
    fn applied_to(&self) -> Time;

    /// Whether what came last could be stored; pings are refused while not.
    fn is_healthy(&self) -> bool;

    /// Queues something for the writer's thread; it is not carried out if that has ended.
    fn command(&self, command: StoreCommand);
}

impl TakePings for Writer {
    fn ping(&self, check: CheckId, fact: PingFact) -> Result<PingAnswer, Overloaded> {
        Writer::ping(self, check, fact)
    }

    fn report(&self, check: CheckId, fact: ResultFact) -> Result<PingAnswer, Overloaded> {
        Writer::report(self, check, fact)
    }

    fn deadline(&self) -> Option<Time> {
        self.wakes().borrow().deadline
    }

    fn refuse(&self, check: CheckId) {
        Writer::refuse(self, check);
    }

    fn refuse_unread(&self) {
        Writer::refuse_unread(self);
    }

    fn close(&self) {
        Writer::close(self);
    }

    fn applied_to(&self) -> Time {
        Writer::applied_to(self)
    }

    fn is_healthy(&self) -> bool {
        Writer::is_healthy(self)
    }

    fn command(&self, command: StoreCommand) {
        self.queue_command(command);
    }
}
