//! What one address of an Alertmanager is told next: the newest change first, and everything again in a round (13.1).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::core::alert::Alert;
use crate::core::check::CheckId;
use crate::core::time::Time;
use crate::notify::alertmanager::Address;
use crate::store::live::Board;

/// Alertmanager forgets its alerts at a restart and must have them back within a minute (13.1). A push takes time.
const EVERY: Duration = Duration::from_secs(50);
/// While a part of the round is due, so many of a request's alerts are news at most: those of a storm do not stop it.
const NEWS_BESIDE: usize = Address::MAX_ALERTS * 3 / 4;

/// How far one address has heard. Times are since it was made.
#[derive(Debug)]
pub(super) struct PushRound {
    /// Changes up to this one are told, are in `news`, or came when they were to be told by the round.
    heard: u64,
    /// Changes that are still to be told, by when their alerts began or ended: the store comes to those of a storm in another
    /// order. Others may have followed on them.
    news: BTreeSet<(Time, u64)>,
    /// The last check that the round has passed.
    passed: Option<CheckId>,
    /// The most checks since the round began: it does not slow down where some have gone.
    most: usize,
    /// How many checks its last part has passed, when that was due, and when the next one is.
    part: usize,
    part_at: Duration,
    due_at: Duration,
}

impl Default for PushRound {
    fn default() -> PushRound {
        PushRound {
            heard: 0,
            news: BTreeSet::new(),
            passed: None,
            most: 0,
            part: 1,
            part_at: Duration::ZERO,
            due_at: EVERY,
        }
    }
}

impl PushRound {
    /// The alerts of the next request; none: nothing is to be told before the next part of the round, or a change.
    pub(super) fn next(&mut self, board: &Board, now: Duration) -> Vec<Arc<[Alert]>> {
        let told = board
            .changes_after(self.heard)
            .filter_map(|change| Some((changed_at(board.put_by(change)?.1), change)));
        self.news.extend(told);
        self.heard = board.newest();
        if self.news.len() > 2 * board.len() + Address::MAX_ALERTS {
            self.news.retain(|(_, change)| board.put_by(*change).is_some());
        }
        let mut request = Request::default();
        self.most = self.most.max(board.len());
        self.due_at = self.part_at + self.lasts();
        let is_due = self.due_at <= now;
        self.tell_news(board, if is_due { NEWS_BESIDE } else { Address::MAX_ALERTS }, &mut request);
        if is_due {
            // One at least: where nothing is on the board, the next look is a round later.
            self.part = self.go_on(board, &mut request).max(1);
            // One that takes long goes on at its own pace, and makes up for one round at most.
            self.part_at = self.due_at.max(now.saturating_sub(EVERY));
            self.due_at = self.part_at + self.lasts();
        }
        request.alerts
    }

    /// How long until the next part of the round.
    pub(super) fn rests(&self, now: Duration) -> Duration {
        self.due_at.saturating_sub(now)
    }

    fn tell_news(&mut self, board: &Board, most: usize, request: &mut Request) {
        while let Some((_, change)) = self.news.last() {
            if let Some((check, alerts)) = board.put_by(*change)
                && !request.add(check, alerts, most)
            {
                return;
            }
            self.news.pop_last();
        }
    }

    /// The share of the last part in the time of a round.
    fn lasts(&self) -> Duration {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        EVERY * number(self.part.min(self.most.max(1))) / number(self.most.max(1))
    }

    /// Passes checks until the request is full or the round ends, so that each check has its place in the round. Answers how
    /// many.
    fn go_on(&mut self, board: &Board, request: &mut Request) -> usize {
        let mut passed = 0;
        while let Some((check, alerts)) = board.next_after(self.passed) {
            if !request.add(check, alerts, Address::MAX_ALERTS) {
                return passed;
            }
            self.passed = Some(check);
            passed += 1;
        }
        (self.passed, self.most) = (None, board.len());
        passed
    }
}

/// When the last of these alerts began or ended.
fn changed_at(alerts: &[Alert]) -> Time {
    alerts.iter().map(|alert| alert.ended_at.unwrap_or(alert.starts_at)).max().unwrap_or(Time::MIN)
}

/// What is told together.
#[derive(Default)]
struct Request {
    alerts: Vec<Arc<[Alert]>>,
    checks: BTreeSet<CheckId>,
    count: usize,
}

