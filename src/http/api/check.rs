//! A check as the API shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use super::shape::{self, Keyed, flag, list, number, object, one_of, or_null, time, whole};
use super::tag;
use crate::app::view::{CheckView, Moment};
use crate::config::{Words, words_of};
use crate::core::cause::{CauseKind, Status};
use crate::core::check::{Alias, PingKind, Source};
use crate::core::results::{LastResult, ResultKind};
use crate::core::schedule::Expect;
use crate::core::time::Time;
use crate::http::App;
use crate::http::etag;
use crate::http::problem::Problem;
use crate::store::history::PauseRecord;
use crate::store::live::Check;

/// A check: what is known of it now, and what was declared. Times are RFC 3339, in UTC.
#[derive(Debug, Serialize)]
pub(super) struct CheckJson {
    name: String,
    /// Six characters that stand for it in code; null where those that are made of its name are another's, too (24.1).
    r#ref: Option<String>,
    title: String,
    group: String,
    labels: BTreeMap<String, String>,
    source: &'static str,
    /// Where its file says so; null if it was made through the API.
    declared: Option<Declared>,
    /// When the status and what follows held: now, but while nothing can be stored (1.5).
    as_of: String,
    status: &'static str,
    late: bool,
    failing: bool,
    unknown: bool,
    paused: bool,
    /// Who paused it at run time, and why; null if nobody did, and in lists.
    pause: Option<PauseJson>,
    /// Its messages are held by a mute or a quiet time.
    muted: bool,
    running: bool,
    causes: Vec<CauseJson>,
    /// What is expected of it, in plain words.
    promise: String,
    due: Option<String>,
    deadline: Option<String>,
    last_seen: Option<String>,
    last_success: Option<String>,
    last_fail: Option<String>,
    last_start: Option<String>,
    last_duration_seconds: Option<f64>,
    last_exit_status: Option<u8>,
    /// At most ten, newest first (22.8).
    last_results: Vec<ResultJson>,
    records: Option<u32>,
    /// Null where it is reported, and not pinged.
    ping_url: Option<String>,
    /// How users of another system know it; null for most.
    canary: Option<CanaryJson>,
    /// In the words of the files; good for PUT.
    definition: Words,
}

/// Where a file declares a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Declared {
    pub(super) file: String,
    pub(super) line: u32,
}

#[derive(Debug, Serialize)]
struct CanaryJson {
    system: String,
    id: String,
    slug: String,
}

#[derive(Debug, Serialize)]
struct PauseJson {
    since: String,
    by: Option<String>,
    comment: Option<String>,
    /// When it ends by itself; null: not by itself.
    until: Option<String>,
}

#[derive(Debug, Serialize)]
struct ResultJson {
    /// To the second.
    at: String,
    result: &'static str,
    /// The successes that counted, and how many were wanted; null where they are not counted.
    count: Option<u32>,
    at_least: Option<u32>,
    at_most: Option<u32>,
}

impl ResultJson {
    fn of(result: LastResult, expect: Option<Expect>) -> ResultJson {
        let expect = expect.filter(|_| result.count.is_some());
        ResultJson {
            at: result.at.to_string(),
            result: result.kind.as_str(),
            count: result.count,
            at_least: expect.and_then(|expect| expect.at_least),
            at_most: expect.and_then(|expect| expect.at_most),
        }
    }
}

#[derive(Debug, Serialize)]
struct CauseJson {
    kind: &'static str,
    since: String,
}

impl Declared {
    /// Where the file declares it, if one does.
    pub(super) fn of(source: &Source) -> Option<Declared> {
        match source {
            Source::File { path, line } => Some(Declared { file: path.to_string(), line: line.get() }),
            Source::Api => None,
        }
    }
}

impl CanaryJson {
    fn of(canary: &Alias) -> CanaryJson {
        CanaryJson {
            system: canary.origin.as_str().to_owned(),
            id: canary.id.clone(),
            slug: canary.slug.clone(),
        }
    }
}

/// A check at this moment, all of it.
pub(super) fn at(app: &App, moment: &Moment<'_>, check: &Check) -> CheckJson {
    let CheckView { state, view, held } = moment.look(check);
    let definition = &*check.definition;
    let refs = app.services.live.directory().refs();
    let declared = Declared::of(&definition.source);
    let cause = |cause: &crate::core::cause::Cause| CauseJson {
        kind: cause.kind.as_str(),
        since: cause.since.to_string(),
    };
    CheckJson {
        name: definition.name.to_string(),
        r#ref: refs.get(definition).map(|reference| reference.to_string()),
        title: definition.title.to_string(),
        group: definition.group.to_string(),
        labels: definition.labels.iter().cloned().collect(),
        source: if declared.is_some() { "file" } else { "api" },
        declared,
        as_of: moment.as_of.at.to_string(),
        status: view.status.as_str(),
        late: view.late,
        failing: view.failing,
        unknown: view.unknown,
        paused: view.paused,
        pause: None,
        muted: held.is_some(),
        running: view.running,
        causes: view.causes.iter().map(cause).collect(),
        promise: definition.spec.schedule.promise(),
        due: text(view.due),
        deadline: text(view.deadline),
        last_seen: text(state.last_seen),
        last_success: text(state.last(PingKind::Success)),
        last_fail: text(state.last(PingKind::Fail)),
        last_start: text(state.last(PingKind::Start)),
        last_duration_seconds: state.last_duration.map(|span| seconds(span.as_ms())),
        last_exit_status: state.last_exit_status,
        records: definition.spec.max_records().map(|_| state.records().all_open()),
        last_results: state
            .results
            .newest_first()
            .map(|result| ResultJson::of(result, definition.spec.schedule.expect()))
            .collect(),
        canary: definition.alias.as_deref().map(CanaryJson::of),
        ping_url: definition.spec.assert.is_none().then(|| app.ping_url(definition.name.as_str())),
        definition: words_of(definition),
    }
}

