//! Handshakes of TLS that are under way: what a stop gives them, and what is said of one that had to make room (9.1, 23.9).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use punctual::http::limits::Limits;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use crate::support::doors::Doors;
use crate::support::http::connect_from;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::smtp::Certificates;

const JOB: &str = "127.0.0.1";
const CROWD: &str = "127.0.0.2";
const PING: &[u8] = b"GET /ping/worker HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A server that speaks TLS, and those who trust it.
struct Secured {
    doors: Doors,
    clients: Arc<ClientConfig>,
}

impl Secured {
    fn open(limits: Limits) -> Secured {
        // Fails only if another test of this process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let made = Certificates::make(folder.path());
        let certificate = CertificateDer::from_pem_file(&made.certificate).unwrap();
        let key = PrivateKeyDer::from_pem_file(&made.key).unwrap();
        let server = ServerConfig::builder().with_no_client_auth();
        let setup = Arc::new(server.with_single_cert(vec![certificate], key).unwrap());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&made.authority).unwrap()).unwrap();
        let clients = Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth());
        Secured { doors: Doors::open_with(limits, |app| app.set_tls(Some(setup))), clients }
    }

    fn connect(&self, address: &str) -> (ClientConnection, TcpStream) {
        let tls = ClientConnection::new(self.clients.clone(), "localhost".try_into().unwrap()).unwrap();
        (tls, connect_from(address, self.doors.port()))
    }

    /// Somebody who has said hello, was answered, and says nothing more yet.
    fn half_shaken(&self, address: &str) -> (ClientConnection, TcpStream) {
        let (mut tls, mut stream) = self.connect(address);
        tls.write_tls(&mut stream).unwrap();
        while !tls.wants_write() {
            tls.read_tls(&mut stream).unwrap();
            tls.process_new_packets().unwrap();
        }
        assert!(tls.is_handshaking() || tls.wants_write());
        (tls, stream)
    }

    /// Somebody whose handshake is over, for the server too, and who says nothing more yet.
    fn shaken(&self, address: &str) -> (ClientConnection, TcpStream) {
        to_the_end(self.connect(address))
    }

    /// Has it stop; it has been told so once nobody may connect any more.
    fn stop(&mut self) {
        self.doors.stop();
        wait_until("a refusal", PATIENCE, || TcpStream::connect((JOB, self.doors.port())).is_err());
    }

    fn refused_unread(&self) -> u64 {
        self.doors.ledger.refused_unread.load(Ordering::SeqCst)
    }
}

/// Shakes hands until that is over.
fn to_the_end((mut tls, mut stream): (ClientConnection, TcpStream)) -> (ClientConnection, TcpStream) {
    while tls.is_handshaking() || tls.wants_write() {
        if tls.wants_write() {
            tls.write_tls(&mut stream).unwrap();
        } else {
            tls.read_tls(&mut stream).unwrap();
            tls.process_new_packets().unwrap();
        }
    }
    // The server's tickets come after the end of its handshake.
    assert!(tls.read_tls(&mut stream).unwrap() > 0);
    (tls, stream)
}

/// Says the rest of its hello, and pings; the first line of the answer, nothing if there is none.
fn ping((tls, stream): (ClientConnection, TcpStream)) -> String {
    let mut stream = StreamOwned::new(tls, stream);
    let mut answer = Vec::new();
    // Whoever is refused in its handshake hears nothing, or that it is over.
    let _ = stream.write_all(PING).and_then(|()| stream.flush());
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

/// 23.9b: a client whose handshake fails does not come again by itself.
#[test]
fn a_stop_answers_a_ping_whose_handshake_is_under_way() {
    let mut secured = Secured::open(Limits::default());
    let silent = connect_from(JOB, secured.doors.port());
    let shaking = secured.half_shaken(JOB);
    secured.stop();
    // It is given half a second, as whoever says nothing in the clear is.
    assert_eq!((&silent).read(&mut [0]).unwrap_or(0), 0);
    assert_eq!(ping(shaking), "HTTP/1.1 200 OK");
    secured.doors.wait();
    assert_eq!(secured.doors.ledger.facts.all().len(), 1);
}

/// 23.9b: what follows a handshake is given half a second, from its end on.
#[test]
fn a_stop_answers_a_ping_that_comes_after_its_handshake() {
    let mut secured = Secured::open(Limits::default());
    let shaken = secured.shaken(JOB);
    // All that were there at the stop are looked at half a second later, and these are closed then.
    let silent: Vec<TcpStream> = (0..4).map(|_| connect_from(JOB, secured.doors.port())).collect();
    let (unsaid, half) = (secured.connect(JOB), secured.half_shaken(JOB));
    secured.stop();
    assert_eq!(ping(shaken), "HTTP/1.1 200 OK");
    let late = [to_the_end(unsaid), to_the_end(half)];
    silent.iter().for_each(|mut silent| assert_eq!(silent.read(&mut [0]).unwrap_or(0), 0));
    assert_eq!(late.map(ping), ["HTTP/1.1 200 OK"; 2]);
    secured.doors.wait();
    assert_eq!(secured.doors.ledger.facts.all().len(), 3);
}

/// A scanner that never says more keeps no restart.
#[test]
fn a_stop_does_not_wait_long_for_a_handshake() {
    let mut secured = Secured::open(Limits::default());
    let shaking = secured.half_shaken(JOB);
    let since = std::time::Instant::now();
    secured.doors.stop();
    secured.doors.wait();
    assert!(since.elapsed() < Limits::default().drain_timeout);
    assert_eq!(ping(shaking), "");
}

/// 9.1e
#[test]
fn a_handshake_that_makes_room_is_told_as_unread() {
    let secured = Secured::open(Limits { max_connections: 8, ..Limits::default() });
    let held: Vec<_> = (0..8).map(|_| secured.half_shaken(CROWD)).collect();
    assert_eq!(ping(secured.connect(JOB)), "HTTP/1.1 200 OK");
    wait_until("what was lost", PATIENCE, || secured.refused_unread() > 0);
    let answered = held.into_iter().map(ping).filter(|answer| answer == "HTTP/1.1 200 OK").count();
    assert_eq!(answered, 7, "one made room");
}

/// 9.1e
#[test]
fn who_has_shaken_hands_and_says_nothing_makes_room_and_nothing_is_lost() {
    let secured = Secured::open(Limits { max_connections: 8, ..Limits::default() });
    let held: Vec<_> = (0..8).map(|_| secured.shaken(CROWD)).collect();
    assert_eq!(ping(secured.connect(JOB)), "HTTP/1.1 200 OK");
    assert_eq!(secured.refused_unread(), 0);
    drop(held);
}
