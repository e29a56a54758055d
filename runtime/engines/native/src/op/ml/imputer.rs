//! Imputer of `ai.onnx.ml`: replaces one value, which may be NaN, by one of a column.
//!
//! Floats take the attributes for floats and integers those for integers.

use radiant_core::{DType, Element, Error};

use crate::Unsupported;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

use super::row::{check_n_values, each_column};

struct Imputer<T> {
    /// One value for all columns, or one a column.
    imputed: Vec<T>,
    is_missing: Missing<T>,
}

/// What is replaced.
#[derive(Debug, Clone, Copy)]
enum Missing<T> {
    Nan,
    Value(T),
}

#[expect(clippy::eq_op, reason = "only NaN is not equal to itself")]
impl<T: Element + PartialEq> Op for Imputer<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (shape, x) = (inputs.view(0)?.shape, inputs.slice::<T>(0)?);
        let out = outputs.first().reset::<T>(shape.dims())?;
        match self.is_missing {
            Missing::Nan => {
                each_column(
                    shape,
                    x,
                    &self.imputed,
                    out,
                    |x, imputed| {
                        if x == x { x } else { imputed }
                    },
                )
            }
            Missing::Value(replaced) => {
                each_column(
                    shape,
                    x,
                    &self.imputed,
                    out,
                    |x, imputed| {
                        if x == replaced { imputed } else { x }
                    },
                )
            }
        }
    }
}

/// Builds an Imputer: the input's type and shape.
pub(super) fn imputer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[
        "imputed_value_floats",
        "imputed_value_int64s",
        "replaced_value_float",
        "replaced_value_int64",
    ])?;
    let (node, fact) = (context.node, context.fact(0)?.clone());
    let (floats, ints) = (node.floats("imputed_value_floats")?, node.ints("imputed_value_int64s")?);
    let is_float = fact.dtype.is_float();
    let (n_values, n_others) =
        if is_float { (floats.len(), ints.len()) } else { (ints.len(), floats.len()) };
    if n_others > 0 {
        let what = format!("values of another type than input {fact} are not supported");
        return Err(context.refuse(what));
    }
    check_n_values(context, n_values)?;
    let float = node.float("replaced_value_float", 0.0)?;
    let replaced_float = if float.is_nan() { Missing::Nan } else { Missing::Value(float) };
    let int = node.int("replaced_value_int64", 0)?;
    let op: Box<dyn Op> = match fact.dtype {
        DType::F32 => Box::new(Imputer { imputed: floats.to_vec(), is_missing: replaced_float }),
        DType::F64 => {
            let is_missing =
                if float.is_nan() { Missing::Nan } else { Missing::Value(f64::from(float)) };
            Box::new(Imputer {
                imputed: floats.iter().copied().map(f64::from).collect(),
                is_missing,
            })
        }
        DType::I64 => Box::new(Imputer { imputed: ints.to_vec(), is_missing: Missing::Value(int) }),
        DType::I32 => {
            let narrow = |value: i64| {
                i32::try_from(value)
                    .map_err(|_error| context.refuse_value("imputed_value_int64s", value))
            };
            let imputed = ints.iter().copied().map(narrow).collect::<Result<_, _>>()?;
            Box::new(Imputer { imputed, is_missing: Missing::Value(narrow(int)?) })
        }
        dtype => return Err(context.refuse(format!("input of type {dtype} is not supported"))),
    };
    Ok(Built::Step { op, reads: vec![0], facts: vec![fact] })
}
