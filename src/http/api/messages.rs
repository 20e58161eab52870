//! Messages: what was told to whom, when, and with which answer; and what people do with them.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::check::text;
use super::problems::{no_history, unreadable};
use crate::http::messages::{self, MessageDeed, NotDone};
use crate::http::problem::Problem;
use crate::store::history::MessageRecord;

/// Answers `GET /api/v1/messages`.
pub(super) async fn list(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["limit", "cursor", "state", "receiver"])?;
    let (limit, before) = (query.limit()?, query.cursor()?);
    let state = query.word("state", &MessageRecord::STATES, |state| state)?;
    let receiver = query.one("receiver")?.map(str::to_owned);
    make(asked, move |app| {
        let reader = app.services.history.as_ref().ok_or_else(no_history)?;
        let read = reader.messages(state, receiver.as_deref(), before, limit);
        let read = read.map_err(|error| unreadable(&error))?;
        let next = read.last().filter(|_| read.len() == limit).map(|message| message.id.to_string());
        let messages: Vec<Value> = read.iter().map(shown).collect();
        Ok(in_json(StatusCode::OK, &json!({"messages": messages, "next_cursor": next})))
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

/// Answers `POST /api/v1/messages/{id}/retry`.
pub(super) async fn retry(asked: &Asked<'_>) -> ApiOutcome {
    act(asked, MessageDeed::Retry).await
}

/// Answers `POST /api/v1/messages/{id}/drop`.
pub(super) async fn drop(asked: &Asked<'_>) -> ApiOutcome {
    act(asked, MessageDeed::Drop(asked.by())).await
}

async fn act(asked: &Asked<'_>, deed: MessageDeed) -> ApiOutcome {
    asked.query(&[])?;
    let none = || Problem::new(StatusCode::NOT_FOUND, "the number of a message is a number");
    let id = asked.number().ok_or_else(none)?;
    match messages::act(asked.app(), id, deed).await {
        Ok(done) => {
            let token = asked.caller.as_deref().unwrap_or("");
            tracing::info!(token, source = %asked.visit.source, "by the API: {done}");
            Ok(in_json(StatusCode::OK, &json!({"done": done})))
        }
        Err(NotDone::NoSuchMessage(why)) => Err(Problem::new(StatusCode::NOT_FOUND, why)),
        Err(NotDone::Conflict(why)) => Err(Problem::new(StatusCode::CONFLICT, why)),
        Err(NotDone::Busy(why)) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).with_retry_after(5))
        }
    }
}
