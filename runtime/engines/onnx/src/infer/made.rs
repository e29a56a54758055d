//! How much a node makes: of constants when a model is loaded, of anything when it runs.
//!
//! Engines compute what constants decide while they load a model, so a file of a few bytes could
//! ask for any amount of memory; what a node makes of a request it could ask for with each. Counted
//! are the extents that are inferred, what is not known of them as 1. Where not even the rank is
//! known, the operators are looked at whose output is larger than their inputs by a factor of the
//! file's choosing.
//!
//! This bounds memory for values, not time, and not what an engine needs besides.

use std::collections::HashSet;

use radiant_core::TensorData;

use crate::elem::bytes_of;
use crate::limits::MADE_BYTES_A_BYTE;
use crate::pb::{AttributeProto, NodeProto, TensorProto};
use crate::tensor::{n_elements, tensor};
use crate::{Limits, OnnxError};

use super::op::{Info, N_INTS_MAX, Op};

/// What has been made of constants so far.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Bytes of the file's constants.
    constant_bytes: u64,
    /// Bytes that nodes made of them.
    bytes: u64,
    /// The most elements that a node makes of far fewer ones, and which node does.
    pub(super) largest: Option<(String, u64)>,
}

impl Made {
    /// Adds a constant of the file.
    pub(super) fn constant(&mut self, constant: &TensorProto) {
        let n = n_elements(&constant.dims).unwrap_or(0);
        let bytes = bytes_of(constant.data_type, n);
        self.constant_bytes = self.constant_bytes.saturating_add(bytes);
    }

    /// Remembers a node that makes so many elements of so many others.
    pub(super) fn growth(&mut self, node: &NodeProto, from: u64, to: u64) {
        let largest = self.largest.as_ref().map_or(0, |(_, largest)| *largest);
        if to > largest && to >= from.saturating_mul(2) {
            self.largest = Some((node.place().to_string(), to));
        }
    }

    /// Adds one output of a node, of at least so many elements, and refuses what is too much.
    pub(super) fn output(
        &mut self,
        node: &NodeProto,
        info: &Info<'_>,
        n_elements: u64,
        limits: &Limits,
    ) -> Result<(), OnnxError> {
        let limit = limits.tensor_elements_max;
        OnnxError::check_limit(node.place(), "elements", limit, n_elements)?;
        if node.op_type == "Constant" {
            node.attribute.iter().filter_map(tensor_of).for_each(|held| self.constant(held));
            return Ok(());
        }
        let bytes = bytes_of(info.elem, n_elements);
        if !info.is_fixed {
            return OnnxError::check_limit(node.place(), "bytes", limits.tensor_bytes_max, bytes);
        }
        self.bytes = self.bytes.saturating_add(bytes);
        let own = self.constant_bytes.saturating_mul(MADE_BYTES_A_BYTE);
        let limit = limits.made_bytes_max.saturating_add(own);
        let unit = "bytes of what constants make in all nodes up to it";
        OnnxError::check_limit(node.place(), unit, limit, self.bytes)
    }
}

fn tensor_of(attribute: &AttributeProto) -> Option<&TensorProto> {
    attribute.t.as_ref()
}

/// Whether a node gives the same for all requests of the same shapes.
pub(super) fn is_fixed(op: &Op<'_, '_>) -> bool {
    let is_standard = op.node.canonical_domain() == "";
    if is_standard && matches!(op.node.op_type.as_str(), "Shape" | "Size") {
        return true;
    }
    let mut given = op.node.input.iter().zip(&op.inputs).filter(|(name, _)| !name.is_empty());
    op.node.graphs().next().is_none()
        && given.all(|(_, info)| info.is_some_and(|info| info.is_fixed))
}

/// The elements of all inputs, each counted once.
pub(super) fn inputs(op: &Op<'_, '_>) -> u64 {
    let mut names = HashSet::new();
    let is_new = |at: &usize| op.node.input_name(*at).is_some_and(|name| names.insert(name));
    let places = (0..op.node.input.len()).filter(is_new);
    places.fold(0, |sum: u64, at| sum.saturating_add(elements(op, at)))
}

