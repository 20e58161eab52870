//! A mail's headers and text.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, MessageBuilder, MultiPart};

use super::address::is_ascii;
use super::written::{Parts, Written};
use crate::core::time::Time;
use crate::notify::render::{base, render};
use crate::notify::webhook::TemplateError;
use crate::notify::{Notification, WordedMail, Wording, subject};

/// How many earlier messages of a thread are referred to, since the length of a header is limited.
const MAX_REFERENCES: usize = 20;

/// In whose words a mail is written.
pub(super) enum MailWords {
    /// A check's own addresses, in the words of the system whose users know it.
    OfTheCheck(Wording),
    /// As the configuration has it, and else in ours.
    Written(Arc<Written>),
}

/// Why there is no mail.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotWritten {
    #[error(transparent)]
    Mail(#[from] lettre::error::Error),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Builds the mail, ready to be sent.
pub(super) fn write(
    notification: &Notification<'_>,
    from: &Mailbox,
    to: &[Mailbox],
    words: &MailWords,
) -> Result<Message, NotWritten> {
    let domain = from.email.domain();
    let id = |key: &str| format!("<{}@{domain}>", token(key));
    let mut builder =
        Message::builder().date(system_time(notification.now)).message_id(Some(id(notification.key)));
    // Lists only ASCII addresses: recipients whose servers do not support UTF-8 get this header too.
    for to in to.iter().filter(|to| is_ascii(&to.email)) {
        builder = builder.to(to.clone());
    }
    let envelope = Envelope::new(Some(from.email.clone()), to.iter().map(|to| to.email.clone()).collect())?;
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
        // RFC 3834: vacation notices do not answer such a mail.
        (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()),
        // RFC 2919: filters can sort by it.
        (HeaderName::new_from_ascii_str("List-Id"), format!("punctual <{list}>")),
        (HeaderName::new_from_ascii_str("X-Punctual-URL"), crate::notify::text::line(page, 200)),
    ] {
        builder = builder.raw_header(HeaderValue::new(name, value));
    }
    say(builder, notification, from, words)
}

/// Adds the sender's name, the subject and the text.
fn say(
    builder: MessageBuilder,
    notification: &Notification<'_>,
    from: &Mailbox,
    words: &MailWords,
) -> Result<Message, NotWritten> {
    // A message to a check's own addresses has exactly one notice.
    if let ([notice], MailWords::OfTheCheck(in_words)) = (notification.notices, words)
        && let Some(WordedMail { sender, subject, body }) = in_words(notice)
    {
        let from = Mailbox::new(sender.map(str::to_owned), from.email.clone());
        let builder = builder.from(from).raw_header(subject::header(&subject));
        return Ok(builder.header(MIME_VERSION_1_0).header(ContentType::TEXT_PLAIN).body(body)?);
    }
    let ours = render(notification);
    let mut builder = builder.from(from.clone());
    let Parts { subject, text, html } = match words {
        MailWords::Written(written) => {
            if let Some(reply_to) = &written.reply_to {
                builder = builder.reply_to(reply_to.clone());
            }
            written.parts(notification, &ours)?
        }
        MailWords::OfTheCheck(_) => {
            Parts { subject: ours.subject.clone(), text: ours.plain(), html: Some(ours.html()) }
        }
    };
    let builder = builder.raw_header(subject::header(&subject));
    Ok(match html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html))?,
        None => builder.header(MIME_VERSION_1_0).header(ContentType::TEXT_PLAIN).body(text)?,
    })
}

/// Replaces what may not stand in a Message-ID or List-Id as it is (RFC 5322 `dot-atom`, without the rarer signs).
fn token(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect()
}

fn system_time(time: Time) -> SystemTime {
    let ms = time.as_ms();
    let away = Duration::from_millis(ms.unsigned_abs());
    if ms >= 0 { SystemTime::UNIX_EPOCH + away } else { SystemTime::UNIX_EPOCH - away }
}
