//! A query to PostgreSQL, in a transaction that only reads and that nothing is left of (17.13).
//!
//! Each look has a connection of its own: it finds out whether there is one, and a database that is looked at once an hour keeps
//! none open.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{CancelToken, Client, Column, Config, Error, Portal, Row, Transaction};

use super::columns::{Columns, add};
use super::database_server::{DatabaseServer, ServerWay, Unjudged, no_answer_within};
use super::server_url::{Encryption, ServerAt, UrlForm};
use super::under_way::{Cancel, MAX_FAREWELL, UnderWay};
use super::wire::{Encrypts, Wire};
use super::within::within;
use crate::core::probe::{FoundRows, ProbeFound, SqlProbe};
use crate::core::time::Span;

pub(super) static FORM: UrlForm =
    UrlForm { schemes: &["postgres", "postgresql"], port: 5432, socket: "host", in_folder: ".s.PGSQL." };

/// So many values come at a time, of 4 KiB at most.
const VALUES_AT_A_TIME: usize = 2_048;

/// Looks at one database.
#[derive(Debug)]
pub(super) struct PostgresLooker {
    way: ServerWay,
    is_superuser: AtomicBool,
}

/// Ends a query by another connection.
struct CancelRequest {
    token: CancelToken,
    at: ServerAt,
    encrypts: Encrypts,
}

impl Cancel for CancelRequest {
    async fn send(self) {
        if let Ok(wire) = Wire::connect(&self.at).await {
            let _ = self.token.cancel_query_raw(wire, self.encrypts).await;
        }
    }
}

impl PostgresLooker {
    pub(super) fn new(server: &DatabaseServer) -> PostgresLooker {
        PostgresLooker { way: ServerWay::new(server), is_superuser: AtomicBool::new(false) }
    }

    /// Whether the last look was by somebody whom nothing is forbidden.
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
        under_way: &UnderWay<CancelRequest>,
    ) -> Result<ProbeFound, String> {
        let (at, encrypts) = (&self.way.server.url.at, Encrypts(self.way.tls().await?));
        let wire = Wire::connect(at).await.map_err(|error| self.way.broke(&error))?;
        let connected = self.config().connect_raw(wire, encrypts.clone()).await;
        let (mut client, connection) = connected.map_err(|error| self.said(&error, timeout))?;
        self.is_superuser.store(connection.parameter("is_superuser") == Some("on"), Ordering::Relaxed);
        let mut connection = pin!(connection);
        let token = client.cancel_token();
        under_way.begins(CancelRequest { token, at: at.clone(), encrypts });
        let asked = async {
            let asked = look(&mut client, probe, timeout, rows).await;
            drop(client);
            asked.map_err(|error| match error {
                Unjudged::Refused(error) => self.said(&error, timeout),
                Unjudged::Otherwise(why) => why,
            })
        };
        let asked = tokio::select! {
            biased;
            asked = asked => asked,
            ended = &mut connection => {
                return Err(match ended {
                    Ok(()) => "the server has closed the connection".to_owned(),
                    Err(error) => self.said(&error, timeout),
                });
            }
        };
        under_way.has_ended();
        // The transaction is over by its end, and the server notes none that was broken off.
        let _ = within(MAX_FAREWELL, connection).await;
        asked
    }

    /// The server's own words, or what went wrong on the way.
    fn said(&self, error: &Error, timeout: Span) -> String {
        match error.as_db_error() {
            Some(refusal) if *refusal.code() == SqlState::QUERY_CANCELED => no_answer_within(timeout),
            Some(refusal) => refusal.message().to_owned(),
            None => self.way.broke(error),
        }
    }

    fn config(&self) -> Config {
        let (server, mut config) = (&self.way.server, Config::new());
        let url = &server.url;
        config.user(&url.user).dbname(&url.database).application_name("punctual");
        if let Some(password) = &url.password {
            config.password(password.expose());
        }
        config.ssl_mode(match server.encryption {
            Encryption::Never => SslMode::Disable,
            Encryption::IfThere => SslMode::Prefer,
            Encryption::Verified => SslMode::Require,
        });
        config
    }
}

