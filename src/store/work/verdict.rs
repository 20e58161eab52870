//! Whether something leaves, is held, or need not be told (8.1).

use super::rows::Rows;
use crate::core::cause::Cause;
use crate::core::check::Definition;
use crate::core::incident::IncidentStatus;
use crate::core::outbox::DeliveryKind;
use crate::core::route::{Context, Dependency, Facts, Mutes, Verdict, route};
use crate::core::time::{Span, Time};
use crate::store::StoreError;

/// A check as deliveries see it.
#[derive(Clone, Copy)]
pub(super) struct SeenCheck<'a> {
    pub(super) definition: &'a Definition,
    pub(super) causes: &'a [Cause],
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
    let Question { seen, dependencies, mutes, kind, ready_at, group_wait } = question;
    let context = Context {
        now,
        facts: Facts { definition: seen.definition, causes: seen.causes },
        incident: seen.incident,
        is_paused: seen.is_paused,
        mutes,
        quiet: &seen.definition.quiet,
        dependencies,
        grace: seen.definition.spec.grace,
        ready_at,
        group_wait,
    };
    route(kind, &context)
}
