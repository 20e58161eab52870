//! cmcli, the client of coal-mine 0.7.1, as it comes from its package: what it says, with and without a key.

use std::process::Command;

use tempfile::TempDir;

use crate::support::process::{PATIENCE, run, tool, wait_until};
use crate::support::punctual::Punctual;

/// cmcli with a configuration of its own.
struct Cmcli {
    home: TempDir,
}

impl Cmcli {
    fn new(config: &str) -> Cmcli {
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join(".coal-mine.ini"), config).unwrap();
        Cmcli { home }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tool("cmcli");
        command.env("HOME", self.home.path()).env("NO_PROXY", "*").args(arguments);
        command
    }

    /// What it says when it must succeed, without what differs from run to run.
    fn says(&self, arguments: &[&str]) -> String {
        let (is_done, said) = run(&mut self.command(arguments));
        assert!(is_done, "{arguments:?}: {said}");
        plain(&said)
    }

    fn fails(&self, arguments: &[&str], expected: &str) {
        let (is_done, said) = run(&mut self.command(arguments));
        assert!(!is_done, "{arguments:?}: {said}");
        assert_eq!(plain(&said), expected, "{arguments:?}");
    }
}

/// On one line, with `ID` and `TIME` in place of ids and times.
fn plain(said: &str) -> String {
    let replace = |pattern: &str, with: &str, text: &str| {
        regex::Regex::new(pattern).unwrap().replace_all(text, with).into_owned()
    };
    let times = replace(r"'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00'", "TIME", said);
    let ids = replace(r"'id': '[a-z]{8}'", "'id': ID", &times);
    replace(r"\s+", " ", &ids).trim().to_owned()
}

#[test]
fn every_command_without_a_key() {
    let server = Punctual::start("compat: {coal_mine: {enabled: true}}");
    let cmcli = Cmcli::new(&format!("[coal-mine]\nhost = 127.0.0.1\nport = {}\n", server.port()));
    every_command(&cmcli);
    // With an address, and a key that nobody asks for.
    let elsewhere = Cmcli::new("");
    let host = server.url("");
    assert_eq!(elsewhere.says(&["list", "--host", &host]), "{'canaries': [], 'status': 'ok'}");
    let unexpected =
        "400 Bad Request {'error': 'Exception(\\'Unexpected argument \"auth_key\"\\')', 'status': 'error'}";
    elsewhere.fails(&["list", "--host", &host, "--auth-key", "x"], unexpected);
}

#[test]
fn every_command_with_a_key() {
    let server = Punctual::start("compat: {coal_mine: {enabled: true, auth_key: a-key-that-is-long}}");
    let host = format!("[coal-mine]\nhost = http://127.0.0.1\nport = {}\n", server.port());
    every_command(&Cmcli::new(&format!("{host}auth-key = a-key-that-is-long\n")));
    let unauthorized = "401 Unauthorized {'error': '401 Unauthorized', 'status': 'error'}";
    Cmcli::new(&host).fails(&["list"], unauthorized);
    Cmcli::new(&host).fails(&["list", "--auth-key", "wrong"], unauthorized);
    // It saves what it is told, and goes on with it.
    let cmcli = Cmcli::new("");
    let (host, port) = ("127.0.0.1", server.port().to_string());
    cmcli.says(&["configure", "--host", host, "--port", &port, "--auth-key", "a-key-that-is-long"]);
    assert_eq!(cmcli.says(&["list"]), "{'canaries': [], 'status': 'ok'}");
}

/// Creates, lists with every filter, gets, triggers, updates, pauses, unpauses and deletes; leaves nothing behind.
fn every_command(cmcli: &Cmcli) {
    let created = cmcli.says(&[
        "create",
        "--name",
        "Héllo Wörld",
        "--periodicity",
        "3600",
        "--description",
        "it's 100%",
        "--email",
        "a@example.org",
        "--email",
        "b@example.org",
    ]);
    let canary = "{'canary': {'deadline': TIME, 'description': \"it's 100%\", \
                  'emails': ['a@example.org', 'b@example.org'], 'history': [[TIME, 'Canary created']], 'id': ID, \
                  'late': False, 'name': 'Héllo Wörld', 'paused': False, 'periodicity': 3600.0, \
                  'slug': 'héllo-wörld'}, 'status': 'ok'}";
    assert_eq!(created, canary);
    assert_eq!(cmcli.says(&["get", "--name", "héllo  WÖRLD"]), canary);
    assert_eq!(cmcli.says(&["get", "--slug", "héllo-wörld"]), canary);
    let exists = ["create", "--name", "Héllo_Wörld", "--periodicity", "1"];
    let (is_done, said) = run(&mut cmcli.command(&exists));
    assert!(!is_done && said.starts_with("400 Bad Request\n"), "{said}");
    assert!(said.contains("AlreadyExistsError('Canary héllo-wörld already exists"), "{said}");

    let paused = cmcli.says(&["create", "--name", "asleep", "--periodicity", "0.5", "--paused"]);
    assert!(paused.contains("'paused': True") && !paused.contains("deadline"), "{paused}");
    lists(cmcli);
    changes(cmcli);
    schedules(cmcli);

    assert_eq!(cmcli.says(&["delete", "--name", "asleep"]), "{'status': 'ok'}");
    assert_eq!(cmcli.says(&["delete", "--slug", "renamed"]), "{'status': 'ok'}");
    let gone = "404 Not Found {'error': 'Canary Not Found', 'status': 'error'}";
    cmcli.fails(&["get", "--name", "asleep"], gone);
}

