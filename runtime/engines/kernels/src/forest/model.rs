//! A forest of decision trees as plain, checked data.
//!
//! The form is general enough for every library whose trees have two branches: any comparison, sets
//! of numbers or categories, a way for missing values at each split, several outputs, and sums in
//! the order in which the library adds. Numbers are double precision here, which holds those of
//! single precision exactly; a kernel chooses the type it computes in.
//!
//! A [`Forest`] that exists is sound: walking from a root ends in a leaf, and every index is in
//! range. It says nothing about files and runs nothing.

use std::cmp::Ordering;
use std::error::Error;
use std::fmt;

/// How a split compares a feature with its threshold; true sends a row to `if_true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `x <= threshold`
    LessOrEqual,
    /// `x < threshold`
    Less,
    /// `x >= threshold`
    GreaterOrEqual,
    /// `x > threshold`
    Greater,
    /// `x == threshold`
    Equal,
    /// `x != threshold`, which also holds for what is no number.
    NotEqual,
}

/// What a split asks of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test {
    /// How the feature compares with a threshold, as IEEE 754 compares.
    Compare(Comparison, f64),
    /// Whether the feature is in the set at this index.
    Member(u32),
}

/// What a split does with a value that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing: what is no number is compared, and only differs from all numbers (ONNX).
    Compared,
    /// What is no number takes a way of its own (ONNX's tracking, XGBoost, LightGBM, scikit-learn).
    Nan {
        /// Whether the way is that of a test that holds.
        takes_true: bool,
    },
    /// What is no number is zero (LightGBM's `missing_type` none).
    NanIsZero,
    /// What is no number or as good as zero, at most 1e-35 from it, takes a way of its own
    /// (LightGBM's `missing_type` zero).
    NanOrZero {
        /// Whether the way is that of a test that holds.
        takes_true: bool,
    },
}

impl Missing {
    /// How far from zero LightGBM 4.7 (`kZeroThreshold`) still sees zero.
    pub(crate) const ZERO_MAX: f64 = 1e-35_f32 as f64;
}

/// A node that sends a row one of two ways.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// The column of the feature.
    pub feature: u32,
    /// What is asked of the feature.
    pub test: Test,
    /// What becomes of a value that is not there.
    pub missing: Missing,
    /// The node to go to if the test holds.
    pub if_true: u32,
    /// The node to go to if it does not.
    pub if_false: u32,
}

/// A node of a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Node {
    /// A fork of the way.
    Split(Split),
    /// The end of a way.
    Leaf {
        /// The index of the first of its votes.
        first_vote: u32,
        /// How many votes it has.
        n_votes: u32,
    },
}

/// What a leaf says about one output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vote {
    /// The output that the vote is for.
    pub output: u32,
    /// What is put together with other votes.
    pub weight: f64,
}

/// Values that a feature may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Set(Members);

#[derive(Debug, Clone, PartialEq)]
enum Members {
    // Invariant: sorted, and all are numbers.
    Numbers(Box<[f64]>),
    // Invariant: sorted.
    Categories(Box<[u32]>),
}

impl Set {
    /// The set of exactly these numbers; what is no number is in no set.
    pub fn numbers(mut numbers: Vec<f64>) -> Self {
        numbers.retain(|number| !number.is_nan());
        numbers.sort_by(f64::total_cmp);
        Self(Members::Numbers(numbers.into()))
    }

    /// The set of all values that are one of these integers when their fraction is cut off.
    pub fn categories(mut categories: Vec<u32>) -> Self {
        categories.sort_unstable();
        Self(Members::Categories(categories.into()))
    }

    /// Whether `value` is in the set.
    #[inline]
    pub(crate) fn contains(&self, value: f64) -> bool {
        match &self.0 {
            Members::Numbers(numbers) => {
                let below = numbers.partition_point(|number| *number < value);
                let found = numbers.get(below).and_then(|number| number.partial_cmp(&value));
                found == Some(Ordering::Equal)
            }
            Members::Categories(categories) => {
                // Minus one half is cut off to zero; what is no number is in no range.
                if !(value > -1.0 && value < f64::from(u32::MAX)) {
                    return false;
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the range was just checked, and a fraction is to be cut off"
                )]
                let category = value as u32;
                categories.binary_search(&category).is_ok()
            }
        }
    }
}

