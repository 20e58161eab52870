//! Writes a check in the words of `checks:`, the reverse of reading it.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use crate::core::assertion::{Assertion, Finds, FoundBy, Reported};
use crate::core::check::{Definition, Name, Overlap, PingMethods, Spec};
use crate::core::probe::{ExecLimits, ExecProbe, HttpProbe, JsonCondition, JsonTest, PromqlProbe, SqlProbe};
use crate::core::record::NamedRecords;
use crate::core::schedule::{Expect, Occurrences, Quiet, Schedule};
use crate::core::time::Span;

/// Keys and values, in the order in which people write them. Defaults are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Words(pub Vec<(&'static str, Value)>);

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Words {
    fn add(&mut self, key: &'static str, value: impl Into<Value>) {
        self.0.push((key, value.into()));
    }

    fn add_span(&mut self, key: &'static str, span: Option<Span>) {
        if let Some(span) = span {
            self.add(key, span.to_string());
        }
    }

    fn add_text(&mut self, key: &'static str, text: &str) {
        if !text.is_empty() {
            self.add(key, text);
        }
    }

    fn add_names(&mut self, key: &'static str, names: &[Name]) {
        if !names.is_empty() {
            self.add(key, names.iter().map(Name::as_str).collect::<Vec<_>>());
        }
    }

    /// As a JSON object.
    pub fn into_object(self) -> Map<String, Value> {
        self.0.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// All keys of a check's own entry.
pub fn words_of(definition: &Definition) -> Words {
    let mut words = Words(Vec::new());
    words.add("name", definition.name.as_str());
    if *definition.title != *definition.name.as_str() {
        words.add("title", &*definition.title);
    }
    add_schedule(&mut words, &definition.spec.schedule);
    add_spec(&mut words, &definition.spec);
    words.add_span("window", definition.window);
    if definition.ping_methods == PingMethods::Post {
        words.add("ping_methods", "post");
    }
    words.add_text("group", &definition.group);
    if !definition.labels.is_empty() {
        let labels = definition.labels.iter().map(|(name, value)| (name.clone(), value.clone().into()));
        words.add("labels", labels.collect::<Map<String, Value>>());
    }
    words.add_text("description", &definition.description);
    words.add_text("runbook_url", &definition.runbook_url);
    if let Some(reference) = &definition.reference {
        words.add("ref", reference.as_str());
    }
    if !definition.emails.is_empty() {
        words.add("emails", definition.emails.to_vec());
    }
    words.add_names("depends_on", &definition.depends_on);
    if !definition.quiet.is_empty() {
        words.add("quiet", definition.quiet.iter().map(quiet).collect::<Vec<_>>());
    }
    words.add_names("renamed_from", &definition.renamed_from);
    words
}

fn add_schedule(words: &mut Words, schedule: &Schedule) {
    match schedule {
        Schedule::Every(period) => words.add("every", period.to_string()),
        Schedule::Periods(periods) => words.add("periods", periods.text()),
        Schedule::At(at) => add_occurrences(words, at),
        Schedule::CountedAt(at, counts) => {
            add_occurrences(words, at);
            words.add("expect", expect(counts));
        }
        Schedule::Counted(counts) => words.add("expect", expect(counts)),
        Schedule::Unscheduled => {}
    }
}

fn add_occurrences(words: &mut Words, at: &Occurrences) {
    words.add("cron", at.cron.as_str());
    words.add("timezone", at.zone.name());
}

fn expect(expect: &Expect) -> Value {
    let mut map = Map::new();
    if let Some(at_least) = expect.at_least {
        map.insert("at_least".to_owned(), at_least.into());
    }
    if let Some(at_most) = expect.at_most {
        map.insert("at_most".to_owned(), at_most.into());
    }
    map.insert("within".to_owned(), expect.within.to_string().into());
    Value::Object(map)
}

fn quiet(quiet: &Quiet) -> Value {
    let Quiet { at, lasts } = quiet;
    json!({"cron": at.cron.as_str(), "timezone": at.zone.name(), "for": lasts.to_string()})
}

fn reported(reported: &Reported) -> Value {
    let Reported { reporter, by, args, resolve_after } = reported;
    let mut map = Map::new();
    for (key, text) in [("reporter", reporter), ("by", by)] {
        if !text.is_empty() {
            map.insert(key.to_owned(), text.as_ref().into());
        }
    }
    if !args.is_empty() {
        map.insert("args".to_owned(), serde_json::from_str(args).unwrap_or_else(|_| args.as_ref().into()));
    }
    if let Some(span) = resolve_after {
        map.insert("resolve_after".to_owned(), span.to_string().into());
    }
    Value::Object(map)
}

fn http_probe(probe: &HttpProbe) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| drop(map.insert(key.to_owned(), value));
    put("url", probe.url.as_ref().into());
    if probe.timeout != HttpProbe::DEFAULT_TIMEOUT {
        put("timeout", probe.timeout.to_string().into());
    }
    if *probe.statuses != HttpProbe::DEFAULT_STATUSES {
        let range =
            |(from, to): &(u16, u16)| if from == to { from.to_string() } else { format!("{from}-{to}") };
        put("status", probe.statuses.iter().map(range).collect::<Vec<_>>().into());
    }
    if !probe.body.is_empty() {
        put("body", probe.body.as_ref().into());
    }
    if !probe.json.is_empty() {
        put("json", probe.json.iter().map(json_condition).collect());
    }
    if let Some(within) = probe.certificate_expires_in {
        put("certificate_expires_in", within.to_string().into());
    }
    if !probe.follows_redirects {
        put("follow_redirects", false.into());
    }
    if probe.unreachable_is_unknown {
        put("unreachable", "unknown".into());
    }
    Value::Object(map)
}

fn promql_probe(probe: &PromqlProbe) -> Value {
    let PromqlProbe { prometheus, query, key, title, timeout } = probe;
    let mut map = query_of(("prometheus", prometheus), query, (key, title));
    if *timeout != PromqlProbe::DEFAULT_TIMEOUT {
        map.insert("timeout".to_owned(), timeout.to_string().into());
    }
    Value::Object(map)
}

fn sql_probe(probe: &SqlProbe) -> Value {
    let SqlProbe { database, query, key, title, wants_some, timeout } = probe;
    let mut map = query_of(("database", database), query, (key, title));
    if *wants_some {
        map.insert("want".to_owned(), "some".into());
    }
    if *timeout != SqlProbe::DEFAULT_TIMEOUT {
        map.insert("timeout".to_owned(), timeout.to_string().into());
    }
    Value::Object(map)
}

fn exec_probe(probe: &ExecProbe) -> Value {
    let ExecProbe { line, timeout, limits, names_records } = probe;
    let mut map = Map::new();
    map.insert("command".to_owned(), line.iter().map(|text| Value::from(&**text)).collect());
    if *timeout != ExecProbe::DEFAULT_TIMEOUT {
        map.insert("timeout".to_owned(), timeout.to_string().into());
    }
    let (ExecLimits { memory, files, processes }, usual) = (limits, ExecLimits::default());
    let said = [
        ("memory", *memory != usual.memory, format!("{memory}B").into()),
        ("files", *files != usual.files, Value::from(*files)),
        ("processes", *processes != usual.processes, Value::from(*processes)),
    ];
    let said = said.into_iter().filter(|(_, is_said, _)| *is_said);
    let limits: Map<String, Value> = said.map(|(key, _, value)| (key.to_owned(), value)).collect();
    if !limits.is_empty() {
        map.insert("limits".to_owned(), limits.into());
    }
    if *names_records {
        map.insert("records".to_owned(), "jsonl".into());
    }
    Value::Object(map)
}

/// What all queries have.
fn query_of(asked: (&str, &str), query: &str, (key, title): (&[Arc<str>], &str)) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert(asked.0.to_owned(), asked.1.into());
    map.insert("query".to_owned(), query.into());
    if !key.is_empty() {
        map.insert("key".to_owned(), key.iter().map(|name| Value::from(&**name)).collect());
    }
    if !title.is_empty() {
        map.insert("title".to_owned(), title.into());
    }
    map
}

