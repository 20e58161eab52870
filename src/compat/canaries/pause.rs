//! `pause` and `unpause`.

use super::command::Command;
use super::fault::CommandFault;
use crate::app::pausing::{self, Outcome, PAUSED_BY_FILE, Remark, Wish};
use crate::compat::door::DoorAnswer;
use crate::core::time::Time;
use crate::store::{PingFact, Store};

pub(super) async fn pause(command: &Command<'_>) -> Result<DoorAnswer, CommandFault> {
    change(command, Wish::Pause { until: None }).await
}

pub(super) async fn unpause(command: &Command<'_>) -> Result<DoorAnswer, CommandFault> {
    change(command, Wish::Unpause).await
}

async fn change(command: &Command<'_>, wish: Wish) -> Result<DoorAnswer, CommandFault> {
    let Command { host, args, .. } = command;
    args.only(&["id", "slug", "name", "comment"])?;
    let id = command.find()?.id;
    let comment = args.last("comment").map(|text| PingFact::kept(text).to_owned());
    let by = format!("{} at {}", command.dialect.system, command.source);
    let remark = Remark { comment, by: Some(by) };
    let asked = id.clone();
    host.on_store(move |store, now| carry_out(store, &asked, wish, remark, now)).await??;
    command.log_id(&id, if wish == Wish::Unpause { "unpaused" } else { "paused" });
    command.show(id).await
}

fn carry_out(
    store: &mut dyn Store,
    id: &str,
    wish: Wish,
    remark: Remark,
    now: Time,
) -> Result<(), CommandFault> {
    // Looked up again: it may have changed since.
    let check = store.live().find_alias(id).ok_or(CommandFault::NotFound)?;
    let is_paused = check.known().state.pause.since().is_some();
    let already = || match wish {
        Wish::Pause { .. } => CommandFault::bad("AlreadyPausedError()"),
        Wish::Unpause => CommandFault::bad("AlreadyUnpausedError()"),
    };
    // These systems have only one pause, whoever made it.
    if wish != Wish::Unpause && is_paused {
        return Err(already());
    }
    match pausing::change(store, &check, wish, remark, now)? {
        Outcome::Done => {}
        Outcome::Already => return Err(already()),
        Outcome::PausedByFile => return Err(CommandFault::bad(format!("it is {PAUSED_BY_FILE}"))),
        Outcome::Gone => return Err(CommandFault::NotFound),
    }
    Ok(())
}
