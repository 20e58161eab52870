//! `GET /api/v1/due`: what a reporter should look at now (17.9).

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::contract::Contract;
use super::query::bad;
use super::shape::{self, explained, object, or_null, text, time};
use crate::app::report::{AskedFor, asked_of};
use crate::app::view::Moment;
use crate::core::assertion::Reported;

pub(super) fn contract() -> Contract {
    let item = object(
        "Due",
        [
            ("name", text()),
            ("by", explained(text(), "As the configuration says it to the reporter; \"\": nothing.")),
            ("args", explained(json!({}), "Likewise; null: nothing.")),
            ("due", explained(or_null(time()), "By when; null: whenever it looks.")),
        ],
    );
    Contract::new("listDue", "What a reporter should look at now", shape::page("DueNow", "due", item))
        .paged()
        .takes("reporter", text(), "Whose; checks that name no reporter are those of \"\".")
        .refuses(&[403])
}

/// Answers a page of them, in the order of their names.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["reporter", "limit", "cursor"])?;
    let reporter = query.one("reporter")?.unwrap_or_default().to_owned();
    if reporter.len() > Reported::MAX_NAME_BYTES {
        return Err(bad(format!("`reporter` has at most {} bytes", Reported::MAX_NAME_BYTES)));
    }
    let (limit, cursor) = (query.limit()?, query.one("cursor")?.unwrap_or_default().to_owned());
    let may_ping = asked.pingable();
    make(asked, move |app| {
        let (moment, directory) = (Moment::of(&app.services), app.services.live.directory());
        let due = directory.checks.after(&cursor).filter_map(|check| {
            let asked = asked_of(&moment, check, &reporter)?;
            may_ping(&check.definition).then(|| (check.definition.name.to_string(), shown(check, &asked)))
        });
        let mut due: Vec<(String, Value)> = due.take(limit + 1).collect();
        let is_more = due.len() > limit;
        due.truncate(limit);
        let next = due.last().map(|(name, _)| name.clone()).filter(|_| is_more);
        let due: Vec<Value> = due.into_iter().map(|(_, shown)| shown).collect();
        Ok(in_json(StatusCode::OK, &json!({"due": due, "next_cursor": next})))
    })
    .await
}

fn shown(check: &crate::store::live::Check, asked: &AskedFor) -> Value {
    let definition = &check.definition;
    let (by, args) = definition.spec.reported().map_or(("", ""), |reported| (&*reported.by, &*reported.args));
    let due = match asked {
        AskedFor::Always => None,
        AskedFor::By(due) => Some(due.to_string()),
    };
    let args: Value = serde_json::from_str(args).unwrap_or_default();
    json!({"name": definition.name.as_str(), "by": by, "args": args, "due": due})
}
