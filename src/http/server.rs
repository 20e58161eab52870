//! The listening sockets: taking connections, within limits, until told to stop.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::task::coop::unconstrained;
use tokio::time::{sleep, timeout};

use super::App;
use super::connection::{self, Order, Socket};
use super::limits::Limits;
use super::listeners::{Accepted, Listener, Listeners, is_of_one_connection};
use super::peers::{Peers, Seated};
use super::progress::Progress;
use super::routes;
use super::site::Arrival;
use super::stream::Stream;
use super::tls::Tls;

/// What all accepting tasks share.
struct Shared {
    app: Arc<App>,
    limits: Limits,
    /// One for each connection.
    places: Arc<Semaphore>,
    /// One for each connection that is being told that there is no place.
    refusals: Arc<Semaphore>,
    peers: Arc<Peers>,
    order: watch::Sender<Order>,
}

impl Shared {
    /// So long a new connection waits for the place of one that was ended for it.
    const ROOM_TIMEOUT: Duration = Duration::from_secs(1);
    const REFUSALS_AT_A_TIME: usize = 64;

    /// Few places are left: idle connections should go.
    fn is_crowded(&self) -> bool {
        self.places.available_permits() < self.limits.max_connections / 8
    }
}

/// Serves until `stop` completes, or a listener ends by a bug; then takes no more connections, finishes what is under way,
/// and returns within the drain time-out.
pub async fn serve(listeners: Listeners, app: Arc<App>, limits: Limits, stop: impl Future<Output = ()>) {
    let shared = Arc::new(Shared {
        app,
        limits,
        places: Arc::new(Semaphore::new(limits.max_connections)),
        refusals: Arc::new(Semaphore::new(Shared::REFUSALS_AT_A_TIME)),
        peers: Arc::default(),
        order: watch::Sender::new(Order::Serve),
    });
    let Listeners { all, are_shared } = listeners;
    let mut accepting: JoinSet<()> =
        all.into_iter().map(|listener| accept(listener, are_shared, shared.clone())).collect();
    tokio::select! {
        () = stop => {}
        Some(_) = accepting.join_next() => tracing::error!("a listener has ended by a bug"),
    }
    shared.app.services.writer.close();
    shared.app.services.closing.send_replace(true);
    shared.order.send_replace(Order::Drain);
    // A task that panicked has logged it, and accepts no more.
    while accepting.join_next().await.is_some() {}
    let all = u32::try_from(limits.max_connections).unwrap_or(u32::MAX);
    if timeout(limits.drain_timeout, shared.places.acquire_many(all)).await.is_err() {
        let open = limits.max_connections - shared.places.available_permits();
        tracing::warn!(open, "closing connections that did not end in time");
    }
    shared.order.send_replace(Order::Close);
}

async fn accept(listener: Listener, are_shared: bool, shared: Arc<Shared>) {
    let on_loopback = listener.is_on_loopback();
    let mut order = shared.order.subscribe();
    let mut backoff = Backoff::default();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = order.wait_for(|order| *order != Order::Serve) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(accepted) => {
                backoff = Backoff::default();
                take(accepted, on_loopback, &shared);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                let connections = &shared.app.services.counters.connections;
                connections.note(&connections.accept_failures, shared.app.services.clock.now(), &error);
                shared.app.services.writer.refuse_unread();
                backoff.wait().await;
            }
        }
    }
    // The next process serves who waits there.
    if are_shared {
        return;
    }
    // Who connected before we stopped, and waits in the kernel's queue, would otherwise be reset.
    // No more than the queue can hold: others may go on to come.
    for _ in 0..Listeners::BACKLOG {
        let Some(accepted) = listener.in_queue() else { return };
        take(accepted, on_loopback, &shared);
    }
}

/// Waits after a failed accept(2): a lack of files or memory does not pass at once, and an accept that fails at once
/// would take the whole processor.
#[derive(Default)]
struct Backoff {
    failures: u32,
}

