//! The table of all metrics: name, meaning, and where the value comes from.
//!
//! Names, units and labels are a promise: alert rules, dashboards and other people's queries rely on them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::encode::{Encoder, SampleValue, push_label};
use super::histogram::Histogram;
use super::kind::MetricKind;
use super::output::Gone;
use super::own::Own;
use super::row::Row;
use super::snapshot::{Snapshot, StoreTotals};
use crate::core::cause::CauseKind;
use crate::core::check::PingKind;
use crate::core::incident::IncidentStatus;
use crate::core::time::{Span, Time};
use crate::core::version;
use crate::zones;

/// One family of metrics.
#[derive(Debug)]
pub struct Metric {
    /// The name as samples have it.
    pub name: &'static str,
    pub kind: MetricKind,
    /// One line for people.
    pub help: &'static str,
    source: Source,
}

/// Where the samples of a family come from.
#[derive(Debug)]
enum Source {
    /// One sample per check, with the check's labels.
    Check(fn(&Row) -> SampleValue),
    /// Several samples per check, with one more label.
    CheckBy(&'static str, fn() -> Vec<&'static str>, fn(&Row, usize) -> SampleValue),
    /// One sample per check, with details of its declaration.
    CheckInfo,
    /// One sample, with the database's id.
    Stored(fn(&StoreTotals) -> SampleValue),
    /// One sample per value of a label, with the database's id.
    StoredBy(&'static str, fn(&Snapshot<'_>) -> Vec<(String, u64)>),
    /// One sample, with the version and the commit.
    Build,
    /// One sample.
    Server(fn(&Snapshot<'_>) -> SampleValue),
    /// One sample per value of a label.
    ServerBy(&'static str, fn(&Snapshot<'_>) -> Vec<(String, u64)>),
    Histogram(fn(&Own) -> &Histogram),
}

use MetricKind::{Counter, Gauge, Info};
use Source::{Build, Check, CheckBy, CheckInfo, Server, ServerBy, Stored, StoredBy};

