//! The first page: all checks, those that need somebody first.

use std::sync::Arc;

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::reply::Reply;
use super::super::{App, decode, operate};
use super::{banners, look, page, words};
use crate::core::cause::Status;
use crate::core::check::{Definition, Name};
use crate::core::route::HoldReason;
use crate::core::step::View;
use crate::core::time::Time;
use crate::store::live::Check;

/// More rows are not shown: the filter finds the rest.
const MAX_ROWS: usize = 1000;
/// The longest filter, in characters.
const MAX_FILTER: usize = 200;

/// The order in which people should look.
const ORDER: [Status; 7] =
    [Status::Failing, Status::Late, Status::Unknown, Status::Grace, Status::New, Status::Up, Status::Paused];

/// These need somebody.
const BAD: [Status; 3] = [Status::Failing, Status::Late, Status::Unknown];

/// A check as it is shown.
struct Row {
    check: Arc<Check>,
    view: View,
    held: Option<HoldReason>,
    last_seen: Option<Time>,
}

/// What is asked for.
struct Filter {
    text: String,
    status: Option<Status>,
}

impl Filter {
    fn parse(query: Option<&str>) -> Filter {
        let [text, status] = decode::query_values(query, ["q", "status"]);
        let text = decode::shown(text.unwrap_or_default().trim().as_bytes(), MAX_FILTER);
        let status = status.and_then(|status| ORDER.into_iter().find(|known| known.as_str() == status));
        Filter { text, status }
    }

    /// Only what has the text, of whatever status.
    fn found<'r>(&self, rows: &'r [Row]) -> Vec<&'r Row> {
        let words = self.text.to_lowercase();
        let has = |row: &&Row| words.is_empty() || haystack(&row.check.definition).contains(&words);
        rows.iter().filter(has).collect()
    }

    /// The address of the same text with another status.
    fn address(&self, status: Option<Status>) -> String {
        let text = (!self.text.is_empty()).then(|| format!("q={}", decode::encoded(&self.text)));
        let status = status.map(|status| format!("status={}", status.as_str()));
        let query: Vec<String> = text.into_iter().chain(status).collect();
        if query.is_empty() { "./".to_owned() } else { format!("?{}", query.join("&")) }
    }
}

fn counts(rows: &[&Row]) -> [(Status, usize); ORDER.len()] {
    ORDER.map(|status| (status, rows.iter().filter(|row| row.view.status == status).count()))
}

fn haystack(definition: &Definition) -> String {
    let mut text = format!("{} {} {}", definition.name, definition.title, definition.group);
    for (name, value) in &definition.labels {
        text.push_str(&format!(" {name}={value}"));
    }
    text.to_lowercase()
}

/// Answers `/`.
pub(in super::super) fn answer(app: &App, query: Option<&str>) -> Reply {
    let now = app.clock.now();
    let fault = operate::fault(app);
    let filter = Filter::parse(query);
    let rows = rows(app, now);
    let found = filter.found(&rows);
    let has_status = |row: &&&Row| filter.status.is_none_or(|status| status == row.view.status);
    let shown: Vec<&Row> = found.iter().filter(has_status).copied().collect();
    let bad = rows.iter().filter(|row| BAD.contains(&row.view.status)).count();
    let title = if bad > 0 { format!("({bad}) punctual") } else { "punctual".to_owned() };
    let content = html! {
        h1 { (headline(bad, rows.len())) }
        (banners::banners(app, fault.as_deref(), rows.len(), now))
        @if !rows.is_empty() {
            (totals(&filter, &found))
            (search(&filter))
            (table(app, &shown[..shown.len().min(MAX_ROWS)], now))
            @if shown.len() > MAX_ROWS {
                p.quiet { "The first " (MAX_ROWS) " of " (shown.len()) ": filter to find the others." }
            }
            @if shown.is_empty() { p.quiet { "No check matches. " a href="./" { "Show all" } } }
        }
        (unknown_names(app, now))
    };
    page(StatusCode::OK, &title, "", bad == 0 && fault.is_none(), &content)
}

