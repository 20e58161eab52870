//! How attempts end, and what follows what was sent.

use proptest::prelude::*;

use crate::core::fixtures::{at, delivery, told};
use crate::core::incident::IncidentStatus;
use crate::core::outbox::{
    AfterAttempt, Attempt, Delivery, DeliveryId, DeliveryKind, Message, MessageId, NewDelivery, ParkReason,
    after_abandoned, after_attempt, after_sent,
};
use crate::core::time::{Span, Time};

const DAY: Span = Span::mins(24 * 60);

/// Frozen at 0, after so many attempts.
pub(super) fn message(attempts: u32) -> Message {
    Message {
        id: MessageId(1),
        receiver: "ops".into(),
        key: "key".to_owned(),
        members: vec![delivery(1).id],
        created_at: at(0),
        attempts,
        attempts_here: attempts,
        retry_at: None,
        origin: None,
    }
}

fn later(after: Option<i64>) -> Attempt {
    Attempt::Later { after: after.map(Span::secs), why: "no connection".to_owned() }
}

/// 12.4
#[test]
fn an_attempt_ends_in_sent_or_parked_or_another_one() {
    let never = Attempt::Never { why: "410 Gone".to_owned() };
    let after = |attempt: &Attempt, now| after_attempt(&message(1), attempt, DAY, at(now), 0);
    assert_eq!(after(&Attempt::TAKEN, 0), AfterAttempt::Sent);
    assert_eq!(after(&Attempt::TAKEN, 999_999), AfterAttempt::Sent);
    assert_eq!(after(&never, 0), AfterAttempt::Refused);
    let denied = Attempt::Misdirected { why: "401 Unauthorized".to_owned() };
    assert!(matches!(after(&denied, 0), AfterAttempt::RetryAt(_)));
    assert!(matches!(after(&later(None), 0), AfterAttempt::RetryAt(_)));
}

/// The shortest and longest wait in ms after so many attempts.
fn waits(attempts: u32, wish: Option<i64>) -> (i64, i64) {
    let wait = |entropy| match after_attempt(&message(attempts), &later(wish), DAY, at(0), entropy) {
        AfterAttempt::RetryAt(at) => at.as_ms(),
        other => panic!("{other:?}"),
    };
    let waits: Vec<i64> = (0..2000).map(|i| wait(i * 157)).chain([wait(u64::MAX)]).collect();
    (*waits.iter().min().unwrap(), *waits.iter().max().unwrap())
}

/// 12.4: exponential with jitter.
#[test]
fn each_failure_doubles_the_wait_up_to_ten_minutes() {
    let check = |attempts, whole_secs: i64| {
        let (least, most) = waits(attempts, None);
        let (half_ms, whole_ms) = (whole_secs * 500, whole_secs * 1000);
        assert!(least >= half_ms && most <= whole_ms, "{attempts}: {least} to {most}");
        assert!(most - least > half_ms / 2, "{attempts}: spread from {least} to {most}");
    };
    for (attempts, whole_secs) in
        [(1, 5), (2, 10), (3, 20), (4, 40), (7, 320), (8, 600), (9, 600), (u32::MAX, 600)]
    {
        check(attempts, whole_secs);
    }
}

/// 12.4: Retry-After honoured, but nobody silences itself for longer than an hour at a time.
#[test]
fn a_receivers_wish_is_honoured_within_bounds() {
    assert_eq!(waits(1, Some(90)), (90_000, 90_000));
    assert_eq!(waits(1, Some(0)), waits(1, None));
    assert_eq!(waits(1, Some(-5)), waits(1, None));
    assert_eq!(waits(1, Some(86_400)), (3_600_000, 3_600_000));
}

/// 12.4: the last attempt is at `give_up_after`.
#[test]
fn a_message_is_given_up_after_a_while() {
    let check = |now, give_up_after, expected| {
        let after = after_attempt(&message(9), &later(None), Span::secs(give_up_after), at(now), 0);
        assert_eq!(after, expected, "at {now} of {give_up_after}");
    };
    check(100, 1000, AfterAttempt::RetryAt(at(400)));
    check(900, 1000, AfterAttempt::RetryAt(at(1000)));
    check(999, 1000, AfterAttempt::RetryAt(at(1000)));
    check(1000, 1000, AfterAttempt::Park(ParkReason::GaveUp));
    check(0, 0, AfterAttempt::Park(ParkReason::GaveUp));
}

