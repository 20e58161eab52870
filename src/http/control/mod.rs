//! Control at run time: pausing, muting, and asking how things stand, over a Unix socket beside the database.
//!
//! Why a socket and no address with a token: the permissions of a file are the authentication, so that there is no secret
//! to hand around, to rotate or to lose in a log; no browser can reach it, and nobody on another machine. Whoever may
//! write the database may command its server, and nobody else but root.
//!
//! A client sends one request on a line, as JSON ([`Request`]), and hears lines until one that is final ([`AnswerLine`]).

mod answer;
mod get;
mod incidents;
mod said;
mod words;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::App;

pub use words::{AnswerLine, For, Request, StanceWord};

/// The socket's name in the database's folder.
const FILE: &str = "control.sock";
/// The longest request, in bytes.
const MAX_REQUEST_BYTES: u64 = 64 * 1024;
/// Clients at a time.
const MAX_CLIENTS: usize = 16;
/// For a request to come, and for each part of an answer to be taken.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(30);

/// The socket in the database's folder.
pub fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// The socket, bound and not yet served.
#[derive(Debug)]
pub struct ControlSocket(UnixListener);

impl ControlSocket {
    /// Makes the socket in the database's folder, of which this process is the only server. It replaces the one that a
    /// server before has left, and is there for its owner alone from the first moment.
    pub fn bind(folder: &Path) -> io::Result<ControlSocket> {
        let (path, new) = (path(folder), folder.join(format!("{FILE}.new")));
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&new)?;
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&new, &path)?;
        Ok(ControlSocket(listener))
    }

    /// Serves for ever: whoever stops the server drops this.
    pub async fn serve(self, app: Arc<App>) {
        let places = Arc::new(Semaphore::new(MAX_CLIENTS));
        loop {
            let place = places.clone().acquire_owned().await.expect("this semaphore is never closed");
            match self.0.accept().await {
                Ok((stream, _)) => {
                    let app = app.clone();
                    tokio::spawn(async move {
                        if let Err(error) = converse(stream, &app).await {
                            tracing::debug!(%error, "a client of the control socket has gone");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take a client of the control socket");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

async fn converse(stream: UnixStream, app: &Arc<App>) -> io::Result<()> {
    // The file's permissions have said so already; a folder on a strange file system may have none.
    let user = stream.peer_cred()?.uid();
    if user != 0 && user != rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let (read, mut write) = stream.into_split();
    let mut request = String::new();
    let mut limited = BufReader::new(read.take(MAX_REQUEST_BYTES));
    timeout(CLIENT_TIMEOUT, limited.read_line(&mut request)).await??;
    let lines = match serde_json::from_str(&request) {
        Ok(request) => answer::answer(app, request, user).await,
        Err(error) => vec![AnswerLine::Failed(format!("the request is not understood: {error}"))],
    };
    for line in lines {
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        timeout(CLIENT_TIMEOUT, write.write_all(&text)).await??;
    }
    write.shutdown().await
}
