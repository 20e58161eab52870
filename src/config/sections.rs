//! The sections of the main file for mail, receivers, Alertmanagers and retention.

use std::collections::BTreeMap;
use std::sync::Arc;

use lettre::message::Mailbox;

use super::address::{self, check_address};
use super::fault::{At, Log, guess, quote};
use super::fields::Fields;
use super::loader::Loader;
use super::model::Place;
use super::pem;
use crate::core::outbox::Message;
use crate::core::receiver::{
    Alertmanager, Authorization, BasicAuth, ClientIdentity, Email, HttpConfig, Receiver, ReceiverKind, Smtp,
    SmtpTls, TlsConfig, Webhook, WebhookFormat,
};
use crate::core::retention::Retention;
use crate::core::route::{ReceiverName, ReceiverPolicy, is_own_receiver};
use crate::core::secret::Secret;
use crate::core::time::Span;

/// The most receivers, Alertmanagers, ping keys and tokens, each.
const MAX_ITEMS: usize = 1000;

impl Loader {
    /// Reads `smtp`.
    pub(super) fn smtp(&mut self, main: &Fields<'_>) -> Option<Smtp> {
        let fields = main.map(&mut self.log, "smtp")?;
        let log = &mut self.log;
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
            check_address(fields.at_value("from"), from, &mut self.log);
        }
        let hello = hello(&fields, from, &mut self.log);
        let password = self.secret(&fields, "password", "password_file", true);
        let username = fields.text(&mut self.log, "username");
        if fields.has("username") != (fields.has("password") || fields.has("password_file")) {
            self.log.fault(fields.at, "a login needs both `username` and `password_file`");
        }
        let local = matches!(host, Some("localhost" | "127.0.0.1" | "::1"));
        if tls == SmtpTls::None && username.is_some() && !local {
            self.log.warn("smtp sends its password unprotected: `tls: none`");
        }
        let tls_config = fields.map(&mut self.log, "tls_config").map(|fields| self.tls_config(&fields));
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

    /// Reads `alerting.alertmanagers`.
    pub(super) fn alertmanagers(&mut self, main: &Fields<'_>) -> Vec<Alertmanager> {
        let Some(fields) = main.map(&mut self.log, "alerting") else { return Vec::new() };
        let mut alertmanagers = Vec::new();
        for item in self.limited(&fields, "alertmanagers") {
            let url = item.text(&mut self.log, "url");
            let http = self.http_config(&item);
            let Some(url) = url.filter(|url| self.http_url("url", item.at_value("url"), url, true)) else {
                continue;
            };
            if let Some(problem) = address::problem_of_base(url) {
                self.log.fault(item.at_value("url"), format!("`url` {problem}"));
            }
            alertmanagers.push(Alertmanager { url: url.trim_end_matches('/').to_owned(), http });
        }
        alertmanagers
    }

    /// Reads `receivers`: how each is reached, and when.
    pub(super) fn receivers(
        &mut self,
        main: &Fields<'_>,
    ) -> (Vec<Receiver>, BTreeMap<ReceiverName, ReceiverPolicy>) {
        let (mut receivers, mut policies) = (Vec::new(), BTreeMap::new());
        for item in self.limited(main, "receivers") {
            let name = item.text(&mut self.log, "name");
            let kind = self.receiver_kind(&item, main.has("smtp"));
            let log = &mut self.log;
            let policy = ReceiverPolicy {
                send_resolved: item.flag(log, "send_resolved").unwrap_or(true),
                group_wait: item.duration(log, "group_wait").unwrap_or(ReceiverPolicy::GROUP_WAIT),
                give_up_after: item.duration(log, "give_up_after").unwrap_or(Span::mins(24 * 60)),
                max_members: kind.as_ref().map_or(Message::MAX_MEMBERS, ReceiverKind::max_members),
                include_output: item.flag(log, "include_output").unwrap_or(true),
            };
            let Some(name) = name else { continue };
            if is_own_receiver(name) {
                let message =
                    format!("{} is a check's own: choose a name that does not begin so", quote(name));
                log.fault(item.at_value("name"), message);
            }
            let name: ReceiverName = name.into();
            let At { line, column, .. } = item.at;
            let place = Place { file: Arc::clone(log.file_name(item.at)), line, column };
            self.places.insert(Arc::clone(&name), place);
            // Added even if its kind is faulty: a responder that names it is right.
            if policies.insert(Arc::clone(&name), policy).is_some() {
                log.fault(item.at_value("name"), format!("there are two receivers {}", quote(&name)));
            }
            receivers.extend(kind.map(|kind| Receiver { name, kind }));
        }
        (receivers, policies)
    }

