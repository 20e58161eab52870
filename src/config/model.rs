//! The validated configuration, in the only form that the rest of the program uses.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::web::Web;
use crate::core::check::Definition;
use crate::core::retention::Retention;
use crate::core::route::{Facts, Matcher, Policy, ReceiverName};
use crate::core::secret::Secret;
use crate::core::zone::Zone;
use crate::notify::{Alertmanager, Receiver, Smtp};
use crate::probe::{Database, Prometheus};
use crate::yaml::fault::{At, Fault, Faults, Log, Warning, quote};
use crate::yaml::inputs::{ContentHash, Inputs};

/// Everything that the files say, with all defaults filled in and all secrets read.
#[derive(Clone, Debug)]
pub struct Config {
    /// The mail server. Always set if a receiver uses mail.
    pub smtp: Option<Smtp>,
    /// Each of them gets every alert (13.1).
    pub alertmanagers: Vec<Alertmanager>,
    /// Whom `promql` of assertions asks.
    pub prometheuses: Vec<Prometheus>,
    /// Which databases `sql` of assertions asks.
    pub databases: Vec<Database>,
    /// Whether commands may be run.
    pub allows_exec: bool,
    /// How each receiver is reached. [`Policy::receivers`] says when.
    pub receivers: Vec<Receiver>,
    /// The keys that allow pings. If empty, anybody who reaches the port may ping.
    pub ping_keys: Vec<PingKey>,
    /// Whether a ping without a key is refused. Only true if there are keys.
    pub ping_keys_required: bool,
    /// The tokens that allow use of the API and of pages within their scopes. If empty, nobody may write.
    pub tokens: Vec<Token>,
    /// People who come in by a name and a password. Where `web` has none there are none.
    pub people: Vec<Person>,
    /// The proxy in front, if it is to be believed.
    pub proxy: Option<Proxy>,
    /// What is open without any of them.
    pub openness: Openness,
    /// How the network is served.
    pub web: Web,
    /// The interfaces of other systems that are switched on.
    pub compat: Vec<Compat>,
    /// Who is told what, and when.
    pub policy: Arc<Policy>,
    pub retention: Retention,
    /// The clocks that people mean where they name none: `defaults.timezone` of the main file.
    pub zone: Zone,
    /// The checks of all files, in the order of the files.
    pub checks: Vec<Definition>,
    /// The most checks that may exist, including those made through the API.
    pub max_checks: usize,
    /// All of these that are secrets of one line: keys, tokens, passwords, and URLs of receivers and proxies.
    pub secrets: Vec<Secret>,
    /// What the main file says but its checks, as JSON in its own words; `<secret>` stands for each secret.
    pub shown: Arc<serde_json::Value>,
    /// Warnings about settings that are valid but will disappoint.
    pub warnings: Vec<Warning>,
    /// The files that were read. When they change, the configuration should be loaded again.
    pub inputs: Inputs,
    /// The hash of everything that was read, as computed by [`Inputs::hash`].
    pub content_hash: ContentHash,
    /// Of the inputs, the server's certificates, keys and CAs, which are read again by themselves.
    pub certificates: Inputs,
    /// The hash of all that was read but these.
    pub rest_hash: ContentHash,
    /// Where each receiver is declared.
    pub places: ReceiverPlaces,
}

/// Where each receiver is declared.
#[derive(Clone, Debug)]
pub struct ReceiverPlaces(pub(super) BTreeMap<ReceiverName, Place>);

/// A place in a file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) file: Arc<str>,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Place {
    pub(super) fn of(log: &Log, at: At) -> Place {
        Place { file: Arc::clone(log.file_name(at)), line: at.line, column: at.column }
    }
}

impl Config {
    /// Turns problems that are found while receivers are built into faults of the files. At least one.
    ///
    /// # Panics
    /// If `found` is empty, or names a receiver that is not configured.
    pub fn faults(&self, found: impl IntoIterator<Item = (ReceiverName, String)>) -> Faults {
        let fault = |(receiver, why): (ReceiverName, String)| {
            let Place { file, line, column } = self.places.0[&receiver].clone();
            Fault { file, line, column, message: format!("receiver {}: {why}", quote(&receiver)) }
        };
        let list: Vec<Fault> = found.into_iter().map(fault).collect();
        assert!(!list.is_empty(), "a configuration is refused for a reason");
        Faults {
            list,
            omitted: 0,
            inputs: self.inputs.clone(),
            certificates: Box::new(self.certificates.clone()),
        }
    }

