//! What matchers look at, and what is muted by them.

use regex::Regex;

use crate::core::cause::{Cause, CauseKind};
use crate::core::check::Definition;
use crate::core::time::{Span, Time};

/// One of Alertmanager's matchers: `label="value"`, `!=`, `=~`, `!~`, fully anchored. A label that is not there is "".
#[derive(Clone, Debug)]
pub struct Matcher {
    /// A label of the check, one of `check group reason status`, or of a record `key` or one of its own labels.
    pub label: String,
    /// How the value is compared.
    pub test: MatchTest,
}

/// How a matcher compares.
#[derive(Clone, Debug)]
pub enum MatchTest {
    /// `=`
    Equal(String),
    /// `!=`
    NotEqual(String),
    /// `=~`; the expression is anchored already.
    Matches(Regex),
    /// `!~`; the expression is anchored already.
    MatchesNot(Regex),
}

/// What matchers look at: a check or one of its records, and why it is bad.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The check.
    pub definition: &'a Definition,
    /// All its causes, or those that are new; a record's, of a record.
    pub causes: &'a [Cause],
    /// Which of it.
    pub about: About<'a>,
}

/// The check itself, which is the default, or one of its records (8.2).
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The record's; "": it is the check itself.
    pub key: &'a str,
    /// The record's own.
    pub labels: &'a [(String, String)],
}

/// The reasons and statuses as which a cause is matched.
pub(super) type Views = Vec<(&'static str, &'static str)>;

impl<'a> Facts<'a> {
    /// Of a check itself.
    pub fn of_check(definition: &'a Definition, causes: &'a [Cause]) -> Facts<'a> {
        Facts { definition, causes, about: About::default() }
    }
}

impl Facts<'_> {
    /// Whether all matchers match one of the causes. A check without causes has the reason "" and the status "".
    pub fn matched_by(&self, matchers: &[Matcher]) -> bool {
        self.views().iter().any(|views| self.view_matches(matchers, views))
    }

    /// The kinds of the causes that all matchers match.
    pub(super) fn kinds_matched_by(&self, matchers: &[Matcher]) -> Vec<CauseKind> {
        let matching = self.causes.iter().filter(|cause| self.view_matches(matchers, &views_of(cause)));
        matching.map(|cause| cause.kind).collect()
    }

    /// What it has for a label that is not of its causes: the check's own labels come before a record's.
    pub(super) fn label(&self, label: &str) -> &str {
        let own = match label {
            "check" => return self.definition.name.as_str(),
            "group" => return &self.definition.group,
            label => self.definition.label(label),
        };
        match label {
            _ if !own.is_empty() => own,
            "key" => self.about.key,
            label => {
                let of_record = self.about.labels.iter().find(|(name, _)| name == label);
                of_record.map_or("", |(_, value)| value)
            }
        }
    }

    /// For each cause its views.
    pub(super) fn views(&self) -> Vec<Views> {
        if self.causes.is_empty() {
            return vec![vec![("", "")]];
        }
        self.causes.iter().map(views_of).collect()
    }

    /// Whether all matchers match one cause, as one of its views.
    pub(super) fn view_matches(&self, matchers: &[Matcher], views: &Views) -> bool {
        views.iter().any(|(reason, status)| {
            matchers.iter().all(|matcher| {
                let value = match matcher.label.as_str() {
                    "reason" => reason,
                    "status" => status,
                    label => self.label(label),
                };
                matcher.accepts(value)
            })
        })
    }
}

/// 9.6: what a blind cause would have been counts as well.
fn views_of(cause: &Cause) -> Views {
    let view = |kind: CauseKind| (kind.as_str(), kind.family().as_str());
    std::iter::once(cause.kind).chain(cause.would_be).map(view).collect()
}

/// Deliveries of what it matches are held until a time (8.2).
#[derive(Clone, Debug)]
pub struct Mute {
    /// Its number, given by the store.
    pub id: u64,
    /// What is muted: matchers over labels, check, group, reason, status.
    pub matchers: Vec<Matcher>,
    /// The matchers as they were written.
    pub text: String,
    /// Until when.
    pub until: Time,
    /// When it was made.
    pub since: Time,
    /// Why, in the words of who made it.
    pub comment: String,
    /// Who has made it; "": that was not asked then.
    pub by: String,
}

impl Mute {
    /// The clock was set back (1.1): one that was made after `now` lasts as long as was meant.
    pub fn bring_back_to(&mut self, now: Time) {
        let ahead = self.since - now;
        if ahead > Span::ZERO {
            self.since = now;
            self.until = self.until - ahead;
        }
    }
}
