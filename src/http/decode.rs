//! What a URL says: percent-encoding, queries, and times in them.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::core::text;
use crate::core::time::Time;

/// One part of a path, decoded; `None` if a `%` is not followed by two hex digits.
pub(super) fn path_part(raw: &str) -> Option<Cow<'_, [u8]>> {
    let is_escape = |after: &str| {
        after.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    raw.split('%').skip(1).all(is_escape).then(|| percent_decode_str(raw).into())
}

/// A time as people write it, or why it is none.
pub(super) fn time(text: &str) -> Result<Time, String> {
    let bad = |_| {
        let shown = text::shown(text, 60);
        format!("`{shown}` is no time: write it as 2026-03-28T06:00:00Z or 2026-03-28T07:00:00+01:00")
    };
    chrono::DateTime::parse_from_rfc3339(text).map(|time| Time::from_ms(time.timestamp_millis())).map_err(bad)
}

/// The first value of each of `names` in a query, in the order of `names`. Anything may be text: what is not, is
/// replaced; a `%` that means nothing stands for itself.
pub(super) fn query_values<'q, const N: usize>(
    query: Option<&'q str>,
    names: [&str; N],
) -> [Option<Cow<'q, str>>; N] {
    let mut values = [const { None }; N];
    for (name, value) in query_pairs(query) {
        if let Some(at) = names.iter().position(|wanted| *wanted == name)
            && values[at].is_none()
        {
            values[at] = Some(value);
        }
    }
    values
}

/// All names and values of a query, in their order.
pub(super) fn query_pairs(query: Option<&str>) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
}

/// Any text as a value in a query.
pub(super) fn encoded(text: &str) -> String {
    /// All but what RFC 3986 (2.3) calls unreserved.
    const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, &RESERVED).to_string()
}

/// A query of these names and values, without those that are empty; "" where all are.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    let said = pairs.iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

/// A text for a log or page that came from outside: at most `max_chars`, without control characters.
pub(super) fn shown(bytes: &[u8], max_chars: usize) -> String {
    // A character has at most four bytes: what is further behind is not shown anyway.
    let enough = &bytes[..bytes.len().min(max_chars * 4)];
    text::shown(&String::from_utf8_lossy(enough), max_chars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once_and_never_guessed() {
        let check = |raw: &str, expected: Option<&str>| {
            assert_eq!(path_part(raw).as_deref(), expected.map(str::as_bytes), "{raw}");
        };
        check("nightly-backup", Some("nightly-backup"));
        check("%6eightly%2Dbackup", Some("nightly-backup"));
        check("a+b", Some("a+b"));
        check("%252e", Some("%2e"));
        for bad in ["%", "%4", "a%zz", "%+1"] {
            check(bad, None);
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_to_the_same() {
        assert_eq!(encoded("a-b_c.d~Z9"), "a-b_c.d~Z9");
        for text in ["", "team=dba", "a+b c&q=%41#x", "\"><script>", "Jöb \u{202e}"] {
            let raw = encoded(text);
            assert!(raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'), "{raw}");
            assert_eq!(query_values(Some(&format!("q={raw}")), ["q"]), [Some(text.into())]);
        }
    }

    #[test]
    fn a_query_names_values_once_and_may_hold_anything() {
        let check = |query: &str, expected: [Option<&str>; 2]| {
            let values = query_values(Some(query), ["rid", "m"]);
            assert_eq!(values.each_ref().map(Option::as_deref), expected, "{query}");
        };
        check("rid=1&m=two+words", [Some("1"), Some("two words")]);
        check("m=a&m=b", [None, Some("a")]);
        check("rid", [Some(""), None]);
        check("m=100%25%20done&x=1", [None, Some("100% done")]);
        check("m=100%", [None, Some("100%")]);
        check("m=a+%zz%20%4", [None, Some("a %zz %4")]);
        check("m=%ff", [None, Some("\u{fffd}")]);
        check("&&=&rid=", [Some(""), None]);
        assert_eq!(query_values(None, ["m"]), [None]);
    }

    #[test]
    fn a_query_that_is_made_says_what_it_was_made_of() {
        let query = query(&[("q", "team=dba & \"web\""), ("status", ""), ("page", "2")]);
        assert_eq!(query, "q=team%3Ddba%20%26%20%22web%22&page=2");
        assert_eq!(query_values(Some(&query), ["q", "status"]), [Some("team=dba & \"web\"".into()), None]);
        assert_eq!(super::query(&[("q", "")]), "");
    }

    #[test]
    fn a_query_s_pairs_are_all_there() {
        let pairs: Vec<_> = query_pairs(Some("label=team%3Ddba&label=a=b&&limit=&x+y")).collect();
        let expected = [("label", "team=dba"), ("label", "a=b"), ("limit", ""), ("x y", "")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.into(), value.into())));
        assert_eq!(query_pairs(None).count(), 0);
    }

    #[test]
    fn what_is_shown_is_short_and_has_no_control_characters() {
        assert_eq!(shown(b"a\nb\x1b[31m", 100), "a\u{fffd}b\u{fffd}[31m");
        assert_eq!(shown("ääää".as_bytes(), 2), "ää");
    }
}
