//! What one file names, another must hold: rules of the semantics, words of the glossary, metrics; and what no file may name.

use std::collections::{BTreeMap, BTreeSet};

use punctual::metrics::{METRICS, MetricKind};
use regex::Regex;

use crate::ratchet::code;
use crate::{Fault, assert_none, read, regex, root, sources, tracked};

/// Numbers of rules in a comment of this line: `// 12.5`, `/// Late means after the deadline (1.3b, 2.5).`
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
    regex(r"(?:^|[^\w.`])(\d{1,2}\.\d{1,2}[a-z]?)")
}

/// What docs/semantics.md says of each number: whether that is built.
fn rules(semantics: &str) -> BTreeMap<String, bool> {
    let rule = regex(r"^- \*\*(\d{1,2}\.\d{1,2}[a-z]?)\*\* (\(not built\))?");
    let mut rules = BTreeMap::new();
    for found in semantics.lines().filter_map(|line| rule.captures(line)) {
        let before = rules.insert(found[1].to_owned(), found.get(2).is_none());
        assert_eq!(before, None, "docs/semantics.md has two rules {}", &found[1]);
    }
    rules
}

/// 9.4 for 9.4a.
fn whole(rule: &str) -> &str {
    rule.trim_end_matches(|c: char| c.is_ascii_lowercase())
}

/// What is wrong between the rules, with whether each is built, and those that tests name.
fn between(rules: &BTreeMap<String, bool>, named: &BTreeSet<String>) -> Vec<String> {
    // A test that names 9.4 holds all of its parts that are built.
    let is_named =
        |rule: &str, is_built: bool| named.contains(rule) || is_built && named.contains(whole(rule));
    let faults = rules.iter().filter_map(|(rule, &is_built)| match (is_built, is_named(rule, is_built)) {
        (true, false) => {
            Some(format!("{rule} is named by no test: write `// {rule}` at the one that holds it"))
        }
        (false, true) => {
            Some(format!("{rule} is named by a test: docs/semantics.md says that it is not built"))
        }
        _ => None,
    });
    faults.collect()
}

/// Whether a rule, or a part of it, has this number.
fn is_there(rules: &BTreeMap<String, bool>, named: &str) -> bool {
    rules.contains_key(named) || rules.keys().any(|rule| whole(rule) == named)
}

#[test]
fn every_rule_that_is_built_is_named_by_a_test() {
    let pattern = rule_pattern();
    let rules = rules(&read("docs/semantics.md"));
    assert!(rules.len() > 150, "docs/semantics.md was not understood: {rules:?}");
    let mut named = BTreeSet::new();
    for source in sources().iter().filter(|source| !source.path.starts_with("tests/tidy")) {
        named.extend(source.test_lines().flat_map(|(_, line)| rules_named_in(line, &pattern)));
    }
    let faults = between(&rules, &named);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_rule_that_is_named_is_there() {
    let pattern = rule_pattern();
    let rules = rules(&read("docs/semantics.md"));
    let mut faults = Vec::new();
    for path in tracked().iter().filter(|path| path.ends_with(".rs") && !path.starts_with("tests/tidy")) {
        for (i, line) in read(path).lines().enumerate() {
            let unknown = rules_named_in(line, &pattern).into_iter().filter(|named| !is_there(&rules, named));
            faults.extend(unknown.map(|what| Fault { path: path.clone(), line: i + 1, what }));
        }
    }
    assert_none(&faults, "docs/semantics.md has no such rule. A number that is none stands in `backquotes`.");
}

#[test]
fn rules_and_tests_that_do_not_fit_are_seen() {
    let semantics = "- **1.1a** One.\n- **1.1b** (not built) Two.\n  - *Why:* 1.9.\n- **1.2** Three.\n";
    let rules = rules(semantics);
    assert_eq!(
        rules,
        [("1.1a", true), ("1.1b", false), ("1.2", true)].map(|(a, b)| (a.to_owned(), b)).into()
    );
    let check = |named: &[&str], expected: &[&str]| {
        let named = named.iter().map(|&rule| rule.to_owned()).collect();
        let found: Vec<String> = between(&rules, &named);
        let starts = found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected));
        assert!(found.len() == expected.len() && starts, "{found:?} is not {expected:?}");
    };
    check(&["1.1", "1.2"], &[]);
    check(&["1.1a", "1.2"], &[]);
    check(&["1.1"], &["1.2 is named by no"]);
    check(&["1.1b", "1.2"], &["1.1a is named by no", "1.1b is named by a"]);
    assert!(is_there(&rules, "1.1") && is_there(&rules, "1.1b") && !is_there(&rules, "1.3"));
    assert!(!is_there(&rules, "1.1c"));
}

#[test]
fn a_rule_is_named_in_a_comment() {
    let check = |line: &str, expected: &[&str]| {
        assert_eq!(rules_named_in(line, &rule_pattern()), expected, "{line}");
    };
    check("    // 12.5", &["12.5"]);
    check("/// Late means after the deadline (1.3b, 2.5).", &["1.3b", "2.5"]);
    check("    late(); // §4.1: the newer replaces the older", &["4.1"]);
    check("let x = 12.5;", &[]);
    check("// takes 1.2 s, 2.5ms, 3.1 GB; version 1.2.3; text 0.0.4; a `1.10`", &[]);
}

/// The types that a line of the glossary's tables names in its last column.
fn types_named_in(line: &str) -> Vec<String> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let &["", word, _, _, named, ""] = cells.as_slice() else { return Vec::new() };
    let names = named.split('`').skip(1).step_by(2).map(str::to_owned);
    if word.starts_with("**") { names.collect() } else { Vec::new() }
}

#[test]
fn the_glossary_names_types_that_exist() {
    let code = code();
    let types: BTreeSet<&str> =
        code.iter().flat_map(|source| &source.facts.public_types).map(String::as_str).collect();
    let path = "docs/glossary.md";
    let (mut faults, mut seen) = (Vec::new(), 0);
    for (i, line) in read(path).lines().enumerate() {
        let named = types_named_in(line);
        seen += named.len();
        let missing = named.into_iter().filter(|name| !types.contains(name.as_str()));
        faults.extend(missing.map(|what| Fault { path: path.to_owned(), line: i + 1, what }));
    }
    assert!(seen > 30, "{path} was not understood");
    assert_none(&faults, "No public type has this name: correct the glossary, or name the type by its word.");
    assert_eq!(types_named_in("| **flip** | a change | | `Flip` |"), ["Flip"]);
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
