//! The tag of a page (`ETag`): another one if anything changed that it shows, and the same while only time goes by.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, ETAG, HeaderValue, VARY};
use maud::Markup;
use sha2::{Digest as _, Sha256};

use super::super::hash::version;
use super::super::reply::{Body, Reply};

/// What differs from one rendering to the next though nothing changed, from its begin to its end: how long ago a time is, and
/// the rid of a form.
const PASSING: [(&str, &str); 2] = [("<time ", "</time>"), ("name=\"rid\" value=\"", "\"")];

/// Of a page that is made of these.
pub(super) fn of(parts: [&Markup; 3]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        add(&mut hash, &part.0, &PASSING);
        hash.update([0xff]);
    }
    let tag = version(&hash.finalize()[..12]);
    // Weak: what is left out differs.
    format!("W/\"{tag}\"")
}

fn add(hash: &mut Sha256, text: &str, passing: &[(&str, &str)]) {
    let Some(((begin, end), others)) = passing.split_first() else { return hash.update(text) };
    let mut pieces = text.split(begin);
    add(hash, pieces.next().unwrap_or_default(), others);
    for piece in pieces {
        hash.update(begin);
        let (inner, rest) = piece.split_once(end).unwrap_or((piece, ""));
        // The time itself, without the words for it.
        hash.update(inner.split_once('>').map_or("", |(attributes, _)| attributes));
        add(hash, rest, others);
    }
}

/// Whether whoever asks has this page already.
pub(super) fn is_held(reply: &Reply, has: Option<&HeaderValue>) -> bool {
    let (Some(tag), Some(has)) = (reply.headers().get(ETAG), has) else { return false };
    let bytes = has.as_bytes();
    bytes == b"*" || bytes.split(|byte| *byte == b',').any(|held| held.trim_ascii() == tag.as_bytes())
}

/// The same answer without the page.
pub(super) fn not_modified(mut reply: Reply) -> Reply {
    *reply.status_mut() = StatusCode::NOT_MODIFIED;
    *reply.body_mut() = Body::default();
    reply.headers_mut().remove(CONTENT_TYPE);
    reply.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use maud::PreEscaped;

    fn tag(content: &str) -> String {
        let part = |text: &str| PreEscaped(text.to_owned());
        of([&part("head"), &part("header"), &part(content)])
    }

    /// 22.9c
    #[test]
    fn a_tag_changes_with_what_is_shown_and_not_with_the_time() {
        let page = |at: &str, ago: &str, rid: &str, then: &str| {
            format!(
                "<p><time datetime=\"{at}\">{ago} <small>10:00</small></time></p>\
                 <input type=\"hidden\" name=\"rid\" value=\"{rid}\"><b>{then}</b>"
            )
        };
        let first = tag(&page("A", "1m ago", "page-1", "up"));
        assert_eq!(tag(&page("A", "2m ago", "page-2", "up")), first);
        assert_ne!(tag(&page("B", "1m ago", "page-1", "up")), first);
        assert_ne!(tag(&page("A", "1m ago", "page-1", "late")), first);
        assert!(first.starts_with("W/\"") && first.len() == 28, "{first}");
        assert_ne!(tag("ab"), tag("a"));
        for broken in ["<time ", "<time datetime=\"A\">", "name=\"rid\" value=\""] {
            assert_eq!(tag(broken), tag(broken));
        }
    }

    #[test]
    fn whoever_has_a_page_is_known_by_its_tag() {
        let mut reply = Reply::default();
        let check = |reply: &Reply, has: &'static str, expected: bool| {
            assert_eq!(is_held(reply, Some(&HeaderValue::from_static(has))), expected, "{has}");
        };
        check(&reply, "*", false);
        reply.headers_mut().insert(ETAG, HeaderValue::from_static("W/\"a\""));
        check(&reply, "W/\"a\"", true);
        check(&reply, "\"b\", W/\"a\"", true);
        check(&reply, "*", true);
        check(&reply, "W/\"b\"", false);
        assert!(!is_held(&reply, None));
    }
}
