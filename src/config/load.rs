//! Reading all files: the main one, and those with checks that it names.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::alerting::alertmanagers;
use super::check::{self, Defaults, FileShared};
use super::exec_probe;
use super::keys::{self, DoorKeys, MAX_CHECKS};
use super::model::{Config, ReceiverPlaces};
use super::names::Names;
use super::query_probes::Askable;
use super::receivers::{Receivers, receivers};
use super::retention::retention;
use super::shown::main_file;
use super::times::Times;
use super::warnings;
use super::web::{Web, web};
use crate::core::alike::Alike;
use crate::core::check::Definition;
use crate::notify::email::smtp;
use crate::yaml::expand::{MAX_FILES, MAX_LOOKED_AT, NoMatches, expand};
use crate::yaml::fault::{At, Faults, quote, quote_path};
use crate::yaml::fields::Fields;
use crate::yaml::inputs::{Inputs, MAX_FILE_BYTES, read_file};
use crate::yaml::loader::Loader;

/// The longest pattern in `check_files`, in bytes. The number of patterns is bounded by that of a list of texts.
const MAX_PATTERN_BYTES: usize = 4096;

/// Where a configuration stands.
#[derive(Clone, Debug)]
pub struct ConfigFiles {
    /// The main file, which names the others.
    pub main: PathBuf,
    /// The file of `--web.config.file`, if there is one.
    pub web: Option<PathBuf>,
    /// Whether commands may be run.
    pub allow_exec: bool,
}

/// Loads and validates a main file without any of `--web.config.file`, for whoever runs nothing that it names unasked.
pub fn load(path: &Path, doors: &'static DoorKeys) -> Result<Config, Faults> {
    ConfigFiles { main: path.to_owned(), web: None, allow_exec: true }.load(doors)
}

impl ConfigFiles {
    /// Loads and validates the main file and everything that it names. Reports every fault of every file at once. `doors` are
    /// the interfaces of other systems that it may switch on.
    pub fn load(&self, doors: &'static DoorKeys) -> Result<Config, Faults> {
        let folder = self.main.parent().unwrap_or(Path::new(""));
        let mut loader = loader(folder, doors);
        loader.allows_exec = self.allow_exec;
        // People of that file may be named in the main one.
        let web = self.web.as_deref().map(|path| web(&mut loader, path).unwrap_or_default());
        let beside = Beside { main: &self.main, web, doors };
        match main(&mut loader, beside) {
            Some(config) if loader.log.count() == 0 => Ok(config),
            _ => {
                assert!(loader.log.count() > 0, "a configuration is refused for a reason");
                Err(loader.log.into_faults(loader.inputs, loader.certificates))
            }
        }
    }
}

/// One that knows our keys.
pub(super) fn loader(folder: &Path, doors: &'static DoorKeys) -> Loader {
    let is_known = move |name: &str| keys::is_key(name) || doors.section().key(name).is_some();
    Loader::new(&keys::VOCABULARY, Arc::new(is_known), folder)
}

/// What is known before the main file is read.
struct Beside<'a> {
    main: &'a Path,
    /// What the file of `--web.config.file` says, if there is one.
    web: Option<Web>,
    doors: &'static DoorKeys,
}

/// The checks of all files.
#[derive(Default)]
struct Checks {
    names: Names,
    times: Times,
    alike: Alike,
    definitions: Vec<Definition>,
    max_checks: usize,
    /// What checks may ask.
    askable: Askable,
    /// Whether a mail server is configured.
    can_mail: bool,
}

impl Checks {
    fn defaults(&mut self, loader: &mut Loader, fields: &Fields<'_>, outer: &Defaults) -> Defaults {
        match fields.map(&mut loader.log, "defaults") {
            Some(fields) => Defaults::read(&fields, outer, &mut self.times, &mut loader.log),
            None => outer.clone(),
        }
    }

    fn read(&mut self, loader: &mut Loader, fields: &Fields<'_>, shared: &FileShared) {
        let items = fields.items(&mut loader.log, "checks");
        let room = items.len().min(self.max_checks);
        self.definitions.reserve(room);
        self.names.reserve(room);
        for item in items {
            let Some(fields) = Fields::open(item, &keys::CHECK, &mut loader.log) else { continue };
            self.check(loader, &fields, shared);
        }
    }

