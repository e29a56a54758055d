//! Forests of decision trees over rows of numbers.
//!
//! A [`ForestKernel`] is built from a checked [`Forest`] for a type of features `X` and a type of
//! scores `S`. Trees whose splits all are inequalities are laid out for speed; a forest with any
//! other split is walked node by node. Both give the bits of the plain definition: for each row and
//! output the votes are added one after the other in the order of the trees, in the type `S`,
//! whatever else happens side by side.

mod general;
mod layout;
mod model;
mod number;
mod order;
#[cfg(test)]
mod tests;
mod votes;
mod walk;

use general::General;
use layout::Layout;
use votes::{Ballot, SumMany, SumOne, Tally, Tracked, Votes};

pub use model::{
    Aggregate, BaseOrder, Comparison, Forest, ForestError, ForestParts, Missing, Node, Set, Split,
    Test, Vote,
};
pub use number::{Feature, Score};

/// Rows of features: `[n_rows, n_columns]`, row-major.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, X> {
    values: &'a [X],
    // Invariant: not zero.
    n_columns: usize,
}

impl<'a, X> Rows<'a, X> {
    /// Rows of so many columns; what is left of `values` after the last whole row is no row.
    ///
    /// # Panics
    /// When there are no columns.
    pub fn new(values: &'a [X], n_columns: usize) -> Self {
        assert!(n_columns > 0, "rows have columns");
        Self { values, n_columns }
    }

    fn n_rows(&self) -> usize {
        self.values.len() / self.n_columns
    }

    fn iter(&self) -> impl Iterator<Item = &'a [X]> {
        self.values.chunks_exact(self.n_columns)
    }
}

/// A forest that is ready to run.
#[derive(Debug)]
pub struct ForestKernel<X, S> {
    n_features: usize,
    n_outputs: usize,
    trees: Trees<X>,
    n_trees: usize,
    ballot: Ballot<S>,
    aggregate: Aggregate,
    /// One for each output, or none at all.
    base: Vec<S>,
    base_order: BaseOrder,
}

#[derive(Debug)]
enum Trees<X> {
    Fast(Layout<X>),
    General(General),
}

impl<X: Feature, S: Score> ForestKernel<X, S> {
    /// Prepares a forest.
    ///
    /// Thresholds are rounded so that no number of the type `X` changes its way. Weights and base
    /// values are rounded to `S`.
    pub fn new(forest: &Forest) -> Self {
        let parts = forest.parts();
        let (trees, order) = if let Some((layout, order)) = Layout::new(forest) {
            (Trees::Fast(layout), order)
        } else {
            let (general, order) = General::new(forest);
            (Trees::General(general), order)
        };
        Self {
            n_features: parts.n_features,
            n_outputs: parts.n_outputs,
            trees,
            n_trees: parts.roots.len(),
            ballot: Ballot::new(forest, &order),
            aggregate: parts.aggregate,
            base: parts.base.iter().map(|&base| S::vote(base)).collect(),
            base_order: parts.base_order,
        }
    }

    /// The least number of columns of what goes in; others are not looked at.
    #[inline]
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// The number of columns of what comes out.
    #[inline]
    pub fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    /// Whether every row gets a vote for every output.
    #[inline]
    pub fn sees_all_outputs(&self) -> bool {
        self.ballot.never_seen.as_ref().is_some_and(Vec::is_empty)
    }

    /// Appends the scores of each row to `out`, `[n_rows, n_outputs]`.
    ///
    /// An output for which no tree voted has its base value, or zero.
    ///
    /// # Panics
    /// When rows have fewer columns than the forest has features.
    pub fn run(&self, rows: Rows<'_, X>, out: &mut Vec<S>) {
        let start = out.len();
        self.votes(rows, out);
        let n_trees = S::count(self.n_trees);
        for scores in out[start..].chunks_exact_mut(self.n_outputs) {
            for (output, score) in scores.iter_mut().enumerate() {
                let base = self.base.get(output);
                if score.is_unseen() {
                    *score = base.copied().unwrap_or_default();
                    continue;
                }
                if self.aggregate == Aggregate::Average {
                    *score = *score / n_trees;
                }
                if let (Some(&base), BaseOrder::Last) = (base, self.base_order) {
                    *score += base;
                }
            }
        }
    }

    /// Appends the aggregated votes of each row to `out`, before they are divided for an average
    /// and before base values come last; [`Score::UNSEEN`] where no tree voted.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn votes(&self, rows: Rows<'_, X>, out: &mut Vec<S>) {
        assert!(rows.n_columns >= self.n_features, "rows have a column for each feature");
        let (n_outputs, begin) = (self.n_outputs, out.len());
        let n_scores = rows.n_rows() * n_outputs;
        let start = if self.base_order == BaseOrder::First { &*self.base } else { &[] };
        let is_sum = matches!(self.aggregate, Aggregate::Sum | Aggregate::Average);
        let (true, Some(never_seen)) = (is_sum, &self.ballot.never_seen) else {
            out.resize(begin + n_scores, S::UNSEEN);
            let (votes, aggregate) = (&self.ballot.votes, self.aggregate);
            let out = &mut out[begin..];
            return self.walk(rows, &mut Tracked { votes, aggregate, start, n_outputs, out });
        };
        out.resize(begin + n_scores, S::default());
        let out = &mut out[begin..];
        if !start.is_empty() {
            out.chunks_exact_mut(n_outputs).for_each(|scores| scores.copy_from_slice(start));
        }
        match &self.ballot.votes {
            Votes::One { weights, outputs } => {
                self.walk(rows, &mut SumOne { weights, outputs, n_outputs, out: &mut *out });
            }
            Votes::Many { first, votes } => {
                self.walk(rows, &mut SumMany { first, votes, n_outputs, out: &mut *out });
            }
        }
        for &output in never_seen {
            out.chunks_exact_mut(n_outputs).for_each(|scores| scores[output] = S::UNSEEN);
        }
    }

    fn walk(&self, rows: Rows<'_, X>, tally: &mut impl Tally) {
        match &self.trees {
            Trees::Fast(layout) => layout.walk(rows, tally),
            Trees::General(general) => general.walk(rows, tally),
        }
    }
}
