//! What a form of a page sends.

use hyper::StatusCode;
use hyper::body::Incoming;

use super::body::{self, Keep};
use super::problem::Problem;
use super::reply::{self, Reply};
use super::visit::Visit;

/// The largest form, in bytes.
pub(super) const MAX_BYTES: usize = 16 * 1024;

const NOT_READ: &str = "the form did not arrive, or is too long: nothing was done\n";
const OF_ANOTHER_SESSION: &str =
    "this form is of a page that was loaded before you signed in: load the page again";

/// What a form of a page sends.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    fn parse(bytes: &[u8]) -> Form {
        Form(form_urlencoded::parse(bytes).map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The first value of this name; "" where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    /// All values of this name.
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a form.
pub(super) async fn read(visit: Visit<'_>, body: Incoming) -> Result<Form, Box<Reply>> {
    read_up_to(visit, body, MAX_BYTES).await
}

/// Reads a form of at most so many bytes.
pub(super) async fn read_up_to(
    visit: Visit<'_>,
    body: Incoming,
    max_bytes: usize,
) -> Result<Form, Box<Reply>> {
    match body::read(body, Keep { first: max_bytes, last: 0 }, visit.limits).await {
        Ok(received) if received.left_out == 0 => Ok(Form::parse(&received.kept)),
        Ok(_) | Err(_) => Err(Box::new(reply::text(StatusCode::BAD_REQUEST, NOT_READ))),
    }
}

/// What is said to a form that another session's page made, or none of ours.
pub(super) fn of_another_session() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, OF_ANOTHER_SESSION)
}
