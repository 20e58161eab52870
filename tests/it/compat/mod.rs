//! coal-mine's and Night's Watch's own interfaces, at the real server.

mod canaries;
mod cmcli;
mod faults;
mod history;
mod latencies;
mod mails;
mod nights_watch;
mod outages;
mod schedules;
mod slugs;
mod transport;
mod trigger;

use punctual::core::time::{Span, Time};
use serde_json::Value;

use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, wait_for};
use crate::support::punctual::Punctual;

const BOTH: &str = "compat: {coal_mine: {enabled: true}, nights_watch: {enabled: true}}\n";
const COAL_MINE: &str = "/coal-mine/v1/canary/";
const NIGHTS_WATCH: &str = "/nights-watch/v1/watcher/";

/// A server and one of the two interfaces.
struct Mine {
    server: Punctual,
    prefix: &'static str,
    key: &'static str,
    /// What every command shows, where a key is asked for.
    auth_key: Option<&'static str>,
}

impl Mine {
    /// coal-mine's, without a key.
    fn coal() -> Mine {
        Mine::of(Punctual::start(BOTH), COAL_MINE)
    }

    fn of(server: Punctual, prefix: &'static str) -> Mine {
        let key = if prefix == COAL_MINE { "canary" } else { "watcher" };
        Mine { server, prefix, key, auth_key: None }
    }

    /// What a command answers, `create?name=a&periodicity=1`, whatever its code.
    fn ask(&self, command: &str) -> Response {
        let join = if command.contains('?') { '&' } else { '?' };
        let key = self.auth_key.map(|key| format!("{join}auth_key={key}")).unwrap_or_default();
        self.server.get(&format!("{}{command}{key}", self.prefix))
    }

    /// The answer to a command that must be carried out.
    fn ok(&self, command: &str) -> Value {
        let answer = self.ask(command);
        assert_eq!(answer.status, 200, "{command}: {}", answer.text());
        let json = answer.json();
        assert_eq!(json["status"], "ok", "{command}");
        json
    }

    /// The canary that a command answers.
    fn canary(&self, command: &str) -> Value {
        let canary = self.ok(command)[self.key].clone();
        assert!(canary.is_object(), "{command}: {canary}");
        canary
    }

    /// The answer to a command that must be refused so.
    fn refused(&self, command: &str, status: u16, error: &str) {
        // Wrong keys are not taken without end from one address.
        let url = self.server.url(&format!("{}{command}", self.prefix));
        let answer = http::send(http::stranger().get(url));
        assert_eq!((answer.status, answer.json()["error"].as_str().unwrap()), (status, error), "{command}");
        assert_eq!(answer.json()["status"], "error", "{command}");
    }

    /// The names that `list` has, in its order.
    fn names(&self, parameters: &str) -> Vec<String> {
        let list = self.ok(&format!("list?{parameters}"));
        let many = if self.key == "canary" { "canaries" } else { "watchers" };
        list[many].as_array().unwrap().iter().map(|canary| text(&canary["name"])).collect()
    }

    /// Waits until a canary is late.
    fn wait_until_late(&self, id: &str) -> Value {
        self.wait_for(id, |canary| canary["late"] == true)
    }

    fn wait_for(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let ask = || Some(self.canary(&format!("get?id={id}"))).filter(&is_so);
        wait_for("a canary that is so", PATIENCE, ask)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Reads a time with or without its zone.
fn time(value: &Value) -> Time {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no time"));
    let zoned = if text.ends_with("+00:00") { text.to_owned() } else { format!("{text}+00:00") };
    Time::from_ms(chrono::DateTime::parse_from_rfc3339(&zoned).unwrap().timestamp_millis())
}

/// The newest entry of a canary's history.
fn newest(canary: &Value) -> (Time, String) {
    let entry = &canary["history"][0];
    (time(&entry[0]), text(&entry[1]))
}

/// From the newest entry of the history to the deadline.
fn until_deadline(canary: &Value) -> Span {
    time(&canary["deadline"]) - newest(canary).0
}
