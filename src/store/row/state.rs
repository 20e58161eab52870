//! A check's state in few bytes, since it is written with every ping: postcard, with times as their distance from the
//! newest one.

use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

use super::ago::{Ago, Since};
use super::words::{cause_code, cause_kind, ping_code, ping_kind};
use crate::core::cause::{Cause, CauseKind, Causes};
use crate::core::check::Rid;
use crate::core::incident::IncidentId;
use crate::core::record::{OccurrenceTotals, RecordTotals};
use crate::core::refusals::Refused;
use crate::core::results::LastResults;
use crate::core::state::{Claim, Counted, Counters, Pause, RidMemory, Run, State};
use crate::core::successes::Successes;
use crate::core::time::{Span, Time};

/// The first byte of a state.
const VERSION: u8 = 8;
/// Older versions knew no occurrences.
const WITHOUT_OCCURRENCES: u8 = 7;
/// Those before knew no records.
const WITHOUT_RECORDS: u8 = 6;
/// Those before knew no assertions.
const WITHOUT_UNKNOWNS: u8 = 5;
/// Those before knew no results.
const WITHOUT_RESULTS: u8 = 4;
/// Those before knew successes one by one only; those before that stored the moments of refusals, and the second of them also
/// the end of a pause.
const ONE_BY_ONE: u8 = 3;
const MOMENTS: u8 = 1;
const MOMENTS_AND_END_OF_PAUSE: u8 = 2;

/// `R` is a refusal, `P` the end of a pause, `B` what is known of older successes, since version 6 of unknown results in a row,
/// since version 7 of records and since version 8 of occurrences, and `L` the last results, in the form of the row's version.
#[derive(Serialize, Deserialize)]
struct StateRow<'a, R, P, B, L> {
    newest: i64,
    archived: Option<Ago>,
    armed_since: Option<Ago>,
    floor: Option<Ago>,
    paused_by_file: Option<Ago>,
    paused_at_run_time: Option<Ago>,
    causes: Vec<(u8, Ago, Option<u8>)>,
    recovered_at: Option<Ago>,
    last: [Option<Ago>; 4],
    last_seen: Option<Ago>,
    last_discharge: Option<Ago>,
    last_duration: Option<i64>,
    last_exit_status: Option<u8>,
    claim: Option<(Ago, bool)>,
    #[serde(borrow)]
    runs: Vec<RunRow<'a>>,
    #[serde(borrow)]
    rids: Vec<RidRow<'a>>,
    nameless_run_before_pause: bool,
    failures_in_a_row: u32,
    successes_in_a_row: u32,
    /// Each as ms before the one after it, newest first: with many a second, each takes one byte.
    successes: Vec<Ago>,
    counted: Option<(Ago, Option<Ago>, Option<Ago>)>,
    refusals: Vec<R>,
    pings: [u64; 4],
    late: u64,
    failing: u64,
    paused_until: P,
    /// Likewise, each with how many there are in it.
    buckets: B,
    results: L,
}

/// Each as ms before the one after it, newest first, with how many there are in it.
type Buckets = Vec<(Ago, u32)>;

/// How many are open, and marked; how many results named some; whether another thing is asserted; and their thread.
type TotalsRow = (u32, u32, u64, bool, Option<u64>);
/// How many occurrences are remembered, since when the oldest is, and how many there were; and when the record was begun that ends
/// by itself first.
type OccurrencesRow = (u32, Option<Ago>, u64, Option<Ago>);

/// The first refusal, the time from there to the last, and how many there were.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct RefusedRow(Ago, i64, u32);

/// The id, the start, and whether the run overlapped another.
type RunRow<'a> = (Option<&'a str>, Ago, bool);

#[derive(Serialize, Deserialize)]
struct RidRow<'a> {
    rid: &'a str,
    kind: u8,
    exit_status: Option<u8>,
    at: Ago,
    closed_by_pause: bool,
}

