//! `punctual report`: a shell script says whether what a check asserts holds (§17).

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::flags::{Output, name};
use super::server;
use super::table::{shown_json, text};
use super::trouble::Trouble;
use super::way::WhichServer;
use crate::config::parse_duration;
use crate::core::check::Name;
use crate::core::text::{both_ends, last_bytes};
use crate::store::PingFact;

/// So much of either end of a text is kept while it is read, in bytes: more than the server keeps.
const END_BYTES: usize = 64 * 1024;
/// So many bytes of records are read: as many as the server takes.
const MOST_RECORDS_BYTES: u64 = 8 << 20;
/// So many incidents are said; then how many more there are.
const MOST_SAID: usize = 10;

/// Which check, and what was found.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
#[command(group = ArgGroup::new("result").required(true).multiple(true))]
pub(super) struct ReportArgs {
    /// The check's name
    #[arg(value_parser = name)]
    name: Name,
    /// It holds
    #[arg(long, group = "result", conflicts_with_all = ["violated", "unknown", "records"])]
    holds: bool,
    /// It does not, for this reason
    #[arg(long, group = "result", value_name = "WHY", allow_hyphen_values = true)]
    violated: Option<String>,
    /// Whoever looked could not tell, for this reason
    #[arg(long, group = "result", value_name = "WHY", allow_hyphen_values = true, conflicts_with_all = ["violated", "records"])]
    unknown: Option<String>,
    /// A file with all that violates it, one a line: a key, or an object as {"key": "7", "title": "…", "details": …, "labels": {}};
    /// - is standard input. What is not in it holds; with nothing in it all of it does
    #[arg(long, group = "result", value_name = "FILE")]
    records: Option<PathBuf>,
    /// A file with what the look has said, whose beginning and end are kept; - is standard input
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// How long the look took, as in 2m30s, or seconds with a fraction
    #[arg(long, value_name = "DURATION")]
    took: Option<String>,
    /// Which look: the same result with the same one counts once, so that it may be reported again
    #[arg(long)]
    rid: Option<String>,
    /// How it is written: json is what the API answers
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    server: WhichServer,
}

/// Reports it, and says what came of that.
pub(super) async fn report(args: &ReportArgs) -> Result<(), Trouble> {
    let mut body = args.said();
    if let Some(path) = &args.records {
        let records = records_of(path)?;
        if records.is_empty() {
            body = json!({"result": "holds"});
        }
        body["records"] = json!(records);
    }
    if let Some(path) = &args.text {
        match read_ends(path) {
            Ok(said) => body["text"] = json!(ends_of(&said)),
            // What was found counts, and not what was said of it.
            Err(error) => {
                writeln!(io::stderr(), "warning: {}: {error}: reported without it", path.display())?;
            }
        }
    }
    if let Some(took) = &args.took {
        body["duration_seconds"] = json!(seconds(took)?);
    }
    let client = args.server.client()?;
    let taken = client.report(args.name.as_str(), args.rid.as_deref(), &body).await?;
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
            (None, None) if self.records.is_some() => json!({"result": "violated"}),
            (None, None) => json!({"result": "holds"}),
        }
    }
}

/// All records of a file, or with `-` of standard input. What cannot be read is not reported: what is not named would hold.
fn records_of(path: &Path) -> Result<Vec<Value>, Trouble> {
    let bad = |why: String| Trouble::NotAsked(format!("--records {}: {why}", path.display()));
    let said = read_all(path).map_err(|error| bad(error.to_string()))?;
    let said = String::from_utf8(said).map_err(|_| bad("this is no UTF-8".to_owned()))?;
    let lines = (1..).zip(said.lines()).filter(|(_, line)| !line.trim().is_empty());
    let record = |(number, line): (usize, &str)| match line.trim_start().starts_with('{') {
        true => serde_json::from_str(line).map_err(|error| bad(format!("line {number}: {error}"))),
        false => Ok(json!({"key": line})),
    };
    lines.map(record).collect()
}

fn read_all(path: &Path) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    source(path)?.take(MOST_RECORDS_BYTES + 1).read_to_end(&mut kept)?;
    if kept.len() as u64 > MOST_RECORDS_BYTES {
        return Err(io::Error::other("this is more than the server takes"));
    }
    Ok(kept)
}

fn source(path: &Path) -> io::Result<Box<dyn Read>> {
    Ok(match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path)?),
    })
}

/// A duration of the configuration; and what clocks say: seconds with a fraction.
fn seconds(took: &str) -> Result<f64, Trouble> {
    let number = took.strip_suffix('s').unwrap_or(took);
    let is_decimal = number.contains('.') && number.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit());
    if is_decimal && let Ok(seconds) = number.parse() {
        return Ok(seconds);
    }
    match parse_duration(took) {
        Ok(span) => Ok(span.as_ms() as f64 / 1000.0),
        Err(error) => Err(Trouble::NotAsked(format!("--took {took}: {error}"))),
    }
}

/// The beginning and the end of a file, or with `-` of standard input: of each so much as is sent at least.
fn read_ends(path: &Path) -> io::Result<Vec<u8>> {
    let (mut source, mut kept) = (source(path)?, Vec::new());
    while (&mut source).take(END_BYTES as u64).read_to_end(&mut kept)? > 0 {
        if kept.len() > 2 * END_BYTES {
            kept.drain(END_BYTES..kept.len() - END_BYTES);
        }
    }
    Ok(kept)
}

/// The server keeps a beginning and an end: so much of them as it keeps is sent, with a mark between.
fn ends_of(said: &[u8]) -> String {
    const MARK: &str = "\n…\n";
    let said = String::from_utf8_lossy(said);
    let Some((first, last)) = both_ends(&said, PingFact::FIRST_BODY_BYTES, PingFact::LAST_BODY_BYTES) else {
        return said.into_owned();
    };
    format!("{first}{MARK}{}", last_bytes(last, PingFact::LAST_BODY_BYTES - MARK.len()))
}

fn in_words(check: &Name, taken: &Value) -> String {
    let numbers = |list: &Value| {
        let list = list.as_array().map_or(&[][..], Vec::as_slice);
        let said = list.iter().take(MOST_SAID).map(|incident| text(&incident["incident"]));
        let more = list.len().saturating_sub(MOST_SAID);
        let more = (more > 0).then(|| format!("{more} more"));
        said.chain(more).collect::<Vec<_>>().join(", ")
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
