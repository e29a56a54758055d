//! One prediction by each protocol: the same inputs go in, and the outputs come back as bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::array::{Array, size, typed_field};
use crate::support::grpc::Client;
use crate::support::http::{Reply, Request};
use crate::support::process::Server;
use crate::support::proto;

/// A model with the inputs that it is asked.
pub(super) struct Case {
    pub(super) server: Server,
    pub(super) inputs: Vec<Array>,
    /// What the model answers, in the order of its metadata: names, datatypes.
    pub(super) outputs: Vec<(String, String)>,
    /// The index of the output that Seldon v1 answers.
    pub(super) v1_output: usize,
}

/// Asks by one protocol; an error is what the server said.
type Ask = fn(&Case) -> Result<Vec<Array>, String>;

/// What each protocol is called in the table, and how it asks.
pub(super) const PROTOCOLS: [(&str, Ask); 11] = [
    ("V2 gRPC raw", v2_grpc_raw),
    ("V2 gRPC typed", v2_grpc_typed),
    ("V2 REST binary", v2_rest_binary),
    ("V2 REST JSON", v2_rest_json),
    ("V1 REST ndarray", v1_rest),
    ("V1 gRPC ndarray", |case| v1_grpc(case, "ndarray")),
    ("V1 gRPC tensor", |case| v1_grpc(case, "tensor")),
    ("V1 gRPC tftensor", |case| v1_grpc(case, "tftensor")),
    ("TFS REST rows", tfs_rows),
    ("TFS REST columns", tfs_columns),
    ("TFS gRPC", tfs_grpc),
];

fn sent(case: &Case, request: &Request) -> Result<Reply, String> {
    let reply = case.server.send(request);
    if reply.status == 200 { Ok(reply) } else { Err(reply.text().to_owned()) }
}

fn called(case: &Case, path: &str, content: &Value) -> Result<Value, String> {
    let request = proto::encode(&proto::request_of(path).expect("a method"), content);
    let answer = Client::connect(case.server.grpc).unary(path, &request);
    if answer.status_name() != "OK" {
        return Err(format!("{}: {}", answer.status_name(), answer.message));
    }
    Ok(proto::decode(&proto::reply_of(path).expect("a method"), answer.only()))
}

/// The list in `value`, or none.
fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn shape(value: &Value) -> Vec<usize> {
    let extent = |value: &Value| match value {
        Value::String(text) => text.parse().expect("an extent"),
        other => usize::try_from(other.as_u64().expect("an extent")).expect("an extent"),
    };
    items(value).iter().map(extent).collect()
}

fn v2_grpc_raw(case: &Case) -> Result<Vec<Array>, String> {
    let inputs: Vec<Value> = case.inputs.iter().map(v2_head).collect();
    let raw: Vec<String> = case.inputs.iter().map(|input| STANDARD.encode(&input.bytes)).collect();
    let request = json!({"model_name": "m", "inputs": inputs, "raw_input_contents": raw});
    let reply = called(case, "/inference.GRPCInferenceService/ModelInfer", &request)?;
    let raw = items(&reply["raw_output_contents"]);
    let array = |(output, raw): (&Value, &Value)| Array {
        bytes: STANDARD.decode(raw.as_str().expect("text")).expect("base64"),
        ..v2_array(output, &Value::Null)
    };
    Ok(items(&reply["outputs"]).iter().zip(raw).map(array).collect())
}

fn v2_grpc_typed(case: &Case) -> Result<Vec<Array>, String> {
    let input = |input: &Array| {
        let mut head = v2_head(input);
        let elements = input.elements().into_iter().map(|element| match element {
            Value::String(text) => STANDARD.encode(text).into(),
            other => other,
        });
        head["contents"] = json!({typed_field(&input.datatype): elements.collect::<Vec<_>>()});
        head
    };
    let inputs: Vec<Value> = case.inputs.iter().map(input).collect();
    let request = json!({"model_name": "m", "inputs": inputs});
    let reply = called(case, "/inference.GRPCInferenceService/ModelInfer", &request)?;
    assert!(reply.get("raw_output_contents").is_none(), "typed is answered typed");
    let array = |output: &Value| {
        let datatype = output["datatype"].as_str().expect("a datatype");
        let elements = output["contents"][typed_field(datatype)].clone();
        if datatype != "BYTES" {
            return v2_array(output, &elements);
        }
        let text = |text: &Value| {
            let bytes = STANDARD.decode(text.as_str().expect("text")).expect("base64");
            Value::from(String::from_utf8(bytes).expect("the tests' text"))
        };
        v2_array(output, &items(&elements).iter().map(text).collect())
    };
    Ok(items(&reply["outputs"]).iter().map(array).collect())
}

