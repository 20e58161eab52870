//! Commands that a running server is given: pause, unpause, mute, unmute, mutes, status, reload. At the socket of its folder, or
//! over the network with a token.

use std::io::{self, Write};

use clap::Args;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::ages::ago;
use super::client::ApiCall;
use super::flags::{Output, Who, name};
use super::server;
use super::table::{Table, plain, shown_json, text};
use super::trouble::Trouble;
use super::way::{Listing, WhichServer, given};
use crate::config::parse_duration;
use crate::core::check::Name;

/// How long something lasts.
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("end"))]
pub(super) struct Lasts {
    /// How long, as in 2h30m
    #[arg(long = "for", value_name = "DURATION", group = "end")]
    lasts: Option<String>,
    /// Until when, as in 2026-03-28T06:00:00Z
    #[arg(long, value_name = "TIME", group = "end")]
    until: Option<String>,
}

impl Lasts {
    /// Puts it into the body of a request; answers whether anything is said.
    pub(super) fn put_into(&self, body: &mut Value) -> Result<bool, Trouble> {
        if let Some(lasts) = &self.lasts {
            let bad = |error| Trouble::NotAsked(format!("--for {lasts}: {error}"));
            parse_duration(lasts).map_err(bad)?;
        }
        let said = self.said_to_the_api();
        said.iter().for_each(|(name, value)| body[name] = json!(value));
        Ok(!said.is_empty())
    }

    /// In the words of the API.
    pub(super) fn said_to_the_api(&self) -> Vec<(&'static str, &str)> {
        given([("for", &self.lasts), ("until", &self.until)]).collect()
    }
}

/// Which check to pause, how long, who says so, and why.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct PauseArgs {
    #[command(flatten)]
    lasts: Lasts,
    #[command(flatten)]
    check: UnpauseArgs,
}

/// Which check to unpause, who says so, and why.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct UnpauseArgs {
    /// The check's name
    #[arg(value_parser = name)]
    name: Name,
    /// Why
    #[arg(long, short, short_alias = 'm', value_name = "TEXT", default_value = "")]
    comment: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    server: WhichServer,
}

/// What to mute, and how long.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(super) struct MuteArgs {
    /// The checks' names
    #[arg(group = "what")]
    names: Vec<String>,
    /// Instead of names, matchers as in Alertmanager; all must match
    #[arg(long = "matcher", short = 'm', value_name = "MATCHER", group = "what", conflicts_with = "names")]
    matchers: Vec<String>,
    #[command(flatten)]
    lasts: Lasts,
    /// Why
    #[arg(long, short, value_name = "TEXT", default_value = "")]
    comment: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    server: WhichServer,
}

/// Which mute.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct UnmuteArgs {
    /// Its number, as `punctual mutes` lists it
    id: u64,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    server: WhichServer,
}

/// What is only looked at: over HTTP as well.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct LookArgs {
    #[command(flatten)]
    shown: Listing,
}

/// How the configuration is read again.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct ReloadArgs {
    /// Take a configuration that removes more than half of the checks, this time
    #[arg(long)]
    allow_mass_removal: bool,
    #[command(flatten)]
    server: WhichServer,
}

pub(super) async fn pause(args: &PauseArgs) -> Result<(), Trouble> {
    let mut body = args.check.body();
    args.lasts.put_into(&mut body)?;
    args.check.say("pause", &body).await
}

pub(super) async fn unpause(args: &UnpauseArgs) -> Result<(), Trouble> {
    args.say("unpause", &args.body()).await
}

impl UnpauseArgs {
    fn body(&self) -> Value {
        json!({"comment": self.comment, "by": self.who.by})
    }

    async fn say(&self, verb: &str, body: &Value) -> Result<(), Trouble> {
        done(&self.server.client()?.about(self.name.as_str(), ApiCall::post(&[verb], body)).await?)
    }
}

pub(super) async fn mute(args: &MuteArgs) -> Result<(), Trouble> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some(name) = args.names.iter().find(|name| !name.chars().all(plain)) {
        let hint = "is no check's name; for a matcher write --matcher";
        return Err(Trouble::NotAsked(format!("`{name}` {hint} '{name}'")));
    }
    let mut body = json!({"comment": args.comment, "by": args.who.by});
    match args.names.as_slice() {
        [] => body["matchers"] = args.matchers.join(", ").into(),
        names => body["check"] = names.into(),
    }
    if !args.lasts.put_into(&mut body)? {
        return Err(Trouble::NotAsked("say --for DURATION, or --until TIME".to_owned()));
    }
    done(&args.server.client()?.call(ApiCall::post(&["mutes"], &body)).await?)
}

pub(super) async fn unmute(args: &UnmuteArgs) -> Result<(), Trouble> {
    let id = args.id.to_string();
    let query = [("by", &*args.who.by)];
    args.server.client()?.call(ApiCall { query: &query, ..ApiCall::delete(&["mutes", &id]) }).await?;
    Ok(writeln!(io::stdout(), "mute {id} has ended")?)
}

