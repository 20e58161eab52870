//! A record's labels as JSON.

use std::sync::Arc;

/// "" where there are none.
pub(in crate::store) fn write_labels(labels: &[(String, String)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    serde_json::to_string(labels).expect("a list of texts is always JSON")
}

pub(in crate::store) fn read_labels(text: &str) -> Option<Arc<[(String, String)]>> {
    if text.is_empty() {
        return Some(Arc::default());
    }
    let labels: Vec<(String, String)> = serde_json::from_str(text).ok()?;
    Some(labels.into())
}
