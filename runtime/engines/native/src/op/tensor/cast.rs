//! Cast between numbers, and of integers to text.
//!
//! A float that does not fit an integer becomes the nearest that does, and NaN becomes 0; the
//! specification leaves both open.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error};
use radiant_onnx::{dtype_of, elem_type_name};

use crate::Unsupported;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

struct Cast<A, B, F> {
    function: F,
    elements: PhantomData<(A, B)>,
}

/// An operator that applies `function` to each element.
fn boxed<A: Element, B: Element>(function: impl Fn(A) -> B + Send + Sync + 'static) -> Box<dyn Op> {
    Box::new(Cast { function, elements: PhantomData })
}

impl<A: Element, B: Element, F: Fn(A) -> B + Send + Sync> Op for Cast<A, B, F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<B>(inputs.view(0)?.shape.dims())?;
        out.extend(inputs.slice::<A>(0)?.iter().map(|&value| (self.function)(value)));
        Ok(())
    }
}

/// Integers to decimal text.
struct ToText;

impl Op for ToText {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset_strings(inputs.view(0)?.shape.dims())?;
        for value in inputs.slice::<i64>(0)? {
            out.push(value.to_string().as_bytes());
        }
        Ok(())
    }
}

/// Builds a Cast.
pub(super) fn cast(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["to", "saturate"])?;
    let elem_type = context.node.int("to", 0)?;
    let elem_type = i32::try_from(elem_type).unwrap_or(0);
    let fact = context.fact(0)?.clone();
    let target = dtype_of(elem_type);
    if target == Some(fact.dtype) {
        return Ok(Built::Alias(0));
    }
    let op = target.and_then(|target| Some((to(fact.dtype, target)?, target)));
    let Some((op, dtype)) = op else {
        let what =
            format!("a cast from {} to {} is not supported", fact.dtype, elem_type_name(elem_type));
        return Err(context.refuse(what));
    };
    Ok(Built::Step { op, reads: vec![0], facts: vec![fact.with_dtype(dtype)] })
}

/// The conversion from one type to another, if there is one.
#[expect(
    clippy::cast_lossless,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast is what the model asks for"
)]
pub(in crate::op) fn to(from: DType, to: DType) -> Option<Box<dyn Op>> {
    macro_rules! casts {
        ($([$($a:ident $from:ident),*] to $to:ident $b:ident;)*) => {
            match (from, to) {
                $($((DType::$from, DType::$to) => boxed::<$a, $b>(|value| value as $b),)*)*
                (DType::Bool, DType::F32) => boxed::<bool, f32>(|v| f32::from(u8::from(v))),
                (DType::Bool, DType::F64) => boxed::<bool, f64>(|v| f64::from(u8::from(v))),
                (DType::Bool, DType::I64) => boxed::<bool, i64>(i64::from),
                (DType::Bool, DType::I32) => boxed::<bool, i32>(i32::from),
                (DType::F32, DType::Bool) => boxed::<f32, bool>(|value| value != 0.0),
                (DType::F64, DType::Bool) => boxed::<f64, bool>(|value| value != 0.0),
                (DType::I64, DType::Bool) => boxed::<i64, bool>(|value| value != 0),
                (DType::I32, DType::Bool) => boxed::<i32, bool>(|value| value != 0),
                (DType::I64, DType::Bytes) => Box::new(ToText),
                _ => return None,
            }
        };
    }
    let op: Box<dyn Op> = casts! {
        [f64 F64, i64 I64, i32 I32, u8 U8] to F32 f32;
        [f32 F32, i64 I64, i32 I32, u8 U8] to F64 f64;
        [f32 F32, f64 F64, i32 I32, u8 U8] to I64 i64;
        [f32 F32, f64 F64, i64 I64, u8 U8] to I32 i32;
        [f32 F32, f64 F64, i64 I64, i32 I32] to U8 u8;
    };
    Some(op)
}
