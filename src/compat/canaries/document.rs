//! A file of canaries as its documents: mongoexport's lines or array, or a saved answer of `list?verbose=true`.

use serde_json::{Deserializer, Map, Value};

use super::dialect::Dialect;
use crate::compat::door::MAX_DOCUMENTS;

/// One canary as it was written.
#[derive(Debug)]
pub(super) struct CanaryDocument {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    /// Or why it cannot be read.
    pub(super) fields: Result<Map<String, Value>, String>,
}

/// Reads a whole file; why it cannot be used, with the line. After what is no JSON, it goes on where the next line begins
/// with a brace: so all that is wrong is told at once.
pub(super) fn read(text: &str, dialect: &Dialect) -> Result<Vec<CanaryDocument>, String> {
    let mut documents = Vec::new();
    let (mut rest, mut line) = (text, 1);
    loop {
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        let Some(value) = values.next() else { break };
        let begin = rest.len() - rest.trim_start().len();
        let first_line = line + lines(&rest[..begin]);
        let end = match value {
            Ok(value) => {
                let end = values.byte_offset();
                add(&mut documents, value, &rest[begin..end], first_line, dialect)?;
                end
            }
            Err(error) => {
                documents.push(CanaryDocument { line: first_line, fields: Err(not_json(&error, line)) });
                next_document(rest, begin)
            }
        };
        if documents.len() > MAX_DOCUMENTS {
            return Err(format!("line {first_line}: there are more than {MAX_DOCUMENTS}: split the file"));
        }
        line += lines(&rest[..end]);
        rest = &rest[end..];
    }
    match documents.is_empty() {
        true => Err(format!("there is no {} in it", dialect.one)),
        false => Ok(documents),
    }
}

/// Adds what a value of the file holds: a canary, or a list of them.
fn add(
    documents: &mut Vec<CanaryDocument>,
    value: Value,
    chunk: &str,
    line: usize,
    dialect: &Dialect,
) -> Result<(), String> {
    let many = dialect.many;
    match value {
        Value::Array(list) => add_all(documents, list, 1, (chunk, line)),
        Value::Object(mut answer) if answer.contains_key("status") && answer.contains_key(many) => {
            let Some(Value::Array(list)) = answer.remove(many) else {
                return Err(format!("line {line}: `{many}` is no list"));
            };
            add_all(documents, list, 2, (chunk, line));
        }
        Value::Object(answer) if answer.get("status").is_some_and(|status| status == "error") => {
            let why = answer.get("error").and_then(Value::as_str).unwrap_or_default();
            let why: String = why.chars().take(200).flat_map(char::escape_debug).collect();
            return Err(format!("line {line}: this is the answer to a request that failed: {why}"));
        }
        Value::Object(fields) => documents.push(CanaryDocument { line, fields: Ok(fields) }),
        _ => documents.push(CanaryDocument { line, fields: Err("a canary is a JSON object".to_owned()) }),
    }
    Ok(())
}

/// Why it cannot be parsed. The text that was parsed begins on `first_line`.
fn not_json(error: &serde_json::Error, first_line: usize) -> String {
    let (line, column) = (error.line(), error.column());
    let what = error.to_string();
    let what = what.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&what);
    format!("this is not JSON: {what} at line {} column {column}", (first_line + line).saturating_sub(1))
}

/// Where the first line begins with a brace after what begins at `begin`. What is left of a list is none of that: its end.
fn next_document(text: &str, begin: usize) -> usize {
    let is_list = text[begin..].starts_with('[');
    let next = text[begin..].find("\n{").filter(|_| !is_list);
    next.map_or(text.len(), |next| begin + next)
}

