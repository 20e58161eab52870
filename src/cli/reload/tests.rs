use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::*;
use crate::app::Services;
use crate::config;
use crate::store::history::Reader;
use crate::store::sqlite::{FaultPoint, SqliteStore};
use crate::store::{Store, StoreError, writer};

#[tokio::test]
async fn a_bug_that_ends_reloading_is_told() {
    let bug = bug_of(async { panic!("the bug") }).await;
    assert!(bug.contains("ended by a bug") && bug.contains("the bug"), "{bug}");
}

/// With the file of `--web.config.file` beside it, if there is one.
fn files_of(config_file: &Path) -> config::ConfigFiles {
    let web = Some(config_file.with_file_name("web.yml")).filter(|web| web.exists());
    config::ConfigFiles { main: config_file.to_owned(), web, allow_exec: false }
}

/// One that has read this file, with a store of the same folder.
fn reloader(
    config_file: &Path,
    faults: impl FnMut(FaultPoint) -> Option<StoreError> + Send + 'static,
) -> Reloader {
    let folder = config_file.parent().unwrap();
    let config = files_of(config_file).load(&compat::DOOR_KEYS).unwrap();
    let mut store = SqliteStore::open_with(folder, 7).unwrap();
    store.set_faults(faults);
    let (clock, own, live) = (Arc::new(Clock::new()), Arc::new(Own::new()), store.live());
    store.begin(clock.now()).unwrap();
    let limits = writer::QueueLimits::default();
    let writer = Arc::new(Writer::start(Box::new(store), clock.clone(), limits, |_| {}).unwrap());
    let (requests, _) = mpsc::channel(1);
    let services = Services::new(live, writer.clone(), clock.clone(), Reader::new(folder), requests);
    let outward = Outward::new(&config, compat::mail, &compat::ping_urls()).unwrap();
    Reloader {
        files: files_of(config_file),
        certificates: Certificates::of(&config),
        allow_mass_removal: false,
        thread: Handle::current(),
        app: Arc::new(App::new(Arc::new(services))),
        writer,
        clock,
        own,
        outward: watch::Sender::new(Arc::new(outward)),
        rest: Rest::of(&config),
        unfinished: None,
        asked_again_by: None,
        seen: LastRead::of(&config),
    }
}

#[tokio::test]
async fn always_the_same_thread_reads_also_after_a_panic() {
    let reading = reading_thread().unwrap();
    let asked = || reading.spawn_blocking(|| std::thread::current().id());
    let first = asked().await.unwrap();
    assert!(reading.spawn_blocking(|| panic!("a test")).await.unwrap_err().is_panic());
    assert_eq!(asked().await.unwrap(), first);
    reading.shutdown_background();
}

/// A reload must not be given up because the disk was full for a moment.
#[tokio::test]
async fn what_could_not_be_stored_is_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    let config_file = folder.path().join("punctual.yaml");
    let write = |text: &str| std::fs::write(&config_file, text).unwrap();
    write("checks: [{name: a, every: 1m}]");
    let fails = Arc::new(AtomicBool::new(false));
    let asked = fails.clone();
    // Once: of a store that fails for long, the writer's thread waits for the end.
    let mut reloader =
        reloader(&config_file, move |_| asked.swap(false, Ordering::SeqCst).then_some(StoreError::Full));
    let live = reloader.app.services.live.clone();

    // A sign of life may take the fault.
    for i in 0.. {
        write(&format!("checks: [{{name: b-{i}, every: 1m}}, {{name: a, every: 1m}}]"));
        fails.store(true, Ordering::SeqCst);
        if reloader.take(false, "ann".to_owned()).await.is_err() {
            break;
        }
    }
    assert!(reloader.has_changed().await);
    reloader.take(false, "ann".to_owned()).await.unwrap();
    assert!(!reloader.has_changed().await);
    assert!(live.directory().checks.iter().any(|check| check.definition.name.as_str().starts_with("b-")));
    // A fault of the files stays until they change.
    write("checks: 7");
    reloader.take(false, "ann".to_owned()).await.unwrap_err();
    assert!(!reloader.has_changed().await);
    // So does one that only rendering a template finds.
    write(
        "receivers: [{name: r, webhook: {url: 'http://127.0.0.1', template: '{{ nosuch }}'}}]\n\
         default_receivers: [r]\nchecks: [{name: c, every: 1m}]",
    );
    let fault = reloader.take(false, "ann".to_owned()).await.unwrap_err();
    assert!(fault.contains("punctual.yaml:1:13: receiver `r`: line 1 of the template"), "{fault}");
    assert!(!reloader.has_changed().await);
    assert!(live.directory().checks.iter().all(|check| check.definition.name.as_str() != "c"));
}

