//! Messages by mail: text and HTML (in the words of another system: text alone; or what the configuration has them say), in threads, over STARTTLS, TLS or without encryption.
//!
//! Each recipient is named by itself, so that one dead mailbox does not keep a page from the others. If some took a
//! message and others may take it later, it is sent again to the others alone, as long as this process remembers.

mod address;
mod client;
mod fault;
mod letter;
mod settings;
mod smtp;
mod written;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use lettre::Address;
use lettre::message::Mailbox;

use self::address::parse;
use self::client::{PerRecipient, SmtpClient};
use self::fault::{MailFault, wants_login};
use self::letter::{MailWords, NotWritten};
use self::written::Written;
use super::redact::without;
use super::setup::SetupError;
use super::{Notification, PingUrls, Wording, later, misdirected, never, taken, within};
use crate::core::outbox::Attempt;
use crate::core::time::Span;

pub(crate) use self::address::check_address;
pub use self::address::{AddressError, is_mail_address};
pub use self::settings::Email;
pub(crate) use self::settings::{EMAIL, read};
pub(crate) use self::smtp::{SMTP, smtp};
pub use self::smtp::{Smtp, SmtpTls};

/// Who receives the mail.
#[derive(Debug)]
enum Recipients {
    /// With what the configuration has it say.
    Listed(Vec<Mailbox>, Arc<Written>),
    /// The addresses of the check that the notice is about.
    OfTheCheck(Wording),
}

/// A receiver by mail.
#[derive(Debug)]
pub struct Mailer {
    client: SmtpClient,
    to: Recipients,
    /// The recipients that took a message while others may take it later, by the message's key. Newest last.
    taken: Mutex<VecDeque<(String, Vec<Address>)>>,
}

/// How much longer a server may take after the last byte (virus scanners do, RFC 5321 §4.5.3.2.6): giving up then would
/// send again a mail that was taken.
const PATIENCE_AFTER_DATA: Span = Span::mins(2);

/// For how many messages the recipients are remembered.
const MAX_REMEMBERED: usize = 1000;

impl Mailer {
    /// Parses the addresses. Connects to nothing yet. `timeout` bounds each attempt up to the mail's last byte.
    pub fn new(settings: &Email, smtp: &Smtp, timeout: Span) -> Result<Mailer, SetupError> {
        let to = settings.to.iter().map(|text| parse(text));
        let to = to.collect::<Result<Vec<Mailbox>, AddressError>>()?;
        if to.is_empty() {
            return Err(AddressError::NoRecipient.into());
        }
        let written = Arc::new(Written::new(settings)?);
        Ok(Mailer::to_recipients(Recipients::Listed(to, written), smtp, timeout)?)
    }

    /// A warning about what the configuration has it say; for people.
    pub fn warning(&self) -> Option<String> {
        match &self.to {
            Recipients::Listed(_, written) => written.warning(),
            Recipients::OfTheCheck(_) => None,
        }
    }

    /// For checks that mail to their own addresses: uses those of the first notice.
    pub fn of_checks(smtp: &Smtp, wording: Wording, timeout: Span) -> Result<Mailer, AddressError> {
        Mailer::to_recipients(Recipients::OfTheCheck(wording), smtp, timeout)
    }

    fn to_recipients(to: Recipients, smtp: &Smtp, timeout: Span) -> Result<Mailer, AddressError> {
        let client = SmtpClient::new(smtp, parse(&smtp.from)?, timeout);
        Ok(Mailer { client, to, taken: Mutex::default() })
    }

