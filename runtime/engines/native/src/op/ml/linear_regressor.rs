//! LinearRegressor of `ai.onnx.ml`.
//!
//! As in onnxruntime 1.32, of a single target only PROBIT transforms the score.

use radiant_core::{DType, Error};
use radiant_kernels::Isa;
use radiant_kernels::dense::Dense;

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, check_columns};

use super::post_transform::PostTransform;

struct LinearRegressor {
    layer: Dense,
    post: PostTransform,
    isa: Isa,
}

impl Op for LinearRegressor {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let n_rows = check_columns(inputs.view(0)?.shape, self.layer.n_features())?;
        let n_targets = self.layer.n_outputs();
        let out = outputs.first().reset(&[n_rows, n_targets])?;
        self.layer.run(inputs.slice(0)?, out);
        self.post.apply(out, n_targets, self.isa);
        Ok(())
    }
}

/// The number of features of `n_outputs` rows of coefficients, if it fits the input.
pub(super) fn n_features(
    context: &NodeContext<'_>,
    n_coefficients: usize,
    n_outputs: usize,
) -> Result<usize, Unsupported> {
    let n_features = n_coefficients.checked_div(n_outputs).filter(|&n| n > 0);
    let n_features = n_features.filter(|n| n * n_outputs == n_coefficients).ok_or_else(|| {
        let what = format!("expected coefficients for {n_outputs} outputs, got {n_coefficients}");
        context.refuse(what)
    })?;
    match context.rows(0)?.n_columns {
        Some(n_columns) if n_columns != n_features => {
            let what = format!("expected input of {n_features} columns, got {n_columns}");
            Err(context.refuse(what))
        }
        _ => Ok(n_features),
    }
}

/// Builds a LinearRegressor: `[n_rows, targets]` f32.
pub(super) fn linear_regressor(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["coefficients", "intercepts", "post_transform", "targets"])?;
    context.make_f32(0)?;
    let (node, rows) = (context.node, context.rows(0)?);
    let post = PostTransform::read(context)?;
    let targets = node.int("targets", 1)?;
    let n_targets = usize::try_from(targets).ok().filter(|&n| n > 0);
    let n_targets = n_targets.ok_or_else(|| context.refuse_value("targets", targets))?;
    let (coefficients, intercepts) = (node.floats("coefficients")?, node.floats("intercepts")?);
    if !intercepts.is_empty() && intercepts.len() != n_targets {
        let what = format!("expected {n_targets} intercepts, got {}", intercepts.len());
        return Err(context.refuse(what));
    }
    let n_features = n_features(context, coefficients.len(), n_targets)?;
    let weight = |output: usize, feature: usize| coefficients[output * n_features + feature];
    let layer = Dense::new(n_targets, n_features, weight, intercepts);
    let fact = Fact::new(DType::F32, &[rows.n_rows, Some(n_targets)]);
    Ok(Built::unary(LinearRegressor { layer, post, isa: Isa::detect() }, fact))
}
