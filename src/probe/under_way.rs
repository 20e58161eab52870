//! What runs at a server of databases for a look, and is cancelled there where nobody waits for it any more.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::Handle;

use super::within::within;
use crate::core::time::Span;

/// The longest that is waited for the server to take note that a look has ended.
pub(super) const MAX_FAREWELL: Span = Span::secs(1);

/// A request that a server end what it does for us, which takes another connection.
pub(super) trait Cancel: Send + 'static {
    fn send(self) -> impl Future<Output = ()> + Send;
}

/// What is cancelled when this is dropped, unless it has ended by itself.
pub(super) struct UnderWay<C: Cancel>(Mutex<Option<C>>);

impl<C: Cancel> UnderWay<C> {
    /// Nothing yet.
    pub(super) fn nothing() -> UnderWay<C> {
        UnderWay(Mutex::new(None))
    }

    fn replace(&self, by: Option<C>) -> Option<C> {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), by)
    }

    /// From now on there is something to cancel.
    pub(super) fn begins(&self, cancel: C) {
        self.replace(Some(cancel));
    }

    /// It has ended by itself.
    pub(super) fn has_ended(&self) {
        self.replace(None);
    }

    /// Cancels it, if it has not ended. If that does not arrive, the server ends it a little later.
    pub(super) async fn cancel(&self) {
        if let Some(cancel) = self.replace(None) {
            let _ = within(MAX_FAREWELL, cancel.send()).await;
        }
    }
}

impl<C: Cancel> Drop for UnderWay<C> {
    fn drop(&mut self) {
        // Where all is stopped the server ends it by itself in time.
        if let (Some(cancel), Ok(runtime)) = (self.replace(None), Handle::try_current()) {
            runtime.spawn(async move { within(MAX_FAREWELL, cancel.send()).await });
        }
    }
}
