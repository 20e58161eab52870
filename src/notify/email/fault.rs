//! What can go wrong with a mail. The stage at which it failed says whether other mails would fail too.

use lettre::transport::smtp::Error;

/// Why an attempt reached no recipient.
pub(super) enum MailFault {
    /// Before anything but the sender was said of this message: the server, the settings or the password may be mended.
    Connection(Error),
    /// After that, and before the text.
    Message(Error),
    /// As [`MailFault::Message`], but the server did not answer.
    Silence(String),
    /// The server refused the content.
    Content(Error),
    /// Only other settings can mend it.
    Settings(String),
    /// Anything else that may be mended.
    Other(String),
}

impl MailFault {
    /// Whether every other mail would have failed alike, because nothing was said of this message yet. Once recipients
    /// are named, a server that hangs or breaks off may do so because of one of them: other mails need not wait.
    pub(super) fn is_of_the_server(&self) -> bool {
        matches!(self, MailFault::Connection(_) | MailFault::Settings(_) | MailFault::Other(_))
    }

    /// Whether the server refused for good, so that somebody should mend a setting.
    pub(super) fn is_misdirected(&self) -> bool {
        match self {
            MailFault::Connection(error) | MailFault::Message(error) | MailFault::Content(error) => {
                error.is_permanent()
            }
            MailFault::Settings(_) => true,
            MailFault::Silence(_) | MailFault::Other(_) => false,
        }
    }
}

impl std::fmt::Display for MailFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MailFault::Connection(error) | MailFault::Message(error) | MailFault::Content(error) => {
                error.fmt(f)
            }
            MailFault::Settings(why) | MailFault::Silence(why) | MailFault::Other(why) => f.write_str(why),
        }
    }
}

/// Whether the server does not know or does not implement the command.
pub(super) fn is_unknown(error: &Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 500 | 502))
}

/// Codes 530, 534, 535 and 538 are about our login, not about the message (RFC 4954 §6).
pub(super) fn wants_login(error: &Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538))
}
