//! `trigger`: a success ping, handled like all pings.

use serde::Serialize;

use super::command::Command;
use super::fault::CommandFault;
use super::reply::ok;
use super::shown::Standing;
use crate::app::ping;
use crate::compat::door::{DoorAnswer, PingEnd};
use crate::core::check::{Ping, PingKind};
use crate::store::PingFact;

#[derive(Serialize)]
struct Triggered {
    status: &'static str,
    recovered: bool,
    unpaused: bool,
}

/// Answers once the ping is durable, and returns the result of the ping.
pub(super) async fn trigger(command: &mut Command<'_>) -> (Result<DoorAnswer, CommandFault>, PingEnd) {
    if let Err(fault) = command.admit_trigger().await {
        return (Err(fault), PingEnd::BadKey);
    }
    let answered = take(command).await;
    let end = match &answered {
        Ok(_) => PingEnd::Accepted,
        Err(CommandFault::NotFound) => PingEnd::UnknownCheck,
        Err(CommandFault::Unavailable) => PingEnd::Overloaded,
        Err(_) => PingEnd::BadRequest,
    };
    (answered, end)
}

async fn take(command: &Command<'_>) -> Result<DoorAnswer, CommandFault> {
    let Command { host, dialect, args, .. } = command;
    let all = ["id", "slug", "name", "comment", "m"];
    args.only(if dialect.extras { &all } else { &all[..4] })?;
    let check = command.find()?.check;
    ping::admit(check.definition.ping_methods, command.method)?;
    let before = Standing::of(&***host, dialect, &check);
    let fact = PingFact {
        ping: Ping { kind: PingKind::Success, rid: None, exit_status: None },
        comment: args.last("comment").or(args.last("m")).map(|text| PingFact::kept(text).to_owned()),
        body: None,
        left_out: 0,
        body_cut: false,
        source: command.visitor.address(),
    };
    ping::take(host.services(), check.id, fact).await?;
    let now = command.find().map_or_else(|_| check.clone(), |found| found.check);
    // A success always ends the lateness of a check that is not counted (5.1). That is not read from the state, which
    // was taken a moment later: a check with a short period may be late again by then.
    let ends_lateness = check.definition.spec.schedule.expect().is_none();
    let is_late = || Standing::of(&***host, dialect, &now).late;
    Ok(ok(&Triggered {
        status: "ok",
        recovered: before.late && (ends_lateness || !is_late()),
        unpaused: before.paused && now.known().state.pause.since().is_none(),
    }))
}
