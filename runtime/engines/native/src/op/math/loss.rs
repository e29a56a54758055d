//! NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: `[n, classes, ...]` and labels `[n, ...]`.

use radiant_core::{Element, Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Buffer, Inputs};

use super::number::{Real, dispatch, reals};
use crate::op::{Built, NodeContext, Op, Outputs};

/// What the losses of all labels become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reduction {
    None,
    Sum,
    Mean,
}

struct Loss<T, L> {
    reduction: Reduction,
    ignored: Option<i64>,
    /// Whether the input is scores, not logarithms of probabilities.
    is_of_scores: bool,
    /// Whether the logarithms are the second output.
    gives_logs: bool,
    elements: std::marker::PhantomData<(T, L)>,
}

impl<T: Real, L: Element + Into<i64>> Op for Loss<T, L> {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let (shape, labels_shape) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let [n, n_classes, ref rest @ ..] = *shape.dims() else {
            return Err(Error::model_failed(format!("expected [n, classes, ...], got {shape}")));
        };
        let mut expected = Shape::from([n]);
        for &dim in rest {
            expected.push(dim);
        }
        if *labels_shape != expected {
            let what = format!("expected labels {expected}, got {labels_shape}");
            return Err(Error::model_failed(what));
        }
        let inner: usize = rest.iter().product();
        let mut scratch = Buffer::default();
        let (loss, logs) = match outputs.buffers {
            [loss, logs, ..] if self.gives_logs => (loss, logs),
            [loss, ..] => (loss, &mut scratch),
            [] => return Err(Error::internal("step has no output")),
        };
        let logs = logs.reset::<T>(shape.dims())?;
        logs.extend_from_slice(inputs.slice(0)?);
        if self.is_of_scores && !logs.is_empty() {
            logs.chunks_exact_mut(n_classes * inner).for_each(|x| log_softmax(x, inner));
        }
        let dims: &[usize] =
            if self.reduction == Reduction::None { labels_shape.dims() } else { &[] };
        let out = loss.reset::<T>(dims)?;
        let total = self.losses(inputs, logs, (n_classes, inner), out)?;
        if self.reduction != Reduction::None {
            let sum = out.iter().fold(T::default(), |sum, &loss| sum + loss);
            out.clear();
            out.push(if self.reduction == Reduction::Mean { sum / total } else { sum });
        }
        Ok(())
    }
}

impl<T: Real, L: Element + Into<i64>> Loss<T, L> {
    /// Appends the loss of each label to `out` and tells the sum of their weights.
    fn losses(
        &self,
        inputs: Inputs<'_>,
        logs: &[T],
        (n_classes, inner): (usize, usize),
        out: &mut Vec<T>,
    ) -> Result<T, Error> {
        let weights = inputs.optional(2).map(|_| inputs.slice::<T>(2)).transpose()?;
        if let Some(weights) = weights
            && weights.len() != n_classes
        {
            let got = weights.len();
            return Err(Error::model_failed(format!("expected {n_classes} weights, got {got}")));
        }
        let mut total = T::default();
        for (index, &label) in inputs.slice::<L>(1)?.iter().enumerate() {
            let label = label.into();
            if Some(label) == self.ignored {
                out.push(T::default());
                continue;
            }
            let class = usize::try_from(label).ok().filter(|&class| class < n_classes);
            let class = class.ok_or_else(|| {
                Error::model_failed(format!("expected a label below {n_classes}, got {label}"))
            })?;
            let weight = weights.map_or(T::ONE, |weights| weights[class]);
            let log = logs[(index / inner * n_classes + class) * inner + index % inner];
            total = total + weight;
            out.push(-log * weight);
        }
        Ok(total)
    }
}

/// Logarithms of the softmax along the first axis of `[classes, inner]`.
fn log_softmax<T: Real>(x: &mut [T], inner: usize) {
    for column in 0..inner {
        let values = || x[column..].iter().copied().step_by(inner);
        let max = values().fold(T::LOWEST, super::variadic::greatest);
        let log = values().fold(T::default(), |sum, x| sum + (x - max).exp()).ln();
        for x in x[column..].iter_mut().step_by(inner) {
            *x = *x - max - log;
        }
    }
}

/// Builds a NegativeLogLikelihoodLoss or SoftmaxCrossEntropyLoss; the latter's second output is
/// the logarithms of probabilities.
pub(super) fn loss(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["ignore_index", "reduction"])?;
    let node = context.node;
    let reduction = match node.string("reduction")?.unwrap_or("mean") {
        "none" => Reduction::None,
        "sum" => Reduction::Sum,
        "mean" => Reduction::Mean,
        other => return Err(context.refuse_value("reduction", other)),
    };
    let ignored = match node.attribute("ignore_index") {
        Some(_) => Some(node.int("ignore_index", 0)?),
        None => None,
    };
    let is_of_scores = node.op_type == "SoftmaxCrossEntropyLoss";
    let gives_logs = is_of_scores && node.output.len() > 1;
    let dtype = context.fact(0)?.dtype;
    let label = context.fact(1)?.dtype;
    if context.optional(2).is_some() {
        context.expect_dtype(2, dtype)?;
    }
    let op = reals!(dtype, T => dispatch!(label, [I64 i64, I32 i32], L => {
        let elements = std::marker::PhantomData;
        Box::new(Loss::<T, L> { reduction, ignored, is_of_scores, gives_logs, elements })
            as Box<dyn Op>
    }));
    let loss = match reduction {
        Reduction::None => context.fact(1)?.with_dtype(dtype),
        Reduction::Sum | Reduction::Mean => Fact::new(dtype, &[]),
    };
    let mut facts = vec![loss];
    if gives_logs {
        facts.push(context.fact(0)?.clone());
    }
    super::step(context, op.flatten(), facts)
}
