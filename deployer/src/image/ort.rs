//! ONNX Runtime's library, out of its wheel, and the libraries of the system that both it and the
//! program need.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use tempfile::TempDir;
use zip::ZipArchive;

use super::elf::Elf;
use super::files::Files;
use super::runtime::split;
use crate::error::{Code, Failure};
use crate::layout::{LayoutError, Platform};

/// Where the library is in the image: one of the places in which the server looks by itself.
const FOLDER: &str = "opt/onnxruntime/lib";
/// The library's folder in a wheel.
const CAPI: &str = "onnxruntime/capi/";
/// Texts of a wheel that must come along.
const LICENCES: [&str; 3] =
    ["onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt", "onnxruntime/Privacy.md"];
/// The library is some 30 MB.
const LIBRARY_BYTES_MAX: u64 = 1 << 30;
/// More libraries than anything needs.
const LIBRARIES_MAX: usize = 256;
/// What glibc opens by name when it looks up hosts, where it has these as files.
const NAME_SERVICES: [&str; 3] = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"];
/// Packages whose terms ask for their text beside the libraries.
const PACKAGES: [&str; 3] = ["libc6", "libgcc-s1", "libstdc++6"];

/// ONNX Runtime's library for one platform.
#[derive(Debug)]
pub(crate) struct Ort {
    library: PathBuf,
    name: String,
    elf: Elf,
    /// Where the system's libraries are looked for: `/`, or a folder like it.
    root: PathBuf,
    licences: Vec<(String, Vec<u8>)>,
    _unpacked: Option<TempDir>,
}

impl Ort {
    /// Opens a wheel or a library; `roots` are `[PLATFORM=]FOLDER`.
    ///
    /// # Errors
    /// When it is neither, or for another processor than this machine's while no folder is named.
    pub(crate) fn open(path: &Path, roots: &[String]) -> Result<Self, Failure> {
        let is_wheel = path.extension().is_some_and(|end| end == "whl");
        let mut ort = if is_wheel { from_wheel(path)? } else { from_library(path)? };
        let platform = ort.platform();
        let named = roots.iter().map(|root| split(root)).find(|(of, _)| {
            of.as_ref().map_or(platform == Platform::here(), |of| of.runs(&platform))
        });
        ort.root = match named {
            Some((_, root)) => root.to_owned(),
            None if platform == Platform::here() => PathBuf::from("/"),
            None => {
                let error = anyhow!(
                    "`{}`: expected a library for this machine ({}), got one for {platform}",
                    path.display(),
                    Platform::here()
                );
                return Err(Failure::usage(error).hint(format!(
                    "name a folder with its libraries: `--libraries {platform}=DIR`"
                )));
            }
        };
        Ok(ort)
    }

    /// What it runs on.
    pub(crate) fn platform(&self) -> Platform {
        Platform::linux(self.elf.architecture)
    }

    /// Where it is in the image.
    pub(crate) fn path(&self) -> String {
        format!("/{FOLDER}/{}", self.name)
    }

    /// The version, from the library's name.
    pub(crate) fn version(&self) -> Option<&str> {
        self.name.split_once(".so.").map(|(_, version)| version)
    }

    /// The library alone, for an image that has a system.
    pub(crate) fn alone(&self) -> Files {
        let mut files = Files::default();
        files.file(&format!("{FOLDER}/{}", self.name), self.library.clone(), self.elf.bytes);
        for (name, text) in &self.licences {
            files.bytes(&format!("licenses/onnxruntime/{name}"), text.clone());
        }
        files
    }

