//! A power cut: what was not synced is gone, whatever the system said of it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use tempfile::TempDir;

use crate::durability::{Load, PINGS_A_ROUND, check_stored, config};
use crate::support::punctual::Punctual;
use crate::support::{is_long, preload};

const PAGE_BYTES: usize = 4096;

/// A machine whose power can be cut.
struct Machine {
    /// What is on the disk of each file.
    disk: TempDir,
    cuts: usize,
    /// Pages that differed at a cut, and how many of them had come to the disk all the same.
    lost: usize,
    kept: usize,
}

impl Machine {
    /// The server ends, and its files are what a disk would hold: all that was synced, and of what was not every page or
    /// none, every second one, or the first half, since a disk writes as it likes.
    fn cut_power(&mut self, punctual: &mut Punctual) {
        punctual.kill9();
        self.cuts += 1;
        let data = punctual.data();
        // Only what maps it knows it.
        let _ = fs::remove_file(data.join("punctual.db-shm"));
        for name in ["punctual.db", "punctual.db-wal"] {
            self.settle(&self.disk.path().join(name), &data.join(name));
        }
    }

    fn settle(&mut self, on_disk: &Path, written: &Path) {
        let Ok(mut disk) = fs::read(on_disk) else {
            // Never synced: not even its name is sure to be there.
            let _ = fs::remove_file(written);
            return;
        };
        let seen = fs::read(written).unwrap_or_default();
        let pages: Vec<usize> = (0..seen.len().div_ceil(PAGE_BYTES)).collect();
        let range = |page: &usize, length: usize| {
            (page * PAGE_BYTES).min(length)..((page + 1) * PAGE_BYTES).min(length)
        };
        let differs = |page: &&usize| seen[range(page, seen.len())] != disk[range(page, disk.len())];
        let differing: Vec<usize> = pages.iter().filter(differs).copied().collect();
        for (place, page) in differing.iter().enumerate() {
            let comes = match self.cuts % 4 {
                0 => false,
                1 => place % 2 == 0,
                2 => place < differing.len() / 2,
                _ => true,
            };
            if !comes {
                self.lost += 1;
                continue;
            }
            self.kept += 1;
            let range = range(page, seen.len());
            disk.resize(disk.len().max(range.end), 0);
            disk[range.clone()].copy_from_slice(&seen[range]);
        }
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(written).unwrap();
        file.write_all_at(&disk, 0).unwrap();
        fs::write(on_disk, &disk).unwrap();
    }
}

/// 14.1: the real binary, whose power is cut under load, again and again.
#[test]
fn a_ping_answered_200_survives_a_power_cut() {
    let folder = TempDir::new().unwrap();
    let library = preload::build("unsynced", folder.path());
    let mut machine = Machine { disk: TempDir::new().unwrap(), cuts: 0, lost: 0, kept: 0 };
    let mut punctual = Punctual::new(&config())
        .environment("LD_PRELOAD", library.to_str().unwrap())
        .environment("UNSYNCED_DISK", machine.disk.path().to_str().unwrap());
    let data = punctual.data();
    punctual = punctual.environment("UNSYNCED_DATA", data.to_str().unwrap());
    punctual.start_again();
    let load = Load::on(&punctual);
    for cut in 1..=if is_long() { 200 } else { 8 } {
        load.wait_for(cut * PINGS_A_ROUND);
        machine.cut_power(&mut punctual);
        punctual.start_again();
    }
    check_stored(&mut punctual, &load.end(), |punctual| machine.cut_power(punctual));
    assert!(machine.lost > 0 && machine.kept > 0, "nothing was ever lost: {} kept", machine.kept);
}
