//! Lines to copy into a job, with the address of the check itself.

use std::sync::Arc;

use maud::{Markup, html};

use super::super::App;
use super::words;
use crate::core::assertion::FoundBy;
use crate::core::check::{Definition, PingMethods};
use crate::core::probe::{PromqlProbe, SqlProbe};
use crate::core::schedule::Schedule;
use crate::core::zone::Zone;

/// A ping, as the lines have it.
struct Pinged<'p> {
    definition: &'p Definition,
    url: &'p str,
}

/// How it is pinged, or reported.
pub(super) fn section(app: &App, definition: &Definition) -> Markup {
    match definition.spec.assert {
        None => html! { h2 { "Ping it" } (lines(app, definition)) },
        Some(_) if definition.spec.is_probed() => {
            html! { h2 { "Looked at by punctual" } (probed(app, definition)) }
        }
        Some(_) => html! { h2 { "Report it" } (reports(app, definition)) },
    }
}

/// All of them.
fn lines(app: &App, definition: &Definition) -> Markup {
    let url = app.ping_url(definition.name.as_str());
    let pinged = Pinged { definition, url: &url };
    let others = [
        ("cron", pinged.cron()),
        ("systemd", pinged.systemd()),
        ("Kubernetes", pinged.kubernetes()),
        ("Python", pinged.python()),
        ("PowerShell", pinged.powershell()),
    ];
    html! {
        @if app.access().ping_keys.any() { p { code { "KEY" } " stands for a ping key." } }
        p { "At the job's end, when it succeeded:" }
        (copied("curl", &pinged.curl("")))
        p { "Or around it, so that runs are timed and failures told:" }
        (copied("curl around a job", &format!("{}\nyour-job\n{}", pinged.curl("/start"), pinged.curl("/$?"))))
        @for (name, lines) in &others {
            details data-key={ "lines for " (name) } {
                summary { (name) }
                (copied(name, lines))
            }
        }
    }
}

/// For a check that we look at ourselves.
fn probed(app: &App, definition: &Definition) -> Markup {
    html! {
        p {
            @match definition.spec.asserts() {
                Some(FoundBy::Http(probe)) => { "By a request for " code { (probe.url) } }
                Some(FoundBy::Promql(probe)) => { "By a query to the Prometheus " (probe.prometheus) }
                Some(FoundBy::Sql(probe)) => { "By a query to the database " (probe.database) }
                Some(FoundBy::Exec(_)) => { "By a command of the server's machine" }
                Some(FoundBy::Reporter(_)) | None => {}
            }
            ", " (definition.spec.schedule) ". " code { "punctual probe " (definition.name) } " looks once, and shows what it finds."
        }
        @match definition.spec.asserts() {
            Some(FoundBy::Promql(PromqlProbe { query, .. }) | FoundBy::Sql(SqlProbe { query, .. })) => { pre { (query) } }
            Some(FoundBy::Exec(probe)) => { pre { (command_line(&probe.line)) } }
            _ => {}
        }
        @if is_by_superuser(app, definition) {
            div.banner.warn {
                "It is asked by a superuser, who may write files, end programs and read every table by a query: give it a role that \
                 may only " code { "SELECT" } " (docs/probes.md)."
            }
        }
    }
}

/// 17.13g
fn is_by_superuser(app: &App, definition: &Definition) -> bool {
    let probes = &app.services.counters.own.probes;
    matches!(definition.spec.asserts(), Some(FoundBy::Sql(probe)) if probes.is_asked_by_superuser(&probe.database))
}

/// A command as it would be typed.
fn command_line(line: &[Arc<str>]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    let typed = |text: &Arc<str>| match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    };
    line.iter().map(typed).collect::<Vec<_>>().join(" ")
}

/// For a check that asserts something, which no job pings (17.2).
fn reports(app: &App, definition: &Definition) -> Markup {
    let name = definition.name.as_str();
    let url = format!("{}/api/v1/checks/{name}/report", app.external_url);
    let key = if app.access().ping_keys.any() { " -H 'Authorization: Bearer KEY'" } else { "" };
    let detects = definition.spec.remembers().is_some();
    let json = if detects {
        r#"{"result": "violated", "records": [{"key": "what-occurred"}]}"#
    } else {
        r#"{"result": "violated", "why": "what is wrong"}"#
    };
    // A report whose answer was lost is sent again, and counts once.
    let url = format!("\"{url}?rid=$(date +%s)-$$\"");
    let curl = format!("curl -fsS -m 10 --retry 5 --retry-connrefused{key} --json '{json}' {url}");
    let shell = if detects {
        format!("your-check > found.jsonl && punctual report {name} --records found.jsonl")
    } else {
        format!(
            "if your-check\nthen punctual report {name} --holds\nelse punctual report {name} --violated 'what is wrong'\nfi"
        )
    };
    html! {
        p { @if detects { "By a program that looks what has occurred:" } @else { "By a program that looks whether it holds:" } }
        (copied("a shell", &shell))
        (copied("curl", &curl))
        p.small { "Who could not tell says " code { "unknown" } ": that is neither good nor bad." }
    }
}

