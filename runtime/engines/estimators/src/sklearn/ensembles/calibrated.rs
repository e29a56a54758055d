//! Scores that were calibrated to probabilities.

use radiant_core::Error;
use radiant_formats::Node;

use crate::sklearn::activation::{argmax, expit, softmax};
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::reduce::isotonic::Isotonic;
use crate::sklearn::source::{Read, Source};

use super::member::{Given, divide, expect, given_of};

/// How one class's scores become probabilities.
#[derive(Debug)]
enum Curve {
    Sigmoid {
        slope: f64,
        offset: f64,
        /// Whether the exponential is taken as it stands (0.20).
        is_plain: bool,
    },
    Isotonic(Isotonic),
}

/// How a member's scores become probabilities.
#[derive(Debug)]
enum Curves {
    /// One for each class, or for the second of two: its place, and its curve.
    Each(Vec<(usize, Curve)>),
    Temperature(f64),
}

/// A fitted estimator and its calibration.
#[derive(Debug)]
struct Member {
    estimator: Box<dyn Estimator>,
    method: Method,
    curves: Curves,
}

/// `CalibratedClassifierCV`.
#[derive(Debug)]
struct Calibrated {
    // Invariant: at least one.
    members: Vec<Member>,
    classes: Data<'static>,
}

/// Added to probabilities before their logarithm is taken.
const LEAST: f64 = 1e-12;

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let list = source.attr("calibrated_classifiers_")?;
    let read = |node| Member::read(&source.part(node)?, &classes);
    let members = list.items()?.map(read).collect::<Read<Vec<_>>>()?;
    if members.is_empty() || classes.len() < 2 {
        return Err(list.expected("at least one estimator of two classes"));
    }
    Ok(Box::new(Calibrated { members, classes }))
}

/// Reads `FrozenEstimator`, which is what it holds.
pub(super) fn read_frozen(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    source.estimator(source.attr("estimator")?)
}

impl Member {
    fn read(source: &Source<'_>, classes: &Data<'static>) -> Read<Self> {
        let newer = source.some("estimator")?.filter(|node| node.class().is_some());
        let node = newer.map_or_else(|| source.attr("base_estimator"), Ok)?;
        let estimator = source.estimator(node)?;
        let n_classes = classes.len();
        if estimator.classes().is_some_and(|own| own != classes) {
            let what = "a member that never saw all classes";
            return Err(source.unsupported(what, "calibrate with rows of all classes in each fold"));
        }
        let method = if estimator.fact(Method::DecisionFunction).is_some() {
            Method::DecisionFunction
        } else {
            Method::PredictProba
        };
        let is_score = method == Method::DecisionFunction && n_classes == 2;
        expect(node, &*estimator, method, if is_score { 1 } else { n_classes })?;
        let calibrators = source.node.attr_any(&["calibrators", "calibrators_"])?;
        let n_curves = calibrators.items()?.len();
        let curves = if source.choice("method", "sigmoid")? == "temperature" {
            let scale = calibrators.item(0)?.attr("beta_")?.float()?;
            Curves::Temperature(scale)
        } else {
            let first = usize::from(n_classes == 2);
            if n_curves != n_classes - first {
                return Err(calibrators.expected(format_args!("{} curves", n_classes - first)));
            }
            let curve = |(at, node)| Ok((at + first, Curve::read(source, node)?));
            Curves::Each(calibrators.items()?.enumerate().map(curve).collect::<Read<_>>()?)
        };
        Ok(Self { estimator, method, curves })
    }

    /// `[n_rows, n_classes]`
    fn probabilities(&self, x: &Table<'_>, n_classes: usize) -> Result<Vec<f64>, Error> {
        let is_score = self.method == Method::DecisionFunction && n_classes == 2;
        let n_columns = if is_score { 1 } else { n_classes };
        let given = given_of(&*self.estimator, self.method, x, n_columns)?;
        let mut all = match &self.curves {
            Curves::Temperature(scale) => self.tempered(*scale, &given, is_score),
            Curves::Each(curves) => curved(curves, &given, n_classes),
        };
        for p in &mut all {
            if *p > 1.0 && *p <= 1.0 + 1e-5 {
                *p = 1.0;
            }
        }
        Ok(all)
    }

