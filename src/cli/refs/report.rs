//! What was found, for people and for programs.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::sought::{PlaceKind, Sought, SoughtCheck};
use super::text::Meant;
use super::walk::Walked;
use crate::cli::table::{plain, plain_json};
use crate::config::nearest;

/// So many names that no check has are compared with all names.
const MAX_GUESSES: usize = 20;

/// Where each check stands, and which names stand for none.
#[derive(Serialize)]
pub(super) struct RefsReport<'r> {
    /// In the order of their names.
    checks: Vec<CheckPlaces<'r>>,
    dangling: Vec<DanglingName<'r>>,
    /// Places that are too many to be listed.
    places_omitted: usize,
    files_read: usize,
    files_binary: usize,
    files_too_long: usize,
    files_unread: usize,
    #[serde(skip)]
    dangling_count: usize,
    #[serde(skip)]
    without_place: usize,
}

#[derive(Serialize)]
struct CheckPlaces<'r> {
    name: &'r str,
    r#ref: Option<&'r str>,
    has_place: bool,
    places: Vec<CheckPlace<'r>>,
}

#[derive(Serialize)]
struct CheckPlace<'r> {
    path: &'r str,
    line: usize,
    #[serde(serialize_with = "as_word")]
    by: PlaceKind,
}

/// A ping URL whose name no check has.
#[derive(Serialize)]
struct DanglingName<'r> {
    path: &'r str,
    line: usize,
    name: &'r str,
    guess: Option<&'r str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn as_word<S: Serializer>(kind: &PlaceKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

impl<'r> RefsReport<'r> {
    pub(super) fn new(sought: &'r Sought, walked: &'r Walked) -> RefsReport<'r> {
        let of_check =
            |(number, SoughtCheck { name, reference, .. }): (usize, &'r SoughtCheck)| CheckPlaces {
                name,
                r#ref: reference.as_deref(),
                has_place: walked.has_place[number],
                places: Vec::new(),
            };
        let mut checks: Vec<CheckPlaces<'_>> = sought.checks.iter().enumerate().map(of_check).collect();
        let mut dangling = Vec::new();
        let all = walked.found.iter().flat_map(|(path, found)| found.iter().map(move |found| (path, found)));
        for (path, finding) in all {
            match &finding.what {
                Meant::Check(number, by) => {
                    let place = CheckPlace { path, line: finding.line, by: *by };
                    let places = &mut checks[*number].places;
                    // A line often has several words of one check.
                    if places.last().is_none_or(|last| (last.path, last.line) != (place.path, place.line)) {
                        places.push(place);
                    }
                }
                Meant::Dangling(name) => {
                    let guesses = dangling.len() < MAX_GUESSES;
                    let names = sought.checks.iter().map(|check| check.name.as_str());
                    let guess = guesses.then(|| nearest(name, names)).flatten();
                    dangling.push(DanglingName { path, line: finding.line, name, guess });
                }
            }
        }
        RefsReport {
            dangling_count: dangling.len() + walked.omitted_dangling,
            without_place: walked.has_place.iter().filter(|has| !**has).count(),
            checks,
            dangling,
            places_omitted: walked.omitted,
            files_read: walked.files,
            files_binary: walked.binary,
            files_too_long: walked.too_long,
            files_unread: walked.unread_count,
        }
    }

    /// How many ping URLs have a name that no check has.
    pub(super) fn dangling(&self) -> usize {
        self.dangling_count
    }

    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let json = serde_json::to_string_pretty(self).map_err(io::Error::from)?;
        writeln!(out, "{}", plain_json(&json))
    }

    pub(super) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for check in self.checks.iter().filter(|check| check.has_place) {
            writeln!(out, "{}", named(check))?;
            for place in &check.places {
                let by = if place.by == PlaceKind::FormerName { "  by a former name" } else { "" };
                writeln!(out, "  {}:{}{by}", plain(place.path), place.line)?;
            }
        }
        if self.without_place > 0 {
            writeln!(out, "\nno place has:")?;
            for check in self.checks.iter().filter(|check| !check.has_place) {
                writeln!(out, "  {}", named(check))?;
            }
        }
        if !self.dangling.is_empty() {
            writeln!(out, "\nno check has these names:")?;
            for DanglingName { path, line, name, guess } in &self.dangling {
                let guess = guess.map(|guess| format!("; did you mean `{guess}`?")).unwrap_or_default();
                writeln!(out, "  {}:{line}  /ping/{name}{guess}", plain(path))?;
            }
        }
        self.write_numbers(out)
    }

    fn write_numbers(&self, out: &mut dyn Write) -> io::Result<()> {
        let (checks, files) = (self.checks.len(), self.files_read);
        write!(out, "\n{checks} checks, {} without a place, in {files} files", self.without_place)?;
        let others = [
            (self.files_binary, "binary and not read"),
            (self.files_too_long, "longer than 1 MiB and not read"),
            (self.places_omitted, "places more than are shown"),
        ];
        for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(out, "; {count} {what}")?;
        }
        writeln!(out)
    }
}

/// `nightly-backup  x7kq2a`
fn named(check: &CheckPlaces<'_>) -> String {
    let reference = check.r#ref.map(|reference| format!("  {reference}")).unwrap_or_default();
    plain(&format!("{}{reference}", check.name))
}
