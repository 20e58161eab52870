//! The keys of the file of `--web.config.file`, which are those of Prometheus' exporters.

use crate::core::time::Span;
use crate::yaml::section::Kind::{
    Duration, Flag, Lines, Map, OneOf, Path, Secret, SecretsByName, Text, Texts, Whole,
};
use crate::yaml::section::Need::{Default, Optional};
use crate::yaml::section::{HOUR, Kind, Section, key};

/// The longest certificate or header, in bytes.
const PEM: usize = 64 << 10;
const HEADER: usize = 4096;
const VERSIONS: Kind = OneOf(&["TLS12", "TLS13"]);

pub(in crate::config) static WEB: Section = Section {
    id: "web",
    title: "the file of `--web.config.file`",
    keys: &[
        key("tls_server_config", Map(&TLS_SERVER), Optional, "TLS for all addresses of the network."),
        key("http_server_config", Map(&HTTP_SERVER), Optional, "Headers of every answer."),
        key(
            "basic_auth_users",
            SecretsByName,
            Optional,
            "People, each with the bcrypt hash of a password, as `htpasswd -nBC 10 NAME` makes it.",
        ),
        key(
            "rate_limit",
            Map(&RATE_LIMIT),
            Optional,
            "How many requests are answered, all together; pings are not counted.",
        ),
    ],
};

pub(in crate::config) static TLS_SERVER: Section = Section {
    id: "tls_server",
    title: "`tls_server_config`",
    keys: &[
        key("cert_file", Path, Optional, "The server's certificate and its chain."),
        key("key_file", Path, Optional, "The private key of the certificate."),
        key("cert", Lines(PEM), Optional, "The certificate (inline)."),
        key("key", Secret, Optional, "The private key (inline)."),
        key(
            "client_auth_type",
            OneOf(&[
                "NoClientCert",
                "RequestClientCert",
                "RequireAnyClientCert",
                "VerifyClientCertIfGiven",
                "RequireAndVerifyClientCert",
            ]),
            Default("NoClientCert"),
            "Whether clients show certificates. Only `RequireAndVerifyClientCert` keeps anybody out.",
        ),
        key("client_ca_file", Path, Optional, "The CAs of clients' certificates."),
        key("client_ca", Lines(PEM), Optional, "The CAs of clients' certificates (inline)."),
        key(
            "client_allowed_sans",
            Texts,
            Optional,
            "Names of which a verified certificate must have one as a subject alternative name (DNS, email, IP, URI), as they are written there. Default: any.",
        ),
        key("min_version", VERSIONS, Default("TLS12"), "The oldest version of TLS that is spoken."),
        key("max_version", VERSIONS, Default("TLS13"), "The newest version of TLS that is spoken."),
        key(
            "cipher_suites",
            Texts,
            Optional,
            "The suites of TLS 1.2 that are spoken, by their names in Go. Default: all that are secure.",
        ),
        key(
            "prefer_server_cipher_suites",
            Flag,
            Default("true"),
            "Whether the order of `cipher_suites` counts, and not the client's.",
        ),
        key(
            "curve_preferences",
            Texts,
            Optional,
            "The curves for keys, the best first: `X25519`, `CurveP256`, `CurveP384`.",
        ),
    ],
};

pub(in crate::config) static HTTP_SERVER: Section = Section {
    id: "http_server",
    title: "`http_server_config`",
    keys: &[
        key("http2", Flag, Optional, "Without effect: HTTP/1.1 is spoken, whatever this says."),
        key(
            "headers",
            Map(&HEADERS),
            Optional,
            "Headers of every answer that has none of that name of its own.",
        ),
    ],
};

pub(in crate::config) static HEADERS: Section = Section {
    id: "headers",
    title: "`headers`",
    keys: &[
        key("Content-Security-Policy", Text(HEADER), Optional, "Pages have a stricter one of their own."),
        key(
            "X-Frame-Options",
            OneOf(&["deny", "sameorigin"]),
            Optional,
            "Whether other pages may show ours in a frame.",
        ),
        key(
            "X-Content-Type-Options",
            OneOf(&["nosniff"]),
            Optional,
            "Whether browsers guess what an answer is.",
        ),
        key("X-XSS-Protection", Text(HEADER), Optional, "For browsers of long ago."),
        key(
            "Strict-Transport-Security",
            Text(HEADER),
            Optional,
            "For how long browsers come by https alone.",
        ),
    ],
};

pub(in crate::config) static RATE_LIMIT: Section = Section {
    id: "rate_limit",
    title: "`rate_limit`",
    keys: &[
        key(
            "interval",
            Duration(Span::ZERO, HOUR),
            Default("0s"),
            "One request is answered in each of these; `0s`: as many as come.",
        ),
        key(
            "burst",
            Whole(1, 1_000_000),
            Default("1"),
            "So many are answered at once, after a time without any.",
        ),
    ],
};
