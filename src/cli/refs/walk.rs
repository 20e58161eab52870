//! The files that are read: those that no .gitignore names, each once, by all processors (24.3).

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::sought::Sought;
use super::text::{Finding, Meant, find};
use crate::config::Config;
use crate::core::check::Source;

/// The longest file that is read, in bytes.
const MAX_FILE_BYTES: usize = 1 << 20;
/// The most places that are kept; those beyond are counted.
const MAX_PLACES: usize = 200_000;
/// The most files that could not be read which are named.
const MAX_UNREAD: usize = 20;
/// The most threads that read.
const MAX_THREADS: usize = 16;

/// What was found, and what was read for it.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The findings of each file that has any, in the order of the paths.
    pub(super) found: Vec<(String, Vec<Finding>)>,
    /// Whether each of the checks that were sought has a place.
    pub(super) has_place: Vec<bool>,
    places: usize,
    /// Places that are not among those found, of checks and of names that no check has.
    pub(super) omitted: usize,
    pub(super) omitted_dangling: usize,
    pub(super) files: usize,
    pub(super) binary: usize,
    pub(super) too_long: usize,
    /// What could not be read, and why: the first ones.
    pub(super) unread: Vec<String>,
    pub(super) unread_count: usize,
}

/// The files that declare checks, in which a check's own ref is no place of it.
#[derive(Debug, Default)]
pub(super) struct Declaring {
    names: HashSet<OsString>,
    paths: HashSet<PathBuf>,
}

impl Declaring {
    pub(super) fn of(main: &Path, config: &Config) -> Declaring {
        let of_check = |source: &Source| match source {
            Source::File { path, .. } => Some(path.to_string()),
            Source::Api => None,
        };
        let shown: HashSet<String> =
            config.checks.iter().filter_map(|check| of_check(&check.source)).collect();
        let mut declaring = Declaring::default();
        for path in shown.iter().map(Path::new).chain([main]) {
            declaring.names.extend(path.file_name().map(OsString::from));
            declaring.paths.extend(path.canonicalize());
        }
        declaring
    }

    fn has(&self, path: &Path) -> bool {
        // Asking the system for each of many files would take longer than reading them.
        let may_be = path.file_name().is_some_and(|name| self.names.contains(name));
        may_be && path.canonicalize().is_ok_and(|path| self.paths.contains(&path))
    }
}

/// Reads all files below these paths.
pub(super) fn walk(paths: &[PathBuf], sought: &Sought, declaring: &Declaring) -> Walked {
    let has_place = vec![false; sought.checks.len()];
    let walked = Mutex::new(Walked { has_place, ..Walked::default() });
    if let Some(walker) = walker(paths) {
        walker.build_parallel().run(|| {
            let mut reader = FileReader { sought, declaring, walked: &walked, buffer: Vec::new() };
            Box::new(move |entry| {
                reader.visit(entry);
                WalkState::Continue
            })
        });
    }
    let mut walked = walked.into_inner().unwrap_or_else(PoisonError::into_inner);
    walked.found.sort();
    // A folder may be named twice, or below another.
    walked.found.dedup();
    walked
}

/// What .gitignore says holds also where there is no repository; `.git` itself is read by nobody.
fn walker(paths: &[PathBuf]) -> Option<WalkBuilder> {
    let (first, others) = paths.split_first()?;
    let mut builder = WalkBuilder::new(first);
    others.iter().for_each(|path| {
        builder.add(path);
    });
    let threads = available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    builder.standard_filters(false).git_ignore(true).parents(true).require_git(false).threads(threads);
    builder.filter_entry(|entry| entry.file_name() != ".git" || entry.depth() == 0);
    Some(builder)
}

struct FileReader<'w> {
    sought: &'w Sought,
    declaring: &'w Declaring,
    walked: &'w Mutex<Walked>,
    buffer: Vec<u8>,
}

impl FileReader<'_> {
    fn walked(&self) -> MutexGuard<'_, Walked> {
        self.walked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return self.walked().add_unread(error.to_string()),
        };
        // A pipe would be waited for, a device has no end, and what a link leads to stands elsewhere.
        if !entry.file_type().is_some_and(|kind| kind.is_file()) || self.declaring.has(entry.path()) {
            return;
        }
        let read = self.read(entry.path());
        let is_binary = self.buffer.contains(&0);
        let is_text = matches!(read, Ok(true)) && !is_binary;
        let findings = if is_text { find(&self.buffer, self.sought) } else { Vec::new() };
        let mut walked = self.walked();
        match read {
            Err(error) => walked.add_unread(format!("{}: {error}", entry.path().display())),
            Ok(false) => walked.too_long += 1,
            Ok(true) if is_binary => walked.binary += 1,
            Ok(true) => walked.add(entry.path(), findings),
        }
    }

    /// Reads a whole file; false: it is too long for that.
    fn read(&mut self, path: &Path) -> io::Result<bool> {
        let mut file = File::open(path)?;
        self.buffer.clear();
        (&mut file).take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut self.buffer)?;
        Ok(self.buffer.len() <= MAX_FILE_BYTES)
    }
}

impl Walked {
    fn add_unread(&mut self, why: String) {
        self.unread_count += 1;
        if self.unread.len() < MAX_UNREAD {
            self.unread.push(why);
        }
    }

    fn add(&mut self, path: &Path, mut findings: Vec<Finding>) {
        self.files += 1;
        if findings.is_empty() {
            return;
        }
        for finding in &findings {
            if let Meant::Check(check, _) = finding.what {
                self.has_place[check] = true;
            }
        }
        let left = MAX_PLACES - self.places;
        for finding in findings.drain(left.min(findings.len())..) {
            self.omitted += 1;
            self.omitted_dangling += usize::from(matches!(finding.what, Meant::Dangling(_)));
        }
        self.places += findings.len();
        if !findings.is_empty() {
            self.found
                .push((path.strip_prefix("./").unwrap_or(path).to_string_lossy().into_owned(), findings));
        }
    }
}
