//! What one client may cost us.

use std::time::Duration;

/// Bounds on connections and requests. Tests take smaller ones.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections served at a time; the next ones are answered 503 and closed.
    pub max_connections: usize,
    /// From a request head's first byte (on a new connection: from its beginning) to its last.
    pub head_timeout: Duration,
    /// For a whole request body.
    pub body_timeout: Duration,
    /// For a whole request, from its head to the beginning of its answer: only a disk that hangs takes so long.
    pub serving_timeout: Duration,
    /// For a whole scrape, from its request to the last byte that its reader takes: longer than any Prometheus waits.
    pub scrape_timeout: Duration,
    /// For a whole answer, from its beginning to the last byte that its reader takes.
    pub answer_timeout: Duration,
    /// Without a byte read or written, between two requests or while an answer is taken.
    pub idle_timeout: Duration,
    /// From the signal to stop to the last answer.
    pub drain_timeout: Duration,
    /// Request line and headers together, in bytes.
    pub max_head_bytes: usize,
    /// So much of a body is read, in bytes; the connection is closed after the answer to a longer one.
    pub max_body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_connections: 8192,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            serving_timeout: Duration::from_secs(120),
            scrape_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(75),
            drain_timeout: Duration::from_secs(8),
            max_head_bytes: 16 * 1024,
            max_body_bytes: 16 << 20,
        }
    }
}

impl Limits {
    /// For the socket of the data folder, whose few clients are known: they may wait for a reload behind others.
    pub fn at_socket() -> Limits {
        Limits { max_connections: 16, serving_timeout: Duration::from_secs(660), ..Limits::default() }
    }

    /// File descriptors that are kept for everything that is not a connection: the database and deliveries, and four for each of the
    /// 64 looks that may run (17.6b).
    const OTHER_FILES: u64 = 128 + 4 * 64;

    /// These limits, with no more connections than there can be open files.
    pub fn within_open_files(mut self, open_files: u64) -> Limits {
        let room = open_files.saturating_sub(Limits::OTHER_FILES).max(16);
        self.max_connections = self.max_connections.min(usize::try_from(room).unwrap_or(usize::MAX));
        self
    }
}
