//! How messages leave: one file or folder a kind of receiver, behind one sender (docs/outbox.md). [`webhook`], [`email`]
//! and [`exec`] are the kinds; the other files are what they share.
//!
//! A new kind is `src/notify/NAME.rs` and, in this file: its key in `RECEIVER`, a row of `KINDS`, a variant of
//! [`ReceiverKind`] and of [`Transport`], and the arms that the compiler asks for. No other room changes.
//!
//! [`Transport::send`] makes one attempt to send one message and returns how it ended; the outbox decides when to try
//! again (docs/semantics.md, 12). [`alertmanager`] pushes alerts, which are not messages (docs/semantics.md, 13).
//! [`render`] writes the text, the same for every receiver.

mod ack_link;
mod address;
pub mod alertmanager;
mod attempt;
pub mod client;
mod connection;
pub mod email;
pub(crate) mod exec;
pub(crate) mod http_config;
pub(crate) mod pem;
mod ping_urls;
pub(crate) mod redact;
pub mod render;
mod resolve;
pub mod sample;
mod setup;
mod subject;
pub mod text;
pub mod tls;
mod trust;
pub mod webhook;
mod worded;

use crate::core::outbox::{Attempt, Message};
use crate::core::route::ReceiverName;
use crate::core::time::Span;
use crate::exec::ExecCommand;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Duration, Flag, Map, Text};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{HOUR, MINUTE, MONTH, NAME, Section, key};

pub use ack_link::AckLink;
pub use address::problem_of_host;
pub(crate) use address::{http_url, problem as problem_of_url};
pub use alertmanager::Alertmanager;
pub use attempt::Notification;
pub(crate) use attempt::aside;
use attempt::{duration, later, misdirected, never, taken, within};
pub use email::{Email, Smtp, SmtpTls, is_mail_address};
pub use http_config::{Authorization, BasicAuth, ClientIdentity, HttpConfig, TlsConfig};
pub use ping_urls::PingUrls;
pub use redact::parts_of_url;
pub(crate) use resolve::resolve;
pub use setup::SetupError;
pub use trust::check_certificates;
pub use webhook::{Webhook, WebhookFormat};
pub use worded::{WordedMail, Wording};

pub(crate) static RECEIVER: Section = Section {
    id: "receiver",
    title: "a receiver",
    keys: &[
        key("name", Text(NAME), Required, "The name that responders use."),
        key("email", Map(&email::EMAIL), Optional, "Mail, through `smtp`."),
        key("webhook", Map(&webhook::WEBHOOK), Optional, "HTTP POST to a URL."),
        key(
            "exec",
            Map(&exec::EXEC),
            Optional,
            "A command of this machine, if `--config.allow-exec` is given.",
        ),
        key("send_resolved", Flag, Default("true"), "Whether recoveries are told."),
        key(
            "group_wait",
            Duration(Span::ZERO, HOUR),
            Default("5s"),
            "How long to collect before sending one message.",
        ),
        key("give_up_after", Duration(MINUTE, MONTH), Default("24h"), "How long to retry a message."),
        key(
            "ack_links",
            Flag,
            Optional,
            "Whether messages have a link by which people acknowledge, without signing in: true for mail, false for webhooks \
             if left out. None without `--web.external-url`.",
        ),
        key("include_output", Flag, Default("true"), "Whether messages include job comments and output."),
    ],
};

/// A place that messages are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// The name that responders use; unique.
    pub name: ReceiverName,
    pub kind: ReceiverKind,
    /// Its messages have a link by which people acknowledge (22.5).
    pub ack_links: bool,
}

/// How a receiver is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverKind {
    /// By an HTTP POST.
    Webhook(Box<Webhook>),
    /// By mail, through the mail server.
    Email(Email),
    /// By a command of this machine.
    Exec(Box<ExecCommand>),
}

impl ReceiverKind {
    /// Whether messages have links to acknowledge where nothing is said: a chat's preview follows links, and many read it.
    pub fn has_ack_links(&self) -> bool {
        matches!(self, ReceiverKind::Email(_))
    }

