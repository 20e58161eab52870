//! The calls of the contract: each is one transaction of the unit of work.

use std::sync::Arc;
use std::time::Duration;

use super::fast::prefetch::prefetch;
use super::memory::UnstoredSettings;
use super::store::SqliteStore;
use super::tx::Tx;
use crate::clock::Stopwatch;
use crate::core::audit::Audit;
use crate::core::blind::Window;
use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::outbox::{Attempt, MessageId};
use crate::core::route::{Mute, ReceiverName};
use crate::core::time::{Span, Time};
use crate::store::live::Live;
use crate::store::pending::PendingChanges;
use crate::store::work::{FactRows as _, Lost, Rows as _};
use crate::store::{
    Applied, ByHand, CarriedOn, Changes, Compared, ConfigureError, DiagnosisAnswer, DiagnosisCall, Edit,
    EditError, Entry, LetGo, Outgoing, RecordAnswer, RecordCall, RefusedEdit, Saying, Settling, Stood, Store,
    StoreError, UnknownName, work,
};

/// So long a stop writes states: whoever waits for it waits little longer. The next start steps through what is behind then.
const AT_A_STOP: Duration = Duration::from_millis(1500);
/// So many rows that cannot be written are set apart in one call of catching up: each costs a transaction.
const MOST_DAMAGED: usize = 16;

impl Store for SqliteStore {
    fn live(&self) -> Arc<Live> {
        self.live.clone()
    }

    fn begin(&mut self, now: Time) -> Result<Option<Window>, StoreError> {
        self.past_damaged_history(|tx| work::begin(tx, now))
    }

    fn last_sign_of_life(&mut self) -> Result<Option<Time>, StoreError> {
        self.ready()?;
        Ok(self.memory.numbers.sign_of_life)
    }

    fn sign_of_life(&mut self, now: Time) -> Result<(), StoreError> {
        self.sign_of_life_at(now)
    }

    fn doubted(&self) -> Span {
        self.memory.numbers.doubted
    }

    fn doubt(&mut self, spent: Span) -> Result<(), StoreError> {
        self.doubted_for(spent)
    }

    fn end(&mut self, now: Time) -> Result<(), StoreError> {
        // First, so that it stands also if the process is not waited for any longer.
        self.past_damaged_history(|tx| work::end(tx, now))?;
        if let Err(error) = self.keep_unknown_names() {
            tracing::warn!(%error, "pings of the last minute to names that no check has are forgotten");
        }
        let watch = Stopwatch::start();
        self.memory.behind.try_apart();
        loop {
            // Once at least: the end of a round says that no ping is looked at again, also where no row is behind.
            self.catch_up_some()?;
            if self.memory.behind.is_empty() || watch.took() >= AT_A_STOP {
                return Ok(());
            }
        }
    }

    fn blind(&mut self, window: Window) -> Result<(), StoreError> {
        self.transact(|tx| work::add_blind(tx, window, Lost::Away))
    }

    fn refused_unread(&mut self, window: Window) -> Result<(), StoreError> {
        self.transact(|tx| work::add_blind(tx, window, Lost::Unread))
    }

    fn reanchor(&mut self, before: Time, now: Time) -> Result<(), StoreError> {
        self.transact(|tx| work::reanchor(tx, before, now))?;
        self.memory.tick_now();
        Ok(())
    }

    fn take(&mut self, compared: &mut Compared, at_start: bool, now: Time) -> Result<(), ConfigureError> {
        let was_in_doubt = self.is_stale;
        self.ready()?;
        if was_in_doubt {
            // The list that it was compared with may not have known what was committed.
            compared.pending.read_anew(|name| self.memory.declared_as(name));
        }
        let left = self.pending.as_ref().map_or(0, PendingChanges::left);
        if left > 0 {
            return Err(ConfigureError::Unfinished { left });
        }
        let settings = UnstoredSettings {
            policy: compared.policy.clone(),
            retention: compared.retention.clone(),
            max_checks: compared.max_checks,
        };
        let before = self.settings.replace(settings);
        // A start does not know what was before: the memory has been read anew for that.
        let policy = before.as_ref().map(|before| before.policy.clone());
        let done = self.transact(|tx| {
            match work::configure(tx, compared, at_start, policy.as_deref(), now) {
                Err(ConfigureError::Store(error)) => Err(error),
                // A refusal has changed nothing.
                taken => Ok(taken),
            }
        });
        match done.map_err(ConfigureError::Store).flatten() {
            Ok(taken) => {
                let pending = pending_after(taken, compared.take_pending(), now);
                self.live.set_pending(Some(pending.shared()));
                self.pending = Some(pending);
                Ok(())
            }
            Err(error) => {
                self.settings = before;
                Err(error)
            }
        }
    }

