//! What a command has written so far: its beginning. The rest is read and dropped, so that it is not held up.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

use super::command::ExecRun;

#[derive(Clone, Default)]
pub(super) struct ExecOutput(Arc<Mutex<(Vec<u8>, bool)>>);

impl ExecOutput {
    /// Reads until nobody can write any more.
    pub(super) async fn read(self, mut from: impl AsyncRead + Unpin) {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (kept, is_cut) = &mut *known;
            let room = ExecRun::MAX_OUTPUT_BYTES - kept.len();
            kept.extend_from_slice(&piece[..length.min(room)]);
            *is_cut |= length > room;
        }
    }

    /// What came, and whether more did.
    pub(super) fn take(&self) -> (Vec<u8>, bool) {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
