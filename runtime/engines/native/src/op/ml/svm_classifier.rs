//! SVMClassifier of `ai.onnx.ml`.
//!
//! With support vectors every pair of classes has a machine, and the class that wins most of them
//! is the label, the first of equals; the scores are the pairs' own, or with `prob_a` and `prob_b`
//! probabilities of the classes. Without, a class has a row of coefficients. What the specification
//! leaves open is as in onnxruntime 1.32 (`svmclassifier.cc`), found by running it: a single pair
//! has the scores `[-s, s]`, `[f(-s), f(s)]` after the logistic function and `[1 - s, s]` otherwise.
//! There PROBIT is refused: the reference transforms half of its output.

use std::iter;

use radiant_core::{DType, Error};
use radiant_kernels::Isa;
use radiant_kernels::activation::logistic;
use radiant_kernels::dense::Dense;

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, check_columns};

use super::labels::{Labels, greatest};
use super::post_transform::PostTransform;
use super::svm::{Machine, couple};

/// Rows whose similarities are held at a time.
const N_ROWS: usize = 16;

/// Builds an SVMClassifier: labels `[n_rows]`, scores `[n_rows, n_scores]` f32, where there is a
/// score for each class, or for each of more than one pair of classes.
pub(super) fn svm_classifier(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[
        "classlabels_ints",
        "classlabels_strings",
        "coefficients",
        "kernel_params",
        "kernel_type",
        "post_transform",
        "prob_a",
        "prob_b",
        "rho",
        "support_vectors",
        "vectors_per_class",
    ])?;
    context.make_f32(0)?;
    let n_rows = context.rows(0)?.n_rows;
    let (labels, post) = (
        Labels::read(context, "classlabels_ints", "classlabels_strings")?,
        PostTransform::read(context)?,
    );
    let n_vectors = context
        .node
        .ints("vectors_per_class")?
        .iter()
        .try_fold(0_usize, |sum, &n| sum.checked_add(usize::try_from(n).ok()?));
    let n_vectors =
        n_vectors.ok_or_else(|| context.refuse("vectors_per_class is not countable"))?;
    let (op, dtype, n_scores): (Box<dyn Op>, _, _) = if n_vectors == 0 {
        let op = Linear::read(context, labels, post)?;
        let (dtype, n_scores) = (op.labels.dtype(), op.labels.len());
        (Box::new(op), dtype, n_scores)
    } else {
        let op = Pairs::read(context, labels, post, n_vectors)?;
        let (dtype, n_scores) = (op.labels.dtype(), op.n_columns());
        (Box::new(op), dtype, n_scores)
    };
    let facts = vec![
        Fact::new(dtype, &[n_rows]),
        Fact::new(DType::F32, &[n_rows, Some(n_scores)]),
        // Buffers of the operator's own, which have no name.
        Fact::of(DType::F32),
        Fact::of(DType::F32),
        Fact::of(DType::I64),
    ];
    Ok(Built::Step { op, reads: vec![0], facts })
}

/// A machine a class.
struct Linear {
    layer: Dense,
    labels: Labels,
    /// The score from which the second of two classes wins whatever the first one's score.
    threshold: Option<Threshold>,
    post: PostTransform,
    isa: Isa,
}

#[derive(Debug, Clone, Copy)]
enum Threshold {
    /// With coefficients that are not negative.
    Half,
    Zero,
}

impl Linear {
    fn read(
        context: &NodeContext<'_>,
        labels: Labels,
        post: PostTransform,
    ) -> Result<Self, Unsupported> {
        let node = context.node;
        let (coefficients, rho) = (node.floats("coefficients")?, node.floats("rho")?);
        let n_classes = labels.len();
        // The kernel is linear, whatever is named.
        #[expect(clippy::float_cmp, reason = "one number for all classes is written as equal ones")]
        let one_rho = rho.first().filter(|first| rho.iter().all(|rho| rho == *first));
        let Some(&rho) = one_rho else {
            return Err(context.refuse("expected one rho without support vectors"));
        };
        let n_features =
            super::linear_regressor::n_features(context, coefficients.len(), n_classes)?;
        let weight = |output: usize, feature: usize| coefficients[output * n_features + feature];
        let layer = Dense::new(n_classes, n_features, weight, &vec![rho; n_classes]);
        let is_plain = n_classes == 2 && node.floats("prob_a")?.is_empty();
        let all_positive = coefficients.iter().all(|&coefficient| coefficient >= 0.0);
        let threshold = if all_positive { Threshold::Half } else { Threshold::Zero };
        let threshold = is_plain.then_some(threshold);
        Ok(Self { layer, labels, threshold, post, isa: Isa::detect() })
    }

