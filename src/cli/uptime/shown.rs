//! Reports for people: in columns, or in Markdown.

use std::fmt::Write as _;

use serde_json::Value;

use crate::cli::table::{Table, plain, text as said};
use crate::core::time::{Span, Time};
use crate::core::uptime::{UptimeKind, percent};
use crate::core::zone::Zone;
use crate::zones::parse_timezone;

const NUMBERS: [&str; 9] =
    ["UP", "LATE", "FAILING", "UNKNOWN", "PAUSED", "UNSEEN", "INCIDENTS", "TO ACKNOWLEDGE", "TO RESOLVE"];

/// Those that were up for the smallest share, then those of which nothing was judged.
pub(super) fn worst_first(reports: &mut [Value]) {
    let up = |report: &Value| report["total"]["up"].as_f64().unwrap_or(2.0);
    reports.sort_by(|a, b| up(a).total_cmp(&up(b)));
}

/// In columns: a line for each check, and one for each of its parts.
pub(super) fn text(reports: &[Value]) -> String {
    let is_parted = reports.iter().any(|report| report["by"].is_string());
    let head: Vec<&str> = if is_parted { vec!["CHECK", "FROM"] } else { vec!["CHECK"] };
    let head = [&head[..], &NUMBERS].concat();
    let rows = reports.iter().flat_map(|report| {
        let name = said(&report["name"]);
        let row = move |part: &Value, from: String| {
            let from = is_parted.then_some(from);
            std::iter::once(name.clone()).chain(from).chain(numbers(part)).collect::<Vec<_>>()
        };
        let whole = row(&report["total"], "all".to_owned());
        let parts = parts(report).map(|part| row(part, moment(part, "from", report))).collect::<Vec<_>>();
        std::iter::once(whole).chain(parts)
    });
    let table = Table::new(&head, rows);
    match reports.first() {
        Some(first) => format!("{}\n\n{table}", plain(&over(first))),
        None => "There is no such check.\n".to_owned(),
    }
}

/// In Markdown: all checks in one table, and then one for each check that is parted.
pub(super) fn markdown(reports: &[Value]) -> String {
    let Some(first) = reports.first() else { return "There is no such check.\n".to_owned() };
    let mut page = format!("# Uptime\n\n{}\n\n", escaped(&over(first)));
    let rows = reports.iter().map(|report| (said(&report["name"]), &report["total"]));
    add_table(&mut page, "Check", rows);
    for report in reports.iter().filter(|report| parts(report).next().is_some()) {
        let _ = write!(page, "\n## {}\n\n", escaped(&said(&report["name"])));
        let rows = parts(report).map(|part| (moment(part, "from", report), part));
        add_table(&mut page, "From", rows);
    }
    page.push_str("\nUp is the good time of the good, late and failing time. ");
    page.push_str(
        "To acknowledge and to resolve: how many, the median and the longest of the incidents that ended.\n",
    );
    page
}

fn add_table<'r>(page: &mut String, first: &str, rows: impl Iterator<Item = (String, &'r Value)>) {
    // Writing into a text cannot fail.
    let _ = writeln!(page, "| {first} | {} |", NUMBERS.map(capitalized).join(" | "));
    let _ = writeln!(page, "|---|{}", "---:|".repeat(NUMBERS.len()));
    for (name, part) in rows {
        let cells: Vec<String> = numbers(part).iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(page, "| {} | {} |", escaped(&name), cells.join(" | "));
    }
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_owned() + &rest.to_lowercase()
}

