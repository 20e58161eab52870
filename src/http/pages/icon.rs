//! The icon of a page: a dot in the colour of the worst status that it shows.

use crate::core::cause::Status;

/// Of pages that show no status, and of those that are too old to be believed.
const NONE: &str = "9aa4af";

/// Its address: the picture itself.
pub(super) fn of(worst: Option<Status>) -> String {
    let colour = worst.map_or(NONE, colour);
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E\
         %3Ccircle cx='4' cy='4' r='3' fill='%23{colour}'/%3E%3C/svg%3E"
    )
}

/// To be seen on light and dark tabs alike.
fn colour(status: Status) -> &'static str {
    match status {
        Status::Failing => "e5383f",
        Status::Late => "e8811a",
        Status::Unknown => "9b5fd0",
        Status::Grace => "c9a227",
        Status::Up => "2da44e",
        Status::New | Status::Paused | Status::Archived => NONE,
    }
}
