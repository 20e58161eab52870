//! Messages in the user's own format: a template in Jinja's language.

use std::io::{self, Write};
use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;

use super::language;
use super::payload::Payload;
use super::seen::{TemplateCheck, seen};
use crate::core::notice::Notice;
use crate::notify::render::Text;
use crate::notify::{Notification, render, sample, text};

/// A template that has already rendered samples of every kind of message.
///
/// Its variables are in docs/templates.md: Alertmanager's payload under its own names (`status`, `alerts`, …),
/// `checks`, and the texts of a mail. A template that begins with `{` or `[` makes JSON: each value that it prints
/// brings its own quotes, as in `{"text": {{ text }}}`, so that no title can break out of its place.
#[derive(Clone, Debug)]
pub struct Template {
    environment: Arc<Environment<'static>>,
    is_json: bool,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TemplateError {
    /// The line in the template, counted from 1; `None`: the template as a whole.
    pub line: Option<usize>,
    /// For people.
    pub what: String,
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line} of the template: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

#[derive(Serialize)]
pub(super) struct TemplateContext<'a> {
    #[serde(flatten)]
    payload: Payload,
    checks: Vec<TemplateCheck>,
    subject: &'a str,
    /// The subject's name in the first version, which older templates use.
    headline: &'a str,
    text: String,
    /// "": there is none.
    acknowledge_url: &'a str,
    key: &'a str,
}

const NAME: &str = "template";

impl Template {
    /// The longest template, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;
    /// The longest text it may make, in bytes.
    pub const MAX_OUTPUT_BYTES: usize = 1024 * 1024;
    /// The most steps of a rendering: a message of 256 checks needs a tenth of them.
    const FUEL: u64 = 1_000_000;

    /// Parses a template and renders samples with it, so that a template that fails does so now and not in the night.
    pub fn parse(source: &str) -> Result<Template, TemplateError> {
        let begins = |with: &[&str]| with.iter().any(|with| source.trim_start().starts_with(with));
        let is_json = begins(&["{", "["]) && !begins(&["{{", "{%", "{#"]);
        Template::parse_as(source, if is_json { AutoEscape::Json } else { AutoEscape::None })
    }

    /// The same, of a template whose values are escaped so.
    pub fn parse_as(source: &str, escape: AutoEscape) -> Result<Template, TemplateError> {
        if source.len() > Template::MAX_BYTES {
            let what = format!("a template has at most {} bytes", Template::MAX_BYTES);
            return Err(TemplateError { line: None, what });
        }
        if let Err((line, what)) = language::check(source) {
            return Err(TemplateError { line: Some(line), what });
        }
        let mut environment = language::environment();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(Template::FUEL));
        let is_json = matches!(escape, AutoEscape::Json);
        environment.set_auto_escape_callback(move |_| escape.clone());
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| fault(&error))?;
        let template = Template { environment: Arc::new(environment), is_json };
        for notices in sample::of_every_kind() {
            let notification = sample::notification(&notices);
            template.render(&notification, &render::render(&notification))?;
        }
        Ok(template)
    }

    /// Whether a message about `count` checks names all of them, by name or title.
    pub fn names_everybody(&self, count: usize) -> bool {
        let notices = sample::of_many_checks(count);
        let notification = sample::notification(&notices);
        let rendered = self.render(&notification, &render::render(&notification)).unwrap_or_default();
        let is_named =
            |notice: &Notice| rendered.contains(notice.check.as_str()) || rendered.contains(&notice.title);
        notices.iter().all(is_named)
    }

    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// The template's variables.
    pub(super) fn context<'a>(notification: &Notification<'a>, text: &'a Text) -> TemplateContext<'a> {
        TemplateContext {
            payload: Payload::new(notification),
            checks: seen(notification),
            subject: &text.subject,
            headline: &text.subject,
            text: text.plain(),
            acknowledge_url: text.acknowledge.as_deref().unwrap_or_default(),
            key: notification.key,
        }
    }

    pub(in crate::notify) fn render(
        &self,
        notification: &Notification<'_>,
        text: &Text,
    ) -> Result<String, TemplateError> {
        let context = Template::context(notification, text);
        let template = self.environment.get_template(NAME).map_err(|error| fault(&error))?;
        let mut output = Bounded(Vec::new());
        template
            .render_captured_to(Value::from(Serde(context)), &mut output)
            .map_err(|error| fault(&error))?;
        let rendered = String::from_utf8(output.0).expect("a template renders texts, and texts are UTF-8");
        if self.is_json
            && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&rendered)
        {
            let what = format!(
                "it begins as JSON, but what it makes is none: {error}. In JSON a value brings its own quotes: \
                 write {{{{ text }}}}, not \"{{{{ text }}}}\""
            );
            return Err(TemplateError { line: None, what });
        }
        Ok(rendered)
    }
}

fn fault(error: &minijinja::Error) -> TemplateError {
    let mut what = error.kind().to_string();
    if let Some(detail) = error.detail() {
        what = format!("{what}: {detail}");
    }
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    what.push_str(&source.unwrap_or_default());
    TemplateError { line: error.line(), what: text::line(&what, 300) }
}

/// A writer that takes at most [`Template::MAX_OUTPUT_BYTES`].
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > Template::MAX_OUTPUT_BYTES {
            return Err(io::Error::other("it makes more text than any receiver would take"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
