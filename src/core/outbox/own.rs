//! Mails that checks send on their own (16.4): all of them leave through one mail server, and whoever declares a check says
//! to whom.
//!
//! While the server takes nothing it is left alone, and one mail at a time finds out whether it does again. One that answers
//! each mail for itself, and takes none, is not left alone: a row of mailboxes that are dead, or not known to it yet
//! (greylisting), looks the same, and what is for the next one waits for nobody. It gets one line in the log. An address gets so many a minute, of whichever checks; what is more waits for its turn.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::attempt::Attempt;
use super::backoff::{MAX_RETRY, backoff};
use crate::core::time::{Span, Time};

/// So many are under way at a time.
const AT_A_TIME: usize = 8;
/// So long an address is remembered.
const MINUTE: Span = Span::mins(1);

/// What leaves for the addresses of checks, as this process knows it: a start has seen nothing.
#[derive(Debug, Default)]
pub struct OwnMails {
    server: Server,
    /// The same before this call; `None`: it has not changed it.
    before: Option<Server>,
    /// When mails left for each address within the last minute, the oldest first.
    left: HashMap<String, VecDeque<Time>>,
    /// The same, of a call that is not stored yet.
    leaving: Vec<(String, Time)>,
    swept_at: Option<Time>,
}

/// What is known of the mail server.
#[derive(Clone, Debug, Default)]
struct Server {
    rest: Option<Rest>,
    /// Mailboxes for which nothing was taken since something was, at most [`OwnMails::ENOUGH_REFUSED`].
    refused: BTreeSet<String>,
    /// When it was said that mails wait for their address.
    said_at: Option<Time>,
}

/// The mail server is left alone for a while.
#[derive(Clone, Copy, Debug)]
struct Rest {
    until: Time,
    /// So often in a row it took nothing.
    failures: u32,
}

/// What an attempt showed of the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerTurn {
    /// It takes nothing, and is left alone for so long.
    Rests(Span),
    /// It has answered for so many mailboxes in a row, and took nothing for any: [`OwnMails::ENOUGH_REFUSED`].
    IsInDoubt,
    /// It takes mails again.
    IsBack,
}

impl OwnMails {
    /// An address gets so many a minute.
    pub const A_MINUTE: usize = 60;
    /// Of so many mailboxes in a row none was taken for: it is the server rather than they.
    pub const ENOUGH_REFUSED: usize = 8;

    /// How many more may leave, of which so many are under way: of a server that took nothing one finds out.
    pub fn places(&self, under_way: usize) -> usize {
        let all = if self.server.rest.is_some() { 1 } else { AT_A_TIME };
        all.saturating_sub(under_way)
    }

    /// Whether the server answers, and took nothing for a row of mailboxes.
    pub fn is_in_doubt(&self) -> bool {
        self.server.refused.len() >= OwnMails::ENOUGH_REFUSED
    }

    /// Until when the server is left alone; `None`: it is not known to take nothing.
    pub fn rests_until(&self) -> Option<Time> {
        self.server.rest.map(|rest| rest.until)
    }

    /// An attempt to mail these addresses ended at `now`. `entropy` is any number: rests are as long as waits between attempts
    /// of one message.
    pub fn ended(
        &mut self,
        attempt: &Attempt,
        addresses: &[String],
        now: Time,
        entropy: u64,
    ) -> Option<ServerTurn> {
        self.note_before();
        let was_in_doubt = self.is_in_doubt();
        match attempt {
            Attempt::Unreachable { .. } => return self.took_nothing(now, entropy),
            Attempt::Taken { .. } => self.server.refused.clear(),
            Attempt::Later { .. } | Attempt::Misdirected { .. } => {
                // Of several addresses some may have taken it.
                if let [address] = addresses
                    && !was_in_doubt
                {
                    self.server.refused.insert(mailbox(address));
                }
            }
            // It has read the mail, and speaks of that.
            Attempt::Never { .. } => {}
        }
        let rested = self.server.rest.take().is_some();
        match (was_in_doubt, self.is_in_doubt()) {
            (false, true) => Some(ServerTurn::IsInDoubt),
            // What was said last is that it takes nothing, and is left alone.
            (true, true) => rested.then_some(ServerTurn::IsInDoubt),
            (was_in_doubt, false) => (rested || was_in_doubt).then_some(ServerTurn::IsBack),
        }
    }

