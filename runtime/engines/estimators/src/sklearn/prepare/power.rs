//! Powers that make columns look normal.

use radiant_core::Error;

use super::lane::{Change, Real, changed};
use super::scale::{Steps, steps};
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Estimator, Fact, Wants};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

/// Which power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    BoxCox,
    /// As a power, up to 1.8.
    YeoJohnson,
    /// Through logarithms, from 1.9.
    YeoJohnsonLog,
}

impl Method {
    fn apply(self, x: f64, lambda: f64) -> f64 {
        let is_tiny = |number: f64| number.abs() < f64::EPSILON;
        match self {
            Self::BoxCox if lambda.abs() < 1e-19 => x.ln(),
            Self::BoxCox => (lambda * x.ln()).exp_m1() / lambda,
            Self::YeoJohnson | Self::YeoJohnsonLog if x >= 0.0 && is_tiny(lambda) => x.ln_1p(),
            Self::YeoJohnson | Self::YeoJohnsonLog
                if !(x >= 0.0 || (lambda - 2.0).abs() > f64::EPSILON) =>
            {
                -(-x).ln_1p()
            }
            Self::YeoJohnson if x >= 0.0 => ((x + 1.0).powf(lambda) - 1.0) / lambda,
            Self::YeoJohnson => -((1.0 - x).powf(2.0 - lambda) - 1.0) / (2.0 - lambda),
            Self::YeoJohnsonLog if x >= 0.0 => (lambda * x.ln_1p()).exp_m1() / lambda,
            Self::YeoJohnsonLog => -((2.0 - lambda) * (-x).ln_1p()).exp_m1() / (2.0 - lambda),
        }
    }

    fn undo(self, y: f64, lambda: f64) -> f64 {
        match self {
            Self::BoxCox if lambda == 0.0 => y.exp(),
            Self::BoxCox => (y * lambda + 1.0).powf(1.0 / lambda),
            _ if y >= 0.0 && lambda.abs() < f64::EPSILON => y.exp() - 1.0,
            _ if y >= 0.0 => (y * lambda + 1.0).powf(1.0 / lambda) - 1.0,
            _ if (lambda - 2.0).abs() > f64::EPSILON => {
                1.0 - (-(2.0 - lambda) * y + 1.0).powf(1.0 / (2.0 - lambda))
            }
            _ => 1.0 - (-y).exp(),
        }
    }
}

/// `PowerTransformer`.
#[derive(Debug)]
pub(crate) struct Power {
    intake: Intake,
    lambdas: Vec<f64>,
    method: Method,
    scale: Option<Steps>,
}

impl Power {
    pub(crate) fn new(source: &Source<'_>) -> Read<Self> {
        let lambdas = source.vector("lambdas_")?;
        // In 0.20 to 0.22 the default was a word that stood for Box-Cox.
        let method = match &*source.choice("method", "warn")? {
            "box-cox" | "warn" => Method::BoxCox,
            "yeo-johnson" if source.since(1, 9) => Method::YeoJohnsonLog,
            "yeo-johnson" => Method::YeoJohnson,
            _ => return Err(source.attr("method")?.expected("`yeo-johnson` or `box-cox`")),
        };
        let scale = if source.flag("standardize", true)? {
            let node = source.attr("_scaler")?;
            if !node.is_a("sklearn", "StandardScaler") {
                return Err(node.expected("a `StandardScaler`"));
            }
            let (steps, n_features) = steps(&source.part(node)?)?;
            if n_features != Some(lambdas.len()) {
                return Err(node.expected(format_args!("a scaler of {} features", lambdas.len())));
            }
            Some(steps)
        } else {
            None
        };
        Ok(Self {
            intake: Intake::new(source, Some(lambdas.len())).with_nan().with_texts(),
            lambdas,
            method,
            scale,
        })
    }

    /// Undoes the change of rows with a column for each feature.
    pub(crate) fn undo(&self, values: &mut [f64]) {
        let n_columns = self.lambdas.len();
        if let Some(scale) = &self.scale {
            scale.clone().inverse().run(n_columns, values);
        }
        for row in values.chunks_exact_mut(n_columns.max(1)) {
            for (y, lambda) in row.iter_mut().zip(&self.lambdas) {
                *y = self.method.undo(*y, *lambda);
            }
        }
    }

    pub(crate) fn n_features(&self) -> usize {
        self.lambdas.len()
    }
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(Transformer(Power::new(source)?)))
}

impl Change for Power {
    fn change<T: Real>(&self, n_columns: usize, values: &mut [T]) -> Result<(), Error> {
        if self.method == Method::BoxCox && values.iter().any(|x| x.wide() <= 0.0) {
            return Err(Error::invalid_input(format!(
                "{}: expected numbers above zero, which Box-Cox needs",
                self.intake.class
            )));
        }
        for row in values.chunks_exact_mut(n_columns.max(1)) {
            for (x, lambda) in row.iter_mut().zip(&self.lambdas) {
                *x = T::rounded(self.method.apply(x.wide(), *lambda));
            }
        }
        if let Some(scale) = &self.scale {
            scale.run(n_columns, values);
        }
        Ok(())
    }
}

impl Transform for Power {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact::numbers(self.lambdas.len())
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.lambdas.len()))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        changed(&self.intake, x, self)
    }
}
