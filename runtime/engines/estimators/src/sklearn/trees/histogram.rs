//! Histogram gradient boosting, with missing values and categories.

use radiant_core::Error;
use radiant_formats::Node;
use radiant_kernels::forest::{
    Comparison, ForestKernel, Missing, Rows as KernelRows, Set, Split, Test, Vote,
};

use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::source::{Read, Source};

use super::codes::Columns;
use super::grove::{Grove, Part};
use super::link::{Ballot, Choice, Link};

/// `HistGradientBoostingClassifier` and `HistGradientBoostingRegressor`.
#[derive(Debug)]
struct Histogram {
    class: Box<str>,
    columns: Columns,
    kernel: ForestKernel<f64, f64>,
    head: Head,
}

/// What becomes of the sums.
#[derive(Debug)]
enum Head {
    Classes(Ballot),
    Sum,
    Exponential,
}

impl Head {
    fn n_sums(&self) -> usize {
        match self {
            Self::Classes(ballot) => ballot.n_sums(),
            Self::Sum | Self::Exponential => 1,
        }
    }
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let link = if classes.len() <= 2 { Link::Logistic } else { Link::Softmax };
    let choice = if source.since(1, 5) { Choice::AboveZero } else { Choice::Probable };
    read(source, Head::Classes(Ballot { classes, link, choice }))
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let loss = source.choice("loss", "squared_error")?;
    let head = match &*loss {
        "squared_error"
        | "absolute_error"
        | "quantile"
        | "least_squares"
        | "least_absolute_deviation" => Head::Sum,
        "poisson" | "gamma" => Head::Exponential,
        other => {
            let what = format_args!("the loss `{other}`");
            return Err(source.unsupported(what, "train it with one of scikit-learn's own losses"));
        }
    };
    read(source, head)
}

fn read(source: &Source<'_>, head: Head) -> Read<Box<dyn Estimator>> {
    let columns = Columns::read(source)?;
    let n_sums = head.n_sums();
    let base = source.attr("_baseline_prediction")?;
    let (start, _) = base.floats()?;
    if start.len() != n_sums {
        return Err(base.expected(format_args!("{n_sums} numbers")));
    }
    let rounds = source.attr("_predictors")?;
    let mut grove = Grove::new(columns.n_columns(), n_sums).starting_from(start);
    for round in rounds.items()? {
        if round.items()?.len() != n_sums {
            return Err(round.expected(format_args!("{n_sums} trees")));
        }
        for (tree, output) in round.items()?.zip(0_u32..) {
            plant(&mut grove, tree, output, &columns)?;
        }
    }
    let kernel = grove.kernel(rounds)?;
    Ok(Box::new(Histogram { class: source.class().into(), columns, kernel, head }))
}

/// The nodes of a tree, a column for each of their properties.
struct Records {
    is_leaf: Vec<bool>,
    value: Vec<f64>,
    feature: Vec<u32>,
    threshold: Vec<f64>,
    left: Vec<u32>,
    right: Vec<u32>,
    missing_is_left: Vec<bool>,
    is_categorical: Vec<bool>,
    set: Vec<u32>,
}

impl Records {
    fn read(node: Node<'_>) -> Read<Self> {
        let array = node.array()?;
        let indices = |name: &str| -> Read<Vec<u32>> {
            let field = array.field(name)?;
            // Of a leaf they may be anything.
            let index = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
            Ok(field.to_i64()?.into_iter().map(index).collect())
        };
        let flags = |name: &str| -> Read<Vec<bool>> {
            Ok(array.field(name)?.to_i64()?.into_iter().map(|flag| flag != 0).collect())
        };
        let threshold =
            if array.has_field("num_threshold") { "num_threshold" } else { "threshold" };
        let (is_categorical, set) = if array.has_field("is_categorical") {
            (flags("is_categorical")?, indices("bitset_idx")?)
        } else {
            (vec![false; array.len()], vec![0; array.len()])
        };
        Ok(Self {
            is_leaf: flags("is_leaf")?,
            value: array.field("value")?.to_f64()?,
            feature: indices("feature_idx")?,
            threshold: array.field(threshold)?.to_f64()?,
            left: indices("left")?,
            right: indices("right")?,
            missing_is_left: flags("missing_go_to_left")?,
            is_categorical,
            set,
        })
    }
}

fn plant(grove: &mut Grove, tree: Node<'_>, output: u32, columns: &Columns) -> Read<()> {
    let nodes = tree.attr("nodes")?;
    let records = Records::read(nodes)?;
    let sets = sets(tree)?;
    let mut parts = Vec::with_capacity(records.value.len());
    for at in 0..records.value.len() {
        if records.is_leaf[at] {
            parts.push(Part::Leaf);
            continue;
        }
        let feature = records.feature[at];
        if columns.is_categorical(feature) != records.is_categorical[at] {
            return Err(nodes.expected("sets for categories, and thresholds for numbers"));
        }
        let test = if records.is_categorical[at] {
            let set = sets.get(records.set[at] as usize);
            let set = set.ok_or_else(|| nodes.expected("sets of categories that are there"))?;
            Test::Member(grove.add_set(Set::categories(set.clone())))
        } else {
            Test::Compare(Comparison::LessOrEqual, records.threshold[at])
        };
        parts.push(Part::Split(Split {
            feature,
            test,
            missing: Missing::Nan { takes_true: records.missing_is_left[at] },
            if_true: records.left[at],
            if_false: records.right[at],
        }));
    }
    let vote = |leaf: usize| Vote { output, weight: records.value[leaf] };
    grove.plant(parts.into_iter(), |leaf, votes| votes.push(vote(leaf)));
    Ok(())
}

/// The sets of categories that go left, each as 256 bits.
fn sets(tree: Node<'_>) -> Read<Vec<Vec<u32>>> {
    let Some(node) = tree.attr_some("raw_left_cat_bitsets")? else { return Ok(Vec::new()) };
    let array = node.array()?;
    if array.shape().len() != 2 || array.shape()[1] != 8 {
        return Err(array.expected("sets of 256 bits"));
    }
    let words = array.to_u32()?;
    let members = |words: &[u32]| -> Vec<u32> {
        let has = |category: &u32| words[*category as usize / 32] >> (category % 32) & 1 == 1;
        (0..256).filter(has).collect()
    };
    Ok(words.chunks_exact(8).map(members).collect())
}

impl Estimator for Histogram {
    fn fact(&self, method: Method) -> Option<Fact> {
        match &self.head {
            Head::Classes(ballot) if method != Method::PredictLogProba => ballot.fact(method),
            Head::Classes(_) => None,
            Head::Sum | Head::Exponential => (method == Method::Predict).then_some(Fact::NUMBER),
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.class, method));
        }
        let rows = self.columns.rows(x)?;
        let mut sums = Vec::with_capacity(rows.n_rows * self.head.n_sums());
        self.kernel.run(KernelRows::new(&rows.values, rows.n_columns), &mut sums);
        Ok(match &self.head {
            Head::Classes(ballot) => ballot.answer(method, sums),
            Head::Sum => Answer::column(sums),
            Head::Exponential => {
                for sum in &mut sums {
                    *sum = sum.exp();
                }
                Answer::column(sums)
            }
        })
    }

    fn wants(&self) -> Wants {
        self.columns.wants()
    }

    fn classes(&self) -> Option<&Data<'static>> {
        match &self.head {
            Head::Classes(ballot) => Some(&ballot.classes),
            Head::Sum | Head::Exponential => None,
        }
    }
}
