//! Searches for checks: words, regular expressions and Alertmanager's matchers.

use regex::Regex;

use super::check::Definition;
use super::matcher::{MatcherError, pattern};
use super::route::Matcher;
use super::step::View;

/// Terms separated by blanks. A check must match all of them.
#[derive(Clone, Debug, Default)]
pub struct Search(Vec<Term>);

#[derive(Clone, Debug)]
enum Term {
    /// In lower case.
    Words(String),
    Pattern(Regex),
    Matcher(Matcher),
}

impl Search {
    /// Parses `backup group=db team=~"a|b" severity!=info "two words"`. A term with `=`, `!=`, `=~` or `!~` after a
    /// label is a matcher, for one of the check's labels or for `check title group status reason`. Every other term is
    /// searched for in name, title, group and labels, ignoring case; between two slashes (`/^nightly .*db/`) it is a regular
    /// expression.
    pub fn parse(text: &str) -> Result<Search, MatcherError> {
        terms(text).map(term).collect::<Result<_, _>>().map(Search)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a check matches every term.
    pub fn finds(&self, definition: &Definition, view: &View) -> bool {
        self.0.iter().all(|term| match term {
            Term::Words(words) => is_said(definition, |text| text.to_lowercase().contains(words)),
            Term::Pattern(pattern) => is_said(definition, |text| pattern.is_match(text)),
            Term::Matcher(matcher) => is_matched(matcher, definition, view),
        })
    }
}

fn is_said(definition: &Definition, is_it: impl Fn(&str) -> bool) -> bool {
    let label = |(name, value): &(String, String)| is_it(&format!("{name}={value}"));
    is_it(definition.name.as_str())
        || is_it(&definition.title)
        || is_it(&definition.group)
        || definition.labels.iter().any(label)
}

fn is_matched(matcher: &Matcher, definition: &Definition, view: &View) -> bool {
    match matcher.label.as_str() {
        "check" => matcher.accepts(definition.name.as_str()),
        "title" => matcher.accepts(&definition.title),
        "group" => matcher.accepts(&definition.group),
        "status" => matcher.accepts(view.status.as_str()),
        "reason" if view.causes.is_empty() => matcher.accepts(""),
        "reason" => view.causes.iter().any(|cause| matcher.accepts(cause.kind.as_str())),
        label => matcher.accepts(definition.label(label)),
    }
}

/// Splits a text at blanks outside of quotes and of regular expressions. A quote or slash that is never closed is an ordinary
/// character.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let end = end_of_term(rest);
        let (term, after) = rest.split_at(end);
        rest = after;
        (!term.is_empty()).then_some(term)
    })
}

fn end_of_term(text: &str) -> usize {
    if let Some(end) = end_of_pattern(text) {
        return end;
    }
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            return at;
        }
        at += c.len_utf8();
        if c == '"' {
            at += closing_quote(&text[at..]).map_or(0, |closing| closing + 1);
        }
    }
    text.len()
}

/// Where `/…/` ends, if the text begins with one. Slashes within it need nothing before them.
fn end_of_pattern(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('/')?;
    let is_last = |at: &usize| inner[at + 1..].chars().next().is_none_or(char::is_whitespace);
    let mut slashes = inner.match_indices('/').map(|(at, _)| at);
    slashes.find(|at| *at > 0 && is_last(at)).map(|at| at + 2)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        closes.then_some(at)
    })
}

fn term(text: &str) -> Result<Term, MatcherError> {
    let after_label = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let has_label = after_label.len() < text.len() && !text.starts_with(|c: char| c.is_ascii_digit());
    if has_label && ["=", "!=", "!~"].iter().any(|operator| after_label.starts_with(operator)) {
        return Matcher::parse(text).map(Term::Matcher);
    }
    if end_of_pattern(text) == Some(text.len()) {
        return pattern(&text[1..text.len() - 1]).map(Term::Pattern);
    }
    let unquoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    Ok(Term::Words(unquoted.unwrap_or(text).to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::blind::BlindWindows;
    use crate::core::check::{Name, Source, SourceLine, Spec};
    use crate::core::schedule::Schedule;
    use crate::core::state::State;
    use crate::core::step::view;
    use crate::core::time::{Span, Time};

    /// A search as people type it, and whether it finds a late check.
    #[test]
    fn a_check_is_found_by_all_terms_and_by_no_less() {
        let spec = Spec::new(Schedule::Every(Span::secs(60)));
        let declared = Time::from_secs(1_700_000_000);
        let state = State::declared(&spec, declared);
        let view = view(&spec, &state, declared + Span::mins(60), &BlindWindows::default());
        let source = Source::File { path: "punctual.yaml".into(), line: SourceLine::new(3) };
        let mut check = Definition::new(Name::parse("nightly-backup").expect("it is one"), spec, source);
        check.title = "Nightly \"full\" Backup".into();
        check.group = "db".into();
        check.labels = [("team".into(), "data base".into()), ("severity".into(), "critical".into())].into();
        let finds = |text: &str| Search::parse(text).expect(text).finds(&check, &view);
        for text in [
            "",
            " ",
            "BACKUP",
            "nightly-b",
            "group=db",
            "group=\"db\"",
            "group=~d.",
            "group!=web",
            "group!~w.*",
            "db",
            "night critical",
            "team=\"data base\"",
            "team=\"data base\" severity=critical",
            "team=~\"data|data base\"",
            "severity=critical nightly",
            "\"data base\"",
            "status=late",
            "reason=never_seen",
            "check=nightly-backup",
            "check=~nightly-.*",
            "nothing=\"\"",
            "title=~.*Backup",
            "/^nightly-b.*p$/",
            "/FULL. backup/ night",
            "critical /^team=(data|web) base$/",
        ] {
            assert!(finds(text), "{text}");
        }
        for text in [
            "web",
            "group=web",
            "team=data",
            "severity=crit",
            "group=db team=other",
            "night info",
            "status=up",
            "reason=failed",
            "a=b",
            "/^backup/",
            "/nightly/ /^web$/",
            "//",
            "/backup",
            "/",
        ] {
            assert!(!finds(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_matcher_says_why_and_a_lone_quote_is_text() {
        for text in ["team=~[", "team=a{b", "backup group=~(", "/[/", "a /(/ b"] {
            assert!(Search::parse(text).is_err(), "{text}");
        }
        for text in [
            "\"",
            "\">&",
            "say \"what",
            "=",
            "=a",
            "1=2",
            "a-b=c",
            "http://x",
            "~",
            "{}",
            "\"\\",
            "a\"b c\"d",
            "/[",
            "a/[/",
        ] {
            assert!(Search::parse(text).is_ok(), "{text}");
        }
        let count = |text: &str| Search::parse(text).expect(text).0.len();
        assert_eq!(
            [count("a b"), count("\"a b\""), count("a\"b c\"d"), count("say \"what is")],
            [2, 1, 1, 3]
        );
        assert_eq!([count("/a b/"), count("/a/b c/ d"), count("/a b"), count("// a")], [1, 2, 2, 2]);
    }
}
