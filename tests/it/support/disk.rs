//! A disk small enough to be filled: a tmpfs that only its own programs see. Needs no root where user namespaces are allowed.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{PATIENCE, Process, wait_until};

/// Ends with its programs; what is on it is gone then.
pub(crate) struct SmallDisk {
    /// Holds the namespace in which it is mounted.
    holder: Process,
    path: PathBuf,
}

impl SmallDisk {
    /// Mounted at a new folder of this name.
    pub(crate) fn mount(folder: &Path, name: &str, size_bytes: u64) -> SmallDisk {
        let path = folder.join(name);
        std::fs::create_dir(&path).unwrap();
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c"]);
        command.arg(
            "mount -t tmpfs -o size=\"$1\" small \"$2\" && touch \"$2/is-mounted\" && exec sleep infinity",
        );
        command.arg("sh").arg(size_bytes.to_string()).arg(&path);
        let mut disk = SmallDisk { holder: Process::start("disk", &mut command, folder), path };
        wait_until("the disk", PATIENCE, || {
            disk.holder.assert_alive();
            disk.path().join("is-mounted").exists()
        });
        disk
    }

    /// Where it is seen from outside.
    pub(crate) fn path(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.path.strip_prefix("/").expect("temporary folders are absolute"))
    }

    /// Runs a program that sees it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--preserve-credentials", "--user", "--mount", "--wd=."]);
        command.args(["--target", &self.holder.id().to_string(), program]);
        command
    }
}

/// Writes into a new file until the disk is full.
pub(crate) fn fill(file: &Path) {
    let mut file = File::create_new(file).unwrap();
    for chunk in [&[0; 4096][..], &[0]] {
        let error = loop {
            if let Err(error) = file.write_all(chunk) {
                break error;
            }
        };
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error}");
    }
}
