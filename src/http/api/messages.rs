//! Messages: what was told to whom, when, and with which answer; and what people do with them.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make, page_of};
use super::check::text;
use super::contract::Contract;
use super::problems::of_history;
use super::shape::{self, asked as may_say, list as list_of, object, one_of, or_null, time, whole};
use super::words::read;
use crate::app::NotDone;
use crate::app::history;
use crate::app::messages::{self, MessageDeed};
use crate::http::problem::Problem;
use crate::store::history::MessageRecord;

pub(super) fn contract() -> Contract {
    let keys = [
        ("id", whole()),
        ("receiver", shape::text()),
        ("state", one_of(MessageRecord::STATES)),
        ("checks", list_of(shape::text())),
        ("deliveries", whole()),
        ("given_up", whole()),
        ("created_at", time()),
        ("settled_at", or_null(time())),
        ("attempts", whole()),
        ("next_attempt", or_null(time())),
        ("answer", or_null(shape::text())),
        ("key", shape::text()),
    ];
    let page = shape::page("Messages", "messages", object("Message", keys));
    Contract::new("listMessages", "What was told to whom, newest first", page)
        .paged()
        .takes("state", one_of(MessageRecord::STATES), "Those that stand so.")
        .takes("receiver", shape::text(), "Those to this receiver.")
}

pub(super) fn contract_of_act(deed: MessageDeed) -> Contract {
    let (id, summary) = match deed {
        MessageDeed::Retry => ("retryMessage", "Make the next attempt to send a message at once"),
        MessageDeed::Drop => ("dropMessage", "Say that a message need not be told"),
    };
    Contract::new(id, summary, done_shape()).may_say(may_say([("by", shape::text())])).refuses(&[409, 422])
}

pub(super) fn contract_of_retry_all() -> Contract {
    let body = may_say([("receiver", shape::text()), ("by", shape::text())]);
    let summary = "Send everything again that was given up of a receiver";
    Contract::new("retryMessages", summary, done_shape()).must_say(body).refuses(&[404, 409, 422])
}

/// What is answered when something is done: a line for people.
pub(super) fn done_shape() -> Value {
    object("Done", [("done", shape::text())])
}

/// Answers `GET /api/v1/messages`.
pub(super) async fn list(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["limit", "cursor", "state", "receiver"])?;
    let page = query.page()?;
    let state = query.word("state", &MessageRecord::STATES, |state| state)?;
    let receiver = query.one("receiver")?.map(str::to_owned);
    make(asked, move |app| {
        let page = of_history(history::messages(&app.services, state, receiver.as_deref(), page))?;
        Ok(page_of("messages", &page, shown))
    })
    .await
}

fn shown(message: &MessageRecord) -> Value {
    json!({
        "id": message.id,
        "receiver": message.receiver,
        "state": message.state,
        "checks": message.checks,
        "deliveries": message.members,
        "given_up": message.given_up,
        "created_at": message.created_at.to_string(),
        "settled_at": text(message.settled_at),
        "attempts": message.attempts,
        "next_attempt": text(message.retry_at),
        "answer": message.answer,
        "key": message.key,
    })
}

/// Who says so.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfOne {
    by: Option<String>,
}

/// Of whose messages.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfReceiver {
    receiver: Option<String>,
    by: Option<String>,
}

/// Answers `POST /api/v1/messages/{id}/retry` and `…/drop`.
pub(super) async fn act(asked: &Asked<'_>, deed: MessageDeed, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let OfOne { by } = read(body, r#"{"by": "ann"}"#)?;
    let id = asked.number().ok_or_else(|| NotDone::NoSuchMessage(asked.part("id").to_owned()))?;
    let done = messages::act(&asked.app().services, &asked.actor(by), id, deed).await?;
    Ok(in_json(StatusCode::OK, &json!({"done": done})))
}

/// Answers `POST /api/v1/messages/retry`: all that was given up of a receiver.
pub(super) async fn retry_all(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let OfReceiver { receiver, by } = read(body, r#"{"receiver": "ops-mail"}"#)?;
    let unclear = || Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "say of which `receiver`");
    let receiver = receiver.ok_or_else(unclear)?;
    let done = messages::retry_all(&asked.app().services, &asked.actor(by), &receiver).await?;
    Ok(in_json(StatusCode::OK, &json!({"done": done})))
}
