//! How long `punctual refs` takes for a large tree.
//!
//! `cargo bench --bench refs`. A hundred thousand files in a thousand folders, of 1 to 8 KiB, of which one in ten names a check,
//! and a thousand checks: the median of five runs of the release binary, whose files the system has in memory. It fails if the goal
//! is missed.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use common::{THIS, exit_code, goal};

const FOLDERS: usize = 1000;
const FILES_OF_A_FOLDER: usize = 100;
const CHECKS: usize = 1000;
const ROUNDS: usize = 5;
const MOST_SECONDS: f64 = 5.0;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let bytes = write_tree(folder.path());
    let checks: String = (0..CHECKS).map(|i| format!("  - {{name: check-{i}, every: 1h}}\n")).collect();
    fs::write(folder.path().join("punctual.yaml"), format!("checks:\n{checks}")).expect("it can be written");
    let mut rounds = [(); ROUNDS].map(|()| seconds(folder.path()));
    rounds.sort_by(f64::total_cmp);
    let median = rounds[ROUNDS / 2];
    let files = FOLDERS * FILES_OF_A_FOLDER;
    println!("{files} files of {} MB, {CHECKS} checks: {rounds:.2?} s", bytes / 1_000_000);
    exit_code(&[goal("refs, seconds", median, median < MOST_SECONDS, format!("less than {MOST_SECONDS} s"))])
}

/// Answers how many bytes were written.
fn write_tree(folder: &Path) -> usize {
    const LINE: &str =
        "    let answer = client.request(method, &path)?; // what comes back is looked at below\n";
    let mut bytes = 0;
    for folder_number in 0..FOLDERS {
        let folder = folder.join(format!("part-{}/of-{folder_number}", folder_number % 40));
        fs::create_dir_all(&folder).expect("a folder can be made");
        for file in 0..FILES_OF_A_FOLDER {
            let number = folder_number * FILES_OF_A_FOLDER + file;
            let mut text = LINE.repeat(12 + number * 7 % 84);
            if number.is_multiple_of(10) {
                text.push_str(&format!("curl http://127.0.0.1:19099/ping/check-{}\n", number / 10 % CHECKS));
            }
            bytes += text.len();
            fs::write(folder.join(format!("file-{file}.rs")), text).expect("it can be written");
        }
    }
    bytes
}

fn seconds(folder: &Path) -> f64 {
    let begun = Instant::now();
    let mut command = Command::new(THIS);
    let status = command.args(["refs", "."]).current_dir(folder).stdout(Stdio::null()).status();
    assert!(status.expect("it can be started").success(), "it finds every check and no other name");
    begun.elapsed().as_secs_f64()
}
