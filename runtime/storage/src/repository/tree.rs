//! The names of a repository's files, and the texts of the settings among them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use radiant_contract::repository::{MLSERVER_FILE, RADIANT_FILES, TEXT_BYTES_MAX, TRITON_FILE};

use super::Problem;
use crate::StorageError;

/// How many files a repository may have.
const FILES_MAX: u64 = 1_000_000;

/// How many folders a repository may have.
const FOLDERS_MAX: u64 = 100_000;

/// How deep folders may be nested, links included.
const DEPTH_MAX: u64 = 32;

/// How many settings are read.
const TEXTS_MAX: usize = 10_000;

/// The names of a repository's files, and the texts of the settings among them.
///
/// Names that begin with a point are left out, with all that is below them: version control, editors,
/// and Kubernetes, whose mounted volumes keep their data under `..data`, use such names.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    root: Option<PathBuf>,
    names: BTreeSet<String>,
    texts: BTreeMap<String, Result<String, String>>,
    problems: Vec<Problem>,
}

impl Tree {
    /// A tree of the files with these names, relative to the repository and with `/` between the
    /// parts; the texts that [`wanted`](Self::wanted) names are to be put in afterwards. Names that
    /// end in `/`, which some stores keep for folders, are left out.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut tree = Self::default();
        for name in names {
            tree.insert(name);
        }
        tree
    }

    /// A tree of the folder `root`, with its texts. Links are followed; one to nothing, or to a folder
    /// that it is in, is a problem and hides nothing else, as is a folder that cannot be listed.
    /// Blocks on the file system.
    ///
    /// # Errors
    /// [`StorageError`]: `root` cannot be listed, or it is beyond a limit.
    pub fn read(root: &Path) -> Result<Self, StorageError> {
        let mut tree = Self { root: Some(root.to_owned()), ..Self::default() };
        let top = Folder { path: root.to_owned(), prefix: String::new(), above: Vec::new() };
        let mut folders = vec![top];
        let mut n_folders = 0;
        while let Some(folder) = folders.pop() {
            n_folders += 1;
            limit(root, FOLDERS_MAX, "folders", n_folders)?;
            limit(&folder.path, DEPTH_MAX, "nested folders", folder.above.len() as u64)?;
            match tree.list(&folder) {
                Ok(inner) => folders.extend(inner),
                Err(source) if folder.above.is_empty() => {
                    return Err(StorageError::Read { path: folder.path, source });
                }
                Err(error) => tree.problem(folder.prefix.trim_end_matches('/'), unreadable(&error)),
            }
            limit(root, FILES_MAX, "files", tree.names.len() as u64)?;
        }
        let wanted: Vec<String> = tree.wanted().map(str::to_owned).collect();
        for name in wanted {
            let text = read_text(&root.join(&name)).map_err(|error| unreadable(&error));
            tree.put(&name, text);
        }
        Ok(tree)
    }

    /// The names of the files whose texts are to be put in: settings, where settings may be.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        let names = self.names.iter().map(String::as_str);
        names.filter(|name| is_settings(name)).take(TEXTS_MAX)
    }

    /// Puts in the content of a file, or why it cannot be read. At most
    /// [`TEXT_BYTES_MAX`] bytes are of use, so one more than that is all that needs to be read.
    pub fn put(&mut self, name: &str, content: Result<Vec<u8>, String>) {
        let text = content.and_then(|bytes| {
            let text = String::from_utf8(bytes);
            text.map_err(|error| format!("expected UTF-8, got {}", error.utf8_error()))
        });
        self.texts.insert(name.to_owned(), text);
    }

    /// What is left of an absolute path on this machine below the folder that this is the tree of.
    pub(super) fn below_root(&self, path: &str) -> Option<String> {
        let below = Path::new(path).strip_prefix(self.root.as_deref()?).ok()?;
        below.to_str().map(str::to_owned)
    }

    /// Names below a folder, relative to it; the empty name is the repository itself.
    pub(super) fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let names = self.names.range(prefix.clone()..).map(String::as_str);
        names.map_while(move |name| name.strip_prefix(prefix.as_str()))
    }

    pub(super) fn has_file(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    pub(super) fn has_folder(&self, name: &str) -> bool {
        self.below(name).next().is_some()
    }

    /// The text of a file; `None` when there is no such file.
    pub(super) fn text(&self, name: &str) -> Option<Result<&str, String>> {
        if !self.has_file(name) {
            return None;
        }
        Some(match self.texts.get(name) {
            Some(text) => text.as_deref().map_err(Clone::clone),
            None => Err(format!("is not read: there are more than {TEXTS_MAX} settings")),
        })
    }

    /// What was wrong with names.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn insert(&mut self, name: String) {
        if name.is_empty()
            || name.ends_with('/')
            || name.split('/').any(|part| part.starts_with('.'))
        {
            return;
        }
        if name.split('/').any(str::is_empty) || name.contains(['\\', '\0']) {
            let reason = "expected a name without empty parts, `\\` and NUL: is left out";
            return self.problem(&name.escape_debug().to_string(), reason.to_owned());
        }
        self.names.insert(name);
    }

    fn problem(&mut self, place: &str, reason: String) {
        self.problems.push(Problem { place: place.to_owned(), reason });
    }

    /// Takes in the files right in a folder; the folders in it come back.
    fn list(&mut self, folder: &Folder) -> io::Result<Vec<Folder>> {
        let mut above = folder.above.clone();
        above.push(folder.path.canonicalize()?);
        let mut folders = Vec::new();
        for entry in fs::read_dir(&folder.path)? {
            let file_name = entry?.file_name();
            if file_name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = folder.path.join(&file_name);
            let name = format!("{}{}", folder.prefix, file_name.to_string_lossy());
            if file_name.to_str().is_none() {
                self.problem(&name, "expected a name in UTF-8: is left out".to_owned());
                continue;
            }
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => self.insert(name),
                Ok(metadata) if metadata.is_dir() => {
                    if above.contains(&path.canonicalize()?) {
                        let got = "expected a folder, got a link to one that it is in";
                        self.problem(&name, format!("{got}: is left out"));
                    } else {
                        let prefix = format!("{name}/");
                        folders.push(Folder { path, prefix, above: above.clone() });
                    }
                }
                Ok(_) => {
                    let got = "expected a file or folder, got a device, pipe or socket";
                    self.problem(&name, format!("{got}: is left out"));
                }
                Err(error) => self.problem(&name, unreadable(&error)),
            }
        }
        Ok(folders)
    }
}

/// A folder on this machine that is to be listed.
struct Folder {
    path: PathBuf,
    /// What stands before the names in it: empty, or its own name and `/`.
    prefix: String,
    /// Where the folders that it is in really are, so that links in a circle are seen.
    above: Vec<PathBuf>,
}

/// Whether settings may be in a file of this name: ours and Triton's in the folder of a model, which
/// is one of the repository's; MLServer's anywhere.
fn is_settings(name: &str) -> bool {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let in_model = !folder.is_empty() && !folder.contains('/');
    file == MLSERVER_FILE || in_model && (file == TRITON_FILE || RADIANT_FILES.contains(&file))
}

fn read_text(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let bytes_max = TEXT_BYTES_MAX as u64;
    File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "expected a file, got a link to nothing: is left out".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "cannot be read: this user has no permission: is left out".to_owned()
        }
        _ => format!("cannot be read: {error}: is left out"),
    }
}

fn limit(path: &Path, limit: u64, unit: &'static str, got: u64) -> Result<(), StorageError> {
    if got <= limit {
        return Ok(());
    }
    Err(StorageError::Limit { path: path.to_owned(), limit, unit, got })
}
