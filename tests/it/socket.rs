//! The socket of the data folder: the same routes as over the network, for the user of the server.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use punctual::app::Room;
use punctual::http::limits::Limits;
use punctual::http::socket::{self, ControlSocket};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::doors::Doors;
use crate::support::http;
use crate::support::process::{PATIENCE, run, tool, wait_until};
use crate::support::punctual::Punctual;

const CONFIG: &str = "auth:\n  ping_keys: [{name: jobs, key: key-of-the-jobs-here}]\n  tokens: [{name: oncall, scope: operate, \
    token: token-that-operates}]\nchecks: [{name: a, every: 1h, labels: {team: dba}}, {name: b, every: 1h}]\n";
const TOKEN: &str = "token-that-operates";

/// Asks at the socket by curl: the status and the body.
fn curl(server: &Punctual, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut command = tool("curl");
    command.args(["-sS", "-m", "20", "-X", method, "-w", "\n%{http_code}", "--unix-socket"]);
    command.arg(socket::path(&server.data())).arg(format!("http://localhost{path}"));
    if !body.is_empty() {
        command.args(["-H", "Content-Type: application/json", "-d", body]);
    }
    let (is_good, said) = run(&mut command);
    assert!(is_good, "{method} {path}: {said}");
    let (text, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), text.to_owned())
}

