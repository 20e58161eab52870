//! Clients' certificates that have one of some names, as `client_allowed_sans` asks for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::{self, Decode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Of the certificates that another takes, takes those with one of these subject alternative names.
#[derive(Debug)]
pub(super) struct SanVerifier {
    verifier: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl SanVerifier {
    pub(super) fn new(verifier: Arc<dyn ClientCertVerifier>, names: Vec<String>) -> SanVerifier {
        SanVerifier { verifier, names }
    }
}

/// The subject alternative names of a certificate, written as exporters write them.
fn names_of(certificate: &CertificateDer<'_>) -> der::Result<Vec<String>> {
    let certificate = Certificate::from_der(certificate)?;
    let names = certificate.tbs_certificate().get_extension::<SubjectAltName>()?;
    Ok(names.map(|(_, names)| names.0.iter().filter_map(written).collect()).unwrap_or_default())
}

/// `None`: it is none of the kinds that exporters look at.
fn written(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(text)
        | GeneralName::Rfc822Name(text)
        | GeneralName::UniformResourceIdentifier(text) => Some(text.to_string()),
        GeneralName::IpAddress(bytes) => address(bytes.as_bytes()).map(|address| address.to_string()),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).into());
    }
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical())
}

impl ClientCertVerifier for SanVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.verifier.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.verify_client_cert(end_entity, intermediates, now)?;
        let names =
            names_of(end_entity).map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if names.iter().any(|name| self.names.contains(name)) {
            Ok(verified)
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 23.9
    #[test]
    fn addresses_are_written_as_exporters_write_them() {
        let written = |bytes: &[u8]| address(bytes).map(|address| address.to_string());
        let v6 = |text: &str| text.parse::<Ipv6Addr>().expect("an address").octets();
        assert_eq!(written(&[192, 0, 2, 7]).as_deref(), Some("192.0.2.7"));
        assert_eq!(written(&v6("2001:0db8:0:0::0001")).as_deref(), Some("2001:db8::1"));
        assert_eq!(written(&v6("::ffff:192.0.2.7")).as_deref(), Some("192.0.2.7"));
        assert_eq!(written(&[192, 0, 2, 7, 255, 255, 255, 0]), None, "a network is no address");
    }
}
