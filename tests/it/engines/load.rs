//! Every model on every engine, loaded once for all tests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use radiant::engines::{Choice, Options, load_model};
use radiant_contract::{EnvSource as _, ProcessEnv};
use radiant_core::Engine;
use radiant_onnx::Limits;

use super::case::{Case, cases};
use super::panic_text;

/// How many threads ask one engine at the same time.
pub(super) const THREADS: usize = 8;

/// A model on an engine.
pub(super) struct Cell {
    pub(super) case: &'static Case,
    pub(super) choice: Choice,
    /// The engine, or its refusal.
    pub(super) loaded: Result<Arc<dyn Engine>, String>,
}

/// The library of ONNX Runtime, if the tests are told of one.
fn ort_library() -> Option<PathBuf> {
    ProcessEnv.get("RADIANT_TEST_ORT_LIBRARY").map(PathBuf::from)
}

/// Whether an engine can be tested here.
pub(super) fn is_here(choice: Choice) -> bool {
    choice != Choice::Ort || ort_library().is_some()
}

/// All models on all engines that are here.
pub(super) fn cells() -> &'static [Cell] {
    static CELLS: OnceLock<Vec<Cell>> = OnceLock::new();
    CELLS.get_or_init(|| {
        let choices = Choice::ENGINES.into_iter().filter(|choice| is_here(*choice));
        let cell = |choice| {
            move |case| {
                let loaded = catch_unwind(AssertUnwindSafe(|| load(case, choice)));
                let loaded = loaded.unwrap_or_else(|payload| Err(panic_text(&*payload)));
                Cell { case, choice, loaded }
            }
        };
        choices.flat_map(|choice| cases().iter().map(cell(choice))).collect()
    })
}

fn load(case: &Case, choice: Choice) -> Result<Arc<dyn Engine>, String> {
    let model = radiant_onnx::load(&case.path(), &Limits::default());
    let model = model.map_err(|error| error.to_string())?;
    let ort_library = ort_library();
    let options = Options { choice, threads: THREADS, ort_library, ..Options::default() };
    let loaded = load_model(&model, &options).map_err(|error| format!("{error:#}"))?;
    Ok(loaded.engine)
}
