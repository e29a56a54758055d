//! Functions of one number.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::kernel::Isa;
use crate::kernel::activation::LogisticAll;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

struct Unary<F>(F);

impl<F: Fn(f32) -> f32 + Send + Sync> Op for Unary<F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<f32>(inputs.view(0)?.shape.dims())?;
        out.extend(inputs.slice::<f32>(0)?.iter().map(|&x| (self.0)(x)));
        Ok(())
    }
}

struct Sigmoid(Isa);

impl Op for Sigmoid {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<f32>(inputs.view(0)?.shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        self.0.run(LogisticAll(out));
        Ok(())
    }
}

struct Not;

impl Op for Not {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<bool>(inputs.view(0)?.shape.dims())?;
        out.extend(inputs.slice::<bool>(0)?.iter().map(|x| !x));
        Ok(())
    }
}

/// Builds a Not.
pub(super) fn not(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.expect_dtype(0, DType::Bool)?;
    Ok(Built::unary(Not, context.fact(0)?.clone()))
}

/// Builds a function of one f32, or refuses an operator that is none.
pub(super) fn unary(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let op: Box<dyn Op> = match context.node.op_type.as_str() {
        "Abs" => Box::new(Unary(f32::abs)),
        "Ceil" => Box::new(Unary(f32::ceil)),
        "Exp" => Box::new(Unary(f32::exp)),
        "Floor" => Box::new(Unary(f32::floor)),
        "Log" => Box::new(Unary(f32::ln)),
        "Neg" => Box::new(Unary(|x: f32| -x)),
        "Reciprocal" => Box::new(Unary(|x: f32| 1.0 / x)),
        // Keeps what is no number.
        "Relu" => Box::new(Unary(|x: f32| if x < 0.0 { 0.0 } else { x })),
        "Sigmoid" => Box::new(Sigmoid(Isa::detect())),
        "Sqrt" => Box::new(Unary(f32::sqrt)),
        "Tanh" => Box::new(Unary(f32::tanh)),
        _ => return Err(context.refuse("the operator is not supported")),
    };
    context.attributes(&[])?;
    context.expect_dtype(0, DType::F32)?;
    Ok(Built::Step { op, reads: vec![0], facts: vec![context.fact(0)?.clone()] })
}
