//! `/metrics`: negotiates, and hands out what a scrape writes while it is written.

use hyper::StatusCode;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, VARY};
use hyper::http::request::Parts;

use super::decode;
use super::pieces::CutShort;
use super::reply::{self, Reply};
use super::scrape::{self, Scrape};
use super::visit::Visit;
use crate::app::health;
use crate::metrics::{Gone, Shard, negotiate};

/// Answers `/metrics`.
pub(super) fn answer(visit: Visit<'_>) -> Reply {
    let Visit { app, limits, source, parts, .. } = visit;
    let [shard] = decode::query_values(parts.uri.query(), ["shard"]);
    let shard = match shard.map_or(Ok(Shard::WHOLE), |text| Shard::parse(&text)) {
        Ok(shard) => shard,
        Err(error) => return reply::text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let Some(place) = visit.rooms().scrapes.try_take(source, 1) else {
        let reply = reply::text(StatusCode::SERVICE_UNAVAILABLE, "too many scrapes at a time\n");
        return reply::with_retry_after(reply, 1);
    };
    let negotiated = negotiate(header(parts, &ACCEPT).as_deref(), header(parts, &ACCEPT_ENCODING).as_deref());
    let app = app.clone();
    let mut reply = reply::in_pieces(place, limits.scrape_timeout, move |sender| {
        let is_healthy = health::fault(&app.services).is_none();
        let (now, external_url) = (app.services.clock.now(), &*app.external_url);
        let is_clock_doubted = !app.services.clock.is_trusted();
        let scrape = Scrape {
            now,
            applied_to: app.services.writer.applied_to(),
            shard,
            negotiated,
            external_url,
            is_healthy,
            is_clock_doubted,
            is_held: app.services.no_deliveries,
        };
        let mut send = |chunk| sender.send(chunk).map_err(|CutShort| Gone);
        scrape::answer(scrape, &app.services.live, &app.services.counters, &mut send)
    });
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(negotiated.format.content_type()));
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if negotiated.gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    reply
}

/// Whether the client of a request takes gzip.
pub(super) fn takes_gzip(parts: &Parts) -> bool {
    negotiate(None, header(parts, &ACCEPT_ENCODING).as_deref()).gzip
}

/// All values of a header, which may be on several lines; what is no text is not ours to understand.
fn header(parts: &Parts, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> =
        parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}
