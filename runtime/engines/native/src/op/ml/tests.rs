//! Nodes of `ai.onnx.ml` and on strings against onnxruntime's answers (`testdata/ml/make.py`), and
//! what is refused.

use std::fs;
use std::path::Path;

use radiant_core::{Cancel, DType, Engine, Error, Strings, Tensor, TensorData};
use radiant_onnx::pb::{
    AttributeProto, AttributeType, Dimension, DimensionValue, GraphProto, MapTypeProto, NodeProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, TypeValue, ValueInfoProto,
};
use radiant_onnx::{Limits, Model, read};
use serde_json::{Value, json};

use crate::{NativeEngine, Unsupported};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/ml")
}

/// A number, or text for what JSON has no number for.
fn double(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

#[expect(clippy::cast_possible_truncation, reason = "the file has widened singles")]
fn float(value: &Value) -> f32 {
    double(value) as f32
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn tensor(name: &str, json: &Value) -> Tensor {
    let dims: Vec<usize> =
        list(&json["shape"]).iter().map(|dim| int(dim).try_into().unwrap()).collect();
    let values = list(&json["values"]).iter();
    match json["dtype"].as_str().unwrap() {
        "FP32" => Tensor::new(name, &dims, values.map(float).collect()),
        "FP64" => Tensor::new(name, &dims, values.map(double).collect()),
        "INT64" => Tensor::new(name, &dims, values.map(int).collect()),
        "INT32" => {
            Tensor::new(name, &dims, values.map(|v| i32::try_from(int(v)).unwrap()).collect())
        }
        "UINT32" => {
            Tensor::new(name, &dims, values.map(|v| u32::try_from(int(v)).unwrap()).collect())
        }
        "INT16" => {
            Tensor::new(name, &dims, values.map(|v| i16::try_from(int(v)).unwrap()).collect())
        }
        "BOOL" => Tensor::new(name, &dims, values.map(|v| v.as_bool().unwrap()).collect()),
        "BYTES" => Tensor::strings(name, &dims, values.map(|v| v.as_str().unwrap()).collect()),
        other => panic!("no such type: {other}"),
    }
}

fn elem_type(dtype: DType) -> i32 {
    (0..30).find(|&elem_type| radiant_onnx::dtype_of(elem_type) == Some(dtype)).unwrap()
}

/// A tensor as an attribute has it.
fn tensor_proto(json: &Value) -> TensorProto {
    let Tensor { shape, data, .. } = tensor("", json);
    let dims = shape.dims().iter().map(|&dim| dim.try_into().unwrap()).collect();
    let mut proto =
        TensorProto { dims, data_type: elem_type(data.dtype()), ..TensorProto::default() };
    match data {
        TensorData::F32(values) => proto.float_data = values,
        TensorData::F64(values) => proto.double_data = values,
        TensorData::I64(values) => proto.int64_data = values,
        TensorData::I32(values) => proto.int32_data = values,
        TensorData::I16(values) => proto.int32_data = values.into_iter().map(i32::from).collect(),
        TensorData::Bytes(values) => {
            proto.string_data = values.iter().map(<[u8]>::to_vec).collect();
        }
        other => panic!("no attribute is of {}", other.dtype()),
    }
    proto
}

fn attribute(name: &str, json: &Value) -> AttributeProto {
    let value = &json[1];
    let text = |value: &Value| value.as_str().unwrap().as_bytes().to_vec();
    let mut attribute = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
    let r#type = match json[0].as_str().unwrap() {
        "INT" => {
            attribute.i = int(value);
            AttributeType::Int
        }
        "FLOAT" => {
            attribute.f = float(value);
            AttributeType::Float
        }
        "STRING" => {
            attribute.s = text(value);
            AttributeType::String
        }
        "INTS" => {
            attribute.ints = list(value).iter().map(int).collect();
            AttributeType::Ints
        }
        "FLOATS" => {
            attribute.floats = list(value).iter().map(float).collect();
            AttributeType::Floats
        }
        "STRINGS" => {
            attribute.strings = list(value).iter().map(text).collect();
            AttributeType::Strings
        }
        "TENSOR" => {
            attribute.t = Some(tensor_proto(value));
            AttributeType::Tensor
        }
        other => panic!("no such type: {other}"),
    };
    attribute.r#type = r#type as i32;
    attribute
}

fn value_info(name: &str, dtype: DType, dims: Option<Vec<Option<usize>>>) -> ValueInfoProto {
    let dim = |dim: Option<usize>| Dimension {
        value: dim.map(|dim| DimensionValue::DimValue(dim.try_into().unwrap())),
    };
    let shape = dims.map(|dims| TensorShapeProto { dim: dims.into_iter().map(dim).collect() });
    let tensor = TensorTypeProto { elem_type: elem_type(dtype), shape };
    let r#type = TypeProto { value: Some(TypeValue::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type) }
}

/// An input that is a map.
fn map_info(name: &str, json: &Value) -> ValueInfoProto {
    let [keys, values] = ["keys", "values"].map(|part| tensor(part, &json[part]).dtype());
    let key_type = elem_type(keys);
    let value_type = value_info(name, values, None).r#type.map(Box::new);
    let map = TypeValue::MapType(Box::new(MapTypeProto { key_type, value_type }));
    let r#type = Some(TypeProto { value: Some(map), ..TypeProto::default() });
    ValueInfoProto { name: name.to_owned(), r#type }
}

/// The tensors that an input is given as: two for a map.
fn tensors((name, json): (&String, &Value)) -> Vec<Tensor> {
    if !json["keys"].is_object() {
        return vec![tensor(name, json)];
    }
    ["keys", "values"].map(|part| tensor(&format!("{name}.{part}"), &json[part])).to_vec()
}

/// The graph of a case, with the extents of its inputs declared or not.
fn model(case: &Value, with_extents: bool) -> Model {
    let any = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models/iris/model.onnx");
    let mut model = read(&fs::read(any).unwrap(), &Limits::default()).unwrap();
    let domain = case["domain"].as_str().unwrap();
    model.opsets.insert(domain.to_owned(), int(&case["opset"]));
    let named = |what: &str| case[what].as_object().unwrap().iter();
    let node = NodeProto {
        input: named("inputs").map(|(name, _)| name.clone()).collect(),
        output: named("outputs").map(|(name, _)| name.clone()).collect(),
        op_type: case["operator"].as_str().unwrap().to_owned(),
        domain: domain.to_owned(),
        attribute: named("attributes").map(|(name, json)| attribute(name, json)).collect(),
        ..NodeProto::default()
    };
    let input = |(name, json): (&String, &Value)| {
        if json["keys"].is_object() {
            return map_info(name, json);
        }
        let Tensor { shape, data, .. } = tensor(name, json);
        let dims = shape.dims().iter().map(|&dim| Some(dim).filter(|_| with_extents));
        value_info(name, data.dtype(), Some(dims.collect()))
    };
    let output =
        |(name, json): (&String, &Value)| value_info(name, tensor(name, json).dtype(), None);
    model.graph = GraphProto {
        node: vec![node],
        input: named("inputs").map(input).collect(),
        output: named("outputs").map(output).collect(),
        ..GraphProto::default()
    };
    model
}

fn load(case: &Value) -> Result<NativeEngine, Unsupported> {
    NativeEngine::load(&model(case, true))
}

fn run(engine: &NativeEngine, case: &Value) -> Result<Vec<Tensor>, Error> {
    let inputs = case["inputs"].as_object().unwrap().iter();
    let inputs: Vec<Tensor> = inputs.flat_map(tensors).collect();
    let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
    let mut outputs = Vec::new();
    engine.run(&inputs, &wanted, &mut outputs, &Cancel::never())?;
    Ok(outputs)
}

/// Whether two tensors are equal, floats within a part of themselves.
fn is_equal(got: &Tensor, expected: &Tensor) -> bool {
    #[expect(clippy::float_cmp, reason = "infinite numbers are equal or not")]
    let is_close = |(got, expected): (f64, f64)| {
        got == expected
            || (got.is_nan() && expected.is_nan())
            || (got - expected).abs() <= 1e-6 + 1e-5 * expected.abs()
    };
    let all_close = |mut pairs: Box<dyn Iterator<Item = (f64, f64)> + '_>| pairs.all(is_close);
    got.shape == expected.shape
        && match (&got.data, &expected.data) {
            (TensorData::F32(got), TensorData::F32(expected)) => {
                let pairs = got.iter().zip(expected);
                all_close(Box::new(pairs.map(|(&a, &b)| (a.into(), b.into()))))
            }
            (TensorData::F64(got), TensorData::F64(expected)) => {
                all_close(Box::new(got.iter().copied().zip(expected.iter().copied())))
            }
            (got, expected) => got == expected,
        }
}

/// What is wrong with the answer to a case, if anything.
fn problem(case: &Value, with_extents: bool) -> Option<String> {
    let engine = match NativeEngine::load(&model(case, with_extents)) {
        Ok(engine) => engine,
        Err(error) => return Some(error.to_string()),
    };
    let outputs = match run(&engine, case) {
        Ok(outputs) => outputs,
        Err(error) => return Some(error.to_string()),
    };
    for (got, spec) in outputs.iter().zip(&engine.signature().outputs) {
        let expected = tensor(&got.name, &case["outputs"][&*got.name]);
        if !is_equal(got, &expected) {
            return Some(format!("expected {expected:?}, got {got:?}"));
        }
        if !spec.dims.is_empty() && !spec.accepts(&got.shape) {
            return Some(format!("signature says {spec}, got {}", got.shape));
        }
    }
    None
}

#[test]
fn nodes_answer_as_onnxruntime_does() {
    let cases = fs::read_to_string(folder().join("cases.jsonl")).unwrap();
    let mut problems = Vec::new();
    let mut n_cases = 0;
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        for with_extents in [true, false] {
            if let Some(problem) = problem(&case, with_extents) {
                let (operator, attributes) = (&case["operator"], &case["attributes"]);
                problems.push(format!("{operator} {attributes}: {problem}"));
            }
        }
        n_cases += 1;
    }
    assert!(problems.is_empty(), "{}\n{} problems", problems.join("\n"), problems.len());
    assert!(n_cases > 400, "{n_cases}");
}

#[test]
fn what_has_no_sure_answer_is_refused_when_it_is_loaded() {
    let cases = fs::read_to_string(folder().join("refused.jsonl")).unwrap();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let error = load(&case).map(drop).unwrap_err().to_string();
        let place = format!("{}): ", case["operator"].as_str().unwrap());
        assert!(error.contains(&place), "{line}: {error}");
    }
}

