//! `punctual export`: the checks that were made through the API, as YAML for a file that takes them over.

use std::io::Write;

use super::client::{Client, Trouble};
use super::server::{self, ServerArgs};

/// Which server.
#[derive(clap::Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArgs,
}

/// Writes the YAML. A file that declares a check takes it over, with its history.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> Result<(), Trouble> {
    let client = Client::new(&args.server)?;
    let mut checks = Vec::new();
    let listed = client.each_check(&[("source", "api")], |check| {
        checks.push(check["definition"].to_string());
        Ok(true)
    });
    listed.await?;
    if checks.is_empty() {
        writeln!(out, "checks: []")?;
        return Ok(());
    }
    writeln!(out, "checks:")?;
    for check in checks {
        writeln!(out, "  - {check}")?;
    }
    Ok(())
}
