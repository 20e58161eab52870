//! `punctual test-notify RECEIVER`: does a message get through?

use std::io::{self, Write};
use std::path::PathBuf;

use crate::clock::Clock;
use crate::compat::{DOOR_KEYS, ping_urls};
use crate::config::{self, Config, Faults};
use crate::engine::{SampleSent, SampleWay, send_samples};
use crate::notify::Receiver;
use crate::notify::{SetupError, Transport};

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
    let way = SampleWay {
        receiver: &args.receiver,
        transport: &transport,
        hears_recoveries: config.policy.hears_recoveries(&receiver.name),
        external_url: &args.external_url,
    };
    let sent = send_samples(&way, clock).await;
    for sample in &sent {
        writeln!(out, "{}", sample.in_words(&args.receiver))?;
    }
    if sent.iter().all(SampleSent::is_taken) { Ok(()) } else { Err(TestNotifyError::NotTaken) }
}

fn find<'a>(config: &'a Config, wanted: &str) -> Result<&'a Receiver, TestNotifyError> {
    let found = config.receivers.iter().find(|receiver| &*receiver.name == wanted);
    found.ok_or_else(|| {
        let known: Vec<&str> = config.receivers.iter().map(|receiver| &*receiver.name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        TestNotifyError::NoSuchReceiver { wanted: wanted.to_owned(), known }
    })
}
