//! A mail's subject, encoded so that every mail program shows what was written.

use std::fmt::Write as _;

use lettre::message::header::{HeaderName, HeaderValue};

/// The Subject header. A text that already looks encoded (RFC 2047) is encoded again: mail programs would decode it to
/// anything, even to a line break and another header.
pub(super) fn header(text: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Subject");
    if text.contains("=?") {
        return HeaderValue::dangerous_new_pre_encoded(name, text.to_owned(), encoded_words(text));
    }
    HeaderValue::new(name, text.to_owned())
}

/// The whole text as encoded words, one a line. Only letters, digits and `_` are not written as `=XX`.
fn encoded_words(text: &str) -> String {
    // An encoded word has at most 75 characters; 12 of them surround the text.
    const MAX_TEXT_LEN: usize = 60;
    let mut words = vec![String::new()];
    for c in text.chars() {
        let mut encoded = String::new();
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            let _ = match byte {
                b' ' => encoded.write_char('_'),
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => encoded.write_char(char::from(byte)),
                _ => write!(encoded, "={byte:02X}"),
            };
        }
        match words.last_mut() {
            // A character must not be split between two words.
            Some(word) if word.len() + encoded.len() <= MAX_TEXT_LEN => word.push_str(&encoded),
            _ => words.push(encoded),
        }
    }
    let words: Vec<String> = words.iter().map(|word| format!("=?utf-8?Q?{word}?=")).collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_encoded_is_encoded_once_more() {
        assert_eq!(encoded_words("=?a? \r\né_"), "=?utf-8?Q?=3D=3Fa=3F_=0D=0A=C3=A9=5F?=");
        let long = encoded_words(&"夜x".repeat(20));
        assert!(long.lines().count() > 2 && long.lines().all(|line| line.trim().len() <= 75), "{long}");
    }
}
