//! The first page: all checks, those that need somebody first.

use std::collections::BTreeMap;

use hyper::StatusCode;
use hyper::header::IF_NONE_MATCH;
use maud::{Markup, html};

use super::super::App;
use super::super::kept::Rendering;
use super::super::reply::{self, Reply};
use super::super::viewer::Viewer;
use super::super::visit::Visit;
use super::filter::Filter;
use super::incident;
use super::list::{CheckRow, List, Part};
use super::{Frame, banners, make, marks, page, page_links, words};
use crate::app::view::{IncidentView, Moment};
use crate::app::{Room, health};
use crate::core::cause::Status;
use crate::core::time::Time;
use crate::store::StoreError;

/// So many are on a page.
const ROWS: usize = 300;

/// A row on the page, and what somebody said of it.
type Shown<'r> = (&'r CheckRow, Option<IncidentView>);

/// Answers `/`. What all see is rendered once for many; who looks at it stands around that (22.9a).
pub(in super::super) async fn answer(visit: Visit<'_>, viewer: Viewer) -> Reply {
    let (app, uri) = (visit.app.clone(), visit.parts.uri.clone());
    let asks_again = visit.parts.headers.contains_key(IF_NONE_MATCH);
    let render = visit.app.services.aside(visit.room_or(Room::Pages), move || render(&app, uri.query()));
    let page = (visit.parts.uri.to_string(), visit.user.is_some());
    match visit.app.kept.get(page, asks_again, &visit.app.services.clock, render).await {
        Ok(rendering) => make(visit, move |_| around(&rendering, &viewer)).await,
        Err(bug) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{bug}\n")),
    }
}

fn around(rendering: &Rendering, viewer: &Viewer) -> Reply {
    let Rendering { status, title, worst, content } = rendering;
    let frame = Frame { title, up: "", worst: *worst, lives: true, viewer: Some(viewer) };
    page(*status, &frame, content)
}

/// The checks that are asked for, the same for everybody.
fn render(app: &App, query: Option<&str>) -> Rendering {
    let filter = match Filter::parse(query) {
        Ok(filter) => filter,
        Err((filter, why)) => return refusal(&filter, &why),
    };
    let now = app.services.clock.now();
    let fault = health::fault(&app.services);
    let limit = filter.page.saturating_mul(ROWS);
    let List { all, found, wanted, needing, rows } =
        List::of(&filter, &Moment::of(&app.services), &app.services.live, limit);
    let pages = wanted.all.div_ceil(ROWS).max(1);
    let number = filter.page.min(pages);
    let on_page = &rows[(number - 1) * ROWS..];
    // Without a store that answers, this page is all there is: it does not wait for that.
    let answers = if fault.is_none() { read_answers(app, on_page) } else { Ok(Vec::new()) };
    let (answers, unread) = answers.map_or_else(|error| (Vec::new(), Some(error)), |answers| (answers, None));
    let shown: Vec<Shown<'_>> =
        on_page.iter().zip(answers.into_iter().chain(std::iter::repeat_with(|| None))).collect();
    let is_well = fault.is_none() && health::refusing(&app.services).is_none();
    let content = html! {
        h1 { (wanted.in_words(filter.is_all())) }
        (banners::banners(app, fault.as_deref(), all, now))
        @if let Some(error) = unread {
            div.banner.bad role="alert" { "Who has acknowledged what cannot be read: " (error) }
        }
        @if all > 0 {
            (filter.totals(&found))
            (filter.form())
            @if wanted.all > 1 { (filter.orders()) }
            @for part in Part::ALL { (section(app, &filter, part, &shown, now)) }
            (page_links("Pages of the list", number, pages, |page| filter.address(filter.status, page)))
            @if wanted.all == 0 { p.quiet { "No check matches. " a href="./" { "Show all" } } }
        }
        (banners::new_database(app, now))
    };
    let worst = needing.keys().next().copied();
    let worst = if is_well { worst.unwrap_or(Status::Up) } else { Status::Failing };
    Rendering { status: StatusCode::OK, title: title(is_well, &needing), worst: Some(worst), content }
}

/// `(1 failing, 3 late) punctual`: what needs somebody, to be read in a tab.
fn title(is_well: bool, needing: &BTreeMap<Status, usize>) -> String {
    let own = (!is_well).then(|| "unwell".to_owned());
    let counts = needing.iter().map(|(status, count)| format!("{count} {}", status.as_str()));
    let said: Vec<String> = own.into_iter().chain(counts).collect();
    if said.is_empty() { "punctual".to_owned() } else { format!("({}) punctual", said.join(", ")) }
}

