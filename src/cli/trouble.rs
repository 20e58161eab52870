//! Why a command that asks a server came to nothing.

use std::io;

use reqwest::StatusCode;

use super::failure::Failure;

/// Why it came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server says no: `why` for people, of which `detail` is what it said itself.
    Refused { status: StatusCode, why: String, detail: String },
    /// Some of what was asked was not done.
    Declined(String),
    /// What is wrong was told already.
    Told,
    /// It was not asked, or did not answer.
    NotAsked(String),
    /// Whoever reads the output has heard enough.
    Unheard,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Trouble::Unheard,
            _ => Trouble::NotAsked(error.to_string()),
        }
    }
}

impl From<Failure> for Trouble {
    fn from(Failure(text): Failure) -> Trouble {
        Trouble::NotAsked(text.trim_start_matches("punctual: ").to_owned())
    }
}
