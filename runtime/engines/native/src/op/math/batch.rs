//! BatchNormalization, MeanVarianceNormalization and LRN, as they are when nothing is trained.

use std::marker::PhantomData;

use radiant_core::{DType, Error, Shape};

use crate::Unsupported;
use crate::registers::{Inputs, RANK_MAX};

use super::normalize::expect_like_first;
use super::number::{Number, Real, reals};
use super::step;
use crate::op::{Built, NodeContext, Op, Outputs, axes, broadcast};

/// Each channel by constants of its own: `[n_batches, n_channels, ...]`.
struct Batch<T> {
    epsilon: T,
}

impl<T: Real> Op for Batch<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let (n_channels, size) = match *shape.dims() {
            [_, n_channels, ref spatial @ ..] => (n_channels, spatial.iter().product::<usize>()),
            [_] => (1, 1),
            [] => return Err(Error::model_failed("expected [n, channels, ...], got []")),
        };
        let constant = |index: usize| match inputs.slice::<T>(index)? {
            values if values.len() == n_channels => Ok(values),
            values => {
                let got = values.len();
                let what = format!("input {index}: expected {n_channels} values, got {got}");
                Err(Error::model_failed(what))
            }
        };
        let (scale, bias) = (constant(1)?, constant(2)?);
        let (mean, variance) = (constant(3)?, constant(4)?);
        let x = inputs.slice::<T>(0)?;
        let out = outputs.first().reset::<T>(shape.dims())?;
        for (at, x) in x.chunks_exact(size.max(1)).enumerate() {
            let channel = at % n_channels;
            let factor = scale[channel] / (variance[channel] + self.epsilon).sqrt();
            let offset = bias[channel] - mean[channel] * factor;
            out.extend(x.iter().map(|&x| x * factor + offset));
        }
        Ok(())
    }
}

/// Builds a BatchNormalization.
pub(super) fn batch(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["epsilon", "is_test", "momentum", "spatial", "training_mode"])?;
    let node = context.node;
    let training = node.int("training_mode", 0)?;
    if training != 0 {
        return Err(context.refuse_value("training_mode", training));
    }
    if context.opset < 7 && node.int("is_test", 0)? == 0 {
        return Err(context.refuse_value("is_test", 0));
    }
    if node.int("spatial", 1)? != 1 {
        return Err(context.refuse_value("spatial", node.int("spatial", 1)?));
    }
    if context.inputs.len() != 5 {
        return Err(context.refuse(format!("expected 5 inputs, got {}", context.inputs.len())));
    }
    let epsilon = f64::from(node.float("epsilon", 1e-5)?);
    let dtype = expect_like_first(context, 1..context.inputs.len())?;
    let fact = context.fact(0)?.clone();
    let op = reals!(dtype, T => Box::new(Batch { epsilon: T::from_f64(epsilon) }) as Box<dyn Op>);
    step(context, op, vec![fact])
}

/// Elements from the mean along some axes, in deviations.
struct MeanVariance<T> {
    axes: Vec<i64>,
    element: PhantomData<T>,
}

/// What the specification's function adds to deviations.
const DEVIATION_MIN: f64 = 1e-9;

impl<T: Real> Op for MeanVariance<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        // Refuses more axes than there is room for below.
        let out = outputs.first().reset::<T>(shape.dims())?;
        let mut mask = [false; RANK_MAX];
        for &axis in &self.axes {
            mask[axes::axis(axis, shape.rank())?] = true;
        }
        let mut kept = Shape::new(&[]);
        for (&dim, is_reduced) in shape.dims().iter().zip(mask) {
            kept.push(if is_reduced { 1 } else { dim });
        }
        out.extend_from_slice(inputs.slice(0)?);
        if out.is_empty() {
            return Ok(());
        }
        let n_results: usize = kept.dims().iter().product();
        let n_each = T::from_f64((out.len() / n_results) as f64);
        let steps = broadcast::strides(&kept, shape.dims());
        let mut results = vec![T::default(); n_results];
        each(out, (shape, &steps), |x, at| results[at] = results[at] + *x);
        for sum in &mut results {
            *sum = *sum / n_each;
        }
        each(out, (shape, &steps), |x, at| *x = *x - results[at]);
        results.fill(T::default());
        each(out, (shape, &steps), |x, at| results[at] = results[at] + *x * *x);
        let least = T::from_f64(DEVIATION_MIN);
        for sum in &mut results {
            *sum = (*sum / n_each).sqrt() + least;
        }
        each(out, (shape, &steps), |x, at| *x = *x / results[at]);
        Ok(())
    }
}

