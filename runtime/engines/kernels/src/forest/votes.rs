//! What leaves say, and how it is put together.

use std::collections::BTreeSet;

use super::model::{Aggregate, Forest, ForestParts, Node, Vote};

use super::number::Score;
use super::order::Order;

/// Votes by slot.
#[derive(Debug)]
pub(super) enum Votes<S> {
    /// Every leaf has one vote, and all of a tree are for the same output.
    One {
        weights: Vec<S>,
        /// The output of each tree.
        outputs: Vec<u32>,
    },
    /// The votes of slot `i` are those from `first[i]` to `first[i + 1]`.
    Many { first: Vec<u32>, votes: Vec<(u32, S)> },
}

/// The votes of all leaves.
#[derive(Debug)]
pub(super) struct Ballot<S> {
    pub(super) votes: Votes<S>,
    /// The outputs for which no tree votes, if every row gets a vote for each of the others; `None`
    /// if that depends on the row.
    pub(super) never_seen: Option<Vec<usize>>,
}

impl<S: Score> Ballot<S> {
    /// The votes of a forest, by the slots of `order`.
    pub(super) fn new(forest: &Forest, order: &Order) -> Self {
        let leaves = Leaves { parts: forest.parts(), order };
        let n_outputs = leaves.parts.n_outputs;
        if let Some((weights, outputs)) = leaves.one_each() {
            let never_seen = Some(missing(&outputs.iter().copied().collect(), n_outputs));
            return Self { votes: Votes::One { weights, outputs }, never_seen };
        }
        let never_seen = leaves.outputs_of_every_row().map(|seen| missing(&seen, n_outputs));
        Self { votes: leaves.many(), never_seen }
    }
}

/// The outputs that are not among these.
fn missing(seen: &BTreeSet<u32>, n_outputs: usize) -> Vec<usize> {
    let is_seen = |output: &usize| u32::try_from(*output).is_ok_and(|it| seen.contains(&it));
    (0..n_outputs).filter(|output| !is_seen(output)).collect()
}

/// The leaves of a forest by the slots of an order.
#[derive(Clone, Copy)]
struct Leaves<'a> {
    parts: &'a ForestParts,
    order: &'a Order,
}

impl<'a> Leaves<'a> {
    /// The votes of a node, if it is a leaf.
    #[inline]
    fn votes(self, node: u32) -> Option<&'a [Vote]> {
        match self.parts.nodes[node as usize] {
            Node::Leaf { first_vote, n_votes } => {
                Some(&self.parts.votes[first_vote as usize..][..n_votes as usize])
            }
            Node::Split(_) => None,
        }
    }

    /// The weight in each slot and the output of each tree, if every leaf has one vote and all of a
    /// tree are for the same output.
    fn one_each<S: Score>(self) -> Option<(Vec<S>, Vec<u32>)> {
        let mut weights = vec![S::default(); self.order.nodes.len()];
        let mut outputs = Vec::with_capacity(self.order.trees.len());
        for leaves in self.order.leaves_of_trees() {
            let mut of_tree = None;
            for &slot in leaves {
                let [vote] = self.votes(self.order.nodes[slot as usize])? else { return None };
                if *of_tree.get_or_insert(vote.output) != vote.output {
                    return None;
                }
                weights[slot as usize] = S::vote(vote.weight);
            }
            outputs.extend(of_tree);
        }
        Some((weights, outputs))
    }

    /// The outputs that every row gets votes for, if these are the same for all rows.
    fn outputs_of_every_row(self) -> Option<BTreeSet<u32>> {
        let outputs =
            |votes: &[Vote]| votes.iter().map(|vote| vote.output).collect::<BTreeSet<_>>();
        let mut seen = BTreeSet::new();
        for leaves in self.order.leaves_of_trees() {
            let nodes = leaves.iter().map(|&slot| self.order.nodes[slot as usize]);
            let mut leaves = nodes.filter_map(|node| self.votes(node));
            let Some(first) = leaves.next() else { continue };
            let expected = outputs(first);
            for votes in leaves {
                // Most leaves list the same outputs in the same order.
                let in_order = votes.iter().map(|vote| vote.output);
                if !in_order.eq(first.iter().map(|vote| vote.output)) && outputs(votes) != expected
                {
                    return None;
                }
            }
            seen.extend(expected);
        }
        Some(seen)
    }

    fn many<S: Score>(self) -> Votes<S> {
        let (mut first, mut votes) = (vec![0], Vec::new());
        for &node in &self.order.nodes {
            let some = self.votes(node).unwrap_or_default();
            votes.extend(some.iter().map(|vote| (vote.output, S::vote(vote.weight))));
            // A forest has fewer votes than an index counts.
            first.push(u32::try_from(votes.len()).unwrap_or(u32::MAX));
        }
        Votes::Many { first, votes }
    }
}

