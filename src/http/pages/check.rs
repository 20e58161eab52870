//! The page of one check.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION, X_CONTENT_TYPE_OPTIONS};
use maud::{Markup, html};

use super::super::act::RefusedForm;
use super::super::reply::{self, Reply};
use super::super::viewer::Viewer;
use super::super::{App, decode};
use super::acts::{ActedOn, acts};
use super::declared::declared;
use super::history::{PingsShown, history, last_source, who_paused};
use super::incident::{incident, read};
use super::refused::why_not;
use super::timeline::timeline;
use super::{Frame, banners, bars, how_to_ping, marks, outputs, page, records, runs, words};
use crate::app::Audience;
use crate::app::view::{CheckView, Moment};
use crate::config::reach;
use crate::core::cause::{CauseKind, Status};
use crate::core::check::{Definition, PingKind};
use crate::core::route::is_own_receiver;
use crate::core::state::State;
use crate::core::step::View;
use crate::core::time::{Span, Time};
use crate::core::zone::Zone;
use crate::store::live::Check;

/// So many of the next due times are shown.
const NEXT_DUES: usize = 5;

/// Answers `/checks/{name}`; `?before=` leads to older pings, `?body=` to a ping's body. `refused` says why something was not
/// done that the viewer asked for.
pub(in super::super) fn answer(
    app: &App,
    name: &str,
    query: Option<&str>,
    (viewer, refused): (&Viewer, Option<&RefusedForm>),
) -> Reply {
    let (name, is_of_records) = name.strip_suffix("/records").map_or((name, false), |name| (name, true));
    let Some(check) = app.services.live.find(name) else {
        return none(viewer, refused);
    };
    if is_of_records && refused.is_none() {
        return records::answer(app, &check, query, viewer);
    }
    let canonical = check.definition.name.as_str();
    // What is refused is shown where it was asked for: the other address would not say why.
    if canonical != name && refused.is_none() {
        let mut reply = reply::text(StatusCode::FOUND, format!("it is named {canonical} now\n"));
        let location = HeaderValue::from_str(canonical).expect("a name is plain text");
        reply.headers_mut().insert(LOCATION, location);
        return reply;
    }
    let [before, body] =
        decode::query_values(query, ["before", "body"]).map(|value| value?.parse::<u64>().ok());
    if let Some(seq) = body {
        return ping_body(app, &check, seq);
    }
    let moment = Moment::of(&app.services);
    let now = moment.now;
    let CheckView { state, view, held } = moment.look(&check);
    let definition = &check.definition;
    let whole = if state.causes.is_empty() { Ok(None) } else { read(app, check.id) };
    let open = whole.as_ref().ok().and_then(Option::as_ref).map(|(incident, _)| incident);
    let on = ActedOn { definition, state: &state, incident: open, held: held.as_ref() };
    let content = html! {
        (bars::patterns())
        p.small { a href="../" { "All checks" } }
        h1 { (definition.title) }
        @if let Some(refused) = refused { (why_not(refused)) }
        (banners::held(app))
        (banners::as_of(app, now))
        (stands(&view, now))
        (promise(definition, &state, &view, now))
        (marks::marks(&state.results, &definition.spec.schedule, now))
        (marks::how_many_failed(&state.results))
        (incident(&whole, view.paused, now))
        (records::link(definition, &state))
        p.small { a href={ "../incidents?standing=all&check=" (definition.name) } { "All its incidents" } }
        (words::held(held.as_ref(), "", now))
        (acts(viewer, &on, now))
        @if !definition.description.is_empty() { p.lines { (definition.description) } }
        (facts(&state, &view, last_source(app, check.id).as_deref(), now))
        @if state.pause.at_run_time.is_some() { (who_paused(app, check.id)) }
        @match before {
            Some(seq) => (history(app, check.id, PingsShown::Before(seq), now)),
            None => (happened(app, &check, &view, now)),
        }
        h2 { "Declared" }
        (declared(app, definition))
        (next_dues(definition, &state, &view, now))
        h2 { "Who is told" }
        (told(&app.services.in_force.audience(), definition))
        (how_to_ping::section(app, definition))
    };
    let is_bad = view.status <= Status::Unknown;
    let status = if is_bad { format!("({}) ", view.status.as_str()) } else { String::new() };
    let title = format!("{status}{} – punctual", definition.title);
    let frame =
        Frame { title: &title, up: "../", worst: Some(view.status), lives: true, viewer: Some(viewer) };
    page(refused.map_or(StatusCode::OK, |refused| refused.problem.status()), &frame, &content)
}

