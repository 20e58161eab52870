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

use super::progress::Progress;

/// A connection over TLS.
pub(super) struct Tls {
    stage: Stage,
    progress: Arc<Progress>,
}

enum Stage {
    Shaking(Accept<Sealed>),
    Open(TlsStream<Sealed>),
    /// The handshake failed, and the connection is closed.
    Failed,
}

impl Tls {
    /// Begins on this connection.
    pub(super) fn on(stream: TcpStream, setup: Arc<ServerConfig>, progress: Arc<Progress>) -> Tls {
        let sealed = Sealed { stream, progress: progress.clone() };
        Tls { stage: Stage::Shaking(TlsAcceptor::from(setup).accept(sealed)), progress }
    }

    /// The connection itself; `None`: it is closed.
    pub(super) fn socket(&self) -> Option<BorrowedFd<'_>> {
        let sealed = match &self.stage {
            Stage::Shaking(accept) => accept.get_ref(),
            Stage::Open(stream) => Some(stream.get_ref().0),
            Stage::Failed => None,
        };
        sealed.map(|sealed| sealed.stream.as_fd())
    }

    /// The stream, once the handshake is over.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut TlsStream<Sealed>>>> {
        if let Stage::Shaking(accept) = &mut self.stage {
            let shaken = ready!(Pin::new(accept).poll(cx));
            // Asked again after a failure, the handshake would panic.
            self.stage = Stage::Failed;
            self.stage = Stage::Open(shaken?);
            self.progress.shook();
        }
        match &mut self.stage {
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
        match &mut self.get_mut().stage {
            Stage::Open(stream) => Pin::new(stream).poll_flush(cx),
            // Nothing was written.
            Stage::Shaking(_) | Stage::Failed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stage {
            Stage::Open(stream) => Pin::new(stream).poll_shutdown(cx),
            Stage::Shaking(_) | Stage::Failed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

/// The network below TLS, which notes that something comes before anything of it can be read.
struct Sealed {
    stream: TcpStream,
    progress: Arc<Progress>,
}

impl AsyncRead for Sealed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        if buf.filled().len() > before {
            self.progress.read_sealed();
        }
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for Sealed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
