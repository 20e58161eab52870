//! Whatever is written is read back, and what users have on disk can always be read.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

mod assertions;
mod diagnoses;
mod old_states;
mod results;

use super::*;
use crate::core::assertion::{Assertion, Finds, FoundBy};
use crate::core::cause::{Cause, CauseKind};
use crate::core::check::{
    Alias, Definition, Name, Origin, Overlap, PingKind, PingMethods, Rid, Source, SourceLine, Spec,
};
use crate::core::cron::Cron;
use crate::core::incident::{IncidentId, IncidentKey, IncidentStatus};
use crate::core::notice::{AliasNotice, LastRun, Notice, RecordSaid, RecordsNotice};
use crate::core::outbox::{DeliveryKind, Flaps};
use crate::core::periods::Periods;
use crate::core::reference::Ref;
use crate::core::refusals::Refused;
use crate::core::schedule::{Expect, Occurrences, Quiet, Schedule};
use crate::core::state::{Claim, Counted, Counters, Pause, RidMemory, Run, State};
use crate::core::successes::Successes;
use crate::core::time::{Span, Time};
use crate::core::window::WindowCount;
use crate::core::zone::Zone;

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![
        Just(Time::MIN),
        Just(Time::MAX),
        any::<i64>().prop_map(Time::from_ms),
        (1_700_000_000_000..1_800_000_000_000_i64).prop_map(Time::from_ms),
    ]
}

fn maybe() -> impl Strategy<Value = Option<Time>> {
    proptest::option::of(time())
}

fn rid() -> impl Strategy<Value = Rid> {
    "(form/)?[A-Za-z0-9._:-]{1,59}".prop_map(|text| Rid::stored(&text).unwrap())
}

fn ping_kind_of() -> impl Strategy<Value = PingKind> {
    (0..4_u8).prop_map(|code| ping_kind(code).unwrap())
}

fn cause() -> impl Strategy<Value = Cause> {
    (0..9_u8, 0..11_u8, time()).prop_map(|(would_be, kind, since)| {
        let kind = cause_kind(kind).unwrap();
        let would_be = (kind == CauseKind::Blind).then(|| cause_kind(would_be).unwrap());
        Cause { kind, since, would_be }
    })
}

fn runs() -> impl Strategy<Value = Vec<Run>> {
    let run = (proptest::option::of(rid()), time(), any::<bool>());
    vec(run.prop_map(|(rid, start, overlapped)| Run { rid, start, overlapped }), 0..16)
}

fn rids() -> impl Strategy<Value = Vec<RidMemory>> {
    let memory = (rid(), ping_kind_of(), any::<Option<u8>>(), time(), any::<bool>());
    let memory = memory.prop_map(|(rid, kind, exit_status, at, closed_by_pause)| RidMemory {
        rid,
        kind,
        exit_status,
        at,
        closed_by_pause,
    });
    vec(memory, 0..16)
}

fn successes() -> impl Strategy<Value = Successes> {
    (vec(time(), 0..50), vec(any::<u32>(), 0..20)).prop_map(|(mut times, counts)| {
        times.sort_unstable();
        // Where there are buckets, some are known one by one, too.
        let exact = times.split_off(counts.len().min(times.len().saturating_sub(1)));
        Successes::with(exact.into(), times.into_iter().zip(counts).collect())
    })
}

fn stretch((one, other, times): (Time, Time, u32)) -> Refused {
    Refused { first: one.min(other), last: one.max(other), times }
}

