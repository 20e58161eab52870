//! Time zones by their IANA names, and those among them that mislead.

use chrono_tz::{TZ_VARIANTS, Tz};

/// Longer than any IANA name, in bytes; no more of a wrong one is repeated in an error.
const MAX_LEN: usize = 64;

/// Why a text is no time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// Longer than any name.
    #[error("a time zone's name has at most {MAX_LEN} bytes, this one has {len}")]
    TooLong {
        /// Its bytes.
        len: usize,
    },
    /// Nearly a name.
    #[error("`{text}` is not an IANA time zone: did you mean `{}`?", .guess.name())]
    Nearly {
        /// What was written.
        text: String,
        /// What is probably meant.
        guess: Tz,
    },
    /// A distance from UTC, which is a zone of its own only under a name with the opposite sign.
    #[error(
        "`{text}` is not an IANA time zone: name a place, such as `Europe/Berlin`, so that daylight saving \
         time is followed, or write `{}` (its sign is the other way round)", .zone.name()
    )]
    Offset {
        /// What was written.
        text: String,
        /// The zone of this offset.
        zone: Tz,
    },
    /// Nothing like a name.
    #[error("`{text}` is not an IANA time zone: name a place, such as `Europe/Berlin`, or `UTC`")]
    Unknown {
        /// What was written.
        text: String,
    },
}

/// The time zone of this exact IANA name; an error guesses at what else is meant.
pub fn parse_timezone(text: &str) -> Result<Tz, ZoneError> {
    if text.len() > MAX_LEN {
        return Err(ZoneError::TooLong { len: text.len() });
    }
    if let Ok(zone) = text.parse() {
        return Ok(zone);
    }
    let shown = text.escape_debug().to_string();
    // Offsets first: `GMT-5` is nearly the name `Etc/GMT-5`, which is ten hours away from it.
    Err(if let Some(zone) = from_offset(text) {
        ZoneError::Offset { text: shown, zone }
    } else if let Some(guess) = nearly(text) {
        ZoneError::Nearly { text: shown, guess }
    } else {
        ZoneError::Unknown { text: shown }
    })
}

/// Whether the zone's name misleads about daylight saving time or its offset, as `EST` does.
pub fn is_est_like(zone: Tz) -> bool {
    est_like_warning(zone).is_some()
}

/// What will disappoint whoever names this zone, and what to write instead; none for zones of places and UTC.
pub fn est_like_warning(zone: Tz) -> Option<String> {
    let name = zone.name();
    let (truth, better) = match name {
        "EST" => ("is UTC-05:00 all year, without daylight saving time", "America/New_York"),
        "MST" => ("is UTC-07:00 all year, without daylight saving time", "America/Denver"),
        "HST" => ("is UTC-10:00 all year, an old name that is not of a place", "Pacific/Honolulu"),
        "EST5EDT" => ("is an old name that is not of a place", "America/New_York"),
        "CST6CDT" => ("is an old name that is not of a place", "America/Chicago"),
        "MST7MDT" => ("is an old name that is not of a place", "America/Denver"),
        "PST8PDT" => ("is an old name that is not of a place", "America/Los_Angeles"),
        "CET" | "MET" => ("is UTC+02:00 in summer, although it says standard time", "Europe/Berlin"),
        "EET" => ("is UTC+03:00 in summer, although it says standard time", "Europe/Helsinki"),
        "WET" => ("is UTC+01:00 in summer, although it says standard time", "Europe/Lisbon"),
        _ => {
            let west: i32 = name.strip_prefix("Etc/GMT")?.parse().ok().filter(|west| *west != 0)?;
            let sign = if west < 0 { '+' } else { '-' };
            return Some(format!(
                "timezone `{name}` is UTC{sign}{:02}:00 all year, its sign the other way round, without daylight \
                 saving time: name a place, such as `Europe/Berlin`",
                west.abs(),
            ));
        }
    };
    Some(format!("timezone `{name}` {truth}: name a place, such as `{better}`"))
}

