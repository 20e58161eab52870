use super::{good, load_files, loaded};
use crate::config::{Compat, Config, Scope, Trigger, reach};
use crate::core::check::{Definition, Overlap, PingMethods, Source};
use crate::core::cron::Cron;
use crate::core::periods::Periods;
use crate::core::retention::Retention;
use crate::core::schedule::{Expect, Occurrences, Quiet, Schedule};
use crate::core::secret::Secret;
use crate::core::time::Span;
use crate::core::zone::Zone;
use crate::notify::{ReceiverKind, SmtpTls, WebhookFormat};

/// A configuration with every section.
const FULL: &str = r#"
smtp: {host: mail.example.org, port: 587, tls: starttls, username: punctual, password_file: secrets/smtp, from: punctual@example.org}
auth:
  ping_keys: [{name: jobs, key_file: secrets/ping-key}]
  ping_keys_required: true
  tokens: [{name: ci, scope: write, token_file: secrets/ci}, {name: look, scope: read, token: AAAAAAAAAAAAAAAA}]
compat: {coal_mine: {enabled: true, auth_key_file: secrets/cm}, nights_watch: {enabled: false, auth_key: BBBBBBBBBBBBBBBB}}
alerting:
  alertmanagers: [{url: "http://127.0.0.1:9093/"}]
receivers:
  - {name: ops-mail, email: {to: [ops@example.org]}, send_resolved: true, group_wait: 5s, give_up_after: 24h}
  - {name: chat, webhook: {url_file: secrets/chat-url, format: slack}}
default_receivers: [ops-mail]
responders:
  - matchers: ['team="dba"', 'check=~".*backup.*"']
    actions: [{notify: ops-mail}, {notify: chat, after: 15m, repeat_interval: 4h}]
