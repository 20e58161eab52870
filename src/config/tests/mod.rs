//! Valid files, faulty files, and files that are meant to do harm.

mod addresses;
mod bad;
mod example;
mod exec;
mod form;
mod good;
mod hints;
mod hostile;
mod judged;
mod reference;
mod schema;
mod secrets;
mod single;
mod warnings;
mod web;

use std::path::Path;

use tempfile::TempDir;

use super::{Config, Faults, load};
use crate::compat::DOOR_KEYS;

/// Loads a main file.
fn loaded(path: &Path) -> Result<Config, Faults> {
    load(path, &DOOR_KEYS)
}

/// Loads files in a folder of their own. The first is the main file.
fn load_files(files: &[(&str, &str)]) -> (Result<Config, Faults>, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("the folder can be made");
        std::fs::write(path, content).expect("the file can be written");
    }
    (loaded(&folder.path().join(files[0].0)), folder)
}

/// Loads a valid main file.
fn good(text: &str) -> Config {
    load_files(&[("main.yaml", text)]).0.unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
/// The faults of some files, without the path of their folder.
fn faults_of(files: &[(&str, &str)]) -> String {
    let (result, folder) = load_files(files);
    let faults = result.expect_err("there is a fault");
    faults.to_string().replace(&format!("{}/", folder.path().display()), "")
}
