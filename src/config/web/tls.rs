//! TLS as the file says it, ready to be spoken; and read again, when its files have changed.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::anybody::Anybody;
use super::options::Options;
use super::sans::SanVerifier;
use crate::notify::pem;
use crate::yaml::fields::Fields;
use crate::yaml::inputs::{ContentHash, Digests, Inputs, MAX_SECRET_BYTES, read_file};
use crate::yaml::loader::{Loader, TextPlace};

/// TLS of the network's listeners, ready to be spoken.
#[derive(Clone)]
pub struct ServerTls {
    /// What connections are accepted with.
    pub setup: Arc<ServerConfig>,
    sources: Sources,
    /// Of the files that were read for it.
    hash: ContentHash,
}

/// Where everything stands.
#[derive(Clone, PartialEq, Eq)]
struct Sources {
    certificate: Source,
    key: Source,
    /// Of clients' certificates.
    authorities: Option<Source>,
    client_auth: ClientAuth,
    /// Of which a certificate that was verified must have one; none: whatever its names.
    names: Vec<String>,
    options: Options,
}

/// Where some PEM stands.
#[derive(Clone, PartialEq, Eq)]
struct Source {
    /// The key that says so.
    key: &'static str,
    place: TextPlace,
}

/// What is asked of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientAuth {
    Nothing,
    /// A certificate of whatever origin.
    Any {
        is_required: bool,
    },
    /// A certificate of one of the authorities.
    Verified {
        is_required: bool,
    },
}

/// The texts of all sources.
struct Texts {
    certificate: String,
    key: String,
    authorities: Option<String>,
}

/// What is wrong with what which key says.
type PemFault = (&'static str, String);

/// Reads the section; `None`: it has a fault.
pub(super) fn read(loader: &mut Loader, fields: &Fields<'_>) -> Option<ServerTls> {
    let faults_before = loader.log.count();
    let certificate = source(loader, fields, ["cert", "cert_file"]);
    let key = source(loader, fields, ["key", "key_file"]);
    let authorities = source(loader, fields, ["client_ca", "client_ca_file"]);
    let options = Options::read(loader, fields);
    let client_auth = match fields.one_of(&mut loader.log, "client_auth_type") {
        None | Some("NoClientCert") => ClientAuth::Nothing,
        Some("RequestClientCert") => ClientAuth::Any { is_required: false },
        Some("RequireAnyClientCert") => ClientAuth::Any { is_required: true },
        Some("VerifyClientCertIfGiven") => ClientAuth::Verified { is_required: false },
        Some(_) => ClientAuth::Verified { is_required: true },
    };
    if loader.log.count() > faults_before {
        return None;
    }
    match (client_auth, &authorities) {
        (ClientAuth::Verified { .. }, None) => {
            let message = "this verifies certificates by `client_ca_file`, which is missing";
            loader.log.fault(fields.at_value("client_auth_type"), message);
            return None;
        }
        (ClientAuth::Nothing | ClientAuth::Any { .. }, Some((Source { key, .. }, _))) => {
            let message = format!(
                "nobody is verified by `{key}` without `client_auth_type: RequireAndVerifyClientCert`"
            );
            loader.log.fault(fields.at_key(key), message);
            return None;
        }
        _ => {}
    }
    let names = names(loader, fields, client_auth)?;
    let ((certificate, certificate_pem), (key, key_pem)) = certificate.zip(key).or_else(|| {
        loader.log.fault(fields.at, "`tls_server_config` needs `cert_file` and `key_file`");
        None
    })?;
    let (authorities, authorities_pem) = authorities.unzip();
    let sources = Sources { certificate, key, authorities, client_auth, names, options };
    let texts = Texts { certificate: certificate_pem, key: key_pem, authorities: authorities_pem };
    let hash = sources.hash_of(&texts);
    match sources.set_up(&texts) {
        Ok(setup) => Some(ServerTls { setup: Arc::new(setup), sources, hash }),
        Err((key, why)) => {
            loader.log.fault(fields.at_value(key), why);
            None
        }
    }
}

/// The names of which a certificate must have one; `None`: there is a fault.
fn names(loader: &mut Loader, fields: &Fields<'_>, client_auth: ClientAuth) -> Option<Vec<String>> {
    let key = "client_allowed_sans";
    if !fields.has(key) {
        return Some(Vec::new());
    }
    if !matches!(client_auth, ClientAuth::Verified { .. }) {
        let message = format!(
            "names keep nobody out by `{key}` without `client_auth_type: RequireAndVerifyClientCert`"
        );
        loader.log.fault(fields.at_key(key), message);
        return None;
    }
    let faults_before = loader.log.count();
    let names: Vec<String> =
        fields.texts(&mut loader.log, key).into_iter().map(|(_, name)| name.to_owned()).collect();
    if names.is_empty() && loader.log.count() == faults_before {
        loader.log.fault(fields.at_value(key), format!("`{key}` has no name: nobody could come in"));
    }
    (loader.log.count() == faults_before).then_some(names)
}

/// Where the PEM of one of two keys stands, and its text.
fn source(
    loader: &mut Loader,
    fields: &Fields<'_>,
    [key, file_key]: [&'static str; 2],
) -> Option<(Source, String)> {
    let (key, place) = loader.place(fields, key, file_key)?;
    if let TextPlace::File(path) = &place {
        loader.certificates.name(path, MAX_SECRET_BYTES);
    }
    let text = loader.text_at(fields, key, &place)?;
    Some((Source { key, place }, text))
}

impl Source {
    /// The text as it is now.
    fn text(&self) -> Result<String, PemFault> {
        let path = match &self.place {
            TextPlace::Here(text) => return Ok(text.clone()),
            TextPlace::File(path) => path,
        };
        let bytes = read_file(path, MAX_SECRET_BYTES);
        let text = bytes
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned()));
        text.map_err(|why| (self.key, format!("`{}` {}: {why}", self.key, path.display())))
    }

    fn path(&self) -> Option<&PathBuf> {
        match &self.place {
            TextPlace::File(path) => Some(path),
            TextPlace::Here(_) => None,
        }
    }

    fn fault(&self, why: &str) -> PemFault {
        let what = if self.path().is_some() { "the file of " } else { "" };
        (self.key, format!("{what}`{}` {why}", self.key))
    }
}

