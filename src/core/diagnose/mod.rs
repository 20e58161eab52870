//! Why an assertion is violated, and what is done about it (§21).
//!
//! After a violated result somebody looks which *cases* apply. [`decide()`] says what follows: exactly one that has a plan is
//! a *solution*, which is carried out; one may say to wait; none, or several, are for people.

mod case;
mod decide;
mod diagnosis;
mod solution;
mod words;

pub use case::{Case, CaseError, CaseSaid, Remedy};
pub use decide::{CasesFound, Decided, Decision, decide};
pub use diagnosis::{Diagnosis, DiagnosisFound, end_solution, lose};
pub use solution::{EndRefused, Solution, SolutionEnd, SolutionOutcome};

#[cfg(test)]
mod tests;
