//! What classifiers do with rows of scores, with the rounding of onnxruntime 1.32.
//!
//! Rows of few scores are shorter than a register, so that eight of them go side by side. The
//! arithmetic is written once, for any number of rows side by side, and gives the same bits.

use std::array;

use crate::Kernel;
use crate::dense::N_LANES;
use crate::exp::exp;

/// A function of rows that does not look from one to another.
pub trait RowFunction {
    /// Changes `L` rows in place; there is an entry a column. Is `#[inline(always)]`.
    fn apply<const L: usize>(&self, columns: &mut [[f32; L]]);
}

/// A function of each row of `n_columns`, in place.
#[derive(Debug)]
pub struct EachRow<'a, F> {
    /// The rows, one after the other.
    pub values: &'a mut [f32],
    /// The length of a row.
    pub n_columns: usize,
    /// What is done to each.
    pub function: F,
}

impl<F: RowFunction> Kernel for EachRow<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { values, n_columns, function } = self;
        match n_columns {
            0 => {}
            2 => side_by_side::<2>(values, &function),
            3 => side_by_side::<3>(values, &function),
            4 => side_by_side::<4>(values, &function),
            _ => {
                for row in values.chunks_exact_mut(n_columns) {
                    function.apply(row.as_chunks_mut::<1>().0);
                }
            }
        }
    }
}

/// Applies a function to rows of `C` numbers.
#[inline(always)]
fn side_by_side<const C: usize>(values: &mut [f32], function: &impl RowFunction) {
    let (groups, rest) = values.as_chunks_mut::<C>().0.as_chunks_mut::<N_LANES>();
    for rows in groups {
        let mut columns: [[f32; N_LANES]; C] = turned(rows);
        function.apply(&mut columns);
        *rows = turned(&columns);
    }
    for row in rest {
        function.apply(row.as_chunks_mut::<1>().0);
    }
}

/// The columns of rows, or the rows of columns.
#[inline(always)]
pub(crate) fn turned<const A: usize, const B: usize>(values: &[[f32; A]; B]) -> [[f32; B]; A] {
    array::from_fn(|a| array::from_fn(|b| values[b][a]))
}

/// Makes the scores of a row sum up to one: each is `e^(score - max)`, divided by the sum.
///
/// A score that is no number makes all of them none.
#[derive(Debug, Clone, Copy)]
pub struct Softmax;

impl RowFunction for Softmax {
    #[inline(always)]
    fn apply<const L: usize>(&self, columns: &mut [[f32; L]]) {
        let mut max = [f32::MIN; L];
        for scores in &*columns {
            for (max, &score) in max.iter_mut().zip(scores) {
                *max = if score > *max { score } else { *max };
            }
        }
        for scores in &mut *columns {
            for (score, max) in scores.iter_mut().zip(&max) {
                *score = exp(*score - max);
            }
        }
        let sums = sums(columns, |score| score);
        divide(columns, &sums);
    }
}

/// Divides the numbers of a row by the sum of their magnitudes, unless that is zero.
#[derive(Debug, Clone, Copy)]
pub struct NormL1;

impl RowFunction for NormL1 {
    #[inline(always)]
    fn apply<const L: usize>(&self, columns: &mut [[f32; L]]) {
        let sums = sums(columns, f32::abs);
        divide(columns, &sums.map(|sum| if sum == 0.0 { 1.0 } else { sum }));
    }
}

/// The sums of a function of the numbers in each row.
#[inline(always)]
fn sums<const L: usize>(columns: &[[f32; L]], function: impl Fn(f32) -> f32) -> [f32; L] {
    let mut sums = [0.0; L];
    for column in columns {
        for (sum, &x) in sums.iter_mut().zip(column) {
            *sum += function(x);
        }
    }
    sums
}

#[inline(always)]
fn divide<const L: usize>(columns: &mut [[f32; L]], divisors: &[f32; L]) {
    for column in columns {
        for (x, divisor) in column.iter_mut().zip(divisors) {
            *x /= divisor;
        }
    }
}

/// Appends the label of each row's first greatest score; the first where that is no number.
#[derive(Debug)]
pub struct Greatest<'a> {
    /// Rows of as many columns as there are labels.
    pub scores: &'a [f32],
    /// The label of each column.
    pub labels: &'a [i64],
    /// Where labels are appended.
    pub out: &'a mut Vec<i64>,
}

impl Kernel for Greatest<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        match self.labels.len() {
            0 => {}
            2 => self.side_by_side::<2>(),
            3 => self.side_by_side::<3>(),
            4 => self.side_by_side::<4>(),
            _ => self.one_by_one(self.scores),
        }
    }
}

