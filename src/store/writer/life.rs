//! Signs of life, their absence, and refusals (9.1).

use super::queue::{Shared, UnstoredRefusals};
use super::turns::{SIGN_OF_LIFE_EVERY, Turns};
use crate::core::blind::Window;
use crate::core::time::{Span, Time};
use crate::store::live::MAX_GAP;
use crate::store::{Store, StoreError, expire};

/// How much time around a refused unread request is blind.
const REFUSAL: Span = Span::secs(1);
/// Windows of such refusals that are closer than this are joined.
const NEAR: Span = Span::secs(10);

/// Stores our absence, if there was one (9.1). Call it before anything else is judged at `now`.
fn note_absence(store: &mut dyn Store, now: Time) -> Result<Option<Window>, StoreError> {
    let gap = store.last_sign_of_life()?.map(|last| Window { from: last, to: now });
    let blind = gap.filter(|gap| gap.to - gap.from > MAX_GAP);
    if let Some(window) = blind {
        store.blind(window)?;
    }
    Ok(blind)
}

impl Turns {
    /// Stores what must precede everything else in a turn: our own absence and refusals (9.1). `first` is the time of the
    /// first ping that waits.
    pub(super) fn tell_of_lacks(
        &mut self,
        now: Time,
        refused: &mut UnstoredRefusals,
        first: Time,
    ) -> Result<(), StoreError> {
        if self.is_life_due(now)
            && self.shared.clock.doubted().is_none()
            && self.heard_to.is_none_or(|heard| now - heard > MAX_GAP || heard > now)
            && let Some(window) = note_absence(&mut *self.store, now)?
        {
            // The absence lasts, and grows, until a sign of life can be stored. Only then is it logged.
            self.absence = Some(window);
        }
        self.tell_refused(refused, now, first)
    }

    /// Stores a sign of life, if it is time for one. It vouches for everything that came before it, so pings and
    /// refusals from before must already be stored: a crash between the two would lose them (9.1).
    pub(super) fn show_life(&mut self, now: Time) -> Result<(), StoreError> {
        if !self.is_life_due(now) {
            return Ok(());
        }
        match self.shared.clock.doubted() {
            // Store the time spent in doubt: a date may be as wrong as the clock (1.1).
            Some(spent) => self.store.doubt(spent)?,
            // An order set the clock forward, and this turn is of before: it stored a sign of life at the new time.
            None if self.store.last_sign_of_life()?.is_some_and(|last| last > now) => {}
            None => self.store.sign_of_life(now)?,
        }
        self.last_life = Some(now);
        if let Some(window) = self.absence.take() {
            tracing::warn!(from = %window.from, to = %window.to, "nobody was listening: what was due then is judged with care");
        }
        Ok(())
    }

    fn is_life_due(&self, now: Time) -> bool {
        self.last_life.is_none_or(|last| now - last >= SIGN_OF_LIFE_EVERY || last > now)
    }

    /// What is stored is taken out.
    fn tell_refused(
        &mut self,
        refused: &mut UnstoredRefusals,
        now: Time,
        first: Time,
    ) -> Result<(), StoreError> {
        if let Some(window) = refused.unread {
            self.tell_unread(window, refused.since.map_or(first, |since| since.min(first)))?;
            refused.unread = None;
        }
        // Refusals are stored at the time of the first waiting item, whenever they happened, so that nothing is judged
        // past that item.
        self.apart.tell(&mut *self.store, &mut refused.checks, first, now)?;
        self.apart.try_some(&mut *self.store, first, now)
    }

    /// Blinds the whole seconds that contain the refusals, each second at most once. They may be older than what is
    /// stored already: a ping that waited is refused when it cannot be stored, with the time at which it came. All that
    /// came before `heard_to` is stored.
    fn tell_unread(&mut self, refused: Window, heard_to: Time) -> Result<(), StoreError> {
        let second = |at: Time| Time::from_ms((at.as_ms() - 1).div_euclid(REFUSAL.as_ms()) * REFUSAL.as_ms());
        let window = Window { from: second(refused.from), to: second(refused.to) + REFUSAL };
        let unknown = self.store.live().blind().unknown_refusals(window, NEAR);
        let Some(window) = unknown else { return Ok(()) };
        // The window begins before the refusals. What was due before them is late without it, and readers have seen
        // that (1.5, 9.2).
        if self.shared.clock.doubted().is_none() {
            while !expire(&mut *self.store, heard_to)?.is_empty() {}
        }
        self.store.refused_unread(window)
    }

    /// The last action before a stop. Our absence and refusals come first, because an end vouches for the time before
    /// it. If they cannot be stored, the end is not stored either.
    pub(super) fn say_goodbye(&mut self) {
        let mut refused = std::mem::take(&mut self.shared.queue().refused);
        let now = self.shared.now();
        let told = self.tell_of_lacks(now, &mut refused, now);
        if self.apart.len() > 0 {
            tracing::error!(
                checks = self.apart.len(),
                "it cannot be stored that pings of these were refused: that is lost"
            );
        }
        if let Err(error) = told.and_then(|()| end(&mut *self.store, &self.shared)) {
            tracing::warn!(%error, "cannot store that this is a stop: the next start has more to do");
        }
    }
}

/// Stores the end. While the clock is doubted, no time later than the trusted one is stored (1.1).
fn end(store: &mut dyn Store, shared: &Shared) -> Result<(), StoreError> {
    let Some(spent) = shared.clock.doubted() else { return store.end(shared.now()) };
    store.doubt(spent)?;
    let trusted = store.last_sign_of_life()?;
    store.end(trusted.unwrap_or_else(|| shared.now()))
}
