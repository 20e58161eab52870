//! The names of sections, their nesting, and which of them hold secrets. Nothing that may be part of a secret is shown.

use super::keys::Kind::{List, Map, Secret};
use super::keys::Section;

impl Section {
    /// Whether any section has a key of this name.
    pub(super) fn any_has(name: &str) -> bool {
        Section::Main
            .with_all_below()
            .iter()
            .chain(&[Section::CheckFile])
            .any(|section| section.key(name).is_some())
    }

    /// Whether this section, or one below it, holds a secret.
    pub(super) fn leads_to_secrets(self) -> bool {
        self.with_all_below().iter().any(|section| section.holds_secrets())
    }

    /// Whether one of the section's own keys is a secret.
    pub(super) fn holds_secrets(self) -> bool {
        self.keys().iter().any(|key| matches!(key.kind, Secret))
    }

    /// The section and all sections below it.
    pub(super) fn with_all_below(self) -> Vec<Section> {
        let mut found = vec![self];
        let mut looked_at = 0;
        while let Some(section) = found.get(looked_at) {
            for key in section.keys() {
                if let Map(below) | List(below) = key.kind
                    && !found.contains(&below)
                {
                    found.push(below);
                }
            }
            looked_at += 1;
        }
        found
    }

    /// The section's name in messages.
    pub(super) fn title(self) -> &'static str {
        match self {
            Section::Main => "the main file",
            Section::CheckFile => "a file of `check_files`",
            Section::Smtp => "`smtp`",
            Section::Auth => "`auth`",
            Section::PingKey => "a ping key",
            Section::Token => "a token",
            Section::Compat => "`compat`",
            Section::CompatSystem => "a system of `compat`",
            Section::Alerting => "`alerting`",
            Section::Alertmanager => "an Alertmanager",
            Section::HttpConfig => "`http_config`",
            Section::Authorization => "`authorization`",
            Section::BasicAuth => "`basic_auth`",
            Section::TlsConfig => "`tls_config`",
            Section::Receiver => "a receiver",
            Section::Email => "`email`",
            Section::Webhook => "`webhook`",
            Section::Responder => "a responder",
            Section::Action => "an action",
            Section::Retention => "`retention`",
            Section::PingRetention => "`retention.pings`",
            Section::Defaults => "`defaults`",
            Section::Check => "a check",
            Section::Expect => "`expect`",
            Section::Quiet => "a quiet time",
        }
    }
}