    fn check(&mut self, loader: &mut Loader, fields: &Fields<'_>, shared: &FileShared) {
        let name = check::name(fields, &mut loader.log);
        loader.checks_missing |= name.is_none();
        if let Some(name) = &name {
            self.names.declare(name, fields.at_value("name"), &mut loader.log);
            if self.names.len() == self.max_checks + 1 {
                let message =
                    format!("there are more than {} checks; `max_checks` allows no more", self.max_checks);
                loader.log.fault(fields.at, message);
            }
        }
        if fields.has("emails") && !self.can_mail {
            loader.log.fault(fields.at_key("emails"), "mail needs the section `smtp`, which is missing");
        }
        self.askable.check(fields, &mut loader.log);
        exec_probe::check(fields, loader);
        // A check without a valid name is still read for its other faults.
        let name = name.unwrap_or_else(check::nameless);
        let read = check::definition(fields, name, shared, &mut self.times, &mut loader.log);
        if let Some((mut check, mentions)) = read {
            self.names.mention(&check.name, mentions);
            if let Some(reference) = check.reference {
                self.names.set_ref(reference, fields.at_value("ref"), &mut loader.log);
            }
            self.alike.share(&mut check);
            self.definitions.push(check);
        }
    }
}

fn main(loader: &mut Loader, beside: Beside<'_>) -> Option<Config> {
    let path = beside.main;
    loader.inputs.name(path, MAX_FILE_BYTES);
    let at = loader.log.file(&path.to_string_lossy());
    let bytes = loader.file(at, path)?;
    document(loader, at, &bytes, beside)
}

/// Reads the text of a main file that somebody has sent, and no file.
pub(super) fn text(
    loader: &mut Loader,
    name: &str,
    bytes: &[u8],
    doors: &'static DoorKeys,
) -> Option<Config> {
    let at = loader.log.file(name);
    document(loader, at, bytes, Beside { main: Path::new(name), web: None, doors })
}

fn document(loader: &mut Loader, at: At, bytes: &[u8], beside: Beside<'_>) -> Option<Config> {
    loader.document(at, (bytes, "checks"), |loader, root| {
        let main = Fields::open(root?, &keys::MAIN, &mut loader.log)?;
        let mut checks = Checks::default();
        let doors = beside.doors;
        let mut config = sections(loader, &mut checks, &main, beside);
        config.shown = main_file(root?, doors).into();
        Some(finish(loader, &checks, config))
    })
}

/// Reads everything in the main file, and the files with checks that it names.
fn sections(loader: &mut Loader, checks: &mut Checks, main: &Fields<'_>, beside: Beside<'_>) -> Config {
    let Beside { main: path, web, doors } = beside;
    let max_checks = main.whole(&mut loader.log, "max_checks").and_then(|max| usize::try_from(max).ok());
    checks.max_checks = max_checks.unwrap_or(MAX_CHECKS);
    checks.can_mail = main.has("smtp");
    let smtp = smtp(loader, main);
    let auth = loader.auth(main, web.as_ref());
    let compat = loader.compat(main, &auth, doors);
    let alertmanagers = alertmanagers(loader, main);
    let (prometheuses, databases) = checks.askable.read(loader, main);
    let mut receivers = receivers(loader, main);
    let policy = loader.policy(main, &mut receivers);
    let Receivers { list: receivers, places, .. } = receivers;
    let retention = retention(loader, main);
    let defaults = checks.defaults(loader, main, &Defaults::default());
    let shared = FileShared {
        path: quote_path(&path.to_string_lossy()).into(),
        defaults: defaults.clone(),
        ..FileShared::default()
    };
    checks.read(loader, main, &shared);
    check_files(loader, checks, main, path, &defaults);
    Config {
        smtp,
        alertmanagers,
        prometheuses,
        databases,
        allows_exec: loader.allows_exec,
        receivers,
        ping_keys: auth.ping_keys,
        ping_keys_required: auth.ping_keys_required,
        tokens: auth.tokens,
        people: auth.people,
        proxy: auth.proxy,
        openness: auth.openness,
        web: web.unwrap_or_default(),
        compat,
        policy,
        retention,
        zone: defaults.zone(),
        checks: std::mem::take(&mut checks.definitions),
        max_checks: checks.max_checks,
        secrets: std::mem::take(&mut loader.secrets),
        shown: Arc::default(),
        warnings: Vec::new(),
        inputs: Inputs::default(),
        certificates: loader.certificates.clone(),
        rest_hash: loader.digests.hash_without(&loader.certificates),
        content_hash: std::mem::take(&mut loader.digests).hash(),
        places: ReceiverPlaces(places),
    }
}

