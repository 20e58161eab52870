//! A query to a file of SQLite, which is read and never written (17.13).
//!
//! The file is opened for each look: a connection that stays would hold on to a file that was replaced.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, Statement};
use tokio::sync::Semaphore;

use super::columns::{Columns, add};
use super::thread::on_thread;
use super::within::within;
use crate::core::probe::{FoundRows, ProbeFound, SqlProbe};
use crate::core::text::{begun, first_chars, one_line};
use crate::core::time::Span;

/// The largest value, in bytes: what a query makes beyond it is an error.
const MAX_VALUE_BYTES: i32 = 4 << 20;
/// So many steps of SQLite's machine are made between two looks whether there is still time.
const STEPS: i32 = 10_000;
/// The longest reason.
const MAX_WHY_CHARS: usize = 400;

/// Looks at one file.
#[derive(Debug)]
pub(super) struct SqliteLooker {
    path: PathBuf,
    /// As many looks as may run at a time (17.6b): one that hangs in the disk stays one of them.
    room: Arc<Semaphore>,
}

/// Ends the query when it is dropped: nobody waits for it any more.
struct EndsIt(Arc<AtomicBool>);

impl Drop for EndsIt {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl SqliteLooker {
    pub(super) fn new(path: PathBuf, max_connections: usize) -> SqliteLooker {
        SqliteLooker { path, room: Arc::new(Semaphore::new(max_connections)) }
    }