    pub async fn send(&self, notification: &Notification<'_>, ping_urls: &PingUrls) -> Attempt {
        let to = self.recipients(notification);
        if to.is_empty() {
            return never("none of its addresses is one of mail");
        }
        let (from, all, words) = (self.client.from().clone(), to.clone(), self.words());
        let written = notification
            .write_aside(ping_urls, move |notification| letter::write(notification, &from, &all, &words));
        let message = match written.await {
            Ok(message) => message.formatted(),
            Err(NotWritten::Mail(error)) => return never(format!("the mail cannot be written: {error}")),
            // It may be mended before the message is given up.
            Err(NotWritten::Template(error)) => return later(format!("the template failed: {error}")),
        };
        let all = to.len();
        let rest = self.recipients_left(notification.key, to);
        if rest.is_empty() {
            return taken("each of its recipients has taken it before");
        }
        let harmless = |words: &str| {
            let mut words = self.redact(words);
            ping_urls.hide_in(&mut words, notification.external_url);
            words
        };
        let attempt = async {
            let (attempt, is_of_the_mail) = match self.deliver(notification.key, &rest, &message).await {
                Ok(result) => (result.into_attempt(harmless), true),
                Err(fault) => (self.fault(&fault), matches!(fault, MailFault::Content(_))),
            };
            match ping_urls.out_of_attempt(attempt, notification.external_url) {
                // Those who got the message must also get its recovery, so it counts as taken. A refusal before the
                // recipients were named may still be mended, so it does not.
                Attempt::Never { why } | Attempt::Misdirected { why }
                    if is_of_the_mail && rest.len() < all =>
                {
                    tracing::warn!(why, "a mail that others have taken reaches not all of its recipients");
                    taken(format!("others have taken it; {why}"))
                }
                attempt => attempt,
            }
        };
        within(self.client.timeout() + PATIENCE_AFTER_DATA, attempt).await
    }

    async fn deliver(&self, key: &str, to: &[Address], message: &[u8]) -> Result<PerRecipient, MailFault> {
        let delivered = self.client.deliver(to, message).await?;
        if !delivered.result.accepted.is_empty() {
            self.remember(key, &delivered.result.accepted);
        }
        Ok(delivered.quit().await)
    }

    fn words(&self) -> MailWords {
        match &self.to {
            Recipients::Listed(_, written) => MailWords::Written(Arc::clone(written)),
            Recipients::OfTheCheck(wording) => MailWords::OfTheCheck(*wording),
        }
    }

    fn recipients(&self, notification: &Notification<'_>) -> Vec<Mailbox> {
        let own = match &self.to {
            Recipients::Listed(to, _) => return to.clone(),
            Recipients::OfTheCheck(_) => {
                notification.notices.first().map_or(&[][..], |notice| &notice.emails)
            }
        };
        let read = |text: &String| {
            parse(text).inspect_err(|error| tracing::warn!(%error, receiver = notification.receiver)).ok()
        };
        own.iter().filter_map(read).collect()
    }

    /// The recipients that have not taken this message yet.
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

    /// Removes the password, which a server's answer may repeat.
    fn redact(&self, words: &str) -> String {
        let password = self.client.smtp().login.as_ref().map(|login| login.password.expose().to_owned());
        without(words, password.into_iter().collect())
    }

    fn fault(&self, fault: &MailFault) -> Attempt {
        let Smtp { host, port, .. } = self.client.smtp();
        let why = self.redact(&format!("{host}:{port}: {fault}"));
        let is_misdirected = fault.is_misdirected();
        match fault {
            fault if matches!(self.to, Recipients::OfTheCheck(_)) && fault.is_of_the_server() => {
                Attempt::Unreachable { why: super::text::reason(&why), is_misdirected }
            }
            MailFault::Content(error) if error.is_permanent() && !wants_login(error) => never(why),
            _ if is_misdirected => misdirected(why),
            _ => later(why),
        }
    }
}

impl PerRecipient {
    /// `harmless` makes a text of the server one that may be logged.
    fn into_attempt(self, harmless: impl Fn(&str) -> String) -> Attempt {
        let refused: Vec<String> = self.refused.iter().map(|words| harmless(words)).collect();
        if !refused.is_empty() {
            tracing::warn!(recipients = ?refused, "the mail server refuses recipients");
        }
        if !self.postponed.is_empty() {
            return later(harmless(&self.postponed.join("; ")));
        }
        let refused = refused.join("; ");
        if self.accepted.is_empty() {
            return misdirected(refused);
        }
        let but = if refused.is_empty() { refused } else { format!("; but not by {refused}") };
        taken(harmless(&self.answer) + &but)
    }
}
