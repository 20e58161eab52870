//! A store of which every call fails first, at its first row and at later ones: after each time memory is what the rows say, and
//! in the end all is as if nothing had failed.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use punctual::core::audit::Audit;
use punctual::core::blind::Window;
use punctual::core::check::CheckId;
use punctual::core::incident::IncidentId;
use punctual::core::outbox::{Attempt, MessageId};
use punctual::core::route::{Mute, ReceiverName};
use punctual::core::time::{Span, Time};
use punctual::store::live::Live;
use punctual::store::sqlite::SqliteStore;
use punctual::store::{
    Applied, ByHand, CarriedOn, Compared, ConfigureError, DiagnosisAnswer, DiagnosisCall, Edit, Entry, LetGo,
    Outgoing, RecordAnswer, RecordCall, RefusedEdit, Saying, Settling, Stood, Store, StoreError,
};
use rusqlite::Connection;

use super::world::{Place, Sqlite};

#[derive(Default)]
pub(crate) struct Failing(Sqlite);

impl Place for Failing {
    type Store = FailingStore;

    fn open(&self) -> FailingStore {
        let store = self.0.open();
        FailingStore { store, rows_left: RowsLeft::of(self.0.0.path()), failures: 0 }
    }

    fn folder(&self) -> &Path {
        self.0.folder()
    }
}

/// SQLite itself refuses a row: triggers count how many more a transaction may write.
struct RowsLeft(Connection);

impl RowsLeft {
    fn of(folder: &Path) -> RowsLeft {
        let db = Connection::open(folder.join("punctual.db")).unwrap();
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'rows_left'";
        let mut find = db.prepare(tables).unwrap();
        let tables: Vec<String> = find.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut sql =
            "PRAGMA synchronous = OFF; BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS rows_left (n);".to_owned();
        sql += "DELETE FROM rows_left; INSERT INTO rows_left VALUES (NULL);";
        for (table, doing) in
            tables.iter().flat_map(|table| ["INSERT", "UPDATE", "DELETE"].map(|it| (table, it)))
        {
            sql += &format!(
                "CREATE TRIGGER IF NOT EXISTS refuse_{doing}_{table} BEFORE {doing} ON {table} BEGIN
                   UPDATE rows_left SET n = n - 1;
                   SELECT RAISE(ABORT, 'refused by a test') FROM rows_left WHERE n < 0;
                 END;"
            );
        }
        drop(find);
        db.execute_batch(&(sql + "COMMIT")).unwrap();
        RowsLeft(db)
    }

    /// `None`: it may write all.
    fn set(&self, count: Option<u32>) {
        self.0.execute("UPDATE rows_left SET n = ?1", [count]).unwrap();
    }
}

/// So often calls fail after a start, and beside so few checks: else facts would take minutes, and some of many measure time.
const MOST_FAILURES: usize = 200;
const MOST_CHECKS: usize = 200;

pub(crate) struct FailingStore {
    store: SqliteStore,
    rows_left: RowsLeft,
    failures: usize,
}

impl FailingStore {
    /// Makes a call again and again, until nothing refuses a row of it.
    fn call<R, E: Display>(
        &mut self,
        mut call: impl FnMut(&mut SqliteStore) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut rows = 0;
        loop {
            let may_fail =
                self.failures < MOST_FAILURES && self.live().directory().checks.len() < MOST_CHECKS;
            self.rows_left.set(may_fail.then_some(rows));
            let done = call(&mut self.store);
            let is_refused =
                done.as_ref().is_err_and(|error| error.to_string().contains("refused by a test"));
            if !is_refused {
                self.rows_left.set(None);
                return done;
            }
            assert_eq!(self.store.difference_from_rows().unwrap(), None, "after {rows} rows");
            self.failures += 1;
            rows = 2 * rows + 1;
        }
    }
}

impl Store for FailingStore {
    fn live(&self) -> Arc<Live> {
        self.store.live()
    }

    fn begin(&mut self, now: Time) -> Result<Option<Window>, StoreError> {
        self.call(|store| store.begin(now))
    }

    fn last_sign_of_life(&mut self) -> Result<Option<Time>, StoreError> {
        self.store.last_sign_of_life()
    }

    fn sign_of_life(&mut self, now: Time) -> Result<(), StoreError> {
        self.call(|store| store.sign_of_life(now))
    }

    fn doubted(&self) -> Span {
        self.store.doubted()
    }

