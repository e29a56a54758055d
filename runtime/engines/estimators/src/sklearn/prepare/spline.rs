//! Numbers as the values of B-splines.

use radiant_core::{DType, Error};

use super::lane::Real;
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::{Intake, Lane, Rows};
use crate::sklearn::source::{Matrix, Read, Source, matrix, vector};

/// The highest degree of a spline.
const DEGREE_MAX: usize = 32;

/// What happens beyond the knots of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beyond {
    Refuse,
    Constant,
    Linear,
    Continue,
    Periodic,
}

/// The splines of one feature.
#[derive(Debug)]
struct Curve {
    // Invariant: rising, more than twice the degree and one.
    knots: Vec<f64>,
    /// `[n_basis, width]`: how much of each basis function each spline has.
    shares: Matrix,
    degree: usize,
}

impl Curve {
    fn read(source: &Source<'_>) -> Read<Self> {
        let node = source.node;
        let knots = vector(node.attr_any(&["_t", "t"])?)?;
        let shares = matrix(node.attr_any(&["_c", "c"])?)?;
        let degree = node.attr("k")?.index()?;
        let is_whole = (1..=DEGREE_MAX).contains(&degree)
            && knots.len() == shares.n_rows + degree + 1
            && knots.len() > 2 * degree + 1
            && shares.n_columns > 0
            && knots.is_sorted();
        if !is_whole {
            return Err(
                node.expected("rising knots with as many coefficients as the degree asks for")
            );
        }
        Ok(Self { knots, shares, degree })
    }

    /// Where the curve begins and ends, so many knots from those at the ends.
    fn ends(&self, n_knots: usize) -> (f64, f64) {
        let at = |at: Option<usize>| at.and_then(|at| self.knots.get(at).copied());
        let low = at(Some(n_knots)).unwrap_or(f64::NAN);
        (low, at(self.knots.len().checked_sub(n_knots + 1)).unwrap_or(f64::NAN))
    }

    /// Adds the values of the splines at `x`, or their slopes; beyond the ends their ends go on.
    fn add(&self, x: f64, is_slope: bool, out: &mut [f64]) {
        let n_basis = self.shares.n_rows;
        let behind = self.knots.partition_point(|knot| *knot <= x);
        let interval = behind.saturating_sub(1).clamp(self.degree, n_basis - 1);
        let basis =
            if is_slope { self.slopes(x, interval) } else { self.basis(x, interval, self.degree) };
        for (at, value) in basis.into_iter().enumerate() {
            let Some(shares) = self.shares.rows().nth(interval - self.degree + at) else {
                continue;
            };
            for (out, share) in out.iter_mut().zip(shares) {
                *out += value * share;
            }
        }
    }

    /// The values of those basis functions of a degree that are not zero (de Boor's recursion).
    fn basis(&self, x: f64, interval: usize, degree: usize) -> Vec<f64> {
        let knot = |at: usize| self.knots.get(at).copied().unwrap_or(f64::NAN);
        let mut values = vec![1.0];
        for degree in 1..=degree {
            let mut next = vec![0.0; degree + 1];
            for (at, value) in values.iter().enumerate() {
                let (left, right) = (knot(interval + at + 1 - degree), knot(interval + at + 1));
                let share = if right > left { value / (right - left) } else { 0.0 };
                next[at] += (right - x) * share;
                next[at + 1] += (x - left) * share;
            }
            values = next;
        }
        values
    }

    /// The slopes of those basis functions that are not zero.
    fn slopes(&self, x: f64, interval: usize) -> Vec<f64> {
        let knot = |at: usize| self.knots.get(at).copied().unwrap_or(f64::NAN);
        let degree = self.degree;
        let lower = self.basis(x, interval, degree - 1);
        let mut slopes = vec![0.0; degree + 1];
        for (at, value) in lower.iter().enumerate() {
            let (left, right) = (knot(interval + at + 1 - degree), knot(interval + at + 1));
            let share = if right > left { degree as f64 * value / (right - left) } else { 0.0 };
            slopes[at] -= share;
            slopes[at + 1] += share;
        }
        slopes
    }
}

