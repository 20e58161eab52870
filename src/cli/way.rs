//! Which way a server is asked: over the network, or at the socket beside its database. Both answer the same.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::client::{ApiCall, Client};
use super::flags::Output;
use super::server::ServerArgs;
use super::table::shown_json;
use super::trouble::Trouble;

/// Those of these options that were given, as the API is asked.
pub(super) fn given<'a, const N: usize>(
    options: [(&'static str, &'a Option<String>); N],
) -> impl Iterator<Item = (&'static str, &'a str)> {
    options.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
}

/// Items of a page.
const PAGE: &str = "500";

/// Where the control socket is, for a command that may also ask over the network.
#[derive(clap::Args, Debug)]
pub(super) struct SocketArgs {
    /// Ask at the socket in the folder of the server's database, without any token [env: PUNCTUAL_STORAGE_PATH]. What stands on
    /// the command line goes before the environment, and there PUNCTUAL_URL before PUNCTUAL_STORAGE_PATH
    #[arg(long = "storage.path", global = true, value_name = "FOLDER", help_heading = "Server")]
    storage_path: Option<PathBuf>,
}

impl SocketArgs {
    /// The folder that is named, if that is the way.
    fn before(&self, server: &ServerArgs) -> Option<PathBuf> {
        let named = |folder: &PathBuf| !folder.as_os_str().is_empty();
        if let Some(folder) = self.storage_path.clone().filter(named) {
            return (!server.is_named_on_the_line()).then_some(folder);
        }
        let folder = std::env::var_os("PUNCTUAL_STORAGE_PATH").map(PathBuf::from).filter(named);
        folder.filter(|_| !server.is_named())
    }
}

/// Which server is asked, and by which way.
#[derive(clap::Args, Debug)]
pub(super) struct WhichServer {
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl WhichServer {
    /// Whether the command line names one, whatever the environment says.
    pub(super) fn is_named_on_the_line(&self) -> bool {
        self.socket.storage_path.is_some() || self.server.is_named_on_the_line()
    }

    /// Without a word the server that the user's settings name, else the socket where a server of this folder would have it.
    pub(super) fn client(&self) -> Result<Client, Trouble> {
        let is_told = self.socket.before(&self.server).is_some() || self.server.is_named();
        let folder = (is_told || !self.server.is_in_settings()?).then_some(Path::new("data"));
        choose(&self.server, &self.socket, folder)
    }
}

/// As the command line and the environment say; if they say nothing, the socket in `folder`, or without one what the user's
/// settings say.
pub(super) fn choose(
    server: &ServerArgs,
    socket: &SocketArgs,
    folder: Option<&Path>,
) -> Result<Client, Trouble> {
    let unless_named = folder.filter(|_| !server.is_named()).map(Path::to_owned);
    match socket.before(server).or(unless_named) {
        Some(folder) => Client::at_socket(&folder, server.verbose),
        None => Client::new(server),
    }
}

/// How a listing is written, and whom it asks.
#[derive(clap::Args, Debug)]
pub(super) struct Listing {
    /// How it is written: json is what the API answers
    #[arg(long, short, value_enum, default_value_t)]
    pub(super) output: Output,
    #[command(flatten)]
    server: WhichServer,
}

impl Listing {
    /// Whom to ask.
    pub(super) fn client(&self) -> Result<Client, Trouble> {
        self.server.client()
    }

    /// Whether it was written as JSON: the items of a list, all that were asked for.
    pub(super) fn wrote_json(&self, list: &str, items: &[Value]) -> Result<bool, Trouble> {
        if self.output != Output::Json {
            return Ok(false);
        }
        let page = json!({list: items, "next_cursor": null});
        writeln!(io::stdout(), "{}", shown_json(&page))?;
        Ok(true)
    }
}

impl Client {
    /// So many items of a list that fit; it is said if there are more.
    pub(super) async fn first(
        &self,
        list: &str,
        filters: &[(&str, &str)],
        limit: usize,
    ) -> Result<Vec<Value>, Trouble> {
        let (mut items, mut is_cut) = (Vec::new(), false);
        let listed = self.each(list, filters, |item| {
            is_cut = items.len() == limit;
            items.extend((!is_cut).then(|| item.clone()));
            Ok(!is_cut)
        });
        listed.await?;
        if is_cut {
            eprintln!("punctual: there are more than these {limit}: --limit");
        }
        Ok(items)
    }

    /// Every item of a list that fits, page by page, until there is no more or `take` says that it is enough.
    pub(super) async fn each(
        &self,
        list: &str,
        filters: &[(&str, &str)],
        mut take: impl FnMut(&Value) -> Result<bool, Trouble>,
    ) -> Result<(), Trouble> {
        let mut cursor: Option<String> = None;
        loop {
            let mut query = [filters, &[("limit", PAGE)]].concat();
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let mut page = self.call(ApiCall { query: &query, ..ApiCall::get(&[list]) }).await?;
            let Some(items) = page[list].as_array() else {
                return Err(Trouble::NotAsked(format!("the answer is no list of {list}: is this punctual?")));
            };
            for item in items {
                if !take(item)? {
                    return Ok(());
                }
            }
            match page["next_cursor"].take() {
                // A server that leads back would be asked for ever.
                Value::String(next) if leads_on(cursor.as_deref(), &next) => cursor = Some(next),
                _ => return Ok(()),
            }
        }
    }
}

/// Names go up, numbers go down.
fn leads_on(cursor: Option<&str>, next: &str) -> bool {
    let Some(cursor) = cursor else { return !next.is_empty() };
    match (cursor.parse::<u64>(), next.parse::<u64>()) {
        (Ok(cursor), Ok(next)) => next < cursor,
        _ => next > cursor,
    }
}
