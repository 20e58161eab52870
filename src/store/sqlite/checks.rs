//! The rows of checks of the unit of work, out of the memory and into the database.

use std::sync::Arc;

use rusqlite::params;

use super::history_tables::History;
use super::memory::Slot;
use super::query::{id, key};
use super::staging::Staged;
use super::tx::Tx;
use crate::core::check::{CheckId, Definition, Name};
use crate::core::incident::Matter;
use crate::core::route::Dependency;
use crate::core::state::State;
use crate::core::step::{Flip, Judgement};
use crate::core::time::Time;
use crate::store::work::{Became, CheckNow, CheckRows, CheckToChange};
use crate::store::{StoreError, row};

impl CheckRows for Tx<'_> {
    fn definition(&self, check: CheckId) -> Result<Arc<Definition>, StoreError> {
        Ok(match self.staged.get(check) {
            Some(staged) => staged.definition.clone(),
            None => self.memory.checks[check].check.definition.clone(),
        })
    }

    fn state(&self, check: CheckId) -> Result<State, StoreError> {
        Ok(self.with_state(check, State::clone))
    }

    fn check_now(&self, check: CheckId) -> Result<CheckNow, StoreError> {
        Ok(self.with_state(check, |state| CheckNow {
            causes: state.causes.clone(),
            is_paused: state.pause.since().is_some(),
            is_archived: state.archived.is_some(),
        }))
    }

    fn dependency(&self, name: &Name) -> Result<Option<Dependency>, StoreError> {
        let is_declared = |id: &CheckId| self.with_state(*id, |state| state.archived.is_none());
        // What was renamed is depended on by its former name, until that is another's (10.3).
        let formerly = || self.had_name(name).filter(is_declared);
        let Some(id) = self.named(name)?.filter(is_declared).or_else(formerly) else { return Ok(None) };
        let incident = self.memory.outbox.open_incident(&Matter::own(id)).map(|incident| incident.status);
        Ok(Some(self.with_state(id, |state| Dependency::of(name, state, incident))))
    }

    fn known_later_than(&self, now: Time) -> Result<Vec<CheckId>, StoreError> {
        let is_later = |slot: &Slot| slot.check.known().state.knows_later_than(now);
        let untouched = self.memory.checks.iter().filter(|(id, _)| self.staged.get(*id).is_none());
        let later = untouched.filter(|(_, slot)| is_later(slot)).map(|(id, _)| id);
        let staged = self.staged.iter().filter(|(_, staged)| staged.state.knows_later_than(now));
        let mut ids: Vec<CheckId> = later.chain(staged.map(|(id, _)| id)).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    fn to_change(&mut self, check: CheckId) -> Result<Option<CheckToChange<'_>>, StoreError> {
        let staged = self.stage(check);
        Ok(staged.map(|staged| CheckToChange { definition: &staged.definition, state: &staged.state }))
    }

    fn take_state(&mut self, check: CheckId) -> State {
        std::mem::take(&mut self.staged_now(check).state)
    }

    fn put_state(&mut self, check: CheckId, state: State, became: Became) -> Result<(), StoreError> {
        let staged = self.staged_now(check);
        staged.state = state;
        staged.may_stay_behind &= became == Became::ByPing;
        Ok(())
    }

    fn named(&self, name: &Name) -> Result<Option<CheckId>, StoreError> {
        Ok(match self.names.get(name) {
            Some(named) => *named,
            None => self.memory.named(name).map(|check| check.id),
        })
    }

    fn insert_check(&mut self, definition: Arc<Definition>, state: State) -> Result<CheckId, StoreError> {
        self.execute(
            "INSERT INTO checks (name, definition) VALUES (?1, ?2)",
            params![definition.name.as_str(), row::write_definition(&definition)],
        )?;
        let check = id(self.db.last_insert_rowid());
        self.names.insert(definition.name.clone(), Some(check));
        self.staged.insert(check, Staged::new(definition, state));
        Ok(check)
    }

    fn update_check(&mut self, check: CheckId, definition: Arc<Definition>) -> Result<(), StoreError> {
        self.execute(
            "UPDATE checks SET name = ?2, definition = ?3 WHERE id = ?1",
            params![key(check.0), definition.name.as_str(), row::write_definition(&definition)],
        )?;
        let staged = self.staged_now(check);
        let before = std::mem::replace(&mut staged.definition, definition);
        staged.is_redeclared = true;
        // What its row does not know of was judged by what it was until now.
        staged.may_stay_behind = false;
        let (old, new) = (before.name.clone(), staged.definition.name.clone());
        if old != new && self.named(&old)? == Some(check) {
            self.names.insert(old, None);
        }
        self.names.insert(new, Some(check));
        Ok(())
    }

    fn supersede(&mut self, check: CheckId) -> Result<(), StoreError> {
        let staged = self.stage(check).expect("the caller names checks that are there");
        staged.is_superseded = true;
        staged.is_redeclared = true;
        let name = staged.definition.name.clone();
        if self.named(&name)? == Some(check) {
            self.names.insert(name, None);
        }
        self.execute("UPDATE checks SET superseded = 1 WHERE id = ?1", params![key(check.0)])
    }

    fn put_former_name(&mut self, old: &Name, check: CheckId) -> Result<(), StoreError> {
        if self.had_name(old) == Some(check) {
            return Ok(());
        }
        self.former.insert(old.clone(), Some(check));
        self.execute(
            "INSERT OR REPLACE INTO names (name, check_id) VALUES (?1, ?2)",
            params![old.as_str(), key(check.0)],
        )
    }

    fn delete_former_name(&mut self, name: &Name) -> Result<(), StoreError> {
        if self.had_name(name).is_none() {
            return Ok(());
        }
        self.former.insert(name.clone(), None);
        self.execute("DELETE FROM names WHERE name = ?1", params![name.as_str()])
    }

    fn insert_flip(&mut self, check: CheckId, flip: &Flip) -> Result<(), StoreError> {
        self.flips += 1;
        self.memory.new_flips.insert(check);
        History::Flips.change(
            self,
            "INSERT INTO flips (check_id, at, from_status, to_status, reason, begun, ended, causes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                key(check.0),
                flip.at.as_ms(),
                flip.from.as_str(),
                flip.to.as_str(),
                flip.reason.as_str(),
                row::write_causes(&flip.begun),
                row::write_kinds(&flip.ended),
                row::write_causes(flip.causes.iter()),
            ],
        )?;
        Ok(())
    }

    fn insert_judgement(&mut self, check: CheckId, judgement: &Judgement) -> Result<(), StoreError> {
        History::Judgements.change(
            self,
            "INSERT INTO judgements (check_id, occurrence, count, at_least, at_most, met)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                key(check.0),
                judgement.occurrence.as_ms(),
                judgement.count,
                judgement.at_least,
                judgement.at_most,
                judgement.met
            ],
        )?;
        Ok(())
    }
}
