//! The model: brought here if it is elsewhere, checked, and laid out below `/models`.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use radiant_contract::env::Layered;
use radiant_contract::ports::METADATA_FILE;
use radiant_contract::repository::{
    MLSERVER_FILE, ModelSettings, RADIANT_FILES, TEXT_BYTES_MAX, TRITON_FILE,
};
use radiant_contract::{EnvSource, Layer, ProcessEnv};
use radiant_storage::{Limits, ModelUri, Options, Storage, read_credentials};
use tempfile::TempDir;

use super::files::Files;
use crate::error::{Code, Failure};
use crate::interrupt::wait;
use crate::layout::LayoutError;

/// The folder of models in the image.
pub(crate) const FOLDER: &str = "models";

/// More files than any model has.
const FILES_MAX: usize = 100_000;
/// Deeper than any model is.
const DEPTH_MAX: usize = 64;

/// How a model is brought here.
#[derive(Debug)]
pub(crate) struct Fetching {
    /// The largest model that is taken.
    pub(crate) bytes_max: u64,
    /// Where credentials are that come before the environment's.
    pub(crate) credentials: Option<PathBuf>,
}

/// A model whose files are known.
#[derive(Debug)]
pub(crate) struct Model {
    /// The files, as the image has them.
    pub(crate) files: Files,
    /// What the server is told to serve.
    pub(crate) path: String,
    /// What it is called, by its file or folder.
    pub(crate) name: Option<String>,
    /// Where it is from, if that is the same for everybody; nothing secret.
    pub(crate) uri: Option<String>,
    /// Where files from elsewhere are until the image is built: a value to be dropped.
    fetched: Option<TempDir>,
}

impl Model {
    /// Finds a model by its path or address.
    ///
    /// # Errors
    /// When it is not there, cannot be fetched, has files that do not belong into an image, or is
    /// larger than it may be.
    pub(crate) fn open(address: &str, fetching: &Fetching) -> Result<Self, Failure> {
        let uri = ModelUri::parse(address).map_err(Failure::usage)?;
        match &uri {
            ModelUri::Local(path) => Self::local(path, fetching.bytes_max),
            ModelUri::Builtin(_) => {
                let error = anyhow!("model `{uri}`: expected files, got a model of the program");
                Err(Failure::usage(error)
                    .hint(format!("leave it out and say `--env RADIANT_MODEL={uri}`")))
            }
            ModelUri::Remote(_) => Self::remote(&uri, fetching),
        }
    }

    /// The variable that names it to the server.
    pub(crate) fn served(&self) -> (String, String) {
        ("RADIANT_MODEL".to_owned(), self.path.clone())
    }

    fn remote(uri: &ModelUri, fetching: &Fetching) -> Result<Self, Failure> {
        let bytes_max = fetching.bytes_max;
        let env = environment(fetching.credentials.as_deref())?;
        let folder = TempDir::new().map_err(LayoutError::write(&std::env::temp_dir()))?;
        let limits =
            Limits { total_bytes: bytes_max, file_bytes: bytes_max, files: FILES_MAX as u64 };
        let storage = Storage::new(Options { limits, ..Options::default() }, env);
        let progress = radiant_storage::for_people();
        wait(async {
            let fetched = storage.fetch_into(uri, folder.path(), &*progress).await;
            fetched.map_err(|error| {
                let failure = Failure::new(Code::Storage, error);
                failure.context(format!("cannot fetch the model `{uri}`"))
            })
        })?;
        let mut model = Self::local(folder.path(), bytes_max)?;
        let shown = uri.to_string();
        let last = shown.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        model.name = Path::new(last).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        model.uri = Some(shown);
        model.fetched = Some(folder);
        Ok(model)
    }