    /// The library with all that it and `program` need, for an image that has nothing.
    ///
    /// # Errors
    /// When a library is not found, or for another processor.
    pub(crate) fn with_system(&self, program: &Elf) -> Result<Files, Failure> {
        let mut files = self.alone();
        for (inside, path, bytes) in self.closure(program)? {
            files.program(&inside, path, bytes);
        }
        // glibc asks name servers before `/etc/hosts` when nothing says otherwise.
        files.bytes("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
        for package in PACKAGES {
            let path = self.root.join("usr/share/doc").join(package).join("copyright");
            if let Ok(found) = std::fs::metadata(&path) {
                files.file(&format!("licenses/{package}/copyright"), path, found.len());
            }
        }
        Ok(files)
    }

    /// All libraries that are needed: where each goes, where it is, and how long it is.
    fn closure(&self, program: &Elf) -> Result<Vec<(String, PathBuf, u64)>, Failure> {
        let mut wanted: Vec<String> =
            program.needed.iter().chain(&self.elf.needed).cloned().collect();
        let mut found = BTreeMap::new();
        let mut seen = BTreeSet::new();
        if let Some(loader) = &program.interpreter {
            let inside = loader.trim_start_matches('/').to_owned();
            seen.extend(inside.rsplit('/').next().map(str::to_owned));
            let path = self.root.join(&inside);
            let elf = self.library(&path)?;
            found.insert(inside, (path, elf.bytes));
        }
        while let Some(name) = wanted.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let (inside, path) = self.find(&name).ok_or_else(|| self.missing(&name))?;
            let elf = self.library(&path)?;
            wanted.extend(elf.needed);
            found.insert(inside, (path, elf.bytes));
            if found.len() > LIBRARIES_MAX {
                let error = anyhow!("libraries: expected at most {LIBRARIES_MAX}, got more");
                return Err(error.into());
            }
        }
        for name in NAME_SERVICES.iter().filter(|name| !seen.contains(**name)) {
            if let Some((inside, path)) = self.find(name) {
                let elf = self.library(&path)?;
                found.insert(inside, (path, elf.bytes));
            }
        }
        Ok(found.into_iter().map(|(inside, (path, bytes))| (inside, path, bytes)).collect())
    }

    fn library(&self, path: &Path) -> Result<Elf, Failure> {
        let elf = Elf::read(path)?;
        if elf.architecture == self.elf.architecture {
            return Ok(elf);
        }
        let error = anyhow!(
            "`{}`: expected a library for {}, got one for {}",
            path.display(),
            self.elf.architecture,
            elf.architecture
        );
        Err(Failure::usage(error))
    }

    /// Looks where glibc's loader looks: each file stays in the folder in which it was found.
    fn find(&self, name: &str) -> Option<(String, PathBuf)> {
        let triple = match self.elf.architecture {
            "amd64" => "x86_64-linux-gnu",
            "arm64" => "aarch64-linux-gnu",
            _ => "",
        };
        let folders = [
            format!("lib/{triple}"),
            format!("usr/lib/{triple}"),
            "lib64".to_owned(),
            "usr/lib64".to_owned(),
            "lib".to_owned(),
            "usr/lib".to_owned(),
        ];
        // A name with folders would leave them.
        let is_name = !name.contains('/') && !name.is_empty();
        folders.into_iter().filter(|_| is_name).find_map(|folder| {
            let path = self.root.join(&folder).join(name);
            path.is_file().then(|| (format!("{}/{name}", folder.trim_end_matches('/')), path))
        })
    }

    fn missing(&self, name: &str) -> Failure {
        let root = self.root.display();
        let error = anyhow!("libraries in `{root}`: expected `{name}`, got nothing");
        Failure::new(Code::NotFound, error)
            .hint("name a folder like the root of a Debian system with `--libraries DIR`")
    }
}

fn from_library(path: &Path) -> Result<Ort, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("libonnxruntime.so");
    Ok(Ort {
        elf: Elf::read(path)?,
        library: path.to_owned(),
        name: name.to_owned(),
        root: PathBuf::new(),
        licences: Vec::new(),
        _unpacked: None,
    })
}

