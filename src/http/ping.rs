//! A ping: read, checked, stored, and only then answered (14.1).

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use super::alertmanager::{self, AlertStatus};
use super::auth::{self, Admission};
use super::body::{self, BodyError, Keep, Received};
use super::guesses::Guesses;
use super::reply::{self, Reply};
use super::target::{self, Target, TargetFault};
use super::visit::Visit;
use super::waits::{self, NoTurn};
use super::{App, decode, password, token};
use crate::app;
use crate::app::ping::{NOT_STORED, ONLY_POST, OVERLOADED, PingNotTaken, TAKES_RESULTS};
use crate::core::check::{CheckId, Name, Ping, PingKind, Rid};
use crate::metrics::PingOutcomes;
use crate::store::live::Named;
use crate::store::{PingFact, UnknownPing};

/// A ping that was understood, before its body came.
struct Pinged {
    check: CheckId,
    ping: Ping,
    comment: Option<String>,
    admission: Admission,
    /// The name that was asked for, where the log wants it.
    called: Option<String>,
}

/// Answers `/ping/…`; `path` is what follows the prefix.
pub(super) async fn answer(visit: Visit<'_>, path: &str, body: Incoming) -> Reply {
    let target = target::parse(path);
    let header = auth::bearer(visit.parts.headers.get(AUTHORIZATION));
    let in_path = target.as_ref().ok().and_then(|target| target.key.as_deref());
    let shown = in_path.or(header).filter(|_| visit.user.is_none());
    let wait = shown.and_then(|shown| token::wait_of(visit.app, shown, visit.source));
    let asked = understand(visit, target, header);
    let asked = waits::over(wait).await.map_err(|NoTurn| Refusal::NoTurn).and(asked);
    let answered = end(visit, asked, body).await;
    answered.map_or_else(|refusal| refusal.reply(), |said| reply::to_ping(StatusCode::OK, said))
}

/// A ping that came through the API, by whoever was let in.
pub(super) struct PingByApi<'r> {
    /// The name of the check, as it stands in the path.
    pub(super) name: &'r str,
    pub(super) kind: PingKind,
    pub(super) exit_status: Option<u8>,
    /// By what they were let in.
    pub(super) admission: Admission,
}

/// Takes a ping that came through the API; answers what to say.
pub(super) async fn by_api(
    visit: Visit<'_>,
    ping: PingByApi<'_>,
    body: Incoming,
) -> Result<Cow<'static, str>, Refusal> {
    let PingByApi { name, kind, exit_status, admission } = ping;
    let target = Target { key: None, name: decode::path_part(name).unwrap_or_default(), kind, exit_status };
    let asked = match admission {
        Admission::Missing => Err(Refusal::KeyMissing),
        Admission::Wrong => Err(Refusal::KeyWrong),
        admission => understand_named(visit, &target, admission),
    };
    end(visit, asked, body).await
}

/// Reads the body, has the ping stored, and counts how it ended.
async fn end(
    visit: Visit<'_>,
    asked: Result<Pinged, Refusal>,
    body: Incoming,
) -> Result<Cow<'static, str>, Refusal> {
    let Visit { app, limits, source, parts, .. } = visit;
    // The body is read also where it is of no use: a connection with something unread could not be used again.
    let keep = match asked {
        Ok(_) => Keep { first: PingFact::FIRST_BODY_BYTES, last: PingFact::LAST_BODY_BYTES },
        Err(_) => Keep::NOTHING,
    };
    let received = body::read(body, keep, limits).await;
    let called = asked.as_ref().ok().and_then(|asked| asked.called.clone());
    let answered = match (asked, received) {
        (Ok(asked), Ok(received)) => take(app, source, asked, received, is_json(parts)).await,
        (Ok(_), Err(error)) => Err(Refusal::Body(error)),
        (Err(refusal), _) => Err(refusal),
    };
    let counter = match &answered {
        Ok(_) => &app.services.counters.outcomes.accepted,
        Err(refusal) => refusal.counter(&app.services.counters.outcomes),
    };
    counter.fetch_add(1, Ordering::Relaxed);
    match &answered {
        Ok(_) => tracing::debug!(check = called, %source, "ping accepted"),
        Err(refusal) => {
            let (status, why) = refusal.said();
            let status = status.as_u16();
            tracing::debug!(check = called, %source, status, why, "ping refused");
        }
    }
    answered
}