prop_compose! {
    fn state()(
        times in [time(), time(), time()],
        options in vec(maybe(), 13),
        causes in vec(cause(), 0..10),
        runs in runs(),
        rids in rids(),
        successes in successes(),
        refusals in vec((time(), time(), any::<u32>()), 0..8),
        numbers in any::<([u64; 4], u64, u32, u32, Option<u8>, bool, bool)>(),
        duration in proptest::option::of(0..i64::MAX / 2),
        counted in any::<bool>(),
    ) -> State {
        let mut state = State {
            newest: times[0],
            armed_since: times[1],
            floor: times[2],
            archived: options[0],
            pause: Pause { by_file: options[1], at_run_time: options[2], until: options[2].and(options[3]) },
            recovered_at: options[3],
            last: [options[4], options[5], options[6], options[7]],
            last_seen: options[8],
            last_discharge: options[9],
            last_duration: duration.map(Span::ms),
            last_exit_status: numbers.4,
            claim: options[10].map(|start| Claim { start, judged: numbers.5 }),
            runs: runs.into(),
            rids: rids.into(),
            nameless_run_before_pause: numbers.6,
            failures_in_a_row: numbers.2,
            successes_in_a_row: numbers.3,
            unknowns_in_a_row: numbers.3 ^ numbers.2,
            successes,
            counted: counted.then_some(Counted {
                judged_to: times[0],
                pending: options[11],
                late_for: options[12],
            }),
            refusals: refusals.into_iter().map(stretch).collect(),
            counters: Counters { pings: numbers.0, late: numbers.1, failing: 7 },
            ..State::default()
        };
        causes.into_iter().for_each(|cause| { state.causes.insert(cause); });
        state
    }
}

/// A state of which nothing is lost.
fn whole(row: &[u8]) -> Option<State> {
    let ReadState { state, are_results_lost } = read_state(row)?;
    assert!(!are_results_lost, "{state:?}");
    Some(state)
}

proptest! {
    #[test]
    fn every_state_is_read_back(state in state()) {
        prop_assert_eq!(whole(&write_state(&state)), Some(state));
    }

    /// 1.1, 14.2: what is brought back to one time stands as its row is read.
    #[test]
    fn every_state_is_read_back_after_the_clock_was_set_back((mut state, now) in (state(), time())) {
        state.set_back_to(now);
        prop_assert_eq!(whole(&write_state(&state)), Some(state));
    }

    #[test]
    fn every_window_is_read_back(
        mut times in vec(time(), 0..100),
        counts in vec(any::<u64>(), 0..50),
        within in 0..i64::MAX / 2,
    ) {
        times.sort_unstable();
        let exact = times.split_off(counts.len().min(times.len()));
        let buckets = times.into_iter().zip(counts).collect();
        let window = WindowCount::with(Span::ms(within), exact.into(), buckets).expect("it is in order");
        let read = read_window(&write_window(&window), window.within());
        prop_assert_eq!(read, Some(window));
    }

    #[test]
    fn no_bytes_make_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = read_state(&bytes);
        for version in 1..=5 {
            let _ = read_state(&[&[version], &*bytes].concat());
        }
        for bytes in [bytes.clone(), [&[1], &*bytes].concat()] {
            let _ = read_window(&bytes, Span::secs(1)).map(|window| window.count(Time::from_secs(1)));
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = (read_notices(&text), read_alerts(&text), read_definition(&text));
    }
}

fn full_definition() -> Definition {
    let cron = |text| Occurrences {
        cron: Cron::parse(text).unwrap(),
        zone: Zone::bundled("Europe/Berlin").expect("it is built in"),
    };
    let expect = Expect { at_least: Some(4), at_most: None, within: Span::mins(5) };
    Definition {
        name: Name::parse("nightly-backup").unwrap(),
        renamed_from: vec![Name::parse("backup").unwrap()].into(),
        title: "Nächtliche \"Sicherung\"\n".into(),
        group: "dba".into(),
        labels: [("team".to_owned(), "dba".to_owned())].into(),
        spec: Arc::new(Spec {
            schedule: Schedule::CountedAt(cron("*/5 * * * *"), expect),
            assert: Some(Arc::new(Assertion {
                found_by: FoundBy::Reporter(assertions::reported()),
                unknowns_before_alert: 7,
                max_records: None,
                finds: Finds::Lasting,
            })),
            grace: Span::secs(30),
            early: Some(Span::secs(5)),
            max_runtime: Some(Span::mins(2)),
            start_within: Some(Span::secs(20)),
            min_runtime: Some(Span::secs(1)),
            overlap: Overlap::Fail,
            failures_before_alert: 3,
            successes_to_recover: 2,
            manual_resume: true,
            paused: true,
        }),
        description: "all of it".into(),
        runbook_url: "https://example.org".into(),
        reference: Ref::parse("x7kq2a"),
        depends_on: vec![Name::parse("database").unwrap()].into(),
        quiet: vec![Quiet { at: cron("0 0 * * 0"), lasts: Span::mins(60) }].into(),
        ping_methods: PingMethods::Post,
        window: Some(Span::mins(60)),
        emails: vec!["Ops <ops@example.org>".to_owned()].into(),
        alias: Some(Box::new(Alias {
            origin: Origin::new("coal_mine"),
            id: "abcdefgh".to_owned(),
            slug: "ä-b".to_owned(),
        })),
        source: Source::File { path: "checks/dba.yaml".into(), line: SourceLine::new(12) },
    }
}

