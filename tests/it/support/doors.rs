//! The HTTP server in the test's own process: with limits small enough to reach, and pings that wait as long as told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use punctual::app::{Services, TakePings};
use punctual::clock::Clock;
use punctual::core::check::{CheckId, Definition, Name, PingMethods, Source, SourceLine, Spec};
use punctual::core::schedule::Schedule;
use punctual::core::state::State;
use punctual::core::time::{Span, Time};
use punctual::core::window::WindowCount;
use punctual::http::App;
use punctual::http::limits::Limits;
use punctual::http::{Listeners, server};
use punctual::store::command::StoreCommand;
use punctual::store::history::Reader;
use punctual::store::live::{Check, Directory, Known, Live};
use punctual::store::sqlite::SqliteStore;
use punctual::store::writer::{Overloaded, PingAnswer};
use punctual::store::{Applied, PingFact, ResultFact, StoreError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::http::runtime;
use super::inbox::Inbox;

type Held = oneshot::Sender<Result<Applied, StoreError>>;

/// Takes pings in place of the writer's thread, and answers them as told.
#[derive(Clone)]
pub(crate) struct Ledger {
    /// What was taken: the check's name, and the fact.
    pub(crate) facts: Inbox<(String, PingFact)>,
    mode: Arc<Mutex<Mode>>,
    held: Arc<Mutex<Vec<Held>>>,
    held_commands: Arc<Mutex<Vec<StoreCommand>>>,
    /// The earliest that is not judged yet.
    pub(crate) deadline: Arc<Mutex<Option<Time>>>,
    /// Up to when all is stored; `None`: now.
    pub(crate) applied_to: Arc<Mutex<Option<Time>>>,
    /// How many requests were refused before they were read.
    pub(crate) refused_unread: Arc<AtomicU64>,
    names: Arc<HashMap<CheckId, String>>,
    /// Of a database in which nothing has happened.
    folder: Arc<tempfile::TempDir>,
}

/// What happens to a ping.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Store,
    /// Until [`Ledger::release`].
    Hold,
    Refuse,
    Fail,
}

impl Ledger {
    pub(crate) fn set_mode(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    /// Stores what is held.
    pub(crate) fn release(&self) {
        for answer in self.held.lock().unwrap().drain(..) {
            let _ = answer.send(Ok(Applied::Done(None)));
        }
    }
}

impl TakePings for Ledger {
    fn ping(&self, check: CheckId, fact: PingFact) -> Result<PingAnswer, Overloaded> {
        let (answer, answered) = oneshot::channel();
        match *self.mode.lock().unwrap() {
            Mode::Refuse => return Err(Overloaded),
            Mode::Hold => self.held.lock().unwrap().push(answer),
            Mode::Store => answer.send(Ok(Applied::Done(None))).unwrap(),
            Mode::Fail => answer.send(Err(StoreError::Full)).unwrap(),
        }
        self.facts.push((self.names[&check].clone(), fact));
        Ok(answered)
    }

    fn report(&self, _: CheckId, _: ResultFact) -> Result<PingAnswer, Overloaded> {
        Err(Overloaded)
    }

    fn deadline(&self) -> Option<Time> {
        *self.deadline.lock().unwrap()
    }

    fn refuse(&self, _: CheckId) {}

    fn refuse_unread(&self) {
        self.refused_unread.fetch_add(1, Ordering::SeqCst);
    }

    fn close(&self) {}

    fn applied_to(&self) -> Time {
        self.applied_to.lock().unwrap().unwrap_or_else(|| Clock::new().now())
    }

    fn is_healthy(&self) -> bool {
        !matches!(*self.mode.lock().unwrap(), Mode::Refuse | Mode::Fail)
    }

