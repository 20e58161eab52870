//! How receivers, mail servers and Alertmanagers are reached: what `config` validates and `notify` uses.
//!
//! Only words, so that the two rooms need not know each other. When something leaves is said by [`super::route`].

use super::outbox::Message;
use super::route::ReceiverName;
use super::secret::Secret;

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// A host's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// Which certificates are believed, where `tls` is not [`SmtpTls::None`].
    pub tls_config: TlsConfig,
    /// Whom we log in as, with the password; `None`: no login.
    pub login: Option<BasicAuth>,
    /// The sender's address, as written: `a@b` or `Name <a@b>`.
    pub from: String,
    /// Who we are, as the server is greeted: a host's name or an address in brackets (RFC 5321 §4.1.1.1).
    pub hello: String,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpTls {
    /// Plain at first, then STARTTLS, which must succeed.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all.
    None,
}

/// One Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alertmanager {
    /// Its base URL, without a slash at its end; `/api/v2/alerts` follows.
    pub url: String,
    /// How it is spoken to.
    pub http: HttpConfig,
}

/// How an HTTP server is spoken to, as in Prometheus' `http_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpConfig {
    /// The header `Authorization`; never together with `basic_auth`.
    pub authorization: Option<Authorization>,
    /// A user's name and password.
    pub basic_auth: Option<BasicAuth>,
    /// The proxy's URL, which may hold a password.
    pub proxy_url: Option<Secret>,
    /// Which certificates are believed and shown.
    pub tls: TlsConfig,
}

/// The header `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Its first word, mostly `Bearer`.
    pub scheme: String,
    /// What follows.
    pub credentials: Secret,
}

/// A user's name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicAuth {
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// Which certificates are believed and shown. The files are read already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// Believed instead of those of the system, as in Prometheus: certificates as PEM.
    pub ca_pem: Option<String>,
    /// What we show of ourselves.
    pub client: Option<ClientIdentity>,
    /// Believe every certificate.
    pub insecure_skip_verify: bool,
}

/// A client's certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate, and those that lead to its authority, as PEM.
    pub cert_pem: String,
    /// Its private key, as PEM.
    pub key_pem: Secret,
}

/// Somebody to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// As responders name it; unique.
    pub name: ReceiverName,
    /// How it is reached.
    pub kind: ReceiverKind,
}

/// How a receiver is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverKind {
    /// By an HTTP POST.
    Webhook(Box<Webhook>),
    /// By mail, through the mail server.
    Email(Email),
}

impl ReceiverKind {
    /// The most checks that one message names, whatever their texts (12.3).
    pub fn max_members(&self) -> usize {
        match self {
            ReceiverKind::Webhook(webhook) => webhook.max_members(),
            ReceiverKind::Email(_) => Message::MAX_MEMBERS,
        }
    }
}

impl Webhook {
    /// The most checks that one message names.
    pub fn max_members(&self) -> usize {
        let max = self.format.max_members();
        self.max_checks.map_or(max, |checks| checks.min(max))
    }
}

impl WebhookFormat {
    /// So many checks with the longest names, titles and reasons are named within the limits of those who read the format:
    /// a test of `notify` holds each number.
    pub fn max_members(&self) -> usize {
        match self {
            WebhookFormat::Slack => 50,
            WebhookFormat::Teams => 20,
            WebhookFormat::Discord => 10,
            WebhookFormat::Ntfy => 8,
            WebhookFormat::Alertmanager | WebhookFormat::Template(_) => Message::MAX_MEMBERS,
        }
    }
}

/// An HTTP POST for each message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where to; for many services it is a secret.
    pub url: Secret,
    /// What is sent.
    pub format: WebhookFormat,
    /// The most checks in one message, if that is fewer than the format can name; at least 1.
    pub max_checks: Option<usize>,
    /// How the server is spoken to.
    pub http: HttpConfig,
}

/// What a webhook is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WebhookFormat {
    /// Alertmanager's payload, version 4.
    #[default]
    Alertmanager,
    /// Slack's, which Mattermost and Rocket.Chat take as well.
    Slack,
    /// Microsoft Teams'.
    Teams,
    /// Discord's.
    Discord,
    /// ntfy's.
    Ntfy,
    /// A template in Jinja's language; it has been parsed once.
    Template(String),
}

/// Mail to these addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// At least one; each as written: `a@b` or `Name <a@b>`.
    pub to: Vec<String>,
}
