//! docs/templates.md: each recipe renders, and each variable exists.

use serde_json::{Value, json};

use super::super::*;
use super::{now, webhook};
use crate::core::check::Name;
use crate::core::notice::Notice;
use crate::notify::sample;

const PAGE: &str = include_str!("../../../../docs/templates.md");

/// The template below a heading of the page.
fn recipe(heading: &str) -> String {
    let section =
        PAGE.split("\n## ").find(|section| section.starts_with(heading)).expect("the section is there");
    let (_, from) = section.split_once("```jinja\n").expect("it has a template");
    from.split_once("```").expect("the template ends").0.to_owned()
}

/// What a recipe renders for these notices.
fn made(heading: &str, notices: &[Notice]) -> Value {
    let format = WebhookFormat::Template(recipe(heading));
    let notification = Notification { key: "m2", ..sample::notification(notices) };
    let body = webhook(format.clone()).format.body(&notification, format.max_members());
    serde_json::from_slice(&body.expect("it renders").bytes).expect("it is JSON")
}

fn critical() -> Notice {
    Notice { labels: vec![("severity".to_owned(), "critical".to_owned())], ..sample::alert(now()) }
}

#[test]
fn pagerduty_opens_and_closes_one_incident() {
    let (alert, over) =
        (made("PagerDuty", &[critical()]), made("PagerDuty", &[sample::recovery(now(), None)]));
    assert_eq!((&alert["event_action"], &over["event_action"]), (&json!("trigger"), &json!("resolve")));
    assert_eq!(alert["dedup_key"], over["dedup_key"]);
    assert_eq!(alert["payload"]["severity"], "critical");
    assert_eq!(alert["payload"]["custom_details"]["comment"], "all done");
    assert_eq!(alert["payload"]["custom_details"]["exit_status"], 0);
    let unlabelled = made("PagerDuty", &[Notice { labels: Vec::new(), last_run: None, ..critical() }]);
    assert_eq!(unlabelled["payload"]["severity"], "error");
    assert_eq!(unlabelled["payload"]["custom_details"]["exit_status"], Value::Null);
}

#[test]
fn the_other_recipes_stay_within_their_services_limits() {
    let long = |i: usize| Notice {
        check: Name::parse(&format!("job-{i}")).expect("a good name"),
        title: "\"夜\"".repeat(60),
        description: "d".repeat(5000),
        ..critical()
    };
    let notices: Vec<Notice> = (0..10).map(long).collect();
    let length = |value: &Value| value.as_str().expect("a text").chars().count();
    for (heading, field, max) in [
        ("Telegram", "text", 4096),
        ("Google Chat", "text", 4096),
        ("Pushover", "message", 1024),
        ("Opsgenie", "description", 15_000),
        ("Opsgenie", "message", 130),
    ] {
        let made = made(heading, &notices);
        assert!(length(&made[field]) <= max, "{heading}: {made:#}");
    }
    for heading in ["Telegram", "Google Chat"] {
        let made = made(heading, &notices);
        let text = made["text"].as_str().expect("a text");
        assert!((0..10).all(|i| text.contains(&format!("job-{i} "))), "{heading}: {text}");
    }
    assert_eq!(made("Pushover", &notices)["priority"], 1);
    assert_eq!(made("Opsgenie", &notices)["priority"], "P1");
}

/// In both directions: each variable is documented, and each documented variable exists.
#[test]
fn the_page_tells_every_variable() {
    let notices = [critical()];
    let notification = sample::notification(&notices);
    let seen =
        serde_json::to_value(Template::context(&notification, &render(&notification))).expect("it is data");
    let keys = |value: &Value| value.as_object().expect("a map").keys().cloned().collect::<Vec<String>>();
    for key in keys(&seen).iter().chain(&keys(&seen["checks"][0])).chain(&keys(&seen["alerts"][0])) {
        assert!(PAGE.contains(&format!("`{key}`")), "{key} is not on the page");
    }
    let tables =
        PAGE.split("\n## ").find(|section| section.starts_with("What it sees")).expect("it is there");
    for row in tables.lines().filter(|line| line.starts_with("| `")) {
        let names = row.split('|').nth(1).expect("a row has cells");
        for name in names.split('`').skip(1).step_by(2) {
            let is_there = [&seen, &seen["checks"][0]].iter().any(|map| map.get(name).is_some());
            assert!(is_there, "the page tells of {name}");
        }
    }
}

#[test]
fn a_template_may_tell_of_many_checks() {
    let notices: Vec<Notice> = (0..23)
        .map(|n| Notice { check: Name::parse(&format!("job-{n}")).unwrap(), ..sample::alert(now()) })
        .collect();
    let format = WebhookFormat::Template(recipe("What it sees"));
    let notification = Notification { key: "m2", ..sample::notification(&notices) };
    let body = webhook(format.clone()).format.body(&notification, format.max_members());
    let text = String::from_utf8(body.expect("it renders").bytes).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains(" job-")).count(), 20, "{text}");
    assert!(text.ends_with("and 3 more\n") || text.ends_with("and 3 more"), "{text}");
}

/// What the manual says is missing is refused when the file is read; what it says exists is accepted.
#[test]
fn the_manual_tells_the_language() {
    let section = PAGE.split("\n## ").find(|section| section.starts_with("The language")).unwrap();
    let (there_is, there_is_not) = section.split_once("| there is not |").unwrap();
    let mut refused = 0;
    for span in there_is_not.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()) {
        for words in span.split('`').skip(1).step_by(2) {
            for word in words.split_whitespace() {
                let uses = [
                    format!("{{% {word} a %}}"),
                    format!("{{{{ text | {word} }}}}"),
                    format!("{{{{ 2 {word} 3 }}}}"),
                ];
                for text in uses {
                    assert!(Template::parse(&text).is_err(), "{text}");
                }
                refused += 1;
            }
        }
    }
    assert!(refused > 18, "{refused}");
    assert!(there_is.contains("{% set name = value %}"));
    for text in [
        "{% set name = checks[0].name %}{{ name ~ '!' }}",
        "{% set all = ['a', 1] %}{{ all | join(', ') }}",
        "{% with name = text | upper %}{{ name }}{% endwith %}",
        "{# nothing #}{{ text | replace('a', 'b') | string }}{{ checks | tojson }}",
    ] {
        assert!(Template::parse(text).is_ok(), "{text}: {:?}", Template::parse(text));
    }
    for text in ["{% set a = text ~ text %}", "{% set a %}x{% endset %}", "{{ not_there }}"] {
        assert!(Template::parse(text).is_err(), "{text}");
    }
}
