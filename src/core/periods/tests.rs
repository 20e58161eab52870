//! 2.6: coal-mine's answers, a second implementation that walks minute by minute, the words of refusals, and run times.

use std::time::{Duration, Instant};

use chrono::{Datelike, Timelike};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

/// coal-mine's answers; the file's first line explains them.
const VECTORS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/periods-vectors.csv"));

fn time(text: &str) -> Time {
    // Ranges are given to the minute.
    let text = if text.len() == 17 { text.replace('Z', ":00Z") } else { text.to_owned() };
    Time::from_ms(chrono::DateTime::parse_from_rfc3339(&text).unwrap().timestamp_millis())
}

fn periods(text: &str) -> Periods {
    Periods::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn shown(range: &PeriodRange) -> String {
    let minute = |time: Time| time.to_utc().format("%Y-%m-%dT%H:%MZ").to_string();
    let period = range.period.map_or("Inactive".to_owned(), |period| format!("{:?}", period.as_secs_f64()));
    format!("{} {} {period}", minute(range.start), minute(range.end))
}

/// 2.6.
#[test]
fn deadlines_are_those_of_coal_mine() {
    let mut checked = 0;
    for line in VECTORS.lines() {
        let ["deadline", text, whence, expected] = line.split('|').collect::<Vec<_>>()[..] else { continue };
        assert_eq!(periods(text).deadline(time(whence)), Some(time(expected)), "{text} from {whence}");
        checked += 1;
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn ranges_are_those_of_coal_mine() {
    let mut checked = 0;
    for line in VECTORS.lines() {
        let fields: Vec<_> = line.split('|').collect();
        let ["ranges", text, from, count, ..] = fields[..] else { continue };
        let ranges = periods(text).ranges(time(from));
        let mut picked: Vec<String> = ranges.iter().take(3).map(shown).collect();
        picked.extend(ranges.iter().skip(3).next_back().map(shown));
        assert_eq!(
            (ranges.len().to_string(), picked.join("|")),
            (count.to_owned(), fields[4..].join("|")),
            "{line}"
        );
        checked += 1;
    }
    assert!(checked > 30, "{checked}");
}

/// coal-mine counts a gap as an entry that was seen, and so shows fewer ranges than its manual says.
#[test]
fn ranges_go_on_until_every_entry_was_in_one() {
    let ranges = periods("* * 13 * fri 3600; * * 1-7 * mon 1800").ranges(time("2026-11-20T12:30Z"));
    assert_eq!(shown(ranges.last().unwrap()), "2027-08-13T00:00Z 2027-08-13T23:59Z 3600.0");
    let ranges = periods("* * * * mon 60; * * 29 2 tue-sun 60").ranges(time("2097-01-01T00:00Z"));
    assert_eq!(shown(ranges.last().unwrap()), "2104-02-29T00:00Z 2104-02-29T23:59Z 60.0");
}

#[test]
fn ranges_are_bounded_in_number_and_in_years() {
    let ranges = periods("*/2 * * * 1-6 60; * * 29 2 sun 60").ranges(time("2026-11-20T12:30Z"));
    assert_eq!(ranges.len(), MAX_RANGES);
    let ranges =
        periods("* * 1-28 * * 60; * * 29-31 1,3-12 * 90; * * 29 2 sun 60").ranges(time("2026-11-20T12:30Z"));
    assert!(ranges.last().unwrap().end < time("2036-12-31T00:00Z"));
    // Two entries that together make one endless range.
    let ranges = periods("*/2 * * * * 45; 1-59/2 * * * * 45").ranges(time("2026-11-20T12:30Z"));
    assert_eq!(ranges.iter().map(shown).collect::<Vec<_>>(), ["2026-11-20T12:30Z 2026-11-27T12:30Z 45.0"]);
}

#[test]
fn nothing_is_due_beyond_the_supported_years() {
    let always = periods("* * * * * 300");
    for whence in [Time::MAX, time("2201-01-01T00:00Z")] {
        assert_eq!(always.deadline(whence), None, "{whence}");
        assert!(always.ranges(whence).len() <= 2);
    }
    assert_eq!(always.deadline(Time::MIN), Some(time("1900-01-01T00:05Z")));
}

#[test]
fn weekdays_are_written_as_in_coal_mine() {
    let same = |one: &str, other: &str| assert_eq!(periods(one).entries, periods(other).entries);
    same("* * * * L5 60", "* * * * 5L 60");
    same("* * * * l0 60", "* * * * 7L 60");
    same("* * * * sat-sun 60", "* * * * 0,6 60");
    same("* * * * FRI-0/2 60", "* * * * 5,7 60");
    // As in coal-mine, where a 0 that ends a range always belongs to the next week.
    same("* * * * 0-0 60", "* * * * * 60");
    same("* * ? * ? 60", "* * * * * 60");
    same(" # at night;;* * * JAN * 1e2 ; # by day;", "* * * 1 * 100.0");
}

fn refused(text: &str, expected: &str) {
    assert_eq!(Periods::parse(text).unwrap_err().to_string(), expected);
}

#[test]
fn refusals_say_what_would_be_right() {
    refused("", "a schedule of periods needs an entry: `* * * * * 300` is every 300 seconds at any time");
    refused(
        "# * * * * * 300",
        "a schedule of periods needs an entry: `* * * * * 300` is every 300 seconds at any time",
    );
    refused("* * * * * 300\n", "a schedule of periods is one line: its entries are joined by `;`");
    refused(
        "* * * * 300",
        "`* * * * 300` must have 6 words (minute, hour, day of month, month, day of week, seconds), not 5",
    );
    refused(
        "* * 30 feb * 300",
        "`* * 30 feb * 300`: never occurs: no year has a day `30` in month `feb` with day of week `*`",
    );
    refused(
        "*/0 * * * * 300",
        "`*/0 * * * * 300`: minute: `*/0` must have a step from 1 to 9999 after the `/`",
    );
    refused(
        "99999999999999999999999 * * * * 300",
        "`99999999999999999999999 * * * * 300`: minute: `99999999999999999999999` must be a number from 0 to 59",
    );
    for secs in
        ["0", "-1", "nan", "inf", "-inf", "1e-9", "99999999999999999999999", "1e400", "5m", "315360000.1"]
    {
        let entry = format!("* * * * * {secs}");
        let words = "must end with the period in seconds, more than 0 and at most 315360000";
        refused(&entry, &format!("`{entry}` {words}"));
    }
}

#[test]
fn entries_that_ever_overlap_are_refused() {
    let overlap = |first: &str, second: &str| {
        let words = format!("`{first}` and `{second}` overlap: at any minute only one period can apply");
        refused(&format!("# x; {first} ;{second}; * * * * * 1"), &words);
    };
    overlap("* * * * sat,sun 60", "* 0-11 2-31 * * 90");
    overlap("1-59 * 2-31 * * 60", "1-59 * 2-31 * * 60");
    // Only on a Sunday in a leap year.
    overlap("* * 29 2 * 60", "5 5 L * sun 90");
    overlap("* * L * fri 60", "59 23 30-31 * L5 60");
    periods("* * 29 2 * 60; 5 5 28 * * 90");
    periods("* * 1-7 * mon 60; * * * * L1 90");
}

/// It takes 50 ms in a debug build on an idle machine. This only tells bounded work from unbounded work.
fn soon<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = act();
    assert!(begun.elapsed() < Duration::from_secs(2), "{what}: {:?}", begun.elapsed());
    result
}

#[test]
fn hostile_texts_are_answered_soon() {
    let long = |part: &str| part.repeat(MAX_LEN / part.len());
    for text in [
        long("* * * * * 1;"),
        long(";"),
        long("#"),
        long("1,"),
        long("*"),
        long("\u{1f4a9}"),
        "* ".repeat(1 << 20),
    ] {
        assert!(soon("refused", || Periods::parse(&text)).is_err());
    }
    let max_secs = MAX_PERIOD.as_ms() / 1000;
    let joined = |entry: &dyn Fn(usize) -> String| (0..MAX_ENTRIES).map(entry).collect::<Vec<_>>().join(";");
    // Every minute of odd days by other entries than every minute of even days; and dates that seldom come.
    let days = |n: usize| if n.is_multiple_of(2) { "1-31/2" } else { "2-30/2" };
    let minutes = |n: usize| format!("{}-59/32 * {} * * {max_secs}", n / 2, days(n));
    let whole = |n: usize| {
        format!(
            "{} * {} * * {max_secs}",
            (n / 2 * 2..n / 2 * 2 + 2).map(|m| m.to_string()).collect::<Vec<_>>().join(","),
            days(n)
        )
    };
    let rare = |n: usize| format!("{} {} 29 2 sun {max_secs}", n % 60, n / 60);
    // Each day of the month is covered in another way: more ways than are cached.
    let pairs = (1..30).map(|n| format!("{n},{} * * * * {max_secs}", n + 30));
    let each_day = (1..32).map(|n| format!("0,30 * {n} * * {max_secs}"));
    let many_ways = pairs.chain(each_day).collect::<Vec<_>>().join(";");
    let each_minute = |n: usize| format!("{} * * * * {}", n % 60, if n < 60 { n + 1 } else { 0 });
    for (name, text) in [
        ("minutes", joined(&minutes)),
        ("whole days", (0..60).map(whole).collect::<Vec<_>>().join(";")),
        ("rare", joined(&rare)),
        ("many ways", many_ways),
        ("each minute", (0..60).map(each_minute).collect::<Vec<_>>().join(";")),
    ] {
        let periods = soon(&format!("{name}: parse"), || periods(&text));
        for whence in ["2026-11-20T12:30Z", "2026-01-31T23:59Z", "2028-02-29T00:00Z", "2190-01-01T00:00Z"] {
            soon(&format!("{name}: deadline"), || periods.deadline(time(whence)));
            soon(&format!("{name}: ranges"), || periods.ranges(time(whence)));
        }
    }
}

/// A field and the numbers that it means.
type Numbers = (String, Vec<u32>);

fn some_of(low: u32, high: u32) -> impl Strategy<Value = Numbers> {
    let all: Vec<u32> = (low..=high).collect();
    let list = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    prop_oneof![
        3 => Just(("*".to_owned(), all.clone())),
        1 => (low..=high, low..=high).prop_map(|(a, b)| (a.min(b), a.max(b)))
            .prop_map(|(a, b)| (if a == b { a.to_string() } else { format!("{a}-{b}") }, (a..=b).collect())),
        1 => subsequence(all, 1..5).prop_map(move |numbers| (list(&numbers), numbers)),
    ]
}

/// A schedule whose entries use different hours, and so do not overlap.
#[derive(Clone)]
struct Naive {
    entries: Vec<([Numbers; 5], i64)>,
}

impl std::fmt::Debug for Naive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text().fmt(f)
    }
}

