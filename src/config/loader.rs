//! Reads all files: the main file, the files that it names, and its secrets.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::check::{self, Defaults, FileShared};
use super::expand::{MAX_FILES, MAX_LOOKED_AT, NoMatches, expand};
use super::fault::{At, Faults, Log, quote, quote_path};
use super::fields::Fields;
use super::inputs::{Digests, Inputs, MAX_FILE_BYTES, MAX_SECRET_BYTES, read_file};
use super::keys::{self, MAX_CHECKS};
use super::model::{Config, Place};
use super::names::Names;
use super::times::Times;
use super::tree::Node;
use super::{syntax, tree, warnings};
use crate::core::check::Definition;
use crate::core::route::ReceiverName;
use crate::core::secret::Secret;

/// The total size of all files with checks, in bytes.
const MAX_TOTAL_BYTES: u64 = 1 << 30;
/// The longest secret, in bytes.
const MAX_SECRET_LINE_BYTES: usize = 4096;
/// The longest pattern in `check_files`, in bytes. The number of patterns is bounded by that of a list of texts.
const MAX_PATTERN_BYTES: usize = 4096;

/// Loads and validates the main file and everything that it names. Reports every fault of every file at once.
pub fn load(path: &Path) -> Result<Config, Faults> {
    let mut loader = Loader::default();
    match loader.main(path) {
        Some(config) if loader.log.count() == 0 => Ok(config),
        _ => {
            assert!(loader.log.count() > 0, "a configuration is refused for a reason");
            Err(loader.log.into_faults(loader.inputs))
        }
    }
}

/// The state of a load.
#[derive(Default)]
pub(super) struct Loader {
    pub(super) log: Log,
    inputs: Inputs,
    digests: Digests,
    /// The folder of the main file, to which the paths in it are relative.
    folder: PathBuf,
    bytes_read: u64,
    /// Whether a check could not be read. Then an unknown name may well exist.
    checks_missing: bool,
    names: Names,
    times: Times,
    checks: Vec<Definition>,
    max_checks: usize,
    /// Whether a mail server is configured.
    can_mail: bool,
    pub(super) places: BTreeMap<ReceiverName, Place>,
}

impl Loader {
    fn main(&mut self, path: &Path) -> Option<Config> {
        self.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        self.inputs.name(path, MAX_FILE_BYTES);
        let shown = path.to_string_lossy();
        let at = self.log.file(&shown);
        let bytes = self.file(at, path)?;
        self.document(at, &bytes, |loader, root| {
            let main = Fields::open(root?, &keys::MAIN, &mut loader.log)?;
            let config = loader.sections(&main, path)?;
            Some(loader.finish(config))
        })
    }

    /// Reads everything in the main file, and the files with checks that it names.
    fn sections(&mut self, main: &Fields<'_>, path: &Path) -> Option<Config> {
        let max_checks = main.whole(&mut self.log, "max_checks").and_then(|max| usize::try_from(max).ok());
        self.max_checks = max_checks.unwrap_or(MAX_CHECKS);
        self.can_mail = main.has("smtp");
        let smtp = self.smtp(main);
        let auth = self.auth(main);
        let compat = self.compat(main, &auth);
        let alertmanagers = self.alertmanagers(main);
        let (receivers, policies) = self.receivers(main);
        let policy = self.policy(main, policies);
        let retention = self.retention(main);
        let defaults = self.defaults(main, &Defaults::default());
        let shared = FileShared {
            path: quote_path(&path.to_string_lossy()),
            defaults: defaults.clone(),
            ..FileShared::default()
        };
        self.checks(main, &shared);
        self.check_files(main, path, &defaults);
        Some(Config {
            smtp,
            alertmanagers,
            receivers,
            ping_keys: auth.ping_keys,
            ping_keys_required: auth.ping_keys_required,
            tokens: auth.tokens,
            compat,
            policy,
            retention,
            checks: std::mem::take(&mut self.checks),
            max_checks: self.max_checks,
            warnings: Vec::new(),
            inputs: Inputs::default(),
            content_hash: std::mem::take(&mut self.digests).hash(),
            places: std::mem::take(&mut self.places),
        })
    }

    /// Checks what can only be judged once everything is known.
    fn finish(&mut self, mut config: Config) -> Config {
        self.names.check(!self.checks_missing, &mut self.log);
        if self.log.count() == 0 {
            warnings::of(&config, &self.times, &mut self.log);
        }
        config.warnings = std::mem::take(&mut self.log.warnings);
        config.inputs = self.inputs.clone();
        config
    }

