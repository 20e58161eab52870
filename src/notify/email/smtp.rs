//! The mail server: `smtp`.

use lettre::message::Mailbox;

use super::address::check_address;
use crate::notify::address::problem_of_host;
use crate::notify::http_config::{BasicAuth, TLS_CONFIG, TlsConfig, tls_config};
use crate::yaml::fault::Log;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Map, OneOf, Path, Secret, Text, Whole};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{NAME, Section, key};

pub(crate) static SMTP: Section = Section {
    id: "smtp",
    title: "`smtp`",
    keys: &[
        key("host", Text(253), Required, "The name or address of the mail server."),
        key(
            "hello",
            Text(253),
            Optional,
            "Name given in EHLO. Default: this machine's name if it has a dot, else the domain of `from`.",
        ),
        key(
            "port",
            Whole(1, 65_535),
            Optional,
            "Port. Default: 587 for starttls, 465 for implicit, 25 for none.",
        ),
        key(
            "tls",
            OneOf(&["starttls", "implicit", "none"]),
            Default("starttls"),
            "Encryption of the connection.",
        ),
        key("tls_config", Map(&TLS_CONFIG), Optional, "Which CAs are trusted, and the client certificate."),
        key("username", Text(NAME), Optional, "User name. Without one: no login."),
        key("password", Secret, Optional, "The password (inline)."),
        key("password_file", Path, Optional, "File that contains the password."),
        key("from", Text(320), Required, "The sender: `a@b` or `Name <a@b>`."),
    ],
};

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// A host name or address.
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    /// The certificates that are trusted, if `tls` is not [`SmtpTls::None`].
    pub tls_config: TlsConfig,
    /// The login; `None`: none.
    pub login: Option<BasicAuth>,
    /// The sender's address as written: `a@b` or `Name <a@b>`.
    pub from: String,
    /// The name that we greet the server with: a host name or an address in brackets (RFC 5321 §4.1.1.1).
    pub hello: String,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpTls {
    /// Unencrypted at first, then STARTTLS, which must succeed.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// No encryption.
    None,
}

/// Reads `smtp`.
pub(crate) fn smtp(loader: &mut Loader, main: &Fields<'_>) -> Option<Smtp> {
    let fields = main.map(&mut loader.log, "smtp")?;
    let log = &mut loader.log;
    let (tls, usual_port) = match fields.one_of(log, "tls") {
        Some("implicit") => (SmtpTls::Implicit, 465),
        Some("none") => (SmtpTls::None, 25),
        _ => (SmtpTls::Starttls, 587),
    };
    let port = fields.whole(log, "port").and_then(|port| u16::try_from(port).ok());
    // Such a port speaks the other protocol first, so each attempt would time out.
    match (port, tls) {
        (Some(465), SmtpTls::Starttls | SmtpTls::None) => {
            log.warn("smtp: port 465 speaks TLS from its first byte: write `tls: implicit`");
        }
        (Some(port @ (25 | 587)), SmtpTls::Implicit) => {
            log.warn(format!("smtp: port {port} begins in the clear: write `tls: starttls`"));
        }
        _ => {}
    }
    if let Some(other) = port.and_then(other_than_smtp) {
        log.warn(format!(
            "smtp: port {} is one of {other}, where no mail is taken",
            port.unwrap_or_default()
        ));
    }
    let host = fields.text(log, "host");
    if host.is_some_and(|host| {
        host.contains(|c: char| c.is_whitespace() || "/@".contains(c)) || host.matches(':').count() == 1
    }) {
        log.fault(fields.at_value("host"), "`host` is a name or an address without port, path or user");
    } else if let Some(problem) = host.and_then(problem_of_host) {
        log.fault(fields.at_value("host"), format!("`host` {problem}"));
    }
    let from = fields.text(log, "from");
    if let Some(from) = from {
        check_address(fields.at_value("from"), from, &mut loader.log);
    }
    let hello = hello(&fields, from, &mut loader.log);
    let password = loader.secret(&fields, "password", "password_file", true);
    let username = fields.text(&mut loader.log, "username");
    if fields.has("username") != (fields.has("password") || fields.has("password_file")) {
        loader.log.fault(fields.at, "a login needs both `username` and `password_file`");
    }
    let local = matches!(host, Some("localhost" | "127.0.0.1" | "::1"));
    if tls == SmtpTls::None && username.is_some() && !local {
        loader.log.warn("smtp sends its password unprotected: `tls: none`");
    }
    let tls_config = fields.map(&mut loader.log, "tls_config").map(|fields| tls_config(loader, &fields));
    Some(Smtp {
        host: host?.to_owned(),
        port: port.unwrap_or(usual_port),
        tls,
        tls_config: tls_config.unwrap_or_default(),
        login: username
            .zip(password)
            .map(|(username, password)| BasicAuth { username: username.to_owned(), password }),
        from: from?.to_owned(),
        hello,
    })
}

/// What a mail server is greeted with. Servers refuse who says that it is `localhost` or 127.0.0.1.
fn hello(fields: &Fields<'_>, from: Option<&str>, log: &mut Log) -> String {
    if let Some(hello) = fields.text(log, "hello") {
        let is_word = hello.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_word {
            log.fault(
                fields.at_value("hello"),
                "`hello` is a host's name in ASCII, or its address in brackets: `[192.0.2.1]`",
            );
        }
        return hello.to_owned();
    }
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_str().unwrap_or_default();
    let is_full = machine.trim_end_matches('.').contains('.') && !machine.starts_with("localhost");
    if is_full && machine.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) {
        return machine.to_owned();
    }
    let domain =
        from.and_then(|from| from.parse::<Mailbox>().ok()).map(|from| from.email.domain().to_owned());
    domain.and_then(|domain| idna::domain_to_ascii(&domain).ok()).unwrap_or_else(|| "localhost".to_owned())
}

/// The protocol that usually runs on this port, if it is not SMTP.
fn other_than_smtp(port: u16) -> Option<&'static str> {
    match port {
        80 | 443 => Some("HTTP"),
        110 | 995 => Some("POP3"),
        143 | 993 => Some("IMAP"),
        _ => None,
    }
}
