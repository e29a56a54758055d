//! Rows times weights.
//!
//! The order in which the products of a row are added depends on the weights alone, so that a row
//! has the same answer in every batch.
#![expect(
    clippy::inline_always,
    reason = "a loop must become part of the caller it is compiled for"
)]

use std::array;

use radiant_kernels::{Isa, Kernel};

use crate::sklearn::source::Matrix;

/// Outputs side by side in most of the weights.
const N_WIDE: usize = 8;
/// Outputs side by side in the last few, and partial sums of a single output.
const N_NARROW: usize = 4;
/// Rows that go through all weights before the next ones do, for a processor's first cache.
const N_CACHED_ROWS: usize = 32;

/// Weights, packed for the loops here.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Product {
    n_features: usize,
    n_outputs: usize,
    weights: Weights,
    isa: Isa,
}

#[derive(Debug, Clone, PartialEq)]
enum Weights {
    /// Of a single output, a weight for each feature.
    One(Vec<f64>),
    /// Blocks of outputs with an entry for each feature, zero beyond the last output.
    Several { wide: Vec<[f64; N_WIDE]>, narrow: Vec<[f64; N_NARROW]> },
}

impl Product {
    /// An output for each row of weights; there is at least one row and one column.
    pub(super) fn of_outputs(matrix: &Matrix) -> Self {
        let (n_outputs, n_features) = (matrix.n_rows, matrix.n_columns);
        let weights = if n_outputs == 1 {
            Weights::One(matrix.values.clone())
        } else {
            // A rest of few outputs has narrow blocks, one of many a wide one.
            let n_wide = (n_outputs + N_WIDE - 1 - N_NARROW) / N_WIDE;
            let n_narrow = usize::from(n_outputs > n_wide * N_WIDE);
            Weights::Several {
                wide: (0..n_wide).flat_map(|block| packed(matrix, block * N_WIDE)).collect(),
                narrow: (0..n_narrow).flat_map(|_| packed(matrix, n_wide * N_WIDE)).collect(),
            }
        };
        Self { n_features, n_outputs, weights, isa: Isa::detect() }
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    pub(super) fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    /// Writes the products of rows to `out`, which is `[n_rows, n_outputs]`.
    pub(super) fn run(&self, rows: &[f64], out: &mut [f64]) {
        self.isa.run(Run { product: self, rows, out });
    }

    /// Writes the products of the stored elements of a row to `out`.
    pub(super) fn run_sparse(&self, columns: &[u32], values: &[f64], out: &mut [f64]) {
        let elements = || columns.iter().map(|column| *column as usize).zip(values);
        match &self.weights {
            Weights::One(weights) => {
                let products = elements().filter_map(|(column, x)| Some(x * weights.get(column)?));
                out.fill(products.sum());
            }
            Weights::Several { wide, narrow } => {
                let mut outs = out.chunks_mut(N_WIDE);
                for (block, out) in wide.chunks_exact(self.n_features).zip(outs.by_ref()) {
                    sparse_sums(block, elements(), out);
                }
                if let Some(out) = outs.next() {
                    sparse_sums(narrow, elements(), out);
                }
            }
        }
    }
}

/// The weights of `N` outputs from one on, for each feature.
fn packed<const N: usize>(matrix: &Matrix, first: usize) -> impl Iterator<Item = [f64; N]> {
    (0..matrix.n_columns).map(move |feature| {
        array::from_fn(|lane| {
            let output = Some(first + lane).filter(|output| *output < matrix.n_rows);
            output.map_or(0.0, |output| matrix.values[output * matrix.n_columns + feature])
        })
    })
}

fn sparse_sums<'a, const N: usize>(
    block: &[[f64; N]],
    elements: impl Iterator<Item = (usize, &'a f64)>,
    out: &mut [f64],
) {
    let mut sums = [0.0; N];
    for (column, x) in elements {
        if let Some(weights) = block.get(column) {
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
        }
    }
    out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum);
}

/// Weights that are applied to rows.
struct Run<'a> {
    product: &'a Product,
    rows: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { product: Product { n_features, n_outputs, weights, .. }, rows, out } = self;
        match weights {
            Weights::One(weights) => dots(weights, rows, out),
            Weights::Several { wide, narrow } => {
                let rows = rows.chunks(N_CACHED_ROWS * n_features);
                for (rows, out) in rows.zip(out.chunks_mut(N_CACHED_ROWS * n_outputs)) {
                    let mut first = 0;
                    for block in wide.chunks_exact(*n_features) {
                        sweep::<4, N_WIDE>(
                            block,
                            rows,
                            Out { values: out, n_outputs: *n_outputs, first },
                        );
                        first += N_WIDE;
                    }
                    if !narrow.is_empty() {
                        sweep::<8, N_NARROW>(
                            narrow,
                            rows,
                            Out { values: out, n_outputs: *n_outputs, first },
                        );
                    }
                }
            }
        }
    }
}

/// Where the sums of a block go: to the columns from `first` on.
struct Out<'a> {
    values: &'a mut [f64],
    n_outputs: usize,
    first: usize,
}

/// A block of outputs of some rows, `R` rows side by side.
#[inline(always)]
fn sweep<const R: usize, const N: usize>(block: &[[f64; N]], rows: &[f64], out: Out<'_>) {
    let Out { values: out, n_outputs, first } = out;
    let mut groups = rows.chunks_exact(R * block.len());
    let mut outs = out.chunks_exact_mut(R * n_outputs);
    for (rows, out) in groups.by_ref().zip(outs.by_ref()) {
        sums::<R, N>(block, rows, Out { values: out, n_outputs, first });
    }
    let rest = groups.remainder().chunks_exact(block.len());
    for (row, out) in rest.zip(outs.into_remainder().chunks_exact_mut(n_outputs)) {
        sums::<1, N>(block, row, Out { values: out, n_outputs, first });
    }
}