/// Checks what can only be judged once everything is known.
fn finish(loader: &mut Loader, checks: &Checks, mut config: Config) -> Config {
    checks.names.check(!loader.checks_missing, &mut loader.log);
    if loader.log.count() == 0 {
        warnings::of(&config, &checks.times, &mut loader.log);
    }
    config.warnings = std::mem::take(&mut loader.log.warnings);
    config.inputs = loader.inputs.clone();
    config
}

fn check_files(
    loader: &mut Loader,
    checks: &mut Checks,
    main: &Fields<'_>,
    main_path: &Path,
    defaults: &Defaults,
) {
    let patterns = main.texts(&mut loader.log, "check_files");
    if loader.leaves_files() {
        loader.checks_missing |= !patterns.is_empty();
        for (at, _) in patterns {
            loader.leaves(at, "check_files");
        }
        return;
    }
    let mut seen: HashSet<PathBuf> = HashSet::from([identity(main_path)]);
    let mut left = MAX_LOOKED_AT;
    for (at, pattern) in patterns {
        for path in matches(loader, at, pattern, &mut left) {
            // Two patterns may match one file, and `*.yaml` may match the main file.
            if !seen.insert(identity(&path)) {
                loader.digests.add(&path, read_file(&path, MAX_FILE_BYTES).as_deref().ok());
                continue;
            }
            if seen.len() > MAX_FILES {
                loader.log.fault(at, format!("`check_files` name more than {MAX_FILES} files"));
                return;
            }
            check_file(loader, checks, &path, defaults);
        }
    }
}

/// The matches of a pattern. No match is a fault: moving a folder must not remove its checks (10.4). `left` is how
/// many more files may be looked at.
fn matches(loader: &mut Loader, at: At, pattern: &str, left: &mut usize) -> Vec<PathBuf> {
    if pattern.len() > MAX_PATTERN_BYTES || pattern.contains(char::is_control) {
        loader.log.fault(at, format!("a pattern is one line of at most {MAX_PATTERN_BYTES} bytes"));
        return Vec::new();
    }
    let folder = glob::Pattern::escape(&loader.folder.to_string_lossy());
    let full = Path::new(&folder).join(pattern).to_string_lossy().into_owned();
    loader.inputs.pattern(&full);
    match expand(&full, left) {
        Err(NoMatches::NoPattern(reason)) => {
            loader.log.fault(at, format!("{} is no pattern: {reason}", quote(pattern)));
        }
        Err(NoMatches::TooMuch) => {
            let message = format!(
                "{}: `check_files` look at more than {MAX_LOOKED_AT} files and folders: name the folders of the checks",
                quote(pattern)
            );
            loader.log.fault(at, message);
        }
        Ok(paths) if paths.is_empty() => {
            let message =
                format!("no file matches {}; it is relative to the folder of this file", quote(pattern));
            loader.log.fault(at, message);
        }
        Ok(paths) => return paths,
    }
    loader.checks_missing = true;
    Vec::new()
}

fn check_file(loader: &mut Loader, checks: &mut Checks, path: &Path, defaults: &Defaults) {
    let shown = path.to_string_lossy();
    let at = loader.log.file(&shown);
    let Some(bytes) = loader.file(at, path) else { return };
    loader.document(at, (&bytes[..], "checks"), |loader, root| {
        let fields = Fields::open(root?, &keys::CHECK_FILE, &mut loader.log)?;
        let shared = FileShared {
            path: quote_path(&shown).into(),
            group: fields.text(&mut loader.log, "group").unwrap_or_default().into(),
            labels: fields.labels(&mut loader.log, "labels"),
            defaults: checks.defaults(loader, &fields, defaults),
        };
        checks.read(loader, &fields, &shared);
        Some(())
    });
}

/// The canonical path, which is equal for different paths to one file.
fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
