//! Versions of what is answered (`ETag`), and conditions that name them (RFC 9110, 8.8.3 and 13.1).

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};

use super::reply::{Body, Reply};

/// What a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NamedTag {
    Any,
    Strong(String),
    /// Good to read by, not to change by.
    Weak(String),
}

/// What the values of a condition name. What is no tag names nothing that there is.
pub(super) fn named<'h>(values: impl Iterator<Item = &'h HeaderValue>) -> Vec<NamedTag> {
    let one = |part: &str| match part.trim() {
        "*" => NamedTag::Any,
        part => match part.strip_prefix("W/") {
            Some(weak) => NamedTag::Weak(weak.trim_matches('"').to_owned()),
            None => NamedTag::Strong(part.trim_matches('"').to_owned()),
        },
    };
    values
        .flat_map(|value| value.to_str().unwrap_or_default().split(',').map(one).collect::<Vec<_>>())
        .collect()
}

/// What `If-None-Match` names.
pub(super) fn held(headers: &HeaderMap) -> Vec<NamedTag> {
    named(headers.get_all(IF_NONE_MATCH).iter())
}

/// Whether whoever holds these has an answer with this `ETag` already: a weak one is as good as a strong one.
pub(super) fn is_held(held: &[NamedTag], etag: Option<&HeaderValue>) -> bool {
    let Some(NamedTag::Strong(tag) | NamedTag::Weak(tag)) = named(etag.into_iter()).pop() else {
        return false;
    };
    held.iter().any(|held| match held {
        NamedTag::Any => true,
        NamedTag::Strong(held) | NamedTag::Weak(held) => *held == tag,
    })
}

/// The answer itself; or, for whoever has it already, the same without it.
pub(super) fn unless_held(mut reply: Reply, held: &[NamedTag]) -> Reply {
    if is_held(held, reply.headers().get(ETAG)) {
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        *reply.body_mut() = Body::default();
        reply.headers_mut().remove(CONTENT_TYPE);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[&'static str]) -> Vec<HeaderValue> {
        values.iter().map(|value| HeaderValue::from_static(value)).collect()
    }

    #[test]
    fn a_condition_names_several_versions_or_any() {
        let check = |texts: &[&'static str], expected: &[NamedTag]| {
            assert_eq!(named(values(texts).iter()), expected, "{texts:?}");
        };
        let (strong, weak) =
            (|tag: &str| NamedTag::Strong(tag.into()), |tag: &str| NamedTag::Weak(tag.into()));
        check(&[], &[]);
        check(&["\"a.b\""], &[strong("a.b")]);
        check(&["\"a\", W/\"b\"", "*"], &[strong("a"), weak("b"), NamedTag::Any]);
        check(&[""], &[strong("")]);
    }

    #[test]
    fn whoever_has_an_answer_is_known_by_its_tag() {
        let check = |etag: Option<&'static str>, has: &[&'static str], expected: u16| {
            let mut reply = Reply::default();
            reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            if let Some(etag) = etag {
                reply.headers_mut().insert(ETAG, HeaderValue::from_static(etag));
            }
            let reply = unless_held(reply, &named(values(has).iter()));
            assert_eq!(reply.status(), expected, "{etag:?} {has:?}");
            assert_eq!(reply.headers().contains_key(CONTENT_TYPE), expected == 200);
        };
        check(None, &["*"], 200);
        for etag in ["W/\"a\"", "\"a\""] {
            check(Some(etag), &["W/\"a\""], 304);
            check(Some(etag), &["\"b\", \"a\""], 304);
            check(Some(etag), &["\"b\"", "*"], 304);
            check(Some(etag), &["W/\"b\""], 200);
            check(Some(etag), &[""], 200);
            check(Some(etag), &[], 200);
        }
    }
}
