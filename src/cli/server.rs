//! Which server a command asks, and with which token: from the command line, the environment, or the user's own
//! settings. A token never stands on the command line, for everybody on the machine sees a process list.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::trouble::Trouble;
use crate::config::{ClientSettings, read_client_settings};
use crate::core::secret::Secret;

/// Where a server listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:19099";
/// The largest file of settings, in bytes; also of a token.
const MAX_BYTES: u64 = 64 * 1024;

/// Which server.
#[derive(clap::Args, Debug)]
pub(super) struct ServerArgs {
    /// Where the server listens [env: PUNCTUAL_URL] [default: what cli.yaml says, or http://127.0.0.1:19099]
    #[arg(long, global = true, value_name = "URL", help_heading = "Server")]
    server: Option<String>,
    /// A file with the token, where the server asks for one; else PUNCTUAL_TOKEN has it, or PUNCTUAL_TOKEN_FILE
    /// names its file, or cli.yaml
    #[arg(long, global = true, value_name = "FILE", help_heading = "Server")]
    token_file: Option<PathBuf>,
    /// Say on standard error what is asked, and how it is answered
    #[arg(long, short, global = true, help_heading = "Server")]
    pub(super) verbose: bool,
}

/// What there is to know about the user's settings, for `--help`.
pub(super) const HELP: &str = "\
Which server, and who you are, can stand in $XDG_CONFIG_HOME/punctual/cli.yaml (~/.config/punctual/cli.yaml):
  server: https://punctual.example.org
  token_file: token    # beside it; it goes to this server and to no other

Exit status: 0 it is done; 1 the server says no; 2 it was not asked, or did not answer";

/// A server, and what it is shown.
#[derive(Debug)]
pub(super) struct ChosenServer {
    /// http or https, without query or password.
    pub(super) url: Url,
    pub(super) token: Option<BearerToken>,
    /// Why a token that is there is not sent.
    pub(super) unsent: Option<String>,
    /// Where the user's settings are, or would be.
    pub(super) settings: Option<PathBuf>,
    /// The folder of its database, where it is asked at the socket.
    pub(super) folder: Option<PathBuf>,
}

/// A token, or a key for pings.
#[derive(Clone, Debug)]
pub(super) struct BearerToken {
    secret: Secret,
    /// Where it comes from, for people.
    pub(super) origin: String,
}

impl ServerArgs {
    /// Whether the command line or the environment names a server.
    pub(super) fn is_named(&self) -> bool {
        self.named().is_some()
    }

    /// Whether the user's settings name one.
    pub(super) fn is_in_settings(&self) -> Result<bool, Trouble> {
        let Some(path) = settings_path() else { return Ok(false) };
        Ok(read_settings(&path)?.server.is_some())
    }

    /// A variable that is there and empty says nothing, but a script's `--server "$URL"` without a URL is a slip. The library
    /// would name the option in each line of usage whose variable is set, as if it were required.
    fn named(&self) -> Option<String> {
        let of_environment = || std::env::var("PUNCTUAL_URL").ok().filter(|url| !url.is_empty());
        self.server.clone().or_else(of_environment)
    }

    /// Whether the command line does, whatever the environment says.
    pub(super) fn is_named_on_the_line(&self) -> bool {
        self.server.is_some()
    }

    /// Which server, and with which token.
    pub(super) fn resolve(&self) -> Result<ChosenServer, Trouble> {
        let path = settings_path();
        let (settings, folder) = match &path {
            Some(path) => (read_settings(path)?, path.parent().unwrap_or(Path::new(""))),
            None => (ClientSettings::default(), Path::new("")),
        };
        let home = match &settings.server {
            Some(server) => parse_url(server, "`server` in cli.yaml")?,
            None => parse_url(DEFAULT_URL, "the default")?,
        };
        let url = match self.named() {
            Some(server) => parse_url(&server, "--server (or PUNCTUAL_URL)")?,
            None => home.clone(),
        };
        let mut server =
            ChosenServer { url, token: self.token()?, unsent: None, settings: path.clone(), folder: None };
        let has_own = settings.token.is_some() || settings.token_file.is_some();
        if server.token.is_none() && has_own {
            if server.url.origin() == home.origin() {
                server.token = own_token(settings, folder)?;
            } else {
                let home = home.origin().ascii_serialization();
                server.unsent = Some(format!("the token in cli.yaml is for {home}, and was not sent"));
            }
        }
        Ok(server)
    }

