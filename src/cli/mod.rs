//! What the command `punctual` can do. A subcommand is a variant of `Command`, an arm of `main`, and its code: a file, a
//! folder, or a part of `control.rs`, where those stand that ask a running server. The other files are what they share.

mod adopt;
mod ages;
mod answer;
mod audit;
mod backup;
mod carry_on;
mod certificates;
pub mod check_config;
mod check_storage;
mod checks;
mod client;
mod control;
mod difference;
mod export;
mod failure;
mod flags;
mod for_app;
mod import;
mod incidents;
mod last_read;
mod log;
mod messages;
pub mod next;
mod probe;
mod receivers;
mod records;
mod refs;
mod reload;
mod report;
mod run_probe;
mod samples;
mod serve;
mod server;
mod settings;
mod shells;
mod table;
pub mod test_notify;
#[cfg(test)]
mod tests;
mod trouble;
mod uptime;
mod watch;
mod way;

use std::io::{Write as _, stdout};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{CommandFactory, Parser, Subcommand};
use rustix::fs::Mode;
use rustix::process::umask;

use failure::{Failure, wait_for};
pub use flags::Output;
pub use log::{LogFormat, LogLevel};

use crate::clock::Clock;
use crate::compat::DOOR_KEYS;
use crate::config::schema_for_editors;
use crate::core::version;
use crate::zones;

/// Makes sure that what should happen does happen.
#[derive(Parser)]
#[command(name = "punctual", version = version::LINE, long_version = long_version(), about, max_term_width = 100)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take pings, judge, and tell
    Serve(settings::Flags),
    /// Check configuration files, and show whom each check's messages reach
    CheckConfig(check_config::CheckConfigArgs),
    /// Read the whole database, and say whether it is sound; its server may be running
    CheckStorage(check_storage::CheckStorageArgs),
    /// Copy the whole database into a new file; its server may be running
    Backup(backup::BackupArgs),
    /// Show when a schedule occurs next
    Next(next::NextArgs),
    /// Stop judging a check, until it is unpaused or speaks, or for a while
    Pause(control::PauseArgs),
    /// Judge a check again that was paused at run time
    Unpause(control::UnpauseArgs),
    /// Hold the messages of checks for a while; they are judged as usual
    Mute(control::MuteArgs),
    /// End a mute
    Unmute(control::UnmuteArgs),
    /// List the mutes
    Mutes(control::LookArgs),
    /// Look at checks, make, change and ping them, at a server that may be anywhere
    Checks(Box<checks::ChecksArgs>),
    /// Look once, here, at a check that punctual looks at itself; stores nothing
    Probe(probe::ProbeArgs),
    /// Say whether what a check asserts holds, as its reporter
    Report(report::ReportArgs),
    /// What violates what a check asserts, one by one
    Records(records::RecordsArgs),
    /// What is wrong, and who is on it
    #[command(subcommand)]
    Incidents(incidents::Incidents),
    /// What was told to whom, and with which answer
    #[command(subcommand)]
    Messages(messages::Messages),
    /// Where messages go, and what came of the last one
    #[command(subcommand)]
    Receivers(receivers::AboutReceivers),
    /// What people and the server did: who paused, muted, edited, reloaded, signed in
    Audit(Box<audit::AuditArgs>),
    /// How checks have been, over a time, by day, week or month
    Uptime(Box<uptime::UptimeArgs>),
    /// How things stand; fails if something is wrong with the server, or its last reload
    Status(control::LookArgs),
    /// Find where in code each check is pinged, and ping URLs whose name no check has
    Refs(Box<refs::RefsArgs>),
    /// Write what declares the names that are pinged and that no check has
    Adopt(Box<adopt::AdoptArgs>),
    /// Have the server read its configuration again, and wait: fails with every fault if it was not taken
    Reload(control::ReloadArgs),
    /// Say which version this is
    Version,
    /// Write the checks that were made through the API as YAML; a file that declares one takes it over
    Export(export::ExportArgs),
    /// Take over the canaries of coal-mine or the watchers of Night's Watch; the server is stopped meanwhile
    Import(import::ImportArgs),
    /// Send a sample to a receiver
    TestNotify(test_notify::TestNotifyArgs),
    /// Write what a shell needs to complete this command
    Completions(shells::CompletionsArgs),
    /// Write the manual, as pages of `man`
    Man(shells::ManArgs),
    /// Write the JSON Schema of the configuration, for editors
    Schema,
    /// Run a command, for the server
    #[command(hide = true)]
    RunProbe(run_probe::RunProbeArgs),
}