impl Naive {
    fn text(&self) -> String {
        let entry = |(fields, secs): &([Numbers; 5], i64)| {
            fields
                .iter()
                .map(|field| field.0.as_str())
                .chain([secs.to_string().as_str()])
                .collect::<Vec<_>>()
                .join(" ")
        };
        self.entries.iter().map(entry).collect::<Vec<_>>().join("; ")
    }

    /// The seconds that apply in a minute.
    fn at(&self, minute: i64) -> Option<i64> {
        let time = chrono::DateTime::from_timestamp(minute * 60, 0).unwrap();
        let now =
            [time.minute(), time.hour(), time.day(), time.month(), time.weekday().num_days_from_sunday()];
        let holds =
            |entry: &&([Numbers; 5], i64)| entry.0.iter().zip(now).all(|(field, now)| field.1.contains(&now));
        self.entries.iter().find(holds).map(|entry| entry.1)
    }

    /// The first minute of the next range.
    fn next(&self, minute: i64) -> i64 {
        let here = self.at(minute);
        (minute + 1..).find(|next| self.at(*next) != here).unwrap()
    }

    fn deadline(&self, whence_ms: i64) -> i64 {
        let minute = whence_ms.div_euclid(60_000);
        let mut next = self.next(minute);
        if let Some(secs) = self.at(minute) {
            if whence_ms + secs * 1000 <= (next - 1) * 60_000 {
                return whence_ms + secs * 1000;
            }
            if let Some(secs) = self.at(next) {
                return (next * 60_000).max(whence_ms + secs * 1000);
            }
            next = self.next(next);
        }
        next * 60_000 + self.at(next).unwrap() * 1000
    }
}

