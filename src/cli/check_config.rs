//! `punctual check-config FILE…`: what is wrong, what will disappoint, and whom each check's messages reach.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use serde::{Serialize, Serializer};

use super::flags::Output;
use super::reload::load;
use crate::config::{self, Config, ConfigFiles, Told, reach};
use crate::core::cause::CauseKind;
use crate::core::check::Definition;
use crate::core::route::{Policy, is_own_receiver};

/// So many checks are shown without `--all`.
const SHOWN_CHECKS: usize = 50;

/// Says what is wrong with configurations, what will disappoint, and whom each check's messages reach.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckConfigArgs {
    /// Configurations, each with all that it names
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The file that `serve` is given as well, in the format of Prometheus' exporters
    #[arg(long = "web.config.file", env = "PUNCTUAL_WEB_CONFIG_FILE", value_name = "FILE")]
    web_config_file: Option<PathBuf>,
    /// Commands may be run, as where `serve` is told so
    #[arg(long = "config.allow-exec", env = "PUNCTUAL_CONFIG_ALLOW_EXEC", value_parser = BoolishValueParser::new())]
    allow_exec: bool,
    /// Show every check, not only the first 50
    #[arg(long)]
    all: bool,
    /// `json`: everything, for programs
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Why the command fails.
#[derive(Debug, thiserror::Error)]
pub enum CheckConfigError {
    /// What is wrong is in the output already.
    #[error("{bad} of {all} configurations cannot be used", all = .good + .bad)]
    Faulty {
        /// Those without a fault.
        good: usize,
        /// Those with one.
        bad: usize,
    },
    /// The output is closed.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// Writes what it finds to `out`; an error if a file has a fault.
pub fn run(args: &CheckConfigArgs, out: &mut dyn Write) -> Result<(), CheckConfigError> {
    let shown_checks = if args.all { usize::MAX } else { SHOWN_CHECKS };
    let mut bad = 0;
    let mut first = true;
    for path in &args.files {
        // What is left to be found when messages leave is found now.
        let files = ConfigFiles {
            main: path.clone(),
            web: args.web_config_file.clone(),
            allow_exec: args.allow_exec,
        };
        let loaded = load(&files).map(|(config, _)| config);
        bad += usize::from(loaded.is_err());
        match args.output {
            Output::Json => {
                out.write_all(if first { b"[" } else { b",\n" })?;
                serde_json::to_writer(&mut *out, &FileReport::new(path, &loaded)).map_err(io::Error::from)?;
            }
            Output::Text => match &loaded {
                Ok(config) => show(path, config, shown_checks, out)?,
                Err(faults) => writeln!(out, "{faults}")?,
            },
        }
        first = false;
    }
    if args.output == Output::Json {
        writeln!(out, "]")?;
    }
    match bad {
        0 => Ok(()),
        bad => Err(CheckConfigError::Faulty { good: args.files.len() - bad, bad }),
    }
}

fn show(path: &Path, config: &Config, shown_checks: usize, out: &mut dyn Write) -> io::Result<()> {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    writeln!(
        out,
        "{}: OK: {}, {}, {}",
        path.display(),
        count(config.checks.len(), "check"),
        count(config.receivers.len(), "receiver"),
        count(config.policy.responders.len(), "responder"),
    )?;
    for warning in &config.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    match (config.receivers.len(), config.alertmanagers.len()) {
        (0, 0) => writeln!(out, "punctual itself tells nobody: Prometheus' rules do, or add `receivers`")?,
        (_, 0) => {}
        (_, alertmanagers) => writeln!(out, "every alert goes to {}", count(alertmanagers, "Alertmanager"))?,
    }
    for check in config.checks.iter().take(shown_checks) {
        writeln!(
            out,
            "\n{} ({}, grace {}): {}",
            check.name,
            check.spec.schedule,
            check.spec.grace,
            place(check)
        )?;
        for told in reach(&config.policy, check).told {
            writeln!(out, "  {}", in_words(&config.policy, &told))?;
        }
    }
    if let more @ 1.. = config.checks.len().saturating_sub(shown_checks) {
        writeln!(out, "\nand {more} more checks: `--all` shows them")?;
    }
    Ok(())
}

fn place(check: &Definition) -> String {
    check.source.to_string()
}

/// `chat after 15m, then every 4h (matches severity="critical"), if too_few or failed`
fn in_words(policy: &Policy, told: &Told) -> String {
    let after = if told.after.as_ms() == 0 { "at once".to_owned() } else { format!("after {}", told.after) };
    let repeat = told.repeat_interval.map(|interval| format!(", then every {interval}")).unwrap_or_default();
    let by = match told.responder {
        Some(number) => format!("matches {}", policy.name_of(number)),
        None if is_own_receiver(&told.receiver) => "its own emails".to_owned(),
        None => "default_receivers".to_owned(),
    };
    let reasons: Vec<&str> = told.only.iter().map(|cause| cause.as_str()).collect();
    let only = if reasons.is_empty() { String::new() } else { format!(", if {}", reasons.join(" or ")) };
    format!("{} {after}{repeat} ({by}){only}", told.receiver)
}

/// What is said of one file, for programs. Durations are in seconds.
#[derive(Serialize)]
struct FileReport<'a> {
    file: String,
    ok: bool,
    faults: Vec<FaultReport<'a>>,
    faults_omitted: usize,
    warnings: Vec<String>,
    checks: CheckReports<'a>,
}

