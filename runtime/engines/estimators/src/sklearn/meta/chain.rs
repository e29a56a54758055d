//! Estimators for several outputs, each of which sees what those before it said.

use radiant_core::Error;

use crate::sklearn::data::{Array, Table};
use crate::sklearn::ensembles::member::{expect, members};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, logarithms, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::source::{Read, Source, indices};

use super::binary::scores;

/// `ClassifierChain` and `RegressorChain`.
#[derive(Debug)]
struct Chain {
    intake: Intake,
    // Invariant: at least one.
    members: Vec<Box<dyn Estimator>>,
    /// The output that each member stands for.
    // Invariant: each output once.
    order: Vec<usize>,
    /// What members are told of those before.
    told: Method,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let told = source.choice("chain_method_", "predict")?;
    let told = match &*told {
        "predict" => Method::Predict,
        "predict_proba" => Method::PredictProba,
        "predict_log_proba" => Method::PredictLogProba,
        "decision_function" => Method::DecisionFunction,
        _ => return Err(source.attr("chain_method_")?.expected("the name of a method")),
    };
    if told == Method::PredictLogProba {
        let what = "`chain_method` of logarithms";
        return Err(source.unsupported(what, "use `predict_proba`"));
    }
    let mut all = Vec::new();
    for (node, member) in members(source, "estimators_")? {
        let width = |method| if method == Method::PredictProba { 2 } else { 1 };
        expect(node, &*member, Method::Predict, 1)?;
        expect(node, &*member, told, width(told))?;
        for method in [Method::PredictProba, Method::DecisionFunction] {
            if member.fact(method).is_some() {
                expect(node, &*member, method, width(method))?;
            }
        }
        all.push(member);
    }
    let node = source.attr("order_")?;
    let order = indices(node)?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..all.len()) {
        return Err(node.expected(format_args!("the outputs 0 to {} in some order", all.len())));
    }
    let intake = Intake::new(source, source.n_features_in()?);
    Ok(Box::new(Chain { intake, members: all, order, told }))
}

impl Chain {
    /// `[n_rows, n_outputs]`
    fn outputs(&self, method: Method, rows: &Rows<'_, f64>) -> Result<Vec<f64>, Error> {
        let n_outputs = self.members.len();
        let mut outputs = vec![0.0; rows.n_rows * n_outputs];
        let mut told: Vec<Vec<f64>> = Vec::with_capacity(n_outputs);
        for (member, output) in self.members.iter().zip(&self.order) {
            let width = rows.n_columns + told.len();
            let mut wider = Vec::with_capacity(rows.n_rows * width);
            for (at, row) in rows.iter().enumerate() {
                wider.extend_from_slice(row);
                wider.extend(told.iter().map(|of_member| of_member[at]));
            }
            let x = Table::Array(Array::matrix(rows.n_rows, width, wider));
            let values = scores(&**member, method, &x)?;
            let slots = outputs.iter_mut().skip(*output).step_by(n_outputs);
            slots.zip(&values).for_each(|(slot, value)| *slot = *value);
            told.push(if self.told == method { values } else { scores(&**member, self.told, &x)? });
        }
        Ok(outputs)
    }
}

impl Estimator for Chain {
    fn fact(&self, method: Method) -> Option<Fact> {
        let asked = match method {
            Method::PredictLogProba => Method::PredictProba,
            Method::Predict | Method::PredictProba | Method::DecisionFunction => method,
            Method::Transform | Method::ScoreSamples => return None,
        };
        let all_have = self.members.iter().all(|member| member.fact(asked).is_some());
        all_have.then_some(Fact::numbers(self.members.len()))
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        let rows = self.intake.doubles(x)?;
        let n_outputs = self.members.len();
        if method == Method::PredictLogProba {
            let shares = self.outputs(Method::PredictProba, &rows)?;
            return Ok(logarithms(Answer::matrix(rows.n_rows, n_outputs, shares)));
        }
        Ok(Answer::matrix(rows.n_rows, n_outputs, self.outputs(method, &rows)?))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
