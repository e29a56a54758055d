//! Axes to reduce, as an attribute or an input tells them.

use radiant_core::Error;

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use crate::op::{NodeContext, axes};

/// Which axes to reduce.
pub(super) struct Axes {
    /// The axes that are known, as the model names them.
    known: Option<Vec<i64>>,
    /// Whether no axes mean none, instead of all.
    is_none_none: bool,
    /// Whether reduced axes stay, with extent 1.
    pub(super) keeps: bool,
}

impl Axes {
    /// Reads attributes `axes`, `keepdims` and `noop_with_empty_axes`, and the second input.
    pub(super) fn of(context: &NodeContext<'_>) -> Result<Self, Unsupported> {
        context.attributes(&["axes", "keepdims", "noop_with_empty_axes"])?;
        let node = context.node;
        let known = match context.optional(1) {
            Some(_) => {
                context.expect_dtypes(1, &[radiant_core::DType::I64])?;
                context.constant_ints(1)
            }
            None => Some(node.ints("axes")?.to_vec()),
        };
        let is_none_none = node.int("noop_with_empty_axes", 0)? != 0;
        let axes = Self { known, is_none_none, keeps: node.int("keepdims", 1)? != 0 };
        if let (Some(known), Some(rank)) = (&axes.known, context.fact(0)?.rank()) {
            axes.mask(known, rank).map_err(|error| context.refuse(error.to_string()))?;
        }
        Ok(axes)
    }

    /// Which axes of a value of this rank are reduced.
    pub(super) fn find(&self, inputs: Inputs<'_>, rank: usize) -> Result<[bool; RANK_MAX], Error> {
        match &self.known {
            Some(known) => self.mask(known, rank),
            None => self.mask(inputs.slice(1)?, rank),
        }
    }

    fn mask(&self, named: &[i64], rank: usize) -> Result<[bool; RANK_MAX], Error> {
        if rank > RANK_MAX {
            return Err(Error::model_failed(format!(
                "expected at most {RANK_MAX} axes, got {rank}"
            )));
        }
        let mut mask = [named.is_empty() && !self.is_none_none; RANK_MAX];
        for &axis in named {
            mask[axes::axis(axis, rank)?] = true;
        }
        Ok(mask)
    }

    /// What is known of a value after the reduction of `fact`.
    pub(super) fn reduced(&self, fact: &Fact) -> Fact {
        let (Some(known), Some(dims)) = (&self.known, &fact.dims) else {
            return Fact::of(fact.dtype);
        };
        let Ok(mask) = self.mask(known, dims.len()) else { return Fact::of(fact.dtype) };
        let one = self.keeps.then_some(Some(1));
        let dim = |(dim, is_reduced): (&Option<usize>, &bool)| {
            if *is_reduced { one } else { Some(*dim) }
        };
        let dims: Vec<_> = dims.iter().zip(&mask).filter_map(dim).collect();
        Fact::new(fact.dtype, &dims)
    }
}
