//! Min, Max, Sum and Mean of any number of operands, with broadcasting.

use radiant_core::{Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use super::number::{Number, numbers, reals};
use crate::op::{Built, NodeContext, Op, Outputs, broadcast};

/// Operands brought to one by a function of two, from the first to the last.
struct Variadic<T, F> {
    function: F,
    finish: Option<fn(T, usize) -> T>,
}

impl<T: Number, F: Fn(T, T) -> T + Send + Sync> Op for Variadic<T, F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let mut shape = Shape::clone(inputs.view(0)?.shape);
        for at in 1..inputs.len() {
            shape = broadcast::shape(&[&shape, inputs.view(at)?.shape])?;
        }
        let dims = shape.dims();
        let operand = |at: usize| Ok::<_, Error>((inputs.slice::<T>(at)?, inputs.view(at)?.shape));
        let out = outputs.first().reset::<T>(dims)?;
        if inputs.len() == 1 {
            out.extend_from_slice(inputs.slice(0)?);
        } else {
            broadcast::zip(dims, operand(0)?, operand(1)?, out, &self.function);
        }
        for at in 2..inputs.len() {
            accumulate(dims, out, operand(at)?, &self.function);
        }
        if let Some(finish) = self.finish {
            for value in out.iter_mut() {
                *value = finish(*value, inputs.len());
            }
        }
        Ok(())
    }
}

/// Puts `function` of each element of `out`, which is of the shape `dims`, and of the operand in
/// its place.
pub(super) fn accumulate<T: Number>(
    dims: &[usize],
    out: &mut [T],
    (operand, shape): (&[T], &Shape),
    function: impl Fn(T, T) -> T,
) {
    let steps = broadcast::strides(shape, dims);
    let (last, n) = dims.split_last().map_or((0, 1), |(&n, outer)| (outer.len(), n));
    if n == 0 {
        return;
    }
    let mut rows = out.chunks_exact_mut(n);
    broadcast::runs(dims, [&steps], |[at]| {
        let row = rows.next().unwrap_or_default();
        if steps[last] == 0 {
            for value in row.iter_mut() {
                *value = function(*value, operand[at]);
            }
        } else {
            let pairs = row.iter_mut().zip(&operand[at..]);
            pairs.for_each(|(value, other)| *value = function(*value, *other));
        }
    });
}

fn boxed<T: Number>(function: impl Fn(T, T) -> T + Send + Sync + 'static) -> Box<dyn Op> {
    Box::new(Variadic { function, finish: None })
}

/// The lesser; what is no number wins.
pub(super) fn least<T: Number>(a: T, b: T) -> T {
    if b < a || b.is_none() { b } else { a }
}

/// The greater; what is no number wins.
pub(super) fn greatest<T: Number>(a: T, b: T) -> T {
    if b > a || b.is_none() { b } else { a }
}

/// Builds Max, Mean, Min or Sum of values of one type.
pub(super) fn variadic(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let dtype = context.fact(0)?.dtype;
    for at in 0..context.inputs.len() {
        context.expect_dtype(at, dtype)?;
    }
    let op = match context.node.op_type.as_str() {
        "Max" => numbers!(dtype, T => boxed(greatest::<T>)),
        "Min" => numbers!(dtype, T => boxed(least::<T>)),
        "Sum" => reals!(dtype, T => boxed(T::plus)),
        _ => reals!(dtype, T => {
            let finish: fn(T, usize) -> T = |sum, n| sum / T::from_f64(n as f64);
            Box::new(Variadic { function: T::plus, finish: Some(finish) }) as Box<dyn Op>
        }),
    };
    let op =
        op.ok_or_else(|| context.refuse(format!("operands of type {dtype} are not supported")))?;
    let facts: Vec<&Fact> = context.inputs.iter().flatten().map(|(_, fact)| fact).collect();
    let fact = Fact::broadcast(dtype, &facts);
    Ok(Built::Step { op, reads: (0..context.inputs.len()).collect(), facts: vec![fact] })
}
