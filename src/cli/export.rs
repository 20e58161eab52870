//! `punctual export`: the checks that were made through the API, as YAML for a file that takes them over.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::client::Client;
use super::server::{self, ServerArgs};
use super::table::plain_json;
use super::trouble::Trouble;
use crate::config::words_of;
use crate::core::check::Source;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// Which server.
#[derive(clap::Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct ExportArgs {
    /// Ask no server: read the database in this folder, whose server is stopped
    #[arg(long = "storage.path", value_name = "FOLDER")]
    storage_path: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Writes the YAML. A file that declares a check takes it over, with its history.
pub(super) async fn run(args: &ExportArgs, out: &mut dyn Write) -> Result<(), Trouble> {
    let definitions = match &args.storage_path {
        Some(folder) => of_folder(folder)?,
        None => of_server(&args.server).await?,
    };
    if definitions.is_empty() {
        writeln!(out, "checks: []")?;
        return Ok(());
    }
    writeln!(out, "checks:")?;
    for definition in definitions {
        writeln!(out, "  - {}", line(&definition))?;
    }
    Ok(())
}

async fn of_server(args: &ServerArgs) -> Result<Vec<Map<String, Value>>, Trouble> {
    let way = Client::new(args)?;
    let mut definitions = Vec::new();
    let listed = way.each("checks", &[("source", "api")], |check| {
        definitions.extend(check["definition"].as_object().cloned());
        Ok(true)
    });
    listed.await?;
    Ok(definitions)
}

fn of_folder(folder: &Path) -> Result<Vec<Map<String, Value>>, Trouble> {
    let shown = folder.display();
    let none = |why: &str| Trouble::NotAsked(format!("{shown}: {why}"));
    // None is made for nothing.
    if !folder.join("punctual.db").exists() {
        return Err(none("there is no database: --storage.path names its folder"));
    }
    let store = SqliteStore::open_unless_held(folder).map_err(|error| none(&error.to_string()))?;
    let Some(store) = store else {
        return Err(none("a server is running on it: stop it, or ask it with --server in place of this"));
    };
    let directory = store.live().directory();
    let made = directory.checks.iter().filter(|check| check.definition.source == Source::Api);
    Ok(made.map(|check| words_of(&check.definition).into_object()).collect())
}

/// JSON, which is YAML too; the names come first.
fn line(definition: &Map<String, Value>) -> String {
    let is_name = |key: &str| matches!(key, "name" | "title");
    let names = ["name", "title"].into_iter().filter_map(|key| definition.get_key_value(key));
    let rest = definition.iter().filter(|(key, _)| !is_name(key));
    let said = names.chain(rest).filter_map(|(key, value)| Some((key, as_a_file_says(key, value)?)));
    let pairs: Vec<String> =
        said.map(|(key, value)| format!("{}: {value}", Value::from(key.as_str()))).collect();
    plain_json(&format!("{{{}}}", pairs.join(", ")))
}

/// Free text as a file may have it: users of other systems may have said nothing but blanks, or control characters.
fn as_a_file_says(key: &str, value: &Value) -> Option<Value> {
    let (true, Some(text)) = (matches!(key, "title" | "description"), value.as_str()) else {
        return Some(value.clone());
    };
    let is_allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    let text: String =
        text.replace("\r\n", "\n").chars().map(|c| if is_allowed(c) { c } else { ' ' }).collect();
    (!text.trim().is_empty()).then(|| Value::from(text))
}
