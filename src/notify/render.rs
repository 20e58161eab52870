//! What a message says, before any receiver gives it its form (DESIGN.md §6).
//!
//! [`render`] makes a [`Text`] of the notices: a subject, and for each check a [`Card`]. Every text in it is one
//! harmless line already ([`super::text::line`]); a form only escapes its own markup. Plain text and HTML are here,
//! since mail and more than one webhook want them.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, html};

use super::Notification;
use super::text::{ago, both_clocks, both_stretches, cut, is_link, line, span, zoned_clock};
use crate::core::cause::{Cause, CauseKind, Family};
use crate::core::check::Name;
use crate::core::incident::IncidentStatus;
use crate::core::notice::{LastRun, Notice};
use crate::core::outbox::DeliveryKind;

/// How good the news is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Late or failing.
    Bad,
    /// We cannot tell.
    Unknown,
    /// It is over.
    Good,
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// `[LATE] Nightly backup`: constant for the thread.
    pub subject: String,
    /// The subject of what happened now: at a recovery `[RECOVERED] Nightly backup`. For receivers without threads.
    pub headline: String,
    /// The worst of its news.
    pub tone: Tone,
    /// What is said of many checks at once.
    pub summary: Vec<String>,
    /// What is said of one check each.
    pub cards: Vec<Card>,
    /// One line for each check beyond [`Text::MAX_CARDS`].
    pub rest: Vec<String>,
    /// Where all checks are shown; there if the message is about more than one.
    pub overview: Option<String>,
}

/// What is said of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The check's title.
    pub title: String,
    /// How good the news is.
    pub tone: Tone,
    /// `LATE (missing) since 02:30 CEST / 00:30 UTC, 4 min ago`.
    pub status: String,
    /// A label (`Expected`) and what it says; a line without a label has "".
    pub lines: Vec<(&'static str, String)>,
    /// Where to read what to do; a link that may be followed.
    pub runbook: Option<String>,
    /// The check's page.
    pub page: String,
}

impl Text {
    /// A digest says this much of so many checks, and a line of each further one.
    pub const MAX_CARDS: usize = 20;
}

/// Says in words what the notices hold.
pub fn render(notification: &Notification<'_>) -> Text {
    let notices = notification.notices;
    let checks: BTreeSet<&Name> = notices.iter().map(|notice| &notice.check).collect();
    if let [notice] = notices {
        return Text {
            subject: subject(notice),
            headline: format!("[{}] {}", word(notice), title(notice)),
            tone: tone(notice),
            summary: Vec::new(),
            cards: vec![card(notification, notice)],
            rest: Vec::new(),
            overview: None,
        };
    }
    let subject = digest_subject(notices, checks.len());
    let is_blind = |notice: &&Notice| blind_alert(notice);
    let blind: Vec<&Notice> = notices.iter().filter(is_blind).collect();
    let blind = if blind.len() > 1 { blind } else { Vec::new() };
    let is_summed_up = |notice: &&Notice| !blind.iter().any(|other| std::ptr::eq(*other, *notice));
    let mut single: Vec<&Notice> = notices.iter().filter(is_summed_up).collect();
    single.sort_by_key(|notice| tone(notice));
    let further = single.split_off(single.len().min(Text::MAX_CARDS));
    let rest = further.iter().map(|notice| format!("{}: {}", title(notice), status(notification, notice)));
    Text {
        headline: subject.clone(),
        subject,
        tone: notices.iter().map(tone).min().expect("a message has at least one member"),
        summary: blind_summary(notification, &blind).into_iter().collect(),
        cards: single.iter().map(|notice| card(notification, notice)).collect(),
        rest: rest.collect(),
        overview: Some(format!("{}/", base(notification.external_url))),
    }
}

/// The external URL without a slash at its end.
pub fn base(external_url: &str) -> &str {
    external_url.trim_end_matches('/')
}

/// Where people find a check.
pub fn page(external_url: &str, check: &Name) -> String {
    format!("{}/checks/{check}", base(external_url))
}

/// A check's title as it may stand in any message.
pub fn title(notice: &Notice) -> String {
    let title = line(&notice.title, 200);
    if title.is_empty() { notice.check.to_string() } else { title }
}

/// The word for a family of causes.
pub fn family_word(family: Family) -> &'static str {
    match family {
        Family::Late => "LATE",
        Family::Failing => "FAILING",
        Family::Unknown => "UNKNOWN",
    }
}

/// Whether this notice says that something is over.
pub fn is_over(notice: &Notice) -> bool {
    matches!(notice.kind, DeliveryKind::Recovery | DeliveryKind::Episode)
}

fn blind_alert(notice: &Notice) -> bool {
    !is_over(notice) && notice.first.kind == CauseKind::Blind && notice.blind.is_some()
}

fn tone(notice: &Notice) -> Tone {
    match (is_over(notice), notice.first.kind.family()) {
        (true, _) => Tone::Good,
        (false, Family::Unknown) => Tone::Unknown,
        (false, _) => Tone::Bad,
    }
}

