//! `AdaBoost`: weighted votes of estimators that were trained one after the other.

use radiant_core::Error;

use crate::sklearn::activation::{argmax, softmax};
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, logarithms, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

use super::member::{Places, array, checked, divide, expect, given_of, members};

/// A member and its weight.
#[derive(Debug)]
struct Member {
    estimator: Box<dyn Estimator>,
    weight: f64,
}

/// How members vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vote {
    /// By the logarithms of their probabilities (SAMME.R).
    Logarithms,
    /// By their weight for one class, and by nothing against the others (SAMME to 1.2).
    For,
    /// By their weight for one class, and against the others by as much in all (SAMME).
    ForAndAgainst,
}

/// How votes become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    /// By exponentials of decisions.
    Decisions,
    /// By exponentials of the votes of all classes, or of mean probabilities (to 0.21).
    Means,
}

/// `AdaBoostClassifier`.
#[derive(Debug)]
struct Classifier {
    intake: Intake,
    // Invariant: at least one.
    members: Vec<Member>,
    sum_of_weights: f64,
    classes: Data<'static>,
    places: Places,
    vote: Vote,
    share: Share,
}

fn read_members(source: &Source<'_>, method: Method, n: usize) -> Read<Vec<Member>> {
    let node = source.attr("estimator_weights_")?;
    let weights = source.vector("estimator_weights_")?;
    let all = members(source, "estimators_")?;
    if weights.len() < all.len() {
        return Err(node.expected(format_args!("{} numbers", all.len())));
    }
    let mut members = Vec::with_capacity(all.len());
    for ((node, estimator), weight) in all.into_iter().zip(weights) {
        expect(node, &*estimator, method, n)?;
        members.push(Member { estimator, weight });
    }
    Ok(members)
}

/// Infinite values are refused, and numbers as texts are read by who comes next.
fn intake(source: &Source<'_>) -> Read<Intake> {
    Ok(Intake::new(source, source.n_features_in()?).with_texts())
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let default = if source.since(1, 6) { "SAMME" } else { "SAMME.R" };
    let vote = match &*source.choice("algorithm", default)? {
        "SAMME.R" => Vote::Logarithms,
        _ if source.since(1, 3) => Vote::ForAndAgainst,
        _ => Vote::For,
    };
    let share = if source.since(0, 22) { Share::Decisions } else { Share::Means };
    let (method, n) = match (vote, share) {
        (Vote::Logarithms, _) => (Method::PredictProba, classes.len()),
        _ => (Method::Predict, 1),
    };
    let members = read_members(source, method, n)?;
    let weights = source.vector("estimator_weights_")?;
    Ok(Box::new(Classifier {
        intake: intake(source)?,
        members,
        sum_of_weights: weights.iter().sum(),
        places: Places::new(&classes),
        classes,
        vote,
        share,
    }))
}

impl Classifier {
    /// What members say for each class, `[n_rows, n_classes]`, by the sum of their weights.
    fn votes(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let n_classes = self.classes.len();
        let mut votes = vec![0.0; x.n_rows() * n_classes];
        for Member { estimator, weight } in &self.members {
            let rows = votes.chunks_exact_mut(n_classes);
            if self.vote == Vote::Logarithms {
                let mut given = given_of(&**estimator, Method::PredictProba, x, n_classes)?;
                let given = given.values.chunks_exact_mut(n_classes);
                rows.zip(given).for_each(|(row, given)| add_logarithms(row, given));
                continue;
            }
            let labels = array(&**estimator, Method::Predict, x)?;
            let against = match self.vote {
                Vote::ForAndAgainst => -1.0 / (n_classes as f64 - 1.0) * weight,
                Vote::For | Vote::Logarithms => 0.0,
            };
            for (row, place) in rows.zip(self.places.of(&labels.data)) {
                for (class, vote) in row.iter_mut().enumerate() {
                    *vote += if place == Some(class) { *weight } else { against };
                }
            }
        }
        divide(&mut votes, self.sum_of_weights);
        Ok(votes)
    }

    /// One number a row for two classes, else one for each class.
    fn decisions(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let votes = self.votes(x)?;
        if self.classes.len() != 2 {
            return Ok(votes);
        }
        Ok(votes.chunks_exact(2).map(|row| -row[0] + row[1]).collect())
    }

    /// `[n_rows, n_classes]`
    fn probabilities(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let n_classes = self.classes.len();
        if n_classes == 1 {
            return Ok(vec![1.0; x.n_rows()]);
        }
        if self.share == Share::Means {
            return self.shares_of_means(x);
        }
        let mut shares = self.decisions(x)?;
        if n_classes == 2 {
            shares = shares.iter().flat_map(|score| [-score / 2.0, score / 2.0]).collect();
        } else {
            divide(&mut shares, n_classes as f64 - 1.0);
        }
        shares.chunks_exact_mut(n_classes).for_each(softmax);
        Ok(shares)
    }

