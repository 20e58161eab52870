//! Many checks late at once: every receiver hears of every one of them, of the critical one first.

use std::time::Duration;

use serde_json::Value;

use crate::support::process::PATIENCE;
use crate::support::prometheus::Alertmanager;
use crate::support::punctual::Punctual;
use crate::support::sink::{Received, WebhookSink};
use crate::support::smtp::{SmtpServer, Tls};

const CHECKS: usize = 40;
const FORMATS: [&str; 5] = ["alertmanager", "slack", "teams", "discord", "ntfy"];

/// Far apart in the order of declaration: the critical one is the last.
fn config(sink: &WebhookSink, smtp: &SmtpServer) -> String {
    let port = smtp.port();
    let mut config = format!(
        "smtp: {{host: 127.0.0.1, port: {port}, tls: none, from: punctual@example.org}}\nreceivers:\n"
    );
    for format in FORMATS {
        let url = sink.url().replace("/hook", &format!("/{format}"));
        config += &format!(
            "  - {{name: {format}, group_wait: 3s, webhook: {{url: \"{url}\", format: {format}}}}}\n"
        );
    }
    config += "  - {name: mail, group_wait: 3s, email: {to: [ops@example.org]}}\n";
    config += &format!("default_receivers: [{}, mail]\nchecks:\n", FORMATS.join(", "));
    for number in 1..=CHECKS {
        let severity = if number == CHECKS { "critical" } else { "warning" };
        config += &format!(
            "  - {{name: {}, title: \"Job \\\"{number}\\\" 夜🚀\", every: 1s, grace: 0s, labels: {{severity: {severity}}}}}\n",
            name(number)
        );
    }
    config
}

fn name(number: usize) -> String {
    format!("nightly-job-{number:02}")
}

/// The part of what was posted that people, or programs, read.
fn shown(format: &str, request: &Received) -> String {
    let json = request.json();
    let read = match format {
        "alertmanager" => &json["alerts"],
        "slack" => &json["blocks"],
        "teams" => &json["attachments"][0]["content"]["body"],
        "discord" => &json["embeds"],
        _ => &json["message"],
    };
    read.to_string()
}

fn named(shown: &str) -> impl Iterator<Item = usize> {
    (1..=CHECKS).filter(|number| shown.contains(&name(*number)))
}

/// The check that is named first.
fn first_named(shown: &str) -> Option<usize> {
    named(shown).min_by_key(|number| shown.find(&name(*number)))
}

/// As Teams stores what is posted: its JSON in ASCII, as a text within another JSON in ASCII.
fn stored_bytes(json: &Value) -> usize {
    let ascii = |text: &str| -> String {
        let escape = |unit: u16| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        };
        text.encode_utf16().map(escape).collect()
    };
    ascii(&Value::from(ascii(&json.to_string())).to_string()).len()
}

/// The limits of those who read each format, as the tables of `notify` have them.
#[track_caller]
fn assert_within_limits(format: &str, request: &Received) {
    let json = request.json();
    let units = |text: &Value| text.as_str().map_or(0, |text| text.encode_utf16().count());
    let list = |list: &Value| list.as_array().cloned().unwrap_or_default();
    match format {
        "slack" => {
            let blocks = list(&json["blocks"]);
            assert!(blocks.len() <= 50 && units(&json["text"]) <= 40_000, "{json:#}");
            for block in blocks {
                let max = if block["type"] == "header" { 150 } else { 3000 };
                assert!(units(&block["text"]["text"]) <= max, "{block:#}");
                assert!(list(&block["elements"]).iter().all(|element| units(&element["text"]) <= 3000));
            }
        }
        "discord" => {
            let embeds = list(&json["embeds"]);
            let lengths =
                |embed: &Value| [&embed["title"], &embed["description"], &embed["footer"]["text"]].map(units);
            let all: Vec<[usize; 3]> = embeds.iter().map(lengths).collect();
            assert!((1..=10).contains(&all.len()) && all.iter().flatten().sum::<usize>() <= 6000, "{all:?}");
            assert!(all.iter().all(|[title, text, small]| *title <= 256 && *text <= 4096 && *small <= 2048));
        }
        "teams" => assert!(stored_bytes(&json) <= 24_000, "{} bytes", stored_bytes(&json)),
        "ntfy" => {
            let bytes = |name: &str| json[name].as_str().unwrap().len();
            assert!(bytes("message") <= 4096 && bytes("title") <= 250, "{json:#}");
        }
        _ => {}
    }
}

/// 12.3
#[test]
fn forty_late_checks_are_all_named_to_every_receiver_the_critical_one_first() {
    let (sink, smtp) = (WebhookSink::start(), SmtpServer::start(Tls::None, None));
    let alertmanager = Alertmanager::start(None);
    let alerting = format!("alerting: {{alertmanagers: [{{url: \"{}\"}}]}}\n", alertmanager.url());
    let _server = Punctual::start(&(alerting + &config(&sink, &smtp)));
    for format in FORMATS {
        let path = if format == "ntfy" { "/".to_owned() } else { format!("/{format}") };
        let own = sink.received.wait(format, PATIENCE + Duration::from_secs(10), |received| {
            let own: Vec<Received> =
                received.iter().filter(|request| request.path == path).cloned().collect();
            let shown: String = own.iter().map(|request| shown(format, request)).collect();
            (named(&shown).count() == CHECKS).then_some(own)
        });
        assert_eq!(first_named(&shown(format, &own[0])), Some(CHECKS), "{format}: {:#}", own[0].json());
        own.iter().for_each(|request| assert_within_limits(format, request));
        // Each check in one of them: none is told twice.
        let lists: usize = own.iter().map(|request| named(&shown(format, request)).count()).sum();
        assert_eq!(lists, CHECKS, "{format}");
    }
    let mail = smtp.mails.wait_for_count("the mail", PATIENCE, 1).remove(0);
    for text in [mail.text.unwrap(), mail.html.unwrap()] {
        let text = text.split_once("<body").map_or(text.as_str(), |(_, body)| body);
        assert_eq!((named(text).count(), first_named(text)), (CHECKS, Some(CHECKS)), "{text}");
    }
    alertmanager.wait_for_alerts("all alerts", |alerts| {
        let all = Value::from(alerts.to_vec()).to_string();
        (alerts.len() == CHECKS && named(&all).count() == CHECKS).then_some(())
    });
}
