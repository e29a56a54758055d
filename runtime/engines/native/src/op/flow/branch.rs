//! If: one of two graphs, by a condition.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::{Built, NodeContext, Op, Outputs};
use crate::registers::{Inputs, View};

use super::body::{Body, flag};

struct If {
    then_body: Body,
    else_body: Body,
}

impl Op for If {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let outer: Vec<View<'_>> = (1..inputs.len()).filter_map(|at| inputs.optional(at)).collect();
        let (then_outer, else_outer) = outer.split_at(self.then_body.captured.len());
        let (body, outer) = if flag(inputs.view(0)?)? {
            (&self.then_body, then_outer)
        } else {
            (&self.else_body, else_outer)
        };
        body.run(&[], outer, inputs.values, |at, view| {
            outputs.buffers[at].copy(view, view.shape.dims())
        })
    }
}

/// Builds an If; a shape in which the branches differ is known only when it has run.
pub(super) fn branch(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["then_branch", "else_branch"])?;
    context.expect_dtype(0, DType::Bool)?;
    let then_body = Body::compile(context, "then_branch", &[])?;
    let else_body = Body::compile(context, "else_branch", &[])?;
    let (yes, no) = (&then_body.facts, &else_body.facts);
    let agree = yes.len() == no.len() && yes.iter().zip(no).all(|(a, b)| a.dtype == b.dtype);
    if !agree {
        return Err(
            context.refuse("branches that give values of different types are not supported")
        );
    }
    let either = |(a, b): (&Fact, &Fact)| if a == b { a.clone() } else { Fact::of(a.dtype) };
    let facts = yes.iter().zip(no).map(either).collect();
    let captured = then_body.captured.iter().chain(&else_body.captured).copied().collect();
    Ok(Built::Nested { op: Box::new(If { then_body, else_body }), captured, facts })
}
