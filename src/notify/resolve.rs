//! Where a host is, as the system's resolver has it.
//!
//! getaddrinfo has no time-out, and hangs as long as a name server or a module of the system does. So each name is asked for
//! on a thread of its own, once at a time for all who want to know it: one that hangs holds nothing that anything else needs,
//! and no stop waits for it.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Names that are asked for at a time: each is a thread. What more there is to ask is told so, and tried again later.
const MAX_AT_A_TIME: usize = 256;
/// What the resolver of the system needs, and modules of others that it calls, in bytes.
const STACK_BYTES: usize = 512 * 1024;

/// What came of it, once that is known.
type Found = Option<Result<Vec<IpAddr>, (io::ErrorKind, String)>>;

/// The names that are being asked for. Whoever begins one puts it in, and its thread takes it out.
static UNDER_WAY: Mutex<BTreeMap<String, watch::Receiver<Found>>> = Mutex::new(BTreeMap::new());

fn under_way() -> MutexGuard<'static, BTreeMap<String, watch::Receiver<Found>>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The addresses of a host, at least one. Never ends by itself while the resolver hangs: the caller bounds the attempt.
pub(super) async fn resolve(host: &str) -> io::Result<Vec<IpAddr>> {
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return Ok(vec![address]);
    }
    let mut found = join_or_begin(host)?;
    let found = found.wait_for(Option::is_some).await.map(|found| found.clone().unwrap_or(Ok(Vec::new())));
    match found {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(io::Error::other(format!("{host} has no address"))),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err((kind, why))) => Err(io::Error::new(kind, why)),
        Err(_) => Err(io::Error::other(format!("{host} was not looked up: there was no thread for it"))),
    }
}

fn join_or_begin(host: &str) -> io::Result<watch::Receiver<Found>> {
    let mut under_way = under_way();
    if let Some(found) = under_way.get(host) {
        return Ok(found.clone());
    }
    if under_way.len() >= MAX_AT_A_TIME {
        let why = format!(
            "{MAX_AT_A_TIME} other names are being looked up, and the system's resolver says nothing"
        );
        return Err(io::Error::new(io::ErrorKind::TimedOut, why));
    }
    let (say, found) = watch::channel(None);
    under_way.insert(host.to_owned(), found.clone());
    // Whoever gives this up, the thread or a system that has no thread for it, takes the name out again.
    drop(under_way);
    let asked = Asked { host: host.to_owned() };
    let thread = std::thread::Builder::new().name("resolver".to_owned()).stack_size(STACK_BYTES);
    thread.spawn(move || {
        let looked_up = (&*asked.host, 0).to_socket_addrs();
        let addresses = looked_up.map(|all| all.map(|address| address.ip()).collect());
        let _ = say.send(Some(addresses.map_err(|error| (error.kind(), error.to_string()))));
        drop(asked);
    })?;
    Ok(found)
}

/// A name that a thread asks for, until it has done so.
struct Asked {
    host: String,
}

impl Drop for Asked {
    fn drop(&mut self) {
        under_way().remove(&self.host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_needs_no_resolver_and_a_name_is_found_or_said_to_be_none() {
        assert_eq!(resolve("127.0.0.1").await.unwrap(), [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!(resolve("[::1]").await.unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
        assert!(resolve("localhost").await.unwrap().iter().all(IpAddr::is_loopback));
        resolve("no such host").await.unwrap_err();
    }
}