/// The button is shown where scripts run.
fn copied(what: &str, lines: &str) -> Markup {
    html! {
        div.copied {
            pre { (lines) }
            button.copy type="button" { "Copy" span.unseen { " the lines for " (what) } }
        }
    }
}

impl Pinged<'_> {
    fn curl(&self, end: &str) -> String {
        words::curl(&format!("{}{end}", self.url), self.definition.ping_methods)
    }

    fn is_post_alone(&self) -> bool {
        self.definition.ping_methods == PingMethods::Post
    }

    /// Its schedule for a crontab, and by whose clocks.
    fn schedule(&self) -> (&str, Zone) {
        match &self.definition.spec.schedule {
            Schedule::At(occurrences) | Schedule::CountedAt(occurrences, _) => {
                (occurrences.cron.as_str(), occurrences.zone)
            }
            Schedule::Every(period) => (every(period.as_ms() / 60_000), Zone::UTC),
            Schedule::Periods(_) | Schedule::Counted(_) | Schedule::Unscheduled => ("0 * * * *", Zone::UTC),
        }
    }

    fn cron(&self) -> String {
        // cron ends a command at a percent sign.
        format!("{} your-job; {}", self.schedule().0, self.curl("/$?").replace('%', "\\%"))
    }

    fn systemd(&self) -> String {
        // systemd puts in what it knows after a percent sign, and its variables after a dollar sign.
        let curl = |end: &str| self.curl(end).replace('%', "%%");
        // Of a job that a signal has ended the status is that signal's name.
        let (start, end) = (curl("/start?rid=${INVOCATION_ID}"), curl("/$$how?rid=$$INVOCATION_ID"));
        let end = quoted_url(&end);
        format!(
            "[Service]\nType=oneshot\nExecStartPre=-/usr/bin/{start}\nExecStart=/path/to/your-job\n\
             ExecStopPost=-/bin/sh -c 'how=fail; [ \"$$EXIT_CODE\" = exited ] && how=$$EXIT_STATUS; {end}'"
        )
    }

    fn kubernetes(&self) -> String {
        let name = self.definition.name.as_str().replace('_', "-");
        let (name, (cron, zone), url) = (name.trim_end_matches('-'), self.schedule(), self.url);
        let curl = words::curl("\"$PING/$status?rid=$HOSTNAME\"", self.definition.ping_methods);
        format!(
            "apiVersion: batch/v1\n\
             kind: CronJob\n\
             metadata: {{name: {name}}}\n\
             spec:\n  \
               schedule: \"{cron}\"\n  \
               timeZone: {zone}\n  \
               jobTemplate:\n    \
                 spec:\n      \
                   template:\n        \
                     spec:\n          \
                       restartPolicy: Never\n          \
                       containers:\n            \
                         - name: job\n              \
                           image: your-image\n              \
                           command: [/bin/sh, -c, 'your-job; status=$?; {curl}; exit $status']\n              \
                           env: [{{name: PING, value: \"{url}\"}}]",
            zone = zone.name(),
        )
    }

    fn python(&self) -> String {
        format!(
            "import urllib.request\n\n\
             def ping(what=\"\", body=b\"\"):\n    \
                 try:\n        \
                     urllib.request.urlopen(f\"{}{{what}}\", data=body, timeout=10).read()\n    \
                 except OSError as error:\n        \
                     print(f\"not pinged: {{error}}\")\n\n\
             ping(\"/start\")\n\
             try:\n    \
                 your_job()\n\
             except Exception as error:\n    \
                 ping(\"/fail\", str(error).encode())\n    \
                 raise\n\
             ping()",
            self.url
        )
    }

    fn powershell(&self) -> String {
        let method = if self.is_post_alone() { " -Method Post" } else { "" };
        format!(
            "$url = \"{}\"\n\
             try {{ Invoke-RestMethod \"$url/start\"{method} -TimeoutSec 10 }} catch {{ Write-Warning $_ }}\n\
             $how = \"fail\"\n\
             try {{ & .\\your-job.ps1; if ($?) {{ $how = \"0\" }} }}\n\
             finally {{ Invoke-RestMethod \"$url/$how\"{method} -TimeoutSec 10 }}",
            self.url
        )
    }
}

/// With the URL, the last word of a line of curl, in quotes.
fn quoted_url(curl: &str) -> String {
    let (line, url) = curl.rsplit_once(' ').unwrap_or(("", curl));
    format!("{line} \"{url}\"")
}

/// When cron runs what is due every so many minutes, as far as it can.
fn every(mins: i64) -> &'static str {
    match mins {
        ..5 => "* * * * *",
        5..10 => "*/5 * * * *",
        10..15 => "*/10 * * * *",
        15..30 => "*/15 * * * *",
        30..60 => "*/30 * * * *",
        60..1440 => "0 * * * *",
        1440..10080 => "0 2 * * *",
        _ => "0 2 * * sun",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let line = ["/bin/look", "-w", "20%", "two words", "it's", ""].map(Arc::from);
        assert_eq!(command_line(&line), r"/bin/look -w 20% 'two words' 'it'\''s' ''");
    }
}