/// What becomes of the votes for an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// The sum.
    Sum,
    /// The sum, divided by the number of trees.
    Average,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// When the base value joins the votes, which are added tree by tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseOrder {
    /// The sum starts from it (XGBoost, scikit-learn's boosting).
    First,
    /// It is added to the aggregate (onnxruntime).
    Last,
}

/// All of a forest, unchecked.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestParts {
    /// The number of features that splits may ask for.
    pub n_features: usize,
    /// The number of outputs that leaves may vote for.
    pub n_outputs: usize,
    /// The nodes of all trees, in any order.
    pub nodes: Vec<Node>,
    /// The node that each tree starts from, in the order in which the trees are added.
    pub roots: Vec<u32>,
    /// The votes of all leaves.
    pub votes: Vec<Vote>,
    /// The sets of all splits that ask for a member.
    pub sets: Vec<Set>,
    /// What becomes of the votes.
    pub aggregate: Aggregate,
    /// One for each output, or none at all.
    pub base: Vec<f64>,
    /// When they join the votes.
    pub base_order: BaseOrder,
}

/// A forest whose trees are trees.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest(ForestParts);

impl Forest {
    /// The most nodes, votes or outputs of a forest: indices are 32 bits, with room for one more.
    pub const ENTRIES_MAX: usize = i32::MAX as usize;
    /// The most outputs for which no vote is listed: a short file cannot ask for endless rows.
    const OUTPUTS_WITHOUT_VOTES_MAX: usize = 1024;

    /// Checks that every index is in range and that every node belongs to one tree, once.
    ///
    /// Cost: one pass over the nodes, which allocates a bit and an index for each.
    ///
    /// # Errors
    /// [`ForestError`] says which node is wrong and how.
    pub fn new(parts: ForestParts) -> Result<Self, ForestError> {
        let n_entries = parts.nodes.len().max(parts.votes.len()).max(parts.n_outputs);
        if n_entries.max(parts.n_features) > Self::ENTRIES_MAX {
            let what = format!("expected at most {} entries, got {n_entries}", Self::ENTRIES_MAX);
            return Err(ForestError(what));
        }
        if parts.roots.is_empty() || parts.n_outputs == 0 || parts.n_features == 0 {
            let (n_trees, n_outputs) = (parts.roots.len(), parts.n_outputs);
            let n_features = parts.n_features;
            return Err(ForestError(format!(
                "expected trees, outputs and features, \
                 got {n_trees} trees, {n_outputs} outputs and {n_features} features"
            )));
        }
        let n_outputs_max = parts.votes.len() + Self::OUTPUTS_WITHOUT_VOTES_MAX;
        if parts.n_outputs > n_outputs_max {
            let got = parts.n_outputs;
            return Err(ForestError(format!(
                "expected at most {n_outputs_max} outputs, got {got}"
            )));
        }
        if !parts.base.is_empty() && parts.base.len() != parts.n_outputs {
            let (expected, got) = (parts.n_outputs, parts.base.len());
            return Err(ForestError(format!("expected {expected} base values, got {got}")));
        }
        if parts.base_order == BaseOrder::First && parts.aggregate != Aggregate::Sum {
            let what = "only a sum can start from base values";
            return Err(ForestError(what.to_owned()));
        }
        parts.check_votes()?;
        parts.check_trees()?;
        Ok(Self(parts))
    }

    /// What the forest consists of.
    #[inline]
    pub fn parts(&self) -> &ForestParts {
        &self.0
    }
}

impl ForestParts {
    fn check_votes(&self) -> Result<(), ForestError> {
        for (at, vote) in self.votes.iter().enumerate() {
            if vote.output as usize >= self.n_outputs {
                let (n_outputs, got) = (self.n_outputs, vote.output);
                return Err(ForestError(format!(
                    "vote {at}: expected an output below {n_outputs}, got {got}"
                )));
            }
        }
        Ok(())
    }

