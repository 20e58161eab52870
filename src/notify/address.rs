//! Finds addresses that can never be reached, or not in this way, when a file is read: otherwise the first page that
//! never leaves would show it.

use std::net::IpAddr;

use reqwest::Url;

use crate::yaml::fault::{At, quote};
use crate::yaml::loader::Loader;

/// What is wrong with an HTTP address; `None` if it may be right.
pub(crate) fn problem(url: &str) -> Option<String> {
    let url = match Url::parse(url) {
        Ok(url) => url,
        Err(error) => {
            return Some(format!("is no address ({error}): write it as in https://example.org/path"));
        }
    };
    let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else {
        return Some("does not begin with https:// or http:// and a host".to_owned());
    };
    if url.port() == Some(0) {
        return Some("names the port 0, at which nobody listens".to_owned());
    }
    problem_of_host(host).map(|problem| format!("names a host that {problem}"))
}

/// Why nobody can connect to this host, whatever the name servers say.
pub fn problem_of_host(host: &str) -> Option<&'static str> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) if ip.is_broadcast() => Some("is every machine at once: none of them answers"),
        Ok(ip) if ip.is_multicast() => Some("is many machines at once: none of them answers"),
        Ok(_) => None,
        Err(_) => {
            let name = bare.strip_suffix('.').unwrap_or(bare);
            let is_bad = |part: &str| part.is_empty() || part.len() > 63;
            let what = "has no name of a host: its parts, between dots, have 1 to 63 letters, and all of it 253 at most";
            (name.len() > 253 || name.split('.').any(is_bad)).then_some(what)
        }
    }
}

/// Says if the port usually speaks another protocol than the address.
fn mismatch(url: &str) -> Option<&'static str> {
    let url = Url::parse(url).ok()?;
    match (url.scheme(), url.port()?) {
        ("http", 443) => Some("port 443 speaks TLS: write `https://`"),
        ("https", 80) => Some("port 80 begins in the clear: write `http://`"),
        _ => None,
    }
}

/// Whether this is an HTTP address. A fault shows the address only if `shown`.
pub(crate) fn http_url(loader: &mut Loader, key: &str, at: At, url: &str, shown: bool) -> bool {
    let has_password = reqwest::Url::parse(url).is_ok_and(|url| url.password().is_some());
    let problem = match problem(url) {
        None if shown && has_password => {
            "has a password in it, which would show in logs: use `basic_auth` of `http_config`".to_owned()
        }
        None => {
            if let Some(mismatch) = mismatch(url) {
                let place = loader.log.show(at);
                loader.log.warn(format!("{place}: `{key}`: {mismatch}"));
            }
            return true;
        }
        Some(problem) => problem,
    };
    let shown = if shown && !url.contains('@') { format!(" {}", quote(url)) } else { String::new() };
    loader.log.fault(at, format!("`{key}`{shown} {problem}"));
    false
}
