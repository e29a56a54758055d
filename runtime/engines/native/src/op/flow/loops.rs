//! Loop: a graph again and again, with values carried from one turn to the next.

use radiant_core::{DType, Error, Tensor};

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::{Built, NodeContext, Op, Outputs};
use crate::registers::{Inputs, View};

use super::body::{Body, flag, set};
use super::scan::Stack;

/// Turns that one run may take: a condition that never falls must not hold a thread for ever.
const TURNS_MAX: i64 = 1 << 24;

struct Loop {
    body: Body,
    n_states: usize,
}

impl Op for Loop {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let n_inputs = 2 + self.n_states;
        let outer: Vec<View<'_>> =
            (n_inputs..inputs.len()).filter_map(|at| inputs.optional(at)).collect();
        let limit = match inputs.optional(0) {
            None => i64::MAX,
            Some(_) => inputs.slice::<i64>(0)?.first().copied().unwrap_or(0),
        };
        let mut goes_on = inputs.optional(1).map_or(Ok(true), flag)?;
        let mut values =
            vec![Tensor::new("", &[], vec![0_i64]), Tensor::new("", &[], vec![goes_on])];
        for at in 2..n_inputs {
            let mut state = Tensor::default();
            set(&mut state, inputs.view(at)?);
            values.push(state);
        }
        let mut next = values.clone();
        let (states, scans) = outputs.buffers.split_at_mut(self.n_states);
        let scans = &mut scans[..self.body.facts.len() - 1 - self.n_states];
        let mut stacks = Stack::each(&self.body.facts[1 + self.n_states..], scans)?;
        let mut turn = 0;
        while goes_on && turn < limit {
            if turn == TURNS_MAX {
                return Err(Error::model_failed(format!("expected at most {TURNS_MAX} turns")));
            }
            values[0] = Tensor::new("", &[], vec![turn]);
            self.body.run(&values, &outer, inputs.values, |at, view| {
                match at.checked_sub(1 + self.n_states) {
                    Some(scan) => stacks[scan].push(view)?,
                    None => set(&mut next[at + 1], view),
                }
                Ok(())
            })?;
            std::mem::swap(&mut values, &mut next);
            let Tensor { shape, data, .. } = &values[1];
            goes_on = flag(View { shape, data })?;
            turn += 1;
        }
        for (buffer, Tensor { shape, data, .. }) in states.iter_mut().zip(&values[2..]) {
            buffer.copy(View { shape, data }, shape.dims())?;
        }
        stacks.into_iter().try_for_each(Stack::finish)
    }
}

/// Builds a Loop.
pub(super) fn loops(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["body"])?;
    if context.optional(0).is_some() {
        context.expect_dtype(0, DType::I64)?;
    }
    if context.optional(1).is_some() {
        context.expect_dtype(1, DType::Bool)?;
    }
    let n_states = context.inputs.len().saturating_sub(2);
    let scalar = |dtype| Fact::new(dtype, &[]);
    let mut given = vec![scalar(DType::I64), scalar(DType::Bool)];
    for at in 0..n_states {
        given.push(Fact::of(context.fact(2 + at)?.dtype));
    }
    let body = Body::compile(context, "body", &given)?;
    let kept = body.facts.len() > n_states
        && body.facts[0].dtype == DType::Bool
        && body.facts[1..].iter().zip(&given[2..]).all(|(new, old)| new.dtype == old.dtype);
    if !kept {
        return Err(
            context.refuse("a body that gives back other values than it takes is not supported")
        );
    }
    let states = given[2..].iter().cloned();
    let scans = body.facts[1 + n_states..].iter().map(|fact| Fact::of(fact.dtype));
    let facts = states.chain(scans).collect();
    let captured = body.captured.clone();
    Ok(Built::Nested { op: Box::new(Loop { body, n_states }), captured, facts })
}
