//! Det: determinants of square matrices, by elimination with pivots.

use std::marker::PhantomData;

use radiant_core::Error;

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use super::number::{Real, reals};
use crate::op::{Built, NodeContext, Op, Outputs};

struct Det<T>(PhantomData<T>);

impl<T: Real> Op for Det<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let (outer, n) = match shape.dims() {
            [outer @ .., n_rows, n_columns] if n_rows == n_columns => (outer, *n_rows),
            _ => {
                let what = format!("expected square matrices, got {shape}");
                return Err(Error::model_failed(what));
            }
        };
        let out = outputs.first().reset::<T>(outer)?;
        if n == 0 {
            // The product of nothing.
            let n_matrices = outer.iter().product();
            out.resize(n_matrices, T::ONE);
            return Ok(());
        }
        let mut matrix = Vec::new();
        for values in inputs.slice::<T>(0)?.chunks_exact(n * n) {
            inputs.values.cancel.check()?;
            matrix.clear();
            matrix.extend_from_slice(values);
            out.push(determinant(&mut matrix, n));
        }
        Ok(())
    }
}

/// The determinant of `[n, n]`, which is eliminated.
fn determinant<T: Real>(matrix: &mut [T], n: usize) -> T {
    let mut product = T::ONE;
    for step in 0..n {
        let size = |row: usize| matrix[row * n + step].abs();
        let greater = |best, row| if size(row) > size(best) { row } else { best };
        let pivot = (step + 1..n).fold(step, greater);
        if pivot != step {
            (step..n).for_each(|column| matrix.swap(step * n + column, pivot * n + column));
            product = -product;
        }
        let head = matrix[step * n + step];
        product = product * head;
        if head == T::default() {
            return product;
        }
        for row in step + 1..n {
            let factor = matrix[row * n + step] / head;
            for column in step..n {
                let above = matrix[step * n + column];
                matrix[row * n + column] = matrix[row * n + column] - factor * above;
            }
        }
    }
    product
}

/// Builds a Det.
pub(super) fn det(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let fact = context.fact(0)?;
    let result = match fact.dims.as_deref() {
        Some([outer @ .., _, _]) => Fact::new(fact.dtype, outer),
        Some(_) => return Err(context.refuse(format!("expected matrices, got {fact}"))),
        None => Fact::of(fact.dtype),
    };
    let op = reals!(fact.dtype, T => Box::new(Det::<T>(PhantomData)) as Box<dyn Op>);
    super::step(context, op, vec![result])
}
