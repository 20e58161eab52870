//! `POST /api/v1/reload`: has the configuration read again, and waits.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::asked::{ApiOutcome, Asked, in_json};
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

/// Answers what changed, or every fault.
pub(super) async fn answer(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let Body { allow_mass_removal } = read(body, r#"{"allow_mass_removal": true}"#)?;
    let services = &asked.app().services;
    let done = reload::reload(services, &asked.actor(None), allow_mass_removal).await?;
    Ok(in_json(StatusCode::OK, &json!({"done": done})))
}
