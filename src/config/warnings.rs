//! Warnings about settings that are valid but will disappoint (10.4, 12.2, 13.4). Many checks share one line.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::model::{Config, Trigger};
use super::names::place_of;
use super::reach::{possible_causes, reach};
use super::times::Times;
use crate::core::cause::CauseKind;
use crate::core::check::Definition;
use crate::core::reference::Ref;
use crate::core::refs::Refs;
use crate::core::route::{MatchTest, Matcher};
use crate::core::schedule::{Occurrences, Schedule};
use crate::core::zone::est_like_warning;
use crate::yaml::fault::{Log, guess, nearest};

/// How many checks a warning names.
const NAMED_CHECKS: usize = 5;

/// The most checks without a ref that are told of one by one.
const MAX_REF_LINES: usize = 20;

/// The checks that share a warning: how many, and the first of them.
#[derive(Default)]
struct Sharing {
    count: usize,
    named: Vec<String>,
}

impl Sharing {
    fn add(&mut self, check: &Definition) {
        self.count += 1;
        if self.named.len() < NAMED_CHECKS {
            self.named.push(format!("{} ({})", check.name, place_of(check)));
        }
    }

    /// `check a (file:1)`, `2 checks, a (file:1) and b (file:9)`.
    fn subject(&self) -> String {
        let more = self.count - self.named.len();
        let end = if more > 0 { format!(" and {more} more") } else { String::new() };
        match self.count {
            1 => format!("check {}", self.named[0]),
            count => format!("{count} checks, {}{end}", self.named.join(", ")),
        }
    }
}

/// Adds all warnings that need the whole configuration.
pub(super) fn of(config: &Config, times: &Times, log: &mut Log) {
    of_runs(config, log);
    of_schedules(config, times, log);
    of_zones(times, log);
    of_ways_to_work(config, log);
    of_rules(config, log);
    of_matchers(config, log);
    of_labels(config, log);
    of_refs(config, log);
    of_reach(config, log);
    of_compat(config, log);
}

fn warn_shared(log: &mut Log, sharing: &Sharing, what: &str) {
    if sharing.count > 0 {
        log.warn(format!("{}: {what}", sharing.subject()));
    }
}

/// A job that may run longer than its grace is late meanwhile, unless it reports its start.
fn of_runs(config: &Config, log: &mut Log) {
    let mut sharing = Sharing::default();
    for check in &config.checks {
        let spec = &check.spec;
        let pinged_at_end = spec.schedule.expect().is_none();
        let short = spec.max_runtime.is_some_and(|max| spec.grace < max);
        if pinged_at_end && short && spec.start_within.is_none() {
            sharing.add(check);
        }
    }
    let what = "`grace` is shorter than `max_runtime`: a run that sends no start is late although it may still be \
                running; let the job send a start and say so with `start_within`, or make `grace` longer";
    warn_shared(log, &sharing, what);
}

fn of_schedules(config: &Config, times: &Times, log: &mut Log) {
    let (mut rare, mut forgiven) = (Sharing::default(), Sharing::default());
    let mut idle: BTreeMap<(String, String), Sharing> = BTreeMap::new();
    for check in &config.checks {
        let Some(Occurrences { cron, zone }) = check.spec.schedule.occurrences() else { continue };
        let Some(known) = times.known(cron.as_str(), *zone) else { continue };
        if let Some((part, every)) = cron.idle_step() {
            idle.entry((part.to_owned(), every)).or_default().add(check);
        }
        if known.rare.is_some() {
            rare.add(check);
        }
        if matches!(check.spec.schedule, Schedule::At(_)) && check.spec.grace >= known.shortest_gap {
            forgiven.add(check);
        }
    }
    for ((part, every), sharing) in idle {
        let what = format!(
            "`{part}` steps over the whole field and selects only its first number: write `{every}` if an interval is meant"
        );
        warn_shared(log, &sharing, &what);
    }
    warn_shared(
        log,
        &rare,
        "the dates of its schedule come rarely: more than a year lies between two of them",
    );
    let what = "`grace` is as long as the time between two occurrences or longer: a run that is left out goes \
                unnoticed if the next one comes";
    warn_shared(log, &forgiven, what);
}

fn of_zones(times: &Times, log: &mut Log) {
    let zones: BTreeMap<&str, String> = times
        .misleading_zones
        .iter()
        .filter_map(|(zone, (at, uses))| {
            let more = if *uses > 1 { format!(" (and {} more)", uses - 1) } else { String::new() };
            let warning = est_like_warning(*zone)?;
            Some((zone.name(), format!("{}{more}: {warning}", log.show(*at))))
        })
        .collect();
    zones.into_values().for_each(|text| log.warn(text));
}

