//! Forests against a naive twin: recursion over the model, in double precision where it compares.

use proptest::prelude::*;

use super::{
    Aggregate, BaseOrder, Comparison, Forest, ForestParts, Missing, Node, Set, Split, Test, Vote,
};
use super::{Feature, ForestKernel, Rows, Score, Trees};

/// The leaf in which a row ends, by the definitions of the model.
#[expect(clippy::float_cmp, reason = "equality is asked for")]
fn leaf<'a, X: Feature>(parts: &'a ForestParts, at: u32, row: &[X]) -> &'a [Vote] {
    let split = match parts.nodes[at as usize] {
        Node::Leaf { first_vote, n_votes } => {
            return &parts.votes[first_vote as usize..][..n_votes as usize];
        }
        Node::Split(split) => split,
    };
    let x: f64 = row[split.feature as usize].into();
    let tested = |x: f64| match split.test {
        Test::Compare(Comparison::LessOrEqual, limit) => x <= limit,
        Test::Compare(Comparison::Less, limit) => x < limit,
        Test::Compare(Comparison::GreaterOrEqual, limit) => x >= limit,
        Test::Compare(Comparison::Greater, limit) => x > limit,
        Test::Compare(Comparison::Equal, limit) => x == limit,
        Test::Compare(Comparison::NotEqual, limit) => x != limit,
        Test::Member(set) => parts.sets[set as usize].contains(x),
    };
    let is_true = match split.missing {
        Missing::Compared => tested(x),
        Missing::Nan { takes_true } => {
            if x.is_nan() {
                takes_true
            } else {
                tested(x)
            }
        }
        Missing::NanIsZero => tested(if x.is_nan() { 0.0 } else { x }),
        Missing::NanOrZero { takes_true } => {
            if x.is_nan() || x.abs() <= f64::from(1e-35_f32) {
                takes_true
            } else {
                tested(x)
            }
        }
    };
    leaf(parts, if is_true { split.if_true } else { split.if_false }, row)
}

/// The scores of a row.
fn naive<X: Feature, S: Score>(parts: &ForestParts, row: &[X]) -> Vec<S> {
    let score = |output: usize| {
        let votes = parts.roots.iter().flat_map(|&root| leaf(parts, root, row));
        let votes: Vec<S> = votes
            .filter(|vote| vote.output as usize == output)
            .map(|vote| S::vote(vote.weight))
            .collect();
        let base = parts.base.get(output).map(|&base| S::vote(base));
        let start = match parts.base_order {
            BaseOrder::First => base.unwrap_or_default(),
            BaseOrder::Last => S::default(),
        };
        let add = |mut sum: S, vote: &S| {
            sum += *vote;
            sum
        };
        let mut score = match parts.aggregate {
            _ if votes.is_empty() => return base.unwrap_or_default(),
            Aggregate::Sum => votes.iter().fold(start, add),
            Aggregate::Average => votes.iter().fold(start, add) / S::count(parts.roots.len()),
            Aggregate::Min => {
                votes.iter().copied().reduce(|a, b| if b < a { b } else { a }).unwrap()
            }
            Aggregate::Max => {
                votes.iter().copied().reduce(|a, b| if b > a { b } else { a }).unwrap()
            }
        };
        if let (BaseOrder::Last, Some(base)) = (parts.base_order, base) {
            score += base;
        }
        score
    };
    (0..parts.n_outputs).map(score).collect()
}

/// What trees are made of.
#[derive(Debug, Clone, Copy)]
struct Kind {
    n_features: usize,
    n_outputs: usize,
    n_votes_max: usize,
    comparisons: &'static [Comparison],
    any_missing: bool,
    with_sets: bool,
}

/// Numbers at which something may go wrong, met by thresholds and features alike.
const EDGES: [f64; 14] = [
    0.0,
    -0.0,
    1.0,
    0.1,
    -0.1,
    2.5,
    1e-36,
    -1e-35,
    1e300,
    -1e300,
    f64::INFINITY,
    f64::NEG_INFINITY,
    16_777_217.0,
    0.300_000_011_920_928_96,
];

/// A source of choices, so that a seed of random bytes makes a forest.
struct Choices<'a>(std::iter::Cycle<std::slice::Iter<'a, u32>>, u32);

