//! Means over estimators that were trained on some of the rows and features.

use radiant_core::Error;

use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{
    Answer, Estimator, Fact, Method, Wants, Width, logarithms, no_method,
};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source, indices};

use super::member::{codes, columns, divide, expect, given, given_of, members, picked};

/// A member, and what of the rows it sees.
#[derive(Debug)]
struct Member {
    estimator: Box<dyn Estimator>,
    /// `None` where it sees all columns as they are.
    features: Option<Vec<usize>>,
    /// The place of each of its classes; empty for a regressor.
    places: Vec<usize>,
}

/// `BaggingClassifier` and `BaggingRegressor`.
#[derive(Debug)]
struct Bagging {
    intake: Intake,
    // Invariant: at least one.
    members: Vec<Member>,
    /// `None` for a regressor.
    classes: Option<Data<'static>>,
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let n_classes = classes.len();
    let mut bagging = read(source)?;
    for (member, node) in bagging.members.iter_mut().zip(source.attr("estimators_")?.items()?) {
        // Members speak of classes by their places.
        member.places = match member.estimator.classes() {
            Some(Data::I64(codes)) if codes.len() != n_classes => {
                codes.iter().map(|code| usize::try_from(*code).unwrap_or(usize::MAX)).collect()
            }
            _ => (0..n_classes).collect(),
        };
        if member.places.iter().any(|place| *place >= n_classes) {
            return Err(node.expected(format_args!("an estimator of {n_classes} classes")));
        }
        if member.estimator.fact(Method::PredictProba).is_some() {
            expect(node, &*member.estimator, Method::PredictProba, member.places.len())?;
        } else {
            expect(node, &*member.estimator, Method::Predict, 1)?;
        }
    }
    bagging.classes = Some(classes);
    Ok(Box::new(bagging))
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let bagging = read(source)?;
    for (member, node) in bagging.members.iter().zip(source.attr("estimators_")?.items()?) {
        let fact = bagging.members.first().and_then(|first| first.estimator.fact(Method::Predict));
        let n_columns = fact.and_then(columns).unwrap_or(1);
        expect(node, &*member.estimator, Method::Predict, n_columns)?;
    }
    Ok(Box::new(bagging))
}

fn read(source: &Source<'_>) -> Read<Bagging> {
    let n_features = source.node.attr_any(&["n_features_in_", "n_features_"])?.index()?;
    let subsets = source.attr("estimators_features_")?;
    let mut lists = subsets.items()?;
    let mut all = Vec::new();
    for (_, estimator) in members(source, "estimators_")? {
        let list = lists.next().ok_or_else(|| subsets.expected("the features of each member"))?;
        let features = indices(list)?;
        if features.iter().any(|feature| *feature >= n_features) {
            return Err(list.expected(format_args!("indices below {n_features}")));
        }
        let is_all = features.len() == n_features && features.iter().copied().eq(0..n_features);
        let features = (!is_all).then_some(features);
        all.push(Member { estimator, features, places: Vec::new() });
    }
    let intake = Intake::new(source, Some(n_features)).with_any_number().with_texts();
    Ok(Bagging { intake, members: all, classes: None })
}

impl Member {
    /// What a method gives for the columns that the member sees.
    fn seeing<T>(
        &self,
        x: &Table<'_>,
        ask: impl Fn(&dyn Estimator, &Table<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &self.features {
            None => ask(&*self.estimator, x),
            Some(features) => ask(&*self.estimator, &picked(x, features)),
        }
    }
}

impl Bagging {
    fn n_classes(&self) -> usize {
        self.classes.as_ref().map_or(0, Data::len)
    }

    fn all_have(&self, method: Method) -> bool {
        self.members.iter().all(|member| member.estimator.fact(method).is_some())
    }

    /// The mean of what a method gives, and its number of columns if there are two axes.
    fn mean(&self, method: Method, x: &Table<'_>) -> Result<(Vec<f64>, Option<usize>), Error> {
        let mut sums: Vec<f64> = Vec::new();
        let mut width = None;
        for member in &self.members {
            let given = member.seeing(x, |estimator, x| given(estimator, method, x))?;
            if sums.is_empty() {
                let fact = member.estimator.fact(method);
                let is_flat = fact.is_some_and(|fact| fact.width == Width::One);
                width = (!is_flat).then_some(given.n_columns);
                sums = given.values;
            } else {
                sums.iter_mut().zip(given.values).for_each(|(sum, value)| *sum += value);
            }
        }
        let n = self.members.len() as f64;
        divide(&mut sums, n);
        Ok((sums, width))
    }

