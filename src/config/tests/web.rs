//! The file of `--web.config.file` (23.9).

use super::root;
use crate::compat::DOOR_KEYS;
use crate::config::{Config, ConfigFiles, Faults, Scope};
use crate::core::time::Span;

const HASH: &str = "$2y$04$abcdefghijklmnopqrstuuzHSVfKghSif.z13U/fgOcq2SNI6Q/oS";

fn load(main: &str, web: &str) -> Result<Config, Faults> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = ConfigFiles {
        main: folder.path().join("main.yaml"),
        web: Some(folder.path().join("web.yml")),
        allow_exec: false,
    };
    std::fs::write(&files.main, main).expect("it can be written");
    std::fs::write(folder.path().join("web.yml"), web).expect("it can be written");
    for name in ["cert.pem", "key.pem"] {
        let there = root().join("tests/data/tls").join(name);
        std::fs::copy(there, folder.path().join(name)).expect("it can be copied");
    }
    files.load(&DOOR_KEYS)
}

#[test]
fn everything_that_exporters_take_is_read() {
    let config = load(
        "auth: {users: {ann: operate}}\nchecks: []",
        &format!(
            "tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: VerifyClientCertIfGiven
  client_ca_file: cert.pem
  client_allowed_sans: [prometheus.example.org, ann@example.org, 192.0.2.7, 'spiffe://example.org/job']
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: false
  headers: {{X-Frame-Options: sameorigin, X-Content-Type-Options: nosniff, X-XSS-Protection: '1'}}
basic_auth_users: {{ann: '{HASH}', bob: '{HASH}'}}
rate_limit: {{interval: 100ms, burst: 20}}
"
        ),
    )
    .unwrap_or_else(|faults| panic!("{faults}"));
    let setup = config.web.tls.expect("there is TLS").setup;
    let suites: Vec<String> =
        setup.crypto_provider().cipher_suites.iter().map(|suite| format!("{:?}", suite.suite())).collect();
    assert_eq!(
        suites[..2],
        ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
    );
    assert_eq!(suites.len(), 5, "those of TLS 1.3 are not chosen: {suites:?}");
    assert_eq!(setup.crypto_provider().kx_groups.len(), 2);
    assert!(!setup.ignore_client_order);
    let headers: Vec<&str> = config.web.headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(headers, ["X-XSS-Protection", "X-Frame-Options", "X-Content-Type-Options"]);
    let limit = config.web.rate_limit.expect("there is one");
    assert_eq!((limit.interval, limit.burst), (Span::ms(100), 20));
    let people: Vec<(&str, Scope)> =
        config.people.iter().map(|person| (&*person.name, person.scope)).collect();
    assert_eq!(people, [("ann", Scope::Operate), ("bob", Scope::Read)]);
    assert!(!config.openness.may_read && !config.openness.metrics, "whoever is not known sees nothing");
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_without_secrets() {
    let check = |web: &str, expected: &str| {
        let faults = load("checks: []", web).expect_err(web).to_string();
        assert!(faults.contains(expected) && !faults.contains("sekrit"), "{web}: {faults}");
        assert!(faults.contains("web.yml"), "{web}: {faults}");
    };
    let tls = |more: &str| format!("tls_server_config: {{cert_file: cert.pem, key_file: key.pem{more}}}");
    check("", "web.yml: the file is empty");
    check("tls: {}", "no such key; it has tls_server_config");
    check("tls_server_config: {}", "web.yml:1:20: `tls_server_config` needs `cert_file` and `key_file`");
    check("tls_server_config: {cert_file: cert.pem}", "needs `cert_file` and `key_file`");
    check(
        "tls_server_config: {cert_file: key.pem, key_file: key.pem}",
        "the file of `cert_file` holds no PEM block `CERTIFICATE`",
    );
    check(
        "tls_server_config: {cert_file: cert.pem, key_file: cert.pem}",
        "the file of `key_file` holds no PEM block `PRIVATE KEY`",
    );
    check("tls_server_config: {cert_file: cert.pem, key: 'sekrit'}", "`key` holds no PEM block");
    check(&tls(", cert: x"), "`cert` and `cert_file` exclude each other");
    check(&tls(", min_version: TLS11"), "TLS12");
    check(&tls(", min_version: TLS13, max_version: TLS12"), "newer than `max_version`");
    check(&tls(", cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]"), "there are TLS_AES_256_GCM_SHA384");
    check(&tls(", curve_preferences: [CurveP521]"), "there are X25519, CurveP256, CurveP384");
    check(&tls(", client_auth_type: RequireAndVerifyClientCert"), "`client_ca_file`, which is missing");
    check(&tls(", client_ca_file: cert.pem"), "client_auth_type: RequireAndVerifyClientCert");
    let without = "web.yml:1:61: names keep nobody out by `client_allowed_sans` without";
    check(&tls(", client_allowed_sans: [a]"), without);
    let verified = |more: &str| {
        tls(&format!(", client_ca_file: cert.pem, client_auth_type: RequireAndVerifyClientCert, {more}"))
    };
    check(
        &tls(", client_auth_type: RequireAnyClientCert, client_allowed_sans: [a]"),
        "names keep nobody out",
    );
    check(&verified("client_allowed_sans: []"), "`client_allowed_sans` has no name: nobody could come in");
    check(&verified("client_allowed_sans: [[a]]"), "an item of `client_allowed_sans` is a text, not a list");
    check("http_server_config: {headers: {X-Frame-Options: allow}}", "web.yml:1:49: ");
    check("http_server_config: {headers: {Server: x}}", "`headers` has no key `Server`");
    check("http_server_config: {headers: {Content-Security-Policy: \"ä\"}}", "plain ASCII");
    check("basic_auth_users: {ann: sekrit}", "the password of `ann` is no bcrypt hash");
    check("basic_auth_users: [sekrit]", "is a mapping of names");
    check("basic_auth_users: {'a:b': x}", "without a colon");
    check(&format!("basic_auth_users: {{ann: '{}'}}", HASH.replace("$04$", "$20$")), "has the cost 20");
    check("rate_limit: {interval: 1s, burst: 0}", "from 1 to");
}

#[test]
fn people_are_given_a_scope_by_the_main_file() {
    let web = format!("basic_auth_users: {{ann: '{HASH}'}}");
    let faults = load("auth: {users: {ann: all}}\nchecks: []", &web).expect_err("no such scope").to_string();
    assert!(
        faults.contains("main.yaml:1:21: a person may `read`, `operate` or `write`, not `all`"),
        "{faults}"
    );
    let config = load("auth: {users: {amm: read}, anonymous: read, metrics: open}\nchecks: []", &web)
        .expect("it is right");
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warnings.iter().any(|warning| warning.contains("`basic_auth_users` has no `amm`")),
        "{warnings:?}"
    );
    assert!(config.openness.may_read && config.openness.metrics, "as the file says");
    let config = load("checks: []", &web).expect("it is right");
    assert!(!config.openness.may_read && !config.openness.metrics, "also without the section `auth`");
}
