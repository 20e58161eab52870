//! `punctual uptime`: how checks have been, at a terminal, for programs, or as a page for a mail.

mod shown;

use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::{self, ApiCall, Client};
use super::flags::name;
use super::server::{self, ServerArgs};
use super::table::shown_json;
use super::trouble::Trouble;
use super::way::{SocketArgs, choose};
use crate::clock::Clock;
use crate::config::parse_duration;
use crate::core::check::Name;
use crate::core::uptime::PartLength;

/// Of which checks, over which time.
#[derive(clap::Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct UptimeArgs {
    /// Names of checks; without any, all checks
    #[arg(value_name = "NAME", value_parser = name)]
    names: Vec<Name>,
    /// Instead of names, matchers as in Alertmanager; all must match
    #[arg(long = "matcher", short = 'm', value_name = "MATCHER", conflicts_with = "names")]
    matchers: Vec<String>,
    /// Since a day or a time, or for so long, as in 2026-03-02, 2026-03-02T06:00:00Z, 7d [default: 30 days; by week, 12 weeks;
    /// by month, 12 months]
    #[arg(long, value_name = "DAY|TIME|DURATION")]
    from: Option<String>,
    /// Up to the beginning of a day, or a time, or so long ago [default: now]
    #[arg(long, value_name = "DAY|TIME|DURATION")]
    to: Option<String>,
    /// Also for each day, week (from Monday on) or month: day, week, month
    #[arg(long, value_name = "PART", value_parser = part)]
    by: Option<&'static str>,
    /// The IANA name of the zone whose days these are [default: `defaults.timezone` of the server]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// How it is written: json is what the API answers
    #[arg(long, short, value_enum, default_value_t, help_heading = "Server")]
    output: UptimeOutput,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    socket: SocketArgs,
}

/// How reports are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum UptimeOutput {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For a mail, or a page of a wiki.
    Markdown,
}

/// Does what is asked; its end as an exit status.
pub(super) fn main(args: &UptimeArgs, to: &mut dyn Write) -> ExitCode {
    client::run(async { act(args, to).await })
}

async fn act(args: &UptimeArgs, to: &mut dyn Write) -> Result<(), Trouble> {
    let client = choose(&args.server, &args.socket, None)?;
    let query = args.query();
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut reports = args.reports(&client, &query).await?;
    if args.output != UptimeOutput::Json {
        shown::worst_first(&mut reports);
    }
    let written = match args.output {
        UptimeOutput::Text => shown::text(&reports),
        UptimeOutput::Json => shown_json(&json!({"uptime": reports, "next_cursor": null})) + "\n",
        UptimeOutput::Markdown => shown::markdown(&reports),
    };
    Ok(to.write_all(written.as_bytes())?)
}

impl UptimeArgs {
    fn query(&self) -> Vec<(&'static str, String)> {
        let moments = [("from", &self.from), ("to", &self.to)];
        let moments = moments.into_iter().filter_map(|(name, said)| Some((name, moment(said.as_deref()?))));
        let others = [("by", self.by.map(str::to_owned)), ("timezone", self.timezone.clone())];
        let others = others.into_iter().filter_map(|(name, said)| Some((name, said?)));
        let matchers = (!self.matchers.is_empty()).then(|| ("matchers", self.matchers.join(", ")));
        moments.chain(others).chain(matchers).collect()
    }

    async fn reports(&self, client: &Client, query: &[(&str, &str)]) -> Result<Vec<Value>, Trouble> {
        let mut reports = Vec::new();
        for name in &self.names {
            reports.push(client.about(name.as_str(), ApiCall { query, ..ApiCall::get(&["uptime"]) }).await?);
        }
        if self.names.is_empty() {
            let all = client.each("uptime", query, |report| {
                reports.push(report.clone());
                Ok(true)
            });
            all.await?;
        }
        Ok(reports)
    }
}

/// A length of time is how long ago; the server reads all else.
fn moment(said: &str) -> String {
    match parse_duration(said) {
        Ok(ago) => (Clock::new().now() - ago).to_string(),
        Err(_) => said.to_owned(),
    }
}

fn part(text: &str) -> Result<&'static str, String> {
    let words = PartLength::ALL.map(PartLength::as_str);
    words.into_iter().find(|word| *word == text).ok_or_else(|| "this is day, week or month".to_owned())
}
