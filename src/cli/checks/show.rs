//! `punctual checks show`

use std::fmt::Write as _;

use serde_json::Value;

use super::out::Out;
use crate::cli::ages::at;
use crate::cli::client::{ApiCall, Client};
use crate::cli::flags::{Output, name};
use crate::cli::table::{Table, plain, text};
use crate::cli::trouble::Trouble;
use crate::core::check::Name;

/// Which check.
#[derive(clap::Args, Debug)]
pub(super) struct ShowCheckArgs {
    /// The check's name
    #[arg(value_parser = name)]
    name: Name,
    /// How many of the newest pings, and of the newest changes of its status
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    history: u16,
}

impl ShowCheckArgs {
    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_>) -> Result<(), Trouble> {
        let name = self.name.as_str();
        let mut check = client.about(name, ApiCall::get(&[])).await?;
        if self.history > 0 {
            for kind in ["pings", "flips"] {
                let limit = self.history.to_string();
                let mut page = client
                    .about(name, ApiCall { query: &[("limit", &limit)], ..ApiCall::get(&[kind]) })
                    .await?;
                check[kind] = page[kind].take();
            }
        }
        let shown = if out.output == Output::Text { for_people(&check) } else { String::new() };
        match out.output {
            Output::Text => out.to.write_all(shown.as_bytes())?,
            Output::Json => out.said(&check, "")?,
        }
        Ok(())
    }
}

fn for_people(check: &Value) -> String {
    let mut shown = String::new();
    let mut line = |what: &str, said: &str| {
        // Text that has several lines goes on below its first.
        let said = said.lines().map(plain).collect::<Vec<_>>().join("\n               ");
        // Writing into a text cannot fail.
        let _ = writeln!(shown, "{what:<14} {said}");
    };
    line("name", &text(&check["name"]));
    line("title", &text(&check["title"]));
    line("ref", &text(&check["ref"]));
    line("status", &status(check));
    for (what, key) in [("due", "due"), ("deadline", "deadline"), ("last seen", "last_seen")] {
        line(what, &at(&check[key]));
    }
    let took = match &check["last_duration_seconds"] {
        seconds if seconds.is_number() && !check["last_success"].is_null() => format!(", took {seconds} s"),
        _ => String::new(),
    };
    line("last success", &format!("{}{took}", at(&check["last_success"])));
    line("last fail", &at(&check["last_fail"]));
    if let Some(pause) = check["pause"].as_object() {
        let said = ["since", "by", "comment"].map(|key| text(&pause[key]));
        let until = pause["until"].as_str().map(|until| format!(" until {until}")).unwrap_or_default();
        line("paused", &format!("since {}{until} by {}: {}", said[0], said[1], said[2]));
    }
    match check["ping_url"].as_str() {
        Some(url) => line("ping URL", url),
        None => line("reported by", &format!("punctual report {}", text(&check["name"]))),
    }
    line("declared in", &declared(check));
    if let Some(canary) = check["canary"].as_object() {
        let said = ["system", "id", "slug"].map(|key| text(&canary[key]));
        line("canary", &said.join(" "));
    }
    for (key, value) in check["definition"].as_object().into_iter().flatten() {
        if !matches!(key.as_str(), "name" | "title" | "ref") {
            line(
                key,
                &if matches!(key.as_str(), "assert" | "detect") { asserted(value) } else { said(value) },
            );
        }
    }
    add_pings(&mut shown, &check["pings"]);
    add_flips(&mut shown, &check["flips"]);
    shown
}

fn status(check: &Value) -> String {
    let mut said = text(&check["status"]);
    for cause in check["causes"].as_array().into_iter().flatten() {
        said.push_str(&format!(", {} since {}", text(&cause["kind"]), text(&cause["since"])));
    }
    for flag in ["running", "muted"] {
        if check[flag] == true {
            said.push_str(&format!(", {flag}"));
        }
    }
    said
}

fn declared(check: &Value) -> String {
    match check["declared"].as_object() {
        Some(place) => format!("{}:{}", text(&place["file"]), text(&place["line"])),
        None => "no file: it was made through the API".to_owned(),
    }
}

/// A value of a definition, as a file would have it in few words.
fn said(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(said).collect::<Vec<_>>().join(", "),
        Value::Object(pairs) => {
            pairs.iter().map(|(key, value)| format!("{key}={}", said(value))).collect::<Vec<_>>().join(", ")
        }
        other => text(other),
    }
}

/// What is asserted; its arguments as JSON, since they are anything.
fn asserted(value: &Value) -> String {
    let keys = value["reported"].as_object().into_iter().flatten();
    let said = |(key, value): (&String, &Value)| match key.as_str() {
        "args" => format!("args={value}"),
        _ => format!("{key}={}", text(value)),
    };
    let remembered = value["remember"].as_str().map(|span| format!("remember={span}"));
    format!("reported: {}", keys.map(said).chain(remembered).collect::<Vec<_>>().join(", "))
}

fn add_pings(shown: &mut String, pings: &Value) {
    let Some(pings) = pings.as_array().filter(|pings| !pings.is_empty()) else { return };
    let row = |ping: &Value| {
        ["at", "kind", "exit_status", "duration_seconds", "rid", "source", "comment"]
            .map(|key| text(&ping[key]))
            .to_vec()
    };
    let head = ["PING AT", "KIND", "EXIT", "SECONDS", "RUN", "FROM", "COMMENT"];
    let _ = write!(shown, "\n{}", Table::new(&head, pings.iter().map(row)));
}

fn add_flips(shown: &mut String, flips: &Value) {
    let Some(flips) = flips.as_array().filter(|flips| !flips.is_empty()) else { return };
    let row = |flip: &Value| {
        let said = |key: &str| {
            let said = said(&flip[key]);
            if said.is_empty() { "-".to_owned() } else { said }
        };
        ["at", "from", "to", "reason", "causes"].map(said).to_vec()
    };
    let head = ["CHANGED AT", "FROM", "TO", "BECAUSE IT WAS", "CAUSES"];
    let _ = write!(shown, "\n{}", Table::new(&head, flips.iter().map(row)));
}
