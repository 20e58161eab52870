//! Looks of punctual's own: one file a kind. A look decides nothing that outlives it, and ends in time whatever the other
//! side does.
//!
//! A new kind is a variant of [`FoundBy`] and of [`ProbeKind`](crate::core::probe::ProbeKind), its keys in `src/config`, its
//! row in `src/store/row/assertion.rs`, and a file here.

mod body;
mod columns;
mod command;
pub(crate) mod database;
mod database_server;
#[cfg(test)]
mod hostile_servers;
mod http;
mod lacks;
mod mysql;
mod postgres;
pub(crate) mod prometheus;
mod server_url;
mod sqlite;
mod thread;
mod trust;
mod under_way;
mod wire;
mod within;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::assertion::{Assertion, FoundBy};
use crate::core::probe::{FoundRows, ProbeFound, PromqlProbe, SqlProbe, time_out};
use crate::core::time::{Span, Time};
use crate::notify::exec::NOT_ALLOWED;

pub use database::Database;
use database::DatabaseAt;
use http::HttpLooker;
use mysql::MysqlLooker;
use postgres::PostgresLooker;
pub use prometheus::Prometheus;
use prometheus::PromqlLooker;
use sqlite::SqliteLooker;

/// Looks at a database, of whichever kind.
#[derive(Debug)]
enum DatabaseLooker {
    Sqlite(SqliteLooker),
    Postgres(PostgresLooker),
    Mysql(MysqlLooker),
}

impl DatabaseLooker {
    fn new(database: &Database) -> DatabaseLooker {
        match &database.at {
            DatabaseAt::Sqlite(path) => {
                DatabaseLooker::Sqlite(SqliteLooker::new(path.clone(), database.max_connections))
            }
            DatabaseAt::Postgres(server) => DatabaseLooker::Postgres(PostgresLooker::new(server)),
            DatabaseAt::Mysql(server) => DatabaseLooker::Mysql(MysqlLooker::new(server)),
        }
    }

    async fn look(&self, probe: &SqlProbe, timeout: Span, rows: FoundRows) -> ProbeFound {
        match self {
            DatabaseLooker::Sqlite(looker) => looker.look(probe, timeout, rows).await,
            DatabaseLooker::Postgres(looker) => looker.look(probe, timeout, rows).await,
            DatabaseLooker::Mysql(looker) => looker.look(probe, timeout, rows).await,
        }
    }
}

/// Looks, by whatever way a check says, and at what one configuration names.
#[derive(Debug, Default)]
pub struct Looker {
    http: HttpLooker,
    prometheuses: BTreeMap<Arc<str>, PromqlLooker>,
    databases: BTreeMap<Arc<str>, DatabaseLooker>,
    /// Of what these are made.
    settings: (Vec<Prometheus>, Vec<Database>),
    runs_commands: bool,
}

impl Looker {
    /// Connects to nothing yet.
    pub fn new(prometheuses: &[Prometheus], databases: &[Database]) -> Looker {
        let prometheus = |settings: &Prometheus| (settings.name.clone(), PromqlLooker::new(settings));
        let database = |database: &Database| (database.name.clone(), DatabaseLooker::new(database));
        Looker {
            http: HttpLooker::default(),
            prometheuses: prometheuses.iter().map(prometheus).collect(),
            databases: databases.iter().map(database).collect(),
            settings: (prometheuses.to_vec(), databases.to_vec()),
            runs_commands: false,
        }
    }

    /// The same, which runs commands if that is allowed: a database that was copied or changed makes no server run anything.
    pub fn with_commands(self, are_allowed: bool) -> Looker {
        Looker { runs_commands: are_allowed, ..self }
    }

    /// How many looks may run at each database at a time (17.6b).
    pub fn max_connections(&self) -> impl Iterator<Item = (Arc<str>, usize)> {
        self.settings.1.iter().map(|database| (database.name.clone(), database.max_connections))
    }

    /// Looks once, at `now`; never for longer than half of the period (17.6). What a program reports is unknown here.
    pub async fn look(&self, assertion: &Assertion, period: Option<Span>, now: Time) -> ProbeFound {
        let within = |asked: Span| time_out(asked, period);
        let rows = FoundRows::of(assertion);
        match &assertion.found_by {
            FoundBy::Reporter(_) => ProbeFound::unknown("a program reports it, and punctual does not look"),
            FoundBy::Http(probe) => self.http.look(probe, within(probe.timeout), now).await,
            FoundBy::Promql(probe) => match self.prometheuses.get(&probe.prometheus) {
                Some(looker) => looker.look(probe, within(probe.timeout), rows).await,
                None => gone("prometheuses", &probe.prometheus),
            },
            FoundBy::Sql(probe) => match self.databases.get(&probe.database) {
                Some(looker) => looker.look(probe, within(probe.timeout), rows).await,
                None => gone("databases", &probe.database),
            },
            FoundBy::Exec(probe) if self.runs_commands => command::look(probe, within(probe.timeout)).await,
            FoundBy::Exec(_) => ProbeFound::unknown(NOT_ALLOWED),
        }
    }

    /// Whether the other one asks the same for this: of that name there may be another database by now.
    pub fn asks_as(&self, other: &Looker, found_by: &FoundBy) -> bool {
        let prometheus = |looker: &'_ Looker, name: &str| {
            looker.settings.0.iter().find(|settings| *settings.name == *name).cloned()
        };
        let database = |looker: &'_ Looker, name: &str| {
            looker.settings.1.iter().find(|settings| *settings.name == *name).cloned()
        };
        match found_by {
            FoundBy::Promql(PromqlProbe { prometheus: name, .. }) => {
                prometheus(self, name) == prometheus(other, name)
            }
            FoundBy::Sql(SqlProbe { database: name, .. }) => database(self, name) == database(other, name),
            FoundBy::Reporter(_) | FoundBy::Http(_) | FoundBy::Exec(_) => true,
        }
    }

    /// The databases that were last asked by somebody whom nothing is forbidden (17.13g).
    pub fn superusers(&self) -> Vec<Arc<str>> {
        let is_asked_so = |looker: &DatabaseLooker| match looker {
            DatabaseLooker::Sqlite(_) => false,
            DatabaseLooker::Postgres(looker) => looker.is_superuser(),
            DatabaseLooker::Mysql(looker) => looker.is_superuser(),
        };
        let asked_so = self.databases.iter().filter(|(_, looker)| is_asked_so(looker));
        asked_so.map(|(name, _)| name.clone()).collect()
    }

    /// Whether those whom the system trusts could not be read, when that was last tried: what needs them cannot be looked at.
    pub fn lacks_trust(&self) -> bool {
        self.http.lacks_trust()
    }
}

/// A start may keep a check that no file has any more (10.4c), and what it asks may be gone.
fn gone(key: &str, name: &str) -> ProbeFound {
    ProbeFound::unknown(format!("`{key}` of the configuration has no `{name}`"))
}
