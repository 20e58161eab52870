//! Two versions of punctual one after the other on one database, as docs/backup.md promises it. `tests/upgrade` brings the older
//! binary as `PUNCTUAL_OLD`; without one this very binary takes its place.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::backup::standing;
use crate::support::http;
use crate::support::process::{PATIENCE, run, wait_for, wait_until};
use crate::support::punctual::Punctual;
use crate::support::sink::{Answer, WebhookSink};

/// Checks that nobody pings while the versions change.
const QUIET: [&str; 8] =
    ["failing", "acknowledged", "recovered", "paused", "muted", "running", "late", "made"];
const BUSY: usize = 4;
const FAILS_IN_TURN: [&str; 3] = ["failing", "acknowledged", "recovered"];

fn new_binary() -> PathBuf {
    env!("CARGO_BIN_EXE_punctual").into()
}

fn old_binary() -> PathBuf {
    std::env::var_os("PUNCTUAL_OLD").map_or_else(new_binary, PathBuf::from)
}

/// A server that an old binary has begun, and the receivers of its messages.
struct Scene {
    server: Punctual,
    ops: WebhookSink,
    /// Takes nothing while it is told so.
    pager: WebhookSink,
}

/// An end of the old server, under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Stop,
    Kill,
}

fn config(ops: &WebhookSink, pager: &WebhookSink) -> String {
    let (ops, pager) = (ops.url(), pager.url());
    let mut config = format!(
        "receivers:
  - {{name: ops, group_wait: 0s, webhook: {{url: \"{ops}\", format: slack}}}}
  - {{name: pager, group_wait: 0s, webhook: {{url: \"{pager}\", format: slack}}}}
responders:
  - {{matchers: ['check!=\"pending\"'], actions: [{{notify: ops}}]}}
  - {{matchers: ['check=\"pending\"'], actions: [{{notify: pager}}]}}
checks:
  - {{name: late, every: 1s, grace: 0s}}
"
    );
    let names = QUIET[..6].iter().map(|name| (*name).to_owned());
    let busy = (0..BUSY).map(|number| format!("busy-{number}"));
    for name in names.chain(busy).chain(["pending".to_owned(), "marker".to_owned()]) {
        config.push_str(&format!("  - {{name: {name}, every: 1d}}\n"));
    }
    config
}

/// The first lines of what was told.
fn told(sink: &WebhookSink) -> Vec<String> {
    let first = |text: &Value| text.as_str().unwrap().lines().next().unwrap().to_owned();
    sink.received.all().iter().map(|request| first(&request.json()["text"])).collect()
}

impl Scene {
    fn begin() -> Scene {
        let (ops, pager) = (WebhookSink::start(), WebhookSink::start());
        pager.answer_with(Answer::Status(503));
        let mut server = Punctual::new(&config(&ops, &pager));
        server.run_by(&old_binary());
        server.start_again();
        let scene = Scene { server, ops, pager };
        scene.live();
        scene
    }

    /// Makes one of everything that a version has to take over.
    fn live(&self) {
        for (place, name) in FAILS_IN_TURN.iter().enumerate() {
            self.server.ping(&format!("{name}/1?m=disk+full"));
            // Beside these it tells that `late` is.
            wait_until(name, PATIENCE, || {
                told(&self.ops).iter().filter(|told| told.contains("FAILING")).count() > place
            });
        }
        self.server.ping("recovered");
        self.server.ping("running/start?rid=one");
        self.server.ping("muted");
        for command in [
            "incidents ack acknowledged --by ann -c looking",
            "incidents comment failing --by bob -c disk+ordered",
            "pause paused -c moving --by ann",
            "mute muted --for 8h -c night --by ann",
            "checks create --title Made --every 1d --label team=dba made",
        ] {
            self.command(&old_binary(), command);
        }
        self.server.ping("muted/fail");
        self.server.ping("pending/fail");
        self.pager.received.wait_for_count("an attempt", PATIENCE, 1);
        wait_until("all that is to be told", PATIENCE, || {
            let told = told(&self.ops);
            told.iter().any(|told| told.contains("LATE"))
                && told.iter().any(|told| told.contains("RECOVERED"))
        });
    }

    fn command(&self, binary: &Path, line: &str) -> String {
        let words = line.split(' ').map(|word| word.replace('+', " "));
        let data = self.server.data();
        let mut command = Command::new(binary);
        command.args(words).arg("--storage.path").arg(data).current_dir(self.server.folder());
        let (is_good, said) = run(&mut command);
        assert!(is_good, "{line}: {said}");
        said
    }

    /// All that is shown of what is quiet.
    fn shown(&self, url: &str) -> Value {
        let get = |path: &str| http::get(&format!("{url}{path}")).json();
        let mut shown = json!({"checks": standing(url, &QUIET), "mutes": get("/api/v1/mutes")["mutes"]});
        for name in QUIET {
            let incidents = get(&format!("/api/v1/checks/{name}/incidents"));
            let ids = incidents["incidents"].as_array().unwrap().iter().map(|incident| &incident["id"]);
            shown[name] = ids.map(|id| get(&format!("/api/v1/incidents/{id}"))["steps"].clone()).collect();
        }
        shown
    }

    /// Ends the server while jobs ping; answers how many pings were answered.
    fn end_under_load(&mut self, end: End) -> usize {
        let (answered, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let urls: Vec<String> =
            (0..BUSY).map(|number| self.server.url(&format!("/ping/busy-{number}?m=x"))).collect();
        let ping = |url: &String| {
            while !is_over.load(Ordering::Relaxed) {
                let ping = http::try_send(http::client().post(url).body("y".repeat(400)));
                let is_answered = ping.is_ok_and(|ping| ping.status == 200);
                answered.fetch_add(usize::from(is_answered), Ordering::Relaxed);
            }
        };
        let ping = &ping;
        std::thread::scope(|scope| {
            for url in &urls {
                scope.spawn(move || ping(url));
            }
            wait_until("load", PATIENCE, || answered.load(Ordering::Relaxed) > 200);
            self.command(&old_binary(), "backup backup.db");
            match end {
                End::Stop => assert!(self.server.stop().success()),
                End::Kill => self.server.kill9(),
            }
            is_over.store(true, Ordering::Relaxed);
        });
        answered.into_inner()
    }

    /// The new binary has the same, tells what is new, and nothing again.
    fn take_over(&mut self, before: &Value, answered: usize) {
        self.server.run_by(&new_binary());
        self.server.start_again();
        assert_same(before, &self.shown(&self.server.url("")), "after the upgrade");
        let counted = self.server.sum("punctual_check_pings_total", "check=\"busy-");
        assert!(counted >= answered as u64, "{counted} of {answered} pings");
        self.pager.answer_with(Answer::Status(200));
        let refused = self.pager.received.all().len();
        let waiting = self.server.get("/api/v1/messages?receiver=pager").json();
        self.command(&new_binary(), &format!("messages retry {}", waiting["messages"][0]["id"]));
        self.pager.received.wait_for_count("what no one had taken", PATIENCE, refused + 1);
        self.server.ping("marker/fail");
        wait_until("news", PATIENCE, || told(&self.ops).iter().any(|told| told.contains("marker")));
        let mut all = told(&self.ops);
        all.sort();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "told twice: {all:#?}");
        assert_eq!(count, FAILS_IN_TURN.len() + 3, "one recovered, one is late, one is news: {all:#?}");
        assert_eq!(self.pager.received.all().len(), refused + 1, "taken once");
        assert!(self.server.stop().success());
        eprintln!("{}", self.command(&new_binary(), "check-storage"));
    }

    /// The old binary opens what the new one left, or says that it cannot and leaves it as it is.
    fn go_back(&mut self, before: &Value) {
        let file = self.server.data().join("punctual.db");
        let bytes = std::fs::read(&file).unwrap();
        self.server.run_by(&old_binary());
        self.server.start_unready();
        let ready = self.server.url("/-/ready");
        let is_taken = wait_for("a start or an end", PATIENCE, || match self.server.has_ended() {
            true => Some(false),
            false => http::try_get(&ready).is_ok_and(|answer| answer.status == 200).then_some(true),
        });
        if is_taken {
            assert_same(before, &self.shown(&self.server.url("")), "after the way back");
            assert!(self.server.stop().success());
            return eprintln!("it opens the database again");
        }
        assert!(!self.server.wait(PATIENCE).success());
        let log = self.server.log();
        let said = log.lines().rev().find(|line| line.contains("of a newer version")).expect(&log);
        eprintln!("{said}");
        assert!(said.contains("restore a backup from before the upgrade"), "{said}");
        assert!(std::fs::read(&file).unwrap() == bytes, "the database was changed");
        self.server.run_by(&new_binary());
        self.server.start_again();
        assert_same(before, &self.shown(&self.server.url("")), "after a way back that was none");
        assert!(self.server.stop().success());
    }

    /// What the old binary has backed up is the same in the new one, which tells nobody.
    fn restore(&self, before: &Value) {
        let all = || (self.ops.received.all().len(), self.pager.received.all().len());
        let earlier = all();
        let mut server = Punctual::new(&config(&self.ops, &self.pager)).argument("--no-deliveries");
        std::fs::create_dir(server.data()).unwrap();
        let backup = self.server.folder().join("backup.db");
        std::fs::copy(backup, server.data().join("punctual.db")).unwrap();
        server.start_again();
        assert_same(before, &self.shown(&server.url("")), "in what was restored");
        assert!(server.stop().success());
        assert_eq!(all(), earlier, "nobody is told");
    }
}

/// Everything that was shown before is shown now; a newer version may show more.
fn assert_same(before: &Value, now: &Value, place: &str) {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (key, value) in before {
                let place = format!("{place}: {key}");
                assert_same(value, now.get(key).unwrap_or_else(|| panic!("{place} is gone")), &place);
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            assert_eq!(before.len(), now.len(), "{place}: {before:#?} {now:#?}");
            let each = before.iter().zip(now).enumerate();
            each.for_each(|(index, (before, now))| assert_same(before, now, &format!("{place} {index}")));
        }
        _ => assert_eq!(before, now, "{place}"),
    }
}

fn upgrade_after(end: End) {
    let mut scene = Scene::begin();
    let before = scene.shown(&scene.server.url(""));
    let answered = scene.end_under_load(end);
    scene.take_over(&before, answered);
    scene.go_back(&before);
    scene.restore(&before);
}

#[test]
fn a_new_version_takes_over_from_one_that_was_stopped_and_the_old_one_says_that_it_cannot() {
    upgrade_after(End::Stop);
}

#[test]
fn a_new_version_takes_over_from_one_that_was_killed() {
    upgrade_after(End::Kill);
}
