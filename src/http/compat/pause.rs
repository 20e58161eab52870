//! `pause` and `unpause`.

use super::dialect::Dialect;
use super::fault::Fault;
use super::trigger::cut;
use super::{Command, shown};
use crate::core::check::Source;
use crate::core::time::Time;
use crate::http::reply::Reply;
use crate::store::{Applied, Change, Edit, Entry, Store, What};

/// Answers `pause`.
pub(super) async fn pause(command: &Command<'_>) -> Result<Reply, Fault> {
    change(command, true).await
}

/// Answers `unpause`.
pub(super) async fn unpause(command: &Command<'_>) -> Result<Reply, Fault> {
    change(command, false).await
}

async fn change(command: &Command<'_>, pausing: bool) -> Result<Reply, Fault> {
    let Command { app, dialect, args, .. } = command;
    args.only(&["id", "slug", "name", "comment"])?;
    let id = command.find()?.id;
    let (asked, dialect, comment) = (id.clone(), *dialect, args.last("comment").map(cut));
    let done = app.on_store(move |store, now| carry_out(store, dialect, &asked, pausing, comment, now)).await;
    done.map_err(|_| Fault::Unavailable)??;
    command.show(id).await
}

fn carry_out(
    store: &mut dyn Store,
    dialect: &Dialect,
    id: &str,
    pausing: bool,
    comment: Option<String>,
    now: Time,
) -> Result<(), Fault> {
    // Looked up again: it may have changed since.
    let check = store.live().find_canary(id).ok_or(Fault::NotFound)?;
    let state = check.known().state.clone();
    let paused = state.pause.since().is_some();
    let what = match (pausing, paused) {
        (true, true) => return Err(Fault::bad("AlreadyPausedError()")),
        (false, false) => return Err(Fault::bad("AlreadyUnpausedError()")),
        (true, false) => What::Pause { comment },
        (false, true) => What::Unpause { comment },
    };
    let applied = store.apply(vec![Entry { check: check.id, at: now, what }]).map_err(Fault::from)?;
    match applied.as_slice() {
        [Applied::Done(_)] => {}
        [Applied::PausedByFile] => {
            return Err(Fault::bad(
                "it is paused by the file that declares it: take `paused: true` out of it",
            ));
        }
        _ => return Err(Fault::NotFound),
    }
    let is_forgiven = dialect.pause_clears_late && shown::is_late(&state.causes);
    if !pausing && is_forgiven && check.definition.source == Source::Api {
        // It was late no more when it was paused: it counts from now, like a new one.
        let definition = Box::new((*check.definition).clone());
        store.edit(Edit::Update { check: check.id, definition, how: Change::Rearmed }, now)?;
    }
    Ok(())
}
