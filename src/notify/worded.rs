//! Mails in the words of another system, whose users have filters and habits for them.

use crate::core::notice::Notice;

/// A mail of plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordedMail {
    /// The display name before the sender's address; `None`: the address alone.
    pub sender: Option<&'static str>,
    /// One line, such as `[LATE] NAME has not reported`.
    pub subject: String,
    /// The text; each line ends with `\n`.
    pub body: String,
}

/// How a check mails its own addresses; `None`: in our words.
pub type Wording = fn(&Notice) -> Option<WordedMail>;
