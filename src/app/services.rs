//! What every operation needs: what is known of the checks, where changes are stored, and room for work.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::actor::Actor;
use super::aside::{Bug, Places, Room};
use super::in_force::InForce;
use super::report_turns::ReportTurns;
use super::turn::{Busy, WriterPlaces};
use super::writer::TakePings;
use crate::clock::Clock;
use crate::metrics::{ConnectionCounters, Own, PingOutcomes};
use crate::store::command::{CommandAnswer, StoreCommand};
use crate::store::history::Reader;
use crate::store::live::{AsOf, Live};

/// The server, as all doors know it.
pub struct Services {
    /// What is known of the checks.
    pub live: Arc<Live>,
    /// Where everything is stored.
    pub writer: Arc<dyn TakePings>,
    /// Engine time.
    pub clock: Arc<Clock>,
    /// What happened to the checks.
    pub history: Reader,
    /// What this process counts.
    pub counters: ServerCounters,
    /// What the configuration says.
    pub in_force: InForce,
    /// Nothing leaves: what is to be told waits.
    pub no_deliveries: bool,
    /// Where wishes go to have samples sent to receivers.
    pub samples: mpsc::Sender<SampleRequest>,
    /// Becomes true when the server stops: whoever waits for something to happen is answered.
    pub closing: watch::Sender<bool>,
    /// Where wishes go to have the configuration read again.
    pub(super) reloads: mpsc::Sender<ReloadRequest>,
    aside_places: Places,
    writer_places: WriterPlaces,
    pub(super) reports: ReportTurns,
}

/// What this process counts.
#[derive(Debug, Default)]
pub struct ServerCounters {
    /// How pings ended.
    pub outcomes: PingOutcomes,
    /// What became of connections.
    pub connections: ConnectionCounters,
    /// All the rest.
    pub own: Arc<Own>,
}

/// Somebody asks for the configuration to be read again, and waits for what came of it.
#[derive(Debug)]
pub struct ReloadRequest {
    /// Take a configuration that removes most checks, this time (10.4).
    pub allow_mass_removal: bool,
    /// Who asks.
    pub by: String,
    /// What changed, or every fault: lines for people.
    pub outcome: oneshot::Sender<Result<String, String>>,
}

/// Somebody wants a sample to be sent to a receiver, and waits for what came of it.
#[derive(Debug)]
pub struct SampleRequest {
    /// Its name.
    pub receiver: String,
    /// What came of it.
    pub outcome: oneshot::Sender<SampleOutcome>,
}

/// What came of a sample.
#[derive(Debug)]
pub struct SampleOutcome {
    /// Whether the receiver took all of it.
    pub taken: bool,
    /// A line for people for each message.
    pub text: String,
}

impl Services {
    /// Before the first request, with nothing counted.
    pub fn new(
        live: Arc<Live>,
        writer: Arc<dyn TakePings>,
        clock: Arc<Clock>,
        history: Reader,
        reloads: mpsc::Sender<ReloadRequest>,
    ) -> Services {
        Services {
            live,
            writer,
            clock,
            history,
            counters: ServerCounters::default(),
            in_force: InForce::default(),
            no_deliveries: false,
            // Nobody takes them, until somebody says otherwise.
            samples: mpsc::channel(1).0,
            closing: watch::Sender::new(false),
            reloads,
            aside_places: Places::default(),
            writer_places: WriterPlaces::default(),
            reports: ReportTurns::default(),
        }
    }

    /// How whoever shows checks judges them (1.5). To be asked before their states are looked at.
    pub fn as_of(&self) -> AsOf {
        self.live.as_of(self.writer.applied_to())
    }

    /// Does something that takes a while on a thread that may block, when there is a place for it in its room.
    pub async fn aside<T: Send + 'static>(
        &self,
        room: Room,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Bug> {
        self.aside_places.run(room, work).await
    }

    /// Has a command of a program carried out, whoever that is.
    pub(super) async fn command_of_program<R>(
        &self,
        command: impl FnOnce(CommandAnswer<R>) -> StoreCommand,
    ) -> Result<R, Busy> {
        self.writer_places.run(&*self.writer, Room::Programs, command).await
    }

    /// Has a command carried out on the writer's thread, after what is queued already, with the time of its turn.
    /// What nobody waits for any more is not begun.
    pub async fn command<R>(
        &self,
        actor: &Actor,
        command: impl FnOnce(CommandAnswer<R>) -> StoreCommand,
    ) -> Result<R, Busy> {
        self.writer_places.run(&*self.writer, actor.room(), command).await
    }
}
