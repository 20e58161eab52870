//! `punctual import SYSTEM FILE…`: checks of another system's server become checks here. What its files say, its door
//! knows. Nobody is alerted by it, and nothing is kept without `--apply`.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::failure::Failure;
use super::flags::{Output, StorageFolder, who_asks};
use crate::clock::Clock;
use crate::compat::{Carried, DOOR_KEYS, DOORS, Door, DoorDocument, MAX_DOCUMENTS, NotCarried, origins};
use crate::config;
use crate::core::time::Time;
use crate::store::live::Directory;
use crate::store::sqlite::SqliteStore;
use crate::store::{Edit, NewCheck, Store};

/// The largest file.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// What to import, and where to.
#[derive(clap::Args, Debug)]
pub(super) struct ImportArgs {
    /// The system that they come from
    #[arg(value_parser = door_names())]
    from: &'static dyn Door,
    /// Its collection as mongoexport writes it, or saved answers of `list?verbose=true`; or coal-mine.ini,
    /// which is printed as YAML for punctual
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Do it, with the server stopped; without this it is only said what would be done
    #[arg(long)]
    apply: bool,
    /// How it is said
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    storage: StorageFolder,
    /// The server's configuration: not more than its `max_checks` are imported
    #[arg(long = "config.file", env = "PUNCTUAL_CONFIG_FILE", value_name = "FILE")]
    config_file: Option<PathBuf>,
}

/// A door by the first part of its paths: `coal-mine`.
fn name_of(door: &dyn Door) -> &'static str {
    door.prefix().trim_matches('/')
}

fn door_names() -> impl TypedValueParser<Value = &'static dyn Door> {
    let shown = move |door: &&'static dyn Door| {
        let (first, rest) = door.nouns().1.split_at(1);
        PossibleValue::new(name_of(*door)).help(first.to_uppercase() + rest)
    };
    let parser = PossibleValuesParser::new(DOORS.iter().map(shown));
    parser.map(move |given| {
        *DOORS.iter().find(|door| name_of(**door) == given).expect("these names are possible alone")
    })
}

/// What becomes of one document.
#[derive(Debug, Serialize)]
struct ImportOutcome {
    file: String,
    /// Counted from 1.
    line: usize,
    id: String,
    name: String,
    /// Why it is not imported; null if it is.
    refused: Option<String>,
    /// What of it is not carried over.
    lost: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    /// Whether it was done.
    applied: bool,
    /// A server holds the folder: what it has already was not looked at.
    server_is_running: bool,
    imported: usize,
    refused: usize,
    /// How many of those are not even read: then nothing is imported.
    unreadable: usize,
    canaries: Vec<ImportOutcome>,
}

/// Writes what would be done, and does it if that is wanted.
pub(super) fn main(args: &ImportArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let system = args.from;
    let is_ini = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "ini");
    if args.files.iter().any(is_ini) {
        return print_ini(args, system, out);
    }
    let max_checks = max_checks(args.config_file.as_deref())?;
    let opened = open(args)?;
    let directory = opened.store().map_or_else(Default::default, |store| store.live().directory());
    let now = Clock::new().now();
    let Found { canaries, new, unreadable } = read_all(&args.files, system, &directory, now)?;
    check_count(directory.checks.len(), new.len(), max_checks)?;
    let report = Report {
        applied: args.apply && unreadable == 0,
        server_is_running: matches!(opened, Opened::Held),
        imported: new.len(),
        refused: canaries.len() - new.len(),
        unreadable,
        canaries,
    };
    if let (true, Opened::Ours(mut store)) = (report.applied, opened) {
        let edits = new.into_iter().map(|new| Edit::Create(Box::new(new))).collect();
        store
            .edit_all(edits, &format!("an import by {}", who_asks()), now)
            .map_err(|refused| not_stored(&report, &refused))?;
    }
    match args.output {
        Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        Output::Text => report.write(system, out)?,
    }
    let all = report.canaries.len();
    match (report.unreadable, report.refused) {
        (0, 0) => Ok(()),
        (0, refused) => Err(Failure(format!("punctual: {refused} of {all} cannot be imported"))),
        (unreadable, _) => Err(Failure(format!(
            "punctual: nothing was imported: {unreadable} of {all} cannot be read: mend them, or take them out"
        ))),
    }
}

/// How many checks the server may have; without its configuration, as many as where it says nothing.
fn max_checks(config_file: Option<&Path>) -> Result<usize, Failure> {
    match config_file.filter(|file| !file.as_os_str().is_empty()) {
        Some(file) => {
            let config = config::load(file, &DOOR_KEYS).map_err(|faults| Failure(faults.to_string()))?;
            Ok(config.max_checks)
        }
        None => Ok(config::MAX_CHECKS),
    }
}

/// Too many are refused before anything is kept.
fn check_count(known: usize, new: usize, max_checks: usize) -> Result<(), Failure> {
    if known.saturating_add(new) <= max_checks {
        return Ok(());
    }
    Err(Failure(format!(
        "punctual: nothing was imported: {known} checks are there and {new} would come, and `max_checks` allows {max_checks}: \
         delete some, or allow more in the configuration"
    )))
}

fn print_ini(args: &ImportArgs, system: &'static dyn Door, out: &mut dyn Write) -> Result<(), Failure> {
    let [path] = args.files.as_slice() else {
        return Err(Failure("punctual: give an .ini file by itself".to_owned()));
    };
    let reader = system.configuration().filter(|_| !args.apply && args.output == Output::Text);
    let Some(in_our_words) = reader else {
        let readable = DOORS.iter().filter(|door| door.configuration().is_some());
        let whose = readable.map(|door| format!("{}'s", name_of(*door))).collect::<Vec<_>>().join(" or ");
        let why = format!("only {whose} .ini is read; it is printed as YAML, and nothing is applied");
        return Err(Failure(format!("punctual: {why}")));
    };
    let yaml = read_file(path).and_then(|text| in_our_words(&text));
    let yaml = yaml.map_err(|why| Failure(format!("punctual: {}: {why}", path.display())))?;
    Ok(write!(out, "{yaml}")?)
}

