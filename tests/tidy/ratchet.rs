//! Rules that the code does not keep everywhere yet. What breaks one is listed beside it in the words of the rule, and the
//! list may only shrink: what is not in it fails, and so does a line of it that is no longer true.

use std::collections::{BTreeMap, BTreeSet};

use crate::house::House;
use crate::source::{Source, read_all};
use crate::{root, tracked};

/// A rule says in a line each what breaks it.
type Rule = fn(&[Source]) -> Vec<String>;

/// The code without its tests.
pub(crate) fn code() -> Vec<Source> {
    let paths: Vec<String> = tracked().into_iter().filter(|path| path.starts_with("src/")).collect();
    let sources = read_all(root(), &paths);
    sources.into_iter().filter(|source| !source.is_test).collect()
}

/// What breaks a rule and is not listed, and what is listed and does not break it.
pub(crate) fn differences(found: &[String], listed: &[&str]) -> Vec<String> {
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let listed: BTreeSet<&str> = listed.iter().copied().collect();
    let broken = found.difference(&listed).map(|line| format!("broken: {line}"));
    let mended = listed.difference(&found).map(|line| format!("mended, take it out of the list: {line}"));
    broken.chain(mended).collect()
}

/// Holds a rule but for what is listed.
pub(crate) fn hold_but_for(listed: &[&str], rule: Rule, how_to_mend: &str) {
    let differences = differences(&rule(&code()), listed);
    assert!(differences.is_empty(), "{}\n{how_to_mend}", differences.join("\n"));
}

/// What a rule says of made-up files: proof that it can fail.
pub(crate) fn check(rule: Rule, files: &[(&str, &str)], expected: &[&str]) {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    assert_eq!(rule(&sources), expected, "in {files:?}");
}

#[test]
fn a_list_may_only_shrink() {
    let found = ["a".to_owned(), "b".to_owned()];
    assert_eq!(differences(&found, &["b", "a"]), Vec::<String>::new());
    assert_eq!(differences(&found, &["b"]), ["broken: a"]);
    assert_eq!(differences(&found, &["a", "b", "c"]), ["mended, take it out of the list: c"]);
}

/// Files that know SQLite and are not of its store.
const SQLITE_ELSEWHERE: &[&str] = &[];

fn sqlite_elsewhere(sources: &[Source]) -> Vec<String> {
    // A probe asks databases of other programs.
    let is_elsewhere = |source: &&Source| {
        !source.path.starts_with("src/store/sqlite/") && source.path != "src/probe/sqlite.rs"
    };
    let knows_it = |source: &&Source| {
        source.facts.paths.iter().any(|(_, path)| path.first().is_some_and(|name| name == "rusqlite"))
    };
    sources.iter().filter(is_elsewhere).filter(knows_it).map(|source| source.path.clone()).collect()
}

#[test]
fn only_its_store_knows_sqlite() {
    hold_but_for(SQLITE_ELSEWHERE, sqlite_elsewhere, "SQL belongs into src/store/sqlite.");
}

#[test]
fn sqlite_elsewhere_is_seen() {
    let import = "use rusqlite::Row;";
    check(
        sqlite_elsewhere,
        &[("src/store/sqlite/a.rs", import), ("src/http/a.rs", import)],
        &["src/http/a.rs"],
    );
    check(sqlite_elsewhere, &[("src/a.rs", "fn f(row: &rusqlite::Row) {}")], &["src/a.rs"]);
    check(sqlite_elsewhere, &[("src/a.rs", "#[cfg(test)]\nmod tests { use rusqlite::Row; }")], &[]);
}

/// Names of types that are given more than once, with how often.
const SHARED_NAMES: &[&str] = &[];

/// Private types do not count, nor do the associated types of a trait.
fn shared_names(sources: &[Source]) -> Vec<String> {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for name in sources.iter().flat_map(|source| &source.facts.public_types) {
        *names.entry(name).or_default() += 1;
    }
    names.into_iter().filter(|(_, times)| *times > 1).map(|(name, times)| format!("{name} {times}")).collect()
}

#[test]
fn a_public_type_has_a_name_of_its_own() {
    hold_but_for(
        SHARED_NAMES,
        shared_names,
        "One word means one thing: give one of them a name that says more.",
    );
}

