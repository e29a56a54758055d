//! Layers put together: files under their names, archives unpacked, images stacked.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::ops::Bound::{Excluded, Unbounded};
use std::path::{Path, PathBuf};

use super::blob;
use super::error::OciError;
use super::place::{IMAGE_FOLDER, Place};
use crate::archive::{self, Select};
use crate::staging::{clear, make_folder, write_error};
use crate::{Limits, Report, WriteError};

/// A layer that has been downloaded.
pub(super) struct Layered {
    /// Its place in the manifest, from 1.
    pub number: usize,
    pub place: Place,
    pub bytes: u64,
    pub blob: PathBuf,
    /// Whether no later layer is the same blob.
    pub is_last_use: bool,
}

/// The files so far.
pub(super) struct Tree {
    /// Where they are.
    root: PathBuf,
    /// Where archives are unpacked before their files are moved.
    unpacked: PathBuf,
    reference: String,
    limits: Limits,
    files: BTreeMap<PathBuf, u64>,
    /// Of all files.
    bytes: u64,
}

/// What an image's layer takes away from those below it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hidden {
    /// A file, or a folder with all that is in it.
    Path(PathBuf),
    /// All that is in a folder; in the folder of the model itself if that is empty.
    Below(PathBuf),
}

impl Tree {
    pub(super) fn new(root: &Path, unpacked: PathBuf, reference: String, limits: Limits) -> Self {
        let (root, files) = (root.to_owned(), BTreeMap::new());
        Self { root, unpacked, reference, limits, files, bytes: 0 }
    }

    /// Adds a layer on top.
    ///
    /// # Errors
    /// [`OciError`]: it cannot be unpacked, a file of its name is there, or a limit is passed.
    pub(super) fn add(&mut self, layer: &Layered) -> Result<(), OciError> {
        match &layer.place {
            Place::File(name) => self.add_file(layer, name),
            Place::Archive => {
                self.unpack(layer, &mut |_| Select::Take)?;
                self.merge(layer.number, false)
            }
            Place::Image => {
                let mut hidden = Vec::new();
                self.unpack(layer, &mut |path| select(path, &mut hidden))?;
                for hidden in &hidden {
                    self.hide(hidden)?;
                }
                self.merge(layer.number, true)
            }
            Place::Nothing => Ok(()),
        }
    }

    /// All files, by name.
    pub(super) fn names(&self) -> Vec<&Path> {
        self.files.keys().map(PathBuf::as_path).collect()
    }

    /// How much there is.
    pub(super) fn report(&self) -> Report {
        Report { files: self.files.len() as u64, bytes: self.bytes }
    }

    fn add_file(&mut self, layer: &Layered, name: &Path) -> Result<(), OciError> {
        self.claim(layer.number, name)?;
        let to = self.make_place(name)?;
        if layer.is_last_use {
            fs::rename(&layer.blob, &to).map_err(write_error(&to))?;
        } else {
            blob::copy(&layer.blob, &to)?;
        }
        self.insert(name.to_owned(), layer.bytes)
    }

    fn unpack(
        &self,
        layer: &Layered,
        select: &mut dyn FnMut(&Path) -> Select,
    ) -> Result<(), OciError> {
        let used = self.report();
        let left = Limits {
            total_bytes: self.limits.total_bytes.saturating_sub(used.bytes),
            file_bytes: self.limits.file_bytes,
            files: self.limits.files.saturating_sub(used.files),
        };
        let blob = File::open(&layer.blob).map_err(write_error(&layer.blob))?;
        let unpacked = archive::unpack(blob, &self.unpacked, &left, select);
        unpacked.map_err(|error| OciError::Archive {
            reference: self.reference.clone(),
            layer: layer.number,
            source: Box::new(error),
        })?;
        if layer.is_last_use {
            fs::remove_file(&layer.blob).map_err(write_error(&layer.blob))?;
        }
        Ok(())
    }

    /// Moves what was unpacked to its places.
    fn merge(&mut self, number: usize, is_over: bool) -> Result<(), OciError> {
        for (name, bytes) in walk(&self.unpacked)? {
            if is_over {
                self.make_way(&name)?;
            } else {
                self.claim(number, &name)?;
            }
            let to = self.make_place(&name)?;
            fs::rename(self.unpacked.join(&name), &to).map_err(write_error(&to))?;
            self.insert(name, bytes)?;
        }
        Ok(clear(&self.unpacked)?)
    }

