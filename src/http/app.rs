//! What the handlers of requests share.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use tokio::sync::Semaphore;

use super::auth::Access;
use super::guesses::Guesses;
use super::kept::Kept;
use super::names::FormerNames;
use super::person::Passwords;
use super::prefix::RoutePrefix;
use super::reply;
use super::shares::Shares;
use crate::app::Services;

/// Scrapes answered at a time, half of them to one address: each holds a thread, a slow reader for as long as
/// [`super::limits::Limits::scrape_timeout`]. So a Prometheus that scrapes in parts may ask for eight of them at once.
const MAX_SCRAPES: usize = 16;
/// Answers of other systems' interfaces that are written while they are sent, at a time: each takes a thread, and a slow
/// reader holds it long.
const MAX_WRITTEN: usize = 4;

/// Those who wait until something flips, at a time.
const MAX_WAITING_FOR_FLIPS: usize = 256;

/// What the handlers of requests share.
pub struct App {
    /// What operations need.
    pub services: Arc<Services>,
    /// Whoever reaches the port may have the configuration read again.
    pub lifecycle: bool,
    /// Where people and jobs find us, without a slash at its end.
    pub external_url: String,
    /// Below which path everything is served; at the socket at the top.
    pub route_prefix: RoutePrefix,
    /// Names that checks had before and that were pinged.
    pub former_names: FormerNames,
    /// For those who come over the network, and for the user at the socket: neither keeps the other out.
    rooms: [AnswerRooms; 2],
    /// Wrong secrets that were shown lately.
    pub(super) guessed: Guesses,
    pub(super) passwords: Passwords,
    /// Renderings of pages.
    pub(super) kept: Kept,
    /// Seats for those who wait until something flips.
    pub(super) waiting_for_flips: Semaphore,
    /// The seat of a configuration that is judged.
    pub(super) judging: Arc<Semaphore>,
    access: RwLock<Arc<Access>>,
    tls: RwLock<Option<Arc<ServerConfig>>>,
}

/// Room for answers that take long, shared by the addresses of their readers.
pub(super) struct AnswerRooms {
    pub(super) scrapes: Arc<Shares>,
    /// Written while they are sent.
    pub(super) written: Arc<Shares>,
    /// Bytes that are not written yet.
    pub(super) unwritten: Arc<Shares>,
}

impl AnswerRooms {
    fn new() -> AnswerRooms {
        AnswerRooms {
            scrapes: Shares::new(MAX_SCRAPES),
            written: Shares::new(MAX_WRITTEN),
            unwritten: reply::budget(),
        }
    }
}

impl App {
    /// Before the first request: without keys or tokens.
    pub fn new(services: Arc<Services>) -> App {
        App {
            services,
            lifecycle: false,
            external_url: "http://127.0.0.1:19099".to_owned(),
            route_prefix: RoutePrefix::default(),
            former_names: FormerNames::default(),
            rooms: [AnswerRooms::new(), AnswerRooms::new()],
            guessed: Guesses::default(),
            passwords: Passwords::new(),
            kept: Kept::default(),
            waiting_for_flips: Semaphore::new(MAX_WAITING_FOR_FLIPS),
            judging: Arc::new(Semaphore::new(1)),
            access: RwLock::default(),
            tls: RwLock::default(),
        }
    }

    /// The configuration was read again: these keys and tokens are asked for from now on.
    pub fn set_access(&self, access: Access) {
        self.passwords.keep_only(&access.people);
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(access);
        // What was pinged before it was one, or before we knew it for one.
        let access = self.access();
        self.services.live.unknown_names().retain(|known| !access.is_secret(known.name.as_bytes()));
    }

    /// What connections of the network are accepted with from now on; `None`: they come without TLS.
    pub fn set_tls(&self, setup: Option<Arc<ServerConfig>>) {
        *self.tls.write().unwrap_or_else(PoisonError::into_inner) = setup;
    }

    pub(super) fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.tls.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where a check is pinged; `KEY` stands for a key, where one is asked for.
    pub fn ping_url(&self, name: &str) -> String {
        let key = if self.access().ping_keys.any() { "KEY/" } else { "" };
        format!("{}/ping/{key}{name}", self.external_url)
    }

    /// Room for answers that take long, at the socket or over the network.
    pub(super) fn rooms(&self, is_at_socket: bool) -> &AnswerRooms {
        &self.rooms[usize::from(is_at_socket)]
    }

    /// Without a handle of its own: every ping comes by here.
    pub(super) fn with_access<R>(&self, look: impl FnOnce(&Access) -> R) -> R {
        look(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn access(&self) -> Arc<Access> {
        self.access.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
