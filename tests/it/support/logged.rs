//! What is logged on the thread of a test.

use std::sync::{Arc, Once};

use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;

/// All that is logged by this, which may ask what was logged until then.
pub(crate) fn logged(act: impl FnOnce(&dyn Fn() -> String)) -> String {
    // What nobody listens to on the thread that comes to it first is logged nowhere from then on: so somebody is always asked.
    static ASKED: Once = Once::new();
    ASKED.call_once(|| {
        let nobody = tracing_subscriber::registry().with(dynamic_filter_fn(|_, _| false));
        tracing::subscriber::set_global_default(nobody).unwrap();
    });
    let log = tempfile::NamedTempFile::new().unwrap();
    let said = || std::fs::read_to_string(log.path()).unwrap();
    let subscriber = tracing_subscriber::fmt().with_writer(Arc::new(log.reopen().unwrap())).finish();
    tracing::subscriber::with_default(subscriber, || act(&said));
    said()
}
