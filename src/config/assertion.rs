//! What a check asserts, and what goes with that.

use std::sync::Arc;

use super::exec_probe::exec_probe;
use super::http_probe::http_probe;
use super::query_probes::{promql_probe, sql_probe};
use crate::core::assertion::{Assertion, Finds, FoundBy, Remember, Reported};
use crate::core::record::NamedRecords;
use crate::yaml::fault::{Log, quote};
use crate::yaml::fields::Fields;
use crate::yaml::json::json_of;
use crate::yaml::tree::{Node, Value};
use crate::yaml::units::parse_duration;

/// Keys of runs: what is asserted has none.
const OF_RUNS: [&str; 4] = ["max_runtime", "min_runtime", "start_within", "overlap"];
/// Keys of pings (17.2, 17.7).
const OF_PINGS: [&str; 2] = ["manual_resume", "ping_methods"];
/// Keys of a deadline: without a schedule there is none (17.8), nor where we look ourselves (17.10).
const OF_DEADLINES: [&str; 2] = ["grace", "early"];
/// How it may be found out.
pub(super) const WAYS: [&str; 5] = ["reported", "http", "promql", "sql", "exec"];

/// How a record may be found: a request finds none.
const WAYS_OF_RECORDS: [&str; 4] = ["reported", "promql", "sql", "exec"];
/// Keys of what lasts: what has occurred was found once (19.2).
const OF_ROWS: [&str; 2] = ["failures_before_alert", "successes_to_recover"];

/// By which key a check says that something is found out about it, if it does: what lasts, or what occurs (§19).
pub(super) fn asserting(fields: &Fields<'_>) -> Option<&'static str> {
    ["assert", "detect"].into_iter().find(|key| fields.has(key))
}

/// Reads `assert` or `detect`, and `unknowns_before_alert`.
pub(super) fn assertion(fields: &Fields<'_>, log: &mut Log) -> Option<Assertion> {
    let unknowns = fields.whole(log, "unknowns_before_alert").and_then(|number| u32::try_from(number).ok());
    let Some(key) = asserting(fields) else {
        if fields.has("unknowns_before_alert") && !fields.has_refused_keys() {
            let message = "`unknowns_before_alert` goes with `assert`: a job's ping is never unknown";
            log.fault(fields.at_key("unknowns_before_alert"), message);
        }
        return None;
    };
    if key == "assert" && fields.has("detect") {
        log.fault(fields.at_key("detect"), "a check has `assert` or `detect`, not both");
    }
    let asserts = fields.map(log, key)?;
    let way = way(fields, (key, &asserts), log);
    refuse_what_does_not_go(fields, key, log);
    let finds = if key == "detect" {
        Finds::Occurring(remember(&asserts, log).unwrap_or(Remember::Forever))
    } else {
        Finds::Lasting
    };
    let found_by = found_by(fields, &asserts, way?, log)?;
    let max_records = max_records(&asserts, (key, &found_by), log);
    if key == "detect" && max_records.is_none() {
        let message = match found_by {
            FoundBy::Exec(_) => "`detect` needs what it finds by name: `records: jsonl` beside `command`",
            _ => "`detect` finds rows, and with `want: some` no row is found",
        };
        log.fault(fields.at_value(key), message);
    }
    refuse_resolve_after(&asserts, (key, max_records), log);
    let unknowns_before_alert = unknowns.unwrap_or(Assertion::DEFAULT_UNKNOWNS);
    Some(Assertion { found_by, unknowns_before_alert, max_records, finds })
}

/// How it is found out.
fn way(fields: &Fields<'_>, (key, asserts): (&str, &Fields<'_>), log: &mut Log) -> Option<&'static str> {
    let all: &[&str] = if key == "detect" { &WAYS_OF_RECORDS } else { &WAYS };
    let ways: Vec<&'static str> = all.iter().copied().filter(|way| asserts.has(way)).collect();
    if ways.is_empty() && !asserts.has_refused_keys() && !asserts.has_later_keys() {
        let like = if key == "detect" { "" } else { "`http: {url: …}`, or " };
        let message = format!(
            "`{key}` needs to know how it is found out: {like}`reported: {{}}`, which lets a program say so"
        );
        log.fault(fields.at_value(key), message);
    }
    for way in ways.iter().skip(1) {
        log.fault(asserts.at_key(way), format!("`{key}` has `{}` or `{way}`, not both", ways[0]));
    }
    ways.first().copied()
}

