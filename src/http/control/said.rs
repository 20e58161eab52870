//! What somebody says, who, and how it is stored.

use crate::core::time::Time;
use crate::http::App;
use crate::store::{Store, StoreError};

/// The longest name of who says something, in bytes.
const MAX_NAME_BYTES: usize = 100;
/// The longest comment, in bytes.
const MAX_COMMENT_BYTES: usize = 1000;

/// What the writer's thread answers.
pub(super) async fn stored<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&mut dyn Store, Time) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, String> {
    app.services.on_store(work).await.map_err(|busy| busy.to_string())?.map_err(|error| error.to_string())
}

/// What somebody says, and who.
pub(super) struct Said {
    pub(super) comment: String,
    pub(super) by: String,
}

impl Said {
    /// Of whoever gives no name, the number is known.
    pub(super) fn new(comment: String, by: String, user: u32) -> Said {
        Said { comment, by: if by.is_empty() { format!("user {user}") } else { by } }
    }

    /// `, says ann: vendor outage`
    pub(super) fn in_words(&self) -> String {
        let why = if self.comment.is_empty() { String::new() } else { format!(": {}", self.comment) };
        format!(", says {}{why}", self.by)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let by = &self.by;
        if by.is_empty() || by.len() > MAX_NAME_BYTES || by.chars().any(char::is_control) {
            return Err(format!("who says so has a name of at most {MAX_NAME_BYTES} bytes"));
        }
        if self.comment.len() > MAX_COMMENT_BYTES || self.comment.chars().any(char::is_control) {
            return Err(format!("a comment is one line of at most {MAX_COMMENT_BYTES} bytes"));
        }
        Ok(())
    }
}
