//! The templates' language: Jinja's, without what multiplies texts.
//!
//! minijinja counts a template's steps but not the bytes that it holds meanwhile: a few doublings of a text would take
//! all memory and end the server that reloads its configuration. So whatever makes a longer text from others is
//! bounded, and a text that grew cannot be given a name from which it could grow again.

use minijinja::value::{StringInput, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, filters};

/// The longest text that a filter takes or makes, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// The deepest nesting of a value that a filter takes.
const MAX_DEPTH: usize = 32;
/// The most `~` and `+` in one tag.
const MAX_OPERATORS: usize = 64;

/// The most `set` and `with` in a template.
const MAX_NAMES: usize = 32;

/// Filters and functions that could make ever larger values from others.
const REMOVED: [&str; 10] =
    ["batch", "chain", "debug", "dict", "format", "indent", "namespace", "pprint", "slice", "zip"];
/// Tags that capture a text or include another template, by their first word.
const CAPTURING: [&str; 8] = ["block", "call", "extends", "filter", "from", "import", "include", "macro"];
/// Tags that give a value a name.
const NAMING: [&str; 3] = ["set", "with", "for"];

/// The environment, without the filters and functions that are removed.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    for name in REMOVED {
        environment.remove_filter(name);
        environment.remove_global(name);
    }
    environment.add_filter("join", join);
    environment.add_filter("replace", replace);
    environment.add_filter("tojson", tojson);
    environment.add_filter("string", string);
    environment
}

fn too_long() -> Error {
    Error::new(ErrorKind::InvalidOperation, "it makes more text than any receiver would take")
}

fn fits(bytes: usize) -> Result<(), Error> {
    if bytes <= MAX_BYTES { Ok(()) } else { Err(too_long()) }
}

fn replace(
    state: &mut State,
    value: StringInput<'_>,
    from: StringInput<'_>,
    to: StringInput<'_>,
) -> Result<Value, Error> {
    let times = value.as_str().matches(from.as_str()).count();
    fits(value.as_str().len().saturating_add(times.saturating_mul(to.as_str().len())))?;
    filters::replace(state, value, from, to)
}

fn join(
    state: &mut State,
    value: &Value,
    joiner: Option<StringInput<'_>>,
    attribute: Option<&str>,
    more: minijinja::value::Kwargs,
) -> Result<Value, Error> {
    let between = joiner.as_ref().map_or(0, |joiner| joiner.as_str().len());
    let items = value.len().unwrap_or(0);
    fits(weight(value)?.saturating_add(items.saturating_mul(between)))?;
    filters::join(state, value, joiner, attribute, more)
}

/// `tojson` without its indentation, which could be of any width.
fn tojson(value: &Value) -> Result<Value, Error> {
    weight(value)?;
    filters::tojson(value, None, minijinja::value::Kwargs::from_iter(std::iter::empty::<(&str, Value)>()))
}

fn string(state: &State, value: &Value) -> Result<Value, Error> {
    weight(value)?;
    filters::string(state, value)
}

/// Roughly how much text a value makes; an error if it is too much. A part that occurs twice counts twice.
fn weight(value: &Value) -> Result<usize, Error> {
    let mut bytes = 0;
    add_weight(value, &mut bytes, 0)?;
    Ok(bytes)
}

