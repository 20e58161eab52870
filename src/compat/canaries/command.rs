//! A command: who may give it, and which canary it is about.

use std::sync::Arc;

use super::args::Args;
use super::dialect::Dialect;
use super::fault::CommandFault;
use super::reply::ok;
use super::shown::{self, OkWith, Ranges};
use super::slug;
use crate::app::{Actor, Entrance, Visitor};
use crate::compat::door::DoorAnswer;
use crate::compat::host::{Host, KeyVerdict};
use crate::core::check::Definition;
use crate::store::live::Check;

/// A command with its arguments.
pub(super) struct Command<'r> {
    pub(super) host: &'r Arc<dyn Host>,
    pub(super) dialect: &'static Dialect,
    pub(super) args: Args,
    pub(super) method: &'r str,
    pub(super) visitor: Visitor,
}

/// A canary of the system whose interface is used.
pub(super) struct Found {
    pub(super) check: Arc<Check>,
    pub(super) id: String,
}

impl Command<'_> {
    /// Checks the key. If none is configured, a key in the request is an unexpected argument.
    pub(super) async fn admit(&mut self) -> Result<(), CommandFault> {
        let settings = self.host.settings(self.dialect.system).ok_or(CommandFault::NoSuchPath)?;
        self.show_key(settings.needs_key, settings.needs_key).await
    }

    /// Checks the key as far as a trigger needs one.
    pub(super) async fn admit_trigger(&mut self) -> Result<(), CommandFault> {
        let settings = self.host.settings(self.dialect.system).ok_or(CommandFault::NoSuchPath)?;
        let by_id = self.args.last("id").is_some();
        self.show_key(settings.needs_key, settings.trigger_needs_key(by_id)).await
    }

    async fn show_key(&mut self, has_key: bool, is_needed: bool) -> Result<(), CommandFault> {
        let given = if has_key { self.args.take_first("auth_key") } else { None };
        if !is_needed {
            return Ok(());
        }
        let Some(key) = given else {
            // Whoever may open the socket of the data folder may do everything (23.1c).
            let is_operator = matches!(self.visitor, Visitor::User(_));
            return if is_operator { Ok(()) } else { Err(CommandFault::Unauthorized) };
        };
        match self.host.judge_key(self.dialect.system, &key, self.visitor).await {
            KeyVerdict::Right => Ok(()),
            KeyVerdict::Wrong => Err(CommandFault::Unauthorized),
            KeyVerdict::TooMany { again_in_secs } => Err(CommandFault::TooMany { again_in_secs }),
        }
    }

    /// Who asks.
    pub(super) fn actor(&self) -> Actor {
        let system = self.dialect.system;
        Actor { said: None, door: Entrance::Compat(system, self.visitor) }
    }

    /// Puts into the log who changed something.
    pub(super) fn log(&self, check: &Definition, done: &str) {
        let id = check.alias.as_ref().map_or("", |canary| &canary.id);
        let (check, interface) = (check.name.as_str(), self.dialect.system);
        tracing::info!(
            check,
            id,
            interface,
            source = %self.visitor,
            "by another system's interface: {done}"
        );
    }

    /// The same for an existing canary, by its id.
    pub(super) fn log_id(&self, id: &str, done: &str) {
        if let Some(check) = self.host.services().live.find_alias(id) {
            self.log(&check.definition, done);
        }
    }

    pub(super) async fn get(&self) -> Result<DoorAnswer, CommandFault> {
        self.args.only(&["id", "slug", "name"])?;
        self.show(self.find()?.id).await
    }

    /// Finds the canary by id, slug or name, in this order.
    pub(super) fn find(&self) -> Result<Found, CommandFault> {
        let by_name = self.args.last("name").map(slug::slug);
        self.find_by(by_name.as_deref(), "Must specify id, slug, or name")
    }

    /// Finds the canary by id or slug; `name` is then the new name.
    pub(super) fn find_without_name(&self) -> Result<Found, CommandFault> {
        self.find_by(None, "Must specify id or slug")
    }

    fn find_by(&self, slug_of_name: Option<&str>, else_say: &str) -> Result<Found, CommandFault> {
        let directory = self.host.services().live.directory();
        let found = match (self.args.last("id"), self.args.last("slug").or(slug_of_name)) {
            (Some(id), _) => directory.by_alias.get(id),
            (None, Some(slug)) => directory.by_slug(&self.dialect.origin(), slug),
            (None, None) => return Err(CommandFault::exception("Exception", else_say)),
        };
        let (check, canary) =
            found.and_then(|check| self.dialect.known(check)).ok_or(CommandFault::NotFound)?;
        Ok(Found { check: check.clone(), id: canary.id.clone() })
    }

    /// An answer that shows a canary as it is now.
    pub(super) async fn show(&self, id: String) -> Result<DoorAnswer, CommandFault> {
        let (host, dialect) = (self.host.clone(), self.dialect);
        let shown = self.host.aside(self.visitor, move || {
            let check = host.services().live.find_alias(&id).ok_or(CommandFault::NotFound)?;
            let known = dialect.known(&check).ok_or(CommandFault::NotFound)?;
            let shown = shown::look(&*host, dialect, known, Ranges::Shown).map_err(|error| {
                tracing::error!(%error, "the history of a canary cannot be read");
                CommandFault::Unavailable
            })?;
            Ok(ok(&OkWith(dialect.one, shown)))
        });
        shown.await?
    }
}
