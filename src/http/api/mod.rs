//! The API: checks as JSON, made, changed and looked at by programs (docs/api.md).
//!
//! One file an idea. Who may is asked at the door before; what is wrong is a [`Problem`] that says what to do. Checks are
//! judged by the code that reads the files, so that what is wrong is said in the same words.
//!
//! A new route is a function in a file here, a variant of `Operation` with its arms, a row in `src/http/routes.rs`, and a
//! section of docs/api.md. Beside the function stands its [`Contract`]: what it takes and answers, of which the OpenAPI document
//! is made, and against which the tests hold every answer. What it does is an operation of [`crate::app`]: here it is read and
//! answered.

mod asked;
mod audit;
mod change;
mod check;
mod check_config;
mod config;
mod contract;
mod diagnosis;
mod due;
mod explanation;
mod flips;
mod history;
mod incident;
mod incidents;
mod list;
mod messages;
mod mutes;
mod pause;
mod ping;
mod problems;
mod query;
mod record;
mod records;
mod reload;
mod report;
mod shape;
mod stand;
mod status;
mod tag;
mod unknown_names;
mod uptime;
mod words;

use hyper::body::Incoming;

use super::problem::Problem;
use super::reply::Reply;
use crate::app::messages::MessageDeed;
use crate::store::Stance;
use asked::{ApiOutcome, MAX_BODY_BYTES, read_body};

pub(super) use asked::Asked;
pub(super) use contract::{Content, Contract};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    List,
    Create,
    Show,
    Replace,
    Amend,
    Delete,
    Pause,
    Unpause,
    Ping,
    Report,
    Records,
    OneRecord,
    BeginRecord,
    EndRecord,
    Marks,
    OneMark,
    PutMark,
    DeleteMark,
    Due,
    History(HistoryKind),
    Body,
    Incident,
    Diagnose,
    EndSolution,
    Incidents,
    Messages,
    ActOnMessage(MessageDeed),
    RetryMessages,
    Mutes,
    OneMute,
    Mute,
    Unmute,
    Stand(Stance),
    StandMany(Stance),
    Reload,
    Status,
    Uptime,
    UptimeOfAll,
    Audit,
    Config,
    ConfigSchema,
    CheckConfig,
    Receivers,
    TestReceiver,
    Flips,
    UnknownNames,
    ForgetUnknownName,
    ForgetUnknownNames,
    Document,
}

pub(super) use history::HistoryKind;

/// Answers a request.
pub(super) async fn answer(asked: Asked<'_>, action: Operation, body: Incoming) -> Reply {
    let outcome = match action {
        Operation::Ping => ping::take(&asked, body).await,
        Operation::Report => report::answer(&asked, body).await,
        _ => match read_body(&asked, body, MAX_BODY_BYTES).await {
            Ok(body) => act(&asked, action, &body).await,
            Err(problem) => Err(problem),
        },
    };
    outcome.unwrap_or_else(Problem::reply)
}

