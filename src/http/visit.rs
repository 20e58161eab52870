//! A request, before its body came.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::http::request::Parts;

use super::app::{AnswerRooms, App};
use super::limits::Limits;
use crate::app::{Room, Visitor};

/// A request that was let in, before its body came.
#[derive(Clone, Copy)]
pub(super) struct Visit<'r> {
    pub(super) app: &'r Arc<App>,
    pub(super) limits: &'r Limits,
    /// Where it came from.
    pub(super) source: IpAddr,
    /// It came by https.
    pub(super) is_secure: bool,
    /// The user at the socket of the data folder, by number.
    pub(super) user: Option<u32>,
    pub(super) parts: &'r Parts,
}

impl<'r> Visit<'r> {
    /// Whose connection it came on.
    pub(super) fn visitor(&self) -> Visitor {
        self.user.map_or(Visitor::Address(self.source), Visitor::User)
    }

    /// For whom work is done that others have done in this room.
    pub(super) fn room_or(&self, room: Room) -> Room {
        if self.user.is_some() { Room::Operators } else { room }
    }

    /// Room for answers that take long.
    pub(super) fn rooms(&self) -> &'r AnswerRooms {
        self.app.rooms(self.user.is_some())
    }
}
