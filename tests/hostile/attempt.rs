//! One stage of one mutation, in this process.

use std::fs;
use std::os::unix::fs::symlink;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use radiant::engines::{Choice, Options, load_model};
use radiant_core::{Cancel, DType, Engine, Signature};
use radiant_onnx::{Limits, Model};
use tempfile::TempDir;

use crate::outcome::Status;

/// Elements that all inputs of a run may have. What a model declares may be any number.
const ELEMENTS_MAX: usize = 1 << 22;

/// Bytes that one value of a run may have: a worker must hold a few of them.
const VALUE_BYTES_MAX: u64 = 1 << 29;

/// Rows of the runs.
const ROWS: [usize; 2] = [1, 3];

/// What the last panic said and where.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Keeps what panics say, in place of printing it.
pub(crate) fn listen_to_panics() {
    panic::set_hook(Box::new(|panic| {
        let mut last = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        *last = panic.to_string();
    }));
}

fn last_panic() -> String {
    LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A folder for the model, with files around it that it must not read.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// Makes the folder and the files.
    ///
    /// # Errors
    /// When the system does not let it.
    pub(crate) fn new() -> Result<Self> {
        let folder = TempDir::new().context("making a folder")?;
        let inside = folder.path().join("model");
        fs::create_dir(&inside)?;
        fs::create_dir(inside.join("inside"))?;
        fs::write(inside.join("inside.bin"), [0; 4096])?;
        fs::write(folder.path().join("outside.bin"), [0; 4096])?;
        symlink("../outside.bin", inside.join("link.bin"))?;
        symlink("..", inside.join("folder-link"))?;
        Ok(Self { folder })
    }

    fn model(&self) -> PathBuf {
        self.folder.path().join("model/model.onnx")
    }

    /// Puts a model into the folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<()> {
        fs::write(self.model(), bytes).context("writing a model")
    }
}

/// What a stage ends with.
type Ended = (Status, String);

/// Reads and checks the model of the folder, from the file and from its bytes.
pub(crate) fn read(place: &Place, bytes: &[u8], limits: &Limits) -> (Ended, Option<Model>) {
    let read = || {
        // From bytes, data in other files are refused; else both say the same.
        drop(radiant_onnx::read(bytes, limits));
        let model = radiant_onnx::load(&place.model(), limits)?;
        // What engines ask of it.
        drop(model.shapes());
        model.row_independence().is_proven();
        let mut stripped = model.clone();
        radiant_onnx::strip_zip_maps(&mut stripped)?;
        radiant_onnx::unpack_sequences(&mut stripped);
        stripped.signature()?;
        Ok::<_, radiant_onnx::OnnxError>(model)
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(model)) => ((Status::Ran, String::new()), Some(model)),
        Ok(Err(error)) => ((Status::Refused, error.to_string()), None),
        Err(_) => ((Status::Panic, last_panic()), None),
    }
}

/// Loads a model onto an engine and runs it on zeros.
pub(crate) fn run(model: &Model, choice: Choice, ort_library: Option<&PathBuf>) -> Ended {
    let ort_library = ort_library.cloned();
    let options = Options { choice, ort_library, ..Options::default() };
    let load = || load_model(model, &options).map(|loaded| loaded.engine);
    let engine = match catch_unwind(AssertUnwindSafe(load)) {
        Ok(Ok(engine)) => engine,
        Ok(Err(error)) => {
            return (said(Status::Refused, &format!("{error:#}")), format!("{error:#}"));
        }
        Err(_) => return (Status::Panic, format!("load: {}", last_panic())),
    };
    let mut end = (Status::NotRun, String::new());
    for rows in ROWS {
        if !is_small(engine.signature(), rows) || largest(model, rows) > VALUE_BYTES_MAX {
            continue;
        }
        match catch_unwind(AssertUnwindSafe(|| run_zeros(&*engine, rows))) {
            Ok(Ok(())) => end = (Status::Ran, String::new()),
            Ok(Err(error)) => return (said(Status::Failed, &error), error),
            Err(_) => return (Status::Panic, format!("run: {}", last_panic())),
        }
    }
    end
}

/// An error's status, which tells of a panic where it speaks of one.
fn said(status: Status, text: &str) -> Status {
    if text.contains("panicked") { Status::Contained } else { status }
}

fn is_small(signature: &Signature, rows: usize) -> bool {
    let elements = signature.inputs.iter().map(|spec| {
        let dims = spec.dims.iter().enumerate();
        let mut dims = dims.map(|(axis, dim)| dim.unwrap_or(if axis == 0 { rows } else { 1 }));
        dims.try_fold(1_usize, usize::checked_mul)
    });
    let all = elements.into_iter().try_fold(0_usize, |all, one| all.checked_add(one?));
    all.is_some_and(|all| all <= ELEMENTS_MAX)
}

/// The bytes of the largest value of the graph, as far as its extents are known.
fn largest(model: &Model, rows: usize) -> u64 {
    let shapes = model.shapes();
    let names = model.graph.node.iter().flat_map(|node| &node.output);
    let bytes = names.map(|name| {
        let dtype = shapes.get(name).and_then(|fact| fact.dtype);
        let size = dtype.and_then(DType::size).unwrap_or(size_of::<u64>());
        shapes.elements_at_least(name).saturating_mul((size * rows) as u64)
    });
    bytes.max().unwrap_or(0)
}

fn run_zeros(engine: &dyn Engine, rows: usize) -> Result<(), String> {
    let signature = engine.signature();
    let inputs = signature.zeros(rows).ok_or("the inputs are too large")?;
    signature.check(&inputs).map_err(|error| error.to_string())?;
    let wanted: Vec<usize> = (0..signature.outputs.len()).collect();
    let mut outputs = Vec::new();
    let outcome = engine.run(&inputs, &wanted, &mut outputs, &Cancel::never());
    outcome.map_err(|error| error.to_string())
}
