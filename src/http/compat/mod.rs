//! coal-mine's and Night's Watch's own interfaces, for the jobs, scripts and clients of their users.
//!
//! One engine carries out the commands of both; a [`dialect`] says how a system speaks. A canary (a watcher) is a check
//! with [`crate::core::check::Canary`]: only those of a system are seen through its interface. What changes anything is
//! decided and stored in one go on the writer's thread; what takes long is done aside, so that no ping waits for it.

mod args;
mod change;
mod dialect;
mod fault;
mod json;
mod list;
mod pause;
mod periodicity;
mod python;
mod search;
mod shown;
mod slug;
mod trigger;

pub use self::change::{InWords, MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES, definition_of};
pub use self::slug::slug as slug_of;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde::Serialize;

use self::args::Args;
use self::dialect::Dialect;
use self::fault::CommandFault;
use self::shown::{OkWith, Ranges};
use super::aside::Room;
use super::body::Keep;
use super::guesses::Guesses;
use super::limits::Limits;
use super::reply::{self, Reply};
use super::site::Deed;
use super::{App, body};
use crate::core::check::{Definition, System};
use crate::store::live::Check;

/// Lists at a time: each takes a thread, and a slow reader holds it long.
pub(super) const MAX_LISTS_AT_A_TIME: usize = 4;

const JSON: HeaderValue = HeaderValue::from_static("text/json; charset=utf-8");

/// What was asked for.
struct Command<'r> {
    app: &'r Arc<App>,
    dialect: &'static Dialect,
    args: Args,
    method: &'r Method,
    source: IpAddr,
}

/// A canary of the system that was asked.
struct Found {
    check: Arc<Check>,
    id: String,
}

/// Answers a path of a system: `path` is what follows its first part.
pub(super) async fn answer(
    app: &Arc<App>,
    limits: &Limits,
    source: IpAddr,
    (system, path): (System, &str),
    parts: &Parts,
    body: Incoming,
) -> Reply {
    // A connection with something unread could not be used again; that a body does not come changes nothing.
    let _ = body::read(body, Keep::NOTHING, limits).await;
    let dialect = Dialect::of(system);
    let args = Args::parse(parts.uri.query());
    let command = Command { app, dialect, args, method: &parts.method, source };
    to_reply(dialect, command.carry_out(word(dialect, path)).await)
}

/// The command that a path names, as it is written: whoever guards a path before us should not have to think of its other
/// spellings.
fn word<'p>(dialect: &Dialect, path: &'p str) -> &'p str {
    path.strip_prefix(dialect.path).unwrap_or_default()
}

/// What a command does: all may be sent by GET.
pub(super) fn deed(system: System, path: &str) -> Deed {
    match word(Dialect::of(system), path) {
        "get" | "list" => Deed::Open,
        "trigger" => Deed::Triggers,
        _ => Deed::Changes,
    }
}

/// Answers `/ID`, which triggers the canary of this id, whichever its system.
pub(super) async fn short(
    app: &Arc<App>,
    limits: &Limits,
    source: IpAddr,
    id: &str,
    parts: &Parts,
    body: Incoming,
) -> Reply {
    let _ = body::read(body, Keep::NOTHING, limits).await;
    let access = app.access();
    let known = app.live.find_canary(id).and_then(|check| Some(check.definition.canary.as_ref()?.system));
    let open = |system: &System| access.compat.of(*system).is_some();
    let Some(system) = known.filter(open).or(System::ALL.into_iter().find(open)) else {
        return reply::text(StatusCode::NOT_FOUND, super::routes::NOT_FOUND);
    };
    let dialect = Dialect::of(system);
    let args = Args::parse(parts.uri.query()).with("id", id);
    let command = Command { app, dialect, args, method: &parts.method, source };
    to_reply(dialect, command.carry_out("trigger").await)
}

fn to_reply(dialect: &Dialect, answered: Result<Reply, CommandFault>) -> Reply {
    answered.unwrap_or_else(|fault| {
        let reply =
            with_status(fault.status(), &Failure { status: "error", error: fault.text(dialect.noun) });
        match fault {
            CommandFault::Unavailable => reply::with_retry_after(reply, 1),
            CommandFault::TooMany => reply::with_retry_after(reply, Guesses::RETRY_AFTER_SECS),
            _ => reply,
        }
    })
}

#[derive(Serialize)]
struct Failure {
    status: &'static str,
    error: String,
}

fn with_status(status: StatusCode, value: &impl Serialize) -> Reply {
    let mut reply = reply::text(status, json::text(value));
    reply.headers_mut().insert(CONTENT_TYPE, JSON);
    reply
}

fn ok(value: &impl Serialize) -> Reply {
    with_status(StatusCode::OK, value)
}

