//! Checks that are made, changed and deleted through an API: first a [`plan`], which may refuse it, then its changes.

mod past;
mod plan;

use std::sync::Arc;

use rusqlite::params;

use super::tx::Tx;
use super::{SqliteStore, key, load, windows};
use crate::core::check::{CheckId, Definition, Name};
use crate::core::origin::Happening;
use crate::core::state::State;
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::{Edit, NewCheck, RefusedEdit, SpecChange, StoreError, row};

impl SqliteStore {
    pub(super) fn carry_out_edits(
        &mut self,
        edits: Vec<Edit>,
        now: Time,
    ) -> Result<Vec<CheckId>, RefusedEdit> {
        self.ready().map_err(of_all)?;
        let max_checks = self.settings.as_ref().map_or(usize::MAX, |settings| settings.max_checks);
        // Nobody holds the directory while the edits are made: it is changed in place then.
        let edits = plan::plan(&self.memory, &self.live.directory(), max_checks, edits)?;
        self.transact(|tx| {
            let ids = edits.into_iter().map(|edit| tx.edit(edit, now)).collect();
            // Other labels, addresses and dependencies.
            tx.memory.outbox.look_everywhere(now);
            ids
        })
        .map_err(of_all)
    }
}

fn of_all(error: StoreError) -> RefusedEdit {
    RefusedEdit { index: 0, error: error.into() }
}

impl Tx<'_> {
    fn edit(&mut self, edit: Edit, now: Time) -> Result<CheckId, StoreError> {
        match edit {
            Edit::Create(new) => self.create(*new, now),
            Edit::Update { check, definition, how } => self.redefine(check, *definition, how, now),
            Edit::Delete { check } => {
                self.archive(check, now)?;
                self.supersede(check)?;
                Ok(check)
            }
        }
    }

    fn create(&mut self, new: NewCheck, now: Time) -> Result<CheckId, StoreError> {
        let NewCheck { definition, paused, past } = new;
        self.take_name(&definition.name)?;
        let id = self.insert_check(&definition)?;
        let Some(past) = past else {
            let state = State::declared(&definition.spec, now);
            self.stage_new(id, Arc::new(definition), state);
            if paused {
                self.step(id, Input::Pause, now)?;
            }
            self.note_happening(id, Happening::Created, None, now)?;
            return Ok(id);
        };
        self.take_over(id, definition, &past, paused, now)
    }

    fn redefine(
        &mut self,
        id: CheckId,
        definition: Definition,
        how: SpecChange,
        now: Time,
    ) -> Result<CheckId, StoreError> {
        let staged = self.stage(id).expect("the plan names checks of memory");
        staged.is_redeclared = true;
        // What its row does not know of was judged by what it was until now.
        staged.may_stay_behind = false;
        let old = staged.definition.clone();
        let last_ping = staged.last_ping;
        let definition = Arc::new(definition);
        if definition.name != old.name {
            self.take_name(&definition.name)?;
        }
        if definition.spec != old.spec || how == SpecChange::Rearmed {
            let spec = Box::new(definition.spec.clone());
            let input = match how {
                SpecChange::Judged => Input::Change(spec),
                SpecChange::Rearmed => Input::Rearm { spec, from: self.rearmed_from(id)? },
            };
            self.step_told_as(id, &definition, input, now)?;
        }
        let window = if old.count_window() == definition.count_window() {
            None
        } else {
            Some(windows::of_check(self.db, last_ping, definition.count_window(), now)?)
        };
        self.write_check(id, &definition)?;
        if definition.name != old.name {
            self.set_former_name(&old.name, id)?;
        }
        let staged = self.stage(id).expect("it was staged above");
        staged.definition = definition;
        staged.window = window;
        Ok(id)
    }

    /// What a rearmed deadline counts from: the newest entry of the history, of whatever kind.
    fn rearmed_from(&self, id: CheckId) -> Result<Time, StoreError> {
        let newest = self.newest_event(id)?;
        let counts_from =
            |state: &State| state.last_discharge.map_or(state.armed_since, |at| at.max(state.armed_since));
        Ok(newest.unwrap_or_else(|| self.with_state(id, counts_from)))
    }

    /// The name is to be another check's: whoever had it and is archived, or was once called so, gives it up.
    fn take_name(&mut self, name: &Name) -> Result<(), StoreError> {
        let holder = self.memory.by_name.get(name).copied();
        if let Some(id) = holder.filter(|id| self.with_state(*id, |state| state.archived.is_some())) {
            self.supersede(id)?;
        }
        self.free_name(name)
    }

    /// Its name is free; its history stays for as long as that of every archived check.
    pub(super) fn supersede(&mut self, id: CheckId) -> Result<(), StoreError> {
        let staged = self.stage(id).expect("the caller names checks of memory");
        staged.is_superseded = true;
        staged.is_redeclared = true;
        self.execute("UPDATE checks SET superseded = 1 WHERE id = ?1", params![key(id.0)])
    }

    pub(super) fn insert_check(&mut self, definition: &Definition) -> Result<CheckId, StoreError> {
        self.execute(
            "INSERT INTO checks (name, definition) VALUES (?1, ?2)",
            params![definition.name.as_str(), row::write_definition(definition)],
        )?;
        Ok(load::id(self.db.last_insert_rowid()))
    }

    pub(super) fn write_check(&mut self, id: CheckId, definition: &Definition) -> Result<(), StoreError> {
        self.execute(
            "UPDATE checks SET name = ?2, definition = ?3 WHERE id = ?1",
            params![key(id.0), definition.name.as_str(), row::write_definition(definition)],
        )
    }
}
