//! How dense rows trained with are around new ones.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, PI, TAU};

use radiant_core::Error;

use super::metric::{Measured, Metric};
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source, matrix, vector};

/// A kernel of a density.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Gaussian,
    TopHat,
    Epanechnikov,
    Exponential,
    Linear,
    Cosine,
}

/// `KernelDensity`.
#[derive(Debug)]
struct Density {
    intake: Intake,
    points: Measured,
    /// The logarithm of each point's weight, where points have weights.
    // Invariant: one for each point.
    weights: Option<Vec<f64>>,
    shape: Shape,
    bandwidth: f64,
    /// What is added to the logarithm of the sum of kernels.
    constant: f64,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let state = source.attr("tree_")?.state()?;
    let data = state.item(0)?;
    let rows = matrix(data)?;
    if rows.n_rows == 0 || rows.n_columns == 0 {
        return Err(data.expected("rows"));
    }
    let name = source.choice("metric", "euclidean")?;
    let metric = Metric::read(source, &name, source.some("metric_params")?)?;
    let bandwidth_node = source.node.attr_any(&["bandwidth_", "bandwidth"])?;
    let bandwidth = bandwidth_node.float()?;
    if bandwidth.is_nan() || bandwidth <= 0.0 {
        return Err(bandwidth_node.expected("a number above zero"));
    }
    // Trees have had weights since 0.20.
    let weights = match state.item(12) {
        Ok(node) if !node.is_none() => {
            let weights = vector(node)?;
            if weights.len() != rows.n_rows {
                return Err(node.expected(format_args!("{} weights", rows.n_rows)));
            }
            Some(weights)
        }
        _ => None,
    };
    let shape = shape(source)?;
    let all = weights.as_ref().map_or(rows.n_rows as f64, |weights| weights.iter().sum());
    Ok(Box::new(Density {
        intake: Intake::new(source, Some(rows.n_columns)),
        points: Measured::new(metric, &rows),
        weights: weights.map(|weights| weights.into_iter().map(f64::ln).collect()),
        shape,
        bandwidth,
        constant: shape.log_norm(rows.n_columns, bandwidth) - all.ln(),
    }))
}

fn shape(source: &Source<'_>) -> Read<Shape> {
    Ok(match &*source.choice("kernel", "gaussian")? {
        "gaussian" => Shape::Gaussian,
        "tophat" => Shape::TopHat,
        "epanechnikov" => Shape::Epanechnikov,
        "exponential" => Shape::Exponential,
        "linear" => Shape::Linear,
        "cosine" => Shape::Cosine,
        other => {
            return Err(source.unsupported(format_args!("kernel `{other}`"), "use `gaussian`"));
        }
    })
}

impl Shape {
    /// The logarithm of the kernel at a distance, in units of the bandwidth.
    fn log_kernel(self, x: f64) -> f64 {
        match self {
            Self::Gaussian => -0.5 * x * x,
            Self::Exponential => -x,
            _ if x >= 1.0 => f64::NEG_INFINITY,
            Self::TopHat => 0.0,
            Self::Epanechnikov => (1.0 - x * x).ln(),
            Self::Linear => (1.0 - x).ln(),
            Self::Cosine => (FRAC_PI_2 * x).cos().ln(),
        }
    }

    /// The logarithm of what brings the kernel's integral to one.
    fn log_norm(self, n_features: usize, bandwidth: f64) -> f64 {
        let n = n_features as f64;
        let factor = match self {
            Self::Gaussian => 0.5 * n * TAU.ln(),
            Self::TopHat => log_ball(n_features),
            Self::Epanechnikov => log_ball(n_features) + (2.0 / (n + 2.0)).ln(),
            Self::Exponential => log_sphere(n_features) + log_gamma_of_half(2 * n_features),
            Self::Linear => log_ball(n_features) - (n + 1.0).ln(),
            Self::Cosine => {
                let (mut sum, mut term) = (0.0, FRAC_2_PI);
                for k in (1..=n_features).step_by(2) {
                    sum += term;
                    let left = (n_features - k) as f64;
                    term *= -left * (left - 1.0) * FRAC_2_PI * FRAC_2_PI;
                }
                f64::ln(sum) + log_sphere(n_features)
            }
        };
        -factor - n * bandwidth.ln()
    }
}

/// The logarithm of the volume of a ball of radius one.
fn log_ball(n: usize) -> f64 {
    0.5 * n as f64 * PI.ln() - log_gamma_of_half(n + 2)
}

/// The logarithm of the surface of a ball of radius one.
fn log_sphere(n: usize) -> f64 {
    // In one dimension two points, and the ball of no dimension is one.
    TAU.ln() + if n >= 2 { log_ball(n - 2) } else { -PI.ln() }
}

/// The logarithm of the gamma function of the half of a count above zero.
fn log_gamma_of_half(twice: usize) -> f64 {
    let (start, mut sum) = if twice.is_multiple_of(2) { (2, 0.0) } else { (1, 0.5 * PI.ln()) };
    for step in (start..twice).step_by(2) {
        sum += (0.5 * step as f64).ln();
    }
    sum
}

impl Density {
    fn log_density(&self, row: &[f64], logs: &mut [f64]) -> f64 {
        self.points.reduced(row, logs);
        let mut max = f64::NEG_INFINITY;
        for (at, log) in logs.iter_mut().enumerate() {
            *log = self.shape.log_kernel(self.points.distance(*log) / self.bandwidth);
            if let Some(weight) = self.weights.as_ref().and_then(|weights| weights.get(at)) {
                *log += weight;
            }
            max = max.max(*log);
        }
        if max == f64::NEG_INFINITY {
            return max;
        }
        let sum: f64 = logs.iter().map(|log| (log - max).exp()).sum();
        max + sum.ln() + self.constant
    }
}

impl Estimator for Density {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::ScoreSamples).then_some(Fact::NUMBER)
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::ScoreSamples {
            return Err(no_method(&self.intake.class, method));
        }
        let rows = self.intake.doubles(x)?;
        let mut logs = vec![0.0; self.points.points.len()];
        let densities = rows.iter().map(|row| self.log_density(row, &mut logs));
        Ok(Answer::column(densities.collect::<Vec<f64>>()))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_of_one_dimension_have_an_integral_of_one() {
        for shape in [
            Shape::Gaussian,
            Shape::TopHat,
            Shape::Epanechnikov,
            Shape::Exponential,
            Shape::Linear,
            Shape::Cosine,
        ] {
            let norm = shape.log_norm(1, 0.5).exp();
            let step = 1e-3;
            let integral: f64 = (-20_000..20_000)
                .map(|at| (f64::from(at) + 0.5) * step)
                .map(|x| norm * shape.log_kernel(x.abs() / 0.5).exp() * step)
                .sum();
            assert!((integral - 1.0).abs() < 1e-5, "{shape:?}: {integral}");
        }
    }
}
