//! The page of all incidents: those that need somebody first, by check, and what can be said of many at once (22.7).

use std::collections::HashMap;
use std::sync::Arc;

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::App;
use super::super::act::RefusedForm;
use super::super::reply::Reply;
use super::super::viewer::Viewer;
use super::incident_filter::IncidentFilter;
use super::refused::why_not;
use super::said::{comment, many_buttons, until_when, who};
use super::{Frame, incident, page, words};
use crate::app::history::{self, HistoryPage, IncidentsAsked, PageAsked};
use crate::app::view::IncidentView;
use crate::config::Scope;
use crate::core::check::{CheckId, Definition};
use crate::core::incident::IncidentStep;
use crate::core::time::Time;
use crate::store::StoreError;

/// So many of those that are over are shown below those that are not.
const LATELY: usize = 30;

/// An incident, with what was declared of its check.
type Shown = (Arc<Definition>, IncidentView);

/// Answers `/incidents`. `refused` says why something was not done that the viewer asked for.
pub(in super::super) fn answer(
    app: &App,
    query: Option<&str>,
    (viewer, refused): (&Viewer, Option<&RefusedForm>),
) -> Reply {
    let (filter, now) = (IncidentFilter::parse(query), app.services.clock.now());
    let asked = match filter.asked(now) {
        Ok(asked) => asked,
        Err(why) => {
            let content = html! {
                h1 { "This filter says nothing" }
                @if let Some(refused) = refused { (why_not(refused)) }
                div.banner.bad role="alert" { (why) }
                (filter.form())
            };
            let frame = Frame {
                title: "Incidents – punctual",
                up: "",
                worst: None,
                lives: true,
                viewer: Some(viewer),
            };
            return page(StatusCode::BAD_REQUEST, &frame, &content);
        }
    };
    let content = html! {
        h1 { "Incidents" }
        @if let Some(refused) = refused { (why_not(refused)) }
        (filter.form())
        @match read(app, &filter, &asked) {
            Err(error) => div.banner.bad role="alert" { "They cannot be read: " (error) },
            Ok((listed, lately)) => {
                (list(viewer, &filter, &listed, now))
                @if let Some(next) = listed.next { p.pages { a href=(filter.address_before(next)) rel="next" { "Older ones" } } }
                @if let Some(lately) = lately.filter(|lately| !lately.items.is_empty()) {
                    h2 { "Over" }
                    (table(&lately.items, false, now))
                    p.small { a href=(filter.address_of("ended")) { "All that are over" } }
                }
            }
        }
    };
    let frame =
        Frame { title: "Incidents – punctual", up: "", worst: None, lives: true, viewer: Some(viewer) };
    page(refused.map_or(StatusCode::OK, |refused| refused.problem.status()), &frame, &content)
}

/// What is asked for, and where that are the newest open ones some of those that are over.
type Both = (HistoryPage<Shown>, Option<HistoryPage<Shown>>);

fn read(app: &App, filter: &IncidentFilter, asked: &IncidentsAsked) -> Result<Both, StoreError> {
    let listed = history::incidents(&app.services, asked)?;
    if !filter.is_first_of_open() {
        return Ok((listed, None));
    }
    let page = PageAsked { before: None, limit: LATELY };
    let ended = IncidentsAsked { page, ended: Some(true), ..asked.clone() };
    Ok((listed, Some(history::incidents(&app.services, &ended)?)))
}

fn list(viewer: &Viewer, filter: &IncidentFilter, listed: &HistoryPage<Shown>, now: Time) -> Markup {
    let is_open = |(_, view): &&Shown| !view.record.status.is_ended();
    let open = listed.items.iter().filter(is_open).count();
    let may_act = viewer.may(Scope::Operate) && open > 0;
    html! {
        @if listed.items.is_empty() { p.quiet { "None." } }
        @else if may_act {
            form.many method="post" action="./incidents" {
                input type="hidden" name="form" value=(viewer.form());
                input type="hidden" name="filter" value=(filter.query());
                (table(&listed.items, true, now))
                fieldset {
                    legend { "Of those that are chosen" }
                    p { label.inline {
                        input type="checkbox" name="all" value="yes";
                        " all open ones that the filter finds" @if listed.next.is_some() { ", also on other pages" }
                    } }
                    (who(viewer))
                    (comment(IncidentStep::MAX_COMMENT_BYTES))
                    (until_when())
                    (many_buttons())
                }
            }
        } @else {
            (table(&listed.items, false, now))
            @if open > 0 && viewer.may_sign_in && !viewer.is_known() {
                p.small { a href="sign-in?to=incidents" { "Sign in" } " to answer them." }
            }
        }
    }
}

