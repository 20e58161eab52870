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
            ("time", Clock::new().now().to_string()),
            ("level", event.metadata().level().to_string()),
            ("msg", std::mem::take(&mut fields.message)),
        ];
        let all = head.into_iter().chain(fields.others);
        writeln!(writer, "{}", written(self.0, all))
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, String)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            name => self.others.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }
}

fn written(format: LogFormat, fields: impl Iterator<Item = (&'static str, String)>) -> String {
    let mut line = String::new();
    for (name, value) in fields {
        let first = line.is_empty();
        let written = match format {
            LogFormat::Logfmt if is_plain(&value) => {
                write!(line, "{}{name}={value}", if first { "" } else { " " })
            }
            LogFormat::Logfmt => write!(line, "{}{name}={}", if first { "" } else { " " }, quoted(&value)),
            LogFormat::Json => write!(line, "{}\"{name}\":{}", if first { "{" } else { "," }, quoted(&value)),
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

/// With JSON's escapes, so that a value never ends its line.
fn quoted(value: &str) -> String {
    serde_json::to_string(value).expect("a text is always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: LogFormat, fields: &[(&'static str, &str)], expected: &str) {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned()));
        assert_eq!(written(format, fields), expected);
    }

    #[test]
    fn a_value_never_looks_like_another_field_or_line() {
        let fields = [("msg", "a ping"), ("check", "backup"), ("x", "a=b"), ("y", "one\ntwo"), ("z", "")];
        check(LogFormat::Logfmt, &fields, r#"msg="a ping" check=backup x="a=b" y="one\ntwo" z="""#);
        check(LogFormat::Json, &fields[..2], r#"{"msg":"a ping","check":"backup"}"#);
        check(LogFormat::Json, &[("msg", "\"}\n{\"")], r#"{"msg":"\"}\n{\""}"#);
    }
}