impl Choices<'_> {
    fn below(&mut self, n: usize) -> usize {
        self.1 = self.1.wrapping_mul(747_796_405).wrapping_add(*self.0.next().unwrap());
        (self.1 >> 8) as usize % n
    }

    fn number(&mut self) -> f64 {
        match self.below(3) {
            0 => EDGES[self.below(EDGES.len())],
            _ => self.below(2000) as f64 / 1000.0 - 1.0,
        }
    }

    fn split(&mut self, kind: Kind, sets: &mut Vec<Set>) -> Split {
        let test = if kind.with_sets && self.below(3) == 0 {
            let values: Vec<f64> = (0..4).map(|_| self.number()).collect();
            sets.push(match self.below(2) {
                0 => Set::numbers(values),
                _ => Set::categories(vec![0, 1, 2]),
            });
            Test::Member(u32::try_from(sets.len() - 1).unwrap())
        } else {
            Test::Compare(kind.comparisons[self.below(kind.comparisons.len())], self.number())
        };
        let takes_true = self.below(2) == 0;
        let missing = match self.below(if kind.any_missing { 4 } else { 1 }) {
            0 => Missing::Compared,
            1 => Missing::Nan { takes_true },
            2 => Missing::NanIsZero,
            _ if kind.with_sets => Missing::NanOrZero { takes_true },
            _ => Missing::Nan { takes_true },
        };
        let feature = u32::try_from(self.below(kind.n_features)).unwrap();
        Split { feature, test, missing, if_true: 0, if_false: 0 }
    }

    fn tree(&mut self, kind: Kind, parts: &mut ForestParts, depth: usize) -> u32 {
        let at = parts.nodes.len();
        if depth == 0 || self.below(5) == 0 {
            let first_vote = u32::try_from(parts.votes.len()).unwrap();
            let n_votes = if kind.n_votes_max == 1 { 1 } else { self.below(kind.n_votes_max + 1) };
            for _ in 0..n_votes {
                let output = u32::try_from(self.below(kind.n_outputs)).unwrap();
                parts.votes.push(Vote { output, weight: self.below(4001) as f64 / 700.0 - 3.0 });
            }
            let n_votes = u32::try_from(n_votes).unwrap();
            parts.nodes.push(Node::Leaf { first_vote, n_votes });
        } else {
            let split = self.split(kind, &mut parts.sets);
            parts.nodes.push(Node::Split(split));
            let if_false = self.tree(kind, parts, depth - 1);
            let if_true = self.tree(kind, parts, depth - 1);
            parts.nodes[at] = Node::Split(Split { if_true, if_false, ..split });
        }
        u32::try_from(at).unwrap()
    }

    fn forest(&mut self, kind: Kind, aggregate: Aggregate, depth: usize) -> Forest {
        let with_base = self.below(2) == 0;
        let base =
            if with_base { (0..kind.n_outputs).map(|_| self.number()).collect() } else { vec![] };
        let can_start = aggregate == Aggregate::Sum && self.below(2) == 0;
        let mut parts = ForestParts {
            n_features: kind.n_features,
            n_outputs: kind.n_outputs,
            nodes: Vec::new(),
            roots: Vec::new(),
            votes: Vec::new(),
            sets: Vec::new(),
            aggregate,
            base,
            base_order: if can_start { BaseOrder::First } else { BaseOrder::Last },
        };
        for _ in 0..=self.below(40) {
            let root = self.tree(kind, &mut parts, depth);
            parts.roots.push(root);
        }
        Forest::new(parts).unwrap()
    }

    fn rows<X>(&mut self, n: usize, convert: impl Fn(f64) -> X) -> Vec<X> {
        let nan_in = self.below(3) * 4;
        let number = |choices: &mut Self| match nan_in {
            0 => choices.number(),
            n if choices.below(n) == 0 => f64::NAN,
            _ => choices.number(),
        };
        (0..n).map(|_| convert(number(self))).collect()
    }
}

const INEQUALITIES: [Comparison; 4] =
    [Comparison::LessOrEqual, Comparison::Less, Comparison::GreaterOrEqual, Comparison::Greater];
const ALL: [Comparison; 6] = [
    Comparison::LessOrEqual,
    Comparison::Less,
    Comparison::GreaterOrEqual,
    Comparison::Greater,
    Comparison::Equal,
    Comparison::NotEqual,
];

fn check<X: Feature, S: Score + Into<f64>>(forest: &Forest, rows: &[X]) {
    let parts = forest.parts();
    let kernel = ForestKernel::<X, S>::new(forest);
    let mut out = vec![S::count(7)];
    kernel.run(Rows::new(rows, parts.n_features), &mut out);
    let expected = rows.chunks_exact(parts.n_features).flat_map(|row| naive::<X, S>(parts, row));
    let bits = |score: S| Into::<f64>::into(score).to_bits();
    let expected: Vec<u64> = expected.map(bits).collect();
    let got: Vec<u64> = out[1..].iter().copied().map(bits).collect();
    assert_eq!(got, expected, "{forest:?}");
    let mut alone = Vec::new();
    for row in rows.chunks_exact(parts.n_features) {
        // Columns that no tree asks for do not matter.
        let wide = [row, row].concat();
        kernel.run(Rows::new(&wide, wide.len()), &mut alone);
    }
    let alone: Vec<u64> = alone.into_iter().map(bits).collect();
    assert_eq!(alone, expected, "{forest:?}");
}

#[expect(clippy::cast_possible_truncation, reason = "any single is as good")]
fn check_all(kind: Kind, aggregate: Aggregate, (depth, n_rows): (usize, usize), seed: &[u32]) {
    let mut choices = Choices(seed.iter().cycle(), 1);
    let forest = choices.forest(kind, aggregate, depth);
    let n = n_rows * kind.n_features;
    let singles = choices.rows(n, |x| x as f32);
    check::<f32, f32>(&forest, &singles);
    check::<f32, f64>(&forest, &singles);
    check::<f64, f64>(&forest, &choices.rows(n, |x| x));
}

