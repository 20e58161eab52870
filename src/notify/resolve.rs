//! Where a host is, as the system's resolver has it.
//!
//! getaddrinfo has no time-out, and hangs as long as a name server or a module of the system does. So each name is asked for
//! on a thread of its own, once at a time for all who want to know it: one that hangs holds nothing that anything else needs,
//! and no stop waits for it.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// Names that are asked for at a time: each is a thread. What more there is to ask is told so, and tried again later.
const MAX_AT_A_TIME: usize = 256;
/// Whoever wants a name after so long begins anew: what hangs may hang for ever, and the name servers be well again.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the resolver of the system needs, and modules of others that it calls, in bytes.
const STACK_BYTES: usize = 512 * 1024;

/// What came of it, once that is known. The port is nobody's yet.
type Found = Option<Result<Vec<SocketAddr>, (io::ErrorKind, String)>>;

static RESOLVER: Resolver = Resolver { asked: Mutex::new(Asked::new()), patience: PATIENCE };

/// The addresses of a host, at least one, with this port. Never ends by itself while the resolver hangs: the caller bounds
/// the attempt.
pub(super) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let host = host.trim_matches(['[', ']']);
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let ask_the_system = |host: &str| Ok((host, 0).to_socket_addrs()?.collect());
    let mut found = RESOLVER.join_or_begin(host, ask_the_system)?;
    let found = found.wait_for(Option::is_some).await.map(|found| found.clone().unwrap_or(Ok(Vec::new())));
    match found {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(io::Error::other(format!("{host} has no address"))),
        Ok(Ok(mut addresses)) => {
            addresses.iter_mut().for_each(|address| address.set_port(port));
            Ok(addresses)
        }
        Ok(Err((kind, why))) => Err(io::Error::new(kind, why)),
        Err(_) => Err(io::Error::other(format!("{host} was not looked up: there was no thread for it"))),
    }
}

/// What asks the system for names.
struct Resolver {
    asked: Mutex<Asked>,
    patience: Duration,
}

/// What is being asked for.
struct Asked {
    threads: usize,
    /// How many look-ups were begun: each has a number.
    begun: u64,
    /// By host, the newest look-up of it with its number, while it is worth waiting for.
    under_way: BTreeMap<String, (u64, watch::Receiver<Found>)>,
}

impl Asked {
    const fn new() -> Asked {
        Asked { threads: 0, begun: 0, under_way: BTreeMap::new() }
    }

    /// Nobody joins this look-up any more.
    fn forget(&mut self, host: &str, number: u64) {
        if self.under_way.get(host).is_some_and(|(newest, _)| *newest == number) {
            self.under_way.remove(host);
        }
    }
}

impl Resolver {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Within a Tokio runtime.
    fn join_or_begin(
        &'static self,
        host: &str,
        look_up: impl FnOnce(&str) -> io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> io::Result<watch::Receiver<Found>> {
        let mut asked = self.asked();
        if let Some((_, found)) = asked.under_way.get(host) {
            return Ok(found.clone());
        }
        if asked.threads >= MAX_AT_A_TIME {
            let why = format!(
                "{MAX_AT_A_TIME} other names are being looked up, and the system's resolver says nothing"
            );
            return Err(io::Error::new(io::ErrorKind::TimedOut, why));
        }
        let (say, found) = watch::channel(None);
        asked.threads += 1;
        asked.begun += 1;
        let number = asked.begun;
        asked.under_way.insert(host.to_owned(), (number, found.clone()));
        drop(asked);
        // Whoever gives this up, the thread or a system that has no thread for it, takes the name out again.
        let thread = ResolverThread { resolver: self, host: host.to_owned(), number };
        let builder = std::thread::Builder::new().name("resolver".to_owned()).stack_size(STACK_BYTES);
        builder.spawn(move || {
            let addresses = look_up(&thread.host);
            let _ = say.send(Some(addresses.map_err(|error| (error.kind(), error.to_string()))));
            drop(thread);
        })?;
        let host = host.to_owned();
        let mut ended = found.clone();
        tokio::spawn(async move {
            let ended = ended.wait_for(Option::is_some);
            if tokio::time::timeout(self.patience, ended).await.is_err() {
                self.asked().forget(&host, number);
            }
        });
        Ok(found)
    }
}

/// A thread that asks for a name, until it has done so.
struct ResolverThread {
    resolver: &'static Resolver,
    host: String,
    number: u64,
}

impl Drop for ResolverThread {
    fn drop(&mut self) {
        let mut asked = self.resolver.asked();
        asked.threads -= 1;
        asked.forget(&self.host, self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn an_address_needs_no_resolver_and_a_name_is_found_or_said_to_be_none() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(resolve("127.0.0.1", 25).await.unwrap(), [address("127.0.0.1:25")]);
        assert_eq!(resolve("[::1]", 25).await.unwrap(), [address("[::1]:25")]);
        let found = resolve("localhost", 25).await.unwrap();
        assert!(found.iter().all(|found| found.ip().is_loopback() && found.port() == 25), "{found:?}");
        resolve("no such host", 25).await.unwrap_err();
    }

    /// The loopback's number is 1 wherever there is one: a link-local address is of one link.
    #[tokio::test]
    async fn an_address_of_a_link_keeps_its_link() {
        for host in ["fe80::1%lo", "[fe80::1%lo]"] {
            let found = resolve(host, 25).await.unwrap();
            let [SocketAddr::V6(found)] = found[..] else { panic!("{host}: {found:?}") };
            assert_eq!((found.scope_id(), found.port()), (1, 25), "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_whose_look_up_never_ends_is_looked_up_anew_and_the_threads_are_counted() {
        let new = Resolver { asked: Mutex::new(Asked::new()), patience: Duration::ZERO };
        let resolver: &'static Resolver = Box::leak(Box::new(new));
        let (release, hangs) = mpsc::channel::<()>();
        let waits = move |_: &str| {
            let _ = hangs.recv();
            Ok(vec![])
        };
        let first = resolver.join_or_begin("a", waits).unwrap();
        assert_eq!(resolver.asked().threads, 1);
        while !resolver.asked().under_way.is_empty() {
            tokio::task::yield_now().await;
        }
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut second = resolver.join_or_begin("a", move |_| Ok(vec![here])).unwrap();
        assert!(resolver.asked().threads >= 1, "the first still hangs");
        assert_eq!(second.wait_for(Option::is_some).await.unwrap().clone(), Some(Ok(vec![here])));
        assert_eq!(*first.borrow(), None);
        drop(release);
        while resolver.asked().threads > 0 {
            tokio::task::yield_now().await;
        }
        // As many as there may be, all hanging and forgotten: the next is refused.
        resolver.asked().threads = MAX_AT_A_TIME;
        assert_eq!(resolver.join_or_begin("b", |_| Ok(vec![])).unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(resolver.asked().under_way.is_empty());
    }
}
