//! Einsum: sums of products over labelled axes, with ellipses and diagonals.
//!
//! Every product of elements is computed, one after the other: the cost is that of all extents
//! multiplied, which is bounded.

use radiant_core::{Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use super::normalize::expect_like_first;
use super::number::{Number, numbers};
use crate::op::{Built, NodeContext, Op, Outputs};

/// Products of elements that one run may compute.
const PRODUCTS_MAX: usize = 1 << 34;

/// An axis of an equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    /// All axes that have no letter.
    Ellipsis,
    Letter(u8),
}

#[derive(Debug, PartialEq, Eq)]
struct Equation {
    inputs: Vec<Vec<Label>>,
    output: Vec<Label>,
}

impl Equation {
    /// Reads `ab,bc->ac`; without an arrow, the output is of all letters that occur once, in
    /// alphabetical order.
    fn parse(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (inputs, output) = match text.split_once("->") {
            Some((inputs, output)) => (inputs, Some(labels(output)?)),
            None => (text.as_str(), None),
        };
        let inputs: Vec<_> = inputs.split(',').map(labels).collect::<Option<_>>()?;
        let count = |label: &Label| inputs.iter().flatten().filter(|other| *other == label).count();
        let output = output.unwrap_or_else(|| {
            let mut all: Vec<Label> = inputs.iter().flatten().copied().collect();
            all.sort_unstable();
            all.retain(|label| *label == Label::Ellipsis || count(label) == 1);
            all.dedup();
            all
        });
        let mut once = output.clone();
        once.sort_unstable();
        once.dedup();
        let is_known = |label: &Label| *label == Label::Ellipsis || count(label) > 0;
        (once.len() == output.len() && output.iter().all(is_known))
            .then_some(Self { inputs, output })
    }
}

/// The labels of one operand, with at most one ellipsis.
fn labels(text: &str) -> Option<Vec<Label>> {
    let letters = |text: &str| -> Option<Vec<Label>> {
        let letter = |byte: u8| byte.is_ascii_alphabetic().then_some(Label::Letter(byte));
        text.bytes().map(letter).collect()
    };
    let labels = match text.split_once("...") {
        Some((before, after)) => {
            [letters(before)?, vec![Label::Ellipsis], letters(after)?].concat()
        }
        None => letters(text)?,
    };
    (labels.len() <= RANK_MAX).then_some(labels)
}

/// An axis that is walked: its extent and the steps of each operand along it.
#[derive(Debug, Clone)]
struct Axis {
    extent: usize,
    steps: Vec<usize>,
}

struct Einsum<T> {
    equation: Equation,
    element: std::marker::PhantomData<T>,
}

impl Equation {
    /// The axes of the output, and those that are summed over.
    fn axes(&self, shapes: &[&Shape]) -> Result<(Vec<Axis>, Vec<Axis>), Error> {
        // An axis of an ellipsis is told by its place from the end.
        let mut found: Vec<((Label, usize), Axis)> = Vec::new();
        for (operand, (labels, shape)) in self.inputs.iter().zip(shapes).enumerate() {
            let has_ellipsis = labels.contains(&Label::Ellipsis);
            let n_letters = labels.len() - usize::from(has_ellipsis);
            let n_free = shape.rank().checked_sub(n_letters);
            let n_free = n_free.filter(|&n| has_ellipsis || n == 0).ok_or_else(|| {
                Error::model_failed(format!("input {operand}: {shape} does not fit the equation"))
            })?;
            let keys = labels.iter().flat_map(|&label| match label {
                Label::Ellipsis => (0..n_free).rev().map(|at| (Label::Ellipsis, at)).collect(),
                Label::Letter(_) => vec![(label, 0)],
            });
            let keys: Vec<_> = keys.collect();
            let mut step = 1_usize;
            for (&key, &extent) in keys.iter().zip(shape.dims()).rev() {
                let at = found.iter().position(|(other, _)| *other == key).unwrap_or_else(|| {
                    found.push((key, Axis { extent: 1, steps: vec![0; shapes.len()] }));
                    found.len() - 1
                });
                let axis = &mut found[at].1;
                if extent != 1 && axis.extent != 1 && axis.extent != extent {
                    let what = format!("input {operand}: {shape} does not fit the other inputs");
                    return Err(Error::model_failed(what));
                }
                if extent != 1 {
                    axis.extent = extent;
                    axis.steps[operand] = axis.steps[operand].saturating_add(step);
                }
                step = step.saturating_mul(extent);
            }
        }
        let mut output = Vec::new();
        for label in &self.output {
            let mut of_label: Vec<_> = found.iter().filter(|((l, _), _)| l == label).collect();
            of_label.sort_by_key(|((_, from_end), _)| std::cmp::Reverse(*from_end));
            output.extend(of_label.into_iter().map(|(_, axis)| axis.clone()));
        }
        let is_summed = |label: &Label| !self.output.contains(label);
        let summed = found.into_iter().filter(|((label, _), _)| is_summed(label));
        Ok((output, summed.map(|(_, axis)| axis).collect()))
    }
}

