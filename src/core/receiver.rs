//! How receivers, mail servers and Alertmanagers are reached: `config` validates these types and `notify` uses them.
//!
//! They are plain data, so that the two rooms need not know each other. [`super::route`] decides when to send.

use super::outbox::Message;
use super::route::ReceiverName;
use super::secret::Secret;

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// A host name or address.
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    /// The certificates that are trusted, if `tls` is not [`SmtpTls::None`].
    pub tls_config: TlsConfig,
    /// The login; `None`: none.
    pub login: Option<BasicAuth>,
    /// The sender's address as written: `a@b` or `Name <a@b>`.
    pub from: String,
    /// The name that we greet the server with: a host name or an address in brackets (RFC 5321 §4.1.1.1).
    pub hello: String,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpTls {
    /// Unencrypted at first, then STARTTLS, which must succeed.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// No encryption.
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alertmanager {
    /// The base URL, without a slash at its end; `/api/v2/alerts` is appended.
    pub url: String,
    pub http: HttpConfig,
}

/// How an HTTP server is reached, as in Prometheus' `http_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpConfig {
    /// The header `Authorization`; never together with `basic_auth`.
    pub authorization: Option<Authorization>,
    pub basic_auth: Option<BasicAuth>,
    /// The proxy's URL, which may contain a password.
    pub proxy_url: Option<Secret>,
    pub tls: TlsConfig,
}

/// The header `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The first word, usually `Bearer`.
    pub scheme: String,
    /// The rest.
    pub credentials: Secret,
}

/// A user name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicAuth {
    pub username: String,
    pub password: Secret,
}

/// The certificates that we trust and present. The files have already been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// Trusted certificates as PEM, instead of those of the system (as in Prometheus).
    pub ca_pem: Option<String>,
    /// The certificate that we present.
    pub client: Option<ClientIdentity>,
    /// Trust every certificate.
    pub insecure_skip_verify: bool,
}

/// A client's certificate and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate and its chain, as PEM.
    pub cert_pem: String,
    /// The private key, as PEM.
    pub key_pem: Secret,
}

/// A place that messages are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// The name that responders use; unique.
    pub name: ReceiverName,
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
    /// The formats that a file names; a template is none of them.
    pub const NAMED: &[(&str, WebhookFormat)] = &[
        ("alertmanager", WebhookFormat::Alertmanager),
        ("slack", WebhookFormat::Slack),
        ("teams", WebhookFormat::Teams),
        ("discord", WebhookFormat::Discord),
        ("ntfy", WebhookFormat::Ntfy),
    ];

    /// How many checks with the longest names, titles and reasons fit within the limits of the format's readers. A test
    /// of `notify` holds each number.
    pub fn max_members(&self) -> usize {
        match self {
            WebhookFormat::Slack => 50,
            WebhookFormat::Teams => 20,
            WebhookFormat::Discord => 10,
            WebhookFormat::Ntfy => 8,
            WebhookFormat::Alertmanager | WebhookFormat::Template(_) => Message::MAX_MEMBERS,
        }
    }

    /// Whether the URL of such a webhook is all that is needed to write there.
    pub fn url_is_secret(&self) -> bool {
        matches!(self, WebhookFormat::Slack | WebhookFormat::Teams | WebhookFormat::Discord)
    }
}

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
    /// Slack's, which Mattermost and Rocket.Chat understand too.
    Slack,
    /// Microsoft Teams'.
    Teams,
    /// Discord's.
    Discord,
    /// ntfy's.
    Ntfy,
    /// A template in Jinja's language. It has already been parsed once.
    Template(String),
}

/// Mail to these addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// At least one; each as written: `a@b` or `Name <a@b>`.
    pub to: Vec<String>,
}
