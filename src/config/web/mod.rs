//! The file of `--web.config.file` (23.9): in the format of Prometheus' exporters, TLS, headers, people and a rate limit.

mod anybody;
mod options;
mod sans;
mod tls;

use std::path::Path;

use bcrypt::HashParts;

use super::keys;
use crate::core::secret::Secret;
use crate::core::time::Span;
use crate::yaml::fault::quote;
use crate::yaml::fields::Fields;
use crate::yaml::inputs::MAX_FILE_BYTES;
use crate::yaml::loader::Loader;
use crate::yaml::section::NAME;

pub use tls::ServerTls;

/// The dearest hash of a password: each more takes twice as long, and this takes seconds.
const MAX_COST: u32 = 16;
const MIN_COST: u32 = 4;
/// The most people.
const MAX_PEOPLE: usize = 1000;

/// How the network is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Web {
    /// `None`: without TLS.
    pub tls: Option<ServerTls>,
    /// Headers of every answer, by name.
    pub headers: Vec<(&'static str, String)>,
    /// `None`: as many requests as come are answered.
    pub rate_limit: Option<RateLimit>,
    /// Who may come in by a name and a password.
    pub people: Vec<PersonHash>,
}

/// How many requests are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Never 0.
    pub interval: Span,
    /// So many at once, after a time without any.
    pub burst: u32,
}

/// Somebody, and the bcrypt hash of their password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonHash {
    /// Unique.
    pub name: String,
    /// A valid one.
    pub hash: Secret,
}

/// Reads the file. Its paths are relative to it.
pub(super) fn web(loader: &mut Loader, path: &Path) -> Option<Web> {
    loader.inputs.name(path, MAX_FILE_BYTES);
    let shown = path.to_string_lossy();
    let at = loader.log.file(&shown);
    let bytes = loader.file(at, path)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let main_folder = std::mem::replace(&mut loader.folder, folder);
    let web = loader.document(at, (&bytes[..], "tls_server_config"), |loader, root| {
        let fields = Fields::open(root?, &keys::WEB, &mut loader.log)?;
        Some(sections(loader, &fields))
    });
    loader.folder = main_folder;
    web
}

fn sections(loader: &mut Loader, web: &Fields<'_>) -> Web {
    let tls = web.map(&mut loader.log, "tls_server_config").and_then(|fields| tls::read(loader, &fields));
    let http = web.map(&mut loader.log, "http_server_config");
    let headers = http.and_then(|http| {
        // It is taken, so that one file is good for all exporters of a machine.
        http.flag(&mut loader.log, "http2");
        http.map(&mut loader.log, "headers")
    });
    Web {
        tls,
        headers: headers.map(|fields| self::headers(loader, &fields)).unwrap_or_default(),
        rate_limit: web.map(&mut loader.log, "rate_limit").and_then(|fields| rate_limit(loader, &fields)),
        people: people(loader, web),
    }
}

fn headers(loader: &mut Loader, fields: &Fields<'_>) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    for name in ["Content-Security-Policy", "X-XSS-Protection", "Strict-Transport-Security"] {
        let Some(value) = fields.text(&mut loader.log, name) else { continue };
        if value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            headers.push((name, value.to_owned()));
        } else {
            loader.log.fault(fields.at_value(name), format!("`{name}` is a header: plain ASCII"));
        }
    }
    for name in ["X-Frame-Options", "X-Content-Type-Options"] {
        headers.extend(fields.one_of(&mut loader.log, name).map(|word| (name, word.to_owned())));
    }
    headers
}

fn rate_limit(loader: &mut Loader, fields: &Fields<'_>) -> Option<RateLimit> {
    let interval = fields.duration(&mut loader.log, "interval")?;
    let burst = fields.whole(&mut loader.log, "burst").and_then(|burst| u32::try_from(burst).ok());
    Some(RateLimit { interval, burst: burst.unwrap_or(1) }).filter(|limit| limit.interval > Span::ZERO)
}

fn people(loader: &mut Loader, web: &Fields<'_>) -> Vec<PersonHash> {
    let mut people = Vec::new();
    for (name, at, hash) in web.by_name(&mut loader.log, "basic_auth_users") {
        match problem_of(name, hash) {
            Some(problem) => loader.log.fault(at, problem),
            None => people.push(PersonHash { name: name.to_owned(), hash: Secret::new(hash) }),
        }
    }
    if people.len() > MAX_PEOPLE {
        let message = format!("`basic_auth_users` has at most {MAX_PEOPLE} names");
        loader.log.fault(web.at_value("basic_auth_users"), message);
    }
    people
}

/// No part of a hash is shown: it may be a password.
fn problem_of(name: &str, hash: &str) -> Option<String> {
    // A browser sends both with a colon between.
    if name.len() > NAME || name.contains(|c: char| c == ':' || c.is_control()) || name.trim() != name {
        return Some(format!(
            "{} is no name: one line of at most {NAME} bytes, without a colon",
            quote(name)
        ));
    }
    match hash.parse::<HashParts>() {
        Err(_) => Some(format!(
            "the password of {} is no bcrypt hash: `htpasswd -nBC 10 NAME` makes one",
            quote(name)
        )),
        Ok(parts) if parts.get_cost() > MAX_COST => Some(format!(
            "the hash of {} has the cost {}: that takes minutes at each sign-in, take at most {MAX_COST}",
            quote(name),
            parts.get_cost()
        )),
        // The library that verifies takes no lower one: nobody could sign in.
        Ok(parts) if parts.get_cost() < MIN_COST => Some(format!(
            "the hash of {} has the cost {}: bcrypt takes {MIN_COST} to {MAX_COST}",
            quote(name),
            parts.get_cost()
        )),
        Ok(_) => None,
    }
}
