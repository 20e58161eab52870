//! `punctual check-storage`: whether the database is sound.

use std::io::Write;

use super::failure::Failure;
use super::flags::StorageFolder;
use crate::store::sqlite::soundness;

/// Where.
#[derive(clap::Args, Debug)]
#[command(after_help = "All of the database is read, beside its server or without one; nothing is changed.")]
pub(super) struct CheckStorageArgs {
    #[command(flatten)]
    storage: StorageFolder,
}

/// Says that it is sound, or fails with what is wrong.
pub(super) fn run(args: &CheckStorageArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let folder = &args.storage.storage_path;
    let shown = folder.join("punctual.db").display().to_string();
    let faults = soundness(folder).map_err(|error| Failure(format!("punctual: {shown}: {error}")))?;
    if faults.is_empty() {
        writeln!(out, "{shown} is sound")?;
        return Ok(());
    }
    let said: Vec<String> =
        faults.iter().map(|fault| format!("{shown}: {}", super::table::plain(fault))).collect();
    let advice = "it is damaged: stop the server, and put a backup in its place (docs/storage.md)";
    Err(Failure(format!("{}\npunctual: {advice}", said.join("\n"))))
}
