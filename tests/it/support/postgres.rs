//! A real PostgreSQL with a table of an application, and a role that may write to it, so that nothing but punctual keeps its queries from it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use super::http::runtime;
use super::process::{PATIENCE, Process, free_port, run, tool, wait_for};
use super::smtp::Certificates;

/// As root it runs as this user, which Debian has: it refuses to be root.
const NOBODY: u32 = 65534;
/// The password of the role that reads.
pub(crate) const PASSWORD: &str = "only/reads#1";

/// Listens at a port of 127.0.0.1, with TLS or without, and at a socket in its folder. Keeps its port and what it knows while it is
/// stopped.
pub(crate) struct Postgres {
    port: u16,
    process: Option<Process>,
    folder: TempDir,
    certificates: Certificates,
    has_tls: bool,
}

/// Runs as somebody who is not root, and owns what it is given.
pub(crate) fn as_somebody(command: &mut Command, owned: &[&Path]) {
    if rustix::process::geteuid().is_root() {
        for path in owned {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        command.uid(NOBODY).gid(NOBODY);
    }
}

impl Postgres {
    pub(crate) fn start() -> Postgres {
        let folder = TempDir::new().unwrap();
        let certificates = Certificates::make(folder.path());
        std::fs::set_permissions(&certificates.key, Permissions::from_mode(0o600)).unwrap();
        let mut initdb = tool("initdb");
        initdb.args(["--username=admin", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"]);
        initdb.args(["--locale=C.UTF-8", "--no-instructions", "-D"]).arg(folder.path().join("data"));
        as_somebody(&mut initdb, &[folder.path(), &certificates.key, &certificates.certificate]);
        let (is_good, said) = run(&mut initdb);
        assert!(is_good, "initdb: {said}");
        let mut postgres = Postgres { port: free_port(), process: None, folder, certificates, has_tls: true };
        postgres.start_again();
        postgres.execute(&format!(
            "create table profile (id integer, email text, picture bytea);
             insert into profile values (17, 'a@b.c', '\\x00ff');
             create table hidden (id integer);
             create sequence numbers;
             create function writes() returns integer language sql as 'delete from profile; select 1';
             create role reader login password '{PASSWORD}';
             grant select, insert, update, delete on profile to reader;
             grant usage on sequence numbers to reader;
             grant create on schema public to reader;"
        ));
        postgres
    }

    pub(crate) fn start_again(&mut self) {
        let folder = self.folder.path();
        let set = |key: &str, value: &str| format!("--{key}={value}");
        let mut command = tool("postgres");
        command.arg("-D").arg(folder.join("data")).args([
            set("port", &self.port.to_string()),
            set("listen_addresses", "127.0.0.1"),
            set("unix_socket_directories", folder.to_str().unwrap()),
            set("ssl", if self.has_tls { "on" } else { "off" }),
            set("ssl_cert_file", self.certificates.certificate.to_str().unwrap()),
            set("ssl_key_file", self.certificates.key.to_str().unwrap()),
            set("fsync", "off"),
            set("shared_buffers", "16MB"),
        ]);
        as_somebody(&mut command, &[]);
        self.process = Some(Process::start("postgres", &mut command, folder));
        wait_for("PostgreSQL", PATIENCE, || {
            self.process.as_mut().unwrap().assert_alive();
            self.try_values("select 1").ok()
        });
    }

    /// The next start has no TLS.
    pub(crate) fn forget_tls(&mut self) {
        self.has_tls = false;
    }

    /// As after a crash of its machine, but for what it leaves in memory.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::QUIT);
            process.wait(PATIENCE);
        }
    }

    /// PEM of the authority that signed its certificate.
    pub(crate) fn authority(&self) -> &Path {
        &self.certificates.authority
    }

    /// The URL by which the role that reads asks.
    pub(crate) fn url(&self, parameters: &str) -> String {
        let password = PASSWORD.replace('/', "%2F").replace('#', "%23");
        format!("postgres://reader:{password}@localhost:{}/postgres{parameters}", self.port)
    }

    /// The URL of somebody at the socket, who needs no password: `admin` may do everything.
    pub(crate) fn socket_url(&self, role: &str) -> String {
        format!("postgres://{role}@localhost:{}/postgres?host={}", self.port, self.folder.path().display())
    }

    /// A file with such a URL.
    pub(crate) fn url_file(&self, name: &str, url: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        std::fs::write(&file, format!("{url}\n")).unwrap();
        file
    }

    /// Runs statements as whoever may do everything.
    pub(crate) fn execute(&self, sql: &str) {
        self.try_values(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The first column of what a query answers.
    pub(crate) fn values(&self, sql: &str) -> Vec<String> {
        self.try_values(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn try_values(&self, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        let mut config = Config::new();
        config.host_path(self.folder.path()).port(self.port).user("admin").dbname("postgres");
        config.application_name("test");
        runtime().block_on(async {
            let (client, connection) = config.connect(NoTls).await?;
            let connection = tokio::spawn(connection);
            let answered = client.simple_query(sql).await?;
            drop(client);
            connection.await.unwrap()?;
            let first = |message: &SimpleQueryMessage| match message {
                SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            };
            Ok(answered.iter().filter_map(first).collect())
        })
    }

    /// Waits until nothing runs for punctual, and no connection of its is left.
    pub(crate) fn wait_until_left_alone(&self) {
        let query = "select query from pg_stat_activity where application_name = 'punctual'";
        wait_for("the end of what runs", PATIENCE, || self.values(query).is_empty().then_some(()));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}
