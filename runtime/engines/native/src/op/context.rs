//! A node that is being built into an operator, and what builders ask of it.

use std::fmt;

use radiant_core::{DType, Tensor};
use radiant_onnx::pb::NodeProto;

use crate::Unsupported;
use crate::compiler::Compiler;
use crate::fact::Fact;
use crate::op::tensor::cast;
use crate::registers::Slot;

/// A node that is being built.
pub(crate) struct NodeContext<'a> {
    pub(crate) node: &'a NodeProto,
    /// The version of the operator set that the node is from.
    pub(crate) opset: i64,
    /// One entry an input of the node; `None` where an optional one is left out.
    pub(crate) inputs: Vec<Option<(Slot, Fact)>>,
    pub(crate) compiler: &'a mut Compiler,
}

/// What is known of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowsFact {
    pub(crate) n_rows: Option<usize>,
    pub(crate) n_columns: Option<usize>,
}

impl NodeContext<'_> {
    /// A refusal of this node.
    pub(crate) fn refuse(&self, what: impl Into<String>) -> Unsupported {
        Unsupported::new(self.node.place(), what)
    }

    /// Refuses attributes other than `known`.
    pub(crate) fn attributes(&self, known: &[&str]) -> Result<(), Unsupported> {
        let unknown = self.node.attribute.iter().find(|a| !known.contains(&a.name.as_str()));
        unknown.map_or(Ok(()), |attribute| {
            Err(self.refuse(format!("attribute `{}` is not supported", attribute.name)))
        })
    }

    /// Refuses the value of an attribute.
    pub(crate) fn refuse_value(&self, attribute: &str, value: impl fmt::Display) -> Unsupported {
        self.refuse(format!("attribute `{attribute}`: `{value}` is not supported"))
    }

    /// What is known of the input at `index`, which must be there.
    pub(crate) fn fact(&self, index: usize) -> Result<&Fact, Unsupported> {
        self.optional(index).ok_or_else(|| self.refuse(format!("there is no input {index}")))
    }

    /// What is known of the input at `index`, unless it is left out.
    pub(crate) fn optional(&self, index: usize) -> Option<&Fact> {
        self.inputs.get(index)?.as_ref().map(|(_, fact)| fact)
    }

    /// The tensor that an input is, if it is known now.
    pub(crate) fn constant(&self, index: usize) -> Option<&Tensor> {
        let (slot, _) = self.inputs.get(index)?.as_ref()?;
        self.compiler.constant_at(*slot)
    }

    /// The integers that an input is, if they are known now.
    pub(crate) fn constant_ints(&self, index: usize) -> Option<Vec<i64>> {
        let tensor = self.constant(index)?;
        match tensor.as_slice::<i64>() {
            Some(values) => Some(values.to_vec()),
            None => Some(tensor.as_slice::<i32>()?.iter().map(|&value| value.into()).collect()),
        }
    }

    /// The input as rows: `[n_rows, n_columns]`, a vector being one row.
    pub(crate) fn rows(&self, index: usize) -> Result<RowsFact, Unsupported> {
        let fact = self.fact(index)?;
        match fact.dims.as_deref() {
            None => Ok(RowsFact { n_rows: None, n_columns: None }),
            Some(&[n_columns]) => Ok(RowsFact { n_rows: Some(1), n_columns }),
            Some(&[n_rows, n_columns]) => Ok(RowsFact { n_rows, n_columns }),
            Some(dims) => {
                Err(self.refuse(format!("input of rank {} is not supported", dims.len())))
            }
        }
    }

    /// Refuses an input of another type.
    pub(crate) fn expect_dtype(&self, index: usize, expected: DType) -> Result<(), Unsupported> {
        self.expect_dtypes(index, &[expected]).map(drop)
    }

    /// The type of an input, which must be one of `expected`.
    pub(crate) fn expect_dtypes(
        &self,
        index: usize,
        expected: &[DType],
    ) -> Result<DType, Unsupported> {
        let got = self.fact(index)?.dtype;
        if expected.contains(&got) {
            return Ok(got);
        }
        Err(self.refuse(format!("input {index} of type {got} is not supported")))
    }

    /// Makes the input at `index` single precision, by a step of its own if it is another number.
    pub(crate) fn make_f32(&mut self, index: usize) -> Result<(), Unsupported> {
        self.convert(index, DType::F32)
    }

    /// Makes the input at `index` of another type, by a step of its own if it is not yet.
    pub(crate) fn convert(&mut self, index: usize, to: DType) -> Result<(), Unsupported> {
        let fact = self.fact(index)?.clone();
        if fact.dtype == to {
            return Ok(());
        }
        let Some(op) = cast::to(fact.dtype, to) else {
            let what = format!("input {index} of type {} is not supported", fact.dtype);
            return Err(self.refuse(what));
        };
        let Some(Some((slot, _))) = self.inputs.get(index) else {
            return Err(self.refuse(format!("there is no input {index}")));
        };
        let (slot, place) = (*slot, self.node.place().to_string());
        let register = self.compiler.step(op, place, vec![slot], 1);
        let fact = fact.with_dtype(to);
        if let Some(input) = self.inputs.get_mut(index) {
            *input = Some((Slot::Register(register), fact));
        }
        Ok(())
    }
}
