//! `prometheuses` of the main file, and an instant query that one of them answers (17.14).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::thread::on_thread;
use super::within::within;
use crate::core::probe::{
    FoundRows, ProbeFound, PromqlProbe, RowError, known_by_columns, known_by_labels, title_of,
};
use crate::core::record::Record;
use crate::core::secret::Secret;
use crate::core::text::{begun, one_line};
use crate::core::time::Span;
use crate::notify::client::Server;
use crate::notify::http_config::{HTTP_CONFIG, http_config};
use crate::notify::{HttpConfig, http_url};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Map, Text};
use crate::yaml::section::Need::{Optional, Required};
use crate::yaml::section::{NAME, Section, URL, key};

pub(crate) static PROMETHEUS: Section = Section {
    id: "prometheus",
    title: "a Prometheus",
    keys: &[
        key("name", Text(NAME), Required, "The name that `promql` uses."),
        key("url", Text(URL), Required, "The URL, such as http://127.0.0.1:9090."),
        key("http_config", Map(&HTTP_CONFIG), Optional, "HTTP client settings."),
    ],
};

/// A Prometheus that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prometheus {
    pub name: Arc<str>,
    /// The base URL, without a slash at its end; `/api/v1/query` is appended.
    url: String,
    http: HttpConfig,
}

/// Reads an item of `prometheuses`.
pub(crate) fn read(loader: &mut Loader, item: &Fields<'_>) -> Option<Prometheus> {
    let (name, url) = (item.text(&mut loader.log, "name"), item.text(&mut loader.log, "url"));
    let http = http_config(loader, item);
    let url = url.filter(|url| http_url(loader, "url", item.at_value("url"), url, true))?;
    if url.contains(['?', '#']) || url.trim_end_matches('/').ends_with("/api/v1") {
        let message = "`url` is a base, behind which `/api/v1/query` goes by itself";
        loader.log.fault(item.at_value("url"), message);
    }
    Some(Prometheus { name: name?.into(), url: url.trim_end_matches('/').to_owned(), http })
}

/// The most that is read of an answer, in bytes: as much as a report may have.
const MAX_READ_BYTES: usize = 8 << 20;
/// The longest reason.
const MAX_WHY_CHARS: usize = 400;

/// Asks a Prometheus. Each look has a connection of its own.
#[derive(Debug)]
pub(super) struct PromqlLooker(Server);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    data: Option<Data>,
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
    /// VictoriaMetrics says so, where one of its nodes is away.
    #[serde(default)]
    is_partial: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", tag = "resultType", content = "result")]
enum Data {
    Vector(Vec<Series>),
    Matrix(IgnoredAny),
    Scalar(IgnoredAny),
    String(IgnoredAny),
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    /// When, and how much; a histogram has none.
    value: Option<(f64, String)>,
}

impl PromqlLooker {
    pub(super) fn new(settings: &Prometheus) -> PromqlLooker {
        let url = Secret::new(format!("{}/api/v1/query", settings.url));
        PromqlLooker(Server::new(url, settings.http.clone()).reading(MAX_READ_BYTES))
    }

    pub(super) async fn look(&self, probe: &PromqlProbe, timeout: Span, rows: FoundRows) -> ProbeFound {
        let body = form(&probe.query, timeout);
        let asked = within(timeout, self.0.ask("application/x-www-form-urlencoded", body)).await;
        let unknown = |why: &str| ProbeFound::unknown(begun(&one_line(why), MAX_WHY_CHARS));
        match asked {
            None => unknown(&format!("the Prometheus did not answer within {timeout}")),
            Some(Err(no_answer)) => unknown(&no_answer.why),
            Some(Ok((status, body))) => {
                let probe = probe.clone();
                let judged = on_thread(move || judge(&probe, &body, rows)).await;
                let judged = judged.map_err(|error| error.to_string()).flatten();
                // Whoever stands before it may repeat what we have shown.
                judged.unwrap_or_else(|why| unknown(&format!("{}: {}", status.as_u16(), self.0.redact(&why))))
            }
        }
    }
}

fn form(query: &str, timeout: Span) -> String {
    let timeout = format!("{}ms", timeout.as_ms());
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("query", query).append_pair("timeout", &timeout).finish()
}

/// What an answer comes to; or why it says nothing.
fn judge(probe: &PromqlProbe, body: &Bytes, mut rows: FoundRows) -> Result<ProbeFound, String> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| "that is no answer of a Prometheus".to_owned())?;
    if !answer.error.is_empty() || !answer.error_type.is_empty() {
        return Err(format!("{}: {}", answer.error_type, answer.error));
    }
    if answer.is_partial {
        return Err("a part of what it knows is away, and it answers the other part".to_owned());
    }
    // Prometheus `2.47` to `2.53` gave its notes on a query among the warnings.
    if let Some(warning) = answer.warnings.iter().find(|warning| !warning.starts_with("PromQL info:")) {
        return Err(format!("the Prometheus warns: {warning}"));
    }
    let series = match answer.data {
        Some(Data::Vector(series)) => series,
        Some(Data::Matrix(_)) => return Err("the query has a range: one moment is looked at".to_owned()),
        Some(Data::Scalar(_) | Data::String(_)) => {
            return Err("the query answers a value, and no series: compare in it, as in `up == 0`".to_owned());
        }
        None => return Err("that is no answer of a Prometheus".to_owned()),
    };
    let add = |series| rows.add(row(probe, series)?);
    series.iter().try_for_each(add).map_err(|why: RowError| why.to_string())?;
    Ok(rows.judge())
}

