//! Models of CatBoost with numeric features.
//!
//! Source: files and answers of CatBoost 1.2. A tree with one split for each level becomes a tree
//! with a split for each node, which the kernel walks as fast.

use radiant_core::{DType, Error, TensorData};
use radiant_formats::catboost::{Label, Model, NanValue, Node, Split, Tree};
use radiant_kernels::forest::{
    self as parts, Aggregate, BaseOrder, Comparison, Forest, ForestError, ForestKernel,
    ForestParts, Missing, Rows, Vote,
};

use super::{AnswerFact, Input, Method, Scratch};
use crate::Unsupported;

/// A model that is ready to run.
#[derive(Debug)]
pub(crate) struct CatboostModel {
    n_features: usize,
    /// `None` if there are no trees.
    kernel: Option<Box<ForestKernel<f32, f64>>>,
    scale: f64,
    bias: Vec<f64>,
    link: Link,
    labels: Vec<Label>,
}

/// What becomes of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Identity,
    Logistic,
    Softmax,
    /// A probability for each output, which need not add up to one.
    LogisticEach,
    Exp,
    /// Nobody knows: only sums are given.
    Unknown,
}

impl Link {
    fn of(loss: Option<&str>) -> Self {
        match loss {
            Some("Logloss" | "CrossEntropy") => Self::Logistic,
            Some("MultiClass") => Self::Softmax,
            Some("MultiClassOneVsAll") => Self::LogisticEach,
            Some("Poisson" | "Tweedie") => Self::Exp,
            Some(
                "RMSE" | "MAE" | "Quantile" | "MAPE" | "Huber" | "Expectile" | "LogCosh" | "Lq"
                | "MultiRMSE",
            ) => Self::Identity,
            Some(_) | None => Self::Unknown,
        }
    }

    fn is_classifier(self) -> bool {
        matches!(self, Self::Logistic | Self::Softmax | Self::LogisticEach)
    }
}

impl CatboostModel {
    /// Prepares a model.
    ///
    /// # Errors
    /// When it has more trees than a forest can.
    pub(crate) fn new(model: &Model) -> Result<Self, Unsupported> {
        let kernel = if model.trees.is_empty() {
            None
        } else {
            let refuse = |error: ForestError| Unsupported::new("the trees", error.to_string());
            let forest = Forest::new(forest(model)).map_err(refuse)?;
            Some(Box::new(ForestKernel::new(&forest)))
        };
        Ok(Self {
            n_features: model.n_features,
            kernel,
            scale: model.scale,
            bias: model.bias.clone(),
            link: Link::of(model.loss.as_deref()),
            labels: model.labels.clone(),
        })
    }

    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    fn n_outputs(&self) -> usize {
        self.bias.len()
    }

    pub(crate) fn labels(&self) -> &[Label] {
        if self.link.is_classifier() { &self.labels } else { &[] }
    }

    pub(crate) fn answer_fact(&self, method: Method) -> Option<AnswerFact> {
        let n_outputs = self.n_outputs();
        match method {
            Method::Booster | Method::Margin => Some(AnswerFact::new(DType::F64, n_outputs)),
            Method::Predict | Method::PredictProba if self.link == Link::Unknown => None,
            Method::Predict if self.link.is_classifier() => Some(AnswerFact::new(DType::I64, 1)),
            Method::Predict => Some(AnswerFact::new(DType::F64, n_outputs)),
            Method::PredictProba => {
                let fact = AnswerFact::new(DType::F64, n_outputs.max(2));
                self.link.is_classifier().then_some(fact)
            }
        }
    }

    pub(crate) fn predict(
        &self,
        input: Input<'_>,
        method: Method,
        scratch: &mut Scratch,
        out: &mut TensorData,
    ) -> Result<(), Error> {
        if self.answer_fact(method).is_none() {
            return Err(Error::invalid_input("the model's loss has no such method"));
        }
        if input.n_columns() < self.n_features {
            let (expected, got) = (self.n_features, input.n_columns());
            let what = format!("expected {expected} features in each row, got {got}");
            return Err(Error::invalid_input(what));
        }
        if method == Method::Predict && self.link.is_classifier() {
            let mut scores = std::mem::take(&mut scratch.sums);
            scores.clear();
            let summed = self.sums(input, scratch, &mut scores);
            self.label_all(&scores, out.reset::<i64>());
            scratch.sums = scores;
            return summed;
        }
        let scores = out.reset::<f64>();
        self.sums(input, scratch, scores)?;
        match (method, self.link) {
            (Method::Booster | Method::Margin, _) => {}
            (_, Link::Identity | Link::Unknown) => {}
            (_, Link::Exp) => super::each(scores, f64::exp),
            (_, Link::Logistic) => {
                super::each(scores, logistic);
                super::both_probabilities(scores);
            }
            (_, Link::LogisticEach) => {
                super::each(scores, logistic);
            }
            (_, Link::Softmax) => {
                scores.chunks_exact_mut(self.bias.len()).for_each(super::softmax);
            }
        }
        Ok(())
    }