    fn tempered(&self, scale: f64, given: &Given, is_score: bool) -> Vec<f64> {
        let mut all: Vec<f64> = if is_score {
            given.values.iter().flat_map(|score| [-score * scale, score * scale]).collect()
        } else if self.method == Method::PredictProba {
            let pairs = given.n_columns == 2;
            let logarithm = |p: f64| (p + LEAST).ln() * scale;
            // Of two probabilities the first is what the second leaves.
            let row = |row: &[f64]| match (pairs, row) {
                (true, [_, p]) => vec![logarithm(1.0 - p), logarithm(*p)],
                _ => row.iter().map(|p| logarithm(*p)).collect(),
            };
            given.rows().flat_map(row).collect()
        } else {
            given.values.iter().map(|score| score * scale).collect()
        };
        let width = if is_score { 2 } else { given.n_columns };
        all.chunks_exact_mut(width).for_each(softmax);
        all
    }
}

/// Each class by its own curve, and then all by their sum.
fn curved(curves: &[(usize, Curve)], given: &Given, n_classes: usize) -> Vec<f64> {
    let mut all = vec![0.0; given.rows().len() * n_classes];
    let is_pair = n_classes == 2;
    for (row, scores) in all.chunks_exact_mut(n_classes).zip(given.rows()) {
        // Of two probabilities the second is calibrated.
        let scores = if is_pair { &scores[scores.len() - 1..] } else { scores };
        for ((class, curve), score) in curves.iter().zip(scores) {
            row[*class] = curve.at(*score);
        }
        if is_pair {
            row[0] = 1.0 - row[1];
            continue;
        }
        let sum: f64 = row.iter().sum();
        if sum == 0.0 {
            row.fill(1.0 / n_classes as f64);
        } else {
            divide(row, sum);
        }
    }
    all
}

impl Curve {
    fn read(source: &Source<'_>, node: Node<'_>) -> Read<Self> {
        let source = source.part(node)?;
        match source.class() {
            "IsotonicRegression" => Ok(Self::Isotonic(Isotonic::read(&source)?)),
            "_SigmoidCalibration" => Ok(Self::Sigmoid {
                slope: source.attr("a_")?.float()?,
                offset: source.attr("b_")?.float()?,
                is_plain: !source.since(0, 21),
            }),
            _ => Err(node.expected("a calibration")),
        }
    }

    fn at(&self, score: f64) -> f64 {
        match self {
            Self::Isotonic(steps) => steps.apply(score),
            Self::Sigmoid { slope, offset, is_plain } => {
                let x = slope * score + offset;
                if *is_plain { 1.0 / (1.0 + x.exp()) } else { expit(-x) }
            }
        }
    }
}

impl Calibrated {
    /// `[n_rows, n_classes]`
    fn probabilities(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let n_classes = self.classes.len();
        let mut sums = vec![0.0; x.n_rows() * n_classes];
        for member in &self.members {
            let given = member.probabilities(x, n_classes)?;
            sums.iter_mut().zip(given).for_each(|(sum, p)| *sum += p);
        }
        let n = self.members.len() as f64;
        divide(&mut sums, n);
        Ok(sums)
    }
}

impl Estimator for Calibrated {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact::labels(&self.classes)),
            Method::PredictProba => Some(Fact::numbers(self.classes.len())),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let n_classes = self.classes.len();
        match method {
            Method::Predict => {
                let all = self.probabilities(x)?;
                Ok(Answer::column(self.classes.pick(all.chunks_exact(n_classes).map(argmax))))
            }
            Method::PredictProba => {
                Ok(Answer::matrix(x.n_rows(), n_classes, self.probabilities(x)?))
            }
            _ => Err(no_method("CalibratedClassifierCV", method)),
        }
    }

    fn wants(&self) -> Wants {
        self.members.first().map_or(Wants::Matrix(None), |first| first.estimator.wants())
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
