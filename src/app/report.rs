//! Taking what a program found of a check that asserts something (§17): stored, and only then answered (14.1).

use super::ping::{PingNotTaken, stored};
use super::services::Services;
use super::view::Moment;
use crate::core::check::{CheckId, Spec};
use crate::core::schedule::Schedule;
use crate::core::step::served_from;
use crate::core::time::{Span, Time};
use crate::store::live::Check;
use crate::store::{Applied, ResultFact, ResultTaken};

/// What is due within this time is asked for where a result counts whenever it comes: its reporter looks now (17.9).
const DUE_WITHIN: Span = Span::secs(30);

/// Has a result stored, and waits until it is durable.
pub async fn take(
    services: &Services,
    check: CheckId,
    fact: ResultFact,
) -> Result<ResultTaken, PingNotTaken> {
    match stored(services.writer.report(check, fact)).await? {
        Applied::Result(taken) => Ok(taken),
        other => unreachable!("what is reported is a result, and no ping and no pause: {other:?}"),
    }
}

/// When a reporter should look whether a check holds.
pub enum AskedFor {
    /// Whenever it looks: nothing is ever due.
    Always,
    /// By this time, which may be past.
    By(Time),
}

/// Whether, and by when, a check is to be looked at by this reporter now (17.9); `None`: not now, or not by this one.
/// It promises nothing: two programs that ask get the same.
pub fn asked_of(moment: &Moment<'_>, check: &Check, reporter: &str) -> Option<AskedFor> {
    let spec = &check.definition.spec;
    spec.asserts().filter(|reported| *reported.reporter == *reporter)?;
    let seen = moment.look(check);
    if seen.view.paused {
        return None;
    }
    if spec.schedule == Schedule::Unscheduled {
        return Some(AskedFor::Always);
    }
    let due = seen.view.due?;
    (seen.view.late || asked_from(spec, due) <= moment.now).then_some(AskedFor::By(due))
}

/// From when on the result is asked for that is due at this time. One that comes too early for its occurrence serves
/// nothing: it would be missed all the same.
fn asked_from(spec: &Spec, due: Time) -> Time {
    served_from(spec, due).unwrap_or(due - DUE_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read_check;

    /// 17.9b
    #[test]
    fn what_is_asked_for_is_served() {
        let due = Time::from_ms(1_773_108_000_000); // 02:00 UTC
        let check = |schedule: &str, before: Span| {
            let json = format!(r#"{{"name": "a", {schedule}, "assert": {{"reported": {{}}}}}}"#);
            let spec = read_check(json.as_bytes(), None).expect("it is right").definition.spec;
            assert_eq!(asked_from(&spec, due), due - before, "{schedule}");
        };
        check(r#""every": "1h""#, Span::secs(30));
        check(r#""cron": "0 2 * * *""#, Span::secs(5));
        check(r#""cron": "0 2 * * *", "early": "10m""#, Span::mins(10));
        check(r#""cron": "* * * * *", "early": "10m""#, Span::secs(15));
    }
}
