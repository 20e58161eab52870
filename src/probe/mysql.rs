//! A query to MySQL or MariaDB, in a transaction that only reads and that nothing is left of (17.13).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable as _;
use mysql_async::{
    ClientIdentity, Column, Conn, DriverError, Error, Opts, OptsBuilder, Row, SslOpts, Statement, Value,
};
use rustls::RootCertStore;
use rustls_native_certs::load_native_certs;

use super::columns::{Columns, add};
use super::database_server::{DatabaseServer, ServerWay, Unjudged, no_answer_within};
use super::server_url::{Encryption, ServerAt, UrlForm};
use super::thread::on_thread;
use super::under_way::{Cancel, MAX_FAREWELL, UnderWay};
use super::within::within;
use crate::core::probe::{FoundRows, ProbeFound, SqlProbe};
use crate::core::time::Span;
use crate::notify::{TlsConfig, check_certificates, resolve};

pub(super) static FORM: UrlForm =
    UrlForm { schemes: &["mysql", "mariadb"], port: 3306, socket: "socket", in_folder: "" };

/// The largest row that is read, in bytes: some thousand values.
const MAX_ROW_BYTES: usize = 16 << 20;
/// How long the server would keep a connection on which nothing is said, in seconds. Ours end with their looks.
const WAIT_TIMEOUT_SECS: usize = 60;
/// A connection on which nothing comes is asked after so long whether the other side is there.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// The server ends a query so much later than we do: where it ends `SLEEP` by itself MySQL answers as if it had slept.
const LATER: Span = Span::secs(1);
/// What the server says of a query that it has ended so: MariaDB's word, and MySQL's.
const TOO_LONG: [u16; 2] = [1969, 3024];
/// The character set of bytes that are no text.
const BINARY: u16 = 63;

/// Looks at one database.
#[derive(Debug)]
pub(super) struct MysqlLooker {
    way: ServerWay,
    is_superuser: AtomicBool,
}

/// Ends a query by another connection.
struct Kill {
    opts: Opts,
    connection: u32,
}

impl Cancel for Kill {
    async fn send(self) {
        // If it does not arrive the server ends the query a little later.
        if let Ok(mut other) = Conn::new(self.opts).await {
            let _ = other.query_drop(format!("kill query {}", self.connection)).await;
            let _ = other.disconnect().await;
        }
    }
}

impl From<Error> for Unjudged<Error> {
    fn from(error: Error) -> Unjudged<Error> {
        Unjudged::Refused(error)
    }
}

impl MysqlLooker {
    pub(super) fn new(server: &DatabaseServer) -> MysqlLooker {
        MysqlLooker { way: ServerWay::new(server), is_superuser: AtomicBool::new(false) }
    }

    /// Whether the last look was by somebody who may write files, or everything.
    pub(super) fn is_superuser(&self) -> bool {
        self.is_superuser.load(Ordering::Relaxed)
    }

    /// Looks; `rows` is empty yet.
    pub(super) async fn look(&self, probe: &SqlProbe, timeout: Span, rows: FoundRows) -> ProbeFound {
        let under_way = UnderWay::nothing();
        let asked = within(timeout, self.ask((probe, rows), timeout, &under_way)).await;
        under_way.cancel().await;
        self.way.found(asked, timeout)
    }

    async fn ask(
        &self,
        (probe, rows): (&SqlProbe, FoundRows),
        timeout: Span,
        under_way: &UnderWay<Kill>,
    ) -> Result<ProbeFound, String> {
        let mut connection = self.connect(timeout).await?;
        let kill = Kill { opts: connection.opts().clone(), connection: connection.id() };
        under_way.begins(kill);
        let asked = self.ask_at(&mut connection, probe, timeout, rows).await;
        // What is left unread is cancelled, and needs no farewell.
        if matches!(asked, Ok((_, true)) | Err(Unjudged::Refused(Error::Server(_)))) {
            under_way.has_ended();
            let farewell = async {
                connection.query_drop("rollback").await?;
                connection.disconnect().await
            };
            let _: Option<Result<(), Error>> = within(MAX_FAREWELL, farewell).await;
        }
        match asked {
            Ok((found, _)) => Ok(found),
            Err(Unjudged::Refused(error)) => Err(self.said(&error, timeout)),
            Err(Unjudged::Otherwise(why)) => Err(why),
        }
    }

