//! Taking what a program found of a check that asserts something (§17): stored, and only then answered (14.1).

use std::sync::Arc;

use super::ping::{PingNotTaken, stored};
use super::services::Services;
use super::view::Moment;
use crate::core::assertion::Outcome;
use crate::core::check::{CheckId, Spec};
use crate::core::record::NamedRecords;
use crate::core::schedule::Schedule;
use crate::core::step::served_from;
use crate::core::time::{Span, Time};
use crate::store::command::StoreCommand;
use crate::store::live::Check;
use crate::store::{
    Applied, FoundAt, RecordAnswer, RecordCall, RecordNews, RecordOrder, RecordRefusal, ResultFact,
    ResultSlice, ResultTaken,
};

/// What is due within this time is asked for where a result counts whenever it comes: its reporter looks now (17.9).
const DUE_WITHIN: Span = Span::secs(30);

/// Has a result stored, and waits until it is durable. What it makes of many records is stored in slices before that, with
/// pings between them (18.7): where that is broken off, whoever reported has no answer and reports again.
pub async fn take(
    services: &Services,
    check: CheckId,
    fact: ResultFact,
) -> Result<ResultTaken, PingNotTaken> {
    let taken = take_all(services, check, fact).await;
    if matches!(taken, Err(PingNotTaken::Overloaded | PingNotTaken::NotStored)) {
        // 9.1: also where it was a slice that found no place, nobody says later that the result was missing.
        services.writer.refuse(check);
    }
    taken
}

async fn take_all(
    services: &Services,
    check: CheckId,
    fact: ResultFact,
) -> Result<ResultTaken, PingNotTaken> {
    let may_end_records = fact.records.is_some() || fact.result.outcome == Outcome::Holds;
    let _turn = if may_end_records { Some(services.reports.wait(check).await) } else { None };
    let named = fact.records.clone().unwrap_or_default();
    let mut news = RecordNews::default();
    for _ in 0..MOST_TRIES {
        if let Some(taken) = take_whole(services, check, fact.clone()).await? {
            return Ok(ResultTaken { records: news.followed_by(taken.records), ..taken });
        }
        news = news.followed_by(take_slices(services, check, (&named, &fact.source)).await?);
    }
    Err(PingNotTaken::Overloaded)
}

/// Has all slices stored but what the fact itself may bring.
async fn take_slices(
    services: &Services,
    check: CheckId,
    (named, source): (&Arc<NamedRecords>, &FoundAt),
) -> Result<RecordNews, PingNotTaken> {
    let mut news = RecordNews::default();
    loop {
        let slice = ResultSlice { named: named.clone(), source: source.clone(), after: news.next.take() };
        let what = RecordOrder::Slice(slice);
        let call = Box::new(RecordCall { check, what, by: String::new() });
        let done = services.command_of_program(|answer| StoreCommand::Records(call, answer)).await;
        match done {
            Ok(Ok(RecordAnswer::Slice(slice))) => news = news.followed_by(slice),
            Ok(Ok(RecordAnswer::Refused(RecordRefusal::NoSuchCheck))) => {
                return Err(PingNotTaken::NoSuchCheck);
            }
            Ok(Ok(RecordAnswer::Refused(refusal))) => return Err(PingNotTaken::TakesNoRecords(refusal)),
            Ok(Ok(_)) => unreachable!("a slice is answered as one"),
            Ok(Err(_)) => return Err(PingNotTaken::NotStored),
            Err(_) => return Err(PingNotTaken::Overloaded),
        }
        if news.next.is_none() {
            return Ok(news);
        }
    }
}

/// `None`: it is to be done in slices first.
async fn take_whole(
    services: &Services,
    check: CheckId,
    fact: ResultFact,
) -> Result<Option<ResultTaken>, PingNotTaken> {
    match stored(services.writer.report(check, fact)).await? {
        Applied::Result(taken) => Ok(Some(*taken)),
        Applied::InSlices => Ok(None),
        Applied::TakesNoRecords => Err(PingNotTaken::TakesNoRecords(RecordRefusal::TakesNone)),
        Applied::NamesNothing => Err(PingNotTaken::TakesNoRecords(RecordRefusal::NamesNothing)),
        other => unreachable!("what is reported is a result, and no ping and no pause: {other:?}"),
    }
}

/// A check that changes so much while a result is carried out that its fact never fits is too busy.
const MOST_TRIES: usize = 16;

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
    spec.reported().filter(|reported| *reported.reporter == *reporter)?;
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
