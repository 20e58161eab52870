//! How messages leave: one file a receiver, one sender around them (docs/outbox.md).
//!
//! [`Transport::send`] makes one attempt with one message and says how it ended; when to try again is decided
//! elsewhere (§12). [`alertmanager`] pushes alerts, which are no messages (§13). What is said is made in [`render`],
//! the same for every receiver.

pub mod alertmanager;
mod attempt;
pub mod canary;
pub mod client;
mod connection;
pub mod email;
mod redact;
pub mod render;
mod resolve;
pub mod sample;
mod subject;
pub mod text;
pub mod tls;
mod trust;
pub mod webhook;

use crate::core::outbox::Attempt;
use crate::core::receiver::{Receiver, ReceiverKind, Smtp};
use crate::core::time::Span;

pub use attempt::Notification;
use attempt::{aside, duration, later, misdirected, never, taken, within};
pub use trust::check_certificates;

/// One way to reach somebody.
#[derive(Debug)]
pub enum Transport {
    /// An HTTP POST.
    Webhook(webhook::WebhookTransport),
    /// Mail.
    Email(email::Mailer),
}

/// Why there is no way to a receiver: a fault of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The template of a webhook.
    #[error(transparent)]
    Template(#[from] webhook::TemplateError),
    /// The addresses of mail.
    #[error(transparent)]
    Address(#[from] email::AddressError),
    /// Mail without `smtp`.
    #[error("mail needs `smtp: {{host: …, from: …}}`")]
    NoMailServer,
}

impl Transport {
    /// How long an attempt may take, from the name's resolution to the receiver's answer.
    pub const TIMEOUT: Span = Span::secs(30);

    /// The way to a receiver. Nothing is connected yet. `timeout` is mostly [`Transport::TIMEOUT`].
    pub fn new(receiver: &Receiver, smtp: Option<&Smtp>, timeout: Span) -> Result<Transport, SetupError> {
        Ok(match &receiver.kind {
            ReceiverKind::Webhook(settings) => {
                Transport::Webhook(webhook::WebhookTransport::new(settings, timeout)?)
            }
            ReceiverKind::Email(settings) => {
                let smtp = smtp.ok_or(SetupError::NoMailServer)?;
                Transport::Email(email::Mailer::new(&settings.to, smtp, timeout)?)
            }
        })
    }

    /// The way to the addresses that checks mail themselves: they come with the notice.
    pub fn of_checks(smtp: &Smtp, timeout: Span) -> Result<Transport, SetupError> {
        Ok(Transport::Email(email::Mailer::of_checks(smtp, timeout)?))
    }

    /// What will disappoint about it, though it is no fault; for people.
    pub fn warning(&self) -> Option<String> {
        match self {
            Transport::Webhook(webhook) => webhook.warning(),
            Transport::Email(_) => None,
        }
    }

    /// Makes one attempt. Ends within the time-out of its settings, whatever the receiver does.
    pub async fn send(&self, notification: &Notification<'_>) -> Attempt {
        assert!(!notification.notices.is_empty(), "a message has at least one member");
        match self {
            Transport::Webhook(webhook) => webhook.send(notification).await,
            Transport::Email(email) => email.send(notification).await,
        }
    }
}
