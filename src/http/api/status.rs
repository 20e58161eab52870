//! `GET /api/v1/status`: how the server and its checks stand, in numbers.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use serde_json::json;

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::contract::Contract;
use super::shape::{object, or_null, text, whole};
use crate::app::health;
use crate::app::view::Moment;
use crate::core::version;

pub(super) fn contract() -> Contract {
    let keys = [
        ("version", text()),
        ("fault", or_null(text())),
        ("reload_fault", or_null(text())),
        ("held", or_null(text())),
        ("refusing", or_null(text())),
        ("checks", json!({"type": "object", "additionalProperties": whole()})),
        ("incidents_open", whole()),
        ("deliveries_pending", whole()),
        ("deliveries_parked", whole()),
    ];
    Contract::new("status", "How the server and its checks stand, in numbers", object("ServerStatus", keys))
}

/// Answers with what is wrong with the server, if anything is, and how many checks stand how.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    make(asked, |app| {
        let look = Moment::of(&app.services);
        let mut checks: BTreeMap<&str, usize> = BTreeMap::new();
        for check in app.services.live.directory().checks.iter() {
            *checks.entry(look.look(check).view.status.as_str()).or_default() += 1;
        }
        let totals = &app.services.live.totals;
        let status = json!({
            "version": version::LINE,
            "fault": health::fault(&app.services),
            "reload_fault": app.services.in_force.notices().faults(),
            "held": health::held(&app.services),
            "refusing": health::refusing(&app.services),
            "checks": checks,
            "incidents_open": totals.incidents_open.load(Ordering::Relaxed),
            "deliveries_pending": totals.deliveries_pending.load(Ordering::Relaxed),
            "deliveries_parked": totals.deliveries_parked.load(Ordering::Relaxed),
        });
        Ok(in_json(StatusCode::OK, &status))
    })
    .await
}
