//! Decisions of a support vector machine between every two classes, and what follows from them.

use radiant_core::Error;

use super::kernel::{Kernel, dot};
use super::probability::Platt;
use crate::sklearn::data::Table;
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Matrix, Read, Source, indices};

/// A classifier of libsvm: one machine for every two classes, over common support vectors.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) intake: Intake,
    kernel: Kernel,
    /// Where the support vectors of each class begin, and the end of the last.
    // Invariant: one more than classes, rising, the last is the number of vectors.
    starts: Vec<usize>,
    /// Weights of the vectors against each other class.
    // Invariant: one row less than classes, as many columns as vectors.
    weights: Matrix,
    // Invariant: one for each two classes.
    offsets: Vec<f64>,
    /// How decisions become probabilities, where that was trained.
    // Invariant: for as many pairs as there are offsets.
    pub(super) platt: Option<Platt>,
}

impl Pairs {
    pub(super) fn read(source: &Source<'_>, n_classes: usize) -> Read<Self> {
        let kernel = Kernel::read(source)?;
        let n_vectors = kernel.n_vectors();
        let counts_node = source.node.attr_any(&["_n_support", "n_support_"])?;
        let counts = indices(counts_node)?;
        let mut starts = vec![0_usize];
        for count in &counts {
            let end = starts.last().and_then(|start| start.checked_add(*count));
            starts.push(end.ok_or_else(|| counts_node.expected("small counts"))?);
        }
        if counts.len() != n_classes || starts.last() != Some(&n_vectors) || n_classes < 2 {
            let expected = format!("{n_classes} counts that add up to {n_vectors}");
            return Err(counts_node.expected(expected));
        }
        // Classes are as many as counts in the file: their pairs may still be too many for it.
        let offsets_node = source.attr("_intercept_")?;
        let offsets = source.vector("_intercept_")?;
        if n_classes.checked_mul(n_classes - 1).map(|twice| twice / 2) != Some(offsets.len()) {
            return Err(offsets_node.expected("a number for every two classes"));
        }
        Ok(Self {
            intake: Intake::new(source, Some(kernel.n_features())),
            weights: kernel.weights(source, n_classes - 1)?,
            platt: Platt::read(source, offsets.len())?,
            kernel,
            starts,
            offsets,
        })
    }

    pub(super) fn n_pairs(&self) -> usize {
        self.offsets.len()
    }

    /// libsvm's decisions, `[n_rows, n_pairs]`: above zero for the first class of a pair.
    ///
    /// # Errors
    /// What is wrong with the rows.
    pub(super) fn decisions(&self, x: &Table<'_>) -> Result<(usize, Vec<f64>), Error> {
        let mut out = Vec::with_capacity(x.n_rows() * self.n_pairs());
        let n_rows = self.kernel.each(&self.intake, x, |values| self.decide(values, &mut out))?;
        Ok((n_rows, out))
    }

    fn decide(&self, values: &[f64], out: &mut Vec<f64>) {
        let n_classes = self.starts.len() - 1;
        let part = |class: usize, weights: usize| {
            let range = self.starts[class]..self.starts[class + 1];
            let row = weights * values.len();
            dot(&self.weights.values[row + range.start..row + range.end], &values[range])
        };
        let pairs = (0..n_classes)
            .flat_map(|first| (first + 1..n_classes).map(move |second| (first, second)));
        out.extend(pairs.zip(&self.offsets).map(|((first, second), offset)| {
            part(first, second - 1) + part(second, first) + offset
        }));
    }
}

/// The class that most pairs vote for, the first of several.
pub(super) fn winner(decisions: &[f64], votes: &mut [usize]) -> usize {
    votes.fill(0);
    let mut decisions = decisions.iter();
    for first in 0..votes.len() {
        for second in first + 1..votes.len() {
            let decision = decisions.next().copied().unwrap_or(0.0);
            votes[if decision > 0.0 { first } else { second }] += 1;
        }
    }
    let most = votes.iter().copied().max().unwrap_or(0);
    votes.iter().position(|count| *count == most).unwrap_or(0)
}

/// How the sum of a class's decisions is added to its votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Confidence {
    /// Scaled by the greatest of the whole batch (up to 0.20).
    OfBatch,
    /// Bent into (-1/3, 1/3).
    Bent,
}

/// A score for each class, `[n_rows, n_classes]`: votes, and confidence to tell equal ones apart.
pub(super) fn one_vs_rest(decisions: &[f64], n_classes: usize, confidence: Confidence) -> Vec<f64> {
    let n_pairs = n_classes * (n_classes - 1) / 2;
    let n_rows = decisions.len() / n_pairs.max(1);
    let mut votes = vec![0.0; n_rows * n_classes];
    let mut sums = vec![0.0; n_rows * n_classes];
    for (row, decisions) in decisions.chunks_exact(n_pairs).enumerate() {
        let range = row * n_classes..(row + 1) * n_classes;
        let (votes, sums) = (&mut votes[range.clone()], &mut sums[range]);
        let mut decisions = decisions.iter();
        for first in 0..n_classes {
            for second in first + 1..n_classes {
                let decision = decisions.next().copied().unwrap_or(0.0);
                sums[first] += decision;
                sums[second] -= decision;
                votes[if decision < 0.0 { second } else { first }] += 1.0;
            }
        }
    }
    let scale = batch_scale(&sums);
    for (vote, sum) in votes.iter_mut().zip(sums) {
        *vote += match confidence {
            Confidence::OfBatch => sum * scale,
            Confidence::Bent => sum / (3.0 * (sum.abs() + 1.0)),
        };
    }
    votes
}

/// What brings all sums into (-0.5, 0.5); zero where they are equal.
fn batch_scale(sums: &[f64]) -> f64 {
    let max = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let min = sums.iter().copied().fold(f64::INFINITY, f64::min);
    if max <= min { 0.0 } else { (0.5 - f64::EPSILON) / max.abs().max(min.abs()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equally_voted_classes_wins() {
        let mut votes = [0; 3];
        assert_eq!(winner(&[1.0, -1.0, 1.0], &mut votes), 0);
        assert_eq!(winner(&[-1.0, -1.0, -1.0], &mut votes), 2);
        assert_eq!(winner(&[0.0, 1.0, 0.5], &mut votes), 1);
    }

    #[test]
    fn confidence_does_not_outweigh_a_vote() {
        let scores = one_vs_rest(&[100.0, 100.0, 0.1], 3, Confidence::Bent);
        assert!(scores[0] > 2.0 && scores[1] < 1.0 && scores[1] > scores[2]);
        assert_eq!(one_vs_rest(&[], 3, Confidence::OfBatch), [0.0; 0]);
    }
}
