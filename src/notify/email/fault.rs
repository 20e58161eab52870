//! What can go wrong with a mail, by when it did: from that follows who else it concerns.

use lettre::transport::smtp::Error;

/// Why an attempt came to nobody.
pub(super) enum MailFault {
    /// Before anything was said of this message but its sender: the server, the settings or the password may be mended.
    Connection(Error),
    /// Between that and the text.
    Message(Error),
    /// As above, and no answer.
    Silence(String),
    /// The server's answer to what it says.
    Content(Error),
    /// Only other settings can mend it.
    Settings(String),
    /// Anything else that may be mended.
    Other(String),
}

impl MailFault {
    /// Whether nothing is said of the message, so that every other one would have ended alike. Once recipients are named,
    /// also a server that breaks off or hangs may do so for one of them: it keeps no other mail waiting.
    pub(super) fn is_of_the_server(&self) -> bool {
        matches!(self, MailFault::Connection(_) | MailFault::Settings(_) | MailFault::Other(_))
    }

    /// Whether it is refused for good, so that somebody should mend a setting.
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

/// A command is not known or not implemented.
pub(super) fn is_unknown(error: &Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 500 | 502))
}

/// 530, 534, 535 and 538 speak of our login, not of the message (RFC 4954 §6).
pub(super) fn wants_login(error: &Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538))
}
