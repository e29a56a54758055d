//! Files of rows with the answers that are expected of them.
//!
//! A file holds arrays by name: an `.npz` archive of numpy, or a JSON object of nested lists. Arrays
//! that are named like an output of the model are expected answers, all others are inputs.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use radiant_core::{Form, Signature, Strings, Tensor, TensorData};
use radiant_formats::numpy::{Array, Kind};
use radiant_formats::{Limits, npz};
use serde_json::Value;

/// Bytes of a file of rows.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Rows, and the answers that are expected of them.
#[derive(Debug, PartialEq)]
pub(super) struct Rows {
    /// As the model's signature wants them.
    pub(super) inputs: Vec<Tensor>,
    /// Named like outputs of the model.
    pub(super) expected: Vec<Tensor>,
}

/// Reads the rows for a model.
///
/// # Errors
/// When the file is no such file, has no rows or no answers, or rows do not fit the model.
pub(super) fn read(path: &Path, signature: &Signature) -> anyhow::Result<Rows> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(FILE_BYTES_MAX + 1);
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("expected at most {FILE_BYTES_MAX} bytes");
    }
    let arrays = if bytes.starts_with(b"PK") { from_npz(bytes)? } else { from_json(&bytes)? };
    let is_output = |tensor: &Tensor| signature.output_index(&tensor.name).is_some();
    let (expected, inputs): (Vec<_>, Vec<_>) = arrays.into_iter().partition(is_output);
    if expected.is_empty() {
        let outputs = signature.outputs_listed();
        bail!(
            "expected an array named like one of the outputs {outputs}, with the answers to compare"
        );
    }
    if inputs.is_empty() {
        bail!("expected rows: an array of any name that no output has, or one for each column");
    }
    Ok(Rows { inputs: fitted(inputs, signature)?, expected })
}

/// The inputs in the order and of the types that a graph declares; a table is the engine's to read.
fn fitted(mut inputs: Vec<Tensor>, signature: &Signature) -> anyhow::Result<Vec<Tensor>> {
    if signature.form != Form::Tensors {
        return Ok(inputs);
    }
    if let ([input], [spec]) = (&mut inputs[..], &signature.inputs[..]) {
        // The only input is meant whatever the name.
        input.name = Arc::clone(&spec.name);
    }
    let find = |spec: &radiant_core::TensorSpec| {
        let found = inputs.iter().find(|input| input.name == spec.name);
        let mut tensor =
            found.cloned().with_context(|| format!("input `{}` is missing", spec.name))?;
        if tensor.dtype() != spec.dtype {
            tensor.data = cast(tensor.data, spec.dtype).with_context(|| {
                format!("input `{}`: expected {}, got {}", spec.name, spec.dtype, tensor.shape)
            })?;
        }
        Ok(tensor)
    };
    signature.inputs.iter().map(find).collect()
}

