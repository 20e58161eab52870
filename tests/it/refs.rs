//! `punctual refs`: where in code each check stands, by the real command in a small tree.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::punctual::Punctual;

const CHECKS: &str = "checks:
  - {name: backup, every: 1h, ref: x7kq2a}
  - {name: queue, every: 1h, renamed_from: [old-queue]}
  - {name: etl, every: 1h}
";

/// A folder with these files, which have folders of their own where their paths say so.
fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

/// The exit status, and what was written to either side.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
    command.arg("refs").args(arguments).env_clear().env("HOME", folder).current_dir(folder);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What is said as JSON of this tree: `PATH:LINE KIND NAME` of each place, `PATH:LINE NAME` of what dangles, and the checks
/// that have no place.
fn check(files: &[(&str, &[u8])], expected: &[&str]) {
    let files = [&[("punctual.yaml", CHECKS.as_bytes())], files].concat();
    let (status, out, error) = run(tree(&files).path(), &["--output", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let place = |place: &Value| format!("{}:{}", text(&place["path"]), place["line"]);
    let mut said = Vec::new();
    for check in report["checks"].as_array().unwrap() {
        let name = text(&check["name"]);
        let places = check["places"].as_array().unwrap();
        said.extend(places.iter().map(|at| format!("{} {} {name}", place(at), text(&at["by"]))));
        said.extend((check["has_place"] == false).then(|| format!("- {name}")));
    }
    let dangling = report["dangling"].as_array().unwrap();
    said.extend(dangling.iter().map(|at| format!("{} {}", place(at), text(&at["name"]))));
    assert_eq!(said, expected, "{out}");
    assert_eq!((status, error.is_empty()), if dangling.is_empty() { (0, true) } else { (1, false) });
}

/// 24.3
#[test]
fn each_check_is_listed_with_its_places() {
    check(
        &[
            ("src/backup.py", b"# x7kq2a\n"),
            ("deploy/.cron/root", b"\n0 2 * * * root punctual exec backup -- run\n"),
            ("deploy/queue.sh", b"curl http://h/ping/old-queue/$?\n"),
        ],
        &[
            "deploy/.cron/root:2 name backup",
            "src/backup.py:1 ref backup",
            "- etl",
            "deploy/queue.sh:1 former_name queue",
        ],
    );
}

/// 24.3
#[test]
fn a_ping_url_whose_name_no_check_has_fails_the_command() {
    let files = [("punctual.yaml", CHECKS.as_bytes()), ("a.sh", b"\ncurl http://h/ping/bakup\n")];
    let (status, out, error) = run(tree(&files).path(), &["."]);
    assert_eq!((status, error.as_str()), (1, "punctual: a ping URL has a name that no check has\n"), "{out}");
    assert!(
        out.contains("no check has these names:\n  a.sh:2  /ping/bakup; did you mean `backup`?\n"),
        "{out}"
    );
    assert!(out.contains("no place has:\n  backup  x7kq2a\n  etl  "), "{out}");
    assert!(out.ends_with("\n3 checks, 3 without a place, in 1 files\n"), "{out}");
    check(&[("a.sh", b"$URL/ping/bakup")], &["- backup", "- etl", "- queue", "a.sh:1 bakup"]);
}

/// 24.3
#[test]
fn what_gitignore_names_and_what_is_no_text_is_not_read() {
    let long = [&b"http://h/ping/backup\n"[..], &vec![b'a'; 1 << 20]].concat();
    check(
        &[
            (".gitignore", b"/built\n*.log\n"),
            ("built/a.sh", b"http://h/ping/backup"),
            ("src/a.log", b"http://h/ping/gone"),
            ("src/.gitignore", b"made.rs"),
            ("src/made.rs", b"http://h/ping/gone"),
            ("src/binary", b"\0http://h/ping/gone"),
            ("src/late-binary", b"http://h/ping/gone\0"),
            ("src/long", &long),
            (".git/config", b"http://h/ping/gone"),
            ("src/etl.rs", b"http://h/ping/etl"),
        ],
        &["- backup", "src/etl.rs:1 name etl", "- queue"],
    );
}

/// 24.3
#[test]
fn a_server_is_asked_for_its_checks() {
    let server = Punctual::start(CHECKS);
    let folder = tree(&[("a.sh", b"x7kq2a\nhttp://h/ping/made\n")]);
    let data = server.data();
    let asked = ["--storage.path", data.to_str().unwrap(), "--output", "json", "a.sh"];
    let (status, out, _) = run(folder.path(), &asked);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &report["dangling"][0]["name"]), (1, &json!("made")));
    let (status, made, _) = run(folder.path(), &["--server", &server.url(""), "-o", "json", "a.sh"]);
    assert_eq!((status, made), (1, out));
    // 24.1: what a file sets reaches whoever asks, and what is made is the same everywhere.
    let backup: Value = serde_json::from_slice(&server.get("/api/v1/checks/backup").body).unwrap();
    assert_eq!((&backup["ref"], &backup["definition"]["ref"]), (&json!("x7kq2a"), &json!("x7kq2a")));
    let page = server.get("/checks/backup").text();
    assert!(page.contains("<dt>Ref</dt><dd><code>x7kq2a</code></dd>"), "{page}");
    let of_file = run(tree(&[("punctual.yaml", CHECKS.as_bytes())]).path(), &["--output", "json"]).1;
    let of_file: Value = serde_json::from_str(&of_file).unwrap();
    let refs = |report: &Value| {
        report["checks"].as_array().unwrap().iter().map(|check| check["ref"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(refs(&of_file), refs(&report));
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let folder = tree(&[("punctual.yaml", CHECKS.as_bytes())]);
    for arguments in [&["no-such-folder"][..], &["--config.file", "none.yaml"]] {
        let (status, out, error) = run(folder.path(), arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{error}");
        assert!(
            error.starts_with("punctual: ") && error.contains("no such file")
                || error.contains("No such file"),
            "{error}"
        );
    }
}