impl Greatest<'_> {
    #[inline(always)]
    fn side_by_side<const C: usize>(&mut self) {
        let (groups, rest) = self.scores.as_chunks::<C>().0.as_chunks::<N_LANES>();
        for rows in groups {
            let columns: [[f32; N_LANES]; C] = turned(rows);
            self.out.extend_from_slice(&greatest(&columns).map(|at| self.labels[at as usize]));
        }
        self.one_by_one(rest.as_flattened());
    }

    #[inline(always)]
    fn one_by_one(&mut self, scores: &[f32]) {
        self.out.extend(scores.chunks_exact(self.labels.len()).map(|row| {
            let [at] = greatest(row.as_chunks::<1>().0);
            self.labels[at as usize]
        }));
    }
}

/// The column of each row's first greatest number; 0 where the first is no number.
#[inline(always)]
pub fn greatest<const L: usize>(columns: &[[f32; L]]) -> [u32; L] {
    let mut best = columns.first().copied().unwrap_or([0.0; L]);
    let mut found = [0; L];
    for (at, column) in (0..).zip(columns) {
        for ((best, found), &x) in best.iter_mut().zip(&mut found).zip(column) {
            *found = if x > *best { at } else { *found };
            *best = if x > *best { x } else { *best };
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Isa;

    /// The same arithmetic, one row after the other.
    fn naive_softmax(row: &mut [f32]) {
        let max = row.iter().fold(f32::MIN, |max, &score| if score > max { score } else { max });
        let mut sum = 0.0;
        for score in &mut *row {
            *score = exp(*score - max);
            sum += *score;
        }
        for score in row {
            *score /= sum;
        }
    }

    fn naive_norm_l1(row: &mut [f32]) {
        let sum: f32 = row.iter().map(|x| x.abs()).sum();
        if sum != 0.0 {
            for x in row {
                *x /= sum;
            }
        }
    }

    fn naive_greatest(row: &[f32]) -> usize {
        let greater = |best: usize, at: usize| if row[at] > row[best] { at } else { best };
        (0..row.len()).fold(0, greater)
    }

    fn check(
        values: &[f32],
        n_columns: usize,
        function: impl RowFunction + Copy,
        naive: fn(&mut [f32]),
    ) {
        let mut expected = values.to_vec();
        expected.chunks_exact_mut(n_columns).for_each(naive);
        // Of what is no number, the bits may be any.
        let bits = |values: &[f32]| -> Vec<Option<u32>> {
            values.iter().map(|x| (!x.is_nan()).then_some(x.to_bits())).collect()
        };
        for isa in [Isa::detect(), Isa::baseline()] {
            let mut values = values.to_vec();
            isa.run(EachRow { values: &mut values, n_columns, function });
            assert_eq!(bits(&values), bits(&expected));
        }
    }

    fn score() -> impl Strategy<Value = f32> {
        let special = prop_oneof![
            Just(0.0),
            Just(-0.0),
            Just(f32::NAN),
            Just(f32::INFINITY),
            Just(f32::NEG_INFINITY),
            Just(1.5),
        ];
        prop_oneof![4 => -100.0_f32..100.0, 1 => special]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rows_side_by_side_give_the_bits_of_one_row_after_the_other(
            (n_columns, values) in (1..7_usize, 0..20_usize).prop_flat_map(|(columns, rows)| {
                (Just(columns), proptest::collection::vec(score(), columns * rows))
            }),
        ) {
            check(&values, n_columns, Softmax, naive_softmax);
            check(&values, n_columns, NormL1, naive_norm_l1);
            let labels: Vec<i64> = (10..).take(n_columns).collect();
            let rows = values.chunks_exact(n_columns);
            let expected: Vec<i64> = rows.map(|row| labels[naive_greatest(row)]).collect();
            for isa in [Isa::detect(), Isa::baseline()] {
                let mut out = Vec::new();
                isa.run(Greatest { scores: &values, labels: &labels, out: &mut out });
                prop_assert_eq!(&out, &expected);
            }
        }
    }

    #[test]
    fn softmax_sums_to_one_and_stands_large_scores() {
        let mut scores = [1000.0, 1000.0, -1000.0];
        Isa::detect().run(EachRow { values: &mut scores, n_columns: 3, function: Softmax });
        assert_eq!(scores.map(f32::to_bits), [0.5_f32, 0.5, 0.0].map(f32::to_bits));
        Isa::detect().run(EachRow { values: &mut [], n_columns: 0, function: Softmax });
    }
}
