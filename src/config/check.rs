//! One check: from its keys to its definition.

use std::sync::Arc;

use thin_vec::ThinVec;

use super::assertion;
use super::keys::DEFAULT_GRACE;
use super::names::{Mention, Mentions, reference};
use super::times::{Times, quiet};
use super::web_url::web_url;
use crate::core::assertion::Finds;
use crate::core::check::{Definition, Name, Overlap, PingMethods, Source, SourceLine, Spec};
use crate::core::periods::Periods;
use crate::core::schedule::{Expect, Occurrences, Schedule};
use crate::core::time::Span;
use crate::core::zone::Zone;
use crate::notify::email::check_address;
use crate::yaml::fault::{At, Log, quote};
use crate::yaml::fields::{Fields, MAX_LABELS};

/// The most names in one key of a check.
const MAX_MENTIONS: usize = 32;

/// The values that checks have by default.
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults {
    grace: Option<Span>,
    zone: Option<Zone>,
    early: Option<Span>,
    failures_before_alert: Option<u32>,
    successes_to_recover: Option<u32>,
    manual_resume: Option<bool>,
    ping_methods: Option<PingMethods>,
}

impl Defaults {
    /// Reads `defaults`. Missing values are taken from `outer`.
    pub(super) fn read(fields: &Fields<'_>, outer: &Defaults, times: &mut Times, log: &mut Log) -> Defaults {
        Defaults {
            grace: fields.duration(log, "grace").or(outer.grace),
            zone: times.zone(fields, log).or(outer.zone),
            early: fields.duration(log, "early").or(outer.early),
            failures_before_alert: count(fields, log, "failures_before_alert")
                .or(outer.failures_before_alert),
            successes_to_recover: count(fields, log, "successes_to_recover").or(outer.successes_to_recover),
            manual_resume: fields.flag(log, "manual_resume").or(outer.manual_resume),
            ping_methods: ping_methods(fields, log).or(outer.ping_methods),
        }
    }

    /// `timezone`.
    pub(super) fn zone(&self) -> Zone {
        self.zone.unwrap_or(Zone::UTC)
    }
}

/// What the checks of one file share.
#[derive(Clone, Debug, Default)]
pub(super) struct FileShared {
    /// The file's name, as it was given.
    pub(super) path: Arc<str>,
    pub(super) group: Arc<str>,
    /// Sorted by name.
    pub(super) labels: Vec<(String, String)>,
    pub(super) defaults: Defaults,
}

/// The check's name, if it has a valid one.
pub(super) fn name(fields: &Fields<'_>, log: &mut Log) -> Option<Name> {
    let text = fields.text(log, "name")?;
    parse_name(text, fields.at_value("name"), log)
}

fn parse_name(text: &str, at: At, log: &mut Log) -> Option<Name> {
    let hint = || {
        let slug = slug(text);
        if Name::parse(&slug).is_ok() { format!(": `{slug}`?") } else { String::new() }
    };
    Name::parse(text)
        .map_err(|error| log.fault(at, format!("{} is no name of a check: {error}{}", quote(text), hint())))
        .ok()
}

