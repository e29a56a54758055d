//! What SVMClassifier and SVMRegressor share: kernels, and probabilities of pairs.
//!
//! All is in single precision, as in onnxruntime 1.32 (`svmclassifier.h`, `ml_common.h`).

use radiant_kernels::Isa;
use radiant_kernels::dense::Dense;
use radiant_kernels::svm::{Affine, TanhAll, Vectors};

use crate::Unsupported;

use crate::op::NodeContext;

/// Similarity of a row and a support vector.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    /// `<x, v>`
    Linear,
    /// `(gamma <x, v> + coef0) ^ degree`
    Poly { gamma: f32, coef0: f32, degree: f32 },
    /// `e ^ (-gamma |x - v|^2)`
    Rbf { gamma: f32 },
    /// `tanh(gamma <x, v> + coef0)`
    Sigmoid { gamma: f32, coef0: f32 },
}

impl Shape {
    /// The kernel that a node names; without parameters all of them are zero.
    fn read(context: &NodeContext<'_>) -> Result<Self, Unsupported> {
        let node = context.node;
        let (gamma, coef0, degree) = match *node.floats("kernel_params")? {
            [] => (0.0, 0.0, 0.0),
            [gamma, coef0, degree, ..] => (gamma, coef0, degree),
            ref few => {
                let what = format!("expected 3 kernel_params, got {}", few.len());
                return Err(context.refuse(what));
            }
        };
        match node.string("kernel_type")?.unwrap_or("LINEAR") {
            "LINEAR" => Ok(Self::Linear),
            "POLY" => Ok(Self::Poly { gamma, coef0, degree }),
            "RBF" => Ok(Self::Rbf { gamma }),
            "SIGMOID" => Ok(Self::Sigmoid { gamma, coef0 }),
            other => Err(context.refuse_value("kernel_type", other)),
        }
    }

    /// Makes similarities of products, or of squared distances. Small whole degrees are multiplied
    /// out.
    fn apply(self, values: &mut [f32], isa: Isa) {
        match self {
            Self::Linear | Self::Rbf { .. } => {}
            Self::Poly { gamma: factor, coef0: offset, .. }
            | Self::Sigmoid { gamma: factor, coef0: offset } => {
                isa.run(Affine { values, factor, offset });
            }
        }
        match self {
            Self::Linear => {}
            Self::Poly { degree: 2.0, .. } => values.iter_mut().for_each(|x| *x *= *x),
            Self::Poly { degree: 3.0, .. } => values.iter_mut().for_each(|x| *x = *x * *x * *x),
            Self::Poly { degree, .. } => values.iter_mut().for_each(|x| *x = x.powf(degree)),
            Self::Rbf { gamma } => values.iter_mut().for_each(|x| *x = (-gamma * *x).exp()),
            Self::Sigmoid { .. } => isa.run(TanhAll(values)),
        }
    }
}

enum Support {
    Products(Dense),
    Distances(Vectors),
}

/// Support vectors and the kernel that compares rows with them.
pub(super) struct Machine {
    shape: Shape,
    support: Support,
    isa: Isa,
    pub(super) n_features: usize,
    pub(super) n_vectors: usize,
}

impl Machine {
    /// The machine of a node's attributes.
    pub(super) fn read(context: &NodeContext<'_>, n_vectors: usize) -> Result<Self, Unsupported> {
        let numbers = context.node.floats("support_vectors")?;
        let n_features = numbers.len().checked_div(n_vectors).filter(|&n| n > 0);
        let n_features =
            n_features.filter(|n| n * n_vectors == numbers.len()).ok_or_else(|| {
                let got = numbers.len();
                context.refuse(format!("expected {n_vectors} support_vectors, got {got} numbers"))
            })?;
        check_columns(context, n_features)?;
        let shape = Shape::read(context)?;
        let number = |vector: usize, feature: usize| numbers[vector * n_features + feature];
        let support = match shape {
            Shape::Rbf { .. } => Support::Distances(Vectors::new(n_features, numbers)),
            _ => Support::Products(Dense::new(n_vectors, n_features, number, &[])),
        };
        Ok(Self { shape, support, isa: Isa::detect(), n_features, n_vectors })
    }

    /// Writes the similarities of rows to all support vectors: `[n_rows, n_vectors]`.
    pub(super) fn run(&self, rows: &[f32], out: &mut Vec<f32>) {
        out.clear();
        match &self.support {
            Support::Products(layer) => layer.run(rows, out),
            Support::Distances(vectors) => {
                let rows = rows.chunks_exact(self.n_features);
                out.resize(rows.len() * self.n_vectors, 0.0);
                for (row, out) in rows.zip(out.chunks_exact_mut(self.n_vectors)) {
                    vectors.distances(row, out);
                }
            }
        }
        self.shape.apply(out, self.isa);
    }
}

/// Refuses an input that is known to have another number of columns.
pub(super) fn check_columns(
    context: &NodeContext<'_>,
    n_features: usize,
) -> Result<(), Unsupported> {
    match context.rows(0)?.n_columns {
        Some(got) if got != n_features => {
            Err(context.refuse(format!("expected input of {n_features} columns, got {got}")))
        }
        _ => Ok(()),
    }
}

/// How often the estimate of probabilities is improved at most.
const N_ROUNDS_MAX: usize = 100;

/// Probabilities of classes from those of pairs of classes: the second method of Wu, Lin and Weng,
/// "Probability estimates for multi-class classification by pairwise coupling" (2004), as libsvm
/// has it.
///
/// `pairs` is `[n_classes, n_classes]`: in row `i` and column `j` the probability of class `i`
/// where it is one of the two. `work` has room for as many numbers, and one a class more.
pub(super) fn couple(pairs: &[f32], work: &mut [f32], probabilities: &mut [f32]) {
    let n_classes = probabilities.len();
    let (q, q_p) = work.split_at_mut(n_classes * n_classes);
    let q_p = &mut q_p[..n_classes];
    let pair = |i: usize, j: usize| pairs[i * n_classes + j];
    for i in 0..n_classes {
        q[i * n_classes + i] = 0.0;
        for j in (0..n_classes).filter(|&j| j != i) {
            q[i * n_classes + i] += pair(j, i) * pair(j, i);
            q[i * n_classes + j] = -pair(j, i) * pair(i, j);
        }
    }
    probabilities.fill(1.0 / n_classes as f32);
    let tolerance = 0.005 / n_classes as f32;
    for _ in 0..N_ROUNDS_MAX {
        // Both are computed anew each round, for accuracy.
        let mut p_q_p = 0.0;
        for (i, q_p) in q_p.iter_mut().enumerate() {
            let row = q[i * n_classes..][..n_classes].iter();
            *q_p = row.zip(&*probabilities).fold(0.0, |sum, (q, p)| sum + q * p);
            p_q_p += probabilities[i] * *q_p;
        }
        let error = |worst: f32, q_p: &f32| {
            let error = (q_p - p_q_p).abs();
            if error > worst { error } else { worst }
        };
        if q_p.iter().fold(0.0, error) < tolerance {
            break;
        }
        for i in 0..n_classes {
            let q_i = &q[i * n_classes..][..n_classes];
            let step = (p_q_p - q_p[i]) / q_i[i];
            probabilities[i] += step;
            let grown = 1.0 + step;
            p_q_p = (p_q_p + step * (step * q_i[i] + 2.0 * q_p[i])) / grown / grown;
            for ((q_p, q), p) in q_p.iter_mut().zip(q_i).zip(&mut *probabilities) {
                *q_p = (*q_p + step * q) / grown;
                *p /= grown;
            }
        }
    }
}
