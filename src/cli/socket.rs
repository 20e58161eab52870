//! The control socket of a server on this machine: what is asked there, and what its answers mean to people.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::table::plain;
use super::trouble::Trouble;
use crate::clock::Stopwatch;
use crate::http::control::{self, AnswerLine, Request};

/// What a command's end means, for `--help`.
pub(super) const EXIT_STATUS: &str =
    "Exit status: 0 it is done; 1 the server says no; 2 it was not asked, or did not answer";
/// So long an answer may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 256 << 20;

/// Asks, and tells what was done, and on standard error what was not.
pub(super) fn say(folder: &Path, request: &Request) -> Result<(), Trouble> {
    let (lines, end) = ask(folder, request, TIMEOUT)?;
    let mut out = io::stdout().lock();
    for line in lines {
        match line {
            AnswerLine::Part(done) => writeln!(out, "{}", plain(&done))?,
            AnswerLine::Refused(why) => eprintln!("punctual: {}", plain(&why)),
            _ => {}
        }
    }
    match end {
        Ok(done) if done.is_empty() => Ok(()),
        Ok(done) => Ok(writeln!(out, "{}", plain(&done))?),
        Err(why) => Err(Trouble::Declined(why)),
    }
}

/// What the API answers to a GET of this path and query.
pub(super) fn get(folder: &Path, path: &str) -> Result<Value, Trouble> {
    let (lines, end) = ask(folder, &Request::Get { path: path.to_owned() }, TIMEOUT)?;
    end.map_err(Trouble::Declined)?;
    let answer =
        lines.into_iter().find_map(|line| if let AnswerLine::Json(json) = line { Some(json) } else { None });
    answer.ok_or_else(|| Trouble::NotAsked("the server said nothing".to_owned()))
}

/// All lines of the answer but its last, and what that says: that it is done, or why not.
pub(super) fn ask(
    folder: &Path,
    request: &Request,
    patience: Duration,
) -> Result<(Vec<AnswerLine>, Result<String, String>), Trouble> {
    let stream = connect(&control::path(folder))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let odd = |error: serde_json::Error| {
        Trouble::NotAsked(format!("the server is of another version than this command: {error}"))
    };
    let mut text = serde_json::to_vec(request).map_err(odd)?;
    text.push(b'\n');
    (&stream).write_all(&text)?;
    let patient = Patient { stream: &stream, since: Stopwatch::start(), patience };
    let mut reader = BufReader::new(patient.take(MAX_ANSWER_BYTES));
    let (mut lines, mut text) = (Vec::new(), String::new());
    while reader.read_line(&mut text)? > 0 && text.ends_with('\n') {
        match serde_json::from_str(&text).map_err(odd)? {
            AnswerLine::Done(done) => return Ok((lines, Ok(done))),
            AnswerLine::Failed(why) => return Ok((lines, Err(why))),
            line => lines.push(line),
        }
        text.clear();
    }
    if reader.get_ref().limit() == 0 {
        return Err(Trouble::NotAsked(format!("the answer has more than {MAX_ANSWER_BYTES} bytes")));
    }
    Err(Trouble::NotAsked("the server closed the connection; its log may say why".to_owned()))
}

fn connect(path: &Path) -> Result<UnixStream, Trouble> {
    UnixStream::connect(path).map_err(|error| {
        let shown = path.display();
        let why = match error.kind() {
            io::ErrorKind::NotFound => {
                "there is none: is a server running with this --storage.path?".to_owned()
            }
            io::ErrorKind::ConnectionRefused => "nobody listens: the server has ended".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "not allowed: run this as the user that the server runs as, or as root".to_owned()
            }
            _ => error.to_string(),
        };
        Trouble::NotAsked(format!("the control socket {shown}: {why}"))
    })
}

/// A connection that is read for so long, however slowly it speaks.
struct Patient<'a> {
    stream: &'a UnixStream,
    since: Stopwatch,
    patience: Duration,
}

impl Read for Patient<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let late =
            || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {:?}", self.patience));
        let left = self.patience.checked_sub(self.since.took()).filter(|left| !left.is_zero());
        self.stream.set_read_timeout(Some(left.ok_or_else(late)?))?;
        let mut stream = self.stream;
        let read = stream.read(bytes);
        read.map_err(|error| if error.kind() == io::ErrorKind::WouldBlock { late() } else { error })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// What a command says of a server that answers this again and again, with a pause between.
    fn said_of(again: &'static [u8], pause: Duration) -> String {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(control::path(folder.path())).unwrap();
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            while stream.write_all(again).is_ok() {
                std::thread::sleep(pause);
            }
        });
        let request = Request::Reload { allow_mass_removal: false };
        let asked = ask(folder.path(), &request, Duration::from_millis(400));
        answering.join().unwrap();
        let Err(Trouble::NotAsked(said)) = asked else { panic!("it was answered") };
        said
    }

    #[test]
    fn an_answer_without_end_is_read_for_so_long_however_it_comes() {
        const PIECE: &[u8] = &[b'x'; 64 * 1024];
        assert!(said_of(b"x", Duration::from_millis(5)).contains("no answer within 400ms"));
        let flood = said_of(PIECE, Duration::ZERO);
        assert!(flood.contains("no answer within") || flood.contains("more than"), "{flood}");
    }
}
