//! `punctual incidents …`: which there are, and what people say of them (11.2).

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::ages::{ago, at, when};
use super::client::{ApiCall, Client};
use super::control::{Lasts, done, one_by_one};
use super::flags::{Output, Who};
use super::server;
use super::table::{Table, plain, shown_json, text};
use super::trouble::Trouble;
use super::watch::watch;
use super::way::{Listing, WhichServer};
use crate::clock::Clock;
use crate::config::parse_duration;

/// What to do about incidents.
#[derive(Subcommand, Debug)]
pub(super) enum Incidents {
    /// List those that have not ended, or with --ended those that have
    List(Box<ListIncidentsArgs>),
    /// Show one, with everything that happened to it, oldest first
    Show(Box<Show>),
    /// Say that somebody is on it: nothing more is sent but its recovery
    ///
    /// Alerts that Prometheus makes by the shipped rules go on: silence those in Alertmanager.
    Ack(Ack),
    /// Say that it stays so: nothing more is sent of it until it has recovered
    ///
    /// Alerts that Prometheus makes by the shipped rules go on: silence those in Alertmanager.
    WontFix(Stand),
    /// Take either back
    Reopen(Stand),
    /// Say something of it, for whoever reads its history; nothing else changes
    Comment(Stand),
}

/// Which; all that is said must fit.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct ListIncidentsArgs {
    /// Those that have ended, newest first
    #[arg(long, conflicts_with = "status")]
    ended: bool,
    /// Only those that stand so: open, acknowledged, wont_fix, resolved, removed
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only those of this check
    #[arg(long, value_name = "NAME")]
    check: Option<String>,
    /// Only those that this reason opened, as in missing, failed, too_few
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// Only those of checks with this label, as in team=dba; may be repeated
    #[arg(long = "label", value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// Only those that this matches, as in Alertmanager: labels, check, group, reason, status; may be repeated
    #[arg(long = "matcher", short = 'm', value_name = "MATCHER")]
    matchers: Vec<String>,
    /// Only those that began so long ago or later, as in 12h, or since a time, as in 2026-03-28T06:00:00Z
    #[arg(long, value_name = "DURATION|TIME")]
    since: Option<String>,
    /// Not more than so many, the newest
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    limit: usize,
    /// Show them again every two seconds, on a terminal, until you interrupt it
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    shown: Listing,
}

/// Which one.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
pub(super) struct Show {
    /// Its number, as `punctual incidents list` and messages have it
    id: u64,
    #[command(flatten)]
    shown: Listing,
}

/// Who says what of which incidents.
#[derive(Args, Debug)]
#[command(after_help = server::HELP)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(super) struct Stand {
    /// Checks' names, or incidents' numbers: `punctual incidents list` shows both
    #[arg(value_name = "CHECK|ID", group = "what")]
    which: Vec<String>,
    /// All open incidents of this check
    #[arg(long, value_name = "CHECK", group = "what", conflicts_with_all = ["which", "matchers"])]
    all_of: Option<String>,
    /// Instead of names, matchers as in Alertmanager; all must match
    #[arg(long = "matcher", short = 'm', value_name = "MATCHER", group = "what", conflicts_with = "which")]
    matchers: Vec<String>,
    /// Why, for whoever reads the history
    #[arg(long, short, value_name = "TEXT", default_value = "")]
    comment: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    server: WhichServer,
}

/// Who is on which incidents, and for how long.
#[derive(Args, Debug)]
pub(super) struct Ack {
    #[command(flatten)]
    pub(super) lasts: Lasts,
    #[command(flatten)]
    pub(super) stand: Stand,
}

/// What people say of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StanceVerb {
    Acknowledge,
    WontFix,
    Reopen,
    Comment,
}

impl StanceVerb {
    /// As it stands in the API's paths.
    fn as_str(self) -> &'static str {
        match self {
            StanceVerb::Acknowledge => "acknowledge",
            StanceVerb::WontFix => "wont-fix",
            StanceVerb::Reopen => "reopen",
            StanceVerb::Comment => "comment",
        }
    }
}

