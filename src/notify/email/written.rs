//! A mail in the words of the configuration, as far as that has any.

use lettre::message::Mailbox;
use minijinja::AutoEscape;

use super::address::parse;
use super::settings::Email;
use crate::core::notice::Notice;
use crate::core::outbox::Message;
use crate::notify::Notification;
use crate::notify::render::Text;
use crate::notify::setup::SetupError;
use crate::notify::webhook::{Template, TemplateError};

/// What is written otherwise than we would.
#[derive(Clone, Debug)]
pub(super) struct Written {
    subject: Option<String>,
    text: Option<Template>,
    html: Option<Template>,
    pub(super) reply_to: Option<Mailbox>,
}

/// The parts of a mail.
pub(super) struct Parts {
    pub(super) subject: String,
    pub(super) text: String,
    /// `None`: it has text alone.
    pub(super) html: Option<String>,
}

impl Written {
    pub(super) fn new(email: &Email) -> Result<Written, SetupError> {
        let template = |source: &Option<String>, escape| {
            source.as_deref().map(|source| Template::parse_as(source, escape)).transpose()
        };
        Ok(Written {
            subject: email.subject.clone(),
            text: template(&email.text, AutoEscape::None)?,
            html: template(&email.html, AutoEscape::Html)?,
            reply_to: email.reply_to.as_deref().map(parse).transpose()?,
        })
    }

    /// The mail; `ours` is what we would write. A recovery says so before the subject: it would look like the alert. Where some of
    /// a check's records are over, and others are not, it says that.
    pub(super) fn parts(&self, notification: &Notification<'_>, ours: &Text) -> Result<Parts, TemplateError> {
        let all = |is_so: fn(&Notice) -> bool| notification.notices.iter().all(|notice| is_so(notice));
        let subject = match &self.subject {
            Some(subject) if all(Notice::is_all_over) => format!("[RECOVERED] {subject}"),
            Some(subject) if all(Notice::is_over) => format!("[EASED] {subject}"),
            Some(subject) => subject.clone(),
            None => ours.subject.clone(),
        };
        let written = |template: &Template| template.render(notification, ours);
        let text = self.text.as_ref().map(written).transpose()?;
        let html = self.html.as_ref().map(written).transpose()?;
        // Who writes a text and no HTML has no use for another text in our HTML.
        let html = html.or_else(|| text.is_none().then(|| ours.html()));
        Ok(Parts { subject, text: text.unwrap_or_else(|| ours.plain()), html })
    }

    /// Warns of a template that does not name every check of a message: its readers would never hear of the others.
    pub(super) fn warning(&self) -> Option<String> {
        let mut templates = [&self.text, &self.html].into_iter().flatten();
        templates.any(|template| !template.names_everybody(Message::MAX_MEMBERS)).then(|| {
            "its template does not name every check, and a mail may tell of many: go through all, as in \
             `{% for check in checks %}{{ check.name }}{% endfor %}`, or print `{{ text }}`"
                .to_owned()
        })
    }
}
