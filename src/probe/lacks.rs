//! What went wrong with a request, and whether it says anything of the server: a lack of ours does not (17.12e).

use std::error::Error;
use std::io;
use std::net::{SocketAddr, UdpSocket};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustix::io::Errno;
use rustls::CertificateError::{BadSignature, Expired, ExpiredContext, UnknownIssuer};

use crate::notify::resolve;

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// It is for a lack of ours, and says nothing of the server.
    CannotLook(String),
    Unreachable(String),
    /// Nobody whom the system trusts has signed the server's certificate.
    Untrusted(String),
    /// A certificate on the way has expired.
    Expired(String),
    /// It leads to https, and the certificates that the system trusts were not read yet.
    NeedsTrust,
}

/// A lack of ours, where only an error can be handed on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct OwnLack(String);

/// No files, no memory, no ports.
fn is_own_lack(error: &io::Error) -> bool {
    let lacks = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS, Errno::ADDRNOTAVAIL];
    Errno::from_io_error(error).is_some_and(|errno| lacks.contains(&errno))
}

/// An error and its causes, those too that an error of IO has in it.
pub(super) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error: &&'e (dyn Error + 'static)| {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

impl Unanswered {
    /// Says what went wrong without the URL: whoever reads it knows which check it is of.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Unanswered {
        let why = causes(error).last().unwrap_or(error).to_string();
        for cause in causes(error) {
            if cause.is::<OwnLack>() || cause.downcast_ref().is_some_and(is_own_lack) {
                return Unanswered::CannotLook(why);
            }
            match cause.downcast_ref() {
                // An authority that has a new key and its old name has signed it wrongly, by the old one.
                Some(rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature)) => {
                    return Unanswered::Untrusted(why);
                }
                Some(rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. })) => {
                    return Unanswered::Expired(why);
                }
                _ => {}
            }
        }
        Unanswered::Unreachable(why)
    }
}

/// Looks up names as messages do.
#[derive(Debug)]
pub(super) struct NameLookup;

impl Resolve for NameLookup {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            match resolve(name.as_str(), 0).await {
                Ok(found) => Ok(Box::new(with_a_way(found).into_iter()) as Addrs),
                Err(error) if is_own_lookup_lack(&error) => Err(OwnLack(error.to_string()).into()),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// What the system says itself (or that no lookup was begun) is no word of a server of names; and where files are lacking, it may
/// say that no such server was reached.
fn is_own_lookup_lack(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
        || error.kind() == io::ErrorKind::TimedOut
        || error.to_string().contains("Memory allocation failure")
        || UdpSocket::bind(("0.0.0.0", 0)).is_err_and(|error| is_own_lack(&error))
}

/// Those that this machine has a way to, where there are any: with no IPv6, the last word on a server that is down would else be
/// that ours is lacking. Sends nothing.
fn with_a_way(all: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let has_way = |address: &&SocketAddr| {
        let ours = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        UdpSocket::bind(ours).and_then(|socket| socket.connect((address.ip(), 9))).is_ok()
    };
    let with_way: Vec<SocketAddr> = all.iter().filter(has_way).copied().collect();
    if with_way.is_empty() { all } else { with_way }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: impl Into<Box<dyn Error + Send + Sync>>) -> Unanswered {
        // As deep in it as those of requests are.
        Unanswered::of(&io::Error::other(io::Error::other(error)))
    }

    /// 17.12e
    #[test]
    fn what_we_lack_says_nothing_of_the_server() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS, Errno::ADDRNOTAVAIL] {
            assert!(matches!(of(io::Error::from(errno)), Unanswered::CannotLook(_)), "{errno}");
        }
        for errno in [Errno::CONNREFUSED, Errno::CONNRESET, Errno::HOSTUNREACH, Errno::TIMEDOUT] {
            assert_eq!(
                of(io::Error::from(errno)),
                Unanswered::Unreachable(io::Error::from(errno).to_string())
            );
        }
        let of_certificate = |error| of(rustls::Error::InvalidCertificate(error));
        assert!(matches!(of_certificate(UnknownIssuer), Unanswered::Untrusted(_)));
        assert!(matches!(of_certificate(Expired), Unanswered::Expired(_)));
        assert!(matches!(of_certificate(rustls::CertificateError::Revoked), Unanswered::Unreachable(_)));
    }

    /// 17.12e
    #[tokio::test]
    async fn a_name_that_could_not_be_looked_up_is_no_word_of_the_server() {
        let look_up = async |name: &str| {
            let found = NameLookup.resolve(name.parse().expect("it is one")).await;
            found.map(Iterator::count).map_err(|error| Unanswered::of(&*error))
        };
        assert!(look_up("localhost").await.is_ok_and(|found| found > 0));
        assert!(matches!(look_up("nothing.invalid").await, Err(Unanswered::Unreachable(_))));
        assert!(is_own_lookup_lack(&Errno::AGAIN.into()), "no thread");
        assert!(is_own_lookup_lack(&io::ErrorKind::TimedOut.into()), "too many at a time");
        assert!(!is_own_lookup_lack(&io::Error::other("Name or service not known")));
    }
}
