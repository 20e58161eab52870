//! `GET /api/v1/flips`: what became of all checks, oldest first, as it happens: who asks may wait for the next.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use super::history::{flip, flip_shape};
use super::problems::of_history;
use super::query::{Query, bad};
use super::shape::{self, list, object, text, whole, with};
use crate::config::parse_duration;
use crate::core::time::Span;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::store::history::FlipRecord;

/// Who waits, waits so long at most.
const MAX_WAIT: Span = Span::secs(60);
/// How often it is looked whether something has flipped meanwhile.
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn contract() -> Contract {
    let flip = with(flip_shape(), "FlipOfCheck", [("check", text())]);
    let keys = [
        ("flips", list(flip)),
        ("next_after", shape::explained(whole(), "The `after` of the next request.")),
    ];
    Contract::new("flips", "What became of all checks, oldest first", object("Flipped", keys))
        .takes("after", whole(), "Those after this one; left out: those from now on.")
        .takes("wait", text(), "How long to wait if there are none yet, as in `30s`; at most a minute.")
        .takes("limit", super::contract::limit(), "The most flips of the answer.")
}

/// What is asked for.
struct FlipsAsked {
    after: Option<u64>,
    wait: Duration,
    limit: usize,
}

impl FlipsAsked {
    fn read(query: &Query<'_>) -> Result<FlipsAsked, Problem> {
        let after = query.one("after")?.map(str::parse).transpose();
        let wait = query.one("wait")?.map(parse_duration).transpose();
        let wait = wait.map_err(|error| bad(format!("`wait`: {error}")))?.unwrap_or(Span::ZERO);
        if wait > MAX_WAIT {
            return Err(bad(format!("`wait` is at most {MAX_WAIT}")));
        }
        Ok(FlipsAsked {
            after: after.map_err(|_| bad("`after` is the `next_after` of the answer before"))?,
            wait: Duration::from_millis(wait.as_ms().unsigned_abs()),
            limit: query.limit()?,
        })
    }
}

/// Answers at once if there is something to say, else after a while.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    let wanted = FlipsAsked::read(&asked.query(&["after", "wait", "limit"])?)?;
    let flipped = || asked.app().services.live.totals.flips.load(Ordering::Acquire);
    // Before it is read: what flips in between is not waited past.
    let before = flipped();
    let (after, flips) = read(asked, wanted.after, wanted.limit).await?;
    if !flips.is_empty() || wanted.wait.is_zero() {
        return Ok(shown(after, &flips));
    }
    let Ok(_seat) = asked.app().waiting_for_flips.try_acquire() else {
        let problem = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many wait for flips already: ask without `wait`",
        );
        return Err(problem.with_retry_after(5));
    };
    let mut closing = asked.app().services.closing.subscribe();
    let flips_again = async {
        while flipped() == before {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = flips_again => {}
        () = tokio::time::sleep(wanted.wait) => {}
        // Nobody waits for a server that stops.
        () = async { drop(closing.wait_for(|closing| *closing).await) } => {}
    }
    let (after, flips) = read(asked, Some(after), wanted.limit).await?;
    Ok(shown(after, &flips))
}

type Flips = Vec<(String, FlipRecord)>;

/// Those after this one, each with the name of its check; and the number up to which all were read.
async fn read(asked: &Asked<'_>, after: Option<u64>, limit: usize) -> Result<(u64, Flips), Problem> {
    asked
        .aside(move |app| {
            let history = &app.services.history;
            let newest = of_history(history.last_flip())?;
            let Some(after) = after else { return Ok((newest, Vec::new())) };
            // A number that no flip has yet is of another database: what comes next is not waited past.
            let after = after.min(newest);
            let read = of_history(history.flips_after(after, limit))?;
            let last = read.last().map_or(after, |(id, _)| *id);
            Ok((last, read.into_iter().filter_map(|(_, flip)| flip).collect()))
        })
        .await?
}

fn shown(after: u64, flips: &[(String, FlipRecord)]) -> Reply {
    let shown = |(check, record): &(String, FlipRecord)| {
        let mut shown = flip(record);
        shown["check"] = check.as_str().into();
        shown
    };
    let flips: Vec<Value> = flips.iter().map(shown).collect();
    in_json(StatusCode::OK, &json!({"flips": flips, "next_after": after}))
}
