//! What a model file is: told by its content, whatever its name.

mod boosted;
mod estimator;
mod mlflow;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use radiant_formats::{Format, FormatError, Limits, Place, detect};
use radiant_onnx::Model;

pub(crate) use boosted::BoostedFile;
pub(crate) use estimator::EstimatorFile;
pub(crate) use mlflow::{Folder, metadata, scoring};

/// How far into a file that is called ONNX and is none its format is looked for, in bytes.
const HEAD_BYTES: u64 = 1 << 16;

/// A model file that has been read and checked.
#[derive(Debug)]
pub(crate) struct ModelFile {
    pub(crate) content: Content,
    /// What MLflow notes of it, if it is in a folder of MLflow.
    pub(crate) mlflow: Option<Folder>,
}

/// What a model file holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// A graph.
    Onnx(Box<Model>),
    /// A boosted model as its own library wrote it.
    Boosted(BoostedFile),
    /// A fitted estimator in a file of Python objects.
    Estimator(Box<EstimatorFile>),
}

impl ModelFile {
    /// Reads and checks the file at `path`; for `MLmodel` the file that this names. Files of Python
    /// objects may name the classes in `allowed` besides the known ones. Blocks while it reads.
    ///
    /// # Errors
    /// When it is no sound model of a format that is read: the message says what is wrong where, and
    /// what can be done about a format that is not read.
    pub(crate) fn read(path: &Path, allowed: &[String]) -> anyhow::Result<Self> {
        let cannot = |path: &Path| format!("cannot read `{}`", path.display());
        let is_description = path.file_name().is_some_and(|name| name == mlflow::FILE);
        let mlflow = is_description.then(|| Folder::read(path)).transpose();
        let mlflow = mlflow.with_context(|| cannot(path))?;
        let path = mlflow.as_ref().map_or(path, |folder| &folder.model_path);
        let content = Content::read(path, allowed).with_context(|| cannot(path))?;
        Ok(Self { content, mlflow })
    }

    /// The name of the format in the Open Inference Protocol's metadata.
    pub(crate) fn platform(&self) -> &'static str {
        match &self.content {
            Content::Onnx(_) => "onnx_onnxv1",
            Content::Boosted(file) => file.platform(),
            Content::Estimator(file) => file.platform(),
        }
    }
}

impl Content {
    fn read(path: &Path, allowed: &[String]) -> anyhow::Result<Self> {
        let onnx = || radiant_onnx::load(path, &radiant_onnx::Limits::default());
        let is_called_onnx = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("onnx"));
        let bytes = if is_called_onnx {
            // Such files may be large: they are read once if they are what they are called.
            let problem = match onnx() {
                Ok(model) => return Ok(Self::Onnx(Box::new(model))),
                Err(problem) => problem,
            };
            match bytes(path, HEAD_BYTES).map(|head| detect(&head)) {
                Ok(Some(Format::Onnx) | None) | Err(_) => return Err(problem.into()),
                Ok(Some(_)) => whole(path)?,
            }
        } else {
            whole(path)?
        };
        Ok(match detect(&bytes) {
            Some(Format::Xgboost) => Self::Boosted(BoostedFile::xgboost(&bytes)?),
            Some(Format::Lightgbm) => Self::Boosted(BoostedFile::lightgbm(&bytes)?),
            Some(Format::Catboost) => Self::Boosted(BoostedFile::catboost(&bytes)?),
            Some(Format::Refused(refused)) => return Err(refused.error().into()),
            Some(format @ (Format::Pickle | Format::Packed(_) | Format::Skops)) => {
                Self::Estimator(Box::new(EstimatorFile::read(bytes, format, allowed)?))
            }
            Some(Format::MlflowArchive) => {
                let what = "an archive of an MLflow folder";
                return Err(FormatError::unsupported(Place::File, what, "unpack it").into());
            }
            Some(Format::Onnx) | None => {
                // External constants lie beside it, which its own reader finds.
                drop(bytes);
                Self::Onnx(Box::new(onnx()?))
            }
        })
    }
}

/// All bytes of a file.
fn whole(path: &Path) -> anyhow::Result<Vec<u8>> {
    let limit = Limits::default().file_bytes_max;
    let n_bytes = path.metadata()?.len();
    FormatError::check_limit(Place::File, "bytes", limit, n_bytes)?;
    bytes(path, limit)
}

/// The first bytes of a file, at most so many.
fn bytes(path: &Path, n_max: u64) -> anyhow::Result<Vec<u8>> {
    // Opening a pipe would block: look first.
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        bail!("expected a file, got a folder, device, pipe or socket");
    }
    let n_bytes = usize::try_from(metadata.len().min(n_max)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(n_bytes);
    File::open(path)?.take(n_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}
