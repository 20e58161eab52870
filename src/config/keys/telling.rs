//! The keys that say who is told, and how messages leave.

use super::key::Kind::{Duration, Flag, Later, List, Map, OneOf, Path, Secret, Text, Texts, Whole};
use super::key::Need::{Default, Optional, Required};
use super::key::{HOUR, Key, Kind, MINUTE, MONTH, NAME, Section, URL, key};
use crate::core::time::Span;

pub(super) const SMTP: &[Key] = &[
    key("host", Text(253), Required, "The mail server's name or address."),
    key(
        "hello",
        Text(253),
        Optional,
        "What the server is greeted with (EHLO). Left out: this machine's name if it has a dot, else the domain of `from`.",
    ),
    key(
        "port",
        Whole(1, 65_535),
        Optional,
        "Its port. Left out: 587 for starttls, 465 for implicit, 25 for none.",
    ),
    key(
        "tls",
        OneOf(&["starttls", "implicit", "none"]),
        Default("starttls"),
        "How the connection is protected.",
    ),
    key("tls_config", Map(Section::TlsConfig), Optional, "Which certificates are believed."),
    key("username", Text(NAME), Optional, "Whom to log in as. Left out: no login."),
    key("password", Secret, Optional, "The password, in place."),
    key("password_file", Path, Optional, "The file with the password."),
    key("from", Text(320), Required, "The sender: `a@b` or `Name <a@b>`."),
];

pub(super) const ALERTING: &[Key] =
    &[key("alertmanagers", List(Section::Alertmanager), Optional, "Each of them gets every alert.")];

pub(super) const ALERTMANAGER: &[Key] = &[
    key("url", Text(URL), Required, "Its address, as in http://127.0.0.1:9093."),
    key("http_config", Map(Section::HttpConfig), Optional, "How it is spoken to."),
];

pub(super) const HTTP_CONFIG: &[Key] = &[
    key("authorization", Map(Section::Authorization), Optional, "The header `Authorization`."),
    key("basic_auth", Map(Section::BasicAuth), Optional, "A user's name and password."),
    key("proxy_url", Secret, Optional, "The proxy to go through. Those of the environment are not used."),
    key("tls_config", Map(Section::TlsConfig), Optional, "Which certificates are believed and shown."),
];

pub(super) const AUTHORIZATION: &[Key] = &[
    key("type", Text(NAME), Default("Bearer"), "The header's first word."),
    key("credentials", Secret, Optional, "What follows it, in place."),
    key("credentials_file", Path, Optional, "The file with what follows it."),
];

pub(super) const BASIC_AUTH: &[Key] = &[
    key("username", Text(NAME), Required, "The user's name."),
    key("password", Secret, Optional, "The password, in place."),
    key("password_file", Path, Optional, "The file with the password."),
];

pub(super) const TLS_CONFIG: &[Key] = &[
    key("ca_file", Path, Optional, "Certificates that are believed instead of those of the system."),
    key("cert_file", Path, Optional, "Our certificate; together with `key_file`."),
    key("key_file", Path, Optional, "Its private key."),
    key("insecure_skip_verify", Flag, Default("false"), "Believe every certificate."),
];

pub(super) const RECEIVER: &[Key] = &[
    key("name", Text(NAME), Required, "As responders name it."),
    key("email", Map(Section::Email), Optional, "Mail, through `smtp`."),
    key("webhook", Map(Section::Webhook), Optional, "An HTTP POST."),
    key("exec", Later, Optional, "A command."),
    key("send_resolved", Flag, Default("true"), "Whether it hears of recoveries."),
    key("group_wait", Duration(Span::ZERO, HOUR), Default("5s"), "What is due within this leaves together."),
    key("give_up_after", Duration(MINUTE, MONTH), Default("24h"), "How long a message is tried."),
    key("include_output", Flag, Default("true"), "Whether it is told what jobs say: comments and output."),
];

pub(super) const EMAIL: &[Key] = &[key("to", Texts, Required, "Addresses: `a@b` or `Name <a@b>`.")];

const FORMATS: Kind = OneOf(&["alertmanager", "slack", "teams", "discord", "ntfy"]);

pub(super) const WEBHOOK: &[Key] = &[
    key("url", Secret, Optional, "Where to, in place."),
    key("url_file", Path, Optional, "The file with the address."),
    key("format", FORMATS, Default("alertmanager"), "What is sent."),
    key("template", Kind::Lines(65_536), Optional, "A template in Jinja's language for what is sent."),
    key("template_file", Path, Optional, "The file with the template."),
    key("max_checks", Whole(1, 256), Optional, "The most checks in one message."),
    key("http_config", Map(Section::HttpConfig), Optional, "How the server is spoken to."),
];

pub(super) const RESPONDER: &[Key] = &[
    key(
        "matchers",
        Texts,
        Optional,
        "Alertmanager's matchers over labels, check, group, reason, status; all must match. None: everything.",
    ),
    key("actions", List(Section::Action), Required, "What is done."),
];

pub(super) const ACTION: &[Key] = &[
    key("notify", Text(NAME), Required, "The receiver that is told."),
    key("after", Duration(Span::ZERO, MONTH), Default("0s"), "How long after the incident's beginning."),
    key("repeat_interval", Duration(MINUTE, MONTH), Optional, "Told again so often, while it lasts."),
];
