//! Trees whose leaves are linear functions.

use radiant_formats::lightgbm::Model;
use radiant_kernels::forest::{ForestKernel, Rows};

use super::forest;
use crate::Unsupported;

/// Rows whose leaves are looked up together.
const BLOCK_ROWS: usize = 64;

/// Trees, some of which have linear functions in their leaves.
#[derive(Debug)]
pub(super) struct LinearTrees {
    n_outputs: usize,
    /// Gives the index of the leaf that a row ends in, for each tree.
    indices: ForestKernel<f64, f64>,
    /// Where the leaves of each tree start.
    firsts: Vec<usize>,
    leaves: Vec<Leaf>,
    /// Features and what they are multiplied with.
    terms: Vec<(u32, f64)>,
}

#[derive(Debug)]
struct Leaf {
    /// The answer where a feature of the terms is no number.
    value: f64,
    constant: f64,
    first_term: usize,
    n_terms: usize,
}

impl LinearTrees {
    pub(super) fn new(model: &Model) -> Result<Self, Unsupported> {
        let indices = ForestKernel::new(&forest::build_indices(model)?);
        let (mut firsts, mut leaves, mut terms) = (Vec::new(), Vec::new(), Vec::new());
        for tree in &model.trees {
            firsts.push(leaves.len());
            for (at, &value) in tree.leaf_values.iter().enumerate() {
                let linear = tree.linear_leaves.get(at);
                leaves.push(Leaf {
                    value,
                    constant: linear.map_or(value, |linear| linear.constant),
                    first_term: terms.len(),
                    n_terms: linear.map_or(0, |linear| linear.terms.len()),
                });
                terms.extend(linear.iter().flat_map(|linear| &linear.terms));
            }
        }
        Ok(Self { n_outputs: model.n_outputs, indices, firsts, leaves, terms })
    }

    /// Appends the sums of each row.
    pub(super) fn run(
        &self,
        rows: &[f64],
        width: usize,
        indices: &mut Vec<f64>,
        out: &mut Vec<f64>,
    ) {
        for block in rows.chunks(BLOCK_ROWS * width) {
            indices.clear();
            self.indices.run(Rows::new(block, width), indices);
            let ends = indices.chunks_exact(self.firsts.len());
            for (row, ends) in block.chunks_exact(width).zip(ends) {
                let begin = out.len();
                out.resize(begin + self.n_outputs, 0.0);
                for (tree, (&end, first)) in ends.iter().zip(&self.firsts).enumerate() {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a leaf votes with its index"
                    )]
                    let leaf = &self.leaves[first + end as usize];
                    out[begin + tree % self.n_outputs] += self.value(leaf, row);
                }
            }
        }
    }

    fn value(&self, leaf: &Leaf, row: &[f64]) -> f64 {
        let mut sum = leaf.constant;
        for &(feature, coefficient) in &self.terms[leaf.first_term..][..leaf.n_terms] {
            let x = row[feature as usize];
            if x.is_nan() {
                return leaf.value;
            }
            sum += coefficient * x;
        }
        sum
    }
}