    fn shares_of_means(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let n_classes = self.classes.len();
        let mut means = if self.vote == Vote::Logarithms {
            self.votes(x)?
        } else {
            let mut sums = vec![0.0; x.n_rows() * n_classes];
            for Member { estimator, weight } in &self.members {
                let given = given_of(&**estimator, Method::PredictProba, x, n_classes)?;
                sums.iter_mut().zip(given.values).for_each(|(sum, p)| *sum += p * weight);
            }
            divide(&mut sums, self.sum_of_weights);
            sums
        };
        let scale = 1.0 / (n_classes as f64 - 1.0);
        for row in means.chunks_exact_mut(n_classes) {
            for mean in &mut *row {
                *mean = (scale * *mean).exp();
            }
            let sum: f64 = row.iter().sum();
            let sum = if sum == 0.0 { 1.0 } else { sum };
            divide(row, sum);
        }
        Ok(means)
    }
}

fn add_logarithms(row: &mut [f64], probabilities: &mut [f64]) {
    let n_classes = row.len() as f64;
    for p in &mut *probabilities {
        *p = p.max(f64::EPSILON).ln();
    }
    let mean = 1.0 / n_classes * probabilities.iter().sum::<f64>();
    for (vote, logarithm) in row.iter_mut().zip(probabilities) {
        *vote += (n_classes - 1.0) * (*logarithm - mean);
    }
}

impl Estimator for Classifier {
    fn fact(&self, method: Method) -> Option<Fact> {
        let n_classes = self.classes.len();
        match method {
            Method::Predict => Some(Fact::labels(&self.classes)),
            Method::PredictProba | Method::PredictLogProba => Some(Fact::numbers(n_classes)),
            Method::DecisionFunction if n_classes == 2 => Some(Fact::NUMBER),
            Method::DecisionFunction => Some(Fact::numbers(n_classes)),
            Method::Transform | Method::ScoreSamples => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let x = &checked(&self.intake, x)?;
        let (n_rows, n_classes) = (x.n_rows(), self.classes.len());
        Ok(match method {
            Method::Predict if n_classes == 2 => {
                let second = |score: &f64| usize::from(*score > 0.0);
                Answer::column(self.classes.pick(self.decisions(x)?.iter().map(second)))
            }
            Method::Predict => {
                let scores = self.decisions(x)?;
                Answer::column(self.classes.pick(scores.chunks_exact(n_classes).map(argmax)))
            }
            Method::DecisionFunction if n_classes == 2 => Answer::column(self.decisions(x)?),
            Method::DecisionFunction => Answer::matrix(n_rows, n_classes, self.decisions(x)?),
            Method::PredictProba => Answer::matrix(n_rows, n_classes, self.probabilities(x)?),
            Method::PredictLogProba => {
                logarithms(Answer::matrix(n_rows, n_classes, self.probabilities(x)?))
            }
            Method::Transform | Method::ScoreSamples => {
                return Err(no_method(&self.intake.class, method));
            }
        })
    }

    fn wants(&self) -> Wants {
        self.members.first().map_or(Wants::Matrix(None), |first| first.estimator.wants())
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}

/// `AdaBoostRegressor`: the weighted median.
#[derive(Debug)]
struct Regressor {
    intake: Intake,
    // Invariant: at least one.
    members: Vec<Member>,
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let members = read_members(source, Method::Predict, 1)?;
    Ok(Box::new(Regressor { intake: intake(source)?, members }))
}

impl Regressor {
    /// The first value, from the least on, with which half of the weights are reached.
    fn median(values: &mut [(f64, f64)]) -> f64 {
        values.sort_by(|one, other| one.0.total_cmp(&other.0));
        let sum = values.iter().fold(0.0, |sum, (_, weight)| sum + weight);
        let mut reached = 0.0;
        for (value, weight) in &*values {
            reached += weight;
            if reached >= 0.5 * sum {
                return *value;
            }
        }
        values.first().map_or(f64::NAN, |(value, _)| *value)
    }
}

impl Estimator for Regressor {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::Predict).then_some(Fact::NUMBER)
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method(&self.intake.class, method));
        }
        let x = &checked(&self.intake, x)?;
        let values = self
            .members
            .iter()
            .map(|member| Ok(given_of(&*member.estimator, Method::Predict, x, 1)?.values));
        let values = values.collect::<Result<Vec<_>, Error>>()?;
        let mut of_row = Vec::with_capacity(self.members.len());
        let medians = (0..x.n_rows()).map(|row| {
            of_row.clear();
            of_row.extend(values.iter().zip(&self.members).map(|(v, m)| (v[row], m.weight)));
            Self::median(&mut of_row)
        });
        Ok(Answer::column(medians.collect::<Vec<f64>>()))
    }

    fn wants(&self) -> Wants {
        self.members.first().map_or(Wants::Matrix(None), |first| first.estimator.wants())
    }
}
