//! The parts of a long body that are not kept.

use crate::store::PingFact;
use crate::store::row::PING_BODY_CUT;

/// The parts of a body that are not kept. By default, nothing is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The number of bytes between the first [`PingFact::FIRST_BODY_BYTES`] and the rest.
    pub between: u64,
    /// Whether the end is missing too. Its length is unknown.
    pub end: bool,
}

impl LeftOut {
    /// Parses a row. `between` is `None` in rows of a version that kept only the beginning.
    pub(in crate::store) fn read(between: Option<i64>, flags: u8) -> LeftOut {
        let between = between.map_or(0, |bytes| u64::try_from(bytes).unwrap_or(0));
        LeftOut { between, end: flags & PING_BODY_CUT != 0 }
    }

    /// Whether anything is left out.
    pub fn is_any(self) -> bool {
        self != LeftOut::default()
    }

    /// The body with a line where something is left out. No character is shown in part.
    pub(in crate::store) fn marked(self, mut body: Vec<u8>) -> Vec<u8> {
        if self.between > 0 {
            let rest = body.split_off(body.len().min(PingFact::FIRST_BODY_BYTES));
            let (first, last) = (whole_beginning(&body), whole_end(&rest));
            let left_out = self.between + (body.len() - first.len() + rest.len() - last.len()) as u64;
            let mark = format!("\n[… {left_out} bytes left out …]\n");
            body = [first, mark.as_bytes(), last].concat();
        }
        if self.end {
            let kept = whole_beginning(&body).len();
            body.truncate(kept);
            body.extend_from_slice("\n[… its end is not kept …]\n".as_bytes());
        }
        body
    }
}

/// Removes an incomplete UTF-8 character from the end.
fn whole_beginning(bytes: &[u8]) -> &[u8] {
    let tail = bytes.len().saturating_sub(4);
    match bytes[tail..].utf8_chunks().last() {
        // Other bytes that are not UTF-8 stay as they are: the body may not be text at all.
        Some(chunk) if is_begun(chunk.invalid()) => &bytes[..bytes.len() - chunk.invalid().len()],
        _ => bytes,
    }
}

/// Whether the bytes are the beginning of a UTF-8 character and not all of it.
fn is_begun(bytes: &[u8]) -> bool {
    let length = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 0,
    };
    bytes.len() < length
}

/// Removes an incomplete UTF-8 character from the beginning.
fn whole_end(bytes: &[u8]) -> &[u8] {
    let is_inside = |byte: &&u8| matches!(byte, 0x80..=0xbf);
    let inside = bytes.iter().take_while(is_inside).count();
    // More than three such bytes are not part of a character.
    if inside <= 3 { &bytes[inside..] } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_how_much_is_left_out_and_no_character_is_cut() {
        let first = PingFact::FIRST_BODY_BYTES;
        let whole = "ä€😀".repeat(2_000).into_bytes();
        for (at, from) in
            (first - 9..=first).flat_map(|at| (0..9).map(move |from| (at, whole_length() - from - 100)))
        {
            // The beginning always has its full length; what precedes the character shifts it.
            let mut body = vec![b'x'; first - at];
            body.extend_from_slice(&whole[..at]);
            body.extend_from_slice(&whole[from..]);
            let between = (from - at) as u64;
            let marked = LeftOut { between, end: false }.marked(body);
            let marked = String::from_utf8(marked).expect("no character is cut");
            let (shown, rest) = marked.split_once("\n[… ").unwrap();
            let (count, last) = rest.split_once(" bytes left out …]\n").unwrap();
            let all = shown.len() - (first - at) + count.parse::<usize>().unwrap() + last.len();
            assert_eq!(all, whole.len(), "{at} {from}");
        }
    }

    fn whole_length() -> usize {
        "ä€😀".len() * 2_000
    }

    #[test]
    fn what_is_no_text_stays_as_it_is() {
        let bytes = vec![0xff; 10_000];
        let marked = LeftOut { between: 5, end: false }.marked(bytes.clone());
        assert!(marked.starts_with(&bytes[..2_000]) && marked.ends_with(&bytes[2_000..]));
        assert_eq!(LeftOut::default().marked(bytes.clone()), bytes);
        let old = LeftOut { between: 0, end: true }.marked(b"so far \xe2\x82".to_vec());
        assert_eq!(String::from_utf8(old).unwrap(), "so far \n[… its end is not kept …]\n");
    }
}