/// Says how incidents stand: what can be said is, and what cannot be is told.
pub(super) async fn stand(args: &Stand, verb: StanceVerb, lasts: Option<&Lasts>) -> Result<(), Trouble> {
    let (client, verb) = (args.server.client()?, verb.as_str());
    let mut said = json!({"by": args.who.by, "comment": args.comment});
    if let Some(lasts) = lasts {
        lasts.put_into(&mut said)?;
    }
    let about = |what: &str, which: &str| {
        let mut body = said.clone();
        body[what] = which.into();
        body
    };
    if args.which.is_empty() {
        let of_check = args.all_of.as_ref().map(|check| format!("check={}", json!(check)));
        let matchers = of_check.unwrap_or_else(|| args.matchers.join(", "));
        let body = about("matchers", &matchers);
        return done(&client.call(ApiCall::post(&["incidents", verb], &body)).await?);
    }
    let each = args.which.iter().map(|which| {
        let (client, said, about) = (&client, &said, &about);
        async move {
            // No check's name is digits only.
            if !which.is_empty() && which.bytes().all(|byte| byte.is_ascii_digit()) {
                let path = ["incidents", which, verb];
                return client.call(ApiCall::post(&path, said)).await;
            }
            client.call(ApiCall::post(&["incidents", verb], &about("check", which))).await
        }
    });
    one_by_one(each).await
}

impl Ack {
    /// Says so.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        stand(&self.stand, StanceVerb::Acknowledge, Some(&self.lasts)).await
    }
}

impl ListIncidentsArgs {
    fn query(&self) -> Result<Vec<(&'static str, String)>, Trouble> {
        let mut query = Vec::new();
        if self.status.is_none() {
            query.push(("ended", self.ended.to_string()));
        }
        let said = [("status", &self.status), ("check", &self.check), ("reason", &self.reason)];
        query.extend(said.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        query.extend(self.labels.iter().map(|label| ("label", label.clone())));
        if !self.matchers.is_empty() {
            query.push(("matchers", self.matchers.join(", ")));
        }
        if let Some(since) = &self.since {
            query.push(("since", begin(since)?));
        }
        Ok(query)
    }

    /// Lists them.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        let client = self.shown.client()?;
        match (self.watch, self.shown.output) {
            (true, Output::Json) => {
                return Err(Trouble::NotAsked("--watch is for people: leave out --output".to_owned()));
            }
            (true, Output::Text) => return watch(async || Ok(table(self.found(&client).await?))).await,
            (false, _) => {}
        }
        let incidents = self.found(&client).await?;
        if self.shown.wrote_json("incidents", &incidents)? {
            return Ok(());
        }
        Ok(table(incidents).write(&mut io::stdout().lock())?)
    }

    async fn found(&self, client: &Client) -> Result<Vec<Value>, Trouble> {
        let query = self.query()?;
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        client.first("incidents", &query, self.limit).await
    }
}

impl Show {
    /// Shows it.
    pub(super) async fn run(&self) -> Result<(), Trouble> {
        let incident = self.shown.client()?.call(ApiCall::get(&["incidents", &self.id.to_string()])).await?;
        let shown = match self.shown.output {
            Output::Json => shown_json(&incident) + "\n",
            Output::Text => for_people(&incident),
        };
        Ok(io::stdout().write_all(shown.as_bytes())?)
    }
}

fn for_people(incident: &Value) -> String {
    let mut shown = String::new();
    let mut line = |what: &str, said: &str| {
        // Writing into a text cannot fail.
        let _ = writeln!(shown, "{what:<7} {}", plain(said));
    };
    line("id", &text(&incident["id"]));
    line("check", &text(&incident["check"]));
    if incident["key"].as_str().is_some_and(|key| !key.is_empty()) {
        line("key", &text(&incident["key"]));
    }
    line("title", &text(&incident["title"]));
    let until =
        incident["acknowledged_until"].as_str().map(|until| format!(", until {until}, {}", ago(until)));
    let said =
        incident["said_by"].as_str().map(|by| format!(", said {by} {}", ago(&text(&incident["said_at"]))));
    let [said, until] = [said, until].map(Option::unwrap_or_default);
    line("status", &format!("{}{said}{until}", text(&incident["status"])));
    line("reason", &text(&incident["reason"]));
    line("began", &at(&incident["opened_at"]));
    line("ended", &at(&incident["ended_at"]));
    let labels = incident["labels"].as_object().into_iter().flatten();
    let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={}", text(value))).collect();
    if !labels.is_empty() {
        line("labels", &labels.join(" "));
    }
    let row = |step: &Value| {
        let mut said =
            ["reason", "receiver", "kind", "answer", "comment"].map(|key| text(&step[key])).to_vec();
        said.retain(|said| said != "-");
        if let Some(until) = step["until"].as_str() {
            said.insert(0, format!("until {until}"));
        }
        if let Some(times @ 2..) = step["times"].as_u64() {
            said.push(format!("{times} times"));
        }
        vec![text(&step["at"]), text(&step["what"]), text(&step["by"]), said.join(", ")]
    };
    let steps = incident["steps"].as_array().into_iter().flatten().map(row);
    let _ = write!(shown, "\n{}", Table::new(&["AT", "WHAT", "BY", "MORE"], steps));
    let found: Vec<Vec<String>> =
        incident["explanation"]["steps"].as_array().into_iter().flatten().map(diagnosis).collect();
    if !found.is_empty() {
        let head = ["AT", "FOUND", "CASES", "PLAN", "CAME OF IT", "ENDED"];
        let _ = write!(shown, "\n{}", Table::new(&head, found));
    }
    let deliveries: Vec<Vec<String>> =
        incident["deliveries"].as_array().into_iter().flatten().map(delivery).collect();
    if !deliveries.is_empty() {
        let head = ["RECEIVER", "WHAT", "CAME OF IT", "AT", "ANSWER"];
        let _ = write!(shown, "\n{}", Table::new(&head, deliveries));
    }
    shown
}