/// Tells what was done, as the server says it.
pub(super) fn done(answer: &Value) -> Result<(), Trouble> {
    Ok(writeln!(io::stdout(), "{}", shown(answer["done"].as_str().unwrap_or_default()))?)
}

pub(super) async fn mutes(args: &LookArgs) -> Result<(), Trouble> {
    let mut mutes = Vec::new();
    let listed = args.shown.client()?.call(ApiCall::get(&["mutes"])).await?;
    if args.shown.output == Output::Json {
        return Ok(writeln!(io::stdout(), "{}", shown_json(&listed))?);
    }
    for mute in listed["mutes"].as_array().into_iter().flatten() {
        let said = |key: &str| mute[key].as_str().unwrap_or_default().to_owned();
        let ends = ago(&said("until"));
        mutes.push(vec![
            text(&mute["id"]),
            said("until"),
            ends,
            said("matchers"),
            said("by"),
            said("comment"),
        ]);
    }
    let head = ["ID", "UNTIL", "ENDS", "MATCHERS", "BY", "COMMENT"];
    Ok(Table::new(&head, mutes).cutting(&[5, 3]).write(&mut io::stdout().lock())?)
}

/// How the server stands; what is wrong with it is in the output, and is the exit status 1.
pub(super) async fn status(args: &LookArgs) -> Result<(), Trouble> {
    let status = args.shown.client()?.call(ApiCall::get(&["status"])).await?;
    let mut out = io::stdout().lock();
    match args.shown.output {
        Output::Json => writeln!(out, "{}", shown_json(&status))?,
        Output::Text => write_status(&mut out, &status)?,
    }
    let is_well = ["fault", "reload_fault", "refusing"].iter().all(|key| status[key].is_null());
    if is_well { Ok(()) } else { Err(Trouble::Told) }
}

/// Waits until the server has read its configuration again, which may be behind reloads that others have asked for. Says what changed, or every fault, as `check-config` does.
pub(super) async fn reload(args: &ReloadArgs) -> Result<(), Trouble> {
    let client = args.server.client()?.patient();
    let body = json!({"allow_mass_removal": args.allow_mass_removal});
    match client.call(ApiCall::post(&["reload"], &body)).await {
        Ok(answer) => done(&answer),
        Err(Trouble::Refused { status: StatusCode::UNPROCESSABLE_ENTITY, detail, .. }) => {
            eprintln!("{detail}");
            let end = "the configuration was not reloaded, the one before is still used";
            Err(Trouble::Declined(end.to_owned()))
        }
        Err(trouble) => Err(trouble),
    }
}

/// Has several things done: what can be is, and what cannot be is told.
pub(super) async fn one_by_one<F: Future<Output = Result<Value, Trouble>>>(
    asked: impl ExactSizeIterator<Item = F>,
) -> Result<(), Trouble> {
    let (count, mut refused) = (asked.len(), 0);
    for asked in asked {
        match asked.await {
            Ok(answer) => done(&answer)?,
            // Of one thing one line tells all.
            Err(Trouble::Refused { why, .. }) if count > 1 => {
                refused += 1;
                eprintln!("punctual: {}", shown(&why));
            }
            Err(trouble) => return Err(trouble),
        }
    }
    match refused {
        0 => Ok(()),
        _ => Err(Trouble::Declined(format!("{refused} of {count} were not changed"))),
    }
}

/// Lines that also a terminal can be shown.
fn shown(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

fn write_status(out: &mut impl Write, status: &Value) -> io::Result<()> {
    writeln!(out, "punctual {}", plain(&text(&status["version"])))?;
    if let Some(fault) = status["fault"].as_str() {
        writeln!(out, "UNHEALTHY: {}", plain(fault))?;
    }
    if let Some(refusing) = status["refusing"].as_str() {
        writeln!(out, "REFUSING: {}", plain(refusing))?;
    }
    if let Some(held) = status["held"].as_str() {
        writeln!(out, "HELD: {}", plain(held))?;
    }
    if let Some(faults) = status["reload_fault"].as_str() {
        writeln!(out, "NOT RELOADED: the configuration before is still used, because of")?;
        faults.lines().try_for_each(|fault| writeln!(out, "  {}", plain(fault)))?;
    }
    let counts = status["checks"].as_object().into_iter().flatten();
    let checks: Vec<String> = counts.map(|(status, count)| format!("{count} {}", plain(status))).collect();
    writeln!(out, "checks: {}", if checks.is_empty() { "none".to_owned() } else { checks.join(", ") })?;
    writeln!(out, "incidents open: {}", status["incidents_open"])?;
    let (pending, parked) = (&status["deliveries_pending"], &status["deliveries_parked"]);
    writeln!(out, "deliveries: {pending} pending, {parked} given up")
}