/// A time as the API writes it.
pub(super) fn text(time: Option<Time>) -> Option<String> {
    time.map(|time| time.to_string())
}

/// Seconds with their thousandths.
#[expect(clippy::cast_precision_loss, reason = "a span of ten thousand years has 49 bits")]
pub(super) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// The shape of [`CheckJson`].
pub(super) fn check_shape() -> Value {
    let known: [Keyed; 11] = [
        ("name", shape::text()),
        (
            "ref",
            shape::explained(
                or_null(shape::text()),
                "Stands for it in code; null where another check has the same.",
            ),
        ),
        ("title", shape::text()),
        ("group", shape::text()),
        ("labels", shape::labels()),
        ("source", one_of(["file", "api"])),
        ("declared", or_null(declared_shape())),
        ("ping_url", shape::explained(or_null(shape::text()), "Null where it is reported, and not pinged.")),
        (
            "canary",
            or_null(object(
                "Canary",
                [("system", shape::text()), ("id", shape::text()), ("slug", shape::text())],
            )),
        ),
        ("definition", shape::definition()),
        ("as_of", shape::explained(time(), "By when it is judged: now, but while nothing can be stored.")),
    ];
    let cause = object(
        "Cause",
        [("kind", one_of(CauseKind::shown_of_checks().map(CauseKind::as_str))), ("since", time())],
    );
    let pause = object(
        "Pause",
        [
            ("since", time()),
            ("by", or_null(shape::text())),
            ("comment", or_null(shape::text())),
            ("until", or_null(time())),
        ],
    );
    let judged: [Keyed; 20] = [
        ("status", status_shape()),
        ("late", flag()),
        ("failing", flag()),
        ("unknown", flag()),
        ("paused", flag()),
        ("pause", shape::explained(or_null(pause), "Of a pause at run time; null in lists.")),
        ("muted", flag()),
        ("running", flag()),
        ("causes", list(cause)),
        ("promise", shape::explained(shape::text(), "What is expected of it, in plain words.")),
        ("due", or_null(time())),
        ("deadline", or_null(time())),
        ("last_seen", or_null(time())),
        ("last_success", or_null(time())),
        ("last_fail", or_null(time())),
        ("last_start", or_null(time())),
        ("last_duration_seconds", or_null(number())),
        ("last_exit_status", or_null(whole())),
        (
            "records",
            shape::explained(
                or_null(whole()),
                "How many records of it are open; null where results name none.",
            ),
        ),
        ("last_results", shape::explained(list(result_shape()), "At most ten, newest first.")),
    ];
    object("Check", known.into_iter().chain(judged))
}

fn result_shape() -> Value {
    let keys = [
        ("at", time()),
        ("result", one_of(ResultKind::ALL.map(ResultKind::as_str))),
        ("count", or_null(whole())),
        ("at_least", or_null(whole())),
        ("at_most", or_null(whole())),
    ];
    object("Result", keys)
}

/// How a check is.
pub(super) fn status_shape() -> Value {
    one_of(Status::DECLARED.map(Status::as_str))
}

/// The shape of [`Declared`].
pub(super) fn declared_shape() -> Value {
    object("Declared", [("file", shape::text()), ("line", whole())])
}

pub(super) fn contract() -> Contract {
    Contract::new("showCheck", "A check, as it is now and as it was declared", check_shape()).has_versions()
}

/// Answers `GET /api/v1/checks/{name}`.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let check = asked.check()?;
    let shown = shown(asked, check.clone()).await?;
    let reply = tag::tagged(in_json(StatusCode::OK, &shown), &tag::of(&check, &shown));
    Ok(etag::unless_held(reply, &etag::held(&asked.visit.parts.headers)))
}

/// The answer that shows a check as it was made or changed: a schedule may take a while to look at.
pub(super) async fn show(asked: &Asked<'_>, check: Arc<Check>, status: StatusCode) -> ApiOutcome {
    let shown = shown(asked, check.clone()).await?;
    Ok(tag::tagged(in_json(status, &shown), &tag::of(&check, &shown)))
}

/// A check, as it is shown.
pub(super) async fn shown(asked: &Asked<'_>, check: Arc<Check>) -> Result<CheckJson, Problem> {
    asked
        .aside(move |app| {
            let mut shown = at(app, &Moment::of(&app.services), &check);
            let state = check.state();
            // Where it cannot be read the check is shown all the same.
            let read = |_| app.services.history.pause(check.id).ok().flatten();
            let pause = state.pause.at_run_time.and_then(read);
            let said = |pause: PauseRecord| PauseJson {
                since: pause.at.to_string(),
                by: pause.by,
                comment: pause.comment,
                until: text(state.pause.until),
            };
            shown.pause = pause.map(said);
            shown
        })
        .await
}
