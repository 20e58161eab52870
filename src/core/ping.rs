//! What a ping says.

use std::sync::Arc;

/// A run's id, as the job gave it: 1 to 64 characters of `[A-Za-z0-9._:-]`. Or the id of a form that somebody sent, which
/// is no run's (22.2b).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rid(Arc<str>);

impl Rid {
    /// The longest run id, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Parses a run id; `None` if it is empty, too long, or has a character outside the alphabet.
    pub fn parse(text: &str) -> Option<Rid> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
        let fits = !text.is_empty() && text.len() <= Rid::MAX_BYTES;
        (fits && text.bytes().all(plain)).then(|| Rid(text.into()))
    }

    /// The id of a form, which no job can give as its own; `None`: `id` is none, or too long.
    pub fn of_form(id: &str) -> Option<Rid> {
        let fits = id.len() + Rid::OF_FORMS.len() <= Rid::MAX_BYTES && Rid::parse(id).is_some();
        fits.then(|| Rid(format!("{}{id}", Rid::OF_FORMS).into()))
    }

    /// One that was stored; `None`: it is damaged.
    pub fn stored(text: &str) -> Option<Rid> {
        text.strip_prefix(Rid::OF_FORMS).map_or_else(|| Rid::parse(text), Rid::of_form)
    }

    const OF_FORMS: &str = "form/";

    pub(crate) fn is_of_form(&self) -> bool {
        self.0.starts_with(Rid::OF_FORMS)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a ping says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PingKind {
    /// Success: the bare URL, or exit status 0.
    Success,
    /// Failure: `/fail`, or an exit status of 1 to 255.
    Fail,
    /// A run begins.
    Start,
    /// Recorded, but not judged (5.2).
    Log,
}

impl PingKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [PingKind; 4] = [PingKind::Success, PingKind::Fail, PingKind::Start, PingKind::Log];

    /// The word in URLs, labels and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            PingKind::Success => "success",
            PingKind::Fail => "fail",
            PingKind::Start => "start",
            PingKind::Log => "log",
        }
    }
}

/// The part of a ping that is judged. Comment, body and source are facts that no rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    pub kind: PingKind,
    pub rid: Option<Rid>,
    /// The job's exit status, if it gave one.
    pub exit_status: Option<u8>,
}
