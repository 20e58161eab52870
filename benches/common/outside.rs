//! What stands around a server: an Alertmanager, and whoever answers its requests.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::{Server, free_address, start, tool, write};

/// A real Alertmanager that tells nobody.
pub(crate) fn alertmanager(folder: &Path) -> Server {
    let route = "route: {receiver: none, group_by: [alertname]}\nreceivers: [{name: none}]\n";
    let config = write(folder, "alertmanager.yml", route);
    let address = free_address();
    start(
        address,
        Command::new(tool("alertmanager"))
            .arg("--config.file")
            .arg(config)
            .arg("--storage.path")
            .arg(folder.join("alertmanager"))
            .arg("--cluster.listen-address=")
            .args(["--web.listen-address", &address.to_string()]),
    )
}

/// Whether Alertmanager lists an alert of this check.
pub(crate) fn lists(alertmanager: SocketAddr, check: &str) -> bool {
    let path = format!("/api/v2/alerts?filter=check%3D%22{check}%22");
    super::get(alertmanager, &path).contains("startsAt")
}

/// A server that answers each request the same, a thread for each connection; `read` gets the bodies. It ends with the program.
pub(crate) fn answering(
    status: &'static str,
    answer: &'static str,
    read: impl Fn(&[u8]) + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    let read = Arc::new(read);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let read = read.clone();
            std::thread::spawn(move || {
                let mut requests = BufReader::new(stream);
                // Whoever asks may go away in the midst of it.
                while let Ok(body) = read_body(&mut requests) {
                    read(&body);
                    let length = answer.len();
                    let said = write!(
                        requests.get_mut(),
                        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{answer}"
                    );
                    if said.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn read_body(requests: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let (mut length, mut line) = (0, String::new());
    while requests.read_line(&mut line)? > 0 && !line.trim().is_empty() {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
        line.clear();
    }
    if line.is_empty() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let mut body = vec![0; length];
    requests.read_exact(&mut body)?;
    Ok(body)
}
