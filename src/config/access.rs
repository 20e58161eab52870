//! Who may ping, who may use the API, and which interfaces of other systems are switched on.

use std::net::IpAddr;

use ipnet::IpNet;

use super::keys::DoorKeys;
use super::model::{Compat, Limit, Openness, Person, PingKey, Proxy, ProxyUser, Scope, Token, Trigger};
use super::web::{PersonHash, Web};
use crate::core::secret::Secret;
use crate::yaml::fault::quote;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// The longest ping key, in bytes.
const MAX_PING_KEY_BYTES: usize = 128;
/// Shorter keys and tokens can be guessed.
pub const SHORT_SECRET_BYTES: usize = 16;

fn scope_of(word: &str) -> Option<Scope> {
    Scope::ALL.into_iter().find(|scope| scope.as_str() == word)
}

/// The people of `--web.config.file`, who may read where nothing else is said.
fn people(web: &Web, scopes: &[(String, Scope)]) -> Vec<Person> {
    let scope_of =
        |name: &str| scopes.iter().find(|(other, _)| other == name).map_or(Scope::Read, |(_, scope)| *scope);
    let person = |person: &PersonHash| Person {
        name: person.name.clone(),
        hash: person.hash.clone(),
        scope: scope_of(&person.name),
    };
    web.people.iter().map(person).collect()
}

/// The section `auth`.
#[derive(Default)]
pub(super) struct Auth {
    pub(super) ping_keys: Vec<PingKey>,
    pub(super) ping_keys_required: bool,
    pub(super) tokens: Vec<Token>,
    pub(super) people: Vec<Person>,
    pub(super) proxy: Option<Proxy>,
    pub(super) openness: Openness,
}

impl Loader {
    /// Reads `auth`; `web` is what the file of `--web.config.file` says.
    pub(super) fn auth(&mut self, main: &Fields<'_>, web: Option<&Web>) -> Auth {
        let Some(fields) = main.map(&mut self.log, "auth") else {
            let people = web.map(|web| people(web, &[])).unwrap_or_default();
            let openness = if people.is_empty() { Openness::default() } else { Openness::CLOSED };
            return Auth { people, openness, ..Auth::default() };
        };
        let (ping_keys, declared) = self.ping_keys(&fields);
        let required = fields.flag(&mut self.log, "ping_keys_required");
        // An empty list, such as from a template, must not open the server.
        if required == Some(true) && declared == 0 {
            let message = "keys are required and there are none: nobody could ping; add `ping_keys`";
            self.log.fault(fields.at_value("ping_keys_required"), message);
        }
        let ping_keys_required = required.unwrap_or(true) && !ping_keys.is_empty();
        let tokens = self.tokens(&fields);
        let scopes = self.scopes(&fields, web);
        let people = web.map(|web| people(web, &scopes)).unwrap_or_default();
        let proxy = fields.map(&mut self.log, "proxy").map(|fields| self.proxy(&fields));
        let names_people = proxy.as_ref().is_some_and(|proxy| proxy.user.is_some());
        // Without the other file nobody knows who there is, and nothing is open by mistake.
        let has_people = !people.is_empty() || web.is_none() && fields.has("users");
        let openness = self.openness(&fields, !tokens.is_empty() || has_people || names_people, has_people);
        Auth { ping_keys, ping_keys_required, tokens, people, proxy, openness }
    }

