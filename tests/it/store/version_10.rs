//! A database of the version before is as its binary said (tests/data/version-10/README.md).

use std::path::Path;
use std::sync::Arc;

use punctual::app::Services;
use punctual::clock::{Clock, Hands};
use punctual::config::{self, Scope, Token};
use punctual::core::outbox::{Attempt, Delivery, DeliveryState};
use punctual::core::route::ReceiverName;
use punctual::core::secret::Secret;
use punctual::core::time::{Span, Time};
use punctual::http::limits::Limits;
use punctual::http::{Access, Tokens};
use punctual::store::history::{IncidentRecord, Reader};
use punctual::store::sqlite::SqliteStore;
use punctual::store::{Configuration, Settling, Store};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::Value;

use super::sqlite::database;
use super::world::said;
use crate::support::doors::Doors;
use crate::support::http;

const TOKEN: &str = "a-token-of-the-tests";
const ROWS: &str = include_str!("../../data/version-10/punctual.sql");
const ANSWERS: &str = include_str!("../../data/version-10/answers.json");

/// The database as that version left it, and what it had answered.
struct Before {
    folder: tempfile::TempDir,
    old: Connection,
    answers: Value,
}

impl Before {
    fn new() -> Before {
        let folder = tempfile::tempdir().unwrap();
        database(folder.path()).execute_batch(ROWS).unwrap();
        let old = Connection::open_in_memory().unwrap();
        old.execute_batch(ROWS).unwrap();
        Before { folder, old, answers: serde_json::from_str(ANSWERS).unwrap() }
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open_with(self.folder.path(), 7).unwrap().knowing(punctual::compat::origins())
    }

    fn answered(&self, what: &str) -> &[Value] {
        self.answers[what].as_array().unwrap()
    }
}

