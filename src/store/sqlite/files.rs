//! The files of a folder: the database, and the lock that keeps a second server out (14.4).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, flock};

use super::error::failed;
use super::migrations;
use crate::store::StoreError;

/// Pages of the write-ahead log that are collected before they move to the database file: long enough that a page which
/// every batch touches is moved once for many batches.
const CHECKPOINT_PAGES: u32 = 4000;
/// A log that grew longer, because a reader stayed for long, is cut again.
const MAX_LOG_BYTES: u32 = 64 << 20;
/// What the writer keeps of the database in memory, in KiB.
const CACHE_KIB: u32 = 65_536;
/// Statements kept prepared: more than there are.
const STATEMENTS: usize = 128;
/// `PRAGMA auto_vacuum` of a file that can give room back, some at a time.
pub(super) const INCREMENTAL: i64 = 2;
/// An older file whose pages in use are no more than these is rewritten at a start, so that it can give room back: 64 MiB,
/// which takes a second or two.
const MAX_REWRITTEN_PAGES: i64 = 16_384;
/// How long to wait for another process's lock (a backup, somebody's shell).
const BUSY: Duration = Duration::from_secs(5);

/// The database's file in a folder.
pub(in crate::store) fn database(folder: &Path) -> PathBuf {
    folder.join("punctual.db")
}

/// Held by the one server of a folder; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

/// Makes the folder where it is missing, and waits until no other server holds it, with one line in the log.
pub(super) fn lock(folder: &Path) -> Result<Lock, StoreError> {
    let told = |error: io::Error| told(folder, &error);
    let (file, path) = lock_file(folder)?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        tracing::warn!(lock = %path.display(), "another server holds this folder: waiting until it ends");
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(told(error.into())),
            }
        }
        tracing::info!("the other server has ended");
    }
    Ok(Lock(file))
}

/// [`lock`], but it does not wait: `None` while a server holds the folder.
pub(super) fn try_lock(folder: &Path) -> Result<Option<Lock>, StoreError> {
    let (file, _) = lock_file(folder)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Lock(file))),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(told(folder, &error.into())),
    }
}

fn lock_file(folder: &Path) -> Result<(File, PathBuf), StoreError> {
    let told = |error: io::Error| told(folder, &error);
    fs::DirBuilder::new().recursive(true).mode(0o750).create(folder).map_err(told)?;
    let path = folder.join("punctual.lock");
    let file = OpenOptions::new().create(true).append(true).mode(0o640).open(&path).map_err(told)?;
    Ok((file, path))
}

/// What failed there, in words.
pub(super) fn told(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {error}", path.display()))
}

/// Opens the database for its writer, at a start; answers whether it is new. One that is not ours to write is refused
/// untouched.
pub(super) fn open_writer(folder: &Path) -> Result<(Connection, bool), StoreError> {
    let (mut db, _) = connect(folder, OpenFlags::SQLITE_OPEN_CREATE)?;
    let is_new = migrations::migrate(&mut db)?;
    let_give_space_back(&db)?;
    Ok((db, is_new))
}

/// Files of older versions reuse their room and never shrink: a small one is rewritten. If it cannot be, all goes on.
fn let_give_space_back(db: &Connection) -> Result<(), StoreError> {
    let pragma = |name: &str| -> Result<i64, StoreError> {
        db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).map_err(failed)
    };
    if pragma("auto_vacuum")? == INCREMENTAL {
        return Ok(());
    }
    if pragma("page_count")? - pragma("freelist_count")? > MAX_REWRITTEN_PAGES {
        tracing::info!("the database cannot give room back to the disk: docs/storage.md says how it can");
    } else if let Err(error) = db.execute_batch(&format!("PRAGMA auto_vacuum = {INCREMENTAL}; VACUUM")) {
        tracing::warn!(%error, "the database could not be rewritten, and cannot give room back to the disk");
    } else {
        tracing::info!("the database was rewritten: from now on it gives room back to the disk");
    }
    Ok(())
}

/// Moves what it can of the write-ahead log into the database's file, which gets shorter by what was given back.
pub(super) fn shorten(db: &Connection) -> Result<(), StoreError> {
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(failed)
}

/// Opens the database again that we had open, with its whole write-ahead log moved into it. It is not made anew: that
/// would be to forget everything, and to say that all is well.
pub(super) fn reopen_writer(folder: &Path, file: &OpenFile) -> Result<Connection, StoreError> {
    file.is_still_there()?;
    let (db, version) = connect(folder, OpenFlags::empty())?;
    if version == 0 {
        let path = database(folder);
        return Err(StoreError::Failed(format!("{} was emptied while we had it open", path.display())));
    }
    checkpoint(&db, file)?;
    Ok(db)
}

