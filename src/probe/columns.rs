//! A row of a database, of whichever kind, as what violates (17.16).

use std::sync::Arc;

use crate::core::assertion::Outcome;
use crate::core::probe::{FoundRow, NoKey, ProbeFound, SqlProbe, key_of_columns, title_of};

/// The values of a row, each with the name of its column, as text; `None` is NULL.
pub(super) type Columns = Vec<(Arc<str>, Option<String>)>;

/// How many rows are read: one more than may violate, or one where it is only asked whether any is there.
pub(super) fn rows_to_read(probe: &SqlProbe) -> usize {
    if probe.wants_some { 1 } else { FoundRow::MOST + 1 }
}

/// What rows come to; or why nothing can be said of them.
pub(super) fn judge(probe: &SqlProbe, mut rows: Vec<Columns>) -> Result<ProbeFound, NoKey> {
    if probe.wants_some {
        return Ok(if rows.is_empty() {
            ProbeFound::violated("no row is there")
        } else {
            ProbeFound::holds()
        });
    }
    let are_more = rows.len() > FoundRow::MOST;
    rows.truncate(FoundRow::MOST);
    let rows: Result<Vec<FoundRow>, NoKey> = rows.iter().map(|columns| row(probe, columns)).collect();
    let found = ProbeFound::of_rows(rows?, are_more);
    debug_assert!(found.outcome != Outcome::Unknown);
    Ok(found)
}

fn row(probe: &SqlProbe, columns: &Columns) -> Result<FoundRow, NoKey> {
    let of = |name: &str| columns.iter().find(|(column, _)| **column == *name);
    let keyed: Result<Vec<_>, NoKey> = if probe.key.is_empty() {
        Ok(columns.iter().take(1).collect())
    } else {
        probe.key.iter().map(|name| of(name).ok_or_else(|| NoKey::NoColumn(name.to_string()))).collect()
    };
    let key = key_of_columns(keyed?.into_iter().map(|(name, value)| (&**name, value.as_deref())))?;
    let title = match &*probe.title {
        "" => key.clone(),
        template => title_of(template, |name| Some(of(name)?.1.as_deref().unwrap_or("NULL").into())),
    };
    Ok(FoundRow { key, title, details: details(columns), labels: Vec::new() })
}

/// As many columns as there is room for, the first ones.
fn details(columns: &Columns) -> String {
    let mut details = String::from("{");
    for (name, value) in columns {
        let comma = if details.len() > 1 { "," } else { "" };
        let more = format!("{comma}{}:{}", serde_json::json!(&**name), serde_json::json!(value));
        if details.len() + more.len() + 1 > FoundRow::MAX_DETAILS_BYTES {
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
        let found = judge(&probe(&[]), rows.clone()).expect("there are keys");
        assert_eq!(found.why, "2 rows, the first: a@b.c of {shop}");
        assert_eq!(found.rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(found.rows[1].details, r#"{"id":"2","email":null}"#);
        assert_eq!(judge(&probe(&["email"]), rows.clone()), Err(NoKey::Null("email".to_owned())));
        assert_eq!(judge(&probe(&["id", "shop"]), rows.clone()), Err(NoKey::NoColumn("shop".to_owned())));
        assert_eq!(judge(&probe(&[]), Vec::new()), Ok(ProbeFound::holds()));
        let some = SqlProbe { wants_some: true, ..probe(&[]) };
        assert_eq!(judge(&some, rows), Ok(ProbeFound::holds()));
        assert_eq!(judge(&some, Vec::new()).map(|found| found.why).as_deref(), Ok("no row is there"));
        let many = (0..=FoundRow::MOST).map(|id| columns(&id.to_string(), None)).collect();
        let found = judge(&probe(&[]), many).expect("there are keys");
        assert!(found.rows.len() == 1000 && found.why.starts_with("more than 1000 rows, "), "{}", found.why);
    }

    #[test]
    fn details_have_an_end() {
        let row: Columns = (0..100).map(|i| (format!("c{i}").into(), Some("\"".repeat(100)))).collect();
        let details = details(&row);
        assert!(details.len() <= FoundRow::MAX_DETAILS_BYTES && details.len() > 3_000, "{}", details.len());
        assert!(serde_json::from_str::<serde_json::Value>(&details).is_ok());
    }
}
