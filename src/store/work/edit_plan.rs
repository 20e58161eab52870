//! Whether edits may be made, and under which names: found out before anything is written, so that a refusal leaves nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use thin_vec::ThinVec;

use super::named::NamedChecks;
use crate::core::check::{Alias, CheckId, Definition, Name, Origin, Source};
use crate::store::{Edit, EditError, NewCheck, RefusedEdit, StoreError};

/// Whose something is after the edits before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Nobody,
    Check(CheckId),
    /// One that an edit before this one makes.
    New,
}

/// What the edits before this one leave: only what they change is noted here.
struct Plan<'a> {
    checks: &'a dyn NamedChecks,
    max_checks: usize,
    names: HashMap<Name, Holder>,
    ids: HashMap<String, Holder>,
    slugs: HashMap<(Origin, String), Holder>,
    /// Checks that an edit before this one changes: what they are then, `None`: deleted.
    changed: HashMap<CheckId, Option<Definition>>,
    count: usize,
}

/// Gives every edit its final names, or says why it cannot be made.
pub(super) fn plan_edits(
    checks: &dyn NamedChecks,
    max_checks: usize,
    edits: Vec<Edit>,
) -> Result<Vec<Edit>, RefusedEdit> {
    let count = checks.count().map_err(|error| RefusedEdit { index: 0, error: error.into() })?;
    let mut plan = Plan {
        checks,
        max_checks,
        names: HashMap::new(),
        ids: HashMap::new(),
        slugs: HashMap::new(),
        changed: HashMap::new(),
        count,
    };
    let edits = edits.into_iter().enumerate();
    edits.map(|(index, edit)| plan.one(edit).map_err(|error| RefusedEdit { index, error })).collect()
}

