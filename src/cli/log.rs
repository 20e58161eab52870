//! Log lines as Prometheus writes them: `time=… level=… msg="…" key=value`, or the same as JSON.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock::Clock;

/// The least that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What operators may want to know.
    Info,
    /// What they should know.
    Warn,
    /// What they must act on.
    Error,
}

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// `key=value`.
    Logfmt,
    /// An object on each line.
    Json,
}

/// Logs to standard error from now on.
pub(super) fn start(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warn => Level::WARN,
        LogLevel::Error => Level::ERROR,
    };
    // Libraries are heard only where they warn.
    let filter = Targets::new().with_default(Level::WARN.min(level)).with_target("punctual", level);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).event_format(Line(format));
    // Fails only if somebody logs already, which is all that is wanted.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
}

struct Line(LogFormat);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let head = [
            ("time", Value::Text(Clock::new().now().to_string())),
            ("level", Value::Text(event.metadata().level().to_string())),
            ("msg", Value::Text(std::mem::take(&mut fields.message))),
        ];
        let all = head.into_iter().chain(fields.others);
        writeln!(writer, "{}", written(self.0, all))
    }
}

/// Says on standard error why the program ends: a line for each line of the text, as its log is written.
pub(super) fn say_the_end(format: LogFormat, why: &str) {
    for line in why.lines() {
        match format {
            // For whoever has just typed the command.
            LogFormat::Logfmt => eprintln!("{line}"),
            LogFormat::Json => {
                let why = line.trim_start_matches("punctual: ").to_owned();
                let (time, level) = (Clock::new().now().to_string(), Level::ERROR.to_string());
                let fields = [("time", time), ("level", level), ("msg", why)];
                eprintln!(
                    "{}",
                    written(format, fields.map(|(name, text)| (name, Value::Text(text))).into_iter())
                );
            }
        }
    }
}

/// What a field says.
#[derive(Clone, Debug)]
enum Value {
    Text(String),
    /// A number, or true or false: JSON as it is.
    Plain(String),
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            name => self.others.push((name, Value::Text(value))),
        }
    }

    fn add_plain(&mut self, field: &Field, value: &dyn fmt::Display) {
        self.others.push((field.name(), Value::Plain(value.to_string())));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add_plain(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add_plain(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add_plain(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON knows no infinity.
        if value.is_finite() { self.add_plain(field, &value) } else { self.add(field, value.to_string()) }
    }
}

fn written(format: LogFormat, fields: impl Iterator<Item = (&'static str, Value)>) -> String {
    let mut line = String::new();
    for (name, value) in fields {
        let first = line.is_empty();
        let value = match value {
            Value::Plain(value) => value,
            Value::Text(text) if format == LogFormat::Logfmt && is_plain(&text) => text,
            Value::Text(text) => quoted(&text),
        };
        let written = match format {
            LogFormat::Logfmt => write!(line, "{}{name}={value}", if first { "" } else { " " }),
            LogFormat::Json => write!(line, "{}\"{name}\":{value}", if first { "{" } else { "," }),
        };
        written.expect("writing to memory does not fail");
    }
    if format == LogFormat::Json {
        line.push('}');
    }
    line
}

/// Needs no quotes, and cannot be taken for another field.
fn is_plain(value: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '=' | '\\');
    !value.is_empty() && value.chars().all(plain)
}

/// With JSON's escapes, so that a value never ends its line; also of what JSON leaves as it is and a terminal obeys (DEL, the
/// C1 controls) or some programs take for a line's end.
fn quoted(value: &str) -> String {
    let json = serde_json::to_string(value).expect("a text is always JSON");
    let obeyed = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !json.contains(obeyed) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if obeyed(c) {
            write!(escaped, "\\u{:04x}", u32::from(c)).expect("writing to memory does not fail");
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: LogFormat, fields: &[(&'static str, &str)], expected: &str) {
        let fields = fields.iter().map(|(name, value)| (*name, Value::Text((*value).to_owned())));
        assert_eq!(written(format, fields), expected);
    }

    #[test]
    fn a_value_never_looks_like_another_field_or_line() {
        let fields = [("msg", "a ping"), ("check", "backup"), ("x", "a=b"), ("y", "one\ntwo"), ("z", "")];
        check(LogFormat::Logfmt, &fields, r#"msg="a ping" check=backup x="a=b" y="one\ntwo" z="""#);
        check(LogFormat::Json, &fields[..2], r#"{"msg":"a ping","check":"backup"}"#);
        check(LogFormat::Json, &[("msg", "\"}\n{\"")], r#"{"msg":"\"}\n{\""}"#);
    }

    #[test]
    fn a_number_is_one_in_json_and_a_text_of_digits_is_none() {
        let fields = || [("n", Value::Plain("7".to_owned())), ("t", Value::Text("7".to_owned()))].into_iter();
        assert_eq!(written(LogFormat::Json, fields()), r#"{"n":7,"t":"7"}"#);
        assert_eq!(written(LogFormat::Logfmt, fields()), "n=7 t=7");
    }

    /// A terminal obeys U+009B as it obeys ESC and `[`.
    #[test]
    fn no_control_character_reaches_a_terminal() {
        let controls =
            (0..=0x9f_u8).map(char::from).filter(|c| c.is_control()).chain(['\u{2028}', '\u{2029}']);
        for control in controls {
            for format in [LogFormat::Logfmt, LogFormat::Json] {
                let value = format!("a{control}31mä");
                let line = written(format, [("x", Value::Text(value.clone()))].into_iter());
                assert!(!line.contains(control), "{line:?}");
                let text = line.split_once(['=', ':']).expect("it has a value").1.trim_end_matches('}');
                assert_eq!(serde_json::from_str::<String>(text).expect("it is JSON"), value);
            }
        }
    }
}
