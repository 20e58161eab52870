//! TLS files are parsed completely, so that their faults are known before the first page is sent.

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, RootCertStore};

/// Checks trusted certificates. The error continues the sentence "the file …".
pub(super) fn authorities(pem: &str) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|_| "holds a certificate that cannot be read".to_owned())?;
    }
    Ok(())
}

/// Parses certificates; at least one. The error continues the sentence "the file …".
pub(crate) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    // The library's words are for programmers, and show bytes of the file.
    let certificates = certificates.map_err(|_| "holds PEM that is cut or damaged".to_owned())?;
    if certificates.is_empty() {
        return Err("holds no PEM block `CERTIFICATE`".to_owned());
    }
    Ok(certificates)
}

/// Parses a private key. The error continues the sentence "the file …".
pub(crate) fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
        "holds no PEM block `PRIVATE KEY` that can be read; one with a passphrase cannot be".to_owned()
    })
}

/// Checks that a key belongs to the first certificate.
pub(crate) fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<(), String> {
    match CertifiedKey::from_der(chain, key, &default_provider()) {
        Ok(_) => Ok(()),
        Err(Error::InconsistentKeys(_)) => Err("it is the key of another certificate".to_owned()),
        Err(_) => Err("one of them cannot be read".to_owned()),
    }
}
