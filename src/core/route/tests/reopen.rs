//! What goes on, and what is planned anew, where an incident stands open again.

use super::*;
use crate::core::fixtures::{at, delivery};
use crate::core::outbox::{CancelReason, Delivery, DeliveryState, MessageId, ParkReason};

/// `missing` is told, and somebody says something of it at 10; at 40 it has all of these causes, and at 100 it is open again.
struct Case<'a> {
    responders: &'a [(&'a str, &'a str)],
    causes: &'a str,
    before: IncidentStatus,
    /// What became of what was planned at 40, in its order.
    became: &'a [DeliveryState],
}

const SENT: DeliveryState = DeliveryState::Sent(MessageId(1));
const UNDER_WAY: DeliveryState = DeliveryState::InMessage(MessageId(1));
const GIVEN_UP: DeliveryState =
    DeliveryState::Parked { reason: ParkReason::GaveUp, message: Some(MessageId(1)) };

impl Case<'_> {
    fn is(&self, planned: &[&str], cancelled: &[u64]) {
        let (policy, definition) = (policy(self.responders), definition());
        let (first, all) = (causes("missing"), causes(self.causes));
        let mut incident = incident();
        let of = |causes| Facts::of_check(&definition, causes);
        let at_first = plan(&policy, &of(first.as_slice()), &incident, at(0), at(0));
        let mut rows: Vec<Delivery> = Vec::new();
        let mut add = |news: Vec<NewDelivery>, states: &[DeliveryState]| {
            for (place, told) in news.into_iter().enumerate() {
                let state = states.get(place).cloned().unwrap_or(SENT);
                rows.push(Delivery { told, state, ..delivery(rows.len() as u64 + 1) });
            }
        };
        add(at_first.deliveries, &[]);
        incident.actions.extend(at_first.actions);
        let (mut stood, _) = match self.before {
            IncidentStatus::WontFix => incident.wont_fix("ada", at(10)).unwrap(),
            _ => incident.acknowledge(first.as_slice(), None, "ada", at(10)).unwrap(),
        };
        let begun: Vec<_> = all.iter().filter(|cause| !first.has(cause.kind)).copied().collect();
        if !begun.is_empty() {
            let beside = plan(&policy, &of(&begun), &stood, at(40), at(40));
            add(beside.deliveries, self.became);
            stood.actions.extend(beside.actions);
        }
        let reopened = Reopened { stood: &stood, deliveries: &rows, at: at(100) };
        let anew = plan_anew(&policy, &of(all.as_slice()), &reopened, at(101));
        let line = |new: &NewDelivery| format!("{} {}", new.not_before.as_ms() / 1000, new.receiver);
        let told: Vec<String> = anew.deliveries.iter().map(line).collect();
        assert_eq!(told, planned, "{:?} with {:?}", self.causes, self.became);
        let numbers: Vec<u64> = anew.cancelled.iter().map(|id| id.0).collect();
        assert_eq!(numbers, cancelled, "{:?} with {:?}", self.causes, self.became);
        // Whatever is to be told is so once, however often it grows.
        let matched = policy.actions_for(&of(all.as_slice()));
        for matched in matched {
            let is_planned = anew.actions.iter().filter(|planned| planned.action == matched.action.id);
            assert_eq!(is_planned.count(), 1, "{:?}", matched.action);
        }
        assert!(anew.actions.iter().all(|planned| !planned.is_uncovered));
    }
}

fn case<'a>(responders: &'a [(&'a str, &'a str)], causes: &'a str, became: &'a [DeliveryState]) -> Case<'a> {
    Case { responders, causes, before: IncidentStatus::Acknowledged, became }
}

