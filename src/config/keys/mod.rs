//! The table of all keys that a file may have. The reader, guesses at misspelt keys, and the JSON Schema use it.

mod checks;
mod key;
mod server;
mod telling;

pub use key::MAX_CHECKS;
pub(super) use key::{DEFAULT_GRACE, Key, Kind, Need, Section};

impl Section {
    pub(super) fn keys(self) -> &'static [Key] {
        match self {
            Section::Main => server::MAIN,
            Section::CheckFile => checks::CHECK_FILE,
            Section::Smtp => telling::SMTP,
            Section::Auth => server::AUTH,
            Section::PingKey => server::PING_KEY,
            Section::Token => server::TOKEN,
            Section::Compat => server::COMPAT,
            Section::CompatSystem => server::COMPAT_SYSTEM,
            Section::Alerting => telling::ALERTING,
            Section::Alertmanager => telling::ALERTMANAGER,
            Section::HttpConfig => telling::HTTP_CONFIG,
            Section::Authorization => telling::AUTHORIZATION,
            Section::BasicAuth => telling::BASIC_AUTH,
            Section::TlsConfig => telling::TLS_CONFIG,
            Section::Receiver => telling::RECEIVER,
            Section::Email => telling::EMAIL,
            Section::Webhook => telling::WEBHOOK,
            Section::Responder => telling::RESPONDER,
            Section::Action => telling::ACTION,
            Section::Retention => server::RETENTION,
            Section::PingRetention => server::PING_RETENTION,
            Section::Defaults => checks::DEFAULTS,
            Section::Check => checks::CHECK,
            Section::Expect => checks::EXPECT,
            Section::Quiet => checks::QUIET,
        }
    }

    pub(super) fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().iter().find(|key| key.name == name)
    }
}

/// Names that other systems use for our keys.
pub(super) const HABITS: &[(&str, &str)] = &[
    ("schedule", "cron"),
    ("crontab", "cron"),
    ("interval", "every"),
    ("period", "every"),
    ("tz", "timezone"),
    ("timeout", "max_runtime"),
    ("tags", "labels"),
    ("slug", "name"),
    ("id", "name"),
    ("grace_period", "grace"),
    ("disabled", "paused"),
    ("runbook", "runbook_url"),
    ("desc", "description"),
    ("match", "matchers"),
    ("receiver", "notify"),
    ("delay", "after"),
    ("repeat", "repeat_interval"),
    ("duration", "for"),
    ("mail", "email"),
    ("user", "username"),
];