/// What the URL and the headers say, as far as it can be taken; `header` is the key or the token of the headers.
fn understand(
    visit: Visit<'_>,
    target: Result<Target<'_>, TargetFault>,
    header: Option<&[u8]>,
) -> Result<Pinged, Refusal> {
    let Visit { app, source, .. } = visit;
    let target = match target {
        Ok(target) => target,
        Err(TargetFault::Shape) => return Err(Refusal::NotFound(BAD_SHAPE)),
        Err(TargetFault::Encoding) => return Err(Refusal::BadRequest(BAD_ENCODING)),
        Err(TargetFault::ExitStatus) => return Err(Refusal::BadRequest(BAD_EXIT_STATUS)),
        Err(TargetFault::Action) => return Err(Refusal::BadRequest(BAD_ACTION)),
    };
    // The key comes before the name: who has none must not learn which names there are.
    let admission = match visit.user {
        Some(_) if target.key.is_none() => Admission::Key("".into(), None),
        _ => app.with_access(|access| access.admit_ping(target.key.as_deref(), header)),
    };
    match (&admission, &target.key) {
        (Admission::Missing, _) => return Err(Refusal::KeyMissing),
        (Admission::Wrong, key) => {
            // At the socket there is nothing to guess.
            if let Some(shown) = key.as_deref().or(header).filter(|_| visit.user.is_none()) {
                token::note_wrong_key(app, shown, source);
            }
            return Err(Refusal::KeyWrong);
        }
        (Admission::Open, Some(first)) => return Err(without_keys(app, source, first, &target)),
        _ => {}
    }
    understand_named(visit, &target, admission)
}

/// What is left to see once it is known who pings.
fn understand_named(visit: Visit<'_>, target: &Target<'_>, admission: Admission) -> Result<Pinged, Refusal> {
    let Visit { app, source, parts, .. } = visit;
    let [rid, create, comment, m] =
        decode::query_values(parts.uri.query(), ["rid", "create", "comment", "m"]);
    let limit = if let Admission::Key(_, limit) = &admission { limit.as_ref() } else { None };
    let found = target.name().and_then(|name| Some((name, app.services.live.find_named(name)?)));
    let Some((name, Named { check, by_former_name })) = found else {
        // 23.1d: whose key is for others learns not even that.
        if limit.is_some_and(|limit| !target.name().is_some_and(|name| limit.admits_name(name))) {
            return Err(Refusal::KeyOfOthers);
        }
        note_unknown(app, target, source);
        // Somebody without a key, though there are keys.
        let strange = admission == Admission::Tolerated;
        return Err(match (create.as_deref(), strange) {
            (Some("1"), _) => Refusal::NoCreate,
            (_, true) => Refusal::NotFound(NOT_FOUND_USE_KEY),
            (_, false) => Refusal::NotFound(NOT_FOUND),
        });
    };
    if limit.is_some_and(|limit| !limit.admits(&check.definition)) {
        return Err(Refusal::KeyOfOthers);
    }
    app::ping::admit(check.definition.ping_methods, parts.method.as_str())?;
    let rid = rid.map(|rid| Rid::parse(&rid).ok_or(Refusal::BadRequest(BAD_RID))).transpose()?;
    if by_former_name {
        app.former_names.log_use(name, &app.services.live);
    }
    Ok(Pinged {
        check: check.id,
        ping: Ping { kind: target.kind, rid, exit_status: target.exit_status },
        comment: comment.or(m).filter(|text| !text.is_empty()).map(|text| PingFact::kept(&text).to_owned()),
        admission,
        called: tracing::enabled!(tracing::Level::DEBUG).then(|| name.to_owned()),
    })
}

/// Two parts, though there are no keys: a check and something that is no action, or a key that nobody asks for.
fn without_keys(app: &App, source: IpAddr, first: &[u8], target: &Target<'_>) -> Refusal {
    let first_is_a_check =
        std::str::from_utf8(first).is_ok_and(|name| app.services.live.find(name).is_some());
    if first_is_a_check {
        return Refusal::BadRequest(BAD_ACTION);
    }
    note_unknown(app, target, source);
    Refusal::NotFound(NOT_FOUND_NO_KEYS)
}

/// Whether what stands where a name should is a secret (23.12): a key without a name behind it, or the id that another system's
/// users trigger by.
fn is_secret(app: &App, shown: &[u8]) -> bool {
    let is_id = std::str::from_utf8(shown).is_ok_and(|id| app.services.live.find_alias(id).is_some());
    is_id || app.with_access(|access| access.is_secret(shown)) || password::is_remembered(app, shown)
}

