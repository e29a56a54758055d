//! Which engines are compiled in, and which one runs a model. A new engine is a line in each of the
//! two tables here.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use radiant_core::Engine;
use radiant_engine_native::NativeEngine;
use radiant_engine_tract::TractEngine;
use radiant_onnx::{Model, OnnxError};

/// The domain of ONNX's operators for classical machine learning.
const ML_DOMAIN: &str = "ai.onnx.ml";

/// Names of the engines.
pub(crate) const NAMES: [&str; 2] = ["native", "tract"];

/// A model on its engine.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) engine: Arc<dyn Engine>,
    /// Why it is this engine.
    pub(crate) reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Native,
    Tract,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Tract => "tract",
        })
    }
}

/// Loads the ONNX file at `path` on the engine of this name; `auto` chooses by the operators.
///
/// Blocks while the file is read and the engine prepares itself.
///
/// # Errors
/// When the file is no sound model, or the engine does not take it: the message names the operator.
pub(crate) fn load(path: &Path, engine: &str) -> anyhow::Result<Loaded> {
    let mut model = read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let (choice, reason) = choose(&model, engine)?;
    // No engine computes a ZipMap, which renames what is computed.
    radiant_onnx::strip_zip_maps(&mut model)?;
    let engine = match choice {
        Choice::Native => native(&model),
        Choice::Tract => tract(&model),
    };
    let engine = engine
        .with_context(|| format!("engine `{choice}` ({reason}) cannot run `{}`", path.display()))?;
    Ok(Loaded { engine, reason })
}

fn read(path: &Path) -> Result<Model, OnnxError> {
    radiant_onnx::load(path, &radiant_onnx::Limits::default())
}

fn choose(model: &Model, engine: &str) -> anyhow::Result<(Choice, String)> {
    let ours = "it was asked for".to_owned();
    match engine {
        "native" => Ok((Choice::Native, ours)),
        "tract" => Ok((Choice::Tract, ours)),
        "auto" => Ok(automatic(model)),
        other => Err(anyhow!("expected engine auto, {}, got `{other}`", NAMES.join(", "))),
    }
}

fn automatic(model: &Model) -> (Choice, String) {
    let nodes = &model.graph.node;
    let operators: BTreeSet<&str> = nodes
        .iter()
        .filter(|node| node.domain == ML_DOMAIN)
        .map(|node| node.op_type.as_str())
        .collect();
    if operators.is_empty() {
        (Choice::Tract, "all operators are plain ONNX".to_owned())
    } else {
        let operators: Vec<&str> = operators.into_iter().collect();
        (
            Choice::Native,
            format!("the graph has operators of {ML_DOMAIN}: {}", operators.join(", ")),
        )
    }
}

fn native(model: &Model) -> anyhow::Result<Arc<dyn Engine>> {
    Ok(Arc::new(NativeEngine::load(model)?))
}

fn tract(model: &Model) -> anyhow::Result<Arc<dyn Engine>> {
    Ok(Arc::new(TractEngine::load(model, &radiant_engine_tract::Options::default())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models").join(name)
    }

    #[test]
    fn the_operators_decide_which_engine_runs_a_model() {
        let loaded = |name: &str| {
            let loaded = load(&example(name).join("model.onnx"), "auto").expect("it is runnable");
            (loaded.engine.name(), loaded.reason)
        };
        let (engine, reason) = loaded("iris");
        assert_eq!(engine, "native");
        assert!(reason.contains("ai.onnx.ml: LinearClassifier"), "{reason}");
        let plain = ("tract", "all operators are plain ONNX".to_owned());
        assert_eq!(loaded("digits-mlp"), plain);
    }

    #[test]
    fn a_refusal_names_engine_and_operator() {
        let path = example("iris").join("model.onnx");
        let error = load(&path, "tract").expect_err("tract has no such operators");
        let text = format!("{error:#}");
        assert!(text.starts_with("engine `tract` (it was asked for) cannot run `"), "{text}");
        assert!(text.contains("LinearClassifier"), "{text}");
        let error = load(&path, "nope").expect_err("there is no such engine");
        assert_eq!(error.to_string(), "expected engine auto, native, tract, got `nope`");
        let error = load(&example("iris").join("make.py"), "auto").expect_err("it is no model");
        assert!(error.to_string().starts_with("cannot read `"), "{error:#}");
    }
}