#[derive(Serialize)]
struct FaultReport<'a> {
    file: &'a str,
    /// 0: the file as a whole.
    line: u32,
    column: u32,
    message: &'a str,
}

/// Each is made when it is written: there may be a million.
struct CheckReports<'a>(Option<&'a Config>);

#[derive(Serialize)]
struct CheckReport<'a> {
    name: &'a str,
    group: &'a str,
    schedule: String,
    grace_seconds: f64,
    source: String,
    told: Vec<ToldReport>,
    /// Reasons of which nobody is told.
    unheard: Vec<&'static str>,
}

#[derive(Serialize)]
struct ToldReport {
    receiver: String,
    after_seconds: f64,
    repeat_interval_seconds: Option<f64>,
    /// Counted from 1; null: `default_receivers`.
    responder: Option<u32>,
    /// Only for these; empty: for every reason.
    reasons: Vec<&'static str>,
}

impl<'a> FileReport<'a> {
    fn new(path: &Path, loaded: &'a Result<Config, config::Faults>) -> FileReport<'a> {
        let (config, faults) = (loaded.as_ref().ok(), loaded.as_ref().err());
        let fault = |config::Fault { file, line, column, message }: &'a config::Fault| FaultReport {
            file,
            line: *line,
            column: *column,
            message,
        };
        FileReport {
            file: path.display().to_string(),
            ok: config.is_some(),
            faults: faults.iter().flat_map(|faults| &faults.list).map(fault).collect(),
            faults_omitted: faults.map_or(0, |faults| faults.omitted),
            warnings: config.iter().flat_map(|config| &config.warnings).map(ToString::to_string).collect(),
            checks: CheckReports(config),
        }
    }
}

impl Serialize for CheckReports<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checks = self.0.iter().flat_map(|config| config.checks.iter().map(|check| (*config, check)));
        serializer.collect_seq(checks.map(|(config, check)| CheckReport::new(config, check)))
    }
}