/// The database's file that was opened: its path as SQLite resolved it, its device, and its number there.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    id: (u64, u64),
}

impl OpenFile {
    /// The file of a connection.
    pub(super) fn of(db: &Connection) -> Result<OpenFile, StoreError> {
        let path = PathBuf::from(db.path().unwrap_or_default());
        let id = id(&path).map_err(|error| told(&path, &error))?;
        Ok(OpenFile { path, id })
    }

    /// Refuses to go on where another file has the database's name by now, or none: what is stored then is lost at the
    /// next start.
    pub(super) fn is_still_there(&self) -> Result<(), StoreError> {
        if id(&self.path).is_ok_and(|id| id == self.id) {
            return Ok(());
        }
        let path = self.path.display();
        Err(StoreError::Failed(format!("{path} was removed or replaced while we had it open")))
    }

    /// Bytes of the database itself; 0: it is gone.
    pub(super) fn bytes(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    /// Bytes of the write-ahead log; 0: there is none.
    pub(super) fn log_bytes(&self) -> u64 {
        fs::metadata(self.log()).map_or(0, |metadata| metadata.len())
    }

    fn log(&self) -> PathBuf {
        self.path.with_extension("db-wal")
    }
}

fn id(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// A connection that may write, and the version of what it found.
fn connect(folder: &Path, may_create: OpenFlags) -> Result<(Connection, u32), StoreError> {
    let path = database(folder);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | may_create;
    let db = Connection::open_with_flags(&path, flags)
        .map_err(|error| StoreError::Failed(format!("cannot open {}: {error}", path.display())))?;
    db.busy_timeout(BUSY).map_err(failed)?;
    let version = migrations::inspect(&db).map_err(|error| match error {
        StoreError::Failed(why) => StoreError::Failed(format!(
            "{}: {why}: put a backup in its place, or move it away to begin with a new one",
            path.display()
        )),
        other => other,
    })?;
    // Only a file that is still empty takes this.
    db.pragma_update(None, "auto_vacuum", INCREMENTAL).map_err(failed)?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(StoreError::Failed(format!("the folder's file system has no shared memory ({mode})")));
    }
    db.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -{CACHE_KIB}; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
         PRAGMA journal_size_limit = {MAX_LOG_BYTES};"
    ))
    .map_err(failed)?;
    // A statement is planned once, and not anew for each value that could let it use an index of part of a table.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok((db, version))
}

/// Opens the database for reading, beside its writer or without one.
pub(in crate::store) fn open_reader(folder: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(database(folder), flags).map_err(failed)?;
    db.busy_timeout(BUSY).map_err(failed)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

/// Moves the whole write-ahead log into the database file and syncs it, so that nothing depends on pages of the log that
/// a failed fsync may have left unwritten (14.3).
fn checkpoint(db: &Connection, file: &OpenFile) -> Result<(), StoreError> {
    // A reader from outside may stay for hours: it is not waited for.
    db.busy_timeout(Duration::ZERO).map_err(failed)?;
    let busy = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(failed);
    db.busy_timeout(BUSY).map_err(failed)?;
    if busy? { write_again(&file.log()) } else { Ok(()) }
}

/// Writes a file over itself and syncs it. The kernel takes pages that it could not write for written, and would never try
/// again. Nobody else writes to this file, and readers find what they found before.
fn write_again(path: &Path) -> Result<(), StoreError> {
    let written = || {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut piece = vec![0; 1 << 20];
        let mut at = 0;
        loop {
            let length = file.read_at(&mut piece, at)?;
            if length == 0 {
                return file.sync_all();
            }
            file.write_all_at(&piece[..length], at)?;
            at += length as u64;
        }
    };
    written().map_err(|error| told(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 14.1: what was answered survives a power cut, which no test can make: a commit returns once the log is on the disk.
    #[test]
    fn a_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let full = |db: &Connection| {
            let synchronous: i64 = db.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
            assert_eq!(synchronous, 2, "FULL");
            let mode: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
            assert_eq!(mode, "wal");
        };
        let (db, is_new) = open_writer(folder.path()).unwrap();
        assert!(is_new);
        full(&db);
        let file = OpenFile::of(&db).unwrap();
        drop(db);
        full(&reopen_writer(folder.path(), &file).unwrap());
    }
}
