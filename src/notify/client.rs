//! The HTTP client for everything that we post. It is built on first use, limits what it reads, and shows no secrets.
//!
//! It follows no redirects: a redirect could carry the message and its credentials to another host.

mod way;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy;
use reqwest::Url;
use tokio::sync::OnceCell;

use self::way::Way;
use super::redact::redact;
use super::{aside, later, misdirected, never, taken, text};
use crate::core::outbox::{Attempt, MAX_RETRY_AFTER};
use crate::core::secret::Secret;
use crate::core::time::{Span, Time};
use crate::notify::http_config::{Authorization, BasicAuth, HttpConfig};

/// The part of a server's answer that we use.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// The Retry-After header, at most [`MAX_RETRY_AFTER`].
    pub retry_after: Option<Span>,
    /// The beginning of the body: the server's own words about the result.
    pub body: String,
}

/// Why there is no answer. It is for people and holds no secrets.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{why}")]
pub struct NoAnswer {
    pub why: String,
    /// Whether the connection itself failed.
    pub is_connect: bool,
}

/// How much is read from a connection where nothing else is said: certificates, interim answers, a head, and the beginning of a
/// body.
const MAX_READ_BYTES: usize = 256 * 1024;

/// How much of an answer's body is read.
const MAX_BODY_BYTES: usize = 4096;

/// How long a body is read. The status is the answer, so a slow body may be cut off.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// A server that is posted to.
#[derive(Debug)]
pub struct Server {
    url: Secret,
    http: HttpConfig,
    /// The address to connect to instead of resolving the URL's host.
    address: Option<std::net::SocketAddr>,
    /// How much is read of a connection at most, in bytes.
    max_read: usize,
    reached: OnceCell<Box<Reached>>,
}

/// What is built from the settings on first use.
#[derive(Debug)]
struct Reached {
    way: Way,
    uri: Uri,
    /// The value of the `Authorization` header, from the settings or the URL.
    authorization: Option<HeaderValue>,
}

impl Server {
    pub fn new(url: Secret, http: HttpConfig) -> Server {
        Server { url, http, address: None, max_read: MAX_READ_BYTES, reached: OnceCell::new() }
    }

    /// The same, of whose answers more is read.
    pub fn reading(self, max_read: usize) -> Server {
        Server { max_read, ..self }
    }

    /// A server at this URL that is reached at this address, whatever the URL's host resolves to.
    pub fn at(url: Secret, http: HttpConfig, address: std::net::SocketAddr) -> Server {
        Server { address: Some(address), ..Server::new(url, http) }
    }