/// Calls `function` with each element and the index of its result, results lying along `shape` as
/// `steps` says.
fn each<T>(
    x: &mut [T],
    (shape, steps): (&Shape, &[usize; RANK_MAX]),
    mut function: impl FnMut(&mut T, usize),
) {
    let dims = shape.dims();
    let (last, n) = dims.split_last().map_or((0, 1), |(&n, outer)| (outer.len(), n));
    let mut rows = x.chunks_exact_mut(n.max(1));
    broadcast::runs(dims, [steps], |[at]| {
        let row = rows.next().unwrap_or_default();
        for (column, x) in row.iter_mut().enumerate() {
            function(x, at + column * steps[last]);
        }
    });
}

/// Builds a MeanVarianceNormalization.
pub(super) fn mean_variance(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axes"])?;
    let axes = match context.node.attribute("axes") {
        Some(_) => context.node.ints("axes")?.to_vec(),
        None => vec![0, 2, 3],
    };
    let fact = context.fact(0)?.clone();
    if let Some(rank) = fact.rank() {
        for &axis in &axes {
            axes::axis(axis, rank).map_err(|error| context.refuse(error.to_string()))?;
        }
    }
    let op = reals!(fact.dtype, T => {
        Box::new(MeanVariance::<T> { axes, element: PhantomData }) as Box<dyn Op>
    });
    step(context, op, vec![fact])
}

/// Elements over those of channels beside theirs: `[n_batches, n_channels, ...]`.
struct Lrn {
    alpha: f64,
    beta: f64,
    bias: f64,
    /// Channels before and after each.
    around: (usize, usize),
}

impl Op for Lrn {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let [_, n_channels, ref spatial @ ..] = *shape.dims() else {
            return Err(Error::model_failed(format!("expected [n, channels, ...], got {shape}")));
        };
        let x = inputs.slice::<f32>(0)?;
        let out = outputs.first().reset::<f32>(shape.dims())?;
        let size: usize = spatial.iter().product();
        if x.is_empty() {
            return Ok(());
        }
        for batch in x.chunks_exact(n_channels * size) {
            for channel in 0..n_channels {
                inputs.values.cancel.check()?;
                let first = channel.saturating_sub(self.around.0);
                let last = channel.saturating_add(self.around.1).min(n_channels - 1);
                for at in 0..size {
                    let near = (first..=last).map(|other| f64::from(batch[other * size + at]));
                    let squares: f64 = near.map(|x| x * x).sum();
                    let scale = (self.bias + self.alpha * squares).powf(self.beta);
                    let value = f64::from(batch[channel * size + at]) / scale;
                    #[expect(clippy::cast_possible_truncation, reason = "results are singles")]
                    out.push(value as f32);
                }
            }
        }
        Ok(())
    }
}

/// Builds a LRN of single precision.
pub(super) fn lrn(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["alpha", "beta", "bias", "size"])?;
    context.expect_dtype(0, DType::F32)?;
    let node = context.node;
    let size = node.int("size", 0)?;
    let n = usize::try_from(size).ok().filter(|&n| n > 0);
    let n = n.ok_or_else(|| context.refuse_value("size", size))?;
    let op = Lrn {
        alpha: f64::from(node.float("alpha", 1e-4)?) / n as f64,
        beta: node.float("beta", 0.75)?.into(),
        bias: node.float("bias", 1.0)?.into(),
        around: ((n - 1) / 2, n / 2),
    };
    Ok(Built::unary(op, context.fact(0)?.clone()))
}
