mod exposition;
mod reference;

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use flate2::read::GzDecoder;

use super::*;
use crate::core::blind::BlindWindows;
use crate::core::cause::CauseKind;
use crate::core::check::{Definition, Name, Ping, PingKind, Source, SourceLine, Spec};
use crate::core::cron::Cron;
use crate::core::periods::Periods;
use crate::core::route::ReceiverName;
use crate::core::schedule::{Expect, Occurrences, Schedule};
use crate::core::state::State;
use crate::core::step::{Input, step, view};
use crate::core::time::{Span, Time};
use crate::core::zone::Zone;

fn definition(name: &str, schedule: Schedule) -> Definition {
    let spec = Spec { grace: Span::mins(1), ..Spec::new(schedule) };
    let source = Source::File { path: "checks/dba.yaml".into(), line: SourceLine::new(12) };
    Definition::new(Name::parse(name).unwrap(), spec, source)
}

fn every(name: &str) -> Definition {
    definition(name, Schedule::Every(Span::mins(5)))
}

/// The row at time `now` of a check that was declared at 1000 s and got these inputs.
fn row(check: u32, definition: &Definition, inputs: &[(i64, Input)], now: i64) -> Row {
    let none = BlindWindows::default();
    let mut state = State::declared(&definition.spec, Time::from_secs(1000));
    for (at, input) in inputs {
        state = step(&definition.spec, state, input, Time::from_secs(*at), &none).state;
    }
    let seen = view(&definition.spec, &state, Time::from_secs(now), &none);
    Row::new(
        check,
        &Seen {
            definition,
            state: &state,
            view: &seen,
            count_in_window: 2,
            window: Span::mins(6),
            muted: false,
            acknowledged: true,
        },
    )
}

fn ping(kind: PingKind, exit_status: Option<u8>) -> Input {
    Input::Ping(Ping { kind, rid: None, exit_status })
}

fn snapshot<'a>(catalog: &'a Catalog, rows: Vec<Row>, own: &'a Own) -> Snapshot<'a> {
    let (pings, connections) =
        (Box::leak(Box::<PingOutcomes>::default()), Box::leak(Box::<ConnectionCounters>::default()));
    let counts = [
        (&pings.accepted, 7),
        (&pings.unkeyed, 4),
        (&connections.refused, 8),
        (&connections.accept_failures, 9),
    ];
    counts.iter().for_each(|(counter, count)| counter.store(*count, Ordering::Relaxed));
    Snapshot {
        catalog,
        rows,
        shard: Shard::WHOLE,
        external_url: "https://punctual.example.org",
        is_healthy: true,
        is_clock_doubted: false,
        is_held: false,
        applied_to: Time::from_secs(1300),
        totals: StoreTotals {
            checks_of_files: 0,
            checks_of_api: 0,
            unknown_names: 3,
            incidents_open: 7,
            acknowledged: 2,
            wont_fix: 1,
            deliveries_pending: 2,
            deliveries_parked: 3,
            own_mails_limited: 4,
            unjudgeable: 7,
            history_lost: 6,
            rows_quarantined: 5,
            rows_apart: 2,
            database_bytes: 8192,
            log_bytes: 4096,
            blind: Span::ms(1500),
            database_id: 0xd8,
            database_created: Time::from_secs(900),
        },
        waiting: Arc::new([(ReceiverName::from("gone"), 5)].into()),
        pings,
        connections,
        own,
    }
}

fn text(snapshot: &Snapshot<'_>, format: Format) -> String {
    String::from_utf8(bytes(snapshot, Negotiated { format, gzip: false }).concat()).unwrap()
}

fn bytes(snapshot: &Snapshot<'_>, negotiated: Negotiated) -> Vec<Bytes> {
    let mut chunks = Vec::new();
    render(snapshot, negotiated, &mut |chunk| {
        chunks.push(chunk);
        Ok(())
    })
    .unwrap();
    chunks
}

/// The lines of one family's samples.
fn samples<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let is_sample = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    text.lines().filter(is_sample).collect()
}

