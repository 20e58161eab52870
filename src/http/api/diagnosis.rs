//! `POST /api/v1/incidents/{id}/diagnosis` and `PATCH …/solutions/{number}`: what a reporter found, and how what it did ended (§21).

use std::collections::BTreeSet;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use super::explanation::{any, plan_value};
use super::problems::of_history;
use super::query::bad;
use super::shape::{self, explained, flag, list, object, one_of, or_null, text, whole};
use crate::app::{NotDone, diagnoses};
use crate::core::check::Rid;
use crate::core::diagnose::{Case, CaseSaid, CasesFound, Decision, Remedy, Solution, SolutionOutcome};
use crate::core::incident::IncidentId;
use crate::http::ping::BAD_RID;
use crate::http::problem::Problem;

const LIKE: &str =
    r#"{"cases": [{"case": "worker_stuck", "problem": "A worker holds a job", "plan": "restart it"}]}"#;
const LIKE_END: &str = r#"{"enacted": true}"#;
/// So many cases may be said, with those that do not apply.
const MOST_SAID: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    cases: Vec<CaseBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseBody {
    case: String,
    #[serde(default)]
    problem: String,
    #[serde(default)]
    reason: String,
    #[serde(default = "yes")]
    applies: bool,
    #[serde(default)]
    pass: bool,
    #[serde(default)]
    plan: Option<Value>,
    #[serde(default)]
    plans: Option<Vec<Value>>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndBody {
    enacted: bool,
    #[serde(default)]
    error: Option<String>,
}

pub(super) fn contract() -> Contract {
    let mut case = shape::asked([
        ("case", text()),
        ("problem", explained(text(), "What is the matter, for people.")),
        ("reason", explained(text(), "Why you say so.")),
        ("applies", explained(flag(), "Left out: it does.")),
        ("pass", explained(flag(), "It passes: wait.")),
        ("plan", explained(any(), "What is to be done, in words of your own: any JSON.")),
        ("plans", explained(list(any()), "The n-th solution of this case in this incident is the n-th.")),
    ]);
    case["required"] = json!(["case"]);
    let mut body = shape::asked([("cases", list(case))]);
    body["required"] = json!(["cases"]);
    let solution = object("SolutionChosen", [("number", whole()), ("case", text()), ("plan", any())]);
    let decisions = Decision::ALL.into_iter().filter(|decision| *decision != Decision::Propose);
    let answer = object(
        "DiagnosisTaken",
        [
            ("decision", one_of(decisions.map(Decision::as_str))),
            ("solution", explained(or_null(solution), "That is to be carried out, or is under way.")),
        ],
    );
    Contract::new("diagnoseIncident", "Say which cases apply to an incident, and ask what follows", answer)
        .must_say(body)
        .takes("rid", text(), "Which look: asked again with the same one, what was decided is said again.")
        .refuses(&[404, 409, 422])
}

pub(super) fn contract_of_end() -> Contract {
    let mut body = shape::asked([
        ("enacted", flag()),
        ("error", explained(text(), "Why it was not carried out, or not wholly.")),
    ]);
    body["required"] = json!(["enacted"]);
    let result = one_of(["enacted", "failed"]);
    let answer = object("SolutionEnded", [("number", whole()), ("result", result)]);
    Contract::new("endSolution", "Say how a solution ended", answer).must_say(body).refuses(&[404, 409, 422])
}

/// Decides.
pub(super) async fn decide(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    let rid = asked.query(&["rid"])?.one("rid")?.map(|rid| Rid::parse(rid).ok_or_else(|| bad(BAD_RID)));
    let rid = rid.transpose()?;
    let id = incident(asked).await?;
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is an object like {LIKE}: {error}")))?;
    let cases = read(body.cases).map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    let found = CasesFound { cases, rid, is_carried_out: true };
    let (decision, solution) =
        diagnoses::decide(&asked.app().services, &asked.actor(None), id, found).await?;
    let solution = solution.map(
        |Solution { number, case, plan, .. }| json!({"number": number, "case": case.name(), "plan": plan_value(&plan)}),
    );
    Ok(in_json(StatusCode::OK, &json!({"decision": decision.as_str(), "solution": solution})))
}

/// Stores how a solution ended.
pub(super) async fn end(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let id = incident(asked).await?;
    let none = || Problem::new(StatusCode::NOT_FOUND, "it has no solution of this number");
    let number = asked.part("number").parse().map_err(|_| none())?;
    let EndBody { enacted, error } = serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is an object like {LIKE_END}: {error}")))?;
    let error = error.filter(|error| !error.is_empty());
    let how = match (enacted, error) {
        (true, None) => SolutionOutcome::Enacted,
        (_, Some(error)) => SolutionOutcome::failed(&error),
        (false, None) => SolutionOutcome::failed("it was not enacted"),
    };
    let result = how.as_str();
    diagnoses::end(&asked.app().services, &asked.actor(None), (id, number), how).await?;
    Ok(in_json(StatusCode::OK, &json!({"number": number, "result": result})))
}

/// The incident that the path names, if whoever asks may report of its check.
async fn incident(asked: &Asked<'_>) -> Result<IncidentId, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "there is no incident of this number, or not any more");
    let id = IncidentId(asked.number().ok_or_else(none)?);
    let check = asked.aside(move |app| diagnoses::check_of(&app.services, id)).await?;
    let check = of_history(check)?.ok_or_else(none)?;
    let directory = asked.app().services.live.directory();
    let Some(known) = directory.checks.iter().find(|known| known.id == check) else {
        return Err(NotDone::IncidentGone(id.0).into());
    };
    if !asked.may_ping(known) {
        let detail = "this key is for other checks: use one of this check's";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(id)
}

/// The cases that apply.
fn read(said: Vec<CaseBody>) -> Result<Vec<Case>, String> {
    if said.len() > MOST_SAID {
        return Err(format!("`cases` has at most {MOST_SAID}"));
    }
    let mut names = BTreeSet::new();
    let mut cases = Vec::new();
    for said in said {
        let of = CaseSaid::new(&said.case, &said.problem, &said.reason).map_err(|why| why.to_string())?;
        if !names.insert(said.case.clone()) {
            return Err(format!("the case `{}` is there twice", of.name()));
        }
        if said.applies {
            cases.push(Case { remedy: remedy(&said)?, said: of });
        }
    }
    if cases.len() > Case::MOST {
        return Err(format!("at most {} cases apply at once", Case::MOST));
    }
    Ok(cases)
}

fn remedy(said: &CaseBody) -> Result<Remedy, String> {
    match (said.pass, &said.plan, &said.plans) {
        (true, None, None) => Ok(Remedy::Pass),
        (false, Some(plan), None) => written(plan).map(Remedy::Plan),
        (false, None, Some(plans)) => {
            if plans.len() > MOST_SAID {
                return Err(format!("`plans` has at most {MOST_SAID}"));
            }
            plans.iter().map(written).collect::<Result<_, _>>().map(Remedy::Plans)
        }
        _ => Err(format!("the case `{}` has one of `plan`, `plans` and `\"pass\": true`", said.case)),
    }
}

fn written(plan: &Value) -> Result<String, String> {
    let plan = plan.to_string();
    if plan.len() > Solution::MAX_PLAN_BYTES {
        return Err(format!("a plan has at most {} bytes", Solution::MAX_PLAN_BYTES));
    }
    Ok(plan)
}
