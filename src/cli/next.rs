//! `punctual next`: when does a schedule occur?

use std::io::{self, Write};
use std::iter::successors;
use std::path::PathBuf;

use chrono::DateTime;

use super::flags::Output;
use crate::compat::DOOR_KEYS;
use crate::config::{self, Faults};
use crate::core::check::Name;
use crate::core::cron::{Cron, CronError};
use crate::core::schedule::{Occurrences, Schedule};
use crate::core::time::{Span, Time};
use crate::core::zone::{Zone, est_like_warning};
use crate::zones::{ZoneError, parse_timezone};

/// Shows when a cron expression, or a check with one, occurs next; of a check with periods, the deadline after a success now.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("schedule").required(true))]
pub struct NextArgs {
    /// A check of the configuration
    #[arg(group = "schedule", conflicts_with = "timezone")]
    name: Option<String>,
    /// A cron expression, in quotes: "0 2 * * *"
    #[arg(long, group = "schedule")]
    cron: Option<String>,
    /// The IANA name of its time zone
    #[arg(long, default_value = "UTC")]
    timezone: String,
    /// Only what comes after this time, as in 2026-03-28T00:00:00Z; left out: now
    #[arg(long, value_parser = parse_time)]
    from: Option<Time>,
    /// How many
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// `json`: a list of times in UTC
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// The configuration that has the check
    #[arg(long = "config.file", env = "PUNCTUAL_CONFIG_FILE", default_value = "punctual.yaml")]
    config_file: PathBuf,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NextError {
    /// Not a cron expression.
    #[error("--cron: {0}")]
    Cron(#[from] CronError),
    /// Not a time zone.
    #[error("--timezone: {0}")]
    Zone(#[from] ZoneError),
    /// The files have faults.
    #[error(transparent)]
    Config(#[from] Faults),
    /// The configuration has no such check.
    #[error("there is no check `{}` in {}", .name.escape_debug(), .file.display())]
    NoSuchCheck {
        /// What was asked for.
        name: String,
        /// Where.
        file: PathBuf,
    },
    /// The check's schedule depends on its pings.
    #[error(
        "the check `{name}` has no occurrences of its own ({schedule}): its next due time depends on its pings"
    )]
    NoOccurrences {
        /// Which.
        name: Name,
        /// Its schedule, in words.
        schedule: String,
    },
    /// The output is closed.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// Writes the next occurrences to `out`; `now` is where they begin unless `--from` says otherwise.
pub fn run(args: &NextArgs, now: Time, out: &mut dyn Write) -> Result<(), NextError> {
    let (schedule, grace) = schedule(args)?;
    let from = args.from.unwrap_or(now);
    let (times, zone): (Vec<Time>, Zone) = match &schedule {
        Schedule::At(at) | Schedule::CountedAt(at, _) => {
            let times = successors(at.next_after(from), |time| at.next_after(*time));
            (times.take(usize::from(args.count)).collect(), at.zone)
        }
        // What comes after it depends on the next ping.
        Schedule::Periods(periods) => (periods.deadline(from).into_iter().collect(), Zone::UTC),
        Schedule::Every(_) | Schedule::Counted(_) | Schedule::Unscheduled => (Vec::new(), Zone::UTC),
    };
    if args.output == Output::Json {
        let list: Vec<String> = times.iter().map(Time::to_string).collect();
        return Ok(writeln!(out, "{}", serde_json::json!(list))?);
    }
    match &schedule {
        Schedule::CountedAt(at, _) => writeln!(out, "{at}")?,
        schedule => writeln!(out, "{schedule}")?,
    }
    if let Some(warning) = est_like_warning(zone) {
        writeln!(out, "warning: {warning}")?;
    }
    for time in times {
        write!(out, "{}  {time}", local(zone, time))?;
        match grace {
            Some(grace) => writeln!(out, "  late after {}", local(zone, time + grace))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// The schedule that was asked for, with the grace of the check.
fn schedule(args: &NextArgs) -> Result<(Schedule, Option<Span>), NextError> {
    if let Some(cron) = &args.cron {
        let at = Occurrences { cron: Cron::parse(cron)?, zone: parse_timezone(&args.timezone)? };
        return Ok((Schedule::At(at), None));
    }
    let name = args.name.as_deref().unwrap_or_default();
    let config = config::load(&args.config_file, &DOOR_KEYS)?;
    let Some(check) = config.checks.into_iter().find(|check| check.name.as_str() == name) else {
        return Err(NextError::NoSuchCheck { name: name.to_owned(), file: args.config_file.clone() });
    };
    match check.spec.schedule.clone() {
        schedule @ (Schedule::At(_) | Schedule::CountedAt(..) | Schedule::Periods(_)) => {
            Ok((schedule, Some(check.spec.grace)))
        }
        schedule => Err(NextError::NoOccurrences { name: check.name, schedule: schedule.to_string() }),
    }
}

fn local(zone: Zone, time: Time) -> String {
    format!("{} {}", zone.local(time).format("%a %Y-%m-%d %H:%M:%S"), zone.abbreviation(time))
}

fn parse_time(text: &str) -> Result<Time, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| Time::from_ms(time.timestamp_millis()))
        .map_err(|_| "write it as in 2026-03-28T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: NextArgs,
    }

    fn answer(arguments: &[&str]) -> Result<String, String> {
        let line =
            Line::try_parse_from([&["next"], arguments].concat()).map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        run(&line.args, Time::from_secs(1_774_656_000), &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).expect("the output is text"))
    }

    fn check(arguments: &[&str], expected: &str) {
        assert_eq!(answer(arguments).as_deref(), Ok(expected));
    }

    fn refuse(arguments: &[&str], expected: &str) {
        let error = answer(arguments).expect_err("it is refused");
        assert!(error.contains(expected), "{error}");
    }

    const BERLIN: [&str; 4] = ["--cron", "0 2 * * *", "--timezone", "Europe/Berlin"];

    /// 2.2: on 29 March the hour from two is missing; the job runs at three, an hour of UTC earlier than usual.
    #[test]
    fn a_change_of_clocks_shows_in_utc() {
        let json = ["--from", "2026-03-28T00:00:00Z", "--count", "3", "--output", "json"];
        check(
            &[&BERLIN[..], &json].concat(),
            "[\"2026-03-28T01:00:00Z\",\"2026-03-29T01:00:00Z\",\"2026-03-30T00:00:00Z\"]\n",
        );
    }

    #[test]
    fn people_see_both_times() {
        check(
            &[&BERLIN[..], &["--count", "2"]].concat(),
            "cron \"0 2 * * *\" Europe/Berlin\n\
             Sat 2026-03-28 02:00:00 CET  2026-03-28T01:00:00Z\n\
             Sun 2026-03-29 03:00:00 CEST  2026-03-29T01:00:00Z\n",
        );
    }

    #[test]
    fn a_check_of_the_configuration_has_a_grace_as_well() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.yaml");
        let shown = answer(&["nightly-backup", "--config.file", file, "--count", "1"]).expect("it occurs");
        assert!(shown.ends_with("late after Sat 2026-03-28 02:30:00 CET\n"), "{shown}");
        refuse(&["hello", "--config.file", file], "has no occurrences of its own (every 1m)");
        refuse(&["helo", "--config.file", file], "there is no check `helo`");
        refuse(&["hello", "--config.file", "/no/such/file"], "there is no such file");
    }

    /// 2.6: Saturday's gap is followed by Sunday's five minutes.
    #[test]
    fn a_check_with_periods_has_one_deadline_from_now() {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let file = dir.path().join("punctual.yaml");
        let text = "checks: [{name: a, periods: '* * * * sun 300; * * * * mon-fri 60', grace: 1m}]";
        std::fs::write(&file, text).expect("it can be written");
        let file = file.to_str().expect("the path is text");
        check(
            &["a", "--config.file", file],
            "periods \"* * * * sun 300; * * * * mon-fri 60\"\n\
             Sun 2026-03-29 00:05:00 UTC  2026-03-29T00:05:00Z  late after Sun 2026-03-29 00:06:00 UTC\n",
        );
        check(&["a", "--config.file", file, "--output", "json"], "[\"2026-03-29T00:05:00Z\"]\n");
    }

    #[test]
    fn what_cannot_be_answered_says_why() {
        refuse(&[], "<NAME|--cron <CRON>>");
        refuse(&["hello", "--timezone", "UTC"], "cannot be used with");
        refuse(&["--cron", "0 25 * * *"], "--cron: hour: `25`");
        refuse(&["--cron", "0 2 * * *", "--timezone", "Berlin"], "did you mean `Europe/Berlin`?");
        refuse(&["--cron", "0 2 * * *", "--count", "0"], "0 is not in 1..=1000");
        refuse(&["--cron", "0 2 * * *", "--from", "tomorrow"], "write it as in 2026-03-28T00:00:00Z");
        refuse(&["hello", "--cron", "0 2 * * *"], "cannot be used with");
    }
}
