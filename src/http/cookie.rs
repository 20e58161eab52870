//! Cookies, of sessions and of browsers: their names, where they are good for, and who keeps them (23.3).

use hyper::header::{COOKIE, HeaderValue};
use hyper::http::request::Parts;

use super::site::{authority, host_and_port, is_loopback};
use crate::core::time::Span;

/// Where cookies of ours are good for: below a path of a server that others share.
fn path(external_url: &str) -> &str {
    let rest = external_url.split_once("://").map_or("", |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// The name of a session's cookie. A browser takes those with a prefix over https alone, and from no neighbour (23.3). Ports
/// share their cookies: another server on this host has one of another name.
pub(super) fn name(external_url: &str) -> String {
    let prefix = match (external_url.starts_with("https://"), path(external_url)) {
        (true, "/") => "__Host-",
        (true, _) => "__Secure-",
        (false, _) => "",
    };
    let (_, port) = host_and_port(authority(external_url));
    let port = port.map(|port| format!("-{port}")).unwrap_or_default();
    format!("{prefix}punctual{port}")
}

/// The name of the cookie by which a browser is known that its person has used.
pub(super) fn of_browser(external_url: &str) -> String {
    format!("{}-browser", name(external_url))
}

/// So many cookies of one name are looked at: a neighbour on the same host may have set one of the same name.
const MAX_VALUES: usize = 4;

/// The values of a request's cookies of this name, not too many.
pub(super) fn values<'p>(parts: &'p Parts, name: &str) -> impl Iterator<Item = &'p str> {
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|header| HeaderValue::to_str(header).ok());
    let values = cookies.flat_map(|header| header.split(';')).filter_map(move |pair| {
        let (other, value) = pair.trim().split_once('=')?;
        (other == name).then_some(value)
    });
    values.take(MAX_VALUES)
}

/// Whether a browser at this origin keeps the cookie of a session, and sends it with what follows. Those at this machine
/// itself keep what is for https alone.
pub(super) fn is_kept(external_url: &str, origin: &str) -> bool {
    let is_at_home = origin.split_once("://").map(|(scheme, _)| scheme)
        == external_url.split_once("://").map(|(scheme, _)| scheme)
        && authority(origin).eq_ignore_ascii_case(authority(external_url));
    let is_open = !external_url.starts_with("https://") || is_loopback(host_and_port(authority(origin)).0);
    is_at_home || (is_open && path(external_url) == "/")
}

/// A cookie, as it is set; of nothing and for no time, it is over.
pub(super) fn set(external_url: &str, is_secure: bool, (name, value): (&str, &str), lasts: Span) -> String {
    let secure = if is_secure || external_url.starts_with("https://") { "; Secure" } else { "" };
    let path = path(external_url);
    let secs = lasts.as_ms() / 1000;
    format!("{name}={value}; Path={path}; Max-Age={secs}; HttpOnly; SameSite=Lax{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 23.3
    #[test]
    fn a_cookie_is_as_safe_as_the_external_url_allows() {
        let check = |url: &str, expected: &str| {
            assert_eq!(set(url, false, (&name(url), "v"), Span::mins(1)), expected, "{url}");
        };
        let over_tls = set("http://a.example", true, (&name("http://a.example"), "v"), Span::mins(1));
        assert_eq!(over_tls, "punctual=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        check("http://a.example:80", "punctual=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        check("http://[::1]:9099", "punctual-9099=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        check("http://a.example/b", "punctual=v; Path=/b; Max-Age=60; HttpOnly; SameSite=Lax");
        check("https://a.example", "__Host-punctual=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        let below = "__Secure-punctual-8443=v; Path=/b/c; Max-Age=60; HttpOnly; SameSite=Lax; Secure";
        check("https://a.example:8443/b/c", below);
    }

    /// 23.3
    #[test]
    fn a_browser_keeps_no_cookie_of_another_address() {
        let check = |url: &str, origin: &str, expected: bool| {
            assert_eq!(is_kept(url, origin), expected, "{url} {origin}");
        };
        check("http://a.example:9099", "http://a.example:9099", true);
        check("http://a.example:9099", "http://10.0.0.1:9099", true);
        check("https://a.example", "https://A.example", true);
        check("https://a.example", "https://a.example:443", true);
        check("https://a.example", "http://a.example", false);
        check("https://a.example", "http://10.0.0.1:9099", false);
        check("https://a.example", "http://localhost:9099", true);
        check("https://a.example/b", "https://a.example", true);
        check("https://a.example/b", "http://localhost:9099", false);
        check("http://a.example/b", "http://10.0.0.1:9099", false);
    }
}