fn v2_rest_json(case: &Case) -> Result<Vec<Array>, String> {
    let input = |input: &Array| {
        let mut head = v2_head(input);
        head["data"] = input.elements().into();
        head
    };
    let inputs: Vec<Value> = case.inputs.iter().map(input).collect();
    let body = json!({"inputs": inputs}).to_string();
    let reply = sent(case, &Request::json("/v2/models/m/infer", body))?;
    let reply: Value = serde_json::from_slice(&reply.body).expect("JSON");
    Ok(items(&reply["outputs"]).iter().map(|output| v2_array(output, &output["data"])).collect())
}

fn v2_rest_binary(case: &Case) -> Result<Vec<Array>, String> {
    let input = |input: &Array| {
        let mut head = v2_head(input);
        head["parameters"] = json!({"binary_data_size": input.bytes.len()});
        head
    };
    let inputs: Vec<Value> = case.inputs.iter().map(input).collect();
    let head = json!({"inputs": inputs, "parameters": {"binary_data_output": true}}).to_string();
    let tensors = case.inputs.iter().flat_map(|input| input.bytes.clone());
    let body: Vec<u8> = head.bytes().chain(tensors).collect();
    let request = Request { body: Some(body), ..Request::new("POST", "/v2/models/m/infer") }
        .header("Inference-Header-Content-Length", &head.len().to_string());
    let reply = sent(case, &request)?;
    let length = reply.header("inference-header-content-length").expect("the reply is binary");
    let (head, mut rest) = reply.body.split_at(length.parse().expect("a length"));
    let head: Value = serde_json::from_slice(head).expect("JSON");
    let array = |output: &Value| {
        let length = output["parameters"]["binary_data_size"].as_u64().expect("a size");
        let (bytes, tail) = rest.split_at(usize::try_from(length).expect("a size"));
        rest = tail;
        Array { bytes: bytes.to_vec(), ..v2_array(output, &Value::Null) }
    };
    Ok(items(&head["outputs"]).iter().map(array).collect())
}

fn v2_head(input: &Array) -> Value {
    json!({"name": input.name, "datatype": input.datatype, "shape": input.shape})
}

/// An output, with these elements if it has any.
fn v2_array(output: &Value, elements: &Value) -> Array {
    let text = |name: &str| output[name].as_str().expect("text").to_owned();
    let none = json!([]);
    let elements = if elements.is_null() { &none } else { elements };
    Array::of(&text("name"), &text("datatype"), &shape(&output["shape"]), elements)
}

fn v1_rest(case: &Case) -> Result<Vec<Array>, String> {
    let body = json!({"data": {"ndarray": only(case)?.nested()}}).to_string();
    let reply = sent(case, &Request::json("/api/v1.0/predictions", body))?;
    let reply: Value = serde_json::from_slice(&reply.body).expect("JSON");
    Ok(vec![v1_array(case, &reply["data"]["ndarray"])])
}

fn v1_grpc(case: &Case, kind: &str) -> Result<Vec<Array>, String> {
    let input = only(case)?;
    let data = match kind {
        "ndarray" => input.nested(),
        "tensor" => {
            let number = |element: Value| match element {
                Value::Bool(truth) => u8::from(truth).into(),
                other => other,
            };
            let values: Vec<Value> = input.elements().into_iter().map(number).collect();
            json!({"shape": input.shape, "values": values})
        }
        _ => input.tensor_proto(),
    };
    let request = json!({"data": {kind: data}});
    let reply = called(case, "/seldon.protos.Model/Predict", &request)?;
    // What is no number comes back as an `ndarray`, whatever the request was.
    let (name, datatype) = &case.outputs[case.v1_output];
    let data = &reply["data"];
    Ok(vec![if let Some(tensor) = data.get("tensor") {
        Array::of(name, datatype, &shape(&tensor["shape"]), &tensor["values"])
    } else if let Some(message) = data.get("tftensor") {
        Array::of_tensor_proto(name, datatype, message)
    } else {
        v1_array(case, &data["ndarray"])
    }])
}