    fn took_nothing(&mut self, now: Time, entropy: u64) -> Option<ServerTurn> {
        let before = self.server.rest;
        // It was under way beside the one that said so before.
        if before.is_some_and(|rest| rest.until > now) {
            return None;
        }
        let failures = before.map_or(0, |rest| rest.failures).saturating_add(1);
        let rest = backoff(failures, entropy);
        self.server.rest = Some(Rest { until: now + rest, failures });
        Some(ServerTurn::Rests(rest))
    }

    /// Somebody has mended something: one mail finds out at once.
    pub fn try_by(&mut self, now: Time) {
        self.note_before();
        self.server.rest = self.server.rest.map(|rest| Rest { until: rest.until.min(now), ..rest });
    }

    /// When a mail to all of these addresses may leave; `None`: now.
    pub fn free_at(&self, addresses: &[String], now: Time) -> Option<Time> {
        let of_one = |address: &String| {
            let mailbox = mailbox(address);
            let left = self.left.get(&mailbox).into_iter().flatten();
            let leaving = self.leaving.iter().filter(|(other, _)| *other == mailbox).map(|(_, at)| at);
            let newest = left.chain(leaving).rev().filter(|at| **at <= now);
            newest.copied().nth(OwnMails::A_MINUTE - 1).map(|at| at + MINUTE)
        };
        addresses.iter().filter_map(of_one).max().filter(|at| *at > now)
    }

    /// A mail leaves for these addresses, if the call in which it does is stored.
    pub fn leaves(&mut self, addresses: &[String], now: Time) {
        self.leaving.extend(addresses.iter().map(|address| (mailbox(address), now)));
    }

    fn note_before(&mut self) {
        self.before.get_or_insert_with(|| self.server.clone());
    }

    /// That call has ended. What could not be stored has not left and has shown nothing of the server: it is claimed, or
    /// settled, again.
    pub fn call_ended(&mut self, is_stored: bool) {
        if let Some(before) = self.before.take().filter(|_| !is_stored) {
            self.server = before;
        }
        let leaving = std::mem::take(&mut self.leaving);
        for (mailbox, at) in leaving.into_iter().filter(|_| is_stored) {
            self.sweep(at);
            let times = self.left.entry(mailbox).or_default();
            times.push_back(at);
            if times.len() > OwnMails::A_MINUTE {
                times.pop_front();
            }
        }
    }

    /// Once a minute those are forgotten that got nothing for a minute.
    fn sweep(&mut self, now: Time) {
        if self.swept_at.is_none_or(|at| at + MINUTE <= now || at > now) {
            self.swept_at = Some(now);
            self.left.retain(|_, times| times.back().is_some_and(|at| now - MINUTE < *at && *at <= now));
        }
    }

    /// Whether it is to be said now that mails wait for their address: once a minute.
    pub fn says_so(&mut self, now: Time) -> bool {
        let is_time = self.server.said_at.is_none_or(|at| at + MINUTE <= now || at > now);
        if is_time {
            self.note_before();
            self.server.said_at = Some(now);
        }
        is_time
    }

    /// The clock was set back (1.1): nothing waits for a time that was.
    pub fn bring_back_to(&mut self, now: Time) {
        self.note_before();
        self.server.rest =
            self.server.rest.map(|rest| Rest { until: rest.until.min(now + MAX_RETRY), ..rest });
    }
}

