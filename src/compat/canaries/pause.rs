//! `pause` and `unpause`.

use super::command::Command;
use super::fault::CommandFault;
use crate::app::pausing;
use crate::compat::door::DoorAnswer;
use crate::store::PingFact;
use crate::store::pausing::Wish;

/// Answers `pause`. These systems know of one pause, whoever made it.
pub(super) async fn pause(command: &Command<'_>) -> Result<DoorAnswer, CommandFault> {
    change(command, Wish::PauseOnce, "AlreadyPausedError()").await
}

pub(super) async fn unpause(command: &Command<'_>) -> Result<DoorAnswer, CommandFault> {
    change(command, Wish::Unpause, "AlreadyUnpausedError()").await
}

async fn change(command: &Command<'_>, wish: Wish, already: &str) -> Result<DoorAnswer, CommandFault> {
    let Command { host, args, .. } = command;
    args.only(&["id", "slug", "name", "comment"])?;
    let found = command.find()?;
    let comment = PingFact::kept(args.last("comment").unwrap_or_default());
    let done = pausing::change(host.services(), &command.actor(), &found.check, wish, comment).await?;
    if !done.is_new {
        return Err(CommandFault::bad(already));
    }
    command.log_id(&found.id, if wish == Wish::Unpause { "unpaused" } else { "paused" });
    command.show(found.id).await
}
