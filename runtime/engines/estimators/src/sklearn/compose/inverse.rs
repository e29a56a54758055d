//! Transformers of targets, backwards.

use radiant_core::Error;

use crate::sklearn::prepare::function::Function;
use crate::sklearn::prepare::power::Power;
use crate::sklearn::prepare::quantile::Quantiles;
use crate::sklearn::prepare::scale::{Steps, steps};
use crate::sklearn::source::{Read, Source};

/// What undoes a fitted transformer.
#[derive(Debug)]
pub(super) enum Inverse {
    Function(Function),
    Power(Power),
    Quantiles(Quantiles),
    /// Steps, and for how many columns they are.
    Steps(Steps, Option<usize>),
    /// One after the other, the last transformer first.
    Several(Vec<Self>),
}

impl Inverse {
    /// Reads a fitted transformer.
    pub(super) fn read(source: &Source<'_>) -> Read<Self> {
        let _visit = source.node.enter()?;
        Ok(match source.class() {
            "FunctionTransformer" => {
                let arguments = source.some("inv_kw_args")?;
                if arguments.map_or(Ok(0), |node| Ok(node.entries()?.len()))? > 0 {
                    return Err(source.unsupported(
                        "arguments of a function",
                        "use a function of numpy without arguments",
                    ));
                }
                Self::Function(Function::read(source.some("inverse_func")?)?)
            }
            "PowerTransformer" => Self::Power(Power::new(source)?),
            "QuantileTransformer" => Self::Quantiles(Quantiles::new(source)?),
            "StandardScaler" | "MinMaxScaler" | "MaxAbsScaler" | "RobustScaler" => {
                let (steps, n_features) = steps(source)?;
                Self::Steps(steps.inverse(), n_features)
            }
            "Pipeline" => {
                let mut all = Vec::new();
                for step in source.attr("steps")?.items()? {
                    let [_name, node] = step.tuple()?;
                    if node.class().is_some() {
                        all.push(Self::read(&source.part(node)?)?);
                    }
                }
                all.reverse();
                Self::Several(all)
            }
            _ => {
                return Err(source.unsupported(
                    "a target, to be undone",
                    "use a scaler, `QuantileTransformer`, `PowerTransformer` or a function of numpy",
                ));
            }
        })
    }

    /// Undoes the change of rows of so many columns, in place.
    ///
    /// # Errors
    /// It is for another number of columns.
    pub(super) fn run(&self, n_columns: usize, values: &mut [f64]) -> Result<(), Error> {
        let expected = match self {
            Self::Function(_) | Self::Several(_) => None,
            Self::Power(power) => Some(power.n_features()),
            Self::Quantiles(quantiles) => Some(quantiles.n_features()),
            Self::Steps(_, n_features) => *n_features,
        };
        if expected.is_some_and(|expected| expected != n_columns) {
            return Err(Error::internal("a target is transformed in another number of columns"));
        }
        match self {
            Self::Function(function) => {
                for value in values {
                    *value = function.apply(*value);
                }
            }
            Self::Power(power) => power.undo(values),
            Self::Quantiles(quantiles) => quantiles.undo(values),
            Self::Steps(steps, _) => steps.run(n_columns, values),
            Self::Several(all) => {
                return all.iter().try_for_each(|inverse| inverse.run(n_columns, values));
            }
        }
        Ok(())
    }
}
