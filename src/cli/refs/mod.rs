//! `punctual refs PATH…`: where in code each check stands, and which ping URLs no check hears (24.3).

mod report;
mod sought;
mod text;
mod walk;

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use super::client::Client;
use super::flags::Output;
use super::server;
use super::trouble::Trouble;
use super::way::WhichServer;
use crate::compat::DOOR_KEYS;
use crate::config;
use report::RefsReport;
use sought::{Sought, SoughtCheck};
use walk::{Declaring, walk};

/// Where to look, and for which checks.
#[derive(clap::Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct RefsArgs {
    /// Folders and files with code; what .gitignore names is not read, nor files that are binary or longer than 1 MiB
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The configuration that has the checks, unless the command line names a server
    #[arg(long = "config.file", env = "PUNCTUAL_CONFIG_FILE", default_value = "punctual.yaml")]
    config_file: PathBuf,
    /// `json`: everything, for programs
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    server: WhichServer,
}

impl RefsArgs {
    /// Fails if a ping URL has a name that no check has.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        for path in &self.paths {
            let unread = |error| Trouble::NotAsked(format!("{}: {error}", path.display()));
            path.metadata().map_err(unread)?;
        }
        let (sought, declaring) = if self.server.is_named_on_the_line() {
            (of_server(&self.server.client()?).await?, Declaring::default())
        } else {
            of_file(&self.config_file)?
        };
        let walked = walk(&self.paths, &sought, &declaring);
        for why in &walked.unread {
            eprintln!("punctual: warning: {}", super::table::plain(why));
        }
        if let more @ 1.. = walked.unread_count - walked.unread.len() {
            eprintln!("punctual: warning: {more} more could not be read");
        }
        let report = RefsReport::new(&sought, &walked);
        let mut out = std::io::BufWriter::new(stdout().lock());
        match self.output {
            Output::Text => report.write_text(&mut out)?,
            Output::Json => report.write_json(&mut out)?,
        }
        out.flush()?;
        match report.dangling() {
            0 => Ok(()),
            1 => Err(Trouble::Declined("a ping URL has a name that no check has".to_owned())),
            count => Err(Trouble::Declined(format!("{count} ping URLs have names that no check has"))),
        }
    }
}

fn of_file(path: &Path) -> Result<(Sought, Declaring), Trouble> {
    let config = config::load(path, &DOOR_KEYS).map_err(|faults| Trouble::NotAsked(faults.to_string()))?;
    Ok((Sought::of_config(&config), Declaring::of(path, &config)))
}

async fn of_server(client: &Client) -> Result<Sought, Trouble> {
    let mut checks = Vec::new();
    let listed = client.each("checks", &[], |check| {
        checks.extend(SoughtCheck::of_api(check));
        Ok(true)
    });
    listed.await?;
    Ok(Sought::new(checks))
}