fn refuse_what_does_not_go(fields: &Fields<'_>, key: &str, log: &mut Log) {
    let of_rows: &[&str] = if key == "detect" { &OF_ROWS } else { &[] };
    let reasons: [(&[&str], &str); 3] = [
        (&OF_RUNS, "it is about a job's runs, and here are none"),
        (&OF_PINGS, "it is about pings, and here are none"),
        (of_rows, "what has happened has, however often it is found"),
    ];
    for (others, reason) in reasons {
        for other in others.iter().filter(|other| fields.has(other)) {
            log.fault(fields.at_key(other), format!("`{other}` does not go with `{key}`: {reason}"));
        }
    }
}

/// 19.3
fn remember(detects: &Fields<'_>, log: &mut Log) -> Option<Remember> {
    let text = detects.text(log, "remember")?;
    let (min, max) = (Remember::MIN, Remember::MAX);
    let message = match parse_duration(text) {
        _ if text == Remember::FOREVER => return Some(Remember::Forever),
        Ok(span) if span < min => format!("`remember` is at least {min}, not {span}"),
        Ok(span) if span > max => format!("`remember` is at most {max}, or `{}`", Remember::FOREVER),
        Ok(span) => return Some(Remember::For(span)),
        Err(_) => {
            format!(
                "`remember` is a duration such as `7d`, or `{}`, and not {}",
                Remember::FOREVER,
                quote(text)
            )
        }
    };
    log.fault(detects.at_value("remember"), message);
    None
}

fn found_by(fields: &Fields<'_>, asserts: &Fields<'_>, way: &str, log: &mut Log) -> Option<FoundBy> {
    if way == "reported" {
        return Some(FoundBy::Reporter(reported(&asserts.map(log, "reported")?, log)));
    }
    looks_at_times(fields, log);
    let probe = asserts.map(log, way)?;
    Some(match way {
        "http" => FoundBy::Http(http_probe(&probe, log)?),
        "promql" => FoundBy::Promql(promql_probe(&probe, log)?),
        "sql" => FoundBy::Sql(sql_probe(&probe, log)?),
        _ => FoundBy::Exec(exec_probe(&probe, log)?),
    })
}

fn reported(fields: &Fields<'_>, log: &mut Log) -> Reported {
    let text = |log: &mut Log, key| fields.text(log, key).map(Arc::from).unwrap_or_default();
    Reported {
        reporter: text(log, "reporter"),
        by: text(log, "by"),
        args: any_json(fields, "args", Reported::MAX_ARGS_BYTES, log).map(Arc::from).unwrap_or_default(),
        resolve_after: fields.duration(log, "resolve_after"),
    }
}

/// How many records a result may name; `None`: it names none (18.3).
fn max_records(asserts: &Fields<'_>, (key, found_by): (&str, &FoundBy), log: &mut Log) -> Option<u32> {
    let most = asserts.whole(log, "max_records").and_then(|number| u32::try_from(number).ok());
    let wants = if key == "assert" { asserts.flag(log, "records") } else { None };
    if !found_by.may_name_records() {
        let why = match found_by {
            FoundBy::Sql(_) => "with `want: some` no row violates",
            FoundBy::Exec(_) => "a command names records with `records: jsonl` beside `command`",
            _ => "an answer is well or not, and names no records",
        };
        let says_more = [("records", wants == Some(true)), ("max_records", asserts.has("max_records"))];
        for (key, _) in says_more.into_iter().filter(|(_, says)| *says) {
            log.fault(asserts.at_key(key), format!("`{key}` says nothing here: {why}"));
        }
        return None;
    }
    if wants == Some(false) {
        if asserts.has("max_records") {
            let message = "`max_records` says nothing with `records: false`: results name none";
            log.fault(asserts.at_key("max_records"), message);
        }
        return None;
    }
    Some(most.unwrap_or(NamedRecords::DEFAULT_MOST))
}

