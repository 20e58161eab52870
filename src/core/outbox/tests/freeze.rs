//! What leaves together, in which order.

use std::collections::BTreeSet;

use crate::core::check::CheckId;
use crate::core::fixtures::{at, told};
use crate::core::incident::{IncidentId, IncidentKey, Matter};
use crate::core::outbox::{
    Delivery, DeliveryId, DeliveryKind, Departure, Flaps, Message, NewDelivery, freeze, halves,
};
use crate::core::route::ReceiverPolicy;
use crate::core::time::Span;

/// A `group_wait` of 5 s.
fn receiver(max_members: usize) -> ReceiverPolicy {
    ReceiverPolicy {
        send_resolved: true,
        group_wait: Span::secs(5),
        give_up_after: Span::mins(60),
        max_members,
        include_output: true,
    }
}

/// `2`: check 2 itself; `2a`: its key a.
fn matter(text: &str) -> Matter {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (check, key) = text.split_at(digits);
    Matter { check: CheckId(check.parse().unwrap()), key: IncidentKey::parse(key).unwrap() }
}

/// `2.1@10`: of check 2, incident 21, ready at 10; `2a.1@10`: of its key a, incident 121. Ids count from 1.
fn rows(text: &str) -> Vec<Delivery> {
    let row = |(id, word): (u64, &str)| {
        let (of, ready) = word.split_once('@').unwrap();
        let (check, incident) = of.split_once('.').unwrap();
        let Matter { check, key } = matter(check);
        let incident = incident.parse::<u64>().unwrap() + 10 * check.0 + if key.is_own() { 0 } else { 100 };
        let (incident, not_before) = (IncidentId(incident), at(ready.parse().unwrap()));
        NewDelivery { check, key, incident, not_before, ..told() }.numbered(DeliveryId(id))
    };
    (1..).zip(text.split_whitespace()).map(row).collect()
}

/// With a `group_wait` of 5 s: `leaves 1 2`, `waits 10`, `waits`.
fn check_blocked(text: &str, blocked: &str, now: i64, expected: &str) {
    let blocked: BTreeSet<Matter> = blocked.split_whitespace().map(matter).collect();
    let departure = freeze(&rows(text), |matter| blocked.contains(matter), |_| 0, &receiver(256), at(now));
    let shown = match departure {
        Departure::Leaves(ids) => ids.iter().fold("leaves".to_owned(), |text, id| format!("{text} {}", id.0)),
        Departure::Waits(Some(until)) => format!("waits {}", until.as_ms() / 1000),
        Departure::Waits(None) => "waits".to_owned(),
    };
    assert_eq!(shown, expected, "{text} at {now}");
}

fn check(text: &str, now: i64, expected: &str) {
    check_blocked(text, "", now, expected);
}

/// 12.3
#[test]
fn what_is_due_within_group_wait_of_the_first_leaves_together() {
    check("", 10, "waits");
    check("1.1@10", 10, "waits 15");
    check("1.1@10", 14, "waits 15");
    check("1.1@10", 15, "leaves 1");
    check("1.1@10 2.1@14 3.1@15", 15, "leaves 1 2 3");
    check("1.1@10 2.1@16", 15, "leaves 1");
    check("1.1@12 2.1@10", 15, "leaves 1 2");
}

/// 12.1
#[test]
fn nothing_leaves_before_it_is_due() {
    check("1.1@10", 9, "waits 10");
    check("1.1@20 2.1@10", 9, "waits 10");
    check("1.1@20 2.1@10", 15, "leaves 2");
}

/// 12.5
#[test]
fn what_follows_an_unfinished_delivery_waits_and_other_checks_do_not() {
    check_blocked("1.1@10 2.1@11", "1", 15, "waits 16");
    check_blocked("1.1@10 2.1@11", "1", 16, "leaves 2");
    check_blocked("1.1@10 2.1@11", "1 2", 99, "waits");
}

/// 11.1, 12.5: whatever one of them waits for.
#[test]
fn two_keys_of_one_check_never_wait_for_each_other() {
    // For an earlier delivery that is not settled.
    check_blocked("1.1@10 1a.1@11 1b.1@11", "1", 16, "leaves 2 3");
    check_blocked("1.1@10 1a.1@11 1b.1@11", "1a", 15, "leaves 1 3");
    // For an earlier incident's delivery that is not due.
    check("1a.1@50 1a.2@10 1.1@10 1b.1@10", 20, "leaves 3 4");
    check("1.1@50 1.2@10 1a.1@10", 20, "leaves 3");
    // For a notice that it flaps.
    let mut rows = rows("1a.1@10 1a.2@11 1.1@11 1b.1@11");
    rows[0].told.kind = DeliveryKind::Flapping(Flaps { times: 3, since: at(0) });
    let departure = freeze(&rows, |_| false, |_| 0, &receiver(256), at(16));
    assert_eq!(departure, Departure::Leaves([1, 3, 4].map(DeliveryId).into()));
}

/// 12.5: also where the clock was set back between the two incidents.
#[test]
fn a_later_incident_never_overtakes_an_earlier_one() {
    check("1.1@50 1.2@10", 20, "waits 50");
    check("1.1@50 1.2@10 2.1@10", 20, "leaves 3");
    check("1.1@50 1.2@10", 55, "leaves 1 2");
    // An action of the same incident with a longer `after` is no reason to wait.
    check("1.1@50 1.1@10", 20, "leaves 2");
}