fn none(viewer: &Viewer, refused: Option<&RefusedForm>) -> Reply {
    let content = html! {
        h1 { "No such check" }
        @if let Some(refused) = refused { (why_not(refused)) }
        p { a href="../" { "All checks" } }
    };
    let frame = Frame { title: "No such check", up: "../", worst: None, lives: false, viewer: Some(viewer) };
    let status = refused.map_or(StatusCode::NOT_FOUND, |refused| refused.problem.status());
    page(status, &frame, &content)
}

/// What happened to it.
fn happened(app: &App, check: &Arc<Check>, view: &View, now: Time) -> Markup {
    // That they cannot be read is said where they all are.
    let pings = app.services.history.pings(check.id, None, runs::LOOKED_AT).unwrap_or_default();
    let shown = if runs::are_in(&pings) { PingsShown::Folded } else { PingsShown::Newest };
    html! {
        (timeline(app, check, view))
        (outputs::outputs(app, check.id, &pings, now))
        (runs::runs(&pings, now))
        (history(app, check.id, shown, now))
    }
}

/// The body as it came: any bytes, shown as text and as nothing else.
fn ping_body(app: &App, check: &Check, seq: u64) -> Reply {
    match app.services.history.body(check.id, seq) {
        Ok(Some(body)) => {
            let mut reply = reply::text(StatusCode::OK, String::from_utf8_lossy(&body).into_owned());
            reply.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            reply
        }
        Err(error) => reply::text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        Ok(None) => reply::text(StatusCode::NOT_FOUND, "this body is not kept any more\n"),
    }
}

/// How it is, and why.
pub(super) fn stands(view: &View, now: Time) -> Markup {
    html! {
        p { (words::status(view.status)) @if view.running { span.quiet { " · running" } } }
        @for cause in view.causes.iter() { p { (words::cause(cause, now)) } }
    }
}

pub(super) fn facts(state: &State, view: &View, last_source: Option<&str>, now: Time) -> Markup {
    html! {
        dl {
            dt { "Last seen" }
            dd {
                (words::when_or(state.last_seen, now, "never"))
                @if let Some(source) = last_source { " from " (source) }
            }
            dt { "Last success" } dd { (words::when_or(state.last(PingKind::Success), now, "never")) }
            @if let Some(failed) = state.last(PingKind::Fail) { dt { "Last failure" } dd { (words::when(failed, now)) } }
            @if let Some(duration) = state.last_duration { dt { "Last duration" } dd { (duration) } }
            @if let Some(status) = state.last_exit_status { dt { "Last exit status" } dd { (status) } }
            @if let Some(due) = view.due {
                dt { @if due > now { "Next due" } @else { "Was due" } }
                dd { (words::when(due, now)) }
            }
            @if let Some(deadline) = view.deadline { dt { "Late after" } dd { (words::when(deadline, now)) } }
            @for run in &state.runs {
                dt { "Running" }
                dd {
                    (words::lasting(run.start, now))
                    @if let Some(rid) = &run.rid { ", rid " code { (rid.as_str()) } }
                }
            }
            @if let Some(paused) = state.pause.by_file { dt { "Paused" } dd { "by its file, " (words::lasting(paused, now)) } }
            @if let Some(paused) = state.pause.at_run_time { dt { "Paused" } dd {
                "at run time, " (words::lasting(paused, now))
                @if let Some(until) = state.pause.until { ", which ends " (words::when(until, now)) }
            } }
        }
    }
}