    fn local(path: &Path, bytes_max: u64) -> Result<Self, Failure> {
        let root = fs::canonicalize(path).map_err(LayoutError::read(path))?;
        let mut scan = Scan { files: Files::default(), root, bytes: 0, bytes_max, n_files: 0 };
        scan.files.folder(FOLDER, 0o755);
        let root = scan.root.clone();
        let inside = if root.is_dir() {
            scan.folder(&root, FOLDER, 0)?;
            FOLDER.to_owned()
        } else {
            let inside = format!("{FOLDER}/{}", name_of(path)?);
            scan.file(&root, &inside)?;
            inside
        };
        if scan.n_files == 0 {
            let error = anyhow!("model `{}`: expected files, got an empty folder", path.display());
            return Err(Failure::new(Code::NotFound, error));
        }
        let name = if root.is_dir() { root.file_name() } else { path.file_stem() };
        let name = name.map(|name| name.to_string_lossy().into_owned());
        let path = format!("/{inside}");
        Ok(Self { files: scan.files, path, name, uri: None, fetched: None })
    }
}

/// Where a model's store and its credentials are looked up.
fn environment(credentials: Option<&Path>) -> Result<Arc<dyn EnvSource + Send + Sync>, Failure> {
    let Some(path) = credentials else { return Ok(Arc::new(ProcessEnv)) };
    let read = read_credentials(path).map_err(|error| {
        Failure::new(Code::Storage, error)
            .hint("name a file of NAME=VALUE lines, or a folder with a file for each name")
    })?;
    Ok(Arc::new(Layered::new(read, ProcessEnv)))
}

struct Scan {
    files: Files,
    /// The model, without links in its path.
    root: PathBuf,
    bytes: u64,
    bytes_max: u64,
    n_files: usize,
}

impl Scan {
    fn folder(&mut self, folder: &Path, inside: &str, depth: usize) -> Result<(), Failure> {
        if depth > DEPTH_MAX {
            return Err(refused(
                folder,
                &format!("at most {DEPTH_MAX} folders in each other"),
                "more",
            ));
        }
        for entry in fs::read_dir(folder).map_err(LayoutError::read(folder))? {
            let path = entry.map_err(LayoutError::read(folder))?.path();
            let name = name_of(&path)?;
            if name.starts_with('.') {
                return Err(refused(&path, "no hidden files in a model", "one")
                    .hint("move it out of the folder: images have no place for what nobody sees"));
            }
            let inside = format!("{inside}/{name}");
            let found = fs::symlink_metadata(&path).map_err(LayoutError::read(&path))?;
            if found.is_dir() {
                self.files.folder(&inside, 0o755);
                self.folder(&path, &inside, depth + 1)?;
            } else if found.is_symlink() {
                self.link(&path, &inside)?;
            } else {
                self.file(&path, &inside)?;
            }
        }
        Ok(())
    }

    /// A link to a file of the model is packed as that file.
    fn link(&mut self, path: &Path, inside: &str) -> Result<(), Failure> {
        let target = fs::canonicalize(path).map_err(LayoutError::read(path))?;
        if !target.starts_with(&self.root) {
            let got = format!("one to `{}`", target.display());
            return Err(refused(path, "links within the model", &got)
                .hint("copy the file to where the link is"));
        }
        if target.is_dir() {
            return Err(refused(path, "links to files", "one to a folder")
                .hint("copy the folder to where the link is"));
        }
        self.file(&target, inside)
    }

    fn file(&mut self, path: &Path, inside: &str) -> Result<(), Failure> {
        let found = fs::metadata(path).map_err(LayoutError::read(path))?;
        if !found.is_file() {
            return Err(refused(path, "files and folders", "a device, pipe or socket"));
        }
        self.n_files += 1;
        self.bytes = self.bytes.saturating_add(found.len());
        if self.bytes > self.bytes_max {
            let expected = format!("a model of at most {} bytes", self.bytes_max);
            let got = format!("{} and more", self.bytes);
            return Err(refused(path, &expected, &got).hint("raise `--model-bytes-max`"));
        }
        if self.n_files > FILES_MAX {
            return Err(refused(path, &format!("at most {FILES_MAX} files"), "more"));
        }
        self.files.file(inside, path.to_owned(), found.len());
        Ok(())
    }
}

fn refused(path: &Path, expected: &str, got: &str) -> Failure {
    Failure::usage(anyhow!("model `{}`: expected {expected}, got {got}", path.display()))
}

fn name_of(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let text = name.to_str().filter(|text| !text.chars().any(char::is_control));
    text.map(str::to_owned)
        .ok_or_else(|| refused(path, "names in UTF-8 without control characters", "another"))
}

