//! Tells the program which commit it is built from, as `PUNCTUAL_COMMIT`: that of the variable of this name, for those who
//! build without a repository; else the one that is checked out here; else `unknown`, and never a failure.
//!
//! Only a release looks into the repository: a build for tests would be made anew after each commit.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PUNCTUAL_COMMIT");
    let given = std::env::var("PUNCTUAL_COMMIT").ok().filter(|commit| is_hash(commit));
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = given.or_else(|| if is_release { checked_out() } else { None });
    println!("cargo:rustc-env=PUNCTUAL_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
}

/// The commit that is checked out, if this folder is the top of a repository: one around a tarball is another's.
fn checked_out() -> Option<String> {
    let top = git(&["rev-parse", "--show-toplevel"])?;
    let here = Path::new(".").canonicalize().ok()?;
    if Path::new(&top).canonicalize().ok()? != here {
        return None;
    }
    // Whatever moves it writes one of these. One that is not there would have this run at each build.
    let head = git(&["symbolic-ref", "--quiet", "HEAD"]).unwrap_or_default();
    for name in ["HEAD", "logs/HEAD", "packed-refs", &head] {
        if let Some(path) = git(&["rev-parse", "--git-path", name]).filter(|path| Path::new(path).is_file()) {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"]).filter(|commit| is_hash(commit))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim_end();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
