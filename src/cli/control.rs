//! Commands that a running server is given: pause, unpause, mute, unmute, mutes, status, reload.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::ages::ago;
use super::flags::{Output, StorageFolder, Who};
use super::server;
use super::socket;
use super::table::{Table, plain, shown_json, text};
use super::trouble::Trouble;
use super::way::Listing;
use crate::config::parse_duration;
use crate::http::control::{For, Request};

/// So long it may take to read its configuration again, behind reloads that others have asked for.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(600);

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
    /// In the words of the socket; `None` if nothing is said.
    fn said(&self) -> Result<Option<For>, Trouble> {
        match (&self.lasts, &self.until) {
            (Some(lasts), _) => {
                let bad = |error| Trouble::NotAsked(format!("--for {lasts}: {error}"));
                Ok(Some(For::Ms(parse_duration(lasts).map_err(bad)?.as_ms())))
            }
            (None, Some(until)) => Ok(Some(For::Until(until.clone()))),
            (None, None) => Ok(None),
        }
    }

    /// In the words of the API.
    pub(super) fn said_to_the_api(&self) -> Vec<(&'static str, &str)> {
        let said = [("for", &self.lasts), ("until", &self.until)];
        said.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

/// Which check to pause, how long, who says so, and why.
#[derive(Args, Debug)]
#[command(after_help = socket::EXIT_STATUS)]
pub(super) struct PauseArgs {
    #[command(flatten)]
    lasts: Lasts,
    #[command(flatten)]
    check: UnpauseArgs,
}

/// Which check to unpause, who says so, and why.
#[derive(Args, Debug)]
#[command(after_help = socket::EXIT_STATUS)]
pub(super) struct UnpauseArgs {
    /// The check's name
    name: String,
    /// Why
    #[arg(long, short, short_alias = 'm', value_name = "TEXT", default_value = "")]
    comment: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    server: StorageFolder,
}

/// What to mute, and how long.
#[derive(Args, Debug)]
#[command(after_help = socket::EXIT_STATUS)]
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
    server: StorageFolder,
}

/// Which mute.
#[derive(Args, Debug)]
#[command(after_help = socket::EXIT_STATUS)]
pub(super) struct UnmuteArgs {
    /// Its number, as `punctual mutes` lists it
    id: u64,
    #[command(flatten)]
    server: StorageFolder,
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
#[command(after_help = socket::EXIT_STATUS)]
pub(super) struct ReloadArgs {
    /// Take a configuration that removes more than half of the checks, this time
    #[arg(long)]
    allow_mass_removal: bool,
    #[command(flatten)]
    server: StorageFolder,
}

pub(super) fn pause(args: PauseArgs) -> Result<(), Trouble> {
    let lasts = args.lasts.said()?;
    let UnpauseArgs { name: check, comment, who: Who { by }, server } = args.check;
    socket::say(&server.storage_path, &Request::Pause { check, lasts, comment, by })
}

pub(super) fn unpause(args: UnpauseArgs) -> Result<(), Trouble> {
    let UnpauseArgs { name: check, comment, who: Who { by }, server } = args;
    socket::say(&server.storage_path, &Request::Unpause { check, comment, by })
}

pub(super) fn mute(args: &MuteArgs) -> Result<(), Trouble> {
    let ends = args.lasts.said()?;
    let lasts = ends.ok_or_else(|| Trouble::NotAsked("say --for DURATION, or --until TIME".to_owned()))?;
    let matchers = match args.names.as_slice() {
        [] => args.matchers.join(", "),
        [name] => format!("check=\"{name}\""),
        names => format!("check=~\"{}\"", names.join("|")),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some(name) = args.names.iter().find(|name| !name.chars().all(plain)) {
        let hint = "is no check's name; for a matcher write --matcher";
        return Err(Trouble::NotAsked(format!("`{name}` {hint} '{name}'")));
    }
    let (names, comment, by) = (args.names.clone(), args.comment.clone(), args.who.by.clone());
    socket::say(&args.server.storage_path, &Request::Mute { matchers, names, lasts, comment, by })
}

pub(super) fn unmute(args: &UnmuteArgs) -> Result<(), Trouble> {
    socket::say(&args.server.storage_path, &Request::Unmute { id: args.id })
}

pub(super) async fn mutes(args: &LookArgs) -> Result<(), Trouble> {
    let mut mutes = Vec::new();
    let listed = args.shown.way()?.get(&["mutes"], &[]).await?;
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
    let status = args.shown.way()?.get(&["status"], &[]).await?;
    let mut out = io::stdout().lock();
    match args.shown.output {
        Output::Json => writeln!(out, "{}", shown_json(&status))?,
        Output::Text => write_status(&mut out, &status)?,
    }
    let is_well = ["fault", "reload_fault", "refusing"].iter().all(|key| status[key].is_null());
    if is_well { Ok(()) } else { Err(Trouble::Told) }
}

/// Waits until the server has read its configuration again. Says what changed, or every fault, as `check-config` does.
pub(super) fn reload(args: &ReloadArgs) -> Result<(), Trouble> {
    let request = Request::Reload { allow_mass_removal: args.allow_mass_removal };
    match socket::ask(&args.server.storage_path, &request, RELOAD_TIMEOUT)? {
        (_, Ok(done)) => Ok(writeln!(io::stdout(), "{}", shown(&done))?),
        (_, Err(faults)) => {
            eprintln!("{}", shown(&faults));
            let end = "the configuration was not reloaded, the one before is still used";
            Err(Trouble::Declined(end.to_owned()))
        }
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
