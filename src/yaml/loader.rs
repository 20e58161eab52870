//! Files that are read: those with checks, and those that a key names, as secrets are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bumpalo::Bump;

use super::fault::{At, Log, quote};
use super::fields::Fields;
use super::inputs::{Digests, Inputs, MAX_FILE_BYTES, MAX_SECRET_BYTES, read_file};
use super::section::Vocabulary;
use super::tree::Node;
use super::{syntax, tree};
use crate::core::secret::Secret;

/// The total size of all files with checks, in bytes.
const MAX_TOTAL_BYTES: u64 = 1 << 30;
/// The longest secret, in bytes.
const MAX_SECRET_LINE_BYTES: usize = 4096;
/// The size of a usual file's tree, for each byte of its text.
const TREE_PER_BYTE: usize = 8;
/// The most regular expressions of a text that somebody has judged: each may take a megabyte.
const MAX_JUDGED_EXPRESSIONS: usize = 100;
/// The most actions of its responders: who is told is found out for each with each check.
const MAX_JUDGED_ACTIONS: usize = 1000;
/// The most items of a list of sections: receivers, Alertmanagers, ping keys, tokens.
const MAX_ITEMS: usize = 1000;

/// Where a text stands.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum TextPlace {
    File(PathBuf),
    /// The text itself.
    Here(String),
}

/// The state of a load.
pub(crate) struct Loader {
    /// Whether a key of this name may be shown wherever it stands.
    is_known: Arc<dyn Fn(&str) -> bool>,
    pub(crate) log: Log,
    pub(crate) inputs: Inputs,
    /// Every secret of one line that was read, whatever it is for.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) digests: Digests,
    /// Of the inputs, the certificates, keys and CAs of the server, which are read again by themselves.
    pub(crate) certificates: Inputs,
    /// The folder of the main file, to which the paths in it are relative.
    pub(crate) folder: PathBuf,
    bytes_read: u64,
    /// Whether commands may be run; if not, one in a file is a fault.
    pub(crate) allows_exec: bool,
    /// Whether a check could not be read. Then an unknown name may well exist.
    pub(crate) checks_missing: bool,
    /// What is judged was sent by somebody who may not see our files: none is read.
    judging: Option<Judging>,
}

/// A text that somebody has judged.
#[derive(Debug, Default)]
struct Judging {
    /// The keys that name files, each with its place.
    files: Vec<(At, String)>,
    expressions: usize,
    actions: usize,
}

impl Loader {
    /// Nothing is read yet.
    pub(crate) fn new(
        vocabulary: &'static Vocabulary,
        is_known: Arc<dyn Fn(&str) -> bool>,
        folder: &Path,
    ) -> Loader {
        Loader {
            is_known,
            log: Log::new(vocabulary),
            inputs: Inputs::default(),
            secrets: Vec::new(),
            digests: Digests::default(),
            certificates: Inputs::default(),
            folder: folder.to_owned(),
            bytes_read: 0,
            allows_exec: true,
            checks_missing: false,
            judging: None,
        }
    }

    /// From now on no file is read: it is judged what a text says that somebody has sent.
    pub(crate) fn read_no_files(&mut self) {
        self.judging = Some(Judging::default());
    }

    /// Whether a file that this key names is left unread, which is noted.
    pub(crate) fn leaves(&mut self, at: At, key: &str) -> bool {
        let Some(judging) = &mut self.judging else { return false };
        judging.files.push((at, key.to_owned()));
        true
    }

    /// Whether files are left unread.
    pub(crate) fn leaves_files(&self) -> bool {
        self.judging.is_some()
    }

    /// The keys that name files that were left unread.
    pub(crate) fn into_left(self) -> (Log, Vec<(At, String)>) {
        (self.log, self.judging.unwrap_or_default().files)
    }

    /// Whether one more regular expression may be compiled; else that is a fault.
    pub(crate) fn may_compile(&mut self, at: At) -> bool {
        let Some(judging) = &mut self.judging else { return true };
        judging.expressions += 1;
        let count = judging.expressions;
        self.is_judged_here(at, count, (MAX_JUDGED_EXPRESSIONS, "regular expressions"))
    }

    /// Whether one more action of a responder may be looked at; else that is a fault.
    pub(crate) fn may_act(&mut self, at: At) -> bool {
        let Some(judging) = &mut self.judging else { return true };
        judging.actions += 1;
        let count = judging.actions;
        self.is_judged_here(at, count, (MAX_JUDGED_ACTIONS, "actions of responders"))
    }

    /// The first that is too much is a fault, and the others need none.
    fn is_judged_here(&mut self, at: At, count: usize, (most, what): (usize, &str)) -> bool {
        if count == most + 1 {
            let message =
                format!("more than {most} {what} are not judged here: `punctual check-config` does");
            self.log.fault(at, message);
        }
        count <= most
    }

