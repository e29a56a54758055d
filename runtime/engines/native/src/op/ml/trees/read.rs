//! What the builders of tree ensembles read of a node.

use radiant_core::{DType, Element};
use radiant_kernels::forest::{Aggregate, BaseOrder, Forest, ForestParts, Missing};
use radiant_onnx::pb::TensorProto;

use crate::Unsupported;
use crate::op::NodeContext;

use super::table::Trees;

impl NodeContext<'_> {
    /// Makes integers single precision, and tells in which of two types trees compare.
    pub(super) fn make_float(&mut self) -> Result<DType, Unsupported> {
        let dtype = self.expect_dtypes(0, &[DType::F32, DType::F64, DType::I64, DType::I32])?;
        if dtype == DType::F64 {
            return Ok(dtype);
        }
        // onnxruntime rounds integers so, too, before it compares them.
        self.make_f32(0)?;
        Ok(DType::F32)
    }

    /// The numbers of an attribute, or of its form as a tensor, whose type is `dtype`.
    pub(super) fn numbers(&self, name: &str, dtype: DType) -> Result<Vec<f64>, Unsupported> {
        let singles = self.node.floats(name)?;
        let as_tensor = format!("{name}_as_tensor");
        let Some(tensor) = self.node.tensor(&as_tensor)? else {
            return Ok(singles.iter().map(|&number| number.into()).collect());
        };
        if singles.is_empty() {
            return self.tensor_numbers(&as_tensor, tensor, dtype);
        }
        Err(self.refuse(format!("`{name}` beside `{as_tensor}` is not supported")))
    }

    /// The numbers of a tensor, whose type is `dtype`.
    pub(super) fn tensor_numbers(
        &self,
        name: &str,
        tensor: &TensorProto,
        dtype: DType,
    ) -> Result<Vec<f64>, Unsupported> {
        let tensor = radiant_onnx::tensor(tensor)?;
        let widen = |singles: &[f32]| singles.iter().map(|&number| number.into()).collect();
        let numbers = match dtype {
            DType::F32 => f32::slice(&tensor.data).map(widen),
            _ => f64::slice(&tensor.data).map(<[f64]>::to_vec),
        };
        let got = tensor.dtype();
        numbers
            .ok_or_else(|| self.refuse(format!("attribute `{name}`: expected {dtype}, got {got}")))
    }

    /// The number of outputs that an attribute tells.
    pub(super) fn n_targets(&self) -> Result<usize, Unsupported> {
        let n_targets = self.node.int("n_targets", 0)?;
        let n = usize::try_from(n_targets).ok().filter(|&n| n > 0);
        n.ok_or_else(|| self.refuse_value("n_targets", n_targets))
    }

    /// Refuses attributes of other lengths than the first.
    pub(super) fn same_length(&self, lengths: &[(&str, usize)]) -> Result<(), Unsupported> {
        let Some((first, expected)) = lengths.first() else { return Ok(()) };
        match lengths.iter().find(|(_, length)| length != expected) {
            None => Ok(()),
            Some((name, got)) => Err(self.refuse(format!(
                "attribute `{name}`: expected {expected} entries as in `{first}`, got {got}"
            ))),
        }
    }

    /// A value of an attribute as an index.
    pub(super) fn index(&self, name: &str, value: i64) -> Result<u32, Unsupported> {
        u32::try_from(value).map_err(|_out_of_range| self.refuse_value(name, value))
    }

    /// A length as an index.
    pub(super) fn count(&self, length: usize) -> Result<u32, Unsupported> {
        u32::try_from(length).map_err(|_out_of_range| self.refuse("the trees are too large"))
    }

    /// The way of what is no number, by an entry of `nodes_missing_value_tracks_true`.
    pub(super) fn missing(&self, tracks_true: i64) -> Result<Missing, Unsupported> {
        match tracks_true {
            0 => Ok(Missing::Compared),
            1 => Ok(Missing::Nan { takes_true: true }),
            other => Err(self.refuse_value("nodes_missing_value_tracks_true", other)),
        }
    }

    /// Makes a forest of trees, and checks it and that the input has its features.
    pub(super) fn forest(
        &self,
        trees: Trees,
        n_outputs: usize,
        aggregate: Aggregate,
        base: Vec<f64>,
    ) -> Result<Forest, Unsupported> {
        let n_features = trees.feature_max as usize + 1;
        if let Some(n_columns) = self.rows(0)?.n_columns
            && n_columns < n_features
        {
            let what = format!("expected input of {n_features} columns, got {n_columns}");
            return Err(self.refuse(what));
        }
        let Trees { nodes, roots, votes, sets, .. } = trees;
        let base_order = BaseOrder::Last;
        let parts = ForestParts {
            n_features,
            n_outputs,
            nodes,
            roots,
            votes,
            sets,
            aggregate,
            base,
            base_order,
        };
        Forest::new(parts).map_err(|error| self.refuse(error.to_string()))
    }
}
