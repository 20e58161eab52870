//! The last thirty days of a check (22.8f): what was expected above what was, a bar for each quarter of a day.

use std::sync::Arc;

use maud::{Markup, html};

use super::super::App;
use super::bars::{self, Bar};
use crate::app::uptime::{UptimeAsked, UptimeReport, of_check};
use crate::core::cause::CauseKind;
use crate::core::schedule::Occurrences;
use crate::core::step::View;
use crate::core::time::{Span, Time};
use crate::core::uptime::{PartLength, TimePart, UptimeKind, UptimeTally, percent};
use crate::core::zone::Zone;
use crate::store::StoreError;
use crate::store::live::Check;

/// A day has so many bars.
const BARS_OF_A_DAY: i64 = 4;
/// What is due more often is not drawn: its marks would be one line.
const MAX_DUES: usize = 125;
/// A time that goes by changes the page so often, and what happens at once (22.9c).
const STEP_MS: i64 = 3_600_000;
/// The marks of what was due are above the bars, in px.
const DUE_HEIGHT: i64 = 8;
/// Above the bars, in px.
const TOP: i64 = DUE_HEIGHT + 3;

/// The section of it.
pub(super) fn timeline(app: &App, check: &Arc<Check>, view: &View) -> Markup {
    let zone = app.services.in_force.zone();
    let read = up_to(app, check)
        .and_then(|to| of_check(&app.services, check, &UptimeAsked::usual(to, PartLength::Day, zone)));
    html! {
        section.timeline aria-label="The last 30 days" {
            h2 { "The last 30 days" }
            @match read {
                Ok(report) => (drawn(&report, view, zone)),
                Err(error) => div.banner.bad role="alert" { "The history cannot be read: " (error) },
            }
        }
    }
}

/// Up to the beginning of this hour, or to the newest flip: what happened is drawn at once.
fn up_to(app: &App, check: &Check) -> Result<Time, StoreError> {
    let as_of = app.services.as_of().at;
    let hour = Time::from_ms(as_of.as_ms() - as_of.as_ms().rem_euclid(STEP_MS));
    let newest = app.services.history.flip_times(check.id, None, 1)?;
    // A moment later, also where that is yet to come: the time up to which is counted has no part of it, and a page that is asked
    // for in the very millisecond of a flip is the same afterwards.
    Ok(newest.first().map_or(hour, |(_, flip)| hour.max(flip.at + Span::ms(1))))
}

fn drawn(report: &UptimeReport, view: &View, zone: Zone) -> Markup {
    let definition = &report.check.definition;
    let days = days(report, zone);
    let bars: Vec<Bar> = days.iter().flat_map(|day| quarters(*day, report, zone)).collect();
    let total = &report.total.tally;
    // 1.6: what cannot be judged is asked for nothing.
    let is_judged = !view.causes.has(CauseKind::Unjudgeable);
    let occurrences = definition.spec.schedule.occurrences().filter(|_| is_judged);
    let dues = occurrences.and_then(|it| Some((it.zone, due_times(it, &days, report.total.part.to)?)));
    let label = format!("Timeline: {}", bars::said(total));
    let by_month = format!("../uptime?by=month&q=check%3D{}", definition.name);
    html! {
        p { (summary(report)) }
        div.timeline {
            svg.bars width="100%" height=(TOP + bars::HEIGHT) role="img" aria-label=(label) shape-rendering="crispEdges" {
                (marks(dues.as_ref(), &days))
                (bars::several(&bars, TOP))
            }
            (now(view))
        }
        (legend(dues.is_some(), report))
        details data-key="by day" {
            summary { "Day by day, as a table" }
            (bars::table("Day", report.parts.iter().map(|part| (day_words(part.part.from, zone), *part))))
        }
        p.small { a href=(by_month) { "By month" } }
    }
}

/// `Up 99.21 % of the last 30 days: late 2h 0m, good …; 3 incidents.`
fn summary(report: &UptimeReport) -> Markup {
    let tally = &report.total.tally;
    html! {
        @match tally.up() {
            Some(up) => { "Up " strong { (percent(Some(up))) } ": " (bars::said(tally)) }
            None => { "Nothing of them was judged." }
        }
        @if let Some(incidents) = report.total.incidents.filter(|incidents| incidents.opened > 0) {
            " · " (incidents.opened) @if incidents.opened == 1 { " incident" } @else { " incidents" }
        }
    }
}

