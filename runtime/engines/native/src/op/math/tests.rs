//! Nodes that compute with numbers against onnxruntime's answers (`testdata/math/make.py`), what is
//! refused when a model is loaded, and what fails when it runs.

use std::fs;
use std::path::Path;

use half::f16;
use radiant_core::{Cancel, DType, Engine, Error, Tensor, TensorData};
use radiant_onnx::pb::{
    AttributeProto, AttributeType, Dimension, DimensionValue, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, TypeValue, ValueInfoProto,
};
use radiant_onnx::{Limits, Model, read};
use serde_json::{Value, json};

use crate::{NativeEngine, Unsupported};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A number, or text for what JSON has no number for.
fn double(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

#[expect(clippy::cast_possible_truncation, reason = "the file has widened singles")]
fn float(value: &Value) -> f32 {
    double(value) as f32
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// A tensor of the file, and its elements as bytes of a constant.
fn tensor(name: &str, json: &Value) -> (Tensor, Vec<u8>) {
    let dim = |dim: &Value| usize::try_from(dim.as_u64().unwrap()).unwrap();
    let dims: Vec<usize> = list(&json["shape"]).iter().map(dim).collect();
    let values = list(&json["values"]).iter();
    macro_rules! tensor {
        ($type:ty, $value:expr) => {{
            let values: Vec<$type> = values.map($value).collect();
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (Tensor::new(name, &dims, values), bytes)
        }};
    }
    macro_rules! integers {
        ($type:ty) => {
            tensor!($type, |v| <$type>::try_from(v.as_i64().unwrap()).unwrap())
        };
    }
    match json["dtype"].as_str().unwrap() {
        "FP16" => tensor!(f16, |v| f16::from_f64(double(v))),
        "FP32" => tensor!(f32, float),
        "FP64" => tensor!(f64, double),
        "INT8" => integers!(i8),
        "INT16" => integers!(i16),
        "INT32" => integers!(i32),
        "INT64" => integers!(i64),
        "UINT8" => integers!(u8),
        "UINT16" => integers!(u16),
        "UINT32" => integers!(u32),
        "UINT64" => tensor!(u64, |v| v.as_u64().unwrap()),
        "BOOL" => {
            let values: Vec<bool> = values.map(|v| v.as_bool().unwrap()).collect();
            let bytes = values.iter().map(|&value| value.into()).collect();
            (Tensor::new(name, &dims, values), bytes)
        }
        other => panic!("no such type: {other}"),
    }
}

fn elem_type(dtype: DType) -> i32 {
    (0..30).find(|&elem_type| radiant_onnx::dtype_of(elem_type) == Some(dtype)).unwrap()
}

fn attribute(name: &str, json: &Value) -> AttributeProto {
    let value = &json[1];
    let int = |value: &Value| value.as_i64().unwrap();
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
            attribute.s = value.as_str().unwrap().as_bytes().to_vec();
            AttributeType::String
        }
        "INTS" => {
            attribute.ints = list(value).iter().map(int).collect();
            AttributeType::Ints
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

/// What is known of a node's inputs when it is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Their extents.
    Extents,
    /// Their ranks.
    Ranks,
    /// All but the first as they are.
    Constants,
}

/// The model of a case, and what goes in.
fn model(case: &Value, known: Known) -> (Model, Vec<Tensor>) {
    let any = root().join("../../../tests/models/iris/model.onnx");
    let mut model = read(&fs::read(any).unwrap(), &Limits::default()).unwrap();
    model.opsets.insert(String::new(), case["opset"].as_i64().unwrap());
    let mut graph = GraphProto::default();
    let mut node = NodeProto {
        op_type: case["operator"].as_str().unwrap().to_owned(),
        ..NodeProto::default()
    };
    for (name, json) in case["attributes"].as_object().unwrap() {
        node.attribute.push(attribute(name, json));
    }
    let mut inputs = Vec::new();
    for (at, json) in list(&case["inputs"]).iter().enumerate() {
        if json.is_null() {
            node.input.push(String::new());
            continue;
        }
        let name = format!("i{at}");
        let (tensor, bytes) = tensor(&name, json);
        let (dims, dtype) = (tensor.shape.dims(), tensor.dtype());
        if known == Known::Constants && at > 0 {
            let constant = TensorProto {
                name: name.clone(),
                dims: dims.iter().map(|&dim| dim.try_into().unwrap()).collect(),
                data_type: elem_type(dtype),
                raw_data: bytes.into(),
                ..TensorProto::default()
            };
            graph.initializer.push(constant);
        } else {
            let dims = dims.iter().map(|&dim| Some(dim).filter(|_| known == Known::Extents));
            graph.input.push(value_info(&name, dtype, Some(dims.collect())));
            inputs.push(tensor);
        }
        node.input.push(name);
    }
    for (at, json) in list(&case["outputs"]).iter().enumerate() {
        let name = format!("o{at}");
        graph.output.push(value_info(&name, tensor(&name, json).0.dtype(), None));
        node.output.push(name);
    }
    graph.node.push(node);
    model.graph = graph;
    (model, inputs)
}

/// Whether a number is another, but for rounding.
fn is_close(got: f64, expected: f64, part: f64) -> bool {
    #[expect(clippy::float_cmp, reason = "infinite numbers are equal or not")]
    let is_equal = got == expected || (got.is_nan() && expected.is_nan());
    is_equal || (got - expected).abs() <= part * expected.abs().max(1.0)
}

fn is_equal(got: &Tensor, expected: &Tensor) -> bool {
    let all = |mut pairs: Box<dyn Iterator<Item = (f64, f64)> + '_>, part: f64| {
        pairs.all(|(got, expected)| is_close(got, expected, part))
    };
    got.shape == expected.shape
        && match (&got.data, &expected.data) {
            (TensorData::F16(got), TensorData::F16(expected)) => {
                let pairs = got.iter().zip(expected).map(|(a, b)| (a.to_f64(), b.to_f64()));
                all(Box::new(pairs), 2e-3)
            }
            (TensorData::F32(got), TensorData::F32(expected)) => {
                let pairs = got.iter().zip(expected).map(|(&a, &b)| (a.into(), b.into()));
                all(Box::new(pairs), 2e-6)
            }
            (TensorData::F64(got), TensorData::F64(expected)) => {
                all(Box::new(got.iter().copied().zip(expected.iter().copied())), 1e-12)
            }
            (got, expected) => got == expected,
        }
}

fn run(engine: &NativeEngine, inputs: &[Tensor]) -> Result<Vec<Tensor>, Error> {
    let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
    let mut outputs = Vec::new();
    engine.run(inputs, &wanted, &mut outputs, &Cancel::never())?;
    Ok(outputs)
}

/// What is wrong with the answer to a case, if anything.
fn problem(case: &Value, known: Known) -> Option<String> {
    let (model, inputs) = model(case, known);
    let engine = match NativeEngine::load(&model) {
        Ok(engine) => engine,
        Err(error) => return Some(error.to_string()),
    };
    let outputs = match run(&engine, &inputs) {
        Ok(outputs) => outputs,
        Err(error) => return Some(error.to_string()),
    };
    let signature = &engine.signature().outputs;
    for ((got, spec), expected) in outputs.iter().zip(signature).zip(list(&case["outputs"])) {
        let (expected, _) = tensor(&got.name, expected);
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
    let cases = fs::read_to_string(root().join("testdata/math/cases.jsonl")).unwrap();
    let mut problems = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        for known in [Known::Extents, Known::Ranks, Known::Constants] {
            if let Some(problem) = problem(&case, known) {
                let (operator, attributes) = (&case["operator"], &case["attributes"]);
                problems.push(format!("{operator} {attributes} {known:?}: {problem}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}\n{} problems", problems.join("\n"), problems.len());
    assert!(cases.lines().count() > 800);
}

/// A case of one output, of a type that is named.
fn case(operator: &str, opset: i64, attributes: &Value, inputs: &Value, output: &str) -> Value {
    let output = json!({ "dtype": output, "shape": [], "values": [] });
    json!({
        "operator": operator, "opset": opset, "attributes": attributes, "inputs": inputs,
        "outputs": [output],
    })
}

fn values(dtype: &str, shape: &[usize], values: &Value) -> Value {
    json!({ "dtype": dtype, "shape": shape, "values": values })
}

fn load(case: &Value) -> Result<(NativeEngine, Vec<Tensor>), Unsupported> {
    let case = {
        // The output's elements are not told.
        let mut case = case.clone();
        case["outputs"][0]["shape"] = json!([0]);
        case
    };
    let (model, inputs) = model(&case, Known::Ranks);
    Ok((NativeEngine::load(&model)?, inputs))
}

/// The answer to a case.
fn answer(case: &Value) -> Tensor {
    let (engine, inputs) = load(case).unwrap();
    run(&engine, &inputs).unwrap().remove(0)
}

#[test]
fn what_has_no_sure_answer_is_refused_when_it_is_loaded() {
    let single = values("FP32", &[2], &json!([1, 2]));
    let double = values("FP64", &[2], &json!([1, 2]));
    let int = values("INT32", &[2], &json!([1, 2]));
    let matrix = values("FP32", &[1, 2], &json!([1, 2]));
    let refusals = [
        (
            case("Add", 6, &json!({"broadcast": ["INT", 1]}), &json!([single, single]), "FP32"),
            "attribute `broadcast`: `1`",
        ),
        (case("Add", 14, &json!({}), &json!([single, double]), "FP32"), "FP32 and FP64"),
        (case("Mod", 20, &json!({}), &json!([single, single]), "FP32"), "without `fmod`"),
        (case("Mod", 20, &json!({"fmod": ["INT", 2]}), &json!([int, int]), "INT32"), "`fmod`: `2`"),
        (case("BitShift", 20, &json!({}), &json!([int, int]), "INT32"), "attribute `direction`"),
        (
            case("Gelu", 20, &json!({"approximate": ["STRING", "x"]}), &json!([single]), "FP32"),
            "attribute `approximate`: `x`",
        ),
        (
            case("Relu", 14, &json!({"alpha": ["INT", 2]}), &json!([single]), "FP32"),
            "attribute `alpha`",
        ),
        (case("ReduceLogSum", 20, &json!({}), &json!([int]), "INT32"), "type INT32"),
        (
            case("ReduceSum", 11, &json!({"axes": ["INTS", [1]]}), &json!([single]), "FP32"),
            "axis of a value of rank 1",
        ),
        (
            case("Softmax", 13, &json!({"axis": ["INT", 1]}), &json!([single]), "FP32"),
            "axis of a value of rank 1",
        ),
        (
            case("LpNormalization", 1, &json!({"p": ["INT", 3]}), &json!([single]), "FP32"),
            "attribute `p`: `3`",
        ),
        (
            case("Gemm", 13, &json!({"alpha": ["FLOAT", 2]}), &json!([int, int]), "INT32"),
            "attribute `alpha`",
        ),
        (case("Dropout", 6, &json!({}), &json!([single]), "FP32"), "attribute `is_test`"),
        (
            case("Einsum", 12, &json!({"equation": ["STRING", "ij->k"]}), &json!([matrix]), "FP32"),
            "`ij->k`",
        ),
        (case("LRN", 13, &json!({"size": ["INT", 0]}), &json!([matrix]), "FP32"), "`size`: `0`"),
    ];
    for (case, expected) in refusals {
        let error = load(&case).map(drop).unwrap_err().to_string();
        let place = format!("({}): ", case["operator"].as_str().unwrap());
        assert!(error.contains(&place) && error.contains(expected), "{error}, not {expected}");
    }
}

#[test]
fn what_a_request_cannot_have_fails_and_says_why() {
    let none = json!({});
    let ints = |values_: &Value| values("INT64", &[list(values_).len()], values_);
    let matrix = |n: usize, m: usize| values("FP32", &[n, m], &json!(vec![1; n * m]));
    let failures = [
        (
            case("Div", 14, &none, &json!([ints(&json!([1])), ints(&json!([0]))]), "INT64"),
            "divisors that are not 0",
        ),
        (
            case("Mod", 14, &none, &json!([ints(&json!([1])), ints(&json!([0]))]), "INT64"),
            "divisors that are not 0",
        ),
        (
            case("Pow", 15, &none, &json!([ints(&json!([2])), ints(&json!([-1]))]), "INT64"),
            "not negative",
        ),
        (case("Add", 14, &none, &json!([matrix(1, 2), matrix(1, 3)]), "FP32"), "do not broadcast"),
        (
            case("MatMul", 13, &none, &json!([matrix(1, 2), matrix(3, 1)]), "FP32"),
            "[1, 2] and [3, 1] are no factors",
        ),
        (
            case("Gemm", 13, &none, &json!([matrix(1, 2), matrix(2, 1), matrix(3, 3)]), "FP32"),
            "[3, 3] does not broadcast to [1, 1]",
        ),
        (
            case("ReduceSum", 13, &none, &json!([matrix(1, 2), ints(&json!([5]))]), "FP32"),
            "axis of a value of rank 2, got 5",
        ),
        (case("CumSum", 14, &none, &json!([matrix(1, 2), ints(&json!([-3]))]), "FP32"), "got -3"),
        (case("Det", 11, &none, &json!([matrix(1, 2)]), "FP32"), "square"),
        (case("HannWindow", 17, &none, &json!([ints(&json!([-1]))]), "FP32"), "got -1"),
        (case("HannWindow", 17, &none, &json!([ints(&json!([1_i64 << 40]))]), "FP32"), "at most"),
        (
            case(
                "NegativeLogLikelihoodLoss",
                13,
                &none,
                &json!([matrix(1, 2), ints(&json!([2]))]),
                "FP32",
            ),
            "label below 2, got 2",
        ),
    ];
    for (case, expected) in failures {
        let (engine, inputs) = load(&case).unwrap();
        let error = run(&engine, &inputs).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}, not {expected}");
    }
}

#[test]
fn what_onnxruntime_has_no_kernel_for_follows_numpy() {
    let none = json!({});
    let double = |operator: &str, opset: i64| {
        case(operator, opset, &none, &json!([values("FP64", &[2], &json!([0.5, -1.5]))]), "FP64")
    };
    let close = |case: &Value, expected: [f64; 2]| {
        let tensor = answer(case);
        let got = tensor.as_slice::<f64>().unwrap();
        let pairs = got.iter().zip(expected);
        assert!(pairs.clone().all(|(got, expected)| is_close(*got, expected, 1e-12)), "{tensor:?}");
    };
    close(&double("Erf", 13), [0.520_499_877_813_046_5, -0.966_105_146_475_310_7]);
    close(&double("Softplus", 22), [0.974_076_984_180_106_7, 0.201_413_277_982_752_4]);
    close(&double("Sinh", 22), [0.521_095_305_493_747_4, -2.129_279_455_094_817_4]);
    let floored = case(
        "Mod",
        28,
        &none,
        &json!([values("FP64", &[2], &json!([-7.5, 7.5])), values("FP64", &[2], &json!([2, -2]))]),
        "FP64",
    );
    close(&floored, [0.5, -0.5]);
    let ints = |values_: &Value| values("INT8", &[2], values_);
    let wrapped =
        case("Add", 14, &none, &json!([ints(&json!([127, -128])), ints(&json!([1, -1]))]), "INT8");
    assert_eq!(answer(&wrapped).as_slice::<i8>().unwrap(), [-128, 127]);
    let least =
        case("Div", 14, &none, &json!([ints(&json!([-128, 7])), ints(&json!([-1, -2]))]), "INT8");
    assert_eq!(answer(&least).as_slice::<i8>().unwrap(), [-128, -3]);
    let shifted = case(
        "BitShift",
        28,
        &json!({"direction": ["STRING", "RIGHT"]}),
        &json!([ints(&json!([-128, 64])), ints(&json!([9, -1]))]),
        "INT8",
    );
    assert_eq!(answer(&shifted).as_slice::<i8>().unwrap(), [-1, 0]);
    let gemm = case(
        "Gemm",
        13,
        &none,
        &json!([
            values("INT64", &[1, 2], &json!([2, 3])),
            values("INT64", &[2, 1], &json!([5, 7])),
            values("INT64", &[1], &json!([100]))
        ]),
        "INT64",
    );
    assert_eq!(answer(&gemm).as_slice::<i64>().unwrap(), [131]);
}
