//! `punctual checks …`: looking at checks, making, changing and pinging them, at a server that may be anywhere
//! (docs/api.md, "From a shell").

mod edit;
mod list;
mod out;
mod show;

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::{self, ApiCall, Client};
use super::control::Lasts;
use super::flags::{Output, name};
use super::server::{self, ServerArgs};
use super::table::text;
use super::trouble::Trouble;
use super::way::{SocketArgs, choose};
use crate::core::check::Name;
use out::Out;
pub(super) use out::read;

/// The longest body of a ping that is sent, in bytes; the server keeps less.
const MAX_PING_BODY_BYTES: u64 = 1 << 20;

/// What to do, and where.
#[derive(clap::Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct ChecksArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    socket: SocketArgs,
    /// How it is written: json is what the API answers
    #[arg(long, short, global = true, value_enum, default_value_t, help_heading = "Server")]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List checks and how they stand
    List(list::ListChecksArgs),
    /// Show a check: how it stands, what was declared, and what happened to it
    Show(show::ShowCheckArgs),
    /// Make a check, which lives in the server's database
    Create(edit::Create),
    /// Change what is said of a check, and leave what is not
    Update(edit::Update),
    /// Stop judging a check, until it is unpaused or speaks, or for a while
    Pause(Pause),
    /// Judge a check again that was paused at run time
    Unpause(Unpause),
    /// Delete a check that was made through the API
    Delete(One),
    /// Ping a check, as its job would
    Ping(Ping),
}

#[derive(clap::Args, Debug)]
struct One {
    /// The check's name
    #[arg(value_parser = name)]
    name: Name,
}

#[derive(clap::Args, Debug)]
struct Pause {
    #[command(flatten)]
    lasts: Lasts,
    #[command(flatten)]
    check: Unpause,
}

#[derive(clap::Args, Debug)]
struct Unpause {
    /// The check's name
    #[arg(value_parser = name)]
    name: Name,
    /// Why
    #[arg(long, short, short_alias = 'm', value_name = "TEXT", default_value = "")]
    comment: String,
}

#[derive(clap::Args, Debug)]
#[command(
    after_help = "PUNCTUAL_PING_KEY has the key, where the server asks for one (or PUNCTUAL_PING_KEY_FILE \
    names its file); a token of scope `ping` is as good"
)]
struct Ping {
    /// The check's name
    #[arg(value_parser = name)]
    name: Name,
    /// What happened: success, start, fail, log, or the exit status of the job, from 0 to 255
    #[arg(value_name = "KIND", default_value = "success", value_parser = kind)]
    kind: String,
    /// In a few words, for people
    #[arg(long, short, short_alias = 'm', value_name = "TEXT")]
    comment: Option<String>,
    /// Which run it belongs to
    #[arg(long, value_name = "ID")]
    rid: Option<String>,
    /// A file with what the job has said, which is kept; - is standard input
    #[arg(long, value_name = "FILE")]
    body: Option<std::path::PathBuf>,
}

/// Does what is asked; its end as an exit status.
pub(super) fn main(args: ChecksArgs, to: &mut dyn Write) -> ExitCode {
    client::run(async { act(args, to).await })
}

async fn act(args: ChecksArgs, to: &mut dyn Write) -> Result<(), Trouble> {
    let mut out = Out { to, output: args.output };
    let client = || choose(&args.server, &args.socket, None);
    match args.command {
        Command::List(list) => list.run(&client()?, &mut out).await,
        Command::Show(show) => show.run(&client()?, &mut out).await,
        Command::Create(create) => create.run(&client()?, &mut out).await,
        Command::Update(update) => update.run(&client()?, &mut out).await,
        Command::Pause(Pause { lasts, check }) => {
            let mut body = json!({"comment": check.comment});
            lasts.said_to_the_api().iter().for_each(|(name, value)| body[name] = json!(value));
            pause(&client()?, Verb { path: "pause", done: "is paused" }, &check, &body, &mut out).await
        }
        Command::Unpause(check) => {
            let body = json!({"comment": check.comment});
            pause(&client()?, Verb { path: "unpause", done: "is not paused" }, &check, &body, &mut out).await
        }
        Command::Delete(One { name }) => {
            client()?.about(name.as_str(), ApiCall::delete(&[])).await?;
            out.said(&Value::Null, &format!("{name} is deleted"))
        }
        Command::Ping(args) => ping(&client()?, &args, &mut out).await,
    }
}

async fn pause(
    client: &Client,
    verb: Verb,
    args: &Unpause,
    body: &Value,
    out: &mut Out<'_>,
) -> Result<(), Trouble> {
    let mut check = client.about(args.name.as_str(), ApiCall::post(&[verb.path], body)).await?;
    // As `show` has it.
    check.as_object_mut().map(|check| check.remove("done"));
    out.said(&check, &format!("{} {}", text(&check["name"]), verb.done))
}

/// What is done with a check.
struct Verb {
    path: &'static str,
    done: &'static str,
}

async fn ping(client: &Client, args: &Ping, out: &mut Out<'_>) -> Result<(), Trouble> {
    let body = args.body.as_ref().map_or_else(|| Ok(Vec::new()), |path| read(path, MAX_PING_BODY_BYTES))?;
    let path = match args.kind.as_str() {
        "success" => vec![args.name.as_str()],
        kind => vec![args.name.as_str(), kind],
    };
    let query: Vec<(&str, &str)> = [("rid", &args.rid), ("comment", &args.comment)]
        .into_iter()
        .filter_map(|(name, value)| value.as_deref().map(|value| (name, value)))
        .collect();
    let message = client.ping(&path, &query, body).await?;
    out.said(&json!({"message": message}), &message)
}

fn kind(text: &str) -> Result<String, String> {
    match text {
        "success" | "start" | "fail" | "log" => Ok(text.to_owned()),
        status => match status.parse::<u8>() {
            Ok(status) => Ok(status.to_string()),
            Err(_) => Err("this is success, start, fail, log, or a number from 0 to 255".to_owned()),
        },
    }
}