/// What a query answers, row by row.
fn cells(db: &Connection, sql: &str) -> Vec<Vec<Cell>> {
    let mut query = db.prepare(sql).unwrap();
    let columns = query.column_count();
    let rows = query.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

fn words(db: &Connection, sql: &str) -> Vec<String> {
    let mut query = db.prepare(sql).unwrap();
    let rows = query.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn every_row_of_the_version_before_is_kept() {
    let before = Before::new();
    drop(before.open());
    let new = database(before.folder.path());
    let tables = words(&before.old, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    assert!(tables.len() > 15, "{tables:?}");
    for table in tables {
        let columns =
            words(&before.old, &format!("SELECT name FROM pragma_table_info('{table}')")).join(", ");
        let sql = format!("SELECT {columns} FROM {table} ORDER BY {columns}");
        assert_eq!(cells(&new, &sql), cells(&before.old, &sql), "{table}");
    }
    // 11.1: all that is there is of checks themselves.
    let keys = "SELECT DISTINCT key FROM incidents UNION SELECT DISTINCT key FROM deliveries";
    assert_eq!(words(&new, keys), [""]);
}

/// A server of today over the database, whose clock stands still: nothing is judged or sent.
fn serve(before: &Before) -> Doors {
    let live = before.open().live();
    let history = Reader::new(before.folder.path());
    Doors::open_with(Limits::default(), |app| {
        let (reloads, _) = tokio::sync::mpsc::channel(1);
        let clock = Arc::new(Clock::with_hands(Hands::at(time(&before.answered("checks")[0]["as_of"]))));
        let services = Services::new(live, app.services.writer.clone(), clock, history, reloads);
        app.services = Arc::new(services);
        app.external_url = "http://127.0.0.1:18400".to_owned();
        let token =
            Token { name: "test".to_owned(), scope: Scope::Write, token: Secret::new(TOKEN), checks: None };
        app.set_access(Access { tokens: Tokens::new(&[token]), ..Access::default() });
    })
}

fn ask(doors: &Doors, path: &str) -> Value {
    let answer = http::send(http::client().get(doors.url(&format!("/api/v1/{path}"))).bearer_auth(TOKEN));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn time(text: &Value) -> Time {
    let time = chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
    Time::from_ms(time.timestamp_millis())
}

/// All that was answered is answered; what is answered besides is new.
fn assert_answered(now: &Value, then: &Value) {
    let mut now = now.clone();
    now.as_object_mut().unwrap().retain(|name, _| then.get(name).is_some());
    assert_eq!(&now, then);
}

fn assert_all_answered(now: &Value, then: &[Value]) {
    let now = now.as_array().unwrap();
    assert_eq!(now.len(), then.len(), "{now:?}");
    now.iter().zip(then).for_each(|(now, then)| assert_answered(now, then));
}

#[test]
fn checks_of_the_version_before_are_as_it_answered() {
    let before = Before::new();
    let doors = serve(&before);
    assert_eq!(ask(&doors, "checks")["checks"].as_array().unwrap().len(), before.answered("checks").len());
    for then in before.answered("checks") {
        *doors.ledger.applied_to.lock().unwrap() = Some(time(&then["as_of"]));
        let name = then["name"].as_str().unwrap();
        assert_answered(&ask(&doors, &format!("checks/{name}")), then);
        for list in ["flips", "pings"] {
            let now = &ask(&doors, &format!("checks/{name}/{list}"))[list];
            assert_all_answered(now, before.answers[list][name].as_array().unwrap());
        }
    }
    assert_all_answered(&ask(&doors, "mutes")["mutes"], before.answered("mutes"));
}

#[test]
fn incidents_and_messages_of_the_version_before_are_as_it_answered() {
    let before = Before::new();
    let doors = serve(&before);
    let incidents = ask(&doors, "incidents");
    assert_eq!(incidents["incidents"].as_array().unwrap().len(), before.answered("incidents").len());
    for then in before.answered("incidents") {
        let now = ask(&doors, &format!("incidents/{}", then["id"]));
        assert_answered(&now, then);
        // 11.1: it is of the check itself.
        assert_eq!(now["key"], "");
    }
    assert_all_answered(&ask(&doors, "messages")["messages"], before.answered("messages"));
}

/// As its row has it: `waiting - -`, `parked refused 2`.
fn shown_state(state: &DeliveryState) -> String {
    match state {
        DeliveryState::Waiting => "waiting - -".to_owned(),
        DeliveryState::InMessage(message) => format!("in_message - {}", message.0),
        DeliveryState::Sent(message) => format!("sent - {}", message.0),
        DeliveryState::Parked { reason, message: Some(message) } => {
            format!("parked {} {}", reason.as_str(), message.0)
        }
        DeliveryState::Parked { reason, message: None } => format!("parked {} -", reason.as_str()),
        DeliveryState::Cancelled(reason) => format!("cancelled {} -", reason.as_str()),
    }
}

fn shown_delivery(row: &Delivery) -> String {
    let (id, incident, check) = (row.id.0, row.incident.0, row.check.0);
    let (receiver, kind) = (&row.receiver, row.kind.as_str());
    let (state, not_before, queued_at) = (shown_state(&row.state), row.not_before, row.queued_at);
    let times = format!("{} {}", not_before.as_ms(), queued_at.as_ms());
    let given_up = row.given_up.map_or("-".to_owned(), |given_up| given_up.reason.as_str().to_owned());
    format!("{id} {incident} {check} {receiver} {kind} {times} {state} {given_up}")
}

#[test]
fn deliveries_of_the_version_before_are_as_they_were() {
    let before = Before::new();
    drop(before.open());
    let reader = Reader::new(before.folder.path());
    let incidents = reader.incidents_of_all(None, None, 100).unwrap();
    let of_one = |incident: &IncidentRecord| reader.deliveries(incident.id).unwrap();
    let mut deliveries: Vec<Delivery> = incidents.iter().flat_map(of_one).collect();
    deliveries.sort_unstable_by_key(|row| row.id);
    let sql = "SELECT concat_ws(' ', id, incident_id, check_id, receiver, kind, not_before, queued_at, state,
                 ifnull(reason, '-'), ifnull(message_id, '-'), ifnull(given_up ->> 'reason', '-'))
               FROM deliveries ORDER BY id";
    let shown: Vec<String> = deliveries.iter().map(shown_delivery).collect();
    assert_eq!(shown, words(&before.old, sql));
    let states = words(&before.old, "SELECT DISTINCT state FROM deliveries ORDER BY 1");
    assert_eq!(states, ["cancelled", "in_message", "parked", "sent", "waiting"]);
}

/// 12.3, 12.7: what was under way goes on, under the same key and in the same words; and what is still bad is told.
#[test]
fn what_the_version_before_had_begun_to_tell_goes_on() {
    let before = Before::new();
    let mut store = before.open();
    let now = store.last_sign_of_life().unwrap().unwrap() + Span::secs(120);
    store.begin(now).unwrap();
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/version-10/punctual.yaml"));
    let config = config::load(path, &punctual::compat::DOOR_KEYS).unwrap();
    let configuration = Configuration {
        checks: config.checks,
        policy: config.policy,
        retention: config.retention,
        max_checks: config.max_checks,
        allow_mass_removal: false,
        changed_receivers: Default::default(),
    };
    let changes = store.configure(&configuration, true, now).unwrap();
    assert_eq!((changes.added.len(), changes.archived.len()), (0, 0), "{changes:?}");
    let closed: ReceiverName = "closed".into();
    let mut told = Vec::new();
    while let Some(outgoing) =
        store.claim(now).unwrap().into_iter().find(|outgoing| outgoing.message.receiver == closed)
    {
        assert_eq!(store.settle(outgoing.message.id, &Attempt::TAKEN, 0, now).unwrap(), Settling::Ended);
        told.push((outgoing.message.key.clone(), outgoing.message.attempts, said(&outgoing).join(", ")));
    }
    let waited = before.answered("messages").iter().filter(|message| message["state"] == "waiting");
    let keys: Vec<&str> = waited.map(|message| message["key"].as_str().unwrap()).rev().collect();
    let begun: Vec<_> = told.iter().map(|(key, attempts, said)| (key.as_str(), *attempts, &**said)).collect();
    assert_eq!(begun[0], (keys[0], 5, "Alert late"));
    assert_eq!(begun[1], (keys[1], 5, "Alert acknowledged, Alert recovered"));
    assert_eq!((begun[2].1, begun[2].2), (1, "Recovery recovered"));
}
