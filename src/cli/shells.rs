//! What shells and `man` are given, made of the definition of the command line itself.

use std::io::Write;
use std::path::PathBuf;

use clap::{Command, ValueEnum};
use clap_complete::generate;
use clap_complete::shells;

use super::failure::Failure;

/// Writes what a shell needs to complete this command, on the standard output
///
/// bash: source it, or write it to /etc/bash_completion.d/punctual; zsh: write it to a file `_punctual` of a folder in
/// `fpath`; fish: write it to ~/.config/fish/completions/punctual.fish.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// For which shell
    shell: CompletedShell,
}

/// A shell that completions are made for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum CompletedShell {
    Bash,
    Zsh,
    Fish,
}

/// Writes the manual, as pages of `man`
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ManArgs {
    /// Where the pages of the command and of all subcommands are written; without it, the page of the command goes to the
    /// standard output
    folder: Option<PathBuf>,
}

/// Writes the completions of this command line.
pub(super) fn completions(
    args: &CompletionsArgs,
    line: &mut Command,
    out: &mut impl Write,
) -> Result<(), Failure> {
    // The generators write to something that cannot fail.
    let mut script = Vec::new();
    match args.shell {
        CompletedShell::Bash => generate(shells::Bash, line, "punctual", &mut script),
        CompletedShell::Zsh => generate(shells::Zsh, line, "punctual", &mut script),
        CompletedShell::Fish => generate(shells::Fish, line, "punctual", &mut script),
    }
    Ok(out.write_all(&script)?)
}

/// Writes the manual of this command line.
pub(super) fn man(args: &ManArgs, line: Command, out: &mut impl Write) -> Result<(), Failure> {
    match &args.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            Ok(clap_mangen::generate_to(line, folder)?)
        }
        None => Ok(clap_mangen::Man::new(line).render(out)?),
    }
}
