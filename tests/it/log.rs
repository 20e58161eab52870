//! The log of the real binary: who reads it alone knows what happened, to which check, and why.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::{Punctual, punctual};
use crate::support::sink::WebhookSink;

/// The lines with this text, as JSON.
fn lines(server: &Punctual, msg: &str) -> Vec<Value> {
    let log = server.log();
    let all =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}")));
    all.filter(|line| line["msg"].as_str().unwrap().starts_with(msg)).collect()
}

/// The one line with this text.
fn line(server: &Punctual, msg: &str) -> Value {
    let mut lines = lines(server, msg);
    assert_eq!(lines.len(), 1, "{msg}: {}", server.log());
    lines.remove(0)
}

fn told(line: &Value, keys: &[&str]) -> Value {
    keys.iter().map(|key| (*key).to_owned()).zip(keys.iter().map(|key| line[*key].clone())).collect()
}

fn reload(server: &Punctual, more: &[&str]) -> (bool, String) {
    let data = server.data();
    punctual(&[&["reload", "--storage.path", data.to_str().unwrap()], more].concat())
}

#[test]
fn each_flip_and_each_incident_is_a_line_with_its_check_and_its_reason() {
    let server = Punctual::start("checks: [{name: job, every: 1h}]");
    server.ping("job");
    server.ping("job/3");
    server.ping("job");
    wait_until("the end", PATIENCE, || lines(&server, "incident ended").len() == 1);
    let flips = lines(&server, "check flipped");
    let keys = ["check", "from", "to", "reason", "causes", "incident"];
    let flips: Vec<Value> = flips.iter().map(|flip| told(flip, &keys)).collect();
    assert_eq!(
        flips,
        [
            json!({"check": "job", "from": "new", "to": "up", "reason": "pinged", "causes": null, "incident": null}),
            json!({"check": "job", "from": "up", "to": "failing", "reason": "pinged", "causes": "failed", "incident": 1}),
            json!({"check": "job", "from": "failing", "to": "up", "reason": "pinged", "causes": null, "incident": 1}),
        ]
    );
    let opened = told(&line(&server, "incident opened"), &["incident", "check", "status", "causes"]);
    assert_eq!(opened, json!({"incident": 1, "check": "job", "status": "failing", "causes": "failed"}));
    let ended = line(&server, "incident ended");
    assert_eq!(
        told(&ended, &["incident", "check", "reason"]),
        json!({"incident": 1, "check": "job", "reason": "pinged"})
    );
    assert!(ended["seconds"].is_f64() && ended["at"].is_string(), "{ended}");
}

#[test]
fn of_a_wave_of_flips_a_hundred_lines_a_second_are_written_and_the_others_counted() {
    let checks: Vec<String> =
        (0..600).map(|number| format!("{{name: job-{number}, every: 1s, grace: 0s}}")).collect();
    let server = Punctual::start(&format!("checks: [{}]", checks.join(", ")));
    let counted =
        |key: &str, lines: &[Value]| lines.iter().map(|line| line[key].as_u64().unwrap()).sum::<u64>();
    let all = || {
        let held = lines(&server, "and so many more");
        let flips = lines(&server, "check flipped").len() as u64 + counted("flips", &held);
        (flips, lines(&server, "incident opened").len() as u64 + counted("incidents", &held))
    };
    wait_until("the wave", PATIENCE, || all() == (600, 600));
    let mut seconds = std::collections::HashMap::new();
    for line in lines(&server, "check flipped").iter().chain(&lines(&server, "incident opened")) {
        *seconds.entry(line["time"].as_str().unwrap()[..19].to_owned()).or_insert(0) += 1;
    }
    // A second of the budget may meet two of the clock.
    assert!(seconds.values().all(|count| *count <= 200), "{seconds:?}");
}

#[test]
fn a_number_is_a_number_and_the_last_line_of_a_start_in_vain_is_json_as_well() {
    let server = Punctual::start("checks: [{name: job, every: 1h}]");
    assert_eq!(line(&server, "punctual starts")["version"], env!("CARGO_PKG_VERSION"));
    let first = server.log().lines().next().unwrap().to_owned();
    assert!(first.contains("punctual starts") && first.contains("\"commit\":"), "{first}");
    let mut second =
        Punctual::new("checks: [{name: job, every: 1h}, {name: job, every: 1h}, {name: b, evry: 1h}]");
    second.start_unready();
    assert_eq!(second.wait(PATIENCE).code(), Some(1));
    let faults = lines(&second, "punctual.yaml:1:");
    assert!(faults.len() >= 2 && faults.iter().all(|line| line["level"] == "ERROR"), "{}", second.log());
}