    fn label_all(&self, sums: &[f64], labels: &mut Vec<i64>) {
        if self.link == Link::Logistic {
            labels.extend(sums.iter().map(|&sum| i64::from(sum > 0.0)));
        } else {
            super::labels(sums, self.bias.len(), labels);
        }
    }

    /// Appends the sums of each row.
    fn sums(
        &self,
        input: Input<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let begin = out.len();
        if let Some(kernel) = &self.kernel {
            let width = input.n_columns().max(kernel.n_features());
            input.singles(
                width,
                &mut scratch.singles,
                |_| Ok(()),
                |rows| {
                    kernel.run(Rows::new(rows, width), out);
                },
            )?;
        } else {
            out.resize(begin + input.n_rows() * self.bias.len(), 0.0);
        }
        for row in out[begin..].chunks_exact_mut(self.bias.len()) {
            for (sum, bias) in row.iter_mut().zip(&self.bias) {
                *sum = *sum * self.scale + bias;
            }
        }
        Ok(())
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn forest(model: &Model) -> ForestParts {
    let mut forest = ForestParts {
        // As many as columns must be there, and one for trees that ask for none.
        n_features: model.n_features.max(1),
        n_outputs: model.bias.len(),
        nodes: Vec::new(),
        roots: Vec::new(),
        votes: Vec::new(),
        sets: Vec::new(),
        aggregate: Aggregate::Sum,
        base: Vec::new(),
        base_order: BaseOrder::First,
    };
    for tree in &model.trees {
        let first = index(forest.nodes.len());
        forest.roots.push(first);
        match tree {
            Tree::Oblivious { splits, values } => oblivious(model, splits, values, &mut forest),
            Tree::Deep { nodes, values } => deep(model, nodes, values, &mut forest),
        }
    }
    forest
}

/// Adds a tree whose last split is the root: its bit is the highest of the leaf's index.
fn oblivious(model: &Model, splits: &[Split], values: &[f64], forest: &mut ForestParts) {
    let mut first_of_level = forest.nodes.len();
    for (level, split) in splits.iter().rev().enumerate() {
        let n_nodes = 1_usize << level;
        let next_level = first_of_level + n_nodes;
        for node in 0..n_nodes {
            let child = index(next_level + 2 * node);
            let node = split_of(model, *split, child, child.saturating_add(1));
            forest.nodes.push(node);
        }
        first_of_level = next_level;
    }
    for values in values.chunks_exact(model.bias.len()) {
        let leaf = leaf(values, forest);
        forest.nodes.push(leaf);
    }
}

fn deep(model: &Model, nodes: &[Node], values: &[f64], forest: &mut ForestParts) {
    let first = index(forest.nodes.len());
    for node in nodes {
        let node = match node {
            Node::Split { split, left, right } => {
                split_of(model, *split, first.saturating_add(*left), first.saturating_add(*right))
            }
            Node::Leaf(at) => leaf(&values[*at as usize..][..model.bias.len()], forest),
        };
        forest.nodes.push(node);
    }
}

fn split_of(model: &Model, split: Split, small: u32, great: u32) -> parts::Node {
    let feature = model.features[split.feature as usize];
    parts::Node::Split(parts::Split {
        feature: feature.column,
        test: parts::Test::Compare(Comparison::Greater, split.border.into()),
        missing: Missing::Nan { takes_true: feature.nan_value == NanValue::Great },
        if_true: great,
        if_false: small,
    })
}

fn leaf(values: &[f64], forest: &mut ForestParts) -> parts::Node {
    let first_vote = index(forest.votes.len());
    let votes = values.iter().zip(0..).map(|(&weight, output)| Vote { output, weight });
    forest.votes.extend(votes);
    parts::Node::Leaf { first_vote, n_votes: index(values.len()) }
}

/// A place in a list; what has no room in a forest is refused by it.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
