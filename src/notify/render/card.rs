//! The details of one check.

use super::diagnosis::{found, found_details, found_word, found_words};
use super::records::heading;
use super::{Tone, each, family_word, page, title, tone};
use crate::core::assertion::Outcome;
use crate::core::cause::Cause;
use crate::core::incident::{IncidentKey, IncidentStatus};
use crate::core::notice::{LastRun, Notice};
use crate::core::outbox::DeliveryKind;
use crate::core::route::Responder;
use crate::core::text::{cut, shortened};
use crate::notify::Notification;
use crate::notify::text::{ago, both_clocks, both_stretches, is_link, line, lines, span, zoned_clock};

/// The details of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    pub name: String,
    pub title: String,
    pub tone: Tone,
    /// `LATE (missing) since 02:30 CEST / 00:30 UTC, 4 min ago`.
    pub status: String,
    /// Further details, the most telling first.
    pub lines: Vec<Line>,
    /// A link to the runbook. It is safe to follow.
    pub runbook: Option<String>,
    pub page: String,
    /// Where people acknowledge the whole message: the first card of one to a chat says so.
    pub acknowledge: Option<String>,
    pub incident: u64,
    /// Where the check is declared.
    pub declared: String,
    /// Why this receiver is told.
    pub sent_because: String,
}

/// A label (`Expected`) and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// "" where the text stands by itself.
    pub label: &'static str,
    /// Usually one line; several if a job or a person wrote them.
    pub text: String,
}

impl Card {
    /// The card's text, line by line, without title, links and small print. Each text that users wrote is cut to
    /// `longest` characters; no line is left out.
    pub fn said(&self, longest: usize) -> Vec<String> {
        let mut said = vec![self.status.clone()];
        for Line { label, text } in &self.lines {
            let text = shortened(text, longest);
            let mut lines = text.lines();
            if label.is_empty() {
                said.extend(lines.map(str::to_owned));
            } else {
                said.push(format!("{label}: {}", lines.next().unwrap_or_default()));
                said.extend(lines.map(|line| format!("  {line}")));
            }
        }
        said
    }

    /// The lines `Runbook: …` and `Page: …`.
    pub fn links(&self) -> Vec<String> {
        let runbook = self.runbook.iter().map(|url| format!("Runbook: {url}"));
        runbook.chain([format!("Page: {}", self.page)]).collect()
    }

    /// The small print: details that few readers need.
    pub fn small(&self) -> String {
        let declared = (!self.declared.is_empty()).then(|| format!("Declared: {}", self.declared));
        let parts = [Some(self.name.clone()), Some(format!("incident {}", self.incident)), declared];
        let because = format!("Sent because: {}", self.sent_because);
        parts.into_iter().flatten().chain([because]).collect::<Vec<_>>().join(" · ")
    }
}

/// Explains flapping to the reader.
const FLAPPING: &str = "each time it was good again before anybody was told;";

/// How much is shown of what a person or a job wrote.
const MAX_COMMENT_CHARS: usize = 500;
const MAX_LINES: usize = 20;

/// Everything that a notice says.
pub(super) fn card(notification: &Notification<'_>, notice: &Notice) -> Card {
    let mut said = Lines(Vec::new());
    said.say("Record", line(notice.key.as_str(), IncidentKey::MAX_BYTES));
    if let Some(found) = found(notice) {
        found_details(found).into_iter().for_each(|(label, text)| said.say(label, text));
    }
    if let Some(records) = &notice.records {
        said.say("Records", heading(notice, records));
        each(notification, notice).into_iter().for_each(|record| said.say("", record));
    }
    if !notice.is_over() {
        for cause in notice.causes.iter().filter(|cause| Some(**cause) != notice.leading()) {
            said.say("Also", bad_since(notification, notice, *cause));
        }
        if let Some(cause) = notice.leading().filter(|_| !notice.tells_of_occurrences()) {
            said.say("Why", why(notification, notice, cause));
        }
    }
    if notice.flaps().is_some() {
        said.say("Why", format!("{FLAPPING} last: {}", notice.first.kind.meaning()));
    }
    said.say("", lines(&notice.description, MAX_LINES, 1000));
    if !notice.is_over() && !notice.tells_of_occurrences() {
        said.say("Expected", expected(notification, notice));
    }
    if notice.incident_status != IncidentStatus::Removed {
        said.say_of_runs(notification, notice);
    }
    said.say("Labels", labels(notice));
    let runbook = Some(notice.runbook_url.clone()).filter(|url| is_link(url));
    if runbook.is_none() {
        said.say("Runbook", line(&notice.runbook_url, 500));
    }
    Card {
        name: notice.check.to_string(),
        title: title(notice),
        tone: tone(notice),
        status: status(notification, notice),
        lines: said.0,
        runbook,
        page: page(notification.external_url, &notice.check),
        acknowledge: None,
        incident: notice.incident.0,
        declared: line(&notice.declared, 100),
        sent_because: sent_because(notification, notice),
    }
}

