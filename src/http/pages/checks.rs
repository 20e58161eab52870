//! The first page: all checks, those that need somebody first.

use std::sync::Arc;

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::door::Sight;
use super::super::reply::Reply;
use super::super::{App, decode, operate};
use super::incident::Answer;
use super::{banners, incident, look, page, words};
use crate::core::cause::Status;
use crate::core::check::{Definition, Name};
use crate::core::incident::IncidentStatus;
use crate::core::route::HoldReason;
use crate::core::step::View;
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::live::Check;

/// More rows are not shown: the filter finds the rest.
const MAX_ROWS: usize = 1000;
/// The longest filter, in characters.
const MAX_FILTER: usize = 200;

/// The order in which people should look.
const ORDER: [Status; 7] =
    [Status::Failing, Status::Late, Status::Unknown, Status::Grace, Status::New, Status::Up, Status::Paused];

/// A check as it is shown.
struct Row {
    check: Arc<Check>,
    view: View,
    held: Option<HoldReason>,
    answer: Option<Answer>,
    last_seen: Option<Time>,
}

impl Row {
    fn is_bad(&self) -> bool {
        matches!(self.view.status, Status::Failing | Status::Late | Status::Unknown)
    }
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
pub(in super::super) fn answer(app: &App, query: Option<&str>, sight: Sight) -> Reply {
    let now = app.clock.now();
    let fault = operate::fault(app);
    let filter = Filter::parse(query);
    let mut rows = rows(app, now);
    // Without a store that answers, this page is all there is: it does not wait for that.
    let unread = if fault.is_none() { read_answers(app, &mut rows).err() } else { None };
    let found = filter.found(&rows);
    let has_status = |row: &&&Row| filter.status.is_none_or(|status| status == row.view.status);
    let shown: Vec<&Row> = found.iter().filter(has_status).copied().collect();
    let bad = rows.iter().filter(|row| row.is_bad()).count();
    let title = if bad > 0 { format!("({bad}) punctual") } else { "punctual".to_owned() };
    let content = html! {
        h1 { (headline(&rows)) }
        (banners::banners(app, fault.as_deref(), rows.len(), now))
        @if let Some(error) = unread {
            div.banner.bad role="alert" { "Who has acknowledged what cannot be read: " (error) }
        }
        @if !rows.is_empty() {
            (totals(&filter, &found))
            (search(&filter))
            (table(app, &shown[..shown.len().min(MAX_ROWS)], now))
            @if shown.len() > MAX_ROWS {
                p.quiet { "The first " (MAX_ROWS) " of " (shown.len()) ": filter to find the others." }
            }
            @if shown.is_empty() { p.quiet { "No check matches. " a href="./" { "Show all" } } }
        }
        (unknown_names(app, sight, now))
    };
    page(StatusCode::OK, &title, "", bad == 0 && fault.is_none(), &content)
}

fn rows(app: &App, now: Time) -> Vec<Row> {
    let (as_of, mutes) = (app.as_of(), app.live.mutes());
    let row = |check: &Arc<Check>| {
        let state = check.state();
        let (view, held) = look(check, &state, (&as_of, now), &mutes);
        Row { check: check.clone(), view, held, answer: None, last_seen: state.last_seen }
    };
    let mut rows: Vec<Row> = app.live.directory().checks.iter().map(row).collect();
    let place = |row: &Row| ORDER.iter().position(|status| *status == row.view.status);
    // Stable: of one status they stay sorted by name.
    rows.sort_by_key(place);
    rows
}

/// What people said of the first rows, which are those that may be shown. Of others nobody seems to have said anything:
/// rather one who looks too often.
fn read_answers(app: &App, rows: &mut [Row]) -> Result<(), StoreError> {
    let Some(reader) = &app.history else { return Ok(()) };
    for row in rows.iter_mut().take(MAX_ROWS).filter(|row| row.is_bad()) {
        row.answer = incident::answer(reader, row.check.id)?;
    }
    Ok(())
}

fn headline(rows: &[Row]) -> String {
    let answered = |status: IncidentStatus| {
        rows.iter().filter(|row| row.answer.as_ref().is_some_and(|answer| answer.status == status)).count()
    };
    let bad = rows.iter().filter(|row| row.is_bad()).count();
    let (acknowledged, wont_fix) =
        (answered(IncidentStatus::Acknowledged), answered(IncidentStatus::WontFix));
    match (bad, rows.len()) {
        (_, 0) => "Nothing is expected to happen".to_owned(),
        (0, 1) => "The check is as it should be".to_owned(),
        (0, all) => format!("All {all} checks are as they should be"),
        (bad, _) => bad_in_words(bad - acknowledged - wont_fix, acknowledged, wont_fix),
    }
}

/// `2 checks need somebody, 1 is acknowledged`.
fn bad_in_words(unanswered: usize, acknowledged: usize, wont_fix: usize) -> String {
    let kinds = [
        (unanswered, "needs somebody", "need somebody"),
        (acknowledged, "is acknowledged", "are acknowledged"),
        (wont_fix, "is marked wont-fix", "are marked wont-fix"),
    ];
    let mut words = String::new();
    for (count, of_one, of_more) in kinds.into_iter().filter(|(count, ..)| *count > 0) {
        let said = if count == 1 { of_one } else { of_more };
        match (words.is_empty(), count) {
            (true, 1) => words = format!("1 check {said}"),
            (true, _) => words = format!("{count} checks {said}"),
            (false, _) => words.push_str(&format!(", {count} {said}")),
        }
    }
    words
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
            td.why {
                @for cause in row.view.causes.iter() { div { (words::cause(cause, now)) } }
                @if row.view.running { div.quiet { "running" } }
                @if let Some(answer) = &row.answer { (incident::label(answer, now)) }
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

fn unknown_names(app: &App, sight: Sight, now: Time) -> Markup {
    let unknown = app.unknown.list(|name| app.live.find(name).is_some());
    html! {
        @if !unknown.is_empty() {
            h2 { "Pings to names that no check has" }
            p.quiet { "They were answered 404. Declare the check, or correct the URL in its job." }
            @if sight == Sight::Outline { (words::how_to_see("Where they came from")) }
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
                        td { @if sight == Sight::All { (unknown.source) } @else { span.quiet { "an address" } } }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_counts_first_what_needs_somebody() {
        let check = |[unanswered, acknowledged, wont_fix]: [usize; 3], expected: &str| {
            assert_eq!(bad_in_words(unanswered, acknowledged, wont_fix), expected);
        };
        check([1, 0, 0], "1 check needs somebody");
        check([2, 1, 0], "2 checks need somebody, 1 is acknowledged");
        check([0, 1, 0], "1 check is acknowledged");
        check([0, 2, 2], "2 checks are acknowledged, 2 are marked wont-fix");
        check([0, 0, 1], "1 check is marked wont-fix");
    }
}
