//! How blindness in a judgement's evidence affects the judgement (9.3–9.5).

use crate::core::blind::{BlindWindows, Window};
use crate::core::check::Spec;
use crate::core::state::State;
use crate::core::time::{Span, Time};

/// With more blindness than this in the evidence, we cannot tell (9.4).
const MAX_BLIND: Span = Span::mins(2);
/// A deadline is moved by at most its margin and this (9.4). Beyond that the check is unknown, so that repeated
/// restarts do not keep it silent.
const MAX_MOVE: Span = Span::mins(15);

/// What is judged, by what, and when nobody was there.
#[derive(Clone, Copy)]
pub(super) struct Judged<'a> {
    pub(super) spec: &'a Spec,
    pub(super) state: &'a State,
    /// `None`: whatever is blind is left out.
    pub(super) blind: Option<&'a BlindWindows>,
}

/// When a judgement can be made, and whether it can be made at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    /// The deadline, moved past the blindness.
    pub(super) at: Time,
    /// Set if there was too much blindness to tell: its last window.
    pub(super) blind: Option<Window>,
}

/// Looks at the evidence (`from`, `deadline`]. Without blindness the deadline stands. With up to two minutes of it, the
/// deadline moves to the last window's end + `margin`. With more, we cannot tell. A moved deadline has more evidence,
/// so windows in that time count as well.
///
/// `judged.blind` being `None` means that whatever is blind, refusals of this check too, is to be left out. The deadline is
/// never earlier than that.
pub(super) fn look(judged: Judged<'_>, from: Time, deadline: Time, margin: Span) -> Sight {
    let Judged { state, blind, .. } = judged;
    let mut sight = Sight { at: deadline, blind: None };
    let Some(blind) = blind else { return sight };
    let mut sum = Span::ZERO;
    let mut last: Option<Window> = None;
    for Unseen { window, length } in unseen(blind, state, from) {
        if window.from >= sight.at {
            break;
        }
        sum += length;
        // A stretch of refusals may end after a window that begins in it.
        let window = last.filter(|last| last.to > window.to).unwrap_or(window);
        last = Some(window);
        let moved = sight.at.max(window.to + margin);
        let latest = deadline + margin + MAX_MOVE;
        if sum > MAX_BLIND || moved > latest || sight.blind.is_some() {
            // Somebody who makes us refuse requests without end must not silence a check for longer.
            let seen_again = if blind.is_refusal(window) { window.to.min(latest) } else { window.to };
            sight = Sight { at: deadline.max(seen_again), blind: Some(window) };
        } else {
            sight.at = moved;
        }
    }
    sight
}

/// Whether pings in (`from`, `to`] may be missing because we were absent or refused pings of this check (9.4). Requests
/// of all checks that were refused unread do not count here: nothing should wait for them as long as a job may run.
pub(super) fn may_lack_pings(judged: Judged<'_>, from: Time, to: Time) -> bool {
    let Judged { state, blind, .. } = judged;
    let Some(blind) = blind else { return false };
    let was_refused = state.refusals.ending_after(from).first().is_some_and(|refused| refused.first <= to);
    blind.was_absent(from, to) || was_refused
}

/// A blind stretch, and how much of it counts.
struct Unseen {
    window: Window,
    length: Span,
}

/// Everything blind that ends after `from`, oldest first: our blind windows, and the stretches in which pings of this
/// check were refused, of which only the moments of the refusals count.
fn unseen(blind: &BlindWindows, state: &State, from: Time) -> Vec<Unseen> {
    let within = |window: &Window| window.to - window.from.max(from);
    let ours = blind.ending_after(from).iter();
    let ours = ours.map(|window| Unseen { window: *window, length: within(window) });
    let refused = state.refusals.ending_after(from).iter().map(|refused| {
        let window = Window { from: refused.first - Span::MS, to: refused.last };
        Unseen { window, length: refused.length().min(within(&window)) }
    });
    let mut all: Vec<Unseen> = ours.chain(refused).collect();
    all.sort_by_key(|unseen| unseen.window.from);
    all
}
