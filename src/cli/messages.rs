//! `punctual messages …`: what was told to whom, with which answer, and what is tried again (12.4).

use std::io;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::ages::when;
use super::client::{ApiCall, Client};
use super::control::{done, one_by_one};
use super::flags::Who;
use super::server;
use super::table::{Table, text};
use super::trouble::Trouble;
use super::way::{Listing, WhichServer, given};

/// What to do about messages.
#[derive(Subcommand, Debug)]
pub(super) enum Messages {
    /// List them, newest first: what was told to whom, when, and with which answer
    List(Box<ListMessagesArgs>),
    /// Have them tried again at once; what was given up, if what it tells of is still bad
    Retry(Retry),
    /// Say that they need not be told; the recovery still is
    Drop(Drop),
}

/// Which; all that is said must fit.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct ListMessagesArgs {
    /// Only those that stand so: sending, waiting, sent, parked, was_parked, split, dropped
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only those to this receiver
    #[arg(long, value_name = "NAME")]
    receiver: Option<String>,
    /// Not more than so many, the newest
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    shown: Listing,
}

/// Which are tried again.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(super) struct Retry {
    /// Their numbers: `punctual messages list` shows them
    #[arg(value_name = "ID", group = "what")]
    ids: Vec<u64>,
    /// All that was given up of --receiver
    #[arg(long, group = "what", requires = "receiver")]
    all_parked: bool,
    /// Whose
    #[arg(long, value_name = "NAME", requires = "all_parked")]
    receiver: Option<String>,
    #[command(flatten)]
    server: WhichServer,
}

/// Which are dropped, and who says so.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct Drop {
    /// Their numbers: `punctual messages list` shows them
    #[arg(value_name = "ID", required = true)]
    ids: Vec<u64>,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    server: WhichServer,
}

/// Has messages tried again.
pub(super) async fn retry(args: &Retry) -> Result<(), Trouble> {
    let client = args.server.client()?;
    if let Some(receiver) = &args.receiver {
        let body = json!({"receiver": receiver});
        return done(&client.call(ApiCall::post(&["messages", "retry"], &body)).await?);
    }
    act(&client, &args.ids, "retry", &json!({})).await
}

/// Drops messages.
pub(super) async fn drop(args: &Drop) -> Result<(), Trouble> {
    act(&args.server.client()?, &args.ids, "drop", &json!({"by": args.who.by})).await
}

async fn act(client: &Client, ids: &[u64], verb: &str, body: &Value) -> Result<(), Trouble> {
    let act = |id: &u64| {
        let id = id.to_string();
        async move { client.call(ApiCall::post(&["messages", &id, verb], body)).await }
    };
    one_by_one(ids.iter().map(act)).await
}

impl ListMessagesArgs {
    /// Lists them.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        let client = self.shown.client()?;
        let query: Vec<(&str, &str)> =
            given([("state", &self.state), ("receiver", &self.receiver)]).collect();
        let messages = client.first("messages", &query, self.limit).await?;
        if self.shown.wrote_json("messages", &messages)? {
            return Ok(());
        }
        Ok(table(&messages).write(&mut io::stdout().lock())?)
    }
}

fn table(messages: &[Value]) -> Table {
    let row = |message: &Value| {
        vec![
            text(&message["id"]),
            text(&message["receiver"]),
            text(&message["state"]),
            checks(message),
            when(&message["created_at"]),
            text(&message["attempts"]),
            text(&message["next_attempt"]),
            text(&message["answer"]),
        ]
    };
    let head = ["ID", "RECEIVER", "STATE", "CHECKS", "MADE", "ATTEMPTS", "NEXT", "ANSWER"];
    Table::new(&head, messages.iter().map(row)).with_statuses(2).cutting(&[7, 3])
}

/// `backup, report and 38 more`
fn checks(message: &Value) -> String {
    let names: Vec<String> = message["checks"].as_array().into_iter().flatten().map(text).collect();
    let told = message["deliveries"].as_u64().unwrap_or(0);
    match told.saturating_sub(names.len() as u64) {
        more if more > 0 && names.len() >= 10 => format!("{} and up to {more} more", names.join(", ")),
        _ => names.join(", "),
    }
}
