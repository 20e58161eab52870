//! Limits on connections and requests, and a stop that loses nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use punctual::app::{Actor, Busy, Entrance, NotDone, mutes};
use punctual::core::time::{Span, Time};
use punctual::http::limits::Limits;
use punctual::http::{Listeners, server};

use crate::support::doors::{Doors, Mode};
use crate::support::http;
use crate::support::process::PATIENCE;
use crate::support::punctual::punctual;

fn quick() -> Limits {
    let ms = Duration::from_millis;
    Limits { head_timeout: ms(200), body_timeout: ms(200), idle_timeout: ms(400), ..Limits::default() }
}

fn connect(doors: &Doors) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", doors.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything up to the connection's end.
fn read_all(mut stream: &TcpStream) -> String {
    let mut text = String::new();
    // A reset ends it too.
    let _ = stream.read_to_string(&mut text);
    text
}

/// One answer to a request that keeps the connection.
fn read_answer(mut stream: &TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\nOK") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

fn send(mut stream: &TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
}

const PING: &str = "GET /ping/worker HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn a_connection_that_says_nothing_or_says_it_slowly_is_closed() {
    let doors = Doors::open(quick());
    assert_eq!(read_all(&connect(&doors)), "");
    let slow = connect(&doors);
    for part in PING.as_bytes().chunks(4) {
        // Slow, but never silent; at some time the server has had enough.
        std::thread::sleep(Duration::from_millis(50));
        if (&slow).write_all(part).is_err() {
            break;
        }
    }
    assert_eq!(read_all(&slow), "");
    assert!(doors.ledger.facts.all().is_empty());
}

#[test]
fn an_idle_connection_is_closed_after_its_time_and_not_before() {
    let doors = Doors::open(quick());
    let stream = connect(&doors);
    for _ in 0..3 {
        send(&stream, PING);
        assert!(read_answer(&stream).starts_with("HTTP/1.1 200"));
        // Longer than a head may take: between requests that is no fault.
        std::thread::sleep(Duration::from_millis(250));
    }
    assert_eq!(read_all(&stream), "");
}