/// Where no record is begun that lasts, none ends by itself.
fn refuse_resolve_after(asserts: &Fields<'_>, (key, max_records): (&str, Option<u32>), log: &mut Log) {
    let said = asserts.get("reported").and_then(|reported| reported.member("resolve_after"));
    let Some(said) = said else { return };
    let message = match (key, max_records) {
        ("detect", _) => "`resolve_after` is for `assert`: what is detected is forgotten after `remember`",
        (_, None) => "`resolve_after` says nothing with `records: false`: nothing is begun by itself",
        (_, Some(_)) => return,
    };
    log.fault(said.at, message);
}

/// Anything, as JSON of at most so many bytes.
pub(super) fn any_json(fields: &Fields<'_>, key: &str, max_bytes: usize, log: &mut Log) -> Option<String> {
    let node = fields.get(key)?;
    refuse_numbers(node, log);
    let text = json_of(node)?.to_string();
    if text.len() > max_bytes {
        let message = format!("`{key}` has at most {max_bytes} bytes, not {}", text.len());
        log.fault(node.at, message);
    }
    Some(text)
}

/// Numbers that JSON has no room for would be others, or texts.
fn refuse_numbers(node: &Node<'_>, log: &mut Log) {
    match node.value {
        Value::Text { text, plain: true } if is_changed(text) => {
            let message = format!("the number {} would not stay what it is: write it in quotes", quote(text));
            log.fault(node.at, message);
        }
        Value::List(items) => items.iter().for_each(|item| refuse_numbers(item, log)),
        Value::Map(pairs) => pairs.iter().for_each(|(_, value)| refuse_numbers(value, log)),
        Value::Text { .. } | Value::Broken => {}
    }
}

/// Whether what looks like a number is another one in JSON, as programs read it: a whole number beyond 64 bits, or one beyond all.
fn is_changed(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let Some(float) = text.parse::<f64>().ok().filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()))
    else {
        return false;
    };
    let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    let has_room = text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() || float.to_string() == text;
    float.is_infinite() || (is_whole && !has_room)
}

/// 17.5, 17.10: we look at times, and are not late for a look of our own.
fn looks_at_times(fields: &Fields<'_>, log: &mut Log) {
    if !fields.has("every") && !fields.has("cron") {
        log.fault(fields.at, "a check that punctual looks at itself needs to know when: `every` or `cron`");
    }
    for key in OF_DEADLINES.into_iter().filter(|key| fields.has(key)) {
        let message = format!("`{key}` does not go with a look of punctual's own, which is never late");
        log.fault(fields.at_key(key), message);
    }
}

/// Whether what is said of when goes with `assert` or `detect`; if it does not, that is a fault.
pub(super) fn goes_with_schedule(fields: &Fields<'_>, key: &str, log: &mut Log) -> bool {
    if let Some(other) = ["expect", "periods"].into_iter().find(|key| fields.has(key)) {
        let message = format!("a check has `{key}` or `{other}`, not both");
        log.fault(fields.at_key(other), message);
        return false;
    }
    let is_reported = fields.get(key).and_then(|node| node.member("reported")).is_some();
    if fields.has("every") || fields.has("cron") || !is_reported {
        return true;
    }
    for key in OF_DEADLINES.into_iter().filter(|key| fields.has(key)) {
        let message = format!("`{key}` says nothing without `every` or `cron`: no result is ever due");
        log.fault(fields.at_key(key), message);
    }
    true
}
