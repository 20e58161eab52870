//! A server's API, asked over HTTP, by the network or at the socket of its folder: what goes there.

use std::cell::Cell;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde_json::Value;

use super::answer::{ServerAnswer, is_of_another_version};
use super::failure::{Failure, wait_for};
use super::server::{BearerToken, ChosenServer, ServerArgs};
use super::table::plain;
use super::trouble::Trouble;
use crate::config::nearest;
use crate::http::limits::Limits;
use crate::http::socket;
use crate::notify;

/// So long the server may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 << 20;
/// Names among which a misspelt one is looked for: a page.
const MAX_GUESSES: &str = "1000";

/// Runs a command that asks a server; its end as an exit status.
pub(super) fn run(command: impl Future<Output = Result<(), Trouble>>) -> ExitCode {
    let mut outcome = Ok(());
    let ran = wait_for(async {
        outcome = command.await;
        Ok::<(), Failure>(())
    });
    end(ran.map_err(Trouble::from).and(outcome))
}

/// The end of a command that asks a server: 1 if that says no, 2 if it was not asked or did not answer.
pub(super) fn end(outcome: Result<(), Trouble>) -> ExitCode {
    match outcome {
        Ok(()) | Err(Trouble::Unheard) => ExitCode::SUCCESS,
        Err(Trouble::Told) => ExitCode::FAILURE,
        Err(Trouble::Refused { why, .. } | Trouble::Declined(why)) => said(&why, 1),
        Err(Trouble::NotAsked(why)) => said(&why, 2),
    }
}

fn said(why: &str, status: u8) -> ExitCode {
    for line in why.lines() {
        eprintln!("punctual: {}", plain(line));
    }
    ExitCode::from(status)
}

/// Asks one server.
pub(super) struct Client {
    http: reqwest::Client,
    server: ChosenServer,
    patience: Duration,
    verbose: bool,
    /// That the token goes there in the clear was said: once is enough.
    has_warned: Cell<bool>,
}

/// A request to the API.
pub(super) struct ApiCall<'a> {
    pub(super) method: Method,
    /// The parts of the path below `/api/v1`, or below a check's path there.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<Vec<u8>>,
}

impl<'a> ApiCall<'a> {
    pub(super) fn get(path: &'a [&'a str]) -> ApiCall<'a> {
        ApiCall { method: Method::GET, path, query: &[], body: None }
    }

    pub(super) fn post(path: &'a [&'a str], body: &Value) -> ApiCall<'a> {
        ApiCall { method: Method::POST, path, query: &[], body: Some(body.to_string().into_bytes()) }
    }

    pub(super) fn delete(path: &'a [&'a str]) -> ApiCall<'a> {
        ApiCall { method: Method::DELETE, path, query: &[], body: None }
    }
}

impl Client {
    pub(super) fn new(args: &ServerArgs) -> Result<Client, Trouble> {
        let server = args.resolve()?;
        // What goes to this machine needs no other one's help, which would see the token.
        let builder = if server.is_local() { builder().no_proxy() } else { builder() };
        notify::check_certificates().map_err(Trouble::NotAsked)?;
        Client::of(builder, server, args.verbose)
    }

    /// Asks the server of this folder, at its socket: without a token, for who may open it may do everything.
    pub(super) fn at_socket(folder: &Path, verbose: bool) -> Result<Client, Trouble> {
        // No certificate is looked at, and none is to be read for it.
        let builder = builder().no_proxy().tls_certs_only([]).unix_socket(socket::path(folder));
        Client::of(builder, ChosenServer::at_socket(folder), verbose)
    }

    fn of(builder: reqwest::ClientBuilder, server: ChosenServer, verbose: bool) -> Result<Client, Trouble> {
        let http = builder.build().map_err(|error| Trouble::NotAsked(error.to_string()))?;
        Ok(Client { http, server, patience: TIMEOUT, verbose, has_warned: Cell::new(false) })
    }

    /// The same, for what may take as long as the server has patience with a request: a little less, so that there is an
    /// answer to tell of.
    pub(super) fn patient(self) -> Client {
        let limits = if self.server.folder.is_some() { Limits::at_socket() } else { Limits::default() };
        self.with_patience(limits.serving_timeout.saturating_sub(TIMEOUT / 3))
    }

    /// The same, for what may take so long.
    fn with_patience(self, patience: Duration) -> Client {
        Client { patience, ..self }
    }

    /// Calls the API.
    pub(super) async fn call(&self, call: ApiCall<'_>) -> Result<Value, Trouble> {
        self.call_as(call, self.server.token.as_ref()).await
    }

