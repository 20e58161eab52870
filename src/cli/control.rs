//! Commands that a running server is given: pause, unpause, mute, unmute, mutes, incidents, status, reload.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::table::{Table, plain};
use super::{Failure, Output, StorageFolder, Who};
use crate::clock::Clock;
use crate::config::parse_duration;
use crate::http::control::{self, For, IncidentLine, Line, MuteLine, Request, StanceWord, Status};

/// So long the server may be silent.
const TIMEOUT: Duration = Duration::from_secs(30);
/// So long it may take to read its configuration again, behind reloads that others have asked for.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(600);

/// Which check to pause or unpause, who, and why.
#[derive(Args, Debug)]
pub(super) struct Pause {
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
#[command(group = clap::ArgGroup::new("end").required(true))]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(super) struct Mute {
    /// The checks' names
    #[arg(group = "what")]
    names: Vec<String>,
    /// Instead of names, matchers as in Alertmanager; all must match
    #[arg(long = "matcher", short = 'm', value_name = "MATCHER", group = "what", conflicts_with = "names")]
    matchers: Vec<String>,
    /// How long, as in 2h30m
    #[arg(long = "for", value_name = "DURATION", group = "end")]
    lasts: Option<String>,
    /// Until when, as in 2026-03-28T06:00:00Z
    #[arg(long, value_name = "TIME", group = "end")]
    until: Option<String>,
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
pub(super) struct Unmute {
    /// Its number, as `punctual mutes` lists it
    id: u64,
    #[command(flatten)]
    server: StorageFolder,
}

/// A list.
#[derive(Args, Debug)]
pub(super) struct List {
    /// How it is written
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    server: StorageFolder,
}

/// How the configuration is read again.
#[derive(Args, Debug)]
pub(super) struct Reload {
    /// Take a configuration that removes more than half of the checks, this time
    #[arg(long)]
    allow_mass_removal: bool,
    #[command(flatten)]
    server: StorageFolder,
}

/// What to do about incidents.
#[derive(Subcommand, Debug)]
pub(super) enum Incidents {
    /// List those that have not ended
    List(List),
    /// Say that somebody is on it: nothing more is sent but its recovery
    ///
    /// Alerts that Prometheus makes by the shipped rules go on: silence those in Alertmanager.
    Ack(Stand),
    /// Say that it stays so: nothing more is sent of it until it has recovered
    ///
    /// Alerts that Prometheus makes by the shipped rules go on: silence those in Alertmanager.
    WontFix(Stand),
    /// Take either back
    Reopen(Stand),
}

/// Who says what of which incident.
#[derive(Args, Debug)]
pub(super) struct Stand {
    /// The check's name, or the incident's number: `punctual incidents list` shows both
    #[arg(value_name = "CHECK|ID")]
    which: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    server: StorageFolder,
}

pub(super) fn incidents(args: Incidents) -> Result<(), Failure> {
    let (stand, stance) = match args {
        Incidents::List(list) => return list_incidents(&list),
        Incidents::Ack(stand) => (stand, StanceWord::Acknowledge),
        Incidents::WontFix(stand) => (stand, StanceWord::WontFix),
        Incidents::Reopen(stand) => (stand, StanceWord::Reopen),
    };
    let Stand { which, who: Who { by }, server } = stand;
    say(&server, &Request::Stand { check: which, stance, by })
}

fn list_incidents(args: &List) -> Result<(), Failure> {
    let (lines, _) = ask(&args.server, &Request::Incidents)?;
    let only = |line| if let Line::Incident(incident) = line { Some(incident) } else { None };
    let mut incidents: Vec<IncidentLine> = lines.into_iter().filter_map(only).collect();
    // What waits for somebody first, and of that what has waited longest.
    incidents.sort_by_key(|incident| (incident.status != "open", incident.opened_at.clone()));
    write_list(
        args.output,
        &incidents,
        &["ID", "CHECK", "STATUS", "FIRST", "SINCE", "SAID BY", "AT"],
        |incident| {
            vec![
                incident.id.to_string(),
                incident.check.clone(),
                incident.status.clone(),
                incident.first.clone(),
                age(&incident.opened_at),
                incident.said_by.clone().unwrap_or_default(),
                incident.said_at.as_deref().map(age).unwrap_or_default(),
            ]
        },
    )
}

pub(super) fn pause(args: Pause) -> Result<(), Failure> {
    say(&args.server, &Request::Pause { check: args.name, comment: args.comment, by: args.who.by })
}

pub(super) fn unpause(args: Pause) -> Result<(), Failure> {
    say(&args.server, &Request::Unpause { check: args.name, comment: args.comment, by: args.who.by })
}

pub(super) fn mute(args: &Mute) -> Result<(), Failure> {
    let lasts = match (&args.lasts, &args.until) {
        (Some(lasts), _) => {
            let bad = |error| Failure(format!("punctual: --for {lasts}: {error}"));
            For::Ms(parse_duration(lasts).map_err(bad)?.as_ms())
        }
        (None, Some(until)) => For::Until(until.clone()),
        (None, None) => return Err(Failure("punctual: say --for or --until".to_owned())),
    };
    let matchers = match args.names.as_slice() {
        [] => args.matchers.join(", "),
        [name] => format!("check=\"{name}\""),
        names => format!("check=~\"{}\"", names.join("|")),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some(name) = args.names.iter().find(|name| !name.chars().all(plain)) {
        return Err(Failure(format!(
            "punctual: `{name}` is no check's name; for a matcher write --matcher '{name}'"
        )));
    }
    let (names, comment, by) = (args.names.clone(), args.comment.clone(), args.who.by.clone());
    say(&args.server, &Request::Mute { matchers, names, lasts, comment, by })
}

pub(super) fn unmute(args: &Unmute) -> Result<(), Failure> {
    say(&args.server, &Request::Unmute { id: args.id })
}

pub(super) fn mutes(args: &List) -> Result<(), Failure> {
    let (lines, _) = ask(&args.server, &Request::Mutes)?;
    let mutes: Vec<MuteLine> = lines
        .into_iter()
        .filter_map(|line| if let Line::Mute(mute) = line { Some(mute) } else { None })
        .collect();
    write_list(args.output, &mutes, &["ID", "UNTIL", "MATCHERS", "BY", "COMMENT"], |mute| {
        vec![
            mute.id.to_string(),
            mute.until.clone(),
            mute.matchers.clone(),
            mute.by.clone(),
            mute.comment.clone(),
        ]
    })
}

/// All checks as the server with its database in this folder knows them, as JSON like that of the API.
pub(super) fn list_checks(folder: &Path) -> Result<Vec<Value>, Failure> {
    let (lines, _) = ask(&StorageFolder { storage_path: folder.to_owned() }, &Request::Checks)?;
    let only = |line| if let Line::Check(check) = line { Some(serde_json::to_value(check)) } else { None };
    Ok(lines.into_iter().filter_map(only).collect::<Result<_, _>>()?)
}

pub(super) fn status(args: &List) -> Result<(), Failure> {
    let (lines, _) = ask(&args.server, &Request::Status)?;
    let status =
        lines.into_iter().find_map(|line| if let Line::Status(status) = line { Some(status) } else { None });
    let Some(status) = status else { return Err(Failure("punctual: the server said nothing".to_owned())) };
    let mut out = io::stdout().lock();
    match args.output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(&status)?)?,
        Output::Text => write_status(&mut out, &status)?,
    }
    match (&status.fault, &status.reload_fault) {
        (None, None) => Ok(()),
        // What is wrong is in the output already.
        _ => Err(Failure::told()),
    }
}