impl Sources {
    fn hash_of(&self, texts: &Texts) -> ContentHash {
        let mut digests = Digests::default();
        let certificate = (Some(&self.certificate), Some(&texts.certificate));
        let all = [
            certificate,
            (Some(&self.key), Some(&texts.key)),
            (self.authorities.as_ref(), texts.authorities.as_ref()),
        ];
        for (source, text) in all {
            if let Some(path) = source.and_then(Source::path) {
                digests.add(path, text.map(String::as_bytes));
            }
        }
        digests.hash()
    }

    fn inputs(&self) -> Inputs {
        let mut inputs = Inputs::default();
        let all = [Some(&self.certificate), Some(&self.key), self.authorities.as_ref()];
        let paths = all.into_iter().flatten().filter_map(Source::path);
        paths.for_each(|path| inputs.name(path, MAX_SECRET_BYTES));
        inputs
    }

    fn texts(&self) -> Result<Texts, PemFault> {
        Ok(Texts {
            certificate: self.certificate.text()?,
            key: self.key.text()?,
            authorities: self.authorities.as_ref().map(Source::text).transpose()?,
        })
    }

    fn set_up(&self, texts: &Texts) -> Result<ServerConfig, PemFault> {
        let provider = self.options.provider();
        let chain = pem::certificates(&texts.certificate).map_err(|why| self.certificate.fault(&why))?;
        let key = pem::private_key(&texts.key).map_err(|why| self.key.fault(&why))?;
        pem::identity(chain.clone(), key.clone_key()).map_err(|why| {
            self.key.fault(&format!("does not go with that of `{}`: {why}", self.certificate.key))
        })?;
        let verifier = self.verifier(&provider, texts.authorities.as_deref())?;
        let mut setup = self
            .finish(provider, verifier, chain, key)
            .map_err(|error| self.certificate.fault(&format!("cannot be used: {error}")))?;
        setup.ignore_client_order = self.options.is_order_ours;
        setup.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(setup)
    }

    fn finish(
        &self,
        provider: Arc<CryptoProvider>,
        verifier: Option<Arc<dyn ClientCertVerifier>>,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<ServerConfig, rustls::Error> {
        let builder =
            ServerConfig::builder_with_provider(provider).with_protocol_versions(&self.options.versions())?;
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        builder.with_single_cert(chain, key)
    }

    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
        authorities: Option<&str>,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, PemFault> {
        let is_required = match self.client_auth {
            ClientAuth::Nothing => return Ok(None),
            ClientAuth::Any { is_required } => {
                return Ok(Some(Arc::new(Anybody::new(provider.clone(), is_required))));
            }
            ClientAuth::Verified { is_required } => is_required,
        };
        let source = self.authorities.as_ref().expect("what verifies has authorities");
        let mut roots = RootCertStore::empty();
        for certificate in
            pem::certificates(authorities.unwrap_or_default()).map_err(|why| source.fault(&why))?
        {
            let unread = |_| source.fault("holds a certificate that cannot be read");
            roots.add(certificate).map_err(unread)?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let builder = if is_required { builder } else { builder.allow_unauthenticated() };
        let verifier = builder.build().map_err(|error| source.fault(&format!("cannot be used: {error}")))?;
        Ok(Some(if self.names.is_empty() {
            verifier
        } else {
            Arc::new(SanVerifier::new(verifier, self.names.clone()))
        }))
    }
}

impl ServerTls {
    /// Of what was read for it, to be compared with [`ServerTls::hash_now`].
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// The same of the files as they are now. Blocks while it reads.
    pub fn hash_now(&self) -> ContentHash {
        self.sources.inputs().hash()
    }

    /// Reads the files again. Blocks.
    ///
    /// # Errors
    /// Why they cannot be used: one line without secrets.
    pub fn read_again(&self) -> Result<ServerTls, String> {
        let sources = self.sources.clone();
        let texts = sources.texts().map_err(|(_, why)| why)?;
        let hash = sources.hash_of(&texts);
        let setup = sources.set_up(&texts).map_err(|(_, why)| why)?;
        Ok(ServerTls { setup: Arc::new(setup), sources, hash })
    }
}

impl PartialEq for ServerTls {
    fn eq(&self, other: &ServerTls) -> bool {
        self.sources == other.sources && self.hash == other.hash
    }
}

impl Eq for ServerTls {}

/// Without the key.
impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("options", &self.sources.options).field("hash", &self.hash).finish()
    }
}
