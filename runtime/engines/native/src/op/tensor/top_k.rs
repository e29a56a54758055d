//! TopK: the greatest or the least elements along an axis, and where they are.

use std::cmp::Ordering;
use std::marker::PhantomData;

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Buffer, Inputs};

use crate::op::axes::{around, axis};
use crate::op::{Built, NodeContext, Op, Outputs};

use super::ints::{Source, extent, known};
use super::number::{Number, numbers};
use super::places::order_first;

/// Up to so many are kept in order while the rest goes by; for more the places are sorted.
const INSERTED_MAX: usize = 32;

/// The first `k` along an axis in an order. Equal elements come in the order of their places, and
/// what is no number is greater than all numbers, both as for onnxruntime. The result is sorted
/// even where it need not be.
struct TopK<T> {
    k: Source,
    axis: i64,
    is_largest: bool,
    elements: PhantomData<T>,
}

impl<T: Number> Op for TopK<T> {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let values = inputs.slice::<T>(0)?;
        let axis = axis(self.axis, shape.rank())?;
        let (n_outer, along, inner) = around(shape, axis);
        let k = extent(self.k.read(inputs)?.sole()?)?;
        if k > along {
            return Err(Error::model_failed(format!(
                "expected at least {k} elements, got {shape}"
            )));
        }
        let mut dims = crate::op::broadcast::PerAxis::default();
        let dims = dims.get_mut(..shape.rank());
        let dims = dims.ok_or_else(|| Error::model_failed("expected fewer axes"))?;
        dims.copy_from_slice(shape.dims());
        dims[axis] = k;
        let [best, places, ..] = outputs.buffers else {
            return Err(Error::internal("expected two outputs"));
        };
        let (best, places) = (filled::<T>(best, dims)?, filled::<i64>(places, dims)?);
        if best.is_empty() {
            return Ok(());
        }
        let mut order = Vec::new();
        for outer in 0..n_outer {
            for i in 0..inner {
                let column = &values[outer * along * inner + i..];
                let value = |at: usize| column[at * inner];
                let mut write = |rank: usize, at: usize| {
                    let to = (outer * k + rank) * inner + i;
                    best[to] = value(at);
                    places[to] = i64::try_from(at).unwrap_or(i64::MAX);
                };
                if k <= INSERTED_MAX {
                    let (first, n) = self.insert(k, along, value);
                    first[..n].iter().enumerate().for_each(|(rank, &at)| write(rank, at));
                } else {
                    order.clear();
                    order.extend(0..along);
                    order_first(&mut order, k, &|a, b| self.order(value(a), value(b)));
                    order[..k].iter().enumerate().for_each(|(rank, &at)| write(rank, at));
                }
            }
        }
        Ok(())
    }
}

fn filled<'a, T: Number>(buffer: &'a mut Buffer, dims: &[usize]) -> Result<&'a mut Vec<T>, Error> {
    let values = buffer.reset::<T>(dims)?;
    values.resize(crate::op::axes::product(dims), T::default());
    Ok(values)
}

impl<T: Number> TopK<T> {
    fn order(&self, a: T, b: T) -> Ordering {
        if self.is_largest { b.order(a) } else { a.order(b) }
    }

    /// The places of the first `k` of `n` elements, and how many there are.
    fn insert(
        &self,
        k: usize,
        n: usize,
        value: impl Fn(usize) -> T,
    ) -> ([usize; INSERTED_MAX], usize) {
        let mut first = [0; INSERTED_MAX];
        let mut n_first = 0;
        for at in 0..n {
            let candidate = value(at);
            let is_before = |other: usize| self.order(candidate, value(other)) == Ordering::Less;
            if n_first == k {
                if !is_before(first[k - 1]) {
                    continue;
                }
            } else {
                n_first += 1;
            }
            let mut to = n_first - 1;
            while to > 0 && is_before(first[to - 1]) {
                first[to] = first[to - 1];
                to -= 1;
            }
            first[to] = at;
        }
        (first, n_first)
    }
}

/// Builds a TopK.
pub(super) fn top_k(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(match context.opset {
        ..10 => &["axis", "k"],
        10 => &["axis"],
        _ => &["axis", "largest", "sorted"],
    })?;
    let node = context.node;
    let k = match context.opset {
        ..10 => Some(Source::Fixed(vec![node.int("k", -1)?])),
        _ => Source::input(context, 1)?,
    };
    let k = k.ok_or_else(|| context.refuse("there is no `k`"))?;
    let at = node.int("axis", -1)?;
    let is_largest = node.int("largest", 1)? != 0;
    let n_first = k.known(context);
    let fact = context.fact(0)?;
    let op = numbers!(fact.dtype, T => {
        Box::new(TopK::<T> { k, axis: at, is_largest, elements: PhantomData }) as Box<dyn Op>
    });
    let op =
        op.ok_or_else(|| context.refuse(format!("input of {} is not supported", fact.dtype)))?;
    let mut dims = fact.dims.clone();
    if let Some(dims) = &mut dims {
        let at = known(context, axis(at, dims.len()))?;
        let n_first = n_first.map(|k| match *k {
            [k] => extent(k),
            _ => Err(Error::model_failed("expected one `k`")),
        });
        let n_first = known(context, n_first.transpose())?;
        if let (Some(extent), Some(n_first)) = (dims[at], n_first)
            && n_first > extent
        {
            return Err(context.refuse(format!("expected at least {n_first} elements, got {fact}")));
        }
        dims[at] = n_first;
    }
    let facts = [fact.dtype, DType::I64].map(|dtype| Fact { dtype, dims: dims.clone() }).to_vec();
    Ok(Built::Step { op, reads: (0..context.inputs.len()).collect(), facts })
}
