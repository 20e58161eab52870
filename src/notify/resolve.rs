//! Resolves host names with the system's resolver.
//!
//! getaddrinfo has no time-out and hangs as long as a name server or a system module does. So each name is resolved on
//! a thread of its own, once for all callers that want it: a look-up that hangs blocks nothing else, and a shutdown
//! does not wait for it. A look-up that has hung for a minute is started again, on a few threads at most.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// How many look-ups may run at a time, each on its own thread. Further ones fail and are tried again later.
const MAX_AT_A_TIME: usize = 256;
/// How many of these may be for one name: the newest, and older ones that hang.
const MAX_OF_A_NAME: usize = 4;
/// A caller starts a new look-up after this time: the old one may hang for ever while the name servers are well again.
const PATIENCE: Duration = Duration::from_secs(60);
/// The thread's stack in bytes: enough for the system's resolver and the third-party modules that it calls.
const STACK_BYTES: usize = 512 * 1024;

/// The result, once it is known. The port is 0.
type Found = Option<Result<Vec<SocketAddr>, Arc<io::Error>>>;

static RESOLVER: Resolver = Resolver { asked: Mutex::new(Asked::new()), patience: PATIENCE };

/// The addresses of a host, at least one, with this port. It has no time-out of its own if the resolver hangs: the
/// caller bounds the attempt. An error that the system has made keeps its number; that no look-up was begun is `TimedOut`.
pub(crate) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
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
        Ok(Err(error)) => Err(match error.raw_os_error() {
            Some(number) => io::Error::from_raw_os_error(number),
            None => io::Error::new(error.kind(), error.to_string()),
        }),
        Err(_) => {
            let why = format!("{host} was not looked up: there was no thread for it");
            Err(io::Error::new(io::ErrorKind::TimedOut, why))
        }
    }
}

/// Runs the look-ups.
struct Resolver {
    asked: Mutex<Asked>,
    patience: Duration,
}

/// The look-ups that are running.
struct Asked {
    /// How many threads are resolving each host.
    threads_of: BTreeMap<String, usize>,
    /// How many look-ups were started. Each look-up is numbered by it.
    begun: u64,
    /// Each host's newest look-up, while it runs.
    under_way: BTreeMap<String, LookUp>,
}

struct LookUp {
    number: u64,
    found: watch::Receiver<Found>,
    /// Whether [`PATIENCE`] has passed.
    is_old: bool,
}

impl Asked {
    const fn new() -> Asked {
        Asked { threads_of: BTreeMap::new(), begun: 0, under_way: BTreeMap::new() }
    }

    fn threads(&self) -> usize {
        self.threads_of.values().sum()
    }

    /// The running look-up that a caller can wait for; `None`: the caller must start one.
    fn join(&self, host: &str) -> Option<watch::Receiver<Found>> {
        let newest = self.under_way.get(host)?;
        let threads = self.threads_of.get(host).copied().unwrap_or(0);
        (!newest.is_old || threads >= MAX_OF_A_NAME).then(|| newest.found.clone())
    }

    /// This look-up, if it is the newest of its host.
    fn newest(&mut self, host: &str, number: u64) -> Option<&mut LookUp> {
        self.under_way.get_mut(host).filter(|newest| newest.number == number)
    }
}