/// A node with the attributes `attributes` that is run on `input`, whose extents it does not know.
fn answer(
    (domain, operator): (&str, &str),
    attributes: &Value,
    dtypes: [&str; 2],
    input: Tensor,
) -> Result<Tensor, Error> {
    let value =
        |dtype: &str, shape: &[usize]| json!({ "dtype": dtype, "shape": shape, "values": [] });
    let mut dims = input.shape.dims().to_vec();
    dims[0] = 0;
    let case = json!({
        "operator": operator, "domain": domain, "opset": 1, "attributes": attributes,
        "inputs": { "x": value(dtypes[0], &dims) }, "outputs": { "y": value(dtypes[1], &[0]) },
    });
    let engine = NativeEngine::load(&model(&case, false)).unwrap();
    let mut outputs = Vec::new();
    engine.run(&[input], &[0], &mut outputs, &Cancel::never())?;
    Ok(outputs.remove(0))
}

#[track_caller]
fn check_error(answer: Result<Tensor, Error>, expected: &str) {
    let error = answer.unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_a_request_does_wrong_is_told() {
    let texts = |texts: &[&[u8]]| {
        let mut strings = Strings::new();
        for text in texts {
            strings.push(text);
        }
        Tensor::strings("x", &[texts.len()], strings)
    };
    let rows = || Tensor::new("x", &[2, 2], vec![0.5_f32; 4]);
    let categories = json!({ "cats_strings": ["STRINGS", ["a"]], "zeros": ["INT", 0] });
    check_error(
        answer(
            ("ai.onnx.ml", "OneHotEncoder"),
            &categories,
            ["BYTES", "FP32"],
            texts(&[b"a", b"b"]),
        ),
        "element 1: expected a category of the model, got another",
    );
    let imputed = json!({ "imputed_value_floats": ["FLOATS", [1.0, 2.0, 3.0]] });
    check_error(
        answer(("ai.onnx.ml", "Imputer"), &imputed, ["FP32"; 2], rows()),
        "expected 3 columns, got 2",
    );
    let machine = json!({ "coefficients": ["FLOATS", [1.0]], "rho": ["FLOATS", [1.0]] });
    check_error(
        answer(("ai.onnx.ml", "SVMRegressor"), &machine, ["FP32"; 2], rows()),
        "expected 1 columns, got 2",
    );
    let words = json!({ "mincharnum": ["INT", 1], "tokenexp": ["STRING", "[a-z]+"] });
    check_error(
        answer(("com.microsoft", "Tokenizer"), &words, ["BYTES"; 2], texts(&[b"a\xff"])),
        "expected strings of UTF-8, got another byte at 1",
    );
    let lower = json!({ "case_change_action": ["STRING", "LOWER"] });
    check_error(
        answer(("", "StringNormalizer"), &lower, ["BYTES"; 2], texts(&[b"\xff"])),
        "expected strings of UTF-8, got another byte at 0",
    );
}

#[test]
fn what_onnxruntime_lacks_is_as_the_specification_says() {
    let above = json!({ "threshold": ["FLOAT", -0.5] });
    let ints = Tensor::new("x", &[3], vec![-1_i64, 0, i64::MAX]);
    let got = answer(("ai.onnx.ml", "Binarizer"), &above, ["INT64"; 2], ints).unwrap();
    assert_eq!(got.data, TensorData::I64(vec![0, 1, 1]));
    let doubles = Tensor::new("x", &[2], vec![-0.5, -0.499_999]);
    let got = answer(("ai.onnx.ml", "Binarizer"), &above, ["FP64"; 2], doubles).unwrap();
    assert_eq!(got.data, TensorData::F64(vec![0.0, 1.0]));
    let not_a_number = Tensor::new("x", &[1], vec![f32::NAN]);
    let got = answer(("ai.onnx.ml", "Binarizer"), &above, ["FP32"; 2], not_a_number).unwrap();
    assert_eq!(got.data, TensorData::F32(vec![0.0]));

    let replaced = ["FLOAT", "NaN"];
    let imputed =
        json!({ "imputed_value_floats": ["FLOATS", [7.0]], "replaced_value_float": replaced });
    let doubles = Tensor::new("x", &[1, 2], vec![f64::NAN, 1e300]);
    let got = answer(("ai.onnx.ml", "Imputer"), &imputed, ["FP64"; 2], doubles).unwrap();
    assert_eq!(got.data, TensorData::F64(vec![7.0, 1e300]));
    let imputed = json!({ "imputed_value_int64s": ["INTS", [7]] });
    let ints = Tensor::new("x", &[1, 2], vec![0_i32, 3]);
    let got = answer(("ai.onnx.ml", "Imputer"), &imputed, ["INT32"; 2], ints).unwrap();
    assert_eq!(got.data, TensorData::I32(vec![7, 3]));

    let categories = json!({ "cats_int64s": ["INTS", [0, 2]] });
    let ints = Tensor::new("x", &[2], vec![2_i32, 1]);
    let got = answer(("ai.onnx.ml", "OneHotEncoder"), &categories, ["INT32", "FP32"], ints);
    assert_eq!(got.unwrap().data, TensorData::F32(vec![0.0, 1.0, 0.0, 0.0]));
    let none = Tensor::new("x", &[2], vec![f32::NAN, f32::INFINITY]);
    let got = answer(("ai.onnx.ml", "OneHotEncoder"), &categories, ["FP32"; 2], none);
    assert_eq!(got.unwrap().data, TensorData::F32(vec![0.0; 4]));

    let words = json!({ "mincharnum": ["INT", 1], "tokenexp": ["STRING", "a"] });
    let none = Tensor::strings("x", &[0, 1], Strings::new());
    let got = answer(("com.microsoft", "Tokenizer"), &words, ["BYTES"; 2], none).unwrap();
    assert_eq!(got.shape.dims(), [0, 1, 0]);
}

/// A node on a map from integers to `values`.
fn cast_map(attributes: &Value, keys: &[i64], values: Tensor) -> Result<Vec<Tensor>, Error> {
    let elements = |dtype: &str| json!({ "dtype": dtype, "shape": [0], "values": [] });
    let map = json!({ "keys": elements("INT64"), "values": elements("BYTES") });
    let case = json!({
        "operator": "CastMap", "domain": "ai.onnx.ml", "opset": 1, "attributes": attributes,
        "inputs": { "x": map }, "outputs": { "y": elements("INT64") },
    });
    let engine = NativeEngine::load(&model(&case, true)).unwrap();
    let keys = Tensor::new("x.keys", &[keys.len()], keys.to_vec());
    let mut outputs = Vec::new();
    engine.run(&[keys, values], &[0], &mut outputs, &Cancel::never())?;
    Ok(outputs)
}

#[test]
fn maps_are_read_in_any_order() {
    let values = |texts: &[&str]| {
        Tensor::strings("x.values", &[texts.len()], texts.iter().copied().collect())
    };
    let dense = json!({ "cast_to": ["STRING", "TO_INT64"] });
    let got = cast_map(&dense, &[3, -1, 3], values(&["1", " 2 ", "4"])).unwrap();
    assert_eq!((got[0].shape.dims(), &got[0].data), (&[1, 2][..], &TensorData::I64(vec![2, 4])));
    let got = cast_map(&dense, &[], values(&[])).unwrap();
    assert_eq!(got[0].shape.dims(), [1, 0]);
    let error = cast_map(&dense, &[3], values(&["1.5"])).unwrap_err().to_string();
    assert!(error.contains("entry 0: expected a number of INT64, got `1.5`"), "{error}");
    let error = cast_map(&dense, &[3], values(&["1", "2"])).unwrap_err().to_string();
    assert!(error.contains("expected a value for each key"), "{error}");
    let sparse = json!({
        "cast_to": ["STRING", "TO_INT64"], "map_form": ["STRING", "SPARSE"], "max_map": ["INT", 2],
    });
    let got = cast_map(&sparse, &[1, 9], values(&["5", "no number"])).unwrap();
    assert_eq!(got[0].data, TensorData::I64(vec![0, 5]));
    let error = cast_map(&sparse, &[-1], values(&["5"])).unwrap_err().to_string();
    assert!(error.contains("expected keys that are not negative, got -1"), "{error}");
}

/// Attributes with one of them left out, shortened, or with an extreme entry.
fn changed_attributes(attributes: &Value) -> Vec<Value> {
    let mut changes = Vec::new();
    for (name, attribute) in attributes.as_object().unwrap() {
        let mut change = |value: Option<Value>| {
            let mut changed = attributes.clone();
            match value {
                Some(value) => changed[name][1] = value,
                None => drop(changed.as_object_mut().unwrap().remove(name)),
            }
            changes.push(changed);
        };
        change(None);
        let extremes = match attribute[0].as_str().unwrap() {
            "INT" | "INTS" => vec![json!(-1), json!(0), json!(i64::MAX), json!(i64::MIN)],
            "FLOAT" | "FLOATS" => vec![json!("NaN"), json!("inf"), json!(0.0)],
            "STRING" | "STRINGS" => vec![json!(""), json!("["), json!("é{2,")],
            _ => continue,
        };
        match attribute[1].as_array() {
            None => extremes.into_iter().for_each(|extreme| change(Some(extreme))),
            Some(entries) => {
                change(Some(json!(entries[..entries.len().saturating_sub(1)])));
                change(Some(json!([entries.as_slice(), entries].concat())));
                for extreme in extremes {
                    let tail = entries.iter().skip(1).cloned();
                    change(Some(std::iter::once(extreme).chain(tail).collect()));
                }
            }
        }
    }
    changes
}

#[test]
fn changed_attributes_never_panic() {
    let cases = fs::read_to_string(folder().join("cases.jsonl")).unwrap();
    let mut n_answers = 0;
    for line in cases.lines() {
        let mut case: Value = serde_json::from_str(line).unwrap();
        for attributes in changed_attributes(&case["attributes"]) {
            case["attributes"] = attributes;
            let answer = load(&case).ok().map(|engine| run(&engine, &case));
            for output in answer.into_iter().flatten().flatten() {
                assert_eq!(output.shape.n_elements(), Ok(output.data.len()), "{case}");
                n_answers += 1;
            }
        }
    }
    assert!(n_answers > 1000, "{n_answers}");
}

#[test]
fn inputs_of_other_shapes_never_panic() {
    let cases = fs::read_to_string(folder().join("cases.jsonl")).unwrap();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let Ok(engine) = NativeEngine::load(&model(&case, false)) else { continue };
        for dims in [&[][..], &[0], &[1], &[3], &[0, 2], &[2, 0], &[1, 1], &[2, 3], &[2, 1, 2]] {
            let zeros = |(name, json): (&String, &Value)| {
                let tensors = tensors((name, json)).into_iter();
                let zeros = tensors.map(|tensor| Tensor::zeros(&tensor.name, dims, tensor.dtype()));
                zeros.collect::<Vec<_>>()
            };
            let inputs = case["inputs"].as_object().unwrap().iter().flat_map(zeros);
            let inputs: Vec<Tensor> = inputs.collect();
            let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
            let mut outputs = Vec::new();
            if engine.run(&inputs, &wanted, &mut outputs, &Cancel::never()).is_ok() {
                for output in &outputs {
                    assert_eq!(output.shape.n_elements(), Ok(output.data.len()), "{case} {dims:?}");
                }
            }
        }
    }
}