#[test]
fn a_check_that_never_came_shows_zero_and_what_is_configured() {
    let check = every("a");
    let catalog = Catalog::new([&check]);
    let own = Own::new();
    let text = text(&snapshot(&catalog, vec![row(0, &check, &[], 1100)], &own), Format::Text);
    let expect = |name: &str, expected: &[&str]| assert_eq!(samples(&text, name), expected, "{name}");
    expect(
        "punctual_check_last_seen_timestamp_seconds",
        &["punctual_check_last_seen_timestamp_seconds{check=\"a\"} 0"],
    );
    expect("punctual_check_late", &["punctual_check_late{check=\"a\"} 0"]);
    expect("punctual_check_count_in_window", &["punctual_check_count_in_window{check=\"a\"} 2"]);
    expect(
        "punctual_check_due_timestamp_seconds",
        &["punctual_check_due_timestamp_seconds{check=\"a\"} 1300"],
    );
    expect(
        "punctual_check_deadline_timestamp_seconds",
        &["punctual_check_deadline_timestamp_seconds{check=\"a\"} 1360"],
    );
    expect("punctual_check_grace_seconds", &["punctual_check_grace_seconds{check=\"a\"} 60"]);
    expect("punctual_check_problem", &[]);
    expect("punctual_check_last_duration_seconds", &[]);
    expect("punctual_check_last_exit_status", &[]);
    expect("punctual_check_max_runtime_seconds", &[]);
    expect("punctual_check_expect_at_least", &[]);
    expect("punctual_check_expect_at_most", &[]);
    expect(
        "punctual_check_pings_total",
        &[
            "punctual_check_pings_total{check=\"a\",kind=\"success\"} 0",
            "punctual_check_pings_total{check=\"a\",kind=\"fail\"} 0",
            "punctual_check_pings_total{check=\"a\",kind=\"start\"} 0",
            "punctual_check_pings_total{check=\"a\",kind=\"log\"} 0",
        ],
    );
    expect(
        "punctual_check_info",
        &[r#"punctual_check_info{check="a",title="a",schedule="every 5m",source="checks/dba.yaml"} 1"#],
    );
}

/// 2.5: late is computed at the scrape, even if no tick has stored it.
#[test]
fn late_is_computed_at_the_scrape() {
    let check = every("a");
    let catalog = Catalog::new([&check]);
    let own = Own::new();
    let at = |now| text(&snapshot(&catalog, vec![row(0, &check, &[], now)], &own), Format::Text);
    let (on_time, late) = (at(1360), at(1361));
    assert_eq!(samples(&on_time, "punctual_check_late"), ["punctual_check_late{check=\"a\"} 0"]);
    assert_eq!(samples(&late, "punctual_check_late"), ["punctual_check_late{check=\"a\"} 1"]);
    let problem = "punctual_check_problem{check=\"a\",reason=\"never_seen\"} 1";
    assert_eq!(samples(&late, "punctual_check_problem"), [problem]);
}

#[test]
fn a_check_that_ran_shows_how_it_went() {
    let mut check = every("a");
    Arc::make_mut(&mut check.spec).max_runtime = Some(Span::ms(2500));
    let catalog = Catalog::new([&check]);
    let own = Own::new();
    let inputs = [(1010, ping(PingKind::Start, None)), (1012, ping(PingKind::Fail, Some(3)))];
    let text = text(&snapshot(&catalog, vec![row(0, &check, &inputs, 1020)], &own), Format::Text);
    let expect = |name: &str, value: &str| {
        assert_eq!(samples(&text, name), [format!("{name}{{check=\"a\"}} {value}")], "{name}");
    };
    expect("punctual_check_last_seen_timestamp_seconds", "1012");
    expect("punctual_check_last_success_timestamp_seconds", "0");
    expect("punctual_check_last_duration_seconds", "2");
    expect("punctual_check_last_exit_status", "3");
    expect("punctual_check_max_runtime_seconds", "2.5");
    expect("punctual_check_failing", "1");
    expect("punctual_check_late", "0");
    expect("punctual_check_failing_total", "1");
    let problem = "punctual_check_problem{check=\"a\",reason=\"failed\"} 1";
    assert_eq!(samples(&text, "punctual_check_problem"), [problem]);
}

#[test]
fn a_paused_check_has_no_due_time() {
    let check = every("a");
    let catalog = Catalog::new([&check]);
    let own = Own::new();
    let text =
        text(&snapshot(&catalog, vec![row(0, &check, &[(1010, Input::Pause)], 2000)], &own), Format::Text);
    assert_eq!(samples(&text, "punctual_check_paused"), ["punctual_check_paused{check=\"a\"} 1"]);
    assert_eq!(samples(&text, "punctual_check_late"), ["punctual_check_late{check=\"a\"} 0"]);
    assert_eq!(samples(&text, "punctual_check_due_timestamp_seconds"), [""; 0]);
    assert_eq!(samples(&text, "punctual_check_deadline_timestamp_seconds"), [""; 0]);
}

#[test]
fn labels_are_the_checks_own_and_what_a_schedule_is_stands_in_its_info() {
    let zone = Zone::bundled("Europe/Berlin").expect("it is built in");
    let occurrences = Occurrences { cron: Cron::parse("0 2 * * *").unwrap(), zone };
    let expect = Expect { at_least: Some(1), at_most: Some(3), within: Span::mins(20) };
    let mut check = definition("a", Schedule::CountedAt(occurrences, expect));
    check.group = "db \"a\"".into();
    check.title = "Back\\slash\nand line".into();
    check.labels = [("empty".to_owned(), String::new()), ("team".to_owned(), "dba".to_owned())].into();
    let catalog = Catalog::new([&check]);
    let own = Own::new();
    let text = text(&snapshot(&catalog, vec![row(0, &check, &[], 1100)], &own), Format::Text);
    assert_eq!(
        samples(&text, "punctual_check_info"),
        [concat!(
            r#"punctual_check_info{check="a",group="db \"a\"",team="dba",title="Back\\slash\nand line","#,
            r#"schedule="0 2 * * *, 1 to 3 within 20m",timezone="Europe/Berlin",source="checks/dba.yaml"} 1"#
        )]
    );
    let at_most = r#"punctual_check_expect_at_most{check="a",group="db \"a\"",team="dba"} 3"#;
    assert_eq!(samples(&text, "punctual_check_expect_at_most"), [at_most]);
}

#[test]
fn a_line_added_above_a_check_changes_no_series() {
    let mut check = every("a");
    let own = Own::new();
    let series = |check: &Definition| {
        let catalog = Catalog::new([check]);
        text(&snapshot(&catalog, vec![row(0, check, &[], 5000)], &own), Format::Text)
            .lines()
            .filter_map(|line| line.rsplit_once(' ').map(|(series, _)| series.to_owned()))
            .collect::<Vec<_>>()
    };
    let before = series(&check);
    check.source = Source::File { path: "checks/dba.yaml".into(), line: SourceLine::new(13) };
    assert_eq!(series(&check), before);
    check.source = Source::File { path: "checks/etl.yaml".into(), line: SourceLine::new(13) };
    assert_ne!(series(&check), before, "where it is declared is still told");
}

/// 2.6: the due time is the deadline of the period that applies.
#[test]
fn periods_stand_in_the_info_and_say_when_it_is_due() {
    let periods = Periods::parse("0-29 * * * * 60; 30-59 * * * * 300").unwrap();
    let check = definition("a", Schedule::Periods(periods));
    let catalog = Catalog::new([&check]);
    let ping = Input::Ping(Ping { kind: PingKind::Success, rid: None, exit_status: None });
    let row = row(0, &check, &[(1860, ping)], 1900);
    assert_eq!(row.due, Some(Time::from_secs(2160)));
    let text = text(&snapshot(&catalog, vec![row], &Own::new()), Format::Text);
    let info = samples(&text, "punctual_check_info");
    assert!(info[0].contains(r#"schedule="0-29 * * * * 60; 30-59 * * * * 300",timezone="UTC""#), "{info:?}");
}

#[test]
fn what_is_of_the_server_is_there_from_the_start() {
    let catalog = Catalog::default();
    let own = Own::new();
    let before = text(&snapshot(&catalog, Vec::new(), &own), Format::Text);
    assert!(before.contains("\npunctual_config_last_reload_successful 0\n"));
    let (mail, chat) = (ReceiverName::from("ops-mail"), ReceiverName::from("chat"));
    own.config_loaded([&mail, &chat], Time::from_secs(1000));
    own.receiver("chat").unwrap().failed.fetch_add(2, std::sync::atomic::Ordering::Relaxed);
    own.config_loaded([&chat], Time::from_secs(2000));
    own.config_refused();
    own.ping_commit.observe(Duration::from_micros(1500));
    let text = text(&snapshot(&catalog, Vec::new(), &own), Format::Text);
    for line in [
        "punctual_checks{database=\"00000000000000d8\",source=\"file\"} 0",
        "punctual_checks{database=\"00000000000000d8\",source=\"api\"} 0",
        "punctual_incidents_open{database=\"00000000000000d8\"} 7",
        "punctual_incidents{database=\"00000000000000d8\",standing=\"open\"} 4",
        "punctual_incidents{database=\"00000000000000d8\",standing=\"acknowledged\"} 2",
        "punctual_incidents{database=\"00000000000000d8\",standing=\"wont_fix\"} 1",
        "punctual_deliveries_waiting{database=\"00000000000000d8\",receiver=\"chat\"} 0",
        "punctual_deliveries_waiting{database=\"00000000000000d8\",receiver=\"gone\"} 5",
        "punctual_database_bytes{database=\"00000000000000d8\"} 8192",
        "punctual_config_reloads_total{outcome=\"taken\"} 2",
        "punctual_config_reloads_total{outcome=\"refused\"} 1",
        "punctual_deliveries_pending{database=\"00000000000000d8\"} 2",
        "punctual_deliveries_parked{database=\"00000000000000d8\"} 3",
        "punctual_blind_seconds_total{database=\"00000000000000d8\"} 1.5",
        "punctual_database_created_timestamp_seconds{database=\"00000000000000d8\"} 900",
        "punctual_external_url_info{url=\"https://punctual.example.org\"} 1",
        "punctual_clock_doubted 0",
        "punctual_deliveries_held 0",
        "punctual_healthy 1",
        concat!(
            "punctual_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\",commit=\"",
            env!("PUNCTUAL_COMMIT"),
            "\"} 1"
        ),
        "punctual_config_last_reload_successful 0",
        "punctual_config_last_reload_success_timestamp_seconds 2000",
        "punctual_ping_requests_total{outcome=\"accepted\"} 7",
        "punctual_ping_requests_total{outcome=\"overloaded\"} 0",
        "punctual_connections_refused_total 8",
        "punctual_accept_failures_total 9",
        "punctual_ping_requests_unkeyed_total 4",
        "punctual_deliveries_total{receiver=\"chat\"} 0",
        "punctual_deliveries_failed_total{receiver=\"chat\"} 2",
        "punctual_ping_commit_duration_seconds_bucket{le=\"0.001\"} 0",
        "punctual_ping_commit_duration_seconds_bucket{le=\"1.0\"} 1",
        "punctual_ping_commit_duration_seconds_bucket{le=\"+Inf\"} 1",
        "punctual_ping_commit_duration_seconds_sum 0.0015",
        "punctual_ping_commit_duration_seconds_count 1",
        "punctual_alertmanager_pushes_failed_total 0",
    ] {
        assert!(text.contains(&format!("\n{line}\n")), "{line} is missing in:\n{text}");
    }
    assert!(!text.contains("ops-mail"), "a receiver that is gone has vanished");
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"] {
        assert_eq!(samples(&text, name).len(), 1, "{name}");
    }
}

#[test]
fn the_table_keeps_prometheus_conventions() {
    let mut names = BTreeSet::new();
    for metric in METRICS {
        let name = metric.name;
        assert!(names.insert(name), "{name} is there twice");
        assert!(name.starts_with("punctual_"), "{name}");
        assert_eq!(metric.kind == MetricKind::Counter, name.ends_with("_total"), "{name}");
        assert_eq!(metric.kind == MetricKind::Info, name.ends_with("_info"), "{name}");
        let help = metric.help;
        assert!(!help.contains(['"', '\\', '\n']) && help.ends_with('.'), "{name}: {help}");
    }
    let kind_bits: Vec<usize> = CauseKind::ALL.map(|kind| kind as usize).to_vec();
    assert_eq!(kind_bits, (0..CauseKind::ALL.len()).collect::<Vec<_>>(), "bits of Row::problems");
}
