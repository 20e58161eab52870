//! A check that fails and recovers every few seconds, with the real program and a real receiver.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::process::PATIENCE;
use crate::support::punctual::Punctual;
use crate::support::sink::{Answer, Received, WebhookSink};
use crate::support::smtp::{SmtpServer, Tls};

/// 12.5: told once, by every way, whatever it does afterwards and over a death of the server.
#[test]
fn a_check_that_flaps_is_told_once() {
    let (sink, smtp) = (WebhookSink::start(), SmtpServer::start(Tls::None, None));
    let (url, port) = (sink.url(), smtp.port());
    let mut server = Punctual::start(&format!(
        "smtp: {{host: 127.0.0.1, port: {port}, tls: none, from: punctual@example.org}}
receivers:
  - {{name: chat, group_wait: 3s, webhook: {{url: \"{url}\", format: slack}}}}
  - {{name: mail, group_wait: 3s, email: {{to: [ops@example.org]}}}}
default_receivers: [chat, mail]
checks:
  - {{name: shaky, title: Shaky job, every: 1h}}
  - {{name: steady, title: Steady job, every: 1h}}
"
    ));
    let flap = |server: &Punctual| {
        server.ping("shaky/fail");
        server.ping("shaky");
    };
    (0..2).for_each(|_| flap(&server));
    server.kill9();
    server.start_again();
    // Also where the receiver cannot be reached at first.
    sink.answer_with(Answer::Status(503));
    flap(&server);
    let first = sink.received.wait_for_count("the notice", PATIENCE, 1).remove(0);
    sink.answer_with(Answer::Status(200));
    (0..20).for_each(|_| flap(&server));
    server.ping("steady/fail");
    let of_steady = |received: &[Received]| {
        received.iter().any(|request| text(request).contains("Steady job")).then(|| received.to_vec())
    };
    let all = sink.received.wait("another check", PATIENCE + Duration::from_secs(20), of_steady);
    assert!(text(&first).contains("[FLAPPING] Shaky job"), "{}", text(&first));
    assert!(text(&first).contains("3 times since"), "{}", text(&first));
    // Attempts of one message have one key.
    let of_shaky = all.iter().filter(|request| text(request).contains("Shaky"));
    let keys: BTreeSet<&str> = of_shaky.map(|request| request.header("Idempotency-Key")).collect();
    assert_eq!(keys.len(), 1, "it is told once: {keys:?}");
    let mails = smtp.mails.wait_for_count("mails", PATIENCE, 2);
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.header("Subject")).collect();
    assert_eq!(subjects, ["[FLAPPING] Shaky job", "[FAILING] Steady job"]);
}

fn text(request: &Received) -> String {
    request.json()["text"].as_str().unwrap().to_owned()
}
