//! Wrong tokens, keys and passwords: not taken without end from one address, and without a word to whoever shows right ones.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::waits::{Wait, Waits};
use super::whose::whose;
use crate::config::SHORT_SECRET_BYTES;
use crate::core::time::{Span, Time};

/// What somebody shows to be let in.
#[derive(Clone, Copy)]
pub(super) enum Credential<'s> {
    /// A token or a key.
    Secret(&'s [u8]),
    /// A name, and what stands for a password of it.
    Password(&'s [u8], &'s [u8]),
}

/// Wrong secrets of the last minute, by address. Written by whoever judges them.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    recent: Mutex<Recent>,
    waits: Waits,
    /// Another one in each process: nobody can tell what is remembered, nor make two look alike.
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Recent {
    wrong: HashMap<(IpAddr, Of), Wrong>,
    logged: Option<(Time, u32)>,
}

/// What becomes of a wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotedGuess {
    /// Too many came from there before: it was not looked at.
    HeldOff,
    Counted {
        /// Whether the log is to have it: of many it has the first.
        is_logged: bool,
    },
}

/// What is counted together of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Of {
    /// Tokens and keys.
    Secrets,
    /// Passwords of one name, by its hash.
    Name(u64),
    /// Passwords of all names.
    AllNames,
}

impl Of {
    /// Different wrong ones a minute; then it is not listened to until the minute is over.
    fn most(self) -> usize {
        match self {
            Of::Secrets | Of::Name(_) => 10,
            // An office behind one address, or all who come by a proxy, mistype a little each.
            Of::AllNames => 100,
        }
    }
}

/// Where one counts.
type Counts = [Option<Of>; 2];

/// The wrong ones of a minute.
#[derive(Debug)]
struct Wrong {
    since: Time,
    /// By their hashes, each once: who shows the same again, as a job does that was given a wrong key, guesses nothing.
    shown: Vec<u64>,
}

const MINUTE: Span = Span::mins(1);

fn is_over(since: Time, now: Time) -> bool {
    // A clock that was set back ends it, too.
    !(since..since + MINUTE).contains(&now)
}

impl Guesses {
    /// When an address that is not listened to should come again.
    pub(super) const RETRY_AFTER_SECS: u32 = 60;
    /// Counts that are remembered; beyond them those are forgotten that have guessed least.
    const MAX_COUNTS: usize = 10_000;
    /// Wrong ones that are logged in a minute.
    const MAX_LOGGED: u32 = 30;

    /// What to wait for before it is said what this token or key is worth, whatever it is. Nobody guesses a long one; a short one
    /// is looked at late where its address guesses.
    pub(super) fn wait(&self, secret: &[u8], source: IpAddr, now: Time) -> Option<Wait> {
        let is_held =
            secret.len() < SHORT_SECRET_BYTES && !self.listens_to(Credential::Secret(secret), source, now);
        is_held.then(|| self.waits.begin(source))
    }

    /// Whether it is still looked at what this address shows, other than to find what is right.
    pub(super) fn listens_to(&self, shown: Credential<'_>, source: IpAddr, now: Time) -> bool {
        let (_, counts) = self.counted(shown);
        self.listens(counts, source, now)
    }

    /// Whether it is still looked at what this address shows of this name, whatever it guesses of others.
    pub(super) fn listens_to_name(&self, name: &[u8], source: IpAddr, now: Time) -> bool {
        self.listens([Some(Of::Name(self.hasher.hash_one(name))), None], source, now)
    }

