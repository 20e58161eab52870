//! Messages by mail: text and HTML (for canaries text alone), in threads, over STARTTLS, TLS or plainly.
//!
//! Each recipient is asked for by itself, so that one dead mailbox keeps a page from nobody else. A message that some
//! took and others may take later is sent again to the others alone, as long as this process remembers.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, MessageBuilder, MultiPart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, Identity, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::{Address, Message};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::canary::{self, CanaryMail};
use super::connection::{self, MailServer};
use super::redact::without;
use super::render::{base, render};
use super::resolve::resolve;
use super::trust::check_certificates;
use super::{Notification, aside, duration, later, misdirected, never, subject, taken, tls, within};
use crate::core::outbox::Attempt;
use crate::core::receiver::{BasicAuth, ClientIdentity, Smtp, SmtpTls};
use crate::core::time::{Span, Time};

/// Why nobody can be sent mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither `a@b` nor `Name <a@b>`.
    #[error("`{0}` is no mail address")]
    Address(String),
    /// Nobody to send to.
    #[error("mail needs at least one recipient")]
    NoRecipient,
}

/// Whom mail goes to.
#[derive(Debug)]
enum Recipients {
    Listed(Vec<Mailbox>),
    /// The addresses of the check that it tells of.
    OfTheCheck,
}

/// They have no `Debug` of their own.
struct Tls(TlsParameters);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// A receiver that gets mail.
#[derive(Debug)]
pub struct Mailer {
    smtp: Smtp,
    timeout: Span,
    from: Mailbox,
    to: Recipients,
    tls: OnceCell<Tls>,
    /// Who took messages already that others may take later: by the message's key, the newest at the end.
    taken: Mutex<VecDeque<(String, Vec<Address>)>>,
}

/// After the last byte a server may think longer (virus scanners do, RFC 5321 §4.5.3.2.6): giving up then would send a
/// mail again that was taken.
const PATIENCE_AFTER_DATA: Span = Span::mins(2);

/// So many messages of a thread are referred to: a header has its limits.
const MAX_REFERENCES: usize = 20;

/// Of so many messages it is remembered who took them.
const MAX_REMEMBERED: usize = 1000;

/// What became of the recipients of one attempt.
#[derive(Default)]
struct Outcome {
    refused: Vec<String>,
    postponed: Vec<String>,
    accepted: Vec<Address>,
    /// What the server said when it had the whole mail.
    answer: String,
}

impl Mailer {
    /// Reads the addresses. Nothing is connected yet. `timeout` bounds each attempt up to the mail's last byte.
    pub fn new(to: &[String], smtp: &Smtp, timeout: Span) -> Result<Mailer, AddressError> {
        let to = to.iter().map(|text| parse(text)).collect::<Result<Vec<Mailbox>, AddressError>>()?;
        if to.is_empty() {
            return Err(AddressError::NoRecipient);
        }
        Mailer::to_recipients(Recipients::Listed(to), smtp, timeout)
    }

    /// For checks that mail their own addresses: those of the first notice.
    pub fn of_checks(smtp: &Smtp, timeout: Span) -> Result<Mailer, AddressError> {
        Mailer::to_recipients(Recipients::OfTheCheck, smtp, timeout)
    }

    fn to_recipients(to: Recipients, smtp: &Smtp, timeout: Span) -> Result<Mailer, AddressError> {
        let from = parse(&smtp.from)?;
        Ok(Mailer { smtp: smtp.clone(), timeout, from, to, tls: OnceCell::new(), taken: Mutex::default() })
    }

    /// Makes one attempt.
    pub async fn send(&self, notification: &Notification<'_>) -> Attempt {
        let to = self.recipients(notification);
        if to.is_empty() {
            return never("none of its addresses is one of mail");
        }
        let message = match self.message(notification, &to) {
            Ok(message) => message.formatted(),
            Err(error) => return never(format!("the mail cannot be written: {error}")),
        };
        let all = to.len();
        let rest = self.recipients_left(notification.key, to);
        if rest.is_empty() {
            return taken("each of its recipients has taken it before");
        }
        let attempt = async {
            let (attempt, is_of_the_mail) = match self.deliver(notification.key, &rest, &message).await {
                Ok(outcome) => (outcome.into_attempt(|words| self.redact(words)), true),
                Err(fault) => (self.fault(&fault), matches!(fault, Fault::Content(_))),
            };
            match attempt {
                // Who has it is to hear of its end as well. What is refused before the recipients may be mended for them.
                Attempt::Never { why } | Attempt::Misdirected { why }
                    if is_of_the_mail && rest.len() < all =>
                {
                    tracing::warn!(why, "a mail that others have taken reaches not all of its recipients");
                    taken(format!("others have taken it; {why}"))
                }
                attempt => attempt,
            }
        };
        within(self.timeout + PATIENCE_AFTER_DATA, attempt).await
    }

