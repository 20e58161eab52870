//! The projection of checks to Alertmanager's alerts (13.2).

use super::time::Time;

/// One alert, exactly as it is pushed and stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Sorted by name: `alertname`, `check`, `group` and the check's own. They are the alert's identity.
    pub labels: Vec<(String, String)>,
    /// summary, description, reason, runbook_url: those that are not empty.
    pub annotations: Vec<(String, String)>,
    /// When it began.
    pub starts_at: Time,
    /// When it was resolved; `None` while it fires.
    pub ended_at: Option<Time>,
}
