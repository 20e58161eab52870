//! What people say of incidents.

use crate::core::time::Time;

/// What people say of an incident (11.2, 22.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// Somebody is working on it.
    Acknowledge,
    /// Nobody wants to hear of it until it recovers.
    WontFix,
    /// Neither of the two: matching actions are told again from now on.
    Reopen,
    /// How it stands stays as it is: it is only a comment, which one that has ended may have, too.
    Comment,
}

/// What somebody says of incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    pub stance: Stance,
    /// Until when it is acknowledged (22.4); nothing else has an end.
    pub until: Option<Time>,
    /// In their own words; cut to [`crate::core::incident::IncidentStep::MAX_COMMENT_BYTES`].
    pub comment: String,
    /// A person's name.
    pub by: String,
}

/// What became of what somebody said of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stood {
    /// It stands so from now on, and did not before; of a comment: it is kept.
    New,
    /// It stood so already, has ended, or is not there any more.
    AsBefore,
    /// As much was said of it as is kept (22.3): nothing has changed.
    Full,
}

impl Saying {
    /// So many comments an incident has at most.
    pub const MAX_COMMENTS: usize = 200;
    /// So often it is acknowledged, marked wont-fix and reopened at most. Once more it may be reopened all the same: what
    /// nobody is told of must not stay so for that.
    pub const MAX_STANCES: usize = 200;

    /// Without an end, and without a comment.
    pub fn new(stance: Stance, by: &str) -> Saying {
        Saying { stance, until: None, comment: String::new(), by: by.to_owned() }
    }
}
