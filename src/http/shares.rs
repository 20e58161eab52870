//! Room that slow readers hold, shared by their addresses: one address alone never takes all of it.
//!
//! Whoever holds some already takes no more than leaves as much free for others. So one address alone gets half, the next
//! one half of the rest, and there is nearly always some for whoever comes. Behind a proxy all have one address, and half.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::whose::whose;

/// Room of so many units, and who holds how many of them.
#[derive(Debug)]
pub(super) struct Shares {
    held: Mutex<Held>,
    given_back: Notify,
}

#[derive(Debug)]
struct Held {
    free: usize,
    of: HashMap<IpAddr, usize>,
}

/// Units that one address holds, until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    shares: Arc<Shares>,
    address: IpAddr,
    units: usize,
}

impl Shares {
    pub(super) fn new(units: usize) -> Arc<Shares> {
        let held = Mutex::new(Held { free: units, of: HashMap::new() });
        Arc::new(Shares { held, given_back: Notify::new() })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes so many units for this address; `None`: there are not so many, or it holds its share.
    pub(super) fn try_take(self: &Arc<Shares>, source: IpAddr, units: usize) -> Option<Share> {
        let address = whose(source);
        let mut held = self.held();
        let before = held.of.get(&address).copied().unwrap_or(0);
        let free = held.free.checked_sub(units)?;
        if before > 0 && before + units > free {
            return None;
        }
        held.free = free;
        held.of.insert(address, before + units);
        Some(Share { shares: self.clone(), address, units })
    }

    /// Like [`Shares::try_take`], but waits until it can be.
    pub(super) async fn take(self: &Arc<Shares>, source: IpAddr, units: usize) -> Share {
        loop {
            // Before the look: what is given back after it is heard of.
            let given_back = self.given_back.notified();
            if let Some(share) = self.try_take(source, units) {
                return share;
            }
            given_back.await;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.held();
        held.free += self.units;
        if let Some(left) = held.of.get_mut(&self.address) {
            *left -= self.units;
            if *left == 0 {
                held.of.remove(&self.address);
            }
        }
        drop(held);
        self.shares.given_back.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    /// All that an address gets, one unit after the other.
    fn all(shares: &Arc<Shares>, source: IpAddr) -> Vec<Share> {
        std::iter::from_fn(|| shares.try_take(source, 1)).collect()
    }

    #[test]
    fn whoever_holds_some_leaves_as_much_for_others() {
        let shares = Shares::new(8);
        let of_one = all(&shares, ONE);
        assert_eq!(of_one.len(), 4);
        let of_other = all(&shares, OTHER);
        assert_eq!(of_other.len(), 2);
        drop(of_one);
        assert_eq!(all(&shares, ONE).len(), 3);
        drop(of_other);
        assert!(shares.held().of.is_empty(), "what is given back is not remembered");
        assert_eq!(shares.held().free, 8);
    }

    #[test]
    fn whoever_holds_nothing_takes_whatever_is_free() {
        let shares = Shares::new(8);
        let large = shares.try_take(ONE, 7).expect("it is free");
        assert!(shares.try_take(ONE, 1).is_none() && shares.try_take(OTHER, 2).is_none());
        let small = shares.try_take(OTHER, 1).expect("it is free");
        drop((large, small));
        assert!(shares.try_take(ONE, 8).is_some() && shares.try_take(ONE, 9).is_none());
    }

    #[tokio::test]
    async fn whoever_waits_hears_of_what_is_given_back() {
        let shares = Shares::new(2);
        let held = shares.try_take(ONE, 1).expect("it is free");
        assert!(shares.try_take(ONE, 1).is_none(), "it leaves one for others");
        let waits = shares.take(ONE, 1);
        let (_share, ()) = tokio::join!(waits, async { drop(held) });
    }
}