    fn choose(&self, scores: &[f32]) -> usize {
        let best = greatest(scores);
        let score = scores.get(best).copied().unwrap_or(f32::NAN);
        match self.threshold {
            Some(Threshold::Half) if score >= 0.5 => 1,
            Some(Threshold::Zero) if score > 0.0 => 1,
            _ => best,
        }
    }
}

impl Op for Linear {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let n_rows = check_columns(inputs.view(0)?.shape, self.layer.n_features())?;
        let [labels, scores, ..] = outputs.buffers else {
            return Err(Error::internal("a classifier has two outputs"));
        };
        let n_classes = self.labels.len();
        let out = scores.reset::<f32>(&[n_rows, n_classes])?;
        self.layer.run(inputs.slice(0)?, out);
        let classes = out.chunks_exact(n_classes).map(|scores| self.choose(scores));
        self.labels.write(labels, n_rows, classes)?;
        self.post.apply(out, n_classes, self.isa);
        Ok(())
    }
}

/// A machine a pair of classes.
struct Pairs {
    machine: Machine,
    labels: Labels,
    /// The first support vector of each class, and the end of the last one's.
    starts: Vec<usize>,
    /// `[n_classes - 1, n_vectors]`: the coefficients of a class's vectors against each other class.
    coefficients: Vec<f32>,
    rho: Vec<f32>,
    /// Slope and offset of each pair's probability; empty where scores are not probabilities.
    sigmoids: Vec<(f32, f32)>,
    post: PostTransform,
    isa: Isa,
}

impl Pairs {
    fn read(
        context: &NodeContext<'_>,
        labels: Labels,
        post: PostTransform,
        n_vectors: usize,
    ) -> Result<Self, Unsupported> {
        let node = context.node;
        let machine = Machine::read(context, n_vectors)?;
        let n_classes = labels.len();
        let ends = node.ints("vectors_per_class")?.iter().scan(0, |end, &n| {
            *end += usize::try_from(n).unwrap_or(0);
            Some(*end)
        });
        let starts: Vec<usize> = iter::once(0).chain(ends).collect();
        if n_classes < 2 || starts.len() != n_classes + 1 {
            let got = starts.len() - 1;
            let what = format!("expected vectors of at least two classes, {n_classes}, got {got}");
            return Err(context.refuse(what));
        }
        let n_pairs = n_classes.saturating_mul(n_classes - 1) / 2;
        let slopes = node.floats("prob_a")?.iter().copied();
        let sigmoids: Vec<_> = slopes.zip(node.floats("prob_b")?.iter().copied()).collect();
        let (coefficients, rho) = (node.floats("coefficients")?, node.floats("rho")?);
        let n_offsets = node.floats("prob_b")?.len();
        let checks = [
            ("coefficients", coefficients.len(), n_vectors.saturating_mul(n_classes - 1)),
            ("rho", rho.len(), n_pairs),
            ("prob_a", node.floats("prob_a")?.len(), if n_offsets == 0 { 0 } else { n_pairs }),
            ("prob_b", n_offsets, if sigmoids.is_empty() { 0 } else { n_pairs }),
        ];
        if let Some((name, got, expected)) = checks.into_iter().find(|(_, got, n)| got != n) {
            return Err(context.refuse(format!("{name}: expected {expected} numbers, got {got}")));
        }
        if n_pairs == 1 && sigmoids.is_empty() && post == PostTransform::Probit {
            return Err(context.refuse_value("post_transform", "PROBIT"));
        }
        Ok(Self {
            machine,
            labels,
            starts,
            coefficients: coefficients.to_vec(),
            rho: rho.to_vec(),
            sigmoids,
            post,
            isa: Isa::detect(),
        })
    }

    fn n_classes(&self) -> usize {
        self.labels.len()
    }

    /// The number of scores of a row.
    fn n_columns(&self) -> usize {
        match (self.sigmoids.is_empty(), self.rho.len()) {
            (true, 1) => 2,
            (true, n_pairs) => n_pairs,
            (false, _) => self.n_classes(),
        }
    }