/// The elements of a node's first output where its shape does not tell, at least.
pub(super) fn at_least(op: &Op<'_, '_>) -> u64 {
    if op.node.canonical_domain() != "" {
        return 0;
    }
    let count = match op.node.op_type.as_str() {
        "BlackmanWindow" | "HammingWindow" | "HannWindow" => shape(op, 0),
        "AffineGrid" | "CenterCropPad" | "Col2Im" | "Expand" => shape(op, 1),
        "MaxUnpool" => shape(op, 2),
        "Tile" if op.opset >= 6 => shape(op, 1).map(|n| n.saturating_mul(elements(op, 0))),
        "OneHot" => shape(op, 1).map(|n| n.saturating_mul(elements(op, 0))),
        "Range" => range(op),
        "Pad" => padded(op),
        "Resize" | "Upsample" if op.has(3) => shape(op, 3),
        "Resize" | "Upsample" => scaled(op),
        "Concat" => {
            Some((0..op.node.input.len()).map(|at| elements(op, at)).fold(0, u64::saturating_add))
        }
        // One column a place, of as many as there may be.
        "NonZero" if is_fixed(op) => {
            let rank = op.dims(0).map_or(1, <[_]>::len) as u64;
            Some(elements(op, 0).saturating_mul(rank))
        }
        _ => None,
    };
    count.unwrap_or(0)
}

/// The elements of an input, at least.
fn elements(op: &Op<'_, '_>, index: usize) -> u64 {
    let Ok(info) = op.input(index) else { return 1 };
    let by_shape = info.dims.as_ref().map_or(1, |dims| op.symbols.elements_at_least(dims));
    by_shape.max(info.at_least)
}

/// The product of the numbers in an input that are known.
fn shape(op: &Op<'_, '_>, index: usize) -> Option<u64> {
    let numbers = op.ints(index).ok()?.iter();
    let extent = |number: i64| u64::try_from(number).ok().filter(|&extent| extent > 0);
    let extents = numbers.filter_map(|number| extent(number.known()?));
    Some(extents.fold(1, u64::saturating_mul))
}

/// The first number of a constant.
fn number(op: &Op<'_, '_>, index: usize) -> Option<f64> {
    if let Ok([first, ..]) = op.ints(index) {
        return first.known().map(|number| number as f64);
    }
    let constant = op.input(index).ok()?.constant?;
    if n_elements(&constant.dims)? > N_INTS_MAX as u64 {
        return None;
    }
    match tensor(constant).ok()?.data {
        TensorData::F16(values) => values.first().map(|value| value.to_f64()),
        TensorData::F32(values) => values.first().map(|&value| value.into()),
        TensorData::F64(values) => values.first().copied(),
        TensorData::I16(values) => values.first().map(|&value| value.into()),
        _ => None,
    }
}

/// `max(ceil((limit - start) / delta), 0)`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts of floats saturate, and more than fits is too much"
)]
fn range(op: &Op<'_, '_>) -> Option<u64> {
    let (start, limit, delta) = (number(op, 0)?, number(op, 1)?, number(op, 2)?);
    Some(((limit - start) / delta).ceil().max(0.0) as u64)
}

/// What constant padding makes of a shape of which the rank is not known.
fn padded(op: &Op<'_, '_>) -> Option<u64> {
    let name = if op.has_attr("paddings") { "paddings" } else { "pads" };
    let pads = op.attr_or_input(name, 1).ok()??;
    let (before, after) = pads.split_at_checked(pads.len().checked_div(2)?)?;
    let extents = before.iter().zip(after).map(|(before, after)| {
        let extent = before.saturating_add(*after).saturating_add(1);
        u64::try_from(extent).unwrap_or(0).max(1)
    });
    Some(extents.fold(1, u64::saturating_mul))
}

/// The first input scaled along each axis.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts of floats saturate, and more than fits is too much"
)]
fn scaled(op: &Op<'_, '_>) -> Option<u64> {
    let factor = super::spatial::scales(op)?.into_iter().map(f64::from).product::<f64>();
    Some((factor * elements(op, 0) as f64) as u64)
}

#[cfg(test)]
mod tests;
