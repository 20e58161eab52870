//! Whether a body is as it should be (17.12a).

use std::sync::{Arc, LazyLock};

use regex::RegexBuilder;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::thread::on_thread;
use super::within::within;
use crate::core::probe::{HttpProbe, JsonCondition, JsonTest, MAX_PATTERN_BYTES, ProbeFound};
use crate::core::text::{begun, shortened};
use crate::core::time::Span;

/// The longest part of a value that is shown.
const MAX_SHOWN_CHARS: usize = 80;
/// The most bodies that are judged at a time: a document may take a hundred times its size, and a pattern seconds.
const MAX_JUDGED: usize = 2;
/// The longest that a body waits for others.
const MAX_WAIT: Span = Span::secs(30);

static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MAX_JUDGED)));

/// As much of a body as is looked at.
#[derive(Debug, Default)]
pub(super) struct ReadBody {
    pub(super) bytes: Vec<u8>,
    /// It was longer.
    pub(super) is_cut: bool,
}

impl ReadBody {
    /// Takes in what comes next; answers whether there is room for more.
    pub(super) fn add(&mut self, chunk: &[u8]) -> bool {
        let room = HttpProbe::MAX_BODY_BYTES - self.bytes.len();
        self.is_cut = chunk.len() > room;
        self.bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        !self.is_cut
    }
}

/// Judges it, and waits until that has ended: no other judgement of the same check runs beside it. That is no time of the server's.
pub(super) async fn judge(probe: &HttpProbe, body: ReadBody) -> ProbeFound {
    judge_in_turn(probe, body, MAX_WAIT).await
}

async fn judge_in_turn(probe: &HttpProbe, body: ReadBody, patience: Span) -> ProbeFound {
    let Some(turn) = within(patience, TURNS.clone().acquire_owned()).await else {
        return ProbeFound::unknown(format!("other bodies were judged for {patience}, and this one was not"));
    };
    let probe = probe.clone();
    let judged = on_thread(move || {
        let found = judge_body(&probe, &body);
        drop(turn);
        found
    });
    judged.await.unwrap_or_else(|error| ProbeFound::unknown(format!("the body cannot be judged: {error}")))
}

/// Why it cannot be told how a body is.
struct CannotTell(String);

fn judge_body(probe: &HttpProbe, body: &ReadBody) -> ProbeFound {
    match fault_of(probe, body) {
        Ok(None) => ProbeFound::holds(),
        Ok(Some(fault)) => ProbeFound::violated(fault),
        Err(CannotTell(why)) => ProbeFound::unknown(why),
    }
}

fn fault_of(probe: &HttpProbe, body: &ReadBody) -> Result<Option<String>, CannotTell> {
    let text = String::from_utf8_lossy(&body.bytes);
    if !probe.body.is_empty() && !matches(&probe.body, &text)? {
        return Ok(Some(format!("the body does not match {}", begun(&probe.body, MAX_SHOWN_CHARS))));
    }
    if probe.json.is_empty() {
        return Ok(None);
    }
    let document = match serde_json::from_slice::<Value>(&body.bytes) {
        Err(error) if error.to_string().starts_with("recursion limit exceeded") => {
            return Err(CannotTell("the body is JSON too deep to be read".to_owned()));
        }
        Err(error) if !body.is_cut || error.is_syntax() => {
            return Ok(Some("the body is not JSON".to_owned()));
        }
        // We have cut it ourselves.
        _ if body.is_cut => return Err(CannotTell("the body is longer than 1 MiB".to_owned())),
        read => read.map_err(|error| CannotTell(error.to_string()))?,
    };
    for condition in probe.json.iter() {
        if let Some(fault) = broken(condition, &document)? {
            return Ok(Some(fault));
        }
    }
    Ok(None)
}

/// A pattern that was judged with the files may be too large for a newer version.
fn matches(pattern: &str, text: &str) -> Result<bool, CannotTell> {
    let regex = RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build();
    let unusable = |_| CannotTell(format!("{} cannot be used any more", begun(pattern, MAX_SHOWN_CHARS)));
    Ok(regex.map_err(unusable)?.is_match(text))
}