/// One address, however it is written: `Name <a@b>` is `a@b`.
fn mailbox(address: &str) -> String {
    let bare = address.rsplit_once('<').map_or(address, |(_, rest)| rest);
    bare.trim().trim_end_matches('>').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Time {
        Time::from_secs(1_000_000)
    }

    fn addresses(list: &[&str]) -> Vec<String> {
        list.iter().map(|address| (*address).to_owned()).collect()
    }

    fn unreachable() -> Attempt {
        Attempt::Unreachable { why: "connection refused".to_owned(), is_misdirected: false }
    }

    fn later() -> Attempt {
        Attempt::Later { after: None, why: "451 no LDAP".to_owned() }
    }

    fn misdirected() -> Attempt {
        Attempt::Misdirected { why: "550 no such mailbox".to_owned() }
    }

    fn leave(own: &mut OwnMails, addresses: &[String], now: Time) {
        own.leaves(addresses, now);
        own.call_ended(true);
    }

    /// 16.4
    #[test]
    fn a_server_that_takes_nothing_rests_ever_longer_and_one_mail_finds_out() {
        let mut own = OwnMails::default();
        assert_eq!((own.places(0), own.places(3)), (8, 5));
        let mut now = start();
        for (failures, longest) in [(1, 5), (2, 10), (3, 20), (4, 40)] {
            let turn = own.ended(&unreachable(), &[], now, u64::MAX);
            let Some(ServerTurn::Rests(rest)) = turn else { panic!("{failures}: {turn:?}") };
            let longest = Span::secs(longest);
            assert!(rest <= longest && rest.as_ms() * 2 >= longest.as_ms(), "{failures}: {rest}");
            // Those that were under way beside it say nothing new.
            assert_eq!(own.ended(&unreachable(), &[], now, 0), None);
            assert_eq!((own.places(0), own.places(1), own.places(7)), (1, 0, 0));
            assert_eq!(own.rests_until(), Some(now + rest));
            now = now + rest;
        }
        for _ in 0..20 {
            own.ended(&unreachable(), &[], now, u64::MAX);
            now = own.rests_until().unwrap();
        }
        own.ended(&unreachable(), &[], now, u64::MAX);
        assert!(own.rests_until().unwrap() - now <= Span::mins(10));
        own.bring_back_to(start());
        assert!(own.rests_until().unwrap() - start() <= Span::mins(10), "the clock was set back");
        own.try_by(start());
        assert_eq!((own.rests_until(), own.places(0)), (Some(start()), 1));
        let taken = Attempt::TAKEN;
        assert_eq!(own.ended(&taken, &[], now, 0), Some(ServerTurn::IsBack));
        assert_eq!((own.ended(&taken, &[], now, 0), own.rests_until(), own.places(0)), (None, None, 8));
    }

    /// 16.4
    #[test]
    fn a_server_that_answers_and_takes_nothing_for_eight_mailboxes_is_in_doubt_and_gets_no_rest() {
        let mut own = OwnMails::default();
        let of = |number: usize| addresses(&[&format!("User <U{number}@example.org>")]);
        let row = |own: &mut OwnMails, attempt: Attempt, numbers: std::ops::Range<usize>| {
            numbers.map(|number| own.ended(&attempt, &of(number), start(), 0)).collect::<Vec<_>>()
        };
        // One mailbox says nothing of the server, however often it is tried, nor does what a mail says.
        assert_eq!([0; 20].map(|number| own.ended(&later(), &of(number), start(), 0)), [None; 20]);
        let never = Attempt::Never { why: "554 spam".to_owned() };
        assert_eq!(row(&mut own, never, 20..40), [None; 20]);
        assert_eq!(row(&mut own, misdirected(), 0..7), [None; 7]);
        assert_eq!((own.is_in_doubt(), own.places(0)), (false, 8));
        assert_eq!(row(&mut own, later(), 7..10), [Some(ServerTurn::IsInDoubt), None, None]);
        assert_eq!((own.is_in_doubt(), own.places(0), own.rests_until()), (true, 8, None));
        // A server that goes away and comes back has still taken nothing.
        assert!(matches!(own.ended(&unreachable(), &of(1), start(), 0), Some(ServerTurn::Rests(_))));
        assert_eq!(own.places(0), 1);
        own.try_by(start());
        let again = own.ended(&later(), &of(1), start(), 0);
        assert_eq!((again, own.places(0)), (Some(ServerTurn::IsInDoubt), 8));
        assert_eq!(own.ended(&Attempt::TAKEN, &of(3), start(), 0), Some(ServerTurn::IsBack));
        assert_eq!((own.places(0), own.rests_until()), (8, None));
        // What is taken now and then begins the row anew.
        for _ in 0..9 {
            assert_eq!(row(&mut own, later(), 0..7), [None; 7]);
            assert_eq!(own.ended(&Attempt::TAKEN, &of(9), start(), 0), None);
        }
        // Of a mail to several some may have taken it.
        let many: Vec<String> = (0..20).flat_map(of).collect();
        assert_eq!((own.ended(&later(), &many, start(), 0), own.is_in_doubt()), (None, false));
    }

    /// 16.4
    #[test]
    fn an_address_gets_so_many_a_minute_however_it_is_written() {
        let mut own = OwnMails::default();
        let (ada, both) =
            (addresses(&["ada@example.org"]), addresses(&["bob@example.org", "Ada <ADA@example.org>"]));
        for second in 0..60 {
            let now = start() + Span::ms(second * 500);
            assert_eq!(own.free_at(&ada, now), None, "{second}");
            leave(&mut own, if second % 2 == 0 { &ada } else { &both }, now);
        }
        let now = start() + Span::secs(30);
        let free_at = Some(start() + Span::mins(1));
        assert_eq!((own.free_at(&ada, now), own.free_at(&both, now)), (free_at, free_at));
        assert_eq!(own.free_at(&addresses(&["bob@example.org"]), now), None);
        assert_eq!(own.free_at(&[], now), None);
        let now = start() + Span::mins(1);
        assert_eq!(own.free_at(&ada, now), None);
        leave(&mut own, &ada, now);
        assert_eq!(own.free_at(&ada, now), Some(now + Span::ms(500)));
        // Who got none for a minute is forgotten, and a clock that was set back counts nothing of later.
        leave(&mut own, &addresses(&["eve@example.org"]), now + Span::mins(2));
        assert_eq!(own.left.len(), 1);
        assert_eq!(own.free_at(&ada, start() - Span::mins(9)), None);
    }

    /// 14.3, 16.4f
    #[test]
    fn what_could_not_be_stored_has_not_left() {
        let mut own = OwnMails::default();
        let ada = addresses(&["ada@example.org"]);
        for _ in 0..59 {
            leave(&mut own, &ada, start());
        }
        own.leaves(&ada, start());
        assert_eq!(own.free_at(&ada, start()), Some(start() + Span::mins(1)), "in that call it counts");
        own.call_ended(false);
        assert_eq!(own.free_at(&ada, start()), None);
        leave(&mut own, &ada, start());
        assert_eq!(own.free_at(&ada, start()), Some(start() + Span::mins(1)));
    }

    /// 14.3, 16.4
    #[test]
    fn what_could_not_be_stored_has_shown_nothing_of_the_server() {
        let mut own = OwnMails::default();
        let is_rest = |turn| matches!(turn, Some(ServerTurn::Rests(_)));
        assert!(is_rest(own.ended(&unreachable(), &[], start(), 0)) && own.says_so(start()));
        own.call_ended(false);
        assert_eq!(own.rests_until(), None);
        assert!(is_rest(own.ended(&unreachable(), &[], start(), 0)) && own.says_so(start()), "it is told");
        own.call_ended(true);
        own.call_ended(false);
        assert!(own.rests_until().is_some() && !own.says_so(start()), "that was another call");
    }

    #[test]
    fn that_mails_wait_is_said_once_a_minute() {
        let mut own = OwnMails::default();
        let said = [0, 1, 59, 60, 61, 119, 120].map(|second| own.says_so(start() + Span::secs(second)));
        assert_eq!(said, [true, false, false, true, false, false, true]);
    }
}
