//! What a message says of one incident: frozen with the message, so that every attempt says the same (12.3).

use super::assertion::Outcome;
use super::cause::Cause;
use super::check::{Name, Origin};
use super::diagnose::Diagnosis;
use super::incident::{IncidentId, IncidentKey, IncidentStatus};
use super::outbox::{DeliveryKind, Flaps};
use super::text::begun;
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
    /// Which of it (11.1).
    pub key: IncidentKey,
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
    /// The job's newest output, as [`excerpt`] leaves it, and when it came.
    pub output: Option<(Time, String)>,
    /// Where the check was declared: `checks/dba.yaml:12`.
    pub declared: String,
    /// Which responder asked for it, counted from 1; `None`: `default_receivers`, or the check's own `emails`.
    pub responder: Option<u32>,
    /// What that responder is called now, since its number changes with the file's order; "" if nobody asks any more.
    pub asked_by: String,
    /// JSON that whoever asked for it hands to the receiver (12.8); "": nothing.
    pub with: String,
    /// How long until it is told again, if it will be.
    pub repeat_interval: Option<Span>,
    /// The key of this incident's first message to this receiver: what replies refer to. `None`: this is the first.
    pub thread: Option<String>,
    /// Where it is about a check's records (§18), however many; `None`: it is about one thing.
    pub records: Option<RecordsNotice>,
    /// What was found of the incident, where it tells of that (21.6).
    pub diagnosis: Option<Diagnosis>,
    /// For a blind cause: the stretch in which punctual was not listening.
    pub blind: Option<super::blind::Window>,
    /// The check's own addresses, where it mails them itself; empty for every other receiver.
    pub emails: Vec<String>,
    /// What its users know it by, where the check mails its own addresses; `None` for every other receiver.
    pub alias: Option<AliasNotice>,
}

/// What a message says of a check's records, all together (12.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordsNotice {
    /// So many begin with this message.
    pub new: u32,
    /// So many occurred, which are told with this message (19.2).
    pub occurred: u32,
    /// So many are open of which the receiver hears or heard, without those that nobody wants to hear of.
    pub open: u32,
    /// So many are over since.
    pub ended: u32,
    /// So many were something else, which is asserted no more (18.8).
    pub changed: u32,
    /// The first of these by their opening, at most [`RecordsNotice::MAX_SAID`]: those that are new, and then those that are over; in
    /// a reminder those that are over, and then those that are open.
    pub said: Vec<RecordSaid>,
}

impl RecordsNotice {
    /// So many are said one by one.
    pub const MAX_SAID: usize = 20;
    /// So much of each one's details is, in characters.
    pub const MAX_DETAILS_CHARS: usize = 1_000;

    /// How many are not said one by one by a message of this kind.
    pub fn more(&self, kind: DeliveryKind) -> u32 {
        let open = if kind == DeliveryKind::Reminder { self.open } else { 0 };
        let all = self.new + self.occurred + self.ended + self.changed + open;
        all.saturating_sub(u32::try_from(self.said.len()).unwrap_or(u32::MAX))
    }
}

/// What a message says of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSaid {
    pub key: IncidentKey,
    pub incident: IncidentId,
    pub title: String,
    /// JSON, as far as it is said; or "".
    pub details: String,
    /// It is over. What occurred never is: it happened.
    pub is_over: bool,
}

/// How bad a check's people call it, by its label `severity`. The worst is the least.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `critical`
    Critical,
    /// `error`
    Error,
    /// `warning`
    Warning,
    /// `info`
    Info,
    /// Any other value: by its name.
    Other(String),
    /// There is no such label.
    None,
}

impl Severity {
    /// By a check's own labels.
    pub fn of(labels: &[(String, String)]) -> Severity {
        let value = labels.iter().find(|(name, _)| name == "severity").map(|(_, value)| value.as_str());
        match value {
            Some("critical") => Severity::Critical,
            Some("error") => Severity::Error,
            Some("warning") => Severity::Warning,
            Some("info") => Severity::Info,
            Some(other) if !other.is_empty() => Severity::Other(other.to_owned()),
            _ => Severity::None,
        }
    }

    /// The label's value; "" if there is none.
    pub fn as_str(&self) -> &str {
        match self {
            Severity::Critical => "critical",
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
            Severity::Other(value) => value,
            Severity::None => "",
        }
    }
}

impl Notice {
    /// The cause that the thread is named after, or the first of those that remain; `None`: it is over.
    pub fn leading(&self) -> Option<Cause> {
        let first = self.causes.iter().find(|cause| cause.kind == self.first.kind);
        first.or(self.causes.first()).copied()
    }

