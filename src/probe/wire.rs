//! The connection to a server of databases: to a port or a socket, encrypted or not, of which no more is read than a look may need.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use super::server_url::ServerAt;
use crate::notify::resolve;

/// The most that is read of a connection, in bytes: the rows of a look, and what a server says beside them.
const MAX_READ_BYTES: usize = 64 << 20;

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Both for S {}

/// A connection.
pub(super) struct Wire {
    stream: Box<dyn Both>,
    /// So much more is read.
    left_bytes: usize,
}

impl Wire {
    pub(super) async fn connect(at: &ServerAt) -> io::Result<Wire> {
        let stream: Box<dyn Both> = match at {
            ServerAt::Port(host, port) => {
                let addresses = resolve(host, *port).await?;
                let stream = TcpStream::connect(&addresses[..]).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            ServerAt::Socket(path) => Box::new(UnixStream::connect(path).await?),
        };
        Ok(Wire { stream, left_bytes: MAX_READ_BYTES })
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left_bytes == 0 {
            let why = format!("it sent more than {} MiB", MAX_READ_BYTES >> 20);
            return Poll::Ready(Err(io::Error::other(why)));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.left_bytes = self.left_bytes.saturating_sub(buffer.filled().len() - before);
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The same without what TLS adds to it, for a server that has none.
impl TlsStream for Wire {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// Encrypts a connection, if it has what that needs.
#[derive(Clone)]
pub(super) struct Encrypts(pub(super) Option<(Arc<ClientConfig>, ServerName<'static>)>);

impl TlsConnect<Wire> for Encrypts {
    type Stream = Wire;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>>;

    fn connect(self, wire: Wire) -> Self::Future {
        Box::pin(async move {
            let (config, name) = self.0.ok_or_else(|| io::Error::other("it is not to be encrypted"))?;
            let stream = TlsConnector::from(config).connect(name, wire).await?;
            // What it is made of is counted already.
            Ok(Wire { stream: Box::new(stream), left_bytes: usize::MAX })
        })
    }
}
