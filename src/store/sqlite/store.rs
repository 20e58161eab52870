//! The store of one folder: opens it, and makes of each call one transaction.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, ErrorCode};

use super::error::{commit_failed, failed};
use super::fast::catch_up::CATCH_UP;
use super::fast::prefetch::prefetch;
use super::fast::staging::Staging;
use super::memory::{Memory, UnstoredSettings};
use super::tx::Tx;
use super::{files, load};
use crate::core::blind::Window;
use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::origin::Origins;
use crate::core::outbox::{Attempt, MessageId};
use crate::core::route::{Mute, ReceiverName};
use crate::core::time::{Span, Time};
use crate::store::live::Live;
use crate::store::work::{Lost, Rows as _, Teller};
use crate::store::{
    Alerts, Applied, ByHand, Changes, Configuration, ConfigureError, Edit, EditError, Entry, LetGo, Outgoing,
    RefusedEdit, Stance, Store, StoreError, work,
};

/// The store of one folder. Dropping it lets go of the folder; nothing is lost, however it ends.
pub struct SqliteStore {
    folder: PathBuf,
    /// The database that was opened at the start: no other one is ever taken for it.
    pub(super) file: files::OpenFile,
    pub(super) live: Arc<Live>,
    /// `None` after a failure: the database is opened again before anything else (14.3).
    pub(super) db: Option<Connection>,
    pub(super) memory: Memory,
    /// A call failed on its way: the memory is read anew before anything else.
    pub(super) is_stale: bool,
    settings: Option<UnstoredSettings>,
    /// Messages that a claim of ours has answered, and that are not settled: somebody is sending them.
    handed: HashSet<MessageId>,
    /// A number of this start; what a new database gets for its id.
    epoch: u64,
    origins: Arc<Origins>,
    /// How far pruning has come.
    round: work::Round,
    /// How many rows of states a batch brings up to date at least.
    catch_up: usize,
    /// Room for what a call stages, empty.
    spare: Staging,
    teller: Teller,
    faults: Option<Faults>,
    _lock: files::Lock,
}

/// Where a test may make a call fail.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultPoint {
    /// The database is to be opened again.
    Reopen,
    /// Nothing is written.
    Begin,
    /// All is written; nothing is committed.
    BeforeCommit,
    /// It is committed; the caller has not heard of it.
    AfterCommit,
}

