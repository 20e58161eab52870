//! The Unix socket in the folder of the database: the same routes, for the user of the server, who may do everything.
//!
//! Why a socket and no address with a token: the permissions of a file are the authentication, so that there is no secret
//! to hand around, to rotate or to lose in a log; no browser can reach it, and nobody on another machine. Whoever may
//! write the database may command its server, and nobody else but root.
//!
//! It has places and budgets of its own: whatever crowds the network's listeners, the operator's way in stays open, and
//! whoever crowds it keeps no job out.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::app::App;
use super::connection::{self, Order, Socket};
use super::limits::Limits;
use super::progress::Progress;
use super::routes;
use super::site::Arrival;
use super::stream::Stream;
use crate::core::time::{Span, Time};

/// The socket's name in the database's folder.
const FILE: &str = "control.sock";

/// The socket in the database's folder.
pub fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// The socket, bound and not yet served.
#[derive(Debug)]
pub struct ControlSocket(UnixListener);

/// What its connections share.
struct Sharing {
    app: Arc<App>,
    limits: Limits,
    places: Arc<Semaphore>,
    strangers: Strangers,
    order: watch::Sender<Order>,
}

/// Users whom the socket is not for, and who came all the same: when the log said so last.
#[derive(Debug, Default)]
struct Strangers(Mutex<Option<Time>>);

impl Strangers {
    /// So long the log says nothing of the next ones.
    const SILENCE: Span = Span::mins(1);

    fn note(&self, user: u32, now: Time) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back ends the silence, too.
        if last.is_some_and(|last| (last..last + Strangers::SILENCE).contains(&now)) {
            return;
        }
        *last = Some(now);
        tracing::warn!(
            user,
            "another user than the server's came to the control socket, and was turned away"
        );
    }
}

impl ControlSocket {
    /// Makes the socket in the database's folder, of which this process is the only server. It replaces the one that a
    /// server before has left, and is there for its owner alone from the first moment.
    pub fn bind(folder: &Path) -> io::Result<ControlSocket> {
        let (path, new) = (path(folder), folder.join(format!("{FILE}.new")));
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&new)?;
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&new, &path)?;
        Ok(ControlSocket(listener))
    }

    /// Serves until `stop` completes; then takes no more connections, finishes what is under way, and returns within the
    /// drain time-out.
    pub async fn serve(self, app: Arc<App>, limits: Limits, stop: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(limits.max_connections));
        let (strangers, order) = (Strangers::default(), watch::Sender::new(Order::Serve));
        let sharing = Arc::new(Sharing { app, limits, places, strangers, order });
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = self.next(&sharing) => accepted,
            };
            match accepted {
                Ok((stream, place)) => serve_one(stream, place, &sharing),
                Err(error) => {
                    tracing::warn!(%error, "cannot take a client of the control socket");
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
        drop(self.0);
        sharing.order.send_replace(Order::Drain);
        let all = u32::try_from(limits.max_connections).unwrap_or(u32::MAX);
        // Who does not end in time is closed.
        let _ = timeout(limits.drain_timeout, sharing.places.acquire_many(all)).await;
        sharing.order.send_replace(Order::Close);
    }

    /// Whoever comes next, once there is a place: until then they wait in the kernel's queue.
    async fn next(&self, sharing: &Sharing) -> io::Result<(UnixStream, OwnedSemaphorePermit)> {
        let place = sharing.places.clone().acquire_owned().await.expect("this semaphore is never closed");
        let (stream, _) = self.0.accept().await?;
        Ok((stream, place))
    }
}

fn serve_one(stream: UnixStream, place: OwnedSemaphorePermit, sharing: &Arc<Sharing>) {
    // The file's permissions have said so already; a folder on a strange file system may have none.
    let Ok(user) = stream.peer_cred().map(|who| who.uid()) else { return };
    if user != 0 && user != rustix::process::geteuid().as_raw() {
        sharing.strangers.note(user, sharing.app.services.clock.now());
        return;
    }
    let source = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let arrival =
        Arrival { source, on_loopback: false, user: Some(user), is_secure: false, is_proxied: false };
    let socket = Socket::new(Stream::Unix(stream), Arc::new(Progress::new()));
    let (sharing, order) = (sharing.clone(), sharing.order.subscribe());
    tokio::spawn(async move {
        let Sharing { app, limits, places, .. } = &*sharing;
        let crowded = || places.available_permits() == 0;
        let handler = |request| routes::answer(app, limits, arrival, request);
        connection::serve(socket, limits, order, crowded, handler).await;
        drop(place);
    });
}