    fn defaults(&mut self, fields: &Fields<'_>, outer: &Defaults) -> Defaults {
        match fields.map(&mut self.log, "defaults") {
            Some(fields) => Defaults::read(&fields, outer, &mut self.times, &mut self.log),
            None => outer.clone(),
        }
    }

    fn checks(&mut self, fields: &Fields<'_>, shared: &FileShared) {
        let items = fields.items(&mut self.log, "checks");
        self.checks.reserve(items.len());
        for item in items {
            let Some(fields) = Fields::open(item, &keys::CHECK, &mut self.log) else { continue };
            self.check(&fields, shared);
        }
    }

    fn check(&mut self, fields: &Fields<'_>, shared: &FileShared) {
        let name = check::name(fields, &mut self.log);
        self.checks_missing |= name.is_none();
        if let Some(name) = &name {
            self.names.declare(name, fields.at_value("name"), &mut self.log);
            if self.names.len() == self.max_checks + 1 {
                let message =
                    format!("there are more than {} checks; `max_checks` allows no more", self.max_checks);
                self.log.fault(fields.at, message);
            }
        }
        if fields.has("emails") && !self.can_mail {
            self.log.fault(fields.at_key("emails"), "mail needs the section `smtp`, which is missing");
        }
        // A check without a valid name is still read for its other faults.
        let name = name.unwrap_or_else(check::nameless);
        let read = check::definition(fields, name, shared, &mut self.times, &mut self.log);
        if let Some((check, mentions)) = read {
            self.names.mention(&check.name, mentions);
            self.checks.push(check);
        }
    }

    fn check_files(&mut self, main: &Fields<'_>, main_path: &Path, defaults: &Defaults) {
        let mut seen: HashSet<PathBuf> = HashSet::from([identity(main_path)]);
        let mut left = MAX_LOOKED_AT;
        for (at, pattern) in main.texts(&mut self.log, "check_files") {
            for path in self.matches(at, pattern, &mut left) {
                // Two patterns may match one file, and `*.yaml` may match the main file.
                if !seen.insert(identity(&path)) {
                    self.digests.add(&path, read_file(&path, MAX_FILE_BYTES).as_deref().ok());
                    continue;
                }
                if seen.len() > MAX_FILES {
                    self.log.fault(at, format!("`check_files` name more than {MAX_FILES} files"));
                    return;
                }
                self.check_file(&path, defaults);
            }
        }
    }

    /// The matches of a pattern. No match is a fault: moving a folder must not remove its checks (10.4). `left` is how
    /// many more files may be looked at.
    fn matches(&mut self, at: At, pattern: &str, left: &mut usize) -> Vec<PathBuf> {
        if pattern.len() > MAX_PATTERN_BYTES || pattern.contains(char::is_control) {
            self.log.fault(at, format!("a pattern is one line of at most {MAX_PATTERN_BYTES} bytes"));
            return Vec::new();
        }
        let folder = glob::Pattern::escape(&self.folder.to_string_lossy());
        let full = Path::new(&folder).join(pattern).to_string_lossy().into_owned();
        self.inputs.pattern(&full);
        match expand(&full, left) {
            Err(NoMatches::NoPattern(reason)) => {
                self.log.fault(at, format!("{} is no pattern: {reason}", quote(pattern)));
            }
            Err(NoMatches::TooMuch) => {
                let message = format!(
                    "{}: `check_files` look at more than {MAX_LOOKED_AT} files and folders: name the folders of the checks",
                    quote(pattern)
                );
                self.log.fault(at, message);
            }
            Ok(paths) if paths.is_empty() => {
                let message =
                    format!("no file matches {}; it is relative to the folder of this file", quote(pattern));
                self.log.fault(at, message);
            }
            Ok(paths) => return paths,
        }
        self.checks_missing = true;
        Vec::new()
    }

    fn check_file(&mut self, path: &Path, defaults: &Defaults) {
        let shown = path.to_string_lossy();
        let at = self.log.file(&shown);
        let Some(bytes) = self.file(at, path) else { return };
        self.document(at, &bytes, |loader, root| {
            let fields = Fields::open(root?, &keys::CHECK_FILE, &mut loader.log)?;
            let shared = FileShared {
                path: quote_path(&shown),
                group: fields.text(&mut loader.log, "group").unwrap_or_default().to_owned(),
                labels: fields.labels(&mut loader.log, "labels"),
                defaults: loader.defaults(&fields, defaults),
            };
            loader.checks(&fields, &shared);
            Some(())
        });
    }

