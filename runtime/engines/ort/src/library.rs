//! The shared library: found, opened once, and asked for its version.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::LoadDynamicError;
use ort::environment::{Environment, EnvironmentBuilder};
use ort::logging::LogLevel;

use crate::LibraryError;
use crate::error::contain;
use crate::places::{self, Place};

/// What the process has opened. ONNX Runtime can be neither unloaded nor loaded twice.
static PROCESS: Mutex<Process> = Mutex::new(Process { opened: None, library: None });

struct Process {
    /// The library that is in the process, whether or not it could be started.
    opened: Option<Opened>,
    /// The same, started. Its environment lives as long as the process does.
    library: Option<Library>,
}

struct Opened {
    /// The absolute path or bare name that was given to the dynamic loader.
    asked: PathBuf,
    /// The file that it took.
    path: PathBuf,
}

/// An opened `libonnxruntime.so`. Clones are the same library.
#[derive(Clone)]
pub struct Library(Arc<Loaded>);

struct Loaded {
    path: PathBuf,
    version: String,
    environment: Environment,
}

impl Library {
    /// Opens ONNX Runtime, or gives the one that is open already.
    ///
    /// A `path` is a file, a folder with a `libonnxruntime.so*` (the newest is taken), or a bare
    /// name for the dynamic loader. Without one, the usual places are tried: the program's folder
    /// and `../lib` from there, the dynamic loader's `libonnxruntime.so` and `libonnxruntime.so.1`,
    /// then `/usr/local/lib`, `/usr/lib` and `/opt/onnxruntime/lib`; what cannot be used there is
    /// passed over.
    ///
    /// The library is code that runs in the process: a path must come from whoever runs the
    /// server, never from a request.
    ///
    /// Cost: blocks for the dynamic loader the first time, tens of milliseconds.
    ///
    /// # Errors
    /// [`LibraryError`] says what was tried, what was wrong with it, and how to get the library.
    pub fn find(path: Option<&Path>) -> Result<Self, LibraryError> {
        let mut process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
        match path {
            Some(path) => process.given(path),
            None => match &process.library {
                Some(library) => Ok(library.clone()),
                None => process.usual(&places::usual()),
            },
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// ONNX Runtime's version, such as `1.32.0`, or `1.32` where the file's name does not tell more.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.0.environment
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library")
            .field("path", &self.0.path)
            .field("version", &self.0.version)
            .finish_non_exhaustive()
    }
}

impl Process {
    fn given(&mut self, path: &Path) -> Result<Library, LibraryError> {
        let is_bare = path.components().count() == 1 && !path.exists();
        if is_bare {
            return self.open(path);
        }
        let missing = |_| LibraryError::Missing { path: path.to_owned() };
        let mut file = std::fs::canonicalize(path).map_err(missing)?;
        if file.is_dir() {
            let newest = places::libraries(&file).into_iter().next();
            file = newest.ok_or_else(|| LibraryError::Missing { path: path.to_owned() })?;
        }
        self.open(&file)
    }

    fn usual(&mut self, places: &[Place]) -> Result<Library, LibraryError> {
        let mut tried = Vec::new();
        for place in places {
            let files = match place {
                Place::Folder(folder) => places::libraries(folder),
                Place::Loader(name) => vec![PathBuf::from(name)],
            };
            if files.is_empty() {
                tried.push(place.to_string());
            }
            for file in files {
                match self.open(&file) {
                    Ok(library) => return Ok(library),
                    // It is in the process now, so no other can be.
                    Err(error) if self.opened.is_some() => return Err(error),
                    Err(error) => tried.push(note(error)?),
                }
            }
        }
        Err(LibraryError::NotFound { tried })
    }