/// What was asked for is nothing that is known here.
fn refusal(filter: &Filter, why: &str) -> Rendering {
    let content = html! {
        h1 { "This filter says nothing" }
        div.banner.bad role="alert" { (why) }
        (filter.form())
        p { a href="./" { "Show all" } }
    };
    let title = "No such filter – punctual".to_owned();
    Rendering { status: StatusCode::BAD_REQUEST, title, worst: None, content }
}

/// What people said of the incidents of these rows, in their order.
fn read_answers(app: &App, rows: &[CheckRow]) -> Result<Vec<Option<IncidentView>>, StoreError> {
    let answered = app.services.live.answered();
    let stands = |incident: &IncidentView| !incident.status.is_unanswered();
    let answer = |row: &CheckRow| match row.answered {
        Some(_) => Ok(IncidentView::open(&app.services.history, &answered, row.check.id)?.filter(stands)),
        None => Ok(None),
    };
    rows.iter().map(answer).collect()
}

fn section(app: &App, filter: &Filter, part: Part, shown: &[Shown<'_>], now: Time) -> Markup {
    let rows: Vec<&Shown<'_>> = shown.iter().filter(|(row, _)| row.part() == part).collect();
    let is_alone = rows.len() == shown.len();
    html! {
        @if !rows.is_empty() {
            section aria-label=(part.title()) data-key=(part.title()) {
                @if !is_alone || part == Part::Aside { h2 { (part.title()) } }
                table.checks {
                    thead { tr {
                        th scope="col" { "Status" } th scope="col" { "Check" } th scope="col" { "Why" }
                        th scope="col" { "Last seen" } th scope="col" { "Due" } th scope="col" { "Ping it" }
                    } }
                    @if part == Part::Rest { (in_sections(app, filter, &rows, now)) }
                    @else { tbody { @for (row, answer) in rows { (table_row(app, row, answer.as_ref(), now)) } } }
                }
            }
        }
    }
}

/// A body of the table for each section; they are sorted by it. Its name leads to all checks that have it.
fn in_sections(app: &App, filter: &Filter, rows: &[&Shown<'_>], now: Time) -> Markup {
    let name = |shown: &&Shown<'_>| shown.0.section().to_owned();
    let label = filter.sorting.label();
    let has_some = rows.iter().any(|shown| !name(shown).is_empty());
    html! {
        @for of_section in rows.chunk_by(|one, other| name(one) == name(other)) {
            tbody {
                @if has_some {
                    @let name = name(&of_section[0]);
                    tr.group { th scope="rowgroup" colspan="6" {
                        @if name.is_empty() { "No " (label) }
                        @else {
                            a.section href={ "./" (words::search_for(label, &name)) } { bdi { (name) } }
                            " " a.small href={ "uptime" (words::search_for(label, &name)) } { "uptime" }
                        }
                    } }
                }
                @for (row, answer) in of_section { (table_row(app, row, answer.as_ref(), now)) }
            }
        }
    }
}

fn table_row(app: &App, row: &CheckRow, answer: Option<&IncidentView>, now: Time) -> Markup {
    let definition = &row.check.definition;
    let name = definition.name.as_str();
    html! {
        tr data-key=(name) {
            td { (words::status(row.view.status)) }
            td {
                // A title may turn the direction of writing: only its own.
                a.name href={ "checks/" (name) } { bdi { (definition.title) } }
                @if *definition.title != *name { " " code.quiet { (name) } }
                div { (words::labels(definition, "./")) }
                (marks::in_a_row(&row.results, &definition.spec.schedule, now))
            }
            td.why data-label="Why" {
                @for cause in row.view.causes.iter() { div { (words::cause(cause, now)) } }
                @if row.view.running { div.quiet { "running" } }
                @if let Some(answer) = answer { (incident::label(answer, now)) }
                (words::held(row.held.as_ref(), "checks/", now))
            }
            td.time data-label="Last seen" { (words::when_or(row.last_seen, now, "never")) }
            td.time data-label="Due" { (words::when_or(row.view.due, now, "–")) }
            td.ping {
                details {
                    // Without its name, all of them would be read out as the same.
                    @if definition.spec.assert.is_some() {
                        summary aria-label={ "how " (name) " is reported" } { "report" }
                        pre { "punctual report " (name) " --holds" }
                    } @else {
                        summary aria-label={ "curl line of " (name) } { "curl" }
                        pre { (words::curl(&app.ping_url(name), definition.ping_methods)) }
                    }
                }
            }
        }
    }
}
