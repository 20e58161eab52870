//! When a check is looked at (17.5).

use sha2::{Digest as _, Sha256};

use crate::core::schedule::Schedule;
use crate::core::time::{Span, Time};

/// How long after a multiple of its period a check of this name is looked at: spread, so that not all are at once.
fn offset(name: &str, period: Span) -> Span {
    let digest = Sha256::digest(name);
    let first = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    Span::ms(i64::try_from(first % period.as_ms().max(1).unsigned_abs()).unwrap_or(0))
}

/// The first due time strictly after `after` (17.5); `None`: there is none.
pub fn due_after(name: &str, schedule: &Schedule, after: Time) -> Option<Time> {
    match schedule {
        Schedule::Every(period) => {
            let (period_ms, offset) = (period.as_ms().max(1), offset(name, *period).as_ms());
            let turns = (after.as_ms() - offset).div_euclid(period_ms) + 1;
            Some(Time::from_ms(turns.checked_mul(period_ms)?.checked_add(offset)?))
        }
        Schedule::At(occurrences) => occurrences.next_after(after),
        _ => None,
    }
}

/// When a check is first looked at that is declared, asserted otherwise or known after a start: at once, but not all of them in
/// one moment, unless a result of the last due time is there (17.5). `last` is when the last result came.
pub fn first_due(name: &str, schedule: &Schedule, last: Option<Time>, now: Time) -> Option<Time> {
    let next = due_after(name, schedule, now)?;
    let period = period(name, schedule, now)?;
    if last.is_some_and(|last| due_after(name, schedule, last).is_none_or(|due| due > now)) {
        return Some(next);
    }
    let within = Span::ms(period.as_ms() / 10).min(Span::mins(1)).max(Span::MS);
    Some((now + offset(name, within)).min(next))
}

/// The time between the next two due times.
pub fn period(name: &str, schedule: &Schedule, now: Time) -> Option<Span> {
    let next = due_after(name, schedule, now)?;
    Some(due_after(name, schedule, next)? - next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::cron::Cron;
    use crate::core::schedule::Occurrences;
    use crate::core::zone::Zone;

    /// 17.5: by the clock, the same everywhere, and not all at once.
    #[test]
    fn looks_are_spread_over_their_period_and_come_by_the_clock() {
        let every = Schedule::Every(Span::mins(1));
        let mut offsets = std::collections::BTreeSet::new();
        for number in 0..1000 {
            let name = format!("c{number}");
            let first = due_after(&name, &every, Time::from_secs(1_800_000_000)).expect("there is one");
            offsets.insert(first.as_ms() % 60_000 / 1000);
            let second = due_after(&name, &every, first).expect("there is one");
            assert_eq!(second - first, Span::mins(1));
            assert_eq!(due_after(&name, &every, first - Span::MS), Some(first));
            let in_between = first + Span::secs(59);
            assert_eq!(due_after(&name, &every, in_between), Some(second), "whenever it is asked");
        }
        assert_eq!(offsets.len(), 60, "each second has some of a thousand");
    }

    /// 17.5
    #[test]
    fn occurrences_are_due_as_they_are() {
        let zone = Zone::UTC;
        let at = Schedule::At(Occurrences { cron: Cron::parse("30 2 * * *").expect("it is one"), zone });
        let midnight = Time::from_secs(1_800_057_600);
        assert_eq!(due_after("a", &at, midnight), Some(midnight + Span::mins(150)));
        assert_eq!(period("a", &at, midnight), Some(Span::mins(24 * 60)));
    }

    /// 17.5: at once after a start, unless a result has come since the last due time.
    #[test]
    fn what_was_not_looked_at_since_its_last_due_time_is_looked_at_at_once() {
        let (name, every) = ("api", Schedule::Every(Span::mins(10)));
        let now = Time::from_secs(1_800_000_000);
        let next = due_after(name, &every, now).expect("there is one");
        let last = next - Span::mins(10);
        let first = |result| first_due(name, &every, result, now).expect("there is one");
        assert!(first(None) - now < Span::mins(1) && first(None) >= now);
        assert_eq!(first(Some(last - Span::MS)), first(None));
        assert_eq!(first(Some(last)), next);
        assert_eq!(first(Some(now)), next);
        let hourly = Schedule::Every(Span::mins(60));
        let spread: Vec<Span> = (0..100)
            .map(|number| first_due(&format!("c{number}"), &hourly, None, now).expect("is") - now)
            .collect();
        assert!(spread.iter().all(|wait| *wait < Span::mins(1)), "{spread:?}");
        assert!(spread.iter().max() > spread.iter().min(), "{spread:?}");
    }
}