fn lists(cmcli: &Cmcli) {
    let (one, two) = ("{'id': ID, 'name': 'Héllo Wörld'}", "{'id': ID, 'name': 'asleep'}");
    let lists = |arguments: &[&str], canaries: &[&str]| {
        let said = cmcli.says(&[&["list"], arguments].concat());
        let expected = format!("{{'canaries': [{}], 'status': 'ok'}}", canaries.join(", "));
        assert_eq!(said, expected, "{arguments:?}");
    };
    lists(&[], &[one, two]);
    lists(&["--paused"], &[two]);
    lists(&["--no-paused"], &[one]);
    lists(&["--late"], &[]);
    lists(&["--no-late", "--paused"], &[two]);
    lists(&["--search", "W.rld"], &[one]);
    lists(&["--search", "^asl"], &[two]);
    lists(&["--search", "@example\\.org$"], &[one]);
    let verbose = cmcli.says(&["list", "--verbose", "--search", "asleep"]);
    let history = "'history': [[TIME, 'Canary created']],";
    assert!(verbose.contains(history) && verbose.contains("'periodicity': 0.5"), "{verbose}");
    let terse = cmcli.says(&["list", "--verbose", "--no-history"]);
    assert!(terse.contains("'slug': 'asleep'") && !terse.contains("history"), "{terse}");
}

fn schedules(cmcli: &Cmcli) {
    let created =
        cmcli.says(&["create", "--name", "s", "--periodicity", "* * * * sat 300; * * * * sun 60.5"]);
    let range = "[TIME, TIME, 'Inactive']";
    for part in [range, "[TIME, TIME, 300.0]", "[TIME, TIME, 60.5]", "'periodicity': '* * * * sat 300; "] {
        assert!(created.contains(part), "{part}: {created}");
    }
    let said = cmcli.says(&["delete", "--name", "s"]);
    assert_eq!(said, "{'status': 'ok'}");
    let (is_done, said) = run(&mut cmcli.command(&["create", "--name", "s", "--periodicity", "* * * * * 0"]));
    assert!(
        !is_done && said.starts_with("400 Bad Request\n") && said.contains("malformed periodicity"),
        "{said}"
    );
}

fn changes(cmcli: &Cmcli) {
    let triggered = "{'recovered': False, 'status': 'ok', 'unpaused': False}";
    assert_eq!(cmcli.says(&["trigger", "--name", "Héllo Wörld", "--comment", "by hand & more"]), triggered);
    let got = cmcli.says(&["get", "--name", "Héllo Wörld"]);
    assert!(got.contains("[[TIME, 'Triggered (by hand & more)'],"), "{got}");
    let unpaused = "{'recovered': False, 'status': 'ok', 'unpaused': True}";
    assert_eq!(cmcli.says(&["trigger", "--slug", "asleep"]), unpaused);
    let late = "{'canaries': [{'id': ID, 'name': 'asleep'}], 'status': 'ok'}";
    wait_until("half a second", PATIENCE, || cmcli.says(&["list", "--late"]) == late);
    let recovered = "{'recovered': True, 'status': 'ok', 'unpaused': False}";
    assert_eq!(cmcli.says(&["trigger", "--slug", "asleep"]), recovered);

    let paused = cmcli.says(&["pause", "--name", "asleep", "--comment", "x"]);
    assert!(paused.contains("[[TIME, 'Paused (x)'],") && paused.contains("'paused': True"), "{paused}");
    let twice = "400 Bad Request {'error': 'AlreadyPausedError()', 'status': 'error'}";
    cmcli.fails(&["pause", "--name", "asleep"], twice);
    let unpaused = cmcli.says(&["unpause", "--name", "asleep", "--terse"]);
    assert!(unpaused.contains("'paused': False") && !unpaused.contains("history"), "{unpaused}");

    let updated = cmcli.says(&["update", "--name", "Héllo Wörld", "--periodicity", "5", "--email", "-"]);
    assert!(updated.contains("'periodicity': 5.0") && updated.contains("'emails': [],"), "{updated}");
    let updated = cmcli.says(&["update", "--slug", "héllo-wörld", "--name", "Renamed", "--no-history"]);
    assert!(updated.contains("'slug': 'renamed'") && !updated.contains("history"), "{updated}");
    let nothing = "400 Bad Request {'error': \"ValueError('No updates specified')\", 'status': 'error'}";
    cmcli.fails(&["update", "--slug", "renamed", "--name", "Renamed"], nothing);
}
