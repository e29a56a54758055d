//! Reductions along axes.
//!
//! Elements are taken in their order, each once; rows of many elements are summed in lanes side by
//! side, which is faster and rounds less.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error, Shape};

use crate::Unsupported;
use crate::registers::{Inputs, RANK_MAX};

use super::axes::Axes;
use super::number::{Number, Real, integers};
use super::variadic::{greatest, least};
use crate::op::{Built, NodeContext, Op, Outputs, broadcast};

/// Rows from this length on are summed in lanes.
const LANES_FROM: usize = 32;
const N_LANES: usize = 8;

/// How elements become one.
struct Fold<T, F, C, G> {
    /// What no elements give.
    init: T,
    /// Adds an element.
    add: F,
    /// Brings two results together.
    combine: C,
    /// Makes the answer of a result of so many elements.
    finish: G,
}

struct Reduce<R> {
    axes: Axes,
    reducer: R,
}

/// Reduces `x`, of the shape `dims`, to `out`, whose elements lie along `dims` as `steps` says.
trait Reducer: Send + Sync {
    type Item: Element;

    fn reduce(&self, x: &[Self::Item], to: Target<'_>, out: &mut Vec<Self::Item>);
}

/// Where elements go.
#[derive(Clone, Copy)]
struct Target<'a> {
    dims: &'a [usize],
    steps: &'a [usize; RANK_MAX],
    /// The number of results.
    n_results: usize,
    /// The number of elements in each.
    n_each: usize,
}

impl<R: Reducer> Op for Reduce<R> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let mask = self.axes.find(inputs, shape.rank())?;
        let (mut kept, mut result) = (Shape::new(&[]), Shape::new(&[]));
        for (&dim, &is_reduced) in shape.dims().iter().zip(&mask) {
            kept.push(if is_reduced { 1 } else { dim });
            if !is_reduced || self.axes.keeps {
                result.push(if is_reduced { 1 } else { dim });
            }
        }
        let x = inputs.slice::<R::Item>(0)?;
        let out = outputs.first().reset::<R::Item>(result.dims())?;
        // Its elements fit, as `reset` has found.
        let n_results = result.dims().iter().product();
        let n_each = shape.dims().iter().zip(&mask).filter(|(_, is_reduced)| **is_reduced);
        let n_each = n_each.fold(1, |n: usize, (dim, _)| n.saturating_mul(*dim));
        let steps = broadcast::strides(&kept, shape.dims());
        let to = Target { dims: shape.dims(), steps: &steps, n_results, n_each };
        self.reducer.reduce(x, to, out);
        Ok(())
    }
}

impl<T, F, C, G> Reducer for Fold<T, F, C, G>
where
    T: Element,
    F: Fn(T, T) -> T + Send + Sync,
    C: Fn(T, T) -> T + Send + Sync,
    G: Fn(T, usize) -> T + Send + Sync,
{
    type Item = T;

    fn reduce(&self, x: &[T], to: Target<'_>, out: &mut Vec<T>) {
        out.resize(to.n_results, self.init);
        self.fold_all(x, to, out);
        for value in out.iter_mut() {
            *value = (self.finish)(*value, to.n_each);
        }
    }
}

impl<T, F, C, G> Fold<T, F, C, G>
where
    T: Element,
    F: Fn(T, T) -> T,
    C: Fn(T, T) -> T,
{
    fn fold_all(&self, x: &[T], to: Target<'_>, out: &mut [T]) {
        let (last, n) = to.dims.split_last().map_or((0, 1), |(&n, outer)| (outer.len(), n));
        let mut rows = x.chunks_exact(n.max(1));
        broadcast::runs(to.dims, [to.steps], |[at]| {
            let row = rows.next().unwrap_or_default();
            if to.steps[last] == 0 {
                out[at] = self.fold_row(out[at], row);
            } else {
                for (value, &x) in out[at..].iter_mut().zip(row) {
                    *value = (self.add)(*value, x);
                }
            }
        });
    }

    fn fold_row(&self, start: T, row: &[T]) -> T {
        if row.len() < LANES_FROM {
            return row.iter().fold(start, |sum, &x| (self.add)(sum, x));
        }
        let mut lanes = [self.init; N_LANES];
        let mut chunks = row.chunks_exact(N_LANES);
        for chunk in &mut chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = (self.add)(*lane, x);
            }
        }
        let sum = lanes.into_iter().fold(start, &self.combine);
        chunks.remainder().iter().fold(sum, |sum, &x| (self.add)(sum, x))
    }
}

/// `ln Σ e^x`, from the greatest `x` on, so that nothing overflows.
struct LogSumExp<T>(PhantomData<T>);

impl<T: Real> Reducer for LogSumExp<T> {
    type Item = T;

    fn reduce(&self, x: &[T], to: Target<'_>, out: &mut Vec<T>) {
        let (last, n) = to.dims.split_last().map_or((0, 1), |(&n, outer)| (outer.len(), n));
        if n == to.n_each && to.steps[last] == 0 {
            // Each result is of one row.
            let rows = x.chunks_exact(n.max(1)).take(to.n_results);
            out.extend(rows.map(log_sum_exp));
            return out.resize(to.n_results, T::LOWEST);
        }
        let most = Fold { init: T::LOWEST, add: greatest::<T>, combine: greatest, finish: same };
        most.reduce(x, to, out);
        let mut sums = vec![T::default(); to.n_results];
        let mut rows = x.chunks_exact(n.max(1));
        broadcast::runs(to.dims, [to.steps], |[at]| {
            let row = rows.next().unwrap_or_default();
            for (column, &x) in row.iter().enumerate() {
                let at = at + column * to.steps[last];
                sums[at] = sums[at] + (x - finite(out[at])).exp();
            }
        });
        for (value, sum) in out.iter_mut().zip(sums) {
            *value = sum.ln() + finite(*value);
        }
    }
}

