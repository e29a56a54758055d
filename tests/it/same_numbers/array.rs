//! Arrays as bytes, and to and from what each protocol writes them as.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use half::{bf16, f16};
use serde_json::{Value, json};

/// An array, with its elements as the Open Inference Protocol sends them raw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Array {
    pub(super) name: String,
    pub(super) datatype: String,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

impl Array {
    /// An array of these elements, which may be nested.
    pub(super) fn of(name: &str, datatype: &str, shape: &[usize], elements: &Value) -> Self {
        let mut flat = Vec::new();
        leaves(elements, &mut flat);
        let bytes = flat.into_iter().flat_map(|element| encode(datatype, element)).collect();
        Self { name: name.to_owned(), datatype: datatype.to_owned(), shape: shape.to_vec(), bytes }
    }

    /// The elements as JSON has them.
    pub(super) fn elements(&self) -> Vec<Value> {
        if self.datatype == "BYTES" {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the tests' text");
            return strings(&self.bytes).into_iter().map(|bytes| text(bytes).into()).collect();
        }
        let each = self.bytes.chunks_exact(size(&self.datatype));
        each.map(|bytes| decode(&self.datatype, bytes)).collect()
    }

    /// The elements as JSON has them, a list for each axis.
    pub(super) fn nested(&self) -> Value {
        let mut level = self.elements();
        for &extent in self.shape.iter().skip(1).rev() {
            level = level.chunks(extent).map(|row| Value::from(row.to_vec())).collect();
        }
        level.into()
    }

    /// The array as the JSON of TensorFlow's message.
    pub(super) fn tensor_proto(&self) -> Value {
        let dims: Vec<Value> =
            self.shape.iter().map(|extent| json!({"size": extent.to_string()})).collect();
        let mut message = json!({"dtype": tf(&self.datatype), "tensor_shape": {"dim": dims}});
        if self.datatype == "BYTES" {
            let each = strings(&self.bytes).into_iter();
            message["string_val"] = each.map(|bytes| STANDARD.encode(bytes)).collect();
        } else {
            message["tensor_content"] = STANDARD.encode(&self.bytes).into();
        }
        message
    }

    /// The array in TensorFlow's message.
    pub(super) fn of_tensor_proto(name: &str, datatype: &str, message: &Value) -> Self {
        assert_eq!(message["dtype"], tf(datatype), "{message}");
        let dims = message["tensor_shape"]["dim"].as_array().expect("dimensions").iter();
        let size =
            |dim: &Value| dim["size"].as_str().map_or(0, |text| text.parse().expect("a size"));
        let shape: Vec<usize> = dims.map(size).collect();
        let base64 =
            |value: &Value| STANDARD.decode(value.as_str().expect("text")).expect("base64");
        let typed = message.as_object().expect("a message").iter();
        let mut typed = typed.filter_map(|(field, values)| {
            Some((field.strip_suffix("_val")?, values.as_array().expect("a list")))
        });
        let bytes = match (message.get("tensor_content"), typed.next_back()) {
            (Some(content), _) => base64(content),
            (None, Some(("string", texts))) => {
                texts.iter().flat_map(|text| prefixed(&base64(text))).collect()
            }
            // The bits of each, as an integer.
            (None, Some(("half", bits))) => {
                bits.iter().flat_map(|bits| encode("UINT16", bits)).collect()
            }
            (None, Some((_, values))) => {
                values.iter().flat_map(|value| encode(datatype, value)).collect()
            }
            (None, None) => Vec::new(),
        };
        Self { name: name.to_owned(), datatype: datatype.to_owned(), shape, bytes }
    }
}

/// Bytes of one element.
pub(super) fn size(datatype: &str) -> usize {
    match datatype {
        "BOOL" | "UINT8" | "INT8" => 1,
        "UINT16" | "INT16" | "FP16" | "BF16" => 2,
        "UINT32" | "INT32" | "FP32" => 4,
        _ => 8,
    }
}

/// The field of typed contents; half precision has none.
pub(super) fn typed_field(datatype: &str) -> &'static str {
    match datatype {
        "BOOL" => "bool_contents",
        "UINT8" | "UINT16" | "UINT32" => "uint_contents",
        "UINT64" => "uint64_contents",
        "INT8" | "INT16" | "INT32" => "int_contents",
        "INT64" => "int64_contents",
        "FP32" => "fp32_contents",
        "FP64" => "fp64_contents",
        "BYTES" => "bytes_contents",
        other => panic!("{other} has no field"),
    }
}

fn tf(datatype: &str) -> &'static str {
    match datatype {
        "BOOL" => "DT_BOOL",
        "UINT8" => "DT_UINT8",
        "UINT16" => "DT_UINT16",
        "UINT32" => "DT_UINT32",
        "UINT64" => "DT_UINT64",
        "INT8" => "DT_INT8",
        "INT16" => "DT_INT16",
        "INT32" => "DT_INT32",
        "INT64" => "DT_INT64",
        "FP16" => "DT_HALF",
        "BF16" => "DT_BFLOAT16",
        "FP32" => "DT_FLOAT",
        "FP64" => "DT_DOUBLE",
        _ => "DT_STRING",
    }
}

fn leaves<'a>(value: &'a Value, flat: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, flat)),
        leaf => flat.push(leaf),
    }
}

fn strings(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut found) = (bytes, Vec::new());
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (string, tail) = tail.split_at(u32::from_le_bytes(*length) as usize);
        found.push(string);
        rest = tail;
    }
    found
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a length");
    [&length.to_le_bytes(), bytes].concat()
}

/// The bytes of an element. Whole numbers may come as doubles, and 64-bit ones as text.
#[expect(clippy::cast_possible_truncation, reason = "to the width that the datatype has")]
fn encode(datatype: &str, element: &Value) -> Vec<u8> {
    let double = || element.as_f64().unwrap_or_else(|| panic!("no number: {element}"));
    match datatype {
        "BOOL" => vec![u8::from(element.as_bool().unwrap_or_else(|| double() != 0.0))],
        "FP16" => f16::from_f64(double()).to_le_bytes().to_vec(),
        "BF16" => bf16::from_f64(double()).to_le_bytes().to_vec(),
        "FP32" => (double() as f32).to_le_bytes().to_vec(),
        "FP64" => double().to_le_bytes().to_vec(),
        "BYTES" => prefixed(element.as_str().expect("text").as_bytes()),
        _ => {
            let integer = match element {
                Value::String(text) => text.parse().expect("an integer"),
                Value::Number(number) if number.is_u64() => i128::from(number.as_u64().unwrap()),
                Value::Number(number) if number.is_i64() => i128::from(number.as_i64().unwrap()),
                _ => double() as i128,
            };
            integer.to_le_bytes()[..size(datatype)].to_vec()
        }
    }
}

fn decode(datatype: &str, bytes: &[u8]) -> Value {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    let unsigned = u64::from_le_bytes(wide);
    let shift = 64 - 8 * bytes.len();
    match datatype {
        "BOOL" => (unsigned != 0).into(),
        "FP16" => f16::from_le_bytes(bytes.try_into().unwrap()).to_f64().into(),
        "BF16" => bf16::from_le_bytes(bytes.try_into().unwrap()).to_f64().into(),
        "FP32" => f64::from(f32::from_le_bytes(bytes.try_into().unwrap())).into(),
        "FP64" => f64::from_bits(unsigned).into(),
        name if name.starts_with('U') => unsigned.into(),
        _ => ((unsigned.cast_signed() << shift) >> shift).into(),
    }
}