/// 12.5: what is told of a check after that it flaps may be what it flaps by.
#[test]
fn what_follows_a_notice_of_flapping_leaves_after_it() {
    let mut rows = rows("1.1@10 2.1@10 1.2@11 2.2@11");
    rows[0].told.kind = DeliveryKind::Flapping(Flaps { times: 3, since: at(0) });
    let departure = freeze(&rows, |_| false, |_| 0, &receiver(256), at(15));
    assert_eq!(departure, Departure::Leaves([1, 2, 4].map(DeliveryId).into()));
}

/// 12.4: `1 2 1 3` are the checks of the members 1 to 4. All of one (check, key) stays in one half.
#[test]
fn a_refused_message_is_split_between_matters() {
    let check = |matters: &str, expected: Option<[&[u64]; 2]>| {
        let members: Vec<_> = (1..).map(DeliveryId).zip(matters.split_whitespace().map(matter)).collect();
        let ids = |half: &[u64]| half.iter().copied().map(DeliveryId).collect::<Vec<_>>();
        assert_eq!(halves(&members), expected.map(|halves| halves.map(ids)), "{members:?}");
    };
    check("7", None);
    check("7 7 7", None);
    check("7 8", Some([&[1], &[2]]));
    check("1 2 1 3", Some([&[1, 3], &[2, 4]]));
    check("5 4 3 2 5", Some([&[1, 2, 5], &[3, 4]]));
    check("7a 7a", None);
    check("7a 7b 7a 7", Some([&[1, 3], &[2, 4]]));
    check("7 7a 7 7a", Some([&[1, 3], &[2, 4]]));
}

fn many(count: u64) -> Vec<Delivery> {
    rows(&(1..=count).map(|check| format!("{check}.1@10 ")).collect::<String>())
}

/// 12.3: at most as many as its receiver's format names, and what is more than any message takes need not wait.
#[test]
fn a_full_message_leaves_at_once() {
    let leaves = |count: u64, max, now| freeze(&many(count), |_| false, |_| 0, &receiver(max), at(now));
    let first = |count: u64| Departure::Leaves((1..=count).map(DeliveryId).collect());
    assert_eq!(leaves(255, 256, 10), Departure::Waits(Some(at(15))));
    assert_eq!(leaves(256, 256, 10), first(256));
    assert_eq!(leaves(300, 256, 15), first(256));
    assert_eq!(leaves(40, 9, 14), Departure::Waits(Some(at(15))), "a worse one may come within `group_wait`");
    assert_eq!(leaves(40, 9, 15), first(9));
    assert_eq!(leaves(256, 9, 10), first(9));
    assert_eq!(leaves(2, 1, 15), first(1));
}

/// 12.3, 12.5: the worst leave first; what is of one check stays in its order.
#[test]
fn the_worst_of_too_many_leave_first() {
    let rank = |check: CheckId| if check.0 >= 39 { 0 } else { 1 };
    let departure = freeze(&many(40), |_| false, rank, &receiver(3), at(15));
    assert_eq!(departure, Departure::Leaves([1, 39, 40].map(DeliveryId).into()));
    let of_one = rows("1.1@10 2.1@10 2.1@10 2.2@10");
    let departure = freeze(&of_one, |_| false, std::cmp::Reverse, &receiver(2), at(15));
    assert_eq!(departure, Departure::Leaves([2, 3].map(DeliveryId).into()));
}

/// 12.3g: a check's records are one thing, however many they are; what flaps is another.
#[test]
fn the_records_of_a_check_count_as_one() {
    let leaves = |text: &str, max_members: usize, now: i64| match freeze(
        &rows(text),
        |_| false,
        |check| check.0,
        &receiver(max_members),
        at(now),
    ) {
        Departure::Leaves(ids) => ids.iter().map(|id| id.0).collect::<Vec<_>>(),
        Departure::Waits(_) => Vec::new(),
    };
    let three = "1a.1@0 1b.2@0 2a.3@0 1c.4@0 1.5@0";
    assert_eq!(leaves(three, 1, 5), [1, 2, 4]);
    assert_eq!(leaves(three, 2, 5), [1, 2, 4, 5]);
    assert_eq!(leaves(three, 3, 5), [1, 2, 3, 4, 5]);
    let many: String = (0..300).map(|number| format!("1k{number}.{number}@0 ")).collect();
    assert_eq!(leaves(&many, 1, 4).len(), 0, "they are no full message");
    assert_eq!(leaves(&many, 1, 5).len(), 300);
    let row = |number: u64| {
        let key = IncidentKey::parse(&format!("k{number}")).unwrap();
        NewDelivery { key, incident: IncidentId(number), ..told() }.numbered(DeliveryId(number))
    };
    let too_many: Vec<Delivery> = (1..=Message::MAX_DELIVERIES as u64 + 7).map(row).collect();
    let Departure::Leaves(first) = freeze(&too_many, |_| false, |_| 0, &receiver(1), at(5)) else {
        panic!("they are due");
    };
    assert_eq!((first.len(), first[0]), (Message::MAX_DELIVERIES, DeliveryId(1)));
}