/// The state as stored in its row.
pub(in crate::store) fn write_state(state: &State) -> Vec<u8> {
    let since = Since(state.newest);
    let cause =
        |cause: &Cause| (cause_code(cause.kind), since.ago(cause.since), cause.would_be.map(cause_code));
    let row = StateRow {
        newest: state.newest.as_ms(),
        archived: since.maybe(state.archived),
        armed_since: since.unless_never(state.armed_since),
        floor: since.unless_never(state.floor),
        paused_by_file: since.maybe(state.pause.by_file),
        paused_at_run_time: since.maybe(state.pause.at_run_time),
        causes: state.causes.iter().map(cause).collect(),
        recovered_at: since.maybe(state.recovered_at),
        last: state.last.map(|time| since.maybe(time)),
        last_seen: since.maybe(state.last_seen),
        last_discharge: since.maybe(state.last_discharge),
        last_duration: state.last_duration.map(Span::as_ms),
        last_exit_status: state.last_exit_status,
        claim: state.claim.map(|claim| (since.ago(claim.start), claim.judged)),
        runs: state.runs.iter().map(|run| run_row(run, since)).collect(),
        rids: state.rids.iter().map(|memory| rid_row(memory, since)).collect(),
        nameless_run_before_pause: state.nameless_run_before_pause,
        failures_in_a_row: state.failures_in_a_row,
        successes_in_a_row: state.successes_in_a_row,
        successes: ago_of_each(state.successes.exact(), state.newest).collect(),
        counted: state.counted.map(|counted| {
            (since.ago(counted.judged_to), since.maybe(counted.pending), since.maybe(counted.late_for))
        }),
        refusals: state.refusals.iter().map(|refused| refused_row(*refused, since)).collect(),
        pings: state.counters.pings,
        late: state.counters.late,
        failing: state.counters.failing,
        paused_until: since.maybe(state.pause.until),
        buckets: (
            buckets_row(&state.successes),
            state.unknowns_in_a_row,
            state.records.as_deref().map(|totals| totals_row(totals, since)),
        ),
        results: state.results.as_bytes(),
    };
    postcard::to_extend(&row, vec![VERSION]).expect("a row of numbers and texts is always encoded")
}

fn totals_row(totals: &RecordTotals, since: Since) -> (TotalsRow, OccurrencesRow) {
    let RecordTotals { open, wont_fix, results, is_asserted_otherwise, thread, begun, occurrences } = *totals;
    let OccurrenceTotals { remembered, oldest, occurred } = occurrences;
    let lasting = (open, wont_fix, results, is_asserted_otherwise, thread.map(|incident| incident.0));
    (lasting, (remembered, since.maybe(oldest), occurred, since.maybe(begun)))
}

fn read_totals((lasting, occurrences): (TotalsRow, OccurrencesRow), since: Since) -> RecordTotals {
    let (open, wont_fix, results, is_asserted_otherwise, thread) = lasting;
    let (remembered, oldest, occurred, begun) = occurrences;
    let occurrences = OccurrenceTotals { remembered, oldest: since.times(oldest), occurred };
    let thread = thread.map(IncidentId);
    RecordTotals {
        open,
        wont_fix,
        results,
        is_asserted_otherwise,
        thread,
        begun: since.times(begun),
        occurrences,
    }
}

fn run_row(run: &Run, since: Since) -> RunRow<'_> {
    (run.rid.as_ref().map(Rid::as_str), since.ago(run.start), run.overlapped)
}

fn refused_row(refused: Refused, since: Since) -> RefusedRow {
    RefusedRow(since.ago(refused.first), (refused.last - refused.first).as_ms(), refused.times)
}

fn rid_row(memory: &RidMemory, since: Since) -> RidRow<'_> {
    RidRow {
        rid: memory.rid.as_str(),
        kind: ping_code(memory.kind),
        exit_status: memory.exit_status,
        at: since.ago(memory.at),
        closed_by_pause: memory.closed_by_pause,
    }
}

/// Each as ms before the one after it, newest first.
fn ago_of_each(times: &[Time], newest: Time) -> impl Iterator<Item = Ago> {
    let mut after = newest;
    times.iter().rev().map(move |time| Ago((std::mem::replace(&mut after, *time) - *time).as_ms()))
}

fn buckets_row(successes: &Successes) -> Buckets {
    let times: Vec<Time> = successes.buckets().iter().map(|(newest, _)| *newest).collect();
    // Where there are buckets, successes are known one by one, too.
    let oldest = successes.exact().first().copied().unwrap_or(Time::MIN);
    let counts = successes.buckets().iter().rev().map(|(_, count)| *count);
    ago_of_each(&times, oldest).zip(counts).collect()
}

