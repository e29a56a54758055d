//! How many elements a node produces when constants alone decide it.
//!
//! Engines compute such nodes while they load a model, so a file of a few bytes could ask for any
//! amount of memory. Counted are the operators whose output is larger than their inputs by a
//! constant factor of the file's choosing, and Concat, whose repetition doubles. What broadcasting,
//! products and gathering can do is not counted: an engine that loads files of strangers needs a
//! limit on its process besides.

use radiant_core::TensorData;

use crate::pb::{NodeProto, TensorProto};
use crate::tensor::{n_elements, tensor};
use crate::{Limits, OnnxError};

use super::scope::{Scope, Value};

/// What is known of a node's first output.
///
/// # Errors
/// [`OnnxError::TooLarge`] when constants ask for more elements than the limit.
pub(crate) fn outputs<'a>(
    node: &'a NodeProto,
    scope: &Scope<'a>,
    limits: &Limits,
) -> Result<Value<'a>, OnnxError> {
    if node.canonical_domain() != "" {
        return Ok(Value::default());
    }
    if node.op_type == "Constant" {
        return Ok(node.tensor("value")?.map(Value::constant).unwrap_or_default());
    }
    let known = Known { node, scope };
    let count = match node.op_type.as_str() {
        "ConstantOfShape" => known.ints(0).map(|shape| Count::exact(&shape)),
        "Range" => known.range(),
        "Expand" => known.ints(1).map(|shape| known.at_least(&shape)),
        "Tile" => known.ints(1).map(|repeats| known.times(&repeats)),
        "Pad" => known.padded()?,
        "OneHot" => known.ints(1).map(|depth| known.times(&depth)),
        "Resize" => known.ints(3).map(|sizes| Count::exact(&sizes)).or_else(|| known.scaled(2)),
        "Upsample" => known.scaled(1),
        "Concat" => known.sum(),
        _ => None,
    };
    let Some(count) = count else { return Ok(Value::default()) };
    let limit = limits.tensor_elements_max;
    OnnxError::check_limit(node.place(), "elements", limit, count.at_least)?;
    let n_elements = count.is_exact.then_some(count.at_least);
    Ok(Value { n_elements, ..Value::default() })
}

/// A number of elements.
struct Count {
    at_least: u64,
    is_exact: bool,
}

impl Count {
    fn exact(shape: &[i64]) -> Self {
        Self { at_least: n_elements(shape).unwrap_or(0), is_exact: true }
    }
}

/// A node whose inputs may be known.
struct Known<'s, 'a> {
    node: &'a NodeProto,
    scope: &'s Scope<'a>,
}

/// Shapes and repeats are short: longer constants are data.
const N_NUMBERS_MAX: u64 = 64;

impl<'a> Known<'_, 'a> {
    fn value(&self, index: usize) -> Option<&Value<'a>> {
        self.scope.get(self.node.input_name(index)?)
    }

    fn constant(&self, index: usize) -> Option<&'a TensorProto> {
        let value = self.value(index)?;
        value.constant.filter(|_| value.n_elements.is_some_and(|n| n <= N_NUMBERS_MAX))
    }

    /// A constant list of integers.
    fn ints(&self, index: usize) -> Option<Vec<i64>> {
        match tensor(self.constant(index)?).ok()?.data {
            TensorData::I64(values) => Some(values),
            TensorData::I32(values) => Some(values.into_iter().map(i64::from).collect()),
            _ => None,
        }
    }

    /// A constant list of numbers.
    fn floats(&self, index: usize) -> Option<Vec<f64>> {
        match tensor(self.constant(index)?).ok()?.data {
            TensorData::F32(values) => Some(values.into_iter().map(f64::from).collect()),
            TensorData::F64(values) => Some(values),
            TensorData::I64(values) => Some(values.into_iter().map(|v| v as f64).collect()),
            TensorData::I32(values) => Some(values.into_iter().map(f64::from).collect()),
            _ => None,
        }
    }

    /// At least the elements of `shape`, and exactly as many if the input has one.
    fn at_least(&self, shape: &[i64]) -> Count {
        let count = Count::exact(shape);
        Count { is_exact: self.value(0).and_then(|value| value.n_elements) == Some(1), ..count }
    }

    /// The elements of the first input, if known, times each of `factors`.
    fn times(&self, factors: &[i64]) -> Count {
        let n_input = self.value(0).and_then(|value| value.n_elements);
        let n_copies = n_elements(factors).unwrap_or(0);
        Count {
            at_least: n_copies.saturating_mul(n_input.unwrap_or(1)),
            is_exact: n_input.is_some(),
        }
    }

    fn sum(&self) -> Option<Count> {
        let inputs = self.node.input.iter();
        let counts = inputs.map(|name| self.scope.get(name)?.n_elements);
        let at_least = counts.sum::<Option<u64>>()?;
        Some(Count { at_least, is_exact: true })
    }

    /// `max(ceil((limit - start) / delta), 0)`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "casts of floats saturate, and more than fits is too much"
    )]
    fn range(&self) -> Option<Count> {
        let number = |index| self.floats(index)?.first().copied();
        let (start, limit, delta) = (number(0)?, number(1)?, number(2)?);
        let at_least = ((limit - start) / delta).ceil().max(0.0) as u64;
        Some(Count { at_least, is_exact: true })
    }

    /// The first input with constant padding, an input from opset 11 on, before it an attribute.
    fn padded(&self) -> Result<Option<Count>, OnnxError> {
        let attribute = self.node.ints("pads")?;
        let pads = if attribute.is_empty() { self.ints(1) } else { Some(attribute.to_vec()) };
        let Some(pads) = pads else { return Ok(None) };
        let dims = self.value(0).and_then(|value| value.dims.as_ref());
        let n_axes = pads.len().checked_div(2).unwrap_or(0);
        let extents = (0..n_axes).map(|axis| {
            let before = pads.get(axis).copied().unwrap_or(0);
            let after = pads.get(axis.saturating_add(n_axes)).copied().unwrap_or(0);
            let extent = dims.and_then(|dims| *dims.get(axis)?).unwrap_or(1);
            let extent = i64::try_from(extent).unwrap_or(i64::MAX);
            extent.saturating_add(before).saturating_add(after).max(0)
        });
        let at_least = n_elements(&extents.collect::<Vec<_>>()).unwrap_or(0);
        Ok(Some(Count { at_least, is_exact: false }))
    }

    /// The first input, if known, scaled along each axis.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "casts of floats saturate, and more than fits is too much"
    )]
    fn scaled(&self, index: usize) -> Option<Count> {
        let factor = self.floats(index)?.into_iter().product::<f64>();
        let n_input = self.value(0).and_then(|value| value.n_elements).unwrap_or(1);
        Some(Count { at_least: (factor * n_input as f64) as u64, is_exact: false })
    }
}