    fn insert(&mut self, name: PathBuf, bytes: u64) -> Result<(), OciError> {
        self.files.insert(name, bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        let report = self.report();
        limit(&self.reference, self.limits.files, "files", report.files)?;
        limit(&self.reference, self.limits.total_bytes, "bytes", report.bytes)
    }

    /// Refuses a name that another file has or needs.
    fn claim(&self, number: usize, name: &Path) -> Result<(), OciError> {
        let is_below = || self.below(name).next().is_some();
        let is_inside = || name.ancestors().skip(1).any(|folder| self.files.contains_key(folder));
        if !self.files.contains_key(name) && !is_below() && !is_inside() {
            return Ok(());
        }
        let (expected, got) =
            ("files that no other layer has", format!("`{}` again", name.display()));
        let (reference, layer) = (self.reference.clone(), number);
        Err(OciError::Layer { reference, layer, expected, got })
    }

    /// Removes what is at a name, below it, or a file where it needs a folder.
    fn make_way(&mut self, name: &Path) -> Result<(), WriteError> {
        self.hide(&Hidden::Path(name.to_owned()))?;
        let above = name.ancestors().skip(1).find(|folder| self.files.contains_key(*folder));
        match above {
            Some(file) => self.hide(&Hidden::Path(file.to_owned())),
            None => Ok(()),
        }
    }

    fn hide(&mut self, hidden: &Hidden) -> Result<(), WriteError> {
        let (Hidden::Path(path) | Hidden::Below(path)) = hidden;
        let gone: Vec<PathBuf> = match hidden {
            Hidden::Path(path) if self.files.contains_key(path) => vec![path.clone()],
            _ => self.below(path).map(Path::to_owned).collect(),
        };
        for name in gone {
            let file = self.root.join(&name);
            fs::remove_file(&file).map_err(write_error(&file))?;
            let bytes = self.files.remove(&name).unwrap_or_default();
            self.bytes = self.bytes.saturating_sub(bytes);
        }
        // What is left there are empty folders, where a file may be wanted.
        if matches!(hidden, Hidden::Path(_)) && self.root.join(path).is_dir() {
            clear(&self.root.join(path))?;
        }
        Ok(())
    }

    fn below<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
        // Names are ordered by their parts, so those below a folder stand together behind it.
        let after = self.files.range::<Path, _>((Excluded(folder), Unbounded));
        let names = after.map(|(name, _)| name.as_path());
        names.take_while(move |name| name.starts_with(folder))
    }

    /// Makes the folders of a file.
    fn make_place(&self, name: &Path) -> Result<PathBuf, WriteError> {
        let to = self.root.join(name);
        to.parent().map_or(Ok(()), make_folder)?;
        Ok(to)
    }
}

/// Refuses more than is allowed.
///
/// # Errors
/// [`OciError::Limit`].
pub(super) fn limit(
    reference: &str,
    limit: u64,
    unit: &'static str,
    got: u64,
) -> Result<(), OciError> {
    if got <= limit {
        return Ok(());
    }
    Err(OciError::Limit { reference: reference.to_owned(), limit, unit, got })
}

/// Says what becomes of an entry of an image's layer, and notes what it hides.
fn select(path: &Path, hidden: &mut Vec<Hidden>) -> Select {
    let (folder, name) = (path.parent().unwrap_or(Path::new("")), path.file_name());
    let name = name.and_then(OsStr::to_str).unwrap_or_default();
    if let Some(whited_out) = name.strip_prefix(".wh.") {
        hidden.extend(match whited_out {
            ".wh..opq" => in_model(folder).map(Hidden::Below),
            // Notes that one kind of file system keeps for itself.
            other if other.starts_with(".wh.") => None,
            other => in_model(&folder.join(other)).map(|path| {
                if path.as_os_str().is_empty() { Hidden::Below(path) } else { Hidden::Path(path) }
            }),
        });
        return Select::Skip;
    }
    match path.strip_prefix(IMAGE_FOLDER) {
        Ok(inner) if !inner.as_os_str().is_empty() => Select::As(inner.to_owned()),
        _ => Select::Skip,
    }
}

/// Where a path of an image is in the model; empty for the model's folder and those it is in.
fn in_model(path: &Path) -> Option<PathBuf> {
    if Path::new(IMAGE_FOLDER).starts_with(path) {
        return Some(PathBuf::new());
    }
    path.strip_prefix(IMAGE_FOLDER).ok().map(Path::to_owned)
}

/// All files below a folder, with their sizes.
fn walk(root: &Path) -> Result<Vec<(PathBuf, u64)>, WriteError> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        for entry in fs::read_dir(&path).map_err(write_error(&path))? {
            let entry = entry.map_err(write_error(&path))?;
            let metadata = entry.metadata().map_err(write_error(&entry.path()))?;
            let name = folder.join(entry.file_name());
            if metadata.is_dir() {
                folders.push(name);
            } else {
                files.push((name, metadata.len()));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
pub(super) mod tests;
