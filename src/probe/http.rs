//! A request, and whether its answer is as it should be (17.12).

use regex::RegexBuilder;
use reqwest::header::LOCATION;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Response, Url, redirect};
use serde_json::Value;
use tokio::sync::OnceCell;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::within::within;
use crate::core::probe::{HttpProbe, JsonCondition, JsonTest, ProbeFound};
use crate::core::text::{begun, shortened};
use crate::core::time::{Span, Time};
use crate::notify::{aside, check_certificates};

/// The longest part of a value that is shown.
const MAX_SHOWN_CHARS: usize = 80;
/// The longest reason.
const MAX_WHY_CHARS: usize = 400;
/// The largest that a regular expression may become, in bytes: as it was judged with the files.
const MAX_PATTERN_BYTES: usize = 1 << 18;

/// Makes the requests. It keeps no connection: each look finds out anew whether there is one.
#[derive(Debug, Default)]
pub(super) struct HttpLooker {
    /// Reads no certificate: a machine that has none can still look without encryption.
    plain: OnceCell<Client>,
    encrypted: OnceCell<Client>,
}

/// Why there is no answer.
enum NoAnswer {
    /// It is for a lack of ours, and says nothing of the server.
    CannotLook(String),
    Unreachable(String),
}

impl NoAnswer {
    fn found(self, probe: &HttpProbe) -> ProbeFound {
        let cut = |why: String| begun(&why, MAX_WHY_CHARS);
        match self {
            NoAnswer::CannotLook(why) => ProbeFound::unknown(cut(why)),
            NoAnswer::Unreachable(why) if probe.unreachable_is_unknown => ProbeFound::unknown(cut(why)),
            NoAnswer::Unreachable(why) => ProbeFound::violated(cut(why)),
        }
    }
}

impl HttpLooker {
    pub(super) async fn look(&self, probe: &HttpProbe, timeout: Span, now: Time) -> ProbeFound {
        // To read all certificates takes a while, once, which is not the server's.
        if let Err(no_answer) = self.client(probe.url.starts_with("https:")).await {
            return no_answer.found(probe);
        }
        match within(timeout, self.ask(probe, now)).await {
            Some(Ok(found)) => found,
            Some(Err(no_answer)) => no_answer.found(probe),
            None => {
                let why = format!("there was no whole answer within {timeout}");
                NoAnswer::Unreachable(why).found(probe)
            }
        }
    }

    async fn client(&self, is_encrypted: bool) -> Result<&Client, NoAnswer> {
        let cell = if is_encrypted { &self.encrypted } else { &self.plain };
        let client = cell.get_or_try_init(async || aside(move || client(is_encrypted)).await).await;
        client.map_err(|why| NoAnswer::CannotLook(format!("the system's certificates cannot be read: {why}")))
    }

    async fn ask(&self, probe: &HttpProbe, now: Time) -> Result<ProbeFound, NoAnswer> {
        let mut response = match self.get(probe, now).await? {
            Ok(response) => response,
            Err(why) => return Ok(ProbeFound::violated(why)),
        };
        let status = response.status().as_u16();
        if !probe.statuses.iter().any(|(from, to)| (*from..=*to).contains(&status)) {
            return Ok(ProbeFound::violated(format!("the status is {status}")));
        }
        if probe.body.is_empty() && probe.json.is_empty() {
            return Ok(ProbeFound::holds());
        }
        let (body, probe) = (read(&mut response).await?, probe.clone());
        Ok(aside(move || judge_body(&probe, &body)).await)
    }

    /// Follows redirects itself: a limit of theirs is an answer, and no error. Each certificate on the way is looked at; the inner
    /// error says what is wrong with one.
    async fn get(&self, probe: &HttpProbe, now: Time) -> Result<Result<Response, String>, NoAnswer> {
        let unreachable = NoAnswer::Unreachable;
        let mut url = Url::parse(&probe.url).map_err(|error| unreachable(format!("not a URL: {error}")))?;
        for _ in 0..=HttpProbe::MAX_REDIRECTS {
            let client = self.client(url.scheme() == "https").await?;
            let sent = client.get(url.clone()).send().await;
            let response = sent.map_err(|error| unreachable(shown_error(error)))?;
            if let Some(within) = probe.certificate_expires_in
                && let Err(why) = certificate_is_good(&response, within, now)
            {
                return Ok(Err(why));
            }
            match redirect(probe, &url, &response).map_err(unreachable)? {
                Some(next) => url = next,
                None => return Ok(Ok(response)),
            }
        }
        Err(unreachable(format!("it redirects more than {} times", HttpProbe::MAX_REDIRECTS)))
    }
}