async fn act(asked: &Asked<'_>, action: Operation, body: &[u8]) -> ApiOutcome {
    match action {
        Operation::List => list::answer(asked).await,
        Operation::Create => change::create(asked, body).await,
        Operation::Show => check::answer(asked).await,
        Operation::Replace => change::replace(asked, body).await,
        Operation::Amend => change::amend(asked, body).await,
        Operation::Delete => change::delete(asked).await,
        Operation::Pause => pause::pause(asked, body).await,
        Operation::Unpause => pause::unpause(asked, body).await,
        Operation::Ping | Operation::Report => unreachable!("these read their bodies themselves"),
        Operation::Records => records::list(asked).await,
        Operation::OneRecord => records::one(asked).await,
        Operation::BeginRecord => records::begin(asked, body).await,
        Operation::EndRecord => records::end(asked).await,
        Operation::Marks => records::marks(asked).await,
        Operation::OneMark => records::mark(asked).await,
        Operation::PutMark => records::put_mark(asked, body).await,
        Operation::DeleteMark => records::delete_mark(asked).await,
        Operation::Due => due::answer(asked).await,
        Operation::History(kind) => history::answer(asked, kind).await,
        Operation::Body => history::body(asked).await,
        Operation::Incident => incident::answer(asked).await,
        Operation::Diagnose => diagnosis::decide(asked, body).await,
        Operation::EndSolution => diagnosis::end(asked, body).await,
        Operation::Incidents => incidents::answer(asked).await,
        Operation::Messages => messages::list(asked).await,
        Operation::ActOnMessage(deed) => messages::act(asked, deed, body).await,
        Operation::RetryMessages => messages::retry_all(asked, body).await,
        Operation::Mutes => mutes::list(asked),
        Operation::OneMute => mutes::one(asked),
        Operation::Mute => mutes::mute(asked, body).await,
        Operation::Unmute => mutes::unmute(asked).await,
        Operation::Stand(stance) => stand::one(asked, stance, body).await,
        Operation::StandMany(stance) => stand::many(asked, stance, body).await,
        Operation::Reload => reload::answer(asked, body).await,
        Operation::Status => status::answer(asked).await,
        Operation::Uptime => uptime::one(asked).await,
        Operation::UptimeOfAll => uptime::list(asked).await,
        Operation::Audit => audit::answer(asked).await,
        Operation::Config => config::answer(asked).await,
        Operation::ConfigSchema => config::schema_of_files(asked),
        Operation::CheckConfig => check_config::answer(asked, body).await,
        Operation::Receivers => config::receivers(asked).await,
        Operation::TestReceiver => config::test(asked, body).await,
        Operation::Flips => flips::answer(asked).await,
        Operation::UnknownNames => unknown_names::list(asked),
        Operation::ForgetUnknownName => unknown_names::forget(asked).await,
        Operation::ForgetUnknownNames => unknown_names::forget_all(asked).await,
        Operation::Document => unreachable!("it is made of the route table, which answers it"),
    }
}

impl Operation {
    /// What it takes and answers.
    pub(super) fn contract(self) -> Contract {
        match self {
            Operation::List => list::contract(),
            Operation::Create => change::contract_of_create(),
            Operation::Show => check::contract(),
            Operation::Replace => change::contract_of_replace(),
            Operation::Amend => change::contract_of_amend(),
            Operation::Delete => change::contract_of_delete(),
            Operation::Pause => pause::contract_of_pause(),
            Operation::Unpause => pause::contract_of_unpause(),
            Operation::Ping => ping::contract(),
            Operation::Report => report::contract(),
            Operation::Records => records::contract_of_list(),
            Operation::OneRecord => records::contract_of_one(),
            Operation::BeginRecord => records::contract_of_begin(),
            Operation::EndRecord => records::contract_of_end(),
            Operation::Marks => records::contract_of_marks(),
            Operation::OneMark => records::contract_of_mark(),
            Operation::PutMark => records::contract_of_put_mark(),
            Operation::DeleteMark => records::contract_of_delete_mark(),
            Operation::Due => due::contract(),
            Operation::History(kind) => history::contract(kind),
            Operation::Body => history::contract_of_body(),
            Operation::Incident => incident::contract(),
            Operation::Diagnose => diagnosis::contract(),
            Operation::EndSolution => diagnosis::contract_of_end(),
            Operation::Incidents => incidents::contract(),
            Operation::Messages => messages::contract(),
            Operation::ActOnMessage(deed) => messages::contract_of_act(deed),
            Operation::RetryMessages => messages::contract_of_retry_all(),
            Operation::Mutes => mutes::contract_of_list(),
            Operation::OneMute => mutes::contract_of_one(),
            Operation::Mute => mutes::contract_of_mute(),
            Operation::Unmute => mutes::contract_of_unmute(),
            Operation::Stand(stance) => stand::contract_of_one(stance),
            Operation::StandMany(stance) => stand::contract_of_many(stance),
            Operation::Reload => reload::contract(),
            Operation::Status => status::contract(),
            Operation::Uptime => uptime::contract_of_one(),
            Operation::UptimeOfAll => uptime::contract_of_list(),
            Operation::Audit => audit::contract(),
            Operation::Config => config::contract(),
            Operation::ConfigSchema => config::contract_of_schema(),
            Operation::CheckConfig => check_config::contract(),
            Operation::Receivers => config::contract_of_receivers(),
            Operation::TestReceiver => config::contract_of_test(),
            Operation::Flips => flips::contract(),
            Operation::UnknownNames => unknown_names::contract_of_list(),
            Operation::ForgetUnknownName => unknown_names::contract_of_forget(),
            Operation::ForgetUnknownNames => unknown_names::contract_of_forget_all(),
            Operation::Document => contract::of_document(),
        }
    }
}
