//! What a viewer may do to a check: forms, which work without scripts (§22). What they may not do is not offered (23.6).

use std::sync::atomic::{AtomicU64, Ordering};

use maud::{Markup, html};

use super::super::act::Act;
use super::super::viewer::Viewer;
use super::said::{self, LENGTHS, who};
use crate::app::view::IncidentView;
use crate::config::Scope;
use crate::core::check::{Definition, PingKind, Source};
use crate::core::incident::{IncidentStatus, IncidentStep};
use crate::core::route::HoldReason;
use crate::core::state::State;
use crate::core::time::Time;
use crate::store::{PingFact, Stance};

/// What there is to act on.
pub(super) struct ActedOn<'p> {
    pub(super) definition: &'p Definition,
    pub(super) state: &'p State,
    pub(super) incident: Option<&'p IncidentView>,
    pub(super) held: Option<&'p HoldReason>,
}

/// All that this viewer may do.
pub(super) fn acts(viewer: &Viewer, on: &ActedOn<'_>, now: Time) -> Markup {
    // 17.2: what is asserted is found out, and not affirmed.
    let may_ping = on.definition.spec.assert.is_none() && viewer.may_affirm(on.definition);
    let may_operate = viewer.may(Scope::Operate);
    html! {
        @if may_ping || may_operate {
            section.acts aria-label="What you may do" {
                @if may_operate { @if let Some(incident) = on.incident { (stances(viewer, on, incident)) } }
                @if may_ping { (affirm(viewer, on, now)) }
                @if may_operate { (pause(viewer, on)) (mute(viewer, on)) }
            }
        }
        @if viewer.may(Scope::Write) && on.definition.source == Source::Api {
            p.small { a href={ "../edit/" (on.definition.name) } { "Change or delete this check" } }
        }
        @if !may_operate && viewer.may_sign_in && !viewer.is_known() {
            p.small { a href={ "../sign-in?to=checks/" (on.definition.name) } { "Sign in" } " to acknowledge, mute or pause." }
        }
    }
}

fn stances(viewer: &Viewer, on: &ActedOn<'_>, incident: &IncidentView) -> Markup {
    let stands = incident.record.status;
    let offered: &[Stance] = match (stands, incident.status) {
        (stands, _) if stands.is_unanswered() => &[Stance::Acknowledge, Stance::WontFix],
        // What began since is taken on by acknowledging once more.
        (IncidentStatus::Acknowledged, IncidentStatus::Open) => {
            &[Stance::Acknowledge, Stance::WontFix, Stance::Reopen]
        }
        (IncidentStatus::Acknowledged, _) => &[Stance::Acknowledge, Stance::WontFix, Stance::Reopen],
        (IncidentStatus::WontFix, _) => &[Stance::Acknowledge, Stance::Reopen],
        _ => &[],
    };
    let fields = html! {
        input type="hidden" name="incident" value=(incident.record.id.0);
        (who(viewer))
        (said::comment(IncidentStep::MAX_COMMENT_BYTES))
        @if offered.contains(&Stance::Acknowledge) { (said::until_when()) }
        p { @for stance in offered { (button(Act::Stand(*stance), stance_words(*stance))) " " } (button(Act::Stand(Stance::Comment), "Only comment")) }
    };
    let title = format!("Answer incident {}", incident.record.id.0);
    html! { @if !offered.is_empty() { (form(viewer, on, &title, &fields)) } }
}

fn stance_words(stance: Stance) -> &'static str {
    match stance {
        Stance::Acknowledge => "Acknowledge: I am on it",
        Stance::WontFix => "Won't fix",
        Stance::Reopen => "Open again",
        Stance::Comment => "Comment",
    }
}

/// 22.2a
fn affirm(viewer: &Viewer, on: &ActedOn<'_>, now: Time) -> Markup {
    let fields = html! {
        p.quiet { "It counts as a ping, with your name and what you say." }
        input type="hidden" name="rid" value=(form_rid(now));
        (who(viewer))
        (comment(PingFact::MAX_COMMENT_BYTES / 2))
        p {
            (button(Act::Affirm(PingKind::Success), "It is done"))
            " " (button(Act::Affirm(PingKind::Fail), "It failed"))
            " " (button(Act::Affirm(PingKind::Start), "It has begun"))
        }
    };
    form(viewer, on, "Affirm", &fields)
}

fn pause(viewer: &Viewer, on: &ActedOn<'_>) -> Markup {
    let is_paused = on.state.pause.at_run_time.is_some();
    let fields = html! {
        (who(viewer))
        @if !is_paused { (lasts(Some("until a ping or somebody ends it"))) }
        (comment(PingFact::MAX_COMMENT_BYTES))
        p { @if is_paused { (button(Act::Unpause, "Unpause")) } @else { (button(Act::Pause, "Pause")) } }
    };
    form(viewer, on, if is_paused { "Unpause" } else { "Pause" }, &fields)
}

fn mute(viewer: &Viewer, on: &ActedOn<'_>) -> Markup {
    let muted_by = match on.held {
        Some(HoldReason::Muted { id, .. }) => Some(*id),
        _ => None,
    };
    let (title, fields) = match muted_by {
        Some(id) => (
            format!("End mute {id}"),
            html! {
                p.quiet { "Mute " (id) " may hold other checks, too: what it held of all of them is told then." }
                input type="hidden" name="mute" value=(id);
                (who(viewer))
                p { (button(Act::Unmute, "End the mute")) }
            },
        ),
        None => (
            "Mute".to_owned(),
            html! {
                p.quiet { "Nothing is sent of it meanwhile; what is still bad then is told." }
                (who(viewer))
                (lasts(None))
                (comment(500))
                p { (button(Act::Mute, "Mute")) }
            },
        ),
    };
    form(viewer, on, &title, &fields)
}

fn form(viewer: &Viewer, on: &ActedOn<'_>, title: &str, fields: &Markup) -> Markup {
    html! {
        details data-key=(title) {
            summary { (title) }
            form method="post" action={ "./" (on.definition.name) } {
                input type="hidden" name="form" value=(viewer.form());
                (fields)
            }
        }
    }
}

fn button(act: Act, words: &str) -> Markup {
    html! { button type="submit" name="do" value=(act.as_str()) { (words) } }
}

fn comment(max_chars: usize) -> Markup {
    html! { p { label { "Comment " input name="comment" maxlength=(max_chars); } } }
}

/// `endless` says what no length means, where it means something.
fn lasts(endless: Option<&str>) -> Markup {
    html! {
        p { label {
            "For " select name="for" {
                @if let Some(words) = endless { option value="" { (words) } }
                @for (value, words) in LENGTHS { option value=(value) { (words) } }
            }
        } }
    }
}

/// Another one for each form, also after a start.
fn form_rid(now: Time) -> String {
    static FORMS: AtomicU64 = AtomicU64::new(0);
    format!("{:x}-{:x}", now.as_ms(), FORMS.fetch_add(1, Ordering::Relaxed))
}