/// A state as it was read.
#[derive(Debug, PartialEq)]
pub(in crate::store) struct ReadState {
    pub(in crate::store) state: State,
    /// Its last results could not be read: they are for people, and nothing is judged by them (14.6). Everything else is.
    pub(in crate::store) are_results_lost: bool,
}

/// Parses a state; `None` if this program cannot read it.
pub(in crate::store) fn read_state(bytes: &[u8]) -> Option<ReadState> {
    let (version, bytes) = bytes.split_first()?;
    let mut are_results_lost = false;
    let state = match *version {
        VERSION | WITHOUT_OCCURRENCES | WITHOUT_RECORDS | WITHOUT_UNKNOWNS => {
            let (state, results) = match *version {
                VERSION => read_with_records(bytes, read_totals)?,
                WITHOUT_OCCURRENCES => read_with_records(bytes, |lasting, since| {
                    read_totals((lasting, (0, None, 0, None)), since)
                })?,
                WITHOUT_RECORDS => read_asserted(bytes)?,
                _ => read_counted(bytes)?,
            };
            let results = postcard::from_bytes(results).ok().and_then(LastResults::of_bytes);
            are_results_lost = results.is_none();
            State { results: results.unwrap_or_default(), ..state }
        }
        WITHOUT_RESULTS => read_counted(bytes)?.0,
        ONE_BY_ONE => {
            let row: StateRow<'_, RefusedRow, Option<Ago>, (), ()> = postcard::from_bytes(bytes).ok()?;
            let (until, successes) = (row.paused_until, read_successes(&row.successes, &[], row.newest));
            state_of(row, until, successes, read_refused)?
        }
        MOMENTS => {
            let row: StateRow<'_, Ago, (), (), ()> = postcard::from_bytes(bytes).ok()?;
            let successes = read_successes(&row.successes, &[], row.newest);
            state_of(row, None, successes, read_moment)?
        }
        MOMENTS_AND_END_OF_PAUSE => {
            let row: StateRow<'_, Ago, Ago, (), ()> = postcard::from_bytes(bytes).ok()?;
            let (until, successes) = (row.paused_until, read_successes(&row.successes, &[], row.newest));
            state_of(row, Some(until), successes, read_moment)?
        }
        _ => return None,
    };
    Some(ReadState { state, are_results_lost })
}