impl Backoff {
    async fn wait(&mut self) {
        self.failures = self.failures.saturating_add(1);
        sleep(Duration::from_millis(10) * (1 << self.failures.min(6))).await;
    }
}

fn take((stream, source): Accepted, on_loopback: bool, shared: &Arc<Shared>) {
    let progress = Arc::new(Progress::new());
    // Who is on this machine needs none.
    let stream = match (stream, shared.app.tls()) {
        (Stream::Tcp(stream), Some(setup)) => Stream::Tls(Box::new(Tls::on(stream, setup, progress.clone()))),
        (stream, _) => stream,
    };
    let is_secure = matches!(stream, Stream::Tls(_));
    let arrival = Arrival { source, on_loopback, user: None, is_secure, is_proxied: false };
    let socket = Socket::new(stream, progress);
    if let Ok(place) = shared.places.clone().try_acquire_owned() {
        return serve_at(Place::Taken(place), socket, arrival, shared);
    }
    // Whoever holds the most makes room, so that one address alone keeps nobody out. The newcomer queues up before: else who
    // comes next takes the place that was made for it. Whoever waits may have to make room, too.
    let mut place = Box::pin(unconstrained(shared.places.clone().acquire_owned()));
    match place.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(place)) => serve_at(Place::Taken(place), socket, arrival, shared),
        Poll::Pending if shared.peers.make_room(arrival.source) => {
            serve_at(Place::Awaited(place), socket, arrival, shared);
        }
        _ => refuse(socket, shared),
    }
}

fn serve_at(place: Place, socket: Socket, arrival: Arrival, shared: &Arc<Shared>) {
    let mut order = shared.order.subscribe();
    if *order.borrow() != Order::Serve {
        order.mark_changed();
    }
    let progress = socket.progress();
    let seated = shared.peers.seat(arrival.source, progress.clone());
    let number = seated.number();
    let served = Served { socket, told: Told { shared: shared.clone(), progress }, seated, place };
    let task = tokio::spawn(async move {
        // The socket goes before what is told of it.
        let Served { told, socket, seated, place } = served;
        let shared = &told.shared;
        let Some(place) = place.come().await else { return refuse(socket, shared) };
        let crowded = || shared.is_crowded();
        let handler = |request| routes::answer(&shared.app, &shared.limits, arrival, request);
        connection::serve(socket, &shared.limits, order, crowded, handler).await;
        drop((told, seated, place));
    });
    shared.peers.runs(arrival.source, number, task.abort_handle());
}

/// The place of a connection.
enum Place {
    Taken(OwnedSemaphorePermit),
    /// That of one that was ended for it.
    Awaited(Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>),
}

impl Place {
    /// `None`: it does not come in time.
    async fn come(self) -> Option<OwnedSemaphorePermit> {
        match self {
            Place::Taken(place) => Some(place),
            Place::Awaited(place) => timeout(Shared::ROOM_TIMEOUT, place).await.ok()?.ok(),
        }
    }
}

/// A connection and what it holds. One that has to make room before it was looked at for the first time goes in this order.
struct Served {
    socket: Socket,
    told: Told,
    seated: Seated,
    place: Place,
}

/// Says, once its socket is closed, what was lost with a connection that had to make room: it may have been a ping (9.1).
struct Told {
    shared: Arc<Shared>,
    progress: Arc<Progress>,
}

impl Drop for Told {
    fn drop(&mut self) {
        if self.progress.lost_a_request() {
            let app = &self.shared.app;
            app.services.counters.connections.note(
                &app.services.counters.connections.refused,
                app.services.clock.now(),
                &"one had to make room",
            );
            app.services.writer.refuse_unread();
        }
    }
}

fn refuse(socket: Socket, shared: &Arc<Shared>) {
    let connections = &shared.app.services.counters.connections;
    connections.note(&connections.refused, shared.app.services.clock.now(), &"there are too many at a time");
    shared.app.services.writer.refuse_unread();
    if let Ok(place) = shared.refusals.clone().try_acquire_owned() {
        tokio::spawn(async move {
            connection::refuse(socket).await;
            drop(place);
        });
    }
}
