//! YAML that a client reads: where the server is and who the user is, and checks to send to the API.
//!
//! The server judges checks where they are declared. Here they are only turned into JSON, with every value as written.

use std::path::PathBuf;

use bumpalo::Bump;
use serde_json::{Map, Value as Json};

use super::keys::is_key;
use crate::core::secret::Secret;
use crate::yaml::fault::{At, guess, quote};
use crate::yaml::inputs::MAX_FILE_BYTES;
use crate::yaml::syntax;
use crate::yaml::tree::{self, Node, Value};

/// The largest text with checks, in bytes.
pub const MAX_DESCRIPTIONS_BYTES: u64 = MAX_FILE_BYTES;

/// A user's own settings: which server to ask, and with which token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSettings {
    /// The server's URL, as written.
    pub server: Option<String>,
    /// The token itself, if it is in the file.
    pub token: Option<Secret>,
    /// The file with the token, as written.
    pub token_file: Option<PathBuf>,
}

const SETTINGS: [&str; 3] = ["server", "token", "token_file"];

/// Reads a user's settings. The error is one line and contains no value, since that may be the token.
pub fn read_client_settings(bytes: &[u8]) -> Result<ClientSettings, String> {
    let text = syntax::not_text(bytes).map_err(|(line, column, _)| unreadable(line, column))?;
    let arena = Bump::new();
    let tree = tree::read(&arena, text, 0, &[], &is_key);
    if let Some((at, _)) = tree.faults.first() {
        return Err(unreadable(at.line, at.column));
    }
    let mut settings = ClientSettings::default();
    let Some(root) = tree.root.filter(|root| !root.is_null()) else { return Ok(settings) };
    let Value::Map(pairs) = root.value else {
        return Err(format!("this is a mapping of keys (there are {})", SETTINGS.join(", ")));
    };
    for (key, value) in pairs {
        let (name, line) = (key.text(), key.at.line);
        let text = match value.value {
            Value::Text { text, .. } if !value.is_null() && !text.trim().is_empty() => text.trim().to_owned(),
            _ if SETTINGS.contains(&name) => {
                return Err(format!("line {line}: {} needs a text", quote(name)));
            }
            // If a colon was forgotten, this may be the token.
            _ => {
                return Err(format!(
                    "line {line}: this key needs a text (there are {})",
                    SETTINGS.join(", ")
                ));
            }
        };
        match name {
            "server" => settings.server = Some(text),
            "token" => settings.token = Some(Secret::new(text)),
            "token_file" => settings.token_file = Some(text.into()),
            _ => {
                let hint = guess(name, SETTINGS);
                let known = SETTINGS.join(", ");
                let shown =
                    if hint.is_empty() { "such key".to_owned() } else { format!("key {}", quote(name)) };
                return Err(format!("line {line}: there is no {shown} here{hint} (there are {known})"));
            }
        }
    }
    if settings.token.is_some() && settings.token_file.is_some() {
        return Err("it has `token` and `token_file`: one of them is enough".to_owned());
    }
    Ok(settings)
}

fn unreadable(line: u32, column: u32) -> String {
    format!("line {line}, column {column}: this is not YAML; a text with special characters needs quotes")
}

const FOR_FILES: &str = "is for the server's own files: here each check says all of itself";

/// Reads checks as in the server's files: one check, a list, or a mapping whose only key is `checks`.
pub fn read_descriptions(bytes: &[u8]) -> Result<Vec<Map<String, Json>>, String> {
    read_root(bytes, |root| match root {
        Some(root) => descriptions(root),
        None => Err("it is empty: a check is a mapping of keys, as in {name: backup, every: 1d}".to_owned()),
    })
}

/// Reads one mapping of keys; nothing is an empty one.
pub(super) fn read_mapping(text: &str) -> Result<Map<String, Json>, String> {
    read_root(text.as_bytes(), |root| match root.map(|root| (root, json(root))) {
        None => Ok(Map::new()),
        Some((_, Json::Object(mapping))) => Ok(mapping),
        Some((root, _)) => {
            Err(at(root.at, &format!("here stand keys, each with a value, not {}", root.kind())))
        }
    })
}

