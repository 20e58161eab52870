//! `punctual test-notify RECEIVER`: does a message get through?

use std::io::{self, Write};
use std::path::PathBuf;

use crate::clock::Clock;
use crate::compat::{DOOR_KEYS, ping_urls};
use crate::config::{self, Config, Faults};
use crate::core::notice::Notice;
use crate::core::outbox::Attempt;
use crate::notify::Receiver;
use crate::notify::{Notification, SetupError, Transport, sample};

/// Sends a sample to a receiver, by the way that real messages take, and says what became of it.
///
/// The sample is marked as one. Where the receiver hears of recoveries, a recovery follows it.
#[derive(Clone, Debug, clap::Args)]
pub struct TestNotifyArgs {
    /// The receiver's name, as in the configuration
    receiver: String,
    /// The configuration
    #[arg(long = "config.file", env = "PUNCTUAL_CONFIG_FILE", default_value = "punctual.yaml")]
    config_file: PathBuf,
    /// Where people find punctual: links in the message lead there
    #[arg(
        long = "web.external-url",
        env = "PUNCTUAL_WEB_EXTERNAL_URL",
        default_value = "http://127.0.0.1:19099"
    )]
    external_url: String,
}

/// Why nothing was sent, or it was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TestNotifyError {
    /// The files have faults.
    #[error(transparent)]
    Config(#[from] Faults),
    /// A slip of the finger.
    #[error("there is no receiver `{wanted}`; there are: {known}")]
    NoSuchReceiver {
        /// What was asked for.
        wanted: String,
        /// Those that are configured.
        known: String,
    },
    /// The receiver cannot be reached as it is configured.
    #[error("receiver `{0}`: {1}")]
    Setup(String, SetupError),
    /// The receiver did not take it; why is in the output.
    #[error("the sample was not taken")]
    NotTaken,
    /// The output is closed.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// Sends the sample; one line on `out` for each message.
pub async fn run(args: &TestNotifyArgs, clock: &Clock, out: &mut impl Write) -> Result<(), TestNotifyError> {
    let config = config::load(&args.config_file, &DOOR_KEYS)?;
    let receiver = find(&config, &args.receiver)?;
    let transport = Transport::new(receiver, config.smtp.as_ref(), Transport::TIMEOUT, &ping_urls())
        .map_err(|error| TestNotifyError::Setup(args.receiver.clone(), error))?;
    let way = SampleWay { args, transport, clock };
    // Unlike the key of any real message.
    let first = format!("test-{}", clock.now().as_ms());
    let alert = sample::alert(clock.now());
    send(&way, Sample { what: "alert", key: &first, notice: &alert }, out).await?;
    let hears_recoveries =
        config.policy.receivers.get(&receiver.name).is_none_or(|policy| policy.send_resolved);
    if hears_recoveries {
        let recovery = sample::recovery(clock.now(), Some(first.clone()));
        // What an alert's receiver opened it shall close: the same beginning.
        let recovery = Notice { opened_at: alert.opened_at, first: alert.first, ..recovery };
        let key = format!("{first}-end");
        send(&way, Sample { what: "recovery", key: &key, notice: &recovery }, out).await?;
    }
    Ok(())
}

fn find<'a>(config: &'a Config, wanted: &str) -> Result<&'a Receiver, TestNotifyError> {
    let found = config.receivers.iter().find(|receiver| &*receiver.name == wanted);
    found.ok_or_else(|| {
        let known: Vec<&str> = config.receivers.iter().map(|receiver| &*receiver.name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        TestNotifyError::NoSuchReceiver { wanted: wanted.to_owned(), known }
    })
}

/// By which way samples go.
struct SampleWay<'a> {
    args: &'a TestNotifyArgs,
    transport: Transport,
    clock: &'a Clock,
}

/// A sample of a message.
struct Sample<'a> {
    what: &'static str,
    key: &'a str,
    notice: &'a Notice,
}

async fn send(way: &SampleWay<'_>, sample: Sample<'_>, out: &mut impl Write) -> Result<(), TestNotifyError> {
    let (SampleWay { args, transport, clock }, Sample { what, key, notice }) = (way, sample);
    let now = clock.now();
    let notification = Notification {
        key,
        receiver: &args.receiver,
        notices: std::slice::from_ref(notice),
        external_url: &args.external_url,
        ack_url: None,
        now,
    };
    let attempt = transport.send(&notification).await;
    let took = clock.now() - now;
    match attempt {
        Attempt::Taken { answer } => {
            writeln!(out, "{what}: {} took it within {took}: {answer}", args.receiver)?;
        }
        Attempt::Later { why, .. } | Attempt::Unreachable { why, .. } => {
            writeln!(out, "{what}: not taken; a real message would be tried again: {why}")?;
            return Err(TestNotifyError::NotTaken);
        }
        Attempt::Misdirected { why } => {
            writeln!(out, "{what}: refused, whatever it says; a real message would be tried again: {why}")?;
            return Err(TestNotifyError::NotTaken);
        }
        Attempt::Never { why } => {
            writeln!(out, "{what}: refused; a real message would be given up: {why}")?;
            return Err(TestNotifyError::NotTaken);
        }
    }
    Ok(())
}
