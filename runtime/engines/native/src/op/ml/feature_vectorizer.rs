//! FeatureVectorizer of `ai.onnx.ml`: columns of several inputs side by side.
//!
//! As in onnxruntime 1.32, columns of an input beyond its `inputdimensions` are left out, and
//! missing ones are zeros.

use radiant_core::{DType, Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

struct FeatureVectorizer {
    /// Columns that come from each input.
    n_columns: Vec<usize>,
}

/// Rows, and elements in each; a vector is one row.
fn n_rows_and_elements(shape: &Shape) -> (usize, usize) {
    match shape.dims() {
        [] => (1, 1),
        [n_elements] => (1, *n_elements),
        [n_rows, inner @ ..] => (*n_rows, inner.iter().product()),
    }
}

impl Op for FeatureVectorizer {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (n_rows, _) = n_rows_and_elements(inputs.view(0)?.shape);
        for index in 1..inputs.len() {
            let (got, _) = n_rows_and_elements(inputs.view(index)?.shape);
            if got != n_rows {
                let message = format!("input {index}: expected {n_rows} rows, got {got}");
                return Err(Error::model_failed(message));
            }
        }
        let out = outputs.first().reset::<f32>(&[n_rows, self.n_columns.iter().sum()])?;
        for row in 0..n_rows {
            for (index, &n_columns) in self.n_columns.iter().enumerate() {
                let (_, n_elements) = n_rows_and_elements(inputs.view(index)?.shape);
                let elements = &inputs.slice::<f32>(index)?[row * n_elements..][..n_elements];
                let n_taken = n_columns.min(n_elements);
                out.extend_from_slice(&elements[..n_taken]);
                out.extend(std::iter::repeat_n(0.0, n_columns - n_taken));
            }
        }
        Ok(())
    }
}

/// Builds a FeatureVectorizer: `[n_rows, sum of inputdimensions]` f32.
pub(super) fn feature_vectorizer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["inputdimensions"])?;
    let numbers = context.node.ints("inputdimensions")?;
    let extents: Result<Vec<usize>, _> = numbers.iter().map(|&n| usize::try_from(n)).collect();
    let n_total = extents
        .as_ref()
        .ok()
        .and_then(|n| n.iter().try_fold(0_usize, |sum, &n| sum.checked_add(n)));
    let (Ok(n_columns), Some(n_total)) = (extents, n_total) else {
        return Err(context.refuse_value("inputdimensions", format!("{numbers:?}")));
    };
    if n_columns.len() != context.inputs.len() || n_columns.is_empty() {
        let (expected, got) = (context.inputs.len(), n_columns.len());
        return Err(context.refuse(format!("expected {expected} inputdimensions, got {got}")));
    }
    for index in 0..n_columns.len() {
        context.make_f32(index)?;
    }
    let n_rows = match context.fact(0)?.dims.as_deref() {
        None => None,
        Some([] | [_]) => Some(1),
        Some([n_rows, ..]) => *n_rows,
    };
    let fact = Fact::new(DType::F32, &[n_rows, Some(n_total)]);
    Ok(Built::step(context, FeatureVectorizer { n_columns }, fact))
}
