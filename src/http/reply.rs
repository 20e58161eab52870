//! Answers, made of parts that are prepared once.

use std::borrow::Cow;
use std::io::Write as _;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::pieces::{self, CutShort};
use super::shares::{Share, Shares};
use crate::store::PingFact;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Frame, SizeHint};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue,
    RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Method, Response, StatusCode};
use serde::Serialize;

/// An answer.
pub(super) type Reply = Response<Body>;

/// An answer's body.
#[derive(Debug)]
pub(super) enum Body {
    /// All of it.
    Whole(Bytes),
    /// All of it, of which so much is not written yet: it holds its part of the budget until then.
    Large { rest: Bytes, _held: Share },
    /// Piece by piece, from another thread.
    Pieces(pieces::PieceReceiver),
}

impl Default for Body {
    fn default() -> Body {
        Body::Whole(Bytes::new())
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let data = match self.get_mut() {
            Body::Whole(bytes) => Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty()).map(Ok),
            Body::Large { rest, .. } if rest.is_empty() => None,
            Body::Large { rest, .. } => Some(Ok(rest.split_to(rest.len().min(SLICE_BYTES)))),
            Body::Pieces(pieces) => ready!(pieces.poll(cx)),
        };
        Poll::Ready(data.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Body::Whole(bytes) | Body::Large { rest: bytes, .. } if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) | Body::Large { rest: bytes, .. } => SizeHint::with_exact(bytes.len() as u64),
            Body::Pieces(_) => SizeHint::default(),
        }
    }
}

/// An answer that is sent while it is made: see [`pieces::made`].
pub(super) fn in_pieces<E>(
    place: impl Send + 'static,
    limit: Duration,
    make: impl FnOnce(&mut pieces::Sender) -> Result<(), E> + Send + 'static,
) -> Reply {
    Reply::new(Body::Pieces(pieces::made(place, limit, make)))
}

/// Shorter answers are not accounted for: a connection itself takes as much.
const SMALL_BYTES: usize = 16 * 1024;
/// A large answer is written in such parts, so that no more of it than one lies around in buffers.
const SLICE_BYTES: usize = 16 * 1024;
/// The budget of large answers is counted in these, in bytes.
const UNIT_BYTES: usize = 1024;
/// All large answers together that are not written yet, in bytes: a slow reader keeps its own for as long as
/// [`super::limits::Limits::answer_timeout`].
const MAX_LARGE_BYTES: usize = 32 << 20;

/// The budget of large answers.
pub(super) fn budget() -> Arc<Shares> {
    Shares::new(MAX_LARGE_BYTES / UNIT_BYTES)
}

/// Takes an answer's part of the budget for whom it is for, if it is a large one; says so where there is none left.
pub(super) fn within(budget: &Arc<Shares>, source: IpAddr, reply: Reply) -> Reply {
    let (head, body) = reply.into_parts();
    match body {
        Body::Whole(bytes) if bytes.len() > SMALL_BYTES => {
            // One that is larger than the budget waits for all of it.
            let units = bytes.len().min(MAX_LARGE_BYTES).div_ceil(UNIT_BYTES);
            match budget.try_take(source, units) {
                Some(_held) => Response::from_parts(head, Body::Large { rest: bytes, _held }),
                None => with_retry_after(text(StatusCode::SERVICE_UNAVAILABLE, TOO_MANY), 1),
            }
        }
        body => Response::from_parts(head, body),
    }
}

const TOO_MANY: &str = "too many large answers are being read, by slow readers: try again\n";

const PING_BODY_LIMIT: HeaderName = HeaderName::from_static("ping-body-limit");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// As Healthchecks has it: nobody may answer in our place.
const NO_STORE: HeaderValue =
    HeaderValue::from_static("max-age=0, no-cache, no-store, must-revalidate, private");

fn whole(text: Cow<'static, str>) -> Body {
    Body::Whole(match text {
        Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
        Cow::Owned(text) => text.into(),
    })
}

/// A text for people and logs.
pub(super) fn text(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Reply {
    let mut reply = Response::new(whole(text.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, TEXT);
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// JSON for programs.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    let json = serde_json::to_string(value).expect("our own structs have texts for keys");
    let mut reply = text(status, json + "\n");
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// What a stranger said, to be shown as text and as nothing else; what is no UTF-8 is not shown at all.
pub(super) fn bytes(bytes: Vec<u8>) -> Reply {
    let is_text = std::str::from_utf8(&bytes).is_ok();
    let mut reply = text(StatusCode::OK, "");
    *reply.body_mut() = Body::Whole(bytes.into());
    if !is_text {
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    reply.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// The answer to a ping, with the headers that Healthchecks' clients look for.
pub(super) fn to_ping(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Reply {
    static HEADERS: LazyLock<HeaderMap> = LazyLock::new(|| {
        const { assert!(PingFact::MAX_BODY_BYTES == 10_000, "the header says so") };
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, TEXT);
        headers.insert(CACHE_CONTROL, NO_STORE);
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(PING_BODY_LIMIT, HeaderValue::from_static("10000"));
        headers
    });
    let mut reply = Response::new(whole(text.into()));
    *reply.status_mut() = status;
    *reply.headers_mut() = HEADERS.clone();
    reply
}

/// What a browser asks before a page of another site pings with a key or a body (23.7).
pub(super) fn to_preflight() -> Reply {
    let mut reply = Response::new(whole("".into()));
    *reply.status_mut() = StatusCode::NO_CONTENT;
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization, Content-Type"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    reply
}

/// Compresses an answer that is whole, as `/metrics` is, for whoever takes that.
pub(super) fn compressed(mut reply: Reply, takes_gzip: bool) -> Reply {
    reply.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    let Body::Whole(bytes) = reply.body() else { return reply };
    if !takes_gzip || bytes.len() < MIN_COMPRESSED {
        return reply;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes all");
    *reply.body_mut() = Body::Whole(packed.into());
    reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    reply
}

/// Less gains nothing.
const MIN_COMPRESSED: usize = 1024;

/// Says which methods there are.
pub(super) fn with_allow(mut reply: Reply, methods: &[Method]) -> Reply {
    let list = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let value = HeaderValue::from_str(&list).expect("methods are tokens");
    reply.headers_mut().insert(ALLOW, value);
    reply
}

/// Says when to come again.
pub(super) fn with_retry_after(mut reply: Reply, secs: u32) -> Reply {
    reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(secs));
    reply
}

const NOT_FOUND: &str = "not found: jobs ping /ping/NAME, people read /, programs ask /api/v1/checks, Prometheus scrapes /metrics, operators ask /-/healthy and /-/ready\n";

/// What is answered where there is no such path, or it does not take the method: it takes these.
pub(super) fn unanswered(methods: &[Method]) -> Reply {
    let (status, said) = match methods {
        [] => (StatusCode::NOT_FOUND, NOT_FOUND),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method\n"),
    };
    let reply = text(status, said);
    if methods.is_empty() { reply } else { with_allow(reply, methods) }
}