/// What is told of every leaf that a row ends in, for each row in the order of the trees.
pub(super) trait Tally {
    /// Row `row` has come to `slot` in tree `tree`.
    fn add(&mut self, row: usize, tree: usize, slot: u32);
}

/// Sums of single votes. The sums start from what `out` holds.
pub(super) struct SumOne<'a, S> {
    pub(super) weights: &'a [S],
    pub(super) outputs: &'a [u32],
    pub(super) n_outputs: usize,
    pub(super) out: &'a mut [S],
}

impl<S: Score> Tally for SumOne<'_, S> {
    #[inline(always)]
    fn add(&mut self, row: usize, tree: usize, slot: u32) {
        let output = self.outputs[tree] as usize;
        self.out[row * self.n_outputs + output] += self.weights[slot as usize];
    }
}

/// Sums of any votes. The sums start from what `out` holds.
pub(super) struct SumMany<'a, S> {
    pub(super) first: &'a [u32],
    pub(super) votes: &'a [(u32, S)],
    pub(super) n_outputs: usize,
    pub(super) out: &'a mut [S],
}

impl<S: Score> Tally for SumMany<'_, S> {
    #[inline(always)]
    fn add(&mut self, row: usize, _tree: usize, slot: u32) {
        let out = &mut self.out[row * self.n_outputs..][..self.n_outputs];
        let slot = slot as usize;
        for &(output, weight) in
            &self.votes[self.first[slot] as usize..self.first[slot + 1] as usize]
        {
            out[output as usize] += weight;
        }
    }
}

/// Any aggregate of any votes, and which outputs got one: `out` holds [`Score::UNSEEN`] at first.
pub(super) struct Tracked<'a, S> {
    pub(super) votes: &'a Votes<S>,
    pub(super) aggregate: Aggregate,
    /// What sums start from: one an output, or nothing for zero.
    pub(super) start: &'a [S],
    pub(super) n_outputs: usize,
    pub(super) out: &'a mut [S],
}

impl<S: Score> Tally for Tracked<'_, S> {
    fn add(&mut self, row: usize, tree: usize, slot: u32) {
        match self.votes {
            Votes::One { weights, outputs } => {
                self.vote(row, outputs[tree], weights[slot as usize]);
            }
            Votes::Many { first, votes } => {
                let slot = slot as usize;
                for &(output, weight) in &votes[first[slot] as usize..first[slot + 1] as usize] {
                    self.vote(row, output, weight);
                }
            }
        }
    }
}

impl<S: Score> Tracked<'_, S> {
    fn vote(&mut self, row: usize, output: u32, weight: S) {
        let output = output as usize;
        let score = &mut self.out[row * self.n_outputs + output];
        let is_first = score.is_unseen();
        match self.aggregate {
            Aggregate::Sum | Aggregate::Average => {
                if is_first {
                    *score = self.start.get(output).copied().unwrap_or_default();
                }
                *score += weight;
            }
            Aggregate::Min if is_first || weight < *score => *score = weight,
            Aggregate::Max if is_first || weight > *score => *score = weight,
            Aggregate::Min | Aggregate::Max => {}
        }
    }
}
