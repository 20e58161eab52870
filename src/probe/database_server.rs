//! A server of databases: how it is reached, and what a look at it comes to.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, Error as TlsError};

use super::lacks::causes;
use super::server_url::{Encryption, ServerAt, ServerUrl, UrlForm};
use super::thread::on_thread;
use crate::core::probe::ProbeFound;
use crate::core::text::{begun, one_line};
use crate::core::time::Span;
use crate::notify::TlsConfig;
use crate::notify::http_config::{TLS_CONFIG, tls_config};
use crate::notify::redact::without;
use crate::notify::tls::client_config;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Map, Path, Secret};
use crate::yaml::section::Need::Optional;
use crate::yaml::section::{Key, key};

/// The longest reason.
const MAX_WHY_CHARS: usize = 400;

/// The keys of each kind.
pub(super) const KEYS: &[Key] = &[
    key(
        "url",
        Secret,
        Optional,
        "The URL (inline), such as postgres://user:password@host/database?sslmode=require.",
    ),
    key("url_file", Path, Optional, "File that contains the URL."),
    key(
        "tls_config",
        Map(&TLS_CONFIG),
        Optional,
        "Which CAs are trusted, and the client certificate. With it, `sslmode` is `require`.",
    ),
];

/// Where a database is, and how the server there is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DatabaseServer {
    pub(super) url: ServerUrl,
    pub(super) encryption: Encryption,
    pub(super) tls: TlsConfig,
}

#[cfg(test)]
impl DatabaseServer {
    /// The one of this URL, which says that nothing is encrypted.
    pub(super) fn unverified(url: &str, form: &UrlForm) -> DatabaseServer {
        let url = ServerUrl::parse(url, form).expect("it is a URL");
        DatabaseServer { url, encryption: Encryption::Never, tls: TlsConfig::default() }
    }
}

/// The way to it.
#[derive(Debug)]
pub(super) struct ServerWay {
    pub(super) server: DatabaseServer,
    /// How it is verified, once that was read.
    verifies: Mutex<Option<Arc<ClientConfig>>>,
}

/// Reads the keys of a server of this form, which stand in `item` under `kind`.
pub(super) fn read(
    loader: &mut Loader,
    item: &Fields<'_>,
    (kind, form): (&str, &UrlForm),
) -> Option<DatabaseServer> {
    let fields = item.map(&mut loader.log, kind)?;
    let tls = fields.map(&mut loader.log, "tls_config").map(|fields| tls_config(loader, &fields));
    let key = if fields.has("url") { "url" } else { "url_file" };
    let url = loader.required_secret(&fields, "url", "url_file", true)?;
    if key == "url_file" && loader.leaves_files() {
        return None;
    }
    let at = fields.at_value(key);
    let read = ServerUrl::parse(url.expose(), form);
    let url = read.map_err(|why| loader.log.fault(at, format!("the URL of `{key}` {why}"))).ok()?;
    loader.secrets.extend(url.password.clone());
    let is_socket = matches!(url.at, ServerAt::Socket(_));
    if tls.is_some() && (is_socket || !matches!(url.encryption, None | Some(Encryption::Verified))) {
        let message = "`tls_config` says nothing here: by its URL the server is not verified";
        loader.log.fault(fields.at_key("tls_config"), message);
    }
    let usual = if tls.is_some() { Encryption::Verified } else { Encryption::IfThere };
    let encryption = if is_socket { Encryption::Never } else { url.encryption.unwrap_or(usual) };
    if encryption != Encryption::Verified && !url.at.is_here() {
        let at = loader.log.show(at);
        loader.log.warn(format!(
            "{at}: whoever is on the way to the database may read and change what goes there, the password too: \
             `sslmode=require` in its URL has it encrypted, and the server verified"
        ));
    }
    Some(DatabaseServer { url, encryption, tls: tls.unwrap_or_default() })
}

impl ServerWay {
    pub(super) fn new(server: &DatabaseServer) -> ServerWay {
        ServerWay { server: server.clone(), verifies: Mutex::default() }
    }

    fn verifies(&self) -> MutexGuard<'_, Option<Arc<ClientConfig>>> {
        self.verifies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the connection is encrypted, and which name the server's certificate must have; `None`: it is not to be.
    pub(super) async fn tls(&self) -> Result<Option<(Arc<ClientConfig>, ServerName<'static>)>, String> {
        let DatabaseServer { url, encryption, tls } = &self.server;
        let ServerAt::Port(host, _) = &url.at else { return Ok(None) };
        let tls = match encryption {
            Encryption::Never => return Ok(None),
            Encryption::IfThere => TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() },
            Encryption::Verified => tls.clone(),
        };
        let name = ServerName::try_from(host.clone());
        let name = name.map_err(|_| format!("{host} is no name that a certificate has"))?;
        let known = self.verifies().clone();
        let config = match known {
            Some(config) => config,
            None => {
                let read = on_thread(move || client_config(&tls, true)).await;
                read.map_err(|error| error.to_string()).flatten()?
            }
        };
        *self.verifies() = Some(config.clone());
        Ok(Some((config, name)))
    }

    /// What went wrong on the way, without its causes. Where the server's certificate is not believed, those whom the system trusts
    /// are read again for the next look.
    pub(super) fn broke(&self, error: &(dyn Error + 'static)) -> String {
        let is_of_certificate = |cause: &(dyn Error + 'static)| {
            matches!(cause.downcast_ref(), Some(TlsError::InvalidCertificate(_)))
        };
        if causes(error).any(is_of_certificate) {
            *self.verifies() = None;
        }
        let why = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
        format!("{}: {why}", self.server.url.at)
    }

    /// What a look found, or why nothing; `None`: it took too long. A server may repeat what we have shown.
    pub(super) fn found(&self, asked: Option<Result<ProbeFound, String>>, timeout: Span) -> ProbeFound {
        let why = match asked {
            Some(Ok(found)) => return found,
            Some(Err(why)) => why,
            None => no_answer_within(timeout),
        };
        let password = self.server.url.password.iter().map(|password| password.expose().to_owned());
        let why = without(&why, password.collect());
        ProbeFound::unknown(begun(&one_line(&why), MAX_WHY_CHARS))
    }
}

/// Why a query has answered nothing that can be judged: the error of the server, or of the way there.
pub(super) enum Unjudged<E> {
    Refused(E),
    Otherwise(String),
}

/// What is said where a query took too long.
pub(super) fn no_answer_within(timeout: Span) -> String {
    format!("the database did not answer within {timeout}")
}
