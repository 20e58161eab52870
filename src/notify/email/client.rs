//! One SMTP session: connection, login, sender, recipients, text.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, Identity, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::address::is_ascii;
use super::fault::{MailFault, is_unknown};
use super::smtp::{Smtp, SmtpTls};
use crate::core::time::Span;
use crate::notify::connection::{self, MailServer};
use crate::notify::http_config::{BasicAuth, ClientIdentity};
use crate::notify::resolve::resolve;
use crate::notify::trust::check_certificates;
use crate::notify::{aside, duration, tls};

/// A wrapper, since `TlsParameters` has no `Debug`.
struct Tls(TlsParameters);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// Hands mails to one mail server.
#[derive(Debug)]
pub(super) struct SmtpClient {
    smtp: Smtp,
    from: Mailbox,
    timeout: Span,
    tls: OnceCell<Tls>,
}

/// The result for each recipient of one attempt.
#[derive(Default)]
pub(super) struct PerRecipient {
    pub(super) refused: Vec<String>,
    pub(super) postponed: Vec<String>,
    pub(super) accepted: Vec<Address>,
    /// The server's answer to the whole mail.
    pub(super) answer: String,
}

/// A mail that was handed over as far as possible, and its connection, which is still open.
pub(super) struct Delivered {
    pub(super) result: PerRecipient,
    connection: AsyncSmtpConnection,
}

impl Delivered {
    pub(super) async fn quit(mut self) -> PerRecipient {
        let _ = timeout(Duration::from_secs(1), self.connection.quit()).await;
        self.result
    }
}

impl SmtpClient {
    /// Connects to nothing yet. `timeout` bounds each session up to the mail's last byte.
    pub(super) fn new(smtp: &Smtp, from: Mailbox, timeout: Span) -> SmtpClient {
        SmtpClient { smtp: smtp.clone(), from, timeout, tls: OnceCell::new() }
    }

    pub(super) fn smtp(&self) -> &Smtp {
        &self.smtp
    }

    pub(super) fn from(&self) -> &Mailbox {
        &self.from
    }

    pub(super) fn timeout(&self) -> Span {
        self.timeout
    }

