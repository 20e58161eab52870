//! No two files of a room import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::house::House;
use crate::ratchet::{check, code, differences};
use crate::source::Source;

/// Files that stand in a circle of imports.
const IN_CIRCLES: &[&str] = &[];

/// Importing file and imported file, with a line and a name of the first.
type Imports = BTreeMap<(String, String), (usize, String)>;

/// Which file of a room names an item that another file of it defines, by a `use` or by its path.
///
/// A `pub use` is not counted: it passes on what it names, and whoever uses that is followed to its definition. So a
/// folder's `mod.rs` may declare its files, pass their items on and define what they share; or it may use them. It is not
/// to do both.
fn imports(house: &House<'_>) -> Imports {
    let mut imports = Imports::new();
    for source in house.files.values() {
        let is_passed_on = |line: usize, path: &[String]| {
            source.facts.names.iter().any(|name| name.is_public && name.line == line && name.path == path)
        };
        for (line, path) in source.facts.paths.iter().filter(|(line, path)| !is_passed_on(*line, path)) {
            let Some((home, item)) = house.home(source, path) else { continue };
            if home.path != source.path && home.room() == source.room() {
                imports.entry((source.path.clone(), home.path.clone())).or_insert((*line, item));
            }
        }
    }
    imports
}

/// All that a file imports, and what that imports, and so on.
fn reachable<'a>(from: &'a str, imports: &'a Imports) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        let of_file = imports.keys().filter(|(importer, _)| importer == file);
        next.extend(
            of_file.map(|(_, imported)| imported.as_str()).filter(|imported| reached.insert(*imported)),
        );
    }
    reached
}

/// The files that reach themselves.
fn in_circles(sources: &[Source]) -> Vec<String> {
    let imports = imports(&House::new(sources));
    let importers: BTreeSet<&str> = imports.keys().map(|(importer, _)| importer.as_str()).collect();
    let is_reached = |file: &&str| reachable(file, &imports).contains(file);
    importers.into_iter().filter(is_reached).map(str::to_owned).collect()
}

#[test]
fn no_files_of_a_room_import_each_other_in_a_circle() {
    let code = code();
    let differences = differences(&in_circles(&code), IN_CIRCLES);
    let is_broken = |file: &str| differences.contains(&format!("broken: {file}"));
    let theirs: Vec<String> = imports(&House::new(&code))
        .into_iter()
        .filter(|((importer, _), _)| is_broken(importer))
        .map(|((importer, imported), (line, item))| format!("{importer}:{line} imports {item} of {imported}"))
        .collect();
    assert!(
        differences.is_empty(),
        "{}\n{}\nWhat both need belongs into a file of its own.",
        differences.join("\n"),
        theirs.join("\n")
    );
}

#[test]
fn a_circle_is_seen() {
    let check = |files: &[(&str, &str)], expected: &[&str]| check(in_circles, files, expected);
    let a = ("src/x/a.rs", "use super::b::B;\npub struct A;");
    let b = ("src/x/b.rs", "use crate::x::c;\npub struct B(c::C);");
    let c = ("src/x/c.rs", "pub struct C;\nfn f() { super::a::f() }");
    check(&[a, b], &[]);
    check(&[a, b, c], &["src/x/a.rs", "src/x/b.rs", "src/x/c.rs"]);
    // Within macros, and by a method of a trait.
    let by_macro = ("src/x/b.rs", "fn f() { assert!(super::a::f()); }");
    check(&[a, by_macro], &["src/x/a.rs", "src/x/b.rs"]);
    let by_trait = ("src/x/b.rs", "use super::a::A as _;");
    check(&[a, by_trait], &["src/x/a.rs", "src/x/b.rs"]);
    // Another room has its layer; tests may look at everything.
    check(&[a, ("src/y/b.rs", "use crate::x::a::A;")], &[]);
    check(&[a, ("src/x/b.rs", "pub struct B;\n#[cfg(test)]\nmod tests { use super::super::a::A; }")], &[]);
}

#[test]
fn a_folder_may_pass_on_what_its_files_define_but_not_use_them_and_be_used() {
    let check = |files: &[(&str, &str)], expected: &[&str]| check(in_circles, files, expected);
    let passing =
        ("src/x/mod.rs", "mod a;\nmod b;\npub use a::A;\npub(crate) use self::b::B;\npub struct X;");
    let a = ("src/x/a.rs", "use super::X;\npub struct A;");
    // `super::A` is the file of `A`: nobody imports it by that of `B`.
    let b = ("src/x/b.rs", "use super::{A, X};\npub struct B;");
    check(&[passing, a, b], &[]);
    let through_the_folder = ("src/x/a.rs", "use crate::x::B;\npub struct A;");
    check(&[passing, through_the_folder, b], &["src/x/a.rs", "src/x/b.rs"]);
    let using = ("src/x/mod.rs", "mod a;\nuse a::A;\npub struct X(A);");
    check(&[using, a], &["src/x/a.rs", "src/x/mod.rs"]);
    let calling = ("src/x/mod.rs", "mod a;\npub struct X;\nfn f() { a::f() }");
    check(&[calling, a], &["src/x/a.rs", "src/x/mod.rs"]);
}
