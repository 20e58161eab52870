//! How checks have been over a time (§25). Nothing is summed up and stored: all of it reads the database, beside the writer,
//! and is to be asked aside.

use std::sync::Arc;

use super::services::Services;
use super::view::is_matched;
use crate::core::retention::Retention;
use crate::core::route::Matcher;
use crate::core::time::{Span, Time};
use crate::core::uptime::{
    PartLength, TimePart, UptimeBeginning, UptimeFlip, UptimeIncident, UptimeInterval, UptimePart,
    UptimeSeen, begin_of_parts, intervals, parts,
};
use crate::core::zone::Zone;
use crate::store::StoreError;
use crate::store::history::MAX_PAGE;
use crate::store::live::Check;

/// A page of reports reads so many flips and incidents, and those of one more check.
const MAX_ROWS_OF_A_PAGE: usize = 200_000;
/// A page of reports has so many parts, or one check.
const MAX_PARTS_OF_A_PAGE: usize = 20_000;

/// Over which time.
#[derive(Clone, Debug)]
pub struct UptimeAsked {
    /// All of it; it ends now at the latest.
    pub whole: TimePart,
    /// Its parts, if it is parted.
    pub parts: Vec<TimePart>,
}

impl UptimeAsked {
    /// What is meant where nobody says since when: days, weeks or months up to this time.
    pub fn usual(to: Time, by: PartLength, zone: Zone) -> UptimeAsked {
        let whole = TimePart { from: usual_begin(to, Some(by), zone), to };
        UptimeAsked { whole, parts: parts(whole, by, zone).unwrap_or_default() }
    }
}

/// Since when, where nobody says so: for 30 days, 12 weeks or 12 months.
pub fn usual_begin(to: Time, by: Option<PartLength>, zone: Zone) -> Time {
    match by {
        None => to - Span::mins(30 * 24 * 60),
        Some(PartLength::Day) => begin_of_parts(to, 30, PartLength::Day, zone),
        Some(length) => begin_of_parts(to, 12, length, zone),
    }
}

/// How a check has been.
#[derive(Clone, Debug)]
pub struct UptimeReport {
    pub check: Arc<Check>,
    /// Over the whole time.
    pub total: UptimePart,
    /// Over its parts, in their order.
    pub parts: Vec<UptimePart>,
    /// Newest first.
    pub intervals: Vec<UptimeInterval>,
}

/// A page of reports.
#[derive(Clone, Debug)]
pub struct UptimePage {
    /// In the order of the checks' names.
    pub reports: Vec<UptimeReport>,
    /// The name after which the next page begins, if there may be one.
    pub next: Option<String>,
}

/// Which checks.
#[derive(Clone, Debug)]
pub struct UptimeChecks {
    pub matchers: Vec<Matcher>,
    /// Only those whose names come after this text.
    pub after: String,
    pub limit: usize,
}

/// What is read, and how much of it there was.
struct Reading<'a> {
    services: &'a Services,
    whole: TimePart,
    incidents_since: Time,
    rows: usize,
}

/// How one check has been.
pub fn of_check(
    services: &Services,
    check: &Arc<Check>,
    asked: &UptimeAsked,
) -> Result<UptimeReport, StoreError> {
    Reading::of(services, asked)?.report(check, asked)
}

/// How checks have been that match.
pub fn of_checks(
    services: &Services,
    which: &UptimeChecks,
    asked: &UptimeAsked,
) -> Result<UptimePage, StoreError> {
    let mut reading = Reading::of(services, asked)?;
    let limit = which.limit.min((MAX_PARTS_OF_A_PAGE / asked.parts.len().max(1)).max(1));
    let directory = services.live.directory();
    let is_wanted = |check: &&Arc<Check>| which.matchers.is_empty() || is_matched(check, &which.matchers);
    let mut checks = directory.checks.after(&which.after).filter(is_wanted).peekable();
    let mut reports: Vec<UptimeReport> = Vec::new();
    while reports.len() < limit && reading.rows < MAX_ROWS_OF_A_PAGE {
        let Some(check) = checks.next() else { break };
        let report = reading.report(check, asked)?;
        // Those of all checks would be more than an answer can have.
        reports.push(UptimeReport { intervals: Vec::new(), ..report });
    }
    let last = reports.last().map(|report| report.check.definition.name.to_string());
    Ok(UptimePage { next: last.filter(|_| checks.peek().is_some()), reports })
}

/// How these checks have been, in their order and without intervals; `None` of those that come after so many flips and incidents
/// have been read.
pub fn of_these(
    services: &Services,
    checks: &[Arc<Check>],
    asked: &UptimeAsked,
    max_rows: usize,
) -> Result<Vec<Option<UptimeReport>>, StoreError> {
    let mut reading = Reading::of(services, asked)?;
    let report = |check| {
        let may_read = reading.rows < max_rows;
        may_read.then(|| reading.report(check, asked)).transpose()
    };
    let without_intervals = |report: UptimeReport| UptimeReport { intervals: Vec::new(), ..report };
    checks.iter().map(report).map(|read| read.map(|report| report.map(without_intervals))).collect()
}

impl Reading<'_> {
    fn of<'a>(services: &'a Services, asked: &UptimeAsked) -> Result<Reading<'a>, StoreError> {
        let incidents_since = services.history.incidents_kept_since(services.clock.now())?;
        Ok(Reading { services, whole: asked.whole, incidents_since, rows: 0 })
    }

    fn report(&mut self, check: &Arc<Check>, asked: &UptimeAsked) -> Result<UptimeReport, StoreError> {
        let seen = UptimeSeen {
            intervals: self.intervals(check)?,
            incidents: self.incidents(check)?,
            incidents_since: self.incidents_since,
        };
        Ok(UptimeReport {
            check: check.clone(),
            total: seen.over(self.whole),
            parts: asked.parts.iter().map(|part| seen.over(*part)).collect(),
            intervals: seen.intervals,
        })
    }

    fn intervals(&mut self, check: &Check) -> Result<Vec<UptimeInterval>, StoreError> {
        // Before its flips: what it says of a check without flips was so while there were none.
        let state = check.state();
        let (mut flips, mut before): (Vec<UptimeFlip>, _) = (Vec::new(), None);
        let is_whole = loop {
            let page = self.services.history.flip_times(check.id, before, MAX_PAGE)?;
            self.rows += page.len();
            before = page.last().map(|(number, _)| *number);
            let is_last = page.len() < MAX_PAGE;
            flips.extend(page.into_iter().map(|(_, flip)| flip));
            if flips.last().is_some_and(|oldest| oldest.at <= self.whole.from) {
                break false;
            }
            if is_last {
                break flips.len() < Retention::FLIPS_OF_A_CHECK as usize;
            }
        };
        let beginning = if is_whole { UptimeBeginning::of(&state, flips.last()) } else { None };
        Ok(intervals(self.whole, &flips, beginning))
    }

    /// Those that were opened or ended in the time, and perhaps others.
    fn incidents(&mut self, check: &Check) -> Result<Vec<UptimeIncident>, StoreError> {
        let (mut incidents, mut before) = (Vec::new(), None);
        loop {
            let page = self.services.history.incident_times(check.id, before, MAX_PAGE)?;
            self.rows += page.len();
            before = page.last().map(|incident| incident.id.0);
            // One ends before the next one is opened.
            let is_before =
                |oldest: &UptimeIncident| oldest.ended_at.is_some_and(|end| end < self.whole.from);
            let is_enough = page.len() < MAX_PAGE || page.last().is_some_and(is_before);
            incidents.extend(page);
            if is_enough {
                return Ok(incidents);
            }
        }
    }
}
