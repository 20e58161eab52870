//! The looks that run, each with what it looks at: one that ends by a bug says nothing of it.

use std::collections::HashMap;

use tokio::runtime::Handle;
use tokio::task::{Id, JoinSet};

/// Tasks, and a key for each. Dropping it ends them.
pub(super) struct Looks<K, T> {
    tasks: JoinSet<T>,
    running: HashMap<Id, K>,
}

impl<K, T: Send + 'static> Looks<K, T> {
    pub(super) fn new() -> Looks<K, T> {
        Looks { tasks: JoinSet::new(), running: HashMap::new() }
    }

    pub(super) fn begin(&mut self, key: K, look: impl Future<Output = T> + Send + 'static, on: &Handle) {
        let id = self.tasks.spawn_on(look, on).id();
        self.running.insert(id, key);
    }

    /// The next one that ends, and what it came to; nothing, if it ended by a bug. Never returns while none runs.
    pub(super) async fn next(&mut self) -> (K, Option<T>) {
        let Some(ended) = self.tasks.join_next_with_id().await else { return std::future::pending().await };
        let (id, came_to) = match ended {
            Ok((id, came_to)) => (id, Some(came_to)),
            Err(error) => {
                tracing::error!(%error, "a look has ended by a bug");
                (error.id(), None)
            }
        };
        (self.running.remove(&id).expect("what ends has begun"), came_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 17.6
    #[tokio::test]
    async fn a_look_that_panics_ends_as_any_other() {
        let mut looks = Looks::new();
        looks.begin("panics", async { panic!("a bug") }, &Handle::current());
        assert_eq!(looks.next().await, ("panics", None));
        looks.begin("works", async { 7 }, &Handle::current());
        assert_eq!(looks.next().await, ("works", Some(7)));
        assert!(looks.running.is_empty());
    }
}
