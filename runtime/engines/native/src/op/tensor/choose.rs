//! Where and OneHot: elements of two values, chosen one by one.

use radiant_core::{DType, Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::axes::{axis, product};
use crate::op::{Built, NodeContext, Outputs, broadcast};

use super::column::{Column, Move, Moving, elements};
use super::ints::{Ints, extent, known};

/// Elements of the second input where the condition holds, and of the third elsewhere.
struct Where;

impl Move for Where {
    const MOVED: usize = 1;

    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let [condition_shape, yes_shape, no_shape] =
            [inputs.view(0)?.shape, inputs.view(1)?.shape, inputs.view(2)?.shape];
        let shape = broadcast::shape(&[condition_shape, yes_shape, no_shape])?;
        let dims = shape.dims();
        let condition = inputs.slice::<bool>(0)?;
        let (yes, no) = (elements::<C>(inputs, 1)?, elements::<C>(inputs, 2)?);
        let out = C::reset(outputs.first(), dims)?;
        let steps =
            [condition_shape, yes_shape, no_shape].map(|shape| broadcast::strides(shape, dims));
        let (last, n) = match dims.split_last() {
            Some((&n, outer)) => (outer.len(), n),
            None => (0, 1),
        };
        let [by_condition, by_yes, by_no] = [steps[0][last], steps[1][last], steps[2][last]];
        broadcast::runs(dims, [&steps[0], &steps[1], &steps[2]], |[mut c, mut y, mut no_at]| {
            for _ in 0..n {
                if condition[c] {
                    out.append(yes, y..y + 1);
                } else {
                    out.append(no, no_at..no_at + 1);
                }
                c += by_condition;
                y += by_yes;
                no_at += by_no;
            }
        });
        Ok(())
    }
}

/// Builds a Where.
pub(super) fn choose(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.expect_dtype(0, DType::Bool)?;
    let (condition, yes, no) = (context.fact(0)?, context.fact(1)?, context.fact(2)?);
    if yes.dtype != no.dtype {
        return Err(context.refuse(format!("expected values of one type, got {yes} and {no}")));
    }
    let fact = Fact::broadcast(yes.dtype, &[condition, yes, no]);
    Ok(Built::step(context, Moving(Where), fact))
}

/// An axis of `depth` that has the on-value where the index tells and the off-value elsewhere.
struct OneHot(i64);

impl Move for OneHot {
    const MOVED: usize = 2;

    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let depth = extent(Ints::read(inputs, 1)?.sole()?)?;
        let values = elements::<C>(inputs, 2)?;
        if inputs.view(2)?.data.len() != 2 {
            return Err(Error::model_failed("expected an off-value and an on-value"));
        }
        let axis = axis(self.0, shape.rank() + 1)?;
        let (before, after) = shape.dims().split_at(axis);
        let mut dims = Shape::new(before);
        dims.push(depth);
        for &dim in after {
            dims.push(dim);
        }
        let indices = inputs.slice::<i64>(0)?;
        let inner = product(after);
        let out = C::reset(outputs.first(), dims.dims())?;
        let signed_depth = i64::try_from(depth).unwrap_or(i64::MAX);
        for indices in indices.chunks(inner.max(1)) {
            for place in 0..signed_depth {
                for &index in indices {
                    let is_on = index == place || index.checked_add(signed_depth) == Some(place);
                    let value = usize::from(is_on);
                    out.append(values, value..value + 1);
                }
            }
        }
        Ok(())
    }
}

/// Builds a OneHot. Indices and the depth are any numbers, whose fractions do not count.
pub(super) fn one_hot(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    for index in [0, 1] {
        let dtype = context.fact(index)?.dtype;
        if !dtype.is_integer() && !dtype.is_float() {
            let what = format!("input {index} of type {dtype} is not supported");
            return Err(context.refuse(what));
        }
        context.convert(index, DType::I64)?;
    }
    let at = context.node.int("axis", -1)?;
    let (fact, values) = (context.fact(0)?, context.fact(2)?);
    let depth = context.constant_ints(1).and_then(|depth| usize::try_from(*depth.first()?).ok());
    let mut dims = None;
    if let Some(from) = &fact.dims {
        let at = known(context, axis(at, from.len() + 1))?;
        let mut all = from.clone();
        all.insert(at, depth);
        dims = Some(all);
    }
    let fact = Fact { dtype: values.dtype, dims };
    Ok(Built::step(context, Moving(OneHot(at)), fact))
}