    /// What it found, and whether all rows were read.
    async fn ask_at(
        &self,
        connection: &mut Conn,
        probe: &SqlProbe,
        timeout: Span,
        rows: FoundRows,
    ) -> Result<(ProbeFound, bool), Unjudged<Error>> {
        for setting in SESSION {
            connection.query_drop(setting).await?;
        }
        connection.query_drop(limit(connection, timeout + LATER)).await?;
        connection.query_drop("start transaction read only").await?;
        let may_all: Option<u8> = connection.query_first(MAY_ALL).await?;
        self.is_superuser.store(may_all == Some(1), Ordering::Relaxed);
        // By itself first: what is no whole statement would make another one of ours.
        let query = connection.prep(&*probe.query).await?;
        if query.num_params() > 0 {
            return Err(Unjudged::Otherwise(
                "the query has a parameter, for which there is no value".to_owned(),
            ));
        }
        let columns = query.columns();
        if columns.is_empty() {
            return Err(Unjudged::Otherwise("the query is no SELECT".to_owned()));
        }
        let cut = connection.prep(cut(&probe.query, &columns)).await?;
        let names: Vec<Arc<str>> = columns.iter().map(|column| column.name_str().into()).collect();
        judge((connection, &cut), probe, &names, rows).await
    }

    async fn connect(&self, timeout: Span) -> Result<Conn, String> {
        let server = &self.way.server;
        let opts = self.opts().await?.ssl_opts(self.ssl().await?);
        let connected = match Conn::new(opts.clone()).await {
            Err(Error::Driver(DriverError::NoClientSslFlagFromServer))
                if server.encryption == Encryption::IfThere =>
            {
                Conn::new(opts.ssl_opts(None::<SslOpts>)).await
            }
            connected => connected,
        };
        connected.map_err(|error| self.said(&error, timeout))
    }

    async fn opts(&self) -> Result<OptsBuilder, String> {
        let url = &self.way.server.url;
        let opts = OptsBuilder::default()
            .user(Some(url.user.clone()))
            .pass(url.password.as_ref().map(|password| password.expose()))
            .db_name(Some(url.database.clone()))
            .prefer_socket(false)
            .stmt_cache_size(0)
            .max_allowed_packet(Some(MAX_ROW_BYTES))
            // A server that is gone without a word holds no connection for ever.
            .tcp_keepalive(Some(KEEPALIVE))
            .wait_timeout(Some(WAIT_TIMEOUT_SECS));
        Ok(match &url.at {
            ServerAt::Socket(path) => opts.socket(path.to_str()),
            ServerAt::Port(host, port) => {
                let found = resolve(host, *port).await.map_err(|error| self.way.broke(&error))?;
                let addresses: Vec<_> = found.iter().map(std::net::SocketAddr::ip).collect();
                opts.ip_or_hostname(host.clone()).tcp_port(*port).resolved_ips(Some(addresses))
            }
        })
    }

    /// How the connection is encrypted; `None`: it is not.
    async fn ssl(&self) -> Result<Option<SslOpts>, String> {
        let DatabaseServer { encryption, tls, .. } = &self.way.server;
        match encryption {
            Encryption::Never => Ok(None),
            Encryption::IfThere => Ok(Some(SslOpts::default().with_danger_accept_invalid_certs(true))),
            Encryption::Verified => verified(tls).await.map(Some),
        }
    }

    /// The server's own words, or what went wrong on the way.
    fn said(&self, error: &Error, timeout: Span) -> String {
        match error {
            Error::Server(refusal) if TOO_LONG.contains(&refusal.code) => no_answer_within(timeout),
            Error::Server(refusal) => refusal.message.clone(),
            error => self.way.broke(error),
        }
    }
}

/// Whether whoever asks may write files, or everything.
const MAY_ALL: &str = "select exists(select * from information_schema.user_privileges \
    where privilege_type in ('SUPER', 'FILE') and grantee = concat('''', \
    substring_index(current_user(), '@', 1), '''@''', substring_index(current_user(), '@', -1), ''''))";

/// What a server or its `init_connect` may have set otherwise: texts are in UTF-8, and a part of the rows is not taken for all.
const SESSION: [&str; 2] = ["set names utf8mb4", "set session sql_select_limit = 18446744073709551615"];

/// The longest that the server works at a query.
fn limit(connection: &Conn, longest: Span) -> String {
    let ms = longest.as_ms();
    match connection.server_version() {
        // MariaDB, which has gone on from 10.
        (10.., _, _) => format!("set session max_statement_time = {}.{:03}", ms / 1_000, ms % 1_000),
        _ => format!("set session max_execution_time = {ms}"),
    }
}

