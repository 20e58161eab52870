//! What was configured, validated: the only form in which the rest of the program sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fault::{Fault, Faults, Warning, quote};
use super::inputs::{ContentHash, Inputs};
use crate::core::check::Definition;
use crate::core::receiver::{Alertmanager, Receiver, Smtp};
use crate::core::retention::Retention;
use crate::core::route::{Policy, ReceiverName};
use crate::core::secret::Secret;

/// Everything that the files say, with every default filled in and every secret read.
#[derive(Clone, Debug)]
pub struct Config {
    /// How mail leaves; there if a receiver sends mail.
    pub smtp: Option<Smtp>,
    /// Each of them gets every alert (13.1).
    pub alertmanagers: Vec<Alertmanager>,
    /// How each receiver is reached; [`Policy::receivers`] says when.
    pub receivers: Vec<Receiver>,
    /// Whoever has one of these may ping. None: whoever reaches the port may.
    pub ping_keys: Vec<PingKey>,
    /// Whether a ping without a key is refused; only true where there are keys.
    pub ping_keys_required: bool,
    /// Whoever has one of these may use the API, as far as its scope goes. None: nobody may write.
    pub tokens: Vec<Token>,
    /// The interfaces of other systems that are switched on.
    pub compat: Vec<Compat>,
    /// Who is told what, and when.
    pub policy: Arc<Policy>,
    /// How much history is kept.
    pub retention: Retention,
    /// All checks of all files, in the order of the files.
    pub checks: Vec<Definition>,
    /// The most checks there may ever be.
    pub max_checks: usize,
    /// What will disappoint, though it is no fault.
    pub warnings: Vec<Warning>,
    /// What was read: a change of these is a reason to load again.
    pub inputs: Inputs,
    /// Of everything that was read, as [`Inputs::hash`] makes it.
    pub content_hash: ContentHash,
    /// Where each receiver stands.
    pub(super) places: BTreeMap<ReceiverName, Place>,
}

/// A place in a file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) file: Arc<str>,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Config {
    /// What only those can find who reach the receivers, as faults of the files: at least one.
    ///
    /// # Panics
    /// If there is none, or one of a receiver that is not configured.
    pub fn faults(&self, found: impl IntoIterator<Item = (ReceiverName, String)>) -> Faults {
        let fault = |(receiver, why): (ReceiverName, String)| {
            let Place { file, line, column } = self.places[&receiver].clone();
            Fault { file, line, column, message: format!("receiver {}: {why}", quote(&receiver)) }
        };
        let list: Vec<Fault> = found.into_iter().map(fault).collect();
        assert!(!list.is_empty(), "a configuration is refused for a reason");
        Faults { list, omitted: 0, inputs: self.inputs.clone() }
    }

    /// Adds warnings that show only when receivers are made ready.
    ///
    /// # Panics
    /// If one is of a receiver that is not configured.
    pub fn warn(&mut self, found: impl IntoIterator<Item = (ReceiverName, String)>) {
        for (receiver, what) in found {
            let Place { file, line, column } = &self.places[&receiver];
            let text = format!("{file}:{line}:{column}: receiver {}: {what}", quote(&receiver));
            self.warnings.push(Warning(text));
        }
    }
}

/// A key that pings show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingKey {
    /// Whose it is, for logs; unique.
    pub name: String,
    /// The key: characters that stand in a URL as they are.
    pub key: Secret,
}

/// A token of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for logs; unique.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// The token: characters that stand in a header as they are.
    pub token: Secret,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Reading.
    Read,
    /// Pinging.
    Ping,
    /// Everything: reading and pinging as well.
    Write,
}

impl Scope {
    /// As it stands in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Ping => "ping",
            Scope::Write => "write",
        }
    }

    /// Whether a token of this scope is good for what needs `needed`.
    pub fn covers(self, needed: Scope) -> bool {
        self == needed || self == Scope::Write
    }
}

/// An interface of another system that is switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compat {
    /// Its key in `compat`.
    pub system: &'static str,
    /// What its `auth_key` must be. None: whoever reaches the port may use it.
    pub auth_key: Option<Secret>,
    /// What its `trigger` asks for.
    pub trigger: Trigger,
}

/// What the `trigger` of another system's interface asks for. Whoever has the `auth_key` may always trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Nothing, as in the originals: an id, a slug or a name.
    Open,
    /// An id, which nobody can guess.
    Id,
    /// The `auth_key`.
    Key,
}