fn not_stored(report: &Report, refused: &crate::store::RefusedEdit) -> Failure {
    let mut taken = report.canaries.iter().filter(|outcome| outcome.refused.is_none());
    let id = taken.nth(refused.index).map_or("", |outcome| &outcome.id);
    Failure(format!("punctual: nothing was imported: {id}: {}", refused.error))
}

/// The database, if it can be had.
enum Opened {
    Ours(Box<SqliteStore>),
    /// There is none, and none is made for nothing.
    Missing,
    /// A server has it.
    Held,
}

impl Opened {
    fn store(&self) -> Option<&SqliteStore> {
        match self {
            Opened::Ours(store) => Some(store),
            Opened::Missing | Opened::Held => None,
        }
    }
}

fn open(args: &ImportArgs) -> Result<Opened, Failure> {
    let folder = &args.storage.storage_path;
    if !args.apply && !folder.join("punctual.db").exists() {
        return Ok(Opened::Missing);
    }
    match SqliteStore::open_unless_held(folder)? {
        Some(store) => Ok(Opened::Ours(Box::new(store.knowing(origins())))),
        None if args.apply => Err(Failure(format!(
            "punctual: a server is running on {}: stop it, import, and start it again",
            folder.display()
        ))),
        None => Ok(Opened::Held),
    }
}

/// What the files hold.
struct Found {
    canaries: Vec<ImportOutcome>,
    new: Vec<NewCheck>,
    unreadable: usize,
}

fn read_all(
    files: &[PathBuf],
    system: &'static dyn Door,
    directory: &Directory,
    now: Time,
) -> Result<Found, Failure> {
    let mut taken = Taken { directory, ids: HashSet::new(), slugs: HashSet::new() };
    let mut all = Found { canaries: Vec::new(), new: Vec::new(), unreadable: 0 };
    for path in files {
        let file = path.display().to_string();
        let bad = |why: String| Failure(format!("punctual: {file}: {why}"));
        let text = read_file(path).map_err(bad)?;
        for DoorDocument { line, id, name, carried } in system.documents(&text, now).map_err(bad)? {
            let mut outcome =
                ImportOutcome { file: file.clone(), line, id, name, refused: None, lost: Vec::new() };
            let is_free = |carried: Carried| match taken.take(&carried.new) {
                Ok(()) => Ok(carried),
                Err(why) => Err(NotCarried::Refused(why)),
            };
            match carried.and_then(is_free) {
                Ok(Carried { new, lost }) => {
                    outcome.lost = lost;
                    all.new.push(new);
                }
                Err(NotCarried::Unreadable(why)) => {
                    all.unreadable += 1;
                    outcome.refused = Some(why);
                }
                Err(NotCarried::Refused(why)) => outcome.refused = Some(why),
            }
            all.canaries.push(outcome);
        }
        if all.canaries.len() > MAX_DOCUMENTS {
            return Err(bad(format!("more than {} in all: import them in parts", MAX_DOCUMENTS)));
        }
    }
    Ok(all)
}

fn read_file(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("it has more than {} MiB: import it in parts", MAX_FILE_BYTES >> 20));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        format!("line {line}: this is not UTF-8")
    })
}

/// Ids and slugs that are somebody's.
struct Taken<'a> {
    directory: &'a Directory,
    ids: HashSet<String>,
    slugs: HashSet<String>,
}

impl Taken<'_> {
    fn take(&mut self, new: &NewCheck) -> Result<(), String> {
        let Some(canary) = &new.definition.alias else {
            return Err("it has no id by which its users know it".to_owned());
        };
        if self.directory.by_alias.contains_key(&canary.id) {
            return Err("its id is here already: was it imported before?".to_owned());
        }
        if self.directory.by_slug(&canary.origin, &canary.slug).is_some() {
            return Err(format!("another one here has the slug `{}` already", canary.slug));
        }
        if self.ids.contains(&canary.id) {
            return Err("another one before it has this id".to_owned());
        }
        if !self.slugs.insert(canary.slug.clone()) {
            return Err(format!("another one before it has the slug `{}`", canary.slug));
        }
        self.ids.insert(canary.id.clone());
        Ok(())
    }
}

impl Report {
    fn write(&self, system: &'static dyn Door, out: &mut dyn Write) -> io::Result<()> {
        for ImportOutcome { file, line, id, name, refused, lost } in &self.canaries {
            let (id, name) = (id.escape_debug().to_string(), name.escape_debug().to_string());
            match refused {
                Some(why) if id.is_empty() && name.is_empty() => writeln!(out, "{file}:{line}: NOT: {why}")?,
                Some(why) => writeln!(out, "{file}:{line}: NOT {id} \"{name}\": {why}")?,
                None => writeln!(out, "{file}:{line}: {id} \"{name}\"")?,
            }
            for lost in lost {
                writeln!(out, "    {lost}")?;
            }
        }
        if self.server_is_running {
            writeln!(out, "a server is running: what it has already was not looked at; stop it for --apply")?;
        }
        let what = if self.imported == 1 { system.nouns().0 } else { system.nouns().1 };
        let did = match (self.applied, self.unreadable) {
            (true, _) => "imported",
            (false, 0) => "would import (do it with --apply)",
            (false, _) => "could import, if all could be read",
        };
        writeln!(out, "{did}: {} {what}; cannot import: {}", self.imported, self.refused)
    }
}
