//! `GET /api/v1/mutes`: those that last, oldest first.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json};
use crate::core::route::Mute;

/// Answers the list, which is one page.
pub(super) fn answer(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let now = asked.app().services.clock.now();
    let shown = |mute: &Mute| {
        json!({
            "id": mute.id,
            "matchers": mute.text,
            "since": mute.since.to_string(),
            "until": mute.until.to_string(),
            "comment": mute.comment,
            "by": mute.by,
        })
    };
    let mutes = asked.app().services.live.mutes();
    let lasting: Vec<Value> = mutes.iter().filter(|mute| now < mute.until).map(shown).collect();
    Ok(in_json(StatusCode::OK, &json!({"mutes": lasting, "next_cursor": null})))
}