fn add_weight(value: &Value, bytes: &mut usize, depth: usize) -> Result<(), Error> {
    *bytes += value.as_str().map_or(8, str::len);
    fits(*bytes)?;
    if depth > MAX_DEPTH {
        return Err(too_long());
    }
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable) {
        for item in value.try_iter()? {
            add_weight(&item, bytes, depth + 1)?;
            if value.kind() == ValueKind::Map {
                add_weight(&value.get_item(&item)?, bytes, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// What a tag is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A text or a number.
    Constant,
    Word(&'a str),
    Sign(char),
}

/// Checks a template for what is not in the language. The error is the line, counted from 1, and what is wrong.
pub(super) fn check(source: &str) -> Result<(), (usize, String)> {
    let (mut at, mut names) = (0, 0);
    while let Some(found) = source[at..].find('{').map(|found| at + found) {
        let rest = &source[found..];
        at = match rest.as_bytes().get(1) {
            Some(b'#') => found + rest.find("#}").map_or(rest.len(), |end| end + 2),
            Some(b'{' | b'%') => {
                let is_statement = rest.as_bytes()[1] == b'%';
                let (tokens, length) = tokens(&rest[2..], if is_statement { "%}" } else { "}}" });
                // A `-` or `+` at the beginning of a tag controls the white space beside it.
                let tokens = tokens.strip_prefix(&[Token::Sign('-')]).unwrap_or(&tokens);
                let tokens = tokens.strip_prefix(&[Token::Sign('+')]).unwrap_or(tokens);
                let is_name = matches!(tokens.first(), Some(Token::Word("set" | "with")));
                names += usize::from(is_statement && is_name);
                if names > MAX_NAMES {
                    return Err((line(source, found), format!("more than {MAX_NAMES} `set` and `with`")));
                }
                check_tag(tokens, is_statement).map_err(|what| (line(source, found), what))?;
                found + 2 + length
            }
            _ => found + 1,
        };
    }
    Ok(())
}

fn line(source: &str, at: usize) -> usize {
    source[..at].matches('\n').count() + 1
}

/// The tokens up to the tag's end, and their length in bytes with the end.
fn tokens<'a>(text: &'a str, end: &str) -> (Vec<Token<'a>>, usize) {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut open = 0_usize;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if open == 0 && rest.starts_with(end) {
            return (tokens, at + end.len());
        }
        at += match c {
            '"' | '\'' => {
                tokens.push(Token::Constant);
                quoted_bytes(rest, c)
            }
            c if c.is_alphanumeric() || c == '_' => {
                let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                let is_number = c.is_ascii_digit();
                tokens.push(if is_number { Token::Constant } else { Token::Word(&rest[..length]) });
                length
            }
            c => {
                match c {
                    '{' => open += 1,
                    '}' => open = open.saturating_sub(1),
                    _ => {}
                }
                if !c.is_whitespace() {
                    tokens.push(Token::Sign(c));
                }
                c.len_utf8()
            }
        };
    }
    (tokens, text.len())
}

/// The length of a quoted text, including its quotes, in bytes.
fn quoted_bytes(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn check_tag(tokens: &[Token<'_>], is_statement: bool) -> Result<(), String> {
    let signs = |wanted: &[char]| {
        tokens.iter().filter(|token| matches!(token, Token::Sign(c) if wanted.contains(c))).count()
    };
    if signs(&['*']) > 0 {
        return Err("`*` is not known here".to_owned());
    }
    if signs(&['~', '+']) > MAX_OPERATORS {
        return Err(format!("`~` and `+` stand more than {MAX_OPERATORS} times in one place"));
    }
    let mut words = tokens.iter().filter_map(|token| match token {
        Token::Word(word) => Some(*word),
        _ => None,
    });
    let first = words.next().filter(|_| is_statement);
    let Some(first) = first else { return Ok(()) };
    if CAPTURING.contains(&first) || words.any(|word| word == "recursive") {
        return Err(format!("`{first}` is not known here as it is used"));
    }
    if NAMING.contains(&first) {
        return check_naming(first, tokens, signs(&['~', '+']));
    }
    Ok(())
}

/// A named value must come from the message, be a part of such a value, or be made by a filter.
fn check_naming(first: &str, tokens: &[Token<'_>], joins: usize) -> Result<(), String> {
    if joins > 0 {
        return Err(format!("`~` and `+` are not known in `{first}`: join texts where they are printed"));
    }
    if first == "set" && !tokens.contains(&Token::Sign('=')) {
        return Err("`set` has a value behind `=` here".to_owned());
    }
    let begin = |token: &Token<'_>| match first {
        "for" => *token == Token::Word("in"),
        _ => *token == Token::Sign('='),
    };
    let value = tokens.iter().position(begin).map_or(tokens.len(), |at| at + 1);
    let (mut depth, mut literal) = (0_usize, None);
    let mut before = None;
    for token in &tokens[value..] {
        match token {
            Token::Sign('[' | '(' | '{') => {
                depth += 1;
                // A bracket after a value is a call or an index, not a literal.
                if literal.is_none() && (*token == Token::Sign('{') || !is_end_of_value(before)) {
                    literal = Some(depth);
                }
            }
            Token::Sign(']' | ')' | '}') => {
                literal = literal.filter(|begun| *begun < depth);
                depth = depth.saturating_sub(1);
            }
            Token::Word(word) if literal.is_some() && !["true", "false", "none"].contains(word) => {
                return Err(format!("a list in `{first}` has only texts and numbers here"));
            }
            Token::Sign(',') if depth == 0 && first == "set" => {
                return Err("`set` has one value here".to_owned());
            }
            _ => {}
        }
        before = Some(*token);
    }
    Ok(())
}

fn is_end_of_value(before: Option<Token<'_>>) -> bool {
    match before {
        Some(Token::Word(word)) => !["in", "if", "else", "and", "or", "not", "is"].contains(&word),
        Some(token) => matches!(token, Token::Constant | Token::Sign(']' | ')')),
        None => false,
    }
}
