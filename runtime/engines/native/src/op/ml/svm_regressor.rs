//! SVMRegressor of `ai.onnx.ml`: one number a row, or with `one_class` 1 inside and -1 outside.
//!
//! A `post_transform` is refused: onnxruntime 1.32 reads the attribute and ignores it.

use radiant_core::{DType, Error};
use radiant_kernels::dense::Dense;

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, check_columns};

use super::svm::{self, Machine};

/// Rows whose similarities are held at a time.
const N_ROWS: usize = 16;

enum Model {
    /// Coefficients of the features.
    Linear(Dense),
    /// Coefficients of the support vectors, and an offset.
    Machine(Machine, Dense),
}

struct SvmRegressor {
    model: Model,
    one_class: bool,
}

impl Op for SvmRegressor {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let n_features = match &self.model {
            Model::Linear(layer) => layer.n_features(),
            Model::Machine(machine, _) => machine.n_features,
        };
        let n_rows = check_columns(inputs.view(0)?.shape, n_features)?;
        let [values, similarities, ..] = outputs.buffers else {
            return Err(Error::internal("a regressor has one output and a buffer of its own"));
        };
        let (rows, out) = (inputs.slice::<f32>(0)?, values.reset::<f32>(&[n_rows, 1])?);
        match &self.model {
            Model::Linear(layer) => layer.run(rows, out),
            Model::Machine(machine, layer) => {
                let n_similarities = N_ROWS.min(n_rows) * machine.n_vectors;
                let similarities = similarities.reset::<f32>(&[n_similarities])?;
                for rows in rows.chunks(N_ROWS * n_features) {
                    machine.run(rows, similarities);
                    layer.run(similarities, out);
                }
            }
        }
        if self.one_class {
            for value in out {
                *value = if *value > 0.0 { 1.0 } else { -1.0 };
            }
        }
        Ok(())
    }
}

/// Builds an SVMRegressor: `[n_rows, 1]` f32.
pub(super) fn svm_regressor(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[
        "coefficients",
        "kernel_params",
        "kernel_type",
        "n_supports",
        "one_class",
        "post_transform",
        "rho",
        "support_vectors",
    ])?;
    context.make_f32(0)?;
    let (node, n_rows) = (context.node, context.rows(0)?.n_rows);
    let post = node.string("post_transform")?.unwrap_or("NONE");
    if post != "NONE" {
        return Err(context.refuse_value("post_transform", post));
    }
    let coefficients = node.floats("coefficients")?;
    let &[rho] = node.floats("rho")? else {
        let got = node.floats("rho")?.len();
        return Err(context.refuse(format!("expected one rho, got {got}")));
    };
    let n_supports = node.int("n_supports", 0)?;
    let n_vectors = usize::try_from(n_supports);
    let n_vectors = n_vectors.map_err(|_error| context.refuse_value("n_supports", n_supports))?;
    let layer = |n: usize| Dense::new(1, n, |_, at| coefficients[at], &[rho]);
    let model = if n_vectors == 0 {
        // The kernel is linear, whatever is named.
        if coefficients.is_empty() {
            return Err(context.refuse("expected coefficients, got none"));
        }
        svm::check_columns(context, coefficients.len())?;
        Model::Linear(layer(coefficients.len()))
    } else if coefficients.len() == n_vectors {
        Model::Machine(Machine::read(context, n_vectors)?, layer(n_vectors))
    } else {
        let got = coefficients.len();
        return Err(context.refuse(format!("expected {n_vectors} coefficients, got {got}")));
    };
    let one_class = node.int("one_class", 0)? != 0;
    // The second is a buffer of the operator's own, which has no name.
    let facts = vec![Fact::new(DType::F32, &[n_rows, Some(1)]), Fact::of(DType::F32)];
    Ok(Built::Step { op: Box::new(SvmRegressor { model, one_class }), reads: vec![0], facts })
}
