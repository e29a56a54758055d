//! Functions of one element without attributes.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error};
use radiant_kernels::Isa;
use radiant_kernels::activation::LogisticAll;
use radiant_kernels::functions::{self, Map};

use crate::Unsupported;
use crate::registers::Inputs;

use super::number::{Number, Real, integers, reals, signed, unsigned};
use crate::op::{Built, NodeContext, Op, Outputs};

/// A function that is applied to each element.
struct Unary<A, T, F> {
    function: F,
    elements: PhantomData<(A, T)>,
}

/// An operator that applies `function` to each element.
pub(super) fn boxed<A: Element, T: Element>(
    function: impl Fn(A) -> T + Send + Sync + 'static,
) -> Box<dyn Op> {
    Box::new(Unary { function, elements: PhantomData })
}

impl<A: Element, T: Element, F: Fn(A) -> T + Send + Sync> Op for Unary<A, T, F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<T>(inputs.view(0)?.shape.dims())?;
        out.extend(inputs.slice::<A>(0)?.iter().map(|&x| (self.function)(x)));
        Ok(())
    }
}

/// A function of every f32, by a kernel.
struct Mapped<F> {
    isa: Isa,
    function: F,
}

/// An operator that applies `function`, which is inlined, to each f32.
pub(super) fn mapped(function: impl Fn(f32) -> f32 + Copy + Send + Sync + 'static) -> Box<dyn Op> {
    Box::new(Mapped { isa: Isa::detect(), function })
}

impl<F: Fn(f32) -> f32 + Copy + Send + Sync> Op for Mapped<F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<f32>(inputs.view(0)?.shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        self.isa.run(Map { values: out, function: self.function });
        Ok(())
    }
}

/// The logistic function of every f32.
struct Sigmoid(Isa);

impl Op for Sigmoid {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<f32>(inputs.view(0)?.shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        self.0.run(LogisticAll(out));
        Ok(())
    }
}

/// A step that maps elements of the first input to elements of `dtype`, or a refusal if there is no
/// operator.
pub(super) fn built(
    context: &NodeContext<'_>,
    op: Option<Box<dyn Op>>,
    dtype: DType,
) -> Result<Built, Unsupported> {
    let fact = context.fact(0)?;
    let op = op.ok_or_else(|| {
        context.refuse(format!("an operand of type {} is not supported", fact.dtype))
    })?;
    Ok(Built::Step { op, reads: vec![0], facts: vec![fact.with_dtype(dtype)] })
}

/// Builds a function of one number.
pub(super) fn unary(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let dtype = context.fact(0)?.dtype;
    let name = context.node.op_type.as_str();
    let op = match (name, dtype) {
        ("Erf", DType::F32) => Some(mapped(functions::erf)),
        ("Exp", DType::F32) => Some(mapped(functions::exp)),
        ("Sigmoid", DType::F32) => Some(Box::new(Sigmoid(Isa::detect())) as Box<dyn Op>),
        ("Tanh", DType::F32) => Some(mapped(functions::tanh)),
        _ => reals!(dtype, T => of_real::<T>(name)).flatten(),
    };
    built(context, op.or_else(|| of_integer(name, dtype)), dtype)
}

/// The function of this name of floats.
fn of_real<T: Real>(name: &str) -> Option<Box<dyn Op>> {
    let zero = T::default();
    Some(match name {
        "Abs" => boxed(T::abs),
        "Ceil" => boxed(T::ceil),
        "Floor" => boxed(T::floor),
        "Neg" => boxed(|x: T| -x),
        "Reciprocal" => boxed(|x: T| T::ONE / x),
        // Keeps what is no number.
        "Relu" => boxed(move |x: T| if x < zero { zero } else { x }),
        "Round" => boxed(T::round_ties_even),
        "Softsign" => boxed(|x: T| x / (T::ONE + x.abs())),
        "Sqrt" => boxed(T::sqrt),
        "HardSwish" => {
            boxed(|x: T| x * between(x / T::from_f64(6.0) + T::from_f64(0.5), zero_to_one()))
        }
        "Sign" => boxed(move |x: T| match () {
            () if x > zero => T::ONE,
            () if x < zero => -T::ONE,
            () if x.is_none() => x,
            () => zero,
        }),
        name => boxed(slow::<T>(name)?),
    })
}

/// The function of this name of floats, that is so slow that it need not be compiled into a loop of
/// its own.
fn slow<T: Real>(name: &str) -> Option<fn(T) -> T> {
    Some(match name {
        "Acos" => T::acos,
        "Acosh" => T::acosh,
        "Asin" => T::asin,
        "Asinh" => T::asinh,
        "Atan" => T::atan,
        "Atanh" => T::atanh,
        "Cos" => T::cos,
        "Cosh" => T::cosh,
        "Erf" => T::erf,
        "Exp" => T::exp,
        "Log" => T::ln,
        "Mish" => |x| x * x.softplus().tanh(),
        "Sigmoid" => T::logistic,
        "Sin" => T::sin,
        "Sinh" => T::sinh,
        "Softplus" => T::softplus,
        "Tan" => T::tan,
        "Tanh" => T::tanh,
        _ => return None,
    })
}

/// The bounds of what is a share.
fn zero_to_one<T: Number>() -> (T, T) {
    (T::default(), T::ONE)
}

/// `x`, or the bound that it is beyond; what is no number stays.
pub(super) fn between<T: Number>(x: T, (low, high): (T, T)) -> T {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// The function of this name of integers.
fn of_integer(name: &str, dtype: DType) -> Option<Box<dyn Op>> {
    match name {
        "Abs" | "Neg" | "Relu" | "Sign" => {
            let op = signed!(dtype, T => boxed::<T, T>(match name {
                "Abs" => T::wrapping_abs as fn(T) -> T,
                "Neg" => T::wrapping_neg,
                "Relu" => |x: T| x.max(0),
                _ => T::signum,
            }));
            let is_absolute = name == "Abs";
            op.or_else(|| match name {
                "Abs" | "Sign" => unsigned!(dtype, T => {
                    boxed(move |x: T| if is_absolute { x } else { x.min(1) })
                }),
                _ => None,
            })
        }
        "BitwiseNot" => integers!(dtype, T => boxed(|x: T| !x)),
        _ => None,
    }
}

/// Builds a Not.
pub(super) fn not(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.expect_dtype(0, DType::Bool)?;
    built(context, Some(boxed(|x: bool| !x)), DType::Bool)
}

/// Builds an IsNaN.
pub(super) fn is_nan(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let op = reals!(context.fact(0)?.dtype, T => boxed(T::is_nan));
    built(context, op, DType::Bool)
}

/// Builds an IsInf.
pub(super) fn is_inf(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["detect_negative", "detect_positive"])?;
    let negative = context.node.int("detect_negative", 1)? != 0;
    let positive = context.node.int("detect_positive", 1)? != 0;
    let op = reals!(context.fact(0)?.dtype, T => boxed(move |x: T| {
        (negative && x == T::NEG_INFINITY) || (positive && x == T::INFINITY)
    }));
    built(context, op, DType::Bool)
}
