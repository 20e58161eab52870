//! 2.2: the vectors, a second implementation, relations that always hold, and the words of refusals.

use chrono::{DateTime, Datelike, Utc};
use proptest::prelude::*;
use proptest::sample::select;

use super::{Cron, CronError, MAX_LEN};
use crate::core::time::Time;
use crate::core::zone::Zone;

/// `class,expression,timezone,start,next,previous`: times in seconds since the epoch.
const VECTORS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cron-vectors.csv"));

#[test]
fn agrees_with_every_vector() {
    let mut rows = 0;
    for row in VECTORS.lines().skip(1) {
        // Only expressions contain commas, and then they are quoted.
        let (expression, rest) = match row.split_once(",\"") {
            Some((_, rest)) => rest.split_once("\",").unwrap(),
            None => row.split_once(',').unwrap().1.split_once(',').unwrap(),
        };
        let [zone, start, next, previous] = rest.split(',').collect::<Vec<_>>().try_into().unwrap();
        let zone = Zone::bundled(zone).unwrap();
        let time = |secs: &str| Time::from_secs(secs.parse().unwrap());
        let cron = Cron::parse(expression).unwrap_or_else(|error| panic!("{row}: {error}"));
        assert_eq!(cron.next_after(zone, time(start)), Some(time(next)), "next of {row}");
        assert_eq!(cron.prev_before(zone, time(start)), Some(time(previous)), "previous of {row}");
        rows += 1;
    }
    assert_eq!(rows, 2000);
}

/// Any form of a field of plain numbers.
fn field(low: u32, high: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => (low..=high).prop_map(|number| number.to_string()),
        1 => (1..=high).prop_map(|step| format!("*/{step}")),
        2 => (low..=high, low..=high).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => prop::collection::vec(low..=high, 1..5)
            .prop_map(|list| list.iter().map(u32::to_string).collect::<Vec<_>>().join(",")),
    ]
}

/// Sunday is 0 here and 1 in the crate `cron`.
fn weekdays_from_one(field: &str) -> String {
    let list = field.split(',').map(|part| match part.split_once('-') {
        None if part.starts_with('*') => part.to_owned(),
        None => (part.parse::<u32>().unwrap() + 1).to_string(),
        Some((low, high)) => {
            format!("{}-{}", low.parse::<u32>().unwrap() + 1, high.parse::<u32>().unwrap() + 1)
        }
    });
    list.collect::<Vec<_>>().join(",")
}

/// All built-in zones, parsed once.
fn zones() -> Vec<Zone> {
    static ZONES: std::sync::LazyLock<Vec<Zone>> =
        std::sync::LazyLock::new(|| Zone::bundled_names().filter_map(Zone::bundled).collect());
    ZONES.clone()
}

fn utc(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(secs, 0).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    // In UTC and with one free day field, the crate `cron` follows the same rules; it ends in 2099.
    #[test]
    fn agrees_with_the_crate_cron(
        minute in field(0, 59), hour in field(0, 23), month in field(1, 12),
        (day, weekday) in prop_oneof![
            field(1, 31).prop_map(|day| (day, "*".to_owned())),
            field(0, 6).prop_map(|weekday| ("*".to_owned(), weekday)),
        ],
        start in 315_532_800i64..2_840_140_800,
    ) {
        let ours = Cron::parse(&format!("{minute} {hour} {day} {month} {weekday}"));
        let theirs = format!("0 {minute} {hour} {day} {month} {}", weekdays_from_one(&weekday));
        let theirs: ::cron::Schedule = theirs.parse().unwrap();
        let next = theirs.after(&utc(start)).next();
        let previous = theirs.after(&utc(start)).next_back();
        match ours {
            Ok(ours) => {
                let ours_next = ours.next_after(Zone::UTC, Time::from_secs(start)).map(Time::to_utc);
                let ours_previous = ours.prev_before(Zone::UTC, Time::from_secs(start)).map(Time::to_utc);
                prop_assert_eq!((ours_next, ours_previous), (next, previous));
            }
            Err(error) => {
                let is_never = matches!(error, CronError::NeverOccurs { .. });
                prop_assert!(is_never && next.is_none() && previous.is_none(), "{} {:?}", error, next);
            }
        }
    }

    #[test]
    fn next_and_previous_are_each_other_reversed(
        minute in field(0, 59), hour in field(0, 23),
        day in prop_oneof![3 => field(1, 31), 1 => select(vec!["L".to_owned(), "LW".into(), "3,L".into()])],
        month in field(1, 12),
        weekday in prop_oneof![3 => field(0, 7), 1 => select(vec!["5L".to_owned(), "MON#1".into(), "2#5".into()])],
        zone in select(zones()),
        // From 1941 to 2160, where every expression has an occurrence on both sides.
        mut start in -915_148_800_000i64..5_995_900_800_000, later in 0i64..100_000_000_000,
        is_whole_minute: bool,
    ) {
        let Ok(cron) = Cron::parse(&format!("{minute} {hour} {day} {month} {weekday}")) else { return Ok(()) };
        if is_whole_minute {
            start = start.div_euclid(60_000) * 60_000;
        }
        let start = Time::from_ms(start);
        let later = Time::from_ms(start.as_ms() + later);
        let next = cron.next_after(zone, start).unwrap();
        let previous = cron.prev_before(zone, start).unwrap();
        prop_assert!(previous < start && start < next);
        let is_occurrence = cron.next_after(zone, previous) == Some(start);
        prop_assert_eq!(cron.next_after(zone, previous), Some(if is_occurrence { start } else { next }));
        prop_assert_eq!(cron.prev_before(zone, next), Some(if is_occurrence { start } else { previous }));
        prop_assert!(cron.next_after(zone, later).unwrap() >= next);
        prop_assert!(cron.prev_before(zone, later).unwrap() >= previous);
    }

    #[test]
    fn any_text_at_any_time_is_refused_or_answered(
        text in prop_oneof![
            any::<String>(),
            "[-0-9*,/#?LWlwA-Z@ ]{0,40}",
            "([0-9*]{1,2}|\\*/[0-9]) [0-9*]{1,2} ([0-9*]{1,2}|LW|L) [0-9*] ([0-7*]|[0-7]L|[0-7]#[1-5])",
        ],
        zone in select(zones()),
        at in prop_oneof![any::<i64>(), -10_000_000_000_000i64..10_000_000_000_000],
    ) {
        let at = Time::from_ms(at);
        if let Ok(cron) = Cron::parse(&text) {
            prop_assert_eq!(&Cron::parse(cron.as_str()), &Ok(cron.clone()));
            prop_assert!(cron.next_after(zone, at).is_none_or(|next| next > at));
            prop_assert!(cron.prev_before(zone, at).is_none_or(|previous| previous < at));
        }
    }
}