impl<T: Number> Op for Einsum<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let n_inputs = inputs.len();
        let shapes: Vec<_> =
            (0..n_inputs).map(|at| Ok(inputs.view(at)?.shape)).collect::<Result<_, Error>>()?;
        let values: Vec<&[T]> =
            (0..n_inputs).map(|at| inputs.slice(at)).collect::<Result<_, Error>>()?;
        let (output, summed) = self.equation.axes(&shapes)?;
        let n_products = output.iter().chain(&summed).map(|axis| axis.extent);
        let n_products = n_products.fold(n_inputs, usize::saturating_mul);
        if n_products > PRODUCTS_MAX {
            let what = format!("expected at most {PRODUCTS_MAX} products, got {n_products}");
            return Err(Error::model_failed(what));
        }
        let dims: Vec<usize> = output.iter().map(|axis| axis.extent).collect();
        let out = outputs.first().reset::<T>(&dims)?;
        let mut starts = vec![0; n_inputs];
        walk(&output, &mut starts, |starts| {
            let mut sum = T::default();
            walk(&summed, starts, |at| {
                let factors = values.iter().zip(at.iter()).map(|(values, &at)| values[at]);
                sum = sum.plus(factors.fold(T::ONE, T::times));
                Ok(())
            })?;
            out.push(sum);
            inputs.values.cancel.check()
        })
    }
}

/// Calls `visit` at each point of some axes, the last of which moves first. What `visit` is given
/// is where each operand is, and what it finds there when it ends is as it was.
fn walk(
    axes: &[Axis],
    at: &mut [usize],
    mut visit: impl FnMut(&mut [usize]) -> Result<(), Error>,
) -> Result<(), Error> {
    if axes.iter().any(|axis| axis.extent == 0) {
        return Ok(());
    }
    let mut counts = vec![0; axes.len()];
    loop {
        visit(at)?;
        let mut axis = axes.len();
        loop {
            let Some(next) = axis.checked_sub(1) else { return Ok(()) };
            axis = next;
            counts[axis] += 1;
            let Axis { extent, steps } = &axes[axis];
            if counts[axis] < *extent {
                at.iter_mut().zip(steps).for_each(|(at, step)| *at += step);
                break;
            }
            counts[axis] = 0;
            at.iter_mut().zip(steps).for_each(|(at, step)| *at -= step * (extent - 1));
        }
    }
}

/// Builds an Einsum.
pub(super) fn einsum(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["equation"])?;
    let text = context.node.string("equation")?.unwrap_or_default();
    let equation = Equation::parse(text).filter(|equation| {
        let letters = equation.inputs.iter().flatten().collect::<Vec<_>>();
        equation.inputs.len() == context.inputs.len() && letters.len() <= RANK_MAX
    });
    let equation = equation.ok_or_else(|| context.refuse_value("equation", text))?;
    let dtype = expect_like_first(context, 0..context.inputs.len())?;
    let op = numbers!(dtype, T => {
        Box::new(Einsum::<T> { equation, element: std::marker::PhantomData }) as Box<dyn Op>
    });
    super::step(context, op, vec![Fact::of(dtype)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        let Equation { output, .. } = Equation::parse(text)?;
        let text = |label: &Label| match label {
            Label::Ellipsis => '.',
            Label::Letter(letter) => char::from(*letter),
        };
        Some(output.iter().map(text).collect())
    }

    #[test]
    fn an_output_that_is_left_out_has_the_letters_that_occur_once() {
        assert_eq!(parsed("ij, jk -> ik").as_deref(), Some("ik"));
        assert_eq!(parsed("kj,ji").as_deref(), Some("ik"));
        assert_eq!(parsed("...ii").as_deref(), Some("."));
        assert_eq!(parsed("ii->").as_deref(), Some(""));
        for wrong in ["ij->ii", "ij->k", "i.j", "......", "i1", "i->j->k"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
