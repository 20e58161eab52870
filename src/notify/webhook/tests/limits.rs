//! Each receiver's limits, in its own unit. Within them every check is named, worst first, whatever its texts.

use serde_json::Value;

use super::{chat, json, now};
use crate::core::blind::Window;
use crate::core::cause::{Cause, CauseKind};
use crate::core::check::Name;
use crate::core::diagnose::{
    Case, CaseSaid, Diagnosis, DiagnosisFound, Solution, SolutionEnd, SolutionOutcome,
};
use crate::core::incident::{IncidentId, IncidentStatus};
use crate::core::notice::{LastRun, Notice};
use crate::core::outbox::{DeliveryKind, Flaps};
use crate::core::text::{first_bytes, units};
use crate::core::time::Span;
use crate::notify::sample;
use crate::notify::webhook::WebhookFormat;
use crate::notify::webhook::chat::stored_bytes;

/// Texts that are escaped, wide, or longer in another unit.
const TEXTS: [&str; 9] =
    ["a", "\"\\", "{\"a\": \"b\"}, ", "&<>", "*_~`[x](y)|", "夜", "🚀", "é", "<&@*\"夜🚀"];

/// The kinds of message that have the longest words of our own.
#[derive(Clone, Copy, Debug)]
enum Story {
    /// Every cause at once.
    Bad,
    /// The time was blind.
    Blind,
    /// It is no longer declared.
    Removed,
    /// It goes bad and recovers for ever.
    Flapping,
    /// As many cases apply as may.
    Impasse,
    /// What was done failed, and said much.
    Unsolved,
}

const STORIES: [Story; 6] =
    [Story::Bad, Story::Blind, Story::Removed, Story::Flapping, Story::Impasse, Story::Unsolved];

/// A notice with texts at least as long as a file may hold.
fn longest(number: usize, text: &str, story: Story) -> Notice {
    let long = |bytes: usize| text.repeat(bytes / text.len() + 1);
    let since =
        now() - Span::mins(3650 * 24 * 60) + Span::mins(i64::try_from(number).expect("a small number"));
    let cause =
        |kind| Cause { kind, since, would_be: (kind == CauseKind::Blind).then_some(CauseKind::Missing) };
    let first = match story {
        Story::Blind => cause(CauseKind::Blind),
        _ => cause(CauseKind::NeverSeen),
    };
    let has_ended = matches!(story, Story::Removed | Story::Flapping);
    let run = LastRun { is_success: false, source: long(400), comment: Some(long(4000)), ..sample_run() };
    Notice {
        kind: match story {
            Story::Bad | Story::Blind => DeliveryKind::Reminder,
            Story::Removed => DeliveryKind::Recovery,
            Story::Flapping => DeliveryKind::Flapping(Flaps { times: u32::MAX, since }),
            Story::Impasse | Story::Unsolved => DeliveryKind::Diagnosis(1),
        },
        incident: IncidentId(u64::MAX),
        incident_status: if has_ended { IncidentStatus::Removed } else { IncidentStatus::Open },
        check: Name::parse(&format!("job-{number:0>3}{}", "_".repeat(Name::MAX_BYTES - 7)))
            .expect("a good name"),
        title: long(200),
        group: long(128),
        labels: [("severity".to_owned(), long(1000))]
            .into_iter()
            .chain((0..40).map(|i| (format!("label_{i}"), long(1000))))
            .collect(),
        description: format!("{}\n", long(190)).repeat(20),
        runbook_url: format!("https://wiki.example.org/{}", "a&b=c%20(d)/".repeat(20)),
        first,
        causes: if has_ended { Vec::new() } else { causes(story).map(cause).collect() },
        opened_at: since,
        ended_at: has_ended.then(now),
        schedule: long(256),
        blind: Some(Window { from: since, to: now() }).filter(|_| matches!(story, Story::Blind)),
        diagnosis: diagnosis(text, story),
        last_run: Some(run),
        last_log: Some((since, long(4000))),
        output: Some((since, format!("{}\n", long(200)).repeat(14))),
        declared: long(400),
        responder: Some(u32::MAX),
        asked_by: long(400),
        repeat_interval: Some(Span::mins(60)),
        ..sample::alert(now())
    }
}

