//! A request, before its body came.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::http::request::Parts;

use super::app::App;
use super::limits::Limits;

/// A request that was let in, before its body came.
#[derive(Clone, Copy)]
pub(super) struct Visit<'r> {
    pub(super) app: &'r Arc<App>,
    pub(super) limits: &'r Limits,
    /// The peer's address.
    pub(super) source: IpAddr,
    pub(super) parts: &'r Parts,
}