fn naive() -> impl Strategy<Value = Naive> {
    let entry = |hours: Vec<u32>| {
        let list = hours.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let secs = select(vec![1_i64, 30, 60, 90, 600, 3600, 5000, 86_400, 200_000]);
        (some_of(0, 59), some_of(1, 31), some_of(0, 6), secs).prop_map(
            move |(minutes, days, weekdays, secs)| {
                let months = ("*".to_owned(), (1..=12).collect());
                ([minutes, (list.clone(), hours.clone()), days, months, weekdays], secs)
            },
        )
    };
    // Whole days are among them, so that something changes within a week and the naive search ends.
    let hours = prop_oneof![
        Just(vec![vec![0, 1, 2, 3], vec![4, 5, 6], (8..24).collect()]),
        Just(vec![(0..12).collect(), (12..24).collect()]),
        Just(vec![(0..23).collect::<Vec<u32>>()]),
        Just(vec![vec![2], vec![3, 5], vec![4], vec![23]]),
    ];
    hours
        .prop_flat_map(move |hours| hours.into_iter().map(entry).collect::<Vec<_>>())
        .prop_map(|entries| Naive { entries })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn agrees_with_walking_every_minute(naive in naive(), whence_ms in 1_795_000_000_000_i64..1_800_000_000_000) {
        // For schedules whose days hardly ever come, the naive search would not end.
        prop_assume!((0..28 * 1440).any(|minute| naive.at(whence_ms / 60_000 + minute).is_some()));
        prop_assume!((0..28 * 1440).any(|minute| naive.at(whence_ms / 60_000 + minute).is_none()));
        let periods = periods(&naive.text());
        let whence = Time::from_ms(whence_ms);
        let deadline = periods.deadline(whence).unwrap();
        prop_assert!(deadline > whence);
        prop_assert_eq!(deadline, Time::from_ms(naive.deadline(whence_ms)));
        let mut start = whence_ms.div_euclid(60_000);
        for range in periods.ranges(whence).iter().take(20) {
            prop_assert_eq!(range.start, time_of(start));
            prop_assert_eq!(range.period.map(|period| period.as_ms() / 1000), naive.at(start));
            if range.end >= whence + Span::mins(7 * MINUTES_PER_DAY - 1) {
                break;
            }
            start = naive.next(start);
            prop_assert_eq!(range.end, time_of(start - 1));
        }
    }

    /// Within one range, and within one gap, a later success never has an earlier deadline.
    #[test]
    fn deadlines_rise_within_a_range(naive in naive(), whence_ms in 1_795_000_000_000_i64..1_800_000_000_000, later_ms in 0_i64..7_200_000) {
        let periods = periods(&naive.text());
        let (whence, later) = (Time::from_ms(whence_ms), Time::from_ms(whence_ms + later_ms));
        let range = periods.ranges(whence)[0];
        prop_assume!(later < range.end);
        prop_assert!(periods.deadline(whence) <= periods.deadline(later));
    }

    #[test]
    fn no_text_is_too_much(text in "[0-9*/,#?L; a-z-]{0,60}( [*0-9]+){0,6}") {
        if let Ok(periods) = Periods::parse(&text) {
            periods.deadline(Time::from_secs(1_800_000_000));
        }
    }
}
