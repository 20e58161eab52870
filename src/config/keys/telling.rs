//! The keys that say who is told, and how messages leave.

use crate::core::receiver::WebhookFormat;
use crate::core::time::Span;
use crate::yaml::section::Kind::{Duration, Flag, Later, List, Map, OneOf, Path, Secret, Text, Texts, Whole};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{HOUR, Kind, MINUTE, MONTH, NAME, Section, URL, key};

pub(in crate::config) static SMTP: Section = Section {
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

pub(in crate::config) static ALERTING: Section = Section {
    id: "alerting",
    title: "`alerting`",
    keys: &[key("alertmanagers", List(&ALERTMANAGER), Optional, "Each of them gets every alert.")],
};

pub(in crate::config) static ALERTMANAGER: Section = Section {
    id: "alertmanager",
    title: "an Alertmanager",
    keys: &[
        key("url", Text(URL), Required, "The URL, such as http://127.0.0.1:9093."),
        key("http_config", Map(&HTTP_CONFIG), Optional, "HTTP client settings."),
    ],
};

pub(in crate::config) static HTTP_CONFIG: Section = Section {
    id: "http_config",
    title: "`http_config`",
    keys: &[
        key("authorization", Map(&AUTHORIZATION), Optional, "The header `Authorization`."),
        key("basic_auth", Map(&BASIC_AUTH), Optional, "User name and password."),
        key("proxy_url", Secret, Optional, "URL of the proxy. `HTTP_PROXY` and the like are ignored."),
        key("tls_config", Map(&TLS_CONFIG), Optional, "Which CAs are trusted, and the client certificate."),
    ],
};

pub(in crate::config) static AUTHORIZATION: Section = Section {
    id: "authorization",
    title: "`authorization`",
    keys: &[
        key("type", Text(NAME), Default("Bearer"), "Scheme, the first word of the header."),
        key("credentials", Secret, Optional, "Credentials (inline)."),
        key("credentials_file", Path, Optional, "File that contains the credentials."),
    ],
};

pub(in crate::config) static BASIC_AUTH: Section = Section {
    id: "basic_auth",
    title: "`basic_auth`",
    keys: &[
        key("username", Text(NAME), Required, "User name."),
        key("password", Secret, Optional, "The password (inline)."),
        key("password_file", Path, Optional, "File that contains the password."),
    ],
};

pub(in crate::config) static TLS_CONFIG: Section = Section {
    id: "tls_config",
    title: "`tls_config`",
    keys: &[
        key("ca_file", Path, Optional, "CAs that are trusted instead of those of the system."),
        key("cert_file", Path, Optional, "Client certificate; together with `key_file`."),
        key("key_file", Path, Optional, "Private key of the client certificate."),
        key("insecure_skip_verify", Flag, Default("false"), "If true, server certificates are not verified."),
    ],
};

pub(in crate::config) static RECEIVER: Section = Section {
    id: "receiver",
    title: "a receiver",
    keys: &[
        key("name", Text(NAME), Required, "The name that responders use."),
        key("email", Map(&EMAIL), Optional, "Mail, through `smtp`."),
        key("webhook", Map(&WEBHOOK), Optional, "HTTP POST to a URL."),
        key("exec", Later, Optional, "A command."),
        key("send_resolved", Flag, Default("true"), "Whether recoveries are told."),
        key(
            "group_wait",
            Duration(Span::ZERO, HOUR),
            Default("5s"),
            "How long to collect before sending one message.",
        ),
        key("give_up_after", Duration(MINUTE, MONTH), Default("24h"), "How long to retry a message."),
        key("include_output", Flag, Default("true"), "Whether messages include job comments and output."),
    ],
};

pub(in crate::config) static EMAIL: Section = Section {
    id: "email",
    title: "`email`",
    keys: &[key("to", Texts, Required, "Addresses: `a@b` or `Name <a@b>`.")],
};

const FORMATS: [&str; WebhookFormat::NAMED.len()] = {
    let mut names = [""; WebhookFormat::NAMED.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = WebhookFormat::NAMED[i].0;
        i += 1;
    }
    names
};

pub(in crate::config) static WEBHOOK: Section = Section {
    id: "webhook",
    title: "`webhook`",
    keys: &[
        key("url", Secret, Optional, "URL (inline)."),
        key("url_file", Path, Optional, "File that contains the URL."),
        key("format", OneOf(&FORMATS), Default("alertmanager"), "Format of the request."),
        key("template", Kind::Lines(65_536), Optional, "Template of the request, instead of `format`."),
        key("template_file", Path, Optional, "File that contains the template."),
        key("max_checks", Whole(1, 256), Optional, "The most checks in one message."),
        key("http_config", Map(&HTTP_CONFIG), Optional, "HTTP client settings."),
    ],
};

pub(in crate::config) static RESPONDER: Section = Section {
    id: "responder",
    title: "a responder",
    keys: &[
        key(
            "matchers",
            Texts,
            Optional,
            "Matchers in Alertmanager's syntax, such as `team=\"dba\"`, over labels, check, group, reason and status; all must match. Without any: every incident.",
        ),
        key("actions", List(&ACTION), Required, "What to do."),
    ],
};

pub(in crate::config) static ACTION: Section = Section {
    id: "action",
    title: "an action",
    keys: &[
        key("notify", Text(NAME), Required, "The receiver to tell."),
        key("after", Duration(Span::ZERO, MONTH), Default("0s"), "Delay after the start of the incident."),
        key(
            "repeat_interval",
            Duration(MINUTE, MONTH),
            Optional,
            "Reminder interval while the incident is open.",
        ),
    ],
};