/// Collects lines and skips empty ones.
struct Lines(Vec<Line>);

impl Lines {
    fn say(&mut self, label: &'static str, text: String) {
        if !text.is_empty() {
            self.0.push(Line { label, text });
        }
    }

    fn say_of_runs(&mut self, notification: &Notification<'_>, notice: &Notice) {
        let now = notification.now;
        let success = notice.last_success.map_or_else(|| "never".to_owned(), |at| ago(at, now));
        match &notice.last_run {
            // What it found is said already.
            Some(run) if run.outcome.is_some() && notice.tells_of_occurrences() => {}
            Some(run) if let Some(outcome) = run.outcome => {
                let found = match outcome {
                    Outcome::Unknown => "could not tell",
                    known => known.as_str(),
                };
                self.say("Last result", ended(format!("{found}, {}", ago(run.at, now)), run));
                if outcome != Outcome::Holds {
                    self.say("Last held", success);
                }
            }
            Some(run) if run.is_success => self.say("Last success", ended(success, run)),
            Some(run) => {
                self.say("Last success", success);
                self.say("Last run", ended(format!("failed {}", ago(run.at, now)), run));
            }
            None => self.say("Last success", success),
        }
        let comment = notice.last_run.as_ref().and_then(|run| run.comment.as_deref()).unwrap_or_default();
        self.say("Comment", line(comment, MAX_COMMENT_CHARS));
        if let Some((at, comment)) = &notice.last_log {
            let comment = line(comment, MAX_COMMENT_CHARS);
            self.say("Log", format!("{}: {comment}", ago(*at, now)));
        }
        if let Some((at, output)) = &notice.output {
            let output = lines(output, MAX_LINES, 210);
            self.say("Output", format!("{}:\n{output}", ago(*at, now)));
        }
    }
}

fn bad_since(notification: &Notification<'_>, notice: &Notice, cause: Cause) -> String {
    let word = family_word(cause.kind.family());
    let when = both_clocks(cause.since, notice.zone, notification.now);
    format!("{word} ({}) since {when}, {}", cause.kind.as_str(), ago(cause.since, notification.now))
}

