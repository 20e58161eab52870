//! A receiver that gets an HTTP POST: what the files say.

use super::chat::{CHATS, ChatFormat};
use crate::core::outbox::Message;
use crate::core::secret::Secret;
use crate::notify::address::http_url;
use crate::notify::http_config::{HTTP_CONFIG, HttpConfig, http_config};
use crate::yaml::fault::quote;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Lines, Map, OneOf, Path, Secret as Hidden, Whole};
use crate::yaml::section::Need::{Default, Optional};
use crate::yaml::section::{Section, key};

/// What `format` may be: Alertmanager's, or a chat's.
const FORMATS: [&str; 1 + CHATS.len()] = {
    let mut names = [ALERTMANAGERS; 1 + CHATS.len()];
    let mut i = 0;
    while i < CHATS.len() {
        names[1 + i] = CHATS[i].name;
        i += 1;
    }
    names
};

const ALERTMANAGERS: &str = "alertmanager";

pub(crate) static WEBHOOK: Section = Section {
    id: "webhook",
    title: "`webhook`",
    keys: &[
        key("url", Hidden, Optional, "URL (inline)."),
        key("url_file", Path, Optional, "File that contains the URL."),
        key("format", OneOf(&FORMATS), Default(ALERTMANAGERS), "Format of the request."),
        key("template", Lines(65_536), Optional, "Template of the request, instead of `format`."),
        key("template_file", Path, Optional, "File that contains the template."),
        key("max_checks", Whole(1, 256), Optional, "The most checks in one message."),
        key("http_config", Map(&HTTP_CONFIG), Optional, "HTTP client settings."),
    ],
};

/// An HTTP POST for each message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The URL, which is a secret for many services.
    pub url: Secret,
    pub format: WebhookFormat,
    /// The most checks in one message, if that is fewer than the format can name; at least 1.
    pub max_checks: Option<usize>,
    pub http: HttpConfig,
}

/// The format of a webhook's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WebhookFormat {
    /// Alertmanager's payload, version 4.
    #[default]
    Alertmanager,
    /// A chat's own.
    Chat(&'static ChatFormat),
    /// A template in Jinja's language. It has already been parsed once.
    Template(String),
}

impl Webhook {
    /// The most checks that one message names.
    pub fn max_members(&self) -> usize {
        let max = self.format.max_members();
        self.max_checks.map_or(max, |checks| checks.min(max))
    }
}

impl WebhookFormat {
    /// Those of every chat.
    pub fn chats() -> impl Iterator<Item = WebhookFormat> {
        CHATS.iter().map(WebhookFormat::Chat)
    }

    /// The format that a file calls so; a template has no name.
    pub fn named(name: &str) -> Option<WebhookFormat> {
        let chat = CHATS.iter().find(|chat| chat.name == name).map(WebhookFormat::Chat);
        chat.or_else(|| (name == ALERTMANAGERS).then_some(WebhookFormat::Alertmanager))
    }

    /// The most checks that one message of this format names.
    pub fn max_members(&self) -> usize {
        match self {
            WebhookFormat::Chat(chat) => chat.max_members,
            WebhookFormat::Alertmanager | WebhookFormat::Template(_) => Message::MAX_MEMBERS,
        }
    }
}

/// Where to, what is sent, and how the server is spoken to.
pub(crate) fn read(loader: &mut Loader, item: &Fields<'_>) -> Option<Webhook> {
    let fields = &item.map(&mut loader.log, "webhook")?;
    let named = fields.one_of(&mut loader.log, "format").and_then(WebhookFormat::named);
    let secret = matches!(named, Some(WebhookFormat::Chat(chat)) if chat.url_is_secret);
    let url = loader.required_secret(fields, "url", "url_file", secret);
    let template = match (fields.has("template"), fields.has("template_file")) {
        (true, true) => {
            loader.log.fault(fields.at, "a webhook has `template` or `template_file`, not both");
            None
        }
        (true, false) => fields.text(&mut loader.log, "template").map(str::to_owned),
        _ => loader.file_text(fields, "template_file"),
    };
    if template.is_some() && fields.has("format") {
        loader.log.fault(fields.at_key("format"), "a webhook has `format` or a template, not both");
    }
    if let Some(error) = template.as_deref().and_then(template_problem) {
        let key = if fields.has("template") { "template" } else { "template_file" };
        loader.log.fault(fields.at_value(key), error);
    }
    let format = template.map_or_else(|| named.unwrap_or_default(), WebhookFormat::Template);
    let http = http_config(loader, fields);
    let key = if fields.has("url") { "url" } else { "url_file" };
    if key == "url_file" && loader.leaves_files() {
        return None;
    }
    let url = url.filter(|url| http_url(loader, key, fields.at_value(key), url.expose(), false))?;
    if let WebhookFormat::Chat(chat) = format
        && let Some(problem) = chat.problem_of(url.expose())
    {
        loader.log.fault(fields.at_value(key), format!("`{key}` {problem}"));
    }
    let max_checks = fields.whole(&mut loader.log, "max_checks");
    let max_checks = max_checks.and_then(|checks| usize::try_from(checks).ok());
    Some(Webhook { url, format, max_checks, http })
}

/// Why a template cannot be parsed.
pub(in crate::notify) fn template_problem(template: &str) -> Option<String> {
    let environment = minijinja::Environment::new();
    let error = environment.template_from_str(template).err()?;
    let line = error.line().map(|line| format!(" in its line {line}")).unwrap_or_default();
    let detail = error.detail().unwrap_or("syntax error");
    Some(format!("the template cannot be read{line}: {}", quote(detail).trim_matches('`')))
}
