//! What is said over the control socket.

use serde::{Deserialize, Serialize};

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Stops judging a check until it is unpaused (7.1).
    Pause {
        /// Its name.
        check: String,
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
    /// Lists the mutes that last.
    Mutes,
    /// Lists the checks.
    Checks,
    /// Lists the incidents that have not ended.
    Incidents,
    /// Says how an open incident stands (11.2).
    Stand {
        /// Its check's name, or its number.
        check: String,
        /// How.
        stance: StanceWord,
        /// Who says so.
        by: String,
    },
    /// How things stand.
    Status,
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

/// How long a mute lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum For {
    /// So many milliseconds from now.
    Ms(i64),
    /// Until this time, RFC 3339.
    Until(String),
}

/// A line of an answer. The last one is [`Line::Done`] or [`Line::Failed`], and no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// One of the checks.
    Check(CheckLine),
    /// One of the mutes.
    Mute(MuteLine),
    /// One of the incidents.
    Incident(IncidentLine),
    /// How things stand.
    Status(Status),
    /// It is done: in a line for people.
    Done(String),
    /// It is not: why, in a line for people.
    Failed(String),
}

/// A check in a list: the most asked for of what the API says of it, under the same names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckLine {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its group, or "".
    pub group: String,
    /// Its own labels.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Its status.
    pub status: String,
    /// `api` or `file`.
    pub source: String,
    /// Why it is bad, oldest first.
    pub causes: Vec<CauseLine>,
    /// The last ping, RFC 3339.
    pub last_seen: Option<String>,
    /// When it is next due, RFC 3339.
    pub due: Option<String>,
    /// When it will be late, RFC 3339.
    pub deadline: Option<String>,
}

/// One reason to be bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseLine {
    /// What it is.
    pub kind: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// A mute in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MuteLine {
    /// Its number.
    pub id: u64,
    /// What it matches.
    pub matchers: String,
    /// When it was made, RFC 3339.
    pub since: String,
    /// When it ends, RFC 3339.
    pub until: String,
    /// Why.
    pub comment: String,
    /// Who has made it.
    #[serde(default)]
    pub by: String,
}

/// An incident in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentLine {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub check: String,
    /// Where it stands.
    pub status: String,
    /// The cause that opened it.
    pub first: String,
    /// When it began, RFC 3339.
    pub opened_at: String,
    /// Who said last how it stands: acknowledged, not to be fixed, open again; null: nobody.
    #[serde(default)]
    pub said_by: Option<String>,
    /// When, RFC 3339.
    #[serde(default)]
    pub said_at: Option<String>,
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The server's.
    pub version: String,
    /// What is wrong with the store or the engine.
    pub fault: Option<String>,
    /// Why the last reading of the configuration was not taken: every fault on a line.
    #[serde(default)]
    pub reload_fault: Option<String>,
    /// Checks by status; only those that there are.
    pub checks: std::collections::BTreeMap<String, usize>,
    /// Incidents that have not ended.
    pub incidents_open: u64,
    /// Deliveries that wait or are under way.
    pub deliveries_pending: u64,
    /// Deliveries that were given up.
    pub deliveries_parked: u64,
}