    /// All pairs of classes, in the order of their scores.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let n_classes = self.n_classes();
        (0..n_classes).flat_map(move |i| (i + 1..n_classes).map(move |j| (i, j)))
    }

    /// Writes the score of each pair: positive where the first of the two wins.
    #[expect(clippy::cast_possible_truncation, reason = "scores are single precision")]
    fn scores(&self, similarities: &[f32], votes: &mut [f32], scores: &mut [f32]) {
        votes.fill(0.0);
        let n_vectors = self.machine.n_vectors;
        let part = |row: usize, class: usize| {
            let vectors = self.starts[class]..self.starts[class + 1];
            let coefficients = &self.coefficients[row * n_vectors..][..n_vectors];
            let pairs = coefficients[vectors.clone()].iter().zip(&similarities[vectors]);
            pairs.map(|(coefficient, similarity)| f64::from(coefficient * similarity))
        };
        for (((i, j), rho), score) in self.pairs().zip(&self.rho).zip(scores) {
            let products = part(j - 1, i).chain(part(i, j));
            let sum = products.sum::<f64>() + f64::from(*rho);
            votes[if sum > 0.0 { i } else { j }] += 1.0;
            *score = sum as f32;
        }
    }

    /// Probabilities of the classes from the scores of the pairs.
    fn probabilities(&self, scores: &[f32], work: &mut [f32], out: &mut [f32]) {
        const LEAST: f32 = 1e-7;
        let n_classes = self.n_classes();
        let (pairs, work) = work.split_at_mut(n_classes * n_classes);
        for (((i, j), score), (slope, offset)) in self.pairs().zip(scores).zip(&self.sigmoids) {
            let probability = 1.0 - logistic(score * slope + offset);
            // `clamp` keeps what is no number.
            let probability = probability.clamp(LEAST, 1.0 - LEAST);
            pairs[i * n_classes + j] = probability;
            pairs[j * n_classes + i] = 1.0 - probability;
        }
        couple(pairs, work, out);
    }

    /// Writes the scores of a row and tells its class.
    fn row(&self, similarities: &[f32], work: &mut [f32], out: &mut [f32]) -> i64 {
        let (votes, work) = work.split_at_mut(self.n_classes());
        let (scores, work) = work.split_at_mut(self.rho.len());
        self.scores(similarities, votes, scores);
        if self.sigmoids.is_empty() {
            out[..scores.len()].copy_from_slice(scores);
        } else {
            self.probabilities(scores, work, out);
        }
        self.finish(out);
        i64::try_from(greatest(votes)).unwrap_or(0)
    }

    fn finish(&self, scores: &mut [f32]) {
        match (scores, self.post) {
            (&mut [ref mut first, ref mut second], post) if self.sigmoids.is_empty() => {
                let score = *first;
                (*first, *second) = match post {
                    PostTransform::None => (-score, score),
                    PostTransform::Logistic => (logistic(-score), logistic(score)),
                    _ => (1.0 - score, score),
                };
            }
            (scores, post) => post.apply(scores, scores.len(), self.isa),
        }
    }
}

impl Op for Pairs {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let n_features = self.machine.n_features;
        let n_rows = check_columns(inputs.view(0)?.shape, n_features)?;
        let [labels, scores, similarities, work, classes, ..] = outputs.buffers else {
            return Err(Error::internal("a classifier has two outputs and three buffers"));
        };
        let (n_classes, n_pairs) = (self.n_classes(), self.rho.len());
        let n_columns = self.n_columns();
        let out = scores.reset::<f32>(&[n_rows, n_columns])?;
        out.resize(n_rows * n_columns, 0.0);
        let classes = classes.reset::<i64>(&[n_rows])?;
        let n_similarities = N_ROWS.min(n_rows) * self.machine.n_vectors;
        let similarities = similarities.reset::<f32>(&[n_similarities])?;
        let n_work = n_classes + n_pairs + n_classes * (2 * n_classes + 1);
        let work = work.reset::<f32>(&[n_work])?;
        work.resize(n_work, 0.0);
        let rows = inputs.slice::<f32>(0)?.chunks(N_ROWS * n_features);
        for (rows, out) in rows.zip(out.chunks_mut(N_ROWS * n_columns)) {
            self.machine.run(rows, similarities);
            let similarities = similarities.chunks_exact(self.machine.n_vectors);
            for (similarities, out) in similarities.zip(out.chunks_exact_mut(n_columns)) {
                classes.push(self.row(similarities, work, out));
            }
        }
        let classes = classes.iter().map(|&class| usize::try_from(class).unwrap_or(0));
        self.labels.write(labels, n_rows, classes)
    }
}
