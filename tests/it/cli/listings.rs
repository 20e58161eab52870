//! What is listed: the same over both ways, found by what one knows of it, and as it fits the terminal.

use serde_json::{Value, json};

use super::{CONFIG, TOKEN, User};
use crate::support::http;
use crate::support::process::{PATIENCE, run, tool, wait_until};
use crate::support::punctual::{Punctual, as_user_0};

const CHECKS: &str = "checks:\n\
    - {name: a, title: The first, every: 1h, labels: {team: dba}}\n\
    - {name: b, every: 1h, group: web, labels: {team: dba}}\n\
    - {name: c, every: 1h, labels: {team: net}}\n\
    - {name: soon, every: 1s, grace: 0s}\n";

fn start() -> Punctual {
    let server = Punctual::start(&format!("{CONFIG}{CHECKS}"));
    for name in ["a", "b", "c"] {
        server.ping(&format!("{name}/fail"));
    }
    server
}

/// Somebody on the server's machine, who names its folder.
struct Local<'s> {
    user: User<'s>,
    data: String,
}

impl<'s> Local<'s> {
    fn of(server: &'s Punctual) -> Local<'s> {
        let environment = vec![("USER", "ann".to_owned())];
        let user = User { home: server.folder(), environment };
        Local { user, data: server.data().to_str().unwrap().to_owned() }
    }

    fn with<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [arguments, &["--storage.path", &self.data]].concat()
    }

    fn done(&self, arguments: &[&str]) -> String {
        as_user_0(&self.user.done(&self.with(arguments)))
    }

    /// The checks whose incidents are listed.
    fn found(&self, arguments: &[&str]) -> Vec<String> {
        let listed = self.user.json(&self.with(&[&["incidents", "list"], arguments].concat()));
        let names = listed["incidents"].as_array().unwrap().iter();
        names.map(|incident| incident["check"].as_str().unwrap().to_owned()).collect()
    }
}

/// When it was looked at is another time each time.
fn timeless(mut listed: Value) -> Value {
    for check in listed["checks"].as_array_mut().into_iter().flatten() {
        check["as_of"].take();
    }
    listed
}

/// §4, §6 of the operator's reading: one command, one JSON.
#[test]
fn every_listing_is_the_same_over_the_control_socket_and_over_http() {
    let server = start();
    let (local, user) = (Local::of(&server), User::of(&server).with("PUNCTUAL_TOKEN", TOKEN));
    wait_until("lateness", PATIENCE, || local.found(&["--check", "soon"]).len() == 1);
    server.ping("c");
    local.done(&["incidents", "ack", "a"]);
    local.done(&["mute", "b", "--for", "1h", "-c", "it moves"]);
    local.done(&["pause", "b"]);
    let mut seen = 0;
    for listing in [
        &["checks", "list"][..],
        &["checks", "list", "--status", "late"],
        &["incidents", "list"],
        &["incidents", "list", "--ended"],
        &["incidents", "list", "--status", "acknowledged"],
        &["incidents", "list", "-m", "team=~\"d.*\"", "--since", "1h"],
        &["mutes"],
        &["status"],
    ] {
        let (here, there) = (local.user.json(&local.with(listing)), user.json(listing));
        assert_eq!(timeless(here.clone()), timeless(there), "{listing:?}");
        assert_eq!(local.user.table(&local.with(listing)), user.table(listing), "{listing:?}");
        seen += here.as_object().unwrap().values().filter_map(Value::as_array).map(Vec::len).sum::<usize>();
    }
    assert!(seen >= 10, "{seen}");
    // Both ways say why not.
    let bad = ["incidents", "list", "--status", "gone"];
    for (user, arguments) in [(&local.user, local.with(&bad)), (&user, bad.to_vec())] {
        user.fails(
            &arguments,
            1,
            "`status` is one of open, solution_applied, impasse, acknowledged, wont_fix, resolved, removed",
        );
    }
    user.fails(&["incidents", "list", "--since", "soon"], 2, "--since soon");
    user.fails(&["incidents", "list", "--since", "2026-13-01T00:00:00Z"], 1, "`since`");
    let stranger = User::of(&server);
    stranger.fails(&["mutes"], 1, "(401)");
    stranger.fails(
        &["incidents", "list", "--server", "127.0.0.1:1"],
        2,
        "no answer from http://127.0.0.1:1/",
    );
    local.user.fails(&["status", "--storage.path", "nowhere"], 2, "is a server running");
}