#[test]
fn a_reload_names_what_it_changed_and_says_what_else_changed() {
    let server =
        Punctual::start("checks: [{name: a, every: 1h}, {name: b, every: 1h}, {name: c, every: 1h}]");
    server.write_config(
        "receivers: [{name: ops, webhook: {url: 'http://127.0.0.1:1'}}]\ndefault_receivers: [ops]\n\
         checks: [{name: a, every: 2h}, {name: b2, every: 1h, renamed_from: [b]}, {name: d, every: 1h}]\n",
    );
    let (is_done, said) = reload(&server, &[]);
    assert!(is_done, "{said}");
    let words = "checks: 1 added, 1 judged differently, 1 changed in other ways, 1 archived, 1 renamed; also changed: receivers (1 added: ops), default_receivers";
    assert_eq!(said.lines().next(), Some(words), "{said}");
    for names in ["\nadded: d\n", "\njudged differently: a\n", "\narchived: c\n", "\nrenamed: b→b2\n"] {
        assert!(said.contains(names), "{said}");
    }
    let logged = line(&server, "configuration reloaded");
    assert!(logged["msg"].as_str().unwrap().ends_with(words), "{logged}");
    let keys = ["added", "judged_differently", "archived", "renamed"];
    assert_eq!(
        told(&logged, &keys),
        json!({"added": "d", "judged_differently": "a", "archived": "c", "renamed": "b→b2"})
    );
    let (_, again) = reload(&server, &[]);
    assert_eq!(again.trim(), "nothing changed");
}

#[test]
fn a_reload_that_fails_says_every_fault_on_a_line_of_its_own_and_the_status_knows() {
    let server = Punctual::start("checks: [{name: a, every: 1h}]");
    server.write_config("checks:\n- {name: a, evry: 1h}\n- {name: B, every: 1h}\n");
    let (is_done, said) = reload(&server, &[]);
    assert!(!is_done, "{said}");
    let config = server.folder().join("punctual.yaml");
    let (_, checked) = punctual(&["check-config", config.to_str().unwrap()]);
    let folder = format!("{}/", server.folder().display());
    let faults: Vec<String> = checked
        .replace(&folder, "")
        .lines()
        .filter(|line| line.contains(".yaml:"))
        .map(str::to_owned)
        .collect();
    assert!(faults.len() >= 2 && faults.iter().all(|fault| said.contains(fault)), "{said}{checked}");
    let logged: Vec<Value> = lines(&server, "a fault of the configuration");
    let logged: Vec<&str> = logged.iter().map(|line| line["fault"].as_str().unwrap()).collect();
    assert_eq!(logged, faults);
    assert_eq!(line(&server, "the configuration was not reloaded")["faults"], faults.len());

    let data = server.data();
    let status =
        |more: &[&str]| punctual(&[&["status", "--storage.path", data.to_str().unwrap()], more].concat());
    let (is_well, said) = status(&[]);
    assert!(
        !is_well && said.contains("NOT RELOADED") && faults.iter().all(|fault| said.contains(fault)),
        "{said}"
    );
    let (is_well, said) = status(&["--output", "json"]);
    let said: Value = serde_json::from_str(said.trim()).unwrap();
    assert!(!is_well && said["reload_fault"].as_str().unwrap().contains("evry"), "{said}");

    server.write_config("checks: [{name: a, every: 1h}]");
    assert!(reload(&server, &[]).0);
    assert!(status(&[]).0);
}

/// 10.4
#[test]
fn a_removal_of_most_checks_is_allowed_for_one_reload() {
    let checks = |count: usize| {
        let checks: Vec<String> =
            (0..count).map(|number| format!("{{name: job-{number}, every: 1h}}")).collect();
        format!("checks: [{}]", checks.join(", "))
    };
    let server = Punctual::start(&checks(40));
    server.write_config(&checks(15));
    let (is_done, said) = reload(&server, &[]);
    assert!(!is_done && said.contains("punctual reload --allow-mass-removal"), "{said}");
    let (is_done, said) = reload(&server, &["--allow-mass-removal"]);
    assert!(is_done && said.contains("25 archived"), "{said}");
    server.write_config(&checks(2));
    assert!(!reload(&server, &[]).0, "that was for one reload");
}

