//! Commands that the server runs, and what is left of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::process::wait_until;
use super::punctual::Punctual;

/// A script of a shell, which runs in the server's folder, and what it starts has [`mark`] in its environment.
pub(crate) fn script(server: &Punctual, name: &str, text: &str) -> PathBuf {
    let (file, folder) = (server.folder().join(name), server.folder().display());
    let mark = mark(server);
    fs::write(&file, format!("#!/bin/sh\nexport MARK={mark}\ncd '{folder}'\n{text}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file
}

/// It is in the environment of all that comes from the commands of this server, and of nothing else.
pub(crate) fn mark(server: &Punctual) -> String {
    format!("mark-of-{}", server.port())
}

/// What lives of the commands of a server, each with its command line: what has its mark, or is one of its scripts.
pub(crate) fn left(server: &Punctual) -> Vec<String> {
    let (mark, folder) = (format!("MARK={}", mark(server)), format!("{}/", server.folder().display()));
    let numbers = fs::read_dir("/proc").unwrap().flatten();
    let read = |process: &Path, file: &str| fs::read(process.join(file)).unwrap_or_default();
    let is_of_it = |process: &Path| {
        let environment = read(process, "environ");
        environment.split(|byte| *byte == 0).any(|one| one == mark.as_bytes())
            || String::from_utf8_lossy(&read(process, "cmdline")).contains(&folder)
    };
    let processes = numbers.map(|entry| entry.path()).filter(|process| is_of_it(process));
    processes.map(|process| String::from_utf8_lossy(&read(&process, "cmdline")).into_owned()).collect()
}

pub(crate) fn is_gone(server: &Punctual, within: Duration) {
    wait_until("nothing of the command", within, || left(server).is_empty());
}