fn next_dues(definition: &Definition, state: &State, view: &View, now: Time) -> Markup {
    // 1.6: also where a pause hides it, its schedule is not asked.
    let is_judged = ![&view.causes, &state.causes].iter().any(|causes| causes.has(CauseKind::Unjudgeable));
    let Some(occurrences) = definition.spec.schedule.occurrences().filter(|_| is_judged) else {
        return html! {};
    };
    let first = next_due(definition, view, now);
    let dues = std::iter::successors(first, |due| occurrences.next_after(*due)).take(NEXT_DUES);
    let zone = occurrences.zone;
    html! {
        h2 { "Next due" }
        ul { @for due in dues {
            li {
                (zone.local(due).format("%a %Y-%m-%d %H:%M")) " " (zone.abbreviation(due))
                @if zone != Zone::UTC { span.quiet { " · " (due) } }
                span.quiet { " · " (words::about(due, now)) }
            }
        } }
    }
}

/// The first time ahead at which something is due.
fn next_due(definition: &Definition, view: &View, now: Time) -> Option<Time> {
    let ahead = view.due.filter(|due| *due > now);
    ahead.or_else(|| definition.spec.schedule.occurrences()?.next_after(now))
}

/// What is expected of it, in plain words.
fn promise(definition: &Definition, state: &State, view: &View, now: Time) -> Markup {
    let schedule = &definition.spec.schedule;
    // 1.6: its schedule is not asked.
    let is_judged = ![&view.causes, &state.causes].iter().any(|causes| causes.has(CauseKind::Unjudgeable));
    let next = if is_judged { next_due(definition, view, now) } else { None };
    let zone = schedule.zone();
    html! {
        p.promise {
            "Expected: " (schedule.promise())
            @if let Some(next) = next {
                "; next: " (zone.local(next).format("%a %Y-%m-%d %H:%M")) " " (zone.abbreviation(next))
            }
        }
    }
}

fn told(audience: &Audience, definition: &Definition) -> Markup {
    let reach = reach(&audience.policy, definition);
    let kinds = |kinds: &[CauseKind]| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    html! {
        @if reach.told.is_empty() && !audience.has_alertmanager {
            p { "Nobody, by punctual itself: no receiver is declared for it. A rule of Prometheus may tell." }
        } @else { ul {
            @if audience.has_alertmanager { li { strong { "Alertmanager" } ", at once" } }
            @for told in &reach.told { li {
                strong { (told.receiver) }
                @if told.after > Span::ZERO { ", after " (told.after) }
                @if let Some(interval) = told.repeat_interval { ", again every " (interval) }
                @if !told.only.is_empty() { span.quiet { " · only " (kinds(&told.only)) } }
                @match told.responder {
                    Some(number) => span.quiet { " · matches " (audience.policy.name_of(number)) },
                    None if is_own_receiver(&told.receiver) => span.quiet { " · its own addresses" },
                    None => span.quiet { " · by default" },
                }
            } }
        } }
        @if !reach.told.is_empty() && !reach.unheard.is_empty() {
            p { "No receiver hears of: " (kinds(&reach.unheard)) "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::blind::BlindWindows;
    use crate::core::check::{Name, Source, SourceLine, Spec};
    use crate::core::cron::Cron;
    use crate::core::schedule::{Occurrences, Schedule};
    use crate::core::step::view;

    #[test]
    fn of_a_late_check_the_next_due_times_are_ahead() {
        let cron = Cron::parse("0 2 * * *").expect("it is one");
        let spec = Spec::new(Schedule::At(Occurrences { cron, zone: Zone::UTC }));
        let now = Time::from_secs(1_700_000_000);
        let state = State::declared(&spec, now - Span::mins(3 * 24 * 60));
        let view = view(&spec, &state, now, &BlindWindows::default());
        assert!(view.due.is_some_and(|due| due < now), "{view:?}");
        let source = Source::File { path: "punctual.yaml".into(), line: SourceLine::new(3) };
        let definition = Definition::new(Name::parse("a").expect("it is one"), spec, source);
        let text = next_dues(&definition, &state, &view, now).into_string();
        assert!(text.starts_with("<h2>Next due</h2><ul><li>Wed 2023-11-15 02:00 UTC<"), "{text}");
    }
}
