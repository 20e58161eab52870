//! Parses the name of a zone, and guesses what a wrong name was meant to be.

use super::{Zones, current};
use crate::core::zone::Zone;

/// Longer than any IANA name, in bytes. An error never repeats more of a text than this.
const MAX_LEN: usize = 64;

/// Why a text is not a time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// The text is longer than any name.
    #[error("a time zone's name has at most {MAX_LEN} bytes, this one has {len}")]
    TooLong { len: usize },
    /// The text is almost a name.
    #[error("`{text}` is not an IANA time zone: did you mean `{}`?", .guess.name())]
    Nearly {
        /// The text as written.
        text: String,
        /// The zone that was probably meant.
        guess: Zone,
    },
    /// The text is an offset from UTC. As a zone it has a name with the opposite sign.
    #[error(
        "`{text}` is not an IANA time zone: name a place, such as `Europe/Berlin`, so that daylight saving \
         time is followed, or write `{}` (its sign is the other way round)", .zone.name()
    )]
    Offset {
        /// The text as written.
        text: String,
        /// The zone with this offset.
        zone: Zone,
    },
    /// The text resembles no name.
    #[error("`{text}` is not an IANA time zone: name a place, such as `Europe/Berlin`, or `UTC`")]
    Unknown {
        /// The text as written.
        text: String,
    },
}

/// The time zone with exactly this IANA name. An error guesses what else was meant.
pub fn parse_timezone(text: &str) -> Result<Zone, ZoneError> {
    current().parse(text)
}

impl Zones {
    /// The time zone with exactly this IANA name. An error guesses what else was meant.
    pub fn parse(&self, text: &str) -> Result<Zone, ZoneError> {
        if text.len() > MAX_LEN {
            return Err(ZoneError::TooLong { len: text.len() });
        }
        if let Some(zone) = self.get(text) {
            return Ok(zone);
        }
        let shown = text.escape_debug().to_string();
        // Offsets first: `GMT-5` is almost the name `Etc/GMT-5`, which is ten hours away from it.
        Err(if let Some(zone) = self.at_offset(text) {
            ZoneError::Offset { text: shown, zone }
        } else if let Some(guess) = self.nearly(text) {
            ZoneError::Nearly { text: shown, guess }
        } else {
            ZoneError::Unknown { text: shown }
        })
    }

    /// Finds a name in other case, with spaces for underscores, or by its last part alone.
    fn nearly(&self, text: &str) -> Option<Zone> {
        let wanted = text.trim().replace(' ', "_");
        let is_whole = |name: &&str| name.eq_ignore_ascii_case(&wanted);
        let is_place =
            |name: &&str| name.rsplit_once('/').is_some_and(|(_, place)| place.eq_ignore_ascii_case(&wanted));
        let name = self.names().find(is_whole).or_else(|| self.names().find(is_place))?;
        self.get(name)
    }

    /// Parses `UTC+2`, `GMT-5`, `+02:00`; whole hours only.
    fn at_offset(&self, text: &str) -> Option<Zone> {
        let upper = text.trim().to_ascii_uppercase();
        let offset = upper.trim_start_matches("UTC").trim_start_matches("GMT").trim_start();
        let (sign, hours) = match offset.strip_prefix('+') {
            Some(hours) => ('-', hours),
            None => ('+', offset.strip_prefix('-')?),
        };
        let hours: u8 = hours.strip_suffix(":00").unwrap_or(hours).parse().ok()?;
        self.get(&format!("Etc/GMT{sign}{hours}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zones::parse_timezone;

    fn check(text: &str, expected: &str) {
        let told = parse_timezone(text).map_or_else(|error| error.to_string(), |zone| zone.name().to_owned());
        assert_eq!(told, expected);
    }

    #[test]
    fn every_iana_name_is_read() {
        for name in Zone::bundled_names() {
            assert_eq!(parse_timezone(name).map(Zone::name), Ok(name));
        }
    }

    #[test]
    fn nearly_a_name_is_refused_with_a_guess() {
        let nearly = |text: &str, guess: &str| {
            check(text, &format!("`{text}` is not an IANA time zone: did you mean `{guess}`?"));
        };
        nearly("europe/berlin", "Europe/Berlin");
        nearly("utc", "UTC");
        nearly("America/New York", "America/New_York");
        nearly(" Europe/Berlin", "Europe/Berlin");
        nearly("berlin", "Europe/Berlin");
        nearly("new york", "America/New_York");
        nearly("buenos_aires", "America/Argentina/Buenos_Aires");
    }

    #[test]
    fn offsets_are_refused_with_the_zone_of_the_opposite_sign() {
        let offset = |text: &str, zone: &str| {
            let told = format!(
                "`{text}` is not an IANA time zone: name a place, such as `Europe/Berlin`, so that daylight \
                 saving time is followed, or write `{zone}` (its sign is the other way round)"
            );
            check(text, &told);
        };
        offset("UTC+2", "Etc/GMT-2");
        offset("GMT-5", "Etc/GMT+5");
        offset("utc -11", "Etc/GMT+11");
        offset("+02:00", "Etc/GMT-2");
    }

    #[test]
    fn anything_else_is_refused() {
        let unknown = |text: &str, shown: &str| {
            let told = "is not an IANA time zone: name a place, such as `Europe/Berlin`, or `UTC`";
            check(text, &format!("`{shown}` {told}"));
        };
        unknown("", "");
        unknown("PST", "PST");
        unknown("UTC+25", "UTC+25");
        unknown("+05:30", "+05:30");
        unknown("UTC+", "UTC+");
        unknown("Mars/Olympus", "Mars/Olympus");
        unknown("\u{1b}[2J", "\\u{1b}[2J");
        check(&"x".repeat(65), "a time zone's name has at most 64 bytes, this one has 65");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_refused_or_read(text in "\\PC{0,70}|(UTC|GMT)?[-+0-9:]{0,6}") {
            if let Ok(zone) = parse_timezone(&text) {
                proptest::prop_assert_eq!(zone.name(), text);
            }
        }
    }
}
