//! What leaves say, and how it is put together.

use std::collections::BTreeSet;

use super::model::{Aggregate, Forest, Node, Vote};

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
        let parts = forest.parts();
        let of_slot = |&node: &u32| match parts.nodes[node as usize] {
            Node::Leaf { first_vote, n_votes } => {
                Some(&parts.votes[first_vote as usize..][..n_votes as usize])
            }
            Node::Split(_) => None,
        };
        let mut survey = Survey { one_each: Some(Vec::new()), ..Survey::default() };
        for slots in order.slots_of_trees() {
            survey.add_tree(order.nodes[slots].iter().filter_map(of_slot));
        }
        let all = order.nodes.iter().map(|node| of_slot(node).unwrap_or_default());
        let votes = match survey.one_each.take() {
            Some(outputs) => {
                let weight = |vote: &Vote| S::vote(vote.weight);
                let weights = all.map(|votes| votes.first().map_or_else(S::default, weight));
                Votes::One { weights: weights.collect(), outputs }
            }
            None => many(all),
        };
        Self { votes, never_seen: survey.never_seen(parts.n_outputs) }
    }
}

fn many<'a, S: Score>(all: impl Iterator<Item = &'a [Vote]>) -> Votes<S> {
    let (mut first, mut votes) = (vec![0], Vec::new());
    for some in all {
        votes.extend(some.iter().map(|vote| (vote.output, S::vote(vote.weight))));
        // A forest has fewer votes than an index counts.
        first.push(u32::try_from(votes.len()).unwrap_or(u32::MAX));
    }
    Votes::Many { first, votes }
}

/// What is found out about the outputs that trees vote for.
#[derive(Default)]
struct Survey {
    /// The output of each tree, as long as every leaf had one vote.
    one_each: Option<Vec<u32>>,
    seen: BTreeSet<u32>,
    depends_on_row: bool,
}

impl Survey {
    fn add_tree<'a>(&mut self, mut leaves: impl Iterator<Item = &'a [Vote]>) {
        let outputs =
            |votes: &[Vote]| votes.iter().map(|vote| vote.output).collect::<BTreeSet<_>>();
        let Some(first) = leaves.next() else { return };
        let (mut is_one, expected) = (first.len() == 1, outputs(first));
        for votes in leaves {
            is_one &= votes.len() == 1;
            // Most leaves list the same outputs in the same order.
            let is_alike = votes.iter().map(|vote| vote.output).eq(first.iter().map(|v| v.output));
            self.depends_on_row |= !is_alike && outputs(votes) != expected;
        }
        match (&mut self.one_each, expected.first()) {
            (Some(one_each), Some(&output)) if is_one && !self.depends_on_row => {
                one_each.push(output);
            }
            _ => self.one_each = None,
        }
        self.seen.extend(expected);
    }

    fn never_seen(&self, n_outputs: usize) -> Option<Vec<usize>> {
        let is_unseen = |output: &usize| {
            !u32::try_from(*output).is_ok_and(|output| self.seen.contains(&output))
        };
        (!self.depends_on_row).then(|| (0..n_outputs).filter(is_unseen).collect())
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