/// A file with settings of a model.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The name of the file.
    file: String,
    text: String,
    /// The name that it gives the model.
    name: Option<String>,
    /// Whether the server reads it beside models of a repository only.
    is_for_repository: bool,
}

impl Settings {
    /// Reads a file, and checks what it says.
    ///
    /// # Errors
    /// When its name is none that the server reads, or what it says is wrong.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let file = name_of(path)?;
        let source = fs::File::open(path).map_err(LayoutError::read(path))?;
        let mut text = String::new();
        let read = source.take(TEXT_BYTES_MAX as u64 + 1).read_to_string(&mut text);
        read.map_err(LayoutError::read(path))?;
        let checked = match file.as_str() {
            METADATA_FILE => {
                Layer::parse(METADATA_FILE, &text).map(|_| None).map_err(Failure::usage)
            }
            TRITON_FILE => ModelSettings::from_triton(&text).map(Some).map_err(Failure::usage),
            MLSERVER_FILE => ModelSettings::from_mlserver(&text).map(Some).map_err(Failure::usage),
            ours if RADIANT_FILES.contains(&ours) => {
                ModelSettings::from_radiant(&text).map(Some).map_err(Failure::usage)
            }
            _ => {
                let names =
                    [TRITON_FILE, MLSERVER_FILE, METADATA_FILE].into_iter().chain(RADIANT_FILES);
                let names = names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let error = anyhow!("`--config {}`: expected one of {names}", path.display());
                return Err(Failure::usage(error));
            }
        };
        let settings = checked
            .map_err(|failure| failure.context(format!("cannot take `{}`", path.display())))?;
        let is_for_repository = settings.is_some();
        let name = settings.and_then(|settings| settings.name);
        Ok(Self { file, text, name, is_for_repository })
    }

    /// Where these settings and their model go: files of the model, those of the settings, and the
    /// variable that names them to the server.
    ///
    /// # Errors
    /// When the model has no name, or there is none to be served by these settings.
    pub(crate) fn place(&self, model: Option<&Model>) -> Result<Placed, Failure> {
        let mut settings = Files::default();
        if !self.is_for_repository {
            settings.bytes(&format!("{FOLDER}/{}", self.file), self.text.clone());
            let model = model.map(|model| (model.files.moved(FOLDER, FOLDER), model.served()));
            let (model, served) = model.unzip();
            return Ok(Placed { model, settings, served });
        }
        let wrong = |expected: &str| {
            Failure::usage(anyhow!("`--config {}`: expected {expected}, got none", self.file))
        };
        let model = model.ok_or_else(|| wrong("a model that it is about"))?;
        let name = self.name.as_deref().or(model.name.as_deref());
        let is_name =
            |name: &&str| !name.is_empty() && !name.starts_with('.') && !name.contains('/');
        let name = name.filter(is_name).ok_or_else(|| wrong("a `name` that a folder may have"))?;
        let folder = format!("{FOLDER}/{name}");
        settings.bytes(&format!("{folder}/{}", self.file), self.text.clone());
        let served = ("RADIANT_REPOSITORY".to_owned(), format!("/{FOLDER}"));
        let model = Some(model.files.moved(FOLDER, &folder));
        Ok(Placed { model, settings, served: Some(served) })
    }
}

