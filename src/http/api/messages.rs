//! Messages: what was told to whom, when, and with which answer; and what people do with them.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make, page_of};
use super::check::text;
use super::problems::of_history;
use super::words::read;
use crate::app::NotDone;
use crate::app::history;
use crate::app::messages::{self, MessageDeed};
use crate::http::problem::Problem;
use crate::store::history::MessageRecord;

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