/// Waits until the server has read its configuration again. Says what changed, or every fault, as `check-config` does.
pub(super) fn reload(args: &Reload) -> Result<(), Failure> {
    let request = Request::Reload { allow_mass_removal: args.allow_mass_removal };
    match answer(&args.server, &request, RELOAD_TIMEOUT)? {
        (_, Ok(done)) => Ok(writeln!(io::stdout(), "{}", shown(&done))?),
        (_, Err(faults)) => {
            let end = "punctual: the configuration was not reloaded, the one before is still used";
            Err(Failure(format!("{}\n{end}", shown(&faults))))
        }
    }
}

/// Lines that also a terminal can be shown.
fn shown(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

fn write_status(out: &mut impl Write, status: &Status) -> io::Result<()> {
    writeln!(out, "punctual {}", status.version)?;
    if let Some(fault) = &status.fault {
        writeln!(out, "UNHEALTHY: {fault}")?;
    }
    if let Some(faults) = &status.reload_fault {
        writeln!(out, "NOT RELOADED: the configuration before is still used, because of")?;
        faults.lines().try_for_each(|fault| writeln!(out, "  {}", plain(fault)))?;
    }
    let checks: Vec<String> =
        status.checks.iter().map(|(status, count)| format!("{count} {status}")).collect();
    writeln!(out, "checks: {}", if checks.is_empty() { "none".to_owned() } else { checks.join(", ") })?;
    writeln!(out, "incidents open: {}", status.incidents_open)?;
    writeln!(out, "deliveries: {} pending, {} given up", status.deliveries_pending, status.deliveries_parked)
}

fn write_list<T: serde::Serialize>(
    output: Output,
    rows: &[T],
    head: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match output {
        Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(rows)?)?,
        Output::Text => write!(out, "{}", Table::new(head, rows.iter().map(cells)))?,
    }
    Ok(())
}