    fn carry_on(&mut self, limit: usize, now: Time) -> Result<CarriedOn, StoreError> {
        self.ready()?;
        let Some(pending) = &mut self.pending else { return Ok(CarriedOn::Done(Changes::default())) };
        let names = pending.next(limit);
        let is_last = names.len() == pending.left();
        self.transact(|tx| work::carry_on(tx, &names, is_last))?;
        Ok(match self.pending.take_if(|pending| pending.left() == 0) {
            Some(pending) => {
                self.live.set_pending(None);
                self.memory.try_unjudgeable(now);
                CarriedOn::Done(pending.into_changes())
            }
            None => CarriedOn::Left(self.pending.as_ref().map_or(0, PendingChanges::left)),
        })
    }

    fn edit_all(&mut self, edits: Vec<Edit>, by: &str, now: Time) -> Result<Vec<CheckId>, RefusedEdit> {
        let max_checks = self.settings.as_ref().map_or(usize::MAX, |settings| settings.max_checks);
        let done = self.transact(|tx| match work::edit(tx, max_checks, edits, by, now) {
            Err(RefusedEdit { error: EditError::Store(error), .. }) => Err(error),
            // A refusal has changed nothing.
            made => Ok(made),
        });
        if let Ok(Ok(edited)) = &done {
            self.memory.try_edited(edited, now);
        }
        done.map_err(|error| RefusedEdit { index: 0, error: error.into() }).flatten()
    }

    fn apply(&mut self, entries: &[Entry]) -> Result<Vec<Applied>, StoreError> {
        let apart = self.memory.behind.apart();
        let mut applied = self.apply_once(entries);
        if applied.is_err() && self.memory.behind.apart() > apart {
            // It failed for a row of another check, which it came by to bring it up to date: now it does not.
            let catch_up = self.catch_up.take();
            applied = self.apply_once(entries);
            self.catch_up = catch_up;
        }
        applied
    }

    fn change_records(&mut self, call: &RecordCall, now: Time) -> Result<RecordAnswer, StoreError> {
        self.transact(|tx| work::change_records(tx, call, now))
    }

    fn diagnose(&mut self, call: &DiagnosisCall, now: Time) -> Result<DiagnosisAnswer, StoreError> {
        self.transact(|tx| work::diagnose(tx, call, now))
    }

    fn due(&mut self, now: Time, limit: usize) -> Vec<(CheckId, Time)> {
        match self.ready() {
            Ok(()) => self.memory.due(now, limit),
            // Nothing could be judged either.
            Err(_) => Vec::new(),
        }
    }

    fn put_off(&mut self, check: CheckId, now: Time) {
        self.memory.tick_again(check, now);
    }

    fn next_deadline(&self) -> Option<Time> {
        self.memory.next_due()
    }

    fn claim(&mut self, now: Time) -> Result<Vec<Outgoing>, StoreError> {
        // Before the first configuration nobody knows who is to be told.
        if self.settings.is_none() {
            return Ok(Vec::new());
        }
        let claimed = self.transact(|tx| work::claim(tx, now))?;
        self.handed.extend(claimed.iter().map(|outgoing| outgoing.message.id));
        Ok(claimed)
    }

    fn hold_deliveries(&mut self) -> Result<(), StoreError> {
        self.transact(|tx| tx.put_held(true))
    }

    fn let_deliveries_go(&mut self, now: Time) -> Result<Option<LetGo>, StoreError> {
        self.transact(|tx| work::let_go(tx, now))
    }

    fn next_claim(&self) -> Option<Time> {
        self.memory.outbox.next_claim()
    }

    fn settle(
        &mut self,
        message: MessageId,
        attempt: &Attempt,
        from: usize,
        now: Time,
    ) -> Result<Settling, StoreError> {
        let settling = self.transact(|tx| work::settle(tx, message, attempt, from, now))?;
        if settling == Settling::Ended {
            self.handed.remove(&message);
        }
        Ok(settling)
    }