/// What was found of it, and what was done.
fn diagnosis(step: &Value) -> Vec<String> {
    let case = |case: &Value| match case["problem"].as_str() {
        Some("") | None => text(&case["case"]),
        Some(problem) => format!("{}: {problem}", text(&case["case"])),
    };
    let cases: Vec<String> = step["cases"].as_array().into_iter().flatten().map(case).collect();
    let plan = match &step["plan"] {
        Value::Null => "-".to_owned(),
        Value::String(plan) => plan.clone(),
        plan => plan.to_string(),
    };
    let found = match step["solution"].as_u64() {
        Some(number) => format!("solution {number}"),
        None => text(&step["found"]),
    };
    let error = step["error"].as_str().filter(|error| !error.is_empty());
    let result =
        error.map_or_else(|| text(&step["result"]), |error| format!("{}: {error}", text(&step["result"])));
    vec![text(&step["at"]), found, cases.join("; "), plan, result, text(&step["ended_at"])]
}

/// Who was told, and with which answer.
fn delivery(told: &Value) -> Vec<String> {
    let reason = told["reason"].as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
    // When one was cancelled is not kept: when it was due would look like it.
    let at = match told["settled_at"].as_str() {
        None if told["state"] == "waiting" => format!("not before {}", text(&told["not_before"])),
        _ => text(&told["settled_at"]),
    };
    let state = format!("{}{reason}", text(&told["state"]));
    vec![text(&told["receiver"]), text(&told["kind"]), state, at, text(&told["answer"])]
}

/// A time, or how long ago it was.
fn begin(since: &str) -> Result<String, Trouble> {
    if since.contains('T') {
        return Ok(since.to_owned());
    }
    let bad =
        |error| Trouble::NotAsked(format!("--since {since}: {error}; or a time, as in 2026-03-28T06:00:00Z"));
    Ok((Clock::new().now() - parse_duration(since).map_err(bad)?).to_string())
}

fn table(mut incidents: Vec<Value>) -> Table {
    // What waits for somebody first, and of that what has waited longest; what has ended stays newest first.
    incidents.sort_by_key(|incident| match incident["ended_at"].as_str() {
        None => {
            let is_answered = matches!(incident["status"].as_str(), Some("acknowledged" | "wont_fix"));
            (is_answered, text(&incident["opened_at"]))
        }
        Some(_) => (true, String::new()),
    });
    let row = |incident: &Value| {
        vec![
            text(&incident["id"]),
            text(&incident["check"]),
            text(&incident["status"]),
            text(&incident["reason"]),
            when(&incident["opened_at"]),
            when(&incident["ended_at"]),
            text(&incident["said_by"]),
            when(&incident["said_at"]),
            if incident["title"] == incident["check"] { String::new() } else { text(&incident["title"]) },
        ]
    };
    let head = ["ID", "CHECK", "STATUS", "REASON", "BEGAN", "ENDED", "SAID BY", "AT", "TITLE"];
    Table::new(&head, incidents.iter().map(row)).with_statuses(2).cutting(&[8, 6])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::delivery;

    #[test]
    fn what_was_cancelled_has_no_time_of_something_else() {
        let of = |state: &str, settled_at: Option<&str>| {
            let told =
                json!({"state": state, "settled_at": settled_at, "not_before": "2026-03-28T07:00:00Z"});
            delivery(&told)[3].clone()
        };
        assert_eq!(of("cancelled", None), "-");
        assert_eq!(of("waiting", None), "not before 2026-03-28T07:00:00Z");
        assert_eq!(of("sent", Some("2026-03-28T06:30:00Z")), "2026-03-28T06:30:00Z");
    }
}
