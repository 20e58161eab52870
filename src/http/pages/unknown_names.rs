//! The names that are pinged and that no check has, and what declares them.

use maud::{Markup, html};

use super::super::App;
use super::super::viewer::Viewer;
use super::said;
use super::words::when;
use crate::app::unknown_names;
use crate::config::Scope;
use crate::core::time::Time;
use crate::store::UnknownName;

/// A part of a page; nothing where there are none.
pub(super) fn section(app: &App, viewer: &Viewer, now: Time) -> Markup {
    let names = unknown_names::list(&app.services.live);
    let (file, may_forget) = (unknown_names::file_of(&names), viewer.may(Scope::Operate));
    html! {
        @if !names.is_empty() {
            section #unknown-names aria-label="Names that no check has" {
                h2 { "Names that no check has" }
                p { "They were pinged, and answered 404. Declare the check, or correct the URL in its job." }
                @if may_forget {
                    form method="post" action="config" {
                        input type="hidden" name="form" value=(viewer.form());
                        (said::who(viewer))
                        (table(&names, true, now))
                    }
                } @else { (table(&names, false, now)) }
                @if let Some(file) = file {
                    details data-key="unknown names" {
                        summary { "A file that declares them" }
                        p { "Put it beside the main file, name it in " code { "check_files" } ", say how often each is to come, and reload." }
                        pre { (file) }
                    }
                }
            }
        }
    }
}

fn table(names: &[UnknownName], may_forget: bool, now: Time) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Name" } th scope="col" { "Pings" } th scope="col" { "First" } th scope="col" { "Last" }
                th scope="col" { "From" } th scope="col" { "To declare it" }
                @if may_forget { th scope="col" { "A mistake" } }
            } }
            tbody { @for known in names { (row(known, may_forget, now)) } }
        }
    }
}

fn row(known: &UnknownName, may_forget: bool, now: Time) -> Markup {
    html! {
        tr {
            td { code { bdi { (known.name) } } }
            td data-label="Pings" { (known.count) }
            td.time data-label="First" { (when(known.first, now)) }
            td.time data-label="Last" { (when(known.last, now)) }
            td data-label="From" { (known.source) }
            td data-label="To declare it" {
                @match unknown_names::yaml(known) {
                    Ok(item) => code { (item) },
                    Err(error) => span.quiet { (error) },
                }
            }
            @if may_forget {
                td data-label="A mistake" {
                    button type="submit" name="forget" value=(known.name) aria-label={ "Forget " (known.name) } { "Forget" }
                }
            }
        }
    }
}
