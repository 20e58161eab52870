//! `punctual records`: what violates what a check asserts, one by one (§18).

use std::io;

use clap::Args;
use serde_json::Value;

use super::ages::when;
use super::client::{ApiCall, Client};
use super::flags::name;
use super::server;
use super::table::{Table, text};
use super::trouble::Trouble;
use super::way::Listing;
use crate::core::check::Name;

/// Of which check, and which of them.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct RecordsArgs {
    /// The check's name
    #[arg(value_parser = name)]
    name: Name,
    /// Only those of which the key or the title contains this
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those that nobody wants to hear of
    #[arg(long)]
    wont_fix: bool,
    /// Not more than so many
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    shown: Listing,
}

impl RecordsArgs {
    /// Lists them.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        let records = self.read(&self.shown.client()?).await?;
        if self.shown.wrote_json("records", &records)? {
            return Ok(());
        }
        Ok(table(&records).write(&mut io::stdout().lock())?)
    }

    async fn read(&self, client: &Client) -> Result<Vec<Value>, Trouble> {
        let (mut records, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut query = vec![("limit", "1000"), ("cursor", cursor.as_str())];
            query.extend(self.search.as_deref().map(|search| ("search", search)));
            query.extend(self.wont_fix.then_some(("wont_fix", "true")));
            let call = ApiCall { query: &query, ..ApiCall::get(&["records"]) };
            let mut page = client.about(self.name.as_str(), call).await?;
            let next = page["next_cursor"].as_str().map(str::to_owned);
            records.extend(page["records"].as_array_mut().map(std::mem::take).unwrap_or_default());
            if records.len() > self.limit {
                records.truncate(self.limit);
                eprintln!("punctual: there are more than these {}: --limit", self.limit);
                return Ok(records);
            }
            match next {
                Some(next) => cursor = next,
                None => return Ok(records),
            }
        }
    }
}

fn table(records: &[Value]) -> Table {
    let row = |record: &Value| {
        let [key, title, standing, incident] =
            ["key", "title", "standing", "incident"].map(|name| text(&record[name]));
        let title = if title == key { String::new() } else { title };
        vec![key, title, standing, when(&record["opened_at"]), incident, details(&record["details"])]
    };
    let head = ["KEY", "TITLE", "STANDING", "SINCE", "INCIDENT", "DETAILS"];
    Table::new(&head, records.iter().map(row)).with_statuses(2).cutting(&[5, 1])
}

fn details(details: &Value) -> String {
    match details {
        Value::Null => String::new(),
        other => text(&Value::String(other.to_string())),
    }
}
