//! `punctual checks create` and `update`

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::out::{Out, read};
use crate::cli::client::{ApiCall, Client};
use crate::cli::flags::name;
use crate::cli::table::text;
use crate::cli::trouble::Trouble;
use crate::config::{MAX_DESCRIPTIONS_BYTES, read_descriptions, read_value};
use crate::core::check::Name;

/// What of a check can be said on the command line, under the names of the files.
#[derive(clap::Args, Debug, Serialize)]
struct Keys {
    /// The name for people
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// A success at least this often, as in 90s, 1h30m, 1d
    #[arg(long, value_name = "DURATION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<String>,
    /// A success for each occurrence of this cron expression
    #[arg(long, value_name = "EXPRESSION", conflicts_with = "every")]
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
    /// The IANA name of the zone of the cron expression
    #[arg(long, value_name = "ZONE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    /// How much later than due it may come
    #[arg(long, value_name = "DURATION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    grace: Option<String>,
    /// How long a run may take
    #[arg(long, value_name = "DURATION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_runtime: Option<String>,
    /// Its group, another label
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Free text for people
    #[arg(long, value_name = "TEXT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Where to read what to do
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook_url: Option<String>,
    /// An address that the check mails itself; may be repeated
    #[arg(long = "email", value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emails: Vec<String>,
    /// A label; may be repeated; NAME= takes it away
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = pair)]
    #[serde(skip)]
    labels: Vec<(String, String)>,
    /// Any other key of the files, as in max_runtime=2h or 'expect={at_least: 4, within: 5m}'
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    #[serde(skip)]
    others: Vec<(String, String)>,
}

/// A check to make.
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true).args(["name", "title", "file"]))]
pub(super) struct Create {
    /// The check's name; without one it is made of the title
    #[arg(value_parser = name)]
    name: Option<Name>,
    /// A file with checks as the server's own files have them: one check, a list, or `checks:`; - is standard input
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["name", "Keys"])]
    file: Option<PathBuf>,
    /// Begin with a pause, which a ping ends
    #[arg(long, conflicts_with = "file")]
    paused: bool,
    #[command(flatten)]
    keys: Keys,
}

/// A check to change.
#[derive(clap::Args, Debug)]
pub(super) struct Update {
    /// The check's name
    #[arg(value_parser = name)]
    name: Name,
    /// A file with what changes, as the server's own files have it; - is standard input
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["rename", "unset", "Keys"])]
    file: Option<PathBuf>,
    /// Its new name; the old address still leads to it
    #[arg(long, value_name = "NAME", value_parser = name)]
    rename: Option<Name>,
    /// A key to take away; may be repeated
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
    #[command(flatten)]
    keys: Keys,
}

impl Create {
    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_>) -> Result<(), Trouble> {
        let mut checks = match &self.file {
            Some(file) => descriptions(file)?,
            None => vec![self.keys.words()?],
        };
        for check in &mut checks {
            if let Some(name) = &self.name {
                check.insert("name".to_owned(), name.as_str().into());
            }
            if self.paused {
                check.insert("paused".to_owned(), true.into());
            }
            // A key that is taken away was never there.
            check.retain(|_, value| !value.is_null());
            if let Some(Value::Object(labels)) = check.get_mut("labels") {
                labels.retain(|_, value| !value.is_null());
            }
            let made = client
                .call(ApiCall {
                    method: Method::POST,
                    path: &["checks"],
                    query: &[],
                    body: Some(body(check)),
                })
                .await;
            let made = made.map_err(|trouble| named(trouble, check))?;
            let name = text(&made["name"]);
            let said = match made["ping_url"].as_str() {
                Some(url) => format!("{name} is made; its job pings {url}"),
                None => format!("{name} is made; `punctual report {name}` says whether it holds"),
            };
            out.said(&made, &said)?;
        }
        Ok(())
    }
}

impl Update {
    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_>) -> Result<(), Trouble> {
        let mut patch = match &self.file {
            Some(file) => one(file)?,
            None => self.keys.words()?,
        };
        if let Some(name) = &self.rename {
            patch.insert("name".to_owned(), name.as_str().into());
        }
        patch.extend(self.unset.iter().map(|key| (key.clone(), Value::Null)));
        if patch.is_empty() {
            let why = "say what changes: --grace 10m, --set KEY=VALUE, --unset KEY, -f FILE, …";
            return Err(Trouble::NotAsked(why.to_owned()));
        }
        let path = self.name.as_str();
        let changed = client
            .about(path, ApiCall { method: Method::PATCH, path: &[], query: &[], body: Some(body(&patch)) })
            .await?;
        out.said(&changed, &format!("{} is changed", text(&changed["name"])))
    }
}

impl Keys {
    /// The keys that are said, in the words of the API. A schedule takes the place of the one before.
    fn words(&self) -> Result<Map<String, Value>, Trouble> {
        let mut words = Map::new();
        if self.every.is_some() {
            words.extend(["cron", "timezone", "periods"].map(|key| (key.to_owned(), Value::Null)));
        }
        if self.cron.is_some() {
            words.extend(["every", "periods"].map(|key| (key.to_owned(), Value::Null)));
        }
        words.extend(json!(self).as_object_mut().map(std::mem::take).unwrap_or_default());
        if !self.labels.is_empty() {
            let label = |(name, value): &(String, String)| {
                (name.clone(), if value.is_empty() { Value::Null } else { value.as_str().into() })
            };
            words.insert("labels".to_owned(), Value::Object(self.labels.iter().map(label).collect()));
        }
        for (key, value) in &self.others {
            let value = match value.starts_with(['[', '{']) {
                true => read_value(value).map_err(|why| Trouble::NotAsked(format!("--set {key}: {why}")))?,
                false => value.as_str().into(),
            };
            words.insert(key.clone(), value);
        }
        Ok(words)
    }
}

fn body(check: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(check).expect("a map of texts is JSON")
}

/// Which one of several it was.
fn named(trouble: Trouble, check: &Map<String, Value>) -> Trouble {
    match (trouble, check.get("name").or_else(|| check.get("title"))) {
        (Trouble::Refused { status, why, detail }, Some(Value::String(name))) => {
            Trouble::Refused { status, why: format!("{name}: {why}"), detail }
        }
        (trouble, _) => trouble,
    }
}

fn descriptions(file: &Path) -> Result<Vec<Map<String, Value>>, Trouble> {
    let checks = read_descriptions(&read(file, MAX_DESCRIPTIONS_BYTES)?);
    checks.map_err(|why| Trouble::NotAsked(format!("{}:{why}", file.display())))
}

fn one(file: &Path) -> Result<Map<String, Value>, Trouble> {
    let mut checks = descriptions(file)?;
    match (checks.pop(), checks.len()) {
        (Some(check), 0) => Ok(check),
        (_, rest) => {
            let count = if rest == 0 { 0 } else { rest + 1 };
            Err(Trouble::NotAsked(format!("{}: one check is changed at a time, not {count}", file.display())))
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("this is a name and a value, with = between them")?;
    Ok((name.to_owned(), value.to_owned()))
}