    /// Looks; `rows` is empty yet.
    pub(super) async fn look(&self, probe: &SqlProbe, timeout: Span, rows: FoundRows) -> ProbeFound {
        let is_over = EndsIt(Arc::default());
        let asked = async {
            let turn = self.room.clone().acquire_owned().await.expect("it is never closed");
            let (path, probe, is_over) = (self.path.clone(), probe.clone(), is_over.0.clone());
            let asked = on_thread(move || {
                let _turn = turn;
                ask(&path, (&probe, rows), timeout, is_over)
            });
            asked.await.map_err(|error| error.to_string())?
        };
        let unknown = |why: &str| ProbeFound::unknown(begun(&one_line(why), MAX_WHY_CHARS));
        match within(timeout, asked).await {
            None => unknown(&format!("the database did not answer within {timeout}")),
            Some(Err(why)) => unknown(&why),
            Some(Ok(found)) => found,
        }
    }
}

fn ask(
    path: &Path,
    (probe, rows): (&SqlProbe, FoundRows),
    timeout: Span,
    is_over: Arc<AtomicBool>,
) -> Result<ProbeFound, String> {
    // A pipe would hang.
    if !std::fs::metadata(path).is_ok_and(|file| file.is_file()) {
        return Err(format!("there is no file {}", path.display()));
    }
    let connection = open(path, timeout, is_over).map_err(|error| error.to_string())?;
    let mut query = connection.prepare(&probe.query).map_err(|error| error.to_string())?;
    // REINDEX, where there is nothing to do.
    if query.column_count() == 0 || !query.readonly() {
        return Err("the query is no SELECT".to_owned());
    }
    judge(&mut query, probe, rows)
}

/// Whatever the query says, it can do nothing but read this file.
fn open(path: &Path, timeout: Span, is_over: Arc<AtomicBool>) -> rusqlite::Result<Connection> {
    // No URI: `file:…?mode=rwc` is the name of a file.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(timeout.as_ms().unsigned_abs()))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // What the schema of the file calls is not trusted, either.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.progress_handler(STEPS, Some(move || is_over.load(Ordering::Relaxed)))?;
    connection.authorizer(Some(may))?;
    Ok(connection)
}

/// Reading, and computing with what was read; nothing else that SQLite knows, or will know.
fn may(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if function_name != "load_extension" => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

/// Reads rows as long as more of them may be told apart, and keeps no more of each than its record has.
fn judge(query: &mut Statement<'_>, probe: &SqlProbe, mut found: FoundRows) -> Result<ProbeFound, String> {
    let names: Vec<Arc<str>> = query.column_names().map(Arc::from).collect();
    let said = |error: rusqlite::Error| error.to_string();
    let mut rows = query.query([]).map_err(said)?;
    if probe.wants_some {
        let is_there = rows.next().map_err(said)?.is_some();
        return Ok(if is_there { ProbeFound::holds() } else { ProbeFound::violated("no row is there") });
    }
    while !found.are_more()
        && let Some(row) = rows.next().map_err(said)?
    {
        let columns = columns(&names, row).map_err(said)?;
        add(probe, &mut found, &columns).map_err(|why| why.to_string())?;
    }
    Ok(found.judge())
}

fn columns(names: &[Arc<str>], row: &Row<'_>) -> rusqlite::Result<Columns> {
    let one = |(at, name): (usize, &Arc<str>)| Ok((name.clone(), shown(row.get_ref(at)?)));
    names.iter().enumerate().map(one).collect()
}

fn shown(value: ValueRef<'_>) -> Option<String> {
    let cut = |text: &str| first_chars(text, SqlProbe::MAX_VALUE_CHARS).to_owned();
    // A character has four bytes at most.
    let begun = |bytes: &[u8]| bytes[..bytes.len().min(4 * SqlProbe::MAX_VALUE_CHARS)].to_vec();
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(cut(&String::from_utf8_lossy(&begun(text)))),
        ValueRef::Blob(bytes) => {
            let hex = begun(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            Some(cut(&format!("x'{hex}'")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(query: &str) -> SqlProbe {
        SqlProbe {
            database: "app".into(),
            query: query.into(),
            key: Arc::default(),
            title: Arc::default(),
            wants_some: false,
            timeout: SqlProbe::DEFAULT_TIMEOUT,
        }
    }

    /// None yet, of rows that are counted and shown.
    fn rows() -> FoundRows {
        FoundRows::of(&crate::core::fixtures::probed_at("http://127.0.0.1/"))
    }

    /// A file in WAL mode with some profiles, and a connection that writes to it.
    fn file(folder: &Path) -> (PathBuf, Connection) {
        let path = folder.join("app.db");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "pragma journal_mode = wal;
             create table profile (id integer primary key, email text, picture blob);
             insert into profile values (1, 'a@b.c', x'00ff'), (2, 'd@e.f', null), (3, null, null);
             create view bad as select load_extension('x') as x;",
            )
            .unwrap();
        (path, writer)
    }

    async fn said(path: &Path, query: &str) -> String {
        let found = SqliteLooker::new(path.to_owned(), 4).look(&probe(query), Span::secs(10), rows()).await;
        format!("{} {}{}", found.outcome.as_str(), found.why, found.text.replace('\n', ";"))
    }

    /// 17.13a, 17.13c, 17.13d
    #[tokio::test]
    async fn rows_violate_and_are_read_beside_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        let (path, writer) = file(folder.path());
        assert_eq!(said(&path, "select id from profile where id > 7").await, "holds ");
        assert_eq!(
            said(&path, "select * from profile where id < 3 -- the first\n;").await,
            "violated 2 rows, the first: 1\
             1 {\"id\":\"1\",\"email\":\"a@b.c\",\"picture\":\"x'00ff'\"};2 {\"id\":\"2\",\"email\":\"d@e.f\",\"picture\":null};"
        );
        assert_eq!(
            said(&path, "with a as (values (1.5)) select * from a").await,
            "violated 1 row, the first: 1.51.5 {\"column1\":\"1.5\"};"
        );
        writer.execute_batch("begin immediate; delete from profile").unwrap();
        assert!(said(&path, "select id from profile").await.starts_with("violated 3 rows"), "of before");
        writer.execute_batch("commit").unwrap();
        assert_eq!(said(&path, "select id from profile").await, "holds ");
        let long = said(&path, "select 1, printf('%.*c', 100000, 'x')").await;
        assert!(long.contains(&"x".repeat(1024)) && !long.contains(&"x".repeat(1025)));
    }

    /// 17.13b: a query that is anything but one SELECT over this file is refused, and changes nothing.
    #[tokio::test]
    async fn whatever_does_not_only_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, writer) = file(folder.path());
        let other = folder.path().join("other.db");
        let to_other = format!("attach '{}' as other", other.display());
        for query in [
            "delete from profile",
            "delete from profile returning id",
            "insert into profile values (9, '', '')",
            "update profile set email = ''",
            "drop table profile",
            "create table t (a)",
            "create temp table t as select 1",
            "vacuum",
            "vacuum into 'copy.db'",
            "reindex",
            "analyze",
            "begin",
            "savepoint a",
            "pragma query_only = false",
            "pragma journal_mode = delete",
            "pragma writable_schema = on",
            "pragma user_version",
            "select * from pragma_table_info('profile')",
            "select load_extension('x')",
            "select x from bad",
            to_other.as_str(),
            "detach main",
            "explain delete from profile",
            "select 1; delete from profile",
            "select 1; select 2",
            "select 1) union select (2",
            "select * from nowhere",
            "select id from profile where picture = ?1",
            "select zeroblob(100000000)",
            "select null",
            "",
        ] {
            let said = said(&path, query).await;
            assert!(said.starts_with("unknown "), "{query}: {said}");
        }
        let count = |sql: &str| writer.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("select count(*) from profile"), 3);
        assert_eq!(count("select count(*) from sqlite_schema"), 2);
        assert!(!other.exists() && !folder.path().join("copy.db").exists());
    }

    /// 17.13b: what takes too long ends, and what is no database is unknown.
    #[tokio::test]
    async fn a_query_without_an_end_ends_with_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _writer) = file(folder.path());
        let looker = SqliteLooker::new(path, 4);
        let endless =
            "with recursive a(x) as (select 1 union all select x + 1 from a) select count(*) from a";
        let found = looker.look(&probe(endless), Span::ms(100), rows()).await;
        assert_eq!(found, ProbeFound::unknown("the database did not answer within 100ms"));
        // All turns are there again once it has ended.
        let _turns = looker.room.acquire_many(4).await.unwrap();
        let nowhere = folder.path().join("nowhere.db");
        assert!(said(&nowhere, "select 1").await.starts_with("unknown there is no file"));
        assert!(!nowhere.exists());
        let text = folder.path().join("text.db");
        std::fs::write(&text, "no database at all, and long enough to be one".repeat(100)).unwrap();
        assert!(
            said(&text, "select * from sqlite_schema").await.starts_with("unknown file is not a database")
        );
        assert!(said(folder.path(), "select 1").await.starts_with("unknown there is no file"));
    }
}
