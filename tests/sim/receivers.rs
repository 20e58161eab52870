//! Receivers that take messages, refuse them, hang and lie; and the record of all that ever reached them.

use std::collections::BTreeMap;

use punctual::core::notice::Notice;
use punctual::core::outbox::{Attempt, DeliveryId, MessageId};
use punctual::core::time::{Span, Time};
use punctual::store::Outgoing;

use crate::rng::Rng;
use crate::scene::Scale;

/// One attempt, as the receiver's side saw it.
#[derive(Clone, Debug)]
pub(crate) struct Try {
    pub(crate) message: MessageId,
    pub(crate) receiver: String,
    pub(crate) key: String,
    pub(crate) members: Vec<DeliveryId>,
    pub(crate) attempt: u32,
    pub(crate) at: Time,
    /// What the receiver has in hand, whatever it answered.
    pub(crate) told: Vec<Notice>,
    /// It took the message.
    pub(crate) taken: bool,
}

/// An attempt under way.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    pub(crate) message: MessageId,
    pub(crate) receiver: String,
    pub(crate) ends_at: Time,
    pub(crate) attempt: Attempt,
    /// Its end is known, and not yet stored.
    pub(crate) is_over: bool,
    /// After so many of its members the end of its attempt is still to be stored.
    pub(crate) settled: usize,
}

/// What a receiver does for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Takes,
    Fails,
    /// With Retry-After.
    Asks,
    /// Takes it, but the answer is lost.
    Lies,
    Hangs,
    Refuses,
    /// Whatever the message says.
    Denies,
    /// Messages that tell of some checks, for what they say of them.
    Picks,
}

