//! The doors: pings, pages, metrics and what operators ask, over HTTP.
//!
//! [`server`] takes connections within [`limits`], [`routes`] knows every path, and one file answers each. Nothing here
//! judges or stores: pings go to the store's writer, and what is shown is read from [`Live`].

mod alertmanager;
mod api;
mod aside;
mod auth;
mod body;
mod compat;
mod connection;
pub mod control;
mod decode;
mod door;
mod exposition;
mod guesses;
pub mod limits;
mod messages;
mod operate;
mod pages;
mod peers;
mod pieces;
mod ping;
mod problem;
mod reply;
pub mod routes;
pub mod scrape;
pub mod server;
mod shares;
mod site;
mod target;
mod unknown;
mod write;

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Semaphore, mpsc};

use crate::clock::Clock;
use crate::core::check::{CheckId, Name};
use crate::core::route::Policy;
use crate::core::time::Time;
use crate::metrics::Own;
use crate::store::PingFact;
use crate::store::history::Reader;
use crate::store::live::{AsOf, Live};
use crate::store::writer::{Call, Overloaded, PingAnswer, Writer};
use scrape::Scraper;
use shares::Shares;

pub use crate::metrics::{ConnectionCounters, PingOutcomes};
pub use auth::{Access, CompatDoor, CompatDoors, PingKeys, Tokens};
pub use operate::ReloadRequest;
pub use ping::FormerNames;
pub use unknown::{UnknownName, UnknownNames};
pub use write::Busy;

/// Answers of other systems' interfaces that are written while they are sent, at a time: each takes a thread, and a slow
/// reader holds it long.
const MAX_WRITTEN_AT_A_TIME: usize = 4;

/// What the handlers of requests share.
pub struct App {
    /// What is known of the checks.
    pub live: Arc<Live>,
    /// Where pings are stored.
    pub writer: Arc<dyn TakePings>,
    /// Engine time.
    pub clock: Arc<Clock>,
    /// How pings ended.
    pub outcomes: PingOutcomes,
    /// What became of connections.
    pub connections: ConnectionCounters,
    /// Pings to names that no check has.
    pub unknown: UnknownNames,
    /// Former names that are still pinged.
    pub former_names: FormerNames,
    /// Whoever reaches the port may have the configuration read again.
    pub lifecycle: bool,
    /// Where such wishes go.
    pub reloads: mpsc::Sender<ReloadRequest>,
    /// Where people and jobs find us, without a slash at its end.
    pub external_url: String,
    /// Nothing leaves: what is to be told waits.
    pub no_deliveries: bool,
    /// What this process counts.
    pub own: Arc<Own>,
    /// What happened to the checks; without it, pages show none of it.
    pub history: Option<Reader>,
    aside_places: aside::Places,
    scraper: Scraper,
    scrape_places: Arc<Shares>,
    write_places: Arc<Semaphore>,
    written_places: Arc<Shares>,
    answer_budget: Arc<Shares>,
    guesses: guesses::Guesses,
    page_guesses: guesses::Guesses,
    access: RwLock<Arc<Access>>,
    audience: RwLock<Arc<Audience>>,
    notices: RwLock<Arc<Notices>>,
}

/// What came of the last reading of the configuration, as far as people must know it.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// Why it was not taken.
    pub reload_fault: Option<String>,
    /// Checks that are no longer declared, and were kept (10.4).
    pub kept: Vec<Name>,
    /// Old and new name of renames that a start passed over, since both have a history (10.3).
    pub passed_over: Vec<(Name, Name)>,
}

/// Who is told, as far as pages say it.
#[derive(Clone, Debug, Default)]
pub struct Audience {
    /// Which receivers hear of what.
    pub policy: Arc<Policy>,
    /// Every alert is pushed to an Alertmanager (13.1).
    pub has_alertmanager: bool,
}

/// What the handlers need of the store's writer.
pub trait TakePings: Send + Sync {
    /// Queues a ping; what became of it is answered when it is durable.
    fn ping(&self, check: CheckId, fact: PingFact) -> Result<PingAnswer, Overloaded>;

    /// The earliest deadline that is not judged yet.
    fn deadline(&self) -> Option<Time>;

    /// A request was refused before it was read (9.1).
    fn refuse_unread(&self);

    /// The listeners close (9.1).
    fn close(&self);

    /// 1.5: up to when all that came is stored.
    fn applied_to(&self) -> Time;

    /// Whether what came last could be stored; pings are refused while not.
    fn is_healthy(&self) -> bool;

    /// Queues something for the writer's thread; it is not run if that has ended.
    fn call(&self, call: Call);
}

impl TakePings for Writer {
    fn ping(&self, check: CheckId, fact: PingFact) -> Result<PingAnswer, Overloaded> {
        Writer::ping(self, check, fact)
    }

    fn deadline(&self) -> Option<Time> {
        self.wakes().borrow().deadline
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

    fn call(&self, call: Call) {
        self.queue_call(call);
    }
}

impl App {
    /// Before the first request: with nothing counted, and without keys or tokens.
    pub fn new(
        live: Arc<Live>,
        writer: Arc<dyn TakePings>,
        clock: Arc<Clock>,
        reloads: mpsc::Sender<ReloadRequest>,
    ) -> App {
        App {
            live,
            writer,
            clock,
            outcomes: PingOutcomes::default(),
            connections: ConnectionCounters::default(),
            unknown: UnknownNames::default(),
            former_names: FormerNames::default(),
            lifecycle: false,
            reloads,
            external_url: "http://127.0.0.1:19099".to_owned(),
            no_deliveries: false,
            own: Arc::default(),
            history: None,
            aside_places: aside::Places::default(),
            scraper: Scraper::default(),
            scrape_places: Shares::new(exposition::MAX_AT_A_TIME),
            write_places: write::places(),
            written_places: Shares::new(MAX_WRITTEN_AT_A_TIME),
            answer_budget: reply::budget(),
            guesses: guesses::Guesses::default(),
            page_guesses: guesses::Guesses::default(),
            access: RwLock::default(),
            audience: RwLock::default(),
            notices: RwLock::default(),
        }
    }

    /// How whoever shows checks judges them (1.5). To be asked before their states are looked at.
    fn as_of(&self) -> AsOf {
        self.live.as_of(self.writer.applied_to())
    }

    /// The configuration was read again: these keys and tokens are asked for from now on.
    pub fn set_access(&self, access: Access) {
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(access);
    }

    /// The configuration was read again: pages say by this who is told.
    pub fn set_audience(&self, audience: Audience) {
        *self.audience.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(audience);
    }

    fn audience(&self) -> Arc<Audience> {
        self.audience.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where a check is pinged; `KEY` stands for a key, where one is asked for.
    pub fn ping_url(&self, name: &str) -> String {
        let key = if self.access().ping_keys.any() { "KEY/" } else { "" };
        format!("{}/ping/{key}{name}", self.external_url)
    }

    /// The configuration was read again, and this came of it.
    pub fn set_notices(&self, notices: Notices) {
        *self.notices.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(notices);
    }

    /// The configuration was read again, and not taken. What was said of the start stays true.
    pub fn set_reload_fault(&self, fault: String) {
        let before = (*self.notices()).clone();
        self.set_notices(Notices { reload_fault: Some(fault), ..before });
    }

    fn notices(&self) -> Arc<Notices> {
        self.notices.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Without a handle of its own: every ping comes by here.
    fn with_access<R>(&self, look: impl FnOnce(&Access) -> R) -> R {
        look(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn access(&self) -> Arc<Access> {
        self.access.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