/// Answers the bytes of the last results, too.
fn read_counted(bytes: &[u8]) -> Option<(State, &[u8])> {
    let (row, results): (StateRow<'_, RefusedRow, Option<Ago>, Buckets, ()>, _) =
        postcard::take_from_bytes(bytes).ok()?;
    let (until, successes) = (row.paused_until, read_successes(&row.successes, &row.buckets, row.newest));
    Some((state_of(row, until, successes, read_refused)?, results))
}

/// The row of this version and of the one before, but for its last results.
type RecordsRow<'a, T> = StateRow<'a, RefusedRow, Option<Ago>, (Buckets, u32, Option<T>), ()>;
/// That of the one before these.
type AssertedRow<'a> = StateRow<'a, RefusedRow, Option<Ago>, (Buckets, u32), ()>;

/// Likewise, with how its records stand.
fn read_with_records<'a, T: Copy + Deserialize<'a>>(
    bytes: &'a [u8],
    read: impl Fn(T, Since) -> RecordTotals,
) -> Option<(State, &'a [u8])> {
    let (row, results): (RecordsRow<'_, T>, _) = postcard::take_from_bytes(bytes).ok()?;
    let (buckets, unknowns_in_a_row, totals) = &row.buckets;
    let records = totals.map(|totals| Box::new(read(totals, Since(Time::from_ms(row.newest)))));
    let (until, successes) = (row.paused_until, read_successes(&row.successes, buckets, row.newest));
    let unknowns_in_a_row = *unknowns_in_a_row;
    Some((State { unknowns_in_a_row, records, ..state_of(row, until, successes, read_refused)? }, results))
}

/// Likewise, with how many results in a row were unknown.
fn read_asserted(bytes: &[u8]) -> Option<(State, &[u8])> {
    let (row, results): (AssertedRow<'_>, _) = postcard::take_from_bytes(bytes).ok()?;
    let (buckets, unknowns_in_a_row) = &row.buckets;
    let (until, successes) = (row.paused_until, read_successes(&row.successes, buckets, row.newest));
    let unknowns_in_a_row = *unknowns_in_a_row;
    Some((State { unknowns_in_a_row, ..state_of(row, until, successes, read_refused)? }, results))
}

fn read_refused(RefusedRow(first, lasts, times): RefusedRow, since: Since) -> Refused {
    let first = since.time(first);
    Refused { first, last: first + Span::ms(lasts.max(0)), times }
}

fn read_moment(at: Ago, since: Since) -> Refused {
    Refused::once(since.time(at))
}

fn state_of<R, P, B, L>(
    row: StateRow<'_, R, P, B, L>,
    until: Option<Ago>,
    successes: Successes,
    refused: impl Fn(R, Since) -> Refused,
) -> Option<State> {
    let newest = Time::from_ms(row.newest);
    let since = Since(newest);
    Some(State {
        newest,
        archived: since.times(row.archived),
        armed_since: since.times(row.armed_since).unwrap_or(Time::MIN),
        floor: since.times(row.floor).unwrap_or(Time::MIN),
        pause: Pause {
            by_file: since.times(row.paused_by_file),
            at_run_time: since.times(row.paused_at_run_time),
            until: since.times(until),
        },
        causes: read_causes(&row.causes, since)?,
        recovered_at: since.times(row.recovered_at),
        last: row.last.map(|ago| since.times(ago)),
        last_seen: since.times(row.last_seen),
        last_discharge: since.times(row.last_discharge),
        last_duration: row.last_duration.map(Span::ms),
        last_exit_status: row.last_exit_status,
        claim: row.claim.map(|(start, judged)| Claim { start: since.time(start), judged }),
        runs: row.runs.iter().map(|run| read_run(run, since)).collect::<Option<_>>()?,
        rids: row.rids.iter().map(|memory| read_rid(memory, since)).collect::<Option<_>>()?,
        nameless_run_before_pause: row.nameless_run_before_pause,
        failures_in_a_row: row.failures_in_a_row,
        successes_in_a_row: row.successes_in_a_row,
        unknowns_in_a_row: 0,
        records: None,
        successes,
        counted: row.counted.map(|(judged_to, pending, late_for)| Counted {
            judged_to: since.time(judged_to),
            pending: since.times(pending),
            late_for: since.times(late_for),
        }),
        refusals: row.refusals.into_iter().map(|row| refused(row, since)).collect(),
        results: LastResults::default(),
        counters: Counters { pings: row.pings, late: row.late, failing: row.failing },
    })
}

fn read_causes(rows: &[(u8, Ago, Option<u8>)], since: Since) -> Option<Causes> {
    let mut causes = Causes::default();
    for (kind, ago, would_be) in rows {
        let would_be = match would_be {
            Some(code) => Some(cause_kind(*code)?),
            None => None,
        };
        let kind = cause_kind(*kind)?;
        if (kind == CauseKind::Blind) != would_be.is_some() {
            return None;
        }
        causes.insert(Cause { kind, since: since.time(*ago), would_be });
    }
    Some(causes)
}

fn read_run((rid, start, overlapped): &RunRow<'_>, since: Since) -> Option<Run> {
    let rid = match rid {
        Some(text) => Some(Rid::stored(text)?),
        None => None,
    };
    Some(Run { rid, start: since.time(*start), overlapped: *overlapped })
}

fn read_rid(row: &RidRow<'_>, since: Since) -> Option<RidMemory> {
    Some(RidMemory {
        rid: Rid::stored(row.rid)?,
        kind: ping_kind(row.kind)?,
        exit_status: row.exit_status,
        at: since.time(row.at),
        closed_by_pause: row.closed_by_pause,
    })
}

fn read_successes(exact: &[Ago], buckets: &[(Ago, u32)], newest: i64) -> Successes {
    let mut after = Time::from_ms(newest);
    let mut before = |ago: &Ago| {
        after = after - Span::ms(ago.0);
        after
    };
    let mut exact: ThinVec<Time> = exact.iter().map(&mut before).collect();
    let mut buckets: ThinVec<(Time, u32)> =
        buckets.iter().map(|(ago, count)| (before(ago), *count)).collect();
    exact.reverse();
    buckets.reverse();
    Successes::with(exact, buckets)
}