    /// Opens a file, by its absolute path or its bare name.
    fn open(&mut self, file: &Path) -> Result<Library, LibraryError> {
        if let Some(opened) = self.opened.as_ref().filter(|opened| !opened.is(file)) {
            let (loaded, wanted) = (opened.path.clone(), file.to_owned());
            return Err(LibraryError::Conflict { loaded, wanted });
        }
        if let Some(library) = &self.library {
            return Ok(library.clone());
        }
        let broken = |problem: String| LibraryError::Broken { path: file.to_owned(), problem };
        let builder = contain(|| ort::init_from(file))
            .map_err(|panic| broken(panic.to_string()))?
            .map_err(|error| refusal(error, file))?;
        let path = if file.is_absolute() { None } else { places::mapped(places::NAME) };
        let path = path.unwrap_or_else(|| file.to_owned());
        self.opened = Some(Opened { asked: file.to_owned(), path: path.clone() });
        // From here on the `ort` crate has the library, and no other can take its place.
        let started = contain(|| (start(builder), ort::util::probe(file)));
        let (environment, minor) = started.map_err(|panic| broken(panic.to_string()))?;
        let environment = environment.map_err(|error| broken(error.to_string()))?;
        let version = version(&path, minor);
        let library = Library(Arc::new(Loaded { path, version, environment }));
        self.library = Some(library.clone());
        Ok(library)
    }
}

impl Opened {
    fn is(&self, file: &Path) -> bool {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        self.asked == file
            || self.path == file
            || real(&self.path).is_some_and(|path| Some(path) == real(file))
    }
}

/// What the list of tried places says of a file that cannot be used; other errors are not its own.
fn note(error: LibraryError) -> Result<String, LibraryError> {
    match error {
        LibraryError::Broken { path, problem } => Ok(format!("`{}` ({problem})", path.display())),
        LibraryError::TooOld { path, version, minimum } => {
            Ok(format!("`{}` ({version}, expected {minimum} or later)", path.display()))
        }
        other => Err(other),
    }
}

/// The environment of all sessions.
///
/// ONNX Runtime writes to standard error on its own unless it gets a logger. It logs what it also
/// returns as an error, so the logger drops everything.
fn start(builder: EnvironmentBuilder) -> ort::Result<Environment> {
    let environment = builder
        .with_name("radiant")
        .with_telemetry(false)
        .with_logger(Arc::new(|_, _, _, _, _| {}))
        .build()?;
    // With a logger, everything down to debug messages is formatted for it.
    environment.set_log_level(LogLevel::Fatal);
    Ok(environment)
}

/// The version in the file's name where it agrees with what the library says, which is `1.minor`.
fn version(path: &Path, minor: Option<u32>) -> String {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let named = real.file_name().and_then(places::version).unwrap_or_default();
    match (named.as_slice(), minor) {
        ([1, named, ..], Some(minor)) if *named == minor => {
            let numbers = real.file_name().and_then(places::version).unwrap_or_default();
            numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
        }
        (_, Some(minor)) => format!("1.{minor}"),
        (_, None) => "unknown".to_owned(),
    }
}

fn refusal(error: LoadDynamicError, file: &Path) -> LibraryError {
    let path = file.to_owned();
    match error {
        LoadDynamicError::Dlopen { error, .. } => {
            // The loader's words are in the source.
            let problem = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            LibraryError::Broken { path, problem }
        }
        LoadDynamicError::MissingApi { .. } => {
            LibraryError::Broken { path, problem: "it is not ONNX Runtime".to_owned() }
        }
        LoadDynamicError::InvalidVersionString => {
            LibraryError::Broken { path, problem: "its version is not text".to_owned() }
        }
        LoadDynamicError::BadVersion { version_str, .. } => LibraryError::TooOld {
            path,
            version: version_str,
            minimum: format!("1.{}", ort::MINOR_VERSION),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Process {
        Process { opened: None, library: None }
    }

    fn testdata(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
    }

    // What opens a file is tested in `tests/refusals.rs`: the `ort` crate opens nothing any more in
    // a process that has ONNX Runtime.

    #[test]
    fn what_was_tried_is_listed_with_what_was_wrong() {
        let places = [Place::Folder(testdata("nothing")), Place::Folder(testdata("."))];
        let error = fresh().usual(&places).unwrap_err();
        let LibraryError::NotFound { tried } = &error else { panic!("{error}") };
        assert_eq!(*tried, places.map(|place| place.to_string()));
        assert!(error.to_string().contains("pip install onnxruntime"), "{error}");

        let path = PathBuf::from("/lib/libonnxruntime.so");
        let problem = "file too short".to_owned();
        let broken = LibraryError::Broken { path: path.clone(), problem };
        assert_eq!(note(broken).unwrap(), "`/lib/libonnxruntime.so` (file too short)");
        let (version, minimum) = ("1.14.1".to_owned(), "1.17".to_owned());
        let old = LibraryError::TooOld { path, version, minimum };
        let text = "`/lib/libonnxruntime.so` (1.14.1, expected 1.17 or later)";
        assert_eq!(note(old).unwrap(), text);
    }

    #[test]
    fn an_old_library_is_an_error_with_both_versions() {
        let path = PathBuf::from("/usr/lib/libonnxruntime.so");
        let old = LoadDynamicError::BadVersion { version_str: "1.14.1".into(), path: path.clone() };
        let error = refusal(old, &path).to_string();
        let expected =
            "`/usr/lib/libonnxruntime.so`: expected ONNX Runtime 1.17 or later, got 1.14.1";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn a_process_has_one_library() {
        let broken = testdata("broken/libonnxruntime.so.1.9.0");
        let opened = Opened { asked: "libonnxruntime.so".into(), path: "/opt/ort.so".into() };
        let mut process = Process { opened: Some(opened), library: None };
        let error = process.given(&broken).unwrap_err();
        let text = error.to_string();
        assert!(text.ends_with("beside `/opt/ort.so`: a process has one ONNX Runtime"), "{text}");
    }

    #[test]
    fn the_version_is_the_files_where_the_library_agrees() {
        for (name, minor, expected) in [
            ("/x/libonnxruntime.so.1.32.0", Some(32), "1.32.0"),
            ("/x/libonnxruntime.so.1.32.0", Some(31), "1.31"),
            ("/x/libonnxruntime.so", Some(32), "1.32"),
            ("/x/libonnxruntime.so.1", None, "unknown"),
        ] {
            assert_eq!(version(Path::new(name), minor), expected);
        }
    }
}
