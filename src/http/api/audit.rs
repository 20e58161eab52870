//! What people and the server did (22.10).

use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, make, page_of};
use super::contract::Contract;
use super::problems::of_history;
use super::shape::{self, object, one_of, or_null, time, whole};
use crate::app::audit;
use crate::core::audit::AuditKind;
use crate::http::problem::Problem;
use crate::store::history::{AuditRecord, AuditsWanted};

pub(super) fn contract() -> Contract {
    let kinds = AuditKind::ALL.map(AuditKind::as_str);
    let keys = [
        ("id", whole()),
        ("at", time()),
        ("actor", shape::text()),
        ("what", one_of(kinds)),
        ("check", or_null(shape::text())),
        ("details", shape::text()),
        ("comment", shape::text()),
    ];
    let page = shape::page("AuditPage", "audit", object("Audit", keys));
    Contract::new("listAudit", "What people and the server did, newest first", page)
        .paged()
        .takes("actor", shape::text(), "What they did whose name contains this.")
        .takes("what", one_of(kinds), "What was done.")
        .takes("check", shape::text(), "What is about the check of this name.")
        .takes("since", time(), "Done then or later.")
}

/// Answers `GET /api/v1/audit`.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["limit", "cursor", "actor", "what", "check", "since"])?;
    let page = query.page()?;
    let text = |name: &str| Ok::<_, Problem>(query.one(name)?.map(str::to_owned));
    let wanted = AuditsWanted {
        actor: text("actor")?,
        what: query.word("what", &AuditKind::ALL, AuditKind::as_str)?,
        check: text("check")?,
        since: query.time("since")?,
    };
    make(asked, move |app| {
        let page = of_history(audit::list(&app.services, &wanted, page))?;
        Ok(page_of("audit", &page, shown))
    })
    .await
}

fn shown(record: &AuditRecord) -> Value {
    let done = &record.done;
    json!({
        "id": record.id,
        "at": done.at.to_string(),
        "actor": done.actor,
        "what": done.what.as_str(),
        "check": done.check,
        "details": done.details,
        "comment": done.comment,
    })
}
