//! Which way a server is asked what it knows: over HTTP, or over the control socket beside its database. Both answer the
//! same.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::client::Client;
use super::flags::Output;
use super::server::ServerArgs;
use super::socket;
use super::table::shown_json;
use super::trouble::Trouble;

/// Items of a page.
const PAGE: &str = "500";

/// A way.
pub(super) enum ServerWay {
    Http(Box<Client>),
    /// The folder of the database.
    Socket(PathBuf),
}

/// Where the control socket is, for a command that may also ask over HTTP.
#[derive(clap::Args, Debug)]
pub(super) struct SocketArgs {
    /// Ask over the control socket in the folder of the server's database, without any token. What stands on the command line
    /// goes before the environment, and there PUNCTUAL_URL before PUNCTUAL_STORAGE_PATH
    #[arg(
        long = "storage.path",
        env = "PUNCTUAL_STORAGE_PATH",
        hide_env_values = true,
        value_name = "FOLDER"
    )]
    storage_path: Option<PathBuf>,
}

impl SocketArgs {
    /// The folder that is named, if that is the way.
    fn before(&self, server: &ServerArgs) -> Option<&Path> {
        let folder = self.storage_path.as_deref().filter(|folder| !folder.as_os_str().is_empty())?;
        let by_environment = std::env::var_os("PUNCTUAL_STORAGE_PATH").is_some_and(|said| said == folder);
        let is_it = if by_environment { !server.is_named() } else { !server.is_named_on_the_line() };
        is_it.then_some(folder)
    }
}

/// How a listing is written, and whom it asks.
#[derive(clap::Args, Debug)]
pub(super) struct Listing {
    /// How it is written: json is what the API answers
    #[arg(long, short, value_enum, default_value_t)]
    pub(super) output: Output,
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl Listing {
    /// Without a word the socket where a server of this folder would have it.
    pub(super) fn way(&self) -> Result<ServerWay, Trouble> {
        ServerWay::choose(&self.server, &self.socket, Some(Path::new("data")))
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

impl ServerWay {
    /// As the command line and the environment say; if they say nothing, the socket in `folder`, or without one what the
    /// user's settings say.
    pub(super) fn choose(
        server: &ServerArgs,
        socket: &SocketArgs,
        folder: Option<&Path>,
    ) -> Result<ServerWay, Trouble> {
        let unless_named = folder.filter(|_| !server.is_named());
        match socket.before(server).or(unless_named) {
            Some(folder) => Ok(ServerWay::Socket(folder.to_owned())),
            None => Ok(ServerWay::Http(Box::new(Client::new(server)?))),
        }
    }

    /// What is at a path below `/api/v1`.
    pub(super) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Trouble> {
        match self {
            ServerWay::Http(client) => client.call(Method::GET, path, query, None).await,
            ServerWay::Socket(folder) => {
                let mut url = Url::parse("http://socket/api/v1").expect("it is a URL");
                url.path_segments_mut().expect("it has a path").extend(path);
                url.query_pairs_mut().extend_pairs(query);
                let query = url.query().unwrap_or_default();
                socket::get(folder, &format!("{}?{query}", url.path()))
            }
        }
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
            let mut page = self.get(&[list], &query).await?;
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