/// The card's first line.
fn status(notification: &Notification<'_>, notice: &Notice) -> String {
    let now = notification.now;
    let was = format!("{} ({})", family_word(notice.first.kind.family()), notice.first.kind.as_str());
    let ended_at = notice.ended_at.unwrap_or(now);
    let lasted = span(ended_at - notice.opened_at);
    match (notice.kind, notice.incident_status) {
        (DeliveryKind::Alert, _) if notice.tells_of_occurrences() => {
            let when = both_clocks(notice.opened_at, notice.zone, now);
            format!("OCCURRED at {when}, {}", ago(notice.opened_at, now))
        }
        (DeliveryKind::Alert, _) => bad_since(notification, notice, notice.leading().unwrap_or(notice.first)),
        (DeliveryKind::Reminder, _) => {
            format!("still {}", bad_since(notification, notice, notice.leading().unwrap_or(notice.first)))
        }
        (DeliveryKind::Diagnosis(_), _) => {
            let bad = bad_since(notification, notice, notice.leading().unwrap_or(notice.first));
            match found(notice) {
                Some(found) => format!("{}: {}; {bad}", found_word(found), found_words(found)),
                None => bad,
            }
        }
        (DeliveryKind::Flapping(flaps), _) => {
            let since = both_clocks(flaps.since, notice.zone, now);
            let last = both_clocks(ended_at, notice.zone, now);
            format!(
                "FLAPPING: bad and good again {} times since {since}; last {was}, until {last}",
                flaps.times
            )
        }
        (_, IncidentStatus::Removed) => {
            let when = both_clocks(ended_at, notice.zone, now);
            format!("REMOVED at {when}: it is no longer declared; was {was} for {lasted}")
        }
        (DeliveryKind::Recovery | DeliveryKind::Episode, _) if let Some(records) = &notice.records => {
            let when = both_clocks(ended_at, notice.zone, now);
            let open = match records.open {
                0 => "RECOVERED",
                _ => "EASED",
            };
            format!("{open} at {when}, {}; was {was}", ago(ended_at, now))
        }
        (DeliveryKind::Recovery, _) => {
            let when = both_clocks(ended_at, notice.zone, now);
            format!("RECOVERED at {when}, {}; was {was} for {lasted}", ago(ended_at, now))
        }
        (DeliveryKind::Episode, _) => {
            let when = both_stretches(notice.opened_at, ended_at, notice.zone, now);
            format!("was {was} {when}, recovered; it lasted {lasted}")
        }
    }
}

fn why(notification: &Notification<'_>, notice: &Notice, cause: Cause) -> String {
    match (notice.blind, cause.would_be) {
        (Some(window), Some(would_be)) => {
            let when = both_stretches(window.from, window.to, notice.zone, notification.now);
            let would_be = format!("{} ({})", family_word(would_be.family()), would_be.as_str());
            format!("punctual was not listening, {when}; if no job ran then, it is {would_be}")
        }
        _ => cause.kind.meaning().to_owned(),
    }
}

fn expected(notification: &Notification<'_>, notice: &Notice) -> String {
    let schedule = line(&notice.schedule, 200);
    // Of an assertion any result would do, and without a schedule none is expected.
    let is_asserted = notice.last_run.as_ref().is_some_and(|run| run.outcome.is_some());
    let what = if is_asserted { "result" } else { "success" };
    match notice.due {
        _ if schedule.is_empty() => String::new(),
        Some(due) => {
            let due = zoned_clock(due, notice.zone, notification.now);
            format!("{what} by {due} + {}, {schedule}", notice.grace)
        }
        None => format!("{schedule}, grace {}", notice.grace),
    }
}

/// How and when a run ended, and what else its ping said.
fn ended(when: String, run: &LastRun) -> String {
    let status = run.exit_status.filter(|status| *status != 0);
    let status = status.map(|status| format!("exit status {status}"));
    let took = run.duration.map(|took| format!("took {}", span(took)));
    let source = format!("from {}", line(&run.source, 100));
    [Some(when), status, took, Some(source)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn labels(notice: &Notice) -> String {
    const MAX: usize = 32;
    let group = (!notice.group.is_empty()).then(|| format!("group={}", line(&notice.group, 100)));
    let own = notice.labels.iter().take(MAX).map(|(name, value)| format!("{name}={}", line(value, 100)));
    let more = (notice.labels.len() > MAX).then(|| "…".to_owned());
    cut(&group.into_iter().chain(own).chain(more).collect::<Vec<_>>().join(" "), 1000)
}

fn sent_because(notification: &Notification<'_>, notice: &Notice) -> String {
    let asked = match notice.responder {
        Some(number) if notice.asked_by.is_empty() => format!("responder {number}"),
        Some(_) => format!("matches {}", line(&notice.asked_by, Responder::MAX_NAME_CHARS)),
        None if !notice.emails.is_empty() => "the check's own emails".to_owned(),
        None if notice.diagnosis.is_some() => {
            "administrators are told where diagnoses need people".to_owned()
        }
        None => "default receivers".to_owned(),
    };
    match notice.repeat_interval.filter(|_| !notice.is_over()) {
        Some(interval) => {
            let next = zoned_clock(notification.now + interval, notice.zone, notification.now);
            format!("{asked}; next reminder {next}")
        }
        None => asked,
    }
}
