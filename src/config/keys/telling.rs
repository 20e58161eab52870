//! The keys that say who is told, and how messages leave.

use super::key::Kind::{Duration, Flag, Later, List, Map, OneOf, Path, Secret, Text, Texts, Whole};
use super::key::Need::{Default, Optional, Required};
use super::key::{HOUR, Kind, MINUTE, MONTH, NAME, Section, URL, key};
use crate::core::receiver::WebhookFormat;
use crate::core::time::Span;

pub(in crate::config) static SMTP: Section = Section {
    id: "smtp",
    title: "`smtp`",
    keys: &[
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
        key("tls_config", Map(&TLS_CONFIG), Optional, "Which certificates are believed."),
        key("username", Text(NAME), Optional, "Whom to log in as. Left out: no login."),
        key("password", Secret, Optional, "The password, in place."),
        key("password_file", Path, Optional, "The file with the password."),
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
        key("url", Text(URL), Required, "Its address, as in http://127.0.0.1:9093."),
        key("http_config", Map(&HTTP_CONFIG), Optional, "How it is spoken to."),
    ],
};

pub(in crate::config) static HTTP_CONFIG: Section = Section {
    id: "http_config",
    title: "`http_config`",
    keys: &[
        key("authorization", Map(&AUTHORIZATION), Optional, "The header `Authorization`."),
        key("basic_auth", Map(&BASIC_AUTH), Optional, "A user's name and password."),
        key("proxy_url", Secret, Optional, "The proxy to go through. Those of the environment are not used."),
        key("tls_config", Map(&TLS_CONFIG), Optional, "Which certificates are believed and shown."),
    ],
};

pub(in crate::config) static AUTHORIZATION: Section = Section {
    id: "authorization",
    title: "`authorization`",
    keys: &[
        key("type", Text(NAME), Default("Bearer"), "The header's first word."),
        key("credentials", Secret, Optional, "What follows it, in place."),
        key("credentials_file", Path, Optional, "The file with what follows it."),
    ],
};

pub(in crate::config) static BASIC_AUTH: Section = Section {
    id: "basic_auth",
    title: "`basic_auth`",
    keys: &[
        key("username", Text(NAME), Required, "The user's name."),
        key("password", Secret, Optional, "The password, in place."),
        key("password_file", Path, Optional, "The file with the password."),
    ],
};

pub(in crate::config) static TLS_CONFIG: Section = Section {
    id: "tls_config",
    title: "`tls_config`",
    keys: &[
        key("ca_file", Path, Optional, "Certificates that are believed instead of those of the system."),
        key("cert_file", Path, Optional, "Our certificate; together with `key_file`."),
        key("key_file", Path, Optional, "Its private key."),
        key("insecure_skip_verify", Flag, Default("false"), "Believe every certificate."),
    ],
};

pub(in crate::config) static RECEIVER: Section = Section {
    id: "receiver",
    title: "a receiver",
    keys: &[
        key("name", Text(NAME), Required, "As responders name it."),
        key("email", Map(&EMAIL), Optional, "Mail, through `smtp`."),
        key("webhook", Map(&WEBHOOK), Optional, "An HTTP POST."),
        key("exec", Later, Optional, "A command."),
        key("send_resolved", Flag, Default("true"), "Whether it hears of recoveries."),
        key(
            "group_wait",
            Duration(Span::ZERO, HOUR),
            Default("5s"),
            "What is due within this leaves together.",
        ),
        key("give_up_after", Duration(MINUTE, MONTH), Default("24h"), "How long a message is tried."),
        key(
            "include_output",
            Flag,
            Default("true"),
            "Whether it is told what jobs say: comments and output.",
        ),
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
        key("url", Secret, Optional, "Where to, in place."),
        key("url_file", Path, Optional, "The file with the address."),
        key("format", OneOf(&FORMATS), Default("alertmanager"), "What is sent."),
        key("template", Kind::Lines(65_536), Optional, "A template in Jinja's language for what is sent."),
        key("template_file", Path, Optional, "The file with the template."),
        key("max_checks", Whole(1, 256), Optional, "The most checks in one message."),
        key("http_config", Map(&HTTP_CONFIG), Optional, "How the server is spoken to."),
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
            "Alertmanager's matchers over labels, check, group, reason, status; all must match. None: everything.",
        ),
        key("actions", List(&ACTION), Required, "What is done."),
    ],
};

pub(in crate::config) static ACTION: Section = Section {
    id: "action",
    title: "an action",
    keys: &[
        key("notify", Text(NAME), Required, "The receiver that is told."),
        key("after", Duration(Span::ZERO, MONTH), Default("0s"), "How long after the incident's beginning."),
        key("repeat_interval", Duration(MINUTE, MONTH), Optional, "Told again so often, while it lasts."),
    ],
};
