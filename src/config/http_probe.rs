//! `http` of an assertion: a request of our own, and what its answer must be like (17.12).

use std::sync::Arc;

use regex::RegexBuilder;

use super::web_url::web_url;
use crate::core::probe::{HttpProbe, JsonCondition, JsonTest, MAX_PATTERN_BYTES};
use crate::core::time::Span;
use crate::yaml::fault::{Log, quote};
use crate::yaml::fields::Fields;
use crate::yaml::json::json_of;

pub(super) fn http_probe(fields: &Fields<'_>, log: &mut Log) -> Option<HttpProbe> {
    let url = url(fields, log);
    let body = fields.text(log, "body").unwrap_or_default();
    check_pattern(body, fields, "body", log);
    Some(HttpProbe {
        statuses: statuses(fields, log),
        body: body.into(),
        json: conditions(fields, log),
        timeout: fields.duration(log, "timeout").unwrap_or(HttpProbe::DEFAULT_TIMEOUT),
        certificate_expires_in: certificate(fields, log),
        follows_redirects: fields.flag(log, "follow_redirects").unwrap_or(true),
        unreachable_is_unknown: fields.one_of(log, "unreachable") == Some("unknown"),
        url: url?,
    })
}

fn url(fields: &Fields<'_>, log: &mut Log) -> Option<Arc<str>> {
    let url = web_url(fields, "url", log)?;
    let has_login = |url: reqwest::Url| !url.username().is_empty() || url.password().is_some();
    if reqwest::Url::parse(url).is_ok_and(has_login) {
        // It stands on pages, and in the database.
        let message = "`url` has no user and no password: whoever reads the check sees it";
        log.fault(fields.at_value("url"), message);
    } else if let Some(key) = secret_key(url) {
        let place = log.show(fields.at_value("url"));
        log.warn(format!("{place}: whoever reads the check sees `{}` of its `url`", key.escape_debug()));
    }
    Some(url.into())
}

/// The key of a query whose value looks as if nobody should read it.
fn secret_key(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    let mut keys = url.query_pairs().filter(|(_, value)| !value.is_empty()).map(|(key, _)| key.into_owned());
    keys.find(|key| {
        let key = key.to_lowercase();
        key == "key" || key == "sig" || has_secret_word(&key)
    })
}

/// Whether a name looks as if nobody should read its value.
pub(super) fn has_secret_word(name: &str) -> bool {
    const WORDS: [&str; 7] = ["token", "secret", "password", "passwd", "apikey", "api_key", "access_key"];
    let name = name.to_lowercase().replace('-', "_");
    WORDS.iter().any(|word| name.contains(word))
}

fn check_pattern(pattern: &str, fields: &Fields<'_>, key: &str, log: &mut Log) {
    if let Err(error) = RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build() {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        log.fault(fields.at_value(key), format!("`{key}` is no regular expression: {why}"));
    }
}

/// Each `200`, or `200-299`.
fn statuses(fields: &Fields<'_>, log: &mut Log) -> Arc<[(u16, u16)]> {
    let texts = fields.texts(log, "status");
    if texts.is_empty() {
        return HttpProbe::DEFAULT_STATUSES.into();
    }
    if texts.len() > HttpProbe::MAX_CONDITIONS {
        let message = format!("`status` has at most {} ranges", HttpProbe::MAX_CONDITIONS);
        log.fault(fields.at_value("status"), message);
    }
    let range = |text: &str| {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        ((100..600).contains(&from) && (from..600).contains(&to)).then_some((from, to))
    };
    let mut ranges = Vec::with_capacity(texts.len());
    for (at, text) in texts {
        match range(text) {
            Some(range) => ranges.push(range),
            None => {
                log.fault(at, format!("a status is from 100 to 599, as 200 or 200-299, not {}", quote(text)));
            }
        }
    }
    ranges.into()
}

fn conditions(fields: &Fields<'_>, log: &mut Log) -> Arc<[JsonCondition]> {
    let sections = fields.sections(log, "json");
    if sections.len() > HttpProbe::MAX_CONDITIONS {
        let message = format!("`json` has at most {} conditions", HttpProbe::MAX_CONDITIONS);
        log.fault(fields.at_value("json"), message);
    }
    sections.iter().filter_map(|section| condition(section, log)).collect()
}

fn condition(fields: &Fields<'_>, log: &mut Log) -> Option<JsonCondition> {
    const TESTS: [&str; 5] = ["equals", "not_equals", "matches", "above", "below"];
    let pointer = fields.text(log, "pointer")?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        log.fault(fields.at_value("pointer"), "`pointer` begins with `/`, as `/queue/length`");
    }
    let said: Vec<&str> = TESTS.into_iter().filter(|test| fields.has(test)).collect();
    let [test] = said[..] else {
        log.fault(
            fields.at,
            format!("a condition has one of {}", TESTS.map(|test| format!("`{test}`")).join(", ")),
        );
        return None;
    };
    let value = json_of(fields.get(test)?)?;
    let text: Arc<str> = match &value {
        serde_json::Value::String(text) if test == "matches" => text.as_str().into(),
        value => value.to_string().into(),
    };
    let is = match test {
        "equals" => JsonTest::Equals(text),
        "not_equals" => JsonTest::NotEquals(text),
        "matches" => {
            check_pattern(&text, fields, "matches", log);
            JsonTest::Matches(text)
        }
        _ if !value.is_number() => {
            log.fault(fields.at_value(test), format!("`{test}` is a number"));
            return None;
        }
        "above" => JsonTest::Above(text),
        _ => JsonTest::Below(text),
    };
    Some(JsonCondition { pointer: pointer.into(), is })
}

fn certificate(fields: &Fields<'_>, log: &mut Log) -> Option<Span> {
    let within = fields.duration(log, "certificate_expires_in")?;
    if fields.get("url").is_some_and(|url| !url.text().starts_with("https://")) {
        let message = "`certificate_expires_in` goes with a URL of https";
        log.fault(fields.at_key("certificate_expires_in"), message);
    }
    Some(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_in_a_url_is_found() {
        let found = |query: &str| secret_key(&format!("https://example.org/a?{query}"));
        for query in ["token=a", "a=b&key=c", "X-Api-Key=a", "client_secret=a", "Access%5FToken=a"] {
            assert!(found(query).is_some(), "{query}");
        }
        for query in ["", "a=b", "keys=2", "token=", "monkey=a"] {
            assert_eq!(found(query), None, "{query}");
        }
    }
}
