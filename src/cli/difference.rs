//! What a new configuration changed, for people: in a line, and name by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use crate::app::Notices;
use crate::config::{Compat, Config, Openness, Person, PingKey, Proxy, Token, Warning, Web};
use crate::core::check::Name;
use crate::core::retention::Retention;
use crate::core::route::{ALL_OWN, Policy, ReceiverName};
use crate::core::zone::Zone;
use crate::http::App;
use crate::metrics::Own;
use crate::notify::{Alertmanager, Receiver, ReceiverKind, Smtp};
use crate::probe::{Database, Prometheus};
use crate::store::Changes;

/// So many names of each kind are told.
const MAX_NAMES: usize = 20;

/// What a configuration says beside its checks.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    smtp: Option<Smtp>,
    alertmanagers: Vec<Alertmanager>,
    prometheuses: Vec<Prometheus>,
    databases: Vec<Database>,
    receivers: Vec<Receiver>,
    ping_keys: Vec<PingKey>,
    ping_keys_required: bool,
    tokens: Vec<Token>,
    people: Vec<Person>,
    proxy: Option<Proxy>,
    openness: Openness,
    web: Web,
    compat: Vec<Compat>,
    policy: Arc<Policy>,
    retention: Retention,
    zone: Zone,
    max_checks: usize,
    warnings: Vec<Warning>,
}

/// What a new configuration changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Each kind of change of checks that there is, with their names.
    checks: Vec<(&'static str, Vec<String>)>,
    /// What else changed: `receivers (1 added: ops)`, `smtp`.
    others: Vec<String>,
}

impl Rest {
    /// Whatever a configuration has is named here and in [`Rest::changed_since`], or they do not compile: no change goes untold.
    pub(super) fn of(config: &Config) -> Rest {
        let Config {
            smtp,
            alertmanagers,
            prometheuses,
            databases,
            receivers,
            ping_keys,
            ping_keys_required,
            tokens,
            people,
            proxy,
            openness,
            web,
            compat,
            policy,
            retention,
            zone,
            checks: _,
            max_checks,
            warnings,
            inputs: _,
            content_hash: _,
            certificates: _,
            rest_hash: _,
            places: _,
            // Of the command line, which stays.
            allows_exec: _,
            // They belong to what is compared.
            secrets: _,
            shown: _,
        } = config;
        Rest {
            smtp: smtp.clone(),
            alertmanagers: alertmanagers.clone(),
            prometheuses: prometheuses.clone(),
            databases: databases.clone(),
            receivers: receivers.clone(),
            ping_keys: ping_keys.clone(),
            ping_keys_required: *ping_keys_required,
            tokens: tokens.clone(),
            people: people.clone(),
            proxy: proxy.clone(),
            openness: *openness,
            web: web.clone(),
            compat: compat.clone(),
            policy: policy.clone(),
            retention: retention.clone(),
            zone: *zone,
            max_checks: *max_checks,
            warnings: warnings.clone(),
        }
    }

    /// Says in the log what will disappoint, but for what it said of the configuration before.
    pub(super) fn warn(&self, before: Option<&Rest>) {
        let known = before.map_or(&[][..], |before| &before.warnings);
        self.warnings.iter().filter(|warning| !known.contains(warning)).for_each(|w| tracing::warn!("{w}"));
        // 23.2: whoever upgrades finds pages shut that were open.
        let is_as_before = before.is_some_and(|before| before.openness.may_read == self.openness.may_read);
        if !is_as_before && !self.openness.may_read {
            tracing::info!("pages and the API ask for a token: `auth.anonymous: read` opens what only reads");
        }
    }

    /// Receivers that are reached otherwise than before, or now for the first time. Those of checks' own are
    /// [`ALL_OWN`].
    pub(super) fn changed_receivers(&self, before: &Rest) -> BTreeSet<ReceiverName> {
        let is_mailed_otherwise = before.smtp != self.smtp;
        let is_changed = |receiver: &&Receiver| {
            let is_mail = matches!(receiver.kind, ReceiverKind::Email(_));
            is_mail && is_mailed_otherwise || !before.receivers.contains(receiver)
        };
        let changed = self.receivers.iter().filter(is_changed).map(|receiver| receiver.name.clone());
        changed.chain(is_mailed_otherwise.then(|| ALL_OWN.into())).collect()
    }

