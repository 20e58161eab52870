//! Other systems' interfaces over HTTP: what the doors of [`crate::compat`] are asked and answer, and what they may use.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};

use super::body::Keep;
use super::guesses::{Credential, Guesses, NotedGuess};
use super::reply::{self, Reply};
use super::site::Deed;
use super::visit::Visit;
use super::{App, body, token, waits};
use crate::app::{Services, Visitor};
use crate::compat::{
    Addressed, Door, DoorAnswer, DoorBody, DoorRequest, DoorSettings, Effect, Host, Judging, KeyVerdict,
    PingEnd, door_of, door_of_id,
};

/// What a request of a path of a system does, of which `rest` follows the prefix.
pub(super) fn deed(system: &str, rest: &str) -> Deed {
    match door_of(system).map_or(Effect::Changes, |door| door.effect(rest)) {
        Effect::Reads => Deed::Open,
        Effect::Pings => Deed::Triggers,
        Effect::Changes => Deed::Changes,
    }
}

/// Answers a path of a system: `path` is what follows its prefix.
pub(super) async fn answer_path(visit: Visit<'_>, system: &str, path: &str, body: Incoming) -> Reply {
    read_to_its_end(visit, body).await;
    let door = door_of(system).expect("a row of the routes was made of this door");
    ask(visit, door, Addressed::Path(path)).await
}

/// Answers `/ID`, which pings the check of this id, whichever its system; `None`: no door is open that has such addresses.
pub(super) async fn answer_id(visit: Visit<'_>, id: &str, body: Incoming) -> Option<Reply> {
    read_to_its_end(visit, body).await;
    let door = door_of_id(&**visit.app, id)?;
    Some(ask(visit, door, Addressed::Id(id)).await)
}

/// A connection with something unread could not be used again; that a body does not come changes nothing.
async fn read_to_its_end(visit: Visit<'_>, body: Incoming) {
    let _ = body::read(body, Keep::NOTHING, visit.limits).await;
}

async fn ask(visit: Visit<'_>, door: &dyn Door, to: Addressed<'_>) -> Reply {
    let Visit { app, parts, .. } = visit;
    let host: Arc<dyn Host> = app.clone();
    let request =
        DoorRequest { method: parts.method.as_str(), to, query: parts.uri.query(), visitor: visit.visitor() };
    let answer = door.answer(&host, request).await;
    if let Some(end) = answer.ping {
        count(app, end);
    }
    to_reply(visit, answer).await
}

async fn to_reply(visit: Visit<'_>, answer: DoorAnswer) -> Reply {
    let mut reply = match answer.body {
        DoorBody::Text(text) => reply::text(StatusCode::OK, text),
        DoorBody::Written { write, within } => {
            let place = visit.rooms().written.take(visit.source, 1).await;
            reply::in_pieces(place, within, move |sender| write(sender))
        }
    };
    *reply.status_mut() = StatusCode::from_u16(answer.status).expect("doors answer with codes of HTTP");
    for (name, value) in answer.headers {
        let value = HeaderValue::from_str(&value).expect("doors answer with headers of plain text");
        reply.headers_mut().insert(HeaderName::from_static(name), value);
    }
    reply
}

fn count(app: &App, end: PingEnd) {
    let outcomes = &app.services.counters.outcomes;
    let counter = match end {
        PingEnd::Accepted => &outcomes.accepted,
        PingEnd::UnknownCheck => &outcomes.unknown_check,
        PingEnd::BadKey => &outcomes.bad_key,
        PingEnd::BadRequest => &outcomes.bad_request,
        PingEnd::Overloaded => &outcomes.overloaded,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Host for App {
    fn services(&self) -> &Arc<Services> {
        &self.services
    }

    fn settings(&self, system: &str) -> Option<DoorSettings> {
        let access = self.access();
        let door = access.compat.of(system)?;
        Some(DoorSettings {
            needs_key: door.needs_key(),
            trigger: door.trigger(),
            mail: self.services.in_force.audience().can_mail,
        })
    }

    fn judge_key<'r>(&'r self, system: &'static str, key: &'r str, visitor: Visitor) -> Judging<'r> {
        Box::pin(async move {
            let source = match visitor {
                Visitor::Address(source) => source,
                // Whoever may open the socket has nothing to guess.
                Visitor::User(_) if is_right(self, system, key) => return KeyVerdict::Right,
                Visitor::User(_) => return KeyVerdict::Wrong,
            };
            let too_many = KeyVerdict::TooMany { again_in_secs: Guesses::RETRY_AFTER_SECS };
            if waits::over(token::wait_of(self, key.as_bytes(), source)).await.is_err() {
                return too_many;
            }
            if is_right(self, system, key) {
                return KeyVerdict::Right;
            }
            match self.guessed.note(Credential::Secret(key.as_bytes()), source, self.services.clock.now()) {
                NotedGuess::HeldOff => too_many,
                NotedGuess::Counted { is_logged } => {
                    self.services.counters.own.wrong_auth_keys.fetch_add(1, Ordering::Relaxed);
                    if is_logged {
                        tracing::warn!(interface = system, %source, "a wrong auth_key was shown");
                    }
                    KeyVerdict::Wrong
                }
            }
        })
    }
}

fn is_right(app: &App, system: &str, key: &str) -> bool {
    app.access().compat.of(system).is_some_and(|door| door.is_opened_by(Some(key.as_bytes())))
}
