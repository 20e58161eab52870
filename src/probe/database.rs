//! `databases` of the main file: whom `sql` of an assertion asks (17.13).

use std::path::PathBuf;
use std::sync::Arc;

use super::database_server::{self, DatabaseServer};
use super::{mysql, postgres};
use crate::core::probe::SqlProbe;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Map, Text, Whole};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{NAME, Section, key};

pub(crate) static DATABASE: Section = Section {
    id: "database",
    title: "a database",
    keys: &[
        key("name", Text(NAME), Required, "The name that `sql` uses."),
        key("sqlite", Map(&SQLITE), Optional, "A file of SQLite."),
        key("postgres", Map(&POSTGRES), Optional, "A database of PostgreSQL."),
        key("mysql", Map(&MYSQL), Optional, "A database of MySQL or MariaDB."),
        key(
            "max_connections",
            Whole(1, 64),
            Default("4"),
            "How many looks at it run at a time; others wait.",
        ),
    ],
};

pub(crate) static SQLITE: Section = Section {
    id: "sqlite",
    title: "`sqlite` of a database",
    keys: &[key("path", Text(4096), Required, "The file. It is read, and never written.")],
};

pub(crate) static POSTGRES: Section =
    Section { id: "postgres", title: "`postgres` of a database", keys: database_server::KEYS };

pub(crate) static MYSQL: Section =
    Section { id: "mysql", title: "`mysql` of a database", keys: database_server::KEYS };

/// A database that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    pub name: Arc<str>,
    pub(super) at: DatabaseAt,
    /// So many looks at it run at a time.
    pub(super) max_connections: usize,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DatabaseAt {
    /// A file of SQLite.
    Sqlite(PathBuf),
    Postgres(Box<DatabaseServer>),
    Mysql(Box<DatabaseServer>),
}

/// The keys that say where one is.
const KINDS: [&str; 3] = ["sqlite", "postgres", "mysql"];

/// Reads an item of `databases`.
pub(crate) fn read(loader: &mut Loader, item: &Fields<'_>) -> Option<Database> {
    let name = item.text(&mut loader.log, "name");
    let max_connections = item.whole(&mut loader.log, "max_connections");
    let max_connections = max_connections.and_then(|most| usize::try_from(most).ok());
    let given: Vec<&str> = KINDS.into_iter().filter(|kind| item.has(kind)).collect();
    let at = match given[..] {
        [kind] => place(loader, item, kind)?,
        [] => {
            if !item.has_refused_keys() {
                let message = "a database needs to know where it is: `sqlite: {path: …}`, or `postgres` or `mysql: {url_file: …}`";
                loader.log.fault(item.at, message);
            }
            return None;
        }
        [first, second, ..] => {
            let message = format!("a database is at one place: `{first}` and `{second}` exclude each other");
            loader.log.fault(item.at_key(second), message);
            return None;
        }
    };
    let max_connections = max_connections.unwrap_or(SqlProbe::DEFAULT_CONNECTIONS);
    Some(Database { name: name?.into(), at, max_connections })
}

fn place(loader: &mut Loader, item: &Fields<'_>, kind: &str) -> Option<DatabaseAt> {
    match kind {
        "sqlite" => {
            let sqlite = item.map(&mut loader.log, "sqlite")?;
            Some(DatabaseAt::Sqlite(loader.folder.join(sqlite.text(&mut loader.log, "path")?)))
        }
        "postgres" => {
            let server = database_server::read(loader, item, (kind, &postgres::FORM))?;
            Some(DatabaseAt::Postgres(Box::new(server)))
        }
        _ => {
            let server = database_server::read(loader, item, (kind, &mysql::FORM))?;
            Some(DatabaseAt::Mysql(Box::new(server)))
        }
    }
}