    /// Hands a mail over for all recipients that the server accepts. The mail is delivered once the server has answered
    /// the data, even if QUIT fails.
    pub(super) async fn deliver(&self, to: &[Address], message: &[u8]) -> Result<Delivered, MailFault> {
        let is_about_recipients = AtomicBool::new(false);
        let before_data = async {
            let mut connection = self.connect().await?;
            let can_utf8 = self.tell_sender(&mut connection, to, message).await?;
            is_about_recipients.store(true, Ordering::Relaxed);
            let result = ask_for(&mut connection, to, can_utf8).await?;
            if !result.accepted.is_empty() {
                connection.command(Data).await.map_err(MailFault::Message)?;
            }
            Ok((connection, result))
        };
        let asked = timeout(duration(self.timeout), before_data).await;
        let (mut connection, mut result) = asked.map_err(|_| {
            let why = format!("no answer within {}", self.timeout);
            if is_about_recipients.load(Ordering::Relaxed) {
                MailFault::Silence(why)
            } else {
                MailFault::Other(why)
            }
        })??;
        if !result.accepted.is_empty() {
            // lettre ends the data with a line break of its own.
            let message = message.strip_suffix(b"\r\n").unwrap_or(message);
            let answer = connection.message(message).await.map_err(MailFault::Content)?;
            result.answer = format!("{} {}", answer.code(), answer.message().collect::<Vec<_>>().join(" "));
        }
        Ok(Delivered { result, connection })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailFault> {
        let Smtp { host, port, tls, login, .. } = &self.smtp;
        let hello = hello(&self.smtp.hello);
        // An address that does not answer leaves time for the next.
        let patience = duration(self.timeout) / 3;
        let implicit = if *tls == SmtpTls::Implicit { Some(self.tls_parameters().await?) } else { None };
        let addresses = resolve(host, *port).await.map_err(|error| MailFault::Other(error.to_string()))?;
        let server = MailServer { addresses: &addresses, patience, implicit, hello: &hello };
        let mut connection = match connection::connect(&server, false).await {
            // The server does not know EHLO. Without STARTTLS we can do with HELO.
            Err(error) if is_unknown(&error) && *tls != SmtpTls::Starttls => {
                connection::connect(&server, true).await.map_err(MailFault::Connection)?
            }
            connected => connected.map_err(MailFault::Connection)?,
        };
        if *tls == SmtpTls::Starttls {
            connection.starttls(self.tls_parameters().await?, &hello).await.map_err(MailFault::Connection)?;
        }
        if let Some(BasicAuth { username, password }) = login {
            let credentials = Credentials::new(username.clone(), password.expose().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, &credentials).await.map_err(MailFault::Connection)?;
        }
        Ok(connection)
    }

    /// Sends the sender. Returns whether the server takes addresses beyond ASCII.
    async fn tell_sender(
        &self,
        connection: &mut AsyncSmtpConnection,
        to: &[Address],
        message: &[u8],
    ) -> Result<bool, MailFault> {
        let has = |extension| connection.server_info().supports_feature(extension);
        let can_utf8 = has(Extension::SmtpUtfEight);
        let mut parameters = Vec::new();
        if !is_ascii(&self.from.email) && !can_utf8 {
            let why = format!("{}: the server takes only ASCII (no SMTPUTF8)", self.from.email);
            return Err(MailFault::Settings(why));
        }
        if can_utf8 && !(is_ascii(&self.from.email) && to.iter().all(is_ascii)) {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() && has(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let sender = Mail::new(Some(self.from.email.clone()), parameters);
        // Every mail has this sender, so a refusal is about the server and not about the message.
        connection.command(sender).await.map_err(MailFault::Connection)?;
        Ok(can_utf8)
    }

    /// Built once, on a blocking thread, because it reads all certificates that the system trusts.
    async fn tls_parameters(&self) -> Result<TlsParameters, MailFault> {
        let make = async || {
            let smtp = self.smtp.clone();
            aside(move || tls_parameters(&smtp)).await.map(Tls)
        };
        Ok(self.tls.get_or_try_init(make).await?.0.clone())
    }
}

/// Names each recipient. The attempt ends only if the server accepts none of them.
async fn ask_for(
    connection: &mut AsyncSmtpConnection,
    to: &[Address],
    can_utf8: bool,
) -> Result<PerRecipient, MailFault> {
    let mut result = PerRecipient::default();
    for address in to {
        if !is_ascii(address) && !can_utf8 {
            result.refused.push(format!("{address}: the server takes only ASCII (no SMTPUTF8)"));
            continue;
        }
        match connection.command(Rcpt::new(address.clone(), Vec::new())).await {
            Ok(_) => result.accepted.push(address.clone()),
            Err(error) if error.is_permanent() => result.refused.push(format!("{address}: {error}")),
            Err(error) if error.is_transient() => result.postponed.push(format!("{address}: {error}")),
            Err(error) => return Err(MailFault::Message(error)),
        }
    }
    Ok(result)
}

fn tls_parameters(smtp: &Smtp) -> Result<TlsParameters, MailFault> {
    tls::install_crypto();
    let config = &smtp.tls_config;
    let mut builder =
        TlsParameters::builder(smtp.host.clone()).dangerous_accept_invalid_certs(config.insecure_skip_verify);
    if config.ca_pem.is_none() && !config.insecure_skip_verify {
        check_certificates().map_err(MailFault::Other)?;
    }
    if let Some(pem) = &config.ca_pem {
        let certificate = Certificate::from_pem(pem.as_bytes());
        let certificate =
            certificate.map_err(|_| MailFault::Other("ca_file holds no PEM certificates".to_owned()))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    if let Some(ClientIdentity { cert_pem, key_pem }) = &config.client {
        let identity = Identity::from_pem(cert_pem.as_bytes(), key_pem.expose().as_bytes());
        let why = "cert_file and key_file hold no PEM certificate with its key";
        builder = builder.identify_with(identity.map_err(|_| MailFault::Other(why.to_owned()))?);
    }
    builder.build().map_err(MailFault::Connection)
}

fn hello(name: &str) -> ClientId {
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match address.and_then(|address| address.strip_prefix("IPv6:").unwrap_or(address).parse().ok()) {
        Some(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Some(IpAddr::V6(address)) => ClientId::Ipv6(address),
        None => ClientId::Domain(name.to_owned()),
    }
}
