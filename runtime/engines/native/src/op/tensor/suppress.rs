//! NonMaxSuppression: the best boxes of each class that do not overlap better ones.

use radiant_core::{DType, Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

use super::ints::Ints;
use super::number::Number as _;

struct NonMaxSuppression {
    /// Boxes are centres and extents; otherwise two opposite corners.
    by_centre: bool,
}

/// A box by its lower and upper corner.
#[derive(Debug, Clone, Copy)]
struct Corners {
    low: [f32; 2],
    high: [f32; 2],
}

impl Corners {
    fn new(values: &[f32; 4], by_centre: bool) -> Self {
        let [a, b, c, d] = *values;
        if by_centre {
            let (half_width, half_height) = (c / 2.0, d / 2.0);
            let low = [a - half_width, b - half_height];
            return Self { low, high: [a + half_width, b + half_height] };
        }
        Self { low: [a.min(c), b.min(d)], high: [a.max(c), b.max(d)] }
    }

    fn area(&self) -> f32 {
        (self.high[0] - self.low[0]) * (self.high[1] - self.low[1])
    }

    /// Whether the intersection is more than this part of the union, as onnxruntime 1.32 computes.
    fn overlaps(&self, other: &Self, threshold: f32) -> bool {
        let along = |axis: usize| {
            self.high[axis].min(other.high[axis]) - self.low[axis].max(other.low[axis])
        };
        let (width, height) = (along(0), along(1));
        if width <= 0.0 || height <= 0.0 {
            return false;
        }
        let intersection = width * height;
        let (area, other_area) = (self.area(), other.area());
        let union = area + other_area - intersection;
        area > 0.0 && other_area > 0.0 && union > 0.0 && intersection / union > threshold
    }
}

/// Thresholds and the number of boxes.
struct Limits {
    n_boxes: usize,
    overlap: f32,
    score: Option<f32>,
}

impl Limits {
    fn read(inputs: Inputs<'_>) -> Result<Self, Error> {
        let float = |index: usize| match inputs.optional(index) {
            None => Ok(None),
            Some(_) => match inputs.slice::<f32>(index)? {
                &[value] => Ok(Some(value)),
                other => {
                    let got = other.len();
                    Err(Error::model_failed(format!("expected one threshold, got {got}")))
                }
            },
        };
        let n_boxes = match inputs.optional(2) {
            Some(_) => Ints::read(inputs, 2)?.sole()?,
            None => 0,
        };
        let overlap = float(3)?.unwrap_or(0.0);
        if !(0.0..=1.0).contains(&overlap) {
            let what = format!("expected a threshold between 0 and 1, got {overlap}");
            return Err(Error::model_failed(what));
        }
        Ok(Self { n_boxes: usize::try_from(n_boxes).unwrap_or(0), overlap, score: float(4)? })
    }
}

impl Op for NonMaxSuppression {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (boxes_shape, scores_shape) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let (&[n_batches, n_boxes, 4], &[batches, n_classes, of_boxes]) =
            (boxes_shape.dims(), scores_shape.dims())
        else {
            return Err(do_not_fit(boxes_shape, scores_shape));
        };
        if (n_batches, n_boxes) != (batches, of_boxes) {
            return Err(do_not_fit(boxes_shape, scores_shape));
        }
        let limits = Limits::read(inputs)?;
        let (boxes, _) = inputs.slice::<f32>(0)?.as_chunks::<4>();
        let scores = inputs.slice::<f32>(1)?;
        let mut chosen: Vec<[i64; 3]> = Vec::new();
        let n_lists =
            if limits.n_boxes == 0 || scores.is_empty() { 0 } else { n_batches * n_classes };
        let signed = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
        for list in 0..n_lists {
            inputs.values.cancel.check()?;
            let (batch, class) = (list / n_classes, list % n_classes);
            let boxes = &boxes[batch * n_boxes..][..n_boxes];
            let scores = &scores[list * n_boxes..][..n_boxes];
            let best = self.choose(boxes, scores, &limits);
            chosen.extend(best.into_iter().map(|at| [signed(batch), signed(class), signed(at)]));
        }
        let out = outputs.first().reset::<i64>(&[chosen.len(), 3])?;
        out.extend(chosen.iter().flatten());
        Ok(())
    }
}

#[cold]
fn do_not_fit(boxes: &Shape, scores: &Shape) -> Error {
    let what = "expected boxes [batches, boxes, 4] and scores [batches, classes, boxes]";
    Error::model_failed(format!("{what}, got {boxes} and {scores}"))
}

impl NonMaxSuppression {
    /// The chosen boxes of one class, the best first, and of equal scores the first.
    fn choose(&self, boxes: &[[f32; 4]], scores: &[f32], limits: &Limits) -> Vec<usize> {
        let is_enough = |&at: &usize| limits.score.is_none_or(|least| scores[at] > least);
        let mut order: Vec<usize> = (0..boxes.len()).filter(is_enough).collect();
        order.sort_by(|&a, &b| scores[b].order(scores[a]));
        let mut chosen: Vec<(usize, Corners)> = Vec::new();
        for at in order {
            if chosen.len() == limits.n_boxes {
                break;
            }
            let corners = Corners::new(&boxes[at], self.by_centre);
            if !chosen.iter().any(|(_, other)| corners.overlaps(other, limits.overlap)) {
                chosen.push((at, corners));
            }
        }
        chosen.into_iter().map(|(at, _)| at).collect()
    }
}

/// Builds a NonMaxSuppression.
pub(super) fn non_max_suppression(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["center_point_box"])?;
    let by_centre = match context.node.int("center_point_box", 0)? {
        0 => false,
        1 => true,
        other => return Err(context.refuse_value("center_point_box", other)),
    };
    for (index, dtype) in [(2, DType::I64), (3, DType::F32), (4, DType::F32)] {
        if context.optional(index).is_some() {
            context.expect_dtype(index, dtype)?;
        }
    }
    context.expect_dtype(0, DType::F32)?;
    context.expect_dtype(1, DType::F32)?;
    let fact = Fact::new(DType::I64, &[None, Some(3)]);
    Ok(Built::step(context, NonMaxSuppression { by_centre }, fact))
}