    /// Walks every tree from its root; a node that is met twice has two parents or is its own.
    fn check_trees(&self) -> Result<(), ForestError> {
        let mut is_met = vec![false; self.nodes.len()];
        let (mut n_met, mut n_votes) = (0, 0);
        let mut pending = Vec::new();
        for &root in &self.roots {
            pending.push(root);
            while let Some(at) = pending.pop() {
                let node = self.nodes.get(at as usize).ok_or_else(|| {
                    let n_nodes = self.nodes.len();
                    ForestError(format!("expected a node below {n_nodes}, got {at}"))
                })?;
                if std::mem::replace(&mut is_met[at as usize], true) {
                    return Err(ForestError(format!("node {at} is reached in two ways")));
                }
                n_met += 1;
                self.check_node(at, node)?;
                match node {
                    Node::Split(split) => pending.extend([split.if_false, split.if_true]),
                    Node::Leaf { n_votes: some, .. } => n_votes += u64::from(*some),
                }
            }
        }
        if n_met != self.nodes.len() {
            let (at, _) =
                is_met.iter().enumerate().find(|(_, is_met)| !**is_met).unwrap_or((0, &false));
            return Err(ForestError(format!("node {at} is in no tree")));
        }
        // Leaves that shared votes could stand for more than memory holds.
        if n_votes > self.votes.len() as u64 {
            let expected = self.votes.len();
            return Err(ForestError(format!("expected {expected} votes of leaves, got {n_votes}")));
        }
        Ok(())
    }

