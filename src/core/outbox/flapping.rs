//! A check that goes bad and recovers again and again, each time too soon to be told (12.5).

use super::delivery::{Delivery, NewDelivery};
use super::kind::{DeliveryKind, Flaps};
use crate::core::time::{Span, Time};

/// A bad period that was too short to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bout {
    /// When it began.
    pub from: Time,
    /// When it ended.
    pub to: Time,
}

/// What is remembered of a check's flapping, for one receiver: bounded, however long it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flapping {
    /// It is not told yet: the last ones, oldest first; fewer than are told.
    Untold(Vec<Bout>),
    /// It was told.
    Told {
        /// The end of the last one that was told.
        at: Time,
        /// The end of the newest one.
        last: Time,
        /// Those since it was told; `None`: there was none.
        more: Option<Flaps>,
    },
}

impl Flapping {
    /// So many within [`Flapping::WITHIN`] are told.
    const ENOUGH: usize = 3;
    /// How close together they are, how seldom they are told, and after how long without any they are over.
    pub const WITHIN: Span = Span::mins(60);

    /// Whether there was none for so long that the next one is the first again.
    pub fn is_over(&self, now: Time) -> bool {
        self.last().is_none_or(|last| now - last >= Flapping::WITHIN)
    }

    /// When the newest one ended.
    pub fn last(&self) -> Option<Time> {
        match self {
            Flapping::Untold(bouts) => bouts.last().map(|bout| bout.to),
            Flapping::Told { last, .. } => Some(*last),
        }
    }

    /// With the bad period of another record, which began before the newest one here had ended: the two are one, and count
    /// once (12.5). `None`: it began after that.
    pub fn widened(&self, bout: Bout) -> Option<Flapping> {
        let known = self.clone().brought_back_to(bout.to);
        if known.last().is_none_or(|last| last <= bout.from) {
            return None;
        }
        Some(match known {
            Flapping::Untold(mut bouts) => {
                if let Some(newest) = bouts.last_mut() {
                    *newest = Bout { from: newest.from.min(bout.from), to: bout.to };
                }
                Flapping::Untold(bouts)
            }
            Flapping::Told { at, more, .. } => Flapping::Told { at, last: bout.to, more },
        })
    }

    /// The clock may have been set back (1.1): nothing was after `now`.
    fn brought_back_to(self, now: Time) -> Flapping {
        match self {
            Flapping::Untold(mut bouts) => {
                bouts.iter_mut().for_each(|bout| *bout = bout.brought_back_to(now));
                Flapping::Untold(bouts)
            }
            Flapping::Told { at, last, more } => {
                let more = more.map(|flaps| Flaps { since: flaps.since.min(now), ..flaps });
                Flapping::Told { at: at.min(now), last: last.min(now), more }
            }
        }
    }
}

impl Bout {
    fn brought_back_to(self, now: Time) -> Bout {
        Bout { from: self.from.min(now), to: self.to.min(now) }
    }
}

/// Takes a bad period of which a receiver was not told since it was too short. Answers what is to be remembered, and what
/// is to be told now: the third within an hour, and while they go on once an hour at most how many there were since.
pub fn after_too_short(known: Option<Flapping>, bout: Bout) -> (Flapping, Option<Flaps>) {
    let now = bout.to;
    let known = known.map(|known| known.brought_back_to(now)).filter(|known| !known.is_over(now));
    match known {
        Some(Flapping::Told { at, more, .. }) => {
            let times = more.map_or(0, |flaps| flaps.times).saturating_add(1);
            let flaps = Flaps { times, since: more.map_or(bout.from, |flaps| flaps.since) };
            if now - at >= Flapping::WITHIN {
                return (Flapping::Told { at: now, last: now, more: None }, Some(flaps));
            }
            (Flapping::Told { at, last: now, more: Some(flaps) }, None)
        }
        Some(Flapping::Untold(bouts)) => {
            let recent = bouts.into_iter().filter(|earlier| now - earlier.to < Flapping::WITHIN);
            let bouts: Vec<Bout> = recent.chain([bout]).collect();
            if bouts.len() < Flapping::ENOUGH {
                return (Flapping::Untold(bouts), None);
            }
            let flaps = Flaps { times: u32::try_from(bouts.len()).unwrap_or(u32::MAX), since: bouts[0].from };
            (Flapping::Told { at: now, last: now, more: None }, Some(flaps))
        }
        None => (Flapping::Untold(vec![bout]), None),
    }
}

/// What tells of it. `too_short` is the delivery that was cancelled, `waiting` an earlier notice that has not left yet: it
/// is to be cancelled, [`super::CancelReason::Merged`], for this one tells of both.
pub fn flapping_notice(
    too_short: &Delivery,
    flaps: Flaps,
    waiting: Option<&Delivery>,
    now: Time,
) -> NewDelivery {
    let before = match waiting.map(|waiting| waiting.kind) {
        Some(DeliveryKind::Flapping(before)) => Some(before),
        _ => None,
    };
    let flaps = before.map_or(flaps, |before| Flaps {
        times: before.times.saturating_add(flaps.times),
        since: before.since.min(flaps.since),
    });
    too_short.followed_by(DeliveryKind::Flapping(flaps), now, now)
}