    fn receiver_kind(&mut self, item: &Fields<'_>, smtp: bool) -> Option<ReceiverKind> {
        let (email, webhook) = (item.has("email"), item.has("webhook"));
        if email && webhook {
            self.log.fault(item.at, "a receiver has `email` or `webhook`, not both: make two of it");
            return None;
        }
        if webhook {
            let fields = item.map(&mut self.log, "webhook")?;
            return self.webhook(&fields).map(|webhook| ReceiverKind::Webhook(Box::new(webhook)));
        }
        if !email {
            if !item.has("exec") {
                self.log.fault(item.at, "a receiver needs `email` or `webhook`");
            }
            return None;
        }
        if !smtp {
            self.log.fault(item.at_key("email"), "mail needs the section `smtp`, which is missing");
        }
        let fields = item.map(&mut self.log, "email")?;
        Some(ReceiverKind::Email(self.email(&fields)))
    }

    fn email(&mut self, fields: &Fields<'_>) -> Email {
        let to = fields.texts(&mut self.log, "to");
        to.iter().for_each(|(at, text)| check_address(*at, text, &mut self.log));
        if to.is_empty() && fields.has("to") {
            self.log.fault(fields.at_value("to"), "`to` needs at least one address");
        }
        Email { to: to.into_iter().map(|(_, text)| text.to_owned()).collect() }
    }

    fn webhook(&mut self, fields: &Fields<'_>) -> Option<Webhook> {
        let format = fields.one_of(&mut self.log, "format");
        // For these services, the URL alone is enough to post messages.
        let secret = matches!(format, Some("slack" | "teams" | "discord"));
        let url = self.required_secret(fields, "url", "url_file", secret);
        let template = match (fields.has("template"), fields.has("template_file")) {
            (true, true) => {
                self.log.fault(fields.at, "a webhook has `template` or `template_file`, not both");
                None
            }
            (true, false) => fields.text(&mut self.log, "template").map(str::to_owned),
            _ => self.file_text(fields, "template_file"),
        };
        if template.is_some() && fields.has("format") {
            self.log.fault(fields.at_key("format"), "a webhook has `format` or a template, not both");
        }
        if let Some(error) = template.as_deref().and_then(template_problem) {
            let key = if fields.has("template") { "template" } else { "template_file" };
            self.log.fault(fields.at_value(key), error);
        }
        let format = match (template, format) {
            (Some(template), _) => WebhookFormat::Template(template),
            (None, Some("slack")) => WebhookFormat::Slack,
            (None, Some("teams")) => WebhookFormat::Teams,
            (None, Some("discord")) => WebhookFormat::Discord,
            (None, Some("ntfy")) => WebhookFormat::Ntfy,
            (None, _) => WebhookFormat::Alertmanager,
        };
        let http = self.http_config(fields);
        let key = if fields.has("url") { "url" } else { "url_file" };
        let url = url.filter(|url| self.http_url(key, fields.at_value(key), url.expose(), false))?;
        if format == WebhookFormat::Ntfy && !address::is_ntfy_topic(url.expose()) {
            let message = format!(
                "`{key}` of ntfy ends with the topic, and with nothing behind it, as in https://ntfy.example.org/topic"
            );
            self.log.fault(fields.at_value(key), message);
        }
        let max_checks = fields.whole(&mut self.log, "max_checks");
        let max_checks = max_checks.and_then(|checks| usize::try_from(checks).ok());
        Some(Webhook { url, format, max_checks, http })
    }