/// Whoever asks for keys hears of this only from who has one: without it nobody came so far. A secret would be on the first page. It
/// is answered as any name is: whoever guesses learns nothing.
fn note_unknown(app: &App, target: &Target<'_>, source: IpAddr) {
    if is_secret(app, &target.name) {
        return;
    }
    let name = decode::shown(&target.name, Name::MAX_BYTES);
    tracing::debug!(name, %source, "a ping to a name that no check has");
    let is_end = matches!(target.kind, PingKind::Success | PingKind::Fail);
    let ping = UnknownPing { name: &name, is_end, source };
    app.services.live.unknown_names().note(ping, app.services.clock.now());
}

/// Hands the ping to the writer and waits until it is durable. Answers what to say.
async fn take(
    app: &App,
    source: IpAddr,
    asked: Pinged,
    received: Received,
    json: bool,
) -> Result<Cow<'static, str>, Refusal> {
    let Pinged { check, mut ping, comment, admission, .. } = asked;
    let is_cut = received.left_out > 0 || received.unread;
    // What comes after what was left out would be read as if it followed.
    let read = if is_cut { received.kept.len().min(PingFact::FIRST_BODY_BYTES) } else { received.kept.len() };
    let alert = if json { alertmanager::status(&received.kept[..read], is_cut) } else { None };
    let resolved = alert == Some(AlertStatus::Resolved);
    if resolved {
        ping.kind = PingKind::Log;
    }
    let said = thanks(resolved, &received);
    let body = Some(received.kept).filter(|kept| !kept.is_empty());
    let fact =
        PingFact { ping, comment, body, left_out: received.left_out, body_cut: received.unread, source };
    app::ping::take(&app.services, check, fact).await?;
    if admission == Admission::Tolerated {
        app.services.counters.outcomes.unkeyed.fetch_add(1, Ordering::Relaxed);
    }
    Ok(said)
}

fn thanks(resolved: bool, received: &Received) -> Cow<'static, str> {
    if resolved {
        return "OK: a resolved alert is recorded as a log, it is not a sign of life".into();
    }
    if received.left_out == 0 && !received.unread {
        return "OK".into();
    }
    let (first, last) = (PingFact::FIRST_BODY_BYTES, PingFact::LAST_BODY_BYTES);
    let unread = if received.unread { ", and it was not read to its end" } else { "" };
    format!(
        "OK: of a body its first {first} and last {last} bytes are kept, {} are left out{unread}",
        received.left_out
    )
    .into()
}

fn is_json(parts: &Parts) -> bool {
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|value| value.starts_with(b"application/json"))
}