/// One line for each check: what waits for somebody first, and of that what has waited longest.
fn table(items: &[Shown], may_choose: bool, now: Time) -> Markup {
    let mut places: HashMap<CheckId, usize> = HashMap::new();
    let mut by_check: Vec<Vec<&Shown>> = Vec::new();
    for item in items {
        let place = *places.entry(item.1.record.check).or_insert_with(|| {
            by_check.push(Vec::new());
            by_check.len() - 1
        });
        by_check[place].push(item);
    }
    let rank = |of_check: &Vec<&Shown>| {
        let open = of_check.iter().filter(|(_, view)| !view.record.status.is_ended());
        let waits = open.clone().any(|(_, view)| view.status.is_unanswered());
        let since = open.map(|(_, view)| view.record.opened_at).min();
        (!waits, since.is_none(), since)
    };
    by_check.sort_by_cached_key(rank);
    html! {
        table.incidents {
            thead { tr {
                th scope="col" { "Standing" } th scope="col" { "Check" } th scope="col" { "Why" }
                th scope="col" { "Began" } th scope="col" { "Ended" }
            } }
            tbody { @for of_check in &by_check { (line(of_check, may_choose, now)) } }
        }
    }
}

/// The incidents of one check.
fn line(of_check: &[&Shown], may_choose: bool, now: Time) -> Markup {
    let (definition, newest) = of_check[0];
    // By its key the script finds each again when lines came or went: what is chosen stays chosen, and nothing else is.
    let name = &definition.name;
    html! {
        tr data-key={ "line " (name) } {
            td { (standing(newest, may_choose)) }
            td {
                a.name href={ "checks/" (definition.name) } { bdi { (definition.title) } }
                @if *definition.title != *definition.name.as_str() { " " code.quiet { (definition.name) } }
                div { (words::labels(definition, "./")) }
            }
            td.why data-label="Why" {
                (newest.record.first.kind.meaning())
                @if let Some(said) = &newest.said { " " div { (incident::answered(newest, said, now)) } }
            }
            td.time data-label="Began" { (words::when(newest.record.opened_at, now)) }
            td.time data-label="Ended" { (words::when_or(newest.record.ended_at, now, "–")) }
        }
        @if let [_, others @ ..] = of_check { @if !others.is_empty() {
            tr.more data-key={ "more " (name) } { td colspan="5" { details data-key={ "others " (name) } {
                summary { (others.len()) " more of " (definition.name) }
                ul.plain { @for (_, view) in others {
                    li data-key={ "one " (view.record.id.0) } {
                        (standing(view, may_choose)) " " (view.record.first.kind.meaning()) ", began "
                        (words::when(view.record.opened_at, now))
                        @if let Some(ended) = view.record.ended_at { ", ended " (words::when(ended, now)) }
                    }
                } }
            } } }
        } }
    }
}

/// How it stands, with its number and where it can be chosen.
fn standing(view: &IncidentView, may_choose: bool) -> Markup {
    let (id, status) = (view.record.id.0, view.status.as_str());
    html! {
        @if may_choose && !view.record.status.is_ended() {
            input type="checkbox" name="incident" value=(id) data-key={ "choice " (id) } aria-label={ "Choose incident " (id) };
            " "
        }
        span class={ "standing st-" (status) } { (incident::standing_words(view.status)) }
        " " a.small href={ "incidents/" (id) } { "incident " (id) }
        @if !view.record.key.is_own() { " " code { (view.record.key) } }
    }
}
