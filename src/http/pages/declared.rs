//! What was declared about a check, in the words of whoever is woken by it: what says nothing is left out.

use maud::{Markup, html};

use super::super::App;
use super::words;
use crate::app::view::Moment;
use crate::compat::door_of;
use crate::core::cause::Status;
use crate::core::check::{Alias, Definition, Overlap, PingMethods, Spec};
use crate::core::schedule::{Quiet, Schedule};

/// The whole list, without the addresses that it mails: pages ask for no token.
pub(super) fn declared(app: &App, definition: &Definition) -> Markup {
    let spec = &definition.spec;
    html! {
        dl {
            dt { "Name" } dd { code { (definition.name) } }
            @if let Some(reference) = app.services.live.directory().refs().get(definition) {
                dt { "Ref" } dd { code { (reference) } }
            }
            @if !definition.renamed_from.is_empty() {
                dt { "Formerly" }
                dd { @for name in &definition.renamed_from { code { (name) } " " } }
            }
            @if let Some(alias) = &definition.alias { (elsewhere(app, alias)) }
            @if !definition.group.is_empty() || !definition.labels.is_empty() { dt { "Labels" } dd { (words::labels(definition, "../")) } }
            dt { "Schedule" } dd { (spec.schedule) }
            dt { "Grace" } dd { (spec.grace) }
            (judging(spec))
            @if let Some(window) = definition.window { dt { "Counted over" } dd { "the last " (window) } }
            @if definition.ping_methods == PingMethods::Post {
                dt { "Pinged by" } dd { "POST alone: no link's preview is a ping" }
            }
            @if !definition.quiet.is_empty() {
                dt { "Quiet" }
                dd { @for quiet in &definition.quiet { div { (quiet_time(quiet)) } } }
            }
            @if !definition.depends_on.is_empty() {
                dt { "Depends on" }
                dd { @for name in &definition.depends_on { div { (dependency(app, name.as_str())) } } }
            }
            @if !definition.runbook_url.is_empty() { dt { "Runbook" } dd { (link(&definition.runbook_url)) } }
            dt { "Declared" } dd { code { (definition.source) } }
        }
    }
}

fn judging(spec: &Spec) -> Markup {
    // `defaults` give one to all checks; only these have an occurrence to serve.
    let early = spec.early.filter(|_| matches!(spec.schedule, Schedule::At(_)));
    html! {
        @if let Some(early) = early { dt { "Counts early" } dd { "up to " (early) " before it is due" } }
        @if let Some(within) = spec.start_within { dt { "Starts within" } dd { (within) " of when it is due" } }
        @if let Some(max) = spec.max_runtime { dt { "Runs at most" } dd { (max) } }
        @if let Some(min) = spec.min_runtime { dt { "Runs at least" } dd { (min) ": a success sooner is a failure" } }
        @if spec.overlap == Overlap::Fail { dt { "Runs at a time" } dd { "one: a second is a failure" } }
        @if spec.failures_before_alert > 1 {
            dt { "Failing after" } dd { (spec.failures_before_alert) " failures in a row" }
        }
        @if spec.successes_to_recover > 1 {
            dt { "Recovers after" } dd { (spec.successes_to_recover) " successes in a row, where it failed" }
        }
        @if spec.manual_resume { dt { "Stays paused" } dd { "until somebody unpauses it: no ping does" } }
    }
}

/// A slug that a trigger does not open is nobody's business: whoever wants to trigger would guess from it.
fn elsewhere(app: &App, alias: &Alias) -> Markup {
    if app.access().compat.of(alias.origin.as_str()).is_some_and(|door| !door.is_open_to_names()) {
        return html! {};
    }
    let origin = alias.origin.as_str();
    html! { dt { "In " (door_of(origin).map_or(origin, |door| door.title())) } dd { code { (alias.slug) } } }
}

/// 8.2: what is judged meanwhile is told at its end.
fn quiet_time(quiet: &Quiet) -> Markup {
    html! { "for " (quiet.lasts) " from " (quiet.at) span.quiet { " · messages wait for its end" } }
}

/// A check that this one depends on, and how it is: that may be why nobody was told of this one (8.3).
fn dependency(app: &App, name: &str) -> Markup {
    let found = app.services.live.find(name);
    let status = found.map(|check| Moment::of(&app.services).look(&check).view.status);
    html! {
        a href=(name) { (name) }
        @if let Some(status) = status {
            " " (words::status(status))
            @if matches!(status, Status::Late | Status::Failing) {
                span.quiet { " · messages wait for it, unless it is marked wont-fix" }
            }
        }
    }
}

/// A link only to the web: a page must not be made to run a script by its address.
fn link(url: &str) -> Markup {
    let is_web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    html! { @if is_web { a href=(url) rel="noopener noreferrer" { (url) } } @else { (url) } }
}
