//! URLs that people and servers are led to.

use crate::notify::problem_of_url;
use crate::yaml::fault::{Log, quote};
use crate::yaml::fields::Fields;

/// The URL of a key; one that is none is a fault.
pub(super) fn web_url<'a>(fields: &Fields<'a>, key: &str, log: &mut Log) -> Option<&'a str> {
    let url = fields.text(log, key)?;
    let is_http = url.starts_with("https://") || url.starts_with("http://");
    if !is_http || url.contains(char::is_whitespace) || problem_of_url(url).is_some() {
        // What may have a password is not shown.
        let shown = if url.contains('@') { String::new() } else { format!(", not {}", quote(url)) };
        let message = format!("`{key}` begins with https:// or http:// and a host, and has no blanks{shown}");
        log.fault(fields.at_value(key), message);
    }
    Some(url)
}
