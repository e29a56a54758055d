//! Add, Sub, Mul, Div, Mod, Pow and PRelu.
//!
//! Integers wrap around, as numpy's do; division of them by zero is an error.

use radiant_core::{DType, Error};

use crate::Unsupported;

use super::binary::{attributes, boxed, built, checked, same_dtype};
use super::number::{Number, Real, integers, numbers, reals};
use crate::op::{Built, NodeContext, Op};

/// Builds Add, Sub, Mul or Div of two values of one type.
pub(super) fn binary(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    attributes(context, &[])?;
    let dtype = same_dtype(context)?;
    let op = match context.node.op_type.as_str() {
        "Add" => of_reals(dtype, "Add").or_else(|| integers!(dtype, T => whole::<T>(T::plus))),
        "Sub" => of_reals(dtype, "Sub").or_else(|| integers!(dtype, T => whole::<T>(T::minus))),
        "Mul" => of_reals(dtype, "Mul").or_else(|| integers!(dtype, T => whole::<T>(T::times))),
        _ => of_reals(dtype, "Div")
            .or_else(|| integers!(dtype, T => checked(T::over as fn(T, T) -> T, not_zero::<T>))),
    };
    built(context, op, dtype)
}

fn of_reals(dtype: DType, name: &str) -> Option<Box<dyn Op>> {
    reals!(dtype, T => match name {
        "Add" => boxed(|a: T, b: T| a + b),
        "Sub" => boxed(|a: T, b: T| a - b),
        "Mul" => boxed(|a: T, b: T| a * b),
        _ => boxed(|a: T, b: T| a / b),
    })
}

/// An operator on integers, compiled once for a type and not for each function.
fn whole<T: Number>(function: fn(T, T) -> T) -> Box<dyn Op> {
    boxed(function)
}

/// Refuses divisors of which one is zero.
fn not_zero<T: Number>(divisors: &[T]) -> Result<(), Error> {
    if divisors.contains(&T::default()) {
        return Err(Error::model_failed("expected divisors that are not 0, got 0"));
    }
    Ok(())
}

/// Builds a Mod: of the divisor's sign, or with `fmod` of the dividend's.
pub(super) fn modulo(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["fmod"])?;
    let dtype = same_dtype(context)?;
    let op = match context.node.int("fmod", 0)? {
        0 if dtype.is_float() && context.opset < 28 => {
            return Err(context.refuse("a remainder of floats without `fmod` is not supported"));
        }
        0 => reals!(dtype, T => boxed(|a: T, b: T| floored_real(b, a % b))).or_else(|| {
            integers!(dtype, T => {
                checked::<T, T, T>(|a, b| floored(b, a.wrapping_rem(b)), not_zero::<T>)
            })
        }),
        1 => reals!(dtype, T => boxed(|a: T, b: T| a % b)).or_else(
            || integers!(dtype, T => checked(T::wrapping_rem as fn(T, T) -> T, not_zero::<T>)),
        ),
        other => return Err(context.refuse_value("fmod", other)),
    };
    built(context, op, dtype)
}

/// The remainder of the divisor's sign, from that of the dividend's.
fn floored<T: Number>(divisor: T, remainder: T) -> T {
    let zero = T::default();
    let is_other_sign = (remainder < zero) != (divisor < zero);
    if is_other_sign && remainder != zero { remainder.plus(divisor) } else { remainder }
}

/// As [`floored`]; a zero has the divisor's sign, too.
fn floored_real<T: Real>(divisor: T, remainder: T) -> T {
    let zero = T::default();
    if remainder == zero {
        return if divisor < zero { -zero } else { zero };
    }
    floored(divisor, remainder)
}

/// Builds a Pow: of the first operand's type.
pub(super) fn power(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    attributes(context, &[])?;
    let (base, exponent) = (context.fact(0)?.dtype, context.fact(1)?.dtype);
    let op = match (base, exponent) {
        (DType::F32, DType::F32) => Some(boxed(power_f32)),
        (DType::F64, DType::F64) => Some(boxed(f64::powf)),
        (DType::F32, _) => numbers!(exponent, E => {
            boxed(|a: f32, b: E| f32::from_f64(f64::from(a).powf(b.to_f64())))
        }),
        (DType::F64, _) => numbers!(exponent, E => boxed(|a: f64, b: E| a.powf(b.to_f64()))),
        (DType::I32, _) => power_of_integers::<i32>(exponent),
        (DType::I64, _) => power_of_integers::<i64>(exponent),
        _ => None,
    };
    built(context, op, base)
}

/// Squares and cubes are products, as in onnxruntime 1.32.
fn power_f32(base: f32, exponent: f32) -> f32 {
    const TWO: u32 = 2.0_f32.to_bits();
    const THREE: u32 = 3.0_f32.to_bits();
    match exponent.to_bits() {
        TWO => base * base,
        THREE => base * base * base,
        _ => base.powf(exponent),
    }
}

/// Powers of integers: exact and wrapping for integer exponents, through doubles for others.
fn power_of_integers<T: Number>(exponent: DType) -> Option<Box<dyn Op>> {
    let reals = reals!(exponent, E => {
        boxed(|a: T, b: E| T::from_f64(a.to_f64().powf(b.to_f64())))
    });
    reals.or_else(|| integers!(exponent, E => checked(power_of_integer::<T, E>, not_negative::<E>)))
}

/// Refuses exponents of integers of which one is negative.
fn not_negative<E: Number>(exponents: &[E]) -> Result<(), Error> {
    if exponents.iter().any(|&exponent| exponent < E::default()) {
        return Err(Error::model_failed(
            "expected exponents of integers that are not negative, got one that is",
        ));
    }
    Ok(())
}

/// `base` to the power of `exponent`, by squaring.
fn power_of_integer<T: Number, E: Number + TryInto<u64>>(mut base: T, exponent: E) -> T {
    let mut exponent = exponent.try_into().unwrap_or(0);
    let mut power = T::ONE;
    while exponent > 0 {
        if exponent % 2 == 1 {
            power = power.times(base);
        }
        base = base.times(base);
        exponent /= 2;
    }
    power
}

/// Builds a PRelu: `x`, times the slope below zero. The slope is broadcast to `x`.
pub(super) fn prelu(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    if context.opset < 7 {
        return Err(context.refuse("a PRelu before operator set 7 is not supported"));
    }
    let dtype = same_dtype(context)?;
    let op = numbers!(dtype, T => boxed(|x: T, slope: T| {
        if x < T::default() { x.times(slope) } else { x }
    }));
    built(context, op, dtype)
}
