//! The push, as real Alertmanagers take it; and our webhook beside Alertmanager's own.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::Duration;

use punctual::core::alert::Alert;
use punctual::core::secret::Secret;
use punctual::core::time::{Span, Time};
use punctual::notify::alertmanager::{Address, PushOutcome, Pusher};
use punctual::notify::{self, HttpConfig, Receiver, ReceiverKind, TlsConfig, Webhook, WebhookFormat};
use punctual::notify::{Notification, PingUrls, Transport, sample};
use serde_json::Value;

use crate::support::assert_taken;
use crate::support::http::runtime;
use crate::support::process::{PATIENCE, free_port, wait_until};
use crate::support::prometheus::Alertmanager;
use crate::support::punctual::Punctual;
use crate::support::sink::WebhookSink;

const EXTERNAL_URL: &str = "https://punctual.example.org";

/// The real time: Alertmanager compares with its own.
fn now() -> Time {
    punctual::clock::Clock::new().now()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn firing(check: &str, since: Time) -> Alert {
    Alert {
        labels: pairs(&[("alertname", "PunctualCheckLate"), ("check", check), ("team", "dba \"Ä\"\n")]),
        annotations: pairs(&[("reason", "missing"), ("summary", "nächtlich is late")]),
        starts_at: since,
        ended_at: None,
    }
}

fn at(url: String, http: HttpConfig) -> notify::Alertmanager {
    notify::Alertmanager { url, http }
}

fn pusher(urls: &[String]) -> Vec<Pusher> {
    urls.iter().map(|url| of(&at(url.clone(), HttpConfig::default()), Pusher::TIMEOUT)).collect()
}

fn of(alertmanager: &notify::Alertmanager, timeout: Span) -> Pusher {
    Pusher::new(alertmanager, timeout, &PingUrls::default())
}

/// One request to each address of each of them.
fn push(pushers: &[Pusher], alerts: &[Alert], now: Time) -> Vec<PushOutcome> {
    let push = async |address: &Address| address.post(vec![alerts.into()], now, EXTERNAL_URL).await;
    runtime().block_on(async {
        let mut outcomes = Vec::new();
        for pusher in pushers {
            match pusher.addresses().await {
                Ok(addresses) => {
                    for address in addresses {
                        outcomes.extend(push(&address).await);
                    }
                }
                Err(outcome) => outcomes.push(outcome),
            }
        }
        outcomes
    })
}

#[track_caller]
fn assert_all_taken(outcomes: &[PushOutcome], count: usize) {
    assert_eq!(outcomes.len(), count, "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "{outcomes:?}");
}

/// 13.1
#[test]
fn every_alertmanager_lists_what_fires_until_it_is_resolved() {
    let alertmanagers = [Alertmanager::start(None), Alertmanager::start(None)];
    let pusher = pusher(&alertmanagers.each_ref().map(|one| format!("{}/", one.url())));
    let now = now();
    let since = now - Span::mins(5);
    let alert = firing("nightly-backup", since);
    assert_all_taken(&push(&pusher, std::slice::from_ref(&alert), now), 2);
    for alertmanager in &alertmanagers {
        let listed = alertmanager.wait_for_alerts("the alert", |alerts| alerts.first().cloned());
        assert_eq!(listed["labels"]["check"], "nightly-backup");
        assert_eq!(listed["labels"]["team"], "dba \"Ä\"\n");
        assert_eq!(listed["annotations"]["summary"], "nächtlich is late");
        assert_eq!(listed["generatorURL"], "https://punctual.example.org/checks/nightly-backup");
        let time = |name: &str| {
            let text = listed[name].as_str().unwrap();
            Time::from_ms(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
        };
        assert_eq!(time("startsAt"), since);
        // 13.1: counted from each request.
        let after = time("endsAt") - now;
        assert!((Span::mins(4)..Span::mins(5)).contains(&after), "{after}");
    }
    let resolved = Alert { ended_at: Some(now), ..alert };
    assert_all_taken(&push(&pusher, &[resolved], now), 2);
    for alertmanager in &alertmanagers {
        alertmanager.wait_for_alerts("no alert", |alerts| alerts.is_empty().then_some(()));
    }
}

/// 13.1c
#[test]
fn what_is_of_a_later_date_is_taken_and_ends_now() {
    let alertmanager = Alertmanager::start(None);
    let pusher = pusher(&[alertmanager.url()]);
    let now = now();
    let alert = firing("nightly-backup", now + Span::mins(180));
    assert_all_taken(&push(&pusher, std::slice::from_ref(&alert), now), 1);
    alertmanager.wait_for_alerts("the alert", |alerts| (alerts.len() == 1).then_some(()));
    let resolved = Alert { ended_at: Some(now + Span::mins(240)), ..alert };
    assert_all_taken(&push(&pusher, &[resolved], now), 1);
    alertmanager.wait_for_alerts("no alert", |alerts| alerts.is_empty().then_some(()));
}

#[test]
fn an_alertmanager_that_forgot_its_alerts_hears_them_again() {
    let mut alertmanager = Alertmanager::start(None);
    let pusher = pusher(&[alertmanager.url()]);
    let alert = firing("nightly-backup", now());
    assert_all_taken(&push(&pusher, std::slice::from_ref(&alert), now()), 1);
    alertmanager.stop();
    let outcomes = push(&pusher, std::slice::from_ref(&alert), now());
    // Refused; or ended, where the end of an earlier connection is seen late.
    assert!(outcomes[0].result.is_err(), "{outcomes:?}");
    alertmanager.start_again();
    assert_all_taken(&push(&pusher, &[alert], now()), 1);
    alertmanager.wait_for_alerts("the alert", |alerts| (alerts.len() == 1).then_some(()));
}

#[test]
fn an_address_that_hangs_is_waited_for_no_longer_than_its_time() {
    let hung = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", hung.local_addr().unwrap());
    let pusher = of(&at(url, HttpConfig::default()), Span::ms(500));
    let outcomes = push(&[pusher], &[firing("nightly-backup", now())], now());
    assert!(outcomes[0].result.as_ref().unwrap_err().contains("no answer within 500ms"), "{outcomes:?}");
}

#[test]
fn a_name_of_two_families_is_no_fault_where_one_of_them_listens() {
    // It listens on 127.0.0.1, and localhost is mostly ::1 as well.
    let alertmanager = Alertmanager::start(None);
    let somebody = format!("http://localhost:{}", alertmanager.port());
    assert_all_taken(&push(&pusher(&[somebody]), &[firing("nightly-backup", now())], now()), 1);
    let nobody = format!("http://localhost:{}", free_port());
    let outcomes = push(&pusher(&[nobody]), &[firing("nightly-backup", now())], now());
    assert!(!outcomes.is_empty() && outcomes.iter().all(|outcome| outcome.result.is_err()), "{outcomes:?}");
}

#[test]
fn tls_is_believed_only_with_its_authority() {
    let alertmanager = Alertmanager::start_with_tls();
    let alert = [firing("nightly-backup", now())];
    let trusting = TlsConfig { ca_pem: Some(alertmanager.authority()), ..TlsConfig::default() };
    let http = HttpConfig { tls: trusting, ..HttpConfig::default() };
    // By name: the address is pinned, the certificate is still that of the name.
    let url = format!("https://localhost:{}", alertmanager.port());
    let trusted = of(&at(url.clone(), http), Pusher::TIMEOUT);
    assert_all_taken(&push(&[trusted], &alert, now()), 1);
    assert_eq!(alertmanager.alerts().len(), 1);

    let strange = Alertmanager::start_with_tls().authority();
    let tls = TlsConfig { ca_pem: Some(strange), ..TlsConfig::default() };
    let http = HttpConfig { tls, ..HttpConfig::default() };
    let outcomes = push(&[of(&at(url.clone(), http), Pusher::TIMEOUT)], &alert, now());
    assert!(outcomes[0].result.as_ref().unwrap_err().contains("certificate"), "{outcomes:?}");

    let tls = TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() };
    let http = HttpConfig { tls, ..HttpConfig::default() };
    assert_all_taken(&push(&[of(&at(url, http), Pusher::TIMEOUT)], &alert, now()), 1);
}

/// 13.1: however much fires, and whoever hangs.
#[test]
fn of_20_000_that_fire_the_newest_is_listed_within_two_seconds_though_another_address_hangs() {
    const FIRING: usize = 20_000;
    let alertmanager = Alertmanager::start_for_many();
    let hung = TcpListener::bind("127.0.0.1:0").unwrap();
    let urls = [format!("http://{}", hung.local_addr().unwrap()), alertmanager.url()];
    let mut config = format!(
        "alerting: {{alertmanagers: [{{url: \"{}\"}}, {{url: \"{}\"}}]}}\nchecks:\n  - {{name: newest, every: 1h}}\n",
        urls[0], urls[1]
    );
    for number in 0..FIRING {
        config += &format!("  - {{name: job-{number:05}, every: 1s, grace: 0s}}\n");
    }
    let server = Punctual::start(&config);
    wait_until("all that fires", Duration::from_secs(240), || alertmanager.active() >= FIRING as f64);
    // Twice: also after it has heard the end.
    for _ in 0..2 {
        server.ping("newest/fail");
        wait_until("the newest alert", Duration::from_secs(2), || alertmanager.fires("newest"));
        server.ping("newest");
        wait_until("its end", Duration::from_secs(2), || !alertmanager.fires("newest"));
    }
    assert_eq!(alertmanager.active(), FIRING as f64);
    eprintln!("with {FIRING} alerts it takes {} MB", alertmanager.memory_kb() / 1000);
    assert!(
        server.value("punctual_alertmanager_failing_since_timestamp_seconds") > 0.0,
        "the other one hangs"
    );
}

/// 13.2: never as a label, which would make another alert of it.
#[test]
fn an_alert_bears_the_number_of_its_incident_and_is_the_same_alert_in_the_next() {
    let (alertmanager, sink) = (Alertmanager::start(None), WebhookSink::start());
    let server = Punctual::start(&format!(
        "alerting: {{alertmanagers: [{{url: \"{}\"}}]}}\n\
         receivers: [{{name: hook, group_wait: 0s, webhook: {{url: \"{}\"}}}}]\n\
         default_receivers: [hook]\nchecks: [{{name: job, every: 1h}}]\n",
        alertmanager.url(),
        sink.url()
    ));
    let mut seen = Vec::new();
    for messages in [1, 3] {
        server.ping("job/fail");
        let listed = alertmanager.wait_for_alerts("the alert", |alerts| alerts.first().cloned());
        let incidents = server.get("/api/v1/incidents").json();
        let number = incidents["incidents"][0]["id"].as_u64().unwrap().to_string();
        let posted = sink.received.wait_for_count("the message", PATIENCE, messages)[messages - 1].json();
        for alert in [&listed, &posted["alerts"][0]] {
            assert_eq!(alert["annotations"]["incident"], number, "{alert:#}");
            assert!(alert["labels"].get("incident").is_none(), "{alert:#}");
        }
        seen.push((number, listed["fingerprint"].clone(), posted["alerts"][0]["fingerprint"].clone()));
        server.ping("job");
        alertmanager.wait_for_alerts("no alert", |alerts| alerts.is_empty().then_some(()));
        sink.received.wait_for_count("the recovery", PATIENCE, messages + 1);
    }
    let [(first, pushed, posted), (second, pushed_again, posted_again)] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_ne!(first, second);
    assert_eq!((pushed, posted), (pushed_again, posted_again));
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The types of what stands under the keys.
fn types(value: &Value) -> Vec<(&str, std::mem::Discriminant<Value>)> {
    value
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.as_str(), std::mem::discriminant(value)))
        .collect()
}

#[test]
fn our_webhook_says_what_alertmanagers_own_says() {
    let sink = WebhookSink::start();
    let now = now();
    let notice = sample::alert(now);
    let webhook = Webhook {
        url: Secret::new(sink.url()),
        format: WebhookFormat::Alertmanager,
        max_checks: None,
        http: HttpConfig::default(),
    };
    let receiver =
        Receiver { name: "test".into(), kind: ReceiverKind::Webhook(Box::new(webhook)), ack_links: true };
    let transport = Transport::new(&receiver, None, Transport::TIMEOUT, &PingUrls::default()).unwrap();
    let notices = [notice.clone()];
    let notification = Notification {
        key: "m1",
        receiver: "test",
        notices: &notices,
        external_url: EXTERNAL_URL,
        ack_url: None,
        now,
    };
    assert_taken(&runtime().block_on(transport.send(&notification)));
    let ours = sink.received.wait_for_count("our webhook", PATIENCE, 1)[0].json();

    let alertmanager = Alertmanager::start(Some(&sink.url()));
    let of = |name: &str| {
        let object = ours["alerts"][0][name].as_object().unwrap();
        object.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect()
    };
    let alert = Alert {
        labels: of("labels"),
        annotations: of("annotations"),
        starts_at: notice.opened_at,
        ended_at: None,
    };
    assert_all_taken(&push(&pusher(&[alertmanager.url()]), &[alert], now), 1);
    let theirs = sink.received.wait_for_count("Alertmanager's webhook", PATIENCE, 2)[1].clone();
    assert_eq!(theirs.header("content-type"), "application/json");
    let mut theirs = theirs.json();
    // 13.2: the push leads to pages of ours; the webhook has them elsewhere.
    for path in ["/alerts/0/annotations", "/commonAnnotations"] {
        let annotations = theirs.pointer_mut(path).and_then(Value::as_object_mut).unwrap();
        for ours_alone in ["page_url", "runbook_url"] {
            assert!(annotations.remove(ours_alone).is_some(), "{ours_alone}");
        }
    }

    assert_eq!(keys(&ours), keys(&theirs));
    assert_eq!(types(&ours), types(&theirs));
    let (our_alert, their_alert) = (&ours["alerts"][0], &theirs["alerts"][0]);
    assert_eq!(types(our_alert), types(their_alert));
    for same in ["status", "labels", "annotations", "endsAt", "generatorURL", "fingerprint"] {
        assert_eq!(our_alert[same], their_alert[same], "{same}");
    }
    for same in ["receiver", "status", "version", "commonLabels", "commonAnnotations", "truncatedAlerts"] {
        assert_eq!(ours[same], theirs[same], "{same}");
    }
}