fn read_root<T>(
    bytes: &[u8],
    then: impl FnOnce(Option<&Node<'_>>) -> Result<T, String>,
) -> Result<T, String> {
    let text =
        syntax::not_text(bytes).map_err(|(line, column, message)| format!("{line}:{column}: {message}"))?;
    let unquoted = || syntax::unquoted(text).and_then(|unquoted| unquoted.faults.into_iter().next());
    let arena = Bump::new();
    let tree = tree::read(&arena, text, 0, &[], &is_key);
    if let Some((at, message)) = tree.faults.into_iter().next() {
        let (line, column, message) = unquoted().unwrap_or((at.line, at.column, message));
        return Err(format!("{line}:{column}: {message}"));
    }
    then(tree.root.filter(|root| !root.is_null()).as_ref())
}

fn descriptions(root: &Node<'_>) -> Result<Vec<Map<String, Json>>, String> {
    match root.value {
        Value::List(items) => items.iter().map(description).collect(),
        Value::Map(pairs) if pairs.iter().any(|(key, _)| key.text() == "checks") => {
            let [(_, Node { value: Value::List(items), .. })] = *pairs else {
                let other = pairs.iter().find(|(key, _)| key.text() != "checks");
                return Err(other.map_or_else(
                    || at(root.at, "`checks` is a list (each item begins with `-`)"),
                    |(other, _)| at(other.at, &format!("{} {FOR_FILES}", quote(other.text()))),
                ));
            };
            items.iter().map(description).collect()
        }
        _ => description(root).map(|description| vec![description]),
    }
}

/// Parses one value of a check that is written in brackets or braces.
pub fn read_value(text: &str) -> Result<Json, String> {
    let arena = Bump::new();
    let tree = tree::read(&arena, text, 0, &[], &is_key);
    match (tree.faults.into_iter().next(), tree.root) {
        (Some((_, message)), _) => Err(message),
        (None, root) => Ok(root.as_ref().map_or(Json::Null, json)),
    }
}

fn at(at: At, message: &str) -> String {
    format!("{}:{}: {message}", at.line, at.column)
}

fn description(node: &Node<'_>) -> Result<Map<String, Json>, String> {
    match json(node) {
        Json::Object(object) => Ok(object),
        _ => Err(at(node.at, &format!("a check is a mapping of keys, not {}", node.kind()))),
    }
}

/// Values stay texts, because the API parses them as a file's: a label's `1.10` is not a number.
fn json(node: &Node<'_>) -> Json {
    match node.value {
        Value::Broken => Json::Null,
        Value::Text { .. } if node.is_null() => Json::Null,
        Value::Text { text, .. } => Json::String(text.to_string()),
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Map(pairs) => {
            Json::Object(pairs.iter().map(|(key, value)| (key.text().to_owned(), json(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read_check;

    #[test]
    fn checks_are_read_as_the_files_have_them() {
        let check = |yaml: &str, expected: &str| {
            let read = read_descriptions(yaml.as_bytes()).expect(yaml);
            assert_eq!(serde_json::to_string(&read).expect("maps of texts"), expected, "{yaml}");
        };
        check("{name: a, every: 1d}", r#"[{"every":"1d","name":"a"}]"#);
        check("name: a\nlabels: {v: 1.10, on: yes}", r#"[{"labels":{"on":"yes","v":"1.10"},"name":"a"}]"#);
        check("- {name: a}\n- {name: b, grace: null}", r#"[{"name":"a"},{"grace":null,"name":"b"}]"#);
        check("checks:\n  - {name: a, expect: {at_least: 4}}", r#"[{"expect":{"at_least":"4"},"name":"a"}]"#);
        check("checks: []", "[]");
        check(
            r#"{"name": "a", "emails": ["x@example.org"]}"#,
            r#"[{"emails":["x@example.org"],"name":"a"}]"#,
        );
    }

    #[test]
    fn what_cannot_be_read_says_where_and_what_would_be_right() {
        let check = |yaml: &str, expected: &str| {
            let error = read_descriptions(yaml.as_bytes()).expect_err(yaml);
            assert!(error.contains(expected), "{yaml}: {error}");
        };
        check("", "it is empty");
        check("7", "1:1: a check is a mapping of keys, not a single value");
        check("- 7", "1:3: a check is a mapping");
        check("defaults: {grace: 1m}\nchecks: []", "1:1: `defaults` is for the server's own files");
        check("checks: 7", "`checks` is a list");
        check("name: a\ncron: * * * * *", "2:7: YAML reads `* * * * *` as something else");
        check("{name: a, name: b}", "twice");
        check("a: *b", "not defined as an anchor");
        check("\u{1}", "does not belong in a text file");
    }

    #[test]
    fn numbers_and_flags_that_became_texts_are_what_they_were() {
        let yaml = "{name: a, every: 5m, failures_before_alert: 3, manual_resume: true, labels: {v: 1.10}}";
        let read = read_descriptions(yaml.as_bytes()).expect(yaml).remove(0);
        let definition = read_check(Json::Object(read).to_string().as_bytes(), None).expect(yaml).definition;
        assert_eq!(definition.spec.failures_before_alert, 3);
        assert!(definition.spec.manual_resume);
        assert_eq!(definition.label("v"), "1.10");
    }

    #[test]
    fn settings_say_where_the_server_is_and_an_error_never_shows_a_value() {
        let read = |yaml: &str| read_client_settings(yaml.as_bytes());
        let settings = read("server: https://x.example\ntoken_file: t").expect("it is right");
        assert_eq!(settings.server.as_deref(), Some("https://x.example"));
        assert_eq!(settings.token_file, Some("t".into()));
        assert_eq!(read("token: s3cret").expect("it is right").token, Some(Secret::new("s3cret")));
        assert_eq!(read("# nothing"), Ok(ClientSettings::default()));
        let bad = [
            "s3cret",
            "token: *s3cret",
            "token: \"s3cret",
            "token: [s3cret]",
            "token: @s3cret",
            "token: s3cret\ntoken: s3cret",
            "tokn: s3cret",
            "token: s3cret\ntoken_file: f",
            "token: {a: s3cret",
            "token: !s3cret x",
            "token: s3cret\u{7}",
        ];
        for yaml in bad {
            let error = read(yaml).expect_err(yaml);
            assert!(!error.contains("s3cret") && !error.contains('\n'), "{yaml}: {error}");
        }
        assert!(read("tokn: x").expect_err("a slip").contains("did you mean `token`?"));
    }
}
