//! `punctual checks …` and `punctual export`: the real commands against a real server, each with an environment of its
//! own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;
use serde_json::{Value, json};

use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::sink::{Answer, WebhookSink};

mod credentials;
mod errors;
mod listings;

const TOKEN: &str = "s3cret-that-may-write";
const CONFIG: &str = "auth: {tokens: [{name: ci, scope: write, token: s3cret-that-may-write}, {name: jobs, scope: ping, token: s3cret-that-may-ping}]}\n";

/// What a command came to.
struct Ran {
    status: i32,
    out: String,
    error: String,
}

/// A shell of a user: a home, and an environment.
struct User<'s> {
    home: &'s Path,
    environment: Vec<(&'static str, String)>,
}

impl<'s> User<'s> {
    /// Knows the server, and no token.
    fn of(server: &'s Punctual) -> User<'s> {
        User { home: server.folder(), environment: Vec::new() }.with("PUNCTUAL_URL", server.url(""))
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> User<'s> {
        self.environment.push((name, value.into()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
        command.args(arguments).env_clear().env("HOME", self.home).current_dir(self.home);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), input).unwrap();
        let mut command = self.command(arguments);
        let output = command.stdin(Stdio::from(file.reopen().unwrap())).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran = Ran {
            status: output.status.code().unwrap(),
            out: text(output.stdout),
            error: text(output.stderr),
        };
        for secret in ["s3cret", "Bearer s3"] {
            assert!(
                !ran.out.contains(secret) && !ran.error.contains(secret),
                "{arguments:?}: {}{}",
                ran.out,
                ran.error
            );
        }
        ran
    }

    /// A command that succeeds without a warning; what it says, times left out.
    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.status, ran.error.as_str()), (0, ""), "{arguments:?}: {}", ran.out);
        timeless(&ran.out)
    }

    /// The same, of a table: however wide its columns are.
    fn table(&self, arguments: &[&str]) -> String {
        let columns = Regex::new(r" {2,}").unwrap();
        columns.replace_all(&self.done(arguments), "|").into_owned()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--output", "json"]].concat());
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.error);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
    }

    /// A command that fails with this exit status, says nothing on standard output, and this among its errors.
    fn fails(&self, arguments: &[&str], status: i32, expected: &str) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.status, ran.out.as_str()), (status, ""), "{arguments:?}: {}", ran.error);
        assert!(ran.error.contains(expected), "{arguments:?}: {}", ran.error);
        ran.error
    }
}

