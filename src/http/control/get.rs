//! What the API answers, over the socket.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hyper::Request;
use serde_json::Value;

use crate::app::Room;
use crate::core::text::shown;
use crate::http::api::{self, Asked};
use crate::http::limits::Limits;
use crate::http::problem::Problem;
use crate::http::reply::Body;
use crate::http::visit::Visit;
use crate::http::{App, routes};

/// What the API answers to a GET of a path with its query, for whoever may do everything; else why not.
pub(super) async fn read_here(app: &Arc<App>, path: &str) -> Result<Value, String> {
    let none = || format!("there is nothing to be read at {}", shown(path, 100));
    let (head, ()) = Request::get(path).body(()).map_err(|_| none())?.into_parts();
    let (action, parts) = routes::read_at(head.uri.path()).ok_or_else(none)?;
    let (limits, source) = (Limits::default(), IpAddr::from(Ipv4Addr::LOCALHOST));
    let visit = Visit { app, limits: &limits, source, parts: &head };
    let asked = Asked { visit, caller: None, parts, room: Room::Operators };
    let reply = api::act(&asked, action, b"").await.unwrap_or_else(Problem::reply);
    let (head, Body::Whole(bytes)) = reply.into_parts() else { return Err(none()) };
    let answer: Value = serde_json::from_slice(&bytes).map_err(|_| none())?;
    match head.status.is_success() {
        true => Ok(answer),
        false => Err(answer["detail"].as_str().unwrap_or_default().to_owned()),
    }
}
