//! `smtp`: how mail leaves.

use lettre::message::Mailbox;

use super::address::{self, check_address};
use super::http_config::tls_config;
use crate::core::receiver::{BasicAuth, Smtp, SmtpTls};
use crate::yaml::fault::Log;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// Reads `smtp`.
pub(super) fn smtp(loader: &mut Loader, main: &Fields<'_>) -> Option<Smtp> {
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
    if let Some(other) = port.and_then(address::other_than_smtp) {
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
    } else if let Some(problem) = host.and_then(address::problem_of_host) {
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
