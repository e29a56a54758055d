//! Functions of numpy as transformers.

use radiant_core::{DType, Error};
use radiant_formats::Node;

use super::lane::Real;
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::{Intake, Lane, Rows};
use crate::sklearn::source::{Read, Source};

/// A function of numpy that takes one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Identity,
    Abs,
    Arccos,
    Arcsin,
    Arctan,
    Cbrt,
    Ceil,
    Cos,
    Cosh,
    Exp,
    Exp2,
    Expm1,
    Floor,
    Log,
    Log10,
    Log1p,
    Log2,
    Negative,
    Reciprocal,
    Sign,
    Sin,
    Sinh,
    Sqrt,
    Square,
    Tan,
    Tanh,
    Trunc,
}

impl Function {
    /// Reads `func` or `inverse_func`; without one rows stay as they are.
    ///
    /// # Errors
    /// It is a function of one's own, or one of numpy that does more than this.
    pub(crate) fn read(node: Option<Node<'_>>) -> Read<Self> {
        let Some(node) = node.filter(|node| !node.is_none()) else { return Ok(Self::Identity) };
        let unsupported = |what: &str| {
            node.unsupported(
                format_args!("{what} in a transformer"),
                "use a function of numpy such as `log1p`, or serve it as a component of your own",
            )
        };
        let (module, name) = match (node.global(), node.class()) {
            (Some(global), _) => (global.module.to_owned(), global.name.to_owned()),
            (None, Some(class)) if class.name == "_ufunc_reconstruct" => {
                let mut args = node.args()?;
                let mut text = || match args.next() {
                    Some(arg) => arg.text().map(std::borrow::Cow::into_owned),
                    None => Err(node.expected("the name of a function")),
                };
                (text()?, text()?)
            }
            (None, Some(class)) => return Err(unsupported(&format!("`{class}`"))),
            (None, None) => return Err(unsupported(&node.describe())),
        };
        if module.split('.').next() != Some("numpy") {
            return Err(unsupported(&format!("the function `{module}.{name}`")));
        }
        Self::named(&name).ok_or_else(|| unsupported(&format!("the function `{module}.{name}`")))
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "abs" | "absolute" | "fabs" => Self::Abs,
            "arccos" => Self::Arccos,
            "arcsin" => Self::Arcsin,
            "arctan" => Self::Arctan,
            "cbrt" => Self::Cbrt,
            "ceil" => Self::Ceil,
            "cos" => Self::Cos,
            "cosh" => Self::Cosh,
            "exp" => Self::Exp,
            "exp2" => Self::Exp2,
            "expm1" => Self::Expm1,
            "floor" => Self::Floor,
            "log" => Self::Log,
            "log10" => Self::Log10,
            "log1p" => Self::Log1p,
            "log2" => Self::Log2,
            "negative" => Self::Negative,
            "positive" => Self::Identity,
            "reciprocal" => Self::Reciprocal,
            "sign" => Self::Sign,
            "sin" => Self::Sin,
            "sinh" => Self::Sinh,
            "sqrt" => Self::Sqrt,
            "square" => Self::Square,
            "tan" => Self::Tan,
            "tanh" => Self::Tanh,
            "trunc" => Self::Trunc,
            _ => return None,
        })
    }

    pub(crate) fn apply(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Abs => x.abs(),
            Self::Arccos => x.acos(),
            Self::Arcsin => x.asin(),
            Self::Arctan => x.atan(),
            Self::Cbrt => x.cbrt(),
            Self::Ceil => x.ceil(),
            Self::Cos => x.cos(),
            Self::Cosh => x.cosh(),
            Self::Exp => x.exp(),
            Self::Exp2 => x.exp2(),
            Self::Expm1 => x.exp_m1(),
            Self::Floor => x.floor(),
            Self::Log => x.ln(),
            Self::Log10 => x.log10(),
            Self::Log1p => x.ln_1p(),
            Self::Log2 => x.log2(),
            Self::Negative => -x,
            Self::Reciprocal => 1.0 / x,
            // Of zero it is zero, of NaN it is NaN.
            Self::Sign if x == 0.0 || x.is_nan() => x.abs(),
            Self::Sign => x.signum(),
            Self::Sin => x.sin(),
            Self::Sinh => x.sinh(),
            Self::Sqrt => x.sqrt(),
            Self::Square => x * x,
            Self::Tan => x.tan(),
            Self::Tanh => x.tanh(),
            Self::Trunc => x.trunc(),
        }
    }

    /// Of whole numbers, where those stay whole.
    fn apply_whole(self, x: i64) -> Option<i64> {
        Some(match self {
            Self::Identity | Self::Ceil | Self::Floor | Self::Trunc => x,
            Self::Abs => x.wrapping_abs(),
            Self::Negative => x.wrapping_neg(),
            Self::Reciprocal => match x {
                1 | -1 => x,
                0 => i64::MIN,
                _ => 0,
            },
            Self::Sign => x.signum(),
            Self::Square => x.wrapping_mul(x),
            _ => return None,
        })
    }
}

/// `FunctionTransformer`.
#[derive(Debug)]
struct FunctionTransformer {
    intake: Intake,
    function: Function,
    /// Whether rows are checked at all.
    validates: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    if let Some(arguments) = source.some("kw_args")?
        && arguments.entries()?.len() > 0
    {
        return Err(source.unsupported(
            "arguments of a function",
            "use a function of numpy without arguments, or serve it as a component of your own",
        ));
    }
    // The default changed in 0.22; before, it was a warning and rows were checked.
    let validates = match source.some("validate")? {
        Some(flag) => flag.bool()?,
        None => !source.since(0, 22),
    };
    let intake = Intake::new(source, source.n_features_in()?.filter(|_| validates));
    Ok(Box::new(Transformer(FunctionTransformer {
        intake: if validates { intake } else { intake.with_any_number().with_texts() },
        function: Function::read(source.some("func")?)?,
        validates,
    })))
}

impl FunctionTransformer {
    fn applied<T: Real>(&self, rows: Rows<'_, T>) -> Vec<T> {
        let mut values = rows.values.into_owned();
        for x in &mut values {
            *x = T::rounded(self.function.apply(x.wide()));
        }
        values
    }

    fn whole(&self, values: &[i64]) -> Option<Vec<i64>> {
        values.iter().map(|x| self.function.apply_whole(*x)).collect()
    }
}

impl Transform for FunctionTransformer {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact { dtype: DType::F64, width: Width::Columns(self.intake.n_features) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        if self.function == Function::Identity && !self.validates {
            return Ok(x.clone().into_owned());
        }
        if let Table::Array(Array { n_rows, n_columns, data: Data::I64(values) }) = x
            && let Some(values) = self.whole(values)
        {
            self.intake.check_width(n_columns.unwrap_or(1))?;
            let (n_rows, n_columns) = (*n_rows, *n_columns);
            return Ok(Table::Array(Array { n_rows, n_columns, data: values.into() }));
        }
        if let Table::Sparse(sparse) = x
            && self.function.apply(0.0) == 0.0
        {
            let mut sparse = sparse.clone();
            for (_, row) in sparse.rows_mut() {
                for x in row {
                    *x = self.function.apply(*x);
                }
            }
            return Ok(Table::Sparse(sparse));
        }
        let (n_rows, n_columns) = (x.n_rows(), x.n_columns());
        Ok(Table::Array(match self.intake.lane(x)? {
            Lane::Double(rows) => Array::matrix(n_rows, n_columns, self.applied(rows)),
            Lane::Single(rows) => Array::matrix(n_rows, n_columns, self.applied(rows)),
        }))
    }
}
