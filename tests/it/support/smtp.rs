//! A real SMTP server (aiosmtpd, by `tests/smtp_server.py`) that can be stopped and started again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::http::runtime;
use super::inbox::Inbox;
use super::process::{PATIENCE, Process, free_port, run, tool};

/// How connections to it are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    None,
    Starttls,
    Implicit,
}

/// A mail it took: the envelope, and what is in it, decoded.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) tls: bool,
    /// Who had logged in.
    pub(crate) login: Option<String>,
    headers: Vec<(String, String)>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    /// As it came over the wire.
    pub(crate) raw: String,
}

impl Mail {
    /// The value of a header that must be there once.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let (_, value) = values.next().unwrap_or_else(|| panic!("no header {name} in {self:#?}"));
        assert!(values.next().is_none(), "header {name} twice in {self:#?}");
        value
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
    }
}

/// A certificate for `localhost` and 127.0.0.1, and the authority that signed it.
pub(crate) struct Certificates {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Made anew in the folder.
    pub(crate) fn make(folder: &Path) -> Certificates {
        let file = |name: &str| folder.join(name);
        let (authority, authority_key) = (file("authority.pem"), file("authority.key"));
        let (certificate, key) = (file("server.pem"), file("server.key"));
        let request =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        let openssl = |to: &Path, key: &Path, more: &[&str]| {
            let mut command = Command::new("openssl");
            command.args(request).arg("-out").arg(to).arg("-keyout").arg(key).args(more);
            let (is_good, said) = run(&mut command);
            assert!(is_good, "openssl: {said}");
        };
        openssl(&authority, &authority_key, &["-subj", "/CN=test authority"]);
        let signed_by = ["-CA", authority.to_str().unwrap(), "-CAkey", authority_key.to_str().unwrap()];
        let subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
        let leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
        openssl(&certificate, &key, &[&signed_by[..], &subject, &leaf].concat());
        Certificates { authority, certificate, key }
    }

    /// Another certificate of the authority in the folder, for whatever `name`, and its key.
    pub(crate) fn issue(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        Certificates::issue_as(folder, name, Some("DNS:localhost,IP:127.0.0.1"))
    }

    /// The same with these subject alternative names, as `openssl` takes them.
    pub(crate) fn issue_as(folder: &Path, name: &str, sans: Option<&str>) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        let mut command = Command::new("openssl");
        command.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ]);
        command.arg("-out").arg(&certificate).arg("-keyout").arg(&key);
        command.arg("-CA").arg(folder.join("authority.pem")).arg("-CAkey").arg(folder.join("authority.key"));
        command.args(["-subj", &format!("/CN={name}"), "-addext", "basicConstraints=critical,CA:FALSE"]);
        command.args(sans.iter().flat_map(|sans| ["-addext".to_owned(), format!("subjectAltName={sans}")]));
        let (is_good, said) = run(&mut command);
        assert!(is_good, "openssl: {said}");
        (certificate, key)
    }
}

/// Keeps its port and its mails while it is stopped.
pub(crate) struct SmtpServer {
    folder: TempDir,
    port: u16,
    tls: Tls,
    login: Option<String>,
    certificates: Certificates,
    pub(crate) mails: Inbox<Mail>,
    process: Option<Process>,
    /// What takes its connections while it hangs.
    hanging: Option<JoinHandle<()>>,
}

impl SmtpServer {
    /// `login` as `USER:PASSWORD`; without it nobody has to log in.
    pub(crate) fn start(tls: Tls, login: Option<&str>) -> SmtpServer {
        let folder = TempDir::new().unwrap();
        let certificates = Certificates::make(folder.path());
        let mut server = SmtpServer {
            port: free_port(),
            tls,
            login: login.map(str::to_owned),
            certificates,
            mails: Inbox::new(),
            process: None,
            hanging: None,
            folder,
        };
        server.start_again();
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// PEM of the authority to trust.
    pub(crate) fn authority(&self) -> &Path {
        &self.certificates.authority
    }

    pub(crate) fn stop(&mut self) {
        self.process = None;
        if let Some(hanging) = self.hanging.take() {
            hanging.abort();
            // Its port is free once it has ended.
            let _ = runtime().block_on(hanging);
        }
    }

    /// From now on it takes connections and says nothing; what comes in is one for each.
    pub(crate) fn hang(&mut self) -> Inbox<()> {
        self.take_connections(true)
    }

    /// From now on it closes each connection at once; what comes in is one for each.
    pub(crate) fn hang_up(&mut self) -> Inbox<()> {
        self.take_connections(false)
    }

    fn take_connections(&mut self, are_held: bool) -> Inbox<()> {
        self.stop();
        let listener = runtime().block_on(TcpListener::bind(("127.0.0.1", self.port))).unwrap();
        let connections = Inbox::new();
        let inbox = connections.clone();
        self.hanging = Some(runtime().spawn(async move {
            let mut held = Vec::new();
            loop {
                let connection = listener.accept().await.unwrap();
                inbox.push(());
                if are_held {
                    held.push(connection);
                }
            }
        }));
        connections
    }

    pub(crate) fn start_again(&mut self) {
        self.start_with(&[]);
    }

    /// Instead of taking mails it answers each with this line, as `451 4.3.0 try later`.
    pub(crate) fn start_refusing(&mut self, answer: &str) {
        self.start_with(&["--refuse", answer]);
    }

    fn start_with(&mut self, more: &[&str]) {
        self.stop();
        let tls = match self.tls {
            Tls::None => "none",
            Tls::Starttls => "starttls",
            Tls::Implicit => "implicit",
        };
        let mut command = tool("smtp-server");
        command.args(["--port", &self.port.to_string(), "--tls", tls]).args(more);
        command.arg("--cert").arg(&self.certificates.certificate).arg("--key").arg(&self.certificates.key);
        if let Some(login) = &self.login {
            command.args(["--login", login]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start_piped("smtp", &mut command, self.folder.path());
        let lines = BufReader::new(process.child().stdout.take().unwrap()).lines();
        let (mails, is_ready) = (self.mails.clone(), Inbox::new());
        let ready = is_ready.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                match line.as_str() {
                    "ready" => ready.push(()),
                    mail => mails.push(serde_json::from_str(mail).unwrap()),
                }
            }
        });
        is_ready.wait_for_count("the SMTP server", PATIENCE, 1);
        self.process = Some(process);
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.stop();
    }
}