/// Checks what an expression is parsed to, as text, or why it is refused.
fn check(text: &str, expected: &str) {
    let read = Cron::parse(text);
    let told = read.as_ref().map_or_else(ToString::to_string, |cron| cron.as_str().to_owned());
    assert_eq!(told, expected, "{text:?}");
}

#[test]
fn reads_what_debians_cron_reads() {
    check(" 0\t2  * * *\n", "0 2 * * *");
    check("00 02 * jan-Mar mOn,sat-7", "00 02 * jan-Mar mOn,sat-7");
    check("*,5 * */40 * 0-7", "*,5 * */40 * 0-7");
    check("0 0 ? * 5l", "0 0 ? * 5l");
    check("0 0 lw * ?", "0 0 lw * ?");
    check("@daily", "@daily");
}

#[test]
fn equal_meaning_in_other_words() {
    let same = [
        ("0 0 1 1 *", "@yearly"),
        ("0 0 1 1 *", "@annually"),
        ("0 0 1 * *", "@monthly"),
        ("0 0 * * 7", "@weekly"),
        ("0 0 * * *", "@midnight"),
        ("0 */1 * * *", "@hourly"),
        ("0 0 ? * 5", "0 0 * * FRI"),
        ("0 0 5 * ?", "0 0 5 * *"),
        ("0 0 * * 0-Sun", "0 0 * * SUN"),
        ("0 0 * * 5-7", "0 0 * * fri,sat,sun"),
        ("0 0 * * 1/2", "0 0 * * 1-7/2"),
        ("0 0 * 5/3 *", "0 0 * MAY,AUG,NOV *"),
        ("7-7/3 9 * * *", "7 9 * * *"),
    ];
    for (left, right) in same {
        assert_eq!(
            Cron::parse(left).unwrap().pattern,
            Cron::parse(right).unwrap().pattern,
            "{left} = {right}"
        );
    }
}

#[test]
fn other_than_five_fields_are_refused() {
    let few = "a cron expression has 5 fields (minute, hour, day of month, month, day of week), this one has";
    check("", &format!("{few} 0"));
    check("5 4 * *", &format!("{few} 4"));
    let many = "it takes no seconds, years, zones or commands";
    check("0 5 4 * * *", &format!("{few} 6: {many}"));
    check("0 2 * * * /usr/bin/backup --all", &format!("{few} 7: {many}"));
    check("@daily backup", &format!("{few} 2"));
}

#[test]
fn macros_without_a_time_are_refused() {
    check(
        "@reboot",
        "`@reboot` says no time, so nothing could be late: give the times or an interval that you expect",
    );
    check(
        "@Daily",
        "`@Daily` is not known: use @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly",
    );
}

