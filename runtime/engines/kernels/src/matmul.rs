//! Products of two matrices that are known only when they are multiplied.
//!
//! Each element is one chain of fused multiply-adds from zero over the inner extent in order, as in
//! [`super::dense`]. Integers wrap around.

use std::cell::Cell;

use crate::dense::{Dense, Lanes};
use crate::{Isa, Kernel};

/// From this number of rows on it pays to lay single precision out for [`Dense`].
const PACKED_ROWS_MIN: usize = 6;

/// Right operands beyond this size are given back when they are multiplied.
const KEPT_LANES_MAX: usize = 1 << 17;

thread_local! {
    /// Where right operands are laid out, kept from one product to the next.
    static LAID_OUT: Cell<Vec<Lanes>> = const { Cell::new(Vec::new()) };
}

/// An element of matrices.
pub trait Term: Copy + Default + Send + Sync {
    /// `self + a * b`, rounded once.
    #[must_use]
    fn fused(self, a: Self, b: Self) -> Self;

    /// Appends the product of `a`, `[n_rows, depth]`, and `b`, `[depth, n_columns]`, to `out`; no
    /// extent is zero.
    fn multiply(isa: Isa, a: &[Self], b: Matrix<'_, Self>, out: &mut Vec<Self>) {
        let start = out.len();
        out.resize(start + a.len() / b.depth * b.n_columns, Self::default());
        isa.run(Rows { a, b, out: &mut out[start..] });
    }
}

/// A right operand: `[depth, n_columns]`, row-major.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    /// Its numbers.
    pub values: &'a [T],
    /// The inner extent: its number of rows.
    pub depth: usize,
    /// Its number of columns, which is that of the product.
    pub n_columns: usize,
}

impl Term for f32 {
    #[inline(always)]
    fn fused(self, a: Self, b: Self) -> Self {
        a.mul_add(b, self)
    }

    fn multiply(isa: Isa, a: &[Self], b: Matrix<'_, Self>, out: &mut Vec<Self>) {
        if a.len() / b.depth >= PACKED_ROWS_MIN {
            let weights = LAID_OUT.take();
            let layer = Dense::of_matrix(b.values, b.depth, b.n_columns, weights);
            layer.run(a, out);
            let weights = layer.into_weights();
            if weights.capacity() <= KEPT_LANES_MAX {
                LAID_OUT.set(weights);
            }
            return;
        }
        let start = out.len();
        out.resize(start + a.len() / b.depth * b.n_columns, 0.0);
        isa.run(Rows { a, b, out: &mut out[start..] });
    }
}

impl Term for f64 {
    #[inline(always)]
    fn fused(self, a: Self, b: Self) -> Self {
        a.mul_add(b, self)
    }
}

macro_rules! integer {
    ($($t:ty),*) => {$(
        impl Term for $t {
            #[inline(always)]
            fn fused(self, a: Self, b: Self) -> Self {
                self.wrapping_add(a.wrapping_mul(b))
            }
        }
    )*};
}

integer!(i32, i64, u32, u64);

/// Rows of the left operand, each a sum of rows of the right.
struct Rows<'a, T> {
    a: &'a [T],
    b: Matrix<'a, T>,
    out: &'a mut [T],
}

impl<T: Term> Kernel for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Matrix { values, depth, n_columns } = self.b;
        for (a, out) in self.a.chunks_exact(depth).zip(self.out.chunks_exact_mut(n_columns)) {
            for (x, b) in a.iter().zip(values.chunks_exact(n_columns)) {
                for (sum, b) in out.iter_mut().zip(b) {
                    *sum = sum.fused(*x, *b);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive<T: Term>(a: &[T], b: Matrix<'_, T>) -> Vec<T> {
        let rows = a.chunks_exact(b.depth);
        let row = |row: &[T]| -> Vec<T> {
            let element = |column: usize| {
                let at = |depth: usize| b.values[depth * b.n_columns + column];
                (0..b.depth).fold(T::default(), |sum, depth| sum.fused(row[depth], at(depth)))
            };
            (0..b.n_columns).map(element).collect()
        };
        rows.flat_map(row).collect()
    }

    fn product<T: Term>(isa: Isa, a: &[T], b: Matrix<'_, T>) -> Vec<T> {
        let mut out = Vec::new();
        T::multiply(isa, a, b, &mut out);
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_processor_multiplies_like_the_naive_loop(
            (n_rows, depth, n_columns) in (1..14_usize, 1..20_usize, 1..40_usize),
            seed in proptest::collection::vec(-8.0_f32..8.0, 1..200),
        ) {
            let mut values = seed.iter().cycle().enumerate().map(|(at, v)| v + at as f32 / 64.0);
            let a: Vec<f32> = values.by_ref().take(n_rows * depth).collect();
            let b: Vec<f32> = values.take(depth * n_columns).collect();
            let bits = |values: Vec<f32>| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            let matrix = Matrix { values: &b, depth, n_columns };
            let expected = bits(naive(&a, matrix));
            for isa in [Isa::detect(), Isa::baseline()] {
                prop_assert_eq!(&bits(product(isa, &a, matrix)), &expected);
            }
            let widened = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
            let (a, b) = (widened(&a), widened(&b));
            let matrix = Matrix { values: &b, depth, n_columns };
            prop_assert_eq!(product(Isa::detect(), &a, matrix), naive(&a, matrix));
        }
    }

    #[test]
    fn integers_wrap_around() {
        let b = Matrix { values: &[i32::MAX, 1], depth: 1, n_columns: 2 };
        assert_eq!(product(Isa::detect(), &[2], b), [-2, 2]);
    }
}