/// 10.5: what was taken and is not carried out comes first, and then what somebody asked for.
#[tokio::test]
async fn a_reload_that_comes_before_one_is_carried_out_follows() {
    let folder = tempfile::tempdir().unwrap();
    let config_file = folder.path().join("punctual.yaml");
    let write =
        |name: &str| std::fs::write(&config_file, format!("checks: [{{name: {name}, every: 1m}}]")).unwrap();
    write("a");
    // So many commits are still good, and then one fails.
    let good = Arc::new(AtomicI64::new(i64::MAX));
    let left = good.clone();
    let mut reloader = reloader(&config_file, move |at| {
        let is_bad = at == FaultPoint::BeforeCommit && left.fetch_sub(1, Ordering::SeqCst) == 0;
        is_bad.then_some(StoreError::Full)
    });
    // A sign of life may be one of these commits.
    for i in 0.. {
        write(&format!("first-{i}"));
        good.store(1, Ordering::SeqCst);
        if reloader.reload(false, "ann".to_owned()).await.is_ok() || reloader.unfinished.is_none() {
            continue;
        }
        write(&format!("second-{i}"));
        good.store(0, Ordering::SeqCst);
        if reloader.reload(false, "ann".to_owned()).await.is_err() && reloader.asked_again_by.is_some() {
            break;
        }
    }
    good.store(i64::MAX, Ordering::SeqCst);
    reloader.go_on().await;
    let directory = reloader.app.services.live.directory();
    let names: Vec<&str> = directory.checks.iter().map(|check| check.definition.name.as_str()).collect();
    assert!(matches!(names[..], [name] if name.starts_with("second-")), "{names:?}");
    assert!(reloader.unfinished.is_none() && !reloader.has_changed().await);
}

/// A new certificate and its key, in this folder.
fn certify(folder: &Path) {
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.pem"])
        .current_dir(folder)
        .output();
    assert!(made.unwrap().status.success());
}

/// 23.9c: what was refused for certificates is made when these are mended, and for nothing else; certificates that are used are
/// no change that waits for a reload.
#[tokio::test]
async fn certificates_that_change_are_seen_and_make_up_for_a_reload_that_was_refused() {
    // Fails only if another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let config_file = folder.path().join("punctual.yaml");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("punctual.yaml", "checks: [{name: a, every: 1m}]");
    write("web.yml", "tls_server_config: {cert_file: server.pem, key_file: server.key}\n");
    certify(folder.path());
    let mut reloader = reloader(&config_file, |_| None);
    let (in_force, live) = (reloader.app.clone(), reloader.app.services.live.clone());
    let faults = || in_force.services.in_force.notices().faults();
    let has = |name: &str| live.find(name).is_some();

    certify(folder.path());
    assert!(reloader.has_changed().await);
    // Two looks: certificate and key are two files.
    reloader.look_at_certificates().await;
    reloader.look_at_certificates().await;
    assert!(!reloader.has_changed().await, "time zones, and files that are looked at, wait for nothing");

    write("server.key", "none");
    write("punctual.yaml", "checks: [{name: a, every: 1m}, {name: b, every: 1m}]");
    reloader.reload(false, "SIGHUP".to_owned()).await.unwrap_err();
    assert!(faults().unwrap().contains("web.yml:1:"));
    for _ in 0..3 {
        reloader.look_at_certificates().await;
    }
    let told = faults().unwrap();
    assert!(told.contains("web.yml:1:") && told.contains("\nthe certificates: "), "{told}");
    assert!(!has("b"));
    certify(folder.path());
    for _ in 0..3 {
        reloader.look_at_certificates().await;
    }
    assert_eq!(faults(), None);
    assert!(has("b") && !reloader.has_changed().await, "what was asked for is done");

    // Whoever changes more meanwhile is not done with it.
    write("server.key", "none");
    reloader.reload(false, "SIGHUP".to_owned()).await.unwrap_err();
    write("punctual.yaml", "checks: [{name: a, every: 1m}, {name: half, every: 1m}]");
    certify(folder.path());
    for _ in 0..4 {
        reloader.look_at_certificates().await;
    }
    assert!(!has("half") && faults().unwrap().contains("web.yml:1:"));
}
