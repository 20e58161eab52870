//! A row of a database, of whichever kind, as what violates (17.16).

use std::sync::Arc;

use crate::core::probe::{FoundRows, RowError, SqlProbe, known_by_columns, title_of};
use crate::core::record::Record;

/// The values of a row, each with the name of its column, as text; `None` is NULL.
pub(super) type Columns = Vec<(Arc<str>, Option<String>)>;

/// What one row more makes of what was found; or why nothing can be said of any.
pub(super) fn add(probe: &SqlProbe, found: &mut FoundRows, columns: &Columns) -> Result<(), RowError> {
    found.add(row(probe, columns)?)
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
    use crate::core::assertion::Assertion;
    use crate::core::fixtures::probed_at;
    use crate::core::probe::ProbeFound;

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
        let judge = |probe: &SqlProbe, rows: &[Columns]| {
            let mut found = FoundRows::of(&Assertion { max_records: Some(7), ..probed_at("http://a/") });
            rows.iter().try_for_each(|columns| add(probe, &mut found, columns))?;
            Ok(found.judge())
        };
        let found = judge(&probe(&[]), &rows).expect("there are keys");
        assert_eq!(found.why, "2 rows, the first: a@b.c of {shop}");
        assert_eq!(found.rows.iter().map(|row| row.key().as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(found.rows[1].details(), r#"{"id":"2","email":null}"#);
        assert_eq!(judge(&probe(&["email"]), &rows), Err(RowError::Null("email".to_owned())));
        assert_eq!(judge(&probe(&["id", "shop"]), &rows), Err(RowError::NoColumn("shop".to_owned())));
        assert_eq!(judge(&probe(&[]), &[]), Ok(ProbeFound::holds()));
    }

    #[test]
    fn details_have_an_end() {
        let row: Columns = (0..100).map(|i| (format!("c{i}").into(), Some("\"".repeat(100)))).collect();
        let details = details(&row);
        assert!(details.len() <= Record::MAX_DETAILS_BYTES && details.len() > 3_000, "{}", details.len());
        assert!(serde_json::from_str::<serde_json::Value>(&details).is_ok());
    }
}
