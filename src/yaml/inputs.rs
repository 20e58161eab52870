//! The files of a configuration: read within limits, and hashed to detect changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::expand::{MAX_LOOKED_AT, expand};

/// The largest file with checks, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 128 << 20;
/// The largest file with a secret, a certificate or a template, in bytes.
pub(crate) const MAX_SECRET_BYTES: u64 = 64 << 10;
/// Everything that was read, to detect changes (`--config.auto-reload-interval`).
///
/// Contents count, not times or links: a link that Kubernetes has swapped is a change only if it leads to other bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Files by their paths, with the most bytes to read of each.
    named: BTreeMap<PathBuf, u64>,
    /// The patterns of `check_files`, whose matches may change.
    patterns: BTreeSet<String>,
}

impl Inputs {
    /// Hashes the current contents, to be compared with that of the last load. Blocks while it reads.
    pub fn hash(&self) -> ContentHash {
        let mut files = self.named.clone();
        let mut left = MAX_LOOKED_AT;
        for pattern in &self.patterns {
            for path in expand(pattern, &mut left).unwrap_or_default() {
                files.entry(path).or_insert(MAX_FILE_BYTES);
            }
        }
        let digests = files.into_iter().map(|(path, max_bytes)| {
            let digest = read_file(&path, max_bytes).ok().map(|bytes| Sha256::digest(bytes).into());
            (path, digest)
        });
        combine(digests)
    }

    /// Without the files that `others` name.
    pub fn without(&self, others: &Inputs) -> Inputs {
        let mut rest = self.clone();
        rest.named.retain(|path, _| !others.named.contains_key(path));
        rest
    }

    pub(crate) fn name(&mut self, path: &Path, max_bytes: u64) {
        self.named.insert(path.to_owned(), max_bytes);
    }

    pub(crate) fn pattern(&mut self, pattern: &str) {
        self.patterns.insert(pattern.to_owned());
    }
}

/// A hash over the names and contents of all files that were read. If it is equal, there is nothing to reload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The digests of the files that were read; `None` for a file that was not readable.
#[derive(Debug, Default)]
pub(crate) struct Digests(BTreeMap<PathBuf, Option<[u8; 32]>>);

impl Digests {
    pub(crate) fn add(&mut self, path: &Path, bytes: Option<&[u8]>) {
        self.0.insert(path.to_owned(), bytes.map(|bytes| Sha256::digest(bytes).into()));
    }

    pub(crate) fn hash(self) -> ContentHash {
        combine(self.0)
    }

    /// Of the files that `others` do not name.
    pub(crate) fn hash_without(&self, others: &Inputs) -> ContentHash {
        combine(
            self.0
                .iter()
                .filter(|(path, _)| !others.named.contains_key(*path))
                .map(|(path, digest)| (path.clone(), *digest)),
        )
    }
}

/// Combines digests in the order of their paths.
fn combine(digests: impl IntoIterator<Item = (PathBuf, Option<[u8; 32]>)>) -> ContentHash {
    let mut hash = Sha256::new();
    for (path, digest) in digests {
        let path = path.as_os_str().as_encoded_bytes();
        hash.update((path.len() as u64).to_be_bytes());
        hash.update(path);
        hash.update([u8::from(digest.is_some())]);
        hash.update(digest.unwrap_or_default());
    }
    ContentHash(hash.finalize().into())
}

/// The content of a regular file of at most this size, or why it cannot be read.
pub(crate) fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>, String> {
    let reason = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "the file may not be read (permission denied)".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    };
    let metadata = fs::metadata(path).map_err(reason)?;
    if metadata.is_dir() {
        return Err("this is a directory, not a file".to_owned());
    }
    // Opening a pipe would wait, and a device may never end.
    if !metadata.is_file() {
        return Err("this is no regular file".to_owned());
    }
    // Not O_NONBLOCK: that fails for a file on which another program has a lease.
    let file = File::open(path).map_err(reason)?;
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(reason)?;
    if bytes.len() as u64 > max_bytes {
        return Err(format!("the file has more than {max_bytes} bytes"));
    }
    Ok(bytes)
}
