//! `punctual backup`: the whole database in a new file, while its server runs.

use std::io::{IsTerminal as _, Write, stderr};
use std::path::PathBuf;

use super::failure::Failure;
use super::flags::StorageFolder;
use crate::store::sqlite::{BackupProgress, backup};

/// Of what, and where to.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "The file has everything that was stored before the command began. It is there once it is whole, and only you may \
                        read it. docs/backup.md says how to restore it."
)]
pub(super) struct BackupArgs {
    /// The file, which must not be there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    storage: StorageFolder,
}

/// Writes it, and on a terminal how far it has come.
pub(super) fn run(args: &BackupArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let is_watched = stderr().is_terminal();
    let mut said = 0;
    let told = |progress: BackupProgress| {
        let percent = progress.copied * 100 / progress.all.max(1);
        if is_watched && percent > said {
            said = percent;
            eprint!("\r{percent} % of {}", megabytes(progress.all));
        }
    };
    let done = backup(&args.storage.storage_path, &args.file, told);
    if is_watched {
        eprint!("\r\x1b[K");
    }
    let BackupProgress { all, .. } = done.map_err(|error| Failure(format!("punctual: {error}")))?;
    Ok(writeln!(out, "{}: {}", args.file.display(), megabytes(all))?)
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}
