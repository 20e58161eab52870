//! What the log says of what was committed: a line for each flip, one for each incident that was opened or has ended, and what
//! is to be said of messages.

use std::time::Duration;

use crate::clock::Stopwatch;
use crate::core::cause::CauseKind;
use crate::core::check::Name;
use crate::core::incident::{Incident, IncidentId};
use crate::core::step::Flip;
use crate::core::time::Time;

/// Lines in a second; the others are counted, lest a wave of flips fill a disk.
const MAX_LINES: usize = 100;
const SECOND: Duration = Duration::from_secs(1);
/// How often the log says that a check cannot be judged, beside the line of its flip.
const MINUTE: Duration = Duration::from_secs(60);

/// What one call did, for the log: kept until it is committed, and lost with a call that fails.
#[derive(Default)]
pub(in crate::store) struct Story {
    told: Vec<Told>,
    more: Counts,
    /// Lines about messages.
    lines: Vec<Box<dyn FnOnce()>>,
}

/// A line.
#[derive(Debug)]
enum Told {
    Flipped { check: Name, flip: Flip, incident: Option<u64> },
    Opened { check: Name, flip: Flip, incident: u64 },
    Ended { check: Name, flip: Flip, incident: u64, opened_at: Time },
}

/// Lines that are not written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    flips: u64,
    incidents: u64,
}

/// What a story must know of an open incident.
pub(in crate::store) type Open = Option<(IncidentId, Time)>;

pub(in crate::store) fn open(incident: Option<&Incident>) -> Open {
    incident.map(|incident| (incident.id, incident.opened_at))
}

impl Story {
    /// A check flipped: which incident of it was open before, and which one is now.
    pub(in crate::store) fn add(&mut self, check: &Name, flip: &Flip, (before, after): (Open, Open)) {
        let (check, flip) = (check.clone(), flip.clone());
        let incident = after.or(before).map(|(id, _)| id.0);
        self.push(Told::Flipped { check: check.clone(), flip: flip.clone(), incident });
        match (before, after) {
            (None, Some((id, _))) => self.push(Told::Opened { check, flip, incident: id.0 }),
            (Some((id, opened_at)), None) => {
                self.push(Told::Ended { check, flip, incident: id.0, opened_at });
            }
            _ => {}
        }
    }

    /// This writes a line about messages.
    pub(in crate::store) fn say(&mut self, line: impl FnOnce() + 'static) {
        self.lines.push(Box::new(line));
    }

    fn push(&mut self, told: Told) {
        if self.told.len() < MAX_LINES {
            self.told.push(told);
        } else {
            self.more.add(&told);
        }
    }
}

impl Counts {
    fn add(&mut self, told: &Told) {
        match told {
            Told::Flipped { .. } => self.flips += 1,
            Told::Opened { .. } | Told::Ended { .. } => self.incidents += 1,
        }
    }
}

impl Told {
    fn log(&self) {
        match self {
            Told::Flipped { check, flip, incident } => {
                let (from, to) = (flip.from.as_str(), flip.to.as_str());
                let (reason, at) = (flip.reason.as_str(), flip.at);
                tracing::info!(%check, from, to, reason, causes = causes(flip), incident, %at, "check flipped");
            }
            Told::Opened { check, flip, incident } => {
                tracing::info!(incident, %check, status = flip.to.as_str(), causes = causes(flip), at = %flip.at, "incident opened");
            }
            Told::Ended { check, flip, incident, opened_at } => {
                let (status, reason) = (flip.to.as_str(), flip.reason.as_str());
                let seconds = (flip.at - *opened_at).as_secs_f64();
                tracing::info!(incident, %check, status, reason, seconds, at = %flip.at, "incident ended");
            }
        }
    }
}

/// Why it is bad, oldest first; `None`: it is not.
fn causes(flip: &Flip) -> Option<String> {
    let kinds: Vec<&str> = flip.causes.iter().map(|cause| cause.kind.as_str()).collect();
    if kinds.is_empty() { None } else { Some(kinds.join(",")) }
}

/// Writes stories to the log, at most [`MAX_LINES`] in a second. Owned by the store; drops with the last count told.
#[derive(Debug)]
pub(in crate::store) struct Teller {
    since: Stopwatch,
    lines: usize,
    held: Counts,
    /// Checks that cannot be judged (1.6): how many there came since that was said, and when it was.
    unjudgeable: u64,
    complained: Option<Stopwatch>,
}

impl Teller {
    pub(in crate::store) fn new() -> Teller {
        Teller {
            since: Stopwatch::start(),
            lines: 0,
            held: Counts::default(),
            unjudgeable: 0,
            complained: None,
        }
    }

    /// To be called after each commit, and only then: also a story of nothing has those told that were held.
    pub(in crate::store) fn tell(&mut self, story: Story) {
        if self.since.took() >= SECOND {
            self.tell_held();
            (self.since, self.lines) = (Stopwatch::start(), 0);
        }
        story.lines.into_iter().for_each(|line| line());
        for told in story.told {
            self.complain(&told);
            if self.lines < MAX_LINES {
                self.lines += 1;
                told.log();
            } else {
                self.held.add(&told);
            }
        }
        self.held.flips += story.more.flips;
        self.held.incidents += story.more.incidents;
    }

    fn complain(&mut self, told: &Told) {
        let Told::Flipped { check, flip, .. } = told else { return };
        if !flip.begun.iter().any(|cause| cause.kind == CauseKind::Unjudgeable) {
            return;
        }
        self.unjudgeable += 1;
        if self.complained.is_none_or(|last| last.took() >= MINUTE) {
            let checks = std::mem::take(&mut self.unjudgeable);
            tracing::error!(%check, checks, "judging a check panicked, as said above: it is unknown until that works");
            self.complained = Some(Stopwatch::start());
        }
    }

    fn tell_held(&mut self) {
        let Counts { flips, incidents } = std::mem::take(&mut self.held);
        if flips + incidents > 0 {
            tracing::info!(flips, incidents, "and so many more within a second, each without a line");
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.tell_held();
    }
}
