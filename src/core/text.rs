//! Cuts and shows texts of strangers: never cut within a character, and without control characters.

/// The mark where a text was cut.
const MARK: char = '…';

/// As much of the beginning as fits into `max` bytes.
pub fn first_bytes(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// As much of the end as fits into `max` bytes.
pub fn last_bytes(text: &str, max: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(max))..]
}

/// The beginning and the end of a text that is longer than both may be, in bytes; `None`: it is not.
pub fn both_ends(text: &str, first: usize, last: usize) -> Option<(&str, &str)> {
    (text.len() > first + last).then(|| (first_bytes(text, first), last_bytes(text, last)))
}

/// The first `max` characters.
pub fn first_chars(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}

/// The first `max` characters, followed by `…` if there are more.
pub fn begun(text: &str, max: usize) -> String {
    let kept = first_chars(text, max);
    if kept.len() == text.len() { kept.to_owned() } else { format!("{kept}{MARK}") }
}

/// At most `max` characters. The last is `…` if something was cut.
pub fn cut(text: &str, max: usize) -> String {
    cut_counted(text, max, |_| 1)
}

/// At most `max` bytes, ending in `…` if something was cut.
pub fn cut_bytes(text: &str, max: usize) -> String {
    cut_counted(text, max, char::len_utf8)
}

/// At most `max` UTF-16 units. The last is `…` if something was cut.
pub fn cut_units(text: &str, max: usize) -> String {
    cut_counted(text, max, char::len_utf16)
}

/// The length of a text in UTF-16 units: a character beyond the basic plane counts twice.
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Cuts without leaving a blank before the mark. There must be room for the mark.
fn cut_counted(text: &str, max: usize, size: fn(char) -> usize) -> String {
    if text.chars().map(size).sum::<usize>() <= max {
        return text.to_owned();
    }
    let mut room = max.checked_sub(size(MARK)).expect("there is room for the mark of the cut");
    let mut has_room = |c: char| {
        let left = room.checked_sub(size(c));
        room = left.unwrap_or(0);
        left.is_some()
    };
    let kept: String = text.chars().take_while(|c| has_room(*c)).collect();
    format!("{}{MARK}", kept.trim_end())
}

/// At most `max` characters: the beginning and the end, which say most, with ` … ` where something was cut.
pub fn shortened(text: &str, max: usize) -> String {
    const BETWEEN: &str = " … ";
    let all = text.chars().count();
    if all <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(BETWEEN.chars().count());
    let first = first_chars(text, room / 2);
    let last: String = text.chars().skip(all - (room - room / 2)).collect();
    format!("{first}{BETWEEN}{last}")
}

/// Whether a terminal does something at this character instead of showing it; also what turns the order of letters
/// around, so that a text would look like another one, and what is no character, which YAML does not have.
pub fn is_command(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Replaces each control character, which a terminal would obey, with a blank.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The first `max` characters, with U+FFFD for each control character.
pub fn shown(text: &str, max: usize) -> String {
    let clean = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(max).map(clean).collect()
}

/// The first `max` characters, escaped as in source text, followed by `…` if there are more.
pub fn escaped(text: &str, max: usize) -> String {
    begun(text, max).chars().flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_has_whole_characters() {
        assert_eq!([7, 6, 5, 2, 1].map(|max| first_bytes("ééé", max)), ["ééé", "ééé", "éé", "é", ""]);
        assert_eq!([0, 2, 3, 9].map(|max| first_chars("ééé", max)), ["", "éé", "ééé", "ééé"]);
        assert_eq!([2, 3].map(|max| begun("ééé", max)), ["éé…", "ééé"]);
    }

    #[test]
    fn a_text_is_cut_in_the_unit_that_is_counted() {
        assert_eq!((units("a夜🚀"), units("")), (4, 0));
        assert_eq!(cut_units("a🚀🚀", 5), "a🚀🚀");
        assert_eq!(cut_units("a🚀🚀", 4), "a🚀…");
        assert_eq!(cut_units("a🚀b", 3), "a…");
        assert_eq!([4, 3, 1].map(|max| cut("a🚀🚀b", max)), ["a🚀🚀b", "a🚀…", "…"]);
        assert_eq!(cut("one two", 5), "one…");
        assert_eq!(shortened("0123456789", 10), "0123456789");
        assert_eq!(shortened("01234567890", 9), "012 … 890");
    }

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(cut_bytes("ééé", 6), "ééé");
        assert_eq!(cut_bytes("éééé", 7), "éé…");
        assert_eq!(cut_bytes("éééé", 6), "é…");
        // A smaller character that comes later would fit, but is left out: a text has no holes.
        assert_eq!(cut_bytes("éééa", 6), "é…");
    }

    #[test]
    fn what_is_shown_commands_no_terminal() {
        assert_eq!(one_line("a\nb\x1b[31m"), "a b [31m");
        assert_eq!(shown("a\nb\x1b[31m", 100), "a\u{fffd}b\u{fffd}[31m");
        assert_eq!(shown("ääää", 2), "ää");
        assert_eq!(escaped("a\u{1b}[31m\nb", 6), "a\\u{1b}[31m…");
    }
}
