//! What a message says of one incident, frozen when the message is (12.3).

use super::fact_rows::PingSaid;
use super::records_told::of_records;
use super::rows::Rows;
use crate::core::blind::{BlindWindows, Window};
use crate::core::cause::{CauseKind, Causes, Family};
use crate::core::check::{Alias, CheckId, Definition, PingKind};
use crate::core::diagnose::Diagnosis;
use crate::core::notice::{AliasNotice, LastRun, Notice, excerpt};
use crate::core::outbox::{Delivery, DeliveryKind, Topic, by_topic};
use crate::core::route::is_own_receiver;
use crate::core::schedule::Schedule;
use crate::core::state::State;
use crate::core::step::{promised_deadline, view};
use crate::core::time::{Span, Time};
use crate::store::StoreError;

/// One notice for each topic of these, in their order.
pub(super) fn notices(
    rows: &dyn Rows,
    deliveries: &[Delivery],
    now: Time,
) -> Result<Vec<Notice>, StoreError> {
    let topics = by_topic(deliveries);
    topics.into_iter().map(|(topic, members)| notice_of(rows, topic, &members, now)).collect()
}

/// What is said of what is told as one.
pub(super) fn notice_of(
    rows: &dyn Rows,
    topic: Topic,
    members: &[&Delivery],
    now: Time,
) -> Result<Notice, StoreError> {
    let first = notice(rows, members[0], now)?;
    match topic {
        Topic::One(_) => Ok(first),
        Topic::Records(check) => of_records(rows, check, members, first, now),
    }
}

fn notice(rows: &dyn Rows, delivery: &Delivery, now: Time) -> Result<Notice, StoreError> {
    let definition = &*rows.definition(delivery.check)?;
    let state = &rows.state(delivery.check)?;
    let is_unprobed = state.causes.has(CauseKind::Unprobed);
    let mut said = said_last(rows, delivery.check, is_unprobed)?;
    if let Some(run) = &mut said.run {
        // 4.4: what came too soon is a failure, whatever it said.
        let took = run.duration.unwrap_or(Span::MAX);
        run.is_success &= definition.spec.min_runtime.is_none_or(|least| took >= least);
    }
    let policy = rows.policy();
    if policy.receiver(&delivery.receiver).is_some_and(|receiver| !receiver.include_output) {
        said = said.without_words();
    }
    let incident =
        rows.incident(delivery.incident)?.expect("an incident is kept while something is told of it");
    let causes =
        if delivery.kind.tells_bad() { incident.causes_in(&state.causes) } else { Causes::default() };
    let asked_by = delivery.responder.and_then(|number| {
        let first = std::slice::from_ref(&incident.first);
        let causes = if causes.is_empty() { first } else { causes.as_slice() };
        policy.asked_by(delivery.action, number, &incident.facts(definition, causes))
    });
    let spec = &definition.spec;
    let is_own = is_own_receiver(&delivery.receiver);
    let is_late = causes.any(Family::Late) || causes.any(Family::Unknown);
    let windows = rows.blind()?;
    let due =
        if is_late { missed(&spec.schedule, state, || view(spec, state, now, windows).due) } else { None };
    Ok(Notice {
        kind: delivery.kind,
        incident: incident.id,
        incident_status: incident.status,
        check: definition.name.clone(),
        key: incident.key.clone(),
        title: definition.title.to_string(),
        group: definition.group.to_string(),
        labels: definition.labels.to_vec(),
        description: definition.description.to_string(),
        runbook_url: definition.runbook_url.to_string(),
        first: incident.first,
        blind: blind(&causes, windows),
        causes: causes.iter().copied().collect(),
        opened_at: incident.opened_at,
        ended_at: incident.ended_at,
        schedule: if spec.schedule == Schedule::Unscheduled {
            String::new()
        } else {
            spec.schedule.to_string()
        },
        grace: spec.grace,
        due: due.filter(|due| *due <= now),
        zone: spec.schedule.zone(),
        last_success: state.last(PingKind::Success),
        last_run: said.run,
        last_log: said.log,
        output: said.output,
        declared: definition.source.to_string(),
        responder: delivery.responder,
        asked_by: asked_by.unwrap_or_default(),
        with: policy.with_of(delivery.action).map(ToString::to_string).unwrap_or_default(),
        repeat_interval: delivery.repeat_interval,
        thread: rows.thread_of(incident.id, &delivery.receiver)?,
        records: None,
        diagnosis: diagnosis(rows, delivery)?,
        emails: if is_own { definition.emails.to_vec() } else { Vec::new() },
        alias: if is_own { alias_notice(rows, definition, (delivery.check, state), now)? } else { None },
    })
}

