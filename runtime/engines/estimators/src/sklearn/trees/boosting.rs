//! Gradient boosting: sums of trees that start from the answer of another estimator.

use radiant_core::Error;
use radiant_formats::{FormatError, Node};
use radiant_kernels::forest::{ForestKernel, Rows, Vote};

use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method, table};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

use super::grove::Grove;
use super::link::{Ballot, Choice, Link};
use super::tree::Tree;

/// `GradientBoostingClassifier` and `GradientBoostingRegressor`.
#[derive(Debug)]
struct Boosting {
    intake: Intake,
    kernel: ForestKernel<f32, f64>,
    /// Who says what the sums start from, if that depends on the row.
    first: Option<First>,
    /// `None` for a regressor.
    ballot: Option<Ballot>,
}

/// An estimator that knows where sums start.
#[derive(Debug)]
struct First {
    estimator: Box<dyn Estimator>,
    scale: Scale,
}

/// From the answers of the first estimator to sums.
#[derive(Debug, Clone, Copy)]
struct Scale {
    link: Option<Link>,
    /// How near probabilities come to 0 and 1.
    margin: f64,
    /// Whether the sums of several classes have the mean zero, and all is in double precision (1.4).
    is_centred: bool,
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let is_new = source.since(1, 4);
    let is_exponential = source.choice("loss", "deviance")? == "exponential";
    let link = match classes.len() {
        0..=2 if is_exponential => Link::HalfLogistic,
        0..=2 => Link::Logistic,
        _ if is_new => Link::Softmax,
        _ => Link::LogSumExp,
    };
    let choice = if is_new || is_exponential { Choice::FromZero } else { Choice::Probable };
    read(source, Some(Ballot { classes, link, choice }))
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    read(source, None)
}

fn read(source: &Source<'_>, ballot: Option<Ballot>) -> Read<Box<dyn Estimator>> {
    let n_sums = ballot.as_ref().map_or(1, Ballot::n_sums);
    let node = source.attr("estimators_")?;
    let array = node.array()?;
    let members = array.to_nodes()?;
    if array.shape() != [members.len() / n_sums, n_sums] || members.is_empty() {
        return Err(array.expected(format_args!("trees for {n_sums} sums in each round")));
    }
    let rate = source.attr("learning_rate")?.float()?;
    let mut grove: Option<Grove> = None;
    let mut n_features = 0;
    for (member, output) in members.into_iter().zip((0..n_sums).cycle()) {
        let tree = Tree::read(&source.part(member)?)?;
        if grove.is_some() && tree.n_features != n_features || tree.n_outputs != 1 {
            return Err(member.expected("a tree of one output, with the features of the others"));
        }
        n_features = tree.n_features;
        let vote = |leaf| Vote {
            output: u32::try_from(output).unwrap_or(u32::MAX),
            weight: rate * tree.value(leaf, 0).first().copied().unwrap_or(0.0),
        };
        grove.get_or_insert_with(|| Grove::new(n_features, n_sums)).plant_tree(
            &tree,
            |feature| feature,
            |leaf, votes| votes.push(vote(leaf)),
        );
    }
    let grove = grove.ok_or_else(|| node.expected("at least one tree"))?;
    let scale = Scale {
        link: ballot.as_ref().map(|ballot| ballot.link),
        margin: if source.since(1, 8) { f64::EPSILON } else { f64::from(f32::EPSILON) },
        is_centred: source.since(1, 4),
    };
    let (grove, first) = match start(source, scale, n_sums)? {
        Start::Constant(base) => (grove.starting_from(base), None),
        Start::Depends(estimator) => (grove, Some(First { estimator, scale })),
    };
    let intake = Intake::new(source, Some(n_features)).with_texts();
    Ok(Box::new(Boosting { intake, kernel: grove.kernel(node)?, first, ballot }))
}

/// Where sums start.
enum Start {
    Constant(Vec<f64>),
    Depends(Box<dyn Estimator>),
}

fn start(source: &Source<'_>, scale: Scale, n_sums: usize) -> Read<Start> {
    let node = source.attr("init_")?;
    if node.text_opt().is_some_and(|text| text == "zero") {
        return Ok(Start::Constant(vec![0.0; n_sums]));
    }
    let class = node.class().map_or("", |class| class.name);
    // Estimators of 0.20 give sums, not probabilities.
    let name = match class {
        "ZeroEstimator" => return Ok(Start::Constant(vec![0.0; n_sums])),
        "MeanEstimator" => "mean",
        "QuantileEstimator" => "quantile",
        "LogOddsEstimator" | "ScaledLogOddsEstimator" => "prior",
        "PriorProbabilityEstimator" => "priors",
        _ if !source.since(0, 21) => {
            let what = format_args!("`init` of the class {class}");
            return Err(source.unsupported(what, "train it with a newer scikit-learn"));
        }
        _ => return start_of_estimator(source, node, scale, n_sums),
    };
    Ok(Start::Constant(source.part(node)?.vector_of(name, n_sums)?))
}

