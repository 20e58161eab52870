//! `/api/v1/unknown-names`: what is pinged and no check has, and what declares it.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use super::shape::{self, object, or_null, text, time, whole, with};
use crate::app::unknown_names;
use crate::http::{decode, reply};
use crate::store::UnknownName;

pub(super) fn contract_of_list() -> Contract {
    let known = object(
        "UnknownName",
        [
            ("name", text()),
            ("first_at", time()),
            ("last_at", time()),
            ("count", whole()),
            ("source", shape::explained(text(), "The address that the last ping came from.")),
            (
                "yaml",
                shape::explained(
                    or_null(text()),
                    "The item of `checks:` that declares it; null: no check can be called so.",
                ),
            ),
            ("why_not", shape::explained(or_null(text()), "Why no check can be called so.")),
        ],
    );
    let file = shape::explained(or_null(text()), "A file that declares all that can be declared.");
    let page = with(shape::page("UnknownNames", "unknown_names", known), "UnknownNames", [("yaml", file)]);
    Contract::new(
        "listUnknownNames",
        "Names that were pinged and that no check has, the last one first",
        page,
    )
}

pub(super) fn contract_of_forget() -> Contract {
    let contract = Contract::of_nothing(
        "forgetUnknownName",
        "Forget a name that no check has, until it is pinged again",
    );
    contract.takes("by", text(), "Who says so.").refuses(&[422])
}

pub(super) fn contract_of_forget_all() -> Contract {
    let contract = Contract::of_nothing(
        "forgetUnknownNames",
        "Forget all names that no check has, until they are pinged again",
    );
    contract.takes("by", text(), "Who says so.").refuses(&[422])
}

/// `GET /api/v1/unknown-names`, which is one page.
pub(super) fn list(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let names = unknown_names::list(&asked.app().services.live);
    let shown: Vec<Value> = names.iter().map(shown).collect();
    let answer = json!({"unknown_names": shown, "next_cursor": null, "yaml": unknown_names::file_of(&names)});
    Ok(in_json(StatusCode::OK, &answer))
}

fn shown(known: &UnknownName) -> Value {
    let yaml = unknown_names::yaml(known);
    json!({
        "name": known.name,
        "first_at": known.first.to_string(),
        "last_at": known.last.to_string(),
        "count": known.count,
        "source": known.source.to_string(),
        "why_not": yaml.as_ref().err().map(ToString::to_string),
        "yaml": yaml.ok(),
    })
}

/// `DELETE /api/v1/unknown-names/{name}`
pub(super) async fn forget(asked: &Asked<'_>) -> ApiOutcome {
    let name = decode::path_part(asked.part("name")).unwrap_or_default();
    let name = String::from_utf8_lossy(&name).into_owned();
    forget_these(asked, Some(&name)).await
}

/// `DELETE /api/v1/unknown-names`
pub(super) async fn forget_all(asked: &Asked<'_>) -> ApiOutcome {
    forget_these(asked, None).await
}

async fn forget_these(asked: &Asked<'_>, name: Option<&str>) -> ApiOutcome {
    let query = asked.query(&["by"])?;
    let actor = asked.actor(query.one("by")?.map(str::to_owned));
    unknown_names::forget(&asked.app().services, &actor, name).await?;
    Ok(reply::text(StatusCode::NO_CONTENT, ""))
}