    /// Adds warnings that are found while receivers are built.
    ///
    /// # Panics
    /// If one names a receiver that is not configured.
    pub fn warn(&mut self, found: impl IntoIterator<Item = (ReceiverName, String)>) {
        for (receiver, what) in found {
            let Place { file, line, column } = &self.places.0[&receiver];
            let text = format!("{file}:{line}:{column}: receiver {}: {what}", quote(&receiver));
            self.warnings.push(Warning(text));
        }
    }
}

/// A key that allows pings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingKey {
    /// The key's owner, for logs; unique.
    pub name: String,
    /// The key. It has only characters that need no escape in a URL.
    pub key: Secret,
    /// `None`: it is good for every check.
    pub checks: Option<Limit>,
}

/// The checks that a ping key or a token is good for (23.1d).
#[derive(Clone, Debug)]
pub struct Limit(Arc<[Matcher]>);

impl Limit {
    /// All of the matchers must match.
    pub(super) fn new(matchers: Vec<Matcher>) -> Limit {
        Limit(matchers.into())
    }

    /// Whether this check is one of them.
    pub fn admits(&self, definition: &Definition) -> bool {
        Facts::of_check(definition, &[]).matched_by(&self.0)
    }

    /// Whether a check of this name and nothing else would be one of them.
    pub fn admits_name(&self, name: &str) -> bool {
        self.0.iter().all(|matcher| matcher.accepts(if matcher.label == "check" { name } else { "" }))
    }
}

/// As they are written.
impl PartialEq for Limit {
    fn eq(&self, other: &Limit) -> bool {
        let texts = |limit: &Limit| limit.0.iter().map(Matcher::to_string).collect::<Vec<_>>();
        texts(self) == texts(other)
    }
}

impl Eq for Limit {}

/// What is open to whoever reaches the port (23.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Openness {
    /// Pages, and reading by the API.
    pub may_read: bool,
    /// `/metrics`.
    pub metrics: bool,
}

impl Openness {
    /// Where there are people and nothing else is said.
    pub(super) const CLOSED: Openness = Openness { may_read: false, metrics: false };
}

impl Default for Openness {
    /// Where there are no tokens.
    fn default() -> Openness {
        Openness { may_read: true, metrics: true }
    }
}

/// A token of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token's owner, for logs; unique.
    pub name: String,
    pub scope: Scope,
    /// The token. It has only characters that need no escape in a header.
    pub token: Secret,
    /// `None`: it is good for every check. Only a token of scope `ping` has one.
    pub checks: Option<Limit>,
}

/// Somebody who comes in by a name and a password (23.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Unique.
    pub name: String,
    /// A valid bcrypt hash.
    pub hash: Secret,
    pub scope: Scope,
}

/// The proxy in front (23.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Where it is.
    pub from: Vec<IpNet>,
    /// Whom it names. `None`: nobody.
    pub user: Option<ProxyUser>,
}

/// How a proxy names people, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyUser {
    /// A header's name in small letters.
    pub header: String,
    pub scope: Scope,
}

impl Proxy {
    /// Whether what comes from there is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.from.iter().any(|net| net.contains(&address))
    }
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Read,
    Ping,
    /// Reading and pinging, and what people on call do: pausing, muting, incidents, sending again.
    Operate,
    /// Everything.
    Write,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 4] = [Scope::Read, Scope::Ping, Scope::Operate, Scope::Write];

    /// As it stands in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Ping => "ping",
            Scope::Operate => "operate",
            Scope::Write => "write",
        }
    }

    /// Whether a token of this scope is good for what needs `needed` (23.1).
    pub fn covers(self, needed: Scope) -> bool {
        match self {
            Scope::Read | Scope::Ping => self == needed,
            Scope::Operate => needed != Scope::Write,
            Scope::Write => true,
        }
    }
}

/// An interface of another system that is switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compat {
    /// The system's key in `compat`.
    pub system: &'static str,
    /// The required `auth_key`. `None`: anybody who reaches the port may use the interface.
    pub auth_key: Option<Secret>,
    /// What a `trigger` needs.
    pub trigger: Trigger,
}

/// What a `trigger` through another system's interface needs. The `auth_key` is always sufficient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Nothing, as in the originals: an id, a slug or a name is enough.
    Open,
    /// An id, which nobody can guess.
    Id,
    /// The `auth_key`.
    Key,
}
