//! Own absence with the real binary and real seconds (§9); longer ones are simulated.

use punctual::clock::Clock;
use punctual::core::time::Time;

use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::sink::{Received, WebhookSink};

const CHECKS: usize = 50;

fn config(sink: &WebhookSink, group_wait: &str, checks: &str) -> String {
    format!(
        "receivers: [{{name: hook, webhook: {{url: \"{}\"}}, group_wait: {group_wait}}}]\n\
         default_receivers: [hook]\n\
         checks: [{checks}]\n",
        sink.url()
    )
}

fn deadline(punctual: &Punctual, check: &str) -> Time {
    let label = format!("check=\"{check}\"");
    let seconds = punctual.values("punctual_check_deadline_timestamp_seconds", &label)[0];
    Time::from_ms((seconds * 1000.0) as i64)
}

fn wait_past(time: Time) {
    let clock = Clock::new();
    wait_until("a deadline to pass", PATIENCE, || clock.now() > time);
}

/// Which checks a message tells of, and whether they are `firing` or `resolved`.
fn told(message: &Received) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let message = message.json();
    let alerts = message["alerts"].as_array().unwrap();
    alerts.iter().map(|alert| (text(&alert["labels"]["check"]), text(&alert["status"]))).collect()
}

/// 9.4
#[test]
fn a_restart_at_the_due_time_makes_no_page_for_a_job_that_retries() {
    let sink = WebhookSink::start();
    let checks = "{name: job, every: 3s, grace: 1s}, {name: canary, every: 1s, grace: 1s}";
    let mut punctual = Punctual::start(&config(&sink, "0s", checks));
    punctual.ping("job");
    let job_deadline = deadline(&punctual, "job");
    // The canary was due first.
    sink.received.wait_for_count("the canary", PATIENCE, 1);
    punctual.kill9();
    wait_past(job_deadline);
    punctual.start_again();
    punctual.ping("job");
    punctual.ping("canary");
    let messages = sink.received.wait_for_count("the canary's recovery", PATIENCE, 2);
    let all: Vec<_> = messages.iter().flat_map(told).collect();
    assert!(all.iter().all(|(check, _)| check == "canary"), "{all:?}");
    assert_eq!(punctual.sum("punctual_check_late_total", "check=\"job\""), 0);
}

/// 9.2: what was late stays late, and is not told again.
#[test]
fn a_check_overdue_from_before_is_late_at_once_after_a_restart_and_told_once() {
    let sink = WebhookSink::start();
    let mut punctual = Punctual::start(&config(&sink, "0s", "{name: job, every: 1s, grace: 0s}"));
    sink.received.wait_for_count("the message", PATIENCE, 1);
    // Killed before the answer is stored, it would send again (12.7).
    wait_until("the message stored as sent", PATIENCE, || {
        punctual.value("punctual_deliveries_pending") == 0.0
    });
    punctual.kill9();
    punctual.start_again();
    assert_eq!(punctual.values("punctual_check_late", "check=\"job\""), [1.0]);
    punctual.ping("job");
    let messages = sink.received.wait_for_count("the recovery", PATIENCE, 2);
    let fired_then_resolved =
        [("job".to_owned(), "firing".to_owned()), ("job".to_owned(), "resolved".to_owned())];
    assert_eq!([told(&messages[0]), told(&messages[1])].concat(), fired_then_resolved);
}

/// 9.4, 9.6, 12.3: due while nobody listened; not late until jobs had their time to come back; then one message for all.
#[test]
fn checks_due_during_an_absence_are_late_together_and_told_in_one_message() {
    let sink = WebhookSink::start();
    let check = |i: usize| format!("{{name: check-{i}, every: 3s, grace: 1s}}");
    let checks = (0..CHECKS).map(check).collect::<Vec<_>>().join(", ");
    let mut punctual = Punctual::start(&config(&sink, "1s", &checks));
    let due = deadline(&punctual, "check-0");
    punctual.kill9();
    wait_past(due);
    punctual.start_again();
    assert_eq!(punctual.values("punctual_check_late", ""), [0.0; CHECKS]);
    let messages = sink.received.wait_for_count("the message", PATIENCE, 1);
    let told = told(&messages[0]);
    assert_eq!(told.len(), CHECKS, "{told:?}");
    assert!(told.iter().all(|(_, status)| status == "firing"), "{told:?}");
    assert_eq!(punctual.sum("punctual_check_late", ""), CHECKS as u64);
    // All that there was to tell was in it.
    assert_eq!(punctual.value("punctual_incidents_open"), CHECKS as f64);
    assert_eq!(sink.received.all().len(), 1);
}
