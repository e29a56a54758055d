//! CDist of `com.microsoft`: distances between the rows of two matrices.
//!
//! Single precision rounds as in onnxruntime 1.32 (`cdist.h`), because nearest neighbours that are
//! equally far are told apart by rounding: `|a|^2 - 2 <a, b> + |b|^2`, which loses the digits of
//! small distances. Double precision takes the squares of differences.

use radiant_core::{DType, Error, Shape};
use radiant_kernels::dense::Dense;

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

/// Distances to rows that are given in a request, or of double precision.
struct CDist {
    dtype: DType,
    takes_root: bool,
}

/// Distances to constant rows of single precision.
struct ConstantCDist {
    /// Products with the rows.
    rows: Dense,
    squares: Vec<f32>,
    takes_root: bool,
}

/// Extents of a matrix that has features.
fn matrix(shape: &Shape) -> Result<(usize, usize), Error> {
    match *shape.dims() {
        [n_rows, n_features] if n_features > 0 => Ok((n_rows, n_features)),
        _ => Err(Error::model_failed(format!("expected a matrix with columns, got {shape}"))),
    }
}

/// Refuses rows of another number of features.
fn check_features(expected: usize, got: usize) -> Result<(), Error> {
    if expected == got {
        return Ok(());
    }
    Err(Error::model_failed(format!("expected {expected} columns, got {got}")))
}

/// The distance of two rows from their product and their squares.
fn distance(product: f32, (a, b): (f32, f32), takes_root: bool) -> f32 {
    let square = (-2.0 * product + a) + b;
    // What is no number stays none.
    let square = if square < 0.0 { 0.0 } else { square };
    if takes_root { square.sqrt() } else { square }
}

/// The sum of squares, in the order of Eigen's reduction: two vectors of four lanes, whose halves
/// are added first, and then what is left over.
fn sum_of_squares(row: &[f32]) -> f32 {
    const N_LANES: usize = 4;
    let (vectors, rest) = row.as_chunks::<N_LANES>();
    let squares = vectors.iter().map(|vector| vector.map(|x| x * x));
    let add = |a: [f32; N_LANES], b: [f32; N_LANES]| std::array::from_fn(|lane| a[lane] + b[lane]);
    let n_paired = vectors.len() / 2 * 2;
    let sums = |first: usize| squares.clone().take(n_paired).skip(first).step_by(2).reduce(add);
    let paired = sums(0).zip(sums(1)).map(|(a, b)| add(a, b));
    let last = squares.clone().nth(n_paired);
    let lanes = match (paired, last) {
        (Some(paired), Some(last)) => Some(add(paired, last)),
        (paired, last) => paired.or(last),
    };
    let start = lanes.map(|[a, b, c, d]| (a + c) + (b + d));
    let rest = rest.iter().map(|x| x * x);
    start.into_iter().chain(rest).reduce(|sum, square| sum + square).unwrap_or(0.0)
}

impl CDist {
    fn singles(&self, a: &[f32], b: &[f32], n_features: usize, out: &mut Vec<f32>) {
        for a in a.chunks_exact(n_features) {
            let a_square = sum_of_squares(a);
            out.extend(b.chunks_exact(n_features).map(|b| {
                let product = a.iter().zip(b).fold(0.0_f32, |sum, (a, b)| a.mul_add(*b, sum));
                distance(product, (a_square, sum_of_squares(b)), self.takes_root)
            }));
        }
    }

    fn doubles(&self, a: &[f64], b: &[f64], n_features: usize, out: &mut Vec<f64>) {
        for a in a.chunks_exact(n_features) {
            out.extend(b.chunks_exact(n_features).map(|b| {
                let square: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                if self.takes_root { square.sqrt() } else { square }
            }));
        }
    }
}

impl Op for CDist {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (n_rows, n_features) = matrix(inputs.view(0)?.shape)?;
        let (n_others, got) = matrix(inputs.view(1)?.shape)?;
        check_features(n_features, got)?;
        let dims = [n_rows, n_others];
        if self.dtype == DType::F64 {
            let out = outputs.first().reset::<f64>(&dims)?;
            self.doubles(inputs.slice(0)?, inputs.slice(1)?, n_features, out);
        } else {
            let out = outputs.first().reset::<f32>(&dims)?;
            self.singles(inputs.slice(0)?, inputs.slice(1)?, n_features, out);
        }
        Ok(())
    }
}

impl Op for ConstantCDist {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (n_rows, got) = matrix(inputs.view(0)?.shape)?;
        let (n_features, n_others) = (self.rows.n_features(), self.rows.n_outputs());
        check_features(n_features, got)?;
        let out = outputs.first().reset::<f32>(&[n_rows, n_others])?;
        let rows = inputs.slice::<f32>(0)?;
        self.rows.run(rows, out);
        for (row, out) in rows.chunks_exact(n_features).zip(out.chunks_exact_mut(n_others)) {
            let square = sum_of_squares(row);
            for (out, other) in out.iter_mut().zip(&self.squares) {
                *out = distance(*out, (square, *other), self.takes_root);
            }
        }
        Ok(())
    }
}

/// Builds a CDist: `[n_rows, n_other_rows]`.
pub(super) fn cdist(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["metric"])?;
    let dtype = context.expect_dtypes(0, &[DType::F32, DType::F64])?;
    context.expect_dtype(1, dtype)?;
    let takes_root = match context.node.string("metric")?.unwrap_or("sqeuclidean") {
        "euclidean" => true,
        "sqeuclidean" => false,
        other => return Err(context.refuse_value("metric", other)),
    };
    let fact = Fact::new(dtype, &[context.fact(0)?.dim(0), context.fact(1)?.dim(0)]);
    if let Some(rows) = context.constant(1)
        && let (Some(values), &[n_rows, n_features]) = (rows.as_slice::<f32>(), rows.shape.dims())
        && !values.is_empty()
    {
        let value = |row: usize, feature: usize| values[row * n_features + feature];
        let squares = values.chunks_exact(n_features).map(sum_of_squares).collect();
        let rows = Dense::new(n_rows, n_features, value, &[]);
        return Ok(Built::unary(ConstantCDist { rows, squares, takes_root }, fact));
    }
    let op = Box::new(CDist { dtype, takes_root });
    Ok(Built::Step { op, reads: vec![0, 1], facts: vec![fact] })
}
