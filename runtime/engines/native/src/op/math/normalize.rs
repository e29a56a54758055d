//! Normalization of rows by their own mean and variance: LayerNormalization, RMSNormalization,
//! GroupNormalization and InstanceNormalization.
//!
//! Variance is the mean of squared distances from the mean, taken in a second pass, which does not
//! cancel as the difference of two means does.
#![expect(
    clippy::inline_always,
    reason = "a loop must become part of the caller it is compiled for"
)]

use std::ops::Range;

use radiant_core::{DType, Error, Shape};
use radiant_kernels::{Isa, Kernel};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use super::number::{Number, Real, reals};
use super::step;
use super::variadic::accumulate;
use crate::op::{Built, NodeContext, Op, Outputs, axes, broadcast};

/// A row that is normalized in place; the answer is its mean, and the factor that it was multiplied
/// by.
struct Row<'a, T> {
    x: &'a mut [T],
    epsilon: T,
    /// Whether it is only divided by the root of the mean of its squares.
    is_rms: bool,
}

impl<T: Real> Kernel for Row<'_, T> {
    type Output = (T, T);

    #[inline(always)]
    fn call(self) -> (T, T) {
        let n = T::from_f64(self.x.len() as f64);
        let mean = if self.is_rms { T::default() } else { sum_of(self.x, |x| x) / n };
        let squares = sum_of(self.x, |x| (x - mean) * (x - mean));
        let factor = T::ONE / (squares / n + self.epsilon).sqrt();
        for x in self.x {
            *x = (*x - mean) * factor;
        }
        (mean, factor)
    }
}

/// The sum of a function of each element, in lanes side by side.
#[inline(always)]
fn sum_of<T: Real>(x: &[T], function: impl Fn(T) -> T) -> T {
    let mut lanes = [T::default(); 8];
    let (chunks, rest) = x.as_chunks::<8>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = *lane + function(x);
        }
    }
    let sum = lanes.into_iter().fold(T::default(), T::plus);
    rest.iter().fold(sum, |sum, &x| sum + function(x))
}

/// Rows of all axes from one on.
struct Layer<T> {
    axis: i64,
    epsilon: T,
    isa: Isa,
    is_rms: bool,
    /// Whether mean and factor of each row are outputs, too.
    gives_statistics: bool,
}

impl<T: Real> Op for Layer<T> {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let axis = axes::axis(self.axis, shape.rank())?;
        let (outer, extent, inner) = axes::around(shape, axis);
        let size = extent * inner;
        let [out, rest @ ..] = outputs.buffers else {
            return Err(Error::internal("step has no output"));
        };
        let out = out.reset::<T>(shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        let mut statistics = match rest {
            [means, factors, ..] if self.gives_statistics => {
                let mut dims = Shape::new(shape.dims().get(..axis).unwrap_or_default());
                (axis..shape.rank()).for_each(|_| dims.push(1));
                Some((means.reset::<T>(dims.dims())?, factors.reset::<T>(dims.dims())?))
            }
            _ => None,
        };
        if size == 0 && outer > 0 && statistics.is_some() {
            return Err(Error::model_failed("expected elements in each row, got none"));
        }
        for row in out.chunks_exact_mut(size.max(1)) {
            let (epsilon, is_rms) = (self.epsilon, self.is_rms);
            let (mean, factor) = self.isa.run(Row { x: row, epsilon, is_rms });
            if let Some((means, factors)) = &mut statistics {
                means.push(mean);
                factors.push(factor);
            }
        }
        apply(inputs, 1, (out, shape), T::times)?;
        apply(inputs, 2, (out, shape), T::plus)
    }
}

/// Puts `function` of each element of `out` and of an input that broadcasts to it in its place; an
/// input that is left out changes nothing.
fn apply<T: Real>(
    inputs: Inputs<'_>,
    index: usize,
    (out, shape): (&mut [T], &Shape),
    function: fn(T, T) -> T,
) -> Result<(), Error> {
    let Some(view) = inputs.optional(index) else { return Ok(()) };
    if broadcast::shape(&[view.shape, shape])? != *shape {
        let what = format!("input {index}: {} does not broadcast to {shape}", view.shape);
        return Err(Error::model_failed(what));
    }
    accumulate(shape.dims(), out, (inputs.slice(index)?, view.shape), function);
    Ok(())
}

/// The type of the first input, which those in `range` have, too, where they are not left out.
pub(super) fn expect_like_first(
    context: &NodeContext<'_>,
    range: Range<usize>,
) -> Result<DType, Unsupported> {
    let dtype = context.fact(0)?.dtype;
    for index in range {
        if context.optional(index).is_some() {
            context.expect_dtype(index, dtype)?;
        }
    }
    Ok(dtype)
}