#[inline(always)]
fn sums<const R: usize, const N: usize>(block: &[[f64; N]], rows: &[f64], out: Out<'_>) {
    let n_features = block.len();
    // The compiler sees here that no index below is out of bounds.
    let rows: [&[f64]; R] = array::from_fn(|row| &rows[row * n_features..][..n_features]);
    let mut sums = [[0.0_f64; N]; R];
    // The sums stay in registers only where places are counted, not where iterators are zipped.
    for feature in 0..n_features {
        let weights = &block[feature];
        for row in 0..R {
            let x = rows[row][feature];
            for lane in 0..N {
                sums[row][lane] = x.mul_add(weights[lane], sums[row][lane]);
            }
        }
    }
    let Out { values: out, n_outputs, first } = out;
    for (out, sums) in out.chunks_exact_mut(n_outputs).zip(&sums) {
        let out = &mut out[first..];
        if let Some(out) = out.first_chunk_mut() {
            *out = *sums;
        } else {
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = *sum);
        }
    }
}

/// A single output of all rows, four rows side by side.
#[inline(always)]
fn dots(weights: &[f64], rows: &[f64], out: &mut [f64]) {
    let mut groups = rows.chunks_exact(4 * weights.len());
    let mut outs = out.chunks_exact_mut(4);
    for (rows, out) in groups.by_ref().zip(outs.by_ref()) {
        out.copy_from_slice(&dot::<4>(weights, rows));
    }
    let rest = groups.remainder().chunks_exact(weights.len());
    for (row, out) in rest.zip(outs.into_remainder()) {
        [*out] = dot::<1>(weights, row);
    }
}

#[inline(always)]
fn dot<const R: usize>(weights: &[f64], rows: &[f64]) -> [f64; R] {
    let n_features = weights.len();
    let (weights, rest_weights) = weights.as_chunks::<N_NARROW>();
    let rows: [_; R] = array::from_fn(|row| {
        let (row, rest) = rows[row * n_features..][..n_features].as_chunks::<N_NARROW>();
        // The compiler sees here that no index below is out of bounds.
        (&row[..weights.len()], rest)
    });
    let mut sums = [[0.0_f64; N_NARROW]; R];
    for (chunk, weights) in weights.iter().enumerate() {
        for ((row, _), sums) in rows.iter().zip(&mut sums) {
            for ((x, weight), sum) in row[chunk].iter().zip(weights).zip(sums) {
                *sum = x.mul_add(*weight, *sum);
            }
        }
    }
    array::from_fn(|row| {
        let [a, b, c, d] = sums[row];
        let rest = rows[row].1.iter().zip(rest_weights);
        rest.fold((a + c) + (b + d), |sum, (x, weight)| x.mul_add(*weight, sum))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn problem()(n_rows in 1_usize..41, n_features in 1_usize..20, n_outputs in 1_usize..22)
            (rows in prop::collection::vec(-10.0_f64..10.0, n_rows * n_features),
             weights in prop::collection::vec(-10.0_f64..10.0, n_outputs * n_features),
             n_features in Just(n_features), n_outputs in Just(n_outputs))
            -> (Vec<f64>, Matrix)
        {
            (rows, Matrix { n_rows: n_outputs, n_columns: n_features, values: weights })
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn products_are_the_sums_by_their_definition((rows, weights) in problem()) {
            let product = Product::of_outputs(&weights);
            let n_rows = rows.len() / weights.n_columns;
            let mut out = vec![f64::NAN; n_rows * weights.n_rows];
            product.run(&rows, &mut out);
            let mut outs = out.iter();
            for row in rows.chunks_exact(weights.n_columns) {
                for weights in weights.rows() {
                    let expected: f64 = row.iter().zip(weights).map(|(x, weight)| x * weight).sum();
                    let got = outs.next().expect("as many as rows times outputs");
                    prop_assert!((got - expected).abs() < 1e-11, "{got} instead of {expected}");
                }
            }
        }

        #[test]
        fn a_row_has_the_same_answer_in_every_batch((rows, weights) in problem()) {
            let product = Product::of_outputs(&weights);
            let n_rows = rows.len() / weights.n_columns;
            let mut together = vec![0.0; n_rows * weights.n_rows];
            product.run(&rows, &mut together);
            let batch = together.chunks_exact(weights.n_rows);
            for (row, together) in rows.chunks_exact(weights.n_columns).zip(batch) {
                let mut alone = vec![0.0; weights.n_rows];
                product.run(row, &mut alone);
                prop_assert_eq!(&alone, together);
            }
        }

        #[test]
        fn stored_elements_are_those_of_a_dense_row((rows, weights) in problem()) {
            let product = Product::of_outputs(&weights);
            let row: Vec<f64> =
                rows[..weights.n_columns].iter().map(|x| if *x < 0.0 { 0.0 } else { *x }).collect();
            let stored = (0_u32..).zip(&row).filter(|(_, x)| **x != 0.0);
            let (columns, values): (Vec<u32>, Vec<f64>) = stored.map(|(at, x)| (at, *x)).unzip();
            let (mut dense, mut sparse) = (vec![0.0; weights.n_rows], vec![0.0; weights.n_rows]);
            product.run(&row, &mut dense);
            product.run_sparse(&columns, &values, &mut sparse);
            for (dense, sparse) in dense.iter().zip(&sparse) {
                prop_assert!((dense - sparse).abs() < 1e-11, "{sparse} instead of {dense}");
            }
        }
    }
}
