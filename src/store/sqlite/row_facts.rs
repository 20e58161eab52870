//! The facts of rows, told by this store.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::store::SqliteStore;
use crate::core::retention::Retention;
use crate::core::route::Policy;
use crate::core::time::Time;
use crate::store::work::OldRows;
use crate::store::work::row_facts::{RowPlace, every_row_fact};
use crate::store::{Configuration, Store as _, StoreError};

struct Place {
    folder: tempfile::TempDir,
    store: Option<SqliteStore>,
}

impl Place {
    fn new() -> Place {
        let mut place = Place { folder: tempfile::tempdir().unwrap(), store: None };
        place.open_again();
        place
    }
}

impl RowPlace for Place {
    fn call(
        &mut self,
        act: &mut dyn FnMut(&mut dyn OldRows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.as_mut().unwrap().transact(|tx| act(tx))
    }

    fn write_states_late(&mut self) {
        self.store.as_mut().unwrap().set_catch_up(0);
    }

    fn open_again(&mut self) {
        // The folder is held until the store before has gone.
        self.store = None;
        let mut store = SqliteStore::open_with(self.folder.path(), 7).unwrap();
        store.configure(&configuration(), true, Time::from_secs(1_000_000)).unwrap();
        self.store = Some(store);
    }

    fn stop_and_open(&mut self) {
        self.store.as_mut().unwrap().end(Time::from_secs(1_000_000)).unwrap();
        self.open_again();
    }
}

/// Nothing is declared, and nobody is told.
fn configuration() -> Configuration {
    let policy = Policy::default();
    Configuration {
        checks: Vec::new(),
        policy: Arc::new(policy),
        retention: Retention::default(),
        max_checks: 100,
        allow_mass_removal: false,
        changed_receivers: BTreeSet::new(),
    }
}

every_row_fact!(Place::new());
