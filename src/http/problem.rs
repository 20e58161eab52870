//! What went wrong at the API, for programs and people: `application/problem+json` (RFC 9457).

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use serde_json::json;

use super::reply::{self, Reply};

/// A problem. Its detail says what to do about it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    challenge: Option<HeaderValue>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem { status, detail: detail.into(), challenge: None }
    }

    /// With the header `WWW-Authenticate` (RFC 6750).
    pub(super) fn with_challenge(mut self, challenge: HeaderValue) -> Problem {
        self.challenge = Some(challenge);
        self
    }

    pub(super) fn reply(self) -> Reply {
        let problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut reply = reply::text(self.status, format!("{problem}\n"));
        let kind = HeaderValue::from_static("application/problem+json");
        reply.headers_mut().insert(CONTENT_TYPE, kind);
        if let Some(challenge) = self.challenge {
            reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        reply
    }
}
