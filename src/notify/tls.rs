//! TLS set-up: the cryptography for mail and HTTP, and the client configuration for HTTP.

use std::sync::{Arc, Once};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::trust::check_certificates;
use crate::notify::http_config::TlsConfig;

/// Makes ring the process's crypto provider; without it no client can be built. It may be called again.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that another part of the program installed a provider first, which is as good.
        let _ = ring::default_provider().install_default();
    });
}

/// How we verify HTTP servers, and the certificate that we present. If no TLS is needed, no certificates are read: a
/// machine that has none can still post without encryption.
pub(crate) fn client_config(config: &TlsConfig, is_needed: bool) -> Result<Arc<ClientConfig>, String> {
    let fault = |error: Error| format!("TLS cannot be set up: {error}");
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(fault)?;
    let builder = match &config.ca_pem {
        _ if config.insecure_skip_verify => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        }
        Some(pem) => builder.with_root_certificates(authorities(pem)?),
        None if is_needed => {
            check_certificates()?;
            builder.with_platform_verifier().map_err(fault)?
        }
        None => builder.with_root_certificates(RootCertStore::empty()),
    };
    let Some(identity) = &config.client else { return Ok(Arc::new(builder.with_no_client_auth())) };
    let unreadable = || "cert_file and key_file hold no PEM certificate with its key".to_owned();
    let chain = certificates(&identity.cert_pem).ok_or_else(unreadable)?;
    let key =
        PrivateKeyDer::from_pem_slice(identity.key_pem.expose().as_bytes()).map_err(|_| unreadable())?;
    Ok(Arc::new(builder.with_client_auth_cert(chain, key).map_err(|_| unreadable())?))
}

fn authorities(pem: &str) -> Result<RootCertStore, String> {
    let unreadable = || "ca_file holds no PEM certificates".to_owned();
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).ok_or_else(unreadable)? {
        roots.add(certificate).map_err(|_| unreadable())?;
    }
    Ok(roots)
}

/// Parses the certificates; at least one.
fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    certificates.ok().filter(|certificates| !certificates.is_empty())
}

/// For `insecure_skip_verify`: accepts every certificate.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