const LATE: (&str, &str) = (r#"status="late""#, "ops/60");
const FAILED: (&str, &str) = (r#"reason="failed""#, "dba/60");

// 11.2c, 11.2h, 22.4a
#[test]
fn what_waits_for_a_cause_that_nobody_took_on_goes_on_and_is_not_planned_again() {
    case(&[LATE, FAILED], "missing", &[]).is(&["160 ops"], &[]);
    case(&[LATE, FAILED], "missing failed", &[DeliveryState::Waiting]).is(&["160 ops"], &[]);
    // Neither is what was told of it.
    case(&[LATE, FAILED], "missing failed", &[SENT]).is(&["160 ops"], &[]);
    case(&[LATE, FAILED], "missing failed", &[UNDER_WAY]).is(&["160 ops"], &[]);
    // What came to nothing is told now.
    case(&[LATE, FAILED], "missing failed", &[GIVEN_UP]).is(&["160 ops", "160 dba"], &[2]);
    let dropped = DeliveryState::Cancelled(CancelReason::Acknowledged);
    case(&[LATE, FAILED], "missing failed", &[dropped]).is(&["160 ops", "160 dba"], &[]);
}

// 11.2h, 22.4a
#[test]
fn what_was_taken_on_is_told_anew_from_then_on_and_once() {
    // Late as well, which is covered: what waits for that is over.
    case(&[LATE, (r#"reason="overrun""#, "dba/60")], "missing overrun", &[DeliveryState::Waiting])
        .is(&["160 ops", "160 dba"], &[2]);
    let wont_fix = Case {
        before: IncidentStatus::WontFix,
        ..case(&[LATE, FAILED], "missing failed", &[DeliveryState::Waiting])
    };
    wont_fix.is(&["160 ops", "160 dba"], &[2]);
    // One action for both: what waits tells of both, and was told of one.
    let both = [(r#"reason=~"failed|overrun""#, "dba/60")];
    case(&both, "missing failed overrun", &[DeliveryState::Waiting]).is(&[], &[]);
    case(&both, "missing failed overrun", &[SENT]).is(&["160 dba"], &[]);
    case(&both, "missing failed overrun", &[UNDER_WAY]).is(&[], &[]);
}

// 12.2
#[test]
fn of_actions_with_one_receiver_and_one_delay_what_waits_is_for_all() {
    let twice = [(r#"reason="failed""#, "dba/60"), (r#"reason=~"failed|overrun""#, "dba/60/600")];
    case(&twice, "missing failed overrun", &[DeliveryState::Waiting]).is(&[], &[]);
    case(&twice, "missing failed", &[SENT]).is(&[], &[]);
    case(&twice, "missing failed overrun", &[SENT]).is(&["160 dba"], &[]);
}

// 11.2h, 12.1a
#[test]
fn what_a_reload_took_away_waits_unless_its_receiver_is_told_anew() {
    let definition = definition();
    let (first, all) = (causes("missing"), causes("missing failed"));
    let (stood, _) = incident().acknowledge(first.as_slice(), None, "ada", at(10)).unwrap();
    let of = |causes| Facts::of_check(&definition, causes);
    let failed = causes("failed");
    let before = plan(&policy(&[FAILED]), &of(failed.as_slice()), &stood, at(40), at(40));
    let row = Delivery { told: before.deliveries[0].clone(), ..delivery(1) };
    let stood = Incident { actions: before.actions, ..stood };
    for (responders, told, cancelled) in
        [(&[LATE][..], &["160 ops"][..], &[][..]), (&[(r#"reason="failed""#, "dba/90")], &["190 dba"], &[1])]
    {
        let reopened = Reopened { stood: &stood, deliveries: std::slice::from_ref(&row), at: at(100) };
        let anew = plan_anew(&policy(responders), &of(all.as_slice()), &reopened, at(101));
        let line = |new: &NewDelivery| format!("{} {}", new.not_before.as_ms() / 1000, new.receiver);
        assert_eq!(anew.deliveries.iter().map(line).collect::<Vec<_>>(), told);
        assert_eq!(anew.cancelled.iter().map(|id| id.0).collect::<Vec<_>>(), cancelled);
        let stays = anew.actions.iter().any(|planned| planned.action == row.action);
        assert_eq!(stays, cancelled.is_empty(), "what waits is not planned beside itself");
    }
}
