//! Links in messages, by which people acknowledge (22.5). To fetch one changes nothing: mail programs and their guards do.

use hyper::StatusCode;
use hyper::body::Incoming;

use super::act::{RefusedForm, end, invalid};
use super::problem::Problem;
use super::reply::Reply;
use super::visit::Visit;
use super::{form, pages, sign_in};
use crate::app::incidents::StanceAsked;
use crate::app::{Actor, Entrance, ack_link};
use crate::core::time::{Span, Time};
use crate::notify::AckLink;
use crate::store::Stance;

/// So long it is acknowledged where nothing is said.
const LASTS: Span = Span::mins(24 * 60);

/// Answers `POST /ack/{token}`: acknowledges, and shows how things stand.
pub(super) async fn answer(visit: Visit<'_>, token: &str, body: Incoming) -> Reply {
    let form = match form::read(visit, body).await {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    match acknowledge(visit, token, &form).await {
        // Asked for anew, so that loading it again does nothing again.
        Ok(()) => sign_in::moved(&format!("./{token}"), None),
        Err(problem) => {
            let refused = RefusedForm { problem, comment: form.get("comment").trim().to_owned() };
            let token = token.to_owned();
            pages::make(visit, move |app| pages::ack(app, &token, Some(&refused))).await
        }
    }
}

async fn acknowledge(visit: Visit<'_>, token: &str, form: &form::Form) -> Result<(), Problem> {
    let services = &visit.app.services;
    let now = services.clock.now();
    let link = ack_link::of_token(services, token)
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "this link is not one of this server's"))?;
    if link.until < now {
        return Err(Problem::new(StatusCode::GONE, "this link was good for a week, which is over"));
    }
    let said = form.get("who").trim().to_owned();
    if said.is_empty() {
        return Err(invalid("say who you are"));
    }
    let receiver = receiver(visit, &link).await?;
    let actor =
        Actor { said: Some(said), door: Entrance::Link { receiver: receiver.into(), source: visit.source } };
    let until = until(form.get("for"), now)?;
    let asked = StanceAsked { stance: Stance::Acknowledge, until, comment: form.get("comment") };
    ack_link::acknowledge(services, &actor, &link, &asked).await?;
    Ok(())
}

/// To whom the link was sent.
async fn receiver(visit: Visit<'_>, link: &AckLink) -> Result<String, Problem> {
    let (services, link) = (visit.app.services.clone(), link.clone());
    let reading =
        visit.app.services.aside(crate::app::Room::Pages, move || ack_link::message_of(&services, &link));
    let unread = |why: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why);
    let found =
        reading.await.map_err(|bug| unread(bug.to_string()))?.map_err(|error| unread(error.to_string()))?;
    let gone = || Problem::new(StatusCode::GONE, "what this message told is not kept any more");
    Ok(found.ok_or_else(gone)?.receiver)
}

/// Until when; `None`: until it ends, if that is what they say.
fn until(lasts: &str, now: Time) -> Result<Option<Time>, Problem> {
    match lasts.trim() {
        "" => Ok(Some(now + LASTS)),
        "end" => Ok(None),
        // Whoever has the link says one of these: a second would have all receivers told again and again.
        lasts if pages::ACK_LENGTHS.iter().any(|(length, _)| *length == lasts) => end(lasts, now),
        _ => Err(invalid("say for how long, as the page offers it")),
    }
}
