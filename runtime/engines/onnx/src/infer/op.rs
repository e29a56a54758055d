//! One node while its outputs are inferred.

use std::fmt;

use crate::pb::{NodeProto, TensorProto};
use crate::tensor::{n_elements, tensor};
use crate::{Fit, OnnxError, check_recurrent};
use radiant_core::TensorData;

use super::dim::{Dim, Num, Shown, Symbols};

/// What is known of a value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Info<'m> {
    /// The element type as ONNX numbers it, 0 where unknown.
    pub(crate) elem: i32,
    /// The extents, where the rank is known.
    pub(crate) dims: Option<Vec<Dim>>,
    /// The elements of a small vector or scalar of integers or booleans.
    pub(crate) ints: Option<Vec<Num>>,
    /// The constant that the value is.
    pub(crate) constant: Option<&'m TensorProto>,
    /// Whether it is the same for all requests of the same shapes: made of constants and shapes.
    pub(crate) is_fixed: bool,
    /// Elements that it surely has where the shape does not tell, what is not known counted as 1.
    pub(crate) at_least: u64,
}

/// Small values have at most this many elements, and shapes at most this many axes.
pub(crate) const N_INTS_MAX: usize = 32;

impl<'m> Info<'m> {
    /// A value of this type and shape.
    pub(crate) fn new(elem: i32, dims: Vec<Dim>) -> Self {
        Self { elem, dims: Some(dims), ..Self::default() }
    }

    /// A value of which the type alone is known.
    pub(crate) fn of_type(elem: i32) -> Self {
        Self { elem, ..Self::default() }
    }

    /// A constant.
    pub(crate) fn constant(constant: &'m TensorProto) -> Self {
        let dims = constant.dims.iter().map(|&dim| usize::try_from(dim).ok().map(Dim::Known));
        let is_small = n_elements(&constant.dims).is_some_and(|n| n <= N_INTS_MAX as u64);
        let ints = if is_small && constant.dims.len() <= 1 { small_ints(constant) } else { None };
        Self {
            elem: constant.data_type,
            dims: dims.collect(),
            ints,
            constant: Some(constant),
            is_fixed: true,
            at_least: 0,
        }
    }

    /// The numbers of a small floating-point constant.
    pub(crate) fn floats(&self) -> Option<Vec<f32>> {
        let constant = self.constant?;
        if n_elements(&constant.dims)? > N_INTS_MAX as u64 {
            return None;
        }
        match tensor(constant).ok()?.data {
            TensorData::F32(values) => Some(values),
            _ => None,
        }
    }
}

fn small_ints(constant: &TensorProto) -> Option<Vec<Num>> {
    match tensor(constant).ok()?.data {
        TensorData::I64(values) => Some(values.into_iter().map(Num::Known).collect()),
        TensorData::I32(values) => {
            Some(values.into_iter().map(|value| Num::Known(value.into())).collect())
        }
        TensorData::Bool(values) => {
            Some(values.into_iter().map(|value| Num::Known(value.into())).collect())
        }
        _ => None,
    }
}

/// Why nothing is inferred.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Too little is known, or the operator is not.
    Unknown,
    /// The shapes cannot be right.
    Contradiction(Box<OnnxError>),
}

pub(crate) type Infer<T> = Result<T, Stop>;

/// What is needed to go on.
pub(crate) trait Needed<T> {
    /// The value, or nothing is inferred.
    fn needed(self) -> Infer<T>;
}

impl<T> Needed<T> for Option<T> {
    fn needed(self) -> Infer<T> {
        self.ok_or(Stop::Unknown)
    }
}

/// A node, what is known of its inputs, and the symbols of the graph.
pub(crate) struct Op<'a, 'm> {
    pub(crate) node: &'m NodeProto,
    pub(crate) inputs: Vec<Option<&'a Info<'m>>>,
    /// The version of the node's operator set.
    pub(crate) opset: i64,
    pub(crate) symbols: &'a mut Symbols,
}

impl<'a, 'm> Op<'a, 'm> {
    pub(crate) fn input(&self, index: usize) -> Infer<&'a Info<'m>> {
        self.inputs.get(index).copied().flatten().needed()
    }

    /// Whether the file gives this input.
    pub(crate) fn has(&self, index: usize) -> bool {
        self.node.input_name(index).is_some()
    }

    pub(crate) fn elem(&self, index: usize) -> i32 {
        self.input(index).map_or(0, |info| info.elem)
    }