/// 13.4: either Alertmanager tells people, or punctual does.
fn of_ways_to_work(config: &Config, log: &mut Log) {
    let tells = !config.policy.responders.is_empty() || !config.policy.default_receivers.is_empty();
    if !config.alertmanagers.is_empty() && tells {
        log.warn(
            "alerts go to Alertmanager and messages to receivers: people hear everything twice, and a silence in \
             Alertmanager does not hold messages; use `alerting` or `responders` and `default_receivers`, not both",
        );
    }
}

/// Labels that Prometheus' operator gives to every target.
const TARGET_LABELS: [&str; 4] = ["container", "endpoint", "namespace", "service"];

/// If punctual tells nobody, Prometheus does, by the shipped rules: warns of what those cannot see or show.
fn of_rules(config: &Config, log: &mut Log) {
    if !config.alertmanagers.is_empty() || !config.policy.receivers.is_empty() {
        return;
    }
    let mut dependent = Sharing::default();
    config.checks.iter().filter(|check| !check.depends_on.is_empty()).for_each(|check| dependent.add(check));
    let what = "`depends_on` holds messages and pushed alerts, and there are neither: alerts that Prometheus makes by the \
                shipped rules go on; use Alertmanager's inhibition";
    warn_shared(log, &dependent, what);
    for label in TARGET_LABELS {
        let mut sharing = Sharing::default();
        let has_it = |check: &&Definition| check.labels.iter().any(|(name, _)| name.as_str() == label);
        config.checks.iter().filter(has_it).for_each(|check| sharing.add(check));
        let what = format!(
            "where Prometheus gives its targets a label `{label}`, as its operator does, the check's own is \
             `exported_{label}` in its metrics and alerts; give it another name, or scrape with `honor_labels`"
        );
        warn_shared(log, &sharing, &what);
    }
}

/// Matchers that never match, or always do.
fn of_matchers(config: &Config, log: &mut Log) {
    let labels: BTreeSet<&str> =
        config.checks.iter().flat_map(|check| check.labels.iter().map(|(name, _)| name.as_str())).collect();
    let causes: BTreeSet<CauseKind> = config.checks.iter().flat_map(possible_causes).collect();
    for (i, responder) in config.policy.responders.iter().enumerate() {
        for matcher in &responder.matchers {
            let known =
                |name: &str| matches!(name, "check" | "group" | "reason" | "status") || labels.contains(name);
            if !config.checks.is_empty() && !known(&matcher.label) {
                let hint = guess(&matcher.label, labels.iter().copied());
                log.warn(format!("responder {}: no check has the label `{}`{hint}", i + 1, matcher.label));
            } else if let Some(words) = words_of(&matcher.label, &causes)
                && never_accepts(matcher, &words)
            {
                let all: Vec<&str> = words.into_iter().collect();
                let all = all.join(", ");
                log.warn(format!("responder {}: {matcher} never matches; there is {all}", i + 1));
            }
        }
    }
}

/// Labels that are spelt almost like one that is used: `severty` would silently be ignored.
fn of_labels(config: &Config, log: &mut Log) {
    let matchers = config.policy.responders.iter().flat_map(|responder| &responder.matchers);
    let looked_at: BTreeSet<&str> =
        matchers.map(|matcher| matcher.label.as_str()).chain(["severity"]).collect();
    let own = |check: &Definition, label: &str| check.labels.iter().any(|(name, _)| name == label);
    // If no check has the label, there is already a warning about its matcher.
    let is_matched =
        |label: &str| config.policy.responders.iter().any(|r| r.matchers.iter().any(|m| m.label == label));
    let is_known = |label: &&str| !is_matched(label) || config.checks.iter().any(|check| own(check, label));
    let known: Vec<&str> = looked_at.iter().copied().filter(is_known).collect();
    let mut misspelt: BTreeMap<(&str, &str), Sharing> = BTreeMap::new();
    for check in &config.checks {
        for (name, _) in check.labels.iter().filter(|(name, _)| !looked_at.contains(name.as_str())) {
            if let Some(meant) = nearest(name, known.iter().copied()).filter(|meant| !own(check, meant)) {
                misspelt.entry((name, meant)).or_default().add(check);
            }
        }
    }
    for ((name, meant), sharing) in misspelt {
        let what = format!("nobody looks at the label `{name}`; did you mean `{meant}`?");
        warn_shared(log, &sharing, &what);
    }
}

