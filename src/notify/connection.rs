//! The connection to a mail server, with a limit on what is read from it.
//!
//! lettre checks an answer's length only at the end of a line, so a line that never ends would fill the memory. Here
//! the bytes read between two of our commands are counted below lettre.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_io::{AsyncRead as _, AsyncWrite as _};
#[expect(deprecated, reason = "the only way to a TLS stream that lettre makes by its own parameters")]
use lettre::transport::smtp::client::AsyncNetworkStream;
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of an answer is read, including the certificates of STARTTLS. lettre's own limit is 100 kB.
pub(super) const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Where a mail server is, and how we greet it.
pub(super) struct MailServer<'a> {
    pub(super) addresses: &'a [SocketAddr],
    /// The time-out for each address.
    pub(super) patience: Duration,
    /// Set for TLS from the first byte.
    pub(super) implicit: Option<TlsParameters>,
    /// The name that we greet with.
    pub(super) hello: &'a ClientId,
}

/// Connects, reads the greeting, and sends EHLO, or HELO for an old server that knows only that (RFC 5321 §3.2).
pub(super) async fn connect(
    server: &MailServer<'_>,
    is_old: bool,
) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
    #[expect(deprecated, reason = "as above")]
    let stream = AsyncNetworkStream::connect_tokio1(
        server.addresses,
        Some(server.patience),
        server.implicit.clone(),
        None,
    )
    .await?;
    let bounded = BoundedMail { stream, left: MAX_ANSWER_BYTES, is_old };
    AsyncSmtpConnection::connect_with_transport(Box::new(bounded), server.hello).await
}

/// Fails a connection whose other side sends too much.
#[derive(Debug)]
struct BoundedMail {
    #[expect(deprecated, reason = "as above")]
    stream: AsyncNetworkStream,
    /// How many bytes may still be read before the next write.
    left: usize,
    is_old: bool,
}

impl AsyncRead for BoundedMail {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let why = format!("the server's answer has more than {MAX_ANSWER_BYTES} bytes");
            return Poll::Ready(Err(io::Error::other(why)));
        }
        let room = buffer.remaining().min(self.left);
        let read = Pin::new(&mut self.stream).poll_read(context, buffer.initialize_unfilled_to(room));
        read.map_ok(|count| {
            self.left -= count;
            buffer.advance(count);
        })
    }
}

impl AsyncWrite for BoundedMail {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.left = MAX_ANSWER_BYTES;
        match bytes.strip_prefix(b"EHLO ") {
            Some(name) if self.is_old => {
                let helo = [b"HELO ", name].concat();
                Pin::new(&mut self.stream).poll_write(context, &helo)
            }
            _ => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}

impl AsyncTokioStream for BoundedMail {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}
