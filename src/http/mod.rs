//! Pings, pages, metrics and what operators ask, over HTTP.
//!
//! [`server`] takes connections within [`limits`], [`routes`] knows every path, and one file answers each. Nothing here
//! judges or stores: pings and what people do go through [`crate::app`], and what is shown is read from
//! [`crate::app::view`] and, for history, from the store's reader.

mod ack;
mod act;
mod alertmanager;
mod api;
mod app;
mod auth;
mod body;
mod caller;
mod compat;
mod compat_doors;
mod configured;
mod connection;
mod cookie;
mod decode;
mod door;
mod edit;
mod etag;
mod exposition;
mod form;
mod guesses;
mod hash;
mod kept;
pub mod limits;
mod listeners;
mod names;
mod needs;
mod openapi;
mod operate;
mod pages;
mod password;
mod peers;
mod people;
mod person;
mod pick;
mod pieces;
mod ping;
mod prefix;
mod problem;
mod progress;
mod proxy;
mod rate;
mod reply;
pub mod routes;
pub mod scrape;
mod secrets;
pub mod server;
mod session;
mod shares;
mod sign_in;
mod site;
pub mod socket;
mod stream;
mod target;
mod tls;
mod token;
mod version;
mod viewer;
mod visit;
mod waits;
mod whose;

pub use self::app::App;
pub use self::auth::{Access, PingKeys, Tokens};
pub use self::compat_doors::{CompatDoor, CompatDoors};
pub use self::listeners::{BindError, HandOverError, HandedOver, Listeners};
pub use self::names::FormerNames;
pub use self::prefix::RoutePrefix;
pub use self::secrets::Secrets;