async fn verified(tls: &TlsConfig) -> Result<SslOpts, String> {
    let mut opts = SslOpts::default()
        .with_disable_built_in_roots(!tls.insecure_skip_verify)
        .with_danger_accept_invalid_certs(tls.insecure_skip_verify);
    if let Some(client) = &tls.client {
        let (chain, key) =
            (client.cert_pem.clone().into_bytes(), client.key_pem.expose().to_owned().into_bytes());
        opts = opts.with_client_identity(Some(ClientIdentity::new(chain.into(), key.into())));
    }
    let roots = match &tls.ca_pem {
        _ if tls.insecure_skip_verify => Vec::new(),
        Some(pem) => vec![pem.clone().into_bytes()],
        None => on_thread(system_roots).await.map_err(|error| error.to_string()).flatten()?,
    };
    Ok(opts.with_root_certs(roots.into_iter().map(Into::into).collect()))
}

/// The certificates of those whom the system trusts. Blocks.
fn system_roots() -> Result<Vec<Vec<u8>>, String> {
    check_certificates()?;
    let read = load_native_certs();
    let can_be_read = |certificate: &_| RootCertStore::empty().add(Clone::clone(certificate)).is_ok();
    let roots: Vec<Vec<u8>> =
        read.certs.into_iter().filter(can_be_read).map(|certificate| certificate.to_vec()).collect();
    if roots.is_empty() {
        let why = read.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(format!("the system's certificates cannot be read: {why}"));
    }
    Ok(roots)
}

/// The query as one that answers the beginning of each value as text, so that no more is sent. What writes is none of those that may
/// stand in another.
fn cut(query: &str, columns: &[Column]) -> String {
    let most = SqlProbe::MAX_VALUE_CHARS;
    let value = |(number, column): (usize, &Column)| match is_bytes(column) {
        // As those of SQLite are shown.
        true => format!("left(concat('x''', lower(hex(left(c{number}, {most}))), ''''), {most})"),
        // A bit is a number, and not the character of that number.
        false if column.column_type() == ColumnType::MYSQL_TYPE_BIT => format!("cast(c{number} + 0 as char)"),
        false => format!("left(cast(c{number} as char), {most})"),
    };
    let values: Vec<String> = columns.iter().enumerate().map(value).collect();
    let names: Vec<String> = (0..columns.len()).map(|number| format!("c{number}")).collect();
    // On lines of its own: a comment at its end is over with it.
    let query = query.trim_end().trim_end_matches(';');
    format!("with q ({}) as (\n{query}\n) select {} from q", names.join(", "), values.join(", "))
}

fn is_bytes(column: &Column) -> bool {
    use ColumnType::{
        MYSQL_TYPE_BLOB, MYSQL_TYPE_GEOMETRY, MYSQL_TYPE_LONG_BLOB, MYSQL_TYPE_MEDIUM_BLOB,
        MYSQL_TYPE_STRING, MYSQL_TYPE_TINY_BLOB, MYSQL_TYPE_VAR_STRING, MYSQL_TYPE_VARCHAR,
    };
    let is_text = matches!(
        column.column_type(),
        MYSQL_TYPE_BLOB
            | MYSQL_TYPE_GEOMETRY
            | MYSQL_TYPE_LONG_BLOB
            | MYSQL_TYPE_MEDIUM_BLOB
            | MYSQL_TYPE_STRING
            | MYSQL_TYPE_TINY_BLOB
            | MYSQL_TYPE_VAR_STRING
            | MYSQL_TYPE_VARCHAR
    );
    is_text && column.character_set() == BINARY
}

/// Reads rows as long as more of them may be told apart; and whether these were all.
async fn judge(
    (connection, query): (&mut Conn, &Statement),
    probe: &SqlProbe,
    names: &[Arc<str>],
    mut found: FoundRows,
) -> Result<(ProbeFound, bool), Unjudged<Error>> {
    let mut rows = connection.exec_iter(query, ()).await?;
    if probe.wants_some {
        return Ok(match rows.next().await? {
            Some(_) => (ProbeFound::holds(), false),
            None => (ProbeFound::violated("no row is there"), true),
        });
    }
    while !found.are_more() {
        let Some(row) = rows.next().await? else { return Ok((found.judge(), true)) };
        let Some(columns) = columns(names, &row) else {
            return Err(Unjudged::Otherwise("a value is no UTF-8".to_owned()));
        };
        let added = add(probe, &mut found, &columns);
        added.map_err(|why| Unjudged::Otherwise(why.to_string()))?;
    }
    Ok((found.judge(), false))
}

/// `None`: a value is no UTF-8, and what stands for it may be another one's.
fn columns(names: &[Arc<str>], row: &Row) -> Option<Columns> {
    let shown = |value: &Value| match value {
        Value::NULL => Some(None),
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok().map(Some),
        other => Some(Some(other.as_sql(true))),
    };
    let one =
        |(at, name): (usize, &Arc<str>)| Some((name.clone(), row.as_ref(at).map_or(Some(None), shown)?));
    names.iter().enumerate().map(one).collect()
}
