//! Who is told, and whether now: responders, and what is held back (§8, 12.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use super::time::{Span, Time};

/// A receiver's name, as in the configuration.
pub type ReceiverName = Arc<str>;

/// A hash of an action's definition (12.1): stays the same over reloads that leave the action as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u64);

/// Who is told what: the part of the configuration that incidents and the outbox need.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// All that match act.
    pub responders: Vec<Responder>,
    /// Told when no responder matches.
    pub default_receivers: Vec<ReceiverName>,
    /// Every receiver that exists.
    pub receivers: BTreeMap<ReceiverName, ReceiverPolicy>,
}

/// How messages leave for one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverPolicy {
    /// Whether it hears of recoveries (12.6).
    pub send_resolved: bool,
    /// What is due within this of the first leaves together (12.3).
    pub group_wait: Span,
    /// After so long a message is parked (12.4).
    pub give_up_after: Span,
}

/// Which incidents get which actions.
#[derive(Clone, Debug)]
pub struct Responder {
    /// All of them must match.
    pub matchers: Vec<Matcher>,
    /// What is then done.
    pub actions: Vec<Action>,
}

/// One thing that a responder does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// A hash of the fields below.
    pub id: ActionId,
    /// Who is told.
    pub receiver: ReceiverName,
    /// How long after the incident's beginning.
    pub after: Span,
    /// Told again so long after it was told, while the incident is open.
    pub repeat_interval: Option<Span>,
}

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
}
