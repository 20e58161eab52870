//! How a request reaches a server: a connection for each request, with a limit on what is read from it.
//!
//! hyper skips interim answers (1xx) for as long as they come, on the threads that also take pings. So bytes are
//! counted below hyper, and a connection that exceeds the limit ends.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioIo};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower_service::Service;

use super::super::resolve::resolve;
use super::super::tls;
use crate::notify::http_config::TlsConfig;

/// For all addresses of a name together; hyper divides it, so an address that does not answer leaves time for the next.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of an answer, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;

type Body = Full<Bytes>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Soon<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// How a server is reached.
#[derive(Debug)]
pub(super) enum Way {
    Direct(Client<HttpsConnector<Tcp>, Body>),
    /// Through a proxy that gets the whole request, with the value of `Proxy-Authorization`.
    Proxy(Client<Proxied, Body>, Option<HeaderValue>),
    /// Through a proxy that opens a tunnel (CONNECT).
    Tunnel(Client<HttpsConnector<Tunnel<HttpsConnector<Tcp>>>, Body>),
}

impl Way {
    /// Builds the way to this URL. If an address is given, it is used instead of resolving the host; so many
    /// bytes are read from a connection. Blocks while it reads all certificates that the system trusts.
    pub(super) fn new(
        url: &Url,
        config: &TlsConfig,
        proxy: Option<&Url>,
        (address, max_read): (Option<SocketAddr>, usize),
    ) -> Result<Way, String> {
        let is_https = url.scheme() == "https";
        let tls = tls::client_config(config, is_https || proxy.is_some())?;
        let tcp = Tcp::new(address.filter(|_| proxy.is_none()), max_read);
        let Some(proxy) = proxy else {
            return Ok(Way::Direct(client(HttpsConnector::from((tcp, tls)))));
        };
        let login = login(proxy).map(|login| HeaderValue::from_str(&login)).transpose();
        let login = login.map_err(|_| "proxy_url has a user that no header can carry".to_owned())?;
        let to_proxy = HttpsConnector::from((Tcp { is_proxy: !is_https, ..tcp }, tls.clone()));
        let proxy = uri(proxy).map_err(|_| "proxy_url is not a URL".to_owned())?;
        if !is_https {
            return Ok(Way::Proxy(client(Proxied { to_proxy, proxy }), login));
        }
        let mut tunnel = Tunnel::new(proxy, to_proxy);
        if let Some(login) = login {
            tunnel = tunnel.with_auth(login);
        }
        Ok(Way::Tunnel(client(HttpsConnector::from((tunnel, tls)))))
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(&self, mut request: Request<Body>) -> Result<Response<Incoming>, legacy::Error> {
        match self {
            Way::Direct(client) => client.request(request).await,
            Way::Tunnel(client) => client.request(request).await,
            Way::Proxy(client, login) => {
                if let Some(login) = login {
                    request.headers_mut().insert(PROXY_AUTHORIZATION, login.clone());
                }
                client.request(request).await
            }
        }
    }
}

/// The URL to connect to, without its user and password.
pub(super) fn uri(url: &Url) -> Result<Uri, String> {
    let mut url = url.clone();
    url.set_fragment(None);
    // Setting these fails only for URLs that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.as_str().parse().map_err(|error| format!("not a URL: {error}"))
}

/// The value of a Basic authorization header, from the user and password of a URL.
pub(super) fn login(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let user = percent_decode_str(url.username());
    let password = percent_decode_str(url.password().unwrap_or_default());
    let both: Vec<u8> = user.chain([b':']).chain(password).collect();
    Some(format!("Basic {}", STANDARD.encode(both)))
}

/// Keeps no idle connections: the byte count is per request, and messages are few.
fn client<C>(connector: C) -> Client<C, Body>
where
    C: legacy::connect::Connect + Clone,
{
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .http1_max_buf_size(MAX_HEAD_BYTES)
        .build(connector)
}

/// Opens TCP connections to the host of a request.
#[derive(Clone, Debug)]
pub(super) struct Tcp {
    http: HttpConnector<Resolver>,
    /// Whether the other side is a proxy that expects absolute URLs.
    is_proxy: bool,
    max_read: usize,
}

impl Tcp {
    fn new(address: Option<SocketAddr>, max_read: usize) -> Tcp {
        let mut http = HttpConnector::new_with_resolver(Resolver { address });
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Tcp { http, is_proxy: false, max_read }
    }
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<BoundedTcp>;
    type Error = BoxError;
    type Future = Soon<TokioIo<BoundedTcp>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (connecting, is_proxy, left) = (self.http.call(to), self.is_proxy, self.max_read);
        Box::pin(async move {
            let stream = connecting.await?.into_inner();
            Ok(TokioIo::new(BoundedTcp { stream, left, is_proxy }))
        })
    }
}

/// Connects to the proxy, whatever host is requested.
#[derive(Clone, Debug)]
pub(super) struct Proxied {
    to_proxy: HttpsConnector<Tcp>,
    proxy: Uri,
}

impl Service<Uri> for Proxied {
    type Response = MaybeHttpsStream<TokioIo<BoundedTcp>>;
    type Error = BoxError;
    type Future = Soon<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.to_proxy.poll_ready(context)
    }

    fn call(&mut self, _to: Uri) -> Self::Future {
        Box::pin(self.to_proxy.call(self.proxy.clone()))
    }
}

/// Resolves a host, or returns the given address.
#[derive(Clone, Debug)]
struct Resolver {
    address: Option<SocketAddr>,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, host: Name) -> Self::Future {
        if let Some(address) = self.address {
            return Box::pin(std::future::ready(Ok(vec![address].into_iter())));
        }
        Box::pin(async move {
            // hyper replaces the port.
            Ok(resolve(host.as_str(), 0).await?.into_iter())
        })
    }
}

/// Fails a connection whose other side sends too much.
#[derive(Debug)]
pub(super) struct BoundedTcp {
    stream: TcpStream,
    /// How many bytes may still be read.
    left: usize,
    is_proxy: bool,
}

impl Connection for BoundedTcp {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.is_proxy)
    }
}

impl AsyncRead for BoundedTcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let why = "the server's answer has more bytes than are read";
            return Poll::Ready(Err(io::Error::other(why)));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        read
    }
}

impl AsyncWrite for BoundedTcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
