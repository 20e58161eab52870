//! The path below which everything is served (`--web.route-prefix`, 23.11). It is taken off here, before anybody looks at a
//! request: pages and forms name each other by relative addresses, and all others begin with the external URL.

use hyper::header::{HeaderValue, LOCATION};
use hyper::{Method, StatusCode, Uri};

use super::reply::{self, Reply};

/// A path such as `/punctual`; or nothing, where all is served at the top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutePrefix(String);

impl RoutePrefix {
    /// The longest, in bytes.
    const MAX_BYTES: usize = 200;

    /// Reads a path, with or without slashes around it. The error is what would be right.
    pub fn parse(text: &str) -> Result<RoutePrefix, &'static str> {
        let parts = text.trim_matches('/');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(is_plain);
        match parts {
            "" => Ok(RoutePrefix::default()),
            parts if parts.len() > RoutePrefix::MAX_BYTES => Err("a path has at most 200 characters here"),
            parts if parts.split('/').all(is_part) => Ok(RoutePrefix(format!("/{parts}"))),
            _ => Err(
                "give a path, as in /punctual: letters, digits, `-`, `_`, `.` and `~` between single slashes",
            ),
        }
    }

    /// Without a slash at its end; "" where there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address without it; or what is answered to whoever asks beside it.
    pub(super) fn take_off(&self, method: &Method, uri: &Uri) -> Result<Uri, Box<Reply>> {
        let RoutePrefix(prefix) = self;
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        match uri.path().strip_prefix(prefix.as_str()) {
            Some(rest) if rest.starts_with('/') => {
                let mut parts = uri.clone().into_parts();
                parts.path_and_query = format!("{rest}{query}").parse().ok();
                Uri::from_parts(parts).map_err(|_| Box::new(self.beside()))
            }
            Some("") if is_read => Err(Box::new(self.lead_there(&query))),
            _ if is_read && uri.path() == "/" => Err(Box::new(self.lead_there(&query))),
            _ => Err(Box::new(self.beside())),
        }
    }

    fn lead_there(&self, query: &str) -> Reply {
        let mut reply = reply::text(StatusCode::FOUND, format!("everything is below {}/\n", self.0));
        let location = HeaderValue::from_str(&format!("{}/{query}", self.0));
        reply.headers_mut().extend(location.ok().map(|location| (LOCATION, location)));
        reply
    }

    fn beside(&self) -> Reply {
        let text = format!("not found: this server answers below {}/ (--web.route-prefix)\n", self.0);
        reply::text(StatusCode::NOT_FOUND, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_plain_path() {
        let check = |text: &str, expected: &str| {
            assert_eq!(RoutePrefix::parse(text).expect(text).as_str(), expected, "{text}");
        };
        check("", "");
        check("/", "");
        check("/punctual", "/punctual");
        check("punctual/", "/punctual");
        check("/a/b-c_d.e~f/", "/a/b-c_d.e~f");
        let long = "a".repeat(201);
        for bad in
            ["/a//b", "/a/../b", "/.", "/a?b", "/a#b", "/a b", "/%61", "/ä", "/{a}", "http://a/b", &long]
        {
            assert!(RoutePrefix::parse(bad).is_err(), "{bad}");
        }
    }

    /// 23.11
    #[test]
    fn it_is_taken_off_and_whoever_asks_beside_it_is_led_there_or_told() {
        let taken = |method: Method, uri: &str| {
            let prefix = RoutePrefix::parse("/a/b").expect("a path");
            let taken = prefix.take_off(&method, &uri.parse().expect("an address"));
            taken.map(|uri| uri.to_string()).map_err(|reply| {
                let location = reply.headers().get(LOCATION).map(|to| to.to_str().expect("text").to_owned());
                (reply.status().as_u16(), location)
            })
        };
        let goes = |uri: &str, expected: &str| {
            assert_eq!(taken(Method::POST, uri), Ok(expected.to_owned()), "{uri}");
        };
        goes("/a/b/", "/");
        goes("/a/b/ping/x?m=1", "/ping/x?m=1");
        goes("/a/b/a/b/c", "/a/b/c");
        goes("http://example.org/a/b/x?y", "http://example.org/x?y");
        let led = |uri: &str, to: &str| {
            assert_eq!(taken(Method::GET, uri), Err((302, Some(to.to_owned()))), "{uri}");
        };
        led("/a/b", "/a/b/");
        led("/a/b?q=x", "/a/b/?q=x");
        led("/", "/a/b/");
        for beside in ["/a", "/ab", "/a/bc", "/ping/x", "/A/B/", "//a/b/", "/a/b%2f"] {
            assert_eq!(taken(Method::GET, beside), Err((404, None)), "{beside}");
        }
        assert_eq!(taken(Method::POST, "/"), Err((404, None)));
    }
}