    pub(crate) fn file(&mut self, at: At, path: &Path) -> Option<Vec<u8>> {
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

    /// Parses a document and passes its root to `then`; `None` if nothing of it is readable. `wanted` is a key for one that is
    /// empty.
    pub(crate) fn document<T>(
        &mut self,
        at: At,
        (bytes, wanted): (&[u8], &str),
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
        let is_known = Arc::clone(&self.is_known);
        // In one piece: a large one is given back as a whole, and smaller ones are kept. What is not filled costs nothing, but
        // where the system promises no memory that it does not have: there it grows with the tree.
        let mut arena = Bump::try_with_capacity(TREE_PER_BYTE * text.len()).unwrap_or_default();
        let mut tree = tree::read(&arena, text, at.file, &[], &*is_known);
        let unquoted = if tree.faults.is_empty() { None } else { syntax::unquoted(text) };
        if let Some(unquoted) = &unquoted {
            for (line, column, message) in &unquoted.faults {
                self.log.fault(At { line: *line, column: *column, ..at }, message.clone());
            }
            drop(tree);
            arena.reset();
            tree = tree::read(&arena, &unquoted.text, at.file, &unquoted.starts, &*is_known);
        }
        let readable = tree.faults.is_empty();
        for (place, message) in tree.faults {
            self.log.fault(place, message);
        }
        self.checks_missing |= tree.cut_short;
        if readable && tree.root.as_ref().is_none_or(Node::is_null) {
            self.log.fault(at, format!("the file is empty; at least `{wanted}:` belongs in it"));
            return None;
        }
        then(self, tree.root.as_ref())
    }

    /// A secret, given in a file or in place. Both are a fault; in place is a warning if `matters` is set.
    pub(crate) fn secret(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        file_key: &str,
        matters: bool,
    ) -> Option<Secret> {
        let (used, place) = self.place(fields, key, file_key)?;
        if matters && used == key {
            let at = self.log.show(fields.at_value(key));
            self.log
                .warn(format!("{at}: `{key}` is a secret in place; `{file_key}` keeps it out of this file"));
        }
        let text = self.text_at(fields, used, &place).or_else(|| self.stand_in())?;
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
            _ => {
                let secret = Secret::new(text);
                self.secrets.push(secret.clone());
                return Some(secret);
            }
        };
        self.log.fault(fields.at_value(used), format!("the secret of `{used}` {problem}"));
        None
    }

    /// What stands in place of a secret whose file is left unread: unlike any other, and right in its form, so that all else is
    /// judged.
    fn stand_in(&self) -> Option<String> {
        self.judging.as_ref().map(|judging| format!("secret-of-unread-file-{}", judging.files.len()))
    }

    /// A secret that is required.
    pub(crate) fn required_secret(
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

    /// Where a text stands that is given in place, or in a file that another key names, and which key says so. Both are a fault.
    pub(crate) fn place<'k>(
        &mut self,
        fields: &Fields<'_>,
        key: &'k str,
        file_key: &'k str,
    ) -> Option<(&'k str, TextPlace)> {
        if fields.has(key) && fields.has(file_key) {
            self.log.fault(fields.at_key(key), format!("`{key}` and `{file_key}` exclude each other"));
            return None;
        }
        if fields.has(key) {
            return Some((key, TextPlace::Here(fields.scalar(&mut self.log, key)?.to_owned())));
        }
        Some((file_key, TextPlace::File(self.path(fields, file_key)?)))
    }

    fn path(&mut self, fields: &Fields<'_>, key: &str) -> Option<PathBuf> {
        let name = fields.scalar(&mut self.log, key)?;
        if name.is_empty() || name.contains('\0') {
            self.log.fault(fields.at_value(key), format!("`{key}` is the path of a file"));
            return None;
        }
        Some(self.folder.join(name))
    }

    /// The text at a place that `key` names. It may be a secret, so no part of it is ever shown.
    pub(crate) fn text_at(&mut self, fields: &Fields<'_>, key: &str, place: &TextPlace) -> Option<String> {
        let path = match place {
            TextPlace::Here(text) => return Some(text.clone()),
            TextPlace::File(path) => path,
        };
        if self.leaves(fields.at_value(key), key) {
            return None;
        }
        self.inputs.name(path, MAX_SECRET_BYTES);
        let read = read_file(path, MAX_SECRET_BYTES);
        self.digests.add(path, read.as_deref().ok());
        let text = read
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned()));
        let name = fields.scalar(&mut self.log, key)?;
        let fault =
            |reason| self.log.fault(fields.at_value(key), format!("`{key}` {}: {reason}", quote(name)));
        text.map_err(fault).ok()
    }

    /// The text of a file that a key names.
    pub(crate) fn file_text(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let place = TextPlace::File(self.path(fields, key)?);
        self.text_at(fields, key, &place)
    }

    /// The sections of a list, unless the list is too long.
    pub(crate) fn limited<'a>(&mut self, fields: &Fields<'a>, key: &str) -> Vec<Fields<'a>> {
        let sections = fields.sections(&mut self.log, key);
        if sections.len() > MAX_ITEMS {
            self.log.fault(fields.at_value(key), format!("`{key}` has at most {MAX_ITEMS} items"));
            return Vec::new();
        }
        sections
    }
}
