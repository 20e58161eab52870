//! What befalls the machine: a disk that hangs or takes nothing, crowds that are refused, and stops.

use punctual::core::time::{Span, Time};

use crate::world::World;

/// What lasts for a while, and until when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Accidents {
    mended_at: Option<Time>,
    emptied_at: Option<Time>,
    crowd_until: Option<Time>,
    /// The listeners are closed, and the process ends then.
    pub(crate) stops_at: Option<Time>,
}

impl Accidents {
    /// When something of it changes.
    pub(crate) fn next(&self) -> Option<Time> {
        [self.mended_at, self.emptied_at, self.crowd_until, self.stops_at].into_iter().flatten().min()
    }

    pub(crate) fn shift(&mut self, by: Span) {
        let times = [&mut self.mended_at, &mut self.emptied_at, &mut self.crowd_until, &mut self.stops_at];
        times.into_iter().flatten().for_each(|at| *at = *at + by);
    }

    /// More requests come than are taken: they are refused before anybody reads them.
    pub(crate) fn is_crowded(&self) -> bool {
        self.crowd_until.is_some()
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.stops_at.is_some()
    }
}

impl World {
    /// One of them, or a death where nothing may depend on when things are noticed.
    pub(crate) fn befall(&mut self, kind: usize, lot: usize) {
        if self.is_twin {
            return self.kill();
        }
        let now = self.diary.now;
        let units = |count: usize| Span::ms(self.scale.grid.as_ms() * count as i64);
        let until = |count: usize| (now + units(count)).min(self.diary.storm_ends);
        let accidents = self.diary.accidents;
        match kind {
            0 => {
                let until = until(2 + lot % 30);
                self.trace.say(now, &format!("the disk hangs until {until}"));
                self.server.process.iter_mut().for_each(|process| process.held_up_until = until);
                // The writer goes on at once then, not when somebody asks it for something: all windows lie on the grid.
                self.diary.life_at = self.diary.life_at.min(until);
            }
            1 => {
                let until = until(1 + lot % if lot.is_multiple_of(3) { 300 } else { 20 });
                self.trace.say(now, &format!("the disk takes nothing until {until}"));
                self.server.grip.break_disk(true);
                self.diary.accidents.mended_at = accidents.mended_at.max(Some(until));
            }
            2 => {
                let until = until(1 + lot % if lot.is_multiple_of(3) { 200 } else { 20 });
                self.trace.say(now, &format!("there are too many connections until {until}"));
                self.diary.accidents.crowd_until = accidents.crowd_until.max(Some(until));
            }
            3 => {
                let until = until(1 + lot % if lot.is_multiple_of(3) { 60 } else { 300 });
                self.trace.say(now, &format!("the disk has no room for pings until {until}"));
                self.server.grip.take_no_pings(true);
                self.diary.accidents.emptied_at = accidents.emptied_at.max(Some(until));
            }
            _ => {
                // As long as a stop waits for what is under way.
                let drains = if self.scale.is_short { lot % 9 } else { 0 };
                self.trace.say(now, &format!("it stops in {}", units(drains)));
                self.server.close(now);
                self.diary.accidents.stops_at = Some(now + units(drains));
                self.suffer();
            }
        }
    }

    /// What goes on, and what is over.
    pub(crate) fn suffer(&mut self) {
        let now = self.diary.now;
        let is_past = |at: &mut Time| *at <= now;
        let accidents = &mut self.diary.accidents;
        if accidents.mended_at.take_if(is_past).is_some() {
            self.server.grip.break_disk(false);
        }
        if accidents.emptied_at.take_if(is_past).is_some() {
            self.server.grip.take_no_pings(false);
        }
        accidents.crowd_until.take_if(is_past);
        if !self.server.is_up() {
            self.diary.accidents.stops_at = None;
        } else if self.diary.accidents.stops_at.take_if(is_past).is_some() {
            self.trace.say(now, "the process ends");
            self.server.stop();
            self.hear_answers();
            self.mourn();
        }
        let accidents = self.diary.accidents;
        let is_refusing = accidents.is_crowded() && !accidents.is_closing() && self.server.is_up();
        if is_refusing && self.on_grid() == now {
            self.server.refuse_unread(now);
        }
    }
}
