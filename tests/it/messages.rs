//! Messages that a real receiver does not take, given up and told after all; and what people do with them (12.4).

use std::time::Duration;

use serde_json::Value;

use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::{Punctual, as_user_0, punctual};
use crate::support::sink::{Answer, WebhookSink};

struct Room {
    server: Punctual,
    sink: WebhookSink,
}

impl Room {
    /// Who is told is given up after a minute, the shortest time that there is.
    fn new() -> Room {
        let sink = WebhookSink::start();
        let server = Punctual::start(&format!(
            "receivers: [{{name: hook, webhook: {{url: \"{}\"}}, group_wait: 0s, give_up_after: 1m}}]\n\
             default_receivers: [hook]\n\
             checks: [{{name: a, every: 1h}}, {{name: b, every: 1h}}, {{name: c, every: 1h}}]\n",
            sink.url()
        ));
        Room { server, sink }
    }

    fn messages(&self, arguments: &[&str]) -> (bool, String) {
        let data = self.server.data();
        let storage = ["--storage.path", data.to_str().unwrap()];
        punctual(&[&["messages"], arguments, &storage].concat())
    }

    /// Those in a state.
    fn in_state(&self, state: &str) -> Vec<Value> {
        let (is_good, said) = self.messages(&["list", "--state", state, "--receiver", "hook", "-o", "json"]);
        assert!(is_good, "{said}");
        serde_json::from_str::<Value>(&said).unwrap()["messages"].as_array().unwrap().clone()
    }

    /// The only one in a state, once there is one.
    fn only(&self, state: &str) -> Value {
        wait_until(state, PATIENCE, || self.in_state(state).len() == 1);
        self.in_state(state).remove(0)
    }

    /// The checks of which the receiver was told, each time with how it answered then.
    fn told(&self) -> Vec<String> {
        let name = |alert: &Value| alert["labels"]["check"].as_str().unwrap().to_owned();
        let received = self.sink.received.all();
        received
            .iter()
            .flat_map(|post| post.json()["alerts"].as_array().unwrap().iter().map(name).collect::<Vec<_>>())
            .collect()
    }

    /// What became of telling people of an incident.
    fn steps(&self, incident: u64) -> Vec<String> {
        let shown = self.server.get(&format!("/api/v1/incidents/{incident}")).json();
        let steps = shown["steps"].as_array().unwrap().iter().filter(|step| step["receiver"] == "hook");
        steps
            .map(|step| {
                format!("{} by {}", step["what"].as_str().unwrap(), as_user_0(step["by"].as_str().unwrap()))
            })
            .collect()
    }
}

/// 12.4, 11.3
#[test]
fn what_was_given_up_arrives_once_its_receiver_works_again() {
    let room = Room::new();
    room.sink.answer_with(Answer::Status(503));
    room.server.ping("a/fail");
    let waiting = room.only("waiting");
    let answer = waiting["answer"].as_str().unwrap();
    assert!(answer.contains("answered 503"), "{answer}");
    assert_eq!((&waiting["checks"][0], &waiting["receiver"]), (&"a".into(), &"hook".into()));
    wait_until("giving up", Duration::from_secs(120), || !room.in_state("parked").is_empty());
    assert_eq!(room.only("parked")["id"], waiting["id"]);
    assert_eq!(room.server.value("punctual_deliveries_parked"), 1.0);
    let tried = room.told().len();
    assert!(tried >= 5, "given up after {tried} attempts");

    room.sink.answer_with(Answer::Status(202));
    room.server.ping("b/fail");
    let told = || room.told()[tried..].to_vec();
    wait_until("both", PATIENCE, || told().len() == 2);
    assert_eq!(told(), ["b", "a"], "what is new, and what was given up after it");
    wait_until("both on record", PATIENCE, || room.in_state("sent").len() == 2);
    for sent in room.in_state("sent") {
        assert_eq!((&sent["answer"], &sent["attempts"]), (&"202 Accepted".into(), &1.into()));
    }
    assert_eq!(room.only("was_parked")["id"], waiting["id"]);
    assert_eq!(room.server.value("punctual_deliveries_parked"), 0.0);
    let steps = room.steps(1);
    assert_eq!(steps.first().unwrap(), "failed by punctual");
    assert_eq!(steps.iter().rev().take(2).collect::<Vec<_>>(), ["told by punctual", "parked by punctual"]);
    let page = room.server.get("/checks/a").text();
    assert!(page.contains("given up (alert)") && page.contains("told (alert): <bdi>202 Accepted"), "{page}");
}

/// 12.4, 11.3
#[test]
fn people_have_messages_tried_again_at_once_or_drop_them() {
    let room = Room::new();
    room.sink.answer_with(Answer::Status(422));
    for name in ["a", "b"] {
        room.server.ping(&format!("{name}/fail"));
    }
    wait_until("both given up", PATIENCE, || room.in_state("parked").len() == 2);
    let parked = room.in_state("parked");
    let of = |name: &str| {
        let it = parked.iter().find(|message| message["checks"][0] == name).unwrap();
        it["id"].to_string()
    };
    let (is_good, said) = room.messages(&["drop", &of("a"), "--by", "ann"]);
    assert!(is_good && said.contains("is dropped, 1 delivery, says ann"), "{said}");
    assert_eq!(room.only("dropped")["id"].to_string(), of("a"));
    let steps: Vec<String> = (1..=2).flat_map(|incident| room.steps(incident)).collect();
    assert_eq!(steps.iter().filter(|step| *step == "dropped by ann (user 0)").count(), 1, "{steps:?}");
    let (is_good, said) = room.messages(&["drop", &of("a")]);
    assert!(!is_good && said.contains("nothing of message"), "{said}");
    let (is_good, said) = room.messages(&["retry", "99"]);
    assert!(!is_good && said.contains("there is no message 99"), "{said}");

    room.sink.answer_with(Answer::Status(200));
    let before = room.told().len();
    let (is_good, said) = room.messages(&["retry", "--receiver", "hook", "--all-parked"]);
    assert!(is_good && said.contains("1 delivery"), "{said}");
    wait_until("b", PATIENCE, || room.told().len() == before + 1);
    assert_eq!(room.told()[before..], ["b"]);
    let (is_good, said) = room.messages(&["list"]);
    assert!(is_good && said.contains("was_parked") && said.contains("422 Unprocessable Entity"), "{said}");

    // One that waits for its next attempt: now, and not at all.
    room.sink.answer_with(Answer::Status(503));
    room.server.ping("c/fail");
    let waiting = room.only("waiting")["id"].to_string();
    let before = room.told().len();
    let (is_good, said) = room.messages(&["retry", &waiting]);
    assert!(is_good, "{said}");
    wait_until("another attempt", PATIENCE, || room.told().len() > before);
    room.only("waiting");
    let (is_good, said) = room.messages(&["drop", &waiting, "--by", "ann"]);
    assert!(is_good, "{said}");
    room.sink.answer_with(Answer::Status(200));
    let before = room.told().len();
    room.server.ping("c");
    // It may have been told, so that its end is.
    wait_until("the recovery", PATIENCE, || room.told().len() > before);
    assert_eq!(room.told()[before..], ["c"]);
    assert!(room.in_state("waiting").is_empty());
}
