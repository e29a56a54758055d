//! Which engines are compiled in, and which one runs a model. A new engine is a line in each table
//! here, and its place in the rule.

mod file;
mod onnx_runtime;
mod rule;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use radiant_core::schema::Scoring;
use radiant_core::{BatchRule, Batched, Engine};
use radiant_engine_native::NativeEngine;
use radiant_engine_rten::{RtenEngine, own_pool};
use radiant_engine_tract::TractEngine;
use radiant_onnx::Model;
use radiant_server::EngineThread;

use self::onnx_runtime::Runtime;

pub(crate) use self::file::{Content, ModelFile};
use self::file::{Folder, metadata, scoring};

/// Names of the engines, of which a build may lack [some](COMPILED_IN).
pub(crate) const NAMES: [&str; 4] = ["native", "tract", "rten", "ort"];

/// Those that are in this build; `ort` is the last of them all.
pub(crate) const COMPILED_IN: &[&str] =
    if cfg!(feature = "ort") { &NAMES } else { NAMES.split_at(NAMES.len() - 1).0 };

/// Where the loops of engine threads run: inside a pool of rten's, which costs nothing where rten does
/// not run, and saves it a hand-over to another thread where it does.
pub(crate) const THREAD: EngineThread = |run_threads, work| own_pool(run_threads, work);

/// Which engine is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// The one that the rule says.
    Auto,
    /// Our own kernels.
    Native,
    /// tract.
    Tract,
    /// rten.
    Rten,
    /// ONNX Runtime, where it is installed.
    Ort,
}

impl Choice {
    /// All engines, in the order of their names' table.
    pub const ENGINES: [Self; 4] = [Self::Native, Self::Tract, Self::Rten, Self::Ort];
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Tract => "tract",
            Self::Rten => "rten",
            Self::Ort => "ort",
        })
    }
}

impl FromStr for Choice {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let all = Self::ENGINES.into_iter().chain([Self::Auto]);
        all.into_iter()
            .find(|choice| choice.to_string() == name)
            .ok_or_else(|| anyhow!("expected engine auto, {}, got `{name}`", NAMES.join(", ")))
    }
}

/// How a model is put on an engine.
#[derive(Debug, Clone)]
pub struct Options {
    /// The engine.
    pub choice: Choice,
    /// How many threads will run the model at once.
    pub threads: usize,
    /// How many threads may work on one run, where the engine shares runs out by itself.
    pub run_threads: usize,
    /// Where ONNX Runtime's library is, if somebody said so.
    pub ort_library: Option<PathBuf>,
}

impl Default for Options {
    /// Whatever engine suits, on one thread.
    fn default() -> Self {
        Self { choice: Choice::Auto, threads: 1, run_threads: 1, ort_library: None }
    }
}

/// A model on its engine.
#[derive(Debug)]
pub struct Loaded {
    /// What runs it.
    pub engine: Arc<dyn Engine>,
    /// Why it is this engine.
    pub reason: String,
    /// The output that Seldon's own server gives for such a model, where that is neither the first nor
    /// a classifier's probabilities.
    pub seldon_output: Option<String>,
    /// What MLflow notes of it.
    pub scoring: Scoring,
    /// What the folder says of the model, as the metadata that it tells of itself.
    pub metadata: Option<serde_json::Value>,
}

/// Puts the model of a file on the engine that is asked for.
///
/// Blocks while the engine prepares itself.
///
/// # Errors
/// As [`load_model`]; and when a file that is no graph is asked of an engine of graphs, or lacks the
/// output that MLflow notes.
pub(crate) fn load_file(file: ModelFile, options: &Options) -> anyhow::Result<Loaded> {
    let ModelFile { content, mlflow } = file;
    let output = mlflow.as_ref().and_then(Folder::output);
    let loaded = load_content(content, output, options)?;
    let Some(folder) = &mlflow else { return Ok(loaded) };
    // Where two answers are the same there is one output.
    let signature = loaded.engine.signature();
    let output = output.filter(|name| signature.output_index(name).is_some());
    let scoring = scoring(folder, output);
    let metadata = Some(metadata(folder, &scoring));
    Ok(Loaded { scoring, metadata, ..loaded })
}

fn load_content(
    content: Content,
    output: Option<&str>,
    options: &Options,
) -> anyhow::Result<Loaded> {
    match content {
        Content::Onnx(model) => load_model(&model, options),
        Content::Boosted(file) => {
            let what = file.what();
            let reason = reason(what, options.choice)?;
            let engine = file.engine()?;
            let seldon = engine.seldon_output();
            match output {
                // Where both answers are the same there is no output of its own.
                Some("booster") if seldon.is_none() => own(engine, reason, None),
                Some(output) => own(engine.answering(output)?, reason, Some(output.to_owned())),
                None => own(engine, reason, seldon.map(str::to_owned)),
            }
        }
        Content::Estimator(file) => {
            let reason = reason("an estimator in a file of Python objects", options.choice)?;
            match output {
                Some(output) => {
                    own(file.engine.answering(output)?, reason, Some(output.to_owned()))
                }
                None => own(file.engine, reason, None),
            }
        }
    }
}

