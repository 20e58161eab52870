//! What must not be overlooked: said on top of the first page.

use std::sync::atomic::Ordering;

use maud::{Markup, html};

use super::super::App;
use super::words;
use super::words::when;
use crate::app::{health, unknown_names};
use crate::core::time::{Span, Time};

/// A new database is pointed out for so long.
const NEW_FOR: Span = Span::mins(60);

/// Deliveries that were given up are pointed out for so long: old ones are in the metrics.
const PARKED_FOR: Span = Span::mins(24 * 60);

/// Checks are shown as of now, or somebody is told as of when: what is asked and stored meanwhile takes less.
const NOW_ENOUGH: Span = Span::secs(2);

/// What is lost or left undone though nothing is wrong with the store or the engine.
fn what_is_lost(app: &App) -> Markup {
    html! {
        @if let Some(refusing) = health::refusing(&app.services) {
            div.banner.bad role="alert" { strong { "Pings are lost now: " } (refusing) "." }
        }
        @if let Some(unjudgeable) = health::unjudgeable(&app.services) {
            div.banner.bad role="alert" { strong { "Not all is judged now: " } (unjudgeable) "." }
        }
        @if let Some(late) = health::not_looking(&app.services) {
            div.banner.bad role="alert" { strong { "Not all is looked at now: " } (late) "." }
        }
        @if let Some(forgetful) = health::forgetful(&app.services) {
            div.banner.bad role="alert" { strong { "History is lost now: " } (forgetful) "." }
        }
        @if let Some(doubt) = health::doubt(&app.services) {
            div.banner.bad role="alert" { strong { "Nothing is judged now: " } (doubt) "." }
        }
    }
}

/// That nobody is told of anything: on every page, since whoever reads one relies on being told of the next.
pub(super) fn held(app: &App) -> Markup {
    html! {
        @if let Some(held) = health::held(&app.services) {
            div.banner.bad role="alert" {
                strong { "Nobody is told: " } (held) ". What is to be told waits; the next start without "
                code { "--no-deliveries" } " tells what is still bad, and nothing else of this time."
            }
        }
    }
}

/// As of when checks are shown, if that is not now (1.5).
pub(super) fn as_of(app: &App, now: Time) -> Markup {
    let at = app.services.as_of().at;
    html! {
        @if now - at > NOW_ENOUGH {
            div.banner.warn {
                strong { "Checks are shown as of " (when(at, now)) "." }
                " What was due since then is judged once pings can be stored again."
            }
        }
    }
}

/// All banners that apply, the worst first. `fault` says what is wrong with the store or the engine.
pub(super) fn banners(app: &App, fault: Option<&str>, declared: usize, now: Time) -> Markup {
    let notices = app.services.in_force.notices();
    let parked = app.services.live.totals.deliveries_parked.load(Ordering::Relaxed);
    let last_parked = Time::from_ms(app.services.live.totals.last_parked_ms.load(Ordering::Relaxed));
    let unkeyed = app.services.counters.outcomes.unkeyed.load(Ordering::Relaxed);
    html! {
        @if let Some(fault) = fault {
            div.banner.bad role="alert" { strong { "Nothing can be relied on now: " } (fault) }
        }
        (what_is_lost(app))
        (held(app))
        (as_of(app, now))
        @if let Some(fault) = notices.faults() {
            div.banner.bad role="alert" {
                strong { "The configuration could not be reloaded; the one before is still used." }
                pre { (fault) }
            }
        }
        @if !notices.kept.is_empty() {
            div.banner.bad role="alert" {
                strong { (notices.kept.len()) " checks are no longer declared, and were kept" }
                " because the files at the start removed too many at once. If that is meant, run "
                code { "punctual reload --allow-mass-removal" } ", or start with " code { "--config.allow-mass-removal" } "."
                details data-key="kept" { summary { "Which" } p { @for name in notices.kept.iter().take(100) { (name) " " } } }
            }
        }
        @if !notices.passed_over.is_empty() {
            div.banner.bad role="alert" {
                strong { (notices.passed_over.len()) " checks were not renamed" }
                " at the start, because the old and the new name both have a history. Each stays as it is, until the files "
                "give one of them another name, or none as its former one: "
                @for (old, new) in notices.passed_over.iter().take(100) { code { (old) } " → " code { (new) } " " }
            }
        }
        @if parked > 0 && now - last_parked < PARKED_FOR {
            div.banner.warn {
                strong {
                    @if parked == 1 { "A delivery was given up " }
                    @else { (parked) " deliveries were given up, the last one " }
                    (when(last_parked, now))
                }
                ": somebody was not told, and will not be. The log says why."
            }
        }
        @if declared == 0 {
            div.banner.warn {
                strong { "No check is declared." } " Put one into the configuration file and reload:"
                pre { "checks:\n  - {name: hello, every: 5m}" }
            }
        }
        (unknown_names(app, now))
        @if unkeyed > 0 {
            div.banner.say {
                (unkeyed) " ping" @if unkeyed != 1 { "s" } " came without a key since the start, and "
                @if unkeyed == 1 { "was" } @else { "were" } " taken: " code { "ping_keys_required" } " is off."
            }
        }
    }
}

/// So many names are said without being asked for.
const FEW_NAMES: usize = 3;

/// A job that nobody watches, or a typing error: nobody else will say so.
fn unknown_names(app: &App, now: Time) -> Markup {
    let names = unknown_names::recent(&app.services.live, now);
    html! {
        @if !names.is_empty() {
            div.banner.warn {
                strong { "Pings to names that no check has: " }
                @for (number, known) in names.iter().take(FEW_NAMES).enumerate() {
                    @if number > 0 { ", " } code { bdi { (known.name) } }
                }
                @if names.len() > FEW_NAMES { " and " (names.len() - FEW_NAMES) " more" }
                ". " a href="config#unknown-names" { "Declare them" } ", or correct the URL in their jobs."
            }
        }
    }
}

/// Said beside the checks, not above them: whoever has just begun need not be warned of it. The log and a rule say it loudly.
pub(super) fn new_database(app: &App, now: Time) -> Markup {
    let created = app.services.live.totals.database_created();
    html! {
        @if now - created < NEW_FOR {
            p.note.quiet {
                "This database was made " (words::about(created, now)) ": nothing is known of the time before. "
                "If you expected a history, look at " code { "--storage.path" } "."
            }
        }
    }
}
