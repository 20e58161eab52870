//! `punctual messages …`: what was told to whom, with which answer, and what is tried again (12.4).

use std::io;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::ages::ago;
use super::flags::{StorageFolder, Who};
use super::server;
use super::socket;
use super::table::{Table, text};
use super::trouble::Trouble;
use super::way::Listing;
use crate::http::control::Request;

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
#[command(after_help = socket::EXIT_STATUS)]
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
    server: StorageFolder,
}

/// Which are dropped, and who says so.
#[derive(Args, Debug)]
#[command(after_help = socket::EXIT_STATUS)]
pub(super) struct Drop {
    /// Their numbers: `punctual messages list` shows them
    #[arg(value_name = "ID", required = true)]
    ids: Vec<u64>,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    server: StorageFolder,
}

/// Has messages tried again.
pub(super) fn retry(args: Retry) -> Result<(), Trouble> {
    let Retry { ids, receiver, server, .. } = args;
    socket::say(&server.storage_path, &Request::RetryMessages { ids, receiver })
}

/// Drops messages.
pub(super) fn drop(args: Drop) -> Result<(), Trouble> {
    let Drop { ids, who: Who { by }, server } = args;
    socket::say(&server.storage_path, &Request::DropMessages { ids, by })
}

impl ListMessagesArgs {
    /// Lists them.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        let way = self.shown.way()?;
        let said = [("state", &self.state), ("receiver", &self.receiver)];
        let query: Vec<(&str, &str)> =
            said.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
        let mut messages = Vec::new();
        let listed = way.each("messages", &query, |message| {
            let has_room = messages.len() < self.limit;
            if has_room {
                messages.push(message.clone());
            }
            Ok(has_room)
        });
        listed.await?;
        if self.shown.wrote_json("messages", &messages)? {
            return Ok(());
        }
        Ok(table(&messages).write(&mut io::stdout().lock())?)
    }
}

fn table(messages: &[Value]) -> Table {
    let when = |value: &Value| value.as_str().map_or_else(|| "-".to_owned(), ago);
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
