//! Where a `libonnxruntime.so` may lie.
//!
//! Only names are looked at here; nothing is opened.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

/// The library's file name, without its version.
pub(crate) const NAME: &str = "libonnxruntime.so";

/// What the dynamic loader is asked for: the name of a development package, and the soname.
const LOADER_NAMES: [&str; 2] = [NAME, "libonnxruntime.so.1"];

/// Folders that the dynamic loader may not know, after the program's own.
const FOLDERS: [&str; 3] = ["/usr/local/lib", "/usr/lib", "/opt/onnxruntime/lib"];

/// One place to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A name that the dynamic loader looks up.
    Loader(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "`{}*`", folder.join(NAME).display()),
            Self::Loader(name) => write!(f, "the dynamic loader's `{name}`"),
        }
    }
}

/// The usual places, best first: what lies beside the program was put there for it.
pub(crate) fn usual() -> Vec<Place> {
    let program = std::env::current_exe().and_then(std::fs::canonicalize).ok();
    let folder = program.as_deref().and_then(Path::parent);
    let lib = folder.and_then(Path::parent).map(|parent| parent.join("lib"));
    let beside = folder.map(Path::to_owned).into_iter().chain(lib);
    beside
        .map(Place::Folder)
        .chain(LOADER_NAMES.map(Place::Loader))
        .chain(FOLDERS.map(|folder| Place::Folder(folder.into())))
        .collect()
}

/// The libraries in a folder, newest first; none where it cannot be read.
pub(crate) fn libraries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    let mut found: Vec<_> = names.filter_map(|name| Some((version(&name)?, name))).collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, name)| folder.join(name)).collect()
}

/// The version in the name of a library, such as `1.32.0`; empty where the name has none. `None`
/// for any other file.
pub(crate) fn version(name: &OsStr) -> Option<Vec<u32>> {
    let rest = name.to_str()?.strip_prefix(NAME)?;
    if rest.is_empty() {
        return Some(Vec::new());
    }
    rest.strip_prefix('.')?.split('.').map(|part| part.parse().ok()).collect()
}

/// The file of this name that the dynamic loader has mapped into the process.
pub(crate) fn mapped(name: &str) -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    // address, permissions, offset, device, inode, path
    let paths = maps.lines().filter_map(|line| line.find('/').and_then(|at| line.get(at..)));
    let is_it = |path: &&str| {
        let file = Path::new(path).file_name().and_then(OsStr::to_str);
        file.is_some_and(|file| file.starts_with(name))
    };
    paths.into_iter().find(is_it).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_known_by_its_name() {
        for (name, expected) in [
            ("libonnxruntime.so", Some(vec![])),
            ("libonnxruntime.so.1", Some(vec![1])),
            ("libonnxruntime.so.1.32.0", Some(vec![1, 32, 0])),
            ("libonnxruntime.so.debug", None),
            ("libonnxruntime_providers_shared.so", None),
            ("libonnxruntime.so.1.", None),
        ] {
            assert_eq!(version(OsStr::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn the_newest_library_of_a_folder_comes_first() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/broken");
        let names = ["libonnxruntime.so.1.100.0", "libonnxruntime.so.1.9.0"];
        assert_eq!(libraries(&folder), names.map(|name| folder.join(name)));
        assert!(libraries(&folder.join("missing")).is_empty());
    }

    #[test]
    fn the_programs_own_folder_comes_first() {
        let places = usual();
        let program = std::env::current_exe().unwrap();
        let folder = std::fs::canonicalize(program.parent().unwrap()).unwrap();
        assert_eq!(places[0], Place::Folder(folder.clone()));
        assert_eq!(places[1], Place::Folder(folder.parent().unwrap().join("lib")));
        assert_eq!(places[2].to_string(), "the dynamic loader's `libonnxruntime.so`");
        assert_eq!(places[6].to_string(), "`/opt/onnxruntime/lib/libonnxruntime.so*`");
    }
}