    /// What else than checks is otherwise: `receivers (1 added: ops)`, `smtp`.
    pub(super) fn changed_since(&self, before: &Rest) -> Vec<String> {
        let Rest {
            smtp,
            alertmanagers,
            prometheuses,
            databases,
            receivers: _,
            ping_keys,
            ping_keys_required,
            tokens,
            people,
            proxy,
            openness: Openness { may_read, metrics },
            web: Web { tls, headers, rate_limit, people: _ },
            compat,
            policy,
            retention,
            zone,
            max_checks,
            warnings: _,
        } = self;
        let Policy { responders, default_receivers, administrators, receivers: _ } = &**policy;
        let plain = |name: &str, is_changed: bool| is_changed.then(|| name.to_owned());
        let keys = |keys: &[PingKey]| by_name(keys.iter().map(|key| (key.name.clone(), key.clone())));
        let all = |tokens: &[Token]| by_name(tokens.iter().map(|token| (token.name.clone(), token.clone())));
        let persons =
            |people: &[Person]| by_name(people.iter().map(|person| (person.name.clone(), person.clone())));
        let others = [
            named("receivers", &before.receivers_by_name(), &self.receivers_by_name()),
            // Patterns of matchers compare as they are written.
            plain("responders", format!("{:?}", before.policy.responders) != format!("{responders:?}")),
            plain("default_receivers", before.policy.default_receivers != *default_receivers),
            plain("administrators", before.policy.administrators != *administrators),
            plain("alerting", before.alertmanagers != *alertmanagers),
            plain("prometheuses", before.prometheuses != *prometheuses),
            plain("databases", before.databases != *databases),
            plain("smtp", before.smtp != *smtp),
            named("ping keys", &keys(&before.ping_keys), &keys(ping_keys)),
            named("tokens", &all(&before.tokens), &all(tokens)),
            named("people", &persons(&before.people), &persons(people)),
            plain("auth.proxy", before.proxy != *proxy),
            plain("tls_server_config", before.web.tls != *tls),
            plain("headers", before.web.headers != *headers),
            plain("rate_limit", before.web.rate_limit != *rate_limit),
            plain("auth.ping_keys_required", before.ping_keys_required != *ping_keys_required),
            plain("what is open without a token", before.openness.may_read != *may_read),
            plain("auth.metrics", before.openness.metrics != *metrics),
            plain("compat", before.compat != *compat),
            plain("retention", before.retention != *retention),
            plain("defaults.timezone", before.zone != *zone),
            plain("max_checks", before.max_checks != *max_checks),
        ];
        others.into_iter().flatten().collect()
    }

    /// How each is reached, and when.
    fn receivers_by_name(&self) -> BTreeMap<String, impl PartialEq> {
        by_name(self.receivers.iter().map(|receiver| {
            (
                receiver.name.to_string(),
                (receiver.clone(), self.policy.receivers.get(&receiver.name).cloned()),
            )
        }))
    }
}

fn by_name<T>(items: impl Iterator<Item = (String, T)>) -> BTreeMap<String, T> {
    items.collect()
}

