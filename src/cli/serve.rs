//! `punctual serve`: puts the parts together, runs them, and takes them apart in order.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::certificates::Certificates;
use super::difference::{Difference, Rest, log_faults, report_kept};
use super::failure::{Failure, install_tls};
use super::for_app::ForApp;
use super::last_read::LastRead;
use super::log;
use super::reload::{self, Loaded, Occasions, Reloader, load};
use super::samples;
use super::settings::{Flags, Settings};
use crate::app::{SampleRequest, Services};
use crate::clock::Clock;
use crate::compat::origins;
use crate::core::time::Time;
use crate::core::version;
use crate::engine::{self, Engine};
use crate::http::App;
use crate::http::limits::Limits;
use crate::http::socket::{self, ControlSocket};
use crate::http::{HandedOver, Listeners, server};
use crate::metrics::Own;
use crate::store::history::Reader;
use crate::store::sqlite::{ReadAhead, SqliteStore};
use crate::store::writer::{self, Writer};
use crate::store::{Compared, LetGo, Store};

/// Ping URLs that are logged at the start.
const MAX_URLS: usize = 20;
/// What is queued is stored within this after the last answer; a disk that hangs is not waited for longer.
const WRITER_TIMEOUT: Duration = Duration::from_secs(2);
/// Reloads that wait.
const MAX_RELOADS: usize = 16;
/// Samples that wait: each may take a minute.
const MAX_SAMPLES: usize = 4;

/// Runs until a signal says to stop.
pub(super) fn main(flags: Flags) -> Result<(), Failure> {
    let settings = flags.validate()?;
    let format = settings.log_format;
    log::start(settings.log_level, format);
    let outcome = start(settings);
    outcome.map_err(|Failure(why)| {
        log::say_the_end(format, &why);
        Failure::told()
    })
}

fn start(settings: Settings) -> Result<(), Failure> {
    tracing::info!(version = version::VERSION, commit = version::COMMIT, "punctual starts");
    install_tls();
    let handed = HandedOver::from_environment()?;
    let runtime = Builder::new_multi_thread().worker_threads(http_threads()).enable_all().build()?;
    let reading_thread = reload::reading_thread()?;
    let outcome = runtime.block_on(run(settings, handed, reading_thread.handle()));
    // A thread that hangs must not keep the process.
    [runtime, reading_thread].into_iter().for_each(Runtime::shutdown_background);
    outcome
}

/// One for each processor but the writer's. Where connections fill all of them, the writer waits its turn, and all
/// connections wait for the writer: with one thread fewer it takes more pings (docs/performance.md).
fn http_threads() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    processors.saturating_sub(1).max(1)
}

async fn run(mut settings: Settings, handed: Option<HandedOver>, thread: &Handle) -> Result<(), Failure> {
    // Before anything that takes time, as many checks or the wait for another server's end: by itself, a SIGHUP would end
    // this one.
    let hangups = signal(SignalKind::hangup())?;
    let (loaded, ahead) = read(&settings, thread).await?;
    // Nobody holds a folder that is not there: an address that is taken is told before one is made.
    let early = match handed {
        Some(handed) => Some(Listeners::of(handed)?),
        None if settings.storage_path.exists() => None,
        None => Some(Listeners::bind(&settings.listen_addresses)?),
    };
    let store = SqliteStore::open_after(&settings.storage_path, ahead)?.knowing(origins());
    let (loaded, fault) = newest(&settings, thread, loaded).await?;
    let limits = Limits::default().within_open_files(raise_open_files());
    // From here on jobs that connect wait, and are not refused.
    let listeners = early.map_or_else(|| Listeners::bind(&settings.listen_addresses), Ok)?;
    settings.know_addresses(&listeners.addresses(), loaded.0.web.tls.is_some());
    let Parts { app, writer, engine, reloader, reloads, samples } =
        assemble(&settings, thread, store, loaded, hangups)?;
    if let Some(fault) = fault {
        app.services.counters.own.config_refused();
        app.services.in_force.set_reload_fault(fault);
    }
    log_urls(&app, &listeners);

    // Not before: while we wait for another server's end, nobody would hear them, and they must end us.
    let mut terminations = Terminations::new()?;
    let (stop, stopped) = watch::channel(false);
    let reloading = tokio::spawn(reloader.run(reloads));
    let sampling = tokio::spawn(samples::serve(samples, app.clone(), engine.clone()));
    let mut judging = tokio::spawn(engine.run(stopped.clone()));
    let controlling = serve_control(&settings, &app, &stopped);
    let mut serving = tokio::spawn(server::serve(listeners, app, limits, until(stopped.clone())));

    // Whoever only judges finds everything late, and whoever only serves finds nothing late: neither goes on alone.
    let (judged, served) = tokio::select! {
        signal = terminations.next() => {
            tracing::info!(signal, "stopping: finishing what is under way");
            (None, None)
        }
        ended = &mut judging => (Some(ended), None),
        ended = &mut serving => (None, Some(ended)),
    };
    let by_itself = match (&judged, &served) {
        (Some(ended), _) => Some(Failure(format!("punctual: judging has ended: {ended:?}"))),
        (_, Some(ended)) => Some(Failure(format!("punctual: taking connections has ended: {ended:?}"))),
        (None, None) => None,
    };
    [reloading, sampling].iter().for_each(JoinHandle::abort);
    stop.send_replace(true);
    tokio::spawn(terminations.end_at_once());
    // Its clients hear what came of what they asked.
    controlling.join_all().await;
    if served.is_none()
        && let Err(error) = serving.await
    {
        tracing::error!(%error, "the server ended by a bug");
    }
    if judged.is_none()
        && let Err(error) = judging.await
    {
        tracing::error!(%error, "the engine ended by a bug");
    }
    let storing = tokio::task::spawn_blocking(move || writer.stop());
    if tokio::time::timeout(WRITER_TIMEOUT, storing).await.is_err() {
        return Err(Failure("punctual: the disk hangs: stopped without waiting for it".to_owned()));
    }
    tracing::info!("stopped");
    by_itself.map_or(Ok(()), Err)
}

