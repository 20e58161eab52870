//! `punctual checks list`

use std::io;

use serde_json::{Value, json};

use super::out::Out;
use crate::cli::ages::when;
use crate::cli::client::Client;
use crate::cli::flags::Output;
use crate::cli::table::{Table, shown_json, text};
use crate::cli::trouble::Trouble;
use crate::cli::watch::watch;
use crate::cli::way::given;
use crate::core::cause::Status;

/// Which checks; all that is said must fit.
#[derive(clap::Args, Debug)]
pub(super) struct ListChecksArgs {
    /// Only those whose name or title has this in it
    text: Option<String>,
    /// Only those that stand so: new, up, grace, late, failing, unknown, paused
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only those with this label, as in team=dba; may be repeated
    #[arg(long = "label", value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// Only those of this group
    #[arg(long)]
    group: Option<String>,
    /// Only those that a file declares, or that were made through the API: file, api
    #[arg(long)]
    source: Option<String>,
    /// Not more than so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Show them again every two seconds, on a terminal, until you interrupt it
    #[arg(long)]
    watch: bool,
}

impl ListChecksArgs {
    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_>) -> Result<(), Trouble> {
        self.is_no_status()?;
        match (self.watch, out.output) {
            (false, _) => self.list(client, List::new(out.output), out).await?.end(out),
            (true, Output::Json) => {
                Err(Trouble::NotAsked("--watch is for people: leave out --output".to_owned()))
            }
            (true, Output::Text) => watch(async || self.table(client).await).await,
        }
    }

    async fn table(&self, client: &Client) -> Result<Table, Trouble> {
        // Rows of a table leave only with the whole of it.
        let mut nowhere = Out { to: &mut io::sink(), output: Output::Text };
        Ok(self.list(client, List::new(Output::Text), &mut nowhere).await?.into_table())
    }

    /// Those that fit.
    async fn list(&self, client: &Client, mut list: List, out: &mut Out<'_>) -> Result<List, Trouble> {
        let plain = given([("status", &self.status), ("group", &self.group), ("source", &self.source)]);
        let filters: Vec<(&str, &str)> =
            plain.chain(self.labels.iter().map(|label| ("label", label.as_str()))).collect();
        let mut left = self.limit.unwrap_or(usize::MAX);
        if left > 0 {
            let taken = client.each("checks", &filters, |check| {
                if self.is_named_so(check) {
                    list.add(check, out)?;
                    left -= 1;
                }
                Ok(left > 0)
            });
            taken.await?;
        }
        Ok(list)
    }

    /// `checks list late` would look for names, and find none.
    fn is_no_status(&self) -> Result<(), Trouble> {
        match self.text.as_deref() {
            Some(text) if Status::DECLARED.iter().any(|status| status.as_str() == text) => {
                Err(Trouble::NotAsked(format!("`{text}` is a status: punctual checks list --status {text}")))
            }
            _ => Ok(()),
        }
    }

    fn is_named_so(&self, check: &Value) -> bool {
        let has = |key: &str, part: &str| {
            check[key].as_str().is_some_and(|text| text.to_lowercase().contains(&part.to_lowercase()))
        };
        self.text.as_ref().is_none_or(|part| has("name", part) || has("title", part))
    }
}

/// JSON leaves check by check; a table must know all rows before its first.
struct List {
    output: Output,
    rows: Vec<Vec<String>>,
    count: usize,
}

impl List {
    fn new(output: Output) -> List {
        List { output, rows: Vec::new(), count: 0 }
    }

    fn add(&mut self, check: &Value, out: &mut Out<'_>) -> Result<(), Trouble> {
        match self.output {
            Output::Text => self.rows.push(row(check)),
            Output::Json => {
                let before = if self.count == 0 { "{\"checks\": [" } else { "," };
                write!(out.to, "{before}\n{}", shown_json(check))?;
            }
        }
        self.count += 1;
        Ok(())
    }

    fn into_table(mut self) -> Table {
        // Among equals the order stays that of the names.
        self.rows.sort_by_key(|row| order(&row[1]));
        let head = ["NAME", "STATUS", "WHY", "SINCE", "LAST SEEN", "DUE", "TITLE"];
        Table::new(&head, self.rows).with_statuses(1).cutting(&[6, 2])
    }

    /// The answer as a page of the API that has no next one.
    fn end(self, out: &mut Out<'_>) -> Result<(), Trouble> {
        match self.output {
            Output::Text => self.into_table().write(out.to)?,
            Output::Json if self.count == 0 => {
                writeln!(out.to, "{}", json!({"checks": [], "next_cursor": null}))?;
            }
            Output::Json => writeln!(out.to, "\n], \"next_cursor\": null}}")?,
        }
        Ok(())
    }
}

/// The worst first, and behind all others what a newer server calls by a word that is not known here.
fn order(status: &str) -> (bool, Option<Status>) {
    let known = status.split(' ').next().and_then(Status::of_word);
    (known.is_none(), known)
}

fn row(check: &Value) -> Vec<String> {
    let causes = check["causes"].as_array().map_or(&[][..], Vec::as_slice);
    let kinds: Vec<String> = causes.iter().map(|cause| text(&cause["kind"])).collect();
    let muted = if check["muted"] == true { " (muted)" } else { "" };
    vec![
        text(&check["name"]),
        format!("{}{muted}", text(&check["status"])),
        if kinds.is_empty() { "-".to_owned() } else { kinds.join(",") },
        when(causes.first().map_or(&Value::Null, |cause| &cause["since"])),
        when(&check["last_seen"]),
        when(&check["due"]),
        if check["title"] == check["name"] { String::new() } else { text(&check["title"]) },
    ]
}
