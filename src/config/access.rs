//! Who may ping, who may use the API, and which interfaces of other systems are switched on.

use super::keys::DoorKeys;
use super::model::{Compat, Openness, PingKey, Scope, Token, Trigger};
use crate::core::secret::Secret;
use crate::yaml::fault::quote;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// The longest ping key, in bytes.
const MAX_PING_KEY_BYTES: usize = 128;
/// Shorter keys and tokens can be guessed.
pub const SHORT_SECRET_BYTES: usize = 16;

/// The section `auth`.
#[derive(Default)]
pub(super) struct Auth {
    pub(super) ping_keys: Vec<PingKey>,
    pub(super) ping_keys_required: bool,
    pub(super) tokens: Vec<Token>,
    pub(super) openness: Openness,
}

impl Loader {
    /// Reads `auth`.
    pub(super) fn auth(&mut self, main: &Fields<'_>) -> Auth {
        let Some(fields) = main.map(&mut self.log, "auth") else { return Auth::default() };
        let (ping_keys, declared) = self.ping_keys(&fields);
        let required = fields.flag(&mut self.log, "ping_keys_required");
        // An empty list, such as from a template, must not open the server.
        if required == Some(true) && declared == 0 {
            let message = "keys are required and there are none: nobody could ping; add `ping_keys`";
            self.log.fault(fields.at_value("ping_keys_required"), message);
        }
        let ping_keys_required = required.unwrap_or(true) && !ping_keys.is_empty();
        let tokens = self.tokens(&fields);
        let openness = self.openness(&fields, !tokens.is_empty());
        Auth { ping_keys, ping_keys_required, tokens, openness }
    }

    /// Reads what is open to whoever reaches the port (23.2).
    fn openness(&mut self, auth: &Fields<'_>, has_tokens: bool) -> Openness {
        let anonymous = auth.one_of(&mut self.log, "anonymous");
        let may_read = anonymous.map_or(!has_tokens, |word| word == "read");
        if !may_read && !has_tokens {
            let message =
                "nobody could see anything: without tokens, and with `anonymous: none`; add `tokens`";
            self.log.fault(auth.at_value("anonymous"), message);
        }
        let metrics = auth.one_of(&mut self.log, "metrics").is_none_or(|word| word == "open");
        if !metrics && !has_tokens {
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
            let (Some(name), Some(key)) = (name, key) else { continue };
            self.check_ping_key(&item, name, &key);
            if keys.iter().any(|other| other.name == name) {
                self.log.fault(item.at_value("name"), format!("there are two ping keys {}", quote(name)));
            }
            keys.push(PingKey { name: name.to_owned(), key });
        }
        (keys, declared)
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
            let scope = item.one_of(&mut self.log, "scope").map(|word| match word {
                "read" => Scope::Read,
                "ping" => Scope::Ping,
                "operate" => Scope::Operate,
                _ => Scope::Write,
            });
            let token = self.required_secret(&item, "token", "token_file", true);
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
            tokens.push(Token { name: name.to_owned(), scope, token });
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