type Faults = Box<dyn FnMut(FaultPoint) -> Option<StoreError> + Send>;

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the database of a folder, making what is missing. While another server has it, it waits (14.4).
    pub fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
        // The standard library's only source of numbers that nobody can foresee.
        let any = RandomState::new().hash_one(folder);
        SqliteStore::open_with(folder, any)
    }

    /// Like [`SqliteStore::open`]; the keys of its messages begin with this number, so that they are the same in every run.
    #[doc(hidden)]
    pub fn open_with(folder: &Path, epoch: u64) -> Result<SqliteStore, StoreError> {
        SqliteStore::open_locked(folder, epoch, files::lock(folder)?)
    }

    /// Like [`SqliteStore::open`], but does not wait: `None` while a server has it.
    pub fn open_unless_held(folder: &Path) -> Result<Option<SqliteStore>, StoreError> {
        let Some(lock) = files::try_lock(folder)? else { return Ok(None) };
        let any = RandomState::new().hash_one(folder);
        SqliteStore::open_locked(folder, any, lock).map(Some)
    }

    fn open_locked(folder: &Path, epoch: u64, lock: files::Lock) -> Result<SqliteStore, StoreError> {
        let (db, is_new) = files::open_writer(folder)?;
        let mut store = SqliteStore {
            folder: folder.to_owned(),
            file: files::OpenFile::of(&db)?,
            live: Arc::new(Live::default()),
            db: Some(db),
            memory: Memory::default(),
            is_stale: true,
            settings: None,
            handed: HashSet::new(),
            epoch,
            origins: Arc::default(),
            round: work::Round::default(),
            catch_up: CATCH_UP,
            spare: Staging::default(),
            teller: Teller::new(),
            faults: None,
            _lock: lock,
        };
        if is_new {
            tracing::warn!(folder = %folder.display(), "the database is new and empty");
        }
        store.ready()?;
        Ok(store)
    }

    /// With what sets the checks of other systems' users apart; without, they are all alike.
    #[must_use]
    pub fn knowing(mut self, origins: Origins) -> SqliteStore {
        self.origins = Arc::new(origins);
        self.memory.origins = self.origins.clone();
        self
    }

    /// Asked at each of these points, whether it shall fail.
    #[doc(hidden)]
    pub fn set_faults(&mut self, faults: impl FnMut(FaultPoint) -> Option<StoreError> + Send + 'static) {
        self.faults = Some(Box::new(faults));
    }

    /// With 0, rows of states stay behind for as long as they may.
    #[doc(hidden)]
    pub fn set_catch_up(&mut self, at_least: usize) {
        self.catch_up = at_least;
    }

    /// Opens the database again and reads the memory anew, where a failure made that necessary.
    pub(super) fn ready(&mut self) -> Result<(), StoreError> {
        if self.db.is_none() {
            self.fault(FaultPoint::Reopen)?;
            self.db = Some(files::reopen_writer(&self.folder, &self.file)?);
            self.is_stale = true;
        }
        if self.is_stale
            && let Some(db) = &self.db
        {
            let read = load::load(db, &self.handed)?;
            let Memory { outbox: before, .. } = std::mem::replace(&mut self.memory, read);
            self.memory.outbox.as_before(before);
            self.memory.epoch = self.epoch;
            self.memory.origins = self.origins.clone();
            if self.memory.created.is_none() {
                self.memory.database_id = self.epoch.cast_signed();
            }
            self.handed.retain(|id| self.memory.outbox.has_message(*id));
            self.live.set_mutes(self.memory.mutes.clone());
            self.live.set_directory(self.memory.directory());
            self.live.set_blind(self.memory.blind.clone());
            self.is_stale = false;
        }
        self.show_totals();
        Ok(())
    }

    /// One call: rows and memory change together or not at all (14.1), then readers see it.
    pub(super) fn transact<R>(
        &mut self,
        act: impl FnOnce(&mut Tx<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        self.ready()?;
        let db = self.db.take().expect("ready() has opened it");
        self.fault(FaultPoint::Begin)?;
        if let Err(error) = db.execute_batch("BEGIN IMMEDIATE") {
            if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
                // Nothing has changed, and nothing is broken.
                self.db = Some(db);
                return Err(StoreError::Failed("another program holds the database locked".to_owned()));
            }
            tracing::warn!(%error, "the database is opened again");
            return Err(failed(error));
        }
        self.is_stale = true;
        let done = self.commit(&db, act);
        match &done {
            Ok(_) => {
                self.is_stale = false;
                self.db = Some(db);
                self.show_totals();
            }
            // A full disk is no broken file: the same connection works again once there is space.
            Err(StoreError::Full) if db.is_autocommit() || db.execute_batch("ROLLBACK").is_ok() => {
                self.db = Some(db);
            }
            // Whoever called tells people.
            Err(error) => tracing::debug!(%error, "the database is opened again"),
        }
        done
    }

    fn fault(&mut self, point: FaultPoint) -> Result<(), StoreError> {
        self.faults.as_mut().and_then(|faults| faults(point)).map_or(Ok(()), Err)
    }

    /// Carries out and ends a transaction that has begun.
    fn commit<R>(
        &mut self,
        db: &Connection,
        act: impl FnOnce(&mut Tx<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let settings = self.settings.as_ref();
        self.memory.outbox.begin_call();
        // What is staged by a call that fails is forgotten with it.
        let mut tx = Tx::new(db, &mut self.memory, &self.live, settings, std::mem::take(&mut self.spare))?;
        tx.judge_again()?;
        let answer = act(&mut tx)?;
        tx.finish(self.catch_up)?;
        let mut fault = |point| self.faults.as_mut().and_then(|faults| faults(point)).map_or(Ok(()), Err);
        fault(FaultPoint::BeforeCommit)?;
        db.execute_batch("COMMIT").map_err(commit_failed)?;
        fault(FaultPoint::AfterCommit)?;
        let story = std::mem::take(&mut tx.story);
        self.spare = tx.publish();
        self.teller.tell(story);
        Ok(answer)
    }

    fn show_totals(&self) {
        self.live.set_answers(&self.memory.outbox.answers);
        self.live.set_waiting(&self.memory.outbox.unfinished_by_receiver);
        let totals = &self.live.totals;
        let ms = |ms: i64| u64::try_from(ms).unwrap_or(0);
        let (incidents, deliveries, parked) = self.memory.outbox.totals();
        totals.incidents_open.store(incidents as u64, Ordering::Relaxed);
        totals.deliveries_pending.store(deliveries as u64, Ordering::Relaxed);
        totals.deliveries_parked.store(parked, Ordering::Relaxed);
        totals.own_mails_limited.store(self.memory.outbox.limited, Ordering::Relaxed);
        let last_parked_ms = self.memory.outbox.last_parked.map_or(0, Time::as_ms);
        totals.last_parked_ms.store(last_parked_ms, Ordering::Relaxed);
        totals.database_id.store(self.memory.database_id.cast_unsigned(), Ordering::Relaxed);
        let created = self.memory.created.map_or(0, |created| created.as_ms());
        totals.database_created_ms.store(ms(created), Ordering::Relaxed);
        // A window may end in the future while the clock is doubted: that part was not yet.
        let ahead = self.memory.sign_of_life.map_or(Span::ZERO, |now| self.memory.blind.after(now));
        totals.set_blind(self.memory.blind_total - ahead, self.memory.sign_of_life);
        let last_sign_of_life_ms = self.memory.sign_of_life.map_or(0, Time::as_ms);
        totals.last_sign_of_life_ms.store(last_sign_of_life_ms, Ordering::Relaxed);
    }
}

