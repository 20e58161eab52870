//! A check's definition as JSON.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

use crate::core::assertion::{Assertion, Reported};
use crate::core::check::{Alias, Definition, Name, Origin, Overlap, PingMethods, Source, SourceLine, Spec};
use crate::core::cron::Cron;
use crate::core::periods::Periods;
use crate::core::record::NamedRecords;
use crate::core::reference::Ref;
use crate::core::schedule::{Expect, Occurrences, Quiet, Schedule};
use crate::core::time::Span;

use crate::zones;

#[derive(Serialize, Deserialize)]
struct DefinitionRow<'a> {
    name: &'a str,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    renamed_from: Vec<String>,
    #[serde(borrow)]
    title: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    group: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    labels: Cow<'a, [(String, String)]>,
    spec: SpecRow,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    description: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    runbook_url: Cow<'a, str>,
    #[serde(borrow, default, rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quiet: Vec<QuietRow>,
    #[serde(default, skip_serializing_if = "is_false")]
    post_only: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    emails: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    canary: Option<CanaryRow>,
    #[serde(borrow)]
    source: SourceRow<'a>,
}

#[derive(Serialize, Deserialize)]
struct CanaryRow {
    system: String,
    id: String,
    slug: String,
}

#[derive(Serialize, Deserialize)]
struct SpecRow {
    schedule: ScheduleRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assert: Option<AssertionRow>,
    grace: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    early: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_runtime: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start_within: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_runtime: Option<i64>,
    #[serde(default, skip_serializing_if = "is_false")]
    overlap_fails: bool,
    failures_before_alert: u32,
    successes_to_recover: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    manual_resume: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    paused: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScheduleRow {
    Every(i64),
    Periods(String),
    At(OccurrencesRow),
    CountedAt(OccurrencesRow, ExpectRow),
    Counted(ExpectRow),
    Unscheduled,
}

#[derive(Serialize, Deserialize)]
struct AssertionRow {
    unknowns_before_alert: u32,
    /// 0: results name no records. Left out by versions that knew none.
    #[serde(default = "default_max_records", skip_serializing_if = "is_default_max_records")]
    max_records: u32,
    reported: ReportedRow,
}

#[derive(Serialize, Deserialize)]
struct ReportedRow {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reporter: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    by: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    args: String,
}

#[derive(Serialize, Deserialize)]
struct OccurrencesRow {
    cron: String,
    zone: String,
    /// The mark of the zone's rules by which the check was judged. Rows of version 0.1.0 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clocks: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct ExpectRow {
    at_least: Option<u32>,
    at_most: Option<u32>,
    within: i64,
}

#[derive(Serialize, Deserialize)]
struct QuietRow {
    at: OccurrencesRow,
    lasts: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceRow<'a> {
    File {
        #[serde(borrow)]
        path: Cow<'a, str>,
        line: u32,
    },
    Api,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// The definition as stored in its row.
pub(in crate::store) fn write_definition(definition: &Definition) -> String {
    let texts = |names: &[Name]| names.iter().map(|name| name.as_str().to_owned()).collect();
    let row = DefinitionRow {
        name: definition.name.as_str(),
        renamed_from: texts(&definition.renamed_from),
        title: definition.title[..].into(),
        group: definition.group[..].into(),
        labels: definition.labels[..].into(),
        spec: spec_row(&definition.spec),
        description: definition.description[..].into(),
        runbook_url: definition.runbook_url[..].into(),
        reference: definition.reference.as_ref().map(|reference| reference.as_str().into()),
        depends_on: texts(&definition.depends_on),
        quiet: definition
            .quiet
            .iter()
            .map(|quiet| QuietRow { at: occurrences_row(&quiet.at), lasts: quiet.lasts.as_ms() })
            .collect(),
        post_only: definition.ping_methods == PingMethods::Post,
        window: definition.window.map(Span::as_ms),
        emails: definition.emails.to_vec(),
        canary: definition.alias.as_deref().map(canary_row),
        source: match &definition.source {
            Source::File { path, line } => SourceRow::File { path: path[..].into(), line: line.get() },
            Source::Api => SourceRow::Api,
        },
    };
    serde_json::to_string(&row).expect("a row of texts and numbers is always JSON")
}

fn canary_row(canary: &Alias) -> CanaryRow {
    CanaryRow { system: canary.origin.as_str().to_owned(), id: canary.id.clone(), slug: canary.slug.clone() }
}

fn spec_row(spec: &Spec) -> SpecRow {
    let expect_row = |expect: &Expect| ExpectRow {
        at_least: expect.at_least,
        at_most: expect.at_most,
        within: expect.within.as_ms(),
    };
    SpecRow {
        schedule: match &spec.schedule {
            Schedule::Every(period) => ScheduleRow::Every(period.as_ms()),
            Schedule::Periods(periods) => ScheduleRow::Periods(periods.text().to_owned()),
            Schedule::At(at) => ScheduleRow::At(occurrences_row(at)),
            Schedule::CountedAt(at, expect) => {
                ScheduleRow::CountedAt(occurrences_row(at), expect_row(expect))
            }
            Schedule::Counted(expect) => ScheduleRow::Counted(expect_row(expect)),
            Schedule::Unscheduled => ScheduleRow::Unscheduled,
        },
        assert: spec.assert.as_deref().map(assertion_row),
        grace: spec.grace.as_ms(),
        early: spec.early.map(Span::as_ms),
        max_runtime: spec.max_runtime.map(Span::as_ms),
        start_within: spec.start_within.map(Span::as_ms),
        min_runtime: spec.min_runtime.map(Span::as_ms),
        overlap_fails: spec.overlap == Overlap::Fail,
        failures_before_alert: spec.failures_before_alert,
        successes_to_recover: spec.successes_to_recover,
        manual_resume: spec.manual_resume,
        paused: spec.paused,
    }
}

fn default_max_records() -> u32 {
    NamedRecords::DEFAULT_MOST
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_default_max_records(most: &u32) -> bool {
    *most == NamedRecords::DEFAULT_MOST
}

fn assertion_row(assertion: &Assertion) -> AssertionRow {
    let Assertion { reported: Reported { reporter, by, args }, unknowns_before_alert, max_records } =
        assertion;
    let reported = ReportedRow { reporter: reporter.to_string(), by: by.to_string(), args: args.to_string() };
    AssertionRow {
        unknowns_before_alert: *unknowns_before_alert,
        max_records: max_records.unwrap_or(0),
        reported,
    }
}

fn read_assertion(row: &AssertionRow) -> Assertion {
    let AssertionRow { unknowns_before_alert, max_records, reported: ReportedRow { reporter, by, args } } =
        row;
    let text = |text: &String| if text.is_empty() { Arc::default() } else { Arc::from(text.as_str()) };
    let reported = Reported { reporter: text(reporter), by: text(by), args: text(args) };
    let max_records = Some(*max_records).filter(|most| *most > 0);
    Assertion { reported, unknowns_before_alert: *unknowns_before_alert, max_records }
}

fn occurrences_row(at: &Occurrences) -> OccurrencesRow {
    OccurrencesRow {
        cron: at.cron.as_str().to_owned(),
        zone: at.zone.name().to_owned(),
        clocks: Some(at.zone.mark()),
    }
}

/// Parses a definition. The error says what this program cannot read.
pub(in crate::store) fn read_definition(text: &str) -> Result<Definition, String> {
    let row: DefinitionRow<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let parse_name = |text: &str| Name::parse(text).map_err(|error| format!("{text}: {error}"));
    let names =
        |texts: &[String]| texts.iter().map(|text| parse_name(text)).collect::<Result<ThinVec<_>, _>>();
    let quiet =
        |row: QuietRow| Ok::<_, String>(Quiet { at: read_occurrences(&row.at)?, lasts: Span::ms(row.lasts) });
    let text = |text: &str| if text.is_empty() { Arc::default() } else { Arc::from(text) };
    let name = parse_name(row.name)?;
    Ok(Definition {
        title: if row.title == row.name { name.to_title() } else { text(&row.title) },
        name,
        renamed_from: names(&row.renamed_from)?,
        group: text(&row.group),
        labels: if row.labels.is_empty() { Arc::default() } else { row.labels.into() },
        spec: read_spec(&row.spec)?.into(),
        description: text(&row.description),
        runbook_url: text(&row.runbook_url),
        reference: row.reference.as_deref().and_then(Ref::parse),
        depends_on: names(&row.depends_on)?,
        quiet: row.quiet.into_iter().map(quiet).collect::<Result<_, _>>()?,
        ping_methods: if row.post_only { PingMethods::Post } else { PingMethods::Any },
        window: row.window.map(Span::ms),
        emails: row.emails.into(),
        alias: row.canary.map(|row| read_canary(row).into()),
        source: match row.source {
            SourceRow::File { path, line } => Source::File { path: path.into(), line: SourceLine::new(line) },
            SourceRow::Api => Source::Api,
        },
    })
}

fn read_canary(row: CanaryRow) -> Alias {
    Alias { origin: Origin::new(&row.system), id: row.id, slug: row.slug }
}

fn read_spec(row: &SpecRow) -> Result<Spec, String> {
    let expect = |row: &ExpectRow| Expect {
        at_least: row.at_least,
        at_most: row.at_most,
        within: Span::ms(row.within),
    };
    Ok(Spec {
        schedule: match &row.schedule {
            ScheduleRow::Every(period) => Schedule::Every(Span::ms(*period)),
            ScheduleRow::Periods(text) => {
                Schedule::Periods(Periods::parse(text).map_err(|error| format!("{text}: {error}"))?)
            }
            ScheduleRow::At(at) => Schedule::At(read_occurrences(at)?),
            ScheduleRow::CountedAt(at, row) => Schedule::CountedAt(read_occurrences(at)?, expect(row)),
            ScheduleRow::Counted(row) => Schedule::Counted(expect(row)),
            ScheduleRow::Unscheduled => Schedule::Unscheduled,
        },
        assert: row.assert.as_ref().map(|row| read_assertion(row).into()),
        grace: Span::ms(row.grace),
        early: row.early.map(Span::ms),
        max_runtime: row.max_runtime.map(Span::ms),
        start_within: row.start_within.map(Span::ms),
        min_runtime: row.min_runtime.map(Span::ms),
        overlap: if row.overlap_fails { Overlap::Fail } else { Overlap::Allowed },
        failures_before_alert: row.failures_before_alert,
        successes_to_recover: row.successes_to_recover,
        manual_resume: row.manual_resume,
        paused: row.paused,
    })
}

fn read_occurrences(row: &OccurrencesRow) -> Result<Occurrences, String> {
    let zone = zones::current().as_stored(&row.zone, row.clocks);
    let cron = Cron::parse(&row.cron).map_err(|error| format!("{}: {error}", row.cron))?;
    Ok(Occurrences { cron, zone })
}
