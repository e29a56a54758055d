//! Scan: a graph over the slices of its inputs, with values carried from one slice to the next.

use radiant_core::{Error, Shape, Tensor};

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::{Built, NodeContext, Op, Outputs};
use crate::registers::{Buffer, Inputs, View, append, reset_as};

use super::body::{Body, set};

struct Scan {
    body: Body,
    n_states: usize,
    n_scans: usize,
    /// Which of the scanned inputs are read from the end.
    is_reversed: Vec<bool>,
}

impl Op for Scan {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let n_inputs = self.n_states + self.n_scans;
        let outer: Vec<View<'_>> =
            (n_inputs..inputs.len()).filter_map(|at| inputs.optional(at)).collect();
        let mut values = vec![Tensor::default(); n_inputs];
        for (at, state) in values.iter_mut().enumerate().take(self.n_states) {
            set(state, inputs.view(at)?);
        }
        let mut next = values.clone();
        let n_slices = self.n_slices(inputs)?;
        let (states, scans) = outputs.buffers.split_at_mut(self.n_states);
        let scans = &mut scans[..self.body.facts.len() - self.n_states];
        let mut stacks = Stack::each(&self.body.facts[self.n_states..], scans)?;
        for turn in 0..n_slices {
            for (scan, is_reversed) in self.is_reversed.iter().enumerate() {
                let view = inputs.view(self.n_states + scan)?;
                let slice = if *is_reversed { n_slices - 1 - turn } else { turn };
                take_slice(view, slice, &mut values[self.n_states + scan])?;
            }
            self.body.run(&values, &outer, inputs.values, |at, view| {
                match at.checked_sub(self.n_states) {
                    Some(scan) => stacks[scan].push(view)?,
                    None => set(&mut next[at], view),
                }
                Ok(())
            })?;
            for (value, next) in values.iter_mut().zip(&mut next).take(self.n_states) {
                std::mem::swap(value, next);
            }
        }
        for (buffer, Tensor { shape, data, .. }) in states.iter_mut().zip(&values) {
            buffer.copy(View { shape, data }, shape.dims())?;
        }
        stacks.into_iter().try_for_each(Stack::finish)
    }
}

impl Scan {
    /// The number of slices, in which all scanned inputs must agree.
    fn n_slices(&self, inputs: Inputs<'_>) -> Result<usize, Error> {
        let first = inputs.view(self.n_states)?.shape.rows();
        for at in self.n_states..self.n_states + self.n_scans {
            let shape = inputs.view(at)?.shape;
            if shape.rank() == 0 || shape.rows() != first {
                let message = format!("expected {first} slices in input {at}, got shape {shape}");
                return Err(Error::model_failed(message));
            }
        }
        Ok(first)
    }
}

/// Copies one slice along the first axis.
fn take_slice(view: View<'_>, at: usize, slice: &mut Tensor) -> Result<(), Error> {
    let dims = view.shape.dims().get(1..).unwrap_or_default();
    let n_elements: usize = dims.iter().product();
    slice.shape.set(dims);
    reset_as(view.data, &mut slice.data);
    append(view.data, at * n_elements..(at + 1) * n_elements, &mut slice.data)
}

/// Slices that become one value, along a new first axis.
pub(super) struct Stack<'a> {
    buffer: &'a mut Buffer,
    slices: Option<Shape>,
    n_slices: usize,
}

impl<'a> Stack<'a> {
    /// One stack for each buffer, of values like `facts`.
    pub(super) fn each(facts: &[Fact], buffers: &'a mut [Buffer]) -> Result<Vec<Self>, Error> {
        let stack = |(fact, buffer): (&Fact, &'a mut Buffer)| {
            let empty = Tensor::zeros("", &[0], fact.dtype);
            buffer.data = empty.data;
            // What no slice ever fills has the extents that are known.
            let dims: Option<Vec<usize>> =
                fact.dims.as_ref().and_then(|dims| dims.iter().copied().collect());
            let slices = dims.map(|dims| Shape::new(&dims));
            Ok(Self { buffer, slices, n_slices: 0 })
        };
        facts.iter().zip(buffers).map(stack).collect()
    }

    /// Adds a slice, which must be of the shape of those before.
    pub(super) fn push(&mut self, view: View<'_>) -> Result<(), Error> {
        if self.n_slices == 0 {
            self.slices = Some(view.shape.clone());
        }
        if self.slices.as_ref() != Some(view.shape) {
            let got = view.shape;
            return Err(Error::model_failed(format!("expected slices of one shape, got {got}")));
        }
        self.n_slices += 1;
        self.set_shape()?;
        append(view.data, 0..view.data.len(), &mut self.buffer.data)
    }

    fn set_shape(&mut self) -> Result<(), Error> {
        let slices = self.slices.as_ref().map_or(&[][..], Shape::dims);
        let mut dims = Shape::from([self.n_slices]);
        for &dim in slices {
            dims.push(dim);
        }
        self.buffer.set_shape(dims.dims()).map(drop)
    }

    /// Makes the shape right where no slice came.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.set_shape()
    }
}

/// Builds a Scan along first axes.
pub(super) fn scan(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[
        "body",
        "num_scan_inputs",
        "scan_input_axes",
        "scan_input_directions",
        "scan_output_axes",
        "scan_output_directions",
    ])?;
    if context.opset < 9 {
        return Err(
            context.refuse("the form of operator set 8, which has a batch, is not supported")
        );
    }
    for attribute in ["scan_input_axes", "scan_output_axes", "scan_output_directions"] {
        if let Some(value) = context.node.ints(attribute)?.iter().find(|&&value| value != 0) {
            return Err(context.refuse_value(attribute, value));
        }
    }
    let n_scans = context.node.int("num_scan_inputs", 0)?;
    let n_scans = usize::try_from(n_scans).ok().filter(|&n| n > 0 && n <= context.inputs.len());
    let n_scans =
        n_scans.ok_or_else(|| context.refuse("`num_scan_inputs` is not that of the inputs"))?;
    let n_states = context.inputs.len() - n_scans;
    let directions = context.node.ints("scan_input_directions")?;
    let is_reversed = (0..n_scans).map(|at| directions.get(at) == Some(&1)).collect();
    let mut given = Vec::new();
    for at in 0..context.inputs.len() {
        let fact = context.fact(at)?;
        given.push(if at < n_states {
            Fact::of(fact.dtype)
        } else {
            let dims = fact.dims.as_ref().map(|dims| dims.iter().skip(1).copied().collect());
            Fact { dtype: fact.dtype, dims }
        });
    }
    let body = Body::compile(context, "body", &given)?;
    let kept = body.facts.len() >= n_states
        && body.facts.iter().zip(&given[..n_states]).all(|(new, old)| new.dtype == old.dtype);
    if !kept {
        return Err(
            context.refuse("a body that gives back other values than it takes is not supported")
        );
    }
    let n_slices = context.fact(n_states)?.dim(0);
    let stacked = |fact: &Fact| {
        let dims = fact
            .dims
            .as_ref()
            .map(|dims| [n_slices].into_iter().chain(dims.iter().copied()).collect());
        Fact { dtype: fact.dtype, dims }
    };
    let states = given[..n_states].iter().cloned();
    let facts = states.chain(body.facts[n_states..].iter().map(stacked)).collect();
    let captured = body.captured.clone();
    let op = Box::new(Scan { body, n_states, n_scans, is_reversed });
    Ok(Built::Nested { op, captured, facts })
}