/// How long ago a time of an answer was: `2m ago`. JSON has the time itself.
fn age(time: &str) -> String {
    let Ok(at) = chrono::DateTime::parse_from_rfc3339(time) else { return time.to_owned() };
    let seconds = (Clock::new().now().as_ms() - at.timestamp_millis()).max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds}s ago"),
        60..3600 => format!("{}m ago", seconds / 60),
        3600..172_800 => format!("{}h ago", seconds / 3600),
        _ => format!("{}d ago", seconds / 86_400),
    }
}

/// Asks, and tells what was done.
fn say(server: &StorageFolder, request: &Request) -> Result<(), Failure> {
    let (_, done) = ask(server, request)?;
    writeln!(io::stdout(), "{done}")?;
    Ok(())
}

/// All lines of the answer but its last, and what that says.
fn ask(server: &StorageFolder, request: &Request) -> Result<(Vec<Line>, String), Failure> {
    let (lines, end) = answer(server, request, TIMEOUT)?;
    end.map(|done| (lines, done)).map_err(|why| Failure(format!("punctual: {why}")))
}

/// All lines of the answer but its last, and what that says: that it is done, or why not.
fn answer(
    server: &StorageFolder,
    request: &Request,
    patience: Duration,
) -> Result<(Vec<Line>, Result<String, String>), Failure> {
    let stream = connect(&control::path(&server.storage_path))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut text = serde_json::to_vec(request)?;
    text.push(b'\n');
    (&stream).write_all(&text)?;
    let mut lines = Vec::new();
    for line in BufReader::new(&stream).lines() {
        match serde_json::from_str(&line?)? {
            Line::Done(done) => return Ok((lines, Ok(done))),
            Line::Failed(why) => return Ok((lines, Err(why))),
            line => lines.push(line),
        }
    }
    Err(Failure("punctual: the server closed the connection; its log may say why".to_owned()))
}

fn connect(path: &Path) -> Result<UnixStream, Failure> {
    UnixStream::connect(path).map_err(|error| {
        let shown = path.display();
        let why = match error.kind() {
            io::ErrorKind::NotFound => {
                "there is none: is a server running with this --storage.path?".to_owned()
            }
            io::ErrorKind::ConnectionRefused => "nobody listens: the server has ended".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "not allowed: run this as the user that the server runs as, or as root".to_owned()
            }
            _ => error.to_string(),
        };
        Failure(format!("punctual: the control socket {shown}: {why}"))
    })
}
