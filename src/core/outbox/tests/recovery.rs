//! What is still told when an incident ends.

use crate::core::fixtures::{at, cause, delivery, incident};
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::outbox::{
    AtRecovery, CancelReason, Delivery, DeliveryKind, DeliveryState, Ending, MessageId, ParkReason,
    at_recovery, cancel_waiting,
};
use crate::core::route::{DropReason, HoldReason, ReceiverPolicy, Verdict};
use crate::core::time::Span;

/// Rows in the order of their ids, from 1: `10` is an alert due at 10 that waits; before it may stand what it is
/// (`reminder`, `recovery`, `episode`) and what became of it (`in-message`, `sent`, `parked`, `gone`, `cancelled`).
fn rows(text: &str) -> Vec<Delivery> {
    let row = |(id, words): (u64, &str)| {
        let mut row = delivery(id);
        for word in words.split_whitespace() {
            let message = MessageId(1);
            match word {
                "reminder" => row.told.kind = DeliveryKind::Reminder,
                "recovery" => row.told.kind = DeliveryKind::Recovery,
                "episode" => row.told.kind = DeliveryKind::Episode,
                "in-message" => row.state = DeliveryState::InMessage(message),
                "sent" => row.state = DeliveryState::Sent(message),
                "parked" => row.state = parked(ParkReason::GaveUp, Some(message)),
                "gone" => row.state = parked(ParkReason::ReceiverGone, None),
                "cancelled" => row.state = DeliveryState::Cancelled(CancelReason::Acknowledged),
                secs => row.told.not_before = at(secs.parse().unwrap()),
            }
        }
        row
    };
    (1..).zip(text.split(';')).map(row).collect()
}

fn parked(reason: ParkReason, message: Option<MessageId>) -> DeliveryState {
    DeliveryState::Parked { reason, message }
}

fn show(told: &AtRecovery) -> String {
    let ending = |ending: &Ending| match ending {
        Ending::Cancel(reason) => format!("{reason:?}"),
        Ending::Episode => "Episode".to_owned(),
        Ending::StaysGivenUp => "given up".to_owned(),
    };
    let endings = told.endings.iter().map(|(id, what)| format!("{} {}", id.0, ending(what)));
    let recovery = told.recovery.iter().map(|_| "recovery".to_owned());
    endings.chain(recovery).collect::<Vec<_>>().join(", ")
}

struct Case {
    status: IncidentStatus,
    verdict: Verdict,
    receiver: Option<ReceiverPolicy>,
}

/// Nothing is held; `group_wait` is 5 s.
fn plain() -> Case {
    let receiver = ReceiverPolicy {
        send_resolved: true,
        group_wait: Span::secs(5),
        give_up_after: Span::mins(60),
        max_members: 256,
        include_output: true,
    };
    Case { status: IncidentStatus::Resolved, verdict: Verdict::Send, receiver: Some(receiver) }
}

fn held() -> Case {
    Case { verdict: Verdict::Hold(HoldReason::Paused), ..plain() }
}

fn without_send_resolved() -> Case {
    let receiver = plain().receiver.map(|receiver| ReceiverPolicy { send_resolved: false, ..receiver });
    Case { receiver, ..plain() }
}

/// The incident ended at 100, which was noticed at 101.
fn check(case: &Case, text: &str, expected: &str) {
    let incident =
        Incident { status: case.status, ended_at: Some(at(100)), first: cause("missing"), ..incident() };
    let rows = rows(text);
    let told = at_recovery(&incident, &rows, |_| case.verdict.clone(), case.receiver.as_ref(), at(101));
    assert_eq!(show(&told), expected, "{text}");
    if let Some(recovery) = &told.recovery {
        assert_eq!(recovery.kind, DeliveryKind::Recovery);
        assert_eq!((recovery.not_before, recovery.queued_at), (at(101), at(101)));
        assert_eq!(recovery.repeat_interval, None);
    }
}

/// 12.5
#[test]
fn what_was_not_yet_due_is_cancelled() {
    check(&plain(), "110", "1 RecoveredBeforeDue");
    check(&plain(), "100", "1 RecoveredBeforeDue");
    check(&held(), "110", "1 RecoveredBeforeDue");
}