/// When each receiver takes nothing for long, and else everything; empty: they are as moody as they are.
#[derive(Debug, Default)]
pub(crate) struct Outages(BTreeMap<&'static str, Vec<(Time, Time)>>);

impl Outages {
    /// Each is away twice, for longer than anything is tried.
    pub(crate) fn random(seed: u64, scale: &Scale) -> Outages {
        let mut rng = Rng::new(seed, "outages");
        let mut away = |_| {
            let from = scale.start + rng.times(scale.grid, 0, 400);
            let to = from + rng.times(scale.grid, 450, 700);
            let again = to + rng.times(scale.grid, 60, 300);
            vec![(from, to), (again, again + rng.times(scale.grid, 450, 700))]
        };
        Outages(["pager", "chat", "mail"].into_iter().map(|name| (name, away(name))).collect())
    }

    fn mood(&self, receiver: &str, now: Time) -> Option<Mood> {
        let away = self.0.get(receiver)?;
        let is_away = away.iter().any(|(from, to)| *from <= now && now < *to);
        Some(if is_away { Mood::Fails } else { Mood::Takes })
    }
}

/// All receivers.
#[derive(Debug)]
pub(crate) struct Receivers {
    rng: Rng,
    outages: Outages,
    moods: BTreeMap<String, (Mood, u32)>,
    pub(crate) tries: Vec<Try>,
    /// So many of them are of processes that live no more.
    before_the_start: usize,
    pub(crate) under_way: Vec<Sending>,
}

impl Receivers {
    pub(crate) fn new(seed: u64, outages: Outages) -> Receivers {
        let rng = Rng::new(seed, "receivers");
        Receivers {
            rng,
            outages,
            moods: BTreeMap::new(),
            tries: Vec::new(),
            before_the_start: 0,
            under_way: Vec::new(),
        }
    }

    /// 16.4g: what an address gets is counted by a process for itself.
    pub(crate) fn a_process_starts(&mut self) {
        self.before_the_start = self.tries.len();
    }

    /// 16.4f: since when a check may mail all of these addresses, or from when on it will; `None`: none has had 60 yet.
    pub(crate) fn free_at(&self, addresses: &[String], now: Time) -> Option<Time> {
        let is_own = |mail: &&Try| mail.receiver.starts_with("emails/");
        let mails = || self.tries[self.before_the_start..].iter().rev().filter(is_own);
        let of_one = |address: &String| {
            let names_it = |told: &Notice| told.emails.contains(address);
            let sixty = mails().filter(|mail| mail.told.iter().any(names_it)).take(60);
            let times: Vec<Time> = sixty.map(|mail| mail.at).collect();
            // What has a time that is still to come was before the clock was set back (1.1).
            let is_enough = times.len() == 60 && times.iter().all(|at| *at <= now);
            times.last().filter(|_| is_enough).map(|first| *first + Span::mins(1))
        };
        addresses.iter().filter_map(of_one).max()
    }

    /// The process hands a message over, with its attempt committed. `calm`: whoever is asked takes it at once.
    pub(crate) fn send(&mut self, outgoing: &Outgoing, now: Time, calm: bool) -> String {
        let message = &outgoing.message;
        let mood = if calm { Mood::Takes } else { self.mood(&message.receiver, now) };
        let never = || Attempt::Never { why: "simulated".to_owned() };
        let later = |after| Attempt::Later { after, why: "simulated".to_owned() };
        let (taken, seconds, attempt) = match mood {
            Mood::Takes => (true, 0, Attempt::TAKEN),
            Mood::Fails => (false, 1, later(None)),
            Mood::Asks => (false, 1, later(Some(Span::secs(40)))),
            Mood::Lies => (true, 10, later(None)),
            Mood::Hangs => (self.rng.percent(50), 30, later(None)),
            Mood::Refuses => (false, 1, never()),
            Mood::Denies => (false, 1, Attempt::Misdirected { why: "simulated".to_owned() }),
            Mood::Picks if outgoing.notices.iter().any(|notice| offends(notice.check.as_str())) => {
                (false, 1, never())
            }
            Mood::Picks => (true, 0, Attempt::TAKEN),
        };
        let busy = self.under_way.iter().any(|other| other.receiver == *message.receiver && !other.is_over);
        assert!(!busy, "two messages at a time for {} (12.3)", message.receiver);
        self.under_way.push(Sending {
            message: message.id,
            receiver: message.receiver.to_string(),
            ends_at: now + Span::secs(seconds) + Span::MS,
            attempt,
            is_over: false,
            settled: 0,
        });
        self.tries.push(Try {
            message: message.id,
            receiver: message.receiver.to_string(),
            key: message.key.clone(),
            members: message.members.clone(),
            attempt: message.attempts,
            at: now,
            told: outgoing.notices.clone(),
            taken,
        });
        format!("{} attempt {} of {} ({mood:?})", message.receiver, message.attempts, message.key)
    }

    fn mood(&mut self, receiver: &str, now: Time) -> Mood {
        if let Some(mood) = self.outages.mood(receiver, now) {
            return mood;
        }
        let (mood, left) = self.moods.get(receiver).copied().unwrap_or((Mood::Takes, 0));
        if left > 0 {
            self.moods.insert(receiver.to_owned(), (mood, left - 1));
            return mood;
        }
        let mood = match self.rng.below(20) {
            0..=9 => Mood::Takes,
            10..=12 => Mood::Fails,
            13 | 14 => Mood::Asks,
            15 | 16 => Mood::Lies,
            17 => Mood::Hangs,
            18 => [Mood::Hangs, Mood::Denies, Mood::Picks][self.rng.below(3)],
            _ => Mood::Refuses,
        };
        let left = match mood {
            Mood::Refuses => 0,
            Mood::Picks => 4 + self.rng.below(8) as u32,
            _ => self.rng.below(4) as u32,
        };
        self.moods.insert(receiver.to_owned(), (mood, left));
        mood
    }
}

/// Checks of which some receivers do not like to hear.
fn offends(check: &str) -> bool {
    check.ends_with(['1', '3', '5'])
}
