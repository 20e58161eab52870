//! A canary as its users see it, made from the check's state and history.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::dialect::Dialect;
use super::python;
use crate::app::view::{CheckView, Moment};
use crate::compat::host::Host;
use crate::core::cause::{CauseKind, Causes, Family};
use crate::core::check::Alias;
use crate::core::periods::PeriodRange;
use crate::core::schedule::Schedule;
use crate::core::time::{Span, Time};
use crate::store::StoreError;
use crate::store::live::Check;

/// A canary, with the original's keys in their order.
#[derive(serde::Serialize)]
pub(super) struct Shown {
    id: String,
    name: String,
    slug: String,
    periodicity: Periodicity,
    description: String,
    emails: Vec<String>,
    paused: bool,
    /// Newest first.
    history: Vec<(String, String)>,
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    periodicity_schedule: Option<Vec<(String, String, Periodicity)>>,
}

/// A number of seconds or a text.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Periodicity {
    Seconds(f64),
    WholeSeconds(i64),
    Text(String),
}

/// Whether the ranges of a schedule are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ranges {
    Shown,
    LeftOut,
}

/// The status of a canary, without its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) late: bool,
    pub(super) paused: bool,
}

impl Standing {
    /// The status of a check now.
    pub(super) fn of(host: &dyn Host, dialect: &Dialect, check: &Check) -> Standing {
        Standing::seen(dialect, &Moment::of(host.services()).look(check))
    }

    fn seen(dialect: &Dialect, CheckView { state, view, .. }: &CheckView) -> Standing {
        let paused = state.pause.since().is_some();
        let late = match paused {
            true if dialect.pause_clears_late => false,
            true => is_late(&state.causes),
            false => is_late(&view.causes),
        };
        Standing { late, paused }
    }
}

/// Whether the check is late. While it is unknown: whether it would be late.
pub(super) fn is_late(causes: &Causes) -> bool {
    let is_late = |kind: CauseKind| kind.family() == Family::Late;
    causes.iter().any(|cause| is_late(cause.kind) || cause.would_be.is_some_and(is_late))
}

/// Shows a canary. It reads the history, so do not call this on a thread that serves requests.
pub(super) fn look(
    host: &dyn Host,
    dialect: &Dialect,
    (check, canary): (&Arc<Check>, &Alias),
    ranges: Ranges,
) -> Result<Shown, StoreError> {
    let most = usize::try_from(dialect.habits.max_events).unwrap_or(usize::MAX);
    let events = host.services().history.canary_events(check.id, most)?;
    let definition = &check.definition;
    let moment = Moment::of(host.services());
    let seen = moment.look(check);
    let standing = Standing::seen(dialect, &seen);
    let deadline = moment.as_of.promised_deadline(&definition.spec, &seen.state);
    let time = |time: Time| python::iso_time(time, dialect.zone);
    Ok(Shown {
        id: canary.id.clone(),
        name: definition.title.to_string(),
        slug: canary.slug.clone(),
        periodicity: periodicity(dialect, &definition.spec.schedule),
        description: definition.description.to_string(),
        emails: definition.emails.to_vec(),
        paused: standing.paused,
        history: events.into_iter().map(|(at, text)| (time(at), text)).collect(),
        late: standing.late,
        deadline: deadline.map(time),
        periodicity_schedule: match &definition.spec.schedule {
            Schedule::Periods(periods) if ranges == Ranges::Shown => {
                Some(periods.ranges(moment.now).iter().map(|range| shown_range(dialect, range)).collect())
            }
            _ => None,
        },
    })
}

fn shown_range(dialect: &Dialect, range: &PeriodRange) -> (String, String, Periodicity) {
    let time = |time: Time| python::iso_time(time, dialect.zone);
    let inactive = || Periodicity::Text("Inactive".to_owned());
    let period = range.period.map_or_else(inactive, |period| Periodicity::Seconds(period.as_secs_f64()));
    (time(range.start), time(range.end), period)
}

fn periodicity(dialect: &Dialect, schedule: &Schedule) -> Periodicity {
    match schedule {
        Schedule::Every(period) => seconds(dialect, *period),
        Schedule::Periods(periods) => Periodicity::Text(periods.text().to_owned()),
        // Declared in a file, with a schedule that the original does not know.
        other => Periodicity::Text(other.to_string()),
    }
}

fn seconds(dialect: &Dialect, period: Span) -> Periodicity {
    if dialect.whole_seconds && period.as_ms() % 1000 == 0 {
        Periodicity::WholeSeconds(period.as_ms() / 1000)
    } else {
        Periodicity::Seconds(period.as_secs_f64())
    }
}

/// `{"status": "ok"}` with one more key.
pub(super) struct OkWith<'a, T>(pub(super) &'a str, pub(super) T);

impl<T: Serialize> Serialize for OkWith<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("status", "ok")?;
        map.serialize_entry(self.0, &self.1)?;
        map.end()
    }
}
