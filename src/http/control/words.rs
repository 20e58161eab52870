//! What is said over the control socket.

use serde::{Deserialize, Serialize};

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Stops judging a check until it is unpaused (7.1), or until an end (7.2).
    Pause {
        /// Its name.
        check: String,
        /// How long; `None`: until it is unpaused or speaks.
        #[serde(default)]
        lasts: Option<For>,
        /// Why; "" says nothing.
        #[serde(default)]
        comment: String,
        /// Who says so; "": the user of this number.
        #[serde(default)]
        by: String,
    },
    /// Ends a pause that was made at run time.
    Unpause {
        /// Its name.
        check: String,
        /// Why; "" says nothing.
        #[serde(default)]
        comment: String,
        /// Who says so; "": the user of this number.
        #[serde(default)]
        by: String,
    },
    /// Holds deliveries for a while (8.2).
    Mute {
        /// As in Alertmanager: `team="dba", check=~".*backup.*"`.
        matchers: String,
        /// Checks that the matchers name: each must be there.
        #[serde(default)]
        names: Vec<String>,
        /// How long.
        lasts: For,
        /// Why.
        comment: String,
        /// Who says so; "": the user of this number.
        #[serde(default)]
        by: String,
    },
    /// Ends a mute.
    Unmute {
        /// Its number.
        id: u64,
    },
    /// Asks what the API answers to a GET.
    Get {
        /// The path with its query: `/api/v1/checks?limit=10`.
        path: String,
    },
    /// Says how open incidents stand (11.2).
    Stand {
        /// Each its check's name, or its number.
        which: Vec<String>,
        /// Or all that these match, as in a mute; "": none.
        #[serde(default)]
        matchers: String,
        /// How.
        stance: StanceWord,
        /// Who says so.
        by: String,
    },
    /// Has messages tried again at once (12.4).
    RetryMessages {
        /// Their numbers.
        #[serde(default)]
        ids: Vec<u64>,
        /// Or all that was given up of this receiver.
        #[serde(default)]
        receiver: Option<String>,
    },
    /// Says that messages need not be told any more.
    DropMessages {
        /// Their numbers.
        ids: Vec<u64>,
        /// Who says so; "": the user of this number.
        #[serde(default)]
        by: String,
    },
    /// Has the configuration read again, and answers what came of it.
    Reload {
        /// Take one that removes most checks, this time (10.4).
        allow_mass_removal: bool,
    },
}

/// What people say of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StanceWord {
    /// Somebody is on it.
    Acknowledge,
    /// Nobody wants to hear of it until it recovers.
    WontFix,
    /// Neither.
    Reopen,
}

/// How long a mute or a pause lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum For {
    /// So many milliseconds from now.
    Ms(i64),
    /// Until this time, RFC 3339.
    Until(String),
}

/// A line of an answer. The last one is [`AnswerLine::Done`] or [`AnswerLine::Failed`], and no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerLine {
    /// What the API answers.
    Json(serde_json::Value),
    /// A part of what was asked is done: in a line for people.
    Part(String),
    /// A part of it is not: why, in a line for people.
    Refused(String),
    /// It is done: in a line for people; "" if there is nothing more to say.
    Done(String),
    /// It is not: why, in a line for people.
    Failed(String),
}
