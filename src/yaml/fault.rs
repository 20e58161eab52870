//! Faults: what is wrong, where, and what would be right. All are collected before any is reported.

use std::fmt;
use std::sync::Arc;

use strsim::osa_distance;

use super::inputs::Inputs;
use super::section::Vocabulary;
use crate::core::text::escaped;

/// Further faults are counted, but not kept.
const MAX_FAULTS: usize = 1000;
/// How many characters of a user's text are shown.
const MAX_SHOWN_CHARS: usize = 60;

/// A warning about something valid that will disappoint: one line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub String);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in one of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At {
    /// The number of the file in [`Log`].
    pub(crate) file: u32,
    /// Counted from 1; 0: the file as a whole.
    pub(crate) line: u32,
    /// Counted from 1, in characters; 0 if `line` is 0.
    pub(crate) column: u32,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file's name, as it was given.
    pub file: Arc<str>,
    /// Counted from 1; 0: the file as a whole.
    pub line: u32,
    /// Counted from 1, in characters; 0 if `line` is 0.
    pub column: u32,
    /// What is wrong and what would be right. One line, without secrets.
    pub message: String,
}

/// `file:line:column: message`, as compilers write it.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}:{}: {}", self.file, self.column, self.message),
        }
    }
}

/// Why a configuration was not loaded: every fault of every file, up to a thousand.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Faults {
    /// In the order of the files and lines; never empty.
    pub list: Vec<Fault>,
    /// How many more there are.
    pub omitted: usize,
    /// The files that were read. When they change, it is worth trying again.
    pub inputs: Inputs,
    /// Of these, the server's certificates, keys and CAs. In a box: an error is moved through many hands.
    pub certificates: Box<Inputs>,
}

/// One fault a line.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.list.iter().enumerate() {
            let end = if i + 1 < self.list.len() { "\n" } else { "" };
            write!(f, "{fault}{end}")?;
        }
        match self.omitted {
            0 => Ok(()),
            omitted => write!(f, "\nand {omitted} more faults"),
        }
    }
}

/// Collects faults and warnings while files are read.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) vocabulary: &'static Vocabulary,
    files: Vec<Arc<str>>,
    faults: Vec<(At, String)>,
    omitted: usize,
    /// In the order in which they were found.
    pub(crate) warnings: Vec<Warning>,
}

impl Log {
    pub(crate) fn new(vocabulary: &'static Vocabulary) -> Log {
        Log { vocabulary, files: Vec::new(), faults: Vec::new(), omitted: 0, warnings: Vec::new() }
    }

    /// Adds a file under the name that people know. Returns the place of the file as a whole.
    pub(crate) fn file(&mut self, shown: &str) -> At {
        let file = u32::try_from(self.files.len()).expect("there are fewer files than MAX_FILES");
        self.files.push(quote_path(shown).into());
        At { file, line: 0, column: 0 }
    }

    pub(crate) fn fault(&mut self, at: At, message: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push((at, message.into()));
        } else {
            self.omitted += 1;
        }
    }

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(Warning(text.into()));
    }

    /// The number of faults. If it has grown while something was read, that is faulty.
    pub(crate) fn count(&self) -> usize {
        self.faults.len() + self.omitted
    }

    pub(crate) fn file_name(&self, at: At) -> &Arc<str> {
        &self.files[at.file as usize]
    }

    /// `file:line`, for a message about another place.
    pub(crate) fn show(&self, at: At) -> String {
        format!("{}:{}", self.file_name(at), at.line)
    }

    /// The kept faults with their places, sorted by place.
    pub(crate) fn into_places(mut self) -> Vec<(At, String)> {
        self.faults.sort_by_key(|(at, _)| *at);
        self.faults
    }

    /// All faults, sorted by place. The warnings are dropped.
    pub(crate) fn into_faults(mut self, inputs: Inputs, certificates: Inputs) -> Faults {
        self.faults.sort_by_key(|(at, _)| *at);
        let files = self.files;
        let fault = |(at, message): (At, String)| Fault {
            file: Arc::clone(&files[at.file as usize]),
            line: at.line,
            column: at.column,
            message,
        };
        let list = self.faults.into_iter().map(fault).collect();
        Faults { list, omitted: self.omitted, inputs, certificates: Box::new(certificates) }
    }
}

/// A user's text in backquotes, escaped, and cut if it is long.
pub(crate) fn quote(text: &str) -> String {
    format!("`{}`", escaped(text, MAX_SHOWN_CHARS).replace("\\\"", "\"").replace("\\'", "'"))
}

/// Whether a text is a single word, and so not a key and its value with the colon or the blank forgotten.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// A user's path, escaped but not cut, so that it can be found.
pub(crate) fn quote_path(path: &str) -> String {
    path.chars().map(|c| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() }).collect()
}

/// `; did you mean X?` if one of the candidates is close to what was written, otherwise "".
pub(crate) fn guess<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(written, candidates) {
        Some(candidate) => format!("; did you mean `{candidate}`?"),
        None => String::new(),
    }
}

/// The candidate with the smallest edit distance, if that is small. Insertions, deletions, changes, and swaps of
/// neighbours count one each.
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    if !(2..=128).contains(&length) {
        return None;
    }
    let allowed = (length / 3).clamp(1, 3);
    let bytes = written.len();
    let written = written.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(bytes) <= 2 * allowed)
        .map(|candidate| (osa_distance(&written, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_guessed_and_another_word_is_not() {
        let keys = ["timezone", "grace", "cron", "every"];
        assert_eq!(nearest("tiemzone", keys), Some("timezone"));
        assert_eq!(nearest("Grace", keys), Some("grace"));
        assert_eq!(nearest("crn", keys), Some("cron"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("x", keys), None);
        assert_eq!(nearest(&"grace".repeat(100_000), keys), None);
    }

    #[test]
    fn text_from_outside_is_escaped_and_cut() {
        assert_eq!(quote("a\u{1b}[31m\n\"x\""), "`a\\u{1b}[31m\\n\"x\"`");
        assert_eq!(quote(&"ä".repeat(10_000_000)), format!("`{}…`", "ä".repeat(60)));
    }
}