    fn listens(&self, counts: Counts, source: IpAddr, now: Time) -> bool {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).listens(counts, source, now)
    }

    /// Whether this was shown from there in the last minute, and was wrong.
    pub(super) fn was_wrong(&self, shown: Credential<'_>, source: IpAddr, now: Time) -> bool {
        let (hash, counts) = self.counted(shown);
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let has_it = |of: Of| recent.of(source, of, now).is_some_and(|wrong| wrong.shown.contains(&hash));
        counts.into_iter().flatten().any(has_it)
    }

    /// It was wrong.
    pub(super) fn note(&self, shown: Credential<'_>, source: IpAddr, now: Time) -> NotedGuess {
        let (hash, counts) = self.counted(shown);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if !recent.listens(counts, source, now) {
            return NotedGuess::HeldOff;
        }
        for of in counts.into_iter().flatten() {
            recent.note(source, of, hash, now);
        }
        let logged = match recent.logged.filter(|(since, _)| !is_over(*since, now)) {
            Some((since, count)) => (since, count.saturating_add(1)),
            None => (now, 1),
        };
        recent.logged = Some(logged);
        NotedGuess::Counted { is_logged: logged.1 <= Guesses::MAX_LOGGED }
    }

    /// The hash of it, and where it counts.
    fn counted(&self, shown: Credential<'_>) -> (u64, Counts) {
        match shown {
            Credential::Secret(secret) => (self.hasher.hash_one(secret), [Some(Of::Secrets), None]),
            Credential::Password(name, password) => {
                let of_name = Of::Name(self.hasher.hash_one(name));
                (self.hasher.hash_one((name, password)), [Some(of_name), Some(Of::AllNames)])
            }
        }
    }
}

impl Recent {
    fn of(&self, source: IpAddr, of: Of, now: Time) -> Option<&Wrong> {
        self.wrong.get(&(whose(source), of)).filter(|wrong| !is_over(wrong.since, now))
    }

    fn listens(&self, counts: Counts, source: IpAddr, now: Time) -> bool {
        let is_open = |of: Of| self.of(source, of, now).is_none_or(|wrong| wrong.shown.len() < of.most());
        counts.into_iter().flatten().all(is_open)
    }

    fn note(&mut self, source: IpAddr, of: Of, hash: u64, now: Time) {
        let key = (whose(source), of);
        if self.wrong.len() >= Guesses::MAX_COUNTS && !self.wrong.contains_key(&key) {
            self.make_room(now);
        }
        let wrong = self.wrong.entry(key).or_insert(Wrong { since: now, shown: Vec::new() });
        if is_over(wrong.since, now) {
            *wrong = Wrong { since: now, shown: Vec::new() };
        }
        if wrong.shown.len() < of.most() && !wrong.shown.contains(&hash) {
            wrong.shown.push(hash);
        }
    }