/// The files, and meanwhile the database: with many checks each takes seconds.
async fn read(settings: &Settings, thread: &Handle) -> Result<(Loaded, Option<ReadAhead>), Failure> {
    let (files, folder) = (settings.files.clone(), settings.storage_path.clone());
    let ahead = tokio::task::spawn_blocking(move || ReadAhead::of(&folder));
    let loaded = thread.spawn_blocking(move || load(&files)).await?;
    Ok((loaded.map_err(|faults| Failure(faults.to_string()))?, ahead.await?))
}

/// The configuration as it is now, and not as it was when we began to wait for another server's end. If that is faulty by
/// now: the one we have, and the fault.
async fn newest(
    settings: &Settings,
    thread: &Handle,
    loaded: Loaded,
) -> Result<(Loaded, Option<String>), Failure> {
    let files = settings.files.clone();
    let (inputs, hash) = (loaded.0.inputs.clone(), loaded.0.content_hash);
    let newer = thread.spawn_blocking(move || (inputs.hash() != hash).then(|| load(&files)));
    Ok(match newer.await? {
        None => (loaded, None),
        Some(Ok(newer)) => (newer, None),
        Some(Err(faults)) => {
            let fault = faults.to_string();
            log_faults("the configuration has changed and is faulty, the one before is used", &fault);
            (loaded, Some(fault))
        }
    })
}

/// Serves the socket of the data folder until we stop; without it all else works.
fn serve_control(settings: &Settings, app: &Arc<App>, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    match ControlSocket::bind(&settings.storage_path) {
        Ok(socket) => {
            tasks.spawn(socket.serve(app.clone(), Limits::at_socket(), until(stopped.clone())));
        }
        Err(error) => {
            let path = socket::path(&settings.storage_path);
            tracing::error!(path = %path.display(), %error, "no control socket: nobody on this machine can pause or mute without a token");
        }
    }
    tasks
}

/// The parts of a server, of which only the writer's thread runs.
struct Parts {
    app: Arc<App>,
    writer: Arc<Writer>,
    engine: Arc<Engine>,
    reloader: Reloader,
    reloads: Occasions,
    samples: mpsc::Receiver<SampleRequest>,
}

