//! Which incidents of the list are asked for (as the API's filters).

use maud::{Markup, html};

use super::super::decode;
use crate::app::history::{IncidentsAsked, PageAsked};
use crate::config::parse_duration;
use crate::core::cause::CauseKind;
use crate::core::incident::IncidentStatus;
use crate::core::route::Matcher;
use crate::core::text::shown;
use crate::core::time::Time;

/// So many are on a page.
const ROWS: usize = 300;
/// The longest text of a field, in characters.
const MAX_TEXT: usize = 300;

/// How they stand, as it is sent and in words; "" is those that have not ended.
const STANDING: [(&str, &str); 8] = [
    ("", "not over"),
    ("open", "open: need somebody"),
    ("acknowledged", "acknowledged"),
    ("wont_fix", "marked wont-fix"),
    ("ended", "over"),
    ("resolved", "resolved"),
    ("removed", "no longer declared"),
    ("all", "all"),
];

const SINCE: [(&str, &str); 5] = [
    ("", "whenever"),
    ("1h", "in the last hour"),
    ("12h", "in the last 12 hours"),
    ("1d", "in the last day"),
    ("7d", "in the last 7 days"),
];

/// What is asked for, as it was typed.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct IncidentFilter {
    standing: String,
    check: String,
    reason: String,
    label: String,
    matchers: String,
    since: String,
    /// Those before this one.
    before: Option<u64>,
}

impl IncidentFilter {
    pub(in crate::http) fn parse(query: Option<&str>) -> IncidentFilter {
        let names = ["standing", "check", "reason", "label", "matchers", "since", "before"];
        let [standing, check, reason, label, matchers, since, before] =
            decode::query_values(query, names).map(|value| shown(value.unwrap_or_default().trim(), MAX_TEXT));
        IncidentFilter { standing, check, reason, label, matchers, since, before: before.parse().ok() }
    }

    /// What it asks for at this time, or what is wrong with it, for people.
    pub(in crate::http) fn asked(&self, now: Time) -> Result<IncidentsAsked, String> {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let (status, ended) = match self.standing.as_str() {
            "" => (None, Some(false)),
            "all" => (None, None),
            "ended" => (None, Some(true)),
            word => (Some(status(word).ok_or("there is no such standing")?), None),
        };
        let label = match self.label.split_once('=') {
            Some((name, value)) => vec![(name.to_owned(), value.to_owned())],
            None if self.label.is_empty() => Vec::new(),
            None => return Err("a label is a name and a value, as in team=dba".to_owned()),
        };
        let since = match self.since.as_str() {
            "" => None,
            text => Some(now - parse_duration(text).map_err(|error| format!("since when: {error}"))?),
        };
        Ok(IncidentsAsked {
            page: PageAsked { before: self.before, limit: ROWS },
            status,
            ended,
            check: some(&self.check),
            key: None,
            reason: some(&self.reason),
            labels: label,
            matchers: Matcher::parse_list(&self.matchers).map_err(|error| error.to_string())?,
            since,
        })
    }

    /// Whether it asks for those that have not ended, from the newest on.
    pub(super) fn is_first_of_open(&self) -> bool {
        self.standing.is_empty() && self.before.is_none()
    }

    /// The query that asks for the same, from the newest on.
    pub(in crate::http) fn query(&self) -> String {
        self.query_before("")
    }

    fn query_before(&self, before: &str) -> String {
        let IncidentFilter { standing, check, reason, label, matchers, since, .. } = self;
        decode::query(&[
            ("standing", standing),
            ("check", check),
            ("reason", reason),
            ("label", label),
            ("matchers", matchers),
            ("since", since),
            ("before", before),
        ])
    }

    /// The address of those that come after this one.
    pub(super) fn address_before(&self, before: u64) -> String {
        format!("?{}", self.query_before(&before.to_string()))
    }

    /// The address of the same of another standing.
    pub(super) fn address_of(&self, standing: &str) -> String {
        let other = IncidentFilter { standing: standing.to_owned(), before: None, ..self.clone() };
        format!("?{}", other.query())
    }

    /// Where it is typed.
    pub(super) fn form(&self) -> Markup {
        let option = |value: &str, words: &str, chosen: &str| {
            html! { option value=(value) selected[value == chosen] { (words) } }
        };
        let text = |label: &str, name: &str, value: &str, like: &str| {
            html! { label { (label) " " input name=(name) value=(value) maxlength=(MAX_TEXT) placeholder=(like); } }
        };
        html! {
            form.fields role="search" aria-label="Filter incidents" {
                label { "Standing " select name="standing" {
                    @for (value, words) in STANDING { (option(value, words, &self.standing)) }
                } }
                (text("Check", "check", &self.check, "nightly-backup"))
                label { "Reason " select name="reason" {
                    (option("", "any", &self.reason))
                    @for kind in CauseKind::shown() { (option(kind.as_str(), kind.as_str(), &self.reason)) }
                } }
                (text("Label", "label", &self.label, "team=dba"))
                (text("Matchers", "matchers", &self.matchers, "team=~\"dba|net\""))
                label { "Began " select name="since" {
                    @for (value, words) in SINCE { (option(value, words, &self.since)) }
                } }
                button { "Filter" }
            }
        }
    }
}

fn status(word: &str) -> Option<IncidentStatus> {
    IncidentStatus::ALL.into_iter().find(|status| status.as_str() == word)
}
