//! LinearClassifier of `ai.onnx.ml`.
//!
//! The specification leaves much open; what it leaves open is as in onnxruntime 1.32
//! (`linearclassifier.cc`, `ml_common.h`), found by running it: a single score has two classes,
//! `[1 - s, s]` or, after the logistic function, `[f(-s), f(s)]`, and is positive above zero. There
//! PROBIT is refused: the reference leaves half of its output unwritten. A single score without
//! labels stays single, and its labels are 0 and 1.

use radiant_core::{DType, Error};
use radiant_kernels::Isa;
use radiant_kernels::activation::logistic;
use radiant_kernels::dense::Dense;

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, check_columns};

pub(super) use super::labels::Labels;
use super::post_transform::PostTransform;

struct LinearClassifier {
    layer: Dense,
    labels: Labels,
    /// The scores that come out: 2 of a single one that has two labels.
    n_columns: usize,
    post: PostTransform,
    isa: Isa,
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
    let post = PostTransform::read(context)?;
    let (coefficients, intercepts) = (node.floats("coefficients")?, node.floats("intercepts")?);
    let n_scores = intercepts.len();
    let (labels, n_columns) = labels(context, n_scores)?;
    if (n_scores, n_columns, post) == (1, 2, PostTransform::Probit) {
        return Err(context.refuse_value("post_transform", "PROBIT"));
    }
    let n_features = super::linear_regressor::n_features(context, coefficients.len(), n_scores)?;
    let weight = |output: usize, feature: usize| coefficients[output * n_features + feature];
    let layer = Dense::new(n_scores, n_features, weight, intercepts);
    let facts = vec![
        Fact::new(labels.dtype(), &[rows.n_rows]),
        Fact::new(DType::F32, &[rows.n_rows, Some(n_columns)]),
    ];
    let op = LinearClassifier { layer, labels, n_columns, post, isa: Isa::detect() };
    Ok(Built::Step { op: Box::new(op), reads: vec![0], facts })
}

/// The labels, and the number of columns that come out.
fn labels(context: &NodeContext<'_>, n_scores: usize) -> Result<(Labels, usize), Unsupported> {
    let labels = Labels::read(context, "classlabels_ints", "classlabels_strings")?;
    let n_columns = if n_scores == 1 { 2 } else { n_scores };
    match labels.len() {
        0 if n_scores == 1 => Ok((Labels::Ints(vec![0, 1]), 1)),
        n if n == n_columns => Ok((labels, n_columns)),
        n => Err(context.refuse(format!("expected {n_columns} class labels, got {n}"))),
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
        let raw = scores.reset::<f32>(&[n_rows, self.n_columns])?;
        self.layer.run(inputs.slice(0)?, raw);
        if wants_labels && n_scores == 1 {
            self.labels.write(labels, n_rows, raw.iter().map(|&score| usize::from(score > 0.0)))?;
        } else if wants_labels {
            self.labels.write_greatest(labels, n_rows, raw, self.isa)?;
        }
        if wants_scores && n_scores < self.n_columns {
            expand(raw, self.post);
        } else if wants_scores {
            self.post.apply(raw, n_scores, self.isa);
        }
        Ok(())
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
            _ => [1.0 - score, score],
        };
        scores[row * 2..][..2].copy_from_slice(&pair);
    }
}
