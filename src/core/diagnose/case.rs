//! Cases: what may be the matter, and what is to be done then (21.1).

/// A case that applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub said: CaseSaid,
    pub remedy: Remedy,
}

/// What is said of a case, and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseSaid {
    name: String,
    problem: String,
    reason: String,
}

/// What is to be done where a case applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Wait: it passes.
    Pass,
    /// This, each time. How a plan is written is a matter of whoever carries it out.
    Plan(String),
    /// The first solution of the case in its incident is the first of these, the second the second; then wait (21.7).
    Plans(Vec<String>),
}

/// Why something is no case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    #[error("a case has a name of 1 to {} bytes without control characters", CaseSaid::MAX_NAME_BYTES)]
    Name,
    #[error("the problem of a case has at most {} bytes", CaseSaid::MAX_TEXT_BYTES)]
    Problem,
    #[error("the reason of a case has at most {} bytes", CaseSaid::MAX_TEXT_BYTES)]
    Reason,
}

impl CaseSaid {
    /// The longest name, in bytes.
    pub const MAX_NAME_BYTES: usize = 128;
    /// The longest problem, and the longest reason, in bytes.
    pub const MAX_TEXT_BYTES: usize = 1_000;

    /// A case of this name: what the problem is, and why it applies; either may be "".
    ///
    /// # Errors
    ///
    /// One of them is too long, or the name is none.
    pub fn new(name: &str, problem: &str, reason: &str) -> Result<CaseSaid, CaseError> {
        let is_name = !name.is_empty() && !name.chars().any(char::is_control);
        if !is_name || name.len() > CaseSaid::MAX_NAME_BYTES {
            return Err(CaseError::Name);
        }
        if problem.len() > CaseSaid::MAX_TEXT_BYTES {
            return Err(CaseError::Problem);
        }
        if reason.len() > CaseSaid::MAX_TEXT_BYTES {
            return Err(CaseError::Reason);
        }
        Ok(CaseSaid { name: name.to_owned(), problem: problem.to_owned(), reason: reason.to_owned() })
    }

    /// It is known by this in its incident.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is the matter, for people.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// Why whoever looked says so.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl CaseSaid {
    pub(super) fn reword(&mut self, word: impl Fn(&str) -> String) {
        for text in [&mut self.name, &mut self.problem, &mut self.reason] {
            *text = word(text);
        }
    }
}

impl Case {
    /// So many may apply at once.
    pub const MOST: usize = 20;
}

impl Remedy {
    /// The plan for whoever has carried out so many solutions of this case; `None`: wait.
    pub(super) fn after(&self, solutions: usize) -> Option<&str> {
        match self {
            Remedy::Pass => None,
            Remedy::Plan(plan) => Some(plan),
            Remedy::Plans(plans) => plans.get(solutions).map(String::as_str),
        }
    }
}
