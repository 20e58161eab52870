//! Flags that several commands have.

use std::path::PathBuf;

use crate::core::check::Name;

/// Where a server's database is, for every command that needs it: its control socket is there as well.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct StorageFolder {
    /// The folder of the server's database [env: PUNCTUAL_STORAGE_PATH] [default: data]
    #[arg(long = "storage.path", value_name = "FOLDER", default_value_os_t = usual_folder(), hide_default_value = true)]
    pub(super) storage_path: PathBuf,
}

/// The library would name an option in each line of usage whose variable is set, as if it were required.
fn usual_folder() -> PathBuf {
    std::env::var_os("PUNCTUAL_STORAGE_PATH").map_or_else(|| PathBuf::from("data"), PathBuf::from)
}

/// Who says something at run time.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Who {
    /// Who says so [default: $USER, else $LOGNAME, else the number of the user]
    #[arg(long, value_name = "WHO", default_value_t = who_asks(), hide_default_value = true)]
    pub(super) by: String,
}

/// Services and containers have neither variable; what is said at run time has an author all the same.
pub(super) fn who_asks() -> String {
    let named = ["USER", "LOGNAME"].iter().filter_map(|name| std::env::var(name).ok());
    let mut named = named.filter(|name| !name.is_empty());
    named.next().unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// A check's name: what is none is no part of an address either.
pub(super) fn name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}