/// `receivers (1 added: ops; 1 removed: chat)`; `None`: they are as before.
fn named<T: PartialEq>(
    what: &str,
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
) -> Option<String> {
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>();
    let added = names(after.keys().filter(|name| !before.contains_key(*name)).collect());
    let removed = names(before.keys().filter(|name| !after.contains_key(*name)).collect());
    let is_other = |(name, old): &(&String, &T)| after.get(*name).is_some_and(|new| new != *old);
    let changed = names(before.iter().filter(is_other).map(|(name, _)| name).collect());
    let kinds = [("added", added), ("changed", changed), ("removed", removed)];
    let parts: Vec<String> = kinds
        .iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(kind, names)| format!("{} {kind}: {}", names.len(), some(names)))
        .collect();
    if parts.is_empty() { None } else { Some(format!("{what} ({})", parts.join("; "))) }
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    let first = names.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>().join(" ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

impl Difference {
    /// Between the configuration before, if there was one, and the one whose checks made these changes.
    pub(super) fn new(changes: &Changes, before: Option<&Rest>, after: &Rest) -> Difference {
        let names = |names: &[Name]| names.iter().map(Name::to_string).collect::<Vec<_>>();
        let renamed = changes.renamed.iter().map(|(old, new)| format!("{old}→{new}")).collect();
        let kinds = [
            ("added", names(&changes.added)),
            ("judged differently", names(&changes.changed)),
            ("changed in other ways", names(&changes.updated)),
            ("archived", names(&changes.archived)),
            ("back again", names(&changes.returned)),
            ("renamed", renamed),
        ];
        let checks = kinds.into_iter().filter(|(_, names)| !names.is_empty()).collect();
        Difference { checks, others: before.map_or(Vec::new(), |before| after.changed_since(before)) }
    }

    /// `checks: 3 added, 1 judged differently; others: smtp`
    pub(super) fn in_words(&self) -> String {
        let counts = |(kind, names): &(&str, Vec<String>)| format!("{} {kind}", names.len());
        let checks = self.checks.iter().map(counts).collect::<Vec<_>>().join(", ");
        let others = self.others.join(", ");
        match (checks.is_empty(), others.is_empty()) {
            (true, true) => "nothing changed".to_owned(),
            (false, true) => format!("checks: {checks}"),
            (true, false) => format!("changed: {others}; no check"),
            (false, false) => format!("checks: {checks}; also changed: {others}"),
        }
    }

    /// The same, and below it the names of the checks, a line for each kind.
    pub(super) fn in_lines(&self) -> String {
        let names = self.checks.iter().map(|(kind, names)| format!("\n{kind}: {}", some(names)));
        self.in_words() + &names.collect::<String>()
    }

    /// A line in the log, with the names of the checks as its fields.
    pub(super) fn log(&self, done: &str) {
        let of = |wanted: &str| {
            let found = self.checks.iter().find(|(kind, _)| *kind == wanted);
            found.map(|(_, names)| some(names))
        };
        tracing::info!(
            added = of("added"),
            judged_differently = of("judged differently"),
            changed_in_other_ways = of("changed in other ways"),
            archived = of("archived"),
            back_again = of("back again"),
            renamed = of("renamed"),
            "{done}: {}",
            self.in_words()
        );
    }
}

/// Says in the log why a configuration is not used: a line for each fault.
pub(super) fn log_faults(what: &str, faults: &str) {
    /// So many faults are logged.
    const MAX_FAULTS: usize = 100;
    let lines: Vec<&str> = faults.lines().collect();
    if let [fault] = lines[..] {
        return tracing::error!(fault, "{what}");
    }
    tracing::error!(faults = lines.len(), "{what}");
    lines.iter().take(MAX_FAULTS).for_each(|fault| tracing::error!(fault, "a fault of the configuration"));
    if let more @ 1.. = lines.len().saturating_sub(MAX_FAULTS) {
        tracing::error!(more, "and more faults: `punctual check-config` shows them");
    }
}

/// Says loudly what a start did not carry out, of files that a reload would have refused: which checks it kept (10.4), and
/// which renames it passed over (10.3).
pub(super) fn report_kept(changes: &Changes, app: &App, own: &Own) {
    let Changes { kept, passed_over, .. } = changes;
    if kept.is_empty() && passed_over.is_empty() {
        return;
    }
    if !kept.is_empty() {
        let some: Vec<&str> = kept.iter().take(20).map(Name::as_str).collect();
        tracing::error!(
            count = kept.len(),
            some = some.join(" "),
            "checks are no longer declared and were kept, because too many are gone at once; if that is meant: punctual reload --allow-mass-removal"
        );
    }
    for (old, new) in passed_over.iter().take(20) {
        tracing::error!(%old, %new, "a rename was passed over, because both have a history; each stays as it is");
    }
    own.config_refused();
    let (kept, passed_over) = (kept.clone(), passed_over.clone());
    app.services.in_force.set_notices(Notices { kept, passed_over, ..Notices::default() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn rest(text: &str) -> Rest {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("punctual.yaml");
        std::fs::write(&file, format!("checks: [{{name: a, every: 1m}}]\n{text}")).unwrap();
        Rest::of(
            &config::load(&file, &crate::compat::DOOR_KEYS)
                .unwrap_or_else(|faults| panic!("{text}: {faults}")),
        )
    }

    #[test]
    fn names_are_told_up_to_twenty_of_each_kind() {
        let name = |number: usize| Name::parse(&format!("check-{number}")).unwrap();
        let renamed = vec![(name(98), name(99))];
        let changes = Changes { added: (0..22).map(name).collect(), renamed, ..Changes::default() };
        let difference = Difference::new(&changes, None, &rest(""));
        assert_eq!(difference.in_words(), "checks: 22 added, 1 renamed");
        let lines = difference.in_lines();
        assert!(
            lines.contains("\nadded: check-0 check-1 ") && lines.contains(" check-19 and 2 more"),
            "{lines}"
        );
        assert!(lines.ends_with("\nrenamed: check-98→check-99"), "{lines}");
    }

    #[test]
    fn every_section_that_changed_is_told() {
        let receiver = |name: &str, url: &str| format!("{{name: {name}, webhook: {{url: 'http://{url}'}}}}");
        let one = format!("receivers: [{}]\n", receiver("ops", "a"));
        let two = format!("receivers: [{}, {}]\n", receiver("ops", "b"), receiver("chat", "a"));
        let told = "default_receivers: [ops]\n";
        let by = |severity: &str| {
            format!("responders: [{{matchers: ['severity=\"{severity}\"'], actions: [{{notify: ops}}]}}]\n")
        };
        let alerting = "alerting: {alertmanagers: [{url: 'http://a'}]}\n";
        let smtp = "smtp: {host: a, from: a@b.example}\n";
        let token = |token: &str| {
            format!("auth: {{tokens: [{{name: ci, scope: read, token: {token}-a-long-token}}]}}\n")
        };
        let check = |before: &str, after: &str, expected: &str| {
            let difference = Difference::new(&Changes::default(), Some(&rest(before)), &rest(after));
            assert_eq!(difference.in_words(), expected, "{before} {after}");
        };
        check("", "", "nothing changed");
        check(
            &format!("{two}{told}"),
            &format!("{one}{told}"),
            "changed: receivers (1 changed: ops; 1 removed: chat); no check",
        );
        check("", &format!("{one}{told}"), "changed: receivers (1 added: ops), default_receivers; no check");
        let (before, after) = (format!("{one}{}", by("a")), format!("{one}{}", by("b")));
        check(&before, &after, "changed: responders; no check");
        check("", alerting, "changed: alerting; no check");
        check("", smtp, "changed: smtp; no check");
        check(&token("one"), &token("two"), "changed: tokens (1 changed: ci); no check");
        check("", &token("one"), "changed: tokens (1 added: ci), what is open without a token; no check");
        let proxy = |from: &str| format!("auth: {{proxy: {{from: [{from}]}}}}\n");
        check("", &proxy("10.0.0.1"), "changed: auth.proxy; no check");
        check(&proxy("10.0.0.1"), &proxy("10.0.0.2"), "changed: auth.proxy; no check");
        check("", "defaults: {timezone: Europe/Berlin}\n", "changed: defaults.timezone; no check");
        check("", "max_checks: 7\n", "changed: max_checks; no check");
        check("", "retention: {archived: 20d}\n", "changed: retention; no check");
        check(
            "",
            "auth: {ping_keys: [{name: k, key: a-long-key-for-pings}]}\n",
            "changed: ping keys (1 added: k), auth.ping_keys_required; no check",
        );
    }
}
