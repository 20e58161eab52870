//! Snapshots of each format of a webhook, whole; a hostile title must not change any of them.

use super::*;

mod limits;
mod recipes;

use crate::core::check::Name;
use crate::core::incident::IncidentKey;
use crate::core::notice::{LastRun, Notice};
use crate::core::secret::Secret;
use crate::core::time::Time;
use crate::notify::http_config::HttpConfig;
use crate::notify::sample;

fn now() -> Time {
    Time::from_secs(1_774_830_840)
}

fn chat(name: &str) -> WebhookFormat {
    WebhookFormat::named(name).expect("the chat is known")
}

fn webhook(format: WebhookFormat) -> WebhookTransport {
    let url = Secret::new("https://hooks.example.org/T0/topic");
    let settings = Webhook { url, format, max_checks: None, http: HttpConfig::default() };
    WebhookTransport::new(&settings, Span::secs(1)).expect("the settings are good")
}

fn body(format: WebhookFormat, notices: &[Notice]) -> String {
    let notification = Notification { key: "m2", ..sample::notification(notices) };
    let max = format.max_members();
    let body = webhook(format).format.body(&notification, max).expect("the template renders");
    String::from_utf8(body.bytes).expect("JSON is UTF-8")
}

fn json(format: WebhookFormat, notices: &[Notice]) -> serde_json::Value {
    serde_json::from_str(&body(format, notices)).expect("it is JSON")
}

fn alert() -> Notice {
    Notice { runbook_url: "https://wiki.example.org/a?b=1&c=2".to_owned(), ..sample::alert(now()) }
}

fn said(comment: &str) -> Option<LastRun> {
    alert().last_run.map(|run| LastRun { comment: Some(comment.to_owned()), ..run })
}

fn hostile() -> Notice {
    let everybody =
        "@everyone @here <!channel> <@U1|x> <http://evil.example.org|y> @all *b* _i_ [l](http://e) \"},{";
    Notice { title: everybody.to_owned(), last_run: said(everybody), ..alert() }
}

/// Compares what is posted for an alert, a hostile title and a digest with a snapshot.
fn check(name: &str, format: &WebhookFormat) {
    let over = sample::recovery(now(), Some("m1".to_owned()));
    let digest = [alert(), Notice { check: Name::parse("other").expect("a good name"), ..over }];
    let messages = [vec![alert()], vec![hostile()], digest.to_vec()];
    let pretty = messages.map(|notices| format!("{:#}", json(format.clone(), &notices)));
    insta::assert_snapshot!(name, pretty.join("\n\n"));
}

/// 12.5
#[test]
fn every_format_says_that_a_check_flaps() {
    let notices = [sample::flapping(now())];
    for format in WebhookFormat::chats() {
        let body = body(format.clone(), &notices).replace('\\', "");
        assert!(body.contains("[FLAPPING] Test message"), "{format:?}: {body}");
        assert!(body.contains("3 times since 00:30"), "{format:?}: {body}");
    }
    let payload = json(WebhookFormat::Alertmanager, &notices);
    let alert = &payload["alerts"][0];
    assert_eq!((&payload["status"], &alert["status"]), (&"firing".into(), &"firing".into()));
    assert_eq!(alert["labels"]["alertname"], "PunctualCheckFlapping");
    assert_eq!(alert["startsAt"], "2026-03-30T00:30:00Z");
    let summary = "Test message, nothing is wrong was bad and good again 3 times since 2026-03-30T00:30:00Z";
    assert_eq!(alert["annotations"]["summary"], summary);
    let template = "{% for check in checks %}{{ check.kind }} {{ check.word }} {{ check.times }} {{ check.since }}\
                    {% endfor %}";
    let template = WebhookFormat::Template(template.into());
    assert_eq!(body(template, &notices), "flapping FLAPPING 3 2026-03-30T00:30:00Z");
}

