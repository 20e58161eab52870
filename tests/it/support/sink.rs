//! A webhook's other end: records what is posted to it and answers as it is told to.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use reqwest::header::HeaderMap;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::http::runtime;
use super::inbox::Inbox;
use super::process::free_port;

/// How the next requests are answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    /// With a `Retry-After` of so many seconds.
    RetryAfter(u16, u32),
    /// 307 to this URL.
    Redirect(String),
    /// Takes the request and never answers.
    Hang,
    /// Takes the request and closes the connection.
    Close,
}

/// A request as it came, whatever was answered.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    /// A header's value, or the empty string.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Listens until it is dropped.
pub(crate) struct WebhookSink {
    port: u16,
    answer: Arc<Mutex<Answer>>,
    pub(crate) received: Inbox<Received>,
    server: AbortHandle,
}

impl WebhookSink {
    /// Answers 200 until told otherwise.
    pub(crate) fn start() -> WebhookSink {
        WebhookSink::start_at(free_port())
    }

    /// On a given port: that of a sink which was dropped.
    pub(crate) fn start_at(port: u16) -> WebhookSink {
        let answer = Arc::new(Mutex::new(Answer::Status(200)));
        let received = Inbox::new();
        let listener = runtime().block_on(TcpListener::bind(("127.0.0.1", port))).unwrap();
        let server = runtime().spawn(serve(listener, Arc::clone(&answer), received.clone())).abort_handle();
        WebhookSink { port, answer, received, server }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub(crate) fn answer_with(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }
}

impl Drop for WebhookSink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Owns its connections, so that they end with it.
async fn serve(listener: TcpListener, answer: Arc<Mutex<Answer>>, received: Inbox<Received>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (answer, received) = (Arc::clone(&answer), received.clone());
        let service = service_fn(move |request| respond(request, Arc::clone(&answer), received.clone()));
        // An error is a client that went away, or an answer that was to fail.
        connections.spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}

/// What makes hyper close the connection.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Closed;

async fn respond(
    request: Request<Incoming>,
    answer: Arc<Mutex<Answer>>,
    received: Inbox<Received>,
) -> Result<Response<Full<Bytes>>, Closed> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let path = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let answer = answer.lock().unwrap().clone();
    received.push(Received { method: head.method.to_string(), path, headers: head.headers, body });
    let mut response = Response::new(Full::new(Bytes::new()));
    match answer {
        Answer::Status(status) => *response.status_mut() = StatusCode::from_u16(status).unwrap(),
        Answer::RetryAfter(status, seconds) => {
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response.headers_mut().insert("retry-after", seconds.into());
        }
        Answer::Redirect(url) => {
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert("location", url.parse().unwrap());
        }
        Answer::Hang => never().await,
        Answer::Close => return Err(Closed),
    }
    Ok(response)
}

async fn never() {
    let _: Infallible = std::future::pending().await;
}