impl<'a> CheckReport<'a> {
    fn new(config: &Config, check: &'a Definition) -> CheckReport<'a> {
        let reach = reach(&config.policy, check);
        let kinds = |kinds: &[CauseKind]| kinds.iter().map(|kind| kind.as_str()).collect();
        let told = |told: &Told| ToldReport {
            receiver: told.receiver.to_string(),
            after_seconds: told.after.as_secs_f64(),
            repeat_interval_seconds: told.repeat_interval.map(|interval| interval.as_secs_f64()),
            responder: told.responder,
            reasons: kinds(&told.only),
        };
        CheckReport {
            name: check.name.as_str(),
            group: &check.group,
            schedule: check.spec.schedule.to_string(),
            grace_seconds: check.spec.grace.as_secs_f64(),
            source: place(check),
            told: reach.told.iter().map(told).collect(),
            unheard: kinds(&reach.unheard),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: CheckConfigArgs,
    }

    /// What is written about `config`, with the error's message if it fails; `MAIN` for the file's path.
    fn said(config: &str, flags: &[&str]) -> (String, Option<String>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("main.yaml");
        std::fs::write(&path, config).expect("it can be written");
        let path = path.to_str().expect("the path is text");
        let line =
            Line::try_parse_from([&["check-config", path], flags].concat()).expect("the flags are known");
        let mut out = Vec::new();
        let error = run(&line.args, &mut out).err().map(|error| error.to_string());
        (String::from_utf8(out).expect("the output is text").replace(path, "MAIN"), error)
    }

    const ROUTED: &str = r"
receivers:
  - {name: mail, webhook: {url: 'http://127.0.0.1/mail'}}
  - {name: chat, webhook: {url: 'http://127.0.0.1/chat'}}
default_receivers: [mail]
responders:
  - matchers: [team=dba]
    actions: [{notify: mail}, {notify: chat, after: 15m, repeat_interval: 4h}]
  - matchers: [check=backup, status=failing]
    actions: [{notify: chat, after: 1m}]
checks:
  - {name: backup, cron: '0 2 * * *', timezone: Europe/Berlin, grace: 30m, labels: {team: dba}}
  - {name: queue, every: 5m}
";

    #[test]
    fn it_says_where_each_checks_messages_go() {
        let (text, error) = said(ROUTED, &[]);
        assert_eq!(error, None);
        assert_eq!(
            text,
            "MAIN: OK: 2 checks, 2 receivers, 2 responders\n\
             \n\
             backup (cron \"0 2 * * *\" Europe/Berlin, grace 30m): MAIN:12\n\
             \x20 mail at once (matches team=\"dba\")\n\
             \x20 chat after 15m, then every 4h (matches team=\"dba\")\n\
             \x20 chat after 1m (matches check=\"backup\", status=\"failing\"), if failed\n\
             \n\
             queue (every 5m, grace 5m): MAIN:13\n\
             \x20 mail at once (default_receivers)\n"
        );
    }

    #[test]
    fn programs_read_the_same() {
        let (text, _) = said(ROUTED, &["--output", "json"]);
        let report: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(report[0]["ok"], true);
        assert_eq!(report[0]["checks"][0]["told"][1]["after_seconds"], 900.0);
        assert_eq!(report[0]["checks"][0]["told"][2]["reasons"][0], "failed");
        assert_eq!(report[0]["checks"][1]["told"][0]["responder"], serde_json::Value::Null);
        let order = [
            "file",
            "ok",
            "faults",
            "faults_omitted",
            "warnings",
            "checks",
            "name",
            "group",
            "told",
            "unheard",
        ];
        let places = order.map(|key| text.find(&format!("\"{key}\":")).expect("it is said"));
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn faults_are_told_and_fail_the_command() {
        let config = "checks:\n  - {name: a, evry: 1h}\n  - {name: b, every: 1}\n";
        let (text, error) = said(config, &[]);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.starts_with("MAIN:2:15: a check has no key `evry`; did you mean `every`?\n"), "{text}");
        assert_eq!(error.as_deref(), Some("1 of 1 configurations cannot be used"));
        let (text, error) = said(config, &["--output", "json"]);
        let report: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(report[0]["faults"][1]["line"], 3);
        assert!(error.is_some());
    }

    #[test]
    fn a_template_that_cannot_be_rendered_is_a_fault_with_its_place() {
        let webhook =
            |template: &str| format!("webhook: {{url: 'http://127.0.0.1', template: '{template}'}}");
        let (unknown, no_json) = (webhook("{{ nosuch }}"), webhook(r#"{"text": "{{ text }}"}"#));
        let config = format!(
            "receivers:\n  - {{name: good, {}}}\n  - {{name: a, {unknown}}}\n  - {{name: b, {no_json}}}\n\
             default_receivers: [good, a, b]\n",
            webhook("{{ text }}"),
        );
        let (text, error) = said(&config, &[]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(
            lines[0].starts_with("MAIN:3:5: receiver `a`: line 1 of the template: undefined value"),
            "{text}"
        );
        assert!(lines[1].starts_with("MAIN:4:5: receiver `b`: it begins as JSON"), "{text}");
        assert_eq!(error.as_deref(), Some("1 of 1 configurations cannot be used"));
    }

    /// Whom a template does not name, nobody hears of.
    #[test]
    fn a_template_that_names_only_the_first_check_is_warned_of() {
        let warned = |template: &str, more: &str| {
            let webhook = format!("webhook: {{url: 'http://127.0.0.1', template: '{template}'{more}}}");
            let config = format!("receivers:\n  - {{name: a, {webhook}}}\ndefault_receivers: [a]\n");
            let (text, error) = said(&config, &[]);
            assert_eq!(error, None, "{text}");
            text.lines().find(|line| line.starts_with("warning: MAIN:2:5: receiver `a`: ")).map(str::to_owned)
        };
        let first = "{{ checks[0].word }} {{ checks[0].name }}";
        let warning = warned(first, "").expect("it names one of up to 256");
        assert!(
            warning.contains("does not name every check, and a message tells of up to 256: write"),
            "{warning}"
        );
        assert!(warned("{{ subject }}", "").is_some() && warned(first, ", max_checks: 2").is_some());
        // What it proposes is taken, and not warned of.
        let proposed = "{% for check in checks %}{{ check.name }}{% endfor %}";
        assert!(warning.contains(proposed) && warning.contains("`{{ text }}`"), "{warning}");
        assert_eq!([proposed, "{{ text }}"].map(|template| warned(template, "")), [None, None]);
        let twenty = "{% for check in checks[:20] %}{{ check.title }}, {% endfor %}";
        assert!(warned(twenty, "").is_some());
        assert_eq!(warned(twenty, ", max_checks: 20"), None);
        assert_eq!(warned(first, ", max_checks: 1"), None);
    }

    #[test]
    fn many_checks_are_cut_short_unless_all_are_wanted() {
        let checks: String = (0..60).map(|i| format!("  - {{name: c{i}, every: 1h}}\n")).collect();
        let config = format!("checks:\n{checks}");
        let (text, _) = said(&config, &[]);
        assert!(text.contains("punctual itself tells nobody"), "{text}");
        assert!(text.ends_with("and 10 more checks: `--all` shows them\n"), "{text}");
        let (text, _) = said(&config, &["--all"]);
        assert_eq!(text.matches("every 1h").count(), 60);
    }
}
