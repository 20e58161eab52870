//! The tag of a page (`ETag`): another one if anything changed that it shows, and the same while only time goes by.

use maud::Markup;
use sha2::{Digest as _, Sha256};

use super::super::hash::version;

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
}