impl Request {
    /// Adds the alerts of a check, once. False: it is full.
    fn add(&mut self, check: CheckId, alerts: &Arc<[Alert]>, most: usize) -> bool {
        if self.checks.contains(&check) {
            return true;
        }
        if self.count > 0 && self.count + alerts.len() > most {
            return false;
        }
        self.checks.insert(check);
        self.count += alerts.len();
        self.alerts.push(alerts.clone());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn put(board: &mut Board, check: u64, change: &str) {
        let labels = vec![("check".to_owned(), check.to_string())];
        let annotations = vec![("change".to_owned(), change.to_owned())];
        let alert = Alert { labels, annotations, starts_at: Time::from_secs(1), ended_at: None };
        board.put(CheckId(check), Some(&[alert].into()));
    }

    fn board_of(checks: u64) -> Board {
        let mut board = Board::default();
        (0..checks).for_each(|check| put(&mut board, check, "first"));
        board
    }

    /// The check of each alert, and its change.
    fn said(request: &[Arc<[Alert]>]) -> Vec<(u64, &str)> {
        let alerts = request.iter().flat_map(|alerts| alerts.iter());
        alerts.map(|alert| (alert.labels[0].1.parse().expect("a number"), &*alert.annotations[0].1)).collect()
    }

    /// An address that has heard all.
    fn up_to_date(board: &Board) -> PushRound {
        let mut round = PushRound::default();
        while !round.next(board, Duration::ZERO).is_empty() {}
        round
    }

    #[test]
    fn a_thousand_alerts_go_in_requests_of_256() {
        let (board, mut round) = (board_of(1000), PushRound::default());
        let sizes = std::iter::from_fn(|| Some(round.next(&board, Duration::ZERO).len()));
        let sizes: Vec<usize> = sizes.take_while(|size| *size > 0).collect();
        assert_eq!(sizes, [256, 256, 256, 232]);
    }

    #[test]
    fn the_newest_alert_is_in_the_next_request_whatever_waits() {
        let (mut board, mut round) = (board_of(20_000), PushRound::default());
        for at in 0..1_000 {
            // Now and then a part of the round is due, too.
            let now = SECOND * at;
            put(&mut board, u64::from(at) * 7, "second");
            let request = round.next(&board, now);
            assert_eq!(said(&request)[0], (u64::from(at) * 7, "second"), "at {now:?}");
            assert!(request.len() <= 256);
        }
    }

    /// 13.1b: an Alertmanager that gets nothing for four minutes resolves what fires.
    #[test]
    fn what_fires_is_pushed_again_while_the_store_says_nothing() {
        for checks in [1, 3, 255, 256, 257, 5_000] {
            let mut board = board_of(checks);
            let mut round = up_to_date(&board);
            put(&mut board, 0, "second");
            let (mut last, mut requests) = (vec![Duration::ZERO; checks as usize], 0);
            let mut now = Duration::ZERO;
            while now < SECOND * 600 {
                let request = round.next(&board, now);
                requests += u64::from(!request.is_empty());
                for (check, change) in said(&request) {
                    let silence = now - std::mem::replace(&mut last[check as usize], now);
                    assert!(silence <= SECOND * 55, "{check} of {checks} is told after {silence:?}");
                    assert_eq!(change, if check == 0 { "second" } else { "first" });
                }
                now += if request.is_empty() { round.rests(now) } else { Duration::ZERO };
            }
            assert!(last.iter().all(|last| now - *last <= SECOND * 55), "{checks}");
            let rounds = 600 / 50;
            assert!(requests <= (rounds + 1) * checks.div_ceil(256) + 1, "{requests} requests for {checks}");
        }
    }

    /// 13.1a
    #[test]
    fn what_began_last_is_told_first_whenever_the_store_came_to_it() {
        let (mut board, mut round) = (Board::default(), PushRound::default());
        let alert = |began: i64| Alert {
            labels: vec![("check".to_owned(), began.to_string())],
            annotations: vec![("change".to_owned(), "first".to_owned())],
            starts_at: Time::from_secs(began),
            ended_at: None,
        };
        for began in [1_i64, 2, 9, 8, 7, 3, 4] {
            board.put(CheckId(began.unsigned_abs()), Some(&[alert(began)].into()));
        }
        let told: Vec<u64> =
            said(&round.next(&board, Duration::ZERO)).into_iter().map(|(check, _)| check).collect();
        assert_eq!(told, [9, 8, 7, 4, 3, 2, 1]);
    }

    #[test]
    fn an_address_rests_while_there_is_nothing_to_tell() {
        let mut board = board_of(1);
        let mut round = up_to_date(&board);
        board.put(CheckId(0), None);
        for at in 1..10 {
            let now = SECOND * 50 * at;
            assert!(round.next(&board, now).is_empty());
            assert!(round.rests(now) >= SECOND * 49, "{:?} after {now:?}", round.rests(now));
        }
    }

    #[test]
    fn one_that_is_slow_gets_the_round_at_its_own_pace_and_news_first() {
        let mut board = board_of(5_000);
        let mut round = up_to_date(&board);
        let mut heard = BTreeSet::new();
        // Ten requests a minute, and news without end.
        for at in 0..500_u32 {
            let news = 50_000 + u64::from(at) * 300;
            (news..news + 300).for_each(|check| board.put(CheckId(check - 300), None));
            (news..news + 300).for_each(|check| put(&mut board, check, "news"));
            let request = round.next(&board, SECOND * 60 + SECOND * 6 * at);
            let said = said(&request);
            assert_eq!(said[0], (news + 299, "news"));
            heard.extend(said.into_iter().filter(|(_, change)| *change == "first").map(|(check, _)| check));
        }
        assert_eq!(heard.len(), 5_000, "the round goes on");
    }

    #[test]
    fn what_has_gone_is_told_no_more_and_what_is_gone_slows_nothing_down() {
        let mut board = board_of(10_000);
        let mut round = up_to_date(&board);
        (1..10_000).for_each(|check| board.put(CheckId(check), None));
        assert_eq!(said(&round.next(&board, SECOND)), [(0, "first")]);
        assert!(round.next(&board, SECOND).is_empty());
        assert!(round.rests(SECOND) > SECOND * 48);
    }
}