/// 11.1: two incidents of one check are two alerts, and people read which is which.
#[test]
fn a_record_is_another_alert_than_its_check() {
    let record = Notice { key: IncidentKey::parse("EU/1\u{202e}").expect("a good key"), ..alert() };
    let payload = json(WebhookFormat::Alertmanager, &[alert(), record.clone()]);
    let [own, of_record] = [0, 1].map(|place| &payload["alerts"][place]);
    assert_eq!(
        (&own["labels"]["key"], &of_record["labels"]["key"]),
        (&serde_json::Value::Null, &"EU/1\u{202e}".into())
    );
    assert_ne!(own["fingerprint"], of_record["fingerprint"]);
    let said = |notice: Notice| body(chat("slack"), &[notice]).contains("Record: EU/1");
    assert_eq!((said(alert()), said(record)), (false, true));
}

#[test]
fn alertmanagers_payload_is_version_4() {
    check("alertmanager", &WebhookFormat::Alertmanager);
}

#[test]
fn slack_mentions_nobody() {
    check("slack", &chat("slack"));
}

#[test]
fn teams_gets_an_adaptive_card() {
    check("teams", &chat("teams"));
}

#[test]
fn discord_mentions_nobody() {
    check("discord", &chat("discord"));
}

#[test]
fn ntfy_publishes_to_the_topic_of_its_url() {
    check("ntfy", &chat("ntfy"));
}

#[test]
fn a_template_makes_what_it_says() {
    let source = r#"{"title": {{ subject }}, "firing": {{ status == "firing" }}, "key": {{ key }},
        "checks": [{% for a in alerts %}{{ a.labels.check }}{% if not loop.last %},{% endif %}{% endfor %}]}"#;
    check("template", &WebhookFormat::Template(source.to_owned()));
}

#[test]
fn a_template_of_plain_text_is_plain_text() {
    let text = body(WebhookFormat::Template("{{ status }}: {{ headline }}".to_owned()), &[hostile()]);
    assert!(text.starts_with("firing: [LATE] @everyone @here <!channel>"), "{text}");
}

