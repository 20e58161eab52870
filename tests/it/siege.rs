//! A crowd that opens connections without end makes punctual deaf to itself alone: jobs get through, and a job that died is
//! told (9.1, 9.4).

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::http::connect_from;
use crate::support::is_long;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::sink::WebhookSink;

/// Room for 32 connections beside what the process itself has open (`Limits::within_open_files`).
const DESCRIPTORS: u32 = 416;
/// More than there is room for.
const CROWD: usize = 100;
const HALF_A_HEAD: &[u8] = b"GET /ping/dead HTTP/1.1\r\nHost:";
/// Period and grace of the job that died, and how long it then has to come again (9.4).
const DEADLINE: Duration = Duration::from_secs(3);
/// No deadline moves further (9.4).
const LONGEST_MOVE: Duration = Duration::from_secs(15 * 60);
/// From the judgement to the message, with a machine that is busy.
const TO_BE_TOLD: Duration = Duration::from_secs(2);

/// Until the crowd leaves by itself.
fn siege() -> Duration {
    if is_long() { DEADLINE + LONGEST_MOVE + Duration::from_secs(60) } else { Duration::from_secs(15) }
}

/// The crowd leaves at the end of its life, also where a test fails.
struct UntilTheEnd<'a>(&'a AtomicBool);

impl Drop for UntilTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Opens connections, and holds the last of them; each may be a ping, and none ever is one.
fn crowd(port: u16, is_over: &AtomicBool) {
    let mut held: VecDeque<TcpStream> = VecDeque::new();
    while !is_over.load(Ordering::Relaxed) {
        let stream = connect_from("127.0.0.2", port);
        // It may be closed by now.
        let _ = (&stream).write_all(HALF_A_HEAD);
        held.push_back(stream);
        if held.len() > CROWD {
            held.pop_front();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// With `PUNCTUAL_LONG` the crowd stays until the job that died is told, as unknown after two minutes (9.5); else it leaves
/// while that is not yet due.
#[test]
fn beside_a_crowd_without_end_jobs_get_through_and_a_dead_one_is_told() {
    let sink = WebhookSink::start();
    let config = format!(
        "receivers: [{{name: ops, webhook: {{url: '{}'}}, group_wait: 0s}}]\ndefault_receivers: [ops]\n\
         checks: [{{name: worker, every: 2s, grace: 2s}}, {{name: dead, every: 2s, grace: 1s}}]\n",
        sink.url()
    );
    let mut server = Punctual::new(&config).descriptors(DESCRIPTORS);
    server.start_again();
    server.ping("worker");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| crowd(server.port(), &is_over));
        let crowd = UntilTheEnd(&is_over);
        wait_until("refusals", PATIENCE, || server.value("punctual_blind_seconds_total") > 0.0);
        server.ping("dead");
        let died = Instant::now();
        let told = || !sink.received.all().is_empty();
        while died.elapsed() < siege() && !told() {
            // Panics where it is not taken.
            server.ping("worker");
            assert_eq!(server.values("punctual_check_late", "check=\"worker\""), [0.0]);
            std::thread::sleep(Duration::from_millis(200));
        }
        let left = died.elapsed();
        if !is_long() {
            assert!(!told(), "its pings may be among what is refused: it has {DEADLINE:?} after that");
        }
        drop(crowd);
        sink.received.wait_for_count("the job that died", PATIENCE, 1);
        let bound = (left + DEADLINE).min(DEADLINE + DEADLINE + LONGEST_MOVE) + TO_BE_TOLD;
        assert!(died.elapsed() < bound, "{:?}, and no more than {bound:?}", died.elapsed());
    });
    let message = sink.received.all().remove(0).json().to_string();
    assert!(message.contains("\"dead\"") && !message.contains("\"worker\""), "{message}");
}