    fn file(&mut self, at: At, path: &Path) -> Option<Vec<u8>> {
        let read = read_file(path, MAX_FILE_BYTES);
        self.digests.add(path, read.as_deref().ok());
        let read = read.and_then(|bytes| {
            self.bytes_read += bytes.len() as u64;
            match self.bytes_read <= MAX_TOTAL_BYTES {
                true => Ok(bytes),
                false => Err(format!("all files together have more than {MAX_TOTAL_BYTES} bytes")),
            }
        });
        self.checks_missing |= read.is_err();
        read.map_err(|reason| self.log.fault(at, reason)).ok()
    }

    /// Parses a document and passes its root to `then`; `None` if nothing of it is readable.
    fn document<T>(
        &mut self,
        at: At,
        bytes: &[u8],
        then: impl FnOnce(&mut Loader, Option<&Node<'_>>) -> Option<T>,
    ) -> Option<T> {
        let text = match syntax::not_text(bytes) {
            Ok(text) => text,
            Err((line, column, message)) => {
                self.checks_missing = true;
                self.log.fault(At { line, column, ..at }, message);
                return None;
            }
        };
        let mut tree = tree::read(text, at.file, &[]);
        let unquoted = if tree.faults.is_empty() { None } else { syntax::unquoted(text) };
        if let Some(unquoted) = &unquoted {
            for (line, column, message) in &unquoted.faults {
                self.log.fault(At { line: *line, column: *column, ..at }, message.clone());
            }
            tree = tree::read(&unquoted.text, at.file, &unquoted.starts);
        }
        let readable = tree.faults.is_empty();
        for (place, message) in tree.faults {
            self.log.fault(place, message);
        }
        self.checks_missing |= tree.cut_short;
        if readable && tree.root.as_ref().is_none_or(Node::is_null) {
            self.log.fault(at, "the file is empty; at least `checks:` belongs in it");
            return None;
        }
        then(self, tree.root.as_ref())
    }

    /// A secret, given in a file or in place. Both are a fault; in place is a warning if `matters` is set.
    pub(super) fn secret(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        file_key: &str,
        matters: bool,
    ) -> Option<Secret> {
        if fields.has(key) && fields.has(file_key) {
            self.log.fault(fields.at_key(key), format!("`{key}` and `{file_key}` exclude each other"));
            return None;
        }
        let (used, text) = if fields.has(key) {
            let place = self.log.show(fields.at_value(key));
            if matters {
                self.log.warn(format!(
                    "{place}: `{key}` is a secret in place; `{file_key}` keeps it out of this file"
                ));
            }
            (key, fields.scalar(&mut self.log, key)?.to_owned())
        } else {
            (file_key, self.file_text(fields, file_key)?)
        };
        let text = text.trim_end_matches(['\r', '\n']);
        let problem = match text {
            "" => "is empty",
            _ if text.starts_with('\u{feff}') => {
                "begins with a byte order mark, as Windows' editors write it: save the file without one"
            }
            _ if text.contains(char::is_control) => {
                "has more than one line, or control characters; it is one line"
            }
            _ if text.len() > MAX_SECRET_LINE_BYTES => "is longer than 4096 bytes",
            _ => return Some(Secret::new(text)),
        };
        self.log.fault(fields.at_value(used), format!("the secret of `{used}` {problem}"));
        None
    }

    /// A secret that is required.
    pub(super) fn required_secret(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        file_key: &str,
        matters: bool,
    ) -> Option<Secret> {
        if !fields.has(key) && !fields.has(file_key) {
            self.log.fault(fields.at, format!("`{file_key}` is missing (or `{key}`, in place)"));
            return None;
        }
        self.secret(fields, key, file_key, matters)
    }

    /// The text of a file that a key names. It may be a secret, so no part of it is ever shown.
    pub(super) fn file_text(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let name = fields.scalar(&mut self.log, key)?;
        let at = fields.at_value(key);
        if name.is_empty() || name.contains('\0') {
            self.log.fault(at, format!("`{key}` is the path of a file"));
            return None;
        }
        let path = self.folder.join(name);
        self.inputs.name(&path, MAX_SECRET_BYTES);
        let read = read_file(&path, MAX_SECRET_BYTES);
        self.digests.add(&path, read.as_deref().ok());
        let text = read
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned()));
        text.map_err(|reason| self.log.fault(at, format!("`{key}` {}: {reason}", quote(name)))).ok()
    }
}

/// The canonical path, which is equal for different paths to one file.
fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