fn diagnosis(text: &str, story: Story) -> Option<Diagnosis> {
    let long = |bytes: usize| first_bytes(&text.repeat(bytes / text.len() + 1), bytes).to_owned();
    let case = || {
        let said = long(CaseSaid::MAX_TEXT_BYTES);
        CaseSaid::new(&long(CaseSaid::MAX_NAME_BYTES), &said, &said).expect("it is as long as it may be")
    };
    let found = match story {
        Story::Impasse => DiagnosisFound::Impasse((0..Case::MOST).map(|_| case()).collect()),
        Story::Unsolved => DiagnosisFound::Solution(Solution {
            number: u32::MAX,
            case: case(),
            plan: long(Solution::MAX_PLAN_BYTES),
            rid: None,
            ended: Some(SolutionEnd { at: now(), how: SolutionOutcome::failed(&long(10_000)) }),
        }),
        _ => return None,
    };
    Some(Diagnosis { number: 1, at: now(), found })
}

fn causes(story: Story) -> impl Iterator<Item = CauseKind> {
    CauseKind::ALL.into_iter().filter(move |kind| matches!(story, Story::Bad) || *kind == CauseKind::Blind)
}

fn sample_run() -> LastRun {
    sample::alert(now()).last_run.expect("the sample has one")
}

/// `count` notices, of which the last is critical, cut into messages as they are frozen.
fn messages(count: usize, text: &str, story: Story, format: &WebhookFormat) -> Vec<Vec<Notice>> {
    let mut notices: Vec<Notice> = (0..count).map(|number| longest(number, text, story)).collect();
    for notices in notices.chunks_mut(format.max_members()) {
        let last = notices.last_mut().expect("a chunk is not empty");
        last.labels[0].1 = "critical".to_owned();
    }
    notices.chunks(format.max_members()).map(<[Notice]>::to_vec).collect()
}

/// Renders messages of 1, 2, 40 and 256 members with each text, and checks each payload against `limits`.
fn check(format: &WebhookFormat, shown: fn(&Value) -> String, limits: impl Fn(&Value)) {
    for text in TEXTS {
        for story in STORIES {
            // Texts are equally wide in every story, so one story is enough for the most members.
            let most: &[usize] = if matches!(story, Story::Bad) { &[1, 2, 40, 256] } else { &[1, 2, 40] };
            for &count in most {
                for notices in messages(count, text, story, format) {
                    let payload = json(format.clone(), &notices);
                    limits(&payload);
                    assert_named(&shown(&payload), &notices, &format!("{count} of {text} {story:?}"));
                }
            }
        }
    }
}

#[track_caller]
fn assert_named(shown: &str, notices: &[Notice], what: &str) {
    let shown = shown.replace('\\', "");
    let place = |notice: &Notice| {
        shown.find(notice.check.as_str()).unwrap_or_else(|| panic!("{what}: {} in {shown}", notice.check))
    };
    let (critical, others) = notices.split_last().expect("there is a notice");
    let mut places = vec![place(critical)];
    places.extend(others.iter().map(place));
    assert!(places.is_sorted(), "{what}: {places:?} in {shown}");
}

/// All texts within a value, in order.
fn texts(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(list) => list.iter().map(texts).collect(),
        Value::Object(map) => map.values().map(texts).collect(),
        _ => String::new(),
    }
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, units)
}

#[test]
fn slack_names_all_within_its_limits() {
    let limits = |payload: &Value| {
        let blocks = payload["blocks"].as_array().expect("a list");
        assert!(blocks.len() <= 50, "{} blocks", blocks.len());
        for block in blocks {
            let max = if block["type"] == "header" { 150 } else { 3000 };
            assert!(length(&block["text"]["text"]) <= max, "{block:#}");
            for element in block["elements"].as_array().into_iter().flatten() {
                assert!(length(&element["text"]) <= 3000, "{element:#}");
            }
        }
        assert!(length(&payload["text"]) <= 40_000, "{}", length(&payload["text"]));
    };
    check(&chat("slack"), |payload| texts(&payload["blocks"]), limits);
    // The text that Mattermost and Rocket.Chat read.
    check(&chat("slack"), |payload| texts(&payload["text"]), limits);
}

