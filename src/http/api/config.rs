//! `GET /api/v1/config-schema.json`

use hyper::StatusCode;
use serde_json::json;

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use crate::compat::DOOR_KEYS;
use crate::config::schema;

pub(super) fn contract_of_schema() -> Contract {
    let summary = "The JSON Schema of the configuration, for editors";
    Contract::new("configSchema", summary, json!({"type": "object"}))
}

/// Answers `GET /api/v1/config-schema.json`.
pub(super) fn schema_of_files(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    Ok(in_json(StatusCode::OK, &schema(&DOOR_KEYS)))
}