    /// `[n_rows, n_classes]`
    fn probabilities(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let n_classes = self.n_classes();
        let mut sums = vec![0.0; x.n_rows() * n_classes];
        for member in &self.members {
            let rows = sums.chunks_exact_mut(n_classes);
            if member.estimator.fact(Method::PredictProba).is_some() {
                let n = member.places.len();
                let given = member.seeing(x, |e, x| given_of(e, Method::PredictProba, x, n))?;
                for (row, given) in rows.zip(given.rows()) {
                    member.places.iter().zip(given).for_each(|(at, value)| row[*at] += value);
                }
            } else {
                let codes = member.seeing(x, |estimator, x| codes(estimator, x, n_classes))?;
                rows.zip(codes).for_each(|(row, code)| row[code] += 1.0);
            }
        }
        let n = self.members.len() as f64;
        divide(&mut sums, n);
        Ok(sums)
    }

    /// The logarithms of sums of probabilities, which are added as logarithms.
    fn log_probabilities(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let n_classes = self.n_classes();
        let mut sums = vec![f64::NEG_INFINITY; x.n_rows() * n_classes];
        for member in &self.members {
            let n = member.places.len();
            let given = member.seeing(x, |e, x| given_of(e, Method::PredictLogProba, x, n))?;
            for (row, given) in sums.chunks_exact_mut(n_classes).zip(given.rows()) {
                for (at, value) in member.places.iter().zip(given) {
                    row[*at] = log_of_sum(row[*at], *value);
                }
            }
        }
        let n = (self.members.len() as f64).ln();
        for sum in &mut sums {
            *sum -= n;
        }
        Ok(sums)
    }

    fn answer_of_classifier(
        &self,
        method: Method,
        x: &Table<'_>,
        classes: &Data<'static>,
    ) -> Result<Answer, Error> {
        let n_classes = classes.len();
        Ok(match method {
            Method::Predict => {
                let probabilities = self.probabilities(x)?;
                Answer::column(classes.pick(probabilities.chunks_exact(n_classes).map(argmax)))
            }
            Method::PredictLogProba if self.all_have(method) => {
                Answer::matrix(x.n_rows(), n_classes, self.log_probabilities(x)?)
            }
            Method::PredictProba | Method::PredictLogProba => {
                let answer = Answer::matrix(x.n_rows(), n_classes, self.probabilities(x)?);
                if method == Method::PredictProba { answer } else { logarithms(answer) }
            }
            _ => self.mean_answer(method, x)?,
        })
    }

    fn mean_answer(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        Ok(match self.mean(method, x)? {
            (values, None) => Answer::column(values),
            (values, Some(width)) => Answer::matrix(x.n_rows(), width, values),
        })
    }
}

/// The logarithm of the sum of two numbers that are given by their logarithms.
#[expect(clippy::float_cmp, reason = "infinite ones must not be subtracted")]
fn log_of_sum(one: f64, other: f64) -> f64 {
    if one == other {
        return one + std::f64::consts::LN_2;
    }
    let (least, most) = if one > other { (other, one) } else { (one, other) };
    most + (least - most).exp().ln_1p()
}

impl Estimator for Bagging {
    fn fact(&self, method: Method) -> Option<Fact> {
        match (&self.classes, method) {
            (Some(classes), Method::Predict) => Some(Fact::labels(classes)),
            (Some(classes), Method::PredictProba | Method::PredictLogProba) => {
                Some(Fact::numbers(classes.len()))
            }
            (Some(_), Method::DecisionFunction) if self.all_have(method) => {
                self.members.first()?.estimator.fact(method)
            }
            (None, Method::Predict) => self.members.first()?.estimator.fact(method),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        self.intake.check_width(x.n_columns())?;
        match &self.classes {
            Some(classes) => self.answer_of_classifier(method, x, classes),
            None => self.mean_answer(method, x),
        }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.classes.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_small_numbers_do_not_vanish() {
        let never = f64::NEG_INFINITY;
        assert!(log_of_sum(never, never).is_infinite());
        for (one, other, sum) in [(never, -2.0, -2.0), (-800.0, -800.0, -799.306_852_819_440_1)] {
            assert!((log_of_sum(one, other) - sum).abs() < 1e-12);
            assert!((log_of_sum(other, one) - sum).abs() < 1e-12);
        }
    }
}