impl Command<'_> {
    async fn carry_out(mut self, word: &str) -> Result<Reply, CommandFault> {
        const WORDS: [&str; 8] = ["create", "delete", "get", "list", "pause", "trigger", "unpause", "update"];
        // The path is judged before the key.
        if !WORDS.contains(&word) {
            return Err(CommandFault::NoSuchPath);
        }
        let is_trigger = word == "trigger";
        self.admit(is_trigger).inspect_err(|_| {
            if is_trigger {
                self.app.outcomes.bad_key.fetch_add(1, Ordering::Relaxed);
            }
        })?;
        match word {
            "create" => change::create(&self).await,
            "delete" => change::delete(&self).await,
            "get" => self.get().await,
            "list" => list::list(&self).await,
            "pause" => pause::pause(&self).await,
            "trigger" => trigger::trigger(&self).await,
            "unpause" => pause::unpause(&self).await,
            "update" => change::update(&self).await,
            _ => Err(CommandFault::NoSuchPath),
        }
    }

    /// Asks for the key; of a trigger for what its door says. Where there is none, one that is given is an argument that
    /// nobody expects.
    fn admit(&mut self, is_trigger: bool) -> Result<(), CommandFault> {
        let access = self.app.access();
        let door = access.compat.of(self.dialect.system).ok_or(CommandFault::NoSuchPath)?;
        let has_key = door.needs_key();
        let given = if has_key { self.args.take_first("auth_key") } else { None };
        let by_id = self.args.last("id").is_some();
        if !(if is_trigger { door.trigger_needs_key(by_id) } else { has_key }) {
            return Ok(());
        }
        let (guesses, now) = (&self.app.guesses, self.app.clock.now());
        let Some(key) = given else { return Err(CommandFault::Unauthorized) };
        let is_right = door.is_opened_by(Some(key.as_bytes()));
        match is_right {
            _ if !guesses.admits((key.as_bytes(), is_right), self.source, now) => Err(CommandFault::TooMany),
            true => Ok(()),
            false => {
                self.app.own.wrong_auth_keys.fetch_add(1, Ordering::Relaxed);
                if guesses.note(self.source, now) {
                    let interface = self.dialect.system.as_str();
                    tracing::warn!(interface, source = %self.source, "a wrong auth_key was shown");
                }
                Err(CommandFault::Unauthorized)
            }
        }
    }

    /// Puts into the log who changed something.
    fn log(&self, check: &Definition, done: &str) {
        let id = check.canary.as_ref().map_or("", |canary| &canary.id);
        let (check, interface) = (check.name.as_str(), self.dialect.system.as_str());
        tracing::info!(
            check,
            id,
            interface,
            source = %self.source,
            "by another system's interface: {done}"
        );
    }

    /// The same, of a canary that is there.
    fn log_id(&self, id: &str, done: &str) {
        if let Some(check) = self.app.live.find_canary(id) {
            self.log(&check.definition, done);
        }
    }

    async fn get(&self) -> Result<Reply, CommandFault> {
        self.args.only(&["id", "slug", "name"])?;
        self.show(self.find()?.id).await
    }

    /// The canary that is named by its id, slug or name, in this order.
    fn find(&self) -> Result<Found, CommandFault> {
        let by_name = self.args.last("name").map(slug::slug);
        self.find_by(by_name.as_deref(), "Must specify id, slug, or name")
    }

    /// The canary that is named by its id or slug; `name` is not what finds it.
    fn find_without_name(&self) -> Result<Found, CommandFault> {
        self.find_by(None, "Must specify id or slug")
    }

    fn find_by(&self, slug_of_name: Option<&str>, else_say: &str) -> Result<Found, CommandFault> {
        let directory = self.app.live.directory();
        let found = match (self.args.last("id"), self.args.last("slug").or(slug_of_name)) {
            (Some(id), _) => directory.by_canary.get(id),
            (None, Some(slug)) => directory.by_slug(self.dialect.system, slug),
            (None, None) => return Err(CommandFault::exception("Exception", else_say)),
        };
        let (check, canary) =
            found.and_then(|check| self.dialect.known(check)).ok_or(CommandFault::NotFound)?;
        Ok(Found { check: check.clone(), id: canary.id.clone() })
    }

    /// The answer that shows a canary as it is now.
    async fn show(&self, id: String) -> Result<Reply, CommandFault> {
        let dialect = self.dialect;
        let shown = self.app.aside(Room::Programs, move |app| {
            let check = app.live.find_canary(&id).ok_or(CommandFault::NotFound)?;
            let known = dialect.known(&check).ok_or(CommandFault::NotFound)?;
            let shown = shown::look(app, dialect, known, Ranges::Shown).map_err(|error| {
                tracing::error!(%error, "the history of a canary cannot be read");
                CommandFault::Unavailable
            })?;
            Ok(ok(&OkWith(dialect.one, shown)))
        });
        shown.await?
    }
}