/// Every metric except `process_*`, in the order in which they are written.
#[rustfmt::skip]
pub static METRICS: &[Metric] = &[
    metric("punctual_check_last_seen_timestamp_seconds", Gauge, "When the last ping of any kind came; 0 if none ever came.", Check(|row| time_or_0(row.last_seen))),
    metric("punctual_check_late", Gauge, "1 while the check is late: what should have happened did not. Computed at the scrape.", Check(|row| SampleValue::flag(row.late))),
    metric("punctual_check_count_in_window", Gauge, "Successes in the check's trailing window.", Check(|row| SampleValue::Whole(row.count_in_window))),
    metric("punctual_check_failing", Gauge, "1 while the check is failing: it happened, and was bad.", Check(|row| SampleValue::flag(row.failing))),
    metric("punctual_check_unknown", Gauge, "1 while nobody can tell: punctual was not listening when the check was due, or cannot judge it.", Check(|row| SampleValue::flag(row.unknown))),
    metric("punctual_check_paused", Gauge, "1 while the check is paused: it is not judged.", Check(|row| SampleValue::flag(row.paused))),
    metric("punctual_check_muted", Gauge, "1 while nobody is told about the check: by a mute, a quiet time or wont-fix.", Check(|row| SampleValue::flag(row.muted))),
    metric("punctual_check_acknowledged", Gauge, "1 while somebody is on it: its incident is acknowledged, with all that is bad now.", Check(|row| SampleValue::flag(row.acknowledged))),
    metric("punctual_check_records", Gauge, "Records that violate what the check asserts, also those that nobody wants to hear of.", Check(|row| number(row.records.map(|records| records.open)))),
    metric("punctual_check_records_wont_fix", Gauge, "Those of them that nobody wants to hear of.", Check(|row| number(row.records.map(|records| records.wont_fix)))),
    metric("punctual_check_running", Gauge, "1 while a run has started and not ended.", Check(|row| SampleValue::flag(row.running))),
    metric("punctual_check_problem", Gauge, "1 for each reason why the check is bad; absent while it is not.", CheckBy("reason", reasons, problem)),
    metric("punctual_check_last_success_timestamp_seconds", Gauge, "When the last success came; 0 if none ever came.", Check(|row| time_or_0(row.last_success))),
    metric("punctual_check_due_timestamp_seconds", Gauge, "When the next success is expected; absent while nothing is due.", Check(|row| time(row.due))),
    metric("punctual_check_deadline_timestamp_seconds", Gauge, "When the check will be late; absent while nothing is due.", Check(|row| time(row.deadline))),
    metric("punctual_check_last_duration_seconds", Gauge, "How long the last run took; absent before the first that had a start.", Check(|row| span(row.last_duration))),
    metric("punctual_check_last_exit_status", Gauge, "The exit status of the last success or fail; absent if it gave none.", Check(|row| number(row.last_exit_status))),
    metric("punctual_check_window_seconds", Gauge, "Configuration: the trailing window in which successes are counted.", Check(|row| span(Some(row.window)))),
    metric("punctual_check_grace_seconds", Gauge, "Configuration: how long after it is due the check may still happen.", Check(|row| span(Some(row.grace)))),
    metric("punctual_check_max_runtime_seconds", Gauge, "Configuration: how long a run may take.", Check(|row| span(row.max_runtime))),
    metric("punctual_check_expect_at_least", Gauge, "Configuration: the fewest successes in the window.", Check(|row| number(row.at_least))),
    metric("punctual_check_expect_at_most", Gauge, "Configuration: the most successes in the window.", Check(|row| number(row.at_most))),
    metric("punctual_check_pings_total", Counter, "Pings that counted, by kind. Stored: a restart is no reset.", CheckBy("kind", kinds, |row, kind| SampleValue::Whole(row.counters.pings[kind]))),
    metric("punctual_check_late_total", Counter, "How often the check became late. Stored: a restart is no reset.", Check(|row| SampleValue::Whole(row.counters.late))),
    metric("punctual_check_failing_total", Counter, "How often the check became failing. Stored: a restart is no reset.", Check(|row| SampleValue::Whole(row.counters.failing))),
    metric("punctual_check_occurrences_total", Counter, "What the check detected and nobody was told of before, without what nobody wants to hear of. Stored: a restart is no reset.", Check(|row| number(row.occurrences))),
    metric("punctual_check_info", Info, "What was declared about the check, and where.", CheckInfo),

    metric("punctual_checks", Gauge, "How many checks there are, by where they were declared.", StoredBy("source", declared)),
    metric("punctual_checks_unjudgeable", Gauge, "Checks that cannot be judged, for a fault of punctual: each is unknown, and the others go on.", Stored(|totals| SampleValue::Whole(totals.unjudgeable))),
    metric("punctual_unknown_names", Gauge, "Names that were pinged within a day and that no check has: nobody watches these jobs, or their URL is mistyped.", Stored(|totals| SampleValue::Whole(totals.unknown_names))),
    metric("punctual_incidents_open", Gauge, "Incidents that have not ended.", Stored(|totals| SampleValue::Whole(totals.incidents_open))),
    metric("punctual_incidents", Gauge, "Incidents that have not ended, by how they stand: open is what nobody is on, or not on all of it.", StoredBy("standing", standings)),
    metric("punctual_deliveries_pending", Gauge, "Deliveries that wait to be sent, or to be sent again.", Stored(|totals| SampleValue::Whole(totals.deliveries_pending))),
    metric("punctual_deliveries_parked", Gauge, "Deliveries that were given up: somebody was not told.", Stored(|totals| SampleValue::Whole(totals.deliveries_parked))),
    metric("punctual_deliveries_waiting", Gauge, "Deliveries that wait to be sent, or to be sent again, by receiver; emails/* are the addresses of checks' own.", StoredBy("receiver", waiting)),
    metric("punctual_database_bytes", Gauge, "Bytes of the database without its write-ahead log.", Stored(|totals| SampleValue::Whole(totals.database_bytes))),
    metric("punctual_wal_bytes", Gauge, "Bytes of the database's write-ahead log: it grows while a reader from outside, as a backup, stays open.", Stored(|totals| SampleValue::Whole(totals.log_bytes))),
    metric("punctual_blind_seconds_total", Counter, "How long punctual was not listening, or is not now. Stored: a restart is no reset.", Stored(|totals| span(Some(totals.blind)))),
    metric("punctual_database_created_timestamp_seconds", Gauge, "When the database was made: later than you remember means that history was lost.", Stored(|totals| time(Some(totals.database_created)))),
    metric("punctual_build_info", Info, "The version that runs, and the commit that it was built from.", Build),
    metric("punctual_time_zones_info", Info, "Which data of time zones is in use: its IANA release, and where it is from.", ServerBy("data", |_| vec![(zones::current().to_string(), 1)])),
    metric("punctual_external_url_info", Info, "Where people find the pages: that of a check is at URL/checks/NAME.", ServerBy("url", |all| vec![(all.external_url.to_owned(), 1)])),
    metric("punctual_clock_doubted", Gauge, "1 while the wall clock is behind what was stored: pings are taken, and nothing is judged until it is set, for 10 minutes at most.", Server(|all| SampleValue::flag(all.is_clock_doubted))),
    metric("punctual_deliveries_held", Gauge, "1 while nothing leaves (--no-deliveries): what is to be told waits.", Server(|all| SampleValue::flag(all.is_held))),
    metric("punctual_applied_timestamp_seconds", Gauge, "As of when checks are shown: now, but while nothing can be stored or the clock is doubted, when it stands still.", Server(|all| time(Some(all.applied_to)))),
    metric("punctual_healthy", Gauge, "1 while /-/healthy answers 200: what comes is stored, and what is due is judged.", Server(|all| SampleValue::flag(all.is_healthy))),
    metric("punctual_config_last_reload_successful", Gauge, "1 if the configuration was read without a fault the last time; 0: an older one is used.", Server(|all| SampleValue::flag(all.own.reload_successful()))),
    metric("punctual_config_reloads_total", Counter, "How often the configuration was read, the first time included, by outcome: taken, or refused and an older one used.", ServerBy("outcome", |all| counted_by(all.own.reloads()))),
    metric("punctual_config_last_reload_success_timestamp_seconds", Gauge, "When a configuration was last taken.", Server(|all| time_or_0(all.own.reload_success()))),

    metric("punctual_ping_requests_total", Counter, "Pings, and results that programs report, by how they ended.", ServerBy("outcome", outcomes)),
    metric("punctual_ping_requests_unkeyed_total", Counter, "Pings and results that were accepted without a key, though there are keys.", Server(|all| counted(&all.pings.unkeyed))),
    metric("punctual_wrong_credentials_total", Counter, "Tokens, passwords and auth_keys that were shown and are not known; a ping's wrong key is in punctual_ping_requests_total.", ServerBy("kind", wrong_credentials)),
    metric("punctual_connections_refused_total", Counter, "Connections answered 503 because there were too many at a time: pings among them are not in punctual_ping_requests_total.", Server(|all| counted(&all.connections.refused))),
    metric("punctual_accept_failures_total", Counter, "Failures to take a connection, for lack of open files or memory.", Server(|all| counted(&all.connections.accept_failures))),
    metric("punctual_ping_commit_duration_seconds", MetricKind::Histogram, "From a ping's entry into the queue to its commit.", Source::Histogram(|own| &own.ping_commit)),
    metric("punctual_probes_running", Gauge, "Looks of punctual's own that run now.", Server(|of| SampleValue::Whole(of.own.probes.running.load(Ordering::Relaxed)))),
    metric("punctual_probes_total", Counter, "Looks of punctual's own that have ended, by kind.", ServerBy("probe", |of| of.own.probes.by_kind())),
    metric("punctual_probes_unknown_total", Counter, "Those of them that could not tell, by kind.", ServerBy("probe", |of| of.own.probes.unknown_by_kind())),
    metric("punctual_probes_skipped_total", Counter, "Looks that were due while the one before still ran, and were left out.", Server(|of| SampleValue::Whole(of.own.probes.skipped.load(Ordering::Relaxed)))),
    metric("punctual_probe_lag_seconds", MetricKind::Histogram, "From the moment at which a look of punctual's own was due to its beginning.", Source::Histogram(|own| &own.probes.lag)),
    metric("punctual_expiry_lag_seconds", MetricKind::Histogram, "From the moment at which a check became late to the commit that says so.", Source::Histogram(|own| &own.expiry_lag)),
    metric("punctual_deliveries_total", Counter, "Attempts to deliver a message, by receiver; the failed ones included.", ServerBy("receiver", |all| all.own.by_receiver(|counters| &counters.deliveries))),
    metric("punctual_deliveries_failed_total", Counter, "Attempts to deliver a message that failed, by receiver.", ServerBy("receiver", |all| all.own.by_receiver(|counters| &counters.failed))),
    metric("punctual_delivery_latency_seconds", MetricKind::Histogram, "From a check's flip to the receiver's answer.", Source::Histogram(|own| &own.delivery_latency)),
    metric("punctual_deliveries_misdirected_total", Counter, "Attempts that a receiver refused whatever the message says (401, 403, 404, 407, a mail server before it heard the text), by receiver: its settings should be mended.", ServerBy("receiver", |all| all.own.by_receiver(|counters| &counters.misdirected))),
    metric("punctual_own_mails_limited_total", Counter, "Mails of checks' own (emails) that had to wait: an address gets 60 a minute. None is lost.", Server(|all| SampleValue::Whole(all.totals.own_mails_limited))),
    metric("punctual_history_lost_total", Counter, "How often history could not be kept or read, for its pages are damaged: all else goes on.", Server(|all| SampleValue::Whole(all.totals.history_lost))),
    metric("punctual_rows_quarantined_total", Counter, "How often a ping, or what time did to a check, could not be stored for a row of that check alone: it was refused, and all else was stored.", Server(|all| SampleValue::Whole(all.totals.rows_quarantined))),
    metric("punctual_rows_apart", Gauge, "What cannot be stored now for a row of one check alone: pings, refusals of pings and what time does, by what was last tried of each check, and states that are behind.", Server(|all| SampleValue::Whole(all.totals.rows_apart))),
    metric("punctual_alertmanager_pushes_total", Counter, "Requests with alerts to an address of an Alertmanager, at most 256 alerts each; the failed ones included.", Server(|all| counted(&all.own.alertmanager_pushes))),
    metric("punctual_alertmanager_pushes_failed_total", Counter, "Requests with alerts to an address of an Alertmanager that failed.", Server(|all| counted(&all.own.alertmanager_pushes_failed))),
    metric("punctual_alertmanager_failing_since_timestamp_seconds", Gauge, "Since when some address of an Alertmanager takes no alerts; 0: each took the last push.", Server(|all| time_or_0(all.own.alertmanager_failing_since()))),
];