fn json_of((status, text): (u16, String), expected: u16) -> Value {
    assert_eq!(status, expected, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// 23.1: whoever may open the socket needs neither token nor key, and is named.
#[test]
fn curl_does_at_the_socket_whatever_there_is_without_a_token() {
    let server = Punctual::start(CONFIG);
    let ask = |method: &str, path: &str, body: &str| curl(&server, method, path, body);
    assert_eq!(ask("POST", "/ping/a", ""), (200, "OK".to_owned()));
    assert_eq!(ask("GET", "/ping/b/fail", "").0, 200);
    assert_eq!(ask("POST", "/ping/wrong-key-is-wrong/a", "").0, 403, "a wrong key is wrong here, too");
    let status = json_of(ask("GET", "/api/v1/status", ""), 200);
    assert_eq!(status["checks"], json!({"failing": 1, "up": 1}));
    let made = json_of(ask("POST", "/api/v1/checks", r#"{"name": "c", "every": "5m"}"#), 201);
    assert_eq!(made["name"], "c");
    let paused = json_of(ask("POST", "/api/v1/checks/c/pause", r#"{"comment": "moving"}"#), 200);
    let user = format!("user {}", rustix::process::geteuid().as_raw());
    assert_eq!((&paused["pause"]["by"], &paused["status"]), (&json!(user), &json!("paused")));
    assert_eq!(paused["done"], format!("c is paused, says {user}: moving"));
    let muted = r#"{"matchers": "team=dba", "for": "2h", "comment": "why", "by": "ann"}"#;
    let mute = json_of(ask("POST", "/api/v1/mutes", muted), 201);
    assert_eq!(
        (&mute["id"], &mute["by"], &mute["matching"]),
        (&json!(1), &json!(format!("ann ({user})")), &json!(1))
    );
    let acknowledged = json_of(ask("POST", "/api/v1/incidents/acknowledge", r#"{"check": "b"}"#), 200);
    assert_eq!(acknowledged["done"], format!("incident 1 of b is acknowledged, says {user}"));
    let metrics = ask("GET", "/metrics", "").1;
    let of_a =
        metrics.lines().find(|line| line.starts_with("punctual_check_muted{") && line.contains("\"a\""));
    assert!(of_a.is_some_and(|line| line.ends_with(" 1")), "{of_a:?}");
    assert!(ask("GET", "/", "").1.contains("<h1>"));
    assert_eq!(ask("DELETE", "/api/v1/mutes/1", ""), (204, String::new()));
    // Without --web.enable-lifecycle.
    server.write_config(&CONFIG.replace("every: 1h", "every: 2h"));
    assert_eq!(ask("POST", "/-/reload", "").0, 200);
    let done = json_of(ask("POST", "/api/v1/reload", ""), 200);
    assert_eq!(done["done"], "nothing changed");
    server.write_config("checks: 7\n");
    let problem = json_of(ask("POST", "/api/v1/reload", ""), 422);
    assert!(problem["detail"].as_str().unwrap().contains("punctual.yaml:1:"), "{problem}");
}

/// 22.3, 22.4
#[test]
fn an_acknowledgement_says_until_when_and_a_comment_changes_nothing() {
    let server = Punctual::start(CONFIG);
    let send = |path: &str, body: Value| {
        let request = http::client().post(server.url(path)).bearer_auth(TOKEN);
        let answer = http::send(request.body(body.to_string()));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()["done"].as_str().unwrap().to_owned()
    };
    let incident =
        || http::send(http::client().get(server.url("/api/v1/incidents/1")).bearer_auth(TOKEN)).json();
    assert_eq!(http::send(http::client().post(server.url("/ping/a/fail")).bearer_auth(TOKEN)).status, 200);
    let said =
        send("/api/v1/incidents/1/acknowledge", json!({"by": "ann", "for": "2h", "comment": "the disk"}));
    let until = incident()["acknowledged_until"].as_str().unwrap().to_owned();
    assert_eq!(said, format!("incident 1 of a is acknowledged until {until}, says ann (token oncall)"));
    assert_eq!(
        send("/api/v1/incidents/comment", json!({"check": "a", "by": "bob", "comment": "on\r\nmy way"})),
        "incident 1 of a is commented on, says bob (token oncall)"
    );
    let shown = incident();
    assert_eq!(
        (&shown["status"], &shown["comment"]),
        (&"acknowledged".into(), &"the disk".into()),
        "{shown}"
    );
    let steps = shown["steps"].as_array().unwrap();
    let of =
        |what: &str| steps.iter().find(|step| step["what"] == what).unwrap_or_else(|| panic!("{steps:?}"));
    assert_eq!(
        (&of("acknowledged")["until"], &of("acknowledged")["comment"]),
        (&until.into(), &"the disk".into())
    );
    assert_eq!(
        (&of("commented")["by"], &of("commented")["comment"]),
        (&"bob (token oncall)".into(), &"on\nmy way".into())
    );
    // Whoever says less later says that it has no end.
    send("/api/v1/incidents/acknowledge", json!({"matchers": "check=a"}));
    assert_eq!(incident()["acknowledged_until"], Value::Null);
    assert_eq!(http::send(http::client().post(server.url("/ping/a")).bearer_auth(TOKEN)).status, 200);
    send("/api/v1/incidents/1/comment", json!({"comment": "it was the disk"}));
    assert_eq!(incident()["status"], "resolved");
}

/// 22.1a, 22.7, 23.1, 23.6: over the network the same words need a token, whose name stands with whoever says something.
#[test]
fn people_on_call_pause_mute_and_answer_incidents_over_the_network_with_their_token() {
    let server = Punctual::start(CONFIG);
    let send = |method: &str, path: &str, body: Value| {
        let request = http::client().request(method.parse().unwrap(), server.url(path)).bearer_auth(TOKEN);
        http::send(request.body(body.to_string()))
    };
    assert_eq!(send("POST", "/ping/a/fail", json!({})).status, 200);
    assert_eq!(send("POST", "/ping/b/fail", json!({})).status, 200);
    let done = |path: &str, body: Value| {
        let answer = send("POST", path, body);
        assert!(answer.status < 300, "{path}: {}", answer.text());
        answer.json()["done"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        done("/api/v1/incidents/1/acknowledge", json!({"by": "ann"})),
        "incident 1 of a is acknowledged, says ann (token oncall)"
    );
    assert_eq!(
        done("/api/v1/incidents/wont-fix", json!({"matchers": "check=~\"a|b\""})),
        "2 incidents are not to be fixed, says oncall (token): a, b"
    );
    assert_eq!(
        done("/api/v1/incidents/2/reopen", json!({})),
        "incident 2 of b is open again, says oncall (token)"
    );
    let refused = |path: &str, body: Value, status: u16, why: &str| {
        let answer = send("POST", path, body);
        let problem = answer.json();
        assert_eq!(answer.status, status, "{path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{path}: {problem}");
    };
    refused("/api/v1/incidents/2/reopen", json!({}), 409, "stands so already: open since 2");
    refused("/api/v1/incidents/9/reopen", json!({}), 404, "there is no incident 9");
    refused("/api/v1/incidents/x/reopen", json!({}), 404, "there is no incident x");
    refused("/api/v1/incidents/reopen", json!({}), 422, "say which");
    refused("/api/v1/incidents/reopen", json!({"check": "a", "matchers": "b=c"}), 422, "say which");
    refused("/api/v1/incidents/reopen", json!({"check": "nobody"}), 404, "no check `nobody`");
    refused("/api/v1/incidents/acknowledge", json!({"matchers": "team=~\"(\""}), 422, "regular expression");
    refused("/api/v1/incidents/acknowledge", json!({"check": "a", "until": "2h"}), 422, "until");
    refused("/api/v1/incidents/acknowledge", json!({"check": "a", "for": "32d"}), 422, "within 31d");
    refused("/api/v1/incidents/wont-fix", json!({"check": "a", "for": "1h"}), 422, "only an acknowledgement");
    refused("/api/v1/incidents/comment", json!({"check": "a", "comment": " "}), 422, "say something");
    refused("/api/v1/incidents/1/comment", json!({"comment": "a\u{7}b"}), 422, "control characters");
    refused("/api/v1/incidents/1/comment", json!({"comment": "é".repeat(1001)}), 422, "at most 2000 bytes");
    refused("/api/v1/incidents/1/acknowledge", json!({"by": "a\nb"}), 422, "who says so");
    refused("/api/v1/mutes", json!({"check": "a"}), 422, "a mute has an end");
    refused("/api/v1/mutes", json!({"for": "1h"}), 422, "`check` or `matchers`");
    refused("/api/v1/mutes", json!({"check": ["a", "nobody"], "for": "1h"}), 404, "no check `nobody`");
    refused("/api/v1/mutes", json!({"check": "a", "for": "400d"}), 422, "within 366d");
    refused("/api/v1/messages/7/retry", json!({}), 404, "there is no message 7");
    refused("/api/v1/messages/retry", json!({"receiver": "nobody"}), 404, "there is no receiver `nobody`");
    // What changes checks is not for people on call.
    refused("/api/v1/checks", json!({"name": "c", "every": "1h"}), 403, "this needs `write`");
    refused("/api/v1/reload", json!({}), 403, "this needs `write`");
    assert_eq!(send("DELETE", "/api/v1/mutes/7", json!({})).status, 404);
    let made = send("POST", "/api/v1/mutes", json!({"check": ["a", "b"], "for": "1h"})).json();
    assert_eq!((&made["matchers"], &made["by"]), (&json!("check=~\"a|b\""), &json!("oncall (token)")));
    let listed = send("GET", "/api/v1/mutes", json!({})).json();
    assert_eq!(listed["mutes"][0]["id"], made["id"]);
}

/// The command says the same over both ways.
#[test]
fn commands_say_the_same_at_the_socket_and_over_the_network() {
    let server = Punctual::start(CONFIG);
    let data = server.data();
    let here = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_punctual"));
        command.args(arguments).args(["--storage.path", data.to_str().unwrap()]);
        run(command.env_remove("PUNCTUAL_URL"))
    };
    let there = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_punctual"));
        command.args(arguments).env("PUNCTUAL_URL", server.url("")).env("PUNCTUAL_TOKEN", TOKEN);
        run(command.env_remove("PUNCTUAL_STORAGE_PATH"))
    };
    server.get("/ping/key-of-the-jobs-here/a/fail");
    for arguments in [
        &["pause", "b", "--by", "ann", "-c", "moving"][..],
        &["unpause", "b", "--by", "ann"],
        &["incidents", "ack", "a", "--by", "ann"],
        &["incidents", "reopen", "--all-of", "a", "--by", "ann"],
        &["pause", "nobody"],
        &["unmute", "77"],
        &["messages", "retry", "77"],
    ] {
        let by_socket = here(arguments);
        if arguments[0] == "pause" {
            here(&["unpause", "b"]);
        } else if arguments[0] == "unpause" {
            here(&["pause", "b"]);
        } else if arguments[1] == "ack" {
            here(&["incidents", "reopen", "a"]);
        } else if arguments[1] == "reopen" {
            here(&["incidents", "ack", "a"]);
        }
        let by_network = there(arguments);
        let user = format!("ann (user {})", rustix::process::geteuid().as_raw());
        let said = by_network.1.replace("ann (token oncall)", &user);
        assert_eq!(by_socket, (by_network.0, said), "{arguments:?}");
    }
    // All of `checks` asks there, too, and needs neither token nor key.
    let made = here(&["checks", "create", "c", "--every", "1h"]);
    assert!(made.0 && made.1.contains("c is made"), "{made:?}");
    assert_eq!(here(&["checks", "ping", "c"]), (true, "OK\n".to_owned()));
    let shown = here(&["checks", "show", "c"]);
    assert!(shown.0 && shown.1.contains("up"), "{shown:?}");
    assert_eq!(here(&["checks", "delete", "c"]), (true, "c is deleted\n".to_owned()));
    let (is_good, said) = there(&["mute", "a", "--for", "1h", "--by", "ann"]);
    assert!(is_good && said.contains("it matches 1 check now"), "{said}");
    assert_eq!(there(&["unmute", "1"]), (true, "mute 1 has ended\n".to_owned()));
    let (is_good, said) = there(&["reload"]);
    assert!(!is_good && said.contains("this needs `write`"), "{said}");
}

/// Sends a request that anybody may send, and reads the answer's first line.
fn first_line(stream: &mut (impl Read + Write)) -> String {
    first_line_of("/-/ready", stream)
}

fn first_line_of(path: &str, stream: &mut (impl Read + Write)) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said.lines().next().unwrap_or_default().to_owned()
}

fn at_socket(folder: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket::path(folder)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Serves at a socket in this folder as well, until the sender is dropped.
fn serve_at(folder: &Path, doors: &Doors, limits: Limits) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let _guard = http::runtime().enter();
    let bound = ControlSocket::bind(folder).unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async { drop(stopped.await) };
    (stop, http::runtime().spawn(bound.serve(doors.app.clone(), limits, stopped)))
}

/// 15.3: whoever crowds the pages keeps nobody at the socket waiting.
#[test]
fn pages_at_the_socket_do_not_wait_for_the_network() {
    let doors = Doors::open(Limits::default());
    let folder = tempfile::tempdir().unwrap();
    let (stop, serving) = serve_at(folder.path(), &doors, Limits::default());
    let gate = Arc::new(Mutex::new(()));
    let shut = gate.lock().unwrap();
    let (begun, begins) = std::sync::mpsc::channel();
    for room in [Room::Pages, Room::Programs].repeat(4) {
        let (app, gate, begun) = (doors.app.clone(), gate.clone(), begun.clone());
        let work = move || {
            begun.send(()).unwrap();
            drop(gate.lock());
        };
        http::runtime().spawn(async move { app.services.aside(room, work).await });
    }
    (0..6).for_each(|_| begins.recv_timeout(PATIENCE).unwrap());
    for path in ["/", "/checks/backup", "/api/v1/checks"] {
        let line = first_line_of(path, &mut at_socket(folder.path()));
        assert_eq!(line, "HTTP/1.1 200 OK", "{path}");
    }
    drop(shut);
    drop(stop);
    http::runtime().block_on(serving).unwrap();
}

/// 9.1: neither crowd keeps the others out.
#[test]
fn a_crowd_at_one_door_leaves_the_other_open() {
    let limits = Limits { max_connections: 4, head_timeout: Duration::from_secs(60), ..Limits::default() };
    let doors = Doors::open(limits);
    let folder = tempfile::tempdir().unwrap();
    let (stop, serving) = serve_at(folder.path(), &doors, limits);

    // Half a request holds a place as long as its head may take.
    let network = || std::net::TcpStream::connect(("127.0.0.1", doors.port())).unwrap();
    let half = b"GET /-/ready HTTP/1.1\r\n";
    let mut crowd: Vec<std::net::TcpStream> = (0..4).map(|_| network()).collect();
    crowd.iter_mut().for_each(|one| one.write_all(half).unwrap());
    assert_eq!(first_line(&mut at_socket(folder.path())), "HTTP/1.1 200 OK");
    drop(crowd);

    let mut crowd: Vec<UnixStream> = (0..4).map(|_| at_socket(folder.path())).collect();
    crowd.iter_mut().for_each(|one| one.write_all(half).unwrap());
    let is_answered = || first_line(&mut network()) == "HTTP/1.1 200 OK";
    wait_until("an answer over the network", PATIENCE, is_answered);
    // Whoever comes to the socket waits for a place, and gets it.
    let mut next = at_socket(folder.path());
    crowd.pop();
    assert_eq!(first_line(&mut next), "HTTP/1.1 200 OK");
    drop(stop);
    drop(crowd);
    http::runtime().block_on(serving).unwrap();
}
