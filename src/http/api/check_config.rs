//! `POST /api/v1/check-config`: judges a configuration, and takes nothing of it.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use super::shape::{explained, flag, list, object, text, whole};
use crate::compat::{self, DOOR_KEYS};
use crate::config::{Config, Fault, Faults, JudgedText, NotRead, Warning, judge};
use crate::engine::Outward;
use crate::http::problem::Problem;
use crate::notify::{Receiver, ReceiverKind, WebhookFormat};

/// So many templates are rendered: each takes some milliseconds, and whoever sends them may be a stranger.
const MAX_TEMPLATES: usize = 16;

pub(super) fn contract() -> Contract {
    let at = |what| [("line", whole()), ("column", whole()), (what, text())];
    let not_read = list(object("FileNotRead", at("key")));
    let answer = object(
        "ConfigJudged",
        [
            ("ok", explained(flag(), "Whether a server would take it, as far as it was judged.")),
            ("faults", list(object("ConfigFault", at("message")))),
            ("faults_omitted", whole()),
            ("warnings", list(text())),
            ("not_read", explained(not_read, "The keys that name files: no file is read.")),
            ("checks", explained(whole(), "How many checks it declares; 0 where it has faults.")),
        ],
    );
    Contract::new("checkConfig", "Judge a configuration, without taking it", answer)
        .must_send("application/yaml")
}

/// One at a time: where there is much to judge, it takes seconds.
pub(super) async fn answer(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let Ok(seat) = asked.app().judging.clone().try_acquire_owned() else {
        let detail = "another configuration is being judged: try again in a moment";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_retry_after(1));
    };
    let body = body.to_vec();
    let answer = asked.aside(move |_| {
        let answer = judged(&body);
        drop(seat);
        answer
    });
    Ok(in_json(StatusCode::OK, &answer.await?))
}

fn judged(text: &[u8]) -> Value {
    let JudgedText { config, mut faults, mut omitted, not_read } = judge(text, &DOOR_KEYS);
    let (mut warnings, mut checks) = (Vec::new(), 0);
    if let Some(mut config) = config {
        match with_templates(&mut config) {
            Ok(()) => checks = config.checks.len(),
            Err(found) => (faults, omitted) = (found.list, found.omitted),
        }
        warnings = config.warnings.iter().map(ToString::to_string).collect();
    }
    let fault = |fault: &Fault| json!({"line": fault.line, "column": fault.column, "message": fault.message});
    let left = |file: &NotRead| json!({"line": file.line, "column": file.column, "key": file.key});
    json!({
        "ok": faults.is_empty(),
        "faults": faults.iter().map(fault).collect::<Vec<_>>(),
        "faults_omitted": omitted,
        "warnings": warnings,
        "not_read": not_read.iter().map(left).collect::<Vec<_>>(),
        "checks": checks,
    })
}

/// What is left to be found when messages leave is found now. Nothing is connected to, and no certificate read.
fn with_templates(config: &mut Config) -> Result<(), Faults> {
    let has_template = |receiver: &Receiver| match &receiver.kind {
        ReceiverKind::Webhook(webhook) => matches!(webhook.format, WebhookFormat::Template(_)),
        ReceiverKind::Email(email) => email.has_template(),
        ReceiverKind::Exec(_) => false,
    };
    let mut templates = 0;
    config.receivers.retain(|receiver| {
        templates += usize::from(has_template(receiver));
        !has_template(receiver) || templates <= MAX_TEMPLATES
    });
    let outward = Outward::new(config, compat::mail, &compat::ping_urls())?;
    config.warn(outward.warnings());
    if templates > MAX_TEMPLATES {
        let text = format!(
            "only the first {MAX_TEMPLATES} templates were rendered: `punctual check-config` renders all"
        );
        config.warnings.push(Warning(text));
    }
    Ok(())
}