const fn metric(name: &'static str, kind: MetricKind, help: &'static str, source: Source) -> Metric {
    Metric { name, kind, help, source }
}

impl MetricKind {
    /// The family's name and type in the text format.
    pub(super) fn in_text(self, name: &str) -> (&str, &'static str) {
        match self {
            MetricKind::Counter => (name, "counter"),
            MetricKind::Histogram => (name, "histogram"),
            MetricKind::Gauge | MetricKind::Info => (name, "gauge"),
        }
    }

    /// The family's name and type in OpenMetrics. There the suffix of a counter or an info belongs to the sample and
    /// not to the family, so a counter whose family would be named like a gauge keeps `_total` and is of type unknown.
    pub(super) fn in_openmetrics(self, name: &str) -> (&str, &'static str) {
        let without = |suffix| name.strip_suffix(suffix).unwrap_or(name);
        match self {
            MetricKind::Counter if METRICS.iter().any(|other| other.name == without("_total")) => {
                (name, "unknown")
            }
            MetricKind::Counter => (without("_total"), "counter"),
            MetricKind::Info => (without("_info"), "info"),
            MetricKind::Histogram => (name, "histogram"),
            MetricKind::Gauge => (name, "gauge"),
        }
    }
}

impl Metric {
    /// The base unit, which the name ends in; `None` for plain numbers.
    pub fn unit(&self) -> Option<&'static str> {
        unit_of(self.name)
    }

    /// The labels. `*` stands for the check's own labels.
    pub fn labels(&self) -> Vec<&'static str> {
        let more: &[&str] = match &self.source {
            Source::Check(_) | Source::Server(_) => &[],
            Source::Build => &["version", "commit"],
            Source::CheckInfo => &["title", "schedule", "timezone", "source", "runbook_url"],
            Source::Stored(_) => &["database"],
            Source::StoredBy(label, _) => &["database", label],
            Source::CheckBy(label, ..) | Source::ServerBy(label, _) => &[label],
            Source::Histogram(_) => &["le"],
        };
        let check: &[&str] = if self.is_of_checks() { &["check", "group", "*"] } else { &[] };
        [check, more].concat()
    }

    fn is_of_checks(&self) -> bool {
        matches!(self.source, Source::Check(_) | Source::CheckBy(..) | Source::CheckInfo)
    }

    /// Writes the family. Metrics that do not belong to a check are in the first shard only.
    pub(super) fn write(&self, all: &Snapshot<'_>, encoder: &mut Encoder<'_>) -> Result<(), Gone> {
        if !self.is_of_checks() && !all.shard.is_first() {
            return Ok(());
        }
        encoder.family(self.name, self.kind, self.unit(), self.help);
        match &self.source {
            Source::Check(value) => all
                .rows
                .iter()
                .try_for_each(|row| encoder.sample(all.catalog.labels(row.check), b"", value(row))),
            Source::CheckBy(label, values, value) => {
                let more: Vec<Vec<u8>> = values().iter().map(|value| label_text(label, value)).collect();
                all.rows.iter().try_for_each(|row| {
                    let labels = all.catalog.labels(row.check);
                    let mut each = more.iter().enumerate();
                    each.try_for_each(|(i, more)| encoder.sample(labels, more, value(row, i)))
                })
            }
            Source::CheckInfo => all.rows.iter().try_for_each(|row| {
                let (labels, info) = (all.catalog.labels(row.check), all.catalog.info(row.check));
                encoder.sample(labels, info, SampleValue::Whole(1))
            }),
            Source::Stored(value) => encoder.sample(&database(all), b"", value(&all.totals)),
            Source::StoredBy(label, values) => values(all).iter().try_for_each(|(by, count)| {
                encoder.sample(&database(all), &label_text(label, by), SampleValue::Whole(*count))
            }),
            Source::Build => {
                let commit = label_text("commit", version::COMMIT);
                encoder.sample(&label_text("version", version::VERSION), &commit, SampleValue::Whole(1))
            }
            Source::Server(value) => encoder.sample(b"", b"", value(all)),
            Source::ServerBy(label, values) => values(all).iter().try_for_each(|(by, count)| {
                encoder.sample(b"", &label_text(label, by), SampleValue::Whole(*count))
            }),
            Source::Histogram(histogram) => encoder.histogram(histogram(all.own)),
        }
    }
}

