//! What is given to those who run punctual: a unit of systemd, a container, a proxy, completions, the manual.

use std::collections::HashMap;
use std::path::Path;

use crate::support::http;
use crate::support::nginx;
use crate::support::process::{free_port, run, tool};
use crate::support::punctual::{Punctual, punctual};

fn deployed(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn systemd_understands_the_unit_and_finds_it_hardened() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("punctual.service");
    let text =
        deployed("punctual.service").replace("/usr/local/bin/punctual", env!("CARGO_BIN_EXE_punctual"));
    std::fs::write(&unit, text).unwrap();
    let mut verify = tool("systemd-analyze");
    let (is_good, said) = run(verify.args(["verify", "--man=no"]).arg(&unit));
    assert!(is_good && !said.contains("punctual.service"), "{said}");
    // In tenths of what systemd calls exposure: a unit that says nothing of it has almost a hundred.
    let mut security = tool("systemd-analyze");
    let (is_good, said) =
        run(security.args(["security", "--offline=true", "--no-pager", "--threshold=20"]).arg(&unit));
    assert!(is_good, "{said}");
}

#[test]
fn what_the_unit_and_the_container_say_are_flags_and_variables_that_there_are() {
    let (_, help) = punctual(&["help", "serve"]);
    let unit = deployed("punctual.service");
    let start = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    for flag in start.split(' ').filter(|word| word.starts_with("--")) {
        assert!(help.contains(flag), "{flag}: {help}");
    }
    let container = deployed("Containerfile");
    let variables = container.lines().find_map(|line| line.strip_prefix("ENV ")).unwrap();
    for variable in variables.split(' ').map(|setting| setting.split('=').next().unwrap()) {
        assert!(help.contains(&format!("[env: {variable}")), "{variable}: {help}");
    }
}

/// There is no engine of containers in every place that tests run in: what the file says fits together, at least.
#[test]
fn the_container_runs_without_root_and_everything_that_it_says_fits() {
    let container = deployed("Containerfile");
    let of = |word: &str| -> Vec<&str> {
        container.lines().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' ')).collect()
    };
    let variables: HashMap<&str, &str> =
        of("ENV")[0].split(' ').map(|setting| setting.split_once('=').unwrap()).collect();
    let user = of("USER")[0];
    let is_no_root = |id: &str| id.parse::<u32>().is_ok_and(|id| id > 0);
    assert!(user.split(':').all(is_no_root), "by numbers, or runAsNonRoot cannot tell: {user}");
    let data = of("VOLUME")[0];
    assert_eq!(variables["PUNCTUAL_STORAGE_PATH"], data);
    assert!(
        container.contains(&format!("--chown={user} /empty {data}\n")),
        "a volume is writable for the user"
    );
    let address = variables["PUNCTUAL_WEB_LISTEN_ADDRESS"];
    assert_eq!(address.rsplit(':').next(), Some(of("EXPOSE")[0]));
    let binary = serde_json::from_str::<Vec<String>>(of("ENTRYPOINT")[0]).unwrap().remove(0);
    assert!(container.contains(&format!("COPY --from=build /src/target/release/punctual {binary}\n")));
    let manifest = include_str!("../../Cargo.toml");
    let least = manifest.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(of("FROM")[0].contains(&format!("rust:{least}-")), "of Rust {least}");
    assert!(include_str!("../../build.rs").contains(of("ARG")[0]), "a variable of the build");
    let left_out = include_str!("../../.dockerignore");
    assert!(left_out.lines().any(|line| line == "target"), "gigabytes are no part of what is copied");
    assert!(include_str!("../../docs/installing.md").contains("-f deploy/Containerfile"));
}

#[test]
fn completions_are_scripts_and_know_every_command() {
    let (_, help) = punctual(&["--help"]);
    let commands: Vec<&str> =
        help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let commands: Vec<&str> =
        commands.into_iter().filter(|name| !name.is_empty() && !name.starts_with('-')).collect();
    assert!(commands.contains(&"serve") && commands.contains(&"completions"), "{commands:?}");
    for shell in ["bash", "zsh", "fish"] {
        let (is_good, script) = punctual(&["completions", shell]);
        assert!(is_good, "{script}");
        for command in &commands {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    let (_, script) = punctual(&["completions", "bash"]);
    let asked = "COMP_WORDS=(punctual messages re); COMP_CWORD=2; _punctual punctual re messages; echo \"${COMPREPLY[*]}\"";
    let mut bash = tool("bash");
    let (is_good, said) = run(bash.args(["-c", &format!("{script}\n{asked}")]));
    assert!(is_good && said.trim() == "retry", "{said}");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let (is_good, said) = punctual(&["man", folder.path().to_str().unwrap()]);
    assert!(is_good, "{said}");
    for page in ["punctual.1", "punctual-serve.1", "punctual-incidents-ack.1"] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
    let (is_good, page) = punctual(&["man"]);
    assert!(is_good && page.contains(".TH punctual 1") && page.contains("check\\-config"), "{page}");
}

#[test]
fn through_the_sample_of_nginx_jobs_ping_and_people_look() {
    let mut server = Punctual::new("checks: [{name: backup, every: 1h}]\n")
        .argument("--web.external-url=https://punctual.example.org");
    server.start_again();
    let (port, folder) = (free_port(), server.folder());
    let certificates = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let site = deployed("nginx.conf")
        .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port} ssl;"))
        .replace("    listen [::]:443 ssl;\n", "")
        .replace("/etc/ssl/punctual/fullchain.pem", certificates.join("cert.pem").to_str().unwrap())
        .replace("/etc/ssl/punctual/key.pem", certificates.join("key.pem").to_str().unwrap())
        .replace("http://127.0.0.1:19099", &server.url(""));
    let mut nginx = nginx::start(folder, &site);
    let url = |path: &str| format!("https://127.0.0.1:{port}{path}");
    nginx.wait_until_ready(&url("/-/ready"));
    let ask = |request: reqwest::RequestBuilder| http::send(request.header("host", "punctual.example.org"));
    let body = "x".repeat(2 << 20);
    let pinged = ask(http::client().post(url("/ping/backup/0?m=done")).body(body));
    let said = pinged.text();
    assert!(pinged.status == 200 && said.starts_with("OK: of a body"), "{said}");
    assert!(ask(http::client().get(url("/"))).text().contains("backup"));
    let waited = ask(http::client().get(url("/api/v1/flips?wait=1ms")));
    assert_eq!(waited.status, 200, "{}", waited.text());
    // A name that nobody has given is refused, as without a proxy.
    let other = http::send(http::client().get(url("/")).header("host", "evil.example"));
    assert_eq!(other.status, 421, "{}", other.text());
}