retention: {pings: {keep_at_least: 100, keep_at_most: 1000, max_age: 7d}, bodies: 1GB, archived: 30d}
defaults: {grace: 5m, timezone: UTC}
check_files: [checks/*.yaml]
checks:
  - {name: nightly-backup, title: Nightly backup, cron: "0 2 * * *", timezone: Europe/Berlin, grace: 30m, max_runtime: 2h, labels: {team: dba, severity: critical}, runbook_url: "https://wiki.example.org/backup"}
  - {name: queue-worker, every: 5m}
  - {name: etl_ran, cron: "0 1,7,16 * * 1-5", expect: {at_least: 1, within: 20m}}
  - {name: app_is_healthy, cron: "*/5 * * * *", expect: {at_least: 4, within: 5m}}
"#;

fn full() -> Config {
    let files = [
        ("punctual.yaml", FULL),
        ("secrets/smtp", "hunter2\n"),
        ("secrets/ping-key", "0123456789abcdefghij\r\n"),
        ("secrets/ci", "CCCCCCCCCCCCCCCC\n"),
        ("secrets/cm", "cm key, with blanks\n"),
        ("secrets/chat-url", "https://hooks.example.org/T0/B0\n"),
        ("checks/dba.yaml", "group: dba\nlabels: {team: dba}\nchecks:\n  - {name: vacuum, every: 1d}\n"),
    ];
    load_files(&files).0.unwrap_or_else(|faults| panic!("{faults}"))
}

fn cron(text: &str, zone: Zone) -> Occurrences {
    Occurrences { cron: Cron::parse(text).expect(text), zone }
}

/// 2.6: the grace of `defaults` does not apply, and folded lines are one line.
#[test]
fn periods_are_a_schedule_with_a_grace_of_their_own() {
    let text = "defaults: {grace: 7m}\nchecks:\n  - name: a\n    periods: >-\n      # nights ;\n      * 0-5 * * * 900;\n      \
                * 6-23 * * * 60.5\n  - {name: b, periods: '* * * * * 1', grace: 2s}";
    let config = good(text);
    let periods = "# nights ; * 0-5 * * * 900; * 6-23 * * * 60.5";
    assert_eq!(config.checks[0].spec.schedule, Schedule::Periods(Periods::parse(periods).unwrap()));
    assert_eq!((config.checks[0].spec.grace, config.checks[1].spec.grace), (Span::ZERO, Span::secs(2)));
    assert_eq!(config.checks[0].spec.schedule.to_string(), format!("periods \"{periods}\""));
}

#[test]
fn a_file_with_every_section_becomes_definitions() {
    let config = full();
    let [backup, worker, etl, healthy, vacuum] = &config.checks[..] else { panic!("{:?}", config.checks) };
    assert_eq!(&*backup.title, "Nightly backup");
    assert_eq!(
        backup.spec.schedule,
        Schedule::At(cron("0 2 * * *", Zone::bundled("Europe/Berlin").expect("it is built in")))
    );
    assert_eq!((backup.spec.grace, backup.spec.max_runtime), (Span::mins(30), Some(Span::mins(120))));
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(*backup.labels, [label("severity", "critical"), label("team", "dba")]);
    assert_eq!((&*worker.title, &*worker.group), ("queue-worker", ""));
    assert_eq!((&worker.spec.schedule, worker.spec.grace), (&Schedule::Every(Span::mins(5)), Span::mins(5)));
    let expect = |at_least, within| Expect { at_least: Some(at_least), at_most: None, within };
    let every_5m = Schedule::CountedAt(cron("*/5 * * * *", Zone::UTC), expect(4, Span::mins(5)));
    assert_eq!(healthy.spec.schedule, every_5m);
    // 3.2: `defaults.grace` does not apply to checks with `expect`.
    assert_eq!(etl.spec.grace, Span::ZERO);
    assert_eq!((&*vacuum.group, &vacuum.labels[..]), ("dba", &[label("team", "dba")][..]));
    assert!(vacuum.source.to_string().ends_with("/checks/dba.yaml:4"), "{}", vacuum.source);
}

#[test]
fn secrets_are_read_from_their_files_and_not_shown() {
    let config = full();
    let smtp = config.smtp.as_ref().expect("there is a mail server");
    assert_eq!((smtp.host.as_str(), smtp.port, smtp.tls), ("mail.example.org", 587, SmtpTls::Starttls));
    let login = smtp.login.as_ref().expect("there is a login");
    assert_eq!((login.username.as_str(), login.password.expose()), ("punctual", "hunter2"));
    assert_eq!(config.ping_keys[0].key.expose(), "0123456789abcdefghij");
    assert!(config.ping_keys_required);
    let ReceiverKind::Webhook(webhook) = &config.receivers[1].kind else { panic!("chat is a webhook") };
    assert_eq!(webhook.url.expose(), "https://hooks.example.org/T0/B0");
    assert_eq!(Some(&webhook.format), WebhookFormat::named("slack").as_ref());
    let shown = format!("{config:?}");
    let tokens: Vec<(&str, Scope, &str)> =
        config.tokens.iter().map(|token| (token.name.as_str(), token.scope, token.token.expose())).collect();
    assert_eq!(tokens, [("ci", Scope::Write, "CCCCCCCCCCCCCCCC"), ("look", Scope::Read, "AAAAAAAAAAAAAAAA")]);
    let auth_key = Some(Secret::new("cm key, with blanks"));
    assert_eq!(config.compat, [Compat { system: "coal_mine", auth_key, trigger: Trigger::Id }]);
    for secret in ["hunter2", "0123456789", "hooks.example", "CCCC", "AAAA", "BBBB", "cm key"] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
    assert_eq!(config.alertmanagers[0].url, "http://127.0.0.1:9093");
    assert_eq!(config.retention, Retention::default());
}

/// 12.2: all matching responders act; the default receivers are used only if none matches.
#[test]
fn whom_a_check_reaches_is_known_beforehand() {
    let config = full();
    let told = |check: &Definition| {
        let told = reach(&config.policy, check).told;
        told.iter()
            .map(|told| format!("{:?} {} after {}", told.responder, told.receiver, told.after))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&config.checks[0]), ["Some(1) ops-mail after 0s", "Some(1) chat after 15m"]);
    assert_eq!(told(&config.checks[1]), ["None ops-mail after 0s"]);
}

/// Every key of a check, and its default.
#[test]
fn every_key_of_a_check_is_read() {
    let text = r#"
defaults: {timezone: Europe/Berlin}
checks:
  - {name: plain, every: 1h}
  - name: full
    cron: "0 3 * * *"
    grace: 2h
    early: 10s
    window: 48h
    max_runtime: 1h
    min_runtime: 1m
    start_within: 15m
    overlap: fail
    failures_before_alert: 2
    successes_to_recover: 3
    manual_resume: true
    paused: true
    ping_methods: post
    description: |
      Two
      lines.
    depends_on: plain
    renamed_from: [old, older]
    quiet: [{cron: "0 22 * * *", for: 8h}, {cron: "0 0 1 1 *", for: 1d, timezone: UTC}]
"#;
    let config = good(text);
    let [plain, full] = &config.checks[..] else { panic!("two checks") };
    let spec = &full.spec;
    assert_eq!(
        spec.schedule,
        Schedule::At(cron("0 3 * * *", Zone::bundled("Europe/Berlin").expect("it is built in")))
    );
    assert_eq!((spec.grace, spec.early), (Span::mins(120), Some(Span::secs(10))));
    assert_eq!((spec.max_runtime, spec.min_runtime), (Some(Span::mins(60)), Some(Span::mins(1))));
    assert_eq!((spec.start_within, spec.overlap), (Some(Span::mins(15)), Overlap::Fail));
    assert_eq!((spec.failures_before_alert, spec.successes_to_recover), (2, 3));
    assert_eq!((spec.manual_resume, spec.paused), (true, true));
    assert_eq!((full.ping_methods, full.window), (PingMethods::Post, Some(Span::mins(48 * 60))));
    assert_eq!(&*full.description, "Two\nlines.\n");
    assert_eq!(full.depends_on, std::slice::from_ref(&plain.name));
    assert_eq!(full.renamed_from.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["old", "older"]);
    let night = Quiet {
        at: cron("0 22 * * *", Zone::bundled("Europe/Berlin").expect("it is built in")),
        lasts: Span::mins(480),
    };
    let new_year = Quiet { at: cron("0 0 1 1 *", Zone::UTC), lasts: Span::mins(24 * 60) };
    assert_eq!(full.quiet, [night, new_year]);
    let spec = &plain.spec;
    assert_eq!((spec.grace, spec.early, spec.overlap), (Span::mins(5), None, Overlap::Allowed));
    assert_eq!((spec.failures_before_alert, spec.successes_to_recover), (1, 1));
    assert_eq!((spec.manual_resume, spec.paused, plain.ping_methods), (false, false, PingMethods::Any));
}