/// §4 of the operator's reading
#[test]
fn incidents_are_found_by_what_is_known_of_them_also_when_they_have_ended() {
    let server = start();
    let local = Local::of(&server);
    wait_until("lateness", PATIENCE, || local.found(&["--check", "soon"]) == ["soon"]);
    assert_eq!(local.found(&[]).len(), 4);
    assert_eq!(local.found(&["--reason", "failed"]), ["c", "b", "a"]);
    assert_eq!(local.found(&["--reason", "failed", "--limit", "3"]), ["c", "b", "a"]);
    assert_eq!(local.found(&["--label", "team=dba"]), ["b", "a"]);
    assert_eq!(local.found(&["--matcher", "team=dba", "-m", "group=\"\""]), ["a"]);
    assert_eq!(local.found(&["-m", "status=late"]), ["soon"]);
    assert_eq!(local.found(&["--since", "1h"]).len(), 4);
    assert_eq!(local.found(&["--since", "2100-01-01T00:00:00Z"]), Vec::<String>::new());
    assert_eq!(local.found(&["--ended"]), Vec::<String>::new());
    let ran = local.user.run(&local.with(&["incidents", "list", "--limit", "1"]));
    assert!(ran.error.contains("there are more than these 1"), "{}", ran.error);

    local.done(&["incidents", "wont-fix", "a"]);
    assert_eq!(local.found(&["--status", "wont_fix"]), ["a"]);
    server.ping("b");
    assert_eq!((local.found(&["--ended"]), local.found(&["--check", "b"])), (vec!["b".to_owned()], vec![]));
    // Those of a check that is no longer declared are found as well.
    server.write_config(&format!("{CONFIG}{}", CHECKS.replace("- {name: c", "#")));
    assert_eq!(server.reload().status, 200);
    assert_eq!(local.found(&["--status", "removed", "--label", "team=net"]), ["c"]);
    assert_eq!(local.found(&["--ended"]), ["c", "b"]);
    let table = as_user_0(&local.user.table(&local.with(&["incidents", "list", "--status", "wont_fix"])));
    assert_eq!(
        table,
        "ID|CHECK|STATUS|REASON|BEGAN|ENDED|SAID BY|AT|TITLE\n1|a|wont_fix|failed|AGE|-|ann (user 0)|AGE|The first\n"
    );

    // The API, page by page.
    let page = |query: &str| {
        let request =
            http::client().get(server.url(&format!("/api/v1/incidents?{query}"))).bearer_auth(TOKEN);
        let answer = http::send(request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = page(&format!("limit=1{cursor}"));
        ids.extend(
            page["incidents"].as_array().unwrap().iter().map(|incident| incident["id"].as_u64().unwrap()),
        );
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(ids, [4, 3, 2, 1]);
    let first = &page("check=a")["incidents"][0];
    assert_eq!(
        (as_user_0(first["said_by"].as_str().unwrap()), &first["labels"]),
        ("ann (user 0)".to_owned(), &json!({"team": "dba"}))
    );
    // 11.1: it is of the check itself, and no record is made yet.
    assert_eq!((&first["key"], &page("key=EU/1")["incidents"]), (&json!(""), &json!([])));
}

/// §4 of the operator's reading
#[test]
fn several_incidents_are_answered_at_once() {
    let server = start();
    let local = Local::of(&server);
    let said = local.done(&["incidents", "ack", "a", "2"]);
    assert_eq!(
        said,
        "incident 1 of a is acknowledged, says ann (user 0)\nincident 2 of b is acknowledged, says ann (user 0)\n"
    );
    // What can be done is, and what cannot be is told.
    let ran = local.user.run(&local.with(&["incidents", "ack", "c", "nobody", "a"]));
    assert_eq!(
        (ran.status, as_user_0(&ran.out).as_str()),
        (1, "incident 3 of c is acknowledged, says ann (user 0)\n")
    );
    for why in ["no check `nobody`: `punctual checks list`", "a stands so already", "2 of 3 were not changed"]
    {
        assert!(ran.error.contains(why), "{}", ran.error);
    }
    let said = local.done(&["incidents", "reopen", "--matcher", "team=dba", "--by", "bob"]);
    assert_eq!(said, "2 incidents are open again, says bob (user 0): a, b\n");
    let said = local.done(&["incidents", "ack", "-m", "check=~\"[a-c]\""]);
    assert_eq!(
        said,
        "2 incidents are acknowledged, says ann (user 0); 1 stood so already, or ended meanwhile: a, b, c\n"
    );
    assert_eq!(
        local.done(&["incidents", "wont-fix", "--all-of", "b"]),
        "1 incident is not to be fixed, says ann (user 0): b\n"
    );
    assert_eq!(local.found(&["--status", "acknowledged"]), ["c", "a"]);
    assert!(server.log().contains("2 incidents are open again, says bob (user 0): a, b"), "{}", server.log());
    let fails = |arguments: &[&str], status, why| {
        local.user.fails(&local.with(&[&["incidents", "ack"], arguments].concat()), status, why)
    };
    fails(&["-m", "team=nobody"], 1, "no incident is open that team=nobody matches");
    fails(&["--all-of", "x\" or"], 1, "no incident is open");
    fails(&["-m", "team=~\"(\""], 1, "regular expression");
    fails(&["-m", ""], 1, "say which");
    fails(&[], 2, "required");
    fails(&["a", "-m", "team=dba"], 2, "cannot be used with");
}

/// 11.2: what somebody has taken on is not all that is the matter, and everything that is shown says so.
#[test]
fn an_acknowledgement_that_does_not_cover_what_holds_is_not_shown_as_if_it_did() {
    let server = Punctual::start(&format!("{CONFIG}checks: [{{name: soon, every: 1s, grace: 0s}}]\n"));
    let local = Local::of(&server);
    let shows = |status: &str, headline: &str, words: &str| {
        assert_eq!(local.found(&["--status", status]), ["soon"]);
        let is_acknowledged = status == "acknowledged";
        let flag = f64::from(u8::from(is_acknowledged));
        assert_eq!(server.values("punctual_check_acknowledged", "check=\"soon\""), [flag]);
        assert_eq!(server.values("punctual_incidents", "standing=\"acknowledged\""), [flag]);
        assert_eq!(server.values("punctual_incidents", "standing=\"open\""), [1.0 - flag]);
        let get = |path: &str| http::send(http::client().get(server.url(path)).bearer_auth(TOKEN)).json();
        let (incident, of_check) = (get("/api/v1/incidents/1"), get("/api/v1/checks/soon/incidents"));
        assert_eq!(
            (&incident["status"], &of_check["incidents"][0]["status"]),
            (&json!(status), &json!(status))
        );
        let page = |path: &str| http::send(http::client().get(server.url(path)).bearer_auth(TOKEN)).text();
        assert!(page("/").contains(headline), "{headline}");
        let page = page("/checks/soon");
        assert!(page.contains(words), "{words}: {page}");
    };
    wait_until("lateness", PATIENCE, || local.found(&[]) == ["soon"]);
    shows("open", "1 check needs somebody", "nobody has said to be on it");
    local.done(&["incidents", "ack", "soon"]);
    shows("acknowledged", "1 check is acknowledged", "only its recovery will be told");
    server.ping("soon/fail");
    shows("open", "1 check needs somebody", "but nobody has taken on what began since");
    let matching = ["incidents", "ack", "-m", "check=soon"];
    assert_eq!(local.done(&matching), "1 incident is acknowledged, says ann (user 0): soon\n");
    shows("acknowledged", "1 check is acknowledged", "only its recovery will be told");
    let again = local.done(&matching);
    assert!(
        again.starts_with("0 incidents are acknowledged, says ann (user 0); 1 stood so already"),
        "{again}"
    );
}

/// 11.3
#[test]
fn one_incident_is_shown_with_everything_that_happened_to_it() {
    let server = start();
    let (local, user) = (Local::of(&server), User::of(&server).with("PUNCTUAL_TOKEN", TOKEN));
    local.done(&["incidents", "ack", "a"]);
    let show = ["incidents", "show", "1"];
    let shown = local.done(&show);
    for said in
        ["id      1\n", "check   a\n", "title   The first\n", "status  acknowledged, said ann (user 0) AGE\n"]
    {
        assert!(shown.contains(said), "{said:?}: {shown}");
    }
    assert!(shown.contains("reason  failed\n") && shown.contains("labels  team=dba\n"), "{shown}");
    let steps: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("AT ")).skip(1).collect();
    assert!(steps[0].contains(" began ") && steps[0].ends_with(" failed"), "{shown}");
    assert!(steps[1].contains(" acknowledged ") && steps[1].ends_with(" ann (user 0)"), "{shown}");
    let json = user.json(&show);
    assert_eq!(json, local.user.json(&local.with(&show)));
    assert_eq!(json["steps"].as_array().unwrap().len(), steps.len());
    let none = ["incidents", "show", "77"];
    local.user.fails(&local.with(&none), 1, "there is no incident of this number");
    user.fails(&none, 1, "there is no incident of this number");
    user.fails(&["incidents", "show", "a"], 2, "invalid value");
}

/// A terminal of 60 columns, which python3 makes and reads.
const TERMINAL: &str = r#"
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
out = b""
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    out += part
os.waitpid(pid, 0)
sys.stdout.buffer.write(out)
"#;

#[test]
fn a_terminal_gets_lines_that_fit_and_colors_unless_no_color_is_set() {
    let server = start();
    let on_terminal = |variable: &str| {
        let mut command = tool("python3");
        command.args(["-c", TERMINAL, env!("CARGO_BIN_EXE_punctual"), "checks", "list"]);
        command.args(["--storage.path", server.data().to_str().unwrap()]);
        command.env_remove("PUNCTUAL_URL").env_remove("NO_COLOR").env("TERM", "xterm");
        let (name, value) = variable.split_once('=').unwrap();
        let (is_good, said) = run(command.env(name, value));
        assert!(is_good, "{said}");
        said.replace('\r', "")
    };
    let plain = on_terminal("NO_COLOR=1");
    assert!(plain.contains("NAME") && !plain.contains('\x1b'), "{plain:?}");
    let widest = plain.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(60), "{plain}");
    let colored = on_terminal("NO_COLOR=");
    assert!(colored.contains("\x1b[31mfailing\x1b[0m"), "{colored:?}");
    assert!(!on_terminal("TERM=dumb").contains('\x1b'));
}

#[test]
fn whoever_lists_messages_hears_that_there_are_more() {
    let receiver =
        |name: &str| format!("{{name: {name}, group_wait: 0s, webhook: {{url: 'http://127.0.0.1:9/'}}}}");
    let receivers = format!("receivers: [{}, {}]\ndefault_receivers: [x, y]\n", receiver("x"), receiver("y"));
    let server = Punctual::start(&format!("{CONFIG}{receivers}{CHECKS}"));
    server.ping("a/fail");
    let local = Local::of(&server);
    let listed = || local.user.json(&local.with(&["messages", "list"]));
    wait_until("both messages", PATIENCE, || listed()["messages"].as_array().unwrap().len() >= 2);
    let ran = local.user.run(&local.with(&["messages", "list", "--limit", "1"]));
    assert!(ran.error.contains("there are more than these 1"), "{}", ran.error);
}