#[test]
fn wrong_values_are_told_with_the_right_ones() {
    check("60 * * * *", "minute: `60` must be a number from 0 to 59");
    check("* 0,24 * * *", "hour: `24` must be a number from 0 to 23");
    check("* * 0 * *", "day of month: `0` must be a number from 1 to 31, L or LW");
    check("* * * 13 *", "month: `13` must be a number from 1 to 12 or a name from JAN to DEC");
    check("* * * * 8", "day of week: `8` must be a number from 0 to 7 or a name from SUN to SAT");
    check("* * * * Monday", "day of week: `Monday` must be a number from 0 to 7 or a name from SUN to SAT");
    check("MON * * * *", "minute: `MON` must be a number from 0 to 59");
    check("-5 * * * *", "minute: `-5` must be a number from 0 to 59");
    check("+5 * * * *", "minute: `+5` must be a number from 0 to 59");
    check("1-2-3 * * * *", "minute: `1-2-3` must be a number from 0 to 59");
    check("*-5 * * * *", "minute: `*-5` must be a number from 0 to 59");
    check("H * * * *", "minute: `H` must be a number from 0 to 59");
}

#[test]
fn malformed_parts_are_told_with_what_would_be_right() {
    check(", * * * *", "minute: `` has an empty entry: remove the extra comma");
    check("5, * * * *", "minute: `` has an empty entry: remove the extra comma");
    check("*/0 * * * *", "minute: `*/0` must have a step from 1 to 9999 after the `/`");
    check("*/ * * * *", "minute: `*/` must have a step from 1 to 9999 after the `/`");
    check("*/5/5 * * * *", "minute: `*/5/5` must have a step from 1 to 9999 after the `/`");
    check("* 22-6 * * *", "hour: `22-6` runs backwards: write `22-23,0-6`");
    check("* * * * fri-mon", "day of week: `fri-mon` runs backwards: write `5-6,0-1`");
    check("* * * * MON-SUN", "day of week: `MON-SUN` runs backwards: write `1-7`");
    let nth = "must have a number from 1 to 5 after the `#`: a month has no sixth week";
    check("* * * * 5#6", &format!("day of week: `5#6` {nth}"));
    check("* * * * 5#", &format!("day of week: `5#` {nth}"));
    check(
        "0 0 15W * *",
        "day of month: `15W` is not known: of the days with `W` only `LW` is, the last day from Monday to Friday",
    );
    check(
        "0 0 * * L",
        "day of week: `L` needs a weekday before the `L`: `5L` is the last Friday of the month",
    );
    check("? * * * *", "minute: `?` is only known alone, as day of month or day of week: use `*`");
    check("* * ?,5 * *", "day of month: `?` is only known alone, as day of month or day of week: use `*`");
}

#[test]
fn dates_that_never_come_are_refused() {
    let never = |day: &str, month: &str, weekday: &str| {
        let told = format!(
            "never occurs: no year has a day `{day}` in month `{month}` with day of week `{weekday}`"
        );
        check(&format!("0 0 {day} {month} {weekday}"), &told);
    };
    never("30", "2", "*");
    never("31", "2,4,6,9,11", "*");
    never("30-31", "FEB", "*/2");
    never("*/40", "*", "MON#2");
    check("0 0 29 2 *", "0 0 29 2 *");
    check("0 0 30 2 5", "0 0 30 2 5");
    check("0 0 * 2 MON#5", "0 0 * 2 MON#5");
}

#[test]
fn hostile_texts_are_refused() {
    let long = "a cron expression has at most 256 bytes, this one has";
    check(&"*,".repeat(10_000_000), &format!("{long} 20000000"));
    check(&" ".repeat(MAX_LEN + 1), &format!("{long} 257"));
    let refused = [
        "99999999999999999999 * * * *",
        "0-99999999999999999999 * * * *",
        "*/99999999999999999999 * * * *",
        "٣ * * * *",
        "５ * * * *",
        "* * * * 七",
        "0\u{a0}2\u{a0}* * * * *",
        "0 2 * * *\0",
        "\u{202e}5 * * * *",
        "* * L-3 * *",
        "* * * * 1-5L",
        "* * * * #",
        "////",
        "@",
    ];
    for text in refused {
        assert!(Cron::parse(text).is_err(), "{text:?}");
    }
    check("\u{1b}[2J * * * *", "minute: `\\u{1b}[2J` must be a number from 0 to 59");
}

#[test]
fn the_longest_wait_is_40_years_for_a_monday_the_29th_of_february() {
    let cron = Cron::parse("0 0 */28 2 MON#5").unwrap();
    let occurrence = |text: &str| Time::from_ms(text.parse::<DateTime<Utc>>().unwrap().timestamp_millis());
    let (first, second) = (occurrence("2072-02-29T00:00:00Z"), occurrence("2112-02-29T00:00:00Z"));
    assert_eq!(cron.next_after(Zone::UTC, first), Some(second));
    assert_eq!(cron.prev_before(Zone::UTC, second), Some(first));
}

#[test]
fn occurrences_end_with_the_supported_years() {
    let cron = Cron::parse("@yearly").unwrap();
    assert_eq!(cron.next_after(Zone::UTC, Time::MIN).unwrap().to_utc().year(), 1900);
    assert_eq!(cron.prev_before(Zone::UTC, Time::MAX).unwrap().to_utc().year(), 2200);
    assert_eq!(cron.next_after(Zone::UTC, Time::MAX), None);
    assert_eq!(cron.prev_before(Zone::UTC, Time::MIN), None);
}