    /// The most checks that one message names, whatever their texts (12.3).
    pub fn max_members(&self) -> usize {
        match self {
            ReceiverKind::Webhook(webhook) => webhook.max_members(),
            ReceiverKind::Email(_) | ReceiverKind::Exec(_) => Message::MAX_MEMBERS,
        }
    }
}

/// Reads how a receiver is reached: from the receiver, and the main file.
pub(crate) type ReadKind = fn(&mut Loader, &Fields<'_>, &Fields<'_>) -> Option<ReceiverKind>;

/// Every kind of receiver, by its key.
pub(crate) const KINDS: &[(&str, ReadKind)] = &[
    ("email", |loader, item, main| email::read(loader, item, main).map(ReceiverKind::Email)),
    ("webhook", |loader, item, _| {
        webhook::read(loader, item).map(|webhook| ReceiverKind::Webhook(Box::new(webhook)))
    }),
    ("exec", |loader, item, _| exec::read(loader, item).map(|command| ReceiverKind::Exec(Box::new(command)))),
];

/// The way to a receiver.
#[derive(Debug)]
pub struct Transport {
    means: Means,
    ping_urls: PingUrls,
    ack_links: bool,
}

#[derive(Debug)]
enum Means {
    Webhook(webhook::WebhookTransport),
    Email(email::Mailer),
    Exec(Box<ExecCommand>),
}

impl Transport {
    /// How long an attempt may take, from resolving the name to the receiver's answer.
    pub const TIMEOUT: Span = Span::secs(30);

    /// Builds the transport for a receiver. Connects to nothing yet. `timeout` is usually [`Transport::TIMEOUT`];
    /// `ping_urls` never stand in what is sent.
    pub fn new(
        receiver: &Receiver,
        smtp: Option<&Smtp>,
        timeout: Span,
        ping_urls: &PingUrls,
    ) -> Result<Transport, SetupError> {
        let means = match &receiver.kind {
            ReceiverKind::Webhook(settings) => {
                Means::Webhook(webhook::WebhookTransport::new(settings, timeout)?)
            }
            ReceiverKind::Email(settings) => {
                let smtp = smtp.ok_or(SetupError::NoMailServer)?;
                Means::Email(email::Mailer::new(settings, smtp, timeout)?)
            }
            ReceiverKind::Exec(command) => Means::Exec(command.clone()),
        };
        Ok(Transport { means, ping_urls: ping_urls.clone(), ack_links: receiver.ack_links })
    }

    /// The transport for checks that mail to their own addresses, which come with the notice.
    pub fn of_checks(
        smtp: &Smtp,
        wording: Wording,
        timeout: Span,
        ping_urls: &PingUrls,
    ) -> Result<Transport, SetupError> {
        let means = Means::Email(email::Mailer::of_checks(smtp, wording, timeout)?);
        Ok(Transport { means, ping_urls: ping_urls.clone(), ack_links: true })
    }

    /// A warning about settings that are valid but will disappoint; for people.
    pub fn warning(&self) -> Option<String> {
        match &self.means {
            Means::Webhook(webhook) => webhook.warning(),
            Means::Email(email) => email.warning(),
            Means::Exec(_) => None,
        }
    }

    /// Makes one attempt. It ends within the configured time-out, whatever the receiver does.
    pub async fn send(&self, notification: &Notification<'_>) -> Attempt {
        assert!(!notification.notices.is_empty(), "a message has at least one member");
        let ack_url = notification.ack_url.filter(|_| self.ack_links);
        let notification = &Notification { ack_url, ..*notification };
        let mut attempt = match &self.means {
            Means::Webhook(webhook) => webhook.send(notification, &self.ping_urls).await,
            Means::Email(email) => email.send(notification, &self.ping_urls).await,
            Means::Exec(command) => exec::send(command, notification, &self.ping_urls).await,
        };
        // Whoever may only read would acknowledge by it.
        if let Some((_, token)) = ack_url.and_then(|url| url.rsplit_once('/')) {
            let text = attempt.text_mut();
            *text = text.replace(token, "<link>");
        }
        self.ping_urls.out_of_attempt(attempt, notification.external_url)
    }
}
