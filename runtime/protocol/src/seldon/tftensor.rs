//! `tftensor`: the JSON form of TensorFlow's `TensorProto`, without TensorFlow.
//!
//! Source: `tensorflow/core/framework/{tensor,tensor_shape,types}.proto` of TensorFlow 2, protobuf's
//! JSON mapping, and the semantics of `tensorflow.make_ndarray`: `tensorContent` holds the elements
//! row-major and little-endian; else the list of the element type does, whose last item fills what
//! is left of the shape (zeros where the list is empty). Complex, quantized, resource and variant
//! tensors are refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use half::{bf16, f16};
use radiant_core::{DType, Element, Error, Map, Strings, Tensor, TensorData, Value};

use super::binary;
use super::fields::shortest;
use super::numpy::{Number, Scalar};
use super::shape::Axes;
use crate::Limits;
use crate::json::{push_bool, push_f64, push_i64, push_string, push_u64};
use crate::tf::{self, DataType};

/// How many elements the last item of a list may stand for: beyond, a few bytes would cost too much.
const FILL_MAX: usize = 1 << 20;

/// Decodes a `TensorProto`. Fields may be spelt as in JSON or as in the proto file.
///
/// # Errors
/// The element type is not supported, or the elements do not fill the shape.
pub(super) fn decode(tensor: &Value, limits: &Limits) -> Result<Tensor, Error> {
    let Value::Map(fields) = tensor else {
        return Err(mistyped("tensor", "an object", tensor));
    };
    let dtype = element_type(fields)?;
    let axes = axes(fields, limits)?;
    let n_elements = axes.n_elements().filter(|&n| n <= limits.elements_max).ok_or_else(|| {
        let elements_max = limits.elements_max;
        Error::invalid_input(format!("expected at most {elements_max} elements, got shape {axes}"))
    })?;
    let shape = axes.resolve(n_elements, limits)?;
    let data = match field(fields, "tensorContent", "tensor_content") {
        None => from_list(fields, dtype, n_elements)?,
        Some(Value::Text(content)) if content.is_empty() => from_list(fields, dtype, n_elements)?,
        Some(Value::Text(content)) => {
            let content = binary::decode_proto(content);
            let content = content.map_err(|error| error.context("`tensorContent`"))?;
            from_content(&content, dtype, n_elements)?
        }
        Some(other) => return Err(mistyped("`tensorContent`", "a string of base64", other)),
    };
    Ok(Tensor { shape, data, ..Tensor::default() })
}

/// A field that is there and not `null`.
fn field<'m>(fields: &'m Map, json: &str, proto: &str) -> Option<&'m Value> {
    fields.get(json).or_else(|| fields.get(proto)).filter(|value| **value != Value::Null)
}

fn element_type(fields: &Map) -> Result<DType, Error> {
    let Some(wanted) = fields.get("dtype") else {
        return Err(Error::invalid_input("expected `dtype`, got none"));
    };
    let is_wanted = |dtype: &DType| match wanted {
        Value::Text(name) => DataType::of(*dtype).name == name,
        Value::Int(number) => i64::from(DataType::of(*dtype).number) == *number,
        _ => false,
    };
    DType::ALL.into_iter().find(is_wanted).ok_or_else(|| {
        let mut got = Vec::new();
        match wanted {
            Value::Text(name) => push_string(&mut got, name),
            Value::Int(number) => push_i64(&mut got, *number),
            other => got.extend_from_slice(other.kind().as_bytes()),
        }
        let got = String::from_utf8_lossy(&got);
        Error::invalid_input(format!(
            "`dtype`: expected a numeric, boolean or string type, got {got}"
        ))
    })
}

/// The shape; a dimension without a size has, as in every proto message, the size 0.
fn axes(fields: &Map, limits: &Limits) -> Result<Axes, Error> {
    let Some(shape) = field(fields, "tensorShape", "tensor_shape") else {
        return Ok(std::iter::empty().collect());
    };
    let Value::Map(shape) = shape else {
        return Err(mistyped("`tensorShape`", "an object", shape));
    };
    if field(shape, "unknownRank", "unknown_rank").is_some_and(|value| *value != Value::Bool(false))
    {
        return Err(Error::invalid_input("`tensorShape`: expected a shape, got an unknown one"));
    }
    let dims = match field(shape, "dim", "dim") {
        None => &[],
        Some(Value::List(dims)) if dims.len() <= limits.rank_max => dims.as_slice(),
        Some(Value::List(_)) => {
            let message = format!("`tensorShape`: expected at most {} axes", limits.rank_max);
            return Err(Error::invalid_input(message));
        }
        Some(other) => return Err(mistyped("`tensorShape.dim`", "an array", other)),
    };
    let size = |dim: &Value| match dim.as_map().map(|dim| dim.get("size")) {
        Some(None | Some(Value::Null)) => Ok(0),
        Some(Some(size)) => i64::from_scalar(scalar(size))
            .ok_or_else(|| mistyped("`tensorShape.dim.size`", "an integer", size)),
        None => Err(mistyped("`tensorShape.dim`", "objects", dim)),
    };
    dims.iter().map(size).collect()
}

