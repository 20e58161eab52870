//! How HTTP servers are spoken to, the same for webhooks and Alertmanagers; and which certificates are believed and who logs
//! in, which mail has too.

use super::address::http_url;
use super::pem;
use crate::core::secret::Secret;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Flag, Map, Path, Secret as Hidden, Text};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{NAME, Section, key};

pub(crate) static HTTP_CONFIG: Section = Section {
    id: "http_config",
    title: "`http_config`",
    keys: &[
        key("authorization", Map(&AUTHORIZATION), Optional, "The header `Authorization`."),
        key("basic_auth", Map(&BASIC_AUTH), Optional, "User name and password."),
        key("proxy_url", Hidden, Optional, "URL of the proxy. `HTTP_PROXY` and the like are ignored."),
        key("tls_config", Map(&TLS_CONFIG), Optional, "Which CAs are trusted, and the client certificate."),
    ],
};

pub(crate) static AUTHORIZATION: Section = Section {
    id: "authorization",
    title: "`authorization`",
    keys: &[
        key("type", Text(NAME), Default("Bearer"), "Scheme, the first word of the header."),
        key("credentials", Hidden, Optional, "Credentials (inline)."),
        key("credentials_file", Path, Optional, "File that contains the credentials."),
    ],
};

pub(crate) static BASIC_AUTH: Section = Section {
    id: "basic_auth",
    title: "`basic_auth`",
    keys: &[
        key("username", Text(NAME), Required, "User name."),
        key("password", Hidden, Optional, "The password (inline)."),
        key("password_file", Path, Optional, "File that contains the password."),
    ],
};

pub(crate) static TLS_CONFIG: Section = Section {
    id: "tls_config",
    title: "`tls_config`",
    keys: &[
        key("ca_file", Path, Optional, "CAs that are trusted instead of those of the system."),
        key("cert_file", Path, Optional, "Client certificate; together with `key_file`."),
        key("key_file", Path, Optional, "Private key of the client certificate."),
        key("insecure_skip_verify", Flag, Default("false"), "If true, server certificates are not verified."),
    ],
};

/// How an HTTP server is reached, as in Prometheus' `http_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpConfig {
    /// The header `Authorization`; never together with `basic_auth`.
    pub authorization: Option<Authorization>,
    pub basic_auth: Option<BasicAuth>,
    /// The proxy's URL, which may contain a password.
    pub proxy_url: Option<Secret>,
    pub tls: TlsConfig,
}

/// The header `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The first word, usually `Bearer`.
    pub scheme: String,
    /// The rest.
    pub credentials: Secret,
}

/// A user name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicAuth {
    pub username: String,
    pub password: Secret,
}

/// The certificates that we trust and present. The files have already been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// Trusted certificates as PEM, instead of those of the system (as in Prometheus).
    pub ca_pem: Option<String>,
    /// The certificate that we present.
    pub client: Option<ClientIdentity>,
    /// Trust every certificate.
    pub insecure_skip_verify: bool,
}

/// A client's certificate and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate and its chain, as PEM.
    pub cert_pem: String,
    /// The private key, as PEM.
    pub key_pem: Secret,
}

/// Reads `http_config`, if it is given.
pub(crate) fn http_config(loader: &mut Loader, fields: &Fields<'_>) -> HttpConfig {
    let Some(fields) = fields.map(&mut loader.log, "http_config") else { return HttpConfig::default() };
    if fields.has("authorization") && fields.has("basic_auth") {
        let message =
            "`authorization` and `basic_auth` exclude each other: both are the header Authorization";
        loader.log.fault(fields.at_key("basic_auth"), message);
    }
    let authorization = fields.map(&mut loader.log, "authorization").and_then(|fields| {
        let scheme = fields.text(&mut loader.log, "type").unwrap_or("Bearer").to_owned();
        if !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            loader.log.fault(fields.at_value("type"), "`type` is one word, such as Bearer");
        }
        let credentials = loader.required_secret(&fields, "credentials", "credentials_file", true)?;
        Some(Authorization { scheme, credentials })
    });
    let basic_auth = fields.map(&mut loader.log, "basic_auth").and_then(|fields| {
        let username = fields.text(&mut loader.log, "username");
        let password = loader.required_secret(&fields, "password", "password_file", true)?;
        Some(BasicAuth { username: username?.to_owned(), password })
    });
    let proxy_url = fields
        .scalar(&mut loader.log, "proxy_url")
        .filter(|url| http_url(loader, "proxy_url", fields.at_value("proxy_url"), url, false))
        .map(Secret::new);
    loader.secrets.extend(proxy_url.clone());
    let tls = fields.map(&mut loader.log, "tls_config").map(|fields| tls_config(loader, &fields));
    HttpConfig { authorization, basic_auth, proxy_url, tls: tls.unwrap_or_default() }
}

pub(crate) fn tls_config(loader: &mut Loader, fields: &Fields<'_>) -> TlsConfig {
    let ca_pem = pem_file(loader, fields, "ca_file", pem::authorities);
    if fields.has("cert_file") != fields.has("key_file") {
        loader.log.fault(fields.at, "`cert_file` and `key_file` go together");
    }
    let cert_pem = pem_file(loader, fields, "cert_file", pem::certificates);
    let key_pem = pem_file(loader, fields, "key_file", pem::private_key);
    let client = cert_pem.zip(key_pem).map(|((cert_pem, chain), (key_pem, key))| {
        if let Err(reason) = pem::identity(chain, key) {
            let message = format!("the file of `key_file` does not go with that of `cert_file`: {reason}");
            loader.log.fault(fields.at_value("key_file"), message);
        }
        ClientIdentity { cert_pem, key_pem: Secret::new(key_pem) }
    });
    TlsConfig {
        ca_pem: ca_pem.map(|(pem, ())| pem),
        client,
        insecure_skip_verify: fields.flag(&mut loader.log, "insecure_skip_verify").unwrap_or(false),
    }
}

/// The text of a PEM file, and what was parsed from it.
fn pem_file<T>(
    loader: &mut Loader,
    fields: &Fields<'_>,
    key: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<(String, T)> {
    let text = loader.file_text(fields, key)?;
    let held = read(&text).map_err(|reason| {
        loader.log.fault(fields.at_value(key), format!("the file of `{key}` {reason}"));
    });
    Some((text, held.ok()?))
}