fn day_words(time: Time, zone: Zone) -> String {
    zone.local(time).format("%a %Y-%m-%d").to_string()
}

/// All of each day that the report has a part of, oldest first.
fn days(report: &UptimeReport, zone: Zone) -> Vec<TimePart> {
    let whole_day = |part: TimePart| {
        let date = zone.local(part.from).date_naive();
        let to = date.succ_opt().map_or(part.to, |next| zone.start_of_day(next));
        TimePart { from: zone.start_of_day(date), to: to.max(part.to) }
    };
    report.parts.iter().rev().map(|part| whole_day(part.part)).collect()
}

/// The bars of a day.
fn quarters(day: TimePart, report: &UptimeReport, zone: Zone) -> impl Iterator<Item = Bar> {
    let (length, end) = (day.to - day.from, report.total.part.to);
    let moment = move |number: i64| day.from + Span::ms(length.as_ms() * number / BARS_OF_A_DAY);
    (0..BARS_OF_A_DAY).map(move |number| {
        let part = TimePart { from: moment(number), to: moment(number + 1).min(end) };
        let tally = (part.from < part.to).then(|| UptimeTally::of(part, &report.intervals));
        let [from, to] = [part.from, part.to].map(|time| zone.local(time).format("%H:%M").to_string());
        let said = tally.as_ref().map(bars::said).unwrap_or_default();
        Bar { tally, title: format!("{}, {from} to {to}: {said}", day_words(day.from, zone)) }
    })
}

/// How it is now, however short that has been.
fn now(view: &View) -> Markup {
    let kind = UptimeKind::of(view.status);
    let cause = view.causes.iter().next();
    let why = cause.map(|cause| format!(": {}, since {}", cause.kind.meaning(), cause.since));
    let title = format!("now {}{}", view.status.as_str(), why.unwrap_or_default());
    html! {
        svg.now width="14" height=(TOP + bars::HEIGHT) role="img" aria-label=(title) shape-rendering="crispEdges" {
            g { title { (title) } (bars::piece(kind, ("0", "14"), (TOP, bars::HEIGHT))) }
        }
    }
}

/// When something was due by the schedule that is declared now, oldest first; `None` if it is due more often than can be drawn, or
/// at no time of its own.
fn due_times(occurrences: &Occurrences, days: &[TimePart], end: Time) -> Option<Vec<Time>> {
    let begin = days.first()?.from;
    let before = |time: Time| occurrences.prev_before(time).filter(|due| *due >= begin);
    let mut dues: Vec<Time> =
        std::iter::successors(before(end), |due| before(*due)).take(MAX_DUES + 1).collect();
    dues.reverse();
    (!dues.is_empty() && dues.len() <= MAX_DUES).then_some(dues)
}

/// When it was due, by which clocks.
fn marks(dues: Option<&(Zone, Vec<Time>)>, days: &[TimePart]) -> Markup {
    html! {
        @if let Some((zone, dues)) = dues {
            @for due in dues.iter().copied() {
                @let said = format!("due {} {}", zone.local(due).format("%a %Y-%m-%d %H:%M"), zone.abbreviation(due));
                rect.due x=(bars::share(place(due, days), days.len())) y="0" width="3" height=(DUE_HEIGHT) { title { (said) } }
            }
        }
    }
}

/// Where a time is, in days.
fn place(time: Time, days: &[TimePart]) -> f64 {
    let number = days.partition_point(|day| day.to <= time);
    let Some(day) = days.get(number) else { return days.len() as f64 };
    let length = (day.to - day.from).as_secs_f64();
    number as f64 + ((time - day.from).as_secs_f64() / length).clamp(0.0, 1.0)
}

fn legend(has_dues: bool, report: &UptimeReport) -> Markup {
    html! {
        (bars::legend(&report.total.tally))
        p.small.quiet {
            "Four bars for each day, and at the end how it is now."
            @if has_dues { " Above them: when it was due, by the schedule that is declared now." }
        }
    }
}