/// Why the native engine runs what is no graph.
fn reason(what: &str, choice: Choice) -> anyhow::Result<String> {
    match choice {
        Choice::Auto => Ok(format!("{what} is run by the native engine")),
        Choice::Native => Ok(ASKED_FOR.to_owned()),
        Choice::Tract | Choice::Rten | Choice::Ort => bail!(
            "engine `{choice}` (it was asked for) cannot run it: {what} is run by the native engine \
             alone"
        ),
    }
}

/// An engine of rows, in batches.
fn own(
    engine: impl Engine + 'static,
    reason: String,
    seldon_output: Option<String>,
) -> anyhow::Result<Loaded> {
    let engine = Batched::new(Arc::new(engine), BatchRule::CutAt { max_rows: RUN_ROWS_MAX })?;
    Ok(Loaded {
        engine: Arc::new(engine.exact()),
        reason,
        seldon_output,
        scoring: Scoring::default(),
        metadata: None,
    })
}

/// Why it is an engine that somebody named.
const ASKED_FOR: &str = "it was asked for";

/// Puts a graph on the engine that is asked for; `auto` is the first by the rule that takes it.
///
/// Blocks while the engine prepares itself.
///
/// # Errors
/// When no engine that is asked for takes it: the message names what each stumbled over.
pub fn load_model(model: &Model, options: &Options) -> anyhow::Result<Loaded> {
    let mut model = model.clone();
    // No engine computes sequences of tensors, nor a ZipMap, which renames what is computed.
    radiant_onnx::unpack_sequences(&mut model);
    radiant_onnx::strip_zip_maps(&mut model)?;
    match options.choice {
        Choice::Auto => automatic(&model, options),
        choice => Ok(Loaded {
            engine: put(choice, &model, options)
                .with_context(|| format!("engine `{choice}` (it was asked for) cannot run it"))?,
            reason: ASKED_FOR.to_owned(),
            seldon_output: None,
            scoring: Scoring::default(),
            metadata: None,
        }),
    }
}

fn automatic(model: &Model, options: &Options) -> anyhow::Result<Loaded> {
    let ort = Runtime::find(options.ort_library.as_deref());
    if let (Err(problem), Some(_)) = (&ort, &options.ort_library) {
        bail!("{problem}");
    }
    let rule = rule::rule(model, ort.is_ok());
    let mut refusals = Vec::new();
    for &choice in &rule.order {
        match put(choice, model, options) {
            Ok(engine) => {
                let advice = rule.advice.filter(|_| choice != Choice::Ort).map(str::to_owned);
                let reason: Vec<_> =
                    [rule.reason].into_iter().chain(refusals).chain(advice).collect();
                let reason = reason.join("; ");
                return Ok(Loaded {
                    engine,
                    reason,
                    seldon_output: None,
                    scoring: Scoring::default(),
                    metadata: None,
                });
            }
            Err(problem) => refusals.push(format!("{choice} refuses it: {problem:#}")),
        }
    }
    if ort.is_err() {
        refusals.push(format!("ort is not installed, and might run it ({})", rule::INSTALL));
    }
    Err(anyhow!("no engine runs it: {}", refusals.join("; ")))
}

/// Rows of one run, where a batch may be cut: enough to be worth a run, and few enough that memory is
/// bounded and a request that nobody waits for ends soon.
const RUN_ROWS_MAX: usize = 1024;

/// Puts a model, whose ZipMaps have been stripped, on one engine, in batches as the model allows.
fn put(choice: Choice, model: &Model, options: &Options) -> anyhow::Result<Arc<dyn Engine>> {
    refuse_maps(choice, model)?;
    let engine = alone(choice, model, options)?;
    let is_independent = model.row_independence().is_proven();
    let rule = BatchRule::for_signature(engine.signature(), is_independent, RUN_ROWS_MAX);
    Ok(match rule {
        BatchRule::AsItComes => engine,
        // tract cuts by itself, into sizes that it has plans for.
        BatchRule::CutAt { .. } if choice == Choice::Tract => engine,
        // Its kernels sum each row by itself, in one order.
        rule if choice == Choice::Native => Arc::new(Batched::new(engine, rule)?.exact()),
        rule => Arc::new(Batched::new(engine, rule)?),
    })
}

/// A map among the inputs is two tensors in the signature, and one value in the graph.
fn refuse_maps(choice: Choice, model: &Model) -> anyhow::Result<()> {
    match model.map_inputs().first() {
        Some(map) if choice != Choice::Native => {
            bail!("input `{}`: a map is an input that only the native engine takes", map.name)
        }
        _ => Ok(()),
    }
}

fn alone(choice: Choice, model: &Model, options: &Options) -> anyhow::Result<Arc<dyn Engine>> {
    Ok(match choice {
        Choice::Auto => bail!("`auto` is no engine"),
        Choice::Native => Arc::new(NativeEngine::load(model)?),
        Choice::Tract => {
            Arc::new(TractEngine::load(model, &radiant_engine_tract::Options::default())?)
        }
        Choice::Rten => {
            Arc::new(RtenEngine::load(model, &radiant_engine_rten::Options::default())?)
        }
        Choice::Ort => Runtime::find(options.ort_library.as_deref())?.load(model, options)?,
    })
}