/// [`LogSumExp`] of a row.
fn log_sum_exp<T: Real>(row: &[T]) -> T {
    let max = finite(row.iter().copied().fold(T::LOWEST, greatest));
    row.iter().fold(T::default(), |sum, &x| sum + (x - max).exp()).ln() + max
}

/// What to take from exponents: infinities would give infinity minus infinity.
fn finite<T: Real>(max: T) -> T {
    if max.abs() < T::HIGHEST { max } else { T::default() }
}

/// Builds a reduction.
pub(super) fn reduce(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let axes = Axes::of(context)?;
    let fact = context.fact(0)?.clone();
    let result = axes.reduced(&fact);
    let name = context.node.op_type.as_str();
    let op = match fact.dtype {
        DType::Bool => of_bools(name, axes),
        DType::F32 => of_reals::<f32>(name, axes),
        DType::F64 => of_reals::<f64>(name, axes),
        dtype => of_integers(name, dtype, axes),
    };
    let op = op.ok_or_else(|| {
        context.refuse(format!("an operand of type {} is not supported", fact.dtype))
    })?;
    Ok(Built::Step { op, reads: (0..context.inputs.len()).collect(), facts: vec![result] })
}

fn same<T>(value: T, _: usize) -> T {
    value
}

fn of_reals<T: Real>(name: &str, axes: Axes) -> Option<Box<dyn Op>> {
    let zero = T::default();
    let sum_of = |fold: fn(T, T) -> T, finish: fn(T, usize) -> T| Fold {
        init: zero,
        add: fold,
        combine: T::plus,
        finish,
    };
    let squares = |sum: T, x: T| sum + x * x;
    let extreme =
        |init: T, fold: fn(T, T) -> T| Fold { init, add: fold, combine: fold, finish: same };
    Some(match name {
        "ReduceSum" => {
            boxed(axes, Fold { init: zero, add: T::plus, combine: T::plus, finish: same })
        }
        "ReduceMean" => {
            let finish = |sum: T, n: usize| sum / T::from_f64(n as f64);
            boxed(axes, Fold { init: zero, add: T::plus, combine: T::plus, finish })
        }
        "ReduceSumSquare" => {
            boxed(axes, Fold { init: zero, add: squares, combine: T::plus, finish: same })
        }
        "ReduceL2" => {
            let finish = |sum: T, _| sum.sqrt();
            boxed(axes, Fold { init: zero, add: squares, combine: T::plus, finish })
        }
        "ReduceMax" => boxed(axes, extreme(T::LOWEST, greatest)),
        "ReduceMin" => boxed(axes, extreme(T::HIGHEST, least)),
        "ReduceProd" => boxed(axes, extreme(T::ONE, T::times)),
        "ReduceL1" => boxed(axes, sum_of(|sum, x| sum + x.abs(), same)),
        "ReduceLogSum" => boxed(axes, sum_of(T::plus, |sum, _| sum.ln())),
        "ReduceLogSumExp" => boxed(axes, LogSumExp(PhantomData::<T>)),
        _ => return None,
    })
}

fn boxed(axes: Axes, reducer: impl Reducer + 'static) -> Box<dyn Op> {
    Box::new(Reduce { axes, reducer })
}

/// Logarithms of integers are no integers, and refused.
fn of_integers(name: &str, dtype: DType, axes: Axes) -> Option<Box<dyn Op>> {
    integers!(dtype, T => {
        let (init, fold): (T, fn(T, T) -> T) = match name {
            "ReduceSum" | "ReduceMean" => (0, T::plus),
            "ReduceSumSquare" | "ReduceL2" => (0, |sum, x| sum.plus(x.times(x))),
            "ReduceL1" => (0, |sum, x| sum.plus(if x < T::default() { T::default().minus(x) } else { x })),
            "ReduceMax" => (T::MIN, greatest),
            "ReduceMin" => (T::MAX, least),
            "ReduceProd" => (1, T::times),
            _ => return None,
        };
        let combine = if matches!(name, "ReduceMax" | "ReduceMin" | "ReduceProd") { fold } else { T::plus };
        let finish: fn(T, usize) -> T = match name {
            "ReduceMean" => |sum, n| T::from_f64((sum.to_f64() / n as f64).trunc()),
            "ReduceL2" => |sum, _| T::from_f64(sum.to_f64().sqrt()),
            _ => same,
        };
        boxed(axes, Fold { init, add: fold, combine, finish })
    })
}

fn of_bools(name: &str, axes: Axes) -> Option<Box<dyn Op>> {
    let (init, fold): (bool, fn(bool, bool) -> bool) = match name {
        "ReduceMax" => (false, |a, b| a | b),
        "ReduceMin" => (true, |a, b| a & b),
        _ => return None,
    };
    Some(boxed(axes, Fold { init, add: fold, combine: fold, finish: same }))
}
