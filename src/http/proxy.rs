//! What a proxy that is trusted says of a request: where it came from, and who sends it (23.5).

use std::net::{IpAddr, SocketAddr};

use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;

use super::person::KnownPerson;
use super::site::Arrival;
use crate::app::{Actor, KnownBy};
use crate::config::Proxy;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// So many proxies are followed, one behind the other.
const MAX_PROXIES: usize = 16;

/// How a request came here, also by the way before a proxy that is trusted; of any other one its headers are nothing.
pub(super) fn seen(proxy: Option<&Proxy>, arrival: Arrival, parts: &Parts) -> Arrival {
    let Some(proxy) = proxy.filter(|proxy| arrival.user.is_none() && proxy.trusts(arrival.source)) else {
        return arrival;
    };
    let proto = parts.headers.get_all(FORWARDED_PROTO).iter().next_back();
    let is_secure = proto.map_or(arrival.is_secure, |proto| proto.as_bytes().eq_ignore_ascii_case(b"https"));
    Arrival { source: source(proxy, arrival.source, parts), is_secure, is_proxied: true, ..arrival }
}

/// The nearest address of the way that is no trusted proxy's. Each proxy adds whom it was asked by at the end, and whoever asks
/// may have written anything before that.
fn source(proxy: &Proxy, peer: IpAddr, parts: &Parts) -> IpAddr {
    let headers = parts.headers.get_all(FORWARDED_FOR);
    let way = headers.iter().rev().flat_map(|header| header.as_bytes().rsplit(|byte| *byte == b','));
    let mut nearest = peer;
    for hop in way.take(MAX_PROXIES) {
        let Some(address) = std::str::from_utf8(hop).ok().and_then(address) else { break };
        nearest = address;
        if !proxy.trusts(address) {
            break;
        }
    }
    nearest
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = || {
        text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse::<IpAddr>().ok()
    };
    let address = bare().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

/// Whom the proxy says the request is of. A name that is no line of text, is too long, or is there twice is nobody's.
pub(super) fn person(proxy: Option<&Proxy>, arrival: Arrival, parts: &Parts) -> Option<KnownPerson> {
    let user = proxy.filter(|_| arrival.is_proxied)?.user.as_ref()?;
    let mut values = parts.headers.get_all(user.header.as_str()).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let name = std::str::from_utf8(HeaderValue::as_bytes(value)).ok()?.trim();
    let is_name = !name.is_empty() && name.len() <= Actor::MAX_NAME_BYTES && !name.contains(char::is_control);
    is_name.then(|| KnownPerson { name: name.into(), scope: user.scope, by: KnownBy::Proxy })
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;
    use crate::config::{ProxyUser, Scope};

    fn proxy() -> Proxy {
        let user = Some(ProxyUser { header: "x-forwarded-user".to_owned(), scope: Scope::Operate });
        Proxy { from: ["10.0.0.0/8", "::1/128"].map(|net| net.parse().expect("it is one")).into(), user }
    }

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let request =
            headers.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
        request.body(()).expect("it is one").into_parts().0
    }

    fn from(source: &str) -> Arrival {
        let source = source.parse().expect("it is one");
        Arrival { source, on_loopback: false, user: None, is_secure: false, is_proxied: false }
    }

    /// 23.5
    #[test]
    fn the_source_is_the_nearest_address_that_is_no_proxy_s() {
        let check = |peer: &str, headers: &[&str], expected: &str| {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|value| ("x-forwarded-for", *value)).collect();
            let source = seen(Some(&proxy()), from(peer), &parts(&headers)).source;
            assert_eq!(source.to_string(), expected, "{peer} {headers:?}");
        };
        check("10.0.0.1", &["203.0.113.7"], "203.0.113.7");
        check("10.0.0.1", &["198.51.100.1, 203.0.113.7 "], "203.0.113.7");
        check("10.0.0.1", &["198.51.100.1", "203.0.113.7, 10.9.9.9"], "203.0.113.7");
        check("::1", &["[2001:db8::7]:4711"], "2001:db8::7");
        check("10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7");
        check("10.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2");
        check("10.0.0.1", &["203.0.113.7, unknown"], "10.0.0.1");
        check("10.0.0.1", &["203.0.113.7, unknown, 10.0.0.2"], "10.0.0.2");
        check("203.0.113.9", &["198.51.100.1"], "203.0.113.9");
        check("10.0.0.1", &[&["10.0.0.2"; 40].join(",")], "10.0.0.2");
        assert_eq!(
            seen(None, from("10.0.0.1"), &parts(&[("x-forwarded-for", "1.2.3.4")])).source.to_string(),
            "10.0.0.1"
        );
    }

    /// 23.5
    #[test]
    fn only_a_trusted_proxy_says_who_it_is_and_whether_it_was_https() {
        let check = |peer: &str, headers: &[(&str, &str)], expected: Option<&str>| {
            let parts = parts(headers);
            let seen = seen(Some(&proxy()), from(peer), &parts);
            let person = person(Some(&proxy()), seen, &parts);
            assert_eq!(
                person.map(|person| person.name.to_string()).as_deref(),
                expected,
                "{peer} {headers:?}"
            );
        };
        let user = "X-Forwarded-User";
        check("10.0.0.1", &[(user, " ann ")], Some("ann"));
        check("10.0.0.1", &[(user, "<script>alert(1)</script>")], Some("<script>alert(1)</script>"));
        check("203.0.113.9", &[(user, "ann")], None);
        check("10.0.0.1", &[(user, "ann"), (user, "root")], None);
        check("10.0.0.1", &[(user, "")], None);
        check("10.0.0.1", &[(user, &"a".repeat(101))], None);
        check("10.0.0.1", &[(user, "a\tb")], None);
        // The proxy is at that address, and not who came by it.
        check("10.0.0.1", &[(user, "ann"), ("x-forwarded-for", "203.0.113.9")], Some("ann"));
        check("203.0.113.9", &[(user, "ann"), ("x-forwarded-for", "10.0.0.1")], None);
        let proto = |peer: &str, value: &str| {
            seen(Some(&proxy()), from(peer), &parts(&[("x-forwarded-proto", value)])).is_secure
        };
        assert!(proto("10.0.0.1", "https") && !proto("10.0.0.1", "http") && !proto("203.0.113.9", "https"));
    }
}