/// How a condition is not met; `None`: it is.
fn broken(condition: &JsonCondition, document: &Value) -> Result<Option<String>, CannotTell> {
    let JsonCondition { pointer, is } = condition;
    let name = if pointer.is_empty() { "the document" } else { pointer };
    let Some(value) = document.pointer(pointer) else { return Ok(Some(format!("{name} is not there"))) };
    let wanted = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
    let compared = |text: &str| Some((value.as_f64()?, wanted(text).as_f64()?));
    let (is_met, how, text) = match is {
        JsonTest::Equals(text) => (are_equal(value, &wanted(text)), "not", text),
        JsonTest::NotEquals(text) => (!are_equal(value, &wanted(text)), "not other than", text),
        JsonTest::Matches(text) => {
            let is_met = value.as_str().map(|value| matches(text, value)).transpose()?;
            (is_met.unwrap_or(false), "does not match", text)
        }
        JsonTest::Above(text) => {
            (compared(text).is_some_and(|(value, least)| value > least), "not above", text)
        }
        JsonTest::Below(text) => {
            (compared(text).is_some_and(|(value, most)| value < most), "not below", text)
        }
    };
    let shown = || shortened(&value.to_string(), MAX_SHOWN_CHARS);
    Ok((!is_met).then(|| format!("{name} is {}, {how} {}", shown(), begun(text, MAX_SHOWN_CHARS))))
}

/// `1` and `1.0` are one number; whole ones are compared to their last digit.
fn are_equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(a), Some(b)) if one.is_f64() || other.is_f64() => a == b,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(body: &str, json: &[(&str, JsonTest)]) -> HttpProbe {
        let json =
            json.iter().map(|(pointer, is)| JsonCondition { pointer: (*pointer).into(), is: is.clone() });
        HttpProbe { body: body.into(), json: json.collect(), ..HttpProbe::of("http://127.0.0.1:9/".into()) }
    }

    fn body(text: &str) -> ReadBody {
        let mut body = ReadBody::default();
        body.add(text.as_bytes());
        body
    }

    /// 17.12a
    #[test]
    fn a_body_is_held_against_each_condition() {
        use JsonTest::{Above, Below, Equals, Matches, NotEquals};
        let document = r#"{"queue": 7, "state": "ok", "list": [1.0, null], "a/b": true, "none": null}"#;
        let check = |pointer: &str, is: JsonTest, expected: &str| {
            let look = judge_body(&probe("", &[(pointer, is)]), &body(document));
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
        let look = |pattern: &str, text: &str| judge_body(&probe(pattern, &[]), &body(text)).why;
        assert_eq!(look("^pong$", "pong"), "");
        assert_eq!(look("^pong$", "gnop"), "the body does not match ^pong$");
    }

    /// 17.12a, 17.12e: what we have cut, or cannot read, says nothing.
    #[test]
    fn what_we_cannot_read_is_unknown_and_what_is_not_json_is_violated() {
        let look = |text: &str| judge_body(&probe("", &[("/a", JsonTest::Equals("1".into()))]), &body(text));
        let long = "1,".repeat(HttpProbe::MAX_BODY_BYTES);
        assert_eq!(look("<html>"), ProbeFound::violated("the body is not JSON"));
        assert_eq!(look(r#"{"a": 1"#), ProbeFound::violated("the body is not JSON"));
        assert_eq!(look(&format!("<html>{long}")), ProbeFound::violated("the body is not JSON"));
        assert_eq!(look(&format!("[{long}0]")), ProbeFound::unknown("the body is longer than 1 MiB"));
        assert_eq!(
            look(&format!("{{\"a\": 2}}{}", " ".repeat(1 << 20))),
            ProbeFound::unknown("the body is longer than 1 MiB")
        );
        let blanks = " ".repeat(HttpProbe::MAX_BODY_BYTES - 8);
        assert_eq!(look(&format!("{{\"a\": 1}}{blanks}")), ProbeFound::holds());
        assert_eq!(look(&"[".repeat(1000)), ProbeFound::unknown("the body is JSON too deep to be read"));
        let old = judge_body(&probe("(", &[]), &body("("));
        assert_eq!(old, ProbeFound::unknown("( cannot be used any more"));
    }

    /// 17.12a
    #[test]
    fn whole_numbers_are_equal_to_their_last_digit() {
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("it is one");
        let are_equal = |one, other| are_equal(&value(one), &value(other));
        assert!(are_equal("1", "1.0") && are_equal("-1.0", "-1") && are_equal("0.5", "0.50"));
        assert!(!are_equal("9007199254740993", "9007199254740992") && !are_equal("1", "\"1\""));
    }

    /// 17.12e: no more than two at a time, and each is waited for.
    #[tokio::test]
    async fn a_body_that_has_no_turn_is_unknown() {
        let all = TURNS.acquire_many(2).await.expect("it is open");
        let found = judge_in_turn(&probe("a", &[]), body("a"), Span::MS).await;
        assert_eq!(found, ProbeFound::unknown("other bodies were judged for 1ms, and this one was not"));
        drop(all);
        assert_eq!(judge(&probe("a", &[]), body("a")).await, ProbeFound::holds());
    }
}
