//! Reads a database while the files of a start are read.

use std::collections::HashSet;
use std::path::Path;

use super::memory::Memory;
use super::{files, load, migrations};
use crate::store::StoreError;

/// A folder that nobody else gets, and what its database says. Nothing is changed: the files may be faulty.
pub struct ReadAhead {
    pub(super) lock: files::Lock,
    /// `None`: it is read once it is opened, which also says why it was not.
    pub(super) memory: Option<Memory>,
}

impl ReadAhead {
    /// `None` where there is no database yet, and while a server has it.
    pub fn of(folder: &Path) -> Option<ReadAhead> {
        if !files::database(folder).exists() {
            return None;
        }
        let lock = files::try_lock(folder).ok()??;
        Some(ReadAhead { lock, memory: read(folder).ok().flatten() })
    }
}

fn read(folder: &Path) -> Result<Option<Memory>, StoreError> {
    let db = files::open_reader(folder)?;
    let is_of_this_version = migrations::inspect(&db)? == migrations::VERSION;
    is_of_this_version.then(|| load::load(&db, &HashSet::new())).transpose()
}
