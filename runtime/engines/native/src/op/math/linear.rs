//! Products with constant matrices of single precision, laid out when the model is loaded.

use radiant_core::{Error, Shape};
use radiant_kernels::dense::Dense;

use crate::registers::Inputs;

use crate::op::{NodeContext, Op, Outputs};

/// A dense layer on the last axis of a value of any rank.
pub(super) struct LastAxis {
    pub(super) layer: Dense,
}

impl Op for LastAxis {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let (n_features, n_outputs) = (self.layer.n_features(), self.layer.n_outputs());
        let shape = match view.shape.dims().split_last() {
            Some((&got, outer)) if got == n_features => {
                let mut shape = Shape::new(outer);
                shape.push(n_outputs);
                shape
            }
            _ => {
                let got = view.shape;
                return Err(Error::model_failed(format!(
                    "expected [..., {n_features}], got {got}"
                )));
            }
        };
        let out = outputs.first().reset(shape.dims())?;
        self.layer.run(inputs.slice(0)?, out);
        Ok(())
    }
}

/// The matrix that an input is, if it is a constant of single precision with elements, as a layer:
/// `[n_features, n_outputs]`, or with `is_transposed` the other way round. A `bias` that is empty
/// is none.
pub(super) fn constant_layer(
    context: &NodeContext<'_>,
    index: usize,
    is_transposed: bool,
    bias: impl FnOnce(usize) -> Option<Vec<f32>>,
) -> Option<Dense> {
    let constant = context.constant(index)?;
    let values = constant.as_slice::<f32>()?;
    let &[n_rows, n_columns] = constant.shape.dims() else { return None };
    if values.is_empty() {
        return None;
    }
    if is_transposed {
        let weight = |output: usize, feature: usize| values[output * n_columns + feature];
        return Some(Dense::new(n_rows, n_columns, weight, &bias(n_rows)?));
    }
    let weight = |output: usize, feature: usize| values[feature * n_columns + output];
    Some(Dense::new(n_columns, n_rows, weight, &bias(n_columns)?))
}
