//! A folder with zone data, as installed by tz's Makefile.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The largest file of a zone that is read, in bytes; the largest real one has 3,600.
const MAX_ZONE_BYTES: u64 = 1 << 16;
/// The largest list of all rules that is read, in bytes; the real one has 110,000.
const MAX_LIST_BYTES: u64 = 1 << 22;
/// The list of all rules beside the zones. It has the names and the version.
const LIST: &str = "tzdata.zi";
/// The file with the version if there is no list.
const VERSION: &str = "+VERSION";

/// A folder as it was when it was read.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) exists: bool,
    /// The IANA release, if the folder names it.
    pub(super) version: Option<String>,
    /// All zones and links in the list.
    pub(super) names: HashSet<String>,
    looks: [FileMark; 3],
}

/// Identifies one state of a file: it differs if the file was replaced or written. `None` if there is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileMark(Option<(u64, u64, i64, i64)>);

impl FileMark {
    pub(super) fn at(path: &Path) -> FileMark {
        let about = std::fs::metadata(path).ok();
        FileMark(about.map(|about| (about.ino(), about.size(), about.mtime(), about.mtime_nsec())))
    }
}

impl Folder {
    /// Reads the folder's list and version. What cannot be read is left out.
    pub(super) fn read(path: &Path) -> Folder {
        let looks = looks(path);
        let (mut version, names) = read_list(&path.join(LIST)).unwrap_or_default();
        if version.is_none() {
            let text =
                read(&path.join(VERSION), 64).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
            version = text.filter(|text| is_version(text));
        }
        Folder { path: path.to_owned(), exists: path.is_dir(), version, names, looks }
    }

    pub(super) fn has_changed(&self) -> bool {
        looks(&self.path) != self.looks
    }

    pub(super) fn looks(&self) -> impl Iterator<Item = FileMark> + use<> {
        looks(&self.path).into_iter()
    }
}

fn looks(path: &Path) -> [FileMark; 3] {
    [FileMark::at(path), FileMark::at(&path.join(LIST)), FileMark::at(&path.join(VERSION))]
}

/// The rules of one zone, in TZif.
pub(super) fn read_zone(path: &Path) -> Option<Vec<u8>> {
    read(path, MAX_ZONE_BYTES)
}

fn read(path: &Path, max: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(max).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Opens regular files only: reading a pipe could block for ever.
fn open(path: &Path) -> Option<File> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    File::open(path).ok()
}

/// Reads the version from the first line (`# version 2026f`) and the names from `Z NAME …` and `L TARGET NAME`.
fn read_list(path: &Path) -> Option<(Option<String>, HashSet<String>)> {
    let (mut version, mut names) = (None, HashSet::new());
    for line in BufReader::new(open(path)?.take(MAX_LIST_BYTES)).lines() {
        let line = line.ok()?;
        let mut words = line.split_ascii_whitespace();
        let name = match words.next() {
            Some("Z") => words.next(),
            Some("L") => words.nth(1),
            Some("#") if version.is_none() && words.next() == Some("version") => {
                version = words.next().filter(|text| is_version(text)).map(str::to_owned);
                None
            }
            _ => None,
        };
        names.extend(name.filter(|name| is_name(name)).map(str::to_owned));
    }
    Some((version, names))
}

/// Whether this is a version such as `2026f`, or a longer one of Debian or of development. Compared as texts, later
/// versions are greater.
fn is_version(text: &str) -> bool {
    let (year, rest) = text.split_at_checked(4).unwrap_or_default();
    text.len() <= 32
        && year.bytes().all(|byte| byte.is_ascii_digit())
        && rest.starts_with(|first: char| first.is_ascii_lowercase())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.+".contains(&byte))
}

/// Whether this is a relative path that stays within the folder.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.');
    name.split('/').all(is_part)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_year_and_a_letter() {
        for text in ["2026f", "2025b-rearguard", "2026f-13-gabc1234"] {
            assert!(is_version(text), "{text}");
        }
        for text in ["", "2026", "unknown", "2026\u{fc}", "20é6", "2026f\u{1b}[2J", "26f"] {
            assert!(!is_version(text), "{text}");
        }
        assert!("2025b" < "2025c" && "2025z" < "2026a" && "2026f" < "2026f-13-gabc1234");
    }

    #[test]
    fn a_list_may_say_anything() {
        let folder = tempfile::tempdir().unwrap();
        let list = "# version 2026f\nZ Europe/Berlin 0:53\n1 u CE%sT\nL Europe/Berlin Arctic/Longyearbyen\n\
                    L a ../../etc/passwd\nL a /etc/passwd\nZ a//b\nZ\nL a\nZ Evil\u{fc}\n# version 2099z\n";
        std::fs::write(folder.path().join(LIST), list).unwrap();
        let read = Folder::read(folder.path());
        assert_eq!(read.version.as_deref(), Some("2026f"));
        let mut names: Vec<String> = read.names.into_iter().collect();
        names.sort();
        assert_eq!(names, ["Arctic/Longyearbyen", "Europe/Berlin"]);
    }
}