impl Store for SqliteStore {
    fn live(&self) -> Arc<Live> {
        self.live.clone()
    }

    fn begin(&mut self, now: Time) -> Result<Option<Window>, StoreError> {
        self.transact(|tx| work::begin(tx, now))
    }

    fn last_sign_of_life(&mut self) -> Result<Option<Time>, StoreError> {
        self.ready()?;
        Ok(self.memory.sign_of_life)
    }

    fn sign_of_life(&mut self, now: Time) -> Result<(), StoreError> {
        self.sign_of_life_at(now)
    }

    fn doubted(&self) -> Span {
        self.memory.doubted
    }

    fn doubt(&mut self, spent: Span) -> Result<(), StoreError> {
        self.doubted_for(spent)
    }

    fn end(&mut self, now: Time) -> Result<(), StoreError> {
        self.transact(|tx| {
            tx.catch_up_entirely()?;
            work::sign_of_life(tx, now)
        })
    }

    fn blind(&mut self, window: Window) -> Result<(), StoreError> {
        self.transact(|tx| work::add_blind(tx, window, Lost::Away))
    }

    fn refused_unread(&mut self, window: Window) -> Result<(), StoreError> {
        self.transact(|tx| work::add_blind(tx, window, Lost::Unread))
    }

    fn reanchor(&mut self, before: Time, now: Time) -> Result<(), StoreError> {
        self.transact(|tx| work::reanchor(tx, before, now))
    }

    fn configure(
        &mut self,
        configuration: &Configuration,
        at_start: bool,
        now: Time,
    ) -> Result<Changes, ConfigureError> {
        let settings = UnstoredSettings {
            policy: configuration.policy.clone(),
            retention: configuration.retention.clone(),
            max_checks: configuration.max_checks,
        };
        let before = self.settings.replace(settings);
        // A start does not know what was before: the memory has been read anew for that.
        let policy = before.as_ref().map(|before| before.policy.clone());
        let done = self.transact(|tx| {
            tx.catch_up_all()?;
            match work::configure(tx, configuration, at_start, policy.as_deref(), now) {
                Err(ConfigureError::Store(error)) => Err(error),
                // A refusal has changed nothing.
                taken => Ok(taken),
            }
        });
        let done = done.map_err(ConfigureError::Store).flatten();
        if done.is_err() {
            self.settings = before;
        }
        done
    }