    async fn call_as(&self, call: ApiCall<'_>, token: Option<&BearerToken>) -> Result<Value, Trouble> {
        let ApiCall { method, path, query, body } = call;
        let url = self.url(&[&["api", "v1"], path].concat(), query);
        let mut request = self.http.request(method.clone(), url.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let answer = self.send(&method, &url, request, token).await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        let json = answer.json();
        match json {
            Some(json) if answer.status.is_success() => Ok(json),
            Some(problem) if answer.status.as_u16() >= 400 => {
                Err(self.server.refused(&answer, &problem, token))
            }
            _ => Err(self.server.not_punctual(&answer)),
        }
    }

    /// A call about one check. If there is none of this name, one that is spelt like it is told.
    pub(super) async fn about(&self, name: &str, call: ApiCall<'_>) -> Result<Value, Trouble> {
        self.about_as(name, call, self.server.token.as_ref()).await
    }

    /// What a check came to, with a key as a ping has it.
    pub(super) async fn report(
        &self,
        name: &str,
        rid: Option<&str>,
        result: &Value,
    ) -> Result<Value, Trouble> {
        let query: Vec<_> = rid.map(|rid| ("rid", rid)).into_iter().collect();
        let call = ApiCall { query: &query, ..ApiCall::post(&["report"], result) };
        self.about_as(name, call, self.ping_key()?.as_ref()).await
    }

    async fn about_as(
        &self,
        name: &str,
        call: ApiCall<'_>,
        token: Option<&BearerToken>,
    ) -> Result<Value, Trouble> {
        let path = [&["checks", name], call.path].concat();
        match self.call_as(ApiCall { path: &path, ..call }, token).await {
            Err(Trouble::Refused { status: StatusCode::NOT_FOUND, detail, .. })
                if !is_of_another_version(StatusCode::NOT_FOUND, &detail) =>
            {
                Err(self.no_such_check(name).await)
            }
            answered => answered,
        }
    }

    /// A key if the environment has one, or else the token.
    fn ping_key(&self) -> Result<Option<BearerToken>, Trouble> {
        Ok(BearerToken::of_environment("PUNCTUAL_PING_KEY")?.or_else(|| self.server.token.clone()))
    }

    /// `POST /ping/…`: a ping, with a key if the environment has one, or else with the token. What the server says.
    pub(super) async fn ping(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<String, Trouble> {
        let url = self.url(&[&["ping"], path].concat(), query);
        let key = self.ping_key()?;
        let request = self.http.post(url.clone()).body(body);
        let answer = self.send(&Method::POST, &url, request, key.as_ref()).await?;
        let text = plain(String::from_utf8_lossy(&answer.body).trim());
        match answer.status {
            status if status.is_success() => Ok(text),
            StatusCode::NOT_FOUND if text.starts_with("not found") => {
                Err(self.no_such_check(path.first().unwrap_or(&"")).await)
            }
            status if status.as_u16() >= 400 && !text.starts_with('<') => {
                let hint = match status {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => match &key {
                        Some(key) => format!(": what was shown is {}", key.origin),
                        None => ": PUNCTUAL_PING_KEY or PUNCTUAL_PING_KEY_FILE gives a key, PUNCTUAL_TOKEN a token".to_owned(),
                    },
                    _ => String::new(),
                };
                let why = format!("{text}{hint} ({})", status.as_u16());
                Err(Trouble::Refused { status, why, detail: text })
            }
            _ => Err(self.server.not_punctual(&answer)),
        }
    }

    /// Parts of a path cannot be other than that, whatever they hold.
    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.server.url.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn send(
        &self,
        method: &Method,
        url: &Url,
        mut request: RequestBuilder,
        token: Option<&BearerToken>,
    ) -> Result<ServerAnswer, Trouble> {
        if let Some(token) = token {
            if self.server.is_in_the_clear() && !self.has_warned.replace(true) {
                let host = plain(self.server.url.host_str().unwrap_or_default());
                eprintln!("punctual: warning: the token goes to {host} unencrypted: use https");
            }
            request = request.header(AUTHORIZATION, token.bearer());
        }
        if self.verbose {
            let with = token.map_or_else(|| "no token".to_owned(), |token| token.origin.clone());
            eprintln!("punctual: {method} {} with {}", plain(url.as_str()), plain(&with));
        }
        let mut response =
            request.timeout(self.patience).send().await.map_err(|error| self.server.unreachable(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.server.unreachable(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER_BYTES {
                return Err(Trouble::NotAsked("the answer does not end: is this punctual?".to_owned()));
            }
        }
        if self.verbose {
            eprintln!("punctual: {status}, {} bytes", body.len());
        }
        Ok(ServerAnswer { status, headers, body })
    }

    async fn no_such_check(&self, name: &str) -> Trouble {
        // Who may ping need not be allowed to read: then there is no guess.
        let call = ApiCall { query: &[("limit", MAX_GUESSES)], ..ApiCall::get(&["checks"]) };
        let page = self.call(call).await.unwrap_or_default();
        let checks = page["checks"].as_array().map_or(&[][..], Vec::as_slice);
        let guess = nearest(name, checks.iter().filter_map(|check| check["name"].as_str()));
        let hint = match guess {
            Some(guess) => format!("did you mean `{guess}`?"),
            None => "`punctual checks list` lists them".to_owned(),
        };
        let detail = format!("there is no check `{name}`: {hint}");
        Trouble::Refused { status: StatusCode::NOT_FOUND, why: format!("{detail} (404)"), detail }
    }
}

fn builder() -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.user_agent(concat!("punctual/", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    use super::*;

    /// What a command says of a server that answers this again and again, with a pause between.
    fn said_of(again: &'static [u8], pause: Duration) -> String {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(socket::path(folder.path())).unwrap();
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let head =
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n";
            stream.write_all(head).unwrap();
            while stream.write_all(again).is_ok() {
                std::thread::sleep(pause);
            }
        });
        let mut said = String::new();
        wait_for(async {
            let client = Client::at_socket(folder.path(), false).map_err(|_| Failure::told())?;
            let client = client.with_patience(Duration::from_millis(400));
            if let Err(Trouble::NotAsked(why)) = client.call(ApiCall::get(&["status"])).await {
                said = why;
            }
            Ok::<(), Failure>(())
        })
        .unwrap();
        answering.join().unwrap();
        said
    }

    #[test]
    fn an_answer_without_end_is_read_for_so_long_however_it_comes() {
        const PIECE: &[u8] = &[b'x'; 64 * 1024];
        let slow = said_of(b"x", Duration::from_millis(5));
        assert!(slow.contains("control.sock did not answer in time"), "{slow}");
        let flood = said_of(PIECE, Duration::ZERO);
        assert!(flood.contains("did not answer in time") || flood.contains("does not end"), "{flood}");
    }
}