/// What happened, in a word.
fn word(notice: &Notice) -> &'static str {
    match (is_over(notice), notice.incident_status) {
        (true, IncidentStatus::Removed) => "REMOVED",
        (true, _) => "RECOVERED",
        (false, _) => family_word(notice.first.kind.family()),
    }
}

/// Named after the incident's first cause, so that a thread keeps its subject.
fn subject(notice: &Notice) -> String {
    let thread = format!("[{}] {}", family_word(notice.first.kind.family()), title(notice));
    match (is_over(notice), &notice.thread) {
        (false, _) => thread,
        (true, Some(_)) => format!("Re: {thread}"),
        (true, None) => format!("[{}] {}", word(notice), title(notice)),
    }
}

fn digest_subject(notices: &[Notice], checks: usize) -> String {
    const ORDER: [&str; 5] = ["FAILING", "LATE", "UNKNOWN", "RECOVERED", "REMOVED"];
    let counts = ORDER.map(|name| (name, notices.iter().filter(|notice| word(notice) == name).count()));
    let there: Vec<&(&str, usize)> = counts.iter().filter(|(_, count)| *count > 0).collect();
    let words = match there[..] {
        [(only, _)] => (*only).to_owned(),
        _ => there.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", "),
    };
    let titles: Vec<String> = notices.iter().map(|notice| cut(&title(notice), 40)).collect();
    let checks = if checks == 1 { "1 check".to_owned() } else { format!("{checks} checks") };
    cut(&format!("[{words}] {checks}: {}", listed(&titles, 3)), 200)
}

/// The first `max` of them, and `…` if there are more.
fn listed(names: &[String], max: usize) -> String {
    let shown = names.iter().take(max).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > max { format!("{shown}, …") } else { shown }
}

/// 9.6: what was due while we were not listening is said once, not once for each check.
fn blind_summary(notification: &Notification<'_>, blind: &[&Notice]) -> Option<String> {
    let windows = || blind.iter().filter_map(|notice| notice.blind);
    let from = windows().map(|window| window.from).min()?;
    let to = windows().map(|window| window.to).max()?;
    let titles: Vec<String> = blind.iter().map(|notice| title(notice)).collect();
    let when = both_stretches(from, to, blind[0].zone, notification.now);
    let count = blind.len();
    let checks = listed(&titles, 50);
    Some(format!(
        "{count} checks were due while punctual was not listening, {when}: {checks}. Whether their jobs ran is not known."
    ))
}

fn card(notification: &Notification<'_>, notice: &Notice) -> Card {
    let is_removed = notice.incident_status == IncidentStatus::Removed;
    let mut lines = Vec::new();
    let mut say = |label, text: Option<String>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            lines.push((label, text));
        }
    };
    if !is_over(notice) {
        for cause in notice.causes.iter().filter(|cause| Some(**cause) != leading(notice)) {
            say("Also", Some(bad_since(notification, notice, *cause)));
        }
        say("Why", leading(notice).map(|cause| why(notification, notice, cause)));
    }
    say("", Some(line(&notice.description, 1000)));
    if !is_over(notice) {
        say("Expected", Some(expected(notification, notice)));
    }
    if !is_removed {
        let run = notice.last_run.as_ref();
        let success = notice.last_success.map_or_else(|| "never".to_owned(), |at| ago(at, notification.now));
        match run {
            Some(run) if run.is_success => say("Last success", Some(ended(success, run))),
            _ => say("Last success", Some(success)),
        }
        say(
            "Last run",
            run.filter(|run| !run.is_success)
                .map(|run| ended(format!("failed {}", ago(run.at, notification.now)), run)),
        );
        say("Comment", run.and_then(|run| run.comment.as_deref()).map(|comment| line(comment, 500)));
        say(
            "Log",
            notice
                .last_log
                .as_ref()
                .map(|(at, comment)| format!("{}: {}", ago(*at, notification.now), line(comment, 500))),
        );
    }
    say("Labels", Some(labels(notice)));
    let runbook = Some(notice.runbook_url.clone()).filter(|url| is_link(url));
    if runbook.is_none() {
        say("Runbook", Some(line(&notice.runbook_url, 500)));
    }
    say("Declared", Some(line(&notice.declared, 200)));
    say("Sent because", Some(sent_because(notification, notice)));
    Card {
        title: title(notice),
        tone: tone(notice),
        status: status(notification, notice),
        lines,
        runbook,
        page: page(notification.external_url, &notice.check),
    }
}

/// The cause that the thread is named after, or the oldest that is left of the others.
fn leading(notice: &Notice) -> Option<Cause> {
    let first = notice.causes.iter().find(|cause| cause.kind == notice.first.kind);
    first.or(notice.causes.first()).copied()
}

