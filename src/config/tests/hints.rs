//! Every proposal in a message is itself accepted: in the place of the fault, it ends the fault.

use std::path::{Path, PathBuf};

use regex::Regex;

use super::{good, loaded, root};
use crate::config::Fault;

/// What a message proposes in place of a value or a key.
fn proposals(message: &str) -> Vec<String> {
    // A missing key has no place, and `team="…"` only shows where the quotes go.
    if message.contains(" needs `") || message.contains('…') {
        return Vec::new();
    }
    let patterns = [
        r"\bwrite `([^`]+)`(?: or `([^`]+)`)?",
        r"did you mean `([^`]+)`",
        r": `([^`]+)`\?$",
        r"needs a unit: `([^`]+)`",
        r": `([^`]+)` rather than",
        r"each once: `([^`]+)`",
        r"written like `([^`]+)`, `([^`]+)`, `([^`]+)` or `([^`]+)`",
        r"a size like `([^`]+)` or `([^`]+)`",
        r"such as `([^`]+)`(?:,? or `([^`]+)`)?",
        r"as in (https?://\S+)$",
        r"as in `([^`]+)`$",
        r"as in (\{[^}]*\})",
        r"is at (?:least|most) (\S+?), not",
        r"whole number from (\d+) to (\d+), not",
        r"is (true) or (false), not",
        r"is one word, such as (\w+)$",
    ];
    let mut found: Vec<String> = Vec::new();
    for pattern in patterns {
        let pattern = Regex::new(pattern).unwrap();
        for groups in pattern.captures_iter(message) {
            found.extend(groups.iter().skip(1).flatten().map(|group| group.as_str().to_owned()));
        }
    }
    if let Some(words) = Regex::new(r"is one of ([a-z_, ]+), not").unwrap().captures(message) {
        found.extend(words[1].split(", ").map(str::to_owned));
    }
    found
}

/// The end of the value or key that begins here.
fn end(rest: &str, is_key: bool) -> usize {
    let first = rest.chars().next().unwrap_or_default();
    let closing = match first {
        '\'' | '"' => Some(first),
        '[' => Some(']'),
        '{' => Some('}'),
        _ => None,
    };
    if let Some(closing) = closing {
        return rest[1..].find(closing).map_or(rest.len(), |end| end + 2);
    }
    let stops: &[char] = if is_key { &[':'] } else { &[',', '}', ']', '\n'] };
    rest.find(stops).unwrap_or(rest.len())
}

/// The text with the proposal in the place of the fault.
fn mended(text: &str, fault: &Fault, proposal: &str) -> String {
    let is_key = fault.message.contains("has no key");
    let line_begin: usize = text.split_inclusive('\n').take(fault.line as usize - 1).map(str::len).sum();
    let column = fault.column as usize - 1;
    let mut begin = line_begin + text[line_begin..].chars().take(column).map(char::len_utf8).sum::<usize>();
    let mut end = begin + end(&text[begin..], is_key);
    if let Some((part, _)) = fault.message.split_once("` runs backwards") {
        // Of a cron expression, only the wrong part.
        let part = part.rsplit('`').next().unwrap_or_default();
        begin += text[begin..end].find(part).unwrap();
        end = begin + part.len();
        return format!("{}{proposal}{}", &text[..begin], &text[end..]);
    }
    let is_pair = proposal.contains(": ") && !proposal.starts_with('{');
    if is_pair {
        // `every: 5m` replaces all of `cron: '@every 5m'`.
        begin = text[..begin].rfind(['{', ',', '\n']).map_or(0, |at| at + 1);
    }
    let is_bare =
        is_pair || is_key || proposal.starts_with('{') || proposal.bytes().all(|b| b.is_ascii_alphanumeric());
    let written = if is_bare { proposal.to_owned() } else { format!("'{proposal}'") };
    let space = if is_pair { " " } else { "" };
    format!("{}{space}{written}{}", &text[..begin], &text[end..])
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

/// Loads the file of a fault with the proposal in it, and returns the faults at that place.
fn left(folder: &Path, main: &Path, fault: &Fault, proposal: &str) -> Vec<String> {
    let path = Path::new(&*fault.file);
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, mended(&text, fault, proposal)).unwrap();
    let result = loaded(main);
    std::fs::write(path, text).unwrap();
    assert!(path.starts_with(folder));
    let faults = result.err().map_or_else(Vec::new, |faults| faults.list);
    let is_here =
        |other: &Fault| other.file == fault.file && other.line == fault.line && other.column == fault.column;
    faults.into_iter().filter(is_here).map(|fault| fault.message).collect()
}