#[test]
fn every_definition_is_read_back() {
    let mut definition = full_definition();
    let read = read_definition(&write_definition(&definition)).unwrap();
    assert_eq!(read, definition);
    // Any two lines are equal.
    assert_eq!(read.source.to_string(), "checks/dba.yaml:12");
    let Schedule::CountedAt(at, expect) = definition.spec.schedule.clone() else { unreachable!() };
    let periods = Periods::parse("* * * * 6 300; # ä ; * * * * 1-5 60.5").unwrap();
    let others = [
        Schedule::Every(Span::secs(1)),
        Schedule::Periods(periods),
        Schedule::At(at),
        Schedule::Counted(expect),
        Schedule::Unscheduled,
    ];
    for schedule in others {
        Arc::make_mut(&mut definition.spec).schedule = schedule;
        definition.source = Source::Api;
        assert_eq!(read_definition(&write_definition(&definition)).unwrap(), definition);
    }
}

#[test]
fn every_notice_is_read_back() {
    let blind = Cause { kind: CauseKind::Blind, since: Time::MIN, would_be: Some(CauseKind::Overrun) };
    let full = Notice {
        kind: DeliveryKind::Episode,
        diagnosis: None,
        incident: IncidentId(u64::MAX),
        incident_status: IncidentStatus::WontFix,
        check: Name::parse("a").unwrap(),
        key: IncidentKey::parse("EU/1").unwrap(),
        title: "ä".to_owned(),
        group: "g".to_owned(),
        labels: vec![("a".to_owned(), "b".to_owned())],
        description: "d".to_owned(),
        runbook_url: "r".to_owned(),
        first: blind,
        causes: vec![Cause { kind: CauseKind::Failed, since: Time::MAX, would_be: None }, blind],
        opened_at: Time::from_ms(1),
        ended_at: Some(Time::from_ms(2)),
        schedule: "every 5m".to_owned(),
        grace: Span::ms(3),
        due: Some(Time::from_ms(4)),
        zone: Zone::bundled("Asia/Kathmandu").expect("it is built in"),
        last_success: Some(Time::from_ms(5)),
        last_run: Some(LastRun {
            at: Time::from_ms(6),
            is_success: true,
            outcome: None,
            exit_status: Some(7),
            duration: Some(Span::ms(8)),
            source: "s".to_owned(),
            comment: Some("c".to_owned()),
        }),
        last_log: Some((Time::from_ms(12), "l".to_owned())),
        output: Some((Time::from_ms(13), "o\np".to_owned())),
        declared: "f:1".to_owned(),
        responder: Some(8),
        asked_by: "team=\"dba\"".to_owned(),
        with: "{\"limit\":10}".to_owned(),
        repeat_interval: Some(Span::ms(9)),
        thread: Some("t".to_owned()),
        records: Some(RecordsNotice {
            new: 1,
            occurred: 5,
            open: 2,
            ended: 3,
            changed: 4,
            said: vec![RecordSaid {
                key: IncidentKey::parse("EU/1").unwrap(),
                incident: IncidentId(5),
                title: "t".to_owned(),
                details: "{}".to_owned(),
                is_over: true,
            }],
        }),
        blind: Some(crate::core::blind::Window { from: Time::MIN, to: Time::MAX }),
        emails: vec!["a@example.org".to_owned()],
        alias: Some(AliasNotice {
            origin: Origin::new("nights_watch"),
            id: "abcdefgh".to_owned(),
            deadline: Some(Time::from_ms(10)),
            events: vec![(Time::from_ms(11), "Triggered (ä)".to_owned())],
        }),
    };
    let empty = Notice { ended_at: None, due: None, blind: None, thread: None, alias: None, ..full.clone() };
    let flaps = Flaps { times: u32::MAX, since: Time::from_ms(14) };
    let flapping = Notice { kind: DeliveryKind::Flapping(flaps), ..full.clone() };
    let own = Notice { key: IncidentKey::own(), records: None, ..full.clone() };
    assert!(!write_notices(std::slice::from_ref(&own)).contains("key"), "as of a version before");
    let diagnoses = diagnoses::every().into_iter().map(|diagnosis| Notice {
        kind: DeliveryKind::Diagnosis(diagnosis.number),
        diagnosis: Some(diagnosis),
        ..full.clone()
    });
    let notices: Vec<Notice> = [full.clone(), empty, flapping, own].into_iter().chain(diagnoses).collect();
    assert_eq!(read_notices(&write_notices(&notices)).unwrap(), notices);
}