    fn token(&self) -> Result<Option<BearerToken>, Trouble> {
        match &self.token_file {
            Some(file) => BearerToken::of_file(file).map(Some),
            None => BearerToken::of_environment("PUNCTUAL_TOKEN"),
        }
    }
}

impl ChosenServer {
    /// The one at the socket in the folder of its database.
    pub(super) fn at_socket(folder: &Path) -> ChosenServer {
        let url = Url::parse("http://localhost").expect("it is a URL");
        ChosenServer { url, token: None, unsent: None, settings: None, folder: Some(folder.to_owned()) }
    }

    /// Whether this is a way to another machine that anybody on it can read.
    pub(super) fn is_in_the_clear(&self) -> bool {
        self.url.scheme() == "http" && !self.is_local()
    }

    /// Whether it is on this machine.
    pub(super) fn is_local(&self) -> bool {
        is_here(&self.url)
    }
}

/// Whether a URL leads to this machine.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl BearerToken {
    /// As the environment gives it: the text itself, or its file's name in the variable with `_FILE` behind it.
    pub(super) fn of_environment(variable: &str) -> Result<Option<BearerToken>, Trouble> {
        let get = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(text) = get(variable) {
            let text = text.into_string().unwrap_or_default();
            return BearerToken::new(&text, variable.to_owned()).map(Some);
        }
        get(&format!("{variable}_FILE")).map(|file| BearerToken::of_file(Path::new(&file))).transpose()
    }

    fn of_file(path: &Path) -> Result<BearerToken, Trouble> {
        let origin = format!("the file {}", path.display());
        let unreadable = |error| Trouble::NotAsked(format!("the token in {origin}: {error}"));
        let mut file = File::open(path).map_err(unreadable)?;
        let text = read_bounded(&mut file).map_err(unreadable)?;
        BearerToken::new(&String::from_utf8_lossy(&text), origin)
    }

    fn new(text: &str, origin: String) -> Result<BearerToken, Trouble> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let what = if text.is_empty() { "empty" } else { "no token: it is one word of ASCII" };
            return Err(Trouble::NotAsked(format!("{origin} is {what}")));
        }
        Ok(BearerToken { secret: Secret::new(text), origin })
    }

    /// For the header `Authorization`; no log shows it.
    pub(super) fn bearer(&self) -> HeaderValue {
        let text = format!("Bearer {}", self.secret.expose());
        let mut value = HeaderValue::from_str(&text).expect("a token is one word of visible ASCII");
        value.set_sensitive(true);
        value
    }
}

/// The token of the user's settings; its file is relative to theirs. One that a container is given may be open to all
/// in it, so that only the user's own is warned of.
fn own_token(settings: ClientSettings, folder: &Path) -> Result<Option<BearerToken>, Trouble> {
    match (settings.token, settings.token_file) {
        (Some(token), _) => BearerToken::new(token.expose(), "the `token` in cli.yaml".to_owned()).map(Some),
        (None, Some(file)) => {
            let path = folder.join(file);
            if File::open(&path).is_ok_and(|file| is_open_to(&file, 0o077)) {
                let shown = path.display();
                eprintln!(
                    "punctual: warning: others on this machine can read the token in {shown}: chmod 600"
                );
            }
            BearerToken::of_file(&path).map(Some)
        }
        (None, None) => Ok(None),
    }
}

/// `$XDG_CONFIG_HOME/punctual/cli.yaml`, as the XDG Base Directory Specification has it.
fn settings_path() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))?;
    Some(config.join("punctual").join("cli.yaml"))
}

