//! Messages by a command of this machine (12.9).

use std::collections::BTreeMap;

use super::redact::without;
use super::{Notification, PingUrls, later, misdirected, never, taken, webhook};
use crate::core::outbox::Attempt;
use crate::core::probe::ExecLimits;
use crate::core::secret::Secret;
use crate::core::time::Span;
use crate::exec::{self, ExecCommand, ExecEnd, ExecRun};
use crate::yaml::fault::{Log, quote};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Duration, Map, SecretsByName, Size, Texts, Whole};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{HOUR, SECOND, Section, key};

pub(crate) static EXEC: Section = Section {
    id: "exec",
    title: "`exec`",
    keys: &[
        key("command", Texts, Required, "The path of the program, and its arguments. No shell reads them."),
        key("timeout", Duration(SECOND, HOUR), Default("60s"), "It is killed when it takes longer."),
        key("env", SecretsByName, Optional, "Its environment, besides a `PATH`."),
        key("limits", Map(&EXEC_LIMITS), Optional, "How much it may take."),
    ],
};

pub(crate) static EXEC_LIMITS: Section = Section {
    id: "exec_limits",
    title: "`limits`",
    keys: &[
        key("memory", Size, Default("512MB"), "Of each of its processes."),
        key("files", Whole(16, 65_536), Default("256"), "That each of its processes has open."),
        key("processes", Whole(1, 4096), Default("256"), "That it has started and that run at a time."),
    ],
};

/// Why one in a file is a fault.
pub(crate) const NOT_ALLOWED: &str =
    "commands are run only by a server that is started with `--config.allow-exec`";
/// The longest command with its arguments, in bytes.
const MAX_LINE_BYTES: usize = 16 * 1024;
/// The least memory: a program needs some to start.
const MIN_MEMORY: u64 = 16 << 20;
/// What sysexits.h calls a failure for the time being.
const EX_TEMPFAIL: i32 = 75;
/// The environment that is ours.
const OURS: &str = "PUNCTUAL_";

/// A command; none is run but where the server's administrator allows it.
pub(crate) fn read(loader: &mut Loader, item: &Fields<'_>) -> Option<ExecCommand> {
    if !loader.allows_exec {
        loader.log.fault(item.at_key("exec"), NOT_ALLOWED);
    }
    let fields = item.map(&mut loader.log, "exec")?;
    let log = &mut loader.log;
    let line = line(&fields, log).into_iter().map(str::to_owned).collect();
    let mut env = BTreeMap::new();
    for (name, at, value) in fields.by_name(log, "env") {
        let is_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
        if !name.chars().all(is_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
            log.fault(at, format!("{} is no name of a variable: `A-Z a-z 0-9 _`", quote(name)));
        } else if name.starts_with(OURS) {
            log.fault(at, format!("{} is set by punctual: `{OURS}…` is what it says itself", quote(name)));
        } else if value.contains('\0') {
            log.fault(at, format!("{} has a character that ends it", quote(name)));
        }
        loader.secrets.push(Secret::new(value));
        env.insert(name.to_owned(), Secret::new(value));
    }
    let timeout = fields.duration(log, "timeout").unwrap_or(Span::mins(1));
    let limits = limits(&fields, log);
    Some(ExecCommand { line, env, timeout, limits })
}

/// `command`: the path of a program, and its arguments.
pub(crate) fn line<'a>(fields: &Fields<'a>, log: &mut Log) -> Vec<&'a str> {
    let line: Vec<&str> = fields.texts(log, "command").into_iter().map(|(_, text)| text).collect();
    let mut fault = |message: &str| log.fault(fields.at_value("command"), message);
    if fields.has("command") && !line.first().is_some_and(|program| program.starts_with('/')) {
        fault("`command` begins with the whole path of a program, such as `/usr/local/bin/tell`");
    }
    if line.iter().map(|text| text.len()).sum::<usize>() > MAX_LINE_BYTES {
        fault("`command` has at most 16384 bytes");
    }
    if line.iter().any(|text| text.contains('\0')) {
        fault("`command` has a character that ends a text for programs");
    }
    line
}

/// `limits`, or the usual ones.
pub(crate) fn limits(fields: &Fields<'_>, log: &mut Log) -> ExecLimits {
    let usual = ExecLimits::default();
    let Some(fields) = fields.map(log, "limits") else { return usual };
    let memory = fields.size(log, "memory").unwrap_or(usual.memory);
    if memory < MIN_MEMORY {
        log.fault(fields.at_value("memory"), "`memory` is at least 16MiB: a program needs some to start");
    }
    ExecLimits {
        memory,
        files: fields.whole(log, "files").unwrap_or(usual.files),
        processes: fields.whole(log, "processes").unwrap_or(usual.processes),
    }
}

/// Runs it once for each attempt.
pub(super) async fn send(
    command: &ExecCommand,
    notification: &Notification<'_>,
    ping_urls: &PingUrls,
) -> Attempt {
    let message = notification.write_aside(ping_urls, webhook::as_json).await;
    let env = [("PUNCTUAL_RECEIVER", notification.receiver), ("PUNCTUAL_MESSAGE_KEY", notification.key)];
    let run = exec::run(command, &env, &message).await;
    let said = said(command, &run);
    match run.end {
        ExecEnd::Exited(0) => taken(said),
        ExecEnd::Exited(EX_TEMPFAIL)
        | ExecEnd::Signalled(_)
        | ExecEnd::TimedOut
        | ExecEnd::TooManyProcesses
        | ExecEnd::NotRun(_) => later(said),
        ExecEnd::NotStarted(_) => misdirected(said),
        ExecEnd::Exited(_) => never(said),
    }
}

/// How it ended and what it wrote, without what is secret.
fn said(command: &ExecCommand, run: &ExecRun) -> String {
    let output = String::from_utf8_lossy(&run.output);
    let output = output.trim();
    let said = if output.is_empty() { run.end.to_string() } else { format!("{}: {output}", run.end) };
    without(&said, command.env.values().map(|value| value.expose().to_owned()).collect())
}