/// Builds a LayerNormalization or RMSNormalization.
///
/// Outputs: the first input's shape and type; if asked for, mean and inverse deviation of each row.
pub(super) fn layer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis", "epsilon", "stash_type"])?;
    let node = context.node;
    // The type to compute in: single precision at least, so that double precision is not lost.
    match node.int("stash_type", 1)? {
        1 => {}
        other => return Err(context.refuse_value("stash_type", other)),
    }
    let (axis, epsilon) = (node.int("axis", -1)?, f64::from(node.float("epsilon", 1e-5)?));
    let dtype = expect_like_first(context, 1..context.inputs.len())?;
    let mut facts = vec![context.fact(0)?.clone()];
    let is_rms = node.op_type == "RMSNormalization";
    let gives_statistics = !is_rms && node.output.iter().skip(1).any(|name| !name.is_empty());
    if gives_statistics {
        // With double precision, the specification has them rounded.
        context.expect_dtype(0, DType::F32)?;
        facts.extend([Fact::of(dtype), Fact::of(dtype)]);
    }
    let op = reals!(dtype, T => Box::new(Layer::<T> {
        axis,
        epsilon: T::from_f64(epsilon),
        isa: Isa::detect(),
        is_rms,
        gives_statistics,
    }) as Box<dyn Op>);
    step(context, op, facts)
}

/// Groups of channels, `[n_batches, n_channels, ...]`.
struct Group<T> {
    /// The number of groups; `None` is one for each channel.
    n_groups: Option<usize>,
    /// Whether scale and bias are of a group, not of a channel.
    scales_groups: bool,
    epsilon: T,
    isa: Isa,
}

impl<T: Real> Op for Group<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let [_, n_channels, ref spatial @ ..] = *shape.dims() else {
            return Err(Error::model_failed(format!("expected [n, channels, ...], got {shape}")));
        };
        let n_groups = self.n_groups.unwrap_or(n_channels);
        if n_groups == 0 || n_channels % n_groups != 0 {
            let what = format!("expected a multiple of {n_groups} channels, got {n_channels}");
            return Err(Error::model_failed(what));
        }
        let out = outputs.first().reset::<T>(shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        if out.is_empty() {
            return Ok(());
        }
        let size: usize = spatial.iter().product();
        let n_each = n_channels / n_groups;
        let expected = if self.scales_groups { n_groups } else { n_channels };
        let (scale, bias) = (inputs.slice::<T>(1)?, inputs.slice::<T>(2)?);
        if scale.len() != expected || bias.len() != expected {
            let got = (scale.len(), bias.len());
            let what =
                format!("expected {expected} scales and biases, got {} and {}", got.0, got.1);
            return Err(Error::model_failed(what));
        }
        for group in out.chunks_exact_mut(size * n_each) {
            self.isa.run(Row { x: group, epsilon: self.epsilon, is_rms: false });
        }
        let per = if self.scales_groups { n_each } else { 1 };
        for (channel, x) in out.chunks_exact_mut(size).enumerate() {
            let at = channel % n_channels / per;
            for x in x {
                *x = *x * scale[at] + bias[at];
            }
        }
        Ok(())
    }
}

/// Builds a GroupNormalization or InstanceNormalization.
pub(super) fn group(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let node = context.node;
    let is_instance = node.op_type == "InstanceNormalization";
    let n_groups = if is_instance {
        context.attributes(&["epsilon"])?;
        None
    } else {
        context.attributes(&["epsilon", "num_groups", "stash_type"])?;
        if node.int("stash_type", 1)? != 1 {
            return Err(context.refuse_value("stash_type", node.int("stash_type", 1)?));
        }
        let n_groups = node.int("num_groups", 0)?;
        let positive = usize::try_from(n_groups).ok().filter(|&n| n > 0);
        Some(positive.ok_or_else(|| context.refuse_value("num_groups", n_groups))?)
    };
    let epsilon = f64::from(node.float("epsilon", 1e-5)?);
    let scales_groups = !is_instance && context.opset < 21;
    let dtype = expect_like_first(context, 1..context.inputs.len())?;
    let fact = context.fact(0)?.clone();
    let op = reals!(dtype, T => {
        let epsilon = T::from_f64(epsilon);
        Box::new(Group { n_groups, scales_groups, epsilon, isa: Isa::detect() }) as Box<dyn Op>
    });
    step(context, op, vec![fact])
}
