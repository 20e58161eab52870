//! Mutes: those that last, oldest first; and making and ending them (8.2).

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use super::shape::{self, list as list_of, object, text, time, whole, with};
use super::words::{EndSaid, read};
use crate::app::NotDone;
use crate::app::mutes::{self, Muted};
use crate::core::route::Mute;
use crate::http::problem::Problem;
use crate::http::reply;

/// What is to be muted, how long, and why.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    check: Option<Names>,
    matchers: Option<String>,
    #[serde(rename = "for")]
    lasts: Option<String>,
    until: Option<String>,
    comment: Option<String>,
    by: Option<String>,
}

/// One, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

fn mute_shape() -> Value {
    let keys = [
        ("id", whole()),
        ("matchers", text()),
        ("since", time()),
        ("until", time()),
        ("comment", text()),
        ("by", text()),
    ];
    object("Mute", keys)
}

pub(super) fn contract_of_list() -> Contract {
    Contract::new("listMutes", "The mutes that have not ended", shape::page("Mutes", "mutes", mute_shape()))
}

pub(super) fn contract_of_one() -> Contract {
    Contract::new("showMute", "A mute", mute_shape())
}

pub(super) fn contract_of_mute() -> Contract {
    let check = json!({"anyOf": [text(), list_of(text())]});
    let body = shape::asked([
        ("check", shape::explained(check, "A name, or several.")),
        ("matchers", text()),
        ("for", shape::explained(text(), "A duration, as in `2h30m`.")),
        ("until", time()),
        ("comment", text()),
        ("by", text()),
    ]);
    let made = with(mute_shape(), "MuteMade", [("matching", whole()), ("done", text())]);
    let contract = Contract::new("mute", "Hold the messages of checks for a while", made);
    contract.makes().must_say(body).refuses(&[404, 409, 422])
}

pub(super) fn contract_of_unmute() -> Contract {
    Contract::of_nothing("unmute", "End a mute").takes("by", text(), "Who ends it.").refuses(&[409, 422])
}

/// `GET /api/v1/mutes`, which is one page.
pub(super) fn list(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let mutes: Vec<Value> = mutes::list(&asked.app().services).iter().map(shown).collect();
    Ok(in_json(StatusCode::OK, &json!({"mutes": mutes, "next_cursor": null})))
}

/// `POST /api/v1/mutes`
pub(super) async fn mute(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let body: Body = read(body, r#"{"check": "backup", "for": "2h", "comment": "why"}"#)?;
    let unclear = |why: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let what = match (body.check, body.matchers) {
        (Some(Names::One(name)), None) => Muted::Checks(vec![name]),
        (Some(Names::Several(names)), None) => Muted::Checks(names),
        (None, Some(matchers)) => Muted::Matchers(matchers),
        _ => return Err(unclear("a mute has `check` or `matchers`, and not both")),
    };
    let lasts = EndSaid { lasts: body.lasts, until: body.until };
    let end = lasts.end("a mute", asked.app().services.clock.now())?;
    let until = end.ok_or_else(|| unclear("a mute has an end: say `for` or `until`"))?;
    let actor = asked.actor(body.by);
    let comment = body.comment.unwrap_or_default();
    let made = mutes::mute(&asked.app().services, &actor, what, until, &comment).await?;
    let mut answer = shown(&made.mute);
    answer["matching"] = made.matching.into();
    answer["done"] = made.text.into();
    Ok(in_json(StatusCode::CREATED, &answer))
}

/// `GET /api/v1/mutes/{id}`
pub(super) fn one(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    Ok(in_json(StatusCode::OK, &shown(&mutes::one(&asked.app().services, number(asked)?)?)))
}

/// `DELETE /api/v1/mutes/{id}`, which has no body: `by` says who ends it.
pub(super) async fn unmute(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["by"])?;
    let actor = asked.actor(query.one("by")?.map(str::to_owned));
    mutes::unmute(&asked.app().services, &actor, number(asked)?).await?;
    Ok(reply::text(StatusCode::NO_CONTENT, ""))
}

fn number(asked: &Asked<'_>) -> Result<u64, NotDone> {
    asked.number().ok_or_else(|| NotDone::NoSuchMute(asked.part("id").to_owned()))
}

fn shown(mute: &Mute) -> Value {
    json!({
        "id": mute.id,
        "matchers": mute.text,
        "since": mute.since.to_string(),
        "until": mute.until.to_string(),
        "comment": mute.comment,
        "by": mute.by,
    })
}
