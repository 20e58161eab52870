//! Where connections come from: addresses that we listen at, or listening sockets that systemd hands over (23.10).

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener as StdUnixListener;

use listenfd::ListenFd;
use rustix::net::SocketFlags;
use rustix::net::sockopt::socket_acceptconn;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};

use super::stream::Stream;

/// Listening sockets that are not served yet.
#[derive(Debug)]
pub struct Listeners {
    pub(super) all: Vec<Listener>,
    /// Whoever handed them over has them as well, and gives them to the next process.
    pub(super) are_shared: bool,
}

/// One of them.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection, and where it came from. Of one to a Unix socket that is this machine.
pub(super) type Accepted = (Stream, IpAddr);

/// Listening sockets that this process was started with.
#[derive(Debug)]
pub struct HandedOver(Vec<StdListener>);

#[derive(Debug)]
enum StdListener {
    Tcp(std::net::TcpListener),
    Unix(StdUnixListener),
}

/// One of the descriptors that were handed over is no listening socket.
#[derive(Debug, thiserror::Error)]
#[error(
    "LISTEN_FDS: socket {number} of those that were handed over is of no use, it has to be a listening stream of TCP or Unix: \
     {source}"
)]
pub struct HandOverError {
    /// Counted from 1.
    number: usize,
    source: io::Error,
}

impl HandedOver {
    /// The sockets that systemd names in `LISTEN_FDS`. `None`: it hands none over. To be called once, before there are other
    /// threads: it takes the variables out of the environment, so that no process that we start believes they are its own.
    pub fn from_environment() -> Result<Option<HandedOver>, HandOverError> {
        let variable = |name| std::env::var(name).unwrap_or_default();
        let (fds, pid) = (variable("LISTEN_FDS"), variable("LISTEN_PID"));
        let mut handed = ListenFd::from_env();
        let count = handed.len();
        if count == 0 && !["", "0"].contains(&fds.as_str()) {
            let own = std::process::id();
            tracing::warn!(
                "the sockets of LISTEN_FDS={fds} are not used, for LISTEN_PID={pid} is another process than this ({own}): have it start \
                 punctual itself, or by `exec`; until then --web.listen-address is used"
            );
        }
        let take = |index: usize| -> io::Result<StdListener> {
            let gone = || io::Error::other("it is there twice");
            let listener = match handed.take_tcp_listener(index) {
                Ok(listener) => StdListener::Tcp(listener.ok_or_else(gone)?),
                Err(_) => StdListener::Unix(handed.take_unix_listener(index)?.ok_or_else(gone)?),
            };
            match socket_acceptconn(listener.as_fd())? {
                true => Ok(listener),
                false => Err(io::Error::other("it does not listen")),
            }
        };
        let all = (0..count)
            .map(take)
            .enumerate()
            .map(|(index, taken)| taken.map_err(|source| HandOverError { number: index + 1, source }))
            .collect::<Result<Vec<StdListener>, HandOverError>>()?;
        Ok(Some(HandedOver(all)).filter(|handed| !handed.0.is_empty()))
    }
}

impl AsFd for StdListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            StdListener::Tcp(listener) => listener.as_fd(),
            StdListener::Unix(listener) => listener.as_fd(),
        }
    }
}

impl Listeners {
    /// Connections that the kernel keeps for us: jobs come all at once, at the beginning of a minute.
    pub(super) const BACKLOG: u32 = 4096;

    /// Listens at each of these addresses.
    pub fn bind(addresses: &[SocketAddr]) -> Result<Listeners, BindError> {
        let bind = |address: &SocketAddr| {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            socket.set_reuseaddr(true)?;
            socket.bind(*address)?;
            socket.listen(Listeners::BACKLOG)
        };
        let listen = |address: &SocketAddr| {
            let bound = bind(address).map(Listener::Tcp);
            bound.map_err(|source| BindError { address: *address, source })
        };
        let all = addresses.iter().map(listen).collect::<Result<Vec<Listener>, BindError>>()?;
        Ok(Listeners { all, are_shared: false })
    }

    /// Those that were handed over.
    pub fn of(handed: HandedOver) -> io::Result<Listeners> {
        let listener = |handed| match handed {
            StdListener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Listener::Tcp)
            }
            StdListener::Unix(listener) => {
                listener.set_nonblocking(true)?;
                UnixListener::from_std(listener).map(Listener::Unix)
            }
        };
        let all = handed.0.into_iter().map(listener).collect::<io::Result<Vec<Listener>>>()?;
        Ok(Listeners { all, are_shared: true })
    }

    /// The addresses of the network, with the ports that port 0 became.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let address = |listener: &Listener| match listener {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            Listener::Unix(_) => None,
        };
        self.all.iter().filter_map(address).collect()
    }

    /// Whether whoever started us listens there, and has us serve.
    pub fn are_handed_over(&self) -> bool {
        self.are_shared
    }

    /// All of them, for people.
    pub fn shown(&self) -> impl Iterator<Item = String> {
        self.all.iter().map(Listener::to_string)
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listener::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(error) => error.fmt(f),
            },
            Listener::Unix(listener) => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                write!(f, "unix:{}", path.unwrap_or("".as_ref()).display())
            }
        }
    }
}

impl Listener {
    /// Whether only this machine's browsers reach it, under whatever name they were led here. No browser reaches a Unix socket.
    pub(super) fn is_on_loopback(&self) -> bool {
        match self {
            Listener::Tcp(listener) => {
                listener.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback())
            }
            Listener::Unix(_) => false,
        }
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok(of_tcp(stream, peer))
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(of_unix(stream))
            }
        }
    }

    /// Who waits in the kernel's queue. It is asked itself: Tokio says that nobody does until it has heard of them, and after
    /// some of them.
    pub(super) fn in_queue(&self) -> Option<Accepted> {
        loop {
            match rustix::net::accept_with(self, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok(accepted) => {
                    if let Ok(accepted) = self.known(accepted) {
                        return Some(accepted);
                    }
                }
                Err(error) if is_of_one_connection(&error.into()) => {}
                Err(_) => return None,
            }
        }
    }

    fn known(&self, accepted: OwnedFd) -> io::Result<Accepted> {
        match self {
            Listener::Tcp(_) => {
                let stream = std::net::TcpStream::from(accepted);
                let peer = stream.peer_addr()?;
                Ok(of_tcp(TcpStream::from_std(stream)?, peer))
            }
            Listener::Unix(_) => Ok(of_unix(UnixStream::from_std(accepted.into())?)),
        }
    }
}

fn of_tcp(stream: TcpStream, peer: SocketAddr) -> Accepted {
    // An answer is one small packet: it must not wait for another. Where it cannot be set, it is only slower.
    let _ = stream.set_nodelay(true);
    (Stream::Tcp(stream), peer.ip().to_canonical())
}

fn of_unix(stream: UnixStream) -> Accepted {
    (Stream::Unix(stream), Ipv4Addr::LOCALHOST.into())
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Tcp(listener) => listener.as_fd(),
            Listener::Unix(listener) => listener.as_fd(),
        }
    }
}

/// Its client has gone again: nothing is wrong with us.
pub(super) fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// An address at which we cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}: {source}")]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}
