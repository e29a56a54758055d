//! What the builders of tree ensembles read from nodes.

use radiant_core::{DType, Element};

use crate::Unsupported;
use crate::model::forest::ForestError;
use crate::op::NodeContext;

impl NodeContext<'_> {
    /// Makes the input single or double precision, whichever holds it better, and tells which.
    pub(super) fn make_float(&mut self) -> Result<DType, Unsupported> {
        let dtype = self.expect_dtypes(0, &[DType::F32, DType::F64, DType::I64, DType::I32])?;
        if dtype == DType::F64 {
            return Ok(dtype);
        }
        // onnxruntime compares integers with single-precision thresholds, which rounds them.
        self.make_f32(0)?;
        Ok(DType::F32)
    }

    /// The numbers of an attribute or of its tensor form, which is of the input's type `dtype`.
    pub(super) fn numbers(&self, name: &str, dtype: DType) -> Result<Vec<f64>, Unsupported> {
        let singles = self.node.floats(name)?;
        let as_tensor = format!("{name}_as_tensor");
        let Some(tensor) = self.node.tensor(&as_tensor)? else {
            return Ok(singles.iter().map(|&number| number.into()).collect());
        };
        if !singles.is_empty() {
            return Err(self.refuse(format!("`{name}` and `{as_tensor}` exclude each other")));
        }
        let tensor = radiant_onnx::tensor(tensor)?;
        let numbers = match dtype {
            DType::F32 => f32::slice(&tensor.data)
                .map(|numbers| numbers.iter().map(|&number| number.into()).collect()),
            _ => f64::slice(&tensor.data).map(<[f64]>::to_vec),
        };
        numbers.ok_or_else(|| {
            let got = tensor.dtype();
            self.refuse(format!("attribute `{as_tensor}`: expected {dtype}, got {got}"))
        })
    }

    /// The number of outputs that an attribute tells.
    pub(super) fn n_targets(&self) -> Result<usize, Unsupported> {
        let n_targets = self.node.int("n_targets", 0)?;
        let n = usize::try_from(n_targets).ok().filter(|&n| n > 0);
        n.ok_or_else(|| self.refuse_value("n_targets", n_targets))
    }

    /// Refuses attributes that are not of the same length.
    pub(super) fn same_length(&self, lengths: &[(&str, usize)]) -> Result<(), Unsupported> {
        let Some((first, expected)) = lengths.first() else { return Ok(()) };
        match lengths.iter().find(|(_, length)| length != expected) {
            None => Ok(()),
            Some((name, got)) => Err(self.refuse(format!(
                "expected `{name}` to be as long as `{first}`, which is {expected}, got {got}"
            ))),
        }
    }

    /// A refusal of a forest.
    pub(super) fn no_forest(&self, error: &ForestError) -> Unsupported {
        self.refuse(error.to_string())
    }

    /// The features of a forest that looks at those up to `feature_max`.
    pub(super) fn n_features(&self, feature_max: u32) -> Result<usize, Unsupported> {
        let n_features = feature_max as usize + 1;
        match self.rows(0)?.n_columns {
            Some(n_columns) if n_columns < n_features => Err(self.refuse(format!(
                "expected input of {n_features} columns or more, got {n_columns}"
            ))),
            _ => Ok(n_features),
        }
    }

    /// A number of an attribute as an index.
    pub(super) fn index(&self, name: &str, value: i64) -> Result<u32, Unsupported> {
        u32::try_from(value).map_err(|_out_of_range| self.refuse_value(name, value))
    }
}