/// Times and ages are of one width, so that tables can be compared.
fn timeless(text: &str) -> String {
    let time = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z *").unwrap();
    let age = Regex::new(r"(\d+[smhd] ago|in \d+[smhd])\b").unwrap();
    let port = Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    let text = time.replace_all(text, "TIME  ");
    let text = age.replace_all(&text, "AGE");
    let text = port.replace_all(&text, "SERVER");
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn start() -> Punctual {
    Punctual::start(&format!("{CONFIG}checks:\n  - {{name: declared, every: 1h, labels: {{team: dba}}}}\n"))
}

#[test]
fn the_day_to_day_work_from_making_a_check_to_deleting_it() {
    let server = start();
    let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
    let create = [
        "checks",
        "create",
        "backup",
        "--cron",
        "0 2 * * *",
        "--timezone",
        "Europe/Berlin",
        "--grace",
        "30m",
    ];
    let more = [
        "--title",
        "Nightly backup",
        "--label",
        "team=dba",
        "--label",
        "v=1.10",
        "--description",
        "One\nTwo",
    ];
    assert_eq!(
        user.done(&[&create[..], &more].concat()),
        "backup is made; its job pings http://SERVER/ping/backup\n"
    );
    assert_eq!(
        user.table(&["checks", "list"]),
        "NAME|STATUS|WHY|SINCE|LAST SEEN|DUE|TITLE\n\
         backup|new|-|-|-|AGE|Nightly backup\n\
         declared|new|-|-|-|AGE\n"
    );
    assert_eq!(user.done(&["checks", "ping", "backup", "start", "--rid", "r1"]), "OK\n");
    assert_eq!(user.done(&["checks", "ping", "backup", "3", "--rid", "r1", "-m", "no space"]), "OK\n");
    let shown = user.done(&["checks", "show", "backup", "--history", "2"]);
    let seconds = Regex::new(r"0(\.\d+)?( +)r1").unwrap();
    assert_eq!(
        seconds.replace_all(&shown, "SECS  r1"),
        "name           backup\n\
         title          Nightly backup\n\
         ref            ckr6g5\n\
         status         failing, failed since TIME\n\
         due            TIME  (AGE)\n\
         deadline       TIME  (AGE)\n\
         last seen      TIME  (AGE)\n\
         last success   -\n\
         last fail      TIME  (AGE)\n\
         ping URL       http://SERVER/ping/backup\n\
         declared in    no file: it was made through the API\n\
         cron           0 2 * * *\n\
         description    One\n               Two\n\
         grace          30m\n\
         labels         team=dba, v=1.10\n\
         timezone       Europe/Berlin\n\
         \n\
         PING AT                   KIND   EXIT  SECONDS  RUN  FROM       COMMENT\n\
         TIME  fail   3     SECS  r1   127.0.0.1  no space\n\
         TIME  start  -     -        r1   127.0.0.1  -\n\
         \n\
         CHANGED AT                FROM  TO       BECAUSE IT WAS  CAUSES\n\
         TIME  new   failing  pinged          failed\n"
    );
    assert_eq!(
        user.done(&[
            "checks",
            "update",
            "backup",
            "--every",
            "1h",
            "--label",
            "v=",
            "--group",
            "night",
            "--unset",
            "description"
        ]),
        "backup is changed\n"
    );
    assert_eq!(
        user.json(&["checks", "show", "backup", "--history", "0"])["definition"],
        json!({"name": "backup", "title": "Nightly backup", "every": "1h", "grace": "30m", "group": "night", "labels": {"team": "dba"}})
    );
    assert!(user.done(&["checks", "show", "backup"]).contains("\ngroup          night\n"));
    assert_eq!(user.done(&["checks", "update", "backup", "--rename", "nightly"]), "nightly is changed\n");
    assert_eq!(user.done(&["checks", "pause", "declared", "-m", "it moves"]), "declared is paused\n");
    assert_eq!(user.json(&["checks", "list", "--status", "paused"])["checks"][0]["name"], "declared");
    assert_eq!(user.done(&["checks", "unpause", "declared"]), "declared is not paused\n");
    assert_eq!(user.done(&["checks", "pause", "declared", "--for", "2h"]), "declared is paused\n");
    assert!(user.json(&["checks", "show", "declared"])["pause"]["until"].is_string());
    user.fails(&["checks", "pause", "declared", "--for", "soon"], 1, "`for`: ");
    assert_eq!(user.done(&["checks", "unpause", "declared"]), "declared is not paused\n");
    assert_eq!(user.done(&["checks", "delete", "nightly"]), "nightly is deleted\n");
    assert_eq!(user.run(&["checks", "create", "x", "--every", "1h", "-o", "json"]).status, 0);
    assert_eq!(user.done(&["checks", "delete", "x", "--output", "json"]), "");
    user.fails(
        &["checks", "delete", "x"],
        1,
        "punctual: there is no check `x`: `punctual checks list` lists them (404)\n",
    );
}

#[test]
fn checks_are_made_and_changed_from_the_same_yaml_as_in_the_files() {
    let server = start();
    let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
    let file = server.folder().join("checks.yaml");
    let yaml = "checks:\n\
        - {name: a, every: 5m, grace: null, labels: {v: 1.10}, failures_before_alert: 2}\n\
        - name: b\n  cron: \"*/5 * * * *\"\n  expect: {at_least: 4, within: 20m}\n  paused: true\n";
    std::fs::write(&file, yaml).unwrap();
    let said = user.done(&["checks", "create", "-f", "checks.yaml"]);
    assert_eq!(
        said,
        "a is made; its job pings http://SERVER/ping/a\nb is made; its job pings http://SERVER/ping/b\n"
    );
    let a = user.json(&["checks", "show", "a"]);
    assert_eq!(
        a["definition"],
        json!({"name": "a", "every": "5m", "grace": "5m", "labels": {"v": "1.10"}, "failures_before_alert": 2})
    );
    assert_eq!((&a["pings"], &a["flips"]), (&json!([]), &json!([])));
    assert_eq!(user.json(&["checks", "show", "b"])["status"], "paused");

    let ran =
        user.run_with(&["checks", "update", "a", "-f", "-"], "{grace: 10m, failures_before_alert: null}");
    assert_eq!((ran.status, ran.error.as_str()), (0, ""));
    let set =
        ["checks", "update", "b", "--set", "expect={at_least: 3, within: 20m}", "--set", "overlap=allowed"];
    user.done(&set);
    assert_eq!(
        user.json(&["checks", "show", "a"])["definition"],
        json!({"name": "a", "every": "5m", "grace": "10m", "labels": {"v": "1.10"}})
    );
    assert_eq!(
        user.json(&["checks", "show", "b"])["definition"]["expect"],
        json!({"at_least": 3, "within": "20m"})
    );

    // What was exported can be made again.
    let exported = user.run(&["export"]).out;
    user.done(&["checks", "delete", "a"]);
    user.done(&["checks", "delete", "b"]);
    let made = user.run_with(&["checks", "create", "--file", "-"], &exported);
    assert_eq!((made.status, made.out.lines().count()), (0, 2), "{exported}{}", made.error);
}

#[test]
fn a_list_goes_to_its_end_and_is_filtered() {
    let checks: String =
        (0..1203).map(|n| format!("  - {{name: n{n:04}, title: Number {n}, every: 1h}}\n")).collect();
    let server = Punctual::start(&format!(
        "{CONFIG}checks:\n{checks}  - {{name: job, every: 1h, labels: {{team: dba}}}}\n"
    ));
    let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
    let names = |arguments: &[&str]| -> Vec<String> {
        let list = user.json(&[&["checks", "list"], arguments].concat());
        assert_eq!(list["next_cursor"], Value::Null);
        list["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|check| check["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&[]).len(), 1204);
    assert_eq!(user.done(&["checks", "list"]).lines().count(), 1205);
    assert_eq!(names(&["--limit", "3"]), ["job", "n0000", "n0001"]);
    assert_eq!(names(&["--limit", "0"]), Vec::<String>::new());
    assert_eq!(names(&["number 120"]), ["n0120", "n1200", "n1201", "n1202"]);
    assert_eq!(names(&["--label", "team=dba"]), ["job"]);
    assert_eq!(names(&["--source", "api"]), Vec::<String>::new());
    assert_eq!(
        user.done(&["checks", "list", "nothing"]),
        "NAME  STATUS  WHY  SINCE  LAST SEEN  DUE  TITLE\n"
    );
    user.fails(&["checks", "list", "--status", "bad"], 1, "`status` is one of failing, late, unknown");
    user.fails(&["checks", "list", "--label", "team"], 1, "`label` is a name and a value");

    // Whoever reads may have enough.
    let mut command = user.command(&["checks", "list", "--output", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr), (Some(0), Vec::new()));
}

/// On the server's own machine nobody needs a token to look.
#[test]
fn a_list_over_the_control_socket_is_the_list_over_http() {
    let server = Punctual::start(&format!(
        "{CONFIG}checks:\n  - {{name: soon, every: 1s, grace: 0s}}\n  - {{name: other, every: 1h}}\n"
    ));
    let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
    let late = || user.json(&["checks", "show", "soon"])["status"] == "late";
    wait_until("lateness", PATIENCE, late);
    let data = server.data();
    let local = User { home: server.folder(), environment: Vec::new() };
    let local_list = ["checks", "list", "--storage.path", data.to_str().unwrap()];
    assert_eq!(local.table(&local_list), user.table(&["checks", "list"]));
    assert_eq!(
        local.table(&local_list),
        "NAME|STATUS|WHY|SINCE|LAST SEEN|DUE|TITLE\n\
         soon|late|never_seen|AGE|-|AGE\n\
         other|new|-|-|-|AGE\n"
    );
    for filter in
        [["--status", "late"], ["--group", "x"], ["--source", "api"], ["--label", "a=b"], ["--limit", "1"]]
    {
        let (here, there) =
            ([&local_list[..], &filter].concat(), [&["checks", "list"][..], &filter].concat());
        assert_eq!(local.table(&here), user.table(&there), "{filter:?}");
    }
    // A server that is named is asked over HTTP.
    let url = server.url("");
    let both = [&local_list[..], &["--server", &url]].concat();
    local.fails(&both, 1, "(401)");
    local.fails(
        &["checks", "list", "--storage.path", "nowhere"],
        2,
        "the control socket nowhere/control.sock: there is none",
    );
}

#[test]
fn a_ping_says_what_happened_with_what_the_job_has_said() {
    let server = start();
    let user = User::of(&server);
    for (arguments, kind) in [
        (&[][..], "success"),
        (&["start"], "start"),
        (&["fail"], "fail"),
        (&["log"], "log"),
        (&["0"], "success"),
        (&["255"], "fail"),
    ] {
        assert_eq!(user.done(&[&["checks", "ping", "declared"], arguments].concat()), "OK\n");
        let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
        let check = user.json(&["checks", "show", "declared", "--history", "1"]);
        assert_eq!(check["pings"][0]["kind"], kind, "{arguments:?}");
    }
    let ran =
        user.run_with(&["checks", "ping", "declared", "log", "--body", "-", "-o", "json"], "all I said");
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap(), json!({"message": "OK"}));
    let user = user.with("PUNCTUAL_TOKEN", TOKEN);
    assert_eq!(user.json(&["checks", "show", "declared"])["pings"][0]["has_body"], true);
    user.fails(
        &["checks", "ping", "declraed"],
        1,
        "there is no check `declraed`: did you mean `declared`? (404)",
    );
    user.fails(
        &["checks", "ping", "declared", "256"],
        2,
        "success, start, fail, log, or a number from 0 to 255",
    );
    user.fails(&["checks", "ping", "declared", "--rid", "a b c"], 1, "(400)");
}

