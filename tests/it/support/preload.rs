//! Libraries of a few lines of C, preloaded into the real binary: what no test can do to a disk from outside.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::run;

/// Builds `tests/it/support/NAME.c` into a folder.
pub(crate) fn build(name: &str, folder: &Path) -> PathBuf {
    let library = folder.join(format!("{name}.so"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/support/{name}.c"));
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
    let (done, said) = run(&mut cc);
    assert!(done, "{said}");
    library
}
