//! What a message says of one incident: frozen with the message, so that every attempt says the same (§12, DESIGN.md §6).

use super::cause::Cause;
use super::check::{Name, System};
use super::incident::{IncidentId, IncidentStatus};
use super::outbox::DeliveryKind;
use super::time::{Span, Time};
use crate::core::zone::Zone;

/// Everything that a message tells about one incident of one check.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Alert, reminder, recovery, or both in one.
    pub kind: DeliveryKind,
    /// Of which incident.
    pub incident: IncidentId,
    /// Where the incident stood.
    pub incident_status: IncidentStatus,
    /// Of which check.
    pub check: Name,
    /// The check's title.
    pub title: String,
    /// The check's group, or "".
    pub group: String,
    /// The check's own labels.
    pub labels: Vec<(String, String)>,
    /// The check's description, or "".
    pub description: String,
    /// Where to read what to do, or "".
    pub runbook_url: String,
    /// The cause that opened the incident: its kind names the thread.
    pub first: Cause,
    /// The causes at the time, oldest first; empty at a recovery.
    pub causes: Vec<Cause>,
    /// When the incident began.
    pub opened_at: Time,
    /// When it ended, if it has.
    pub ended_at: Option<Time>,
    /// The schedule in words: `every 5m`, `cron "0 2 * * *" Europe/Berlin`.
    pub schedule: String,
    /// The check's grace.
    pub grace: Span,
    /// The due time that was missed, where there is one.
    pub due: Option<Time>,
    /// In which zone people read this check's times.
    pub zone: Zone,
    /// The last success.
    pub last_success: Option<Time>,
    /// The newest success or fail; `None`: there was none, or its ping is not kept or lies too far back.
    pub last_run: Option<LastRun>,
    /// The newest comment of a `log` since then, and when it came.
    pub last_log: Option<(Time, String)>,
    /// Where the check was declared: `checks/dba.yaml:12`.
    pub declared: String,
    /// Which responder asked for it, counted from 1; `None`: `default_receivers`, or the check's own `emails`.
    pub responder: Option<u32>,
    /// How long until it is told again, if it will be.
    pub repeat_interval: Option<Span>,
    /// The key of this incident's first message to this receiver: what replies refer to. `None`: this is the first.
    pub thread: Option<String>,
    /// For a blind cause: the stretch in which punctual was not listening.
    pub blind: Option<super::blind::Window>,
    /// The check's own addresses, where it mails them itself; empty for every other receiver.
    pub emails: Vec<String>,
    /// What its users know it by, where the check mails its own addresses; `None` for every other receiver.
    pub canary: Option<CanaryNotice>,
}

/// What one ping said of a run that it ended: nothing here is from another ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When it ended.
    pub at: Time,
    /// The ping was a success, or else a fail.
    pub is_success: bool,
    /// The exit status, if the ping gave one.
    pub exit_status: Option<u8>,
    /// How long it took, if it had a start.
    pub duration: Option<Span>,
    /// Where the ping came from.
    pub source: String,
    /// What its comment said.
    pub comment: Option<String>,
}

/// What a mail tells about a canary in the words of its system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanaryNotice {
    /// Whose users read it.
    pub system: System,
    /// Its id there.
    pub id: String,
    /// When it was to report, or is to report next; `None` while nothing is due.
    pub deadline: Option<Time>,
    /// Its newest events, newest first; at most [`super::check::Canary::EVENTS_IN_A_MAIL`].
    pub events: Vec<(Time, String)>,
}
