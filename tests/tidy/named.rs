//! What one file names, another must hold: rules of the semantics, metrics; and what no file may name.

use std::collections::BTreeSet;

use punctual::metrics::{METRICS, MetricKind};
use regex::Regex;

use crate::{Fault, assert_none, read, regex, root, sources, tracked};

/// Rules of docs/semantics.md that are not built: calendar expressions, another store.
const NOT_BUILT: &[&str] = &["2.3", "14.5"];

/// Numbers of rules in a comment of this line: `// 12.5`, `/// Late means after the deadline (1.3, 2.5).`
fn rules_named_in(line: &str, pattern: &Regex) -> Vec<String> {
    let Some((_, comment)) = line.split_once("//") else { return Vec::new() };
    let is_quantity = |rest: &str| {
        let word: String = rest.trim_start().chars().take_while(|c| c.is_alphabetic() || *c == '%').collect();
        ["ms", "s", "m", "min", "h", "d", "B", "KB", "MB", "GB", "%", "times"].contains(&word.as_str())
            || rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            || (rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
    };
    pattern
        .captures_iter(comment)
        .filter_map(|found| found.get(1))
        .filter(|found| !is_quantity(&comment[found.end()..]))
        .map(|found| found.as_str().to_owned())
        .collect()
}

fn rule_pattern() -> Regex {
    regex(r"(?:^|[^\w.])(\d{1,2}\.\d{1,2})")
}

#[test]
fn every_rule_is_named_by_a_test() {
    let pattern = rule_pattern();
    let rules: BTreeSet<String> = read("docs/semantics.md")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(number, _)| pattern.find(number).is_some_and(|found| found.as_str() == *number))
        .map(|(number, _)| number.to_owned())
        .collect();
    assert!(rules.len() > 60, "docs/semantics.md was not understood: {rules:?}");

    let mut named = BTreeSet::new();
    for source in sources().iter().filter(|source| !source.path.starts_with("tests/tidy")) {
        named.extend(source.test_lines().flat_map(|(_, line)| rules_named_in(line, &pattern)));
    }
    let excused: BTreeSet<String> = NOT_BUILT.iter().map(|&rule| rule.to_owned()).collect();
    let unnamed: Vec<_> = rules.difference(&named).filter(|rule| !excused.contains(*rule)).collect();
    assert!(
        unnamed.is_empty(),
        "no test names the rules {unnamed:?}: write `// 12.5` at the test that holds it"
    );
    let stale: Vec<_> =
        excused.iter().filter(|rule| named.contains(*rule) || !rules.contains(*rule)).collect();
    assert!(
        stale.is_empty(),
        "named by a test by now: take {stale:?} out of NOT_BUILT (tests/tidy/named.rs)"
    );
}

#[test]
fn a_rule_is_named_in_a_comment() {
    let check = |line: &str, expected: &[&str]| {
        assert_eq!(rules_named_in(line, &rule_pattern()), expected, "{line}");
    };
    check("    // 12.5", &["12.5"]);
    check("/// Late means after the deadline (1.3, 2.5).", &["1.3", "2.5"]);
    check("    late(); // §4.1: the newer replaces the older", &["4.1"]);
    check("let x = 12.5;", &[]);
    check("// takes 1.2 s, 2.5ms, 3.1 GB; version 1.2.3; text 0.0.4", &[]);
}

#[test]
fn rules_and_dashboards_name_metrics_that_exist() {
    let name = regex(r"\bpunctual_[a-z0-9_]+");
    let exists = |name: &str| {
        METRICS.iter().any(|metric| match metric.kind {
            MetricKind::Histogram => {
                ["_bucket", "_sum", "_count"].contains(&name.strip_prefix(metric.name).unwrap_or(""))
            }
            MetricKind::Gauge | MetricKind::Counter | MetricKind::Info => name == metric.name,
        })
    };
    assert!(exists("punctual_check_late") && !exists("punctual_check_lates"));
    assert!(exists("punctual_expiry_lag_seconds_bucket") && !exists("punctual_check_late_sum"));
    let mut faults = Vec::new();
    for path in tracked().iter().filter(|path| path.starts_with("alerts/") || path.starts_with("dashboards/"))
    {
        let text = read(path);
        assert!(!path.ends_with(".json") || name.is_match(&text), "{path} names no metric");
        for (i, line) in text.lines().enumerate() {
            let missing = name.find_iter(line).map(|found| found.as_str()).filter(|name| !exists(name));
            faults.extend(missing.map(|name| Fault {
                path: path.clone(),
                line: i + 1,
                what: name.to_owned(),
            }));
        }
    }
    assert_none(
        &faults,
        "Not in the table METRICS of punctual::metrics: correct the name, or declare the metric.",
    );
}

// 1.5
#[test]
fn whoever_shows_checks_judges_as_the_store_does() {
    let mut faults = Vec::new();
    let shows = |path: &String| path.starts_with("src/http/") || path.starts_with("src/compat/");
    for path in tracked().into_iter().filter(shows) {
        let text = read(&path);
        let judges = text.lines().enumerate().filter(|(_, line)| line.contains(".blind()"));
        let fault =
            |(i, line): (usize, &str)| Fault { path: path.clone(), line: i + 1, what: line.to_owned() };
        faults.extend(judges.map(fault));
    }
    assert_none(
        &faults,
        "App::as_of judges at the time up to which all is stored: no reader may forget that.",
    );
}

/// Lines that give away a machine or its registries, or end in a space.
fn unclean_lines(text: &str) -> Vec<(usize, String)> {
    // Written in two parts so that this file is clean itself.
    let machine = concat!(r"(?:^|[^\w.])/(?:wo", r"rk|ro", r"ot|ho", r"me)/");
    let registry =
        concat!(r"crates\.", r"io/api|(?:index|static)\.crates\.", r"io|pypi\.", r"org|pythonhosted\.");
    let registry = format!("{registry}|{}", concat!(r"deb\.deb", r"ian\.org|npm", r"js\."));
    let machine = regex(machine);
    let registry = regex(&registry);
    let mut found = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            found.push((i + 1, "a space at its end".to_owned()));
        }
        if let Some(hit) = machine.find(line).or_else(|| registry.find(line)) {
            found.push((i + 1, hit.as_str().to_owned()));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        found.push((text.lines().count(), "no newline at its end".to_owned()));
    }
    found
}

#[test]
fn files_name_no_machine_and_end_cleanly() {
    let is_ours = |path: &str| path != "Cargo.lock" && !path.ends_with(".snap") && !path.ends_with(".svg");
    let mut faults = Vec::new();
    for path in tracked().into_iter().filter(|path| is_ours(path)) {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        faults.extend(unclean_lines(&text).into_iter().map(|(line, what)| Fault {
            path: path.clone(),
            line,
            what,
        }));
    }
    assert_none(&faults, "A file of the repository must be true on every machine.");

    let check = |text: &str, expected: &[usize]| {
        let lines: Vec<usize> = unclean_lines(text).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, expected, "{text}");
    };
    check(concat!("clean\nin /wo", "rk/x\n"), &[2]);
    check(concat!("see https://pypi.", "org/x\n"), &[1]);
    check("a \nb\t\nc", &[1, 2, 3]);
    check(concat!("https://example.org/ho", "me/ and ./ho", "me/x\n"), &[]);
}
