//! Work that blocks. It has a thread of its own, and not one of a pool: where none can be had that is said at once, and is no
//! time of the server that is looked at.

use std::io;
use std::thread::Builder;

use tokio::sync::oneshot;

/// Does it, and waits for it. It goes on where nobody waits any more.
pub(super) async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (done, is_done) = oneshot::channel();
    Builder::new().name("probe".to_owned()).spawn(move || {
        // Whoever has asked may be gone.
        let _ = done.send(work());
    })?;
    is_done.await.map_err(|_| io::Error::other("a fault of punctual: the log says which"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_an_error() {
        assert_eq!(on_thread(|| 7).await.expect("it was done"), 7);
        assert!(on_thread(|| panic!("a bug")).await.is_err());
    }
}
