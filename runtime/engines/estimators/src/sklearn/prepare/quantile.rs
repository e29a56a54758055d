//! Numbers to their place among those seen in training.

use radiant_core::Error;

use super::lane::{Change, Real, changed};
use super::normal;
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Estimator, Fact, Wants};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

/// How near to the ends values count as the ends.
const BOUND: f64 = 1e-7;

/// `QuantileTransformer`.
#[derive(Debug)]
pub(crate) struct Quantiles {
    intake: Intake,
    /// One for each feature: quantiles, rising.
    // Invariant: as many as references each, one at least.
    features: Vec<Feature>,
    references: Vec<f64>,
    negated_references: Vec<f64>,
    is_normal: bool,
    /// Values near the ends count as the ends for either distribution (before 0.21).
    is_wide: bool,
}

#[derive(Debug)]
struct Feature {
    quantiles: Vec<f64>,
    /// Negated, in reverse order.
    negated: Vec<f64>,
}

fn negated(numbers: &[f64]) -> Vec<f64> {
    numbers.iter().rev().map(|x| -x).collect()
}

impl Quantiles {
    pub(crate) fn new(source: &Source<'_>) -> Read<Self> {
        let references = source.vector("references_")?;
        let node = source.attr("quantiles_")?;
        let quantiles = source.matrix("quantiles_")?;
        if references.is_empty() || quantiles.n_rows != references.len() {
            return Err(node.expected("a row for each of the references, one at least"));
        }
        let columns = quantiles.transposed();
        let feature = |quantiles: &[f64]| Feature {
            quantiles: quantiles.to_vec(),
            negated: negated(quantiles),
        };
        let distribution = source.choice("output_distribution", "uniform")?;
        Ok(Self {
            intake: Intake::new(source, Some(quantiles.n_columns)).with_nan().with_texts(),
            features: columns.rows().map(feature).collect(),
            negated_references: negated(&references),
            references,
            is_normal: match &*distribution {
                "normal" => true,
                "uniform" => false,
                _ => {
                    let node = source.attr("output_distribution")?;
                    return Err(node.expected("`uniform` or `normal`"));
                }
            },
            is_wide: !source.since(0, 21),
        })
    }

    #[expect(clippy::float_cmp, reason = "only the very ends are the ends")]
    fn forward<T: Real>(&self, feature: &Feature, x: T) -> T {
        let value = x.wide();
        if value.is_nan() {
            return x;
        }
        let (Some(low), Some(high)) = (feature.quantiles.first(), feature.quantiles.last()) else {
            return x;
        };
        let (is_low, is_high) = if self.is_normal || self.is_wide {
            (value - BOUND < *low, value + BOUND > *high)
        } else {
            (value == *low, value == *high)
        };
        let place = match (is_low, is_high) {
            (true, _) => 0.0,
            (_, true) => 1.0,
            // The mean of both directions, as quantiles may repeat.
            _ => {
                let up = interpolated(value, &feature.quantiles, &self.references);
                let down = interpolated(-value, &feature.negated, &self.negated_references);
                T::rounded(0.5 * (up - down)).wide()
            }
        };
        let end = BOUND - f64::EPSILON;
        T::rounded(if self.is_normal {
            normal::quantile(place.clamp(end, 1.0 - end))
        } else if self.is_wide {
            place.clamp(end, 1.0 - end)
        } else {
            place
        })
    }

    /// The value at a place.
    #[expect(clippy::float_cmp, reason = "only the very ends are the ends")]
    fn backward(&self, feature: &Feature, y: f64) -> f64 {
        let place = if self.is_normal { normal::share_below(y) } else { y };
        if place.is_nan() {
            return place;
        }
        let (Some(low), Some(high)) = (feature.quantiles.first(), feature.quantiles.last()) else {
            return y;
        };
        let (is_low, is_high) = if self.is_normal || self.is_wide {
            (place - BOUND < 0.0, place + BOUND > 1.0)
        } else {
            (place == 0.0, place == 1.0)
        };
        match (is_low, is_high) {
            (true, _) => *low,
            (_, true) => *high,
            _ => interpolated(place, &self.references, &feature.quantiles),
        }
    }

    /// Undoes the change of rows with a column for each feature.
    pub(crate) fn undo(&self, values: &mut [f64]) {
        for row in values.chunks_exact_mut(self.features.len().max(1)) {
            for (y, feature) in row.iter_mut().zip(&self.features) {
                *y = self.backward(feature, *y);
            }
        }
    }

    pub(crate) fn n_features(&self) -> usize {
        self.features.len()
    }
}

/// The value at `x` of a line through points, as `numpy.interp` computes it; `xs` rise.
#[expect(clippy::float_cmp, reason = "the value at a point is that of the point")]
fn interpolated(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    let right = xs.partition_point(|at| *at <= x);
    let (Some(y1), Some(x1)) = (ys.get(right), xs.get(right)) else {
        return ys.last().copied().unwrap_or(x);
    };
    let Some((y0, x0)) = right.checked_sub(1).and_then(|left| Some((ys.get(left)?, xs.get(left)?)))
    else {
        return *y1;
    };
    if *x0 == x { *y0 } else { (y1 - y0) / (x1 - x0) * (x - x0) + y0 }
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(Transformer(Quantiles::new(source)?)))
}

impl Change for Quantiles {
    fn change<T: Real>(&self, n_columns: usize, values: &mut [T]) -> Result<(), Error> {
        for row in values.chunks_exact_mut(n_columns.max(1)) {
            for (x, feature) in row.iter_mut().zip(&self.features) {
                *x = self.forward(feature, *x);
            }
        }
        Ok(())
    }
}

impl Transform for Quantiles {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact::numbers(self.features.len())
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.features.len()))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        changed(&self.intake, x, self)
    }
}