    /// Whether it tells of what occurred (19.2), which began and did not last.
    pub fn tells_of_occurrences(&self) -> bool {
        self.records.as_ref().is_some_and(|records| records.occurred > 0)
    }

    /// How often the check went bad and recovered too soon to be told, where it is told of that (12.5).
    pub fn flaps(&self) -> Option<Flaps> {
        match self.kind {
            DeliveryKind::Flapping(flaps) => Some(flaps),
            _ => None,
        }
    }

    /// When what it tells of began.
    pub fn began_at(&self) -> Time {
        self.flaps().map_or(self.opened_at, |flaps| flaps.since)
    }

    /// Whether nothing of it is left: of a check's records some may be over, and others of which the receiver heard may not.
    pub fn is_all_over(&self) -> bool {
        self.is_over() && self.records.as_ref().is_none_or(|records| records.open == 0)
    }

    /// Whether it says that something is over.
    pub fn is_over(&self) -> bool {
        matches!(self.kind, DeliveryKind::Recovery | DeliveryKind::Episode)
    }
}

/// In the order in which a message tells of them: what is bad before what is over, the most severe first, of those what
/// is bad the longest; else as they come.
pub fn worst_first(notices: &[Notice]) -> Vec<&Notice> {
    let mut ordered: Vec<&Notice> = notices.iter().collect();
    ordered.sort_by_cached_key(|notice| (notice.is_over(), Severity::of(&notice.labels), notice.began_at()));
    ordered
}

/// The first and the last lines of what a job wrote: a message has no room for more, and an end says most.
pub fn excerpt(body: &[u8]) -> String {
    const FIRST: usize = 3;
    const LAST: usize = 10;
    const MAX_LINE_CHARS: usize = 200;
    let text = String::from_utf8_lossy(body);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let cut = |line: &&str| begun(line, MAX_LINE_CHARS);
    let left_out = lines.len().saturating_sub(FIRST + LAST);
    if left_out < 2 {
        return lines.iter().map(cut).collect::<Vec<_>>().join("\n");
    }
    let (first, last) = (&lines[..FIRST], &lines[lines.len() - LAST..]);
    let between = [format!("… ({left_out} lines) …")];
    first.iter().map(cut).chain(between).chain(last.iter().map(cut)).collect::<Vec<_>>().join("\n")
}

/// What one ping said of a run that it ended: nothing here is from another ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When it ended.
    pub at: Time,
    /// The ping was a success, or else a fail.
    pub is_success: bool,
    /// What it came to, if it was no run but a result (17.2).
    pub outcome: Option<Outcome>,
    /// The exit status, if the ping gave one.
    pub exit_status: Option<u8>,
    /// How long it took, if it had a start.
    pub duration: Option<Span>,
    /// Where the ping came from.
    pub source: String,
    /// What its comment said.
    pub comment: Option<String>,
}

/// What a mail tells about a check with an alias in the words of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasNotice {
    /// Whose users read it.
    pub origin: Origin,
    /// Its id there.
    pub id: String,
    /// When it was to report, or is to report next; `None` while nothing is due.
    pub deadline: Option<Time>,
    /// Its newest events, newest first; at most [`super::check::Alias::EVENTS_IN_A_MAIL`].
    pub events: Vec<(Time, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_stand_in_the_order_of_their_weight() {
        let of = |value: &str| Severity::of(&[("severity".to_owned(), value.to_owned())]);
        let none = Severity::of(&[("team".to_owned(), "critical".to_owned())]);
        let order = [of("critical"), of("error"), of("warning"), of("info"), of("a"), of("page"), none];
        assert!(order.is_sorted_by(|one, other| one < other), "{order:?}");
        assert_eq!(of(""), Severity::None);
    }

    #[test]
    fn an_excerpt_keeps_the_beginning_and_the_end() {
        assert_eq!(excerpt(b"one\r\n\n  two  \n"), "one\n  two");
        let long: String = (1..=40).map(|i| format!("line {i}\n")).collect();
        let kept = excerpt(long.as_bytes());
        assert!(kept.starts_with("line 1\nline 2\nline 3\n… (27 lines) …\nline 31\n"), "{kept}");
        assert!(kept.ends_with("line 40"), "{kept}");
        assert_eq!(excerpt("夜".repeat(3_000).as_bytes()), format!("{}…", "夜".repeat(200)));
        assert_eq!(excerpt(b"\xff\xfebad"), "\u{fffd}\u{fffd}bad");
        assert_eq!(excerpt(b"\n \n"), "");
    }
}