/// A ping's comment, and whatever else others write, is shown and not obeyed.
#[test]
fn what_others_wrote_commands_no_terminal() {
    let server = start();
    let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
    server.ping("declared?m=%1b%5b2J%c2%9b31mred%e2%80%aeback");
    user.done(&["checks", "create", "x", "--every", "1h", "--title", "a\u{202e}b"]);
    for arguments in [["checks", "show", "declared"], ["checks", "show", "x"]] {
        for output in ["text", "json"] {
            let said = user.run(&[&arguments[..], &["-o", output]].concat()).out;
            let hostile = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!said.contains(hostile), "{said:?}");
        }
    }
    assert!(user.done(&["checks", "show", "declared"]).contains("\u{fffd}[2J\u{fffd}31mred\u{fffd}back\n"));
    let json = user.json(&["checks", "show", "declared"]);
    assert_eq!(json["pings"][0]["comment"], "\u{1b}[2J\u{9b}31mred\u{202e}back");
}

/// The database is read where it is.
#[test]
fn an_export_from_the_folder_of_a_stopped_server_is_that_of_the_running_one() {
    let mut server = start();
    let data = server.data();
    let here = ["export", "--storage.path", data.to_str().unwrap()];
    let asked = {
        let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
        user.done(&["checks", "create", "b", "--title", "B: x", "--set", "periods=* * * * * 3600"]);
        user.done(&[
            "checks",
            "create",
            "a",
            "--cron",
            "0 2 * * *",
            "--timezone",
            "Europe/Berlin",
            "--label",
            "team=dba",
        ]);
        user.fails(&here, 2, "a server is running on it: stop it, or ask it with --server");
        user.done(&["export"])
    };
    assert_eq!(
        asked,
        "checks:\n  \
         - {\"name\": \"a\", \"cron\": \"0 2 * * *\", \"grace\": \"5m\", \"labels\": {\"team\":\"dba\"}, \"timezone\": \"Europe/Berlin\"}\n  \
         - {\"name\": \"b\", \"title\": \"B: x\", \"grace\": \"0s\", \"periods\": \"* * * * * 3600\"}\n"
    );
    assert!(server.stop().success());
    let user = User::of(&server);
    assert_eq!(user.done(&here), asked);
    user.fails(&["export", "--storage.path", "nowhere"], 2, "nowhere: there is no database");
    assert!(!server.folder().join("nowhere").exists());
}

/// A service or a container may have no name for its user: what is said has an author all the same.
#[test]
fn whoever_has_no_name_is_named_by_the_number_of_the_user() {
    let server =
        Punctual::start("checks: [{name: a, every: 1h}, {name: b, every: 1h}, {name: c, every: 1h}]\n");
    let check = |name: &str, names: &[(&str, &str)], by: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
        command.args(["pause", name, "--storage.path"]).arg(server.data()).env_clear();
        let (_, said) = crate::support::process::run(command.envs(names.iter().copied()));
        assert_eq!(said, format!("{name} is paused, says {by}\n"));
    };
    let number = format!("user {}", rustix::process::getuid().as_raw());
    check("a", &[("USER", "")], &number);
    check("b", &[("LOGNAME", "ann")], &format!("ann ({number})"));
    check("c", &[("LOGNAME", "ann"), ("USER", "bob")], &format!("bob ({number})"));
}
