//! A copy of the whole database, made beside its server or without one (docs/backup.md).

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags, flock, renameat_with};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::error::failed;
use super::{files, migrations};
use crate::store::StoreError;

/// Pages that are copied at a time, a megabyte: each piece is on the disk before the next is read, so that what a server syncs
/// meanwhile never waits behind more than that.
const PAGES: i32 = 256;
/// Only for whoever made it: pings and mail addresses are in it.
const MODE: u32 = 0o600;

/// How much is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupProgress {
    /// Bytes of the database that are in the copy.
    pub copied: u64,
    /// Bytes of the database.
    pub all: u64,
}

/// Copies the database of a folder as it is now into a new file: whole, on the disk and readable by nobody else, or not at all.
/// A server goes on beside it: its writer waits for nothing but the disk, and its write-ahead log grows meanwhile. `told` hears
/// how far it has come.
///
/// An error says what is in the way: there is no database, it is another program's or a newer version's, the file is there
/// already, or the disk is full.
pub fn backup(
    folder: &Path,
    to: &Path,
    told: impl FnMut(BackupProgress),
) -> Result<BackupProgress, StoreError> {
    let source = files::database(folder);
    if !source.exists() {
        return Err(StoreError::Failed(format!("there is no {}", source.display())));
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(there_already(to));
    }
    let db = files::open_reader(folder)?;
    migrations::inspect(&db)?;
    let part = Part::new(to)?;
    let copied = copy(&db, &part, told)?;
    part.finish(to)?;
    Ok(copied)
}

fn copy(
    db: &Connection,
    part: &Part,
    mut told: impl FnMut(BackupProgress),
) -> Result<BackupProgress, StoreError> {
    // One state of all: without it, each page that a server writes would begin the copy anew.
    let _snapshot = db.unchecked_transaction().map_err(failed)?;
    let page: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(failed)?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut into = Connection::open_with_flags(&part.path, flags).map_err(failed)?;
    // Nobody reads it before it is whole, and it is synced here.
    into.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(failed)?;
    let backup = Backup::new(db, &mut into).map_err(failed)?;
    loop {
        let is_done = match backup.step(PAGES).map_err(failed)? {
            StepResult::Done => true,
            StepResult::More => false,
            _ => {
                return Err(StoreError::Failed(format!(
                    "{} is locked by another program",
                    part.path.display()
                )));
            }
        };
        part.file.sync_data().map_err(|error| part.told(&error))?;
        let pages = backup.progress();
        let bytes = |pages: i32| u64::from(pages.unsigned_abs()) * page.unsigned_abs();
        let progress =
            BackupProgress { copied: bytes(pages.pagecount - pages.remaining), all: bytes(pages.pagecount) };
        told(progress);
        if is_done {
            return Ok(progress);
        }
    }
}

/// The file while it is not whole, beside where it is to be. It goes unless it is finished. Who holds its lock is the only one who
/// writes it, takes it away or gives it its name.
struct Part {
    path: PathBuf,
    file: File,
    is_finished: bool,
}

impl Part {
    /// No other program has such names: what is there is of a backup, that runs or was killed.
    const SUFFIX: &str = ".punctual-part";
    /// Whoever finds what was left takes it away, and another may be as fast.
    const TRIES: usize = 10;

    fn new(to: &Path) -> Result<Part, StoreError> {
        let mut name = to.as_os_str().to_owned();
        name.push(Part::SUFFIX);
        let path = PathBuf::from(name);
        for _ in 0..Part::TRIES {
            let created = OpenOptions::new().read(true).write(true).create_new(true).mode(MODE).open(&path);
            let file = match created {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    remove_what_was_left(&path)?;
                    continue;
                }
                Err(error) => return Err(files::told(&path, &error)),
            };
            // Before that another may have taken it for what was left.
            if !is_locked_by_us(&path, &file)? || !is_at(&path, &file) {
                break;
            }
            let part = Part { path, file, is_finished: false };
            part.file.set_permissions(Permissions::from_mode(MODE)).map_err(|error| part.told(&error))?;
            return match fs::symlink_metadata(to) {
                Ok(_) => Err(there_already(to)),
                Err(_) => Ok(part),
            };
        }
        Err(is_being_written(&path))
    }

    /// It gets its name once it is on the disk, and the name is on the disk before it is said to be done.
    fn finish(mut self, to: &Path) -> Result<(), StoreError> {
        self.file.sync_all().map_err(|error| self.told(&error))?;
        match renameat_with(CWD, &self.path, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(there_already(to)),
            // Not every file system can do both at once.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if fs::symlink_metadata(to).is_err() => {
                fs::rename(&self.path, to).map_err(|error| files::told(to, &error))?;
            }
            Err(error) => return Err(files::told(to, &error.into())),
        }
        self.is_finished = true;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| files::told(folder, &error))
    }

    fn told(&self, error: &io::Error) -> StoreError {
        files::told(&self.path, error)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_finished {
            // What is left of it does no harm: the next backup takes it away.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Takes away what a backup left that was killed, and nothing else.
fn remove_what_was_left(path: &Path) -> Result<(), StoreError> {
    let in_the_way = || {
        let path = path.display();
        StoreError::Failed(format!(
            "{path} is in the way, and no backup of yours has left it: move it, or name another file"
        ))
    };
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) => return Err(in_the_way()),
    };
    let found = file.metadata().map_err(|error| files::told(path, &error))?;
    let is_ours = found.is_file()
        && found.uid() == geteuid().as_raw()
        && found.nlink() == 1
        && found.mode() & 0o7777 == MODE;
    if !is_ours {
        return Err(in_the_way());
    }
    if !is_locked_by_us(path, &file)? {
        return Err(is_being_written(path));
    }
    // It may have got its name meanwhile, or another was faster.
    match is_at(path, &file) {
        true => fs::remove_file(path).map_err(|error| files::told(path, &error)),
        false => Ok(()),
    }
}

/// False: another holds the lock.
fn is_locked_by_us(path: &Path, file: &File) -> Result<bool, StoreError> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(files::told(path, &error.into())),
    }
}

/// Whether this is the file of that name.
fn is_at(path: &Path, file: &File) -> bool {
    let (Ok(there), Ok(open)) = (fs::symlink_metadata(path), file.metadata()) else { return false };
    (there.dev(), there.ino()) == (open.dev(), open.ino())
}

fn is_being_written(path: &Path) -> StoreError {
    let path = path.display();
    StoreError::Failed(format!(
        "{path}: another backup is being written to it: wait for its end, or name another file"
    ))
}

fn there_already(to: &Path) -> StoreError {
    StoreError::Failed(format!(
        "{} is there already: a backup is written to a new file, so name another",
        to.display()
    ))
}