    fn edit_all(&mut self, edits: Vec<Edit>, now: Time) -> Result<Vec<CheckId>, RefusedEdit> {
        let max_checks = self.settings.as_ref().map_or(usize::MAX, |settings| settings.max_checks);
        let done = self.transact(|tx| match work::edit(tx, max_checks, edits, now) {
            Err(RefusedEdit { error: EditError::Store(error), .. }) => Err(error),
            // A refusal has changed nothing.
            made => Ok(made),
        });
        done.map_err(|error| RefusedEdit { index: 0, error: error.into() }).flatten()
    }

    fn apply(&mut self, entries: Vec<Entry>) -> Result<Vec<Applied>, StoreError> {
        self.transact(|tx| {
            prefetch(tx.memory, entries.iter().map(|entry| entry.check));
            work::apply(tx, entries)
        })
    }

    fn due(&mut self, now: Time, limit: usize) -> Vec<(CheckId, Time)> {
        match self.ready() {
            Ok(()) => self.memory.deadlines.before(now, limit),
            // Nothing could be judged either.
            Err(_) => Vec::new(),
        }
    }

    fn next_deadline(&self) -> Option<Time> {
        self.memory.deadlines.next()
    }

    fn claim(&mut self, now: Time) -> Result<Vec<Outgoing>, StoreError> {
        // Before the first configuration nobody knows who is to be told.
        if self.settings.is_none() {
            return Ok(Vec::new());
        }
        let claimed = self.transact(|tx| work::claim(tx, now));
        self.memory.outbox.own.call_ended(claimed.is_ok());
        let claimed = claimed?;
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

    fn settle(&mut self, message: MessageId, attempt: &Attempt, now: Time) -> Result<(), StoreError> {
        self.transact(|tx| work::settle(tx, message, attempt, now))?;
        self.handed.remove(&message);
        Ok(())
    }

    fn retry_message(&mut self, message: MessageId, now: Time) -> Result<ByHand, StoreError> {
        self.transact(|tx| work::retry(tx, message, now))
    }

    fn retry_parked(&mut self, receiver: &ReceiverName, now: Time) -> Result<ByHand, StoreError> {
        self.transact(|tx| work::retry_all(tx, receiver, now))
    }

    fn drop_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.transact(|tx| work::drop_message(tx, message, by, now))
    }

    fn stand_all(
        &mut self,
        incidents: &[IncidentId],
        stance: Stance,
        by: &str,
        now: Time,
    ) -> Result<Vec<bool>, StoreError> {
        let all =
            |tx: &mut Tx<'_>| incidents.iter().map(|id| work::stand(tx, *id, stance, by, now)).collect();
        self.transact(all)
    }

    fn alerts(&mut self, now: Time) -> Result<Alerts, StoreError> {
        self.transact(|tx| work::alerts(tx, now))
    }

    fn mute(&mut self, mute: Mute, now: Time) -> Result<u64, StoreError> {
        self.transact(|tx| work::mute(tx, mute, now))
    }

    fn unmute(&mut self, id: u64, now: Time) -> Result<bool, StoreError> {
        self.transact(|tx| work::unmute(tx, id, now))
    }

    fn prune(&mut self, now: Time) -> Result<bool, StoreError> {
        if self.settings.is_none() {
            return Ok(false);
        }
        let round = std::mem::take(&mut self.round);
        let is_first = round.is_new();
        let was_room_given = matches!(round, work::Round::Room(given) if given > 0);
        self.round = self.transact(|tx| {
            if is_first {
                tx.catch_up_some()?;
            }
            work::prune(tx, round, now)
        })?;
        let is_done = self.round.is_new();
        if was_room_given && is_done {
            self.shorten_file();
        }
        Ok(!is_done)
    }
}
