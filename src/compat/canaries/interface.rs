//! The door of a system of canaries: finds the command that a path names, and carries it out.

use std::sync::Arc;

use super::args::Args;
use super::command::Command;
use super::dialect::Dialect;
use super::fault::CommandFault;
use super::{carry, change, document, list, mail, pause, reply, trigger};
use crate::compat::door::{
    Addressed, Answering, Door, DoorAnswer, DoorDocument, DoorRequest, Effect, InOurWords,
};
use crate::compat::host::Host;
use crate::core::notice::Notice;
use crate::core::origin::Habits;
use crate::core::time::Time;
use crate::notify::WordedMail;

/// The door of the system with this dialect.
#[derive(Debug)]
pub(in crate::compat) struct Interface(pub(in crate::compat) &'static Dialect);

/// All commands except `trigger`.
const WORDS: [&str; 7] = ["create", "delete", "get", "list", "pause", "unpause", "update"];

impl Interface {
    /// The command that a path names, compared as it is written: a proxy that guards a path should not have to consider
    /// other spellings of it.
    fn word<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(self.0.path).unwrap_or_default()
    }

    async fn answer_to(&self, host: &Arc<dyn Host>, request: DoorRequest<'_>) -> DoorAnswer {
        let args = Args::parse(request.query);
        let (word, args) = match request.to {
            Addressed::Path(path) => (self.word(path), args),
            Addressed::Id(id) => ("trigger", args.with("id", id)),
        };
        let mut command =
            Command { host, dialect: self.0, args, method: request.method, visitor: request.visitor };
        let (answered, ping) = match word {
            "trigger" => {
                let (answered, end) = trigger::trigger(&mut command).await;
                (answered, Some(end))
            }
            _ => (carry_out(&mut command, word).await, None),
        };
        let answer = answered.unwrap_or_else(|fault| reply::refusal(self.0, &fault));
        DoorAnswer { ping, ..answer }
    }
}

async fn carry_out(command: &mut Command<'_>, word: &str) -> Result<DoorAnswer, CommandFault> {
    // The path is checked before the key.
    if !WORDS.contains(&word) {
        return Err(CommandFault::NoSuchPath);
    }
    command.admit().await?;
    match word {
        "create" => change::create(command).await,
        "delete" => change::delete(command).await,
        "get" => command.get().await,
        "list" => list::list(command).await,
        "pause" => pause::pause(command).await,
        "unpause" => pause::unpause(command).await,
        "update" => change::update(command).await,
        _ => Err(CommandFault::NoSuchPath),
    }
}

impl Door for Interface {
    fn name(&self) -> &'static str {
        self.0.system
    }

    fn habits(&self) -> Habits {
        self.0.habits
    }

    fn mail(&self, notice: &Notice) -> Option<WordedMail> {
        mail::mail(notice, self.0)
    }

    fn prefix(&self) -> &'static str {
        self.0.prefix
    }

    fn ping_path(&self) -> String {
        format!("{}{}", self.0.prefix, self.0.path)
    }

    fn title(&self) -> &'static str {
        self.0.title
    }

    fn about(&self) -> &'static str {
        self.0.about
    }

    fn nouns(&self) -> (&'static str, &'static str) {
        (self.0.one, self.0.many)
    }

    /// Every command may be sent by GET, so the method says nothing.
    fn effect(&self, rest: &str) -> Effect {
        match self.word(rest) {
            "get" | "list" => Effect::Reads,
            "trigger" => Effect::Pings,
            _ => Effect::Changes,
        }
    }

    fn answer<'r>(&'r self, host: &'r Arc<dyn Host>, request: DoorRequest<'r>) -> Answering<'r> {
        Box::pin(self.answer_to(host, request))
    }

    fn documents(&self, text: &str, now: Time) -> Result<Vec<DoorDocument>, String> {
        let documents = document::read(text, self.0)?.into_iter();
        Ok(documents.map(|document| carry::carry(document, self.0, now)).collect())
    }

    fn configuration(&self) -> Option<InOurWords> {
        self.0.configuration
    }
}
