//! Explains the YAML parser's errors to people who write schedules, and recovers from one of them.

use std::sync::LazyLock;

use regex::Regex;
use serde_yaml::granit_parser::ErrorKind;

use super::fault::quote;

/// What is wrong with the YAML, and what would be right.
pub(crate) fn explain(kind: &ErrorKind) -> String {
    let advice = match kind {
        ErrorKind::UnexpectedCharacter { character: '@' | '`' | '%' } => {
            "; a text that begins with `@`, `%` or a backquote needs quotes"
        }
        ErrorKind::MissingAnchorOrAliasName => "; a text that begins with `*` or `&` needs quotes",
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => "; indent with spaces",
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry => {
            "; the line is indented otherwise than those it belongs to, or the line before it is not complete"
        }
        ErrorKind::MappingValueNotAllowed => "; a text with `: ` in it needs quotes",
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            "; a comma or a closing bracket belongs here"
        }
        ErrorKind::RecursionLimitExceeded => return "this is nested too deep".to_owned(),
        _ => "",
    };
    match kind {
        // The character may be the first of a secret.
        ErrorKind::UnexpectedCharacter { .. } => format!("this is not YAML: unexpected character{advice}"),
        _ => format!("this is not YAML: {kind}{advice}"),
    }
}

/// Unquoted values that begin with `*` or `@`, which YAML takes for something else.
pub(crate) struct Unquoted {
    /// The text with each of them made readable. It has the same number of bytes and characters.
    pub(crate) text: String,
    /// The byte offsets at which they begin.
    pub(crate) starts: Vec<usize>,
    /// Line and column, counted from 1, and the message.
    pub(crate) faults: Vec<(u32, u32, String)>,
}

static UNQUOTED: LazyLock<Regex> = LazyLock::new(|| {
    let expression =
        r#"(?m)^(?P<before>(?:.*[ \t{,-])?[A-Za-z_]+:[ \t]+)(?P<value>\*[/ ,\d-][^#}\n\r]*|@[^,}#\n\r]*)"#;
    Regex::new(expression).expect("the expression is fixed")
});

/// Finds unquoted cron expressions in a text that is not YAML; `None` if there are none.
pub(crate) fn unquoted(text: &str) -> Option<Unquoted> {
    let mut bytes = text.as_bytes().to_vec();
    let (mut starts, mut faults) = (Vec::new(), Vec::new());
    let (mut line, mut counted) = (1, 0);
    for captures in UNQUOTED.captures_iter(text) {
        let (Some(before), Some(value)) = (captures.name("before"), captures.name("value")) else { continue };
        let open = |quote: char| before.as_str().matches(quote).count() % 2 == 1;
        if before.as_str().contains('#') || open('"') || open('\'') {
            continue;
        }
        // One byte, one character, and not an indicator, so the rest of the line keeps its columns.
        bytes[value.start()] = b'~';
        starts.push(value.start());
        line += text[counted..value.start()].matches('\n').count();
        counted = value.start();
        let column = before.as_str().chars().count() + 1;
        // Anything but a cron expression may be a secret, so it is not shown.
        let message = match before.as_str().trim_end().ends_with("cron:") {
            true => {
                let shown = quote(value.as_str().trim_end());
                format!("YAML reads {shown} as something else: put the expression in quotes")
            }
            false => "YAML reads this as something else: put it in quotes".to_owned(),
        };
        faults.push((number(line), number(column), message));
    }
    let text = String::from_utf8(bytes).expect("one ASCII character took the place of another");
    (!starts.is_empty()).then_some(Unquoted { text, starts, faults })
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Checks that a file is text. The error is the line, column and message of the first bytes that are not UTF-8, or of
/// the first control character.
pub(crate) fn not_text(bytes: &[u8]) -> Result<&str, (u32, u32, String)> {
    let place = |valid: &str| {
        let line = valid.matches('\n').count() + 1;
        let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (number(line), number(column))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).expect("it is valid up to there");
        let (line, column) = place(valid);
        (line, column, "this byte is not UTF-8; save the file as UTF-8".to_owned())
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let control =
        |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}')) || c == '\u{feff}';
    if let Some(at) = text.find(control) {
        let character = text[at..].chars().next().unwrap_or_default();
        let (line, column) = place(&text[..at]);
        let message =
            format!("the character {} does not belong in a text file", quote(&character.to_string()));
        return Err((line, column, message));
    }
    Ok(text)
}