/// The name that was probably meant: in lower case, with `-` for characters that are not allowed.
pub(super) fn slug(text: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    let slug: String = text.chars().take(Name::MAX_BYTES).map(letter).collect();
    slug.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Reads everything but the name. Faults go to the log; if there are any, the result is meaningless.
pub(super) fn definition(
    fields: &Fields<'_>,
    name: Name,
    shared: &FileShared,
    times: &mut Times,
    log: &mut Log,
) -> Option<(Definition, Mentions)> {
    let faults_before = log.count();
    let zone = times.zone(fields, log).unwrap_or(shared.defaults.zone());
    if fields.has("timezone") && !fields.has("cron") && !fields.has("quiet") && !fields.has_refused_keys() {
        log.fault(
            fields.at_key("timezone"),
            "`timezone` says nothing without `cron` or `quiet`: leave it out",
        );
    }
    let schedule = schedule(fields, zone, times, log);
    let complete = schedule.is_some();
    // The check's other faults are reported even without a schedule.
    let schedule = schedule.unwrap_or(Schedule::Every(Span::MAX));
    let quiet = quiet(fields, zone, times, log);
    let labels = labels(fields, shared, log);
    let of_pings = of_pings(fields, &shared.defaults);
    let mentions = Mentions {
        renamed_from: mentioned(fields, "renamed_from", log),
        depends_on: mentioned(fields, "depends_on", log),
    };
    let definition = Definition {
        title: fields.text(log, "title").map_or_else(|| name.to_title(), Arc::from),
        name,
        renamed_from: Mention::names(&mentions.renamed_from),
        group: fields.text(log, "group").map_or_else(|| shared.group.clone(), Arc::from),
        labels: labels.into(),
        spec: spec(fields, schedule, &shared.defaults, log).into(),
        description: fields.text(log, "description").map(Arc::from).unwrap_or_default(),
        runbook_url: web_url(fields, "runbook_url", log).map(Arc::from).unwrap_or_default(),
        reference: reference(fields, log),
        depends_on: Mention::names(&mentions.depends_on),
        quiet,
        ping_methods: ping_methods(fields, log)
            .or(of_pings.and_then(|defaults| defaults.ping_methods))
            .unwrap_or_default(),
        window: window(fields, log),
        emails: emails(fields, log),
        alias: None,
        source: Source::File { path: shared.path.clone(), line: SourceLine::new(fields.at.line) },
    };
    if complete {
        check_grace(fields, &definition.spec, log);
    }
    (complete && log.count() == faults_before).then_some((definition, mentions))
}

fn schedule(fields: &Fields<'_>, zone: Zone, times: &mut Times, log: &mut Log) -> Option<Schedule> {
    let (every, cron, counts) = (fields.has("every"), fields.has("cron"), fields.has("expect"));
    let asserting = assertion::asserting(fields);
    if asserting.is_some_and(|key| !assertion::goes_with_schedule(fields, key, log)) {
        return None;
    }
    if fields.has("periods") {
        return periods(fields, log);
    }
    if every && cron {
        log.fault(fields.at_key("cron"), "a check has `every` or `cron`, not both");
        return None;
    }
    if every && counts {
        let message =
            "`expect` does not go with `every`: use `expect` alone, which counts all the time, or `cron`";
        log.fault(fields.at_key("expect"), message);
        return None;
    }
    if !every && !cron && !counts && asserting.is_some() {
        return Some(Schedule::Unscheduled);
    }
    if !every && !cron && !counts {
        // A key that was refused may have been meant as the schedule.
        if !fields.has_refused_keys() {
            log.fault(fields.at, "a check needs to know when: `every`, `cron`, `periods` or `expect`");
        }
        return None;
    }
    let period = fields.duration(log, "every");
    let expect = fields.map(log, "expect").and_then(|fields| expect(&fields, log));
    let at = times.cron(fields, zone, log).map(|known| Occurrences { cron: known.cron.clone(), zone });
    match (period, at) {
        (Some(period), _) => Some(Schedule::Every(period)),
        (None, Some(at)) if counts => Some(Schedule::CountedAt(at, expect?)),
        (None, Some(at)) => Some(Schedule::At(at)),
        (None, None) if !every && !cron => Some(Schedule::Counted(expect?)),
        (None, None) => None,
    }
}

/// Reads `periods`, which excludes other schedules.
fn periods(fields: &Fields<'_>, log: &mut Log) -> Option<Schedule> {
    if let Some(other) = ["every", "cron", "expect"].into_iter().find(|key| fields.has(key)) {
        log.fault(fields.at_key(other), format!("a check has `periods` or `{other}`, not both"));
        return None;
    }
    let periods = Periods::parse(fields.text(log, "periods")?);
    periods
        .map(Schedule::Periods)
        .map_err(|error| log.fault(fields.at_value("periods"), error.to_string()))
        .ok()
}

fn expect(fields: &Fields<'_>, log: &mut Log) -> Option<Expect> {
    let (at_least, at_most) = (count(fields, log, "at_least"), count(fields, log, "at_most"));
    if !fields.has("at_least") && !fields.has("at_most") {
        log.fault(fields.at, "`expect` needs `at_least`, `at_most` or both");
        return None;
    }
    if let (Some(at_least), Some(at_most)) = (at_least, at_most)
        && at_least > at_most
    {
        let message =
            format!("`at_least` ({at_least}) is more than `at_most` ({at_most}): no count fits both");
        log.fault(fields.at_value("at_least"), message);
    }
    Some(Expect { at_least, at_most, within: fields.duration(log, "within")? })
}

fn spec(fields: &Fields<'_>, schedule: Schedule, defaults: &Defaults, log: &mut Log) -> Spec {
    // 3.2, 2.6: `expect` and `periods` use only the check's own grace.
    let inherited = match schedule {
        Schedule::Every(_) | Schedule::At(_) => defaults.grace.unwrap_or(DEFAULT_GRACE),
        Schedule::Periods(_) | Schedule::CountedAt(..) | Schedule::Counted(_) | Schedule::Unscheduled => {
            Span::ZERO
        }
    };
    let assert = assertion::assertion(fields, log);
    // 19.2: what has happened was found once.
    let counts_rows = assert.as_ref().is_none_or(|assertion| assertion.finds == Finds::Lasting);
    let rows = Some(defaults).filter(|_| counts_rows);
    let is_probed = assert.as_ref().is_some_and(|assertion| assertion.found_by.is_probe());
    let has_early = matches!(schedule, Schedule::At(_)) && !is_probed;
    Spec {
        grace: fields.duration(log, "grace").unwrap_or(if is_probed { Span::ZERO } else { inherited }),
        // Where there are no occurrences it means nothing (2.2).
        early: early(fields, log).or(defaults.early.filter(|_| has_early)),
        max_runtime: fields.duration(log, "max_runtime"),
        start_within: fields.duration(log, "start_within"),
        min_runtime: fields.duration(log, "min_runtime"),
        overlap: match fields.one_of(log, "overlap") {
            Some("fail") => Overlap::Fail,
            _ => Overlap::Allowed,
        },
        failures_before_alert: count(fields, log, "failures_before_alert")
            .or(rows.and_then(|defaults| defaults.failures_before_alert))
            .unwrap_or(1),
        successes_to_recover: count(fields, log, "successes_to_recover")
            .or(rows.and_then(|defaults| defaults.successes_to_recover))
            .unwrap_or(1),
        manual_resume: fields
            .flag(log, "manual_resume")
            .or(of_pings(fields, defaults).and_then(|defaults| defaults.manual_resume))
            .unwrap_or(false),
        paused: fields.flag(log, "paused").unwrap_or(false),
        assert: assert.map(Arc::new),
        schedule,
    }
}

/// The defaults of what is about pings: a check that asserts something has none of them (17.2, 17.7).
fn of_pings<'d>(fields: &Fields<'_>, defaults: &'d Defaults) -> Option<&'d Defaults> {
    assertion::asserting(fields).is_none().then_some(defaults)
}

fn early(fields: &Fields<'_>, log: &mut Log) -> Option<Span> {
    let early = fields.duration(log, "early")?;
    // Without any schedule, that is said already (17.8b).
    if assertion::asserting(fields).is_some() && !fields.has("cron") && !fields.has("every") {
        return Some(early);
    }
    if !fields.has("cron") || fields.has("expect") {
        log.fault(
            fields.at_key("early"),
            "`early` goes with `cron` alone: only then is there an occurrence to serve",
        );
    }
    Some(early)
}

/// Checks that `grace`, the times of runs and the schedule fit together.
fn check_grace(fields: &Fields<'_>, spec: &Spec, log: &mut Log) {
    if let Schedule::CountedAt(at, _) = &spec.schedule
        && spec.grace > Span::ZERO
        && Times::some_gap_is_within(at, spec.grace)
    {
        let message =
            format!("`grace` ({}) must be shorter than the time between two occurrences", spec.grace);
        log.fault(fields.at_value("grace"), message);
    }
    if let Some(start_within) = spec.start_within {
        if spec.schedule.expect().is_some() {
            let message = "`start_within` does not go with `expect`, which counts successes";
            log.fault(fields.at_key("start_within"), message);
        } else if start_within > spec.grace {
            let message = format!(
                "`start_within` ({start_within}) is at most `grace` ({}), after which it is late",
                spec.grace
            );
            log.fault(fields.at_value("start_within"), message);
        }
    }
    if let (Some(min), Some(max)) = (spec.min_runtime, spec.max_runtime)
        && min >= max
    {
        let message = format!("`min_runtime` ({min}) must be shorter than `max_runtime` ({max})");
        log.fault(fields.at_value("min_runtime"), message);
    }
    if spec.overlap == Overlap::Fail && spec.max_runtime.is_none() && !fields.has("max_runtime") {
        let message = "`overlap: fail` needs `max_runtime`, which ends a run whose end was lost";
        log.fault(fields.at_value("overlap"), message);
    }
}

fn window(fields: &Fields<'_>, log: &mut Log) -> Option<Span> {
    let window = fields.duration(log, "window")?;
    if fields.has("expect") {
        log.fault(fields.at_key("window"), "with `expect`, the window is its `within`: leave `window` out");
    } else if fields.has("every") {
        log.fault(
            fields.at_key("window"),
            "with `every`, the window is the period and grace: leave `window` out",
        );
    } else if fields.has("periods") {
        let message = "with `periods`, the window is the longest period and grace: leave `window` out";
        log.fault(fields.at_key("window"), message);
    }
    Some(window)
}

/// The check's own labels, and those of its file that it does not override.
fn labels(fields: &Fields<'_>, shared: &FileShared, log: &mut Log) -> Vec<(String, String)> {
    let mut labels = fields.labels(log, "labels");
    for (name, value) in &shared.labels {
        if !labels.iter().any(|(own, _)| own == name) {
            labels.push((name.clone(), value.clone()));
        }
    }
    if labels.len() > MAX_LABELS && !shared.labels.is_empty() {
        let message =
            format!("with those of its file a check has at most {MAX_LABELS} labels, not {}", labels.len());
        log.fault(fields.at_value("labels"), message);
    }
    labels.sort();
    labels
}

fn mentioned(fields: &Fields<'_>, key: &str, log: &mut Log) -> Vec<Mention> {
    let texts = fields.texts(log, key);
    if texts.len() > MAX_MENTIONS {
        log.fault(fields.at_value(key), format!("`{key}` has at most {MAX_MENTIONS} names"));
    }
    let mut mentions: Vec<Mention> = Vec::with_capacity(texts.len());
    for (at, text) in texts {
        let Some(name) = parse_name(text, at, log) else { continue };
        if mentions.iter().any(|other| other.name == name) {
            log.fault(at, format!("`{name}` stands twice in `{key}`"));
        }
        mentions.push(Mention { name, at });
    }
    mentions
}

/// The check's own addresses. An address that is listed twice gets one mail.
fn emails(fields: &Fields<'_>, log: &mut Log) -> ThinVec<String> {
    let faults_before = log.count();
    let texts = fields.texts(log, "emails");
    if texts.is_empty() && fields.has("emails") && log.count() == faults_before {
        log.fault(fields.at_value("emails"), "`emails` needs at least one address");
    }
    if texts.len() > Definition::MAX_EMAILS {
        let message = format!("`emails` has at most {} addresses", Definition::MAX_EMAILS);
        log.fault(fields.at_value("emails"), message);
    }
    let mut emails: ThinVec<String> = ThinVec::with_capacity(texts.len());
    for (at, text) in texts {
        check_address(at, text, log);
        if !emails.iter().any(|other| other == text) {
            emails.push(text.to_owned());
        }
    }
    emails
}

fn ping_methods(fields: &Fields<'_>, log: &mut Log) -> Option<PingMethods> {
    match fields.one_of(log, "ping_methods")? {
        "post" => Some(PingMethods::Post),
        _ => Some(PingMethods::Any),
    }
}

fn count(fields: &Fields<'_>, log: &mut Log, key: &str) -> Option<u32> {
    fields.whole(log, key).map(|number| u32::try_from(number).expect("the table allows no more"))
}

/// A stand-in for a missing name, so that the check's other faults are found.
pub(super) fn nameless() -> Name {
    Name::parse("nameless").expect("it is a name")
}