#[test]
fn a_name_of_two_types_is_seen() {
    let a = (
        "src/a.rs",
        "pub struct Line;\npub(crate) enum Word {}\nstruct Own;\nimpl A for B { type Item = u8; }",
    );
    let b = (
        "src/b.rs",
        "mod inner { pub(super) trait Line {} }\ntype Word = u8;\nstruct Own;\npub type Item = u8;",
    );
    check(shared_names, &[a, b], &["Line 2"]);
    check(
        shared_names,
        &[a, ("src/c.rs", "pub type Word = u8;"), ("src/d.rs", "pub union Word { a: u8 }")],
        &["Word 3"],
    );
    check(shared_names, &[a, ("src/e.rs", "#[cfg(test)]\nmod tests { pub struct Line; }")], &[]);
}

const MAX_PARAMETERS: usize = 5;
/// Functions with more, with how many they have.
const MANY_PARAMETERS: &[&str] = &[];

/// `self` counts, as it does for clippy; a tuple counts as all that it holds.
fn many_parameters(sources: &[Source]) -> Vec<String> {
    let of_file = |source: &Source| {
        let many = source.facts.parameters.iter().filter(|(_, count)| *count > MAX_PARAMETERS);
        many.map(|(name, count)| format!("{} {name} {count}", source.path)).collect::<Vec<_>>()
    };
    sources.iter().flat_map(of_file).collect()
}

#[test]
fn functions_have_at_most_five_parameters() {
    hold_but_for(MANY_PARAMETERS, many_parameters, "What belongs together is a struct with a name.");
}

#[test]
fn a_sixth_parameter_is_seen() {
    let of = |text| [("src/a.rs", text)];
    check(many_parameters, &of("fn f(a: A, b: A, c: A, d: A, e: A) {}"), &[]);
    check(many_parameters, &of("fn f(a: A, b: A, c: A, d: A, e: A, f: A) {}"), &["src/a.rs f 6"]);
    check(many_parameters, &of("impl X { fn f(&self, a: A, b: A, c: A, d: A, e: A) {} }"), &["src/a.rs f 6"]);
    check(many_parameters, &of("trait X { fn f(&self, a: A, b: A, c: A, d: A, e: A); }"), &["src/a.rs f 6"]);
    check(many_parameters, &of("impl T for X { fn f(&self, a: A, b: A, c: A, d: A, e: A) {} }"), &[]);
    check(many_parameters, &of("fn f(a: A, (b, c): (A, A), d: &(A, (A, A))) {}"), &["src/a.rs f 6"]);
    check(many_parameters, &of("#[test]\nfn f(a: A, b: A, c: A, d: A, e: A, f: A) {}"), &[]);
}

const MAX_FILES_OF_A_TYPE: usize = 3;
/// Types whose methods are in more files, with in how many.
const SCATTERED: &[&str] = &[];

/// Blocks `impl Type` count, wherever they name it from; `impl Trait for Type` may stand beside the trait.
fn scattered(sources: &[Source]) -> Vec<String> {
    let house = House::new(sources);
    let mut types: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        for of in &source.facts.impls {
            let here = || (source.path.clone(), of.join("::"));
            let home = house.home(source, of).map_or_else(here, |(home, name)| (home.path.clone(), name));
            types.entry(home).or_default().insert(&source.path);
        }
    }
    let many = types.into_iter().filter(|(_, files)| files.len() > MAX_FILES_OF_A_TYPE);
    many.map(|((_, name), files)| format!("{name} {}", files.len())).collect()
}

#[test]
fn a_type_has_its_methods_in_three_files_at_most() {
    hold_but_for(
        SCATTERED,
        scattered,
        "Make of them functions, or a type with a name for each thing that it does.",
    );
}

#[test]
fn methods_in_a_fourth_file_are_seen() {
    let home = ("src/a/mod.rs", "pub struct A;\nimpl A {}\nimpl A {}\nimpl Display for A {}");
    let b = ("src/a/b.rs", "use super::A;\nimpl A {}");
    let c = ("src/a/c.rs", "impl<T> crate::a::A<T> {}");
    let through = ("src/b.rs", "pub use crate::a::A as Other;");
    let d = ("src/c.rs", "use crate::b::Other;\nimpl Other {}");
    let of_a_trait = ("src/d.rs", "use crate::a::A;\nimpl X for A {}");
    let another = ("src/e.rs", "struct A;\nimpl A {}");
    check(scattered, &[home, b, c, through, of_a_trait, another], &[]);
    check(scattered, &[home, b, c, through, d], &["A 4"]);
}