    fn retry_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.transact(|tx| work::retry(tx, message, by, now))
    }

    fn retry_parked(&mut self, receiver: &ReceiverName, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.transact(|tx| work::retry_all(tx, receiver, by, now))
    }

    fn drop_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.transact(|tx| work::drop_message(tx, message, by, now))
    }

    fn stand_all(
        &mut self,
        incidents: &[IncidentId],
        saying: &Saying,
        now: Time,
    ) -> Result<Vec<Stood>, StoreError> {
        self.transact(|tx| work::stand_all(tx, incidents, saying, now))
    }

    fn alerts(&mut self, limit: usize, now: Time) -> Result<Option<Time>, StoreError> {
        self.ready()?;
        if self.memory.projection.next_look(now).is_some_and(|at| at <= now) {
            self.transact(|tx| work::alerts(tx, limit, now))?;
        }
        Ok(self.memory.projection.next_look(now))
    }

    fn mute(&mut self, mute: Mute, now: Time) -> Result<u64, StoreError> {
        self.transact(|tx| work::mute(tx, mute, now))
    }

    fn unmute(&mut self, id: u64, by: &str, now: Time) -> Result<bool, StoreError> {
        self.transact(|tx| work::unmute(tx, id, by, now))
    }

    fn keep(&mut self, done: &Audit) -> Result<(), StoreError> {
        self.transact(|tx| work::keep(tx, done))
    }

    fn keep_unknown_names(&mut self) -> Result<(), StoreError> {
        let names: Vec<UnknownName> = {
            let mut known = self.live.unknown_names();
            if !known.is_changed() {
                return Ok(());
            }
            known.set_changed(false);
            known.iter().cloned().collect()
        };
        let kept = self.transact(|tx| tx.put_unknown_names(&names));
        if kept.is_err() {
            self.live.unknown_names().set_changed(true);
        }
        kept
    }

    fn forget_unknown_names(&mut self, name: Option<&str>, by: &str, now: Time) -> Result<usize, StoreError> {
        let stays = |known: &UnknownName| name.is_some_and(|name| known.name != name);
        let all: Vec<UnknownName> = self.live.unknown_names().iter().cloned().collect();
        let (left, gone): (Vec<_>, Vec<_>) = all.into_iter().partition(stays);
        if !gone.is_empty() {
            self.transact(|tx| work::forget_unknown_names(tx, (&left, &gone), by, now))?;
            self.live.unknown_names().retain(stays);
        }
        Ok(gone.len())
    }

    fn prune(&mut self, now: Time) -> Result<bool, StoreError> {
        if self.settings.is_none() {
            return Ok(false);
        }
        let round = std::mem::take(&mut self.round);
        let is_first = round.is_new();
        let was_space_given = matches!(round, work::Round::Space(given) if given > 0);
        if is_first {
            self.memory.behind.try_apart();
            self.catch_up_some()?;
        }
        self.round = self.transact(|tx| work::prune(tx, round, now))?;
        let is_done = self.round.is_new();
        if was_space_given && is_done {
            self.shorten_file();
        }
        Ok(!is_done)
    }
}

impl SqliteStore {
    fn apply_once(&mut self, entries: &[Entry]) -> Result<Vec<Applied>, StoreError> {
        self.transact(|tx| {
            prefetch(tx.memory, entries.iter().map(|entry| entry.check));
            work::apply(tx, entries)
        })
    }

    /// A start and a stop are not made once more by whoever asks: what fails for a damaged table of history is made without it.
    fn past_damaged_history<R>(
        &mut self,
        act: impl Fn(&mut Tx<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        match self.transact(&act) {
            Err(StoreError::Damaged(_)) => self.transact(&act),
            done => done,
        }
    }

    /// Brings some rows of states up to date. A damaged page fails that for one of its rows after the other.
    fn catch_up_some(&mut self) -> Result<(), StoreError> {
        for _ in 0..MOST_DAMAGED {
            let apart = self.memory.behind.apart();
            let done = self.transact(|tx| tx.catch_up_some());
            if done.is_ok() || self.memory.behind.apart() == apart {
                return done;
            }
        }
        Ok(())
    }
}

/// What is pending once a configuration was taken.
fn pending_after(taken: work::Taken, mut pending: PendingChanges, now: Time) -> PendingChanges {
    let work::Taken { mut changes, declared, stay, keeps_all } = taken;
    stay.iter().for_each(|name| pending.remove(name));
    if keeps_all {
        changes.kept = pending.keep_all();
    }
    let mut pending = pending.taken(now, changes);
    pending.carried_out(declared);
    pending
}
