//! Why a text is refused, in words that say what would be right.

use crate::core::cron::{CronError, MINUTES_PER_DAY};
use crate::core::time::Span;

/// The longest text that is read, in bytes.
pub const MAX_LEN: usize = 8192;
/// The most entries.
pub const MAX_ENTRIES: usize = 64;
/// The longest period that an entry may have: ten years.
pub const MAX_PERIOD: Span = Span::mins(3650 * MINUTES_PER_DAY);

/// Why a text is refused. Texts of the user in it are escaped and cut short.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodsError {
    /// Longer than [`MAX_LEN`] bytes.
    #[error("a schedule of periods has at most {MAX_LEN} bytes, this one has {len}")]
    TooLong {
        /// Its bytes.
        len: usize,
    },
    /// A line's end, or another character that is none to read.
    #[error("a schedule of periods is one line: its entries are joined by `;`")]
    NotOneLine,
    /// Nothing, or only comments.
    #[error("a schedule of periods needs an entry: `* * * * * 300` is every 300 seconds at any time")]
    Empty,
    /// More than [`MAX_ENTRIES`].
    #[error("a schedule of periods has at most {MAX_ENTRIES} entries, this one has {found}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// Not six words.
    #[error(
        "`{entry}` must have 6 words (minute, hour, day of month, month, day of week, seconds), not {found}"
    )]
    WordCount {
        /// The entry.
        entry: String,
        /// How many it has.
        found: usize,
    },
    /// One of the first five words is wrong, or they name a day that never comes.
    #[error("`{entry}`: {error}")]
    Fields {
        /// The entry.
        entry: String,
        /// What is wrong.
        error: CronError,
    },
    /// The last word is no number, not positive, or too much.
    #[error("`{entry}` must end with the period in seconds, more than 0 and at most {}", MAX_PERIOD.as_ms() / 1000)]
    Seconds {
        /// The entry.
        entry: String,
    },
    /// Two entries hold at the same minute.
    #[error("`{first}` and `{second}` overlap: at any minute only one period can apply")]
    Overlap {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
}
