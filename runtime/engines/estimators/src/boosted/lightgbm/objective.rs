//! What objectives make of sums, in double precision.
//!
//! Source: `ConvertOutput` of the objectives of LightGBM 2.3 to 4.7.

use radiant_formats::lightgbm;

use crate::Unsupported;
use crate::boosted::{each, softmax};

/// What becomes of a sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Objective {
    /// The user's own: nothing.
    Custom,
    Identity,
    /// A probability, of this many times the sum.
    Logistic(f64),
    Softmax,
    /// `ln(1 + e^x)`; versions before 3.3 rounded the sum within the logarithm.
    Softplus,
    Exp,
    /// The square with the sum's sign.
    Square,
}

impl Objective {
    /// What a file says.
    pub(super) fn read(
        objective: Option<&lightgbm::Objective>,
        n_outputs: usize,
    ) -> Result<Self, Unsupported> {
        let Some(objective) = objective else { return Ok(Self::Custom) };
        let sigmoid = || match objective.parameter("sigmoid").map(str::parse::<f64>) {
            None => Ok(Self::Logistic(1.0)),
            Some(Ok(sigmoid)) if sigmoid.is_finite() => Ok(Self::Logistic(sigmoid)),
            Some(_) => Err(Unsupported::new("objective", "has a `sigmoid` that is no number")),
        };
        let is_square = objective.parameter("sqrt").is_some();
        Ok(match objective.name.as_str() {
            "custom" | "none" | "null" | "na" => Self::Custom,
            "binary" | "multiclassova" => sigmoid()?,
            "multiclass" if n_outputs > 1 => Self::Softmax,
            "cross_entropy" => Self::Logistic(1.0),
            "cross_entropy_lambda" => Self::Softplus,
            "poisson" | "gamma" | "tweedie" => Self::Exp,
            "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape"
                if is_square =>
            {
                Self::Square
            }
            "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape"
            | "lambdarank" | "rank_xendcg" => Self::Identity,
            other => {
                let what = format!("objective `{other}` is not supported");
                return Err(Unsupported::new("", what));
            }
        })
    }

    pub(super) fn is_custom(self) -> bool {
        self == Self::Custom
    }

    /// Makes answers of rows of sums, in place.
    pub(super) fn apply(self, scores: &mut [f64], n_outputs: usize) {
        match self {
            Self::Custom | Self::Identity => {}
            Self::Logistic(sigmoid) => each(scores, |x| 1.0 / (1.0 + (-sigmoid * x).exp())),
            Self::Softmax => scores.chunks_exact_mut(n_outputs).for_each(softmax),
            Self::Softplus => each(scores, |x| x.exp().ln_1p()),
            Self::Exp => each(scores, f64::exp),
            Self::Square => each(scores, |x| if x < 0.0 { -(x * x) } else { x * x }),
        }
    }
}
