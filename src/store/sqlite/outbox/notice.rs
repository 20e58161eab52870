//! What a message says of one incident, frozen when the message is (12.3).

use rusqlite::{OptionalExtension, Row};

use crate::core::blind::{BlindWindows, Window};
use crate::core::cause::{CauseKind, Causes, Family};
use crate::core::check::{Alias, CheckId, PingKind};
use crate::core::notice::{AliasNotice, LastRun, Notice, excerpt};
use crate::core::outbox::{Delivery, DeliveryKind};
use crate::core::route::{Facts, is_own_receiver};
use crate::core::schedule::Schedule;
use crate::core::state::State;
use crate::core::step::{promised_deadline, view};
use crate::core::time::{Span, Time};
use crate::store::history::LeftOut;
use crate::store::sqlite::error::failed;
use crate::store::sqlite::key;
use crate::store::sqlite::tx::Tx;
use crate::store::work::Rows as _;
use crate::store::{StoreError, row};

impl Tx<'_> {
    pub(super) fn freeze_notice(&self, delivery: &Delivery, now: Time) -> Result<Notice, StoreError> {
        let slot = &self.memory.checks[&delivery.check];
        let definition = &slot.check.definition;
        let state = &slot.check.state();
        let mut said = self.said_last(delivery.check, slot.last_ping)?;
        if let Some(run) = &mut said.run {
            // 4.4: what came too soon is a failure, whatever it said.
            let took = run.duration.unwrap_or(Span::MAX);
            run.is_success &= definition.spec.min_runtime.is_none_or(|least| took >= least);
        }
        let policy = self.policy();
        if policy.receiver(&delivery.receiver).is_some_and(|receiver| !receiver.include_output) {
            said = said.without_words();
        }
        let incident = &self.memory.outbox.incidents[&delivery.incident];
        let is_told_bad = matches!(delivery.kind, DeliveryKind::Alert | DeliveryKind::Reminder);
        let causes = if is_told_bad { state.causes.clone() } else { Causes::default() };
        let asked_by = delivery.responder.and_then(|number| {
            let first = std::slice::from_ref(&incident.first);
            let causes = if causes.is_empty() { first } else { causes.as_slice() };
            policy.asked_by(delivery.action, number, &Facts { definition, causes })
        });
        let spec = &definition.spec;
        let is_own = is_own_receiver(&delivery.receiver);
        let is_late = causes.any(Family::Late) || causes.any(Family::Unknown);
        let due = if is_late {
            missed(&spec.schedule, state, || view(spec, state, now, &self.memory.blind).due)
        } else {
            None
        };
        Ok(Notice {
            kind: delivery.kind,
            incident: incident.id,
            incident_status: incident.status,
            check: definition.name.clone(),
            title: definition.title.clone(),
            group: definition.group.clone(),
            labels: definition.labels.clone(),
            description: definition.description.clone(),
            runbook_url: definition.runbook_url.clone(),
            first: incident.first,
            blind: blind(&causes, &self.memory.blind),
            causes: causes.iter().copied().collect(),
            opened_at: incident.opened_at,
            ended_at: incident.ended_at,
            schedule: spec.schedule.to_string(),
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
            repeat_interval: delivery.repeat_interval,
            thread: self.thread_of(incident.id, &delivery.receiver)?,
            emails: if is_own { definition.emails.clone() } else { Vec::new() },
            alias: if is_own { self.alias_notice(delivery.check, now)? } else { None },
        })
    }

    /// What the users of another system are told of a check with an alias.
    fn alias_notice(&self, check: CheckId, now: Time) -> Result<Option<AliasNotice>, StoreError> {
        let slot = &self.memory.checks[&check];
        let Some(alias) = &slot.check.definition.alias else { return Ok(None) };
        let spec = &slot.check.definition.spec;
        let deadline = promised_deadline(spec, &slot.check.state(), now, &self.memory.blind);
        let events = self.newest_events(check, Alias::EVENTS_IN_A_MAIL)?;
        Ok(Some(AliasNotice { origin: alias.origin.clone(), id: alias.id.clone(), deadline, events }))
    }

    /// The newest success or fail from `last_ping` on backwards, what was logged since, and the newest body of these, as
    /// far as they are kept.
    fn said_last(&self, check: CheckId, last_ping: i64) -> Result<SaidLast, StoreError> {
        let sql = "SELECT pings.at, kind, flags, exit_status, duration, source, comment, previous,
                   body, left_out FROM pings LEFT JOIN bodies USING (seq)
                   WHERE pings.seq = ?1 AND pings.check_id = ?2";
        let mut find = self.db.prepare_cached(sql).map_err(failed)?;
        let mut last = SaidLast::default();
        let mut next = last_ping;
        for _ in 0..MAX_PINGS_BACK {
            let found = find.query_row((next, key(check.0)), said).optional().map_err(failed)?;
            let Some(Said { kind, is_repeat, run, body, previous }) = found else { break };
            if let Some(body) = body.filter(|_| last.output.is_none()) {
                last.output = Some((run.at, excerpt(&body))).filter(|(_, text)| !text.is_empty());
            }
            match kind {
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

struct Said {
    /// `None`: a kind that this program does not know.
    kind: Option<PingKind>,
    is_repeat: bool,
    run: LastRun,
    body: Option<Vec<u8>>,
    previous: i64,
}

fn said(row: &Row<'_>) -> rusqlite::Result<Said> {
    let kind = row::ping_kind(row.get(1)?);
    let flags: u8 = row.get(2)?;
    let duration: Option<i64> = row.get(4)?;
    let run = LastRun {
        at: Time::from_ms(row.get(0)?),
        is_success: kind == Some(PingKind::Success),
        exit_status: row.get(3)?,
        duration: duration.map(Span::ms),
        source: row.get(5)?,
        comment: row.get(6)?,
    };
    let (body, left_out): (Option<Vec<u8>>, Option<i64>) = (row.get(8)?, row.get(9)?);
    let body = body.map(|body| LeftOut::read(left_out, flags).marked(body));
    Ok(Said { kind, is_repeat: flags & row::PING_REPEAT != 0, run, previous: row.get(7)?, body })
}

/// The due time that was missed; `due` is what is due now.
fn missed(schedule: &Schedule, state: &State, due: impl FnOnce() -> Option<Time>) -> Option<Time> {
    match schedule {
        Schedule::CountedAt(..) => state.counted.and_then(|counted| counted.late_for),
        Schedule::Counted(_) => None,
        Schedule::Every(_) | Schedule::Periods(_) | Schedule::At(_) => due(),
    }
}

/// The stretch that a blind cause is about: the last one that had begun.
fn blind(causes: &Causes, windows: &BlindWindows) -> Option<Window> {
    let cause = causes.iter().find(|cause| cause.kind == CauseKind::Blind)?;
    windows.iter().filter(|window| window.from < cause.since).last().copied()
}
