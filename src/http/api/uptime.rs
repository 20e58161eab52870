//! `GET /api/v1/checks/{name}/uptime` and `GET /api/v1/uptime`: how checks have been, by day, week or month (§25).

use chrono::NaiveDate;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::check::seconds;
use super::contract::Contract;
use super::problems::of_history;
use super::query::{Query, bad};
use super::shape::{self, list as list_of, number, object, one_of, or_null, text, time, whole, with};
use crate::app::Services;
use crate::app::uptime::{UptimeAsked, UptimeChecks, UptimeReport, of_check, of_checks, usual_begin};
use crate::core::route::Matcher;
use crate::core::time::{Span, Time};
use crate::core::uptime::{
    IncidentNumbers, Lengths, MAX_PARTS, PartLength, TimePart, UptimeInterval, UptimeKind, UptimePart, parts,
};
use crate::core::zone::Zone;
use crate::http::problem::Problem;
use crate::zones::parse_timezone;

const OVER: [&str; 4] = ["from", "to", "by", "timezone"];

/// Over which time, and how an answer says so.
struct Over {
    asked: UptimeAsked,
    by: Option<PartLength>,
    zone: Zone,
    as_of: Time,
}

impl Over {
    fn read(query: &Query<'_>, services: &Services) -> Result<Over, Problem> {
        let as_of = services.as_of().at;
        let zone = match query.one("timezone")? {
            Some(name) => parse_timezone(name).map_err(|error| bad(format!("`timezone`: {error}")))?,
            None => services.in_force.zone(),
        };
        let by = query.word("by", &PartLength::ALL, PartLength::as_str)?;
        let to = moment(query, "to", zone)?.map_or(as_of, |to| to.min(as_of));
        let from = moment(query, "from", zone)?.unwrap_or_else(|| usual_begin(to, by, zone));
        if from >= to {
            return Err(bad(format!(
                "`from` is before `to` and before now: here the time would be from {from} to {to}"
            )));
        }
        let whole = TimePart { from, to };
        let parts = by.map_or(Some(Vec::new()), |by| parts(whole, by, zone)).ok_or_else(|| {
            bad(format!(
                "this would be more than {MAX_PARTS} parts: ask for a shorter time, or by week or month"
            ))
        })?;
        Ok(Over { asked: UptimeAsked { whole, parts }, by, zone, as_of })
    }

    fn shown(&self, report: &UptimeReport) -> Value {
        let definition = &report.check.definition;
        json!({
            "name": definition.name.as_str(),
            "title": &*definition.title,
            "group": &*definition.group,
            "as_of": self.as_of.to_string(),
            "by": self.by.map(PartLength::as_str),
            "timezone": self.zone.name(),
            "total": shown_part(&report.total),
            "parts": report.parts.iter().map(shown_part).collect::<Vec<_>>(),
        })
    }
}

/// A time, or the beginning of a day in the zone.
fn moment(query: &Query<'_>, name: &str, zone: Zone) -> Result<Option<Time>, Problem> {
    match query.one(name)?.map(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d")) {
        Some(Ok(day)) => Ok(Some(zone.start_of_day(day))),
        _ => query.time(name).map_err(|_| {
            bad(format!("`{name}` is a day or a time, as in 2026-03-28 or 2026-03-28T06:00:00Z"))
        }),
    }
}

fn part_shape() -> Value {
    let lengths = || {
        let keys = [
            ("count", whole()),
            ("median_seconds", or_null(number())),
            ("longest_seconds", or_null(number())),
        ];
        object("Lengths", keys)
    };
    let incidents = object(
        "UptimeIncidents",
        [("opened", whole()), ("ended", whole()), ("to_acknowledge", lengths()), ("to_resolve", lengths())],
    );
    let keys =
        [("from", time()), ("to", time()), ("up", or_null(number())), ("incidents", or_null(incidents))];
    let mut part = object("UptimePart", keys);
    for kind in UptimeKind::ALL {
        let key = format!("{}_seconds", kind.as_str());
        part["properties"][&key] = number();
        part["required"].as_array_mut().expect("an object lists its keys").push(key.into());
    }
    part
}