/// The base unit that a name ends in.
pub(super) fn unit_of(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix("_total").unwrap_or(name);
    ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(unit))
}

fn label_text(name: &str, value: &str) -> Vec<u8> {
    let mut text = Vec::new();
    push_label(&mut text, name, value);
    text.pop();
    text
}

fn database(all: &Snapshot<'_>) -> Vec<u8> {
    label_text("database", &format!("{:016x}", all.totals.database_id))
}

fn time(time: Option<Time>) -> SampleValue {
    time.map_or(SampleValue::Absent, |time| SampleValue::Millis(time.as_ms()))
}

fn time_or_0(time: Option<Time>) -> SampleValue {
    SampleValue::Millis(time.map_or(0, Time::as_ms))
}

fn span(span: Option<Span>) -> SampleValue {
    span.map_or(SampleValue::Absent, |span| SampleValue::Millis(span.as_ms()))
}

fn counted(counter: &AtomicU64) -> SampleValue {
    SampleValue::Whole(counter.load(Ordering::Relaxed))
}

fn counted_by<const N: usize>(counters: [(&str, &AtomicU64); N]) -> Vec<(String, u64)> {
    counters.map(|(label, counter)| (label.to_owned(), counter.load(Ordering::Relaxed))).to_vec()
}

fn number<T: Into<u64>>(number: Option<T>) -> SampleValue {
    number.map_or(SampleValue::Absent, |number| SampleValue::Whole(number.into()))
}