    fn make_room(&mut self, now: Time) {
        self.wrong.retain(|_, wrong| !is_over(wrong.since, now));
        if self.wrong.len() >= Guesses::MAX_COUNTS {
            self.wrong.retain(|(_, of), wrong| wrong.shown.len() >= of.most());
        }
        if self.wrong.len() >= Guesses::MAX_COUNTS {
            self.wrong.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    const LOGGED: NotedGuess = NotedGuess::Counted { is_logged: true };

    fn at(secs: i64) -> Time {
        Time::from_secs(1_700_000_000 + secs)
    }

    /// 23.3c
    #[test]
    fn ten_different_wrong_ones_in_a_minute_are_listened_to_from_each_address() {
        let guesses = Guesses::default();
        let listens = |source, secs| guesses.listens_to(Credential::Secret(b"x"), source, at(secs));
        for secs in 0..10 {
            assert!(listens(ONE, secs), "{secs}");
            guesses.note(Credential::Secret(&[secs as u8]), ONE, at(secs));
        }
        assert!(!listens(ONE, 10) && !listens(ONE, 59));
        assert!(listens(OTHER, 10));
        assert!(listens(ONE, 60) && listens(ONE, -1));
        guesses.note(Credential::Secret(b"y"), ONE, at(60));
        assert!(listens(ONE, 61));
    }

    /// 23.3c: a job that was given a wrong key shows it at every run, and the others behind its address go on.
    #[test]
    fn the_same_wrong_one_counts_once() {
        let guesses = Guesses::default();
        let password = Credential::Password(b"ann", b"mistyped");
        for secs in 0..50 {
            guesses.note(Credential::Secret(b"of an old job"), ONE, at(secs));
            guesses.note(password, ONE, at(secs));
        }
        assert!(guesses.listens_to(Credential::Secret(b"x"), ONE, at(50)));
        assert!(guesses.listens_to(password, ONE, at(50)));
        assert!(guesses.was_wrong(password, ONE, at(50)) && !guesses.was_wrong(password, ONE, at(60)));
        assert!(!guesses.was_wrong(password, OTHER, at(50)));
        assert!(!guesses.was_wrong(Credential::Password(b"bob", b"mistyped"), ONE, at(50)));
    }

    /// 23.3c
    #[test]
    fn a_short_secret_waits_where_somebody_guesses_and_a_long_one_never_does() {
        let guesses = Guesses::default();
        let wait = |secret: &str| guesses.wait(secret.as_bytes(), ONE, at(1)).is_some();
        assert!(!wait("fifteen letters"));
        for number in 0..10 {
            guesses.note(Credential::Secret(&[number]), ONE, at(0));
        }
        assert!(wait("fifteen letters") && !wait("sixteen letters!"));
        assert!(guesses.wait(b"short", OTHER, at(1)).is_none());
    }

    /// 23.9g
    #[test]
    fn who_guesses_one_name_s_password_shuts_out_that_name_and_who_guesses_all_shuts_out_all() {
        let guesses = Guesses::default();
        let guess = |name: &[u8], number: u8| guesses.note(Credential::Password(name, &[number]), ONE, at(0));
        let listens = |name: &[u8]| guesses.listens_to(Credential::Password(name, b"x"), ONE, at(1));
        (0..10).for_each(|number| _ = guess(b"ann", number));
        assert!(!listens(b"ann") && listens(b"bob"));
        assert!(
            guesses.listens_to(Credential::Secret(b"x"), ONE, at(1)),
            "tokens are no matter of passwords"
        );
        (0..90).for_each(|number| _ = guess(&[number], number));
        assert!(!listens(b"bob"));
        // Of whoever was right before only what is guessed of them counts.
        assert!(guesses.listens_to_name(b"bob", ONE, at(1)) && !guesses.listens_to_name(b"ann", ONE, at(1)));
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let guesses = Guesses::default();
        for host in 0..10 {
            let source = format!("2001:db8:1:2::{host}").parse().expect("it is one");
            guesses.note(Credential::Secret(&[host]), source, at(0));
        }
        let check = |address: &str, expected: bool| {
            let source = address.parse().expect("it is one");
            assert_eq!(guesses.listens_to(Credential::Secret(b"x"), source, at(1)), expected, "{address}");
        };
        check("2001:db8:1:2:ffff::1", false);
        check("2001:db8:1:3::1", true);
    }

    #[test]
    fn what_is_remembered_and_logged_is_bounded() {
        let guesses = Guesses::default();
        let mut logged = 0;
        for n in 0..30_000_u32 {
            let shown = Credential::Password(b"ann", b"x");
            logged += u32::from(guesses.note(shown, n.to_be_bytes().into(), at(0)) == LOGGED);
        }
        assert_eq!(logged, Guesses::MAX_LOGGED);
        let known = guesses.recent.lock().expect("nobody panicked").wrong.len();
        assert!(known <= Guesses::MAX_COUNTS, "{known}");
        for n in 0..1000_u32 {
            guesses.note(Credential::Password(&n.to_be_bytes(), b"x"), ONE, at(0));
        }
        let recent = guesses.recent.lock().expect("nobody panicked");
        assert!(recent.wrong.values().all(|wrong| wrong.shown.len() <= Of::AllNames.most()));
        drop(recent);
        assert_eq!(
            guesses.note(Credential::Secret(b"x"), ONE, at(60)),
            LOGGED,
            "a minute later it is logged again"
        );
    }
}