/// 3.4: counted all the time.
#[test]
fn expect_alone_slides() {
    let config = good("checks: [{name: a, expect: {at_most: 3, within: 1h}, grace: 1m}]");
    let expect = Expect { at_least: None, at_most: Some(3), within: Span::mins(60) };
    assert_eq!(config.checks[0].spec.schedule, Schedule::Counted(expect));
    assert_eq!(config.checks[0].spec.grace, Span::mins(1));
}

/// 12.3
#[test]
fn a_message_has_as_many_checks_as_its_format_names_or_fewer() {
    let max = |webhook: &str| {
        let text = format!(
            "receivers: [{{name: r, webhook: {{url: \"http://127.0.0.1/x\"{webhook}}}}}]\nchecks: []"
        );
        good(&text).policy.receivers["r"].max_members
    };
    assert_eq!((max(""), max(", max_checks: 1")), (256, 1));
    assert_eq!((max(", format: discord"), max(", format: discord, max_checks: 256")), (10, 10));
    assert_eq!(max(", format: slack, max_checks: 3"), 3);
}

/// A check's own values override its file's, and those override the main file's.
#[test]
fn what_is_nearer_to_the_check_wins() {
    let files = [
        (
            "main.yaml",
            "defaults: {grace: 1m, failures_before_alert: 2}\ncheck_files: [more.yaml]\nchecks: [{name: a, every: 1h}]",
        ),
        (
            "more.yaml",
            "labels: {team: x, tier: '1'}\ndefaults: {grace: 2m}\n\
             checks: [{name: b, every: 1h}, {name: c, every: 1h, grace: 3m, labels: {team: y}}]",
        ),
    ];
    let config = load_files(&files).0.unwrap_or_else(|faults| panic!("{faults}"));
    let said = |i: usize| {
        let check: &Definition = &config.checks[i];
        let labels: Vec<String> =
            check.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {} {}", check.spec.grace, check.spec.failures_before_alert, labels.join(","))
    };
    assert_eq!(said(0), "1m 2 ");
    assert_eq!(said(1), "2m 2 team=x,tier=1");
    assert_eq!(said(2), "3m 2 team=y,tier=1");
}

/// YAML's types do not matter: a version stays a version.
#[test]
fn labels_are_as_they_were_written() {
    let config = good(
        "checks: [{name: a, every: 1h, labels: {version: 1.10, on: yes, hex: 0x10, date: 2026-01-01, q: 'x y'}}]",
    );
    let labels: Vec<String> =
        config.checks[0].labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(labels, ["date=2026-01-01", "hex=0x10", "on=yes", "q=x y", "version=1.10"]);
}

#[test]
fn anchors_and_merges_save_repetition() {
    let text = "checks:\n- &a {name: a, every: 1h, grace: 7m, labels: &l {team: x}}\n\
                - {<<: *a, name: b}\n- {<<: [{grace: 9m}, *a], name: c, labels: *l}";
    let config = good(text);
    let said: Vec<String> = config
        .checks
        .iter()
        .map(|check| format!("{} {} {:?}", check.name, check.spec.grace, check.labels))
        .collect();
    let team = r#"[("team", "x")]"#;
    assert_eq!(said, [format!("a 7m {team}"), format!("b 7m {team}"), format!("c 9m {team}")]);
}