#[test]
fn a_warning_is_logged_once_and_again_only_when_it_changes() {
    let config = |token: &str| {
        format!("auth: {{tokens: [{{name: ci, scope: read, {token}}}]}}\nchecks: [{{name: a, every: 1h}}]\n")
    };
    let in_place = config("token: a-token-that-is-long-enough");
    let server = Punctual::start(&in_place);
    let warnings = || server.log().matches("is a secret in place").count();
    assert_eq!(warnings(), 1);
    server.write_config(&format!("{in_place}max_checks: 70\n"));
    assert!(reload(&server, &[]).0);
    assert_eq!(warnings(), 1, "{}", server.log());
    std::fs::write(server.folder().join("token"), "a-token-that-is-long-enough").unwrap();
    server.write_config(&config("token_file: token"));
    server.signal(Signal::HUP);
    wait_until("the reload", PATIENCE, || lines(&server, "configuration reloaded").len() == 2);
    server.write_config(&in_place);
    assert!(reload(&server, &[]).0);
    assert_eq!(warnings(), 2, "{}", server.log());
}

#[test]
fn pings_requests_and_unknown_names_are_told_to_whoever_asks_for_everything_and_no_key_is() {
    let config =
        "auth: {ping_keys: [{name: jobs, key: a-key-that-is-s3cret}]}\nchecks: [{name: job, every: 1h}]\n";
    let mut server = Punctual::new(config).argument("--log.level=debug");
    server.start_again();
    server.ping("a-key-that-is-s3cret/job");
    assert_eq!(server.get("/ping/a-key-that-is-s3cret/nobody").status, 404);
    assert_eq!(server.get("/ping/another-s3cret/job").status, 403);
    server.get("/checks/job");
    assert_eq!(line(&server, "ping accepted")["check"], "job");
    let refused = lines(&server, "ping refused");
    assert_eq!(refused.iter().map(|line| line["status"].as_u64().unwrap()).collect::<Vec<_>>(), [404, 403]);
    assert_eq!(line(&server, "a ping to a name that no check has")["name"], "nobody");
    assert!(lines(&server, "request").iter().any(|line| line["path"] == "/checks/job"), "{}", server.log());
    assert!(!server.log().contains("s3cret"), "{}", server.log());
}

#[test]
fn a_message_that_was_sent_names_its_checks() {
    let sink = WebhookSink::start();
    let server = Punctual::start(&format!(
        "receivers: [{{name: ops, webhook: {{url: '{}'}}, group_wait: 0s}}]\ndefault_receivers: [ops]\n\
         checks: [{{name: job, every: 1h}}]",
        sink.url()
    ));
    server.ping("job/fail");
    wait_until("the message", PATIENCE, || !lines(&server, "message sent").is_empty());
    assert_eq!(lines(&server, "message sent")[0]["checks"], "job");
}

/// What the build script says of a folder.
fn commit_of(script: &Path, folder: &Path) -> String {
    let mut command = Command::new(script);
    let output =
        command.current_dir(folder).env("PROFILE", "release").env_remove("PUNCTUAL_COMMIT").output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let commit = said.lines().find_map(|line| line.strip_prefix("cargo:rustc-env=PUNCTUAL_COMMIT="));
    for path in said.lines().filter_map(|line| line.strip_prefix("cargo:rerun-if-changed=")) {
        // What is not there would have everything built anew at each build.
        assert!(path == "build.rs" || folder.join(path).exists(), "{said}");
    }
    commit.unwrap().to_owned()
}

#[test]
fn a_build_knows_its_commit_and_none_outside_of_its_repository() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("build-script");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.rs");
    let built =
        Command::new("rustc").args(["--edition", "2024", "-o"]).arg(&script).arg(source).status().unwrap();
    assert!(built.success());
    let repository = folder.path().join("repository");
    std::fs::create_dir(&repository).unwrap();
    let git = |folder: &Path, arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@b.example"]).args(arguments);
        let output = command.current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&repository, &["init", "--quiet"]);
    assert_eq!(commit_of(&script, &repository), "unknown", "there is no commit yet");
    for _ in 0..2 {
        git(&repository, &["commit", "--quiet", "--allow-empty", "-m", "one"]);
        let head = git(&repository, &["rev-parse", "HEAD"]);
        assert_eq!(commit_of(&script, &repository), head[..12]);
        git(&repository, &["pack-refs", "--all"]);
        assert_eq!(commit_of(&script, &repository), head[..12]);
    }
    let clone = folder.path().join("clone");
    git(folder.path(), &["clone", "--quiet", repository.to_str().unwrap(), clone.to_str().unwrap()]);
    assert_eq!(commit_of(&script, &clone), git(&clone, &["rev-parse", "HEAD"])[..12]);
    let tarball = repository.join("punctual-0.1.0");
    std::fs::create_dir(&tarball).unwrap();
    assert_eq!(commit_of(&script, &tarball), "unknown", "that is the commit of another project");
}