/// Why a ping is not taken.
pub(super) enum Refusal {
    NotFound(&'static str),
    NoCreate,
    KeyMissing,
    KeyWrong,
    /// It was not looked at: too many wrong ones came from its address, and it is short.
    NoTurn,
    /// It is good for other checks alone.
    KeyOfOthers,
    BadRequest(&'static str),
    OnlyPost,
    TakesResults,
    Body(BodyError),
    Overloaded,
    NotStored,
}

const NOT_FOUND: &str = "not found";
const NOT_FOUND_USE_KEY: &str = "not found: use /ping/KEY/NAME";
const NOT_FOUND_NO_KEYS: &str = "not found: there are no ping keys here, use /ping/NAME";
const BAD_SHAPE: &str = "not found: use /ping/NAME or /ping/KEY/NAME, and after it nothing, /start, /fail, /log or an exit status";
const NO_CREATE: &str = "not found, and create=1 is not supported: declare the check in the configuration";
const NEEDS_KEY: &str = "a ping key is needed: use /ping/KEY/NAME, or the header Authorization: Bearer KEY";
const WRONG_KEY: &str = "wrong ping key: use /ping/KEY/NAME, or the header Authorization: Bearer KEY";
const TOO_MANY_KEYS: &str = "too many wrong keys came from this address, and keys of less than 16 characters wait: try again in a minute";
const KEY_OF_OTHERS: &str = "this key is for other checks: use one of this check's, or have `checks` of the key in the configuration name it";
const BAD_ENCODING: &str = "bad URL: a % must be followed by two hex digits";
const BAD_EXIT_STATUS: &str = "bad exit status: use 0 to 255";
const BAD_ACTION: &str =
    "bad action: after the name comes nothing (success), /start, /fail, /log or an exit status of 0 to 255";
pub(super) const BAD_RID: &str = "bad rid: a run's id is 1 to 64 characters of A-Z a-z 0-9 . _ : - (a UUID, for instance), \
    the same at its start and its end";

const TOO_SLOW: &str = "the body did not arrive in time: nothing was recorded";
const BROKEN: &str = "the body did not arrive: nothing was recorded";

impl From<PingNotTaken> for Refusal {
    fn from(why: PingNotTaken) -> Refusal {
        match why {
            PingNotTaken::NoSuchCheck => Refusal::NotFound(NOT_FOUND),
            PingNotTaken::OnlyPost => Refusal::OnlyPost,
            PingNotTaken::TakesResults => Refusal::TakesResults,
            PingNotTaken::TakesPings | PingNotTaken::Probed | PingNotTaken::TakesNoRecords(_) => {
                unreachable!("a ping is no result")
            }
            PingNotTaken::Overloaded => Refusal::Overloaded,
            PingNotTaken::NotStored => Refusal::NotStored,
        }
    }
}

impl Refusal {
    fn counter<'a>(&self, outcomes: &'a PingOutcomes) -> &'a AtomicU64 {
        match self {
            Refusal::NotFound(_) | Refusal::NoCreate => &outcomes.unknown_check,
            Refusal::KeyMissing | Refusal::KeyWrong | Refusal::NoTurn | Refusal::KeyOfOthers => {
                &outcomes.bad_key
            }
            Refusal::BadRequest(_) | Refusal::OnlyPost | Refusal::TakesResults | Refusal::Body(_) => {
                &outcomes.bad_request
            }
            Refusal::Overloaded | Refusal::NotStored => &outcomes.overloaded,
        }
    }

    /// What is said, and how.
    pub(super) fn said(&self) -> (StatusCode, &'static str) {
        match self {
            Refusal::NotFound(text) => (StatusCode::NOT_FOUND, text),
            Refusal::NoCreate => (StatusCode::BAD_REQUEST, NO_CREATE),
            Refusal::KeyMissing => (StatusCode::UNAUTHORIZED, NEEDS_KEY),
            Refusal::KeyWrong => (StatusCode::FORBIDDEN, WRONG_KEY),
            Refusal::NoTurn => (StatusCode::TOO_MANY_REQUESTS, TOO_MANY_KEYS),
            Refusal::KeyOfOthers => (StatusCode::FORBIDDEN, KEY_OF_OTHERS),
            Refusal::BadRequest(text) => (StatusCode::BAD_REQUEST, text),
            Refusal::OnlyPost => (StatusCode::METHOD_NOT_ALLOWED, ONLY_POST),
            Refusal::TakesResults => (StatusCode::CONFLICT, TAKES_RESULTS),
            Refusal::Body(BodyError::TimedOut) => (StatusCode::REQUEST_TIMEOUT, TOO_SLOW),
            Refusal::Body(BodyError::Broken) => (StatusCode::BAD_REQUEST, BROKEN),
            Refusal::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, OVERLOADED),
            Refusal::NotStored => (StatusCode::SERVICE_UNAVAILABLE, NOT_STORED),
        }
    }

    /// When to come again.
    pub(super) fn retry_after_secs(&self) -> Option<u32> {
        match self {
            Refusal::Overloaded => Some(1),
            Refusal::NotStored => Some(5),
            Refusal::NoTurn => Some(Guesses::RETRY_AFTER_SECS),
            _ => None,
        }
    }

    fn reply(&self) -> Reply {
        let (status, text) = self.said();
        let mut reply = reply::to_ping(status, format!("{text}\n"));
        match self {
            Refusal::KeyMissing => {
                reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                reply
            }
            Refusal::OnlyPost => reply::with_allow(reply, &[Method::POST]),
            _ => match self.retry_after_secs() {
                Some(secs) => reply::with_retry_after(reply, secs),
                None => reply,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_cut_at_a_character() {
        let long = "ä".repeat(PingFact::MAX_COMMENT_BYTES);
        assert_eq!(PingFact::kept(&long).len(), PingFact::MAX_COMMENT_BYTES);
        assert_eq!(PingFact::kept(&format!("x{long}")).len(), PingFact::MAX_COMMENT_BYTES - 1);
        assert_eq!(PingFact::kept("ok"), "ok");
    }
}