    fn recipients(&self, notification: &Notification<'_>) -> Vec<Mailbox> {
        let own = match &self.to {
            Recipients::Listed(to) => return to.clone(),
            Recipients::OfTheCheck => notification.notices.first().map_or(&[][..], |notice| &notice.emails),
        };
        let read = |text: &String| {
            parse(text).inspect_err(|error| tracing::warn!(%error, receiver = notification.receiver)).ok()
        };
        own.iter().filter_map(read).collect()
    }

    /// The mail, ready to be sent.
    fn message(
        &self,
        notification: &Notification<'_>,
        to: &[Mailbox],
    ) -> Result<Message, lettre::error::Error> {
        let domain = self.from.email.domain();
        let id = |key: &str| format!("<{}@{domain}>", token(key));
        let mut builder =
            Message::builder().date(system_time(notification.now)).message_id(Some(id(notification.key)));
        // A header goes to all: to those whose servers take no UTF-8 as well.
        for to in to.iter().filter(|to| is_ascii(&to.email)) {
            builder = builder.to(to.clone());
        }
        let envelope =
            Envelope::new(Some(self.from.email.clone()), to.iter().map(|to| to.email.clone()).collect())?;
        builder = builder.envelope(envelope);
        let mut threads: Vec<String> = Vec::new();
        for thread in notification.notices.iter().filter_map(|notice| notice.thread.as_deref()).map(id) {
            if threads.len() < MAX_REFERENCES && !threads.contains(&thread) {
                threads.push(thread);
            }
        }
        if let Some(first) = threads.first() {
            builder = builder.in_reply_to(first.clone()).references(threads.join(" "));
        }
        let list = format!("{}.punctual.{domain}", token(notification.receiver));
        let page = base(notification.external_url);
        for (name, value) in [
            // RFC 3834: no vacation notice answers this.
            (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()),
            // RFC 2919: filters can sort by it.
            (HeaderName::new_from_ascii_str("List-Id"), format!("punctual <{list}>")),
            (HeaderName::new_from_ascii_str("X-Punctual-URL"), super::text::line(page, 200)),
        ] {
            builder = builder.raw_header(HeaderValue::new(name, value));
        }
        self.say(builder, notification)
    }

    /// Who the mail is from, its subject, and what it says.
    fn say(
        &self,
        builder: MessageBuilder,
        notification: &Notification<'_>,
    ) -> Result<Message, lettre::error::Error> {
        // What is told to a check's own addresses is a message by itself.
        if let [notice] = notification.notices
            && let Some(CanaryMail { sender, subject, body }) = canary::mail(notice)
        {
            let from = Mailbox::new(sender.map(str::to_owned), self.from.email.clone());
            let builder = builder.from(from).raw_header(subject::header(&subject));
            return builder.header(MIME_VERSION_1_0).header(ContentType::TEXT_PLAIN).body(body);
        }
        let text = render(notification);
        let builder = builder.from(self.from.clone()).raw_header(subject::header(&text.subject));
        builder.multipart(MultiPart::alternative_plain_html(text.plain(), text.html()))
    }

