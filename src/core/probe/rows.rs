//! What a query has found: rows of a database, or series of a Prometheus, each with a key by which it is known again (17.16).

use std::borrow::Cow;
use std::fmt::Write as _;

use super::found::{FoundRow, ProbeFound};
use crate::core::assertion::Outcome;
use crate::core::text::{first_bytes, first_chars, one_line};

/// Why no key can be made of a row. Then nothing is known of any of them (17.16).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    #[error("there is no column `{0}`, which `key` names")]
    NoColumn(String),
    #[error("`{0}`, which `key` names, is NULL in a row")]
    Null(String),
    #[error("`{0}`, which `key` names, is empty in a row")]
    Empty(String),
    #[error("the key of a row has more than {} bytes", FoundRow::MAX_KEY_BYTES)]
    Long,
    #[error("the key of a row has a control character")]
    Control,
}

/// The key of a row: the values of these columns, each with its name, joined by `/`.
///
/// # Errors
///
/// A value is missing or empty, or they make no key.
pub fn key_of_columns<'r>(
    columns: impl IntoIterator<Item = (&'r str, Option<&'r str>)>,
) -> Result<String, NoKey> {
    let mut key = String::new();
    for (at, (name, value)) in columns.into_iter().enumerate() {
        let value = value.ok_or_else(|| NoKey::Null(name.to_owned()))?;
        if value.is_empty() {
            return Err(NoKey::Empty(name.to_owned()));
        }
        if at > 0 {
            key.push('/');
        }
        for part in value.chars() {
            match part {
                '%' => key.push_str("%25"),
                '/' => key.push_str("%2F"),
                other => key.push(other),
            }
        }
    }
    checked(key)
}

/// The key of a series: its labels without its name, as a query selects them. They come sorted by name.
///
/// # Errors
///
/// They make no key.
pub fn key_of_labels<'r>(labels: impl IntoIterator<Item = (&'r str, &'r str)>) -> Result<String, NoKey> {
    let mut key = String::from("{");
    for (name, value) in labels.into_iter().filter(|(name, _)| *name != "__name__") {
        let comma = if key.len() > 1 { "," } else { "" };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        // Writing to a String cannot fail.
        let _ = write!(key, "{comma}{name}=\"{value}\"");
    }
    key.push('}');
    checked(key)
}

fn checked(key: String) -> Result<String, NoKey> {
    if key.len() > FoundRow::MAX_KEY_BYTES {
        return Err(NoKey::Long);
    }
    if key.contains(char::is_control) {
        return Err(NoKey::Control);
    }
    Ok(key)
}

/// A template with what stands in braces replaced; a name that is not there stays as it is written.
pub fn title_of<'r>(template: &str, value_of: impl Fn(&str) -> Option<Cow<'r, str>>) -> String {
    let (mut title, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        title.push_str(before);
        match after.split_once('}').and_then(|(name, after)| Some((value_of(name)?, after))) {
            Some((value, after)) => {
                title.push_str(first_chars(&value, FoundRow::MAX_TITLE_CHARS));
                rest = after;
            }
            None => {
                title.push('{');
                rest = after;
            }
        }
    }
    title.push_str(rest);
    first_chars(&one_line(&title), FoundRow::MAX_TITLE_CHARS).to_owned()
}

impl ProbeFound {
    /// What rows come to: any of them is one too many. `are_more` than these says so.
    pub fn of_rows(rows: Vec<FoundRow>, are_more: bool) -> ProbeFound {
        let Some(first) = rows.first() else { return ProbeFound::holds() };
        let count = match (rows.len(), are_more) {
            (1, false) => "1 row".to_owned(),
            (count, false) => format!("{count} rows"),
            (count, true) => format!("more than {count} rows"),
        };
        let why = format!("{count}, the first: {}", first.title);
        let mut text = String::new();
        for FoundRow { key, title, details, .. } in &rows {
            let title = if title == key { String::new() } else { format!(" {title}") };
            let _ = writeln!(text, "{key}{title} {details}");
            if text.len() > ProbeFound::MAX_TEXT_BYTES {
                break;
            }
        }
        let text = first_bytes(&text, ProbeFound::MAX_TEXT_BYTES).to_owned();
        ProbeFound { outcome: Outcome::Violated, why, text, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 17.16
    #[test]
    fn a_key_is_made_of_columns_and_tells_which_it_cannot_be_made_of() {
        let key = |values: &[Option<&str>]| {
            key_of_columns(values.iter().zip(["a", "b"]).map(|(value, name)| (name, *value)))
        };
        assert_eq!(key(&[Some("17")]).as_deref(), Ok("17"));
        assert_eq!(key(&[Some("17"), Some("x y")]).as_deref(), Ok("17/x y"));
        assert_eq!(key(&[Some("1/2"), Some("3%")]).as_deref(), Ok("1%2F2/3%25"));
        assert_ne!(key(&[Some("1/2"), Some("3")]), key(&[Some("1"), Some("2/3")]));
        assert_eq!(key(&[Some("1"), None]), Err(NoKey::Null("b".to_owned())));
        assert_eq!(key(&[Some("")]), Err(NoKey::Empty("a".to_owned())));
        assert_eq!(key(&[Some("a\nb")]), Err(NoKey::Control));
        assert_eq!(key(&[Some(&"x".repeat(256))]).map(|key| key.len()), Ok(256));
        assert_eq!(key(&[Some(&"x".repeat(257))]), Err(NoKey::Long));
    }

    /// 17.16
    #[test]
    fn a_key_is_made_of_labels() {
        let key = |labels: &[(&'static str, &'static str)]| key_of_labels(labels.iter().copied());
        assert_eq!(key(&[]).as_deref(), Ok("{}"));
        assert_eq!(
            key(&[("__name__", "up"), ("job", "a"), ("x", "b\"c\\")]).as_deref(),
            Ok(r#"{job="a",x="b\"c\\"}"#)
        );
        assert_eq!(key(&[("a", "1\n2")]).as_deref(), Ok(r#"{a="1\n2"}"#));
        assert_eq!(key(&[("a", "1\u{7}2")]), Err(NoKey::Control));
    }

    #[test]
    fn a_title_has_values_in_the_place_of_names() {
        let title = |template: &str| title_of(template, |name| (name == "email").then_some("a@b.c".into()));
        assert_eq!(title("{email}"), "a@b.c");
        assert_eq!(title("Mail of {email}, {other} {"), "Mail of a@b.c, {other} {");
        assert_eq!(title("{{email}}"), "{a@b.c}");
        assert_eq!(title(&"{email}".repeat(100)).chars().count(), 200);
    }

    #[test]
    fn rows_are_counted_and_shown() {
        let row = |key: &str| FoundRow {
            key: key.to_owned(),
            title: format!("t{key}"),
            details: "{}".to_owned(),
            labels: Vec::new(),
        };
        assert_eq!(ProbeFound::of_rows(Vec::new(), false), ProbeFound::holds());
        let two = ProbeFound::of_rows(vec![row("1"), row("2")], false);
        assert_eq!((two.why.as_str(), two.text.as_str()), ("2 rows, the first: t1", "1 t1 {}\n2 t2 {}\n"));
        assert_eq!(ProbeFound::of_rows(vec![row("1")], true).why, "more than 1 rows, the first: t1");
        let many = ProbeFound::of_rows((0..1000).map(|i| row(&format!("{i:0>100}"))).collect(), false);
        assert_eq!((many.text.len(), many.rows.len()), (ProbeFound::MAX_TEXT_BYTES, 1000));
    }
}
