//! Add, Sub, Mul and Div with broadcasting.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, broadcast};

struct Binary<T, F> {
    function: F,
    element: PhantomData<T>,
}

/// An operator that applies `function` to pairs of elements.
fn boxed<T: Element>(function: impl Fn(T, T) -> T + Send + Sync + 'static) -> Box<dyn Op> {
    Box::new(Binary { function, element: PhantomData })
}

impl<T: Element, F: Fn(T, T) -> T + Send + Sync> Op for Binary<T, F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (left, right) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let (a, b) = (inputs.slice::<T>(0)?, inputs.slice::<T>(1)?);
        let shape = broadcast::shape(&[left, right])?;
        let out = outputs.first().reset::<T>(shape.dims())?;
        broadcast::zip(shape.dims(), (a, left), (b, right), out, &self.function);
        Ok(())
    }
}

/// Builds Add, Sub, Mul or Div of two values of one type.
pub(super) fn binary(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let (left, right) = (context.fact(0)?.clone(), context.fact(1)?.clone());
    if left.dtype != right.dtype {
        let what =
            format!("operands of types {} and {} are not supported", left.dtype, right.dtype);
        return Err(context.refuse(what));
    }
    let op_type = context.node.op_type.as_str();
    let op: Box<dyn Op> = match (left.dtype, op_type) {
        (DType::F32, "Add") => boxed::<f32>(|a, b| a + b),
        (DType::F32, "Sub") => boxed::<f32>(|a, b| a - b),
        (DType::F32, "Mul") => boxed::<f32>(|a, b| a * b),
        (DType::F32, "Div") => boxed::<f32>(|a, b| a / b),
        (DType::F64, "Add") => boxed::<f64>(|a, b| a + b),
        (DType::F64, "Sub") => boxed::<f64>(|a, b| a - b),
        (DType::F64, "Mul") => boxed::<f64>(|a, b| a * b),
        (DType::F64, "Div") => boxed::<f64>(|a, b| a / b),
        (DType::I64, "Add") => boxed::<i64>(i64::wrapping_add),
        (DType::I64, "Sub") => boxed::<i64>(i64::wrapping_sub),
        (DType::I64, "Mul") => boxed::<i64>(i64::wrapping_mul),
        (dtype, _) => {
            return Err(context.refuse(format!("operands of type {dtype} are not supported")));
        }
    };
    let fact = Fact::broadcast(left.dtype, &[&left, &right]);
    Ok(Built::Step { op, reads: vec![0, 1], facts: vec![fact] })
}
