//! Having the configuration read again, by whatever door.

use tokio::sync::oneshot;

use super::actor::Actor;
use super::not_done::NotDone;
use super::services::{ReloadRequest, Services};

/// Has the configuration read again, and says what changed when that is done. What it came to is logged by whoever reads it.
pub async fn reload(services: &Services, actor: &Actor, allow_mass_removal: bool) -> Result<String, NotDone> {
    let more = if allow_mass_removal { ", also if it removes most checks" } else { "" };
    actor.log(&format!("the configuration is read again{more}"));
    let (outcome, answer) = oneshot::channel();
    let request = ReloadRequest { allow_mass_removal, by: actor.name(), outcome };
    services.reloads.send(request).await.map_err(|_| NotDone::Stopping)?;
    answer.await.map_err(|_| NotDone::Stopping)?.map_err(NotDone::Faulty)
}
