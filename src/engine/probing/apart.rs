//! The thread on which looks run: whatever a server answers, no ping waits for it.

use std::convert::Infallible;
use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

/// A thread with a runtime of its own, once one is asked for. Dropping it ends both.
pub(super) struct Apart {
    stack_bytes: usize,
    made: Option<(Handle, oneshot::Sender<Infallible>)>,
}

impl Default for Apart {
    fn default() -> Apart {
        // What a database says of a type may lead to another type, and so on: each step of that lies on the stack.
        Apart { stack_bytes: 64 << 20, made: None }
    }
}

impl Apart {
    /// The runtime; an error: there is no thread to be had, or no files. It may be asked for again, and ends nothing else: a
    /// runtime of many threads panics where it gets none.
    pub(super) async fn runtime(&mut self) -> io::Result<Handle> {
        if let Some((handle, _)) = &self.made {
            return Ok(handle.clone());
        }
        let (say, made) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let builder = thread::Builder::new().name("probes".to_owned()).stack_size(self.stack_bytes);
        builder.spawn(move || match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => run(runtime, say, stopped),
            Err(error) => drop(say.send(Err(error))),
        })?;
        let handle = made.await.map_err(io::Error::other)??;
        self.made = Some((handle.clone(), stop));
        Ok(handle)
    }
}

fn run(runtime: Runtime, say: oneshot::Sender<io::Result<Handle>>, stopped: oneshot::Receiver<Infallible>) {
    // Whoever has asked may be gone, and has then dropped what stops it, too.
    let _ = say.send(Ok(runtime.handle().clone()));
    let _ = runtime.block_on(stopped);
    runtime.shutdown_background();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 17.6d
    #[tokio::test]
    async fn a_thread_that_cannot_be_had_is_an_error_and_asked_for_again() {
        let more_than_there_is = 1 << 50;
        let mut apart = Apart { stack_bytes: more_than_there_is, ..Apart::default() };
        apart.runtime().await.expect_err("no machine has so much");
        apart.stack_bytes = Apart::default().stack_bytes;
        let runtime = apart.runtime().await.expect("there is one");
        let name = runtime.spawn(async { thread::current().name().map(str::to_owned) });
        assert_eq!(name.await.expect("it runs").as_deref(), Some("probes"));
        let waits = runtime.spawn(std::future::pending::<()>());
        drop(apart);
        assert!(waits.await.expect_err("it was ended").is_cancelled());
    }
}