/// Seldon v1 carries one array.
fn only(case: &Case) -> Result<&Array, String> {
    match &case.inputs[..] {
        [input] => Ok(input),
        inputs => Err(format!("{} inputs", inputs.len())),
    }
}

fn v1_array(case: &Case, nested: &Value) -> Array {
    let (name, datatype) = &case.outputs[case.v1_output];
    Array::of(name, datatype, &extents(nested), nested)
}

/// The shape of nested lists.
fn extents(nested: &Value) -> Vec<usize> {
    let Value::Array(items) = nested else { return Vec::new() };
    let inner = items.first().map(extents).unwrap_or_default();
    [vec![items.len()], inner].concat()
}

fn tfs_rows(case: &Case) -> Result<Vec<Array>, String> {
    let n_rows = case.inputs[0].shape[0];
    let columns: Vec<(&str, Value)> =
        case.inputs.iter().map(|input| (&*input.name, input.nested())).collect();
    let row = |index: usize| match &columns[..] {
        [(_, column)] => column[index].clone(),
        columns => {
            let entry =
                |(name, column): &(&str, Value)| ((*name).to_owned(), column[index].clone());
            Value::Object(columns.iter().map(entry).collect::<Map<_, _>>())
        }
    };
    let instances: Vec<Value> = (0..n_rows).map(row).collect();
    let body = json!({"instances": instances}).to_string();
    let reply = sent(case, &Request::json("/v1/models/m:predict", body))?;
    let reply: Value = serde_json::from_slice(&reply.body).expect("JSON");
    let predictions = items(&reply["predictions"]);
    Ok(tfs_arrays(case, |name| match name {
        None => predictions.to_vec().into(),
        Some(name) => predictions.iter().map(|row| row[name].clone()).collect(),
    }))
}

fn tfs_columns(case: &Case) -> Result<Vec<Array>, String> {
    let columns = match &case.inputs[..] {
        [input] => input.nested(),
        inputs => {
            let entry = |input: &Array| (input.name.clone(), input.nested());
            Value::Object(inputs.iter().map(entry).collect::<Map<_, _>>())
        }
    };
    let body = json!({"inputs": columns}).to_string();
    let reply = sent(case, &Request::json("/v1/models/m:predict", body))?;
    let reply: Value = serde_json::from_slice(&reply.body).expect("JSON");
    let outputs = &reply["outputs"];
    Ok(tfs_arrays(case, |name| name.map_or(outputs, |name| &outputs[name]).clone()))
}

/// The outputs of TensorFlow's REST API: of a single one the name is not told.
fn tfs_arrays(case: &Case, column: impl Fn(Option<&str>) -> Value) -> Vec<Array> {
    let is_single = case.outputs.len() == 1;
    let array = |(name, datatype): &(String, String)| {
        let nested = column((!is_single).then_some(name));
        Array::of(name, datatype, &extents(&nested), &nested)
    };
    case.outputs.iter().map(array).collect()
}

fn tfs_grpc(case: &Case) -> Result<Vec<Array>, String> {
    let entry = |input: &Array| (input.name.clone(), input.tensor_proto());
    let inputs: Map<_, _> = case.inputs.iter().map(entry).collect();
    let request = json!({"model_spec": {"name": "m"}, "inputs": inputs});
    let reply = called(case, "/tensorflow.serving.PredictionService/Predict", &request)?;
    let array = |(name, datatype): &(String, String)| {
        Array::of_tensor_proto(name, datatype, &reply["outputs"][name])
    };
    Ok(case.outputs.iter().map(array).collect())
}

/// Bytes of `n` elements of a datatype, if its elements are all as long.
pub(super) fn raw_size(datatype: &str, n: usize) -> Option<usize> {
    (datatype != "BYTES").then(|| n * size(datatype))
}
