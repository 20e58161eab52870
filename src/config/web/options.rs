//! What of TLS is spoken: versions, cipher suites and curves, by their names in Go.

use std::sync::Arc;

use rustls::crypto::ring::{self, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::version::{TLS12, TLS13};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

use crate::yaml::fault::quote;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// What of TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    oldest: Version,
    newest: Version,
    /// Names of suites, the best first. None: all that the library has.
    suites: Vec<String>,
    /// Names of curves, the best first. None: all that the library has.
    curves: Vec<String>,
    /// Whether the order of the suites counts, and not that of the client's.
    pub(super) is_order_ours: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    Tls12,
    Tls13,
}

static CURVES: [(&str, &dyn SupportedKxGroup); 3] =
    [("X25519", kx_group::X25519), ("CurveP256", kx_group::SECP256R1), ("CurveP384", kx_group::SECP384R1)];

/// The name that Go has for a suite.
fn name_of(suite: &SupportedCipherSuite) -> String {
    format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1)
}

impl Options {
    pub(super) fn read(loader: &mut Loader, fields: &Fields<'_>) -> Options {
        let oldest = version(loader, fields, "min_version").unwrap_or(Version::Tls12);
        let newest = version(loader, fields, "max_version").unwrap_or(Version::Tls13);
        if oldest > newest {
            let message = "`min_version` is newer than `max_version`: nothing could be spoken";
            loader.log.fault(fields.at_value("min_version"), message);
        }
        let suites: Vec<String> = ring::ALL_CIPHER_SUITES.iter().map(name_of).collect();
        let curves: Vec<String> = CURVES.iter().map(|(name, _)| (*name).to_owned()).collect();
        Options {
            oldest,
            newest,
            suites: names(loader, fields, "cipher_suites", &suites),
            curves: names(loader, fields, "curve_preferences", &curves),
            is_order_ours: fields.flag(&mut loader.log, "prefer_server_cipher_suites").unwrap_or(true),
        }
    }

    pub(super) fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let all = [(Version::Tls12, &TLS12), (Version::Tls13, &TLS13)];
        let spoken = |(version, _): &(Version, _)| (self.oldest..=self.newest).contains(version);
        all.into_iter().filter(spoken).map(|(_, version)| version).collect()
    }

    /// The suites of TLS 1.3 are not chosen, as in Go: all of them are good.
    pub(super) fn provider(&self) -> Arc<CryptoProvider> {
        let mut provider = ring::default_provider();
        if !self.suites.is_empty() {
            let place = |suite: &SupportedCipherSuite| {
                let name = name_of(suite);
                self.suites.iter().position(|other| *other == name).or(suite.tls13().map(|_| usize::MAX))
            };
            provider.cipher_suites.retain(|suite| place(suite).is_some());
            provider.cipher_suites.sort_by_key(place);
        }
        if !self.curves.is_empty() {
            let curve =
                |name: &String| CURVES.iter().find(|(other, _)| other == name).map(|(_, curve)| *curve);
            provider.kx_groups = self.curves.iter().filter_map(curve).collect();
        }
        Arc::new(provider)
    }
}

fn version(loader: &mut Loader, fields: &Fields<'_>, key: &str) -> Option<Version> {
    let word = fields.one_of(&mut loader.log, key)?;
    Some(if word == "TLS12" { Version::Tls12 } else { Version::Tls13 })
}

/// The names of a list, all of which must be known.
fn names(loader: &mut Loader, fields: &Fields<'_>, key: &str, known: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for (at, name) in fields.texts(&mut loader.log, key) {
        if known.iter().any(|other| other == name) {
            names.push(name.to_owned());
        } else {
            let message = format!("`{key}` has no {} here; there are {}", quote(name), known.join(", "));
            loader.log.fault(at, message);
        }
    }
    names
}
