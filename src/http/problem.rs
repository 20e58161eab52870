//! What went wrong at the API, for programs and people: `application/problem+json` (RFC 9457).

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use super::reply::{self, Body, Reply};

/// A problem. Its detail says what to do about it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    more: Vec<(&'static str, Value)>,
    challenge: Option<HeaderValue>,
    retry_after_secs: Option<u32>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem { status, detail: detail.into(), more: Vec::new(), challenge: None, retry_after_secs: None }
    }

    /// With the header `WWW-Authenticate` (RFC 6750).
    pub(super) fn with_challenge(mut self, challenge: HeaderValue) -> Problem {
        self.challenge = Some(challenge);
        self
    }

    /// With a member of its own.
    pub(super) fn with(mut self, name: &'static str, value: Value) -> Problem {
        self.more.push((name, value));
        self
    }

    /// To be tried again.
    pub(super) fn with_retry_after(mut self, secs: u32) -> Problem {
        self.retry_after_secs = Some(secs);
        self
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    pub(super) fn reply(self) -> Reply {
        let mut problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        for (name, value) in self.more {
            problem[name] = value;
        }
        let mut reply = reply::text(self.status, format!("{problem}\n"));
        let kind = HeaderValue::from_static("application/problem+json");
        reply.headers_mut().insert(CONTENT_TYPE, kind);
        if let Some(challenge) = self.challenge {
            reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        match self.retry_after_secs {
            Some(secs) => reply::with_retry_after(reply, secs),
            None => reply,
        }
    }
}

/// The same refusal as a problem, with all its headers, if it is a text: whatever it was that refused a program, it hears of it
/// in one form.
pub(super) fn of_text(reply: Reply) -> Reply {
    let status = reply.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    let is_text = reply.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/"));
    match reply.body() {
        Body::Whole(text) if is_refusal && is_text => {
            let problem = Problem::new(status, String::from_utf8_lossy(text).trim_end()).reply();
            let (mut head, _) = reply.into_parts();
            head.headers.extend(problem.headers().clone());
            Reply::from_parts(head, problem.into_body())
        }
        _ => reply,
    }
}
