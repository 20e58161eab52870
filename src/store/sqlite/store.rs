//! The store of one folder: opens it, and makes of each call one transaction.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, ErrorCode};

use super::ahead::ReadAhead;
use super::difference::difference;
use super::error::{commit_failed, failed};
use super::fast::catch_up::CATCH_UP;
use super::history_tables::DamagedTables;
use super::memory::{Memory, Numbers, UnstoredSettings};
use super::tx::Tx;
use super::{files, load, unknown_rows};
use crate::core::origin::Origins;
use crate::core::outbox::MessageId;
use crate::core::time::{Span, Time};
use crate::store::live::Live;
use crate::store::pending::PendingChanges;
use crate::store::work::Teller;
use crate::store::{StoreError, work};

/// The store of one folder. Dropping it lets go of the folder; nothing is lost, however it ends.
pub struct SqliteStore {
    folder: PathBuf,
    /// The database that was opened at the start: no other one is ever taken for it.
    pub(super) file: files::OpenFile,
    pub(super) live: Arc<Live>,
    /// `None` after a failure: the database is opened again before anything else (14.3).
    pub(super) db: Option<Connection>,
    pub(super) memory: Memory,
    /// Nobody knows whether the last call was committed: the memory is read anew before anything else.
    pub(super) is_stale: bool,
    pub(super) settings: Option<UnstoredSettings>,
    /// What the last configuration is still to change.
    pub(super) pending: Option<PendingChanges>,
    /// Messages that a claim of ours has answered, and that are not settled: somebody is sending them.
    pub(super) handed: HashSet<MessageId>,
    /// A number of this start; what a new database gets for its id.
    epoch: u64,
    pieces: work::Pieces,
    origins: Arc<Origins>,
    /// How far pruning has come.
    pub(super) round: work::Round,
    /// How many rows of states a batch brings up to date at least; `None`: it brings none.
    pub(super) catch_up: Option<usize>,
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
        SqliteStore::open_after(folder, None)
    }

    /// Like [`SqliteStore::open`]; what was read ahead is not read again.
    pub fn open_after(folder: &Path, ahead: Option<ReadAhead>) -> Result<SqliteStore, StoreError> {
        let (lock, memory) = match ahead {
            Some(ahead) => (ahead.lock, ahead.memory),
            None => (files::lock(folder)?, None),
        };
        SqliteStore::open_locked(folder, any_number(folder), lock, memory)
    }

    /// Like [`SqliteStore::open`]; the keys of its messages begin with this number, so that they are the same in every run.
    #[doc(hidden)]
    pub fn open_with(folder: &Path, epoch: u64) -> Result<SqliteStore, StoreError> {
        SqliteStore::open_locked(folder, epoch, files::lock(folder)?, None)
    }

    /// Like [`SqliteStore::open`], but does not wait: `None` while a server has it.
    pub fn open_unless_held(folder: &Path) -> Result<Option<SqliteStore>, StoreError> {
        let Some(lock) = files::try_lock(folder)? else { return Ok(None) };
        SqliteStore::open_locked(folder, any_number(folder), lock, None).map(Some)
    }

    fn open_locked(
        folder: &Path,
        epoch: u64,
        lock: files::Lock,
        memory: Option<Memory>,
    ) -> Result<SqliteStore, StoreError> {
        let (db, is_new) = files::open_writer(folder)?;
        let mut store = SqliteStore {
            folder: folder.to_owned(),
            file: files::OpenFile::of(&db)?,
            live: Arc::new(Live::default()),
            db: Some(db),
            memory: Memory::default(),
            is_stale: true,
            settings: None,
            pending: None,
            handed: HashSet::new(),
            epoch,
            pieces: work::Pieces::default(),
            origins: Arc::default(),
            round: work::Round::default(),
            catch_up: Some(CATCH_UP),
            teller: Teller::new(),
            faults: None,
            _lock: lock,
        };
        if is_new {
            tracing::warn!(folder = %folder.display(), "the database is new and empty");
        }
        memory.into_iter().for_each(|read| store.know(read));
        store.ready()?;
        store.know_names()?;
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
        self.catch_up = Some(at_least);
    }

    /// With small numbers, what is held or not due returns in many calls, and what a message told is settled in many.
    #[doc(hidden)]
    pub fn set_pieces(&mut self, returned: usize, settled: usize) {
        self.pieces = work::Pieces { returned, settled, ..self.pieces };
        self.memory.pieces = self.pieces;
    }

    /// With a small number, a result changes its check's records in many slices.
    #[doc(hidden)]
    pub fn set_record_slice(&mut self, records: usize) {
        self.pieces.records = records;
        self.memory.pieces = self.pieces;
    }

    /// What of memory is otherwise than the rows say; `None`: nothing, or the rows are read anew before the next call.
    #[doc(hidden)]
    pub fn difference_from_rows(&self) -> Result<Option<String>, StoreError> {
        if self.is_stale {
            return Ok(None);
        }
        let read = load::load(&files::open_reader(&self.folder)?, &self.handed)?;
        Ok(difference(&self.memory, &read))
    }

    /// Opens the database again, and reads the memory anew, where a failure made that necessary.
    pub(super) fn ready(&mut self) -> Result<(), StoreError> {
        if self.db.is_none() {
            self.fault(FaultPoint::Reopen)?;
            self.db = Some(files::reopen_writer(&self.folder, &self.file)?);
        }
        if self.is_stale
            && let Some(db) = &self.db
        {
            let read = load::load(db, &self.handed)?;
            self.know(read);
        }
        self.show_totals();
        Ok(())
    }

    /// This is what the rows say.
    fn know(&mut self, read: Memory) {
        let Memory { outbox: before, damaged, tried_at, .. } = std::mem::replace(&mut self.memory, read);
        let lost = std::mem::replace(&mut self.memory.damaged, damaged).lost_at_start;
        self.live.totals.history_lost.fetch_add(lost, Ordering::Relaxed);
        self.memory.outbox.as_before(before);
        self.memory.epoch = self.epoch;
        self.memory.pieces = self.pieces;
        self.memory.origins = self.origins.clone();
        if self.memory.numbers.created.is_none() {
            self.memory.database_id = self.epoch.cast_signed();
        }
        if let Some(tried_at) = tried_at {
            let life = self.memory.numbers.sign_of_life;
            self.memory.try_unjudgeable(life.map_or(tried_at, |life| life.max(tried_at)));
        }
        self.handed.retain(|id| self.memory.outbox.has_message(*id));
        self.live.set_mutes(self.memory.mutes.clone());
        self.live.set_secret(self.memory.secret.clone());
        self.live.set_directory(self.memory.directory());
        self.live.set_blind(self.memory.blind.clone());
        self.live.show_all_alerts(&self.memory.projection.alerts);
        if let Some(pending) = &mut self.pending {
            pending.read_anew(|name| self.memory.declared_as(name));
        }
        self.is_stale = false;
    }

    /// Only at a start: from then on readers' names are newer than the rows.
    fn know_names(&self) -> Result<(), StoreError> {
        let db = self.db.as_ref().expect("ready() has opened it");
        let mut damaged = DamagedTables::default();
        *self.live.unknown_names() = unknown_rows::load(db, &mut damaged)?;
        self.live.totals.history_lost.fetch_add(damaged.lost_at_start, Ordering::Relaxed);
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
        let done = self.commit(&db, act);
        match &done {
            Ok(_) => {
                self.db = Some(db);
                self.show_totals();
            }
            // A full disk is no broken file, nor is a row that it does not take: the same connection works again. So it does where
            // a page could not be read: that is read again.
            Err(error @ (StoreError::Full | StoreError::Row(_) | StoreError::Damaged(_)))
                if (db.is_autocommit() || db.execute_batch("ROLLBACK").is_ok())
                    && (!matches!(error, StoreError::Damaged(_))
                        || db.execute_batch("PRAGMA shrink_memory").is_ok()) =>
            {
                self.db = Some(db);
            }
            // Whoever called tells people.
            Err(error) => {
                tracing::debug!(%error, "the database is opened again");
                self.is_stale = matches!(error, StoreError::Unclear(_));
            }
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
        let mut tx = Tx::new(db, &mut self.memory, &self.live, settings, self.pending.as_ref());
        let mut fault = |point| self.faults.as_mut().and_then(|faults| faults(point)).map_or(Ok(()), Err);
        let all = || {
            tx.judge_again()?;
            let answer = act(&mut tx)?;
            tx.finish(self.catch_up)?;
            fault(FaultPoint::BeforeCommit)?;
            db.execute_batch("COMMIT").map_err(commit_failed)?;
            fault(FaultPoint::AfterCommit)?;
            Ok(answer)
        };
        let answer = match all() {
            Ok(answer) => answer,
            Err(error) => {
                tx.undo();
                return Err(error);
            }
        };
        let (story, carried) = (std::mem::take(&mut tx.story), std::mem::take(&mut tx.carried));
        tx.publish();
        if let Some(pending) = &mut self.pending {
            pending.carried_out(carried);
        }
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
        totals.states_apart.store(self.memory.behind.apart() as u64, Ordering::Relaxed);
        totals.unjudgeable.store(self.memory.unjudgeable.len() as u64, Ordering::Relaxed);
        totals.own_mails_limited.store(self.memory.outbox.limited, Ordering::Relaxed);
        let last_parked_ms = self.memory.outbox.last_parked.map_or(0, Time::as_ms);
        totals.last_parked_ms.store(last_parked_ms, Ordering::Relaxed);
        totals.database_id.store(self.memory.database_id.cast_unsigned(), Ordering::Relaxed);
        let created = self.memory.numbers.created.map_or(0, |created| created.as_ms());
        totals.database_created_ms.store(ms(created), Ordering::Relaxed);
        // A window may end in the future while the clock is doubted: that part was not yet.
        let Numbers { sign_of_life, blind_total, .. } = self.memory.numbers;
        let ahead = sign_of_life.map_or(Span::ZERO, |now| self.memory.blind.after(now));
        totals.set_blind(blind_total - ahead, sign_of_life);
        let last_sign_of_life_ms = sign_of_life.map_or(0, Time::as_ms);
        totals.last_sign_of_life_ms.store(last_sign_of_life_ms, Ordering::Relaxed);
    }
}

/// The standard library's only source of numbers that nobody can foresee.
fn any_number(folder: &Path) -> u64 {
    RandomState::new().hash_one(folder)
}
