//! `punctual report`: a shell script says whether what a check asserts holds (§17).

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::checks::read;
use super::flags::{Output, name};
use super::server;
use super::table::{shown_json, text};
use super::trouble::Trouble;
use super::way::WhichServer;
use crate::config::parse_duration;
use crate::core::check::Name;
use crate::core::text::{first_bytes, last_bytes};
use crate::store::PingFact;

/// The longest text that is read, in bytes.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// Which check, and what was found.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
#[command(group = ArgGroup::new("result").required(true))]
pub(super) struct ReportArgs {
    /// The check's name
    #[arg(value_parser = name)]
    name: Name,
    /// It holds
    #[arg(long, group = "result")]
    holds: bool,
    /// It does not, for this reason
    #[arg(long, group = "result", value_name = "WHY", num_args = 0..=1, default_missing_value = "")]
    violated: Option<String>,
    /// Whoever looked could not tell, for this reason
    #[arg(long, group = "result", value_name = "WHY")]
    unknown: Option<String>,
    /// A file with what the look has said, which is kept; - is standard input
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// How long the look took, as in 2m30s
    #[arg(long, value_name = "DURATION")]
    took: Option<String>,
    /// How it is written: json is what the API answers
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    server: WhichServer,
}

/// Reports it, and says what came of that.
pub(super) async fn report(args: &ReportArgs) -> Result<(), Trouble> {
    let mut body = args.said();
    if let Some(path) = &args.text {
        body["text"] = json!(ends_of(&read(path, MAX_TEXT_BYTES)?));
    }
    if let Some(took) = &args.took {
        let bad = |error| Trouble::NotAsked(format!("--took {took}: {error}"));
        body["duration_seconds"] = json!(parse_duration(took).map_err(bad)?.as_ms() as f64 / 1000.0);
    }
    let client = args.server.client()?;
    let taken = client.report(args.name.as_str(), &body).await?;
    let line = match args.output {
        Output::Json => shown_json(&taken),
        _ => in_words(&args.name, &taken),
    };
    Ok(writeln!(io::stdout(), "{line}")?)
}

impl ReportArgs {
    fn said(&self) -> Value {
        match (&self.violated, &self.unknown) {
            (Some(why), _) => json!({"result": "violated", "why": PingFact::kept(why)}),
            (None, Some(why)) => json!({"result": "unknown", "why": PingFact::kept(why)}),
            (None, None) => json!({"result": "holds"}),
        }
    }
}

/// The server keeps a beginning and an end: so much of them as it keeps is sent, with a mark between.
fn ends_of(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    if said.len() <= PingFact::MAX_BODY_BYTES {
        return said.into_owned();
    }
    let first = first_bytes(&said, PingFact::FIRST_BODY_BYTES);
    format!("{first}\n…\n{}", last_bytes(&said, PingFact::LAST_BODY_BYTES - "\n…\n".len()))
}

fn in_words(check: &Name, taken: &Value) -> String {
    let numbers = |list: &Value| {
        let list = list.as_array().map_or(&[][..], Vec::as_slice);
        list.iter().map(|incident| text(&incident["incident"])).collect::<Vec<_>>().join(", ")
    };
    let (began, ended) = (numbers(&taken["began"]), numbers(&taken["ended"]));
    let came_of_it = match (began.as_str(), ended.as_str(), taken["paused"] == json!(true)) {
        (_, _, true) => "it is paused, and not judged by this".to_owned(),
        ("", "", _) if taken["open"] == json!(0) => "nothing is open".to_owned(),
        ("", "", _) => "what was open stays so".to_owned(),
        ("", ended, _) => format!("incident {ended} ended"),
        (began, "", _) => format!("incident {began} began"),
        (began, ended, _) => format!("incident {ended} ended, and {began} began"),
    };
    format!("{check}: reported; {came_of_it}")
}
