//! What people and the server did (22.10).

use std::time::Duration;

use tokio::time::timeout;

use super::actor::Actor;
use super::history::{HistoryPage, PageAsked};
use super::services::Services;
use crate::core::audit::AuditKind;
use crate::store::StoreError;
use crate::store::command::StoreCommand;
use crate::store::history::{AuditRecord, AuditsWanted};

/// So long is waited for the disk: whoever signs in because something is wrong with it gets in all the same.
const PATIENCE: Duration = Duration::from_secs(1);

/// A page of it, newest first. Reads the database: to be asked aside.
pub fn list(
    services: &Services,
    wanted: &AuditsWanted,
    asked: PageAsked,
) -> Result<HistoryPage<AuditRecord>, StoreError> {
    let PageAsked { before, limit } = asked;
    Ok(HistoryPage::new(services.history.audits(wanted, before, limit)?, limit, |record| record.id))
}

/// Keeps that somebody has signed in, or out: what nothing else stores. Where it cannot be kept, the log says so.
pub async fn keep(services: &Services, actor: &Actor, what: AuditKind) {
    let command = |answer| StoreCommand::Keep(what, actor.name(), answer);
    let why = match timeout(PATIENCE, services.command(actor, command)).await {
        Ok(Ok(Ok(()))) => return,
        Ok(Ok(Err(error))) => error.to_string(),
        Ok(Err(busy)) => busy.to_string(),
        Err(_) => "the disk hangs, or the server is busy".to_owned(),
    };
    tracing::warn!(what = what.as_str(), "this is not kept in the history of what people did: {why}");
}