/// The state is written with every ping: that of a simple check takes few bytes.
#[test]
fn the_state_of_a_simple_check_is_small() {
    let newest = Time::from_secs(1_800_000_000);
    let ago = |secs| Some(newest - Span::secs(secs));
    let mut state = State { newest, armed_since: newest - Span::mins(60 * 24 * 300), ..State::default() };
    state.last = [ago(0), ago(86_400), None, None];
    state.last_seen = ago(0);
    state.last_discharge = ago(0);
    state.counters.pings[0] = 100_000;
    let bytes = write_state(&state).len();
    assert!(bytes <= 60, "{bytes}");
}

/// It is written with every state: that of a job that runs every minute or so takes few bytes for a day.
#[test]
fn the_window_of_a_job_that_runs_by_the_clock_is_small() {
    let mut window = WindowCount::new(Span::mins(24 * 60));
    for minute in 0..3000 {
        window.add(Time::from_secs(1_800_000_000 + minute * 60) + Span::ms(minute * 7919 % 60));
    }
    let bytes = write_window(&window).len();
    assert!(bytes <= 2700, "{bytes}");
    assert_eq!(read_window(&write_window(&window), window.within()), Some(window));
}

/// Rows in users' files: the code that wrote them is gone, but they must still be read.
#[test]
fn rows_of_the_first_version_are_read() {
    let state = [1, 0];
    assert_eq!(whole(&state), None, "cut short");
    let definition = r#"{"name":"a","title":"A","spec":{"schedule":{"at":{"cron":"0 2 * * *","zone":"UTC"}},"grace":1000,
        "failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"f","line":1}}}"#;
    assert_eq!(read_definition(definition).unwrap().spec.grace, Span::secs(1));
    let notice = r#"[{"kind":"alert","incident":1,"incident_status":"open","check":"a","title":"A","group":"","labels":[],
        "description":"","runbook_url":"","first":FIRST,"causes":[],"opened_at":1,"ended_at":null,"schedule":"every 5m",
        "grace":3,"due":null,"zone":"UTC","last_success":5,"last_duration":6,"last_exit_status":7,"last_source":"s",
        "last_comment":"c","declared":"f:1","responder":null,"repeat_interval":null,"thread":null,"blind":null}]"#;
    let first = r#"["missing",1,null]"#;
    let read = read_notices(&notice.replace("FIRST", first)).unwrap();
    assert_eq!((read[0].last_success, &read[0].last_run), (Some(Time::from_ms(5)), &None));
    assert_eq!(read[0].output, None);
}

/// An incident of a version that kept numbers only: its actions were planned for the cause that opened it.
#[test]
fn planned_actions_come_back_and_old_ones_are_read() {
    let planned = |action, kinds: &[CauseKind], is_uncovered| crate::core::incident::Planned {
        action: crate::core::route::ActionId(action),
        kinds: kinds.to_vec(),
        is_uncovered,
    };
    let actions =
        vec![planned(u64::MAX, &[CauseKind::Missing], false), planned(2, &[CauseKind::Blind], true)];
    assert_eq!(read_planned(&write_planned(&actions), CauseKind::Failed), Some(actions));
    let old = read_planned("[18446744073709551615,7]", CauseKind::Blind).unwrap();
    assert_eq!(old, [planned(u64::MAX, &[CauseKind::Blind], false), planned(7, &[CauseKind::Blind], false)]);
    assert_eq!(read_planned(r#"[[7,["nonsense"],false]]"#, CauseKind::Blind), None);
    let families = [crate::core::cause::Family::Late, crate::core::cause::Family::Unknown];
    assert_eq!(read_families(&write_families(&families)), Some(families.to_vec()));
}
