//! Half precision: computed in single precision and rounded once, whatever the operator.

use half::{bf16, f16};
use radiant_core::{DType, Error, Shape, Tensor, TensorData};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Buffer, Inputs, Slot, Values, View};

use crate::op::{Builder, Built, NodeContext, Op, Outputs};

/// An operator on single precision that is given half precision.
struct Widened {
    op: Box<dyn Op>,
    /// The type of each output that the operator gives in another one.
    narrowed: Vec<Option<DType>>,
}

fn is_half(dtype: DType) -> bool {
    matches!(dtype, DType::F16 | DType::BF16)
}

/// Which outputs in single precision become half precision again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Narrowed {
    /// The input whose type they take, if that is half precision.
    pub(super) like: usize,
    /// How many of the outputs.
    pub(super) n_outputs: usize,
}

/// Builds an operator that knows single precision only for inputs of which some may be half
/// precision.
pub(super) fn build(
    context: &mut NodeContext<'_>,
    builder: Builder,
    narrowed: Narrowed,
) -> Result<Built, Unsupported> {
    let is_needed = context.inputs.iter().flatten().any(|(_, fact)| is_half(fact.dtype));
    if !is_needed {
        return builder(context);
    }
    let target =
        context.optional(narrowed.like).map(|fact| fact.dtype).filter(|&dtype| is_half(dtype));
    let original = context.inputs.clone();
    for (_, fact) in context.inputs.iter_mut().flatten().filter(|(_, fact)| is_half(fact.dtype)) {
        fact.dtype = DType::F32;
    }
    let built = builder(context);
    context.inputs = original;
    match built? {
        built @ (Built::Alias(_) | Built::Nested { .. }) => Ok(built),
        Built::Step { op, reads, mut facts } => {
            let narrow = |(at, fact): (usize, &mut Fact)| {
                let target =
                    target.filter(|_| at < narrowed.n_outputs && fact.dtype == DType::F32)?;
                fact.dtype = target;
                Some(target)
            };
            let narrowed = facts.iter_mut().enumerate().map(narrow).collect();
            Ok(Built::Step { op: Box::new(Widened { op, narrowed }), reads, facts })
        }
    }
}

impl Op for Widened {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let mut slots = Vec::with_capacity(inputs.len());
        let mut wide = Vec::with_capacity(inputs.len());
        for at in 0..inputs.len() {
            let Some(view) = inputs.optional(at) else {
                slots.push(Slot::Absent);
                continue;
            };
            slots.push(Slot::Input(wide.len()));
            wide.push(widened(view));
        }
        let cancel = inputs.values.cancel;
        let values = Values { inputs: &wide, constants: &[], registers: &[], outer: &[], cancel };
        let mut buffers: Vec<Buffer> = self.narrowed.iter().map(|_| Buffer::default()).collect();
        let Outputs { buffers: narrow, needed_for, wanted } = outputs;
        let inner = Outputs { buffers: &mut buffers, needed_for, wanted };
        self.op.run(Inputs { slots: &slots, values }, inner)?;
        for ((wide, narrow), target) in buffers.into_iter().zip(narrow).zip(&self.narrowed) {
            match (target, &wide.data) {
                (Some(DType::F16), TensorData::F32(values)) => {
                    let out = narrow.reset::<f16>(wide.shape.dims())?;
                    out.extend(values.iter().map(|&value| f16::from_f32(value)));
                }
                (Some(DType::BF16), TensorData::F32(values)) => {
                    let out = narrow.reset::<bf16>(wide.shape.dims())?;
                    out.extend(values.iter().map(|&value| bf16::from_f32(value)));
                }
                _ => *narrow = wide,
            }
        }
        Ok(())
    }
}

/// A copy in single precision; other types as they are.
fn widened(view: View<'_>) -> Tensor {
    let data = match view.data {
        TensorData::F16(values) => {
            TensorData::F32(values.iter().map(|value| value.to_f32()).collect())
        }
        TensorData::BF16(values) => {
            TensorData::F32(values.iter().map(|value| value.to_f32()).collect())
        }
        other => other.clone(),
    };
    Tensor { name: "".into(), shape: Shape::clone(view.shape), data }
}