/// The name with other case, spaces for underscores, or its last part alone.
fn nearly(text: &str) -> Option<Tz> {
    let wanted = text.trim().replace(' ', "_");
    let is_whole = |zone: &&Tz| zone.name().eq_ignore_ascii_case(&wanted);
    let is_place = |zone: &&Tz| {
        zone.name().rsplit_once('/').is_some_and(|(_, place)| place.eq_ignore_ascii_case(&wanted))
    };
    TZ_VARIANTS.iter().find(is_whole).or_else(|| TZ_VARIANTS.iter().find(is_place)).copied()
}

/// `UTC+2`, `GMT-5`, `+02:00`: whole hours.
fn from_offset(text: &str) -> Option<Tz> {
    let upper = text.trim().to_ascii_uppercase();
    let offset = upper.trim_start_matches("UTC").trim_start_matches("GMT").trim_start();
    let (sign, hours) = match offset.strip_prefix('+') {
        Some(hours) => ('-', hours),
        None => ('+', offset.strip_prefix('-')?),
    };
    let hours: u8 = hours.strip_suffix(":00").unwrap_or(hours).parse().ok()?;
    format!("Etc/GMT{sign}{hours}").parse().ok()
}

#[cfg(test)]
mod tests {
    use chrono::{Offset, TimeZone};

    use super::*;

    fn check(text: &str, expected: &str) {
        let told = parse_timezone(text).map_or_else(|error| error.to_string(), |zone| zone.name().to_owned());
        assert_eq!(told, expected);
    }

    #[test]
    fn every_iana_name_is_read() {
        for zone in TZ_VARIANTS {
            assert_eq!(parse_timezone(zone.name()), Ok(zone));
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

    /// Seconds ahead of UTC in January and July 2026.
    fn offsets(zone: Tz) -> [i32; 2] {
        [1_768_000_000, 1_784_000_000].map(|secs| {
            let utc = chrono::DateTime::from_timestamp(secs, 0).unwrap().naive_utc();
            zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
        })
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_refused_or_read(text in "\\PC{0,70}|(UTC|GMT)?[-+0-9:]{0,6}") {
            if let Ok(zone) = parse_timezone(&text) {
                proptest::prop_assert_eq!(zone.name(), text);
            }
        }
    }

    #[test]
    fn warnings_tell_the_offset_that_the_zone_has() {
        let mut told = 0;
        for zone in TZ_VARIANTS {
            let Some(warning) = est_like_warning(zone) else { continue };
            let [winter, summer] = offsets(zone);
            let summer_text = format!("UTC{:+03}:00", summer / 3600);
            assert_eq!(warning.contains(&format!("{summer_text} all year")), winter == summer, "{warning}");
            assert_eq!(
                warning.contains(&summer_text),
                winter == summer || !warning.contains("old name"),
                "{warning}"
            );
            let (_, better) = warning.rsplit_once("such as `").unwrap();
            let better = parse_timezone(better.trim_end_matches('`')).unwrap();
            assert!(!is_est_like(better), "{warning}");
            told += 1;
        }
        // Eleven abbreviations, and Etc/GMT from -14 to +12 without 0.
        assert_eq!(told, 11 + 26);
    }

    #[test]
    fn a_warning_says_what_to_write_instead() {
        let warning = |zone: &str| est_like_warning(zone.parse().unwrap()).unwrap_or_default();
        assert_eq!(
            warning("EST"),
            "timezone `EST` is UTC-05:00 all year, without daylight saving time: name a place, such as `America/New_York`"
        );
        assert_eq!(
            warning("CET"),
            "timezone `CET` is UTC+02:00 in summer, although it says standard time: name a place, such as `Europe/Berlin`"
        );
        assert_eq!(
            warning("Etc/GMT+5"),
            "timezone `Etc/GMT+5` is UTC-05:00 all year, its sign the other way round, without daylight saving \
             time: name a place, such as `Europe/Berlin`"
        );
        for zone in ["UTC", "Etc/UTC", "GMT", "Etc/GMT-0", "Zulu", "Europe/Berlin", "Iceland"] {
            assert_eq!(warning(zone), "", "{zone}");
        }
    }
}
