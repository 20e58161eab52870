//! `punctual receivers …`: where messages go, what came of the last one, and samples.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::ages::when;
use super::client::ApiCall;
use super::flags::Who;
use super::server;
use super::table::{Table, plain, text};
use super::trouble::Trouble;
use super::way::{Listing, WhichServer};

/// What to do about receivers.
#[derive(Subcommand, Debug)]
pub(super) enum AboutReceivers {
    /// List them, each with what came of its last message
    List(Box<ListReceiversArgs>),
    /// Have the server send one of them a sample; fails if it was not taken
    Test(TestReceiver),
}

/// How they are listed.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct ListReceiversArgs {
    #[command(flatten)]
    shown: Listing,
}

/// Which one is sent a sample, and who says so.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct TestReceiver {
    /// Its name: `punctual receivers list` shows it
    #[arg(value_name = "NAME")]
    receiver: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    server: WhichServer,
}

impl ListReceiversArgs {
    /// Lists them.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        let answer = self.shown.client()?.call(ApiCall::get(&["receivers"])).await?;
        let receivers = answer["receivers"].as_array().map(Vec::as_slice).unwrap_or_default();
        if self.shown.wrote_json("receivers", receivers)? {
            return Ok(());
        }
        Ok(table(receivers).write(&mut io::stdout().lock())?)
    }
}

impl TestReceiver {
    /// Has a sample sent, and says what came of it.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        let body = json!({"by": self.who.by});
        let path = ["receivers", self.receiver.as_str(), "test"];
        let answer = self.server.client()?.patient().call(ApiCall::post(&path, &body)).await?;
        for line in answer["done"].as_str().unwrap_or_default().lines() {
            writeln!(io::stdout(), "{}", plain(line))?;
        }
        if answer["taken"] == true { Ok(()) } else { Err(Trouble::Told) }
    }
}

fn table(receivers: &[Value]) -> Table {
    let row = |receiver: &Value| {
        let last = &receiver["last"];
        let at = if last["settled_at"].is_null() { &last["created_at"] } else { &last["settled_at"] };
        let [name, kind] = ["name", "kind"].map(|key| text(&receiver[key]));
        vec![name, kind, text(&last["state"]), when(at), text(&last["answer"])]
    };
    let head = ["RECEIVER", "KIND", "LAST", "WHEN", "ANSWER"];
    Table::new(&head, receivers.iter().map(row)).cutting(&[4])
}