fn add_all(
    documents: &mut Vec<CanaryDocument>,
    list: Vec<Value>,
    depth: usize,
    (chunk, first_line): (&str, usize),
) {
    let mut begins = lines_of_objects(chunk, depth, first_line).into_iter();
    let mut line = first_line;
    for (value, number) in list.into_iter().zip(1..) {
        let fields = match value {
            Value::Object(fields) => {
                line = begins.next().unwrap_or(line);
                Ok(fields)
            }
            _ => Err(format!("entry {number} of the list, on this line or after it, is no JSON object")),
        };
        documents.push(CanaryDocument { line, fields });
    }
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// The lines on which the objects below so many brackets begin. The text is JSON.
fn lines_of_objects(text: &str, wanted: usize, first_line: usize) -> Vec<usize> {
    let (mut line, mut depth, mut in_text, mut is_escaped) = (first_line, 0_usize, false, false);
    let mut begins = Vec::new();
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'\n' => line += 1,
            b'{' | b'[' => {
                if byte == b'{' && depth == wanted {
                    begins.push(line);
                }
                depth += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    begins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compat::coal_mine;

    #[test]
    fn every_document_knows_its_line() {
        let check = |text: &str, expected: &[usize]| {
            let lines: Vec<usize> =
                read(text, coal_mine::DOOR.0).expect(text).iter().map(|document| document.line).collect();
            assert_eq!(lines, expected, "{text}");
        };
        check("{\"a\": 1}\n\n{\"a\":\n2}\n{\"b\": \"\\\"{[\"}", &[1, 3, 5]);
        check("[{\"a\": \"\\\\\"},\n\n {\"a\": [{}]}]", &[1, 3]);
        check("{\n\"status\": \"ok\",\n\"canaries\": [\n{\"name\": \"}\"},\n{}\n]}\n", &[4, 5]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line_and_the_rest_is_read() {
        let check = |text: &str, expected: &[(usize, &str)]| {
            let documents = read(text, coal_mine::DOOR.0).expect(text);
            let told = documents.iter().map(|CanaryDocument { line, fields }| match fields {
                Ok(_) => (*line, "good"),
                Err(why) => (*line, why.as_str()),
            });
            assert_eq!(told.collect::<Vec<_>>(), expected, "{text}");
        };
        let no_value = "this is not JSON: expected value at line";
        check(
            "{}\n{\"a\": }\n\n{\"b\": [\n1}\n]\n{}\n",
            &[
                (1, "good"),
                (2, &format!("{no_value} 2 column 7")),
                (4, "this is not JSON: expected `,` or `]` at line 5 column 2"),
                (7, "good"),
            ],
        );
        check("<a>\n<b>\n{}", &[(1, &format!("{no_value} 1 column 1")), (3, "good")]);
        check("{}{}\n17\n{}", &[(1, "good"), (1, "good"), (2, "a canary is a JSON object"), (3, "good")]);
        // The last line was cut off; the line before it lost its end.
        check(
            "{\"a\": \"x\n{}\n{\"a\"",
            &[
                (
                    1,
                    "this is not JSON: control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0",
                ),
                (2, "good"),
                (3, "this is not JSON: EOF while parsing an object at line 3 column 4"),
            ],
        );
        check("[{},\n{},\n{]\n{}]", &[(1, "this is not JSON: key must be a string at line 3 column 2")]);
        let entry = "entry 2 of the list, on this line or after it, is no JSON object";
        check("[{},\n3,\n{}]", &[(1, "good"), (1, entry), (3, "good")]);
        let deep = format!("{{\"a\": {}", "[".repeat(100_000));
        check(&deep, &[(1, "this is not JSON: recursion limit exceeded at line 1 column 133")]);
    }

    #[test]
    fn what_is_no_list_of_canaries_is_refused_with_its_line() {
        let check = |text: &str, expected: &str| {
            let error = read(text, coal_mine::DOOR.0).expect_err(text);
            assert!(error.contains(expected), "{error}");
        };
        check("", "there is no canary in it");
        check(
            r#"{"status": "error", "error": "401 Unauthorized\u001b"}"#,
            r"a request that failed: 401 Unauthorized\u{1b}",
        );
        check("{\"status\": \"ok\", \"canaries\": 3}", "line 1: `canaries` is no list");
        check(&"{}\n".repeat(MAX_DOCUMENTS + 1), "line 10001: there are more than 10000");
        check(&"{\n".repeat(MAX_DOCUMENTS + 1), "line 10001: there are more than 10000");
    }
}
