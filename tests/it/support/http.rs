//! A client of HTTP that waits for its answer, and a raw one for what no client would send.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, RequestBuilder};
use tokio::runtime::Runtime;

use super::contract;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    /// A header's value, or the empty string.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Drives the client and the servers that live in the test's own process.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    })
}

/// Follows no redirect, uses no proxy, accepts the certificates that tests make.
pub(crate) fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        // Fails only if another test of this process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_danger_accept_invalid_certs(true)
            .timeout(super::process::PATIENCE)
            .build()
            .unwrap()
    })
}

/// The same from another address of this machine each time: for what is not taken without end from one.
pub(crate) fn stranger() -> Client {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let [_, a, b, c] = NUMBER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let address: IpAddr = [127, a + 1, b, c].into();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_danger_accept_invalid_certs(true)
        .local_address(address)
        .timeout(super::process::PATIENCE)
        .build()
        .unwrap()
}

/// A connection from this address of this machine.
pub(crate) fn connect_from(address: &str, port: u16) -> TcpStream {
    let to = SocketAddr::from(([127, 0, 0, 1], port));
    let stream = runtime().block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(super::process::PATIENCE)).unwrap();
    stream
}

pub(crate) fn try_send(request: RequestBuilder) -> reqwest::Result<Response> {
    let (client, request) = request.build_split();
    let request = request?;
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = runtime().block_on(async {
        let response = client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        reqwest::Result::Ok(Response { status, headers, body: response.bytes().await?.to_vec() })
    })?;
    contract::hold(&method, &path, &response);
    Ok(response)
}

pub(crate) fn send(request: RequestBuilder) -> Response {
    try_send(request).unwrap_or_else(|error| panic!("{error:?}"))
}

pub(crate) fn try_get(url: &str) -> reqwest::Result<Response> {
    try_send(client().get(url))
}

pub(crate) fn get(url: &str) -> Response {
    send(client().get(url))
}

pub(crate) fn post(url: &str, body: impl Into<reqwest::Body>) -> Response {
    send(client().post(url).body(body))
}

pub(crate) fn post_json(url: &str, body: &serde_json::Value) -> Response {
    send(with_json(client().post(url), body))
}

pub(crate) fn with_json(request: RequestBuilder, body: &serde_json::Value) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/json").body(body.to_string())
}

/// Sends exactly these bytes and reads until the server closes, at most `within`; what came until then.
pub(crate) fn raw(port: u16, bytes: &[u8], within: Duration) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(within)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    // Running out of time, or a reset by a server that has had enough, still leaves what came before.
    let _ = stream.read_to_end(&mut answer);
    answer
}
