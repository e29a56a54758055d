//! What onnxruntime answered, with more and with less known before the run.

use half::f16;
use radiant_core::{DType, Element, Tensor, TensorData};
use radiant_onnx::dtype_of;
use radiant_onnx::pb::{AttributeProto, AttributeType, TensorProto};
use serde_json::Value;

use super::{Case, Knowledge, int, ints, string};

fn list(json: &Value) -> &[Value] {
    json.as_array().unwrap()
}

/// A number, or text for what JSON has no number for.
fn double(json: &Value) -> f64 {
    json.as_f64().unwrap_or_else(|| json.as_str().unwrap().parse().unwrap())
}

fn integers<T: Element + TryFrom<i128>>(name: &str, dims: &[usize], values: &[Value]) -> Tensor {
    let value = |json: &Value| {
        let wide = json.as_u64().map_or_else(|| json.as_i64().unwrap().into(), i128::from);
        T::try_from(wide).unwrap_or_else(|_too_large| panic!("{json} is too large"))
    };
    Tensor::new(name, dims, values.iter().map(value).collect())
}

#[expect(clippy::cast_possible_truncation, reason = "the file has widened singles")]
fn tensor(json: &Value) -> Tensor {
    let dims: Vec<usize> =
        list(&json["shape"]).iter().map(|dim| dim.as_u64().unwrap().try_into().unwrap()).collect();
    let values = list(&json["values"]);
    let floats = values.iter().map(double);
    match json["dtype"].as_str().unwrap() {
        "BOOL" => Tensor::new("", &dims, values.iter().map(|v| v.as_bool().unwrap()).collect()),
        "FP16" => Tensor::new("", &dims, values.iter().map(|v| f16::from_f64(double(v))).collect()),
        "FP32" => Tensor::new("", &dims, floats.map(|value| value as f32).collect()),
        "FP64" => Tensor::new("", &dims, floats.collect()),
        "INT8" => integers::<i8>("", &dims, values),
        "INT16" => integers::<i16>("", &dims, values),
        "INT32" => integers::<i32>("", &dims, values),
        "INT64" => integers::<i64>("", &dims, values),
        "UINT8" => integers::<u8>("", &dims, values),
        "UINT16" => integers::<u16>("", &dims, values),
        "UINT32" => integers::<u32>("", &dims, values),
        "UINT64" => integers::<u64>("", &dims, values),
        "BYTES" => Tensor::strings("", &dims, values.iter().map(|v| v.as_str().unwrap()).collect()),
        other => panic!("no such type: {other}"),
    }
}

/// A tensor of one element as an attribute has it.
fn tensor_proto(json: &Value) -> TensorProto {
    let Tensor { shape, data, .. } = tensor(json);
    let dims = shape.dims().iter().map(|&dim| dim.try_into().unwrap()).collect();
    let data_type = (1..20).find(|&of| dtype_of(of) == Some(data.dtype())).unwrap();
    let mut proto = TensorProto { dims, data_type, ..TensorProto::default() };
    match data {
        TensorData::F32(values) => proto.float_data = values,
        TensorData::F64(values) => proto.double_data = values,
        TensorData::I64(values) => proto.int64_data = values,
        TensorData::U8(values) => proto.int32_data = values.into_iter().map(i32::from).collect(),
        TensorData::Bool(values) => proto.int32_data = values.into_iter().map(i32::from).collect(),
        TensorData::F16(values) => {
            proto.int32_data = values.into_iter().map(|value| value.to_bits().into()).collect();
        }
        other => panic!("no attribute has {}", other.dtype()),
    }
    proto
}

fn attribute(name: &str, json: &Value) -> AttributeProto {
    let (kind, value) = json.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "int" => int(name, value.as_i64().unwrap()),
        "ints" => ints(name, &list(value).iter().map(|v| v.as_i64().unwrap()).collect::<Vec<_>>()),
        "string" => string(name, value.as_str().unwrap()),
        #[expect(clippy::cast_possible_truncation, reason = "attributes are singles")]
        "float" => AttributeProto {
            name: name.to_owned(),
            r#type: AttributeType::Float as i32,
            f: value.as_f64().unwrap() as f32,
            ..AttributeProto::default()
        },
        "tensor" => AttributeProto {
            name: name.to_owned(),
            r#type: AttributeType::Tensor as i32,
            t: Some(tensor_proto(value)),
            ..AttributeProto::default()
        },
        other => panic!("no such attribute: {other}"),
    }
}

fn case(json: &Value) -> Case {
    let optional = |json: &Value| (!json.is_null()).then(|| tensor(json));
    let inputs = list(&json["inputs"]).iter().map(optional).collect();
    let n_outputs = list(&json["outputs"]).len();
    let operator = json["operator"].as_str().unwrap();
    let case = Case::with_absent(operator, json["opset"].as_i64().unwrap(), inputs, n_outputs);
    let attributes = json["attributes"].as_object().unwrap();
    attributes.iter().fold(case, |case, (name, json)| case.attribute(attribute(name, json)))
}

/// Floats as doubles, and nothing of other types.
fn floats(data: &TensorData) -> Option<Vec<f64>> {
    match data {
        TensorData::F16(values) => Some(values.iter().map(|value| value.to_f64()).collect()),
        TensorData::F32(values) => Some(values.iter().map(|&value| value.into()).collect()),
        TensorData::F64(values) => Some(values.clone()),
        _ => None,
    }
}

#[expect(clippy::float_cmp, reason = "infinities are equal to themselves")]
fn is_same(got: &Tensor, expected: &Tensor) -> bool {
    if (got.dtype(), &got.shape) != (expected.dtype(), &expected.shape) {
        return false;
    }
    // Ranges and sums are rounded in another order.
    let tolerance = if got.dtype() == DType::F16 { 1e-3 } else { 1e-6 };
    let is_close = |(a, b): (&f64, &f64)| {
        a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * b.abs().max(1.0)
    };
    match (floats(&got.data), floats(&expected.data)) {
        (Some(got), Some(expected)) => got.iter().zip(&expected).all(is_close),
        _ => got.data == expected.data,
    }
}

#[test]
fn nodes_answer_as_onnxruntime_does_however_much_is_known_before() {
    let cases = include_str!("../../../../testdata/tensor/cases.jsonl");
    let mut n_cases = 0;
    for line in cases.lines() {
        let json: Value = serde_json::from_str(line).unwrap();
        let (case, expected) = (case(&json), list(&json["outputs"]));
        for knowledge in [Knowledge::Type, Knowledge::Rank, Knowledge::Shape, Knowledge::Constant] {
            let got = case.run(knowledge);
            let got = got.unwrap_or_else(|error| panic!("{knowledge:?}: {error}: {line}"));
            for ((fact, got), expected) in got.iter().zip(expected) {
                let expected = tensor(expected);
                assert!(is_same(got, &expected), "{knowledge:?}: got {got:?}: {line}");
                assert_eq!(fact.dtype, got.dtype(), "{knowledge:?}: {line}");
                let dims = got.shape.dims();
                let fits = fact.dims.as_ref().is_none_or(|known| {
                    known.len() == dims.len()
                        && known
                            .iter()
                            .zip(dims)
                            .all(|(known, dim)| known.is_none_or(|k| k == *dim))
                });
                assert!(fits, "{knowledge:?}: known {fact}, got {}: {line}", got.shape);
            }
        }
        n_cases += 1;
    }
    assert!(n_cases > 500, "{n_cases}");
}
