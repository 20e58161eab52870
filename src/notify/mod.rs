//! How messages leave: one file a receiver, one sender around them (docs/outbox.md).
//!
//! [`Transport::send`] makes one attempt with one message and says how it ended; when to try again is decided
//! elsewhere (§12). [`alertmanager`] pushes alerts, which are no messages (§13). What is said is made in [`render`],
//! the same for every receiver.

pub mod alertmanager;
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

use std::time::Duration;

use tokio::task::JoinError;

use crate::core::notice::Notice;
use crate::core::outbox::Attempt;
use crate::core::receiver::{Receiver, ReceiverKind, Smtp};
use crate::core::time::{Span, Time};

pub use trust::check_certificates;

/// What one attempt sends.
#[derive(Clone, Copy, Debug)]
pub struct Notification<'a> {
    /// The message's key: the same at every attempt.
    pub key: &'a str,
    /// The receiver's name.
    pub receiver: &'a str,
    /// One for each member, in their order; at least one.
    pub notices: &'a [Notice],
    /// Where people find punctual, with or without a slash at its end.
    pub external_url: &'a str,
    /// When the attempt begins.
    pub now: Time,
}

/// One way to reach somebody.
#[derive(Debug)]
pub enum Transport {
    /// An HTTP POST.
    Webhook(webhook::WebhookTransport),
    /// Mail.
    Email(email::Email),
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
                Transport::Email(email::Email::new(&settings.to, smtp, timeout)?)
            }
        })
    }

    /// The way to the addresses that checks mail themselves: they come with the notice.
    pub fn of_checks(smtp: &Smtp, timeout: Span) -> Result<Transport, SetupError> {
        Ok(Transport::Email(email::Email::of_checks(smtp, timeout)?))
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

/// Lets an attempt run for so long and no longer.
async fn within(timeout: Span, attempt: impl Future<Output = Attempt>) -> Attempt {
    match tokio::time::timeout(duration(timeout), attempt).await {
        Ok(attempt) => attempt,
        Err(_) => later(format!("no answer within {timeout}")),
    }
}

/// Does what takes the processor for long away from the threads that answer pings. A panic goes on in the caller.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // Not begun, as the runtime ends: so does the caller.
        Err(Err(_)) => std::future::pending().await,
    }
}

fn duration(span: Span) -> Duration {
    Duration::from_millis(span.as_ms().max(0).unsigned_abs())
}

fn taken(answer: impl AsRef<str>) -> Attempt {
    Attempt::Taken { answer: text::reason(answer.as_ref()) }
}

fn later(why: impl AsRef<str>) -> Attempt {
    Attempt::Later { after: None, why: text::reason(why.as_ref()) }
}

fn misdirected(why: impl AsRef<str>) -> Attempt {
    Attempt::Misdirected { why: text::reason(why.as_ref()) }
}

fn never(why: impl AsRef<str>) -> Attempt {
    Attempt::Never { why: text::reason(why.as_ref()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn what_is_done_aside_leaves_the_thread_to_others() {
        let (say, said) = std::sync::mpsc::channel();
        let waits = aside(move || said.recv_timeout(Duration::from_secs(60)));
        let (heard, sent) = tokio::join!(waits, async { say.send("a ping") });
        assert_eq!((heard, sent), (Ok("a ping"), Ok(())));
    }

    #[tokio::test]
    async fn a_bug_aside_is_a_bug_of_its_caller() {
        let ended = tokio::spawn(aside(|| panic!("a test"))).await;
        assert!(ended.is_err_and(|error: JoinError| error.is_panic()));
    }
}
