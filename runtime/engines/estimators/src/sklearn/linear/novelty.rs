//! What lies on which side of a plane around the rows of the training.

use radiant_core::{DType, Error};

use crate::sklearn::affine::Affine;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

/// `SGDOneClassSVM`: 1 for what is like the rows of the training, -1 for what is not.
#[derive(Debug)]
struct OneClass {
    intake: Intake,
    sums: Affine,
    offset: f64,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let sums = Affine::read_weights(source, "coef_")?;
    if sums.n_outputs() != 1 {
        return Err(source.attr("coef_")?.expected("one row"));
    }
    let [offset] = source.vector_of("offset_", 1)?[..] else {
        return Err(source.attr("offset_")?.expected("a number"));
    };
    let is_single = sums.is_single() && source.is_single("offset_")?;
    let sums = sums.with_precision(is_single);
    Ok(Box::new(OneClass { intake: Intake::new(source, Some(sums.n_features())), sums, offset }))
}

impl Estimator for OneClass {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact { dtype: DType::I64, width: Width::One }),
            Method::DecisionFunction | Method::ScoreSamples => Some(Fact::NUMBER),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        let mut scores = self.sums.scores(&self.intake, x)?;
        for score in &mut scores.values {
            *score -= self.offset;
        }
        Ok(match method {
            Method::Predict => {
                let side = |score: &f64| if *score >= 0.0 { 1 } else { -1 };
                Answer::column(scores.values.iter().map(side).collect::<Vec<i64>>())
            }
            Method::ScoreSamples => {
                for score in &mut scores.values {
                    *score += self.offset;
                }
                scores.into_column()
            }
            _ => scores.into_column(),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
