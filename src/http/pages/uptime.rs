//! How checks have been (§25), by day, week or month: the numbers of the API and of `punctual uptime`.

use std::cmp::Ordering;
use std::sync::Arc;

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::reply::Reply;
use super::super::viewer::Viewer;
use super::super::{App, decode};
use super::bars::{self, Bar};
use super::{Frame, page, page_links, words};
use crate::app::uptime::{UptimeAsked, UptimeReport, of_these};
use crate::app::view::Moment;
use crate::core::search::Search;
use crate::core::text::shown;
use crate::core::time::{Span, Time};
use crate::core::uptime::{PartLength, TimePart, UptimePart, UptimeTally, percent};
use crate::core::zone::Zone;
use crate::store::StoreError;
use crate::store::live::Check;

/// The longest text that is looked for, in characters.
const MAX_TEXT: usize = 1000;
/// Checks on a page.
const ROWS: usize = 50;
/// Of so many checks all are read, for the sum and the order; of more those of the page.
const MAX_SUMMED: usize = 500;
/// A page reads so many flips and incidents, and those of one more check.
const MAX_READ: usize = 50_000;

/// What is asked for.
struct Asked {
    /// As it was typed.
    text: String,
    by: PartLength,
    /// Counted from 1.
    page: usize,
}

/// Of so many checks.
fn pages_of(found: usize) -> usize {
    found.div_ceil(ROWS)
}

/// The checks that are found.
struct Found {
    count: usize,
    /// All, if they are few enough to be summed up; else those of the page.
    checks: Vec<Arc<Check>>,
}

/// What is shown.
struct Shown {
    found: usize,
    sum: Option<Sum>,
    /// Those of the page; `None` in place of a report that would take too long.
    rows: Vec<(Arc<Check>, Option<UptimeReport>)>,
}

/// All of them together.
struct Sum {
    total: UptimeTally,
    /// Newest first.
    parts: Vec<UptimePart>,
    /// `None` if some of them may not be kept any more.
    incidents: Option<usize>,
}

/// Answers `/uptime`; `q` is a search as on the first page, `by` how long each bar is.
pub(in super::super) fn answer(app: &App, query: Option<&str>, viewer: &Viewer) -> Reply {
    let [text, by, number] = decode::query_values(query, ["q", "by", "page"]);
    let by = by.and_then(|by| PartLength::ALL.into_iter().find(|length| length.as_str() == by));
    let number = number.and_then(|number| number.parse().ok()).filter(|number| *number > 0);
    let asked = Asked {
        text: shown(text.unwrap_or_default().trim(), MAX_TEXT),
        by: by.unwrap_or(PartLength::Day),
        page: number.unwrap_or(1),
    };
    let (status, content) = match Search::parse(&asked.text) {
        Err(error) => (StatusCode::BAD_REQUEST, refusal(&asked, &error.to_string())),
        Ok(search) => {
            let zone = app.services.in_force.zone();
            let over = UptimeAsked::usual(app.services.as_of().at, asked.by, zone);
            match read(app, &search, &asked, &over) {
                Err(error) => (StatusCode::SERVICE_UNAVAILABLE, refusal(&asked, &error.to_string())),
                Ok(shown) => (StatusCode::OK, listed(&asked, &shown, over.whole, zone)),
            }
        }
    };
    let frame =
        Frame { title: "Uptime – punctual", up: "", worst: None, lives: false, viewer: Some(viewer) };
    page(status, &frame, &content)
}

fn refusal(asked: &Asked, why: &str) -> Markup {
    html! {
        h1 { "Uptime" }
        div.banner.bad role="alert" { (why) }
        (asked.form())
    }
}

fn find(app: &App, search: &Search, page: usize) -> Found {
    let (directory, moment) = (app.services.live.directory(), Moment::of(&app.services));
    let is_found =
        |check: &&Arc<Check>| search.is_empty() || search.finds(&check.definition, &moment.look(check).view);
    let of_page = (page - 1).saturating_mul(ROWS)..page.saturating_mul(ROWS);
    let (mut count, mut first, mut on_page) = (0, Vec::new(), Vec::new());
    for check in directory.checks.iter().filter(is_found) {
        if count < MAX_SUMMED {
            first.push(check.clone());
        }
        if of_page.contains(&count) {
            on_page.push(check.clone());
        }
        count += 1;
    }
    if count > MAX_SUMMED && page > pages_of(count) {
        return find(app, search, pages_of(count));
    }
    Found { count, checks: if count <= MAX_SUMMED { first } else { on_page } }
}

