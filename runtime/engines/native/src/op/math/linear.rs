//! Products with constant matrices.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::kernel::dense::Dense;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, RowsFact, check_columns};

pub(in crate::op) struct Linear {
    layer: Dense,
}

impl Op for Linear {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let n_rows = check_columns(inputs.view(0)?.shape, self.layer.n_features())?;
        let out = outputs.first().reset(&[n_rows, self.layer.n_outputs()])?;
        self.layer.run(inputs.slice(0)?, out);
        Ok(())
    }
}

impl Linear {
    /// The step, whose outputs are `[n_rows, n_outputs]` f32.
    pub(in crate::op) fn built(layer: Dense, rows: RowsFact) -> Built {
        let dims = [rows.n_rows, Some(layer.n_outputs())];
        Built::unary(Self { layer }, Fact::new(DType::F32, &dims))
    }
}

/// A constant matrix, `[n_rows, n_columns]`.
struct Matrix<'a> {
    n_rows: usize,
    n_columns: usize,
    values: &'a [f32],
}

/// The second input as a constant matrix, and the first checked to be a matrix of as many columns
/// as `n_features` says.
fn operands<'a>(
    context: &'a NodeContext<'_>,
    n_features: impl Fn(&Matrix<'_>) -> usize,
) -> Result<Matrix<'a>, Unsupported> {
    context.expect_dtype(0, DType::F32)?;
    let constant = context.constant(1);
    let matrix = constant.and_then(|tensor| match *tensor.shape.dims() {
        [n_rows, n_columns] => {
            Some(Matrix { n_rows, n_columns, values: tensor.as_slice::<f32>()? })
        }
        _ => None,
    });
    let refused =
        || context.refuse("a product with anything but a constant FP32 matrix is not supported");
    let matrix = matrix.ok_or_else(refused)?;
    let (fact, n_features) = (context.fact(0)?, n_features(&matrix));
    match fact.dims.as_deref() {
        Some(&[_, n_columns]) if n_features > 0 && n_columns.is_none_or(|n| n == n_features) => {
            Ok(matrix)
        }
        _ => {
            let what = format!("expected input [-1, {n_features}], got {fact}");
            Err(context.refuse(what))
        }
    }
}

/// Builds a MatMul with a constant matrix: `[n_rows, n_columns]` f32.
pub(super) fn matmul(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let rows = context.rows(0)?;
    let Matrix { n_rows, n_columns, values } = operands(context, |matrix| matrix.n_rows)?;
    let weight = |output: usize, feature: usize| values[feature * n_columns + output];
    Ok(Linear::built(Dense::new(n_columns, n_rows, weight, &[]), rows))
}

/// Builds a Gemm with a constant matrix and a constant bias an output: `[n_rows, n_columns]` f32.
pub(super) fn gemm(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["alpha", "beta", "transA", "transB"])?;
    let (node, rows) = (context.node, context.rows(0)?);
    for factor in ["alpha", "beta"] {
        let value = node.float(factor, 1.0)?;
        if value.to_bits() != 1.0_f32.to_bits() {
            return Err(context.refuse_value(factor, value));
        }
    }
    if node.int("transA", 0)? != 0 {
        return Err(context.refuse_value("transA", 1));
    }
    let transposed = node.int("transB", 0)? != 0;
    let n_features =
        |matrix: &Matrix<'_>| if transposed { matrix.n_columns } else { matrix.n_rows };
    let matrix = operands(context, n_features)?;
    let n_features = n_features(&matrix);
    let n_outputs = if transposed { matrix.n_rows } else { matrix.n_columns };
    let bias = match node.input_name(2) {
        None => Vec::new(),
        Some(_) => bias(context, n_outputs)?,
    };
    let weight = |output: usize, feature: usize| {
        let at =
            if transposed { output * n_features + feature } else { feature * n_outputs + output };
        matrix.values[at]
    };
    Ok(Linear::built(Dense::new(n_outputs, n_features, weight, &bias), rows))
}

/// The third input as one bias an output.
fn bias(context: &NodeContext<'_>, n_outputs: usize) -> Result<Vec<f32>, Unsupported> {
    let refused =
        || context.refuse("a bias that is not one constant FP32 an output is not supported");
    let tensor = context.constant(2).ok_or_else(refused)?;
    let values = tensor.as_slice::<f32>().ok_or_else(refused)?;
    let is_row = tensor.shape.dims().iter().rev().skip(1).all(|&dim| dim == 1);
    match values {
        [value] => Ok(vec![*value; n_outputs]),
        _ if is_row && tensor.shape.rank() <= 2 && values.len() == n_outputs => Ok(values.to_vec()),
        _ => Err(refused()),
    }
}
