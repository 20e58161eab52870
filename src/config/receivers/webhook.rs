//! A receiver that gets an HTTP POST.

use crate::config::address;
use crate::config::http_config::{http_config, http_url};
use crate::core::receiver::{ReceiverKind, Webhook, WebhookFormat};
use crate::yaml::fault::quote;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// Where to, what is sent, and how the server is spoken to.
pub(super) fn read(loader: &mut Loader, item: &Fields<'_>, _: &Fields<'_>) -> Option<ReceiverKind> {
    let fields = &item.map(&mut loader.log, "webhook")?;
    let named = fields.one_of(&mut loader.log, "format").and_then(|word| {
        WebhookFormat::NAMED.iter().find(|(name, _)| *name == word).map(|(_, format)| format.clone())
    });
    let secret = named.as_ref().is_some_and(WebhookFormat::url_is_secret);
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
    let url = url.filter(|url| http_url(loader, key, fields.at_value(key), url.expose(), false))?;
    if format == WebhookFormat::Ntfy && !address::is_ntfy_topic(url.expose()) {
        let message = format!(
            "`{key}` of ntfy ends with the topic, and with nothing behind it, as in https://ntfy.example.org/topic"
        );
        loader.log.fault(fields.at_value(key), message);
    }
    let max_checks = fields.whole(&mut loader.log, "max_checks");
    let max_checks = max_checks.and_then(|checks| usize::try_from(checks).ok());
    Some(ReceiverKind::Webhook(Box::new(Webhook { url, format, max_checks, http })))
}

/// Why a template cannot be parsed.
fn template_problem(template: &str) -> Option<String> {
    let environment = minijinja::Environment::new();
    let error = environment.template_from_str(template).err()?;
    let line = error.line().map(|line| format!(" in its line {line}")).unwrap_or_default();
    let detail = error.detail().unwrap_or("syntax error");
    Some(format!("the template cannot be read{line}: {}", quote(detail).trim_matches('`')))
}
