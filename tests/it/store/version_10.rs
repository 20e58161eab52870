//! A database of the version before is as its binary said (tests/data/version-10/README.md).

use std::path::Path;

use punctual::config;
use punctual::core::check::PingKind;
use punctual::core::incident::{IncidentStep, StepKind};
use punctual::core::outbox::{Attempt, Delivery, DeliveryState};
use punctual::core::route::ReceiverName;
use punctual::core::step::view;
use punctual::core::time::{Span, Time};
use punctual::store::history::{IncidentRecord, MessageRecord, Reader};
use punctual::store::live::{Check, Live};
use punctual::store::sqlite::SqliteStore;
use punctual::store::{Configuration, Store};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use super::sqlite::database;
use super::world::said;

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

    fn reader(&self) -> Reader {
        Reader::new(self.folder.path())
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

fn time(text: &Value) -> Time {
    let time = chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
    Time::from_ms(time.timestamp_millis())
}

fn text(time: Option<Time>) -> Value {
    time.map(|time| time.to_string()).into()
}

/// A check in the words of the API.
fn shown(live: &Live, check: &Check, at: Time) -> Value {
    let (definition, state) = (&check.definition, check.state());
    let view = view(&definition.spec, &state, at, &live.blind());
    let cause = |cause: &punctual::core::cause::Cause| json!({"kind": cause.kind.as_str(), "since": cause.since.to_string()});
    json!({
        "name": definition.name.as_str(),
        "title": definition.title,
        "group": definition.group,
        "status": view.status.as_str(),
        "late": view.late,
        "failing": view.failing,
        "unknown": view.unknown,
        "paused": view.paused,
        "running": view.running,
        "causes": view.causes.iter().map(cause).collect::<Vec<_>>(),
        "due": text(view.due),
        "deadline": text(view.deadline),
        "last_seen": text(state.last_seen),
        "last_success": text(state.last(PingKind::Success)),
        "last_fail": text(state.last(PingKind::Fail)),
        "last_start": text(state.last(PingKind::Start)),
        "last_exit_status": state.last_exit_status,
        "definition": serde_json::to_value(config::words_of(definition)).unwrap(),
    })
}

/// Everything that was answered is shown; what is shown besides is new.
fn assert_shown(shown: &Value, answered: &Value, but: &[&str]) {
    let answered = answered.as_object().unwrap();
    let is_compared = |name: &str| shown.get(name).is_some();
    for (name, value) in answered.iter().filter(|(name, _)| is_compared(name)) {
        assert_eq!(&shown[name], value, "{name} of {answered:?}");
    }
    let left_out: Vec<&str> = answered
        .keys()
        .map(String::as_str)
        .filter(|name| !is_compared(name) && !but.contains(name))
        .collect();
    assert_eq!(left_out, Vec::<&str>::new(), "of {answered:?}");
}

#[test]
fn states_of_the_version_before_are_as_it_showed_them() {
    let before = Before::new();
    let live = before.open().live();
    let checks = &live.directory().checks;
    assert_eq!(checks.len(), before.answered("checks").len());
    for (check, answered) in checks.iter().zip(before.answered("checks")) {
        let at = time(&answered["as_of"]);
        let but = [
            "as_of",
            "canary",
            "declared",
            "labels",
            "last_duration_seconds",
            "muted",
            "pause",
            "ping_url",
            "source",
        ];
        assert_shown(&shown(&live, check, at), answered, &but);
    }
    let mutes: Vec<String> =
        live.mutes().iter().map(|mute| format!("{} {}", mute.text, mute.until)).collect();
    let answered = &before.answered("mutes")[0];
    let words = |name: &str| answered[name].as_str().unwrap();
    assert_eq!(mutes, [format!("{} {}", words("matchers"), words("until"))]);
}

fn shown_step(step: &IncidentStep) -> Value {
    let mut shown = json!({"at": step.at.to_string(), "by": step.by, "what": step.what.as_str()});
    match &step.what {
        StepKind::Began(kind) | StepKind::Eased(kind) => shown["reason"] = kind.as_str().into(),
        StepKind::Delivery(told) => {
            shown["receiver"] = (*told.receiver).into();
            shown["kind"] = told.kind.as_str().into();
            shown["message"] = told.message.map(|message| message.0).into();
            shown["answer"] = told.answer.as_str().into();
            shown["times"] = told.times.into();
        }
        _ => {}
    }
    shown
}

fn shown_incident(reader: &Reader, incident: &IncidentRecord) -> Value {
    let definition = reader.definition(incident.check).unwrap().unwrap();
    let said = reader.last_said(incident.id).unwrap();
    let steps = reader.steps(incident.id).unwrap();
    json!({
        "id": incident.id.0,
        "check": definition.name.as_str(),
        "key": incident.key.as_str(),
        "title": definition.title,
        "group": definition.group,
        "status": incident.status.as_str(),
        "reason": incident.first.kind.as_str(),
        "opened_at": incident.opened_at.to_string(),
        "ended_at": text(incident.ended_at),
        "said_at": text(said.as_ref().map(|step| step.at)),
        "said_by": said.as_ref().map(|step| step.by.clone()),
        "steps": steps.iter().map(shown_step).collect::<Vec<_>>(),
    })
}

#[test]
fn incidents_of_the_version_before_are_as_it_showed_them() {
    let before = Before::new();
    drop(before.open());
    let reader = before.reader();
    let incidents = reader.incidents_of_all(None, None, 100).unwrap();
    assert_eq!(incidents.len(), before.answered("incidents").len());
    for (incident, answered) in incidents.iter().zip(before.answered("incidents")) {
        assert_shown(&shown_incident(&reader, incident), answered, &["labels"]);
        assert!(incident.key.is_own());
    }
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
    let reader = before.reader();
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

fn shown_message(message: &MessageRecord) -> Value {
    json!({
        "id": message.id,
        "receiver": message.receiver,
        "state": message.state,
        "checks": message.checks,
        "deliveries": message.members,
        "given_up": message.given_up,
        "created_at": message.created_at.to_string(),
        "settled_at": text(message.settled_at),
        "attempts": message.attempts,
        "next_attempt": text(message.retry_at),
        "answer": message.answer,
        "key": message.key,
    })
}

#[test]
fn messages_of_the_version_before_are_as_it_showed_them() {
    let before = Before::new();
    drop(before.open());
    let messages = before.reader().messages(None, None, None, 100).unwrap();
    assert_eq!(messages.len(), before.answered("messages").len());
    for (message, answered) in messages.iter().zip(before.answered("messages")) {
        assert_shown(&shown_message(message), answered, &[]);
    }
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
        store.settle(outgoing.message.id, &Attempt::TAKEN, now).unwrap();
        told.push((outgoing.message.key.clone(), outgoing.message.attempts, said(&outgoing).join(", ")));
    }
    let waited = before.answered("messages").iter().filter(|message| message["state"] == "waiting");
    let keys: Vec<&str> = waited.map(|message| message["key"].as_str().unwrap()).rev().collect();
    let begun: Vec<_> = told.iter().map(|(key, attempts, said)| (key.as_str(), *attempts, &**said)).collect();
    assert_eq!(begun[0], (keys[0], 5, "Alert late"));
    assert_eq!(begun[1], (keys[1], 5, "Alert acknowledged, Alert recovered"));
    assert_eq!((begun[2].1, begun[2].2), (1, "Recovery recovered"));
}
