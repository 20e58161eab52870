//! What a check asserts, as JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::core::assertion::{Assertion, Finds, FoundBy, Remember, Reported};
use crate::core::probe::{ExecLimits, ExecProbe, HttpProbe, JsonCondition, JsonTest, PromqlProbe, SqlProbe};
use crate::core::record::NamedRecords;
use crate::core::time::Span;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct AssertionRow {
    unknowns_before_alert: u32,
    /// 0: results name no records. Left out by versions that knew none.
    #[serde(default = "default_max_records", skip_serializing_if = "is_default_max_records")]
    max_records: u32,
    /// `detect`: how long it remembers, in ms, and 0: for ever. Not there: `assert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remember: Option<i64>,
    #[serde(flatten)]
    found_by: FoundByRow,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FoundByRow {
    Reported(ReportedRow),
    Http(HttpProbeRow),
    Promql(QueryRow),
    Sql(QueryRow),
    Exec(ExecProbeRow),
}

#[derive(Clone, Serialize, Deserialize)]
struct ReportedRow {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reporter: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    by: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    args: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolve_after: Option<i64>,
}

#[derive(Clone, Serialize, Deserialize)]
struct HttpProbeRow {
    url: String,
    timeout: i64,
    statuses: Vec<(u16, u16)>,
    body: String,
    json: Vec<(String, JsonTestRow)>,
    certificate_expires_in: Option<i64>,
    follows_redirects: bool,
    unreachable_is_unknown: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct QueryRow {
    /// The Prometheus, or the database.
    asks: String,
    query: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    key: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    wants_some: bool,
    timeout: i64,
}

#[derive(Clone, Serialize, Deserialize)]
struct ExecProbeRow {
    line: Vec<String>,
    timeout: i64,
    memory: u64,
    files: u64,
    processes: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    names_records: bool,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum JsonTestRow {
    Equals(String),
    NotEquals(String),
    Matches(String),
    Above(String),
    Below(String),
}

fn default_max_records() -> u32 {
    NamedRecords::DEFAULT_MOST
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_default_max_records(most: &u32) -> bool {
    *most == NamedRecords::DEFAULT_MOST
}

pub(super) fn assertion_row(assertion: &Assertion) -> AssertionRow {
    let found_by = match &assertion.found_by {
        FoundBy::Reporter(Reported { reporter, by, args, resolve_after }) => {
            FoundByRow::Reported(ReportedRow {
                reporter: reporter.to_string(),
                by: by.to_string(),
                args: args.to_string(),
                resolve_after: resolve_after.map(Span::as_ms),
            })
        }
        FoundBy::Http(probe) => FoundByRow::Http(http_row(probe)),
        FoundBy::Promql(PromqlProbe { prometheus, query, key, title, timeout }) => {
            FoundByRow::Promql(QueryRow {
                asks: prometheus.to_string(),
                query: query.to_string(),
                key: key.iter().map(ToString::to_string).collect(),
                title: title.to_string(),
                wants_some: false,
                timeout: timeout.as_ms(),
            })
        }
        FoundBy::Sql(SqlProbe { database, query, key, title, wants_some, timeout }) => {
            FoundByRow::Sql(QueryRow {
                asks: database.to_string(),
                query: query.to_string(),
                key: key.iter().map(ToString::to_string).collect(),
                title: title.to_string(),
                wants_some: *wants_some,
                timeout: timeout.as_ms(),
            })
        }
        FoundBy::Exec(probe) => FoundByRow::Exec(exec_row(probe)),
    };
    let max_records = assertion.max_records.unwrap_or(0);
    let remember = match assertion.finds {
        Finds::Lasting => None,
        Finds::Occurring(Remember::For(span)) => Some(span.as_ms()),
        Finds::Occurring(Remember::Forever) => Some(0),
    };
    AssertionRow { unknowns_before_alert: assertion.unknowns_before_alert, max_records, remember, found_by }
}

fn exec_row(probe: &ExecProbe) -> ExecProbeRow {
    let ExecProbe { line, timeout, limits: ExecLimits { memory, files, processes }, names_records } = probe;
    ExecProbeRow {
        line: line.iter().map(ToString::to_string).collect(),
        timeout: timeout.as_ms(),
        memory: *memory,
        files: *files,
        processes: *processes,
        names_records: *names_records,
    }
}

fn http_row(probe: &HttpProbe) -> HttpProbeRow {
    let test = |test: &JsonTest| match test {
        JsonTest::Equals(value) => JsonTestRow::Equals(value.to_string()),
        JsonTest::NotEquals(value) => JsonTestRow::NotEquals(value.to_string()),
        JsonTest::Matches(value) => JsonTestRow::Matches(value.to_string()),
        JsonTest::Above(value) => JsonTestRow::Above(value.to_string()),
        JsonTest::Below(value) => JsonTestRow::Below(value.to_string()),
    };
    HttpProbeRow {
        url: probe.url.to_string(),
        timeout: probe.timeout.as_ms(),
        statuses: probe.statuses.to_vec(),
        body: probe.body.to_string(),
        json: probe.json.iter().map(|one| (one.pointer.to_string(), test(&one.is))).collect(),
        certificate_expires_in: probe.certificate_expires_in.map(Span::as_ms),
        follows_redirects: probe.follows_redirects,
        unreachable_is_unknown: probe.unreachable_is_unknown,
    }
}

pub(super) fn read_assertion(row: AssertionRow) -> Assertion {
    let text = |text: String| if text.is_empty() { Arc::default() } else { Arc::from(text) };
    let found_by = match row.found_by {
        FoundByRow::Reported(ReportedRow { reporter, by, args, resolve_after }) => {
            let resolve_after = resolve_after.map(Span::ms);
            FoundBy::Reporter(Reported {
                reporter: text(reporter),
                by: text(by),
                args: text(args),
                resolve_after,
            })
        }
        FoundByRow::Http(row) => FoundBy::Http(HttpProbe {
            url: text(row.url),
            timeout: Span::ms(row.timeout),
            statuses: row.statuses.into(),
            body: text(row.body),
            json: row.json.into_iter().map(read_condition).collect(),
            certificate_expires_in: row.certificate_expires_in.map(Span::ms),
            follows_redirects: row.follows_redirects,
            unreachable_is_unknown: row.unreachable_is_unknown,
        }),
        FoundByRow::Promql(row) => FoundBy::Promql(PromqlProbe {
            prometheus: text(row.asks),
            query: text(row.query),
            key: row.key.into_iter().map(text).collect(),
            title: text(row.title),
            timeout: Span::ms(row.timeout),
        }),
        FoundByRow::Sql(row) => FoundBy::Sql(SqlProbe {
            database: text(row.asks),
            query: text(row.query),
            key: row.key.into_iter().map(text).collect(),
            title: text(row.title),
            wants_some: row.wants_some,
            timeout: Span::ms(row.timeout),
        }),
        FoundByRow::Exec(row) => FoundBy::Exec(ExecProbe {
            line: row.line.into_iter().map(text).collect(),
            timeout: Span::ms(row.timeout),
            limits: ExecLimits { memory: row.memory, files: row.files, processes: row.processes },
            names_records: row.names_records,
        }),
    };
    let max_records = Some(row.max_records).filter(|most| *most > 0);
    let finds = match row.remember {
        None => Finds::Lasting,
        Some(0) => Finds::Occurring(Remember::Forever),
        Some(ms) => Finds::Occurring(Remember::For(Span::ms(ms))),
    };
    Assertion { found_by, unknowns_before_alert: row.unknowns_before_alert, max_records, finds }
}

fn read_condition((pointer, test): (String, JsonTestRow)) -> JsonCondition {
    let is = match test {
        JsonTestRow::Equals(value) => JsonTest::Equals(value.into()),
        JsonTestRow::NotEquals(value) => JsonTest::NotEquals(value.into()),
        JsonTestRow::Matches(value) => JsonTest::Matches(value.into()),
        JsonTestRow::Above(value) => JsonTest::Above(value.into()),
        JsonTestRow::Below(value) => JsonTest::Below(value.into()),
    };
    JsonCondition { pointer: pointer.into(), is }
}