fn json_condition(condition: &JsonCondition) -> Value {
    let of_json = |text: &str| -> Value { serde_json::from_str(text).unwrap_or_else(|_| text.into()) };
    let (key, value) = match &condition.is {
        JsonTest::Equals(text) => ("equals", of_json(text)),
        JsonTest::NotEquals(text) => ("not_equals", of_json(text)),
        JsonTest::Matches(text) => ("matches", text.as_ref().into()),
        JsonTest::Above(text) => ("above", of_json(text)),
        JsonTest::Below(text) => ("below", of_json(text)),
    };
    json!({"pointer": &*condition.pointer, key: value})
}

fn asserted(mut found_by: Value, assertion: &Assertion) -> Value {
    match assertion.max_records {
        None if !assertion.found_by.may_name_records() => {}
        None => found_by["records"] = false.into(),
        Some(NamedRecords::DEFAULT_MOST) => {}
        Some(most) => found_by["max_records"] = most.into(),
    }
    found_by
}

fn add_spec(words: &mut Words, spec: &Spec) {
    if let Some(assertion) = &spec.assert {
        let found_by = match &assertion.found_by {
            FoundBy::Reporter(it) => json!({"reported": reported(it)}),
            FoundBy::Http(probe) => json!({"http": http_probe(probe)}),
            FoundBy::Promql(probe) => json!({"promql": promql_probe(probe)}),
            FoundBy::Sql(probe) => json!({"sql": sql_probe(probe)}),
            FoundBy::Exec(probe) => json!({"exec": exec_probe(probe)}),
        };
        let mut asserted = asserted(found_by, assertion);
        let key = match assertion.finds {
            Finds::Lasting => "assert",
            Finds::Occurring(remember) => {
                asserted["remember"] = remember.to_string().into();
                "detect"
            }
        };
        words.add(key, asserted);
        if assertion.unknowns_before_alert != Assertion::DEFAULT_UNKNOWNS {
            words.add("unknowns_before_alert", assertion.unknowns_before_alert);
        }
    }
    if spec.schedule != Schedule::Unscheduled && !spec.is_probed() {
        words.add("grace", spec.grace.to_string());
    }
    words.add_span("early", spec.early);
    words.add_span("max_runtime", spec.max_runtime);
    words.add_span("min_runtime", spec.min_runtime);
    words.add_span("start_within", spec.start_within);
    if spec.overlap == Overlap::Fail {
        words.add("overlap", "fail");
    }
    for (key, count) in [
        ("failures_before_alert", spec.failures_before_alert),
        ("successes_to_recover", spec.successes_to_recover),
    ] {
        if count != 1 {
            words.add(key, count);
        }
    }
    for (key, flag) in [("manual_resume", spec.manual_resume), ("paused", spec.paused)] {
        if flag {
            words.add(key, flag);
        }
    }
}
