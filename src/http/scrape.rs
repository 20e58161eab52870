//! `/metrics`: takes a snapshot of all checks, and hands it out as it is written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, VARY};
use hyper::http::request::Parts;
use tokio::sync::{Semaphore, mpsc};

use super::reply::{self, Reply};
use super::{App, decode};
use crate::core::route::{Facts, muted};
use crate::core::step::view;
use crate::core::time::{Span, Time};
use crate::metrics::{
    self, Catalog, Gone, Negotiated, PingRequests, Row, Seen, Shard, Snapshot, Totals, negotiate,
};
use crate::store::live::Directory;

/// Scrapes answered at a time: each holds a thread, and a slow reader holds it long.
const MAX_AT_A_TIME: usize = 8;
/// Chunks that wait for a slow reader.
const CHUNKS_AHEAD: usize = 2;

/// What scrapes share: places for them, and the catalog of the checks that were declared at the last one.
#[derive(Debug)]
pub(super) struct Scrapes {
    places: Arc<Semaphore>,
    catalog: Mutex<(Arc<Directory>, Arc<Catalog>)>,
}

impl Scrapes {
    pub(super) fn new() -> Scrapes {
        Scrapes { places: Arc::new(Semaphore::new(MAX_AT_A_TIME)), catalog: Mutex::default() }
    }

    /// Made anew when the directory is another one.
    fn catalog(&self, directory: &Arc<Directory>) -> Arc<Catalog> {
        let mut last = self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&last.0, directory) {
            let definitions = directory.checks.iter().map(|check| &*check.definition);
            *last = (directory.clone(), Arc::new(Catalog::new(definitions)));
        }
        last.1.clone()
    }
}

/// Answers `/metrics`.
pub(super) fn answer(app: &Arc<App>, parts: &Parts) -> Reply {
    let [shard] = decode::query_values(parts.uri.query(), ["shard"]);
    let shard = match shard.map_or(Ok(Shard::WHOLE), |text| Shard::parse(&text)) {
        Ok(shard) => shard,
        Err(error) => return reply::text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let Ok(place) = app.scrapes.places.clone().try_acquire_owned() else {
        let reply = reply::text(StatusCode::SERVICE_UNAVAILABLE, "too many scrapes at a time\n");
        return reply::with_retry_after(reply, 1);
    };
    let negotiated = negotiate(header(parts, &ACCEPT).as_deref(), header(parts, &ACCEPT_ENCODING).as_deref());
    let (sender, pieces) = mpsc::channel(CHUNKS_AHEAD);
    let app = app.clone();
    tokio::task::spawn_blocking(move || {
        // Gone: nobody listens any more, and that is all right.
        let _ = write(&app, shard, negotiated, &sender);
        drop(place);
    });
    let mut reply = reply::pieces(pieces);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(negotiated.format.content_type()));
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if negotiated.gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    reply
}

/// All values of a header, which may be on several lines; what is no text is not ours to understand.
fn header(parts: &Parts, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> =
        parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn write(app: &App, shard: Shard, negotiated: Negotiated, to: &mpsc::Sender<Bytes>) -> Result<(), Gone> {
    let directory = app.live.directory();
    let catalog = app.scrapes.catalog(&directory);
    let snapshot = Snapshot {
        catalog: &catalog,
        rows: rows(app, &directory, shard, app.clock.now()),
        shard,
        totals: totals(app),
        pings: pings(app),
        own: &app.own,
    };
    metrics::render(&snapshot, negotiated, &mut |chunk| to.blocking_send(chunk).map_err(|_| Gone))
}

fn rows(app: &App, directory: &Directory, shard: Shard, now: Time) -> Vec<Row> {
    let (blind, mutes) = (app.live.blind(), app.live.mutes());
    let numbered = (0_u32..).zip(&directory.checks);
    let of_shard = numbered.filter(|(_, check)| shard.holds(check.definition.name.as_str()));
    of_shard
        .map(|(number, check)| {
            let definition = &*check.definition;
            let known = check.known();
            let view = view(&definition.spec, &known.state, now, &blind);
            let nobody_asked = mutes.is_empty() && definition.quiet.is_empty();
            let facts = Facts { definition, causes: view.causes.as_slice() };
            let seen = Seen {
                definition,
                state: &known.state,
                view: &view,
                count_in_window: known.window.count(now),
                window: known.window.within(),
                muted: !nobody_asked && muted(now, &facts, &mutes, &definition.quiet).is_some(),
            };
            Row::new(number, &seen)
        })
        .collect()
}

fn totals(app: &App) -> Totals {
    let totals = &app.live.totals;
    Totals {
        incidents_open: read(&totals.incidents_open),
        deliveries_pending: read(&totals.deliveries_pending),
        deliveries_parked: read(&totals.deliveries_parked),
        blind: Span::ms(i64::try_from(read(&totals.blind_ms)).unwrap_or(i64::MAX)),
        database_created: totals.database_created(),
    }
}

fn pings(app: &App) -> PingRequests {
    let outcomes = &app.outcomes;
    PingRequests {
        accepted: read(&outcomes.accepted),
        unknown_check: read(&outcomes.unknown_check),
        bad_key: read(&outcomes.bad_key),
        bad_request: read(&outcomes.bad_request),
        overloaded: read(&outcomes.overloaded),
        unkeyed: read(&outcomes.unkeyed),
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