fn bad_since(notification: &Notification<'_>, notice: &Notice, cause: Cause) -> String {
    let word = family_word(cause.kind.family());
    let when = both_clocks(cause.since, notice.zone, notification.now);
    format!("{word} ({}) since {when}, {}", cause.kind.as_str(), ago(cause.since, notification.now))
}

/// The first line of everything.
fn status(notification: &Notification<'_>, notice: &Notice) -> String {
    let now = notification.now;
    let was = format!("{} ({})", family_word(notice.first.kind.family()), notice.first.kind.as_str());
    let ended_at = notice.ended_at.unwrap_or(now);
    let lasted = span(ended_at - notice.opened_at);
    match (notice.kind, notice.incident_status) {
        (DeliveryKind::Alert, _) => bad_since(notification, notice, leading(notice).unwrap_or(notice.first)),
        (DeliveryKind::Reminder, _) => {
            format!("still {}", bad_since(notification, notice, leading(notice).unwrap_or(notice.first)))
        }
        (_, IncidentStatus::Removed) => {
            let when = both_clocks(ended_at, notice.zone, now);
            format!("REMOVED at {when}: it is no longer declared; was {was} for {lasted}")
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
    match notice.due {
        Some(due) => {
            let due = zoned_clock(due, notice.zone, notification.now);
            format!("success by {due} + {}, {schedule}", notice.grace)
        }
        None => format!("{schedule}, grace {}", notice.grace),
    }
}

/// How and when a run ended, and what more its ping said of it.
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
        Some(number) => format!("responder {number}"),
        None if !notice.emails.is_empty() => "the check's own emails".to_owned(),
        None => "default receivers".to_owned(),
    };
    match notice.repeat_interval.filter(|_| !is_over(notice)) {
        Some(interval) => {
            let next = zoned_clock(notification.now + interval, notice.zone, notification.now);
            format!("{asked}; next reminder {next}")
        }
        None => asked,
    }
}

impl Text {
    /// The message as plain text; lines end with `\n`.
    pub fn plain(&self) -> String {
        let mut blocks: Vec<String> = self.summary.clone();
        let is_digest = self.overview.is_some();
        blocks.extend(self.cards.iter().map(|card| {
            let title = if is_digest { format!("{}\n", card.title) } else { String::new() };
            format!("{title}{}", card.plain())
        }));
        if !self.rest.is_empty() {
            blocks.push(self.rest.join("\n"));
        }
        blocks.extend(self.overview.as_ref().map(|url| format!("All checks: {url}")));
        blocks.join("\n\n") + "\n"
    }

    /// The message as an HTML document.
    pub fn html(&self) -> String {
        let page: Markup = html! {
            (DOCTYPE)
            html {
                head {
                    meta charset="utf-8";
                    title { (self.headline) }
                }
                body style="font-family: sans-serif; font-size: 15px; line-height: 1.4; color: #1b1b1b" {
                    @for paragraph in &self.summary {
                        p { (paragraph) }
                    }
                    @for card in &self.cards {
                        (card.html())
                    }
                    @if !self.rest.is_empty() {
                        ul {
                            @for one in &self.rest { li { (one) } }
                        }
                    }
                    @if let Some(url) = &self.overview {
                        p { a href=(url) { "All checks" } }
                    }
                }
            }
        };
        page.into_string()
    }
}

impl Card {
    /// All that it says, without its title.
    fn plain(&self) -> String {
        let mut lines = vec![self.status.clone()];
        lines.extend(self.lines.iter().map(|(label, text)| labelled(label, text)));
        lines.extend(self.runbook.as_ref().map(|url| labelled("Runbook", url)));
        lines.push(labelled("Page", &self.page));
        lines.join("\n")
    }

    fn html(&self) -> Markup {
        let colour = match self.tone {
            Tone::Bad => "#b3261e",
            Tone::Unknown => "#8a5a00",
            Tone::Good => "#1e6b34",
        };
        html! {
            div style={ "border-left: 4px solid " (colour) "; padding-left: 12px; margin: 0 0 20px" } {
                h2 dir="auto" style="font-size: 18px; margin: 0" { (self.title) }
                p style={ "margin: 4px 0; font-weight: bold; color: " (colour) } { (self.status) }
                table style="border-spacing: 0" {
                    @for (label, text) in &self.lines {
                        tr {
                            td style="padding: 1px 12px 1px 0; color: #5f5f5f; vertical-align: top" { (label) }
                            td dir="auto" style="padding: 1px 0" { (text) }
                        }
                    }
                }
                p style="margin: 6px 0" {
                    @if let Some(url) = &self.runbook {
                        a href=(url) { "Runbook" } " · "
                    }
                    a href=(self.page) { "Page" }
                }
            }
        }
    }
}

/// `Expected: …`, or the text alone where there is no label.
pub fn labelled(label: &str, text: &str) -> String {
    if label.is_empty() { text.to_owned() } else { format!("{label}: {text}") }
}

#[cfg(test)]
mod tests;
