//! Faults in the midst of a transaction: SQLite itself refuses the n-th row that is written in it.
//!
//! Triggers beside the store's own tables count the rows of an armed transaction down and then raise an error. The store
//! knows nothing of them: what it sees is a statement that fails, of whatever it was about to write. They are there only
//! while a transaction is armed, since whoever opens the database reads all of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::evidence::rows;

/// Only the statement is undone; what it has written so far stays; the whole transaction is undone.
const WAYS: [&str; 3] = ["ABORT", "FAIL", "ROLLBACK"];

/// Whoever arms the transactions.
#[derive(Debug)]
pub(crate) struct Saboteur {
    folder: PathBuf,
    is_armed: bool,
    has_struck: bool,
    /// So often a transaction was armed, and broken off.
    armed: usize,
    pub(crate) struck: u64,
}

impl Saboteur {
    pub(crate) fn new(folder: &Path) -> Saboteur {
        Saboteur { folder: folder.to_owned(), is_armed: false, has_struck: false, armed: 0, struck: 0 }
    }

    fn connect(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(self.folder.join("punctual.db"), flags).unwrap();
        db.busy_timeout(Duration::from_secs(10)).unwrap();
        db
    }

    /// The transaction that begins now fails after so many rows, if it writes more; `None`: it does not.
    pub(crate) fn arm(&mut self, most: Option<u32>) {
        if most.is_none() && !self.is_armed {
            return;
        }
        (self.is_armed, self.has_struck) = (most.is_some(), false);
        let db = self.connect();
        let mut sql = "BEGIN IMMEDIATE;".to_owned();
        let names = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'sabotage%'";
        for name in rows::<String>(&db, names, |row| row.get(0)) {
            sql += &format!("DROP TRIGGER {name};");
        }
        sql += "DROP TABLE IF EXISTS sabotage;";
        if let Some(most) = most {
            self.armed += 1;
            sql += &triggers(&db, most, WAYS[self.armed % WAYS.len()]);
        }
        db.execute_batch(&(sql + "COMMIT")).unwrap();
    }

    /// A call has ended.
    pub(crate) fn note(&mut self, has_failed: bool) {
        if self.is_armed && has_failed && !self.has_struck {
            (self.has_struck, self.struck) = (true, self.struck + 1);
        }
    }
}

fn triggers(db: &Connection, most: u32, way: &str) -> String {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'sabotage'";
    let mut sql = format!("CREATE TABLE sabotage (rows_left INTEGER); INSERT INTO sabotage VALUES ({most});");
    for table in rows::<String>(db, tables, |row| row.get(0)) {
        for doing in ["INSERT", "UPDATE", "DELETE"] {
            sql += &format!(
                "CREATE TRIGGER sabotage_{doing}_{table} BEFORE {doing} ON {table} BEGIN
                   UPDATE sabotage SET rows_left = rows_left - 1;
                   SELECT RAISE({way}, 'simulated') FROM sabotage WHERE rows_left < 0;
                 END;"
            );
        }
    }
    sql
}
