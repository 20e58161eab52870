//! What a server answers, or that it does not, in words for people.

use std::error::Error;
use std::io;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;

use super::server::{BearerToken, ChosenServer};
use super::table::plain;
use super::trouble::Trouble;
use crate::http::socket;

/// What a server says: its status, and its body.
pub(super) struct ServerAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl ServerAnswer {
    /// The body, if it is what the API speaks: always an object.
    pub(super) fn json(&self) -> Option<Value> {
        let kind = self.headers.get(CONTENT_TYPE)?.as_bytes();
        let is_ours =
            [&b"application/json"[..], b"application/problem+json"].iter().any(|ours| kind.starts_with(ours));
        let json: Value = serde_json::from_slice(&self.body).ok().filter(|_| is_ours)?;
        json.is_object().then_some(json)
    }
}

impl ChosenServer {
    /// That nobody answers, and why.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> Trouble {
        let server = match &self.folder {
            Some(folder) => format!("the control socket {}", socket::path(folder).display()),
            None => self.url.to_string(),
        };
        if error.is_timeout() {
            let what = "what was asked may be done all the same, so look before you ask again";
            return Trouble::NotAsked(format!("{server} did not answer in time; {what}"));
        }
        let mut cause: &(dyn Error + 'static) = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        if self.folder.is_some() {
            return Trouble::NotAsked(format!("{server}: {}", no_socket(cause)));
        }
        let what = "is a server running there? --server or PUNCTUAL_URL names another";
        Trouble::NotAsked(format!("no answer from {server}: {cause}; {what}"))
    }

    /// A problem (RFC 9457) in lines for people.
    pub(super) fn refused(
        &self,
        answer: &ServerAnswer,
        problem: &Value,
        token: Option<&BearerToken>,
    ) -> Trouble {
        let status = answer.status;
        let code = status.as_u16();
        let detail = problem["detail"].as_str().unwrap_or("the server does not say why");
        let faults: Vec<String> = problem["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|fault| fault["detail"].as_str().map(plain))
            .collect();
        let lines: Vec<String> = detail.lines().map(plain).collect();
        let detail = if faults.len() > 1 { faults.join("\n") } else { lines.join("\n") };
        let hint = match (status, token) {
            _ if is_of_another_version(status, &detail) => {
                "\nthe server is of another version than this command: restart it, or use the command of its version".to_owned()
            }
            (StatusCode::UNAUTHORIZED, None) => self.how_to_give_a_token(),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(token)) => {
                format!("\nwhat was sent is {}", token.origin)
            }
            _ => match answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()) {
                Some(seconds) => format!("; it may be tried again in {seconds} s"),
                None => String::new(),
            },
        };
        let why = format!("{detail} ({code}){hint}");
        Trouble::Refused { status, why, detail }
    }

    fn how_to_give_a_token(&self) -> String {
        let settings = match &self.settings {
            Some(path) => path.display().to_string(),
            None => "~/.config/punctual/cli.yaml".to_owned(),
        };
        let unsent = self.unsent.as_ref().map_or(String::new(), |why| format!("\n{why}"));
        format!(
            "{unsent}\nput it into PUNCTUAL_TOKEN, or into a file that --token-file, PUNCTUAL_TOKEN_FILE or `token_file` in {settings} names"
        )
    }

    /// That it is another server.
    pub(super) fn not_punctual(&self, answer: &ServerAnswer) -> Trouble {
        let (server, status) = (&self.url, answer.status.as_u16());
        let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        Trouble::NotAsked(match location {
            Some(location) if answer.status.is_redirection() => {
                format!("{server} leads to {location} ({status}): name that server")
            }
            _ => format!("what answers at {server} is not punctual's API ({status}): is the URL right?"),
        })
    }
}

/// Whether this server does not know what this command asks for: it asks for nothing that a server of its version lacks.
pub(super) fn is_of_another_version(status: StatusCode, detail: &str) -> bool {
    match status {
        StatusCode::NOT_FOUND => detail.starts_with("not found: jobs ping"),
        StatusCode::METHOD_NOT_ALLOWED => detail.starts_with("this path does not take this method"),
        StatusCode::BAD_REQUEST => {
            detail.contains("unknown field") || detail.starts_with("there is no parameter")
        }
        _ => false,
    }
}

/// Why nobody answers at a socket.
fn no_socket(cause: &(dyn Error + 'static)) -> String {
    let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::NotFound) => {
            "there is none: is a server running with this --storage.path? --server or PUNCTUAL_URL names one elsewhere"
                .to_owned()
        }
        Some(io::ErrorKind::ConnectionRefused) => "nobody listens: the server has ended".to_owned(),
        // The control protocol of its own, which servers before had, is no HTTP.
        _ if cause.to_string().contains("HTTP version") => {
            "the server there is of another version than this command: restart it".to_owned()
        }
        Some(io::ErrorKind::PermissionDenied) => {
            "not allowed: run this as the user that the server runs as, or as root".to_owned()
        }
        _ => format!("{cause}; the server's log may say why"),
    }
}
