//! What the commands share: what they read, and where their answer goes.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use serde_json::Value;

use crate::cli::flags::Output;
use crate::cli::table::{plain, shown_json};
use crate::cli::trouble::Trouble;

/// Where the answer goes.
pub(super) struct Out<'o> {
    pub(super) to: &'o mut dyn Write,
    pub(super) output: Output,
}

impl Out<'_> {
    /// What the API answered, for programs; for people, in a line.
    pub(super) fn said(&mut self, answer: &Value, line: &str) -> Result<(), Trouble> {
        match (self.output, answer) {
            (Output::Json, Value::Null) => {}
            (Output::Json, answer) => writeln!(self.to, "{}", shown_json(answer))?,
            (Output::Text, _) => writeln!(self.to, "{}", plain(line))?,
        }
        Ok(())
    }
}

/// A whole file, or with `-` standard input.
pub(in crate::cli) fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Trouble> {
    let shown = path.display();
    let bad = |error: std::io::Error| Trouble::NotAsked(format!("{shown}: {error}"));
    let mut source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(File::open(path).map_err(bad)?),
    };
    let mut bytes = Vec::new();
    (&mut source).take(max_bytes + 1).read_to_end(&mut bytes).map_err(bad)?;
    if bytes.len() as u64 > max_bytes {
        return Err(Trouble::NotAsked(format!("{shown}: this is longer than {max_bytes} bytes")));
    }
    Ok(bytes)
}
