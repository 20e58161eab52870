//! The control socket of a server on this machine: what is asked there, and what its answers mean to people.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::client::Trouble;
use super::table::plain;
use crate::http::control::{self, Line, Request};

/// So long the server may be silent.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// Asks, and tells what was done, and on standard error what was not.
pub(super) fn say(folder: &Path, request: &Request) -> Result<(), Trouble> {
    let (lines, end) = ask(folder, request, TIMEOUT)?;
    let mut out = io::stdout().lock();
    for line in lines {
        match line {
            Line::Part(done) => writeln!(out, "{}", plain(&done))?,
            Line::Refused(why) => eprintln!("punctual: {}", plain(&why)),
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
        lines.into_iter().find_map(|line| if let Line::Json(json) = line { Some(json) } else { None });
    answer.ok_or_else(|| Trouble::NotAsked("the server said nothing".to_owned()))
}

/// All lines of the answer but its last, and what that says: that it is done, or why not.
pub(super) fn ask(
    folder: &Path,
    request: &Request,
    patience: Duration,
) -> Result<(Vec<Line>, Result<String, String>), Trouble> {
    let stream = connect(&control::path(folder))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let odd = |error: serde_json::Error| {
        Trouble::NotAsked(format!("the server is of another version than this command: {error}"))
    };
    let mut text = serde_json::to_vec(request).map_err(odd)?;
    text.push(b'\n');
    (&stream).write_all(&text)?;
    let mut lines = Vec::new();
    for line in BufReader::new(&stream).lines() {
        match serde_json::from_str(&line?).map_err(odd)? {
            Line::Done(done) => return Ok((lines, Ok(done))),
            Line::Failed(why) => return Ok((lines, Err(why))),
            line => lines.push(line),
        }
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
