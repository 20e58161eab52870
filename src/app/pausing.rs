//! Pausing and unpausing at run time (7.1, 7.2).

use super::actor::Actor;
use super::not_done::NotDone;
use super::said::{check_end, check_said, in_words};
use super::services::Services;
use crate::store::PingFact;
use crate::store::command::StoreCommand;
use crate::store::live::Check;
use crate::store::pausing::{PauseOutcome, Remark, Wish};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseDone {
    /// False: it was so before.
    pub is_new: bool,
    /// A line for people.
    pub text: String,
}

/// Pauses a check, or ends the pause. A `comment` of "" says nothing.
pub async fn change(
    services: &Services,
    actor: &Actor,
    check: &Check,
    wish: Wish,
    comment: &str,
) -> Result<PauseDone, NotDone> {
    check_said(actor, comment, PingFact::MAX_COMMENT_BYTES)?;
    if let Wish::Pause { until: Some(until) } = wish {
        check_end("a pause", until, services.clock.now())?;
    }
    let name = check.definition.name.clone();
    let why = Some(comment.to_owned()).filter(|comment| !comment.is_empty());
    let remark = Remark { comment: why, by: Some(actor.name()) };
    let command = |answer| StoreCommand::Pause(check.id, name.clone(), wish, remark, answer);
    let outcome = services.command(actor, command).await??;
    let said = in_words(actor, comment);
    let text = match (outcome, wish) {
        (PauseOutcome::Done, Wish::Pause { until: Some(until) }) => {
            format!("{name} is paused until {until}{said}")
        }
        (PauseOutcome::Done, Wish::Pause { until: None } | Wish::PauseOnce) => {
            format!("{name} is paused{said}")
        }
        (PauseOutcome::Done, Wish::Unpause) => format!("{name} is not paused any more{said}"),
        (PauseOutcome::Already, Wish::Unpause) => format!("{name} is not paused"),
        (PauseOutcome::Already, _) => format!("{name} is paused already"),
        (PauseOutcome::PausedByFile, _) => return Err(NotDone::PausedByFile(name)),
        (PauseOutcome::Gone, _) => return Err(NotDone::Gone(name)),
    };
    let is_new = outcome == PauseOutcome::Done;
    if is_new {
        actor.log_of(name.as_str(), &text);
    }
    Ok(PauseDone { is_new, text })
}