fn read(app: &App, search: &Search, asked: &Asked, over: &UptimeAsked) -> Result<Shown, StoreError> {
    let Found { count, checks } = find(app, search, asked.page);
    let reports = of_these(&app.services, &checks, over, MAX_READ)?;
    let mut rows: Vec<(Arc<Check>, Option<UptimeReport>)> = checks.into_iter().zip(reports).collect();
    if count > MAX_SUMMED {
        return Ok(Shown { found: count, sum: None, rows });
    }
    let sum = Sum::of(rows.iter().map(|(_, report)| report.as_ref()));
    rows.sort_by(|(_, one), (_, other)| worst_first(one.as_ref(), other.as_ref()));
    let before = asked.page.min(pages_of(count)).saturating_sub(1) * ROWS;
    let rows = rows.into_iter().skip(before).take(ROWS).collect();
    Ok(Shown { found: count, sum, rows })
}

/// What was not read may be worse than all others; that of which nothing was judged comes last. Else by name, as they come.
fn worst_first(one: Option<&UptimeReport>, other: Option<&UptimeReport>) -> Ordering {
    let up = |report: Option<&UptimeReport>| report.map_or(-1.0, |it| it.total.tally.up().unwrap_or(2.0));
    up(one).total_cmp(&up(other))
}

impl Sum {
    /// `None` if one of them is missing, or there are none. All are over the same parts.
    fn of<'r>(mut reports: impl Iterator<Item = Option<&'r UptimeReport>>) -> Option<Sum> {
        let first = reports.next()??;
        let mut sum = Sum {
            total: first.total.tally,
            parts: first.parts.clone(),
            incidents: first.total.incidents.map(|numbers| numbers.opened),
        };
        for report in reports {
            let report = report?;
            sum.total.add(&report.total.tally);
            let opened = report.total.incidents.map(|numbers| numbers.opened);
            sum.incidents = sum.incidents.zip(opened).map(|(sum, opened)| sum + opened);
            for (part, other) in sum.parts.iter_mut().zip(&report.parts) {
                part.tally.add(&other.tally);
                part.incidents = part.incidents.zip(other.incidents).map(|(mut sum, other)| {
                    sum.opened += other.opened;
                    sum
                });
            }
        }
        Some(sum)
    }
}

impl Asked {
    fn address(&self, by: PartLength, page: usize) -> String {
        let (by, page) = (if by == PartLength::Day { "" } else { by.as_str() }, page.to_string());
        let page = if page == "1" { "" } else { &page };
        format!("?{}", decode::query(&[("q", &*self.text), ("by", by), ("page", page)]))
    }

    fn form(&self) -> Markup {
        html! {
            form role="search" {
                input type="search" name="q" value=(self.text) maxlength=(MAX_TEXT) placeholder="group=db team!=web"
                    aria-label="Filter checks: words or /regular expressions/ in name, title, group and labels, or matchers as group=db, team=~\"a|b\"";
                @if self.by != PartLength::Day { input type="hidden" name="by" value=(self.by.as_str()); }
                button { "Filter" }
            }
            ul.totals aria-label="By what" {
                @for by in PartLength::ALL {
                    li { a href=(self.address(by, 1)) aria-current=[(self.by == by).then_some("true")] { "by " (by.as_str()) } }
                }
            }
        }
    }
}