fn row(probe: &PromqlProbe, Series { metric, value }: &Series) -> Result<Record, RowError> {
    let label = |name: &str| metric.get(name).map(String::as_str);
    let row = if probe.key.is_empty() {
        known_by_labels(metric.iter().map(|(name, value)| (name.as_str(), value.as_str())))?
    } else {
        // A label that is not there is an empty one, as everywhere in Prometheus.
        known_by_columns(probe.key.iter().map(|name| (&**name, Some(label(name).unwrap_or_default()))))?
    };
    let value = value.as_ref().map_or("a histogram", |(_, value)| value.as_str());
    let value_of = |name: &str| if name == "value" { Some(value) } else { label(name) };
    let row = row.titled(&title_of(&probe.title, |name| value_of(name).map(Into::into)))?;
    Ok(row.detailed(&serde_json::json!({ "value": value }).to_string())?.labelled(labels(probe, metric))?)
}

/// Those of a series that a record may have, and as many: first those of its key. The others are in the key, or tell nothing
/// apart.
fn labels(probe: &PromqlProbe, metric: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let of_key = |name: &str| probe.key.iter().any(|key| **key == *name);
    let mut labels: Vec<(&String, &String)> =
        metric.iter().filter(|(name, value)| *name != "__name__" && Record::is_label(name, value)).collect();
    labels.sort_by_key(|(name, _)| !of_key(name));
    let most = labels.into_iter().take(Record::MAX_LABELS);
    most.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::assertion::Outcome;
    use crate::core::fixtures::probed_at;

    fn judged(key: &[&str], answer: &str) -> String {
        let probe = PromqlProbe {
            prometheus: "main".into(),
            query: "up == 0".into(),
            key: key.iter().map(|name| Arc::from(*name)).collect(),
            title: "{job} has {value}".into(),
            timeout: PromqlProbe::DEFAULT_TIMEOUT,
        };
        let rows = FoundRows::of(&probed_at("http://127.0.0.1/"));
        match judge(&probe, &Bytes::copy_from_slice(answer.as_bytes()), rows) {
            Ok(ProbeFound { outcome: Outcome::Holds, .. }) => "holds".to_owned(),
            Ok(found) => {
                let keys: Vec<&str> = found.rows.iter().map(|row| row.key().as_str()).collect();
                format!("{} {}: {}", found.outcome.as_str(), keys.join(" "), found.rows[0].title())
            }
            Err(why) => why,
        }
    }

    /// 17.14a, 17.14b
    #[test]
    fn each_series_violates_and_whatever_else_is_answered_says_nothing() {
        let vector = |series: &str| {
            format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#)
        };
        let two = vector(
            r#"{"metric":{"__name__":"up","job":"a"},"value":[1.5,"0"]},{"metric":{"job":"b","x":"1/2"},"value":[1.5,"0"]}"#,
        );
        assert_eq!(judged(&[], &vector("")), "holds");
        assert_eq!(judged(&[], &two), "violated {job=\"a\"} {job=\"b\",x=\"1/2\"}: a has 0");
        assert_eq!(judged(&["job"], &two), "violated a b: a has 0");
        assert_eq!(judged(&["job", "x"], &two), "`x`, which `key` names, is empty in a row");
        let histogram = vector(r#"{"metric":{"job":"a"},"histogram":[1.5,{"count":"1"}]}"#);
        assert_eq!(judged(&["job"], &histogram), "violated a: a has a histogram");
        let of_type = |kind: &str| {
            format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":[1,"1"]}}}}"#)
        };
        assert!(judged(&[], &of_type("scalar")).contains("a value, and no series"));
        assert!(judged(&[], &of_type("string")).contains("a value, and no series"));
        assert!(judged(&[], &of_type("matrix")).contains("has a range"));
        let error = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        assert_eq!(judged(&[], error), "bad_data: parse error");
        let warned = two.replacen("{\"status\"", "{\"warnings\":[\"a store is away\"],\"status\"", 1);
        assert_eq!(judged(&[], &warned), "the Prometheus warns: a store is away");
        let partial = two.replacen("{\"status\"", "{\"isPartial\":true,\"status\"", 1);
        assert!(judged(&[], &partial).contains("answers the other part"));
        let noted = two.replacen("{\"status\"", "{\"warnings\":[\"PromQL info: no counter\"],\"status\"", 1);
        assert_eq!(judged(&["job"], &noted), "violated a b: a has 0");
        for nothing in ["", "<html>", "{}", "[]", r#"{"data":{"resultType":"vector"}}"#] {
            assert!(judged(&[], nothing).contains("no answer of a Prometheus"), "{nothing}");
        }
        let many = vec![r#"{"metric":{"job":"a"},"value":[1,"0"]}"#; 1001].join(",");
        assert!(judged(&["job"], &vector(&many)).starts_with("violated a a "));
    }
}