/// A model and its settings in an image.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) model: Option<Files>,
    pub(crate) settings: Files,
    /// What the server is told to serve.
    pub(crate) served: Option<(String, String)>,
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn up_to(bytes_max: u64) -> Fetching {
        Fetching { bytes_max, credentials: None }
    }

    fn refusal(make: impl FnOnce(&Path)) -> String {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("model");
        fs::create_dir(&folder).unwrap();
        fs::write(place.path().join("outside"), "").unwrap();
        make(&folder);
        Model::open(folder.to_str().unwrap(), &up_to(100)).unwrap_err().text()
    }

    #[test]
    fn what_does_not_belong_into_an_image_is_refused_by_name() {
        let hidden = refusal(|folder| fs::write(folder.join(".git"), "").unwrap());
        assert!(hidden.contains("/.git`: expected no hidden files"), "{hidden}");
        let link = refusal(|folder| symlink("../outside", folder.join("link")).unwrap());
        assert!(link.contains("/link`: expected links within"), "{link}");
        let broken = refusal(|folder| symlink("nowhere", folder.join("link")).unwrap());
        assert!(broken.contains("/link`"), "{broken}");
        let large = refusal(|folder| fs::write(folder.join("x"), [0; 101]).unwrap());
        assert!(large.contains("at most 100 bytes") && large.contains("--model-bytes"), "{large}");
        let empty = refusal(|_| ());
        assert!(empty.contains("got an empty folder"), "{empty}");
        let socket = refusal(|folder| {
            drop(std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap());
        });
        assert!(socket.contains("/socket`: expected files and folders"), "{socket}");
        let name = refusal(|folder| {
            let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"a\xff");
            fs::write(folder.join(name), "").unwrap();
        });
        assert!(name.contains("names in UTF-8"), "{name}");
    }

    #[test]
    fn a_folder_is_the_folder_and_a_file_is_in_it() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("1")).unwrap();
        fs::write(place.path().join("1/model.onnx"), "x").unwrap();
        symlink("1/model.onnx", place.path().join("model.onnx")).unwrap();
        let paths =
            |model: &Model| model.files.iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>();
        let folder = Model::open(place.path().to_str().unwrap(), &up_to(100)).unwrap();
        let expected = ["models", "models/1", "models/1/model.onnx", "models/model.onnx"];
        assert_eq!(
            (folder.path.as_str(), paths(&folder)),
            ("/models", expected.map(Into::into).into())
        );
        let path = place.path().join("model.onnx");
        let file = Model::open(path.to_str().unwrap(), &up_to(100)).unwrap();
        let expected = ["models", "models/model.onnx"];
        assert_eq!(
            (file.path.as_str(), paths(&file)),
            ("/models/model.onnx", expected.map(Into::into).into())
        );
    }

    #[test]
    fn settings_are_checked_before_they_are_packed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("radiant.yaml");
        fs::write(&path, "{labls: all}").unwrap();
        let text = Settings::open(&path).unwrap_err().text();
        assert!(text.contains("radiant.yaml") && text.contains("labls"), "{text}");
        let other = place.path().join("settings.ini");
        fs::write(&other, "").unwrap();
        assert!(Settings::open(&other).unwrap_err().text().contains("`radiant.yaml`"));
    }

    #[test]
    fn a_model_with_settings_is_one_of_a_repository() {
        let place = tempfile::tempdir().unwrap();
        let [yaml, metadata, model] =
            ["radiant.yaml", "metadata.yaml", "iris.onnx"].map(|name| place.path().join(name));
        fs::write(&model, "x").unwrap();
        fs::write(&metadata, "name: iris").unwrap();
        let model = Model::open(model.to_str().unwrap(), &up_to(100)).unwrap();
        for (text, folder) in
            [("{name: fraud}", "models/fraud"), ("{method: predict}", "models/iris")]
        {
            fs::write(&yaml, text).unwrap();
            let placed = Settings::open(&yaml).unwrap().place(Some(&model)).unwrap();
            let served = ("RADIANT_REPOSITORY".to_owned(), "/models".to_owned());
            assert_eq!(placed.served, Some(served));
            let files = placed.model.unwrap();
            let paths: Vec<&str> =
                files.iter().chain(placed.settings.iter()).map(|(path, _)| path).collect();
            for name in ["iris.onnx", "radiant.yaml"] {
                assert!(paths.contains(&format!("{folder}/{name}").as_str()), "{paths:?}");
            }
        }
        assert!(Settings::open(&yaml).unwrap().place(None).is_err());
        let placed = Settings::open(&metadata).unwrap().place(Some(&model)).unwrap();
        assert_eq!(placed.served.unwrap().1, "/models/iris.onnx");
        assert!(placed.settings.iter().any(|(path, _)| path == "models/metadata.yaml"));
    }

    #[test]
    fn a_builtin_has_no_files() {
        let text = Model::open("builtin:echo", &up_to(1)).unwrap_err().text();
        assert!(text.contains("--env RADIANT_MODEL=builtin:echo"), "{text}");
    }
}
