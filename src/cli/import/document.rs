//! A file of canaries as its documents: mongoexport's lines or array, or a saved answer of `list?verbose=true`.

use serde_json::{Deserializer, Map, Value};

use crate::core::check::System;

/// The most canaries of a file.
pub(super) const MAX_DOCUMENTS: usize = 10_000;

/// One canary as it was written.
#[derive(Debug)]
pub(super) struct Document {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    pub(super) fields: Map<String, Value>,
}

/// Reads a whole file; why it cannot be used, with the line.
pub(super) fn read(text: &str, system: System) -> Result<Vec<Document>, String> {
    let mut values = Deserializer::from_str(text).into_iter::<Value>();
    let mut documents = Vec::new();
    let mut end = 0;
    let mut line = 1;
    while let Some(value) = values.next() {
        let value = value.map_err(|error| format!("line {}: this is not JSON: {error}", error.line()))?;
        let chunk = &text[end..values.byte_offset()];
        let begin = chunk.len() - chunk.trim_start().len();
        line += lines(&chunk[..begin]);
        let many = many(system);
        match value {
            Value::Array(list) => add_all(&mut documents, list, 1, (chunk, line, begin))?,
            Value::Object(mut answer) if answer.contains_key("status") && answer.contains_key(many) => {
                let Some(Value::Array(list)) = answer.remove(many) else {
                    return Err(format!("line {line}: `{many}` is no list"));
                };
                add_all(&mut documents, list, 2, (chunk, line, begin))?;
            }
            Value::Object(answer) if answer.get("status").is_some_and(|status| status == "error") => {
                let why = answer.get("error").and_then(Value::as_str).unwrap_or_default();
                let why: String = why.chars().take(200).flat_map(char::escape_debug).collect();
                return Err(format!("line {line}: this is the answer to a request that failed: {why}"));
            }
            Value::Object(fields) => documents.push(Document { line, fields }),
            _ => return Err(format!("line {line}: a canary is a JSON object")),
        }
        if documents.len() > MAX_DOCUMENTS {
            return Err(format!("line {line}: there are more than {MAX_DOCUMENTS}: split the file"));
        }
        line += lines(&chunk[begin..]);
        end = values.byte_offset();
    }
    match documents.is_empty() {
        true => Err(format!("there is no {} in it", one(system))),
        false => Ok(documents),
    }
}

/// What a system calls a check.
pub(super) fn one(system: System) -> &'static str {
    match system {
        System::CoalMine => "canary",
        System::NightsWatch => "watcher",
    }
}

/// What a system calls checks.
pub(super) fn many(system: System) -> &'static str {
    match system {
        System::CoalMine => "canaries",
        System::NightsWatch => "watchers",
    }
}

fn add_all(
    documents: &mut Vec<Document>,
    list: Vec<Value>,
    depth: usize,
    (chunk, first_line, begin): (&str, usize, usize),
) -> Result<(), String> {
    let begins = lines_of_objects(&chunk[begin..], depth, first_line);
    for (index, value) in list.into_iter().enumerate() {
        let line = begins.get(index).copied().unwrap_or(first_line);
        let Value::Object(fields) = value else {
            return Err(format!(
                "line {line} or after it: entry {} of the list is no JSON object",
                index + 1
            ));
        };
        documents.push(Document { line, fields });
    }
    Ok(())
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

    #[test]
    fn every_document_knows_its_line() {
        let check = |text: &str, expected: &[usize]| {
            let lines: Vec<usize> =
                read(text, System::CoalMine).expect(text).iter().map(|document| document.line).collect();
            assert_eq!(lines, expected, "{text}");
        };
        check("{\"a\": 1}\n\n{\"a\":\n2}\n{\"b\": \"\\\"{[\"}", &[1, 3, 5]);
        check("[{\"a\": \"\\\\\"},\n\n {\"a\": [{}]}]", &[1, 3]);
        check("{\n\"status\": \"ok\",\n\"canaries\": [\n{\"name\": \"}\"},\n{}\n]}\n", &[4, 5]);
    }

    #[test]
    fn what_is_no_list_of_canaries_is_refused_with_its_line() {
        let check = |text: &str, expected: &str| {
            let error = read(text, System::CoalMine).expect_err(text);
            assert!(error.contains(expected), "{error}");
        };
        check("", "there is no canary in it");
        check("{}\n{\"a\": }", "line 2: this is not JSON");
        check("{}\n17", "line 2: a canary is a JSON object");
        check("[{},\n3]", "entry 2 of the list");
        check(&format!("{{}}\n{{\"a\": {}", "[".repeat(100_000)), "line 2: this is not JSON: recursion");
        check(
            r#"{"status": "error", "error": "401 Unauthorized\u001b"}"#,
            r"a request that failed: 401 Unauthorized\u{1b}",
        );
        check("{\"status\": \"ok\", \"canaries\": 3}", "line 1: `canaries` is no list");
        check(&"{}\n".repeat(MAX_DOCUMENTS + 1), "there are more than 10000");
    }
}
