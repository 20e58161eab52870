//! How HTTP servers are spoken to, and which certificates are believed.

use super::{address, pem};
use crate::core::receiver::{Authorization, BasicAuth, ClientIdentity, HttpConfig, TlsConfig};
use crate::core::secret::Secret;
use crate::yaml::fault::{At, quote};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// Reads `http_config`, if it is given.
pub(super) fn http_config(loader: &mut Loader, fields: &Fields<'_>) -> HttpConfig {
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
    let tls = fields.map(&mut loader.log, "tls_config").map(|fields| tls_config(loader, &fields));
    HttpConfig { authorization, basic_auth, proxy_url, tls: tls.unwrap_or_default() }
}

pub(super) fn tls_config(loader: &mut Loader, fields: &Fields<'_>) -> TlsConfig {
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

/// Whether this is an HTTP address. A fault shows the address only if `shown`.
pub(super) fn http_url(loader: &mut Loader, key: &str, at: At, url: &str, shown: bool) -> bool {
    let has_password = reqwest::Url::parse(url).is_ok_and(|url| url.password().is_some());
    let problem = match address::problem(url) {
        None if shown && has_password => {
            "has a password in it, which would show in logs: use `basic_auth` of `http_config`".to_owned()
        }
        None => {
            if let Some(mismatch) = address::mismatch(url) {
                let place = loader.log.show(at);
                loader.log.warn(format!("{place}: `{key}`: {mismatch}"));
            }
            return true;
        }
        Some(problem) => problem,
    };
    let shown = if shown && !url.contains('@') { format!(" {}", quote(url)) } else { String::new() };
    loader.log.fault(at, format!("`{key}`{shown} {problem}"));
    false
}
