//! A row of a database, of whichever kind, as what violates (17.16).

use std::sync::Arc;

use crate::core::assertion::Outcome;
use crate::core::probe::{ProbeFound, RowError, SqlProbe, known_by_columns, title_of};
use crate::core::record::Record;

/// The values of a row, each with the name of its column, as text; `None` is NULL.
pub(super) type Columns = Vec<(Arc<str>, Option<String>)>;

/// How many rows are read of which `most` may violate: one more, or one where it is only asked whether any is there.
pub(super) fn rows_to_read(probe: &SqlProbe, most: usize) -> usize {
    if probe.wants_some { 1 } else { most + 1 }
}

/// What rows come to, of which `most` may violate; or why nothing can be said of them.
pub(super) fn judge(probe: &SqlProbe, mut rows: Vec<Columns>, most: usize) -> Result<ProbeFound, RowError> {
    if probe.wants_some {
        return Ok(if rows.is_empty() {
            ProbeFound::violated("no row is there")
        } else {
            ProbeFound::holds()
        });
    }
    let are_more = rows.len() > most;
    rows.truncate(most);
    let rows: Result<Vec<Record>, RowError> = rows.iter().map(|columns| row(probe, columns)).collect();
    let found = ProbeFound::of_rows(rows?, are_more);
    debug_assert!(found.outcome != Outcome::Unknown);
    Ok(found)
}

fn row(probe: &SqlProbe, columns: &Columns) -> Result<Record, RowError> {
    let of = |name: &str| columns.iter().find(|(column, _)| **column == *name);
    let keyed: Result<Vec<_>, RowError> = if probe.key.is_empty() {
        Ok(columns.iter().take(1).collect())
    } else {
        probe.key.iter().map(|name| of(name).ok_or_else(|| RowError::NoColumn(name.to_string()))).collect()
    };
    let row = known_by_columns(keyed?.into_iter().map(|(name, value)| (&**name, value.as_deref())))?;
    let title = title_of(&probe.title, |name| Some(of(name)?.1.as_deref().unwrap_or("NULL").into()));
    Ok(row.titled(&title)?.detailed(&details(columns))?)
}

/// As many columns as there is room for, the first ones.
fn details(columns: &Columns) -> String {
    let mut details = String::from("{");
    for (name, value) in columns {
        let comma = if details.len() > 1 { "," } else { "" };
        let more = format!("{comma}{}:{}", serde_json::json!(&**name), serde_json::json!(value));
        if details.len() + more.len() + 1 > Record::MAX_DETAILS_BYTES {
            break;
        }
        details.push_str(&more);
    }
    details.push('}');
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(key: &[&str]) -> SqlProbe {
        SqlProbe {
            database: "main".into(),
            query: "select 1".into(),
            key: key.iter().map(|name| Arc::from(*name)).collect(),
            title: "{email} of {shop}".into(),
            wants_some: false,
            timeout: SqlProbe::DEFAULT_TIMEOUT,
        }
    }

    fn columns(id: &str, email: Option<&str>) -> Columns {
        vec![("id".into(), Some(id.to_owned())), ("email".into(), email.map(str::to_owned))]
    }

    /// 17.13a, 17.13d, 17.16
    #[test]
    fn each_row_violates_by_its_key() {
        let rows = vec![columns("1", Some("a@b.c")), columns("2", None)];
        let judge = |probe: &SqlProbe, rows| judge(probe, rows, 1_000);
        let found = judge(&probe(&[]), rows.clone()).expect("there are keys");
        assert_eq!(found.why, "2 rows, the first: a@b.c of {shop}");
        assert_eq!(found.rows.iter().map(|row| row.key().as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(found.rows[1].details(), r#"{"id":"2","email":null}"#);
        assert_eq!(judge(&probe(&["email"]), rows.clone()), Err(RowError::Null("email".to_owned())));
        assert_eq!(judge(&probe(&["id", "shop"]), rows.clone()), Err(RowError::NoColumn("shop".to_owned())));
        assert_eq!(judge(&probe(&[]), Vec::new()), Ok(ProbeFound::holds()));
        let some = SqlProbe { wants_some: true, ..probe(&[]) };
        assert_eq!(judge(&some, rows), Ok(ProbeFound::holds()));
        assert_eq!(judge(&some, Vec::new()).map(|found| found.why).as_deref(), Ok("no row is there"));
        let many = (0..=1_000).map(|id| columns(&id.to_string(), None)).collect();
        let found = judge(&probe(&[]), many).expect("there are keys");
        assert!(
            found.are_more && found.rows.len() == 1000 && found.why.starts_with("more than 1000 rows, "),
            "{}",
            found.why
        );
    }

    #[test]
    fn details_have_an_end() {
        let row: Columns = (0..100).map(|i| (format!("c{i}").into(), Some("\"".repeat(100)))).collect();
        let details = details(&row);
        assert!(details.len() <= Record::MAX_DETAILS_BYTES && details.len() > 3_000, "{}", details.len());
        assert!(serde_json::from_str::<serde_json::Value>(&details).is_ok());
    }
}