fn start_of_estimator(
    source: &Source<'_>,
    node: Node<'_>,
    scale: Scale,
    n_sums: usize,
) -> Read<Start> {
    let estimator = source.estimator(node)?;
    let method = scale.method();
    let expected = || -> FormatError {
        node.expected(format_args!("an estimator with `{}` of {n_sums} outputs", method.name()))
    };
    if estimator.fact(method).is_none() {
        return Err(expected());
    }
    if !node.class().is_some_and(|class| class.name.starts_with("Dummy")) {
        return Ok(Start::Depends(estimator));
    }
    // These give every row the same, and do not look at it.
    let row = Table::Array(Array::matrix(1, 0, Vec::<f64>::new()));
    let sums = scale.sums(&*estimator, &row, n_sums).map_err(|_| expected())?;
    Ok(Start::Constant(sums))
}

impl Scale {
    fn method(self) -> Method {
        if self.link.is_some() { Method::PredictProba } else { Method::Predict }
    }

    /// What the sums of each row start from: `[n_rows, n_sums]`.
    fn sums(
        self,
        estimator: &dyn Estimator,
        x: &Table<'_>,
        n_sums: usize,
    ) -> Result<Vec<f64>, Error> {
        let unexpected = || Error::internal("expected as many first values as there are sums");
        let Table::Array(array) = table(estimator.run(self.method(), x)?)? else {
            return Err(unexpected());
        };
        let n_columns = array.n_columns.unwrap_or(1);
        let expected = match self.link {
            None => 1,
            Some(_) if n_sums == 1 => 2,
            Some(_) => n_sums,
        };
        if n_columns != expected {
            return Err(unexpected());
        }
        let is_single = matches!(array.data, Data::F32(_)) && !self.is_centred;
        let values = crate::sklearn::intake::numbers(&array.data)?;
        let Some(link) = self.link else { return Ok(values.into_owned()) };
        // Logarithms of probabilities in single precision were in single precision.
        #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
        let ln = |x: f64| if is_single { f64::from((x as f32).ln()) } else { x.ln() };
        let held = |p: &f64| p.clamp(self.margin, 1.0 - self.margin);
        let odds = |p: f64| ln(p / (1.0 - p));
        Ok(match link {
            Link::Logistic => values.iter().skip(1).step_by(2).map(|p| odds(held(p))).collect(),
            Link::HalfLogistic => {
                values.iter().skip(1).step_by(2).map(|p| 0.5 * odds(held(p))).collect()
            }
            Link::LogSumExp => values.iter().map(|p| ln(held(p))).collect(),
            Link::Softmax => {
                let centred = |row: &[f64]| -> Vec<f64> {
                    let logarithms: f64 = row.iter().map(|p| held(p).ln()).sum();
                    let mean = (logarithms / row.len() as f64).exp();
                    row.iter().map(|p| (held(p) / mean).ln()).collect()
                };
                values.chunks_exact(n_sums).flat_map(centred).collect()
            }
        })
    }
}

impl Boosting {
    /// `[n_rows, n_sums]`
    fn sums(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let rows = self.intake.singles(x)?;
        let n_sums = self.kernel.n_outputs();
        let mut sums = Vec::with_capacity(rows.n_rows * n_sums);
        self.kernel.run(Rows::new(&rows.values, rows.n_columns), &mut sums);
        if let Some(First { estimator, scale }) = &self.first {
            let values = rows.values.into_owned();
            let singles = Table::Array(Array::matrix(rows.n_rows, rows.n_columns, values));
            let first = scale.sums(&**estimator, &singles, n_sums)?;
            sums.iter_mut().zip(first).for_each(|(sum, first)| *sum += first);
        }
        Ok(sums)
    }
}

impl Estimator for Boosting {
    fn fact(&self, method: Method) -> Option<Fact> {
        match (&self.ballot, method) {
            (Some(ballot), _) => ballot.fact(method),
            (None, Method::Predict) => Some(Fact::NUMBER),
            (None, _) => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        let sums = self.sums(x)?;
        Ok(match &self.ballot {
            Some(ballot) => ballot.answer(method, sums),
            None => Answer::column(sums),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.ballot.as_ref().map(|ballot| &ballot.classes)
    }
}