fn listed(asked: &Asked, shown: &Shown, whole: TimePart, zone: Zone) -> Markup {
    let by = asked.by;
    html! {
        (bars::patterns())
        h1 { "Uptime" }
        (asked.form())
        p {
            "From " (part_words(whole.from, by, zone)) " until now, by the clocks of " (zone.name()) ". "
            span.quiet { "Up is good / (good + late + failing): unknown, paused and unseen are neither." }
        }
        @if shown.found == 0 { p.quiet { "No check matches." } }
        @else {
            (sum(asked, shown, zone))
            table.uptime {
                thead { tr {
                    th scope="col" { "Check" } th scope="col" { "By " (by.as_str()) }
                    th scope="col" { "Up" } th scope="col" { "Down" } th scope="col" { "Incidents" }
                } }
                tbody { @for (check, report) in &shown.rows { (line(check, report.as_ref(), by, zone)) } }
            }
            (page_links("Pages of the list", asked.page, pages_of(shown.found), |page| asked.address(by, page)))
        }
    }
}

fn sum(asked: &Asked, shown: &Shown, zone: Zone) -> Markup {
    html! {
        @match &shown.sum {
            Some(sum) if shown.found > 1 => {
                section.sum aria-label="All together" {
                    h2 { "All " (shown.found) " checks together" }
                    (drawn(&sum.parts, asked.by, zone))
                    p {
                        strong { (percent(sum.total.up())) } " up: " (bars::said(&sum.total))
                        @if let Some(incidents) = sum.incidents { " · incidents: " (incidents) }
                    }
                    (bars::legend(&sum.total))
                    details {
                        summary { "By " (asked.by.as_str()) ", as a table" }
                        (bars::table(asked.by.as_str(), sum.parts.iter().map(|part| (part_words(part.part.from, asked.by, zone), *part))))
                    }
                }
                h2 { "Each, the worst first" }
            }
            Some(sum) => (bars::legend(&sum.total)),
            None if shown.found > MAX_SUMMED => {
                p.quiet { (shown.found) " checks, by name: with a filter that finds at most " (MAX_SUMMED) " they are summed up, the worst first." }
            }
            None => p.quiet { "They have had so many changes that not all are summed up here." },
        }
    }
}

/// The newest part is at the right.
fn drawn(parts: &[UptimePart], by: PartLength, zone: Zone) -> Markup {
    let bar = |UptimePart { part, tally, incidents }: &UptimePart| {
        let opened = incidents.map_or(0, |numbers| numbers.opened);
        let incidents = if opened > 0 { format!(", incidents: {opened}") } else { String::new() };
        let (from, up, said) = (part_words(part.from, by, zone), percent(tally.up()), bars::said(tally));
        Bar { tally: Some(*tally), title: format!("{from}: {up} ({said}{incidents})") }
    };
    let bars: Vec<Bar> = parts.iter().rev().map(bar).collect();
    let worst = parts.iter().filter(|part| part.tally.down() > Span::ZERO);
    let worst = worst.max_by_key(|part| part.tally.down());
    let label = match worst {
        Some(part) => format!(
            "longest down: {}, {}",
            part_words(part.part.from, by, zone),
            bars::span(part.tally.down())
        ),
        None => "never down".to_owned(),
    };
    bars::row(&label, &bars)
}

fn line(check: &Check, report: Option<&UptimeReport>, by: PartLength, zone: Zone) -> Markup {
    let definition = &check.definition;
    html! {
        tr {
            td {
                a.name href={ "checks/" (definition.name) } { bdi { (definition.title) } }
                @if *definition.title != *definition.name.as_str() { " " code.quiet { (definition.name) } }
                div { (words::labels(definition, "uptime")) }
            }
            @match report {
                None => td colspan="4" { span.quiet { "It has had more changes than are read here: its own page has them." } },
                Some(UptimeReport { total, parts, .. }) => {
                    td.bars { (drawn(parts, by, zone)) }
                    td.number data-label="Up" { (percent(total.tally.up())) }
                    td.number data-label="Down" { (bars::span(total.tally.down())) }
                    td.number data-label="Incidents" { @match total.incidents { Some(numbers) => (numbers.opened), None => "–" } }
                }
            }
        }
    }
}

/// `Sat 2026-11-28`, `2026-11-23`, `2026-11`: how a part is called that begins then.
fn part_words(from: Time, by: PartLength, zone: Zone) -> String {
    let format = match by {
        PartLength::Day => "%a %Y-%m-%d",
        PartLength::Week => "week of %Y-%m-%d",
        PartLength::Month => "%Y-%m",
    };
    zone.local(from).format(format).to_string()
}