    /// The proxy in front (23.5).
    fn proxy(&mut self, fields: &Fields<'_>) -> Proxy {
        let mut from = Vec::new();
        for (at, text) in fields.texts(&mut self.log, "from") {
            match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                // Whoever reaches the port would say who they are.
                Ok(net) if net.prefix_len() == 0 => {
                    self.log.fault(at, format!("{} is everybody: name where the proxy is", quote(text)));
                }
                Ok(net) => from.push(net),
                Err(_) => {
                    let message =
                        format!("{} is no address and no CIDR, as 127.0.0.1 or 10.0.0.0/8 are", quote(text));
                    self.log.fault(at, message);
                }
            }
        }
        let header = fields.text(&mut self.log, "user_header").map(str::to_ascii_lowercase);
        let scope = fields.one_of(&mut self.log, "scope").and_then(scope_of);
        if fields.has("user_header") != fields.has("scope") {
            self.log.fault(fields.at, "`user_header` and `scope` go together");
        }
        let is_token =
            |header: &String| header.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if let Some(header) = header.as_ref().filter(|header| !is_token(header)) {
            let message = format!("{} is no header: letters, digits and -", quote(header));
            self.log.fault(fields.at_value("user_header"), message);
        }
        Proxy { from, user: header.zip(scope).map(|(header, scope)| ProxyUser { header, scope }) }
    }

    /// What people may do, by their names.
    fn scopes(&mut self, auth: &Fields<'_>, web: Option<&Web>) -> Vec<(String, Scope)> {
        let mut scopes = Vec::new();
        for (name, at, word) in auth.by_name(&mut self.log, "users") {
            match scope_of(word).filter(|scope| *scope != Scope::Ping) {
                Some(scope) => scopes.push((name.to_owned(), scope)),
                None => self
                    .log
                    .fault(at, format!("a person may `read`, `operate` or `write`, not {}", quote(word))),
            }
            if web.is_some_and(|web| web.people.iter().all(|person| person.name != name)) {
                let place = self.log.show(at);
                self.log.warn(format!("{place}: `basic_auth_users` has no {}", quote(name)));
            }
        }
        if web.is_none() && !scopes.is_empty() && !self.leaves_files() {
            self.log.warn("`auth.users` are people of the file of `--web.config.file`, which is not given");
        }
        scopes
    }

    /// Reads what is open to whoever reaches the port (23.2).
    fn openness(&mut self, auth: &Fields<'_>, is_anybody_known: bool, has_people: bool) -> Openness {
        let anonymous = auth.one_of(&mut self.log, "anonymous");
        let may_read = anonymous.map_or(!is_anybody_known, |word| word == "read");
        if !may_read && !is_anybody_known {
            let message =
                "nobody could see anything: without tokens, and with `anonymous: none`; add `tokens`";
            self.log.fault(auth.at_value("anonymous"), message);
        }
        // Whoever asks for passwords expects that they are asked for everywhere, as other exporters do.
        let metrics = auth.one_of(&mut self.log, "metrics").map_or(!has_people, |word| word == "open");
        if !metrics && !is_anybody_known {
            let message =
                "nobody could scrape: `metrics: token` asks for a token, and there is none; add `tokens`";
            self.log.fault(auth.at_value("metrics"), message);
        }
        Openness { may_read, metrics }
    }

    /// The keys, and how many are declared, including faulty ones.
    fn ping_keys(&mut self, auth: &Fields<'_>) -> (Vec<PingKey>, usize) {
        let mut keys: Vec<PingKey> = Vec::new();
        let items = self.limited(auth, "ping_keys");
        let declared = items.len();
        for item in items {
            let name = item.text(&mut self.log, "name");
            let key = self.required_secret(&item, "key", "key_file", true);
            let checks = self.limit(&item);
            let (Some(name), Some(key)) = (name, key) else { continue };
            self.check_ping_key(&item, name, &key);
            if keys.iter().any(|other| other.name == name) {
                self.log.fault(item.at_value("name"), format!("there are two ping keys {}", quote(name)));
            }
            keys.push(PingKey { name: name.to_owned(), key, checks });
        }
        (keys, declared)
    }

    /// The checks that a key or a token is good for (23.1d).
    fn limit(&mut self, item: &Fields<'_>) -> Option<Limit> {
        if !item.has("checks") {
            return None;
        }
        let faults_before = self.log.count();
        let matchers = self.matchers(item, "checks");
        // An empty list, such as from a template, must not open all.
        if matchers.is_empty() && self.log.count() == faults_before {
            self.log.fault(
                item.at_value("checks"),
                "no matcher: leave `checks` out where it is good for every check",
            );
        }
        if let Some(matcher) = matchers.iter().find(|matcher| ["reason", "status"].contains(&&*matcher.label))
        {
            let message =
                format!("`{}` is no label of a check: here are labels, `check` and `group`", matcher.label);
            self.log.fault(item.at_value("checks"), message);
        }
        Some(Limit::new(matchers))
    }

    fn check_ping_key(&mut self, item: &Fields<'_>, name: &str, key: &Secret) {
        let at = item.at_value(if item.has("key") { "key" } else { "key_file" });
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-');
        let text = key.expose();
        if !text.bytes().all(plain) || text.len() > MAX_PING_KEY_BYTES {
            let message = format!(
                "a ping key stands in an address: it is made of letters, digits and . _ ~ -, at most \
                 {MAX_PING_KEY_BYTES} of them"
            );
            self.log.fault(at, message);
        } else {
            self.warn_if_short(&format!("the ping key {}", quote(name)), key);
        }
    }

    /// Reads `auth.tokens`.
    fn tokens(&mut self, auth: &Fields<'_>) -> Vec<Token> {
        let mut tokens: Vec<Token> = Vec::new();
        for item in self.limited(auth, "tokens") {
            let name = item.text(&mut self.log, "name");
            let scope = item.one_of(&mut self.log, "scope").and_then(scope_of);
            let token = self.required_secret(&item, "token", "token_file", true);
            let checks = self.limit(&item);
            if checks.is_some() && scope.is_some_and(|scope| scope != Scope::Ping) {
                let message =
                    "`checks` limits pings: only a token of scope `ping` can be good for some checks alone";
                self.log.fault(item.at_key("checks"), message);
            }
            let (Some(name), Some(scope), Some(token)) = (name, scope, token) else { continue };
            self.check_token(&item, name, &token);
            if tokens.iter().any(|other| other.name == name) {
                self.log.fault(item.at_value("name"), format!("there are two tokens {}", quote(name)));
            } else if let Some(other) = tokens.iter().find(|other| other.token == token) {
                let message = format!(
                    "the tokens {} and {} are the same text: give each its own",
                    quote(&other.name),
                    quote(name)
                );
                self.log.fault(item.at, message);
            }
            tokens.push(Token { name: name.to_owned(), scope, token, checks });
        }
        tokens
    }

    fn check_token(&mut self, item: &Fields<'_>, name: &str, token: &Secret) {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
        if token.expose().bytes().all(plain) {
            self.warn_if_short(&format!("the token {}", quote(name)), token);
        } else {
            let at = item.at_value(if item.has("token") { "token" } else { "token_file" });
            self.log.fault(
                at,
                "a token stands in the header Authorization: it is made of letters, digits and - . _ ~ + / =",
            );
        }
    }

    /// Reads `compat`: the interfaces that are switched on.
    pub(super) fn compat(&mut self, main: &Fields<'_>, auth: &Auth, doors: &'static DoorKeys) -> Vec<Compat> {
        let section = doors.section();
        let fields = main.get("compat").and_then(|node| Fields::open(node, &section, &mut self.log));
        let Some(fields) = fields else { return Vec::new() };
        let mut compat = Vec::new();
        for system in doors.names() {
            let Some(item) = fields.map(&mut self.log, system) else { continue };
            let enabled = item.flag(&mut self.log, "enabled");
            let given = item.has("auth_key") || item.has("auth_key_file");
            let auth_key = given.then(|| self.secret(&item, "auth_key", "auth_key_file", true)).flatten();
            if let Some(key) = &auth_key {
                self.warn_if_short(&format!("the `auth_key` of `{system}`"), key);
            }
            let trigger = self.trigger(&item, given, auth);
            if enabled == Some(true) {
                compat.push(Compat { system, auth_key, trigger });
            }
        }
        compat
    }

    fn trigger(&mut self, item: &Fields<'_>, has_auth_key: bool, auth: &Auth) -> Trigger {
        match item.one_of(&mut self.log, "trigger") {
            Some("open") => Trigger::Open,
            Some("id") => Trigger::Id,
            Some(_) => {
                if !has_auth_key {
                    let message =
                        "`trigger: key` asks for the `auth_key`, and there is none; add `auth_key_file`";
                    self.log.fault(item.at_value("trigger"), message);
                }
                Trigger::Key
            }
            // The originals ask for nothing; but a server that requires ping keys should take no ping without any.
            None if auth.ping_keys_required => Trigger::Id,
            None => Trigger::Open,
        }
    }

    fn warn_if_short(&mut self, what: &str, secret: &Secret) {
        if secret.expose().len() < SHORT_SECRET_BYTES {
            self.log.warn(format!(
                "{what} is short enough to be guessed: take at least {SHORT_SECRET_BYTES} characters"
            ));
        }
    }
}
