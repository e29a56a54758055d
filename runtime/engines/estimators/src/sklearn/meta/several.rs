//! An estimator for each of several outputs.

use radiant_core::{DType, Error};

use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::ensembles::member::{array, expect, members};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::source::{Read, Source};

use super::outputs::interleaved;

/// `MultiOutputClassifier` and `MultiOutputRegressor`.
#[derive(Debug)]
struct Several {
    class: Box<str>,
    // Invariant: at least one.
    members: Vec<Box<dyn Estimator>>,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let mut all = Vec::new();
    for (node, member) in members(source, "estimators_")? {
        expect(node, &*member, Method::Predict, 1)?;
        all.push(member);
    }
    Ok(Box::new(Several { class: source.class().into(), members: all }))
}

impl Several {
    fn arrays(&self, method: Method, x: &Table<'_>) -> Result<Vec<Array<'static>>, Error> {
        self.members.iter().map(|member| array(&**member, method, x)).collect()
    }
}

impl Estimator for Several {
    fn fact(&self, method: Method) -> Option<Fact> {
        let first = self.members.first()?.fact(method)?;
        let n_outputs = self.members.len();
        match method {
            Method::Predict => {
                Some(Fact { dtype: first.dtype, width: Width::Columns(Some(n_outputs)) })
            }
            Method::PredictProba if self.class.ends_with("Classifier") => {
                let all_have = self.members.iter().all(|member| member.fact(method).is_some());
                all_have.then_some(Fact { dtype: DType::F64, width: Width::List(n_outputs) })
            }
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.class, method));
        }
        let arrays = self.arrays(method, x)?;
        if method == Method::PredictProba {
            return Ok(Answer::List(arrays));
        }
        let columns: Vec<Data<'static>> = arrays.into_iter().map(|array| array.data).collect();
        Ok(Answer::matrix(x.n_rows(), columns.len(), interleaved(&columns)))
    }

    fn wants(&self) -> Wants {
        self.members.first().map_or(Wants::Matrix(None), |first| first.wants())
    }
}
