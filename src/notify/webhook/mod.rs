//! Messages by HTTP POST, in the format that the receiver reads.

mod chat;
mod language;
mod payload;
mod seen;
mod settings;
mod template;

use crate::core::outbox::Attempt;
use crate::core::time::Span;

use super::client::Server;
use super::render::{Text, render};
use super::{Notification, PingUrls, later, within};

pub use chat::ChatFormat;
pub(in crate::notify) use settings::template_problem;
pub(crate) use settings::{WEBHOOK, read};
pub use settings::{Webhook, WebhookFormat};
pub use template::{Template, TemplateError};

/// The format of the body.
#[derive(Clone, Debug)]
enum Format {
    Alertmanager,
    /// A chat's own, and the topic that is posted to.
    Chat(&'static ChatFormat, String),
    Template(Template),
}

/// A receiver by HTTP POST.
#[derive(Debug)]
pub struct WebhookTransport {
    server: Server,
    format: Format,
    max_members: usize,
    timeout: Span,
}

/// A request's body and its content type.
struct Body {
    content_type: &'static str,
    bytes: Vec<u8>,
}

const JSON: &str = "application/json";

impl WebhookTransport {
    /// Connects to nothing yet. `timeout` bounds each attempt.
    pub fn new(settings: &Webhook, timeout: Span) -> Result<WebhookTransport, TemplateError> {
        let mut url = settings.url.clone();
        let format = match &settings.format {
            WebhookFormat::Alertmanager => Format::Alertmanager,
            WebhookFormat::Chat(chat) => {
                let (to, topic) = chat.address(&url);
                url = to;
                Format::Chat(chat, topic)
            }
            WebhookFormat::Template(source) => Format::Template(Template::parse(source)?),
        };
        let max_members = settings.max_members();
        Ok(WebhookTransport { server: Server::new(url, settings.http.clone()), format, max_members, timeout })
    }

    /// Warns of a template that does not name every check of a message: its readers would never hear of the others.
    pub fn warning(&self) -> Option<String> {
        let Format::Template(template) = &self.format else { return None };
        let max = self.max_members;
        (max > 1 && !template.names_everybody(max)).then(|| {
            format!(
                "its template does not name every check, and a message tells of up to {max}: write \
                 `max_checks: 1` for a message for each, or go through all, as in \
                 `{{% for check in checks %}}{{{{ check.name }}}}{{% endfor %}}`, or print `{{{{ text }}}}`"
            )
        })
    }

    pub async fn send(&self, notification: &Notification<'_>, ping_urls: &PingUrls) -> Attempt {
        let (format, max) = (self.format.clone(), self.max_members);
        let written = notification.write_aside(ping_urls, move |notification| format.body(notification, max));
        let body = match written.await {
            Ok(body) => body,
            // The template's files may be mended before the message is given up.
            Err(error) => return later(format!("the template failed: {error}")),
        };
        within(self.timeout, async {
            let headers = [("idempotency-key", notification.key)];
            let answer = self.server.post(body.content_type, &headers, body.bytes, notification.now).await;
            match answer {
                Ok(answer) => answer.into_attempt(&self.server.origin()),
                Err(error) => later(error.why),
            }
        })
        .await
    }
}

impl Format {
    fn body(&self, notification: &Notification<'_>, max: usize) -> Result<Body, TemplateError> {
        let json =
            |value: serde_json::Value| Body { content_type: JSON, bytes: value.to_string().into_bytes() };
        let text = naming(render(notification), max);
        Ok(match self {
            Format::Alertmanager => {
                let payload = payload::Payload::new(notification);
                json(serde_json::to_value(payload).expect("a payload has only texts and lists"))
            }
            Format::Chat(chat, topic) => json(chat.write(&text, topic)),
            Format::Template(template) => {
                let rendered = template.render(notification, &text)?;
                let content_type = if template.is_json() { JSON } else { "text/plain; charset=utf-8" };
                Body { content_type, bytes: rendered.into_bytes() }
            }
        })
    }
}

/// A message as a program reads it that is handed one.
pub(in crate::notify) fn as_json(notification: &Notification<'_>) -> Vec<u8> {
    let payload = payload::Payload::new(notification);
    serde_json::to_vec(&payload).expect("a payload has only texts and lists")
}

/// Keeps only as many items as the format can name, and says how many are not named. A message is frozen with at most
/// that many members, but it may have been frozen for another format or by an older version.
fn naming(mut text: Text, max: usize) -> Text {
    let unnamed = text.items.len().saturating_sub(max);
    if unnamed > 0 {
        text.items.truncate(max);
        let more = format!("{unnamed} more have no room to be named here: see all checks.");
        text.summary = Some(text.summary.map_or(more.clone(), |summary| format!("{summary} {more}")));
    }
    text
}

#[cfg(test)]
mod tests;
