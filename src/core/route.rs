//! Who is told, and whether now: responders, and what is held back (§8, 12.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use sha2::{Digest, Sha256};

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

impl Action {
    /// An action, with the id that its fields give it.
    pub fn new(receiver: ReceiverName, after: Span, repeat_interval: Option<Span>) -> Action {
        let mut hash = Sha256::new();
        hash.update(after.as_ms().to_be_bytes());
        hash.update(repeat_interval.map_or(-1, Span::as_ms).to_be_bytes());
        hash.update(receiver.as_bytes());
        let digest = hash.finalize();
        let first = digest.first_chunk().expect("SHA-256 has more than eight bytes");
        Action { id: ActionId(u64::from_be_bytes(*first)), receiver, after, repeat_interval }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// 12.1: what is stored names actions by this number, so that it must never change.
    #[test]
    fn an_actions_id_is_a_hash_of_its_definition() {
        let action = |receiver: &str, after, repeat| Action::new(receiver.into(), after, repeat).id;
        let ids = [
            action("ops", Span::ZERO, None),
            action("ops", Span::ZERO, Some(Span::ZERO)),
            action("ops", Span::mins(15), None),
            action("dba", Span::ZERO, None),
        ];
        let distinct: std::collections::BTreeSet<ActionId> = ids.into_iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(ids[0], ActionId(0x7940_f270_2784_3e64));
    }
}