    /// Those who have not taken this message yet.
    fn recipients_left(&self, key: &str, to: Vec<Mailbox>) -> Vec<Address> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let took = taken.iter().find(|(other, _)| other == key).map_or(&[][..], |(_, took)| took);
        to.into_iter().map(|to| to.email).filter(|to| !took.contains(to)).collect()
    }

    fn remember(&self, key: &str, accepted: &[Address]) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let place = taken.iter().position(|(other, _)| other == key);
        let (key, mut took) =
            place.and_then(|place| taken.remove(place)).unwrap_or((key.to_owned(), Vec::new()));
        took.extend_from_slice(accepted);
        taken.push_back((key, took));
        if taken.len() > MAX_REMEMBERED {
            taken.pop_front();
        }
    }

    async fn deliver(&self, key: &str, to: &[Address], message: &[u8]) -> Result<Outcome, Fault> {
        let is_about_recipients = AtomicBool::new(false);
        let before_data = async {
            let mut connection = self.connect().await?;
            let can_utf8 = self.tell_sender(&mut connection, to, message).await?;
            is_about_recipients.store(true, Ordering::Relaxed);
            let outcome = ask_for(&mut connection, to, can_utf8).await?;
            if !outcome.accepted.is_empty() {
                connection.command(Data).await.map_err(Fault::Message)?;
            }
            Ok((connection, outcome))
        };
        let asked = timeout(duration(self.timeout), before_data).await;
        let (mut connection, mut outcome) = asked.map_err(|_| {
            let why = format!("no answer within {}", self.timeout);
            if is_about_recipients.load(Ordering::Relaxed) { Fault::Silence(why) } else { Fault::Other(why) }
        })??;
        if !outcome.accepted.is_empty() {
            // The end of the data brings a line's end of its own.
            let message = message.strip_suffix(b"\r\n").unwrap_or(message);
            let answer = connection.message(message).await.map_err(Fault::Content)?;
            outcome.answer = format!("{} {}", answer.code(), answer.message().collect::<Vec<_>>().join(" "));
            self.remember(key, &outcome.accepted);
        }
        // The mail is theirs already: how the goodbye goes changes nothing.
        let _ = timeout(Duration::from_secs(1), connection.quit()).await;
        Ok(outcome)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Fault> {
        let Smtp { host, port, tls, login, .. } = &self.smtp;
        let hello = hello(&self.smtp.hello);
        // One address that swallows everything leaves time for the next.
        let patience = duration(self.timeout) / 3;
        let implicit = if *tls == SmtpTls::Implicit { Some(self.tls_parameters().await?) } else { None };
        let addresses = resolve(host, *port).await.map_err(|error| Fault::Other(error.to_string()))?;
        let server = MailServer { addresses: &addresses, patience, implicit, hello: &hello };
        let mut connection = match connection::connect(&server, false).await {
            // It does not know EHLO, and so nothing that we need but this.
            Err(error) if is_unknown(&error) && *tls != SmtpTls::Starttls => {
                connection::connect(&server, true).await.map_err(Fault::Connection)?
            }
            connected => connected.map_err(Fault::Connection)?,
        };
        if *tls == SmtpTls::Starttls {
            connection.starttls(self.tls_parameters().await?, &hello).await.map_err(Fault::Connection)?;
        }
        if let Some(BasicAuth { username, password }) = login {
            let credentials = Credentials::new(username.clone(), password.expose().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, &credentials).await.map_err(Fault::Connection)?;
        }
        Ok(connection)
    }

    /// Whether addresses may be other than ASCII.
    async fn tell_sender(
        &self,
        connection: &mut AsyncSmtpConnection,
        to: &[Address],
        message: &[u8],
    ) -> Result<bool, Fault> {
        let has = |extension| connection.server_info().supports_feature(extension);
        let can_utf8 = has(Extension::SmtpUtfEight);
        let mut parameters = Vec::new();
        if !is_ascii(&self.from.email) && !can_utf8 {
            let why = format!("{}: the server takes only ASCII (no SMTPUTF8)", self.from.email);
            return Err(Fault::Settings(why));
        }
        if can_utf8 && !(is_ascii(&self.from.email) && to.iter().all(is_ascii)) {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() && has(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let sender = Mail::new(Some(self.from.email.clone()), parameters);
        // The sender is that of every mail.
        connection.command(sender).await.map_err(Fault::Connection)?;
        Ok(can_utf8)
    }

    /// Made once, aside: it reads all certificates that the system trusts.
    async fn tls_parameters(&self) -> Result<TlsParameters, Fault> {
        let make = async || {
            let smtp = self.smtp.clone();
            aside(move || tls_parameters(&smtp)).await.map(Tls)
        };
        Ok(self.tls.get_or_try_init(make).await?.0.clone())
    }

    /// Without the password, which a server's answer may repeat.
    fn redact(&self, words: &str) -> String {
        let password = self.smtp.login.as_ref().map(|login| login.password.expose().to_owned());
        without(words, password.into_iter().collect())
    }

    fn fault(&self, fault: &Fault) -> Attempt {
        let why = self.redact(&format!("{}:{}: {fault}", self.smtp.host, self.smtp.port));
        let is_misdirected = fault.is_misdirected();
        match fault {
            fault if matches!(self.to, Recipients::OfTheCheck) && fault.is_of_the_server() => {
                Attempt::Unreachable { why: super::text::reason(&why), is_misdirected }
            }
            Fault::Content(error) if error.is_permanent() && !wants_login(error) => never(why),
            _ if is_misdirected => misdirected(why),
            _ => later(why),
        }
    }
}

/// Each recipient. Only a server that takes nobody ends the attempt.
async fn ask_for(
    connection: &mut AsyncSmtpConnection,
    to: &[Address],
    can_utf8: bool,
) -> Result<Outcome, Fault> {
    let mut outcome = Outcome::default();
    for address in to {
        if !is_ascii(address) && !can_utf8 {
            outcome.refused.push(format!("{address}: the server takes only ASCII (no SMTPUTF8)"));
            continue;
        }
        match connection.command(Rcpt::new(address.clone(), Vec::new())).await {
            Ok(_) => outcome.accepted.push(address.clone()),
            Err(error) if error.is_permanent() => outcome.refused.push(format!("{address}: {error}")),
            Err(error) if error.is_transient() => outcome.postponed.push(format!("{address}: {error}")),
            Err(error) => return Err(Fault::Message(error)),
        }
    }
    Ok(outcome)
}

fn tls_parameters(smtp: &Smtp) -> Result<TlsParameters, Fault> {
    tls::install_crypto();
    let config = &smtp.tls_config;
    let mut builder =
        TlsParameters::builder(smtp.host.clone()).dangerous_accept_invalid_certs(config.insecure_skip_verify);
    if config.ca_pem.is_none() && !config.insecure_skip_verify {
        check_certificates().map_err(Fault::Other)?;
    }
    if let Some(pem) = &config.ca_pem {
        let certificate = Certificate::from_pem(pem.as_bytes());
        let certificate =
            certificate.map_err(|_| Fault::Other("ca_file holds no PEM certificates".to_owned()))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    if let Some(ClientIdentity { cert_pem, key_pem }) = &config.client {
        let identity = Identity::from_pem(cert_pem.as_bytes(), key_pem.expose().as_bytes());
        let why = "cert_file and key_file hold no PEM certificate with its key";
        builder = builder.identify_with(identity.map_err(|_| Fault::Other(why.to_owned()))?);
    }
    builder.build().map_err(Fault::Connection)
}

/// Why an attempt came to nobody.
enum Fault {
    /// Before anything was said of this message but its sender: the server, the settings or the password may be mended.
    Connection(lettre::transport::smtp::Error),
    /// Between that and the text.
    Message(lettre::transport::smtp::Error),
    /// As above, and no answer.
    Silence(String),
    /// The server's answer to what it says.
    Content(lettre::transport::smtp::Error),
    /// Only other settings can mend it.
    Settings(String),
    /// Anything else that may be mended.
    Other(String),
}

impl Fault {
    /// Whether nothing is said of the message, so that every other one would have ended alike. Once recipients are named,
    /// also a server that breaks off or hangs may do so for one of them: it keeps no other mail waiting.
    fn is_of_the_server(&self) -> bool {
        matches!(self, Fault::Connection(_) | Fault::Settings(_) | Fault::Other(_))
    }

    /// Whether it is refused for good, so that somebody should mend a setting.
    fn is_misdirected(&self) -> bool {
        match self {
            Fault::Connection(error) | Fault::Message(error) | Fault::Content(error) => error.is_permanent(),
            Fault::Settings(_) => true,
            Fault::Silence(_) | Fault::Other(_) => false,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Connection(error) | Fault::Message(error) | Fault::Content(error) => error.fmt(f),
            Fault::Settings(why) | Fault::Silence(why) | Fault::Other(why) => f.write_str(why),
        }
    }
}

/// A command is not known or not implemented.
fn is_unknown(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 500 | 502))
}

fn hello(name: &str) -> ClientId {
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match address.and_then(|address| address.strip_prefix("IPv6:").unwrap_or(address).parse().ok()) {
        Some(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Some(IpAddr::V6(address)) => ClientId::Ipv6(address),
        None => ClientId::Domain(name.to_owned()),
    }
}

/// 530, 534, 535 and 538 speak of our login, not of the message (RFC 4954 §6).
fn wants_login(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538))
}