/// All of `tests/bad-config`, and faults that no file there has.
#[test]
fn whatever_a_fault_proposes_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("tests/bad-config"), folder.path());
    let more = [
        "checks: [{name: a, cron: '@every 5m'}]",
        "checks: [{name: a, cron: '@every 90s'}]",
        "checks: [{name: a, cron: '0 0 * * 6-1'}]",
        "checks: [{name: a, cron: '0 0 * * SAT-MON'}]",
        "checks: [{name: a, every: 1h}, {name: b, every: 5, depends_on: [aa]}]",
        "checks: [{name: a, every: 1h, timezone: Berlin}]",
    ];
    for (i, text) in more.iter().enumerate() {
        std::fs::write(folder.path().join(format!("more-{i}.yaml")), text).unwrap();
    }
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (mut taken, mut wrong) = (0, Vec::new());
    for path in paths {
        let main = if path.is_dir() { path.join("main.yaml") } else { path };
        let Err(faults) = loaded(&main) else { continue };
        for fault in faults.list.iter().filter(|fault| fault.line > 0) {
            for proposal in proposals(&fault.message) {
                let left = left(folder.path(), &main, fault, &proposal);
                // Follow-up faults: `trigger: key` needs a key, as its message says, and a proposed key may exist.
                let is_next = |message: &String| {
                    ["add `auth_key_file`", "stands twice", "which is no check", "a tag ("]
                        .iter()
                        .any(|next| message.contains(next))
                };
                if !left.iter().all(is_next) {
                    wrong.push(format!("{fault}\n{proposal} leads to {left:?}"));
                }
                taken += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(taken > 80, "only {taken} proposals were found");
}

/// What a warning proposes ends the warning.
#[test]
fn whatever_a_warning_proposes_ends_it() {
    const END: &str = "receivers: [{name: r, email: {to: [a@example.org]}}]\ndefault_receivers: [r]\n\
                       checks: [{name: a, every: 1h}]";
    let smtp = |keys: &str| format!("smtp: {{host: mail.example.org, from: p@example.org, {keys}}}\n{END}");
    let push = |url: &str| {
        format!("alerting: {{alertmanagers: [{{url: '{url}'}}]}}\nchecks: [{{name: a, every: 1h}}]")
    };
    let compat = |key: &str| {
        format!(
            "auth: {{ping_keys: [{{name: a, key: abcdefghijklmnop}}]}}\n\
             compat: {{nights_watch: {{enabled: true, auth_key: abcdefghijklmnop, {key}}}}}\nchecks: [{{name: a, every: 1h}}]"
        )
    };
    let cron = |schedule: &str| format!("checks: [{{name: a, {schedule}, grace: 1s}}]");
    for (before, proposal, after) in [
        (smtp("port: 465"), "tls: implicit", smtp("port: 465, tls: implicit")),
        (smtp("port: 587, tls: implicit"), "tls: starttls", smtp("port: 587, tls: starttls")),
        (push("http://am.example.org:443"), "https://", push("https://am.example.org:443")),
        (push("https://am.example.org:80"), "http://", push("http://am.example.org:80")),
        (compat("trigger: open"), "trigger: id", compat("trigger: id")),
        (cron("cron: '*/90 * * * *'"), "every: 90m", cron("every: 90m")),
    ] {
        let about = |text: &str| -> Vec<String> {
            let warnings = good(text).warnings.into_iter().map(|warning| warning.to_string());
            warnings.filter(|warning| warning.contains(&format!("`{proposal}`"))).collect()
        };
        assert_eq!(about(&before).len(), 1, "{before}: {:?}", good(&before).warnings);
        assert!(about(&after).is_empty(), "{after}");
    }
}
