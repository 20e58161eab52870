//! What is on record of an incident (11.3).

use super::diagnosis_step::DiagnosisStep;
use crate::core::cause::CauseKind;
use crate::core::outbox::DeliveryStep;
use crate::core::text::first_bytes;
use crate::core::time::Time;

/// One step of an incident, on record (11.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentStep {
    /// When.
    pub at: Time,
    /// What.
    pub what: StepKind,
    /// Who: a person's name as it was given, cut to [`IncidentStep::MAX_BY_BYTES`], or what made the flip.
    pub by: String,
    /// What they said with it (22.3), cut to [`IncidentStep::MAX_COMMENT_BYTES`]; "": nothing.
    pub comment: String,
}

impl IncidentStep {
    /// The longest name that is kept, in bytes.
    pub const MAX_BY_BYTES: usize = 200;
    /// The longest comment that is kept, in bytes.
    pub const MAX_COMMENT_BYTES: usize = 2_000;

    /// A step that somebody took.
    pub fn new(what: StepKind, by: &str, at: Time) -> IncidentStep {
        let by = first_bytes(by, IncidentStep::MAX_BY_BYTES).to_owned();
        IncidentStep { at, what, by, comment: String::new() }
    }

    /// The same with what they said.
    #[must_use]
    pub fn saying(self, comment: &str) -> IncidentStep {
        IncidentStep { comment: first_bytes(comment, IncidentStep::MAX_COMMENT_BYTES).to_owned(), ..self }
    }
}

/// What happened to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// A cause began; the first one opened the incident.
    Began(CauseKind),
    /// A cause ended.
    Eased(CauseKind),
    /// No cause is left.
    Resolved,
    /// The check is no longer declared (10.3).
    Removed,
    /// Another thing is asserted (18.8).
    Changed,
    /// It is not remembered any more (19.3).
    Over,
    /// Somebody is on it, until this time if one is named (22.4).
    Acknowledged(Option<Time>),
    /// Nobody wants to hear of it.
    WontFix,
    /// Acknowledging or `wont_fix` was taken back, or its time was over.
    Reopened,
    /// Somebody said something, which changed nothing (22.3).
    Commented,
    /// Something was found of it, or became of what is done about it.
    Diagnosis(DiagnosisStep),
    /// Something became of what a receiver is to be told of it.
    Delivery(DeliveryStep),
}

impl StepKind {
    /// As it stands in the database, on pages and in the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            StepKind::Began(_) => "began",
            StepKind::Eased(_) => "eased",
            StepKind::Resolved => "resolved",
            StepKind::Removed => "removed",
            StepKind::Changed => "changed",
            StepKind::Over => "over",
            StepKind::Acknowledged(_) => "acknowledged",
            StepKind::WontFix => "wont_fix",
            StepKind::Reopened => "reopened",
            StepKind::Commented => "commented",
            StepKind::Diagnosis(step) => step.as_str(),
            StepKind::Delivery(step) => step.what.as_str(),
        }
    }
}
