//! Checks the certificate files that the environment names before they are read.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// The largest certificate file, and the largest total of a folder, in bytes. Systems ship about half a MB.
const MAX_BYTES: u64 = 64 << 20;
/// The most files in a folder.
const MAX_FILES: usize = 10_000;

/// Checks that `SSL_CERT_FILE` and `SSL_CERT_DIR` name nothing that would never end or fill the memory. Call it before
/// building anything that reads all certificates of the system. Blocks.
///
/// # Errors
///
/// Names the variable whose path is not a regular file or is too large. A path that does not exist is no error here:
/// whoever reads it reports it.
pub fn check_certificates() -> Result<(), String> {
    check(std::env::var_os("SSL_CERT_FILE"), std::env::var_os("SSL_CERT_DIR"))
}

fn check(file: Option<OsString>, folders: Option<OsString>) -> Result<(), String> {
    if let Some(file) = file.map(PathBuf::from) {
        let fault = |what: &str| format!("SSL_CERT_FILE: {} {what}", file.display());
        match fs::metadata(&file) {
            Ok(found) if !found.is_file() => return Err(fault("is no regular file")),
            Ok(found) if found.len() > MAX_BYTES => return Err(fault(&too_large())),
            _ => {}
        }
    }
    let folders = folders.unwrap_or_default();
    std::env::split_paths(&folders)
        .filter(|path| !path.as_os_str().is_empty())
        .try_for_each(|path| check_folder(&path))
}

/// Skips what is not a regular file, as the reader of the folder does.
fn check_folder(folder: &Path) -> Result<(), String> {
    let fault = |what: &str| format!("SSL_CERT_DIR: {} {what}", folder.display());
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut bytes = 0_u64;
    for (number, entry) in entries.enumerate() {
        if number >= MAX_FILES {
            return Err(fault(&format!("has more than {MAX_FILES} files")));
        }
        let found = entry.ok().and_then(|entry| fs::metadata(entry.path()).ok());
        bytes = bytes.saturating_add(found.filter(Metadata::is_file).map_or(0, |found| found.len()));
        if bytes > MAX_BYTES {
            return Err(fault(&too_large()));
        }
    }
    Ok(())
}

fn too_large() -> String {
    format!("has more than {} MB of certificates", MAX_BYTES >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_never_end_or_fill_the_memory_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| Some(folder.path().join(name).into_os_string());
        fs::write(folder.path().join("good.pem"), "x").unwrap();
        assert_eq!(check(at("good.pem"), at("")), Ok(()));
        assert_eq!(check(at("nowhere"), at("nowhere")), Ok(()));
        assert_eq!(check(None, None), Ok(()));
        let refused = |file: Option<OsString>, folders: Option<OsString>, says: &str| {
            let why = check(file, folders).unwrap_err();
            assert!(why.contains(says), "{why}");
        };
        refused(Some("/dev/zero".into()), None, "SSL_CERT_FILE: /dev/zero is no regular file");
        refused(at(""), None, "is no regular file");
        fs::File::create(folder.path().join("huge.pem")).unwrap().set_len(MAX_BYTES + 1).unwrap();
        refused(at("huge.pem"), None, "has more than 64 MB");
        refused(None, at(""), "SSL_CERT_DIR");
        let both = std::env::join_paths(["/nowhere".into(), folder.path().to_owned()]).unwrap();
        refused(None, Some(both), "has more than 64 MB");
        let many = tempfile::tempdir().unwrap();
        (0..=MAX_FILES).for_each(|n| drop(fs::write(many.path().join(n.to_string()), "")));
        refused(None, Some(many.path().into()), "has more than 10000 files");
    }
}
