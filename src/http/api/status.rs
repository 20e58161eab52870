//! `GET /api/v1/status`: how the server and its checks stand, in numbers.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use serde_json::json;

use super::check::Moment;
use super::{Asked, Outcome, make};
use crate::core::version;
use crate::http::operate;

/// Answers with what is wrong with the server, if anything is, and how many checks stand how.
pub(super) async fn answer(asked: &Asked<'_>) -> Outcome {
    asked.query(&[])?;
    make(asked, |app| {
        let look = Moment::new(app);
        let mut checks: BTreeMap<&str, usize> = BTreeMap::new();
        for check in &app.live.directory().checks {
            *checks.entry(look.view(check).status.as_str()).or_default() += 1;
        }
        let totals = &app.live.totals;
        let status = json!({
            "version": version::LINE,
            "fault": operate::fault(app),
            "reload_fault": app.notices().reload_fault,
            "held": operate::held(app),
            "refusing": operate::refusing(app),
            "checks": checks,
            "incidents_open": totals.incidents_open.load(Ordering::Relaxed),
            "deliveries_pending": totals.deliveries_pending.load(Ordering::Relaxed),
            "deliveries_parked": totals.deliveries_parked.load(Ordering::Relaxed),
        });
        Ok(super::json(StatusCode::OK, &status))
    })
    .await
}