    pub(crate) fn dims(&self, index: usize) -> Infer<&'a [Dim]> {
        self.input(index)?.dims.as_deref().needed()
    }

    pub(crate) fn ints(&self, index: usize) -> Infer<&'a [Num]> {
        self.input(index)?.ints.as_deref().needed()
    }

    /// Integers that are all known.
    pub(crate) fn known_ints(&self, index: usize) -> Infer<Vec<i64>> {
        self.ints(index)?.iter().map(|int| int.known()).collect::<Option<_>>().needed()
    }

    pub(crate) fn int(&self, name: &str, default: i64) -> Infer<i64> {
        self.node.int(name, default).map_err(|_error| Stop::Unknown)
    }

    pub(crate) fn attr_ints(&self, name: &str) -> Infer<&'m [i64]> {
        self.node.ints(name).map_err(|_error| Stop::Unknown)
    }

    pub(crate) fn string(&self, name: &str) -> Infer<Option<&'m str>> {
        self.node.string(name).map_err(|_error| Stop::Unknown)
    }

    pub(crate) fn has_attr(&self, name: &str) -> bool {
        self.node.attribute(name).is_some()
    }

    /// Integers that are an attribute in older operator sets and an input in newer ones; `None`
    /// where the file gives neither.
    pub(crate) fn attr_or_input(&self, name: &str, index: usize) -> Infer<Option<Vec<i64>>> {
        if self.has_attr(name) {
            return Ok(Some(self.attr_ints(name)?.to_vec()));
        }
        if self.has(index) { self.known_ints(index).map(Some) } else { Ok(None) }
    }

    /// The axis that `axis` names in a shape of `rank` axes, counted from the end if negative.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Infer<usize> {
        match absolute(axis, rank) {
            Some(axis) if axis < rank => Ok(axis),
            _ => Err(self.contradiction(format_args!("an axis of {rank}"), format_args!("{axis}"))),
        }
    }

    pub(crate) fn fresh(&mut self) -> Dim {
        self.symbols.fresh()
    }

    pub(crate) fn contradiction(
        &self,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Stop {
        Stop::Contradiction(Box::new(OnnxError::invalid(self.node.place(), expected, got)))
    }

    /// A contradiction in an input's shape.
    pub(crate) fn misfit(&self, index: usize, expected: impl fmt::Display) -> Stop {
        let name = self.node.input_name(index).unwrap_or_default();
        let place = format_args!("{}: input `{name}`", self.node.place());
        let got = Shown(self.dims(index).unwrap_or_default());
        Stop::Contradiction(Box::new(OnnxError::invalid(place, expected, got)))
    }

    /// The shape that two shapes broadcast to; `None` if they do not.
    pub(crate) fn broadcast(&mut self, a: &[Dim], b: &[Dim]) -> Option<Vec<Dim>> {
        let rank = a.len().max(b.len());
        let extent = |dims: &[Dim], axis: usize| {
            axis.checked_add(dims.len())
                .and_then(|axis| axis.checked_sub(rank))
                .and_then(|axis| dims.get(axis).copied())
                .unwrap_or(Dim::Known(1))
        };
        (0..rank)
            .map(|axis| match (extent(a, axis), extent(b, axis)) {
                (Dim::Known(1), other) | (other, Dim::Known(1)) => Some(other),
                (Dim::Known(a), Dim::Known(b)) => (a == b).then_some(Dim::Known(a)),
                // The symbol is 1 or the same.
                (Dim::Known(known), Dim::Symbol(_)) | (Dim::Symbol(_), Dim::Known(known)) => {
                    Some(Dim::Known(known))
                }
                (a, b) if a == b => Some(a),
                _ => Some(self.fresh()),
            })
            .collect()
    }

    /// Compares a recurrent layer's shapes.
    pub(crate) fn check_recurrent(&self) -> Infer<()> {
        let dims = |name: &str| {
            let at = self.node.input.iter().position(|input| input == name)?;
            let dims = self.dims(at).ok()?;
            Some(dims.iter().map(|dim| dim.known()).collect())
        };
        match check_recurrent(self.node, dims) {
            Ok(Fit::Proven | Fit::Unproven(_)) => Ok(()),
            Err(error) => Err(Stop::Contradiction(Box::new(error))),
        }
    }
}

/// An axis counted from the front; `rank` itself is allowed.
pub(crate) fn absolute(axis: i64, rank: usize) -> Option<usize> {
    let rank_i64 = i64::try_from(rank).ok()?;
    let axis = if axis < 0 { axis.checked_add(rank_i64)? } else { axis };
    usize::try_from(axis).ok().filter(|&axis| axis <= rank)
}

/// One extent that two axes must share; `None` if they cannot.
pub(crate) fn same(a: Dim, b: Dim) -> Option<Dim> {
    match (a, b) {
        (Dim::Known(a), Dim::Known(b)) if a != b => None,
        (Dim::Known(_), _) => Some(a),
        _ => Some(b),
    }
}