    fn doubt(&mut self, spent: Span) -> Result<(), StoreError> {
        self.call(|store| store.doubt(spent))
    }

    fn end(&mut self, now: Time) -> Result<(), StoreError> {
        self.call(|store| store.end(now))
    }

    fn blind(&mut self, window: Window) -> Result<(), StoreError> {
        self.call(|store| store.blind(window))
    }

    fn refused_unread(&mut self, window: Window) -> Result<(), StoreError> {
        self.call(|store| store.refused_unread(window))
    }

    fn reanchor(&mut self, before: Time, now: Time) -> Result<(), StoreError> {
        self.call(|store| store.reanchor(before, now))
    }

    fn take(&mut self, compared: &mut Compared, at_start: bool, now: Time) -> Result<(), ConfigureError> {
        self.call(|store| store.take(compared, at_start, now))
    }

    fn carry_on(&mut self, limit: usize, now: Time) -> Result<CarriedOn, StoreError> {
        self.call(|store| store.carry_on(limit, now))
    }

    fn edit_all(&mut self, edits: Vec<Edit>, by: &str, now: Time) -> Result<Vec<CheckId>, RefusedEdit> {
        self.call(|store| store.edit_all(edits.clone(), by, now))
    }

    fn apply(&mut self, entries: &[Entry]) -> Result<Vec<Applied>, StoreError> {
        self.call(|store| store.apply(entries))
    }

    fn put_off(&mut self, check: CheckId, now: Time) {
        self.store.put_off(check, now);
    }

    fn diagnose(&mut self, call: &DiagnosisCall, now: Time) -> Result<DiagnosisAnswer, StoreError> {
        self.call(|store| store.diagnose(call, now))
    }

    fn change_records(&mut self, call: &RecordCall, now: Time) -> Result<RecordAnswer, StoreError> {
        self.call(|store| store.change_records(call, now))
    }

    fn due(&mut self, now: Time, limit: usize) -> Vec<(CheckId, Time)> {
        self.store.due(now, limit)
    }

    fn next_deadline(&self) -> Option<Time> {
        self.store.next_deadline()
    }

    fn claim(&mut self, now: Time) -> Result<Vec<Outgoing>, StoreError> {
        self.call(|store| store.claim(now))
    }

    fn hold_deliveries(&mut self) -> Result<(), StoreError> {
        self.call(Store::hold_deliveries)
    }

    fn let_deliveries_go(&mut self, now: Time) -> Result<Option<LetGo>, StoreError> {
        self.call(|store| store.let_deliveries_go(now))
    }

    fn next_claim(&self) -> Option<Time> {
        self.store.next_claim()
    }

    fn settle(
        &mut self,
        message: MessageId,
        attempt: &Attempt,
        from: usize,
        now: Time,
    ) -> Result<Settling, StoreError> {
        self.call(|store| store.settle(message, attempt, from, now))
    }

    fn retry_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.call(|store| store.retry_message(message, by, now))
    }

    fn retry_parked(&mut self, receiver: &ReceiverName, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.call(|store| store.retry_parked(receiver, by, now))
    }

    fn drop_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError> {
        self.call(|store| store.drop_message(message, by, now))
    }

    fn stand_all(
        &mut self,
        incidents: &[IncidentId],
        saying: &Saying,
        now: Time,
    ) -> Result<Vec<Stood>, StoreError> {
        self.call(|store| store.stand_all(incidents, saying, now))
    }

    fn alerts(&mut self, limit: usize, now: Time) -> Result<Option<Time>, StoreError> {
        self.call(|store| store.alerts(limit, now))
    }

    fn mute(&mut self, mute: Mute, now: Time) -> Result<u64, StoreError> {
        self.call(|store| store.mute(mute.clone(), now))
    }

    fn unmute(&mut self, id: u64, by: &str, now: Time) -> Result<bool, StoreError> {
        self.call(|store| store.unmute(id, by, now))
    }

    fn keep_unknown_names(&mut self) -> Result<(), StoreError> {
        self.call(SqliteStore::keep_unknown_names)
    }

    fn forget_unknown_names(&mut self, name: Option<&str>, by: &str, now: Time) -> Result<usize, StoreError> {
        self.call(|store| store.forget_unknown_names(name, by, now))
    }

    fn keep(&mut self, done: &Audit) -> Result<(), StoreError> {
        self.call(|store| store.keep(done))
    }

    fn prune(&mut self, now: Time) -> Result<bool, StoreError> {
        self.call(|store| store.prune(now))
    }
}
