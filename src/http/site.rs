//! Protects against requests that pages of other sites make a browser send. A server that only its own machine reaches is reached by that
//! machine's browsers, too: also under a name that a stranger made to lead here (DNS rebinding).

use std::net::IpAddr;

use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue, ORIGIN, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{StatusCode, Version};

use super::reply::{self, Reply};
use super::{App, decode};

/// Where a connection came from, and where to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// The peer's address; of a proxy that is trusted, that of whom it serves.
    pub(super) source: IpAddr,
    /// Its listener is reached from this machine alone.
    pub(super) on_loopback: bool,
    /// It came over the socket of the data folder: the user's number.
    pub(super) user: Option<u32>,
    /// It came by https.
    pub(super) is_secure: bool,
    /// A proxy that is trusted has sent it: its own word counts (23.5).
    pub(super) is_proxied: bool,
}

/// What a request does, as far as it matters which page had a browser send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It only reads; or it is a ping, which pages of any site may send (23.7).
    Open,
    /// It pings through another system's interface: links to it are followed, from mails and wikis.
    Triggers,
    /// It changes something.
    Changes,
    /// It is a form of a page of ours: browsers name the origin of each (23.4).
    Form,
}

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MAX_SHOWN: usize = 100;
const NOT_FROM_ANOTHER_SITE: &str = "not from another site: a page that is not punctual's own has sent this";
const TWO_MEANINGS: &str =
    "bad request: it has one `Host` (HTTP/1.1, RFC 9112), and `Transfer-Encoding` says `chunked` once\n";

/// Refuses what another server on the way might understand otherwise (RFC 9112, 3.2 and 6.1): no `Host` or several, chunks
/// in chunks. The connection ends with the answer.
pub(super) fn check_meaning(parts: &Parts) -> Result<(), Box<Reply>> {
    let hosts = parts.headers.get_all(HOST).iter().count();
    let right = hosts == 1 || (hosts == 0 && parts.version < Version::HTTP_11);
    let codings = parts.headers.get_all(TRANSFER_ENCODING);
    let chunked = |coding: &&[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
    let times = codings.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).filter(chunked);
    if right && times.count() <= 1 {
        return Ok(());
    }
    let mut reply = reply::text(StatusCode::BAD_REQUEST, TWO_MEANINGS);
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Err(Box::new(reply))
}

/// Refuses names that are not ours, where only this machine is asked for.
pub(super) fn check_host(app: &App, arrival: Arrival, parts: &Parts) -> Result<(), Box<Reply>> {
    let header = parts.headers.get(HOST).map(HeaderValue::as_bytes);
    let target = parts.uri.authority().map(|authority| authority.as_str().as_bytes());
    let mut hosts = header.into_iter().chain(target);
    let Some(host) = hosts.find(|host| !is_ours(host, &app.external_url)) else { return Ok(()) };
    let host = decode::shown(host, MAX_SHOWN);
    let text = match arrival.user {
        Some(_) => format!(
            "misdirected: at the socket of its folder this server is asked as localhost (curl --unix-socket … \
             http://localhost/…), and was asked as {host}\n"
        ),
        None => format!(
            "misdirected: this server listens for its own machine alone, as 127.0.0.1, ::1 or localhost, and was asked as \
             {host}. Where a proxy or a tunnel brings requests under this name, start with --web.external-url=http://{host} \
             (or https://)\n"
        ),
    };
    Err(Box::new(reply::text(StatusCode::MISDIRECTED_REQUEST, text)))
}

fn is_ours(host: &[u8], external_url: &str) -> bool {
    let Ok(text) = std::str::from_utf8(host) else { return false };
    let name = without_port(text);
    is_loopback(name) || name.eq_ignore_ascii_case(without_port(authority(external_url)))
}

pub(super) fn is_loopback(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_address = || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    lower == "localhost" || lower.ends_with(".localhost") || is_address()
}

/// `[::1]:80` is `::1`, `example.org.:80` is `example.org`.
fn without_port(authority: &str) -> &str {
    host_and_port(authority).0
}

pub(super) fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    let (name, rest) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').unwrap_or((rest, "")),
        None => authority.find(':').map_or((authority, ""), |at| authority.split_at(at)),
    };
    (name.strip_suffix('.').unwrap_or(name), rest.strip_prefix(':'))
}

