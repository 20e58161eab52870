//! docs/templates.md: each recipe is rendered, and each variable is there.

use serde_json::{Value, json};

use super::super::*;
use super::{now, webhook};
use crate::core::check::Name;
use crate::core::notice::Notice;
use crate::notify::sample;

const PAGE: &str = include_str!("../../../../docs/templates.md");

/// The template below a heading.
fn recipe(heading: &str) -> String {
    let section =
        PAGE.split("\n## ").find(|section| section.starts_with(heading)).expect("the section is there");
    let (_, from) = section.split_once("```jinja\n").expect("it has a template");
    from.split_once("```").expect("the template ends").0.to_owned()
}

/// What a recipe makes of these.
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

/// In both ways: what is there is told, and what is told is there.
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
