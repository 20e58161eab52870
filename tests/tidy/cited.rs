//! What a comment or a page of the documentation cites is there.

use crate::{Fault, assert_none, root, tracked};

/// Endings of files that belong to the repository; files of configuration that a text names are the reader's own.
const OURS: &[&str] = &[".md", ".rs", ".py", ".sql", ".toml"];

/// What a reader reads on this line: all of a page, and the comment of code.
fn prose<'a>(path: &str, line: &'a str) -> &'a str {
    if path.ends_with(".md") {
        return line;
    }
    let sign = if path.ends_with(".rs") { "//" } else { "#" };
    line.split_once(sign).map_or("", |(_, comment)| comment)
}

/// The files and folders of the repository that a text names; `NAME` stands for any.
fn cited<'a>(prose: &'a str, folders: &[String]) -> Vec<&'a str> {
    let is_ours = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or(word);
        OURS.iter().any(|ending| name.strip_suffix(ending).is_some_and(|stem| !stem.is_empty()))
            || folders.iter().any(|folder| word.starts_with(folder.as_str()))
    };
    prose
        .split(|c: char| !c.is_ascii_alphanumeric() && !"_./:-".contains(c))
        .filter(|word| !word.contains("://") && !word.contains("NAME"))
        .flat_map(|word| word.split(':'))
        .map(|word| word.trim_start_matches("./").trim_end_matches('.'))
        .filter(|word| is_ours(word))
        .collect()
}

/// A file may be cited by its whole path, by the end of it (`row/step.rs`), or as a folder (`tests/sim/`).
fn is_there(cited: &str, paths: &[String]) -> bool {
    let end = format!("/{cited}");
    let folder = format!("{}/", cited.trim_end_matches('/'));
    paths.iter().any(|path| path == cited || path.ends_with(&end) || path.starts_with(&folder))
}

/// The citations of a text that lead nowhere.
fn missing(path: &str, text: &str, paths: &[String]) -> Vec<Fault> {
    let mut folders: Vec<String> = paths
        .iter()
        .filter_map(|path| path.split_once('/'))
        .map(|(folder, _)| format!("{folder}/"))
        .collect();
    folders.dedup();
    let on_line = |(i, line): (usize, &str)| {
        let missing = cited(prose(path, line), &folders).into_iter().filter(|cited| !is_there(cited, paths));
        let fault = |cited: &str| Fault { path: path.to_owned(), line: i + 1, what: cited.to_owned() };
        missing.map(fault).collect::<Vec<_>>()
    };
    text.lines().enumerate().flat_map(on_line).collect()
}

#[test]
fn files_that_are_cited_are_there() {
    let paths = tracked();
    let text = |path: &String| std::fs::read_to_string(root().join(path)).unwrap_or_default();
    // This file's own test cites what is not there.
    let cite = paths.iter().filter(|path| *path != "tests/tidy/cited.rs");
    let faults: Vec<Fault> = cite.flat_map(|path| missing(path, &text(path), &paths)).collect();
    assert_none(&faults, "Cite a rule by its number or a file that is there, or say it without.");
}

#[test]
fn a_citation_that_leads_nowhere_is_seen() {
    let paths =
        ["docs/semantics.md", "docs/api.md", "src/store/row/step.rs", "tests/run", "tests/sim/main.rs"];
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let check = |path: &str, text: &str, expected: &[&str]| {
        let found: Vec<String> = missing(path, text, &paths).into_iter().map(|fault| fault.what).collect();
        assert_eq!(found, expected, "in {path}: {text}");
    };
    check("src/a.rs", "//! As it is meant (DESIGN.md §2).", &["DESIGN.md"]);
    check(
        "src/a.rs",
        "let x = 1; // see row/state.rs.\n/// See docs/api.html.",
        &["row/state.rs", "docs/api.html"],
    );
    check("src/a.rs", "let path = \"DESIGN.md\";", &[]);
    check(
        "src/a.rs",
        "/// docs/semantics.md, row/step.rs, `step.rs`, `tests/sim/`, tests/run; src/NAME.rs, checks/a.yaml",
        &[],
    );
    check("src/a.rs", "// https://example.org/docs/other.md", &[]);
    check("docs/api.md", "See [elsewhere](elsewhere.md) and [here](api.md#all).", &["elsewhere.md"]);
    check("tests/run", "# tests/walk does it\necho tests/walk", &["tests/walk"]);
}