/// 12.4: what the message needs may start after us.
#[test]
fn nothing_is_given_up_before_five_attempts_since_the_start() {
    let after = |attempts_here| {
        let message = Message { attempts_here, ..message(9) };
        after_attempt(&message, &later(None), Span::secs(60), at(900), 0)
    };
    assert_eq!(after(1), AfterAttempt::RetryAt(at(1200)));
    assert_eq!(after(4), AfterAttempt::RetryAt(at(1200)));
    assert_eq!(after(5), AfterAttempt::Park(ParkReason::GaveUp));
}

/// 12.4: it may be what the process dies of.
#[test]
fn what_was_tried_often_waits_after_a_start() {
    let check = |attempts, died_at: Option<i64>, expected| {
        assert_eq!(after_abandoned(&message(attempts), died_at.map(at), 0), at(expected), "{attempts}");
    };
    check(1, Some(100), 0);
    check(3, Some(100), 0);
    check(4, Some(100), 120);
    check(9, Some(100), 400);
    check(9, None, 0);
}

proptest! {
    /// 12.4: whatever the receiver says, it ends.
    #[test]
    fn a_retry_lies_ahead_and_never_after_the_end(
        attempts: u32, created: i64, now in -1_i64 << 60..1 << 60, give_up_ms in 0..i64::MAX, wish: Option<i64>, entropy: u64,
    ) {
        let message = Message { created_at: Time::from_ms(created), ..message(attempts) };
        let now = Time::from_ms(now);
        let give_up_after = Span::ms(give_up_ms);
        let attempt = Attempt::Later { after: wish.map(Span::ms), why: String::new() };
        match after_attempt(&message, &attempt, give_up_after, now, entropy) {
            AfterAttempt::RetryAt(retry_at) => {
                let give_up_at = message.created_at + give_up_after;
                prop_assert!(now < retry_at);
                prop_assert!(retry_at <= give_up_at || now >= give_up_at && attempts < 5);
                prop_assert!(retry_at - now <= Span::mins(60));
            }
            after => prop_assert_eq!(after, AfterAttempt::Park(ParkReason::GaveUp)),
        }
    }
}

fn sent(kind: DeliveryKind, repeat_secs: Option<i64>) -> Delivery {
    NewDelivery { kind, repeat_interval: repeat_secs.map(Span::secs), ..told() }.numbered(DeliveryId(1))
}

/// Sent at 100: when the next reminder comes, and which one it replaces.
fn check_repeat(
    sent: &Delivery,
    status: IncidentStatus,
    waiting: Option<i64>,
    expected: Option<(i64, Option<u64>)>,
) {
    let waiting = waiting
        .map(|secs| told().followed_by(DeliveryKind::Reminder, at(secs), at(0)).numbered(DeliveryId(5)));
    let repeat = after_sent(sent, status, waiting.as_ref(), at(100));
    let shown = repeat.map(|repeat| {
        assert_eq!(repeat.reminder.kind, DeliveryKind::Reminder);
        assert_eq!(repeat.reminder.repeat_interval, sent.repeat_interval);
        assert_eq!(repeat.reminder.action, sent.action);
        (repeat.reminder.not_before.as_ms() / 1000, repeat.instead_of.map(|id| id.0))
    });
    assert_eq!(shown, expected);
}

/// 12.4
#[test]
fn what_was_sent_is_repeated_while_the_incident_is_open() {
    let open = IncidentStatus::Open;
    check_repeat(&sent(DeliveryKind::Alert, Some(60)), open, None, Some((160, None)));
    check_repeat(&sent(DeliveryKind::Reminder, Some(60)), open, None, Some((160, None)));
    check_repeat(&sent(DeliveryKind::Alert, None), open, None, None);
    check_repeat(&sent(DeliveryKind::Recovery, Some(60)), open, None, None);
    check_repeat(&sent(DeliveryKind::Episode, Some(60)), open, None, None);
}

/// 11.2, 12.4
#[test]
fn nothing_is_repeated_of_what_somebody_took_care_of_or_what_ended() {
    for status in [
        IncidentStatus::Acknowledged,
        IncidentStatus::WontFix,
        IncidentStatus::Resolved,
        IncidentStatus::Removed,
    ] {
        check_repeat(&sent(DeliveryKind::Alert, Some(60)), status, None, None);
    }
}

/// 12.4: at most one pending, the soonest.
#[test]
fn of_two_reminders_the_sooner_one_is_kept() {
    let open = IncidentStatus::Open;
    check_repeat(&sent(DeliveryKind::Alert, Some(60)), open, Some(150), None);
    check_repeat(&sent(DeliveryKind::Alert, Some(60)), open, Some(160), None);
    check_repeat(&sent(DeliveryKind::Alert, Some(60)), open, Some(500), Some((160, Some(5))));
}
