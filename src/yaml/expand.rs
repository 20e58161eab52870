//! Expands the patterns of `check_files` within bounds, since `**` may lead anywhere.

use std::fs;
use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf};

use glob::{MatchOptions, Pattern};

/// The most files that patterns may match.
pub(crate) const MAX_FILES: usize = 10_000;

/// The most files and folders that one load of a configuration looks at, for all patterns together. A tree of checks
/// has far fewer, while symbolic links between folders may never end.
pub(crate) const MAX_LOOKED_AT: usize = 100_000;

/// A hidden file (Kubernetes' `..data`) matches only if the pattern has its dot.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: false,
    require_literal_leading_dot: true,
};

/// Why a pattern could not be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoMatches {
    /// The pattern is invalid; the text says why.
    NoPattern(String),
    /// There is too much to look at.
    TooMuch,
}

/// A part of a pattern, between two slashes.
enum Part {
    /// Matches itself only.
    Literal(String),
    Matching(Pattern),
    /// `**`: any number of folders, including none.
    Folders,
}

impl Part {
    fn parse(text: &str) -> Result<Part, NoMatches> {
        let no_pattern = |error: glob::PatternError| NoMatches::NoPattern(error.msg.to_owned());
        Ok(match text {
            "**" => Part::Folders,
            _ if text.contains(['*', '?', '[']) => Part::Matching(Pattern::new(text).map_err(no_pattern)?),
            _ => Part::Literal(text.to_owned()),
        })
    }
}

/// The matches of a pattern, sorted: at most [`MAX_FILES`] and one more. Each look is subtracted from `left`.
pub(crate) fn expand(pattern: &str, left: &mut usize) -> Result<Vec<PathBuf>, NoMatches> {
    let is_absolute = pattern.starts_with(MAIN_SEPARATOR_STR);
    let mut parts = Vec::new();
    for text in pattern.split_terminator('/').filter(|text| !text.is_empty()) {
        let part = Part::parse(text)?;
        // Repeated `**` mean the same as one.
        if !matches!((&part, parts.last()), (Part::Folders, Some(Part::Folders))) {
            parts.push(part);
        }
    }
    let mut search = Search { found: Vec::new(), left };
    search.below(Path::new(if is_absolute { "/" } else { "" }), &parts)?;
    let mut paths = search.found;
    paths.sort();
    paths.dedup();
    Ok(paths)
}

struct Search<'l> {
    found: Vec<PathBuf>,
    left: &'l mut usize,
}

impl Search<'_> {
    /// Finds what the parts match below a folder. The recursion is as deep as a path can be.
    fn below(&mut self, folder: &Path, parts: &[Part]) -> Result<(), NoMatches> {
        let Some((part, rest)) = parts.split_first() else {
            self.found.push(folder.to_owned());
            return Ok(());
        };
        match part {
            Part::Literal(name) => {
                self.look()?;
                let path = folder.join(name);
                let is_there = if rest.is_empty() { path.symlink_metadata().is_ok() } else { path.is_dir() };
                if is_there { self.below(&path, rest) } else { Ok(()) }
            }
            Part::Matching(pattern) => self.each(folder, |search, path, name| {
                if !pattern.matches_with(name, OPTIONS) || (!rest.is_empty() && !path.is_dir()) {
                    return Ok(());
                }
                search.below(path, rest)
            }),
            Part::Folders => {
                // A `**` at the end matches only the folders below.
                if !rest.is_empty() {
                    self.below(folder, rest)?;
                }
                self.each(folder, |search, path, name| {
                    if name.starts_with('.') || !path.is_dir() {
                        return Ok(());
                    }
                    if rest.is_empty() {
                        search.found.push(path.to_owned());
                    }
                    search.below(path, parts)
                })
            }
        }
    }

    /// Calls `act` with everything in a folder. What cannot be listed counts as a match, so that reading it reports
    /// why.
    fn each(
        &mut self,
        folder: &Path,
        mut act: impl FnMut(&mut Self, &Path, &str) -> Result<(), NoMatches>,
    ) -> Result<(), NoMatches> {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let entries = match fs::read_dir(here) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(_) => {
                self.found.push(folder.to_owned());
                return Ok(());
            }
        };
        for entry in entries {
            self.look()?;
            if self.found.len() > MAX_FILES {
                return Ok(());
            }
            let Ok(entry) = entry else { continue };
            if let Some(name) = entry.file_name().to_str() {
                act(self, &folder.join(name), name)?;
            }
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), NoMatches> {
        *self.left = self.left.checked_sub(1).ok_or(NoMatches::TooMuch)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in paths {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    /// Compared with the crate `glob`, whose syntax the patterns have.
    #[test]
    fn what_matches_is_what_matched_before_it_was_bounded() {
        let paths = [
            "a.yaml",
            "b.yml",
            ".hidden.yaml",
            "x y.yaml",
            "[1].yaml",
            "one/a.yaml",
            "one/b.txt",
            "one/two/a.yaml",
            "one/two/three/c.yaml",
            ".git/a.yaml",
            "other/a.yaml",
            "..data/a.yaml",
        ];
        let folder = tree(&paths);
        std::os::unix::fs::symlink("one", folder.path().join("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("dangling.yaml")).unwrap();
        let root = Pattern::escape(folder.path().to_str().unwrap());
        for pattern in [
            "*.yaml",
            "*",
            "a.yaml",
            "./a.yaml",
            "nothing.yaml",
            "*/*.yaml",
            "**/*.yaml",
            "**",
            "one/**",
            "**/two/*",
            "**/**/a.yaml",
            "one/../*.yml",
            "?.yaml",
            "[ab].y*ml",
            "[[]1[]].yaml",
            "x y.yaml",
            ".git/*",
            "..data/*",
            "one/two",
            "one/nothing/*",
            "o*/t*/**/*.yaml",
            "link/*",
            "dangling.yaml",
            "a.yaml/*",
            "//one//*",
        ] {
            let full = format!("{root}/{pattern}");
            let mut left = MAX_LOOKED_AT;
            let known = glob::glob_with(&full, OPTIONS).unwrap();
            let clean = |path: PathBuf| path.components().collect::<PathBuf>();
            let mut expected: Vec<PathBuf> = known.map(|path| clean(path.unwrap())).collect();
            expected.sort();
            expected.dedup();
            let found: Vec<PathBuf> = expand(&full, &mut left).unwrap().into_iter().map(clean).collect();
            assert_eq!(found, expected, "{pattern}");
        }
        let hidden = expand(&format!("{root}/.h*"), &mut 100).unwrap();
        assert_eq!(hidden, [folder.path().join(".hidden.yaml")]);
    }

    #[test]
    fn a_tree_without_an_end_is_left_alone() {
        let folder = tree(&["a.txt"]);
        for n in 0..10 {
            std::os::unix::fs::symlink(".", folder.path().join(n.to_string())).unwrap();
        }
        let mut left = MAX_LOOKED_AT;
        let pattern = format!("{}/**/*.yaml", folder.path().display());
        assert_eq!(expand(&pattern, &mut left), Err(NoMatches::TooMuch));
        assert_eq!(expand(&pattern, &mut left), Err(NoMatches::TooMuch), "of all patterns together");
    }
}
