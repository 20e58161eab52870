//! A real MariaDB with a table of an application, and a role that may write to it, so that nothing but punctual keeps its queries from it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder};
use tempfile::TempDir;

use super::http::runtime;
use super::postgres::{PASSWORD, as_somebody};
use super::process::{PATIENCE, Process, free_port, tool, wait_for};
use super::smtp::Certificates;

/// Listens at a port of 127.0.0.1, with TLS or without, and at a socket in its folder. Keeps its port and what it knows while it is
/// stopped.
pub(crate) struct Mariadb {
    port: u16,
    process: Option<Process>,
    folder: TempDir,
    certificates: Certificates,
    has_tls: bool,
}

impl Mariadb {
    pub(crate) fn start() -> Mariadb {
        let folder = TempDir::new().unwrap();
        let certificates = Certificates::make(folder.path());
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let mut command = tool("mariadbd");
        as_somebody(&mut command, &[folder.path(), &data, &certificates.key, &certificates.certificate]);
        let mut mariadb = Mariadb { port: free_port(), process: None, folder, certificates, has_tls: true };
        mariadb.make();
        mariadb.start_again();
        for statement in [
            "create database shop",
            "create table shop.profile (id integer, email varchar(99), picture blob)",
            "insert into shop.profile values (17, 'a@b.c', x'00ff')",
            "create database other",
            "create table other.hidden (id integer)",
            "create table shop.flag (bits bit(8))",
            "insert into shop.flag values (200)",
            "create sequence shop.numbers",
            "create function shop.writes() returns integer modifies sql data begin delete from shop.profile; return 1; end",
            &format!("create user reader identified by '{PASSWORD}'"),
            "grant select, insert, update, delete, create, execute on shop.* to reader",
        ] {
            mariadb.execute(statement);
        }
        mariadb
    }

    /// Its own tables, by the statements that it brings.
    fn make(&self) {
        let brought = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/mariadb/usr/share/mysql");
        let mut statements = "create database mysql;\nuse mysql;\n".to_owned();
        for name in ["mysql_system_tables", "mysql_performance_tables", "mysql_system_tables_data"] {
            statements += &std::fs::read_to_string(brought.join(format!("{name}.sql"))).unwrap();
        }
        let file = self.folder.path().join("make.sql");
        std::fs::write(&file, statements).unwrap();
        let mut command = tool("mariadbd");
        command.arg("--bootstrap").args(self.settings());
        as_somebody(&mut command, &[]);
        let output = command.stdin(Stdio::from(File::open(&file).unwrap())).output().unwrap();
        assert!(output.status.success(), "mariadbd: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn settings(&self) -> Vec<String> {
        let folder = self.folder.path().display();
        [
            format!("--datadir={folder}/data"),
            format!("--tmpdir={folder}"),
            "--innodb-log-file-size=4M".to_owned(),
            "--innodb-buffer-pool-size=8M".to_owned(),
            "--innodb-flush-log-at-trx-commit=0".to_owned(),
            // Of all but administrators: what some servers set, and a look may not go by.
            "--init-connect=set names latin1; set session sql_select_limit = 1".to_owned(),
        ]
        .to_vec()
    }

    pub(crate) fn start_again(&mut self) {
        let folder = self.folder.path();
        let mut command = tool("mariadbd");
        command.args(self.settings()).args([
            format!("--port={}", self.port),
            "--bind-address=127.0.0.1".to_owned(),
            "--skip-name-resolve".to_owned(),
            format!("--socket={}", self.socket().display()),
        ]);
        if self.has_tls {
            command.arg("--ssl-cert").arg(&self.certificates.certificate);
            command.arg("--ssl-key").arg(&self.certificates.key);
        }
        as_somebody(&mut command, &[]);
        self.process = Some(Process::start("mariadbd", &mut command, folder));
        wait_for("MariaDB", PATIENCE, || {
            self.process.as_mut().unwrap().assert_alive();
            self.try_values("select 1").ok()
        });
    }

    /// The next start has no TLS.
    pub(crate) fn forget_tls(&mut self) {
        self.has_tls = false;
    }

    /// As after a crash.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// PEM of the authority that signed its certificate.
    pub(crate) fn authority(&self) -> &Path {
        &self.certificates.authority
    }

    /// The URL by which the role that reads asks.
    pub(crate) fn url(&self, parameters: &str) -> String {
        let password = PASSWORD.replace('/', "%2F").replace('#', "%23");
        format!("mysql://reader:{password}@localhost:{}/shop{parameters}", self.port)
    }

    /// The URL of whoever may do everything, at the socket.
    pub(crate) fn admin_url(&self) -> String {
        format!("mysql://root@localhost/shop?socket={}", self.socket().display())
    }

    /// Runs a statement as whoever may do everything.
    pub(crate) fn execute(&self, sql: &str) {
        self.try_values(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The first column of what a query answers.
    pub(crate) fn values(&self, sql: &str) -> Vec<String> {
        self.try_values(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn try_values(&self, sql: &str) -> Result<Vec<String>, mysql_async::Error> {
        let socket = self.socket();
        let opts = OptsBuilder::default().user(Some("root")).socket(socket.to_str()).prefer_socket(true);
        runtime().block_on(async {
            let mut connection = Conn::new(opts).await?;
            let answered =
                connection.query_map(sql, |mut row: mysql_async::Row| row.take(0).unwrap()).await?;
            connection.disconnect().await?;
            Ok(answered)
        })
    }

    /// Waits until nothing runs for the role that reads, and no connection of its is left.
    pub(crate) fn wait_until_left_alone(&self) {
        let query = "select coalesce(info, '') from information_schema.processlist where user = 'reader'";
        wait_for("the end of what runs", PATIENCE, || self.values(query).is_empty().then_some(()));
    }
}
