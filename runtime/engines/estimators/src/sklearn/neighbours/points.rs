//! Many rows that each row of a request is held against, packed so that loops over them vectorise.

use std::ops::Range;

use radiant_kernels::{Isa, Kernel};

use crate::sklearn::source::Matrix;

/// How many points stand side by side: as many as keep a processor busy while sums wait for each other.
const LANES: usize = 32;

/// How many numbers of the points are gone through for all rows before the next are: as many as stay
/// in a cache.
const CHUNK: usize = 1 << 12;

/// Fitted rows: neighbours, centres, support vectors.
#[derive(Debug, Clone)]
pub(crate) struct Points {
    n: usize,
    n_features: usize,
    /// Blocks of so many points, in each the values of a feature side by side; the last block is
    /// filled up with zeros.
    // Invariant: as many as blocks times features times lanes.
    blocks: Vec<f64>,
    isa: Isa,
}

impl Points {
    /// Packs rows of at least one column.
    pub(crate) fn new(rows: &Matrix) -> Self {
        let (n, n_features) = (rows.n_rows, rows.n_columns);
        let mut blocks = vec![0.0; n.div_ceil(LANES) * n_features * LANES];
        for (at, row) in rows.rows().enumerate() {
            let start = at / LANES * n_features * LANES + at % LANES;
            for (slot, value) in blocks[start..].iter_mut().step_by(LANES).zip(row) {
                *slot = *value;
            }
        }
        Self { n, n_features, blocks, isa: Isa::detect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.n
    }

    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Parts of the points to go through one after the other.
    pub(super) fn chunks(&self) -> impl Iterator<Item = Range<usize>> {
        let width = (CHUNK / self.n_features.max(1)).next_multiple_of(LANES);
        (0..self.n).step_by(width).map(move |start| start..self.n.min(start + width))
    }

    /// Folds the features of rows with those of a chunk of points, in their order and starting from
    /// zero. `out` has a result for each row and point, row-major.
    pub(super) fn fold(
        &self,
        chunk: Range<usize>,
        rows: &[f64],
        out: &mut [f64],
        step: impl Fn(f64, f64, f64) -> f64,
    ) {
        let size = self.n_features * LANES;
        let blocks = &self.blocks[chunk.start / LANES * size..chunk.end.div_ceil(LANES) * size];
        let n_features = self.n_features;
        self.isa.run(Fold { blocks, n_features, width: chunk.len(), rows, out, step });
    }

    /// The square of the Euclidean distance of a row to one point, added up as [`squares`](Self::squares)
    /// does.
    pub(super) fn square(&self, row: &[f64], point: usize) -> f64 {
        let start = point / LANES * self.n_features * LANES + point % LANES;
        let values = self.blocks[start..].iter().step_by(LANES);
        row.iter().zip(values).fold(0.0, |sum, (x, y)| sum + (x - y) * (x - y))
    }

    /// The dot product of rows with every point, row-major.
    pub(crate) fn dots(&self, rows: &[f64], out: &mut [f64]) {
        self.fold(0..self.n, rows, out, |sum, x, y| sum + x * y);
    }

    /// The square of the Euclidean distance of rows to every point, row-major.
    pub(crate) fn squares(&self, rows: &[f64], out: &mut [f64]) {
        self.fold(0..self.n, rows, out, |sum, x, y| sum + (x - y) * (x - y));
    }
}

/// The loop over rows, points and features.
struct Fold<'a, F> {
    blocks: &'a [f64],
    n_features: usize,
    /// How many results a row has.
    width: usize,
    rows: &'a [f64],
    out: &'a mut [f64],
    step: F,
}

impl<F: Fn(f64, f64, f64) -> f64> Kernel for Fold<'_, F> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "is compiled for the processor by its caller")]
    #[inline(always)]
    fn call(self) {
        let Self { blocks, n_features, width, rows, out, step } = self;
        if n_features == 0 || width == 0 {
            out.fill(0.0);
            return;
        }
        // Several rows at a time would share what is loaded, but their sums do not stay in registers.
        for (row, out) in rows.chunks_exact(n_features).zip(out.chunks_exact_mut(width)) {
            fold_row(blocks, row, out, &step);
        }
    }
}

#[expect(clippy::inline_always, reason = "is compiled for the processor by its caller")]
#[inline(always)]
fn fold_row(blocks: &[f64], row: &[f64], out: &mut [f64], step: &impl Fn(f64, f64, f64) -> f64) {
    for (block, out) in blocks.chunks_exact(row.len() * LANES).zip(out.chunks_mut(LANES)) {
        let mut sums = [0.0; LANES];
        for (&x, values) in row.iter().zip(block.as_chunks::<LANES>().0) {
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum = step(*sum, x, value);
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_met_in_its_place() {
        for n_points in [1, 7, 8, 9, 17] {
            let values = (0..n_points * 3).map(|at| at as f64).collect();
            let points = Points::new(&Matrix { n_rows: n_points, n_columns: 3, values });
            let mut out = vec![f64::NAN; n_points];
            points.dots(&[1.0, 10.0, 100.0], &mut out);
            let expected: Vec<_> =
                (0..n_points).map(|at| (at * 3) as f64 * 111.0 + 210.0).collect();
            assert_eq!(out, expected);
            points.squares(&[0.0, 1.0, 2.0], &mut out);
            let expected: Vec<_> = (0..n_points).map(|at| (at * at * 27) as f64).collect();
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn rows_are_the_same_alone_and_together_in_chunks() {
        let (n_points, n_features, n_rows) = (3 * CHUNK / 512 + 5, 512, 7);
        let value = |at: usize| ((at * 7919) % 1009) as f64 / 16.0 - 30.0;
        let values = (0..n_points * n_features).map(value).collect();
        let points = Points::new(&Matrix { n_rows: n_points, n_columns: n_features, values });
        let rows: Vec<f64> = (0..n_rows * n_features).map(|at| value(at + 5)).collect();
        let mut alone = vec![0.0; n_points];
        let mut seen = 0;
        for chunk in points.chunks() {
            let mut together = vec![f64::NAN; n_rows * chunk.len()];
            points.fold(chunk.clone(), &rows, &mut together, |sum, x, y| sum + (x - y) * (x - y));
            for (row, out) in rows.chunks_exact(n_features).zip(together.chunks_exact(chunk.len()))
            {
                points.squares(row, &mut alone);
                assert_eq!(out, &alone[chunk.clone()]);
            }
            seen += chunk.len();
        }
        assert_eq!(seen, n_points);
    }
}
