//! Jobs that ping one after the other, each on a connection of its own, while something else happens.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::read_message;

/// Between two pings of a job.
pub(crate) const PAUSE: Duration = Duration::from_millis(2);

pub(crate) struct Jobs {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<(f64, bool)>>>,
}

impl Jobs {
    /// So many jobs. `path` is the URL's path of a ping, by its number, with a pause after each.
    pub(crate) fn start(
        address: SocketAddr,
        jobs: usize,
        path: impl Fn(usize) -> String + Clone + Send + 'static,
    ) -> Jobs {
        Jobs::start_with(address, jobs, PAUSE, path)
    }

    /// The same with another pause, or none.
    pub(crate) fn start_with(
        address: SocketAddr,
        jobs: usize,
        pause: Duration,
        path: impl Fn(usize) -> String + Clone + Send + 'static,
    ) -> Jobs {
        let is_over = Arc::new(AtomicBool::new(false));
        let threads = (0..jobs).map(|job| {
            let (is_over, path) = (is_over.clone(), path.clone());
            let numbers = (job..).step_by(jobs);
            std::thread::spawn(move || ping(address, pause, numbers.map(path), &is_over))
        });
        let threads = threads.collect();
        Jobs { is_over, threads }
    }

    pub(crate) fn stop(self) -> Waits {
        self.is_over.store(true, Ordering::Relaxed);
        let pings = self.threads.into_iter().flat_map(|thread| thread.join().expect("a job ends"));
        Waits::of(&pings.collect::<Vec<_>>())
    }
}

/// Pings until it is over; how long each took, in milliseconds, and whether it was answered 200.
fn ping(
    address: SocketAddr,
    pause: Duration,
    paths: impl Iterator<Item = String>,
    is_over: &AtomicBool,
) -> Vec<(f64, bool)> {
    let mut stream = TcpStream::connect(address).expect("punctual listens");
    stream.set_nodelay(true).expect("a socket takes its options");
    let mut answers = BufReader::new(stream.try_clone().expect("a socket can be shared"));
    let mut pings = Vec::new();
    for path in paths.take_while(|_| !is_over.load(Ordering::Relaxed)) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).expect("punctual reads");
        let is_taken = read_message(&mut answers).expect("punctual answers").contains(" 200 ");
        pings.push((sent.elapsed().as_secs_f64() * 1e3, is_taken));
        std::thread::sleep(pause);
    }
    pings
}

/// How long pings took.
pub(crate) struct Waits {
    pub(crate) pings: usize,
    pub(crate) refused: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) longest_ms: f64,
}

impl Waits {
    fn of(pings: &[(f64, bool)]) -> Waits {
        let mut took_ms: Vec<f64> = pings.iter().map(|(took_ms, _)| *took_ms).collect();
        took_ms.sort_by(f64::total_cmp);
        Waits {
            pings: took_ms.len(),
            refused: pings.iter().filter(|(_, is_taken)| !is_taken).count(),
            p50_ms: took_ms[took_ms.len() / 2],
            p99_ms: took_ms[took_ms.len() * 99 / 100],
            longest_ms: *took_ms.last().expect("a job pings once at least"),
        }
    }
}
