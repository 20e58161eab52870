//! Making, changing and deleting checks that live in the database (16.3).

use super::actor::Actor;
use super::services::Services;
use super::turn::{Busy, MAX_WAITING_CHANGES};
use crate::core::check::CheckId;
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
    let id = services.command(actor, |answer| StoreCommand::Edit(edit, answer)).await??;
    actor.log_of(name.as_str(), &format!("{name} is created"));
    Ok(id)
}

/// Deletes a check.
pub async fn delete(services: &Services, actor: &Actor, check: &Check) -> Result<(), EditNotDone> {
    let edit = Edit::Delete { check: check.id };
    services.command(actor, |answer| StoreCommand::Edit(edit, answer)).await??;
    let name = &check.definition.name;
    actor.log_of(name.as_str(), &format!("{name} is deleted"));
    Ok(())
}

/// Changes a check into what `describe` says, which may depend on what it is now: where it has become another one meanwhile,
/// by somebody else, it is described anew, so that no change undoes another. Answers what was changed.
pub async fn change<E: From<EditNotDone>, D: Future<Output = Result<CheckChange, E>>>(
    services: &Services,
    actor: &Actor,
    describe: impl Fn() -> D,
) -> Result<CheckChange, E> {
    for _ in 0..MAX_TRIES {
        let change = describe().await?;
        let tried = Box::new(change.clone());
        let changed = services.command(actor, |answer| StoreCommand::Change(tried, answer)).await;
        if changed.map_err(EditNotDone::from)?.map_err(EditNotDone::from)? {
            let name = &change.before.name;
            actor.log_of(name.as_str(), &format!("{name} is changed"));
            return Ok(change);
        }
    }
    Err(EditNotDone::Contended.into())
}
