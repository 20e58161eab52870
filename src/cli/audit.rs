//! `punctual audit`: what people and the server did (22.10).

use std::io;

use clap::Args;
use serde_json::Value;

use super::ages::when;
use super::server;
use super::table::{Table, text};
use super::trouble::Trouble;
use super::way::{Listing, given};

/// Which of it; all that is said must fit.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct AuditArgs {
    /// Only what they did whose name contains this
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this: start, stop, reload, mute, unmute, pause, unpause, create, edit, delete, retry, drop, forget, `sign_in`, `sign_out`
    #[arg(long, value_name = "WHAT")]
    what: Option<String>,
    /// Only what is about this check, by the name that it had then
    #[arg(long, value_name = "NAME")]
    check: Option<String>,
    /// Not what was done before, as in 2026-03-28T06:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Not more than so many, the newest
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    shown: Listing,
}

impl AuditArgs {
    /// Lists it.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        let client = self.shown.client()?;
        let said =
            [("actor", &self.actor), ("what", &self.what), ("check", &self.check), ("since", &self.since)];
        let query: Vec<(&str, &str)> = given(said).collect();
        let done = client.first("audit", &query, self.limit).await?;
        if self.shown.wrote_json("audit", &done)? {
            return Ok(());
        }
        Ok(table(&done).write(&mut io::stdout().lock())?)
    }
}

fn table(done: &[Value]) -> Table {
    let row = |done: &Value| {
        let cells = ["actor", "what", "check", "details", "comment"].map(|name| text(&done[name]));
        std::iter::once(when(&done["at"])).chain(cells).collect()
    };
    let head = ["WHEN", "WHO", "WHAT", "CHECK", "DETAILS", "COMMENT"];
    Table::new(&head, done.iter().map(row)).cutting(&[4, 5])
}