#[test]
fn a_request_whose_body_does_not_arrive_is_no_ping() {
    let doors = Doors::open(quick());
    let slow = connect(&doors);
    send(&slow, "POST /ping/worker HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
    assert!(read_all(&slow).starts_with("HTTP/1.1 408"));
    let broken = connect(&doors);
    send(&broken, "POST /ping/worker HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
    broken.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(read_all(&broken).starts_with("HTTP/1.1 400"));
    let chunked = connect(&doors);
    send(
        &chunked,
        "POST /ping/worker HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    );
    assert!(read_all(&chunked).starts_with("HTTP/1.1 400"));
    assert!(doors.ledger.facts.all().is_empty());
}

#[test]
fn a_client_that_has_sent_all_and_closes_its_side_is_answered() {
    let doors = Doors::open(quick());
    let stream = connect(&doors);
    send(&stream, "GET /ping/worker HTTP/1.0\r\n\r\n");
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(read_all(&stream).ends_with("OK"));
}

#[test]
fn hostile_requests_are_refused() {
    let doors = Doors::open(Limits { max_head_bytes: 8192, ..quick() });
    let check = |request: &str, status: &str| {
        let stream = connect(&doors);
        send(&stream, request);
        let answer = read_all(&stream);
        assert_eq!(answer.split(' ').nth(1), Some(status), "{request:.60}: {answer}");
    };
    let closing = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    check("\x00\x01\x02\r\n\r\n", "400");
    check("GET / HTTP/9.9\r\n\r\n", "400");
    check("POST /ping/worker HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", "400");
    check(
        "POST /ping/worker HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "400",
    );
    // RFC 9112, 3.2: a proxy before us might take another.
    for path in ["/ping/worker", "/", "/no-such-page", "/api/v1/checks"] {
        check(&format!("GET {path} HTTP/1.1\r\n\r\n"), "400");
        check(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), "400");
        check(&format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), "400");
    }
    for twice in ["chunked\r\nTransfer-Encoding: chunked", "chunked, chunked", "chunked,chunked"] {
        let body = "2\r\nhi\r\n0\r\n\r\n";
        check(
            &format!(
                "POST /ping/worker HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: {twice}\r\n\r\n{body}"
            ),
            "400",
        );
    }
    check(&format!("GET /ping/worker HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(9000)), "431");
    check(&format!("GET /ping/worker HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(200)), "431");
    check(&closing("/ping/../../etc/passwd"), "404");
    check(&closing("/ping/%2e%2e%2fetc%2fpasswd"), "404");
    check(&closing("/ping/worker%00"), "404");
    check(&closing("/ping/worker%0d%0aX-Injected:%20yes"), "404");
    check(&closing("//ping/worker"), "404");
    check(&closing("*"), "404");
    check(&closing(&format!("/ping/{}", "a/".repeat(3000))), "404");
    assert!(doors.ledger.facts.all().is_empty());
}

/// As many connections as may be, on each a ping under way: none of them is idle, so none makes room.
fn full() -> (Doors, Vec<TcpStream>) {
    let doors = Doors::open(Limits { max_connections: 2, idle_timeout: PATIENCE, ..Limits::default() });
    doors.ledger.set_mode(Mode::Hold);
    let there: Vec<TcpStream> = (0..2).map(|_| connect(&doors)).collect();
    there.iter().for_each(|stream| send(stream, PING));
    doors.ledger.facts.wait_for_count("the pings under way", PATIENCE, 2);
    (doors, there)
}

/// The pings under way are stored, and answered.
fn answer_all(doors: &Doors, there: &[TcpStream]) {
    doors.ledger.set_mode(Mode::Store);
    doors.ledger.release();
    there.iter().for_each(|stream| assert!(read_answer(stream).starts_with("HTTP/1.1 200")));
}

#[test]
fn too_many_connections_are_told_so_and_those_that_are_there_go_on() {
    let (doors, there) = full();
    let beyond = connect(&doors);
    send(&beyond, PING);
    let answer = read_all(&beyond);
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("Retry-After: 1"), "{answer}");
    assert_eq!(doors.app.services.counters.connections.refused.load(std::sync::atomic::Ordering::Relaxed), 1);
    let unread = doors.ledger.refused_unread.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(unread, 1, "it may have been a ping of any check (9.1)");
    answer_all(&doors, &there);
    send(&there[0], PING);
    assert!(read_answer(&there[0]).starts_with("HTTP/1.1 200"));
    drop(there);
    crate::support::process::wait_until("a free place", PATIENCE, || {
        http::try_get(&doors.url("/ping/worker")).is_ok_and(|answer| answer.status == 200)
    });
    let metrics = http::get(&doors.url("/metrics")).text();
    let refused = doors.app.services.counters.connections.refused.load(std::sync::atomic::Ordering::Relaxed);
    assert!(metrics.contains(&format!("punctual_connections_refused_total {refused}\n")), "{metrics}");
}

/// A flood is told everywhere, and is no reason to restart us: that would lose the pings that still come through.
#[test]
fn connections_that_are_refused_make_it_neither_unhealthy_nor_unready() {
    let (doors, there) = full();
    assert!(read_all(&connect(&doors)).starts_with("HTTP/1.1 503"));
    answer_all(&doors, &there);
    drop(there);
    crate::support::process::wait_until("a free place", PATIENCE, || {
        http::try_get(&doors.url("/-/ready")).is_ok_and(|answer| answer.status == 200)
    });
    let get = |path: &str| http::get(&doors.url(path));
    let healthy = get("/-/healthy");
    let says =
        "punctual is healthy, but connections are not taken, and pings on them are lost: the log says why.\n";
    assert_eq!((healthy.status, &*healthy.text()), (200, says));
    assert!(get("/metrics").text().contains("punctual_healthy 1\n"));
    let page = get("/").text();
    assert!(page.contains("Pings are lost now") && !page.contains("Nothing can be relied on"), "{page}");
    let status = get("/api/v1/status").json();
    assert!(
        status["fault"].is_null() && status["refusing"].as_str().unwrap().contains("not taken"),
        "{status}"
    );
    let (is_well, said) = punctual(&["status", "--server", &doors.url("")]);
    assert!(!is_well && said.contains("REFUSING: connections are not taken"), "{said}");
}

#[test]
fn a_stop_finishes_what_is_under_way_and_takes_nothing_new() {
    let mut doors = Doors::open(Limits::default());
    let idle = connect(&doors);
    send(&idle, PING);
    read_answer(&idle);
    doors.ledger.set_mode(Mode::Hold);
    let under_way = connect(&doors);
    send(&under_way, PING);
    doors.ledger.facts.wait_for_count("the ping under way", PATIENCE, 2);
    doors.stop();
    assert_eq!(read_all(&idle), "", "an idle connection is closed at once");
    crate::support::process::wait_until("a refusal", PATIENCE, || {
        TcpStream::connect(("127.0.0.1", doors.port())).is_err()
    });
    doors.ledger.release();
    let answer = read_all(&under_way);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    doors.wait();
}

/// 15.3: a disk that hangs for an hour does not gather an hour's changes.
#[test]
fn changes_that_nobody_waits_for_any_more_still_take_their_place_in_the_queue() {
    let (app, ledger) = Doors::unopened(|_| {});
    ledger.set_mode(Mode::Hold);
    http::runtime().block_on(async {
        let program = Actor {
            said: None,
            door: Entrance::Api { token: Some("ci".into()), source: [127, 0, 0, 1].into() },
        };
        let unmute = || mutes::unmute(&app.services, &program, 1);
        let change = || tokio::time::timeout(Duration::from_millis(1), unmute());
        let mut waited = 0;
        // Refused at once, and not after the time that a change may wait.
        while change().await.is_err() {
            waited += 1;
            assert!(waited < 1000, "there is no end to it");
        }
        assert!(waited > 10, "only {waited} changes at a time");
        let refused = change().await.expect("it does not wait");
        assert!(matches!(refused, Err(NotDone::Busy(Busy::NotBegun))), "{refused:?}");
        // Whoever is at the socket of the data folder still has a place.
        let operator = Actor { said: Some("ann".to_owned()), door: Entrance::Socket(0) };
        let waits =
            tokio::time::timeout(Duration::from_millis(1), mutes::unmute(&app.services, &operator, 1));
        assert!(waits.await.is_err(), "it was refused");
    });
}

#[test]
fn a_stop_answers_all_who_wait_in_the_kernel_s_queue() {
    let (app, ledger) = Doors::unopened(|_| {});
    let guard = http::runtime().enter();
    let listeners = Listeners::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    drop(guard);
    // More than Tokio takes in one go.
    let clients: Vec<TcpStream> = (0..200)
        .map(|_| {
            let stream = TcpStream::connect(listeners.addresses()[0]).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            send(&stream, PING);
            stream
        })
        .collect();
    let stopped = std::future::ready(());
    http::runtime().block_on(server::serve(listeners, app, Limits::default(), stopped));
    let answered = clients.iter().filter(|client| read_all(client).starts_with("HTTP/1.1 200")).count();
    assert_eq!((answered, ledger.facts.all().len()), (200, 200));
}

#[test]
fn a_stop_answers_what_has_just_come_on_connections_that_are_kept() {
    let (app, ledger) = Doors::unopened(|_| {});
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listeners = runtime.block_on(async { Listeners::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap() });
    let address = listeners.addresses()[0];
    let (kept, clients) = tokio::sync::oneshot::channel::<Vec<TcpStream>>();
    let client = std::thread::spawn(move || {
        let connect = |_| {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            send(&stream, PING);
            read_answer(&stream);
            stream
        };
        let clients: Vec<TcpStream> = (0..50).map(connect).collect();
        let ours = clients.iter().map(|stream| stream.try_clone().unwrap()).collect();
        kept.send(clients).unwrap();
        ours
    });
    // It sends within one turn of the server's only thread, which ends with the order to stop: Tokio has heard of nothing.
    let stopped = async {
        clients.await.unwrap().iter().for_each(|stream| send(stream, PING));
    };
    runtime.block_on(server::serve(listeners, app, Limits::default(), stopped));
    let clients: Vec<TcpStream> = client.join().unwrap();
    let answers: Vec<String> = clients.iter().map(read_all).collect();
    let answered = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 200")).count();
    assert_eq!((answered, ledger.facts.all().len()), (50, 100));
    assert!(answers.iter().all(|answer| answer.contains("connection: close")), "{}", answers[0]);
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let mut doors = Doors::open(Limits { drain_timeout: Duration::from_millis(300), ..Limits::default() });
    doors.ledger.set_mode(Mode::Hold);
    let hanging = connect(&doors);
    send(&hanging, PING);
    doors.ledger.facts.wait_for_count("the ping under way", PATIENCE, 1);
    doors.stop();
    doors.wait();
    assert_eq!(read_all(&hanging), "");
}

#[test]
fn a_request_that_is_never_answered_does_not_keep_its_place() {
    let limits = Limits { serving_timeout: Duration::from_millis(300), ..quick() };
    let doors = Doors::open(limits);
    doors.ledger.set_mode(Mode::Hold);
    let hanging = connect(&doors);
    send(&hanging, PING);
    assert_eq!(read_all(&hanging), "");
    assert_eq!(doors.ledger.facts.all().len(), 1);
}

#[test]
fn every_other_path_says_where_to_go() {
    let doors = Doors::open(quick());
    for path in ["/nothing", "/-/", "/ping", "/-/ready/x", "/%00", "/<script>"] {
        let answer = http::get(&doors.url(path));
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("/ping/NAME") && !answer.text().contains("script"), "{path}");
    }
    let answer = http::post(&doors.url("/-/ready"), "");
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    assert_eq!(http::get(&doors.url("/-/ready")).status, 200);
    let answer = http::post(&doors.url("/-/reload"), "");
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("--web.enable-lifecycle"));
}

// 9.1
#[test]
fn it_is_healthy_while_signs_of_life_are_stored_and_deadlines_judged() {
    use std::sync::atomic::Ordering::Relaxed;
    let doors = Doors::open(quick());
    let check = |age: Span, deadline_ago: Option<Span>, status: u16, says: &str| {
        let now = doors.app.services.clock.now();
        doors.app.services.live.totals.last_sign_of_life_ms.store((now - age).as_ms(), Relaxed);
        *doors.ledger.deadline.lock().unwrap() = deadline_ago.map(|ago| now - ago);
        let answer = http::get(&doors.url("/-/healthy"));
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(says), "{}", answer.text());
        let page = http::get(&doors.url("/")).text();
        assert_eq!(page.contains("Nothing can be relied on now"), status != 200);
    };
    check(Span::secs(1), None, 200, "healthy");
    check(Span::secs(1), Some(Span::secs(1)), 200, "healthy");
    check(Span::secs(1), Some(Span::secs(-100)), 200, "healthy");
    check(Span::secs(11), None, 503, "the disk takes no writes");
    check(Span::secs(1), Some(Span::secs(11)), 503, "judging has stopped");
    let (now, own) = (doors.app.services.clock.now(), &doors.app.services.counters.own);
    for (trouble, says) in [(&own.claims, "messages cannot be read"), (&own.alerts, "alerts cannot be read")]
    {
        trouble.note(false, now - Span::secs(11));
        check(Span::secs(1), None, 503, says);
        trouble.note(true, now);
        trouble.note(false, now);
        check(Span::secs(1), None, 200, "healthy");
        trouble.note(true, now);
    }
    assert_eq!(http::get(&doors.url("/-/ready")).status, 200);
    doors.ledger.set_mode(Mode::Fail);
    check(Span::secs(1), None, 503, "pings cannot be stored");
    doors.ledger.set_mode(Mode::Store);
    // 1.1
    doors.app.services.clock.not_before(doors.app.services.clock.now() + Span::mins(60), Span::ZERO);
    check(Span::secs(11), Some(Span::secs(11)), 200, "healthy, but the clock is behind what was stored");
    assert!(http::get(&doors.url("/")).text().contains("Nothing is judged now"));
    assert!(http::get(&doors.url("/metrics")).text().contains("punctual_clock_doubted 1\n"));
    doors.ledger.set_mode(Mode::Fail);
    check(Span::secs(1), None, 503, "pings cannot be stored");
}

#[test]
fn metrics_are_scraped_whole_and_in_parts() {
    let doors = Doors::open(quick());
    http::get(&doors.url("/ping/worker"));
    let scrape = |query: &str| http::get(&doors.url(&format!("/metrics{query}")));
    let answer = scrape("");
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    let late = |text: &str| text.lines().filter(|line| line.starts_with("punctual_check_late{")).count();
    assert_eq!(late(&answer.text()), 3);
    assert!(answer.text().contains("punctual_ping_requests_total{outcome=\"accepted\"} 1\n"));
    let parts: usize = (1..=2).map(|part| late(&scrape(&format!("?shard={part}/2")).text())).sum();
    assert_eq!(parts, 3);
    assert_eq!(scrape("?shard=3/2").status, 400);
    let ask = |name, value| http::send(http::client().get(doors.url("/metrics")).header(name, value));
    let answer = ask("accept", "application/openmetrics-text");
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    assert!(answer.text().ends_with("# EOF\n"));
    let answer = ask("accept-encoding", "gzip");
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(answer.body[..2], [0x1f, 0x8b]);
    let head = http::send(http::client().head(doors.url("/metrics")));
    assert_eq!((head.status, head.body.len()), (200, 0));
}

// 1.5
#[test]
fn whoever_looks_judges_at_the_time_up_to_which_all_is_stored() {
    let doors = Doors::open(quick());
    let get = |path: &str| http::get(&doors.url(path)).text();
    let late = "punctual_check_late{check=\"backup\"";
    let value = |metrics: &str, start: &str| {
        let line = metrics.lines().find(|line| line.starts_with(start)).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    let in_window = "punctual_check_count_in_window{check=\"backup\"";
    assert_eq!(value(&get("/metrics"), late), "1");
    assert_eq!(value(&get("/metrics"), in_window), "0");
    assert!(get("/api/v1/checks/backup").contains("\"late\":true"));
    assert!(!get("/").contains("as of") && !get("/checks/backup").contains("as of"));

    // Just after they were declared.
    *doors.ledger.applied_to.lock().unwrap() = Some(Time::from_secs(1_700_000_001));
    let metrics = get("/metrics");
    assert_eq!(value(&metrics, late), "0");
    assert_eq!(value(&metrics, in_window), "1", "it falls by no silence of ours");
    assert_eq!(value(&metrics, "punctual_applied_timestamp_seconds"), "1700000001");
    for path in ["/api/v1/checks/backup", "/api/v1/checks"] {
        let json = get(path);
        assert!(
            json.contains("\"late\":false") && json.contains("\"as_of\":\"2023-11-14T22:13:21Z\""),
            "{json}"
        );
    }
    for path in ["/", "/checks/backup", "/checks/worker"] {
        let page = get(path);
        assert!(page.contains("Checks are shown as of") && !page.contains("?status=late"), "{page}");
    }
}