fn from_wheel(path: &Path) -> Result<Ort, Failure> {
    let shown = path.display();
    let damaged = |error: zip::result::ZipError| {
        Failure::usage(error).context(format!("cannot read the wheel `{shown}`"))
    };
    let file = File::open(path).map_err(LayoutError::read(path))?;
    let mut wheel = ZipArchive::new(file).map_err(damaged)?;
    let library = wheel.file_names().find_map(|name| {
        let name = name.ok()?;
        let name = name.strip_prefix(CAPI)?;
        (name.starts_with("libonnxruntime.so") && !name.contains('/')).then(|| name.to_owned())
    });
    let Some(name) = library else {
        let error = anyhow!("`{shown}`: expected `{CAPI}libonnxruntime.so*` in it, got none");
        return Err(Failure::usage(error).hint(
            "get the wheel with `pip download --no-deps onnxruntime`, for another processor with \
             `--platform manylinux_2_28_aarch64`",
        ));
    };
    let folder = TempDir::new().map_err(LayoutError::write(&std::env::temp_dir()))?;
    let to = folder.path().join(&name);
    let entry = wheel.by_name(&format!("{CAPI}{name}")).map_err(damaged)?;
    let mut target = File::create(&to).map_err(LayoutError::write(&to))?;
    let copied = std::io::copy(&mut entry.take(LIBRARY_BYTES_MAX), &mut target);
    copied.map_err(LayoutError::write(&to))?;
    let mut licences = Vec::new();
    for licence in LICENCES {
        let Ok(entry) = wheel.by_name(licence) else { continue };
        let mut text = Vec::new();
        entry
            .take(LIBRARY_BYTES_MAX >> 6)
            .read_to_end(&mut text)
            .map_err(LayoutError::read(path))?;
        let name = licence.rsplit('/').next().unwrap_or(licence);
        licences.push((name.to_owned(), text));
    }
    Ok(Ort { licences, _unpacked: Some(folder), ..from_library(&to)? })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// This test itself stands for the library: it needs libraries too.
    fn library() -> PathBuf {
        std::env::current_exe().unwrap()
    }

    #[test]
    fn a_wheel_gives_its_library_and_what_that_needs() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("onnxruntime-1.2.3-cp311-cp311-manylinux_2_28.whl");
        let mut wheel = zip::ZipWriter::new(File::create(&path).unwrap());
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        wheel.start_file("onnxruntime/capi/libonnxruntime.so.1.2.3", options).unwrap();
        std::io::copy(&mut File::open(library()).unwrap(), &mut wheel).unwrap();
        wheel.start_file("onnxruntime/LICENSE", options).unwrap();
        wheel.write_all(b"MIT").unwrap();
        wheel.finish().unwrap();

        let ort = Ort::open(&path, &[]).unwrap();
        assert_eq!(ort.path(), "/opt/onnxruntime/lib/libonnxruntime.so.1.2.3");
        assert_eq!((ort.version(), ort.platform()), (Some("1.2.3"), Platform::here()));
        let files = ort.with_system(&Elf::read(&library()).unwrap()).unwrap();
        let paths: Vec<&str> = files.iter().map(|(path, _)| path).collect();
        for end in ["/libc.so.6", "/LICENSE", "etc/nsswitch.conf", "/libonnxruntime.so.1.2.3"] {
            assert!(paths.iter().any(|path| path.ends_with(end)), "{end}: {paths:?}");
        }
        assert!(paths.iter().any(|path| path.contains("ld-linux")), "{paths:?}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let place = tempfile::tempdir().unwrap();
        let roots = [place.path().display().to_string()];
        let ort = Ort::open(&library(), &roots).unwrap();
        let mut program = Elf::read(&library()).unwrap();
        program.interpreter = None;
        let text = ort.with_system(&program).unwrap_err().text();
        assert!(text.contains("got nothing") && text.contains("--libraries"), "{text}");

        let wheel = place.path().join("numpy.whl");
        std::fs::write(&wheel, "PK").unwrap();
        assert!(Ort::open(&wheel, &[]).unwrap_err().text().contains("cannot read the wheel"));
        zip::ZipWriter::new(File::create(&wheel).unwrap()).finish().unwrap();
        assert!(Ort::open(&wheel, &[]).unwrap_err().text().contains("pip download"));
    }
}
