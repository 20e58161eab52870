//! The records of a check (§18): what violates what it asserts, one by one, and what can be said of those that are chosen.

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::reply::Reply;
use super::super::viewer::Viewer;
use super::super::{App, decode};
use super::said::{comment, many_buttons, until_when, who};
use super::{Frame, incident, page, words};
use crate::config::Scope;
use crate::core::assertion::Remember;
use crate::core::check::Definition;
use crate::core::incident::{IncidentStatus, IncidentStep};
use crate::core::record::{OccurrenceTotals, RecordTotals};
use crate::core::state::State;
use crate::core::text::{begun, shown};
use crate::core::time::Time;
use crate::store::history::{OpenRecord, RecordsWanted};
use crate::store::live::Check;

/// Records on a page.
const ROWS: usize = 100;
/// The longest text that is looked for, in characters.
const MAX_TEXT: usize = 300;
/// So much of a record's details is shown, in characters.
const MAX_DETAILS: usize = 300;

/// Answers `/checks/{name}/records`; `q` is a part of the key or title, and `after` leads to the next page.
pub(super) fn answer(app: &App, check: &Check, query: Option<&str>, viewer: &Viewer) -> Reply {
    let [text, after] = decode::query_values(query, ["q", "after"]);
    let text = shown(text.unwrap_or_default().trim(), MAX_TEXT);
    let wanted = RecordsWanted {
        after: after.unwrap_or_default().into_owned(),
        search: text.clone(),
        limit: ROWS + 1,
        ..RecordsWanted::default()
    };
    let (definition, now) = (&check.definition, app.services.clock.now());
    let (totals, remember) = (check.known().state.records(), definition.spec.remembers());
    let read = app.services.history.records(check.id, &wanted);
    let content = html! {
        p.small { a href={ "../" (definition.name) } { bdi { (definition.title) } } }
        h1 { "Records of " (definition.title) }
        p { (how_many(totals)) }
        @if let Some(remember) = remember { p.quiet { "What was told is remembered, and not told again: " (remembered(remember)) "." } }
        form method="get" action="./records" role="search" {
            p { label { "Key or title " input type="search" name="q" value=(text) maxlength=(MAX_TEXT); } " "
                button type="submit" { "Find" } }
        }
        @match &read {
            Err(error) => div.banner.bad role="alert" { "They cannot be read: " (error) },
            Ok(records) => (list((viewer, remember), &records[..records.len().min(ROWS)], now)),
        }
        @if let Ok(records) = &read && records.len() > ROWS {
            p.pages { a rel="next" href={ "./records?" (decode::query(&[("q", &text), ("after", records[ROWS - 1].key.as_str())])) } { "Next" } }
        }
    };
    let title = format!("Records of {} – punctual", definition.title);
    let frame = Frame { title: &title, up: "../../", worst: None, lives: true, viewer: Some(viewer) };
    let status = if read.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    page(status, &frame, &content)
}

/// Where a check's records are, on its own page.
pub(super) fn link(definition: &Definition, state: &State) -> Markup {
    let totals = state.records();
    let had_any = definition.spec.max_records().is_some() && totals != RecordTotals::default();
    html! { @if had_any { p { a href={ (definition.name) "/records" } { "Records" } ": " (how_many(totals)) } } }
}

fn remembered(remember: Remember) -> String {
    match remember {
        Remember::For(span) => format!("for {span}"),
        Remember::Forever => "for ever".to_owned(),
    }
}

fn how_many(totals: RecordTotals) -> String {
    match (totals.open, totals.wont_fix) {
        // What occurred is not open: it is remembered.
        (0, _) if totals.occurrences != OccurrenceTotals::default() => {
            let OccurrenceTotals { remembered, occurred, .. } = totals.occurrences;
            format!("{remembered} remembered, {occurred} occurred so far.")
        }
        (0, _) => "None is open.".to_owned(),
        (open, 0) => format!("{open} open."),
        (open, marked) => format!("{open} open, of which nobody wants to hear of {marked}."),
    }
}

fn list((viewer, remember): (&Viewer, Option<Remember>), records: &[OpenRecord], now: Time) -> Markup {
    let table = |may_choose| table((records, remember), may_choose, now);
    let may_act = viewer.may(Scope::Operate) && !records.is_empty();
    html! {
        @if records.is_empty() { p.quiet { "None." } }
        @else if may_act {
            form.many method="post" action="../../incidents" {
                input type="hidden" name="form" value=(viewer.form());
                (table(true))
                fieldset {
                    legend { "Of those that are chosen" }
                    (who(viewer))
                    (comment(IncidentStep::MAX_COMMENT_BYTES))
                    (until_when())
                    (many_buttons())
                }
            }
        } @else { (table(false)) }
    }
}

fn table((records, remember): (&[OpenRecord], Option<Remember>), may_choose: bool, now: Time) -> Markup {
    html! {
        table.incidents {
            thead { tr {
                th scope="col" { "Standing" } th scope="col" { "Record" } th scope="col" { "Details" }
                th scope="col" { @if remember.is_some() { "Occurred" } @else { "Began" } }
                @if remember.is_some() { th scope="col" { "Remembered until" } }
            } }
            tbody { @for record in records { (line((record, remember), may_choose, now)) } }
        }
    }
}

fn line((record, remember): (&OpenRecord, Option<Remember>), may_choose: bool, now: Time) -> Markup {
    let OpenRecord { key, title, details, labels, incident: id, status, opened_at, begun: times, .. } =
        record;
    html! {
        tr data-key={ "record " (id.0) } {
            td {
                @if may_choose {
                    input type="checkbox" name="incident" value=(id.0) data-key={ "choice " (id.0) }
                        aria-label={ "Choose incident " (id.0) };
                    " "
                }
                (standing(*status, record.occurred_at.is_some()))
                " " a.small href={ "../../incidents/" (id.0) } { "incident " (id.0) }
            }
            td {
                bdi { (title) }
                @if title != key.as_str() { " " code.quiet { (key) } }
                @for (name, value) in labels.iter() { " " span.label { (name) "=" bdi { (value) } } }
            }
            td.why data-label="Details" {
                (begun(details, MAX_DETAILS))
                @if *times > 1 { " " span.quiet { "(begun " (times) " times)" } }
            }
            td.time data-label={ @if remember.is_some() { "Occurred" } @else { "Began" } } { (words::when(*opened_at, now)) }
            @if let Some(remember) = remember {
                td.time data-label="Remembered until" {
                    @match record.occurred_at {
                        Some(at) => (words::when_or(remember.until(at), now, "for ever")),
                        None => span.quiet { "–" }
                    }
                }
            }
        }
    }
}

fn standing(status: IncidentStatus, is_occurrence: bool) -> Markup {
    let words = match status {
        IncidentStatus::Open if is_occurrence => "occurred",
        other => incident::standing_words(other),
    };
    html! { span class={ "standing st-" (status.as_str()) } { (words) } }
}
