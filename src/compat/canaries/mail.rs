//! Mails about canaries: plain text in the words of the system that the readers know, so that their filters and habits
//! still work. What those systems did not have (a failure, an end told with its beginning) is told in the same style.

use super::dialect::Dialect;
use crate::core::cause::{Cause, CauseKind, Family};
use crate::core::incident::IncidentStatus;
use crate::core::notice::Notice;
use crate::core::outbox::DeliveryKind;
use crate::core::time::Time;
use crate::notify::WordedMail;
use crate::notify::render::{family_word, title};
use crate::notify::text::line;

/// How much of an event's text is shown.
const MAX_EVENT_CHARS: usize = 500;

/// The mail about a canary of the system with this dialect; `None` if the notice is not about a canary.
pub(super) fn mail(notice: &Notice, dialect: &Dialect) -> Option<WordedMail> {
    let canary = notice.alias.as_ref()?;
    let Dialect { one: noun, zone, sender, .. } = *dialect;
    let name = title(notice);
    let Story { word, subject, body } = Story::of(notice, canary.deadline, zone);
    let mut text = format!("The {noun} {name} ({}) {body}.\n", canary.id);
    let is_watched = notice.incident_status != IncidentStatus::Removed;
    if let Some(next) = canary.deadline.filter(|_| notice.is_over() && is_watched) {
        let next = timestamp(next, zone);
        text.push_str(&format!("\nThe next trigger for this {noun} is due before {next}.\n"));
    }
    text.push_str(&format!("\nRecent events for this {noun}:\n\n"));
    for (at, event) in &canary.events {
        text.push_str(&format!("{:30} {}\n", timestamp(*at, zone), line(event, MAX_EVENT_CHARS)));
    }
    Some(WordedMail { sender, subject: format!("[{word}] {name} {subject}"), body: text })
}

/// What happened: a word, and the texts that follow the canary's name in the subject and in the body.
struct Story {
    word: &'static str,
    subject: String,
    body: String,
}

impl Story {
    fn of(notice: &Notice, deadline: Option<Time>, zone: &str) -> Story {
        let at = |time: Time| timestamp(time, zone);
        let ended = at(notice.ended_at.unwrap_or(notice.opened_at));
        let (was, again) = match judged(notice.first).family() {
            Family::Late => ("was late", "is reporting again"),
            Family::Failing => ("was failing", "is well again"),
            Family::Unknown => ("could not be judged", "is well again"),
            Family::Occurred => ("found something", "is well again"),
        };
        match (notice.kind, notice.incident_status) {
            (DeliveryKind::Alert | DeliveryKind::Reminder | DeliveryKind::Diagnosis(_), _) => {
                Story::bad(cause(notice), deadline, at)
            }
            (DeliveryKind::Flapping(flaps), _) => {
                let body = format!("{was} and {again}, {} times since {}", flaps.times, at(flaps.since));
                Story::new("FLAPPING", &format!("{was} and {again} many times"), body)
            }
            (_, IncidentStatus::Removed) => Story::new(
                "REMOVED",
                "is not watched any more",
                format!("is not watched any more as of {ended}"),
            ),
            (DeliveryKind::Recovery, _) => Story::new("RESUMED", again, format!("{again} as of {ended}")),
            (DeliveryKind::Episode, _) => {
                let body = format!("{was} as of {} and {again} as of {ended}", at(notice.first.since));
                Story::new("RESUMED", &format!("{was} and {again}"), body)
            }
        }
    }

    fn bad(cause: Cause, deadline: Option<Time>, at: impl Fn(Time) -> String) -> Story {
        let kind = judged(cause);
        let what = match kind {
            CauseKind::Missing | CauseKind::NeverSeen => {
                // The check may have got a later deadline since, when a pause ended.
                let missed = deadline.map_or(cause.since, |deadline| deadline.min(cause.since));
                let body = format!("was expected to report before {}", at(missed));
                return Story::new("LATE", "has not reported", body);
            }
            CauseKind::NotStarted => "has not started in time",
            CauseKind::Overrun => "is running longer than it may",
            CauseKind::TooFew => "has reported too rarely",
            CauseKind::Failed => "has reported a failure",
            CauseKind::TooMany => "has reported too often",
            CauseKind::TooShort => "has ended too soon",
            CauseKind::Overlapping => "has been started while it was running",
            CauseKind::Violated | CauseKind::RecordsViolated | CauseKind::TooManyRecords => "does not hold",
            CauseKind::Occurred => "has found something",
            CauseKind::Blind | CauseKind::Unprobed | CauseKind::Unjudgeable => "cannot be judged",
        };
        Story::new(family_word(kind.family()), what, format!("{what} as of {}", at(cause.since)))
    }

    fn new(word: &'static str, subject: &str, body: String) -> Story {
        Story { word, subject: subject.to_owned(), body }
    }
}

/// The cause that the mail tells of: the one that opened the incident, or if it has ended, one of those that remain.
fn cause(notice: &Notice) -> Cause {
    let is_first = |cause: &&Cause| cause.kind == notice.first.kind;
    *notice.causes.iter().find(is_first).or(notice.causes.first()).unwrap_or(&notice.first)
}

/// The cause without our blindness: those systems do not know that they may have missed pings.
fn judged(cause: Cause) -> CauseKind {
    cause.would_be.unwrap_or(cause.kind)
}

/// Formats a time as Python does: `2026-11-21 08:45:35.504000+00:00`, without a fraction where it is zero.
fn timestamp(time: Time, zone: &str) -> String {
    let format =
        if time.as_ms().rem_euclid(1000) == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.6f" };
    format!("{}{zone}", time.to_utc().format(format))
}

#[cfg(test)]
mod tests;