/// `SplineTransformer`.
#[derive(Debug)]
struct Splines {
    intake: Intake,
    // Invariant: the same number of splines each.
    curves: Vec<Curve>,
    width: usize,
    beyond: Beyond,
    /// Whether the last spline of each feature is there.
    has_bias: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("bsplines_")?;
    let curves = node.items()?.map(|node| Curve::read(&source.part(node)?));
    let curves: Vec<_> = curves.collect::<Read<_>>()?;
    let width = curves.first().map_or(0, |curve| curve.shares.n_columns);
    let is_even =
        curves.iter().all(|curve| curve.shares.n_columns == width && curve.degree <= width);
    if width == 0 || !is_even {
        return Err(node.expected("as many splines for each feature"));
    }
    let beyond = source.attr("extrapolation")?;
    let takes_nan = source.choice("handle_missing", "error")? == "zeros";
    let intake = Intake::new(source, Some(curves.len()));
    Ok(Box::new(Transformer(Splines {
        intake: if takes_nan { intake.with_nan() } else { intake },
        curves,
        width,
        beyond: match &*beyond.text()? {
            "error" => Beyond::Refuse,
            "constant" => Beyond::Constant,
            "linear" => Beyond::Linear,
            "continue" => Beyond::Continue,
            "periodic" => Beyond::Periodic,
            _ => {
                return Err(
                    beyond.expected("`constant`, `linear`, `continue`, `periodic` or `error`")
                );
            }
        },
        has_bias: source.flag("include_bias", true)?,
    })))
}

impl Splines {
    fn n_columns(&self) -> usize {
        self.curves.len().saturating_mul(self.width - usize::from(!self.has_bias))
    }

    /// The values of the splines of a feature at `x`.
    fn values(&self, at: usize, x: f64, out: &mut [f64]) -> Result<(), Error> {
        out.fill(0.0);
        let Some(curve) = self.curves.get(at).filter(|_| !x.is_nan()) else { return Ok(()) };
        // Straight lines that go on straight do so one knot early, but for the first feature.
        let is_early = self.beyond == Beyond::Linear && curve.degree == 1 && at > 0;
        let (low, high) = curve.ends(curve.degree + usize::from(is_early));
        let is_beyond = x < low || x > high;
        let end = if x < low { low } else { high };
        match self.beyond {
            Beyond::Refuse if is_beyond => {
                return Err(Error::invalid_input(format!(
                    "{}: {x} is beyond the knots of training",
                    self.intake.class
                )));
            }
            Beyond::Periodic if high > low => {
                curve.add(low + (x - low).rem_euclid(high - low), false, out);
            }
            Beyond::Constant if is_beyond => {
                curve.add(end, false, out);
                self.keep_ends(x < low, curve.degree, out);
            }
            Beyond::Linear if is_beyond => {
                let mut slopes = vec![0.0; self.width];
                curve.add(end, false, out);
                curve.add(end, true, &mut slopes);
                for (value, slope) in out.iter_mut().zip(slopes) {
                    *value += (x - end) * slope;
                }
                // A spline of degree one has a slope at the end of its neighbour too.
                self.keep_ends(x < low, curve.degree.max(2), out);
            }
            _ => curve.add(x, false, out),
        }
        Ok(())
    }

    /// Beyond the ends only the first or last so many splines are there.
    fn keep_ends(&self, is_low: bool, n: usize, out: &mut [f64]) {
        let n = n.min(self.width);
        let gone = if is_low { n..self.width } else { 0..self.width - n };
        if let Some(gone) = out.get_mut(gone) {
            gone.fill(0.0);
        }
    }

    fn apply<T: Real>(&self, rows: &Rows<'_, T>) -> Result<Vec<T>, Error> {
        let mut out = Vec::with_capacity(rows.n_rows.saturating_mul(self.n_columns()));
        let mut values = vec![0.0; self.width];
        let n_shown = self.width - usize::from(!self.has_bias);
        for row in rows.iter() {
            for (at, x) in row.iter().enumerate() {
                self.values(at, x.wide(), &mut values)?;
                out.extend(values.iter().take(n_shown).map(|value| T::rounded(*value)));
            }
        }
        Ok(out)
    }
}

impl Transform for Splines {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact { dtype: DType::F64, width: Width::Columns(Some(self.n_columns())) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.curves.len()))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let data: Data<'static> = match self.intake.lane(x)? {
            Lane::Double(rows) => self.apply(&rows)?.into(),
            Lane::Single(rows) => self.apply(&rows)?.into(),
        };
        Ok(Table::Array(Array::matrix(x.n_rows(), self.n_columns(), data)))
    }
}
