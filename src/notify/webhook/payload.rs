//! Alertmanager's webhook payload, version "4": programs that read Alertmanager's webhooks read ours too.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::core::alert::alertname;
use crate::core::notice::{Notice, worst_first};
use crate::core::outbox::Flaps;
use crate::core::time::Time;
use crate::notify::Notification;
use crate::notify::render::{
    acknowledge, base, each, family_word, found_cases, found_words, how_many, page, title,
};
use crate::notify::text::{is_link, line, lines};

type Labels = BTreeMap<String, String>;

/// A message, as the alerts of its notices.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payload {
    receiver: String,
    status: &'static str,
    alerts: Vec<Alert>,
    group_labels: Labels,
    common_labels: Labels,
    common_annotations: Labels,
    #[serde(rename = "externalURL")]
    external_url: String,
    /// Which Alertmanager does not have; `None`: nor has this message.
    #[serde(rename = "acknowledgeURL", skip_serializing_if = "Option::is_none")]
    acknowledge_url: Option<String>,
    version: &'static str,
    group_key: String,
    truncated_alerts: u64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    status: &'static str,
    labels: Labels,
    annotations: Labels,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    fingerprint: String,
    /// What the responder's action hands over (12.8), which Alertmanager does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<Value>,
}

impl Payload {
    /// The group is the check. A message of several checks has an empty group, as with Alertmanager's empty `group_by`.
    /// In both cases an alert keeps its fingerprint from its beginning to its end.
    pub(super) fn new(notification: &Notification<'_>) -> Payload {
        let notices = notification.notices;
        let ordered = worst_first(notices).into_iter();
        let alerts: Vec<Alert> = ordered.map(|notice| alert(notice, notification)).collect();
        let is_firing = alerts.iter().any(|alert| alert.status == FIRING);
        let first = &notices[0].check;
        let is_one_check = notices.iter().all(|notice| notice.check == *first);
        let (group_labels, group_key) = if is_one_check {
            let labels = Labels::from([("check".to_owned(), first.to_string())]);
            (labels, format!("{{}}:{{check=\"{first}\"}}"))
        } else {
            (Labels::new(), "{}:{}".to_owned())
        };
        Payload {
            receiver: notification.receiver.to_owned(),
            status: if is_firing { FIRING } else { RESOLVED },
            common_labels: common(alerts.iter().map(|alert| &alert.labels)),
            common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
            alerts,
            group_labels,
            external_url: base(notification.external_url).to_owned(),
            acknowledge_url: acknowledge(notification),
            version: "4",
            group_key,
            truncated_alerts: 0,
        }
    }
}

pub(super) const FIRING: &str = "firing";
pub(super) const RESOLVED: &str = "resolved";

fn alert(notice: &Notice, notification: &Notification<'_>) -> Alert {
    let labels = labels(notice);
    let is_over = notice.is_all_over();
    let ended_at = notice.ended_at.unwrap_or(notification.now);
    Alert {
        status: if is_over { RESOLVED } else { FIRING },
        fingerprint: fingerprint(&labels),
        labels,
        annotations: annotations(notice, notification),
        starts_at: notice.began_at().to_string(),
        // While the alert fires there is no end: Go's zero time.
        ends_at: if is_over { ended_at.to_string() } else { Time::MIN.to_string() },
        generator_url: page(notification.external_url, &notice.check),
        with: with(notice),
    }
}

/// What whoever asked for it hands to the receiver.
pub(super) fn with(notice: &Notice) -> Option<Value> {
    serde_json::from_str(&notice.with).ok()
}

/// The alert is named after the incident's first cause, so that it has the same labels at its end as at its beginning.
fn labels(notice: &Notice) -> Labels {
    let mut labels: Labels = notice.labels.iter().cloned().collect();
    let family = alertname(notice.first.kind.family());
    let alertname = match notice.flaps() {
        Some(_) => "PunctualCheckFlapping",
        // Beside that of the check itself it is another alert.
        None if notice.tells_of_occurrences() => family,
        None if notice.records.is_some() => "PunctualCheckRecords",
        None => family,
    };
    labels.insert("alertname".to_owned(), alertname.to_owned());
    labels.insert("check".to_owned(), notice.check.to_string());
    if !notice.key.is_own() {
        labels.insert("key".to_owned(), notice.key.to_string());
    }
    if !notice.group.is_empty() {
        labels.insert("group".to_owned(), notice.group.clone());
    }
    labels
}

/// The annotations of the alerts that are pushed, and the job's last words.
fn annotations(notice: &Notice, notification: &Notification<'_>) -> Labels {
    // What is bad now; of what is over, what it was.
    let kind = notice.leading().unwrap_or(notice.first).kind;
    let family = family_word(kind.family()).to_lowercase();
    let comment = notice.last_run.as_ref().and_then(|run| run.comment.as_deref()).unwrap_or_default();
    let output = notice.output.as_ref().map(|(_, output)| lines(output, 20, 210)).unwrap_or_default();
    let summary = match notice.flaps() {
        Some(Flaps { times, since }) => {
            format!("{} was bad and good again {times} times since {since}", title(notice))
        }
        None if notice.diagnosis.is_some() => {
            let found = notice.diagnosis.as_ref().map_or("", |diagnosis| found_words(&diagnosis.found));
            format!("{}: {found}", title(notice))
        }
        None if notice.tells_of_occurrences() => {
            format!("{}: {}", title(notice), notice.records.as_ref().map(how_many).unwrap_or_default())
        }
        None => format!("{} is {family}: {}", title(notice), kind.meaning()),
    };
    let records = notice.records.as_ref().map(how_many).unwrap_or_default();
    let pairs = [
        ("records", records),
        ("diagnosis", notice.diagnosis.as_ref().map(|it| it.found.as_str().to_owned()).unwrap_or_default()),
        ("cases", notice.diagnosis.as_ref().map(|it| found_cases(&it.found)).unwrap_or_default()),
        ("record_list", each(notification, notice).join("\n")),
        ("summary", summary),
        ("description", lines(&notice.description, 20, 1000)),
        ("reason", kind.as_str().to_owned()),
        ("incident", notice.incident.0.to_string()),
        ("runbook_url", Some(notice.runbook_url.clone()).filter(|url| is_link(url)).unwrap_or_default()),
        ("comment", line(comment, 500)),
        ("output", output),
    ];
    pairs
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text))
        .collect()
}

/// The pairs that all sets of labels have in common.
fn common<'a>(mut all: impl Iterator<Item = &'a Labels>) -> Labels {
    let mut common = all.next().cloned().unwrap_or_default();
    for labels in all {
        common.retain(|name, value| labels.get(name) == Some(value));
    }
    common
}

/// Alertmanager's fingerprint: FNV-1a over the labels, sorted by name, with the byte 255 after each part.
fn fingerprint(labels: &Labels) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let parts = labels.iter().flat_map(|(name, value)| [name, value]);
    let bytes = parts.flat_map(|part| part.bytes().chain([0xff]));
    let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("{hash:016x}")
}
