//! What must not be overlooked: said on top of the first page.

use std::sync::atomic::Ordering;

use maud::{Markup, html};

use super::super::{App, operate};
use super::words::when;
use crate::core::time::{Span, Time};

/// A new database is pointed out for so long.
const NEW_FOR: Span = Span::mins(60);

/// Deliveries that were given up are pointed out for so long: old ones are in the metrics.
const PARKED_FOR: Span = Span::mins(24 * 60);

/// Checks are shown as of now, or somebody is told as of when: what is asked and stored meanwhile takes less.
const NOW_ENOUGH: Span = Span::secs(2);

/// As of when checks are shown, if that is not now (1.5).
pub(super) fn as_of(app: &App, now: Time) -> Markup {
    let at = app.as_of().at;
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
    let notices = app.notices();
    let parked = app.live.totals.deliveries_parked.load(Ordering::Relaxed);
    let last_parked = Time::from_ms(app.live.totals.last_parked_ms.load(Ordering::Relaxed));
    let unkeyed = app.outcomes.unkeyed.load(Ordering::Relaxed);
    let created = app.live.totals.database_created();
    html! {
        @if let Some(fault) = fault {
            div.banner.bad role="alert" { strong { "Nothing can be relied on now: " } (fault) }
        }
        @if let Some(doubt) = operate::doubt(app) {
            div.banner.bad role="alert" { strong { "Nothing is judged now: " } (doubt) "." }
        }
        (as_of(app, now))
        @if let Some(fault) = &notices.reload_fault {
            div.banner.bad role="alert" {
                strong { "The configuration could not be reloaded; the one before is still used." }
                pre { (fault) }
            }
        }
        @if !notices.kept.is_empty() {
            div.banner.bad role="alert" {
                strong { (notices.kept.len()) " checks are no longer declared, and were kept" }
                " because the files at the start removed too many at once. If that is meant, start with "
                code { "--config.allow-mass-removal" } "."
                details { summary { "Which" } p { @for name in notices.kept.iter().take(100) { (name) " " } } }
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
        @if now - created < NEW_FOR {
            div.banner.say {
                strong { "The database is new" } ", made " (when(created, now))
                ": nothing is known of the time before. If that is a surprise, look at " code { "--storage.path" } "."
            }
        }
        @if unkeyed > 0 {
            div.banner.say {
                (unkeyed) " ping" @if unkeyed != 1 { "s" } " came without a key since the start, and "
                @if unkeyed == 1 { "was" } @else { "were" } " taken: " code { "ping_keys_required" } " is off."
            }
        }
    }
}
