//! Puts down what people and the server did (22.10), in the transaction of what it tells.

use super::rows::Rows;
use crate::core::audit::{Audit, AuditBound, AuditKind};
use crate::core::check::{Alias, Definition, Name, Spec};
use crate::core::time::Time;
use crate::store::{Edit, StoreError, UnknownName};

/// So many edits of one call are told one by one, and so many names of more.
pub(super) const NAMED: usize = 20;

/// All are looked at for those that are too many, once so many have come.
const TOO_MANY_AFTER: u64 = 100;

/// The oldest go where there are too many of their kinds (22.10c).
pub(in crate::store) fn keep(rows: &mut dyn Rows, done: &Audit) -> Result<(), StoreError> {
    let number = rows.insert_audit(done)?;
    if number > 0 && number.is_multiple_of(TOO_MANY_AFTER) {
        for kept in AuditBound::ALL {
            rows.delete_audits_but(kept)?;
        }
    }
    Ok(())
}

/// Somebody has names forgotten that were pinged and that no check has: these are left.
pub(in crate::store) fn forget_unknown_names(
    rows: &mut dyn Rows,
    (left, gone): (&[UnknownName], &[UnknownName]),
    by: &str,
    now: Time,
) -> Result<(), StoreError> {
    rows.put_unknown_names(left)?;
    let named: Vec<&str> = gone.iter().take(NAMED).map(|known| known.name.as_str()).collect();
    let more = match gone.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let details = format!("names that no check has: {}: {}{more}", gone.len(), named.join(" "));
    keep(rows, &Audit::new(now, by, AuditKind::Forget).with_details(&details))
}

/// The edits of a call: each by itself, or all together where an import brings many.
pub(super) struct EditsKept {
    all: usize,
    first: Vec<(AuditKind, Name, String)>,
}

impl EditsKept {
    pub(super) fn new(all: usize) -> EditsKept {
        EditsKept { all, first: Vec::new() }
    }

    /// Before it is made.
    pub(super) fn note(&mut self, rows: &dyn Rows, edit: &Edit) -> Result<(), StoreError> {
        if self.first.len() == NAMED {
            return Ok(());
        }
        self.first.push(match edit {
            Edit::Create(new) => (AuditKind::Create, new.definition.name.clone(), String::new()),
            Edit::Update { check, definition, .. } => {
                let before = rows.definition(*check)?;
                (AuditKind::Edit, before.name.clone(), changed(&before, definition))
            }
            Edit::Delete { check } => {
                (AuditKind::Delete, rows.definition(*check)?.name.clone(), String::new())
            }
        });
        Ok(())
    }

    pub(super) fn keep(self, rows: &mut dyn Rows, by: &str, now: Time) -> Result<(), StoreError> {
        if self.all <= NAMED {
            return self.first.iter().try_for_each(|(what, name, details)| {
                keep(rows, &Audit::new(now, by, *what).of(name.as_str()).with_details(details))
            });
        }
        let Some((what, ..)) = self.first.first() else { return Ok(()) };
        let names: Vec<&str> = self.first.iter().map(|(_, name, _)| name.as_str()).collect();
        let more = self.all - names.len();
        let details = format!("checks: {}: {} and {more} more", self.all, names.join(" "));
        keep(rows, &Audit::new(now, by, *what).with_details(&details))
    }
}

/// Which parts of a check are others: `title, schedule`.
fn changed(before: &Definition, after: &Definition) -> String {
    // Whatever a check has is named here and below, or this does not compile: no change goes untold.
    let Definition {
        name,
        renamed_from,
        title,
        group,
        labels,
        spec,
        description,
        runbook_url,
        reference,
        depends_on,
        quiet,
        ping_methods,
        window,
        emails,
        alias,
        source: _,
    } = after;
    let is_renamed = before.name != *name;
    let slug = |alias: &Option<Box<Alias>>| alias.as_ref().map(|alias| alias.slug.clone());
    let first = [
        ("name", is_renamed),
        ("renamed_from", before.renamed_from != *renamed_from),
        ("title", before.title != *title),
        ("group", before.group != *group),
        ("labels", before.labels != *labels),
    ];
    let last = [
        ("description", before.description != *description),
        ("runbook_url", before.runbook_url != *runbook_url),
        ("ref", before.reference != *reference),
        ("depends_on", before.depends_on != *depends_on),
        ("quiet", before.quiet != *quiet),
        ("ping_methods", before.ping_methods != *ping_methods),
        ("window", before.window != *window),
        ("emails", before.emails != *emails),
        ("slug", slug(&before.alias) != slug(alias)),
    ];
    let parts = first.into_iter().chain(changed_of_spec(&before.spec, spec)).chain(last);
    let names: Vec<&str> = parts.filter(|(_, is_other)| *is_other).map(|(name, _)| name).collect();
    match (is_renamed, names.join(", ")) {
        (true, names) => format!("{names}; its name is {name}"),
        (false, names) => names,
    }
}

fn changed_of_spec(before: &Spec, after: &Spec) -> [(&'static str, bool); 12] {
    let Spec {
        schedule,
        assert,
        grace,
        early,
        max_runtime,
        start_within,
        min_runtime,
        overlap,
        failures_before_alert,
        successes_to_recover,
        manual_resume,
        paused,
    } = after;
    [
        ("schedule", before.schedule != *schedule),
        ("assert", before.assert != *assert),
        ("grace", before.grace != *grace),
        ("early", before.early != *early),
        ("max_runtime", before.max_runtime != *max_runtime),
        ("start_within", before.start_within != *start_within),
        ("min_runtime", before.min_runtime != *min_runtime),
        ("overlap", before.overlap != *overlap),
        ("failures_before_alert", before.failures_before_alert != *failures_before_alert),
        ("successes_to_recover", before.successes_to_recover != *successes_to_recover),
        ("manual_resume", before.manual_resume != *manual_resume),
        ("paused", before.paused != *paused),
    ]
}
