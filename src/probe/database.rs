//! `databases` of the main file: whom `sql` of an assertion asks (17.13).

use std::path::PathBuf;
use std::sync::Arc;

use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Map, Text};
use crate::yaml::section::Need::{Optional, Required};
use crate::yaml::section::{NAME, Section, key};

pub(crate) static DATABASE: Section = Section {
    id: "database",
    title: "a database",
    keys: &[
        key("name", Text(NAME), Required, "The name that `sql` uses."),
        key("sqlite", Map(&SQLITE), Optional, "A file of SQLite."),
    ],
};

pub(crate) static SQLITE: Section = Section {
    id: "sqlite",
    title: "`sqlite` of a database",
    keys: &[key("path", Text(4096), Required, "The file. It is read, and never written.")],
};

/// A database that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    pub name: Arc<str>,
    pub(super) at: DatabaseAt,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DatabaseAt {
    /// A file of SQLite.
    Sqlite(PathBuf),
}

/// Reads an item of `databases`.
pub(crate) fn read(loader: &mut Loader, item: &Fields<'_>) -> Option<Database> {
    let name = item.text(&mut loader.log, "name");
    if !item.has("sqlite") && !item.has_refused_keys() {
        loader.log.fault(item.at, "a database needs to know where it is: `sqlite: {path: …}`");
    }
    let sqlite = item.map(&mut loader.log, "sqlite")?;
    let path = loader.folder.join(sqlite.text(&mut loader.log, "path")?);
    Some(Database { name: name?.into(), at: DatabaseAt::Sqlite(path) })
}