/// `https://example.org:443/below` is `example.org`: browsers leave the port out that goes without saying.
pub(super) fn authority(url: &str) -> &str {
    let (rest, port) = match url.strip_prefix("https://") {
        Some(rest) => (rest, ":443"),
        None => (url.strip_prefix("http://").unwrap_or_default(), ":80"),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.strip_suffix(port).unwrap_or(authority)
}

/// Refuses what a page of another site has a browser do. Browsers name its origin where it posts or runs a script, and
/// some say for all else whether the site is another; programs say neither.
pub(super) fn check_origin(app: &App, parts: &Parts, deed: Deed) -> Result<(), Box<Reply>> {
    let host = parts.headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_own = |origin: &HeaderValue| {
        let origin = authority(origin.to_str().unwrap_or_default());
        let own = authority(&app.external_url);
        !origin.is_empty()
            && (origin.as_bytes().eq_ignore_ascii_case(host) || origin.eq_ignore_ascii_case(own))
    };
    let is_own_site = |site: &HeaderValue| matches!(site.as_bytes(), b"same-origin" | b"none");
    let refused = match deed {
        Deed::Open => false,
        Deed::Triggers => !parts.headers.get_all(ORIGIN).iter().all(is_own),
        Deed::Changes => {
            let sites = parts.headers.get_all(SITE);
            !parts.headers.get_all(ORIGIN).iter().all(is_own) || !sites.iter().all(is_own_site)
        }
        Deed::Form => {
            let (origins, sites) = (parts.headers.get_all(ORIGIN), parts.headers.get_all(SITE));
            let names_one = origins.iter().next().is_some();
            !names_one || !origins.iter().all(is_own) || !sites.iter().all(is_own_site)
        }
    };
    if refused { Err(Box::new(not_from_another_site(parts, deed))) } else { Ok(()) }
}

/// A page of ours is taken for another's where a proxy changes the name under which we are asked.
fn not_from_another_site(parts: &Parts, deed: Deed) -> Reply {
    let named = parts.headers.get(ORIGIN).map(HeaderValue::as_bytes).filter(|origin| *origin != b"null");
    let text = match named.filter(|_| deed == Deed::Form) {
        Some(origin) => {
            let host = parts.headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
            let (origin, host) = (decode::shown(origin, MAX_SHOWN), decode::shown(host, MAX_SHOWN));
            format!(
                "{NOT_FROM_ANOTHER_SITE} (its page is of {origin}, and this server was asked as {host}). Where a proxy brings \
                 people under that name, start with --web.external-url={origin}\n"
            )
        }
        None => format!("{NOT_FROM_ANOTHER_SITE}\n"),
    };
    reply::text(StatusCode::FORBIDDEN, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_and_of_the_external_url_are_ours() {
        let check = |host: &str, expected: bool| {
            assert_eq!(is_ours(host.as_bytes(), "https://Punctual.example.org:8443/x"), expected, "{host}");
        };
        for ours in [
            "127.0.0.1",
            "127.0.0.1:19099",
            "127.1.2.3",
            "localhost",
            "LOCALHOST:80",
            "localhost.:80",
            "a.localhost",
            "[::1]",
            "[::1]:19099",
            "[::ffff:127.0.0.1]",
            "punctual.example.org",
            "PUNCTUAL.example.org:80",
        ] {
            check(ours, true);
        }
        for foreign in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evillocalhost",
            "example.org",
            "10.0.0.1",
            "[::2]",
            "0.0.0.0",
            "xpunctual.example.org",
            "::1",
            "a:127.0.0.1",
        ] {
            check(foreign, false);
        }
    }

    #[test]
    fn an_origin_is_compared_with_its_port() {
        assert_eq!(authority("https://example.org:443/a/b"), "example.org");
        assert_eq!(authority("http://example.org"), "example.org");
        assert_eq!(authority("http://[::1]:19099"), "[::1]:19099");
        assert_eq!(authority("https://example.org:80"), "example.org:80");
        for none in ["null", "", "file://", "chrome-extension://abc", "example.org"] {
            assert_eq!(authority(none), "", "{none}");
        }
    }
}
