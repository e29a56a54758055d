//! LinearClassifier of `ai.onnx.ml`.
//!
//! The specification leaves much open; what it leaves open is as in onnxruntime 1.32
//! (`linearclassifier.cc`, `ml_common.h`), found by running it: a single score has two classes,
//! `[1 - s, s]` or, after the logistic function, `[f(-s), f(s)]`, and is positive above zero.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::kernel::Isa;
use crate::kernel::activation::{LogisticAll, logistic, softmax};
use crate::kernel::dense::Dense;
use crate::registers::{Buffer, Inputs};

use crate::op::{Built, NodeContext, Op, Outputs, check_columns};

struct LinearClassifier {
    layer: Dense,
    labels: Labels,
    post: PostTransform,
    isa: Isa,
}

/// What is done to scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PostTransform {
    None,
    Logistic,
    Softmax,
}

enum Labels {
    Ints(Vec<i64>),
    Strings(Vec<Box<[u8]>>),
}

/// Builds a LinearClassifier: labels `[n_rows]`, scores `[n_rows, n_classes]` f32.
pub(super) fn linear_classifier(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    // `multi_class` tells how the model was trained.
    context.attributes(&[
        "classlabels_ints",
        "classlabels_strings",
        "coefficients",
        "intercepts",
        "multi_class",
        "post_transform",
    ])?;
    context.make_f32(0)?;
    let (node, rows) = (context.node, context.rows(0)?);
    let post = match node.string("post_transform")?.unwrap_or("NONE") {
        "NONE" => PostTransform::None,
        "LOGISTIC" => PostTransform::Logistic,
        "SOFTMAX" => PostTransform::Softmax,
        other => return Err(context.refuse_value("post_transform", other)),
    };
    let labels = match (node.ints("classlabels_ints")?, node.strings("classlabels_strings")?) {
        (ints, strings) if strings.is_empty() => Labels::Ints(ints.to_vec()),
        ([], strings) => {
            Labels::Strings(strings.into_iter().map(|label| label.as_bytes().into()).collect())
        }
        _ => return Err(context.refuse("class labels of two types are not supported")),
    };
    let (coefficients, intercepts) = (node.floats("coefficients")?, node.floats("intercepts")?);
    let n_scores = intercepts.len();
    let n_classes = if n_scores == 1 { 2 } else { n_scores };
    if labels.len() != n_classes {
        let what = format!("expected {n_classes} class labels, got {}", labels.len());
        return Err(context.refuse(what));
    }
    let n_features = super::linear_regressor::n_features(context, coefficients.len(), n_scores)?;
    let weight = |output: usize, feature: usize| coefficients[output * n_features + feature];
    let layer = Dense::new(n_scores, n_features, weight, intercepts);
    let facts = vec![
        Fact::new(labels.dtype(), &[rows.n_rows]),
        Fact::new(DType::F32, &[rows.n_rows, Some(n_classes)]),
    ];
    let op = Box::new(LinearClassifier { layer, labels, post, isa: Isa::detect() });
    Ok(Built::Step { op, reads: vec![0], facts })
}

impl Labels {
    fn len(&self) -> usize {
        match self {
            Self::Ints(labels) => labels.len(),
            Self::Strings(labels) => labels.len(),
        }
    }

    fn dtype(&self) -> DType {
        match self {
            Self::Ints(_) => DType::I64,
            Self::Strings(_) => DType::Bytes,
        }
    }

    /// Writes the labels of `classes`, which are in range.
    fn write(
        &self,
        buffer: &mut Buffer,
        n_rows: usize,
        classes: impl Iterator<Item = usize>,
    ) -> Result<(), Error> {
        match self {
            Self::Ints(labels) => {
                let out = buffer.reset::<i64>(&[n_rows])?;
                out.extend(classes.filter_map(|class| labels.get(class)));
            }
            Self::Strings(labels) => {
                let out = buffer.reset_strings(&[n_rows])?;
                for label in classes.filter_map(|class| labels.get(class)) {
                    out.push(label);
                }
            }
        }
        Ok(())
    }
}

impl Op for LinearClassifier {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let n_rows = check_columns(inputs.view(0)?.shape, self.layer.n_features())?;
        let wants_labels = outputs.is_wanted(0);
        let wants_scores = outputs.is_wanted(1);
        let [labels, scores, ..] = outputs.buffers else {
            return Err(Error::internal("a classifier has two outputs"));
        };
        let n_scores = self.layer.n_outputs();
        let raw = scores.reset::<f32>(&[n_rows, self.labels.len()])?;
        self.layer.run(inputs.slice(0)?, raw);
        if wants_labels && n_scores == 1 {
            self.labels.write(labels, n_rows, raw.iter().map(|&score| usize::from(score > 0.0)))?;
        } else if wants_labels {
            self.labels.write(labels, n_rows, raw.chunks_exact(n_scores).map(greatest))?;
        }
        if wants_scores {
            self.transform(raw);
        }
        Ok(())
    }
}

impl LinearClassifier {
    fn transform(&self, scores: &mut Vec<f32>) {
        match (self.layer.n_outputs(), self.post) {
            (1, post) => expand(scores, post),
            (_, PostTransform::None) => {}
            (_, PostTransform::Logistic) => self.isa.run(LogisticAll(scores)),
            (n_classes, PostTransform::Softmax) => {
                scores.chunks_exact_mut(n_classes).for_each(softmax);
            }
        }
    }
}

/// Makes two columns of one, in place.
fn expand(scores: &mut Vec<f32>, post: PostTransform) {
    let n_rows = scores.len();
    scores.resize(n_rows * 2, 0.0);
    for row in (0..n_rows).rev() {
        let score = scores[row];
        let pair = match post {
            PostTransform::Logistic => [logistic(-score), logistic(score)],
            PostTransform::None | PostTransform::Softmax => [1.0 - score, score],
        };
        scores[row * 2..][..2].copy_from_slice(&pair);
    }
}

/// The index of the first greatest score; 0 where the first is no number.
fn greatest(scores: &[f32]) -> usize {
    let first = (0, scores.first().copied().unwrap_or(f32::NAN));
    let greater = |best: (usize, f32), (at, &score): (usize, &f32)| {
        if score > best.1 { (at, score) } else { best }
    };
    scores.iter().enumerate().fold(first, greater).0
}