fn kinds() -> Vec<&'static str> {
    PingKind::ALL.map(PingKind::as_str).to_vec()
}

fn reasons() -> Vec<&'static str> {
    CauseKind::shown_of_checks().map(CauseKind::as_str).collect()
}

fn problem(row: &Row, reason: usize) -> SampleValue {
    if row.problems & 1 << reason == 0 { SampleValue::Absent } else { SampleValue::Whole(1) }
}

fn standings(all: &Snapshot<'_>) -> Vec<(String, u64)> {
    let StoreTotals { incidents_open, acknowledged, wont_fix, .. } = all.totals;
    let open = incidents_open.saturating_sub(acknowledged + wont_fix);
    let standing = |(status, count): (IncidentStatus, u64)| (status.as_str().to_owned(), count);
    [
        (IncidentStatus::Open, open),
        (IncidentStatus::Acknowledged, acknowledged),
        (IncidentStatus::WontFix, wont_fix),
    ]
    .map(standing)
    .to_vec()
}

/// For every configured receiver, and for those no longer configured that still have deliveries waiting.
fn waiting(all: &Snapshot<'_>) -> Vec<(String, u64)> {
    let mut receivers: BTreeMap<String, u64> =
        all.own.by_receiver(|counters| &counters.deliveries).into_iter().map(|(name, _)| (name, 0)).collect();
    receivers.extend(all.waiting.iter().map(|(name, count)| (name.to_string(), *count)));
    receivers.into_iter().collect()
}

fn declared(all: &Snapshot<'_>) -> Vec<(String, u64)> {
    vec![("file".to_owned(), all.totals.checks_of_files), ("api".to_owned(), all.totals.checks_of_api)]
}

fn wrong_credentials(all: &Snapshot<'_>) -> Vec<(String, u64)> {
    counted_by([
        ("token", &all.own.wrong_tokens),
        ("password", &all.own.wrong_passwords),
        ("auth_key", &all.own.wrong_auth_keys),
    ])
}

fn outcomes(all: &Snapshot<'_>) -> Vec<(String, u64)> {
    let pings = all.pings;
    counted_by([
        ("accepted", &pings.accepted),
        ("unknown_check", &pings.unknown_check),
        ("bad_key", &pings.bad_key),
        ("bad_request", &pings.bad_request),
        ("overloaded", &pings.overloaded),
    ])
}