/// With the time zones' data, which changes more often than the program should.
fn long_version() -> &'static str {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| format!("{}\ntime zones: {}", version::LINE, zones::current()));
    &TEXT
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // Whatever a command writes, as what jobs have sent, is for the server's user and group.
    umask(Mode::WGRP | Mode::RWXO);
    let outcome = match Line::parse().command {
        Command::Serve(flags) => serve::main(flags),
        Command::CheckConfig(args) => check_config::run(&args, &mut stdout()).map_err(Into::into),
        Command::CheckStorage(args) => check_storage::run(&args, &mut stdout()),
        Command::Backup(args) => backup::run(&args, &mut stdout()),
        Command::Next(args) => next::run(&args, Clock::new().now(), &mut stdout()).map_err(Into::into),
        Command::Pause(args) => return client::run(async { control::pause(&args).await }),
        Command::Unpause(args) => return client::run(async { control::unpause(&args).await }),
        Command::Mute(args) => return client::run(async { control::mute(&args).await }),
        Command::Unmute(args) => return client::run(async { control::unmute(&args).await }),
        Command::Mutes(args) => return client::run(async { control::mutes(&args).await }),
        Command::Checks(args) => return checks::main(*args, &mut stdout()),
        Command::Probe(args) => wait_for(async { probe::run(&args, &Clock::new(), &mut stdout()).await }),
        Command::Report(args) => return client::run(async { report::report(&args).await }),
        Command::Records(args) => return client::run(async { args.run().await }),
        Command::Incidents(args) => return incidents(args),
        Command::Messages(args) => return messages(args),
        Command::Receivers(args) => return receivers(args),
        Command::Audit(args) => return client::run(async { args.run().await }),
        Command::Uptime(args) => return uptime::main(&args, &mut stdout()),
        Command::Status(args) => return client::run(async { control::status(&args).await }),
        Command::Refs(args) => return client::run(async { args.run().await }),
        Command::Adopt(args) => return client::run(async { args.run().await }),
        Command::Reload(args) => return client::run(async { control::reload(&args).await }),
        Command::RunProbe(args) => return args.run(),
        Command::Version => writeln!(stdout(), "punctual {}", long_version()).map_err(Into::into),
        Command::Export(args) => return client::run(async { export::run(&args, &mut stdout()).await }),
        Command::Import(args) => import::main(&args, &mut stdout()),
        Command::TestNotify(args) => {
            wait_for(async { test_notify::run(&args, &Clock::new(), &mut stdout()).await })
        }
        Command::Completions(args) => shells::completions(&args, &mut Line::command(), &mut stdout()),
        Command::Man(args) => shells::man(&args, Line::command(), &mut stdout()),
        Command::Schema => write!(stdout(), "{}", schema_for_editors(&DOOR_KEYS)).map_err(Into::into),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(text)) => {
            text.lines().for_each(|line| eprintln!("{line}"));
            ExitCode::FAILURE
        }
    }
}

fn receivers(args: receivers::AboutReceivers) -> ExitCode {
    use receivers::AboutReceivers;
    match args {
        AboutReceivers::List(list) => client::run(async { list.run().await }),
        AboutReceivers::Test(test) => client::run(async { test.run().await }),
    }
}

fn incidents(args: incidents::Incidents) -> ExitCode {
    use incidents::{Incidents, StanceVerb, stand};
    match args {
        Incidents::List(list) => client::run(async { list.run().await }),
        Incidents::Show(show) => client::run(async { show.run().await }),
        Incidents::Ack(args) => client::run(async { args.run().await }),
        Incidents::WontFix(args) => client::run(async { stand(&args, StanceVerb::WontFix, None).await }),
        Incidents::Reopen(args) => client::run(async { stand(&args, StanceVerb::Reopen, None).await }),
        Incidents::Comment(args) => client::run(async { stand(&args, StanceVerb::Comment, None).await }),
    }
}

fn messages(args: messages::Messages) -> ExitCode {
    use messages::Messages;
    match args {
        Messages::List(list) => client::run(async { list.run().await }),
        Messages::Retry(args) => client::run(async { messages::retry(&args).await }),
        Messages::Drop(args) => client::run(async { messages::drop(&args).await }),
    }
}
