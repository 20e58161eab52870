//! Puts down what people and the server did (22.10), in the transaction of what it tells.

use super::rows::Rows;
use crate::core::audit::{Audit, AuditKind};
use crate::core::check::{Definition, Name};
use crate::core::time::Time;
use crate::store::{Edit, StoreError};

/// So many edits of one call are told one by one, and so many names of more.
pub(super) const NAMED: usize = 20;

/// The oldest one goes where there would be too many.
pub(in crate::store) fn keep(rows: &mut dyn Rows, done: &Audit) -> Result<(), StoreError> {
    let number = rows.insert_audit(done)?;
    match number.checked_sub(Audit::KEPT) {
        Some(over @ 1..) => rows.delete_audits_up_to(over),
        _ => Ok(()),
    }
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
    let (was, is) = (&before.spec, &after.spec);
    let renamed = before.name != after.name;
    let parts = [
        ("name", renamed),
        ("title", before.title != after.title),
        ("group", before.group != after.group),
        ("labels", before.labels != after.labels),
        ("schedule", was.schedule != is.schedule),
        ("grace", was.grace != is.grace),
        ("early", was.early != is.early),
        ("max_runtime", was.max_runtime != is.max_runtime),
        ("start_within", was.start_within != is.start_within),
        ("min_runtime", was.min_runtime != is.min_runtime),
        ("overlap", was.overlap != is.overlap),
        ("failures_before_alert", was.failures_before_alert != is.failures_before_alert),
        ("successes_to_recover", was.successes_to_recover != is.successes_to_recover),
        ("manual_resume", was.manual_resume != is.manual_resume),
        ("description", before.description != after.description),
        ("runbook_url", before.runbook_url != after.runbook_url),
        ("depends_on", before.depends_on != after.depends_on),
        ("quiet", before.quiet != after.quiet),
        ("ping_methods", before.ping_methods != after.ping_methods),
        ("window", before.window != after.window),
        ("emails", before.emails != after.emails),
    ];
    let names: Vec<&str> = parts.iter().filter(|(_, is_other)| *is_other).map(|(name, _)| *name).collect();
    match (renamed, names.join(", ")) {
        (true, names) => format!("{names}; its name is {}", after.name),
        (false, names) => names,
    }
}