impl Resolver {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Must run within a Tokio runtime.
    fn join_or_begin(
        &'static self,
        host: &str,
        look_up: impl FnOnce(&str) -> io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> io::Result<watch::Receiver<Found>> {
        let mut asked = self.asked();
        if let Some(found) = asked.join(host) {
            return Ok(found);
        }
        if asked.threads() >= MAX_AT_A_TIME {
            let why =
                format!("{MAX_AT_A_TIME} names are being looked up, and the system's resolver says nothing");
            return Err(io::Error::new(io::ErrorKind::TimedOut, why));
        }
        let (say, found) = watch::channel(None);
        *asked.threads_of.entry(host.to_owned()).or_default() += 1;
        asked.begun += 1;
        let number = asked.begun;
        let look_up_now = LookUp { number, found: found.clone(), is_old: false };
        asked.under_way.insert(host.to_owned(), look_up_now);
        drop(asked);
        // Dropping this removes the name again, whether the thread ends or the system cannot start one.
        let thread = ResolverThread { resolver: self, host: host.to_owned(), number };
        let builder = std::thread::Builder::new().name("resolver".to_owned()).stack_size(STACK_BYTES);
        builder.spawn(move || {
            let addresses = look_up(&thread.host);
            let _ = say.send(Some(addresses.map_err(Arc::new)));
            drop(thread);
        })?;
        let host = host.to_owned();
        let mut ended = found.clone();
        tokio::spawn(async move {
            let ended = ended.wait_for(Option::is_some);
            if tokio::time::timeout(self.patience, ended).await.is_err()
                && let Some(newest) = self.asked().newest(&host, number)
            {
                newest.is_old = true;
            }
        });
        Ok(found)
    }
}

/// The guard of a look-up's thread: when it is dropped, the look-up is removed.
struct ResolverThread {
    resolver: &'static Resolver,
    host: String,
    number: u64,
}

impl Drop for ResolverThread {
    fn drop(&mut self) {
        let mut asked = self.resolver.asked();
        if let Some(threads) = asked.threads_of.get_mut(&self.host) {
            *threads -= 1;
            if *threads == 0 {
                asked.threads_of.remove(&self.host);
            }
        }
        if asked.newest(&self.host, self.number).is_some() {
            asked.under_way.remove(&self.host);
        }
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

    /// The loopback interface has index 1 everywhere; a link-local address belongs to one interface.
    #[tokio::test]
    async fn an_address_of_a_link_keeps_its_link() {
        for host in ["fe80::1%lo", "[fe80::1%lo]"] {
            let found = resolve(host, 25).await.unwrap();
            let [SocketAddr::V6(found)] = found[..] else { panic!("{host}: {found:?}") };
            assert_eq!((found.scope_id(), found.port()), (1, 25), "{host}");
        }
    }

    async fn until(resolver: &Resolver, what: impl Fn(&Asked) -> bool) {
        while !what(&resolver.asked()) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_name_whose_look_up_never_ends_is_looked_up_anew_on_a_few_threads_at_most() {
        let new = Resolver { asked: Mutex::new(Asked::new()), patience: Duration::ZERO };
        let resolver: &'static Resolver = Box::leak(Box::new(new));
        let is_old = |asked: &Asked| asked.under_way["a"].is_old;
        let mut hanging = Vec::new();
        for number in 1..=MAX_OF_A_NAME {
            let (release, hangs) = mpsc::channel::<()>();
            let look_up = move |_: &str| hangs.recv().map(|()| Vec::new()).map_err(io::Error::other);
            resolver.join_or_begin("a", look_up).unwrap();
            hanging.push(release);
            assert_eq!(resolver.asked().threads(), number);
            until(resolver, is_old).await;
        }
        // The limit is reached, so a further caller waits for the newest.
        let newest = resolver.join_or_begin("a", |_| panic!("it is joined")).unwrap();
        assert_eq!((resolver.asked().threads(), newest.borrow().is_none()), (MAX_OF_A_NAME, true));
        // They do not affect another name.
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut other = resolver.join_or_begin("b", move |_| Ok(vec![here])).unwrap();
        let found_other = other.wait_for(Option::is_some).await.unwrap().clone();
        assert_eq!(found_other.unwrap().unwrap(), [here]);
        // A look-up that is not the newest ends and makes room; the newest stays.
        hanging.remove(0).send(()).unwrap();
        until(resolver, |asked| asked.threads() < MAX_OF_A_NAME).await;
        assert!(resolver.asked().under_way.contains_key("a"));
        let mut found = resolver.join_or_begin("a", move |_| Ok(vec![here])).unwrap();
        let found_anew = found.wait_for(Option::is_some).await.unwrap().clone();
        assert_eq!(found_anew.unwrap().unwrap(), [here]);
        drop(hanging);
        until(resolver, |asked| asked.threads() == 0 && asked.under_way.is_empty()).await;
        assert!(resolver.asked().threads_of.is_empty());
        resolver.asked().threads_of.insert("others".to_owned(), MAX_AT_A_TIME);
        assert_eq!(resolver.join_or_begin("c", |_| Ok(vec![])).unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(resolver.asked().under_way.is_empty());
    }
}