/// What a server says, in one line of a cell.
fn escaped(text: &str) -> String {
    let special = |c: char| "\\`*_{}[]<>#|!&".contains(c);
    plain(text).chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn parts(report: &Value) -> impl Iterator<Item = &Value> {
    report["parts"].as_array().into_iter().flatten()
}

/// Over which time a report is, in a sentence.
fn over(report: &Value) -> String {
    let total = &report["total"];
    let (from, to) = (moment(total, "from", report), moment(total, "to", report));
    format!("From {from} to {to} ({}).", said(&report["timezone"]))
}

/// A time of a part, by the clocks of the report's zone; midnight is left out.
fn moment(part: &Value, key: &str, report: &Value) -> String {
    let written = said(&part[key]);
    let Ok(time) = chrono::DateTime::parse_from_rfc3339(&written) else { return written };
    // This machine may lack a zone that the server has.
    let zone = report["timezone"].as_str().and_then(|name| parse_timezone(name).ok()).unwrap_or(Zone::UTC);
    let local = zone.local(Time::from_ms(time.timestamp_millis()));
    let text = local.format("%Y-%m-%d %H:%M").to_string();
    text.strip_suffix(" 00:00").map_or(text.clone(), str::to_owned)
}

fn numbers(part: &Value) -> Vec<String> {
    let kinds =
        [UptimeKind::Late, UptimeKind::Failing, UptimeKind::Unknown, UptimeKind::Paused, UptimeKind::Unseen];
    let spans = kinds.map(|kind| span(&part[format!("{}_seconds", kind.as_str())]));
    let incidents = &part["incidents"];
    let answers = ["to_acknowledge", "to_resolve"].map(|key| lengths(&incidents[key]));
    let opened = [said(&incidents["opened"])];
    [percent(part["up"].as_f64())].into_iter().chain(spans).chain(opened).chain(answers).collect()
}

fn lengths(lengths: &Value) -> String {
    match lengths["count"].as_u64() {
        None | Some(0) => "-".to_owned(),
        Some(1) => format!("1: {}", span(&lengths["longest_seconds"])),
        Some(count) => {
            let [median, longest] = ["median_seconds", "longest_seconds"].map(|key| span(&lengths[key]));
            format!("{count}: {median}, {longest}")
        }
    }
}

/// A length of time in its two largest units; none of it is a dash.
fn span(seconds: &Value) -> String {
    /// The largest number of seconds between two times.
    const MOST: f64 = 4e11;
    let Some(seconds) = seconds.as_f64().filter(|seconds| *seconds > 0.0) else { return "-".to_owned() };
    #[expect(clippy::cast_possible_truncation, reason = "it is bounded and no fraction")]
    let seconds = seconds.min(MOST).round() as i64;
    let unit = match seconds {
        ..3_600 => 1,
        3_600..86_400 => 60,
        _ => 3_600,
    };
    match Span::secs(seconds / unit * unit) {
        Span::ZERO => "<1s".to_owned(),
        span => span.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_length_has_its_two_largest_units() {
        let check = |seconds: Value, expected: &str| assert_eq!(span(&seconds), expected, "{seconds}");
        check(json!(0.0), "-");
        check(json!(0.2), "<1s");
        check(json!(59.6), "1m");
        check(json!(3_599), "59m59s");
        check(json!(3_661), "1h1m");
        check(json!(90_061), "1d1h");
        check(json!(1e300), "4629629d15h");
        check(Value::Null, "-");
    }

    #[test]
    fn what_a_server_says_is_no_markup() {
        assert_eq!(escaped("a|b_c\n<b>"), "a\\|b\\_c\u{fffd}\\<b\\>");
    }

    /// A time without midnight has its hour, and an unknown zone is UTC.
    #[test]
    fn a_part_begins_by_the_clocks_of_its_zone() {
        let check = |from: &str, zone: &str, expected: &str| {
            assert_eq!(
                moment(&json!({"from": from}), "from", &json!({"timezone": zone})),
                expected,
                "{from}"
            );
        };
        check("2026-03-28T23:00:00Z", "Europe/Berlin", "2026-03-29");
        check("2026-03-29T22:30:00Z", "Europe/Berlin", "2026-03-30 00:30");
        check("2026-03-29T22:00:00Z", "Mars/Olympus", "2026-03-29 22:00");
        check("-", "UTC", "-");
    }
}
