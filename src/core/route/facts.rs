//! What matchers look at, and what is muted by them.

use regex::Regex;

use crate::core::cause::{Cause, CauseKind};
use crate::core::check::Definition;
use crate::core::time::{Span, Time};

/// One of Alertmanager's matchers: `label="value"`, `!=`, `=~`, `!~`, fully anchored. A label that is not there is "".
#[derive(Clone, Debug)]
pub struct Matcher {
    /// A label of the check, or one of `check group reason status`.
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

/// What matchers look at: a check, and why it is bad.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The check.
    pub definition: &'a Definition,
    /// All its causes, or those that are new.
    pub causes: &'a [Cause],
}

/// The reasons and statuses as which a cause is matched.
pub(super) type Views = Vec<(&'static str, &'static str)>;

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
                    label => label_of(self.definition, label),
                };
                matcher.accepts(value)
            })
        })
    }
}

/// What a check has for a label that is not of its causes.
pub(super) fn label_of<'a>(definition: &'a Definition, label: &str) -> &'a str {
    match label {
        "check" => definition.name.as_str(),
        "group" => &definition.group,
        label => definition.label(label),
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
