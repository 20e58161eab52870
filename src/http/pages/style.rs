//! The style of all pages: one small file.

use std::sync::OnceLock;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use sha2::{Digest, Sha256};

use super::super::reply::{self, Reply};

const STYLE: &str = include_str!("style.css");

/// Changes with the style, so that a browser may keep it for ever.
pub(super) fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| Sha256::digest(STYLE)[..6].iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Answers `/style.css`.
pub(in super::super) fn answer() -> Reply {
    let mut reply = reply::text(StatusCode::OK, STYLE);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    reply
}