/// An empty key is treated as missing.
#[test]
fn what_is_left_empty_is_not_there() {
    let config = good("smtp:\nreceivers: ~\nchecks:\n- name: a\n  every: 1h\n  labels:\n  grace: null\n");
    assert_eq!(config.checks[0].spec.grace, Span::mins(5));
    assert!(config.smtp.is_none());
    assert!(good("checks:\n").checks.is_empty());
}

/// Windows' editors write both.
#[test]
fn a_byte_order_mark_and_carriage_returns_change_nothing() {
    let config = good("\u{feff}# note\r\nchecks:\r\n  - {name: a, every: 1h}\r\n");
    assert!(matches!(&config.checks[0].source, Source::File { line, .. } if line.get() == 3));
}

/// `*.yaml` also matches the main file, and two patterns may match one file: each file is read once.
#[test]
fn a_file_is_read_once_however_often_it_is_named() {
    let files = [
        ("main.yaml", "check_files: ['*.yaml', more.yaml, './m*']\nchecks: [{name: a, every: 1h}]"),
        ("more.yaml", "checks: [{name: b, every: 1h}]"),
        (".hidden.yaml", "this is not even a mapping"),
    ];
    let folder = load_files(&files).1;
    std::os::unix::fs::symlink("more.yaml", folder.path().join("link.yaml")).expect("a link can be made");
    let config = loaded(&folder.path().join("main.yaml")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.checks.len(), 2);
    assert_eq!(config.inputs.hash(), config.content_hash);
}

/// `--config.auto-reload-interval`: contents count, including those of secrets and new files, and also after faults.
#[test]
fn a_change_of_any_file_changes_the_hash() {
    let files = [
        ("main.yaml", "check_files: [checks/*]\nauth: {ping_keys: [{name: a, key_file: key}]}"),
        ("key", "0123456789abcdef"),
        ("checks/a.yaml", "checks: [{name: a, every: 1h}]"),
    ];
    let (config, folder) = load_files(&files);
    let config = config.unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.inputs.hash(), config.content_hash);
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    let mut seen = vec![config.content_hash];
    let mut changed = |name: &str, text: &str| {
        write(name, text);
        let hash = config.inputs.hash();
        assert!(!seen.contains(&hash), "{name}");
        seen.push(hash);
    };
    changed("key", "0123456789abcdeg");
    changed("checks/b.yaml", "checks: []");
    changed("checks/b.yaml", "checks: {}");
    changed("main.yaml", "check_files: [checks/*]");
    std::fs::remove_file(folder.path().join("checks/b.yaml")).expect("it is there");
    write("main.yaml", files[0].1);
    write("key", files[1].1);
    assert_eq!(config.inputs.hash(), config.content_hash);
    write("main.yaml", "checks: [{}]");
    let faults = loaded(&folder.path().join("main.yaml")).expect_err("a check needs a name");
    let hash = faults.inputs.hash();
    write("main.yaml", "checks: []");
    assert_ne!(faults.inputs.hash(), hash);
}

#[test]
fn an_http_client_is_configured_as_in_prometheus() {
    let main = r#"
alerting:
  alertmanagers:
    - url: https://am.example.org/prefix
      http_config:
        basic_auth: {username: me, password_file: secret}
        proxy_url: http://user:word@proxy.example.org:3128
        tls_config: {ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem, insecure_skip_verify: true}
receivers:
  - name: hook
    webhook:
      url: https://example.org/hook
      template: '{"text": {{ message | tojson }}}'
      http_config: {authorization: {credentials_file: secret}}
default_receivers: [hook]
"#;
    let (certificate, key) =
        (include_str!("../../../tests/data/tls/cert.pem"), include_str!("../../../tests/data/tls/key.pem"));
    let files = [
        ("main.yaml", main),
        ("secret", "s3cret\n"),
        ("ca.pem", certificate),
        ("cert.pem", certificate),
        ("key.pem", key),
    ];
    let config = load_files(&files).0.unwrap_or_else(|faults| panic!("{faults}"));
    let http = &config.alertmanagers[0].http;
    let basic = http.basic_auth.as_ref().expect("it logs in");
    assert_eq!((basic.username.as_str(), basic.password.expose()), ("me", "s3cret"));
    assert_eq!(http.tls.ca_pem.as_deref(), Some(certificate));
    assert_eq!(http.tls.client.as_ref().map(|client| client.key_pem.expose()), Some(key));
    assert!(http.tls.insecure_skip_verify && http.proxy_url.is_some());
    let ReceiverKind::Webhook(hook) = &config.receivers[0].kind else { panic!("it is a webhook") };
    let authorization = hook.http.authorization.as_ref().expect("it has a header");
    assert_eq!((authorization.scheme.as_str(), authorization.credentials.expose()), ("Bearer", "s3cret"));
    assert!(matches!(hook.format, WebhookFormat::Template(_)));
    assert!(!format!("{config:?}").contains("word@"));
}
