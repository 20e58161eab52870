//! Making, changing and deleting checks that live in the database (16.3).

use std::sync::Arc;

use super::actor::{Actor, Entrance};
use super::services::Services;
use super::turn::{Busy, MAX_WAITING_CHANGES};
use crate::core::check::{Alias, CheckId, Definition};
use crate::store::command::{CheckChange, StoreCommand};
use crate::store::live::Check;
use crate::store::{Edit, EditError, NewCheck};

/// Why a check was not made, changed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum EditNotDone {
    /// It cannot be, or could not be stored.
    #[error(transparent)]
    Refused(#[from] EditError),
    /// The server is busy.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Users of another system know it by these of its names, and rename it there.
    #[error("users of `{}` know it by its name: rename it there, with the id `{}`", .alias.origin.as_str(), .alias.id)]
    KnownElsewhere {
        /// How it is known there.
        alias: Alias,
        /// What was to be changed: `name`, `title`.
        names: Vec<&'static str>,
    },
    /// Whatever was tried, it was another check by then.
    #[error("others change this check all the time, and nothing was changed for you: try again")]
    Contended,
}

/// Of changes that wait for the writer together, one is made whenever all are tried: so often, each has its turn.
const MAX_TRIES: usize = MAX_WAITING_CHANGES;

/// Makes a check.
pub async fn create(services: &Services, actor: &Actor, new: NewCheck) -> Result<CheckId, EditNotDone> {
    let name = new.definition.name.clone();
    let edit = Edit::Create(Box::new(new));
    let id = services.command(actor, |answer| StoreCommand::Edit(edit, actor.name(), answer)).await??;
    actor.log_of(name.as_str(), &format!("{name} is created"));
    Ok(id)
}

/// Deletes the check that `find` finds, and answers what it was: where it has become another one meanwhile it is found anew.
pub async fn delete<E: From<EditNotDone>>(
    services: &Services,
    actor: &Actor,
    find: impl Fn() -> Result<Arc<Check>, E>,
) -> Result<Arc<Check>, E> {
    for _ in 0..MAX_TRIES {
        let check = find()?;
        let before = check.definition.clone();
        EditError::unless_of_api(&before.source).map_err(EditNotDone::from)?;
        let command = |answer| StoreCommand::Delete(check.id, before, actor.name(), answer);
        let deleted = services.command(actor, command).await;
        if deleted.map_err(EditNotDone::from)?.map_err(EditNotDone::from)? {
            let name = &check.definition.name;
            actor.log_of(name.as_str(), &format!("{name} is deleted"));
            return Ok(check);
        }
    }
    Err(EditNotDone::Contended.into())
}

/// Changes the check that `find` finds into what `describe` says, which may depend on what it is now: where it has become
/// another one meanwhile, by somebody else, it is found and described anew, so that no change undoes another. What a file
/// declares is changed there alone (16.1b), and a check that users of another system know is renamed there. Answers what was
/// changed.
pub async fn change<E: From<EditNotDone>, D: Future<Output = Result<CheckChange, E>>>(
    services: &Services,
    actor: &Actor,
    find: impl Fn() -> Result<Arc<Check>, E>,
    describe: impl Fn(Arc<Check>) -> D,
) -> Result<CheckChange, E> {
    for _ in 0..MAX_TRIES {
        let check = find()?;
        EditError::unless_of_api(&check.definition.source).map_err(EditNotDone::from)?;
        let change = describe(check).await?;
        keeps_names(actor, &change.before, &change.definition)?;
        let tried = Box::new(change.clone());
        let command = |answer| StoreCommand::Change(tried, actor.name(), answer);
        let changed = services.command(actor, command).await;
        if changed.map_err(EditNotDone::from)?.map_err(EditNotDone::from)? {
            let name = &change.before.name;
            actor.log_of(name.as_str(), &format!("{name} is changed"));
            return Ok(change);
        }
    }
    Err(EditNotDone::Contended.into())
}

/// Names that users of another system look a check up by go together in the way of that system: they change through its
/// own interface alone.
fn keeps_names(actor: &Actor, before: &Definition, definition: &Definition) -> Result<(), EditNotDone> {
    let Some(alias) = &before.alias else { return Ok(()) };
    if matches!(&actor.door, Entrance::Compat(system, _) if *system == alias.origin.as_str()) {
        return Ok(());
    }
    let name = (definition.name != before.name).then_some("name");
    let title = (definition.title != before.title).then_some("title");
    match name.into_iter().chain(title).collect::<Vec<_>>() {
        names if names.is_empty() => Ok(()),
        names => Err(EditNotDone::KnownElsewhere { alias: (**alias).clone(), names }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Visitor;
    use crate::core::check::{Name, Origin, Source, Spec};
    use crate::core::schedule::Schedule;
    use crate::core::time::Span;

    fn check(name: &str, title: &str) -> Definition {
        let name = Name::parse(name).expect("a good name");
        let spec = Spec::new(Schedule::Every(Span::mins(5)));
        Definition { title: title.into(), ..Definition::new(name, spec, Source::Api) }
    }

    #[test]
    fn a_check_that_another_system_knows_is_renamed_through_its_interface_alone() {
        let by = |door: Entrance| Actor { said: None, door };
        let refused = |door: Entrance, before: &Definition, after: &Definition| {
            keeps_names(&by(door), before, after).err().map(|why| why.to_string())
        };
        let (api, user) = (Entrance::Socket(0), Visitor::User(0));
        let renamed = check("b", "B");
        assert_eq!(refused(api.clone(), &check("a", "A"), &renamed), None);
        let alias = Alias { origin: Origin::new("here"), id: "abcdefgh".to_owned(), slug: "a".to_owned() };
        let before = Definition { alias: Some(alias.into()), ..check("a", "A") };
        assert_eq!(refused(api.clone(), &before, &check("a", "A")), None);
        assert_eq!(refused(Entrance::Compat("here", user), &before, &renamed), None);
        for door in [api, Entrance::Compat("there", user)] {
            let why = refused(door.clone(), &before, &renamed).expect("it keeps its names");
            assert_eq!(why, "users of `here` know it by its name: rename it there, with the id `abcdefgh`");
            let why = keeps_names(&by(door), &before, &renamed).expect_err("it keeps its names");
            assert!(matches!(why, EditNotDone::KnownElsewhere { names, .. } if names == ["name", "title"]));
        }
    }
}
