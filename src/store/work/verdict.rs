//! Whether something leaves, is held, or need not be told (8.1).

use super::rows::Rows;
use crate::core::cause::Cause;
use crate::core::check::Definition;
use crate::core::incident::IncidentStatus;
use crate::core::outbox::DeliveryKind;
use crate::core::route::{About, Context, Dependency, Facts, HeldBy, Mutes, Verdict, held_by, route};
use crate::core::time::{Span, Time};
use crate::store::StoreError;

/// A check as deliveries see it.
#[derive(Clone, Copy)]
pub(super) struct SeenCheck<'a> {
    pub(super) definition: &'a Definition,
    /// What is wrong with what is told of: the check itself, or a record.
    pub(super) causes: &'a [Cause],
    /// Which of the two.
    pub(super) about: About<'a>,
    pub(super) is_paused: bool,
    pub(super) incident: IncidentStatus,
}

/// What is asked about.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) seen: SeenCheck<'a>,
    pub(super) dependencies: &'a [Dependency],
    pub(super) mutes: &'a Mutes,
    pub(super) kind: DeliveryKind,
    pub(super) ready_at: Time,
    pub(super) group_wait: Span,
}

/// What a check depends on, as this call has left it so far.
pub(super) fn dependencies(rows: &dyn Rows, definition: &Definition) -> Result<Vec<Dependency>, StoreError> {
    let mut dependencies = Vec::new();
    for name in &definition.depends_on {
        dependencies.extend(rows.dependency(name)?);
    }
    Ok(dependencies)
}

/// 8.1
pub(super) fn verdict(question: Question<'_>, now: Time) -> Verdict {
    route(question.kind, &context(question, now))
}

/// The same; of a hold with what may end it before its time.
pub(super) fn verdict_and_holds(question: Question<'_>, now: Time) -> (Verdict, Vec<HeldBy>) {
    let context = context(question, now);
    let verdict = route(question.kind, &context);
    let by = match &verdict {
        Verdict::Hold(reason) => held_by(reason, &context),
        Verdict::Send | Verdict::Drop(_) => Vec::new(),
    };
    (verdict, by)
}

#[cfg(test)]
thread_local! {
    static ASKED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How often [`route`] was asked by this thread.
#[cfg(test)]
pub(in crate::store) fn asked_so_far() -> usize {
    ASKED.get()
}

fn context(question: Question<'_>, now: Time) -> Context<'_> {
    #[cfg(test)]
    ASKED.set(ASKED.get() + 1);
    let Question { seen, dependencies, mutes, kind: _, ready_at, group_wait } = question;
    Context {
        now,
        facts: Facts { definition: seen.definition, causes: seen.causes, about: seen.about },
        incident: seen.incident,
        is_paused: seen.is_paused,
        mutes,
        quiet: &seen.definition.quiet,
        dependencies,
        grace: seen.definition.spec.grace,
        ready_at,
        group_wait,
    }
}
