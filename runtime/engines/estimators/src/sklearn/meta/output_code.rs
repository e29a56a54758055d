//! Classes by codes of several bits, each of which an estimator guesses.

use radiant_core::Error;

use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Data, Table};
use crate::sklearn::ensembles::member::members;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::source::{Matrix, Read, Source};

use super::binary::Binary;

/// `OutputCodeClassifier`.
#[derive(Debug)]
struct OutputCode {
    // Invariant: at least one.
    members: Vec<Binary>,
    classes: Data<'static>,
    /// A row for each class, a column for each member.
    codes: Matrix,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let members = members(source, "estimators_")?;
    let members = members.into_iter().map(|(node, member)| Binary::new(node, member));
    let members = members.collect::<Read<Vec<_>>>()?;
    let codes = source.matrix_of("code_book_", classes.len(), members.len())?;
    Ok(Box::new(OutputCode { members, classes, codes }))
}

impl Estimator for OutputCode {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::Predict).then(|| Fact::labels(&self.classes))
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method("OutputCodeClassifier", method));
        }
        let scores = self.members.iter().map(|member| member.scores(x));
        let scores = scores.collect::<Result<Vec<_>, Error>>()?;
        let mut nearness = vec![0.0; self.classes.len()];
        let places = (0..x.n_rows()).map(|row| {
            for (near, code) in nearness.iter_mut().zip(self.codes.rows()) {
                let squares = scores.iter().zip(code).map(|(scores, bit)| {
                    let apart = scores[row] - bit;
                    apart * apart
                });
                *near = -squares.sum::<f64>();
            }
            argmax(&nearness)
        });
        Ok(Answer::column(self.classes.pick(places)))
    }

    fn wants(&self) -> Wants {
        self.members.first().map_or(Wants::Matrix(None), |first| first.estimator.wants())
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