/// Blocks while it reads the certificates that the system trusts, where it needs them.
fn client(is_encrypted: bool) -> Result<Client, String> {
    let builder = Client::builder()
        .user_agent(concat!("punctual/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .no_proxy()
        .http1_only()
        .tls_info(true);
    let builder = if is_encrypted {
        check_certificates()?;
        builder
    } else {
        builder.tls_certs_only([])
    };
    builder.build().map_err(shown_error)
}

/// Where an answer leads to; `None`: it is the last.
fn redirect(probe: &HttpProbe, url: &Url, response: &Response) -> Result<Option<Url>, String> {
    let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection());
    let Some(location) = location.filter(|_| probe.follows_redirects) else { return Ok(None) };
    let next = location.to_str().ok().and_then(|location| url.join(location).ok());
    let next = next.ok_or_else(|| "it redirects to nowhere".to_owned())?;
    // What was encrypted stays so.
    if matches!((url.scheme(), next.scheme()), ("http", "http") | (_, "https")) {
        Ok(Some(next))
    } else {
        Err(format!("it redirects to {}:", next.scheme()))
    }
}

/// What went wrong, without the URL: whoever reads it knows which check it is of.
fn shown_error(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

/// As much of the body as is looked at.
async fn read(response: &mut Response) -> Result<Vec<u8>, NoAnswer> {
    let mut body = Vec::new();
    let broken_off = |error| NoAnswer::Unreachable(shown_error(error));
    while let Some(chunk) = response.chunk().await.map_err(broken_off)? {
        let room = HttpProbe::MAX_BODY_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == HttpProbe::MAX_BODY_BYTES {
            break;
        }
    }
    Ok(body)
}

fn judge_body(probe: &HttpProbe, body: &[u8]) -> ProbeFound {
    let text = String::from_utf8_lossy(body);
    if !probe.body.is_empty() && !matches(&probe.body, &text) {
        return ProbeFound::violated(format!(
            "the body does not match {}",
            begun(&probe.body, MAX_SHOWN_CHARS)
        ));
    }
    if probe.json.is_empty() {
        return ProbeFound::holds();
    }
    let Ok(document) = serde_json::from_slice::<Value>(body) else {
        return ProbeFound::violated("the body is not JSON, or longer than 1 MiB");
    };
    let broken = probe.json.iter().find_map(|condition| broken(condition, &document));
    broken.map_or_else(ProbeFound::holds, ProbeFound::violated)
}

fn matches(pattern: &str, text: &str) -> bool {
    RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build().is_ok_and(|regex| regex.is_match(text))
}

/// How a condition is not met; `None`: it is.
fn broken(condition: &JsonCondition, document: &Value) -> Option<String> {
    let JsonCondition { pointer, is } = condition;
    let name = if pointer.is_empty() { "the document" } else { pointer };
    let Some(value) = document.pointer(pointer) else { return Some(format!("{name} is not there")) };
    let wanted = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
    let compared = |text: &str| Some((value.as_f64()?, wanted(text).as_f64()?));
    let (is_met, how, text) = match is {
        JsonTest::Equals(text) => (are_equal(value, &wanted(text)), "not", text),
        JsonTest::NotEquals(text) => (!are_equal(value, &wanted(text)), "not other than", text),
        JsonTest::Matches(text) => {
            (value.as_str().is_some_and(|value| matches(text, value)), "does not match", text)
        }
        JsonTest::Above(text) => {
            (compared(text).is_some_and(|(value, least)| value > least), "not above", text)
        }
        JsonTest::Below(text) => {
            (compared(text).is_some_and(|(value, most)| value < most), "not below", text)
        }
    };
    let shown = || shortened(&value.to_string(), MAX_SHOWN_CHARS);
    (!is_met).then(|| format!("{name} is {}, {how} {}", shown(), begun(text, MAX_SHOWN_CHARS)))
}

/// `1` and `1.0` are one number.
fn are_equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(a), Some(b)) if one.is_number() && other.is_number() => a == b || one == other,
        _ => one == other,
    }
}

/// Whether the server's certificate is good for longer than this.
fn certificate_is_good(response: &Response, within: Span, now: Time) -> Result<(), String> {
    let info = response.extensions().get::<TlsInfo>();
    let certificate =
        info.and_then(TlsInfo::peer_certificate).and_then(|der| Certificate::from_der(der).ok());
    let Some(certificate) = certificate else { return Err("the certificate cannot be read".to_owned()) };
    let ends = certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    let ends = Time::from_secs(i64::try_from(ends).unwrap_or(i64::MAX / 1000));
    if ends - now > within {
        return Ok(());
    }
    Err(format!("the certificate expires at {ends}, within {within}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(body: &str, json: &[(&str, JsonTest)]) -> HttpProbe {
        let json =
            json.iter().map(|(pointer, is)| JsonCondition { pointer: (*pointer).into(), is: is.clone() });
        HttpProbe { body: body.into(), json: json.collect(), ..HttpProbe::of("http://127.0.0.1:9/".into()) }
    }

    /// 17.12
    #[test]
    fn a_body_is_held_against_each_condition() {
        use JsonTest::{Above, Below, Equals, Matches, NotEquals};
        let document = r#"{"queue": 7, "state": "ok", "list": [1.0, null], "a/b": true, "none": null}"#;
        let check = |pointer: &str, is: JsonTest, expected: &str| {
            let look = judge_body(&probe("", &[(pointer, is)]), document.as_bytes());
            assert_eq!(look.why, expected);
        };
        check("/queue", Below("8".into()), "");
        check("/queue", Below("7".into()), "/queue is 7, not below 7");
        check("/queue", Above("6.5".into()), "");
        check("/queue", Above("7".into()), "/queue is 7, not above 7");
        check("/state", Above("7".into()), "/state is \"ok\", not above 7");
        check("/state", Equals("\"ok\"".into()), "");
        check("/state", NotEquals("\"ok\"".into()), "/state is \"ok\", not other than \"ok\"");
        check("/state", Matches("^o".into()), "");
        check("/queue", Matches("7".into()), "/queue is 7, does not match 7");
        check("/list/0", Equals("1".into()), "");
        check("/list/1", Equals("null".into()), "");
        check("/list/2", NotEquals("1".into()), "/list/2 is not there");
        check("/a~1b", Equals("true".into()), "");
        check("", NotEquals("1".into()), "");
        let look = |body: &str, text: &str| judge_body(&probe(body, &[]), text.as_bytes()).why;
        assert_eq!(look("^pong$", "pong"), "");
        assert_eq!(look("^pong$", "gnop"), "the body does not match ^pong$");
        let not_json = judge_body(&probe("", &[("/a", Equals("1".into()))]), b"<html>");
        assert_eq!(not_json.why, "the body is not JSON, or longer than 1 MiB");
    }
}