fn rows(app: &App, now: Time) -> Vec<Row> {
    let (blind, mutes) = (app.live.blind(), app.live.mutes());
    let row = |check: &Arc<Check>| {
        let known = check.known();
        let (view, held) = look(check, &known.state, now, &blind, &mutes);
        Row { check: check.clone(), view, held, last_seen: known.state.last_seen }
    };
    let mut rows: Vec<Row> = app.live.directory().checks.iter().map(row).collect();
    let place = |row: &Row| ORDER.iter().position(|status| *status == row.view.status);
    // Stable: of one status they stay sorted by name.
    rows.sort_by_key(place);
    rows
}

fn headline(bad: usize, all: usize) -> String {
    match (bad, all) {
        (_, 0) => "Nothing is expected to happen".to_owned(),
        (0, 1) => "The check is as it should be".to_owned(),
        (0, _) => format!("All {all} checks are as they should be"),
        (1, _) => "1 check needs somebody".to_owned(),
        (bad, _) => format!("{bad} checks need somebody"),
    }
}

fn totals(filter: &Filter, found: &[&Row]) -> Markup {
    let is_of_use = |(status, count): &(Status, usize)| *count > 0 || filter.status == Some(*status);
    html! {
        ul.totals aria-label="Checks by status" {
            li {
                a href=(filter.address(None)) aria-current=[filter.status.is_none().then_some("true")] {
                    b { (found.len()) } " all"
                }
            }
            @for (status, count) in counts(found).into_iter().filter(is_of_use) {
                li {
                    a href=(filter.address(Some(status))) aria-current=[(filter.status == Some(status)).then_some("true")] {
                        b { (count) } " " (words::status(status))
                    }
                }
            }
        }
    }
}

fn search(filter: &Filter) -> Markup {
    html! {
        form role="search" {
            input type="search" name="q" value=(filter.text) maxlength=(MAX_FILTER) placeholder="Name, title, group or label=value"
                aria-label="Filter checks";
            @if let Some(status) = filter.status { input type="hidden" name="status" value=(status.as_str()); }
            button { "Filter" }
        }
    }
}

fn table(app: &App, rows: &[&Row], now: Time) -> Markup {
    html! {
        @if !rows.is_empty() {
            div.scroll { table {
                thead { tr {
                    th scope="col" { "Status" } th scope="col" { "Check" } th scope="col" { "Why" }
                    th scope="col" { "Last seen" } th scope="col" { "Due" } th scope="col" { "Ping it" }
                } }
                tbody { @for row in rows { (table_row(app, row, now)) } }
            } }
        }
    }
}

fn table_row(app: &App, row: &Row, now: Time) -> Markup {
    let definition = &row.check.definition;
    let name = definition.name.as_str();
    html! {
        tr {
            td { (words::status(row.view.status)) }
            td {
                // A title may turn the direction of writing: only its own.
                a.name href={ "checks/" (name) } { bdi { (definition.title) } }
                @if definition.title != name { " " code.quiet { (name) } }
                div { (words::labels(definition)) }
            }
            td {
                @for cause in row.view.causes.iter() { div { (words::cause(cause, now)) } }
                @if row.view.running { div.quiet { "running" } }
                (words::held(row.held.as_ref(), now))
            }
            td.time { (words::when_or(row.last_seen, now, "never")) }
            td.time { (words::when_or(row.view.due, now, "–")) }
            td {
                details {
                    // Without its name, all of them would be read out as the same.
                    summary aria-label={ "curl line of " (name) } { "curl" }
                    pre { (words::curl(&app.ping_url(name), definition.ping_methods)) }
                }
            }
        }
    }
}

fn unknown_names(app: &App, now: Time) -> Markup {
    let unknown = app.unknown.list(|name| app.live.find(name).is_some());
    html! {
        @if !unknown.is_empty() {
            h2 { "Pings to names that no check has" }
            p.quiet { "They were answered 404. Declare the check, or correct the URL in its job." }
            div.scroll { table {
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Pings" } th scope="col" { "Last" }
                    th scope="col" { "From" } th scope="col" { "To declare it" }
                } }
                tbody { @for unknown in &unknown {
                    tr {
                        td { code { (unknown.name) } }
                        td { (unknown.count) }
                        td.time { (words::when(unknown.last, now)) }
                        td { (unknown.source) }
                        td {
                            @match Name::parse(&unknown.name) {
                                Ok(name) => code { "- {name: " (name) ", every: 1h}" },
                                Err(error) => span.quiet { (error) },
                            }
                        }
                    }
                } }
            } }
        }
    }
}
