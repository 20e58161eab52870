//! Finds addresses that can never be reached, or not in this way, when a file is read: otherwise the first page that
//! never leaves would show it.

use std::net::IpAddr;

use lettre::message::Mailbox;
use reqwest::Url;

use crate::yaml::fault::{At, Log, quote};

/// What is wrong with an HTTP address; `None` if it may be right.
pub(super) fn problem(url: &str) -> Option<String> {
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

pub(super) fn check_address(at: At, text: &str, log: &mut Log) {
    if !is_mail_address(text) {
        let message =
            format!("{} is no mail address: write `a@example.org` or `Name <a@example.org>`", quote(text));
        log.fault(at, message);
    }
}

/// Whether a text is a mail address and is shown as it is. A name that looks encoded (RFC 2047) would be shown as
/// something else.
pub fn is_mail_address(text: &str) -> bool {
    !text.contains(char::is_control) && !text.contains("=?") && text.parse::<Mailbox>().is_ok()
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
pub(super) fn mismatch(url: &str) -> Option<&'static str> {
    let url = Url::parse(url).ok()?;
    match (url.scheme(), url.port()?) {
        ("http", 443) => Some("port 443 speaks TLS: write `https://`"),
        ("https", 80) => Some("port 80 begins in the clear: write `http://`"),
        _ => None,
    }
}

/// What is wrong with an Alertmanager's base address, to which the API's path is appended.
pub(super) fn problem_of_base(url: &str) -> Option<&'static str> {
    let url = Url::parse(url).ok()?;
    if url.query().is_some() || url.fragment().is_some() {
        return Some("is a base, behind which `/api/v2/alerts` goes: leave out what begins with `?` or `#`");
    }
    let path = url.path().trim_end_matches('/');
    let is_api =
        ["/api/v1", "/api/v2", "/api/v1/alerts", "/api/v2/alerts"].iter().any(|api| path.ends_with(api));
    is_api.then_some(
        "is a base, behind which `/api/v2/alerts` goes by itself: leave out what begins with `/api`",
    )
}

/// Whether an address is that of an ntfy topic. We send the settings in the body, so the address must have none.
pub(super) fn is_ntfy_topic(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let topic = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=64).contains(&topic.len())
        && topic.bytes().all(is_word)
        && url.query().is_none()
        && url.fragment().is_none()
}

/// The protocol that usually runs on this port, if it is not SMTP.
pub(super) fn other_than_smtp(port: u16) -> Option<&'static str> {
    match port {
        80 | 443 => Some("HTTP"),
        110 | 995 => Some("POP3"),
        143 | 993 => Some("IMAP"),
        _ => None,
    }
}
