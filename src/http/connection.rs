//! One connection: its socket, what it serves, and its end.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep, timeout};

use super::limits::Limits;
use super::progress::{Phase, Progress, Watchdog};
use super::reply::Reply;
use super::stream::Stream;

/// What connections are told by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Serve on.
    Serve,
    /// Finish what is under way, then close.
    Drain,
    /// Close now.
    Close,
}

/// A connection's socket, which notes its progress, and reads on for a while after the last answer: a socket closed with
/// something unread would be reset, and the answer lost on its way.
pub(super) struct Socket {
    stream: Stream,
    progress: Arc<Progress>,
    read_to_end: bool,
    wasted_bytes: usize,
}

impl Socket {
    /// So much is read after the last answer.
    const MAX_WASTED_BYTES: usize = 4 << 20;

    pub(super) fn new(stream: Stream, progress: Arc<Progress>) -> Socket {
        Socket { stream, progress, read_to_end: false, wasted_bytes: 0 }
    }

    /// What it is doing.
    pub(super) fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }
}

impl Drop for Socket {
    /// What has come and was not read is lost with it.
    fn drop(&mut self) {
        if !self.progress.is_evicted() {
            return;
        }
        let is_lost = match self.progress.phase() {
            Phase::Sealed | Phase::Head | Phase::Serving => true,
            Phase::Fresh | Phase::Shaken | Phase::Idle => self.stream.is_unread(),
            Phase::Ending => false,
        };
        self.progress.note_loss(is_lost);
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        if outcome.is_ok() && buf.filled().len() > before {
            self.progress.read_some();
        } else {
            self.read_to_end = true;
        }
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        self.progress.wrote_some();
        Poll::Ready(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        self.progress.wrote_some();
        Poll::Ready(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.progress.phase() != Phase::Ending {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.progress.enter(Phase::Ending);
        }
        let mut waste = [0; 4096];
        while !self.read_to_end && self.wasted_bytes < Socket::MAX_WASTED_BYTES {
            let mut buf = ReadBuf::new(&mut waste);
            ready!(self.as_mut().poll_read(cx, &mut buf))?;
            self.wasted_bytes += buf.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}

/// Serves one connection to its end: each request by `handler`, within `limits`, as ordered.
pub(super) async fn serve<H, A>(
    socket: Socket,
    limits: &Limits,
    mut order: watch::Receiver<Order>,
    crowded: impl Fn() -> bool,
    handler: H,
) where
    H: Fn(Request<Incoming>) -> A,
    A: Future<Output = Reply>,
{
    let progress = socket.progress();
    let draining = AtomicBool::new(false);
    let service = service_fn(|request| {
        progress.enter(Phase::Serving);
        let answer = handler(request);
        let (progress, draining) = (&progress, &draining);
        async move {
            let mut reply = answer.await;
            progress.enter(Phase::Idle);
            if draining.load(Ordering::Relaxed) {
                reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<Reply, Infallible>(reply)
        }
    });
    let socket = TokioIo::new(socket);
    let mut connection = pin!(builder(limits).serve_connection(socket, service));
    let watchdog = Watchdog::new(limits);
    let hurried = watchdog.tick.min(TICK_WHILE_DRAINING);
    let mut tick = pin!(sleep(watchdog.tick));
    let mut waits = None;
    loop {
        match next_event(connection.as_mut(), tick.as_mut(), &mut order).await {
            Event::Ended(outcome) => {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            Event::Tick => {
                let draining = draining.load(Ordering::Relaxed);
                // A whole tick, each time that it waits for something else: a handshake that is over in this moment is followed by a
                // request.
                let waited = std::mem::replace(&mut waits, progress.waits_as());
                let in_vain = waits.is_some() && waits == waited;
                if watchdog.overrun(&progress, crowded()) || (draining && in_vain) {
                    return;
                }
                // Who shakes hands, or has just done so, is about to ask: a client whose handshake fails does not come again by
                // itself, as curl does that is answered or refused.
                if draining && progress.ends_with_an_answer() {
                    connection.as_mut().graceful_shutdown();
                }
                tick.set(sleep(if draining { hurried } else { watchdog.tick }));
            }
            Event::Ordered(Order::Serve) => {}
            Event::Ordered(Order::Drain) => {
                draining.store(true, Ordering::Relaxed);
                waits = progress.waits_as();
                // On one that is idle the next request may have come: Tokio has not heard yet of all that waits in the kernel.
                if progress.ends_with_an_answer() && progress.phase() != Phase::Idle {
                    connection.as_mut().graceful_shutdown();
                }
                tick.set(sleep(hurried));
            }
            Event::Ordered(Order::Close) => return,
        }
    }
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // The watchdog's work: hyper would set a timer for each request.
        .header_read_timeout(None)
        // The number of headers is bounded by hyper: at most 100; a number of our own would cost an allocation.
        .max_header_size(limits.max_head_bytes)
        // A reader that is slow has so much of its answer in here, and [`reply::Body`] keeps account of the rest.
        .max_buf_size(limits.max_head_bytes.max(MIN_BUFFER_BYTES))
        // Head and body of an answer are small: one buffer is written faster than two.
        .writev(false)
        // A client that has sent all and closes its side still wants its answer; and this spares a read.
        .half_close(true);
    builder
}

/// The smallest that hyper takes.
const MIN_BUFFER_BYTES: usize = 8192;

enum Event {
    /// The connection is over.
    Ended(hyper::Result<()>),
    /// The watchdog's time.
    Tick,
    /// The server says so.
    Ordered(Order),
}

/// What happens next.
async fn next_event(
    connection: Pin<&mut impl Future<Output = hyper::Result<()>>>,
    tick: Pin<&mut Sleep>,
    order: &mut watch::Receiver<Order>,
) -> Event {
    tokio::select! {
        biased;
        outcome = connection => Event::Ended(outcome),
        // The sender gone counts as an order, too.
        changed = order.changed() => {
            Event::Ordered(if changed.is_ok() { *order.borrow() } else { Order::Close })
        }
        () = tick => Event::Tick,
    }
}

/// The watchdog's tick while draining. A connection on which nothing has come yet, or on which all is answered, is given
/// one.
const TICK_WHILE_DRAINING: Duration = Duration::from_millis(500);

/// So long a client may take to hear that there is no place for it.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Answers 503 without reading the request: there are too many connections.
pub(super) async fn refuse(mut socket: Socket) {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n\r\ntoo many connections\n";
    let answer = async {
        socket.write_all(ANSWER).await?;
        socket.shutdown().await
    };
    // Who does not listen is not told.
    let _ = timeout(REFUSAL_TIMEOUT, answer).await;
}
