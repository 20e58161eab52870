//! `GET /api/v1/config`: what is in force, each check with its place and whom it tells; and `GET /api/v1/receivers`.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::check::{Declared, declared_shape, text};
use super::contract::Contract;
use super::incidents::reason_shape;
use super::problems::of_history;
use super::shape::{self, flag, list, object, one_of, or_null, time, whole};
use super::words::read;
use crate::app::receivers::{self, ReceiverView};
use crate::compat::DOOR_KEYS;
use crate::config::{Reach, Told, reach, schema, words_of};
use crate::core::check::Definition;
use crate::http::decode;
use crate::store::history::MessageRecord;

pub(super) fn contract() -> Contract {
    let told = object(
        "Told",
        [
            ("receiver", shape::text()),
            ("after", shape::text()),
            ("repeat_interval", or_null(shape::text())),
            (
                "responder",
                shape::explained(
                    or_null(whole()),
                    "Counted from 1; null: `default_receivers` or its own `emails`.",
                ),
            ),
            (
                "only",
                shape::explained(list(reason_shape()), "Of which causes; none: of all that it can have."),
            ),
        ],
    );
    let check = object(
        "CheckInForce",
        [
            ("name", shape::text()),
            ("ref", or_null(shape::text())),
            ("declared", or_null(declared_shape())),
            ("definition", shape::definition()),
            ("told", list(told)),
            ("tells_nobody", flag()),
        ],
    );
    let main = json!({"type": "object", "description": "What the main file says but its checks; `<secret>` stands for each secret."});
    let page =
        shape::with(shape::page("Configuration", "checks", check), "Configuration", [("main_file", main)]);
    Contract::new("config", "What is in force, each check with its place and whom it tells", page).paged()
}

/// Answers `GET /api/v1/config`.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["limit", "cursor"])?;
    let (limit, cursor) = (query.limit()?, query.one("cursor")?.unwrap_or_default().to_owned());
    make(asked, move |app| {
        let services = &app.services;
        let (directory, policy) = (services.live.directory(), services.in_force.audience().policy.clone());
        let refs = directory.refs();
        let mut checks: Vec<_> = directory.checks.after(&cursor).take(limit + 1).collect();
        let more = checks.len() > limit;
        checks.truncate(limit);
        let next = checks.last().filter(|_| more).map(|check| check.definition.name.to_string());
        let shown = |definition: &Definition| {
            let Reach { told, nobody, .. } = reach(&policy, definition);
            json!({
                "name": definition.name.as_str(),
                "ref": refs.get(definition).map(|reference| reference.to_string()),
                "declared": Declared::of(&definition.source),
                "definition": words_of(definition),
                "told": told.iter().map(shown_told).collect::<Vec<_>>(),
                "tells_nobody": nobody,
            })
        };
        let checks: Vec<Value> = checks.into_iter().map(|check| shown(&check.definition)).collect();
        let main_file = services.in_force.main_file();
        Ok(in_json(StatusCode::OK, &json!({"main_file": *main_file, "checks": checks, "next_cursor": next})))
    })
    .await
}

fn shown_told(told: &Told) -> Value {
    json!({
        "receiver": &*told.receiver,
        "after": told.after.to_string(),
        "repeat_interval": told.repeat_interval.map(|interval| interval.to_string()),
        "responder": told.responder,
        "only": told.only.iter().map(|cause| cause.as_str()).collect::<Vec<_>>(),
    })
}

pub(super) fn contract_of_schema() -> Contract {
    let summary = "The JSON Schema of the configuration, for editors";
    Contract::new("configSchema", summary, json!({"type": "object"}))
}

/// Answers `GET /api/v1/config-schema.json`.
pub(super) fn schema_of_files(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    Ok(in_json(StatusCode::OK, &schema(&DOOR_KEYS)))
}

pub(super) fn contract_of_receivers() -> Contract {
    let last = object(
        "LastMessage",
        [
            ("message", whole()),
            ("state", one_of(MessageRecord::STATES)),
            ("created_at", time()),
            ("settled_at", or_null(time())),
            ("attempts", whole()),
            ("answer", or_null(shape::text())),
        ],
    );
    let last = shape::explained(
        or_null(last),
        "The newest message to it that was tried, among the newest thousand of all.",
    );
    let receiver = object("Receiver", [("name", shape::text()), ("kind", shape::text()), ("last", last)]);
    let page = shape::page("Receivers", "receivers", receiver);
    Contract::new("listReceivers", "Where messages go, and what came of the last one", page)
}

/// Answers `GET /api/v1/receivers`, which is one page.
pub(super) async fn receivers(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    make(asked, |app| {
        let all = of_history(receivers::list(&app.services))?;
        let shown: Vec<Value> = all.iter().map(shown_receiver).collect();
        Ok(in_json(StatusCode::OK, &json!({"receivers": shown, "next_cursor": null})))
    })
    .await
}

pub(super) fn contract_of_test() -> Contract {
    let answer = object("SampleSent", [("taken", flag()), ("done", shape::text())]);
    let contract =
        Contract::new("testReceiver", "Send a sample to a receiver, and say what came of it", answer);
    contract.may_say(shape::asked([("by", shape::text())])).refuses(&[409, 422])
}

/// Who says so.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfTest {
    by: Option<String>,
}

/// Answers `POST /api/v1/receivers/{name}/test`.
pub(super) async fn test(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let OfTest { by } = read(body, r#"{"by": "ann"}"#)?;
    let name = decode::path_part(asked.part("name")).unwrap_or_default();
    let name = String::from_utf8_lossy(&name);
    let sent = receivers::test(&asked.app().services, &asked.actor(by), &name).await?;
    Ok(in_json(StatusCode::OK, &json!({"taken": sent.taken, "done": sent.text})))
}

fn shown_receiver(receiver: &ReceiverView) -> Value {
    let last = |message: &MessageRecord| {
        json!({
            "message": message.id,
            "state": message.state,
            "created_at": message.created_at.to_string(),
            "settled_at": text(message.settled_at),
            "attempts": message.attempts,
            "answer": message.answer,
        })
    };
    json!({"name": receiver.name, "kind": receiver.kind, "last": receiver.last.as_ref().map(last)})
}