fn seed() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(any::<u32>(), 1..40)
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    prop_oneof![
        3 => Just(Aggregate::Sum),
        1 => Just(Aggregate::Average),
        1 => Just(Aggregate::Min),
        1 => Just(Aggregate::Max),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn trees_of_inequalities_give_the_bits_of_the_naive_walk(
        (n_features, n_outputs, n_votes_max) in (1..9_usize, 1..4_usize, 1..4_usize),
        any_missing: bool,
        aggregate in aggregate(),
        shape in (0..7_usize, 0..200_usize),
        seed in seed(),
    ) {
        let comparisons = &INEQUALITIES;
        let kind =
            Kind { n_features, n_outputs, n_votes_max, comparisons, any_missing, with_sets: false };
        check_all(kind, aggregate, shape, &seed);
    }

    #[test]
    fn trees_of_any_tests_give_the_bits_of_the_naive_walk(
        (n_features, n_outputs, n_votes_max) in (1..9_usize, 1..4_usize, 1..4_usize),
        aggregate in aggregate(),
        shape in (0..6_usize, 0..40_usize),
        seed in seed(),
    ) {
        let comparisons = &ALL;
        let kind = Kind {
            n_features, n_outputs, n_votes_max, comparisons, any_missing: true, with_sets: true
        };
        check_all(kind, aggregate, shape, &seed);
    }

    #[test]
    fn deep_lopsided_trees_are_walked_to_their_ends(
        depth in 15..60_usize,
        n_rows in 0..40_usize,
        seed in seed(),
    ) {
        let kind = Kind {
            n_features: 3,
            n_outputs: 1,
            n_votes_max: 1,
            comparisons: &INEQUALITIES,
            any_missing: true,
            with_sets: false,
        };
        let mut choices = Choices(seed.iter().cycle(), 1);
        let mut parts = choices.forest(kind, Aggregate::Sum, 2).parts().clone();
        // One long way from the root of the first tree to the old one.
        for _ in 0..depth {
            let vote = u32::try_from(parts.votes.len()).unwrap();
            parts.votes.push(Vote { output: 0, weight: f64::from(vote) });
            parts.nodes.push(Node::Leaf { first_vote: vote, n_votes: 1 });
            let split = choices.split(kind, &mut parts.sets);
            let leaf = u32::try_from(parts.nodes.len() - 1).unwrap();
            parts.nodes.push(Node::Split(Split { if_true: parts.roots[0], if_false: leaf, ..split }));
            parts.roots[0] = leaf + 1;
        }
        let forest = Forest::new(parts).unwrap();
        check::<f64, f64>(&forest, &choices.rows(n_rows * 3, |x| x));
    }

    #[test]
    fn thresholds_are_rounded_so_that_no_single_changes_its_way(
        limit in prop_oneof![any::<f64>(), any::<f32>().prop_map(f64::from)],
        x in any::<f32>(),
    ) {
        prop_assume!(!limit.is_nan());
        #[expect(clippy::cast_possible_truncation, reason = "numbers near the limit are wanted")]
        let near = limit as f32;
        for x in [x, near, near.next_up(), near.next_down()] {
            prop_assert_eq!(f64::from(x) <= limit, x <= f32::at_most(limit));
            let least = f32::at_least(limit);
            prop_assert_eq!(f64::from(x) >= limit, x >= least);
            let is_below = limit != f64::NEG_INFINITY && x <= least.before();
            prop_assert_eq!(f64::from(x) < limit, is_below);
        }
    }
}

#[test]
fn outputs_without_votes_are_told_from_those_with_a_vote_of_zero() {
    let parts = ForestParts {
        n_features: 1,
        n_outputs: 3,
        nodes: vec![Node::Leaf { first_vote: 0, n_votes: 1 }],
        roots: vec![0],
        votes: vec![Vote { output: 1, weight: 0.0 }],
        sets: Vec::new(),
        aggregate: Aggregate::Sum,
        base: vec![0.5, 0.25, 0.125],
        base_order: BaseOrder::Last,
    };
    let kernel = ForestKernel::<f32, f32>::new(&Forest::new(parts).unwrap());
    assert!(matches!(kernel.trees, Trees::Fast(_)));
    assert_eq!((kernel.n_features(), kernel.n_outputs()), (1, 3));
    let mut votes = Vec::new();
    kernel.votes(Rows::new(&[1.0, 2.0], 1), &mut votes);
    let unseen: Vec<bool> = votes.iter().map(|vote| vote.is_unseen()).collect();
    assert_eq!(unseen, [true, false, true, true, false, true]);
    let mut scores = Vec::new();
    kernel.run(Rows::new(&[1.0, 2.0], 1), &mut scores);
    assert_eq!(scores, [0.5, 0.25, 0.125, 0.5, 0.25, 0.125]);
    assert!(!f32::vote(f64::from(f32::UNSEEN)).is_unseen());
    assert!(!f64::vote(f64::UNSEEN).is_unseen());
}