/// Numbers in protobuf's JSON may be strings.
fn scalar(value: &Value) -> Scalar {
    match value {
        Value::Null => Scalar::Other("null"),
        Value::Text(text) => match text.as_str() {
            "NaN" => Scalar::Float(f64::NAN),
            "Infinity" => Scalar::Float(f64::INFINITY),
            "-Infinity" => Scalar::Float(f64::NEG_INFINITY),
            digits => None
                .or_else(|| digits.parse().ok().map(Scalar::Int))
                .or_else(|| digits.parse().ok().map(Scalar::Uint))
                .or_else(|| digits.parse().ok().map(Scalar::Float))
                .unwrap_or(Scalar::Text),
        },
        other => Scalar::of(other),
    }
}

fn from_list(fields: &Map, dtype: DType, n_elements: usize) -> Result<TensorData, Error> {
    let DataType { list_json: name, list, .. } = DataType::of(dtype);
    let items = match field(fields, name, list) {
        None => &[],
        Some(Value::List(items)) => items.as_slice(),
        Some(other) => return Err(mistyped(&format!("`{name}`"), "an array", other)),
    };
    if items.len() > n_elements || n_elements.saturating_sub(items.len()) > FILL_MAX {
        let got = items.len();
        return Err(Error::invalid_input(format!(
            "`{name}`: expected {n_elements} elements by the shape, got {got}"
        )));
    }
    let list = List { name, items, n_elements };
    match dtype {
        DType::Bool => list.numbers::<bool>(),
        DType::U8 => list.numbers::<u8>(),
        DType::U16 => list.numbers::<u16>(),
        DType::U32 => list.numbers::<u32>(),
        DType::U64 => list.numbers::<u64>(),
        DType::I8 => list.numbers::<i8>(),
        DType::I16 => list.numbers::<i16>(),
        DType::I32 => list.numbers::<i32>(),
        DType::I64 => list.numbers::<i64>(),
        DType::F32 => list.numbers::<f32>(),
        DType::F64 => list.numbers::<f64>(),
        // The list holds bit patterns.
        DType::F16 => list.fill(|bits| u16::from_scalar(scalar(bits)).map(f16::from_bits)),
        DType::BF16 => list.fill(|bits| u16::from_scalar(scalar(bits)).map(bf16::from_bits)),
        DType::Bytes => list.strings(),
    }
}

/// The list of elements, and how many there should be.
struct List<'m> {
    name: &'static str,
    items: &'m [Value],
    n_elements: usize,
}

impl List<'_> {
    fn numbers<T: Number + Default>(&self) -> Result<TensorData, Error> {
        self.fill(|item| T::from_scalar(scalar(item)))
    }

    fn fill<T: Element + Default>(
        &self,
        element: impl Fn(&Value) -> Option<T>,
    ) -> Result<TensorData, Error> {
        let element = |item| element(item).ok_or_else(|| self.refuse(T::DTYPE.name(), item));
        let mut values = self.items.iter().map(element).collect::<Result<Vec<T>, _>>()?;
        values.resize(self.n_elements, values.last().copied().unwrap_or_default());
        Ok(T::wrap(values))
    }

    fn strings(&self) -> Result<TensorData, Error> {
        let (mut strings, mut last) = (Strings::new(), Vec::new());
        for item in self.items {
            let Value::Text(text) = item else { return Err(self.refuse("base64", item)) };
            last = binary::decode_proto(text)
                .map_err(|error| error.context(format_args!("`{}`", self.name)))?;
            strings.push(&last);
        }
        let missing = self.n_elements.saturating_sub(self.items.len());
        if last.len().saturating_mul(missing) > FILL_MAX {
            return Err(Error::invalid_input(format!("`{}`: too long to be repeated", self.name)));
        }
        (0..missing).for_each(|_| strings.push(&last));
        Ok(TensorData::Bytes(strings))
    }

    #[cold]
    fn refuse(&self, expected: &str, got: &Value) -> Error {
        mistyped(&format!("`{}`", self.name), &format!("elements of {expected}"), got)
    }
}

