//! Servers of databases that say nothing, or more than anybody wants to hear (17.13b).

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use super::database_server::DatabaseServer;
use super::mysql::{self, MysqlLooker};
use super::postgres::{self, PostgresLooker};
use super::server_url::UrlForm;
use crate::core::fixtures::probed_at;
use crate::core::probe::{FoundRows, ProbeFound, SqlProbe};
use crate::core::time::Span;

fn server(listener: &TcpListener, form: &UrlForm) -> DatabaseServer {
    let port = listener.local_addr().expect("it listens").port();
    let scheme = form.schemes[0];
    DatabaseServer::unverified(&format!("{scheme}://a:b@127.0.0.1:{port}/c?sslmode=disable"), form)
}

/// What both find within this time at somebody who listens there.
async fn found(listener: &TcpListener, timeout: Span) -> [ProbeFound; 2] {
    let probe = SqlProbe {
        database: "db".into(),
        query: "select 1".into(),
        key: [].into(),
        title: "".into(),
        wants_some: false,
        timeout,
    };
    let rows = || FoundRows::of(&probed_at("http://127.0.0.1/"));
    [
        PostgresLooker::new(&server(listener, &postgres::FORM)).look(&probe, timeout, rows()).await,
        MysqlLooker::new(&server(listener, &mysql::FORM)).look(&probe, timeout, rows()).await,
    ]
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_no_longer_than_the_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    for found in found(&listener, Span::ms(50)).await {
        assert_eq!(found, ProbeFound::unknown("the database did not answer within 50ms"));
    }
}

/// A message that never ends, in the words of both: a notice of a gigabyte, and packets that go on in the next one.
#[tokio::test]
async fn a_server_that_never_stops_talking_is_not_listened_to_for_long() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let talking = listener.try_clone().expect("it can be shared");
    std::thread::spawn(move || {
        let (mut first, _) = talking.accept().expect("somebody comes");
        first.write_all(b"N\x3f\xff\xff\xff").expect("it is heard");
        talk(first, &|_| vec![b'x'; 1 << 16]);
        let (second, _) = talking.accept().expect("somebody comes");
        talk(second, &|number| [&[0xff, 0xff, 0xff, number][..], &vec![b'x'; 0xff_ffff]].concat());
    });
    let [postgres, mysql] = found(&listener, Span::secs(60)).await;
    assert!(postgres.why.ends_with("it sent more than 64 MiB"), "{}", postgres.why);
    assert!(mysql.why.ends_with("Packet is larger than max_allowed_packet"), "{}", mysql.why);
}

/// Until nobody listens any more.
fn talk(mut stream: TcpStream, piece: &dyn Fn(u8) -> Vec<u8>) {
    let mut number = 0_u8;
    while stream.write_all(&piece(number)).is_ok() {
        number = number.wrapping_add(1);
    }
}
