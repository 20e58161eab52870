//! Wrong tokens and keys: not taken without end from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::config::SHORT_SECRET_BYTES;
use crate::core::time::{Span, Time};

/// Wrong secrets of the last minute, by address. Written by whoever judges them.
#[derive(Debug, Default)]
pub(super) struct Guesses(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    by_address: HashMap<IpAddr, Count>,
    logged: Option<Count>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Time,
    count: u32,
}

impl Count {
    const LASTS: Span = Span::mins(1);

    fn is_over(&self, now: Time) -> bool {
        // A clock that was set back ends it, too.
        !(self.since..self.since + Count::LASTS).contains(&now)
    }

    /// One more, counted anew where the last minute is over.
    fn next(before: Option<Count>, now: Time) -> Count {
        match before.filter(|count| !count.is_over(now)) {
            Some(Count { since, count }) => Count { since, count: count + 1 },
            None => Count { since: now, count: 1 },
        }
    }
}

impl Guesses {
    /// Wrong ones a minute from one address; then it is not listened to until the minute is over.
    pub(super) const MAX: u32 = 10;
    /// When an address that is not listened to should come again.
    pub(super) const RETRY_AFTER_SECS: u32 = 60;
    /// Addresses that are remembered; beyond them those are forgotten that have guessed least.
    const MAX_ADDRESSES: usize = 10_000;
    /// Wrong ones that are logged in a minute.
    const MAX_LOGGED: u32 = 30;

    /// Whether what this address shows is taken for what it is. One that is right and too long to be guessed always is:
    /// behind a proxy all have one address, and whoever shows wrong ones keeps nobody else out. A short one is not, or
    /// whoever guesses would learn which it is.
    pub(super) fn admits(&self, (shown, is_right): (&[u8], bool), source: IpAddr, now: Time) -> bool {
        (is_right && shown.len() >= SHORT_SECRET_BYTES) || self.listens_to(source, now)
    }

    fn listens_to(&self, source: IpAddr, now: Time) -> bool {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = recent.by_address.get(&whose(source)).filter(|count| !count.is_over(now));
        known.is_none_or(|count| count.count < Guesses::MAX)
    }

    /// It was wrong. Answers whether that is to be logged.
    pub(super) fn note(&self, source: IpAddr, now: Time) -> bool {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let source = whose(source);
        if recent.by_address.len() >= Guesses::MAX_ADDRESSES && !recent.by_address.contains_key(&source) {
            recent.make_room(now);
        }
        let count = Count::next(recent.by_address.get(&source).copied(), now);
        recent.by_address.insert(source, count);
        let logged = Count::next(recent.logged, now);
        recent.logged = Some(logged);
        logged.count <= Guesses::MAX_LOGGED
    }
}

impl Recent {
    fn make_room(&mut self, now: Time) {
        self.by_address.retain(|_, count| !count.is_over(now));
        if self.by_address.len() >= Guesses::MAX_ADDRESSES {
            self.by_address.retain(|_, count| count.count >= Guesses::MAX);
        }
        if self.by_address.len() >= Guesses::MAX_ADDRESSES {
            self.by_address.clear();
        }
    }
}

/// Whoever has one address of IPv6 has all that begin with the same 64 bits.
pub(super) fn whose(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => {
            let mut parts = address.segments();
            parts[4..].fill(0);
            parts.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Time {
        Time::from_secs(1_700_000_000 + secs)
    }

    #[test]
    fn ten_wrong_ones_in_a_minute_are_listened_to_from_each_address() {
        let guesses = Guesses::default();
        let (one, other): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for secs in 0..10 {
            assert!(guesses.listens_to(one, at(secs)), "{secs}");
            guesses.note(one, at(secs));
        }
        assert!(!guesses.listens_to(one, at(10)) && !guesses.listens_to(one, at(59)));
        assert!(guesses.listens_to(other, at(10)));
        assert!(guesses.listens_to(one, at(60)) && guesses.listens_to(one, at(-1)));
        guesses.note(one, at(60));
        assert!(guesses.listens_to(one, at(61)));
    }

    #[test]
    fn what_is_right_and_nobody_can_guess_is_always_taken() {
        let guesses = Guesses::default();
        let proxy = [127, 0, 0, 1].into();
        for _ in 0..10 {
            guesses.note(proxy, at(0));
        }
        let check = |shown: &str, is_right: bool, expected: bool| {
            assert_eq!(guesses.admits((shown.as_bytes(), is_right), proxy, at(1)), expected, "{shown}");
        };
        check("fifteen letters", true, false);
        check("sixteen letters!", true, true);
        check("sixteen letters!", false, false);
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let guesses = Guesses::default();
        for host in 0..10 {
            guesses.note(format!("2001:db8:1:2::{host}").parse().expect("it is one"), at(0));
        }
        let check = |address: &str, expected: bool| {
            assert_eq!(guesses.listens_to(address.parse().expect("it is one"), at(1)), expected, "{address}");
        };
        check("2001:db8:1:2:ffff::1", false);
        check("2001:db8:1:3::1", true);
    }

    #[test]
    fn what_is_remembered_and_logged_is_bounded() {
        let guesses = Guesses::default();
        let mut logged = 0;
        for n in 0..30_000_u32 {
            logged += u32::from(guesses.note(n.to_be_bytes().into(), at(0)));
        }
        assert_eq!(logged, Guesses::MAX_LOGGED);
        let known = guesses.0.lock().expect("nobody panicked").by_address.len();
        assert!(known <= Guesses::MAX_ADDRESSES, "{known}");
        assert!(guesses.note([10, 0, 0, 1].into(), at(60)), "a minute later it is logged again");
    }
}
