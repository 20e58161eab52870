//! By which version programs know a check: `ETag`, `If-Match` and `If-None-Match` (RFC 9110), by 16.3f and 16.3g.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{ETAG, HeaderMap, HeaderValue, IF_MATCH};
use serde::Serialize;

use crate::http::etag::{self, NamedTag};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::version;
use crate::store::live::Check;

/// Between what was declared of a check and all else that is shown of it.
const BETWEEN: char = '.';

/// The version of a check that is shown so.
pub(super) fn of(check: &Check, shown: &impl Serialize) -> String {
    let mut all = serde_json::to_value(shown).expect("a check is an object of texts");
    // It goes on while nothing else changes.
    all["as_of"].take();
    format!("{}{BETWEEN}{}", version::declared(check), version::digest(&all.to_string()))
}

/// With its `ETag`.
pub(super) fn tagged(mut reply: Reply, tag: &str) -> Reply {
    let value = HeaderValue::from_str(&format!("\"{tag}\"")).expect("a version is hex digits");
    reply.headers_mut().insert(ETAG, value);
    reply
}

/// What `If-Match` wants a check to be still: only what was declared counts, so that a ping after a look refuses no change.
pub(super) struct Wanted(Vec<NamedTag>);

impl Wanted {
    pub(super) fn of(headers: &HeaderMap) -> Wanted {
        Wanted(etag::named(headers.get_all(IF_MATCH).iter()))
    }

    /// The check, if it is that.
    pub(super) fn admits(&self, check: Arc<Check>) -> Result<Arc<Check>, Problem> {
        let Wanted(wanted) = self;
        let is_same = |tag: &str| tag.split(BETWEEN).next() == Some(&version::declared(&check));
        let admits = |named: &NamedTag| match named {
            NamedTag::Any => true,
            NamedTag::Strong(tag) => is_same(tag),
            NamedTag::Weak(_) => false,
        };
        if wanted.is_empty() || wanted.iter().any(admits) { Ok(check) } else { Err(is_another()) }
    }
}

fn is_another() -> Problem {
    let detail = "this check is another by now than `If-Match` says, and nothing was changed: look at it again, and decide anew";
    Problem::new(StatusCode::PRECONDITION_FAILED, detail)
}
