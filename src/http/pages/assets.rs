//! What all pages have beside their text: one style and one script, small files of ours.

use std::sync::LazyLock;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use sha2::{Digest as _, Sha256};

use super::super::hash::version;
use super::super::reply::{self, Reply};

/// A file that goes with every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Asset {
    Style,
    Script,
}

impl Asset {
    fn text(self) -> &'static str {
        match self {
            Asset::Style => include_str!("style.css"),
            Asset::Script => include_str!("script.js"),
        }
    }

    /// Its address, from the folder of the first page. It changes with the text, so that a browser may keep it for ever.
    pub(super) fn address(self) -> &'static str {
        static STYLE: LazyLock<String> = LazyLock::new(|| versioned("style.css", Asset::Style));
        static SCRIPT: LazyLock<String> = LazyLock::new(|| versioned("script.js", Asset::Script));
        match self {
            Asset::Style => &STYLE,
            Asset::Script => &SCRIPT,
        }
    }

    /// Answers with it.
    pub(in super::super) fn answer(self) -> Reply {
        let mut reply = reply::text(StatusCode::OK, self.text());
        let content_type = match self {
            Asset::Style => "text/css; charset=utf-8",
            Asset::Script => "text/javascript; charset=utf-8",
        };
        let headers = reply.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        reply
    }
}

fn versioned(name: &str, asset: Asset) -> String {
    format!("{name}?{}", version(&Sha256::digest(asset.text())[..6]))
}