/// Numbers in the precision that a graph takes.
fn cast(data: TensorData, dtype: radiant_core::DType) -> Option<TensorData> {
    use radiant_core::DType;
    let numbers: Vec<f64> = match data {
        TensorData::F64(values) => values,
        TensorData::F32(values) => values.into_iter().map(f64::from).collect(),
        TensorData::I64(values) => values.into_iter().map(|value| value as f64).collect(),
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole, or to be rounded")]
    Some(match dtype {
        DType::F32 => TensorData::F32(numbers.into_iter().map(|value| value as f32).collect()),
        DType::F64 => TensorData::F64(numbers),
        DType::I64 if numbers.iter().all(|value| value.fract() == 0.0) => {
            TensorData::I64(numbers.into_iter().map(|value| value as i64).collect())
        }
        _ => return None,
    })
}

fn from_npz(bytes: Vec<u8>) -> anyhow::Result<Vec<Tensor>> {
    let graph = npz::read(bytes, &Limits::default())?;
    let entry = |(name, array): (radiant_formats::Node<'_>, radiant_formats::Node<'_>)| {
        let (name, array) = (name.text()?, array.array()?);
        let dims = array.shape().to_vec();
        let data = data(&array).with_context(|| format!("array `{name}`"))?;
        Ok(tensor(&name, &dims, data))
    };
    graph.root().entries()?.map(entry).collect()
}

fn data(array: &Array<'_>) -> anyhow::Result<TensorData> {
    let dtype = array.dtype();
    Ok(match dtype.kind {
        Kind::Float if dtype.size == 4 => TensorData::F32(array.to_f32()?),
        Kind::Float => TensorData::F64(array.to_f64()?),
        Kind::Int | Kind::UInt => TensorData::I64(array.to_i64()?),
        Kind::Bool => TensorData::Bool(array.to_bool()?),
        Kind::Text | Kind::Bytes => {
            let texts = array.to_text()?;
            TensorData::Bytes(texts.iter().map(String::as_str).collect())
        }
        _ => bail!("expected numbers, truth values or texts, got {dtype}"),
    })
}

fn from_json(bytes: &[u8]) -> anyhow::Result<Vec<Tensor>> {
    let json: Value = serde_json::from_slice(bytes)
        .context("expected an `.npz` archive, or a JSON object of arrays by name")?;
    let Value::Object(members) = json else { bail!("expected a JSON object of arrays by name") };
    let member = |(name, value): (String, Value)| {
        nested(&name, &value).with_context(|| format!("array `{name}`"))
    };
    members.into_iter().map(member).collect()
}

/// Nested lists of one type: truth values, whole numbers, numbers (`null` is NaN) or texts.
fn nested(name: &str, value: &Value) -> anyhow::Result<Tensor> {
    let (mut dims, mut leaves) = (Vec::new(), vec![value]);
    while let Some(Value::Array(first)) = leaves.first() {
        let n = first.len();
        dims.push(n);
        let mut next = Vec::with_capacity(leaves.len().saturating_mul(n));
        for leaf in leaves {
            let list = leaf.as_array().filter(|list| list.len() == n);
            next.extend(list.ok_or_else(|| anyhow!("expected lists of {n} everywhere"))?);
        }
        leaves = next;
    }
    let number = |leaf: &&Value| if leaf.is_null() { Some(f64::NAN) } else { leaf.as_f64() };
    let data = if let Some(truths) = leaves.iter().map(|leaf| leaf.as_bool()).collect() {
        TensorData::Bool(truths)
    } else if let Some(integers) = leaves.iter().map(|leaf| leaf.as_i64()).collect() {
        TensorData::I64(integers)
    } else if let Some(numbers) = leaves.iter().map(number).collect() {
        TensorData::F64(numbers)
    } else if let Some(texts) = leaves.iter().map(|leaf| leaf.as_str()).collect::<Option<Vec<_>>>()
    {
        TensorData::Bytes(texts.into_iter().collect::<Strings>())
    } else {
        bail!("expected elements of one type: numbers, truth values or texts");
    };
    Ok(tensor(name, &dims, data))
}

fn tensor(name: &str, dims: &[usize], data: TensorData) -> Tensor {
    Tensor { name: name.into(), shape: radiant_core::Shape::new(dims), data }
}

#[cfg(test)]
mod tests {
    use radiant_core::{DType, TensorSpec};

    use super::*;

    fn signature() -> Signature {
        let output = |name: &str| TensorSpec::new(name, DType::I64, vec![None]);
        let input = TensorSpec::new("x", DType::F32, vec![None, Some(2)]);
        Signature::new(vec![input], vec![output("predict")])
    }

    fn rows(json: &str) -> Result<Rows, String> {
        let file = tempfile::NamedTempFile::new().expect("there is room");
        std::fs::write(file.path(), json).expect("there is room");
        read(file.path(), &signature()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn what_is_named_like_an_output_is_expected_and_the_rest_goes_in() {
        let rows = rows(r#"{"rows": [[1, 2.5], [null, 0]], "predict": [1, 0]}"#).expect("fits");
        assert_eq!(rows.expected, [Tensor::new("predict", &[2], vec![1_i64, 0])]);
        let [input] = &rows.inputs[..] else { panic!("one input") };
        assert_eq!(
            (&*input.name, input.dtype(), input.shape.dims()),
            ("x", DType::F32, &[2, 2][..])
        );
    }

    #[test]
    fn what_lacks_is_told() {
        assert_eq!(
            rows(r#"{"x": [[1, 2]]}"#).unwrap_err(),
            "expected an array named like one of the outputs `predict` INT64 [-1], with the answers to \
             compare"
        );
        let alone = rows(r#"{"predict": [1]}"#).unwrap_err();
        assert!(alone.starts_with("expected rows"), "{alone}");
        let ragged = rows(r#"{"x": [[1], [1, 2]], "predict": [1]}"#).unwrap_err();
        assert_eq!(ragged, "array `x`: expected lists of 1 everywhere");
    }
}
