//! Activation functions with attributes.

use radiant_core::DType;
use radiant_kernels::functions;

use crate::Unsupported;

use super::number::{Number, Real, numbers, reals};
use super::unary::{between, boxed, built, mapped};
use crate::op::{Built, NodeContext, Op};

/// Builds an activation function with attributes `alpha`, `beta` or `gamma`.
pub(super) fn activation(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let node = context.node;
    let is_old = context.opset < 6;
    let known: &[(&str, f32)] = match node.op_type.as_str() {
        "Celu" | "Elu" | "Swish" | "ThresholdedRelu" => &[("alpha", 1.0)],
        "HardSigmoid" => &[("alpha", 0.2), ("beta", 0.5)],
        "LeakyRelu" => &[("alpha", 0.01)],
        _ if is_old => &[("alpha", 1.6732), ("gamma", 1.0507)],
        _ => &[("alpha", 1.673_263_2), ("gamma", 1.050_701)],
    };
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    context.attributes(&names)?;
    let mut values = [0.0; 2];
    for (value, (name, default)) in values.iter_mut().zip(known) {
        *value = f64::from(node.float(name, *default)?);
    }
    if node.op_type == "Celu" && values[0] == 0.0 {
        return Err(context.refuse_value("alpha", 0));
    }
    let dtype = context.fact(0)?.dtype;
    let op = reals!(dtype, T => function::<T>(&node.op_type, values.map(T::from_f64))).flatten();
    built(context, op, dtype)
}

fn function<T: Real>(name: &str, [alpha, other]: [T; 2]) -> Option<Box<dyn Op>> {
    let zero = T::default();
    let bounds = (zero, T::ONE);
    Some(match name {
        "Celu" => {
            boxed(move |x: T| if x < zero { alpha * ((x / alpha).exp() - T::ONE) } else { x })
        }
        "Elu" => boxed(move |x: T| if x < zero { alpha * (x.exp() - T::ONE) } else { x }),
        "HardSigmoid" => boxed(move |x: T| between(alpha * x + other, bounds)),
        "LeakyRelu" => boxed(move |x: T| if x < zero { alpha * x } else { x }),
        "Selu" => boxed(move |x: T| other * if x > zero { x } else { alpha * (x.exp() - T::ONE) }),
        "Swish" => boxed(move |x: T| x * (alpha * x).logistic()),
        "ThresholdedRelu" => boxed(move |x: T| if x > alpha { x } else { zero }),
        _ => return None,
    })
}

/// Builds a Gelu: `x / 2 (1 + erf(x / √2))`, or its approximation by a hyperbolic tangent.
pub(super) fn gelu(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["approximate"])?;
    let dtype = context.fact(0)?.dtype;
    let op = match context.node.string("approximate")?.unwrap_or("none") {
        "none" if dtype == DType::F32 => Some(mapped(functions::gelu)),
        "none" => reals!(dtype, T => boxed(gelu_exact::<T>)),
        "tanh" if dtype == DType::F32 => Some(mapped(functions::gelu_tanh)),
        "tanh" => reals!(dtype, T => boxed(gelu_tanh::<T>)),
        other => return Err(context.refuse_value("approximate", other)),
    };
    built(context, op, dtype)
}

fn gelu_exact<T: Real>(x: T) -> T {
    let scaled = x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2);
    T::from_f64(0.5) * x * (T::ONE + scaled.erf())
}

fn gelu_tanh<T: Real>(x: T) -> T {
    let scale = T::from_f64((2.0 / std::f64::consts::PI).sqrt());
    let inner = scale * (x + T::from_f64(0.044_715) * x * x * x);
    T::from_f64(0.5) * x * (T::ONE + inner.tanh())
}

/// Builds a Shrink: zero from `-lambd` to `lambd`, and nearer to it by `bias` beyond.
pub(super) fn shrink(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["bias", "lambd"])?;
    let bias = f64::from(context.node.float("bias", 0.0)?);
    let threshold = f64::from(context.node.float("lambd", 0.5)?);
    let dtype = context.fact(0)?.dtype;
    let op = match dtype {
        // Everything in single precision, as its rounding is seen.
        DType::F32 => {
            Some(boxed(move |x: f32| shrunk(x, f32::from_f64(bias), f32::from_f64(threshold))))
        }
        _ => numbers!(dtype, T => {
            boxed(move |x: T| T::from_f64(shrunk(x.to_f64(), bias, threshold)))
        }),
    };
    built(context, op, dtype)
}

fn shrunk<T: Real>(x: T, bias: T, threshold: T) -> T {
    match () {
        () if x < -threshold => x + bias,
        () if x > threshold => x - bias,
        () => T::default(),
    }
}
