//! A request, before its body came.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::http::request::Parts;

use super::app::{AnswerRooms, App};
use super::limits::Limits;

/// A request that was let in, before its body came.
#[derive(Clone, Copy)]
pub(super) struct Visit<'r> {
    pub(super) app: &'r Arc<App>,
    pub(super) limits: &'r Limits,
    /// The peer's address.
    pub(super) source: IpAddr,
    /// The user at the socket of the data folder, by number.
    pub(super) user: Option<u32>,
    pub(super) parts: &'r Parts,
}

impl<'r> Visit<'r> {
    /// Room for answers that take long.
    pub(super) fn rooms(&self) -> &'r AnswerRooms {
        self.app.rooms(self.user.is_some())
    }
}