#[test]
fn a_template_that_would_fail_at_night_fails_when_it_is_read() {
    for (source, expected) in [
        ("{% if %}", "line 1 of the template"),
        ("\n\n{{ subjct }}", "line 3 of the template: undefined value"),
        ("{{ alerts[7].status }}", "undefined value"),
        ("{\"text\": \"{{ text }}\"}", "a value brings its own quotes"),
        ("{\"text\": {{ text }}", "it begins as JSON"),
        ("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "fuel"),
        ("{% for a in range(100000) %}{{ text }}{% endfor %}", "more text than any receiver"),
        ("{% include 'other' %}", "template"),
    ] {
        let error = Template::parse(source).expect_err(source).to_string();
        assert!(error.contains(expected), "{source}: {error}");
    }
    let error = Template::parse(&" ".repeat(Template::MAX_BYTES + 1)).expect_err("too long").to_string();
    assert_eq!(error, "a template has at most 65536 bytes");
}

/// Each would hold far more than it may send, in few steps.
#[test]
fn a_template_that_multiplies_is_refused_and_takes_no_memory() {
    let doubled = |statement: &str| format!("{}{{{{ x|length }}}}", statement.repeat(24));
    for (source, expected) in [
        ("{{ 'a' * 10000000 }}".to_owned(), "`*`"),
        ("{{ [1] * 10000000 }}".to_owned(), "`*`"),
        ("{{ ('a' * 10000)|replace('a', 'b') }}".to_owned(), "`*`"),
        (format!("{{{{ '{0}'|replace('a', '{0}') }}}}", "a".repeat(5000)), "more text than any receiver"),
        (format!("{{{{ '{0}'|replace('', '{0}') }}}}", "a".repeat(5000)), "more text than any receiver"),
        (format!("{{{{ range(90000)|join('{}') }}}}", "a".repeat(5000)), "more text than any receiver"),
        ("{{ [text]|tojson(indent=100000000) }}".to_owned(), "argument"),
        (format!("{{% set x = 'a' %}}{}", doubled("{% set x = x ~ x %}")), "`~` and `+`"),
        (format!("{{% set x = 'a' %}}{}", doubled("{%- set x = x + x -%}")), "`~` and `+`"),
        (format!("{{% set x = 'a' %}}{}", doubled("{% set x = [x, x] %}")), "only texts and numbers"),
        (format!("{{% set x = 'a' %}}{}", doubled("{% set x = x, x %}")), "one value"),
        (format!("{{% set x = 'a' %}}{}", doubled("{% set x = (x, x) %}")), "only texts and numbers"),
        (
            format!("{{% set x = 'a' %}}{}", doubled("{% set x %}{{ x }}{{ x }}{% endset %}")),
            "`set` has a value",
        ),
        (
            format!("{{% set x = 'a' %}}{}", doubled("{% set x = x|list|chain(x|list)|list %}")),
            "unknown filter",
        ),
        (format!("{{% set x = 'a' %}}{}", doubled("{% set x = dict(a=x, b=x) %}")), "unknown function"),
        (
            format!("{{% set x = '\\\\' %}}{}", doubled("{% set x = x|tojson %}")),
            "more text than any receiver",
        ),
        ("{% with x = text ~ text %}{% endwith %}".to_owned(), "`~` and `+`"),
        ("{% for x in [[text, text]] %}{% endfor %}".to_owned(), "only texts and numbers"),
        ("{% for x in alerts recursive %}{{ loop(x ~ x) }}{% endfor %}".to_owned(), "is not known here"),
        ("{% macro m(x) %}{{ m(x ~ x) }}{% endmacro %}{{ m('a') }}".to_owned(), "`macro`"),
        (
            "{% filter upper %}{% for a in range(90000) %}{{ text }}{% endfor %}{% endfilter %}".to_owned(),
            "`filter`",
        ),
        ("{% set n = namespace(x='a') %}{% for a in range(40) %}{% endfor %}".to_owned(), "unknown function"),
        ("{% set a = text|list %}".repeat(40), "more than 32"),
        (format!("{{{{ {}text }}}}", "text ~ ".repeat(1000)), "more than 64 times"),
    ] {
        let error = Template::parse(&source).expect_err(&source).to_string();
        assert!(error.contains(expected), "{}: {error}", source.chars().take(100).collect::<String>());
    }
}

#[test]
fn what_templates_are_made_of_is_taken() {
    for source in [
        "{% set name = commonLabels.check|default('none') %}{{ name ~ ': ' ~ subject }}",
        "{% for alert in alerts if alert.status in ['firing', 'resolved'] %}{{ alert.labels.check }}{% endfor %}",
        "{%- for key, value in commonLabels|items -%}{{ key }}={{ value }}{{ ', ' if not loop.last }}{%- endfor -%}",
        "{% if loop is defined and 1 + 1 == 2 %}{% endif %}{{ text|replace('\n', ' ')|upper }}",
        "{% set names = alerts|map(attribute='status')|unique|join(', ') %}{{ names }}",
        "{% with a = alerts[0], b = text|replace('a', 'b') %}{{ a.status }}{{ b }}{% endwith %}",
        "{\"text\": {{ text }}, \"names\": {{ [subject, headline] }}, \"more\": {{ {\"a\": {\"b\": key}} }}}",
        "{# '{% macro %}' * #}{{ 'a * b ~ c' }} 5 * 5 { * }",
        "[{{ alerts|map(attribute='labels')|list|tojson }}]",
    ] {
        Template::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    }
}

#[test]
fn an_alert_and_its_end_have_one_fingerprint() {
    let notices = [alert(), sample::recovery(now(), None)];
    let payload = json(WebhookFormat::Alertmanager, &notices);
    assert_eq!(payload["alerts"][0]["fingerprint"], payload["alerts"][1]["fingerprint"]);
    assert_eq!(payload["alerts"][0]["status"], "firing");
    assert_eq!(payload["alerts"][1]["status"], "resolved");
    assert_eq!(payload["groupKey"], "{}:{check=\"sample\"}");
}
