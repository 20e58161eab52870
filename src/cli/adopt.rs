//! `punctual adopt`: names that are pinged and that no check has, and the file that declares them.

use std::io::{self, Write};

use clap::Args;
use serde_json::Value;

use super::client::{ApiCall, Client};
use super::flags::Who;
use super::server;
use super::table::{plain, text};
use super::trouble::Trouble;
use super::way::Listing;

/// Which names, and what becomes of them.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct AdoptArgs {
    /// Names that were pinged; without any, all that no check has
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Forget these names until they are pinged again, instead of writing what declares them
    #[arg(long, requires = "names")]
    forget: bool,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    shown: Listing,
}

impl AdoptArgs {
    /// Writes the file, or has names forgotten.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        let client = self.shown.client()?;
        if self.forget {
            return self.have_forgotten(&client).await;
        }
        let mut answer = client.call(ApiCall::get(&["unknown-names"])).await?;
        let Value::Array(mut known) = answer["unknown_names"].take() else {
            return Err(Trouble::NotAsked("the answer is no list of names: is this punctual?".to_owned()));
        };
        let is_named = |known: &Value, name: &String| known["name"] == **name;
        if let Some(name) = self.names.iter().find(|name| !known.iter().any(|known| is_named(known, name))) {
            let why = format!("no name `{}` was pinged that no check has", plain(name));
            return Err(Trouble::Declined(why));
        }
        known.retain(|known| self.names.is_empty() || self.names.iter().any(|name| is_named(known, name)));
        if self.shown.wrote_json("unknown_names", &known)? {
            return Ok(());
        }
        write(&known)
    }

    async fn have_forgotten(&self, client: &Client) -> Result<(), Trouble> {
        for name in &self.names {
            let query = [("by", self.who.by.as_str())];
            client.call(ApiCall { query: &query, ..ApiCall::delete(&["unknown-names", name]) }).await?;
            writeln!(io::stdout(), "{} is forgotten until it is pinged again", plain(name))?;
        }
        Ok(())
    }
}

/// A file on standard output; what cannot stand in it is said beside it.
fn write(known: &[Value]) -> Result<(), Trouble> {
    let mut lines = String::new();
    for known in known {
        let Some(item) = known["yaml"].as_str() else {
            eprintln!(
                "punctual: no check can be called {}: {}",
                plain(&text(&known["name"])),
                plain(&text(&known["why_not"]))
            );
            continue;
        };
        let [count, first, last, source] =
            ["count", "first_at", "last_at", "source"].map(|key| plain(&text(&known[key])));
        let pings = if count == "1" { "ping" } else { "pings" };
        lines += &format!("  # {count} {pings}, {first} to {last}, from {source}\n  {}\n", plain(item));
    }
    if lines.is_empty() {
        eprintln!("punctual: no name was pinged that a check could have and none has");
        return Ok(());
    }
    Ok(write!(io::stdout(), "checks:\n{lines}")?)
}
