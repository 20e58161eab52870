//! A connection over TLS (23.9). Its handshake is made by whoever reads or writes first: so it is bounded in time as the head
//! of the first request is, and takes the connection's place among the others.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// A connection over TLS.
pub(super) struct Tls(Stage);

enum Stage {
    Shaking(Accept<TcpStream>),
    Open(TlsStream<TcpStream>),
    /// The handshake failed, and the connection is closed.
    Failed,
}

impl Tls {
    /// Begins on this connection.
    pub(super) fn on(stream: TcpStream, setup: Arc<ServerConfig>) -> Tls {
        Tls(Stage::Shaking(TlsAcceptor::from(setup).accept(stream)))
    }

    /// The connection itself; `None`: it is closed.
    pub(super) fn socket(&self) -> Option<BorrowedFd<'_>> {
        match &self.0 {
            Stage::Shaking(accept) => accept.get_ref().map(AsFd::as_fd),
            Stage::Open(stream) => Some(stream.get_ref().0.as_fd()),
            Stage::Failed => None,
        }
    }

    /// The stream, once the handshake is over.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut TlsStream<TcpStream>>>> {
        if let Stage::Shaking(accept) = &mut self.0 {
            let shaken = ready!(Pin::new(accept).poll(cx));
            // Asked again after a failure, the handshake would panic.
            self.0 = Stage::Failed;
            self.0 = Stage::Open(shaken?);
        }
        match &mut self.0 {
            Stage::Open(stream) => Poll::Ready(Ok(Pin::new(stream))),
            Stage::Shaking(_) | Stage::Failed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Tls {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.get_mut().poll_open(cx))?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Tls {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.get_mut().poll_open(cx))?.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Stage::Open(stream) => Pin::new(stream).poll_flush(cx),
            // Nothing was written.
            Stage::Shaking(_) | Stage::Failed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Stage::Open(stream) => Pin::new(stream).poll_shutdown(cx),
            Stage::Shaking(_) | Stage::Failed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}
