//! `punctual probe NAME`: looks once, here, and stores nothing.

use std::io::{self, Write};
use std::path::PathBuf;

use super::table::plain;
use crate::clock::Clock;
use crate::compat::DOOR_KEYS;
use crate::config::{self, Faults};
use crate::core::assertion::Outcome;
use crate::core::probe::period;
use crate::core::text::is_command;
use crate::probe::Looker;

/// Which check to look at.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ProbeArgs {
    /// A check of the configuration that punctual looks at itself
    name: String,
    /// The configuration that has the check
    #[arg(long = "config.file", env = "PUNCTUAL_CONFIG_FILE", default_value = "punctual.yaml")]
    config_file: PathBuf,
}

/// Why nothing was looked at, or what was found is not well.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProbeError {
    /// The files have faults.
    #[error(transparent)]
    Config(#[from] Faults),
    /// The configuration has no such check.
    #[error("there is no check `{}` in {}", .0.escape_debug(), .1.display())]
    NoSuchCheck(String, PathBuf),
    /// Jobs ping it, or a program reports it.
    #[error(
        "punctual does not look at `{0}` itself: its `assert` has none of `http`, `promql`, `sql` and `exec`"
    )]
    NotProbed(String),
    /// It is on the output already.
    #[error("it does not hold")]
    DoesNotHold,
    /// The output is closed.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// Looks, and says what was found.
pub(super) async fn run(args: &ProbeArgs, clock: &Clock, out: &mut impl Write) -> Result<(), ProbeError> {
    let config = config::load(&args.config_file, &DOOR_KEYS)?;
    let found = config.checks.iter().find(|check| check.name.as_str() == args.name);
    let check = found.ok_or_else(|| ProbeError::NoSuchCheck(args.name.clone(), args.config_file.clone()))?;
    let assertion = check.spec.assert.as_ref().filter(|assertion| assertion.found_by.is_probe());
    let assertion = assertion.ok_or_else(|| ProbeError::NotProbed(args.name.clone()))?;
    let begun = clock.now();
    let period = period(check.name.as_str(), &check.spec.schedule, begun);
    // Whoever types this runs it by their own right.
    let looker = Looker::new(&config.prometheuses, &config.databases).with_commands(true);
    let found = looker.look(assertion, period, begun).await;
    let took = clock.now() - begun;
    let why = if found.why.is_empty() { String::new() } else { format!(": {}", plain(&found.why)) };
    writeln!(out, "{} {}{why} (took {took})", check.name, found.outcome.as_str())?;
    out.write_all(harmless(&found.text).as_bytes())?;
    if found.outcome == Outcome::Holds { Ok(()) } else { Err(ProbeError::DoesNotHold) }
}

/// What was seen, without what a terminal would obey.
fn harmless(text: &str) -> String {
    let harmless = |c| if c != '\n' && c != '\t' && is_command(c) { char::REPLACEMENT_CHARACTER } else { c };
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    text.chars().map(harmless).chain(end.chars()).collect()
}