impl Plan<'_> {
    fn one(&mut self, edit: Edit) -> Result<Edit, EditError> {
        match edit {
            Edit::Create(new) => self.create(*new),
            Edit::Update { check, definition, how } => {
                let definition = self.update(check, *definition)?;
                Ok(Edit::Update { check, definition: Box::new(definition), how })
            }
            Edit::Delete { check } => {
                let definition = self.known(check)?;
                self.free(&definition);
                self.changed.insert(check, None);
                self.count -= 1;
                Ok(Edit::Delete { check })
            }
        }
    }

    fn create(&mut self, mut new: NewCheck) -> Result<Edit, EditError> {
        if self.count >= self.max_checks {
            return Err(EditError::TooMany { max: self.max_checks });
        }
        let definition = &mut new.definition;
        as_by_api(definition);
        if let Some(alias) = &definition.alias {
            self.check_alias(alias, Holder::New)?;
            let name = self.name_of(alias, Holder::New)?;
            definition.name = name.ok_or_else(|| EditError::BadId(alias.id.clone()))?;
        }
        self.check_name(&definition.name, Holder::New)?;
        self.check_dependencies(definition)?;
        self.take(definition, Holder::New);
        self.count += 1;
        Ok(Edit::Create(Box::new(new)))
    }

    fn update(&mut self, check: CheckId, mut definition: Definition) -> Result<Definition, EditError> {
        let known = self.known(check)?;
        let me = Holder::Check(check);
        as_by_api(&mut definition);
        match (&known.alias, &mut definition.alias) {
            (Some(alias), None) => definition.alias = Some(alias.clone()),
            (Some(alias), Some(new)) => {
                **new = Alias { slug: std::mem::take(&mut new.slug), ..(**alias).clone() };
            }
            (None, _) => {}
        }
        if let Some(alias) = &definition.alias {
            self.check_alias(alias, me)?;
            let is_as_before = known.alias.as_ref().is_some_and(|known| known.slug == alias.slug);
            let name = if is_as_before { None } else { self.name_of(alias, me)? };
            definition.name = name.unwrap_or_else(|| known.name.clone());
        }
        self.check_name(&definition.name, me)?;
        self.check_dependencies(&definition)?;
        self.free(&known);
        self.take(&definition, me);
        self.changed.insert(check, Some(definition.clone()));
        Ok(definition)
    }

    /// A check that an API may change, as the edits before this one leave it.
    fn known(&self, check: CheckId) -> Result<Definition, EditError> {
        if let Some(changed) = self.changed.get(&check) {
            return changed.clone().ok_or(EditError::NoSuchCheck);
        }
        let known = self.checks.check(check)?.filter(|known| !known.is_archived);
        let definition = known.ok_or(EditError::NoSuchCheck)?.definition;
        EditError::unless_of_api(&definition.source)?;
        Ok((*definition).clone())
    }

    /// The name of a check with an alias: its slug if that is a name and free, else its id; `None` if that is not free either.
    fn name_of(&self, alias: &Alias, me: Holder) -> Result<Option<Name>, StoreError> {
        for text in [&alias.slug, &alias.id] {
            let Ok(name) = Name::parse(text) else { continue };
            if is_free(self.holder_of(&name)?, me) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Whose name it is.
    fn holder_of(&self, name: &Name) -> Result<Holder, StoreError> {
        match self.names.get(name) {
            Some(holder) => Ok(*holder),
            None => Ok(holder(self.present(name)?.map(|(id, _)| id))),
        }
    }

    /// The check that had this name before all edits, if it is not archived, and what it depends on.
    fn present(&self, name: &Name) -> Result<Option<(CheckId, ThinVec<Name>)>, StoreError> {
        let Some(id) = self.checks.named(name)? else { return Ok(None) };
        let known = self.checks.known(id)?;
        Ok((!known.is_archived).then(|| (id, known.definition.depends_on.clone())))
    }

    fn check_name(&self, name: &Name, me: Holder) -> Result<(), EditError> {
        let holder = self.holder_of(name)?;
        if is_free(holder, me) { Ok(()) } else { Err(EditError::NameTaken(name.clone())) }
    }

    fn check_alias(&self, alias: &Alias, me: Holder) -> Result<(), EditError> {
        let of_id = match self.ids.get(&alias.id) {
            Some(holder) => *holder,
            None => holder(self.checks.with_alias(&alias.id)?),
        };
        if !Alias::is_id(&alias.id) || !is_free(of_id, me) {
            return Err(EditError::BadId(alias.id.clone()));
        }
        let of_slug = match self.slugs.get(&(alias.origin.clone(), alias.slug.clone())) {
            Some(holder) => *holder,
            None => holder(self.checks.with_slug(&alias.origin, &alias.slug)?),
        };
        if is_free(of_slug, me) { Ok(()) } else { Err(EditError::SlugTaken) }
    }

    /// What depends on itself would be held for ever (8.3).
    fn check_dependencies(&self, definition: &Definition) -> Result<(), EditError> {
        let me = &definition.name;
        // What was walked through leads to no circle, also where another way comes by it.
        let mut seen = HashSet::new();
        for direct in &definition.depends_on {
            if direct != me && self.depends_on(direct)?.is_none() {
                return Err(EditError::UnknownDependency(direct.clone()));
            }
            let mut waiting = vec![direct.clone()];
            while let Some(name) = waiting.pop() {
                if name == *me {
                    return Err(EditError::DependencyCircle(direct.clone()));
                }
                if !seen.contains(&name) {
                    waiting.extend(self.depends_on(&name)?.unwrap_or_default());
                    seen.insert(name);
                }
            }
        }
        Ok(())
    }

    /// What a check depends on, as the edits before this one leave it; `None`: there is no such check.
    fn depends_on(&self, name: &Name) -> Result<Option<ThinVec<Name>>, StoreError> {
        let Some((id, depends_on)) = self.present(name)? else { return Ok(None) };
        Ok(match self.changed.get(&id) {
            Some(changed) => changed.as_ref().map(|definition| definition.depends_on.clone()),
            None => Some(depends_on),
        })
    }

    fn free(&mut self, definition: &Definition) {
        self.hold(definition, Holder::Nobody);
    }

    fn take(&mut self, definition: &Definition, me: Holder) {
        self.hold(definition, me);
    }

    fn hold(&mut self, definition: &Definition, holder: Holder) {
        self.names.insert(definition.name.clone(), holder);
        if let Some(alias) = &definition.alias {
            self.ids.insert(alias.id.clone(), holder);
            self.slugs.insert((alias.origin.clone(), alias.slug.clone()), holder);
        }
    }
}

fn as_by_api(definition: &mut Definition) {
    definition.source = Source::Api;
    if definition.spec.paused {
        Arc::make_mut(&mut definition.spec).paused = false;
    }
    definition.renamed_from.clear();
    definition.emails.truncate(Definition::MAX_EMAILS);
}

fn holder(check: Option<CheckId>) -> Holder {
    check.map_or(Holder::Nobody, Holder::Check)
}

fn is_free(holder: Holder, me: Holder) -> bool {
    match holder {
        Holder::Nobody => true,
        Holder::Check(_) => holder == me,
        Holder::New => false,
    }
}
