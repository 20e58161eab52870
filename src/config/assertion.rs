//! What a check asserts, and what goes with that.

use std::sync::Arc;

use crate::core::assertion::{Assertion, Reported};
use crate::yaml::fault::Log;
use crate::yaml::fields::Fields;
use crate::yaml::json::json_of;

/// Keys of runs: what is reported has none.
const OF_RUNS: [&str; 4] = ["max_runtime", "min_runtime", "start_within", "overlap"];
/// Keys of a deadline: without a schedule there is none (17.8).
const OF_DEADLINES: [&str; 2] = ["grace", "early"];

/// Reads `assert` and `unknowns_before_alert`.
pub(super) fn assertion(fields: &Fields<'_>, log: &mut Log) -> Option<Assertion> {
    let unknowns = fields.whole(log, "unknowns_before_alert").and_then(|number| u32::try_from(number).ok());
    if !fields.has("assert") {
        if fields.has("unknowns_before_alert") && !fields.has_refused_keys() {
            let message = "`unknowns_before_alert` goes with `assert`: a job's ping is never unknown";
            log.fault(fields.at_key("unknowns_before_alert"), message);
        }
        return None;
    }
    let asserts = fields.map(log, "assert")?;
    if !asserts.has("reported") {
        if !asserts.has_refused_keys() && !asserts.has_later_keys() {
            let message = "`assert` needs to know how it is found out: `reported: {}` lets a program say so";
            log.fault(fields.at_value("assert"), message);
        }
        return None;
    }
    for key in OF_RUNS.into_iter().filter(|key| fields.has(key)) {
        let message =
            format!("`{key}` does not go with `assert`: it is about a job's runs, and here are none");
        log.fault(fields.at_key(key), message);
    }
    let reported = asserts.map(log, "reported")?;
    let text = |log: &mut Log, key| reported.text(log, key).map(Arc::from).unwrap_or_default();
    Some(Assertion {
        reported: Reported {
            reporter: text(log, "reporter"),
            by: text(log, "by"),
            args: args(&reported, log).map(Arc::from).unwrap_or_default(),
        },
        unknowns_before_alert: unknowns.unwrap_or(Assertion::DEFAULT_UNKNOWNS),
    })
}

/// Anything, as JSON.
fn args(reported: &Fields<'_>, log: &mut Log) -> Option<String> {
    let node = reported.get("args")?;
    let text = json_of(node)?.to_string();
    if text.len() > Reported::MAX_ARGS_BYTES {
        let message = format!("`args` has at most {} bytes, not {}", Reported::MAX_ARGS_BYTES, text.len());
        log.fault(node.at, message);
    }
    Some(text)
}

/// Whether what is said of when goes with `assert`; if it does not, that is a fault.
pub(super) fn goes_with_schedule(fields: &Fields<'_>, log: &mut Log) -> bool {
    if let Some(other) = ["expect", "periods"].into_iter().find(|key| fields.has(key)) {
        let message = format!("a check has `assert` or `{other}`, not both");
        log.fault(fields.at_key(other), message);
        return false;
    }
    if fields.has("every") || fields.has("cron") {
        return true;
    }
    for key in OF_DEADLINES.into_iter().filter(|key| fields.has(key)) {
        let message = format!("`{key}` says nothing without `every` or `cron`: no result is ever due");
        log.fault(fields.at_key(key), message);
    }
    true
}
