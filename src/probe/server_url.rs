//! The URL of a server of databases: `postgres://user:password@host:5432/database?sslmode=require`.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::core::secret::Secret;

/// A database of a server, who asks it, and how the way there is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerUrl {
    pub(super) at: ServerAt,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) database: String,
    /// `None`: nothing is said.
    pub(super) encryption: Option<Encryption>,
}

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ServerAt {
    Port(String, u16),
    /// A socket of this machine.
    Socket(PathBuf),
}

/// Whether a connection is encrypted: `sslmode`, as libpq has it or stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Never,
    /// If the server can, whoever it is.
    IfThere,
    /// Else there is no connection; the certificate is verified, and has the name of the host.
    Verified,
}

/// What a kind of servers has in its URLs.
#[derive(Debug)]
pub(super) struct UrlForm {
    pub(super) schemes: &'static [&'static str],
    pub(super) port: u16,
    /// The parameter that names a socket, or its folder.
    pub(super) socket: &'static str,
    /// What the name of a socket in its folder begins with, before the port; "": no folder is named.
    pub(super) in_folder: &'static str,
}

impl ServerAt {
    /// Whether nobody else is on the way.
    pub(super) fn is_here(&self) -> bool {
        match self {
            ServerAt::Port(host, _) => {
                host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            }
            ServerAt::Socket(_) => true,
        }
    }
}

impl fmt::Display for ServerAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerAt::Port(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            ServerAt::Port(host, port) => write!(f, "{host}:{port}"),
            ServerAt::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

impl ServerUrl {
    /// Reads it. The error continues the sentence "the URL …", and shows nothing of it: any part of what is no URL may be a secret.
    pub(super) fn parse(text: &str, form: &UrlForm) -> Result<ServerUrl, String> {
        let scheme = form.schemes[0];
        if !form.schemes.iter().any(|scheme| text.starts_with(&format!("{scheme}://"))) {
            let all: Vec<String> = form.schemes.iter().map(|scheme| format!("{scheme}://")).collect();
            return Err(format!("does not begin with {}", all.join(" or ")));
        }
        let no_url = || {
            format!(
                "cannot be read: it is as {scheme}://user:password@host/database, and what is special in a password is \
                 written as `%` and its number (`%40` is @)"
            )
        };
        let url = Url::parse(text).map_err(|_| no_url())?;
        if url.fragment().is_some() {
            return Err("has a `#`, which is written `%23`".to_owned());
        }
        let decoded = |part: &str| percent_decode_str(part).decode_utf8().map(|part| part.into_owned()).ok();
        let decoded = |part: &str| decoded(part).filter(|part| !part.contains('\0')).ok_or_else(no_url);
        let (host, port) = (decoded(url.host_str().unwrap_or_default())?, url.port().unwrap_or(form.port));
        let mut read = ServerUrl {
            at: form.place(&host, port),
            user: decoded(url.username())?,
            password: url.password().map(decoded).transpose()?.map(Secret::new),
            database: decoded(url.path().strip_prefix('/').unwrap_or_default())?,
            encryption: None,
        };
        for (key, value) in url.query_pairs() {
            match &*key {
                "sslmode" => read.encryption = Some(encryption(&value)?),
                key if key == form.socket && value.starts_with('/') => {
                    read.at = form.place(&value, port);
                }
                _ => {
                    return Err(format!(
                        "has a parameter that is not known here: `sslmode` is, and `{}`, the path of a socket",
                        form.socket
                    ));
                }
            }
        }
        let lacks = [
            (read.at == ServerAt::Port(String::new(), port), "host"),
            (read.user.is_empty(), "user"),
            (read.database.is_empty(), "database"),
        ];
        match lacks.iter().find(|(is_lacking, _)| *is_lacking) {
            Some((_, what)) => {
                Err(format!("names no {what}: it is as {scheme}://user:password@host/database"))
            }
            None => Ok(read),
        }
    }
}

impl UrlForm {
    /// A path in place of a host is a socket, as libpq has it.
    fn place(&self, host: &str, port: u16) -> ServerAt {
        match (host.starts_with('/'), self.in_folder) {
            (true, "") => ServerAt::Socket(PathBuf::from(host)),
            (true, begins) => ServerAt::Socket(PathBuf::from(host).join(format!("{begins}{port}"))),
            (false, _) => ServerAt::Port(host.trim_matches(['[', ']']).to_owned(), port),
        }
    }
}

fn encryption(word: &str) -> Result<Encryption, String> {
    match word {
        "disable" => Ok(Encryption::Never),
        "prefer" => Ok(Encryption::IfThere),
        "require" | "verify-ca" | "verify-full" => Ok(Encryption::Verified),
        _ => {
            Err("has an `sslmode` that is none of disable, prefer, require, verify-ca, verify-full"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{mysql, postgres};

    fn parsed(text: &str) -> Result<ServerUrl, String> {
        ServerUrl::parse(text, &postgres::FORM)
    }

    #[test]
    fn a_url_says_where_a_database_is_and_who_asks() {
        let read = parsed("postgres://pun%40ctual:p%23%2Fss@db.example.org/shop%2F1?sslmode=verify-full");
        let read = read.expect("it is one");
        assert_eq!(read.at.to_string(), "db.example.org:5432");
        assert_eq!((&*read.user, &*read.database), ("pun@ctual", "shop/1"));
        assert_eq!(read.password.expect("it has one").expose(), "p#/ss");
        assert_eq!(read.encryption, Some(Encryption::Verified));
        let at = |text: &str| parsed(text).expect("it is one").at.to_string();
        assert_eq!(at("postgresql://a@[::1]:1/b"), "[::1]:1");
        assert_eq!(at("postgres://a@localhost/b?host=/run/postgresql"), "/run/postgresql/.s.PGSQL.5432");
        assert_eq!(at("postgres://a@%2Frun%2Fpostgresql/b"), "/run/postgresql/.s.PGSQL.5432");
        let mysql = ServerUrl::parse("mysql://a@localhost/b?socket=/run/mysqld/mysqld.sock", &mysql::FORM);
        assert_eq!(mysql.expect("it is one").at.to_string(), "/run/mysqld/mysqld.sock");
        assert!(parsed("postgres://a@[::1]/b").expect("it is one").at.is_here());
        assert!(!parsed("postgres://a@10.0.0.1/b").expect("it is one").at.is_here());
    }

    #[test]
    fn what_is_no_url_says_why_and_shows_nothing_of_it() {
        for (text, why) in [
            ("mysql://a:s3cret@b/c", "does not begin with postgres:// or postgresql://"),
            ("host=s3cret", "does not begin with"),
            ("postgres://a:s3cret#x@b/c", "cannot be read"),
            ("postgres://a:s3cret@b/c#d", "has a `#`"),
            ("postgres://a:s3cret@b:99999/c", "cannot be read"),
            ("postgres://a:s3cret@b/c?s3cret=1", "a parameter that is not known"),
            ("postgres://a:s3cret@b/c?host=b", "a parameter that is not known"),
            ("postgres://a:s3cret@b/c?sslmode=s3cret", "an `sslmode` that is none of"),
            ("postgres://a:s3cret%00@b/c", "cannot be read"),
            ("postgres://b/c", "names no user"),
            ("postgres://a:s3cret@b", "names no database"),
            ("postgres:///c", "names no host"),
        ] {
            let said = parsed(text).expect_err(text);
            assert!(said.contains(why) && !said.contains("s3cret"), "{text}: {said}");
        }
    }
}