/// A longer file is refused, not cut: a part of a token is another token.
fn read_bounded(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(std::io::Error::other(format!("it has more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

fn read_settings(path: &Path) -> Result<ClientSettings, Trouble> {
    let shown = path.display();
    let mut file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(ClientSettings::default()),
        opened => opened.map_err(|error| Trouble::NotAsked(format!("{shown}: {error}")))?,
    };
    let bytes = read_bounded(&mut file).map_err(|error| Trouble::NotAsked(format!("{shown}: {error}")))?;
    let settings =
        read_client_settings(&bytes).map_err(|error| Trouble::NotAsked(format!("{shown}: {error}")))?;
    if settings.token.is_some() && is_open_to(&file, 0o077) {
        let what = "holds a token, and others on this machine can read it: chmod 600, and make a new token";
        return Err(Trouble::NotAsked(format!("{shown} {what}")));
    }
    Ok(settings)
}

/// Whether it is a file that somebody may read whom these bits of its permissions mean.
fn is_open_to(file: &File, others: u32) -> bool {
    file.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & others & 0o444 != 0)
}

/// The error does not show the text: it may hold a password.
fn parse_url(text: &str, origin: &str) -> Result<Url, Trouble> {
    let bad = |why: &str| Trouble::NotAsked(format!("{origin}: {why}"));
    let text = text.trim();
    // `localhost:1` is a URL of the scheme `localhost`. What goes to this machine is plain HTTP; whether what goes to another
    // one is encrypted is not for us to guess.
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let no_url = "this is no URL: write it as http://HOST:PORT or https://HOST";
    let url = Url::parse(&whole).map_err(|_| bad(no_url))?;
    if whole != text && !is_here(&url) {
        return Err(bad(no_url));
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(bad("this is no URL of a server: write it as http://HOST:PORT"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("leave the name and the password out of it: a token says who you are"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("leave out what begins with ? or #"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_server_s_and_an_error_does_not_show_it() {
        let check = |text: &str, expected: Result<&str, &str>| match (parse_url(text, "--server"), expected) {
            (Ok(url), Ok(expected)) => assert_eq!(url.as_str(), expected),
            (Err(Trouble::NotAsked(why)), Err(expected)) => {
                assert!(why.contains(expected) && !why.contains("s3cret"), "{text}: {why}");
            }
            (parsed, _) => panic!("{text}: {parsed:?}"),
        };
        check("http://127.0.0.1:19099", Ok("http://127.0.0.1:19099/"));
        check(" https://x.example/punctual ", Ok("https://x.example/punctual"));
        check("127.0.0.1:1", Ok("http://127.0.0.1:1/"));
        check("localhost:19099", Ok("http://localhost:19099/"));
        check("[::1]:19099/punctual", Ok("http://[::1]:19099/punctual"));
        check("punctual.example.org", Err("http://HOST:PORT or https://HOST"));
        check("punctual.example.org:443", Err("http://HOST:PORT or https://HOST"));
        check("10.0.0.1:19099", Err("http://HOST:PORT or https://HOST"));
        check("localhost:s3cret", Err("no URL"));
        check("", Err("no URL"));
        check("unix:/s3cret", Err("no URL"));
        check("https://me:s3cret@x.example", Err("leave the name and the password out"));
        check("https://x.example/?token=s3cret", Err("leave out what begins with ?"));
    }

    #[test]
    fn only_plain_http_to_another_machine_is_in_the_clear() {
        let check = |url: &str, expected: bool| {
            let url = parse_url(url, "--server").expect("it is right");
            let server = ChosenServer { url, token: None, unsent: None, settings: None, folder: None };
            assert_eq!(server.is_in_the_clear(), expected, "{}", server.url);
        };
        check("http://127.0.0.1:1", false);
        check("http://127.9.9.9", false);
        check("http://[::1]:1", false);
        check("http://localhost:1", false);
        check("https://x.example", false);
        check("http://x.example", true);
        check("http://127.0.0.1.x.example", true);
        check("http://10.0.0.1", true);
    }
}