    /// Posts a body and reads the beginning of the answer. There is no time-out: the caller must bound the whole
    /// attempt.
    pub async fn post(
        &self,
        content_type: &'static str,
        headers: &[(&'static str, &str)],
        body: impl Into<Bytes>,
        now: Time,
    ) -> Result<Answer, NoAnswer> {
        let response = self.send(content_type, headers, body.into()).await?;
        let mut answer = read(response, now).await;
        answer.body = text::line(&self.redact(&answer.body), Attempt::MAX_ANSWER_BYTES);
        Ok(answer)
    }

    /// Posts a body and reads all of the answer. There is no time-out, as above.
    pub async fn ask(
        &self,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Result<(StatusCode, Bytes), NoAnswer> {
        let response = self.send(content_type, &[], body.into()).await?;
        let status = response.status();
        let body = response.into_body().collect().await;
        let broken_off = |error| NoAnswer { why: self.redact(&causes(&error)), is_connect: false };
        Ok((status, body.map_err(broken_off)?.to_bytes()))
    }

    async fn send(
        &self,
        content_type: &'static str,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let Reached { way, uri, authorization } = &**self.reached.get_or_try_init(|| self.build()).await?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.clone();
        let all = request.headers_mut();
        all.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let agent = concat!("punctual/", env!("CARGO_PKG_VERSION"));
        all.insert(USER_AGENT, HeaderValue::from_static(agent));
        for (name, value) in headers {
            all.insert(HeaderName::from_static(name), header_value(name, value)?);
        }
        if let Some(authorization) = authorization {
            all.insert(AUTHORIZATION, authorization.clone());
        }
        way.send(request).await.map_err(|error| self.no_answer(&error))
    }

    /// Scheme and host: all that may be shown of a URL, which may hold a secret.
    pub fn origin(&self) -> String {
        origin(self.url.expose())
    }

    /// Runs on a blocking thread, because it reads all certificates that the system trusts.
    async fn build(&self) -> Result<Box<Reached>, NoAnswer> {
        let (url, http, address, max_read) =
            (self.url.clone(), self.http.clone(), self.address, self.max_read);
        aside(move || build(&url, &http, address, max_read)).await
    }

    /// Removes the secrets that an error or a server's answer may repeat.
    pub fn redact(&self, text: &str) -> String {
        redact(text, &self.url, &self.http)
    }

    fn no_answer(&self, error: &legacy::Error) -> NoAnswer {
        let why = self.redact(&causes(error));
        NoAnswer { why: format!("{}: {why}", self.origin()), is_connect: error.is_connect() }
    }
}

fn build(
    url: &Secret,
    http: &HttpConfig,
    address: Option<std::net::SocketAddr>,
    max_read: usize,
) -> Result<Box<Reached>, NoAnswer> {
    let fault = |why: String| NoAnswer { why, is_connect: false };
    let url = Url::parse(url.expose()).map_err(|error| fault(format!("not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(fault("not an http or https URL with a host".to_owned()));
    }
    let proxy = http.proxy_url.as_ref().map(|proxy| Url::parse(proxy.expose())).transpose();
    let proxy = proxy.map_err(|_| fault("proxy_url is not a URL".to_owned()))?;
    // Proxy settings of the environment are ignored: only the configuration decides where messages go.
    let way = Way::new(&url, &http.tls, proxy.as_ref(), (address, max_read)).map_err(fault)?;
    let authorization = match (&http.authorization, &http.basic_auth) {
        (Some(Authorization { scheme, credentials }), _) => {
            Some(format!("{scheme} {}", credentials.expose()))
        }
        (None, Some(BasicAuth { username, password })) => {
            Some(format!("Basic {}", STANDARD.encode(format!("{username}:{}", password.expose()))))
        }
        (None, None) => way::login(&url),
    };
    let authorization = authorization.map(|value| header_value("authorization", &value)).transpose()?;
    let authorization = authorization.map(|mut value| {
        value.set_sensitive(true);
        value
    });
    Ok(Box::new(Reached { way, uri: way::uri(&url).map_err(fault)?, authorization }))
}

impl Answer {
    /// What an answer means for the delivery: 2xx is success; 408, 425, 429, 5xx and redirects are tried again; 401,
    /// 403, 404 and 407 say that the address or the credentials are wrong; any other rejects this message for good.
    pub fn into_attempt(self, origin: &str) -> Attempt {
        let words = match self.body.as_str() {
            "" => self.status.to_string(),
            body => format!("{}: {body}", self.status),
        };
        let why = format!("{origin} answered {words}");
        match self.status.as_u16() {
            200..300 => taken(words),
            300..=399 => later(format!("{why} (redirects are not followed: use the address it leads to)")),
            401 | 403 | 404 | 407 => misdirected(why),
            408 | 425 | 429 | 500.. => Attempt::Later { after: self.retry_after, why: text::reason(&why) },
            _ => never(why),
        }
    }
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, NoAnswer> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| NoAnswer {
        why: format!("the header {name} would have a character that no header can carry"),
        is_connect: false,
    })
}

/// Scheme and host of a URL.
pub fn origin(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => match url.origin() {
            origin if origin.is_tuple() => origin.ascii_serialization(),
            _ => format!("{}:…", url.scheme()),
        },
        Err(_) => "a URL that cannot be read".to_owned(),
    }
}

async fn read(mut response: Response<Incoming>, now: Time) -> Answer {
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|value| parse_retry_after(value, now));
    let mut body = Vec::new();
    let reading = async {
        while let Some(Ok(frame)) = response.frame().await {
            let Ok(chunk) = frame.into_data() else { continue };
            let room = MAX_BODY_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == MAX_BODY_BYTES {
                break;
            }
        }
    };
    // If the body breaks off or does not end, the status is still the answer.
    let _ = tokio::time::timeout(BODY_TIMEOUT, reading).await;
    Answer { status, retry_after, body: String::from_utf8_lossy(&body).into_owned() }
}

/// Parses seconds or a date as in `Date:` (RFC 9110 §10.2.3); at most [`MAX_RETRY_AFTER`].
fn parse_retry_after(value: &str, now: Time) -> Option<Span> {
    let value = value.trim();
    let wish = match value.parse::<u32>() {
        Ok(secs) => Span::secs(i64::from(secs)),
        Err(_) => {
            let date = chrono::DateTime::parse_from_rfc2822(value).ok()?;
            Time::from_ms(date.timestamp_millis()) - now
        }
    };
    Some(wish.clamp(Span::ZERO, MAX_RETRY_AFTER))
}

/// Joins an error's text with those of its sources.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let said = error.to_string();
        if !words.last().is_some_and(|before| before.contains(&said)) {
            words.push(said);
        }
        next = error.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_and_host_of_a_url_are_shown() {
        assert_eq!(
            origin("https://u:p@hooks.example.org:8443/T0/s3cret?x=1"),
            "https://hooks.example.org:8443"
        );
        assert_eq!(origin("http://10.0.0.1/s3cret"), "http://10.0.0.1");
        assert_eq!(origin("s3cret"), "a URL that cannot be read");
        assert_eq!(origin("mailto:s3cret"), "mailto:…");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_bounded() {
        let now = Time::from_secs(784_111_777);
        for (value, expected) in [
            ("120", Some(Span::secs(120))),
            (" 0 ", Some(Span::ZERO)),
            ("999999", Some(MAX_RETRY_AFTER)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(Span::secs(60))),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(Span::ZERO)),
            ("Sat, 06 Nov 2094 08:48:37 GMT", Some(MAX_RETRY_AFTER)),
            ("soon", None),
            ("-5", None),
        ] {
            assert_eq!(parse_retry_after(value, now), expected, "{value}");
        }
    }

    #[test]
    fn answers_are_sorted_into_taken_later_and_never() {
        let class = |status: u16| {
            let status = StatusCode::from_u16(status).expect("a status of three digits");
            let answer = Answer { status, retry_after: Some(Span::secs(7)), body: "no".to_owned() };
            match answer.into_attempt("https://a") {
                Attempt::Taken { .. } => "taken",
                Attempt::Later { after: Some(_), .. } => "later, as asked",
                Attempt::Later { after: None, .. } => "later",
                Attempt::Unreachable { .. } => "unreachable",
                Attempt::Misdirected { .. } => "misdirected",
                Attempt::Never { .. } => "never",
            }
        };
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(class(status), "taken", "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert_eq!(class(status), "later, as asked", "{status}");
        }
        for status in [301, 302, 307, 308] {
            assert_eq!(class(status), "later", "{status}");
        }
        for status in [401, 403, 404, 407] {
            assert_eq!(class(status), "misdirected", "{status}");
        }
        for status in [400, 402, 405, 406, 409, 410, 413, 422, 451] {
            assert_eq!(class(status), "never", "{status}");
        }
    }
}
