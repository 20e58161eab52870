//! What came in from another thread, in order, with a wait that wakes when something comes.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Shared by whoever receives and whoever waits.
pub(crate) struct Inbox<T>(Arc<(Mutex<Vec<T>>, Condvar)>);

impl<T> Clone for Inbox<T> {
    fn clone(&self) -> Self {
        Inbox(Arc::clone(&self.0))
    }
}

impl<T: Clone + std::fmt::Debug> Inbox<T> {
    pub(crate) fn new() -> Inbox<T> {
        Inbox(Arc::new((Mutex::new(Vec::new()), Condvar::new())))
    }

    pub(crate) fn push(&self, item: T) {
        self.0.0.lock().unwrap().push(item);
        self.0.1.notify_all();
    }

    /// All that came so far.
    pub(crate) fn all(&self) -> Vec<T> {
        self.0.0.lock().unwrap().clone()
    }

    /// Waits until what came has an answer; a failure shows all that came.
    pub(crate) fn wait<R>(&self, what: &str, within: Duration, mut ask: impl FnMut(&[T]) -> Option<R>) -> R {
        let mut answer = None;
        let items = self.0.0.lock().unwrap();
        let (items, _) = self
            .0
            .1
            .wait_timeout_while(items, within, |items| {
                answer = ask(items);
                answer.is_none()
            })
            .unwrap();
        let came = items.clone();
        drop(items);
        answer.unwrap_or_else(|| panic!("waited {within:?} in vain for {what}; came: {came:#?}"))
    }

    /// Waits until at least so many came, and answers all.
    pub(crate) fn wait_for_count(&self, what: &str, within: Duration, count: usize) -> Vec<T> {
        self.wait(what, within, |items| (items.len() >= count).then(|| items.to_vec()))
    }
}