#[test]
fn discord_names_all_within_its_limits() {
    let limits = |payload: &Value| {
        let embeds = payload["embeds"].as_array().expect("a list");
        assert!((1..=10).contains(&embeds.len()), "{} embeds", embeds.len());
        let mut all = 0;
        for embed in embeds {
            let lengths = [&embed["title"], &embed["description"], &embed["footer"]["text"]].map(length);
            assert!(lengths[0] <= 256 && lengths[1] <= 4096 && lengths[2] <= 2048, "{lengths:?}");
            all += lengths.iter().sum::<usize>();
        }
        assert!(all <= 6000, "{all} units of UTF-16");
    };
    check(&chat("discord"), |payload| texts(&payload["embeds"]), limits);
}

#[test]
fn teams_names_all_within_what_it_stores() {
    let limits = |payload: &Value| {
        let stored = stored_bytes(payload);
        assert!(stored <= 24_000, "{stored} bytes");
    };
    check(&chat("teams"), |payload| texts(&payload["attachments"][0]["content"]["body"]), limits);
}

/// As the service counts: the request's JSON in ASCII, as a string within another JSON in ASCII.
#[test]
fn what_teams_stores_is_escaped_twice() {
    let ascii = |text: &str| -> String {
        let json = Value::from(text).to_string();
        let escape = |unit: u16| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        };
        json.encode_utf16().map(escape).collect()
    };
    for text in TEXTS {
        let value = Value::from(text);
        let stored = ascii(&ascii(text));
        assert_eq!(stored_bytes(&value) + 2, stored.len(), "{stored}");
    }
}

#[test]
fn ntfy_names_all_within_its_limits() {
    let limits = |payload: &Value| {
        let message = payload["message"].as_str().expect("a text");
        assert!(message.len() <= 4096, "{} bytes", message.len());
        assert!(payload["title"].as_str().expect("a text").len() <= 250);
    };
    check(&chat("ntfy"), |payload| texts(&payload["message"]), limits);
}

#[test]
fn alertmanagers_payload_names_all() {
    check(&WebhookFormat::Alertmanager, |payload| texts(&payload["alerts"]), |_| {});
}

#[test]
fn a_templates_text_names_all() {
    let template = WebhookFormat::Template("{\"text\": {{ text }}}".to_owned());
    check(&template, |payload| texts(&payload["text"]), |_| {});
}

/// With the most members, all short, the message still says how many are without details and where to find them.
#[test]
fn what_is_without_details_is_counted() {
    let short = |i: usize| Notice {
        check: Name::parse(&format!("job-{i}")).expect("a good name"),
        ..sample::alert(now())
    };
    let all: Vec<usize> = WebhookFormat::chats().map(|format| format.max_members()).collect();
    assert_eq!(all, [50, 20, 10, 8]);
    for (format, max) in WebhookFormat::chats().zip(all) {
        let notices: Vec<Notice> = (0..max).map(short).collect();
        let payload = json(format.clone(), &notices);
        let shown = texts(&payload);
        let detailed = (0..max).filter(|i| shown.matches(&format!("job-{i} · incident")).count() > 0).count();
        let is_told = |shown: &str| match max - detailed {
            0 => shown.contains("All checks"),
            1 => shown.contains("1 is without details here: all checks"),
            more => shown.contains(&format!("{more} are without details here: all checks")),
        };
        assert!(detailed > 0 && is_told(&shown), "{format:?}, {detailed} with details: {payload:#}");
    }
}

/// A message that was frozen by an older version or for another format.
#[test]
fn a_message_with_too_many_members_says_how_many_it_does_not_name() {
    let notices: Vec<Notice> = (0..256).map(|i| longest(i, "夜", Story::Bad)).collect();
    for format in WebhookFormat::chats() {
        let payload = json(format.clone(), &notices);
        let unnamed = 256 - format.max_members();
        let shown = texts(&payload);
        assert!(shown.contains(&format!("{unnamed} more have no room to be named here")), "{format:?}");
    }
}
