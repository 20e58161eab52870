//! What is said of a check's records, all together (12.3).

use super::base;
use crate::core::notice::{Notice, RecordSaid, RecordsNotice};
use crate::notify::Notification;
use crate::notify::text::line;

/// How much is shown of each record's details.
const MAX_DETAILS_CHARS: usize = 200;

/// `3 new, 40 open, 2 over`, or `12 occurred`: how many, since the last message.
pub fn how_many(records: &RecordsNotice) -> String {
    let RecordsNotice { new, occurred, open, ended, changed, .. } = *records;
    let counts = [
        (occurred > 0).then(|| format!("{occurred} occurred")),
        (new > 0).then(|| format!("{new} new")),
        // What occurred is not open: it does not last.
        (occurred == 0 || open > 0).then(|| format!("{open} open")),
        (ended > 0).then(|| format!("{ended} over")),
        (changed > 0).then(|| format!("{changed} asserted no more")),
    ];
    counts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The same, before those that are said one by one: `30 occurred; the first 20:`.
pub(super) fn heading(notice: &Notice, records: &RecordsNotice) -> String {
    let many = how_many(records);
    match records.more(notice.kind) {
        0 => many,
        _ if notice.tells_of_occurrences() => format!("{many}; the first {}:", records.said.len()),
        _ => many,
    }
}

/// A line for each that is said one by one, and where the others are.
pub fn each(notification: &Notification<'_>, notice: &Notice) -> Vec<String> {
    let Some(records) = &notice.records else { return Vec::new() };
    let more = records.more(notice.kind);
    let others = format!("and {more} more: {}", records_page(notification, notice));
    records.said.iter().map(one).chain((more > 0).then_some(others)).collect()
}

/// The URL of the page of a check's records.
pub fn records_page(notification: &Notification<'_>, notice: &Notice) -> String {
    format!("{}/checks/{}/records", base(notification.external_url), notice.check)
}

fn one(said: &RecordSaid) -> String {
    let title = line(&said.title, 200);
    let key = line(said.key.as_str(), 256);
    let details = line(&said.details, MAX_DETAILS_CHARS);
    let name = if title == key || title.is_empty() { key } else { format!("{title} ({key})") };
    let over = if said.is_over { "over: " } else { "" };
    let details = if details.is_empty() { details } else { format!(" {details}") };
    format!("{over}{name}{details}")
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use super::*;
    use crate::core::cause::{Cause, CauseKind};
    use crate::core::fixtures::at;
    use crate::core::incident::{IncidentId, IncidentKey};
    use crate::core::time::Span;
    use crate::notify::sample;

    fn notice(occurred: u32, said: u32) -> Notice {
        let record = |number: u32| RecordSaid {
            key: IncidentKey::parse(&format!("job-{number}")).expect("a good key"),
            incident: IncidentId(u64::from(number)),
            title: format!("job-{number}"),
            details: String::new(),
            is_over: false,
        };
        let cause = Cause { kind: CauseKind::Occurred, since: at(0), would_be: None };
        let records =
            RecordsNotice { occurred, said: (1..=said).map(record).collect(), ..RecordsNotice::default() };
        Notice {
            title: "Failed jobs".to_owned(),
            first: cause,
            causes: vec![cause],
            opened_at: at(0),
            repeat_interval: None,
            records: Some(records),
            ..sample::alert(at(0))
        }
    }

    fn said(notice: &Notice) -> (String, String) {
        let notification = Notification {
            key: "m",
            receiver: "ops",
            notices: std::slice::from_ref(notice),
            external_url: "https://punctual.example.org/",
            ack_url: None,
            now: at(0) + Span::mins(4),
        };
        let text = render(&notification);
        (text.subject.clone(), text.plain())
    }

    /// 19.2c
    #[test]
    fn what_occurred_is_told_as_that_and_never_as_going_on() {
        let (subject, plain) = said(&notice(25, 20));
        assert_eq!(subject, "[OCCURRED] Failed jobs");
        for words in
            ["OCCURRED at ", "25 occurred; the first 20:", "job-1\n", "job-20", "and 5 more: https://"]
        {
            assert!(plain.contains(words), "{words}: {plain}");
        }
        for words in ["still", "since", "open", "holds", "recovered", "Expected", "reminder", "over"] {
            assert!(!plain.to_lowercase().contains(&words.to_lowercase()), "{words}: {plain}");
        }
        let (_, plain) = said(&notice(2, 2));
        assert!(plain.contains("Records: 2 occurred\n") && !plain.contains("more:"), "{plain}");
    }
}