impl Outcome {
    fn into_attempt(self, redact: impl Fn(&str) -> String) -> Attempt {
        if !self.refused.is_empty() {
            tracing::warn!(recipients = ?self.refused, "the mail server refuses recipients");
        }
        if !self.postponed.is_empty() {
            return later(redact(&self.postponed.join("; ")));
        }
        let refused = redact(&self.refused.join("; "));
        if self.accepted.is_empty() {
            return misdirected(refused);
        }
        let but = if refused.is_empty() { refused } else { format!("; but not by {refused}") };
        taken(redact(&self.answer) + &but)
    }
}

/// With the domain as every server takes it: in ASCII (A-labels, RFC 5891).
fn parse(text: &str) -> Result<Mailbox, AddressError> {
    let fault = || AddressError::Address(text.to_owned());
    let mut mailbox = text.parse::<Mailbox>().map_err(|_| fault())?;
    if !mailbox.email.domain().is_ascii() {
        let domain = idna::domain_to_ascii(mailbox.email.domain()).map_err(|_| fault())?;
        mailbox.email = Address::new(mailbox.email.user(), domain).map_err(|_| fault())?;
    }
    Ok(mailbox)
}

/// Whether it needs no server that takes UTF-8 (RFC 6531).
fn is_ascii(address: &Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}

/// Only what may stand in a Message-ID or a List-Id as it is (RFC 5322 `dot-atom`, without the rarer signs).
fn token(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect()
}

fn system_time(time: Time) -> SystemTime {
    let ms = time.as_ms();
    let away = Duration::from_millis(ms.unsigned_abs());
    if ms >= 0 { SystemTime::UNIX_EPOCH + away } else { SystemTime::UNIX_EPOCH - away }
}
