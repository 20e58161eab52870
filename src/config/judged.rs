//! A configuration that somebody sends to have it judged. It may come from whoever may look at the server: so no file that
//! it names is read, and nobody learns which there are.

use std::path::Path;

use super::keys::DoorKeys;
use super::load::{loader, text};
use super::model::Config;
use crate::yaml::fault::Fault;
use crate::yaml::inputs::Inputs;

/// What messages call the text.
const NAME: &str = "config.yaml";
/// So many keys that name files are told.
const MAX_LEFT: usize = 1000;

/// What is to be said of it.
#[derive(Debug)]
pub struct JudgedText {
    /// What it says; of files that were not read nothing. `None`: it has faults.
    pub config: Option<Config>,
    /// All faults, up to a thousand, in the order of their places.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub omitted: usize,
    /// The keys that name files.
    pub not_read: Vec<NotRead>,
}

/// A key that names a file, which was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    /// Of its value; counted from 1.
    pub line: u32,
    /// Counted from 1, in characters.
    pub column: u32,
    /// `token_file`, `check_files`.
    pub key: String,
}

/// Judges the text of a main file, by the code that reads files.
pub fn judge(bytes: &[u8], doors: &'static DoorKeys) -> JudgedText {
    let mut loader = loader(Path::new(""), doors);
    loader.read_no_files();
    let config = text(&mut loader, NAME, bytes, doors);
    let (log, left) = loader.into_left();
    let not_read = left.into_iter().take(MAX_LEFT);
    let not_read = not_read.map(|(at, key)| NotRead { line: at.line, column: at.column, key }).collect();
    if log.count() == 0 {
        return JudgedText { config, faults: Vec::new(), omitted: 0, not_read };
    }
    let faults = log.into_faults(Inputs::default(), Inputs::default());
    JudgedText { config: None, faults: faults.list, omitted: faults.omitted, not_read }
}