    fn check_node(&self, at: u32, node: &Node) -> Result<(), ForestError> {
        match *node {
            Node::Leaf { first_vote, n_votes } => {
                let end = u64::from(first_vote) + u64::from(n_votes);
                if end > self.votes.len() as u64 {
                    let n = self.votes.len();
                    return Err(ForestError(format!("node {at}: expected {end} votes, got {n}")));
                }
            }
            Node::Split(split) => {
                if split.feature as usize >= self.n_features {
                    let (n, got) = (self.n_features, split.feature);
                    return Err(ForestError(format!(
                        "node {at}: expected a feature below {n}, got {got}"
                    )));
                }
                if let Test::Member(set) = split.test
                    && set as usize >= self.sets.len()
                {
                    let n = self.sets.len();
                    return Err(ForestError(format!(
                        "node {at}: expected a set below {n}, got {set}"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// What is wrong with a forest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForestError(String);

impl fmt::Display for ForestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ForestError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare() -> Node {
        Node::Leaf { first_vote: 0, n_votes: 0 }
    }

    fn leaf(vote: u32) -> Node {
        Node::Leaf { first_vote: vote, n_votes: 1 }
    }

    fn split(if_true: u32, if_false: u32) -> Node {
        let test = Test::Compare(Comparison::LessOrEqual, 0.5);
        Node::Split(Split { feature: 0, test, missing: Missing::Compared, if_true, if_false })
    }

    fn parts(nodes: Vec<Node>) -> ForestParts {
        ForestParts {
            n_features: 1,
            n_outputs: 1,
            nodes,
            roots: vec![0],
            votes: vec![Vote { output: 0, weight: 1.0 }, Vote { output: 0, weight: 2.0 }],
            sets: Vec::new(),
            aggregate: Aggregate::Sum,
            base: Vec::new(),
            base_order: BaseOrder::Last,
        }
    }

    fn refused(parts: ForestParts) -> String {
        Forest::new(parts).unwrap_err().to_string()
    }

    #[test]
    fn a_tree_is_accepted_and_kept() {
        let stump = parts(vec![split(2, 1), leaf(0), leaf(1)]);
        assert_eq!(Forest::new(stump.clone()).unwrap().parts(), &stump);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let tree = vec![split(1, 2), leaf(0), leaf(1)];
        assert_eq!(refused(parts(vec![split(0, 1), leaf(0)])), "node 0 is reached in two ways");
        assert_eq!(refused(parts(vec![split(1, 1), leaf(0)])), "node 1 is reached in two ways");
        let cycle = parts(vec![split(1, 2), split(0, 3), leaf(0), leaf(0)]);
        assert_eq!(refused(cycle), "node 0 is reached in two ways");
        assert_eq!(refused(parts(vec![split(1, 9), leaf(0)])), "expected a node below 2, got 9");
        let shared = parts(vec![split(1, 2), leaf(0), Node::Leaf { first_vote: 0, n_votes: 2 }]);
        assert_eq!(refused(shared), "expected 2 votes of leaves, got 3");
        let stray = [tree.clone(), vec![leaf(0)]].concat();
        assert_eq!(refused(parts(stray)), "node 3 is in no tree");
        let twice = ForestParts { roots: vec![0, 0], ..parts(tree) };
        assert_eq!(refused(twice), "node 0 is reached in two ways");
    }

    #[test]
    fn indices_out_of_range_are_refused() {
        let of = |node: Node| parts(vec![node]);
        assert_eq!(refused(of(leaf(2))), "node 0: expected 3 votes, got 2");
        let far = Node::Leaf { first_vote: u32::MAX, n_votes: u32::MAX };
        assert_eq!(refused(of(far)), "node 0: expected 8589934590 votes, got 2");
        let Node::Split(of_feature) = split(1, 2) else { panic!("not a split") };
        let of_split = |split: Split| parts(vec![Node::Split(split), leaf(0), leaf(1)]);
        let feature = of_split(Split { feature: 1, ..of_feature });
        assert_eq!(refused(feature), "node 0: expected a feature below 1, got 1");
        let member = of_split(Split { test: Test::Member(0), ..of_feature });
        assert_eq!(refused(member), "node 0: expected a set below 0, got 0");
        let votes = vec![Vote { output: 1, weight: 1.0 }];
        let output = ForestParts { votes, ..of(leaf(0)) };
        assert_eq!(refused(output), "vote 0: expected an output below 1, got 1");
        let base = ForestParts { base: vec![1.0; 2], ..of(leaf(0)) };
        assert_eq!(refused(base), "expected 1 base values, got 2");
        let empty = ForestParts { roots: Vec::new(), ..parts(Vec::new()) };
        assert_eq!(
            refused(empty),
            "expected trees, outputs and features, got 0 trees, 1 outputs and 1 features"
        );
        let many = ForestParts { n_outputs: 5000, ..of(leaf(0)) };
        assert_eq!(refused(many), "expected at most 1026 outputs, got 5000");
        let order = ForestParts {
            aggregate: Aggregate::Average,
            base_order: BaseOrder::First,
            ..of(leaf(0))
        };
        assert_eq!(refused(order), "only a sum can start from base values");
    }

    #[test]
    fn a_long_way_down_is_walked_without_recursion() {
        let n = 200_000_u32;
        let mut nodes: Vec<Node> = (0..n).map(|at| split(at + 1, n + 1 + at)).collect();
        nodes.resize(2 * n as usize + 1, bare());
        assert!(Forest::new(parts(nodes)).is_ok());
    }

    #[test]
    fn sets_hold_numbers_or_what_is_left_of_them() {
        let numbers = Set::numbers(vec![2.5, f64::NAN, -0.0, f64::INFINITY, 2.5]);
        for value in [2.5, 0.0, -0.0, f64::INFINITY] {
            assert!(numbers.contains(value), "{value}");
        }
        for value in [2.0, f64::NAN, f64::NEG_INFINITY] {
            assert!(!numbers.contains(value), "{value}");
        }
        let categories = Set::categories(vec![7, 0, 7]);
        for value in [7.0, 7.9, 0.0, -0.0, -0.9] {
            assert!(categories.contains(value), "{value}");
        }
        for value in [8.0, -1.0, f64::NAN, f64::INFINITY, -7.0, 1e300] {
            assert!(!categories.contains(value), "{value}");
        }
    }
}