/// 8.2, 12.5
#[test]
fn what_was_held_is_cancelled() {
    check(&held(), "10", "1 RecoveredWhileHeld");
    check(&held(), "10; 20", "1 RecoveredWhileHeld, 2 RecoveredWhileHeld");
    let wont_fix = Case { verdict: Verdict::Drop(DropReason::WontFix), ..plain() };
    check(&wont_fix, "10", "1 WontFix");
}

/// 12.5: due and not attempted: one message tells both.
#[test]
fn an_alert_that_never_left_becomes_an_episode() {
    check(&plain(), "10", "1 Episode");
    check(&plain(), "95", "1 Episode");
    check(&plain(), "10; 20", "1 Episode, 2 Merged");
    check(&plain(), "10; 110", "1 Episode, 2 RecoveredBeforeDue");
}

/// 12.5
#[test]
fn what_began_and_ended_within_one_group_wait_is_not_told() {
    check(&plain(), "96", "1 TooShort");
    check(&plain(), "99; 110", "1 TooShort, 2 RecoveredBeforeDue");
    // By whichever of them it is told.
    check(&plain(), "99; 10", "1 Merged, 2 Episode");
    let receiver = plain().receiver.map(|receiver| ReceiverPolicy { group_wait: Span::ZERO, ..receiver });
    check(&Case { receiver, ..plain() }, "99", "1 Episode");
}

/// 12.5, 12.6, 8.4: whatever holds.
#[test]
fn who_was_attempted_gets_the_recovery() {
    for case in [plain(), held()] {
        check(&case, "sent 10", "recovery");
        check(&case, "in-message 10", "recovery");
        check(&case, "parked 10", "recovery");
        check(&case, "sent 10; sent 20", "recovery");
    }
    check(&plain(), "sent 10; 20", "2 Merged, recovery");
    check(&plain(), "sent 10; reminder 20", "2 Merged, recovery");
    check(&plain(), "sent 10; reminder 120", "2 RecoveredBeforeDue, recovery");
    check(&held(), "sent 10; 20", "2 RecoveredWhileHeld, recovery");
}

/// 12.6
#[test]
fn who_was_never_attempted_gets_no_recovery() {
    check(&plain(), "cancelled 10", "");
    check(&plain(), "gone 10", "");
    check(&held(), "10", "1 RecoveredWhileHeld");
}

/// 12.6: an alert that was due is told all the same.
#[test]
fn send_resolved_false_withholds_recoveries_only() {
    check(&without_send_resolved(), "sent 10", "");
    check(&without_send_resolved(), "sent 10; 20", "2 Merged");
    check(&without_send_resolved(), "10", "1 Episode");
}

/// 12.3: at its claim it is parked, so that somebody sees it.
#[test]
fn a_receiver_that_is_gone_gets_no_recovery() {
    let gone = Case { receiver: None, ..plain() };
    check(&gone, "sent 10", "");
    check(&gone, "10", "1 Episode");
}

/// 10.3: told to those who were told of it.
#[test]
fn a_removal_is_told_to_those_who_were_told() {
    let removed = Case { status: IncidentStatus::Removed, ..plain() };
    check(&removed, "10", "1 Removed");
    check(&removed, "sent 10; reminder 20", "2 Removed, recovery");
}

/// 12.6: exactly one, also when it is asked twice.
#[test]
fn an_end_is_told_once() {
    check(&plain(), "sent 10; recovery 101", "");
    check(&plain(), "sent 10; recovery sent 101", "");
    check(&plain(), "episode 10", "");
    check(&plain(), "episode sent 10", "");
}

/// 11.2
#[test]
fn acknowledging_cancels_what_waits_and_nothing_else() {
    let rows = rows("sent 10; 20; in-message 30; reminder 40; recovery 50; cancelled 60");
    let cancelled: Vec<u64> = cancel_waiting(&rows).map(|id| id.0).collect();
    assert_eq!(cancelled, [2, 4]);
}