fn from_content(content: &[u8], dtype: DType, n_elements: usize) -> Result<TensorData, Error> {
    let expected = dtype.size().and_then(|size| size.checked_mul(n_elements));
    if expected != Some(content.len()) {
        let got = content.len();
        return Err(Error::invalid_input(match expected {
            Some(expected) => format!("`tensorContent`: expected {expected} bytes, got {got}"),
            None => "`tensorContent`: expected `stringVal` for strings".to_owned(),
        }));
    }
    let mut data = TensorData::F32(Vec::new());
    tf::read_content(content, dtype, &mut data);
    Ok(data)
}

#[cold]
fn mistyped(what: &str, expected: &str, got: &Value) -> Error {
    Error::invalid_input(format!("{what}: expected {expected}, got {}", got.kind()))
}

/// Appends a tensor as a `TensorProto`: one element in its list, more of them as `tensorContent`,
/// as `tensorflow.make_tensor_proto` does.
pub(super) fn push(out: &mut Vec<u8>, tensor: &Tensor) {
    let data_type = DataType::of(tensor.dtype());
    let mut shape = b"{\"dim\":[".to_vec();
    for (axis, &extent) in tensor.shape.dims().iter().enumerate() {
        shape.extend_from_slice(if axis > 0 { b",{\"size\":\"" } else { b"{\"size\":\"" });
        push_u64(&mut shape, extent as u64);
        shape.extend_from_slice(b"\"}");
    }
    shape.extend_from_slice(b"]}");
    let mut dtype = Vec::new();
    push_string(&mut dtype, data_type.name);
    let mut entries = vec![("dtype", dtype), ("tensorShape", shape)];
    match &tensor.data {
        data if data.is_empty() => {}
        TensorData::Bytes(strings) => entries.push((data_type.list_json, list_of_strings(strings))),
        data if data.len() == 1 => entries.push((data_type.list_json, list_of_one(data))),
        data => {
            let mut content = Vec::new();
            tf::push_content(data, &mut content);
            let content = STANDARD.encode(content);
            entries.push(("tensorContent", format!("\"{content}\"").into_bytes()));
        }
    }
    entries.sort_unstable_by_key(|(name, _)| *name);
    for (index, (name, text)) in entries.iter().enumerate() {
        out.push(if index > 0 { b',' } else { b'{' });
        push_string(out, name);
        out.push(b':');
        out.extend_from_slice(text);
    }
    out.push(b'}');
}

fn list_of_strings(strings: &Strings) -> Vec<u8> {
    let mut list = Vec::new();
    for string in strings.iter() {
        list.push(if list.is_empty() { b'[' } else { b',' });
        binary::push(&mut list, string);
    }
    list.push(b']');
    list
}

/// The first element; 64-bit integers are strings in protobuf's JSON.
fn list_of_one(data: &TensorData) -> Vec<u8> {
    fn first<T: Copy + Default>(values: &[T]) -> T {
        values.first().copied().unwrap_or_default()
    }
    let mut list = vec![b'['];
    match data {
        TensorData::Bool(values) => push_bool(&mut list, first(values)),
        TensorData::U8(values) => push_u64(&mut list, first(values).into()),
        TensorData::U16(values) => push_u64(&mut list, first(values).into()),
        TensorData::U32(values) => push_u64(&mut list, first(values).into()),
        TensorData::U64(values) => push_string(&mut list, &first(values).to_string()),
        TensorData::I8(values) => push_i64(&mut list, first(values).into()),
        TensorData::I16(values) => push_i64(&mut list, first(values).into()),
        TensorData::I32(values) => push_i64(&mut list, first(values).into()),
        TensorData::I64(values) => push_string(&mut list, &first(values).to_string()),
        TensorData::F16(values) => push_u64(&mut list, first(values).to_bits().into()),
        TensorData::BF16(values) => push_u64(&mut list, first(values).to_bits().into()),
        TensorData::F32(values) => push_float(&mut list, shortest(first(values))),
        TensorData::F64(values) => push_float(&mut list, first(values)),
        TensorData::Bytes(_) => {}
    }
    list.push(b']');
    list
}

/// What is not finite is a string in protobuf's JSON.
pub(super) fn push_float(out: &mut Vec<u8>, float: f64) {
    if float.is_finite() {
        push_f64(out, float);
    } else {
        out.push(b'"');
        push_f64(out, float);
        out.push(b'"');
    }
}
