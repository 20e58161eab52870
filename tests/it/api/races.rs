//! Changes that meet each other on their way to the store.

use std::sync::{Arc, Mutex};

use punctual::app::{Services, TakePings};
use punctual::clock::Clock;
use punctual::config::{Scope, Token, read_check};
use punctual::core::check::CheckId;
use punctual::core::secret::Secret;
use punctual::core::time::Time;
use punctual::http::limits::Limits;
use punctual::http::{Access, Tokens};
use punctual::store::command::StoreCommand;
use punctual::store::history::Reader;
use punctual::store::sqlite::SqliteStore;
use punctual::store::writer::{Overloaded, PingAnswer};
use punctual::store::{Edit, NewCheck, PingFact, ResultFact, Store as _};
use serde_json::{Value, json};

use super::TOKEN;
use crate::support::doors::Doors;
use crate::support::http;

const PATCHES: usize = 5;

/// A writer that begins when all patches wait for it: each was made of the check as it was before all others.
struct Desk(Mutex<(SqliteStore, Vec<StoreCommand>, usize)>);

fn now() -> Time {
    Time::from_secs(1_000_000)
}

impl TakePings for Desk {
    fn report(&self, _: CheckId, _: ResultFact) -> Result<PingAnswer, Overloaded> {
        Err(Overloaded)
    }

    fn ping(&self, _: CheckId, _: PingFact) -> Result<PingAnswer, Overloaded> {
        Err(Overloaded)
    }

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn refuse(&self, _: CheckId) {}

    fn refuse_unread(&self) {}

    fn close(&self) {}

    fn applied_to(&self) -> Time {
        now()
    }

    fn is_healthy(&self) -> bool {
        true
    }

    fn command(&self, command: StoreCommand) {
        let (store, waiting, came) = &mut *self.0.lock().unwrap();
        waiting.push(command);
        *came += 1;
        if *came >= PATCHES {
            waiting.drain(..).for_each(|command| command.run(store, now()));
        }
    }
}

/// 16.3
#[test]
fn changes_of_one_check_at_one_time_undo_nothing_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    store.begin(now()).unwrap();
    let definition = read_check(br#"{"name": "a", "every": "5m"}"#, None).unwrap().definition;
    let new = NewCheck { definition, paused: false, past: None };
    store.edit(Edit::Create(Box::new(new)), "ann", now()).unwrap();
    let live = store.live();
    let doors = Doors::open_with(Limits::default(), |app| {
        let (reloads, _) = tokio::sync::mpsc::channel(1);
        let writer = Arc::new(Desk(Mutex::new((store, Vec::new(), 0))));
        app.services = Arc::new(Services::new(
            live,
            writer,
            Arc::new(Clock::new()),
            Reader::new(folder.path()),
            reloads,
        ));
        let token =
            Token { name: "ci".to_owned(), scope: Scope::Write, token: Secret::new(TOKEN), checks: None };
        app.set_access(Access { tokens: Tokens::new(&[token]), ..Access::default() });
    });
    let url = doors.url("/api/v1/checks/a");
    std::thread::scope(|scope| {
        for n in 0..PATCHES {
            let body = json!({"labels": {(format!("l{n}")): "x"}}).to_string();
            let request = http::client().patch(&url).bearer_auth(TOKEN).body(body);
            scope.spawn(move || {
                let answer = http::send(request);
                assert_eq!(answer.status, 200, "{}", answer.text());
            });
        }
    });
    let shown = http::send(http::client().get(&url).bearer_auth(TOKEN)).json();
    let labels: Vec<(&String, &Value)> = shown["definition"]["labels"].as_object().unwrap().iter().collect();
    let x = json!("x");
    let expected: Vec<String> = (0..PATCHES).map(|n| format!("l{n}")).collect();
    assert_eq!(labels, expected.iter().map(|name| (name, &x)).collect::<Vec<_>>());
}
