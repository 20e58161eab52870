//! What happened to a check: its last pings, flips and incidents.

use maud::{Markup, html};

use super::super::App;
use super::words;
use crate::core::cause::{Cause, Status};
use crate::core::check::{CheckId, PingKind};
use crate::core::step::FlipReason;
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::history::{BodyRecord, FlipRecord, PauseRecord, PingRecord, Reader};

/// Pings on a page.
const PINGS: usize = 25;
/// Changes on a page.
const FLIPS: usize = 15;

/// Which pings are shown.
#[derive(Clone, Copy)]
pub(super) enum PingsShown {
    /// The newest.
    Newest,
    /// The newest, where somebody opens them: the runs say the same.
    Folded,
    /// Those before this one.
    Before(u64),
}

/// Both tables.
pub(super) fn history(app: &App, check: CheckId, shown: PingsShown, now: Time) -> Markup {
    let before = match shown {
        PingsShown::Before(seq) => Some(seq),
        PingsShown::Newest | PingsShown::Folded => None,
    };
    match read(&app.services.history, check, before) {
        Ok((pings, flips, pauses)) => html! {
            @match shown {
                PingsShown::Before(_) => { h2 #pings { "Older pings" } (pings_table(&pings, now)) }
                PingsShown::Newest => { h2 #pings { "Last pings" } (pings_table(&pings, now)) }
                PingsShown::Folded => { details #pings { summary { "Each ping" } (pings_table(&pings, now)) } }
            }
            @if before.is_none() { (flips_table(&flips, &pauses, now)) }
        },
        Err(error) => html! { div.banner.bad role="alert" { "The history cannot be read: " (error) } },
    }
}

/// Where the newest ping of a check came from, if that is still known.
pub(super) fn last_source(app: &App, check: CheckId) -> Option<String> {
    let newest = app.services.history.pings(check, None, 1).ok()?;
    newest.into_iter().next().map(|ping| ping.source)
}

/// Newest first.
type Happened = (Vec<PingRecord>, Vec<FlipRecord>, Vec<PauseRecord>);

fn read(reader: &Reader, check: CheckId, before: Option<u64>) -> Result<Happened, StoreError> {
    Ok((reader.pings(check, before, PINGS)?, reader.flips(check, None, FLIPS)?, reader.pauses(check)?))
}

fn pings_table(pings: &[PingRecord], now: Time) -> Markup {
    html! {
        @if pings.is_empty() { p.quiet { "None." } }
        @else {
            table {
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Took" }
                    th scope="col" { "From" } th scope="col" { "Said" }
                } }
                tbody { @for ping in pings { (ping_row(ping, now)) } }
            }
            @if let Some(last) = pings.last().filter(|_| pings.len() == PINGS) {
                p.small { a href={ "?before=" (last.seq) "#pings" } { "Older" } }
            }
        }
    }
}

fn ping_row(ping: &PingRecord, now: Time) -> Markup {
    html! {
        tr {
            td.time { (words::when(ping.at, now)) }
            td {
                (ping_kind(ping))
                @if ping.repeat { span.quiet { " · repeated" } }
                @if let Some(rid) = &ping.rid { div { code.quiet { (rid) } } }
            }
            td.time data-label="Took" { @if let Some(duration) = ping.duration { (duration) } }
            td data-label="From" { (ping.source) }
            td data-label="Said" { (ping_said(ping)) }
        }
    }
}

/// What a ping is.
pub(super) fn ping_kind(ping: &PingRecord) -> Markup {
    let class = match ping.kind {
        PingKind::Success => "s-up",
        PingKind::Fail => "s-failing",
        PingKind::Log if ping.result.is_some() => "s-unknown",
        PingKind::Start | PingKind::Log => "s-new",
    };
    html! {
        span class={ "status " (class) } { (ping.word()) }
        @if let Some(status) = ping.exit_status { span.quiet { " · exit status " (status) } }
    }
}

/// What was said with it.
pub(super) fn ping_said(ping: &PingRecord) -> Markup {
    html! {
        @if let Some(comment) = &ping.comment { bdi { (comment) } " " }
        @match ping.body {
            BodyRecord::None => {}
            BodyRecord::Gone => { span.quiet { "a body, not kept" } }
            BodyRecord::Kept(left_out) => {
                a href={ "?body=" (ping.seq) } { "body" }
                @if left_out.between > 0 { span.quiet { " (" (left_out.between) " bytes left out)" } }
                @if left_out.end { span.quiet { " (without its end)" } }
            }
        }
    }
}

/// Who has paused a check at run time, and why, if either is known.
pub(super) fn who_paused(app: &App, check: CheckId) -> Markup {
    let pause = app.services.history.pause(check).ok().flatten();
    html! {
        @if let Some(PauseRecord { by, comment, .. }) = pause {
            p {
                "Paused by " bdi { (by.as_deref().unwrap_or("somebody")) }
                @if let Some(comment) = comment { ": " bdi { (comment) } }
            }
        }
    }
}

fn flips_table(flips: &[FlipRecord], pauses: &[PauseRecord], now: Time) -> Markup {
    html! {
        h2 { "Last changes" }
        @if flips.is_empty() { p.quiet { "None." } }
        @else {
            table {
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "To" } th scope="col" { "Why" }
                    th scope="col" { "What happened" }
                } }
                tbody { @for flip in flips {
                    tr {
                        td.time { (words::when(flip.at, now)) }
                        td { (words::status(flip.to)) }
                        td data-label="Why" { @for cause in shown_causes(flip) { div { (cause.kind.meaning()) } } }
                        td.quiet data-label="What happened" { (happened(flip.reason)) (said(flip, pauses)) }
                    }
                } }
            }
        }
    }
}

/// What was said at a pause, or its end.
fn said(flip: &FlipRecord, pauses: &[PauseRecord]) -> Markup {
    let is_of_it =
        |pause: &&PauseRecord| pause.at == flip.at && pause.is_pause == (flip.reason == FlipReason::Paused);
    let is_pause = matches!(flip.reason, FlipReason::Paused | FlipReason::Unpaused);
    html! {
        @if let Some(pause) = pauses.iter().find(is_of_it).filter(|_| is_pause) {
            @if let Some(by) = &pause.by { ", by " bdi { (by) } }
            @if let Some(comment) = &pause.comment { ": " bdi { (comment) } }
        }
    }
}

/// 7.3: causes survive a pause, but are not shown.
fn shown_causes(flip: &FlipRecord) -> &[Cause] {
    if flip.to == Status::Paused { &[] } else { &flip.causes }
}

fn happened(reason: FlipReason) -> &'static str {
    match reason {
        FlipReason::Judged => "time passed",
        FlipReason::Pinged => "a ping came",
        FlipReason::Reported => "a result came",
        FlipReason::Paused => "it was paused",
        FlipReason::Unpaused => "its pause ended",
        FlipReason::Changed => "its declaration changed",
        FlipReason::Archived => "it was no longer declared",
        FlipReason::Returned => "it was declared again",
    }
}