/// The possible values of `reason` and `status`.
fn words_of(label: &str, causes: &BTreeSet<CauseKind>) -> Option<BTreeSet<&'static str>> {
    match label {
        "reason" => Some(causes.iter().map(|cause| cause.as_str()).chain(["blind"]).collect()),
        "status" => Some(causes.iter().map(|cause| cause.family().as_str()).chain(["unknown"]).collect()),
        _ => None,
    }
}

fn never_accepts(matcher: &Matcher, words: &BTreeSet<&str>) -> bool {
    let positive = matches!(matcher.test, MatchTest::Equal(_) | MatchTest::Matches(_));
    positive && !words.iter().any(|word| matcher.accepts(word))
}

/// Interfaces of other systems that anybody may use, or whose mails cannot be sent.
fn of_compat(config: &Config, log: &mut Log) {
    for compat in &config.compat {
        let system = compat.system;
        if compat.auth_key.is_none() {
            log.warn(format!(
                "`compat.{system}` has no `auth_key_file`: whoever reaches the port may make, change and delete checks"
            ));
        }
        if compat.trigger == Trigger::Open && !config.ping_keys.is_empty() {
            log.warn(format!(
                "`compat.{system}.trigger` is `open`, though there are ping keys: whoever reaches the port may tell, by \
                 the slug or name of a check, that a job has succeeded which did not; say `trigger: id`, or `key`"
            ));
        }
    }
    if !config.compat.is_empty() && config.smtp.is_none() {
        let what = "`compat` is switched on without `smtp`: the mails of checks with addresses of their own cannot leave";
        log.warn(what);
    }
}

/// 24.1: checks without a ref, since the one that is made of their name is another's, too. Each needs a line of its own.
fn of_refs(config: &Config, log: &mut Log) {
    let refs = Refs::of(config.checks.iter());
    let mut without = config.checks.iter().filter(|check| refs.has_none(check)).peekable();
    if without.peek().is_none() {
        return;
    }
    let mut taken: HashSet<Ref> = config.checks.iter().map(Refs::own).collect();
    for check in without.by_ref().take(MAX_REF_LINES) {
        let proposed = Refs::proposed(check, |reference| !taken.contains(&reference));
        taken.insert(proposed);
        log.warn(format!(
            "check {} ({}): it has no ref, since `{}`, which is made of its name, is another check's, too: add \
             `ref: {proposed}` to it",
            check.name,
            place_of(check),
            Refs::own(check),
        ));
    }
    if let more @ 1.. = without.count() {
        log.warn(format!("{more} more checks have no ref: add one to those above, and look again"));
    }
}

/// 12.2: checks that reach nobody, and receivers that nothing reaches.
fn of_reach(config: &Config, log: &mut Log) {
    let policy = &config.policy;
    let named: BTreeSet<&str> = policy
        .responders
        .iter()
        .flat_map(|responder| responder.actions.iter().map(|action| &*action.receiver))
        .chain(policy.default_receivers.iter().chain(&policy.administrators).map(|name| &**name))
        .collect();
    // Without receivers, Alertmanager tells people (13.4), and there would be a warning about every check.
    if policy.receivers.is_empty() {
        return;
    }
    let mut reached: BTreeSet<String> = policy.administrators.iter().map(ToString::to_string).collect();
    let mut nobody = Sharing::default();
    let mut partly: BTreeMap<Vec<CauseKind>, Sharing> = BTreeMap::new();
    for check in &config.checks {
        let reach = reach(policy, check);
        if reach.nobody {
            nobody.add(check);
        } else if !reach.unheard.is_empty() {
            partly.entry(reach.unheard).or_default().add(check);
        }
        for told in reach.told {
            if !reached.contains(&*told.receiver) {
                reached.insert(told.receiver.to_string());
            }
        }
    }
    let what = "nobody would be told: no responder matches, and there are no `default_receivers`";
    warn_shared(log, &nobody, what);
    for (causes, sharing) in partly {
        let names: Vec<&str> = causes.iter().map(|cause| cause.as_str()).collect();
        warn_shared(log, &sharing, &format!("nobody would be told when the reason is {}", names.join(", ")));
    }
    for receiver in policy.receivers.keys().filter(|name| !reached.contains(&***name)) {
        if !named.contains(&**receiver) {
            let what = "no responder names it, and `default_receivers` do not";
            log.warn(format!("nothing reaches the receiver `{receiver}`: {what}"));
        } else if !config.checks.is_empty() {
            log.warn(format!("nothing reaches the receiver `{receiver}`: no check matches"));
        }
    }
}