    /// Reads `http_config`, if it is given.
    fn http_config(&mut self, fields: &Fields<'_>) -> HttpConfig {
        let Some(fields) = fields.map(&mut self.log, "http_config") else { return HttpConfig::default() };
        if fields.has("authorization") && fields.has("basic_auth") {
            let message =
                "`authorization` and `basic_auth` exclude each other: both are the header Authorization";
            self.log.fault(fields.at_key("basic_auth"), message);
        }
        let authorization = fields.map(&mut self.log, "authorization").and_then(|fields| {
            let scheme = fields.text(&mut self.log, "type").unwrap_or("Bearer").to_owned();
            if !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                self.log.fault(fields.at_value("type"), "`type` is one word, such as Bearer");
            }
            let credentials = self.required_secret(&fields, "credentials", "credentials_file", true)?;
            Some(Authorization { scheme, credentials })
        });
        let basic_auth = fields.map(&mut self.log, "basic_auth").and_then(|fields| {
            let username = fields.text(&mut self.log, "username");
            let password = self.required_secret(&fields, "password", "password_file", true)?;
            Some(BasicAuth { username: username?.to_owned(), password })
        });
        let proxy_url = fields
            .scalar(&mut self.log, "proxy_url")
            .filter(|url| self.http_url("proxy_url", fields.at_value("proxy_url"), url, false))
            .map(Secret::new);
        let tls = fields.map(&mut self.log, "tls_config").map(|fields| self.tls_config(&fields));
        HttpConfig { authorization, basic_auth, proxy_url, tls: tls.unwrap_or_default() }
    }

    fn tls_config(&mut self, fields: &Fields<'_>) -> TlsConfig {
        let ca_pem = self.pem(fields, "ca_file", pem::authorities);
        if fields.has("cert_file") != fields.has("key_file") {
            self.log.fault(fields.at, "`cert_file` and `key_file` go together");
        }
        let cert_pem = self.pem(fields, "cert_file", pem::certificates);
        let key_pem = self.pem(fields, "key_file", pem::private_key);
        let client = cert_pem.zip(key_pem).map(|((cert_pem, chain), (key_pem, key))| {
            if let Err(reason) = pem::identity(chain, key) {
                let message =
                    format!("the file of `key_file` does not go with that of `cert_file`: {reason}");
                self.log.fault(fields.at_value("key_file"), message);
            }
            ClientIdentity { cert_pem, key_pem: Secret::new(key_pem) }
        });
        TlsConfig {
            ca_pem: ca_pem.map(|(pem, ())| pem),
            client,
            insecure_skip_verify: fields.flag(&mut self.log, "insecure_skip_verify").unwrap_or(false),
        }
    }

    /// The text of a PEM file, and what was parsed from it.
    fn pem<T>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<(String, T)> {
        let text = self.file_text(fields, key)?;
        let held = read(&text).map_err(|reason| {
            self.log.fault(fields.at_value(key), format!("the file of `{key}` {reason}"));
        });
        Some((text, held.ok()?))
    }

    /// Reads `retention`.
    pub(super) fn retention(&mut self, main: &Fields<'_>) -> Retention {
        let mut retention = Retention::default();
        let Some(fields) = main.map(&mut self.log, "retention") else { return retention };
        let log = &mut self.log;
        retention.max_body_bytes = fields.size(log, "bodies").unwrap_or(retention.max_body_bytes);
        retention.archived = fields.duration(log, "archived").unwrap_or(retention.archived);
        let Some(pings) = fields.map(log, "pings") else { return retention };
        let number = |n: u64| u32::try_from(n).expect("the table allows no more");
        let keep_at_least = pings.whole(log, "keep_at_least").map_or(retention.keep_at_least, number);
        let keep_at_most = pings.whole(log, "keep_at_most").map_or(retention.keep_at_most, number);
        if keep_at_least > keep_at_most {
            let message =
                format!("`keep_at_least` ({keep_at_least}) is more than `keep_at_most` ({keep_at_most})");
            log.fault(pings.at, message);
        }
        retention.max_age = pings.duration(log, "max_age").unwrap_or(retention.max_age);
        Retention { keep_at_least, keep_at_most, ..retention }
    }

    /// The sections of a list, unless the list is too long.
    pub(super) fn limited<'a>(&mut self, fields: &Fields<'a>, key: &str) -> Vec<Fields<'a>> {
        let sections = fields.sections(&mut self.log, key);
        if sections.len() > MAX_ITEMS {
            self.log.fault(fields.at_value(key), format!("`{key}` has at most {MAX_ITEMS} items"));
            return Vec::new();
        }
        sections
    }

    /// Whether this is an HTTP address. A fault shows the address only if `shown`.
    fn http_url(&mut self, key: &str, at: At, url: &str, shown: bool) -> bool {
        let has_password = reqwest::Url::parse(url).is_ok_and(|url| url.password().is_some());
        let problem = match address::problem(url) {
            None if shown && has_password => {
                "has a password in it, which would show in logs: use `basic_auth` of `http_config`".to_owned()
            }
            None => {
                if let Some(mismatch) = address::mismatch(url) {
                    let place = self.log.show(at);
                    self.log.warn(format!("{place}: `{key}`: {mismatch}"));
                }
                return true;
            }
            Some(problem) => problem,
        };
        let shown = if shown && !url.contains('@') { format!(" {}", quote(url)) } else { String::new() };
        self.log.fault(at, format!("`{key}`{shown} {problem}"));
        false
    }

    /// Whether this receiver exists. If not, that is a fault.
    pub(super) fn known_receiver(
        &mut self,
        at: At,
        name: &str,
        receivers: &BTreeMap<ReceiverName, ReceiverPolicy>,
    ) -> bool {
        let known = receivers.contains_key(name);
        if !known {
            let hint = guess(name, receivers.keys().map(|name| &**name));
            self.log.fault(at, format!("there is no receiver {}{hint}", quote(name)));
        }
        known
    }
}

/// The name to greet a mail server with. Servers refuse a client that calls itself `localhost` or 127.0.0.1.
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

/// Why a template cannot be parsed.
fn template_problem(template: &str) -> Option<String> {
    let environment = minijinja::Environment::new();
    let error = environment.template_from_str(template).err()?;
    let line = error.line().map(|line| format!(" in its line {line}")).unwrap_or_default();
    let detail = error.detail().unwrap_or("syntax error");
    Some(format!("the template cannot be read{line}: {}", quote(detail).trim_matches('`')))
}