fn report_shape() -> Value {
    let by = or_null(one_of(PartLength::ALL.map(PartLength::as_str)));
    let keys = [
        ("name", text()),
        ("title", text()),
        ("group", text()),
        ("as_of", time()),
        ("by", by),
        ("timezone", text()),
        ("total", part_shape()),
        ("parts", list_of(part_shape())),
    ];
    object("UptimeReport", keys)
}

fn over(contract: Contract) -> Contract {
    contract
        .takes("from", text(), "A day or a time; left out: 30 days, 12 weeks or 12 months before `to`.")
        .takes("to", text(), "A day or a time; left out: now.")
        .takes("by", one_of(PartLength::ALL.map(PartLength::as_str)), "How long each part is.")
        .takes("timezone", text(), "By whose clocks; left out: `defaults.timezone`.")
}

pub(super) fn contract_of_one() -> Contract {
    let keys = [
        ("status", one_of(UptimeKind::ALL.map(UptimeKind::as_str))),
        ("from", time()),
        ("to", time()),
        ("reason", or_null(text())),
    ];
    let intervals = list_of(object("UptimeInterval", keys));
    let answer = with(report_shape(), "UptimeOfCheck", [("intervals", intervals)]);
    over(Contract::new("showUptime", "How a check has been", answer))
}

pub(super) fn contract_of_list() -> Contract {
    let page = shape::page("Uptime", "uptime", report_shape());
    let contract = Contract::new("listUptime", "How checks have been, in the order of their names", page);
    over(contract).paged().takes("matchers", text(), "Checks that match, as in a mute.")
}

/// Answers about one check.
pub(super) async fn one(asked: &Asked<'_>) -> ApiOutcome {
    let over = Over::read(&asked.query(&OVER)?, &asked.app().services)?;
    let check = asked.check()?;
    make(asked, move |app| {
        let report = of_history(of_check(&app.services, &check, &over.asked))?;
        let mut shown = over.shown(&report);
        shown["intervals"] = report.intervals.iter().map(shown_interval).collect();
        Ok(in_json(StatusCode::OK, &shown))
    })
    .await
}

/// Answers about all checks that match, in the order of their names.
pub(super) async fn list(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&[&OVER[..], &["limit", "cursor", "matchers"]].concat())?;
    let over = Over::read(&query, &asked.app().services)?;
    let which = UptimeChecks {
        matchers: Matcher::parse_list(query.one("matchers")?.unwrap_or_default())
            .map_err(|error| bad(format!("`matchers`: {error}")))?,
        after: query.one("cursor")?.unwrap_or_default().to_owned(),
        limit: query.limit()?,
    };
    make(asked, move |app| {
        let page = of_history(of_checks(&app.services, &which, &over.asked))?;
        let reports: Vec<Value> = page.reports.iter().map(|report| over.shown(report)).collect();
        Ok(in_json(StatusCode::OK, &json!({"uptime": reports, "next_cursor": page.next})))
    })
    .await
}

fn shown_part(part: &UptimePart) -> Value {
    let mut shown = json!({
        "from": part.part.from.to_string(),
        "to": part.part.to.to_string(),
        "up": part.tally.up(),
        "incidents": part.incidents.as_ref().map(shown_incidents),
    });
    for kind in UptimeKind::ALL {
        shown[format!("{}_seconds", kind.as_str())] = json!(seconds(part.tally.span(kind).as_ms()));
    }
    shown
}

fn shown_incidents(numbers: &IncidentNumbers) -> Value {
    json!({
        "opened": numbers.opened,
        "ended": numbers.ended,
        "to_acknowledge": shown_lengths(&numbers.to_acknowledge),
        "to_resolve": shown_lengths(&numbers.to_resolve),
    })
}

fn shown_lengths(lengths: &Lengths) -> Value {
    let in_seconds = |span: Option<Span>| span.map(|span| seconds(span.as_ms()));
    json!({
        "count": lengths.count,
        "median_seconds": in_seconds(lengths.median),
        "longest_seconds": in_seconds(lengths.longest),
    })
}

fn shown_interval(interval: &UptimeInterval) -> Value {
    json!({
        "status": interval.kind.as_str(),
        "from": interval.part.from.to_string(),
        "to": interval.part.to.to_string(),
        "reason": interval.reason.map(|reason| reason.as_str()),
    })
}
