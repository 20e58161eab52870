//! What people and the server did that is no step of an incident (22.10).

use super::text::first_bytes;
use super::time::{Span, Time};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditKind {
    /// The server started.
    Start,
    /// It was stopped.
    Stop,
    /// A configuration was taken.
    Reload,
    /// Messages are held.
    Mute,
    /// A mute was ended.
    Unmute,
    /// A check was paused.
    Pause,
    /// That was ended.
    Unpause,
    /// A check was made through an API.
    Create,
    /// Such a check was changed.
    Edit,
    /// Such a check was deleted.
    Delete,
    /// Messages are tried again.
    Retry,
    /// A message is told no more.
    Drop,
    /// Names that no check has and that were pinged are forgotten.
    Forget,
    SignIn,
    SignOut,
}

impl AuditKind {
    pub const ALL: [AuditKind; 15] = [
        AuditKind::Start,
        AuditKind::Stop,
        AuditKind::Reload,
        AuditKind::Mute,
        AuditKind::Unmute,
        AuditKind::Pause,
        AuditKind::Unpause,
        AuditKind::Create,
        AuditKind::Edit,
        AuditKind::Delete,
        AuditKind::Retry,
        AuditKind::Drop,
        AuditKind::Forget,
        AuditKind::SignIn,
        AuditKind::SignOut,
    ];

    /// The word in the database, the API and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            AuditKind::Start => "start",
            AuditKind::Stop => "stop",
            AuditKind::Reload => "reload",
            AuditKind::Mute => "mute",
            AuditKind::Unmute => "unmute",
            AuditKind::Pause => "pause",
            AuditKind::Unpause => "unpause",
            AuditKind::Create => "create",
            AuditKind::Edit => "edit",
            AuditKind::Delete => "delete",
            AuditKind::Retry => "retry",
            AuditKind::Drop => "drop",
            AuditKind::Forget => "forget",
            AuditKind::SignIn => "sign_in",
            AuditKind::SignOut => "sign_out",
        }
    }

    pub fn of_word(word: &str) -> Option<AuditKind> {
        AuditKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Kinds of which so many are kept together, whatever is done of others: who signs in again and again, and a server that dies
/// and starts again and again, push out nothing that people did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditBound {
    SignIns,
    Starts,
    /// All others.
    Deeds,
}

impl AuditBound {
    pub const ALL: [AuditBound; 3] = [AuditBound::SignIns, AuditBound::Starts, AuditBound::Deeds];

    fn of(kind: AuditKind) -> AuditBound {
        match kind {
            AuditKind::SignIn | AuditKind::SignOut => AuditBound::SignIns,
            AuditKind::Start | AuditKind::Stop => AuditBound::Starts,
            _ => AuditBound::Deeds,
        }
    }

    pub fn kinds(self) -> impl Iterator<Item = AuditKind> {
        AuditKind::ALL.into_iter().filter(move |kind| AuditBound::of(*kind) == self)
    }

    /// The newest that are kept.
    pub fn most(self) -> u64 {
        match self {
            AuditBound::SignIns | AuditBound::Starts => 2_000,
            AuditBound::Deeds => 10_000,
        }
    }
}

/// Something that was done, as it is kept: texts of strangers, each cut to its bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    pub at: Time,
    /// Who did it (22.1); the server itself is [`Audit::SERVER`].
    pub actor: String,
    pub what: AuditKind,
    /// The name of the check that it is about, if it is about a single one.
    pub check: Option<String>,
    /// What exactly, in our words: `message 12, 3 deliveries`. "": nothing more.
    pub details: String,
    /// What they said of it. "": nothing.
    pub comment: String,
}

impl Audit {
    /// None is kept for longer.
    pub const MAX_AGE: Span = Span::mins(90 * 24 * 60);
    /// What the server does by itself.
    pub const SERVER: &str = "punctual";
    /// The longest name of an actor, in bytes.
    pub const MAX_ACTOR_BYTES: usize = 200;
    /// The longest text of the other two, in bytes.
    pub const MAX_TEXT_BYTES: usize = 4_000;

    pub fn new(at: Time, actor: &str, what: AuditKind) -> Audit {
        let actor = first_bytes(actor, Audit::MAX_ACTOR_BYTES).to_owned();
        Audit { at, actor, what, check: None, details: String::new(), comment: String::new() }
    }

    /// Of this check.
    #[must_use]
    pub fn of(self, check: &str) -> Audit {
        Audit { check: Some(check.to_owned()), ..self }
    }

    #[must_use]
    pub fn with_details(self, details: &str) -> Audit {
        Audit { details: first_bytes(details, Audit::MAX_TEXT_BYTES).to_owned(), ..self }
    }

    #[must_use]
    pub fn with_comment(self, comment: &str) -> Audit {
        Audit { comment: first_bytes(comment, Audit::MAX_TEXT_BYTES).to_owned(), ..self }
    }
}
