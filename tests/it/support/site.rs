//! A site of somebody else, on this machine: the same page at every address.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::http::runtime;

/// Answers until it is dropped.
pub(crate) struct Site {
    port: u16,
    server: AbortHandle,
}

impl Site {
    pub(crate) fn start(page: String) -> Site {
        let listener = runtime().block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = runtime().spawn(serve(listener, page.into())).abort_handle();
        Site { port, server }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, page: Bytes) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let page = page.clone();
        let answer = service_fn(move |_: Request<hyper::body::Incoming>| {
            let answer = Response::builder().header(CONTENT_TYPE, "text/html; charset=utf-8");
            let answer = answer.body(Full::new(page.clone())).unwrap();
            async { Ok::<_, Infallible>(answer) }
        });
        connections
            .spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}
