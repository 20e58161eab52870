//! `POST /api/v1/reload`: has the configuration read again, and waits.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use super::messages::done_shape;
use super::shape;
use super::words::read;
use crate::app::reload;

/// How.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// Take a configuration that removes most checks, this time (10.4).
    #[serde(default)]
    allow_mass_removal: bool,
}

pub(super) fn contract() -> Contract {
    let body = shape::asked([("allow_mass_removal", shape::flag())]);
    let summary = "Have the configuration read again, and wait";
    Contract::new("reload", summary, done_shape()).may_say(body).refuses(&[409, 422])
}

/// Answers what changed, or every fault.
pub(super) async fn answer(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let Body { allow_mass_removal } = read(body, r#"{"allow_mass_removal": true}"#)?;
    let services = &asked.app().services;
    let done = reload::reload(services, &asked.actor(None), allow_mass_removal).await?;
    Ok(in_json(StatusCode::OK, &json!({"done": done})))
}