fn assemble(
    settings: &Settings,
    thread: &Handle,
    mut store: SqliteStore,
    (config, outward): Loaded,
    hangups: Signal,
) -> Result<Parts, Failure> {
    let clock = Arc::new(Clock::new());
    if let Some(window) = engine::begin(&mut store, &clock)? {
        tracing::info!(from = %window.from, to = %window.to, "nobody was listening: what was due then is judged with care");
    }
    let own = Arc::new(Own::new());
    let (outward, in_force) = watch::channel(Arc::new(outward));
    let (seen, rest) = (LastRead::of(&config), Rest::of(&config));
    let (for_app, certificates) = (ForApp::of(&config), Certificates::of(&config));
    rest.warn(None);
    let configuration = reload::configuration(config, settings.allow_mass_removal);
    let mut compared = Compared::new(configuration, &store.live().directory());
    let now = clock.now();
    store.take(&mut compared, true, now)?;
    compared.move_lines();
    drop(compared);
    let changes = store.carry_on_to_the_end(now)?;
    Difference::new(&changes, None, &rest).log("configuration loaded");
    reload::tell_zones();
    hold_or_let_go(&mut store, settings.no_deliveries, clock.now())?;

    let (live, commits) = (store.live(), own.clone());
    let on_commit = move |waited: Duration| commits.ping_commit.observe(waited);
    let writer = Writer::start(Box::new(store), clock.clone(), writer::QueueLimits::default(), on_commit)?;
    let writer = Arc::new(writer);
    let ((asks, requests), history) = (mpsc::channel(MAX_RELOADS), Reader::new(&settings.storage_path));
    let mut services = Services::new(live.clone(), writer.clone(), clock.clone(), history, asks);
    let (wishes, samples) = mpsc::channel(MAX_SAMPLES);
    services.samples = wishes;
    services.counters.own = own.clone();
    let app = Arc::new(app(settings, services));
    for_app.put_into(&app, &own, &clock);
    report_kept(&changes, &app, &own);

    let engine = Engine {
        clock: clock.clone(),
        writer: writer.clone(),
        live,
        counters: own.clone(),
        outward: in_force,
        external_url: settings.external_url.clone(),
        is_reached: !settings.is_url_made,
        no_deliveries: settings.no_deliveries,
    };
    let reloader = Reloader {
        files: settings.files.clone(),
        certificates,
        allow_mass_removal: settings.allow_mass_removal,
        thread: thread.clone(),
        app: app.clone(),
        writer: writer.clone(),
        clock,
        own,
        outward,
        rest,
        unfinished: None,
        asked_again_by: None,
        seen,
    };
    let reloads = Occasions { requests, hangups, interval: settings.auto_reload_interval };
    Ok(Parts { app, writer, engine: Arc::new(engine), reloader, reloads, samples })
}

/// What handlers of requests share, as the command line says.
fn app(settings: &Settings, mut services: Services) -> App {
    services.no_deliveries = settings.no_deliveries;
    let mut app = App::new(Arc::new(services));
    (app.lifecycle, app.route_prefix) = (settings.lifecycle, settings.route_prefix.clone());
    app.external_url.clone_from(&settings.external_url);
    app
}

/// Says loudly what becomes of messages, where that is anything else than usual.
fn hold_or_let_go(store: &mut SqliteStore, no_deliveries: bool, now: Time) -> Result<(), Failure> {
    if no_deliveries {
        store.hold_deliveries()?;
        tracing::warn!(
            "nothing leaves (--no-deliveries): no message, no mail, no push to Alertmanager; all else works"
        );
    } else if let Some(LetGo { told, cancelled }) = store.let_deliveries_go(now)? {
        tracing::warn!(
            told,
            cancelled,
            "nothing left before (--no-deliveries): what is still bad is told now, the rest is not"
        );
    }
    Ok(())
}

/// SIGTERM and SIGINT. One for the whole process: none is lost between the first and the second.
struct Terminations {
    terminate: Signal,
    interrupt: Signal,
}

impl Terminations {
    fn new() -> std::io::Result<Terminations> {
        Ok(Terminations {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Whoever asks a second time does not want to wait.
    async fn end_at_once(mut self) {
        self.next().await;
        tracing::warn!("stopping at once");
        std::process::exit(1);
    }

    /// The next one, by name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender gone means the same.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Allows as many open files as this process may have: each connection is one. Answers how many.
fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

/// What jobs are to be given.
fn log_urls(app: &App, listeners: &Listeners) {
    for address in listeners.shown() {
        tracing::info!(address, "listening");
    }
    if listeners.are_handed_over() {
        tracing::info!("systemd has handed these over: --web.listen-address is not used");
    }
    let directory = app.services.live.directory();
    let pinged = || directory.checks.iter().filter(|check| check.definition.spec.assert.is_none());
    for check in pinged().take(MAX_URLS) {
        let name = &check.definition.name;
        tracing::info!(check = %name, url = app.ping_url(name.as_str()), "ping URL");
    }
    let more = pinged().count().saturating_sub(MAX_URLS);
    if more > 0 {
        tracing::info!("and {more} more: the first page shows them all, {}/", app.external_url);
    }
}