impl From<Error> for Unjudged<Error> {
    fn from(error: Error) -> Unjudged<Error> {
        Unjudged::Refused(error)
    }
}

async fn look(
    client: &mut Client,
    probe: &SqlProbe,
    timeout: Span,
    rows: FoundRows,
) -> Result<ProbeFound, Unjudged<Error>> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    let ms = timeout.as_ms();
    // A role or a database may have set how values are shown, by which records are known.
    let session = format!(
        "set local statement_timeout = {ms}; set local idle_in_transaction_session_timeout = {ms}; \
         set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local extra_float_digits = 3"
    );
    transaction.batch_execute(&session).await?;
    // By itself first: what is no whole statement would make another one of ours.
    let query = transaction.prepare(&probe.query).await?;
    if !query.params().is_empty() {
        return Err(Unjudged::Otherwise("the query has a parameter, for which there is no value".to_owned()));
    }
    if query.columns().is_empty() {
        return Err(Unjudged::Otherwise("the query is no SELECT".to_owned()));
    }
    let cut = transaction.prepare(&cut(&probe.query, query.columns())).await?;
    let portal = transaction.bind(&cut, &[]).await?;
    let names: Vec<Arc<str>> = query.columns().iter().map(|column| column.name().into()).collect();
    let found = judge((&transaction, &portal), probe, &names, rows).await?;
    transaction.rollback().await?;
    Ok(found)
}

/// The query as one that answers the beginning of each value as text, so that no more is sent. A query that also writes is none
/// of those that may stand in another.
fn cut(query: &str, columns: &[Column]) -> String {
    let most = SqlProbe::MAX_VALUE_CHARS;
    let value = |(number, column): (usize, &Column)| match *column.type_() {
        // As those of SQLite are shown.
        Type::BYTEA => {
            format!("left('x''' || encode(substring(c{number} from 1 for {most}), 'hex') || '''', {most})")
        }
        _ => format!("left(c{number}::text, {most})"),
    };
    let values: Vec<String> = columns.iter().enumerate().map(value).collect();
    let names: Vec<String> = (0..columns.len()).map(|number| format!("c{number}")).collect();
    // On lines of its own: a comment at its end is over with it.
    let query = query.trim_end().trim_end_matches(';');
    format!("select {} from (\n{query}\n) as q ({})", values.join(", "), names.join(", "))
}

/// Reads rows as long as more of them may be told apart; the server makes no more than it is asked for.
async fn judge(
    (transaction, portal): (&Transaction<'_>, &Portal),
    probe: &SqlProbe,
    names: &[Arc<str>],
    mut found: FoundRows,
) -> Result<ProbeFound, Unjudged<Error>> {
    if probe.wants_some {
        let is_there = !transaction.query_portal(portal, 1).await?.is_empty();
        return Ok(if is_there { ProbeFound::holds() } else { ProbeFound::violated("no row is there") });
    }
    let at_a_time = (VALUES_AT_A_TIME / names.len()).max(1);
    loop {
        let most = i32::try_from(at_a_time).expect("it is small");
        let rows = transaction.query_portal(portal, most).await?;
        for row in &rows {
            add(probe, &mut found, &columns(names, row)?)
                .map_err(|why| Unjudged::Otherwise(why.to_string()))?;
        }
        if found.are_more() || rows.len() < at_a_time {
            return Ok(found.judge());
        }
    }
}

fn columns(names: &[Arc<str>], row: &Row) -> Result<Columns, Error> {
    let one = |(at, name): (usize, &Arc<str>)| Ok((name.clone(), row.try_get(at)?));
    names.iter().enumerate().map(one).collect()
}
