//! A receiver that hangs is nobody else's trouble.

use std::time::{Duration, Instant};

use crate::support::process::PATIENCE;
use crate::support::punctual::Punctual;
use crate::support::sink::{Answer, Received, WebhookSink};

/// Far below the time after which an attempt that hangs is given up.
const AT_ONCE: Duration = Duration::from_secs(3);

fn statuses(received: &[Received]) -> Vec<String> {
    received.iter().map(|request| request.json()["status"].as_str().unwrap().to_owned()).collect()
}

/// 13.1
#[test]
fn an_alertmanager_that_hangs_delays_no_push_to_another() {
    let (hanging, quick) = (WebhookSink::start(), WebhookSink::start());
    hanging.answer_with(Answer::Hang);
    let punctual = Punctual::start(&format!(
        "alerting: {{alertmanagers: [{{url: \"http://127.0.0.1:{}\"}}, {{url: \"http://127.0.0.1:{}\"}}]}}\n\
         checks: [{{name: job, every: 1h}}, {{name: other, every: 1h}}]\n",
        hanging.port(),
        quick.port()
    ));
    punctual.ping("job/fail");
    quick.received.wait_for_count("the first push", PATIENCE, 1);
    hanging.received.wait_for_count("the push that hangs", PATIENCE, 1);
    punctual.ping("other/fail");
    let received = quick.received.wait_for_count("the second push", PATIENCE, 2);
    assert_eq!(hanging.received.all().len(), 1, "the first push still hangs");
    // What is new goes at once, and what is told again in its round.
    assert_eq!(received[1].json()[0]["labels"]["check"], "other");
}

/// 12.7
#[test]
fn a_receiver_that_hangs_delays_neither_pings_nor_metrics_nor_another_receiver_nor_a_stop() {
    let (hanging, quick) = (WebhookSink::start(), WebhookSink::start());
    hanging.answer_with(Answer::Hang);
    let mut punctual = Punctual::start(&format!(
        "receivers:\n\
         - {{name: hanging, webhook: {{url: \"{}\"}}, group_wait: 0s}}\n\
         - {{name: quick, webhook: {{url: \"{}\"}}, group_wait: 0s}}\n\
         default_receivers: [hanging, quick]\n\
         checks: [{{name: job, every: 1h}}, {{name: other, every: 1h}}]\n",
        hanging.url(),
        quick.url()
    ));
    punctual.ping("job/fail");
    hanging.received.wait_for_count("the attempt that hangs", PATIENCE, 1);
    quick.received.wait_for_count("the message elsewhere", AT_ONCE, 1);
    let start = Instant::now();
    punctual.ping("job");
    quick.received.wait_for_count("the recovery elsewhere", AT_ONCE, 2);
    for _ in 0..20 {
        punctual.ping("other");
        assert_eq!(punctual.get("/metrics").status, 200);
    }
    assert!(start.elapsed() < AT_ONCE, "it took {:?}", start.elapsed());
    assert_eq!(statuses(&quick.received.all()[..2]), ["firing", "resolved"]);
    assert_eq!(hanging.received.all().len(), 1, "the first attempt still hangs");

    assert!(punctual.stop().success());
    hanging.answer_with(Answer::Status(200));
    punctual.start_again();
    let received = hanging.received.wait_for_count("what was not taken, and the recovery", PATIENCE, 3);
    assert_eq!(statuses(&received[..3]), ["firing", "firing", "resolved"]);
    let key = |request: &Received| request.header("idempotency-key").to_owned();
    assert_eq!(key(&received[0]), key(&received[1]));
    assert_ne!(key(&received[1]), key(&received[2]));
}