    /// There is no store behind these doors: commands are held, or lost.
    fn command(&self, command: StoreCommand) {
        if let Mode::Hold = *self.mode.lock().unwrap() {
            self.held_commands.lock().unwrap().push(command);
        }
    }
}

/// A server that stops when it is dropped.
pub(crate) struct Doors {
    pub(crate) app: Arc<App>,
    pub(crate) ledger: Ledger,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Doors {
    /// The checks `backup` (formerly `old-backup`), `worker` (which depends on it) and `post-only`.
    pub(crate) fn open(limits: Limits) -> Doors {
        Doors::open_with(limits, |_| {})
    }

    /// The same, with the app changed before it serves.
    pub(crate) fn open_with(limits: Limits, change: impl FnOnce(&mut App)) -> Doors {
        let (app, ledger) = Doors::unopened(change);
        let (stop, stopped) = oneshot::channel();
        let _guard = runtime().enter();
        let listeners = Listeners::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let address = listeners.addresses()[0];
        let stopped = async { drop(stopped.await) };
        let serving = runtime().spawn(server::serve(listeners, app.clone(), limits, stopped));
        Doors { app, ledger, address, stop: Some(stop), serving: Some(serving) }
    }

    /// What is behind the doors, for a server of the test's own.
    pub(crate) fn unopened(change: impl FnOnce(&mut App)) -> (Arc<App>, Ledger) {
        let live = Arc::new(Live::default());
        let checks = [
            check(1, "backup", |it| it.renamed_from = vec![Name::parse("old-backup").unwrap()].into()),
            check(2, "post-only", |it| it.ping_methods = PingMethods::Post),
            check(3, "worker", |it| it.depends_on = vec![Name::parse("backup").unwrap()].into()),
        ];
        let names = checks.iter().map(|check| (check.id, check.definition.name.to_string())).collect();
        live.set_directory(directory(checks.into()));
        let folder = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(folder.path()).unwrap());
        let ledger = Ledger {
            facts: Inbox::new(),
            mode: Arc::new(Mutex::new(Mode::Store)),
            held: Arc::default(),
            held_commands: Arc::default(),
            deadline: Arc::default(),
            applied_to: Arc::default(),
            refused_unread: Arc::default(),
            names: Arc::new(names),
            folder: Arc::new(folder),
        };
        let (reloads, _) = tokio::sync::mpsc::channel(1);
        let history = Reader::new(ledger.folder.path());
        let services =
            Services::new(live, Arc::new(ledger.clone()), Arc::new(Clock::new()), history, reloads);
        let mut app = App::new(Arc::new(services));
        let alive_ms = app.services.clock.now().as_ms();
        app.services.live.totals.last_sign_of_life_ms.store(alive_ms, Ordering::Relaxed);
        change(&mut app);
        (Arc::new(app), ledger)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The path begins with `/`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks it to stop; [`Doors::wait`] waits for the end.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub(crate) fn wait(&mut self) {
        runtime().block_on(self.serving.take().unwrap()).unwrap();
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.ledger.release();
        self.stop();
    }
}

fn directory(checks: Vec<Arc<Check>>) -> Directory {
    let names = |check: &Arc<Check>| check.definition.renamed_from.clone();
    let former: Vec<(Name, Arc<Check>)> =
        checks.iter().flat_map(|check| names(check).into_iter().map(|name| (name, check.clone()))).collect();
    Directory::new(checks, former)
}

fn check(id: u64, name: &str, declare: impl FnOnce(&mut Definition)) -> Arc<Check> {
    let spec = Spec { grace: Span::mins(1), ..Spec::new(Schedule::Every(Span::mins(5))) };
    let declared = Time::from_secs(1_700_000_000);
    let mut window = WindowCount::new(Span::mins(6));
    window.add(declared);
    let known = Known { state: State::declared(&spec, declared), window };
    let source = Source::File { path: "punctual.yaml".into(), line: SourceLine::new(3) };
    let mut definition = Definition::new(Name::parse(name).unwrap(), spec, source);
    definition.title = format!("<b>{name}</b>").into();
    declare(&mut definition);
    Arc::new(Check::new(CheckId(id), Arc::new(definition), known))
}