/// What was found, where that is told.
fn diagnosis(rows: &dyn Rows, delivery: &Delivery) -> Result<Option<Diagnosis>, StoreError> {
    let DeliveryKind::Diagnosis(number) = delivery.kind else { return Ok(None) };
    Ok(rows.diagnoses(delivery.incident)?.into_iter().find(|diagnosis| diagnosis.number == number))
}

/// What the users of another system are told of a check with an alias.
fn alias_notice(
    rows: &dyn Rows,
    definition: &Definition,
    (check, state): (CheckId, &State),
    now: Time,
) -> Result<Option<AliasNotice>, StoreError> {
    let Some(alias) = &definition.alias else { return Ok(None) };
    let deadline = promised_deadline(&definition.spec, state, now, rows.blind()?);
    let events = rows.newest_happenings(check, Alias::EVENTS_IN_A_MAIL)?;
    Ok(Some(AliasNotice { origin: alias.origin.clone(), id: alias.id.clone(), deadline, events }))
}

/// The newest success or fail, what was logged since, and the newest body of these, as far as they are kept.
///
/// Of an assertion that could not be found out the newest result that could not tell is what counts (17.4).
fn said_last(rows: &dyn Rows, check: CheckId, is_unprobed: bool) -> Result<SaidLast, StoreError> {
    let mut last = SaidLast::default();
    let mut next = rows.last_ping(check)?;
    for _ in 0..MAX_PINGS_BACK {
        let Some(PingSaid { kind, is_repeat, run, body, previous }) = rows.ping(check, next)? else { break };
        if let Some(body) = body.filter(|_| last.output.is_none()) {
            last.output = Some((run.at, excerpt(&body))).filter(|(_, text)| !text.is_empty());
        }
        match kind {
            Some(PingKind::Log) if is_unprobed && run.outcome.is_some() => {
                last.run = Some(run);
                return Ok(last);
            }
            Some(PingKind::Success | PingKind::Fail) if !is_repeat => {
                last.run = Some(run);
                return Ok(last);
            }
            Some(PingKind::Log) if last.log.is_none() => {
                last.log = run.comment.map(|comment| (run.at, comment));
            }
            _ => {}
        }
        next = previous;
    }
    Ok(last)
}

/// A notice looks so many pings back: it is frozen where the writer works, with up to 255 others.
const MAX_PINGS_BACK: usize = 32;

/// What a check's newest pings said.
#[derive(Default)]
struct SaidLast {
    run: Option<LastRun>,
    /// When and what was logged since.
    log: Option<(Time, String)>,
    output: Option<(Time, String)>,
}

impl SaidLast {
    /// Without the job's own words.
    fn without_words(self) -> SaidLast {
        let run = self.run.map(|run| LastRun { comment: None, ..run });
        SaidLast { run, log: None, output: None }
    }
}

/// The due time that was missed; `due` is what is due now.
fn missed(schedule: &Schedule, state: &State, due: impl FnOnce() -> Option<Time>) -> Option<Time> {
    match schedule {
        Schedule::CountedAt(..) => state.counted.and_then(|counted| counted.late_for),
        Schedule::Counted(_) | Schedule::Unscheduled => None,
        Schedule::Every(_) | Schedule::Periods(_) | Schedule::At(_) => due(),
    }
}

/// The stretch that a blind cause is about: the last one that had begun.
fn blind(causes: &Causes, windows: &BlindWindows) -> Option<Window> {
    let cause = causes.iter().find(|cause| cause.kind == CauseKind::Blind)?;
    windows.iter().filter(|window| window.from < cause.since).last().copied()
}
