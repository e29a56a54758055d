//! One question in every protocol, and the answers as arrays.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::golden::{Array, difference, number, spelled};
use crate::support::grpc::Client;
use crate::support::http::{Reply, Request};
use crate::support::json::Json;
use crate::support::process::Server;
use crate::support::proto;

const LENGTH: &str = "Inference-Header-Content-Length";

/// A tensor of a V2 request or reply.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) datatype: String,
    pub(super) array: Array,
}

impl Tensor {
    pub(super) fn new(name: &str, datatype: &str, array: Array) -> Self {
        Self { name: name.to_owned(), datatype: datatype.to_owned(), array }
    }

    fn head(&self) -> Value {
        json!({"name": self.name, "datatype": self.datatype, "shape": self.array.shape})
    }

    /// The elements as V2 has them in bytes.
    fn raw(&self) -> Vec<u8> {
        let Array { data, .. } = &self.array;
        let text = |element: &Value| {
            let text = element.as_str().expect("a text").as_bytes();
            [&u32::try_from(text.len()).expect("short").to_le_bytes()[..], text].concat()
        };
        let each = |bytes: fn(&Value) -> Vec<u8>| data.iter().flat_map(bytes).collect();
        match &*self.datatype {
            "FP64" => each(|element| number(element).to_le_bytes().to_vec()),
            "INT64" => each(|element| element.as_i64().expect("whole").to_le_bytes().to_vec()),
            "BOOL" => each(|element| vec![u8::from(element.as_bool().expect("a truth"))]),
            "BYTES" => data.iter().flat_map(text).collect(),
            other => panic!("{other}"),
        }
    }

    /// The elements out of bytes.
    fn from_raw(head: &Value, raw: &[u8]) -> Self {
        let datatype = head["datatype"].as_str().expect("a type");
        let words = || raw.as_chunks::<8>().0.iter();
        let data = match datatype {
            "FP64" => words().map(|word| json!(f64::from_le_bytes(*word))).collect(),
            "INT64" => words().map(|word| json!(i64::from_le_bytes(*word))).collect(),
            "FP32" => {
                let words = raw.as_chunks::<4>().0.iter();
                words.map(|word| json!(f32::from_le_bytes(*word))).collect()
            }
            "BOOL" => raw.iter().map(|byte| json!(*byte != 0)).collect(),
            "BYTES" => texts(raw),
            other => panic!("{other}"),
        };
        let name = head["name"].as_str().expect("a name");
        Self::new(name, datatype, Array { shape: shape(&head["shape"]), data })
    }
}

fn texts(mut raw: &[u8]) -> Vec<Value> {
    let mut texts = Vec::new();
    while let Some((length, rest)) = raw.split_first_chunk::<4>() {
        let (text, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        texts.push(json!(str::from_utf8(text).expect("UTF-8")));
        raw = rest;
    }
    texts
}

/// Extents, which ProtoJSON has as texts.
fn shape(json: &Value) -> Vec<usize> {
    let extent = |extent: &Value| extent.to_string().trim_matches('"').parse().expect("an extent");
    json.as_array().expect("a shape").iter().map(extent).collect()
}

fn items(json: &Json) -> &[Json] {
    match json {
        Json::List(items) => items,
        other => panic!("a list: {other}"),
    }
}

/// Lists in lists as an array; NaN as the text `nan`.
pub(super) fn array(json: &Json) -> Array {
    let (mut shape, mut level) = (Vec::new(), vec![json]);
    while let Some(Json::List(first)) = level.first() {
        shape.push(first.len());
        level = level.into_iter().flat_map(items).collect();
    }
    let element = |json: &Json| match json {
        Json::Text(text) => json!(text),
        Json::Token(token) => match &**token {
            "NaN" => json!("nan"),
            "Infinity" => json!("inf"),
            "-Infinity" => json!("-inf"),
            token => serde_json::from_str(token).expect("JSON"),
        },
        other => panic!("an element: {other}"),
    };
    Array { shape, data: level.into_iter().map(element).collect() }
}

/// Compares shape and elements.
#[track_caller]
pub(super) fn assert_same(got: &Array, wanted: &Array, what: &str) {
    assert_eq!(got.shape, wanted.shape, "{what}: {:?}", got.data);
    let difference = difference(&wanted.data, &got.data);
    assert_eq!(difference, None, "{what}");
}

/// The JSON of a reply that is no refusal.
#[track_caller]
pub(super) fn ok(reply: &Reply, what: &str) -> Json {
    assert_eq!(reply.status, 200, "{what}: {}", reply.text());
    reply.json()
}

/// A message of Seldon v1 over REST.
pub(super) fn seldon_rest(server: &Server, message: &Value) -> Reply {
    server.send(&Request::json("/api/v1.0/predictions", message.to_string()))
}

/// What Seldon v1 answers to a message, over REST and gRPC; JSON is answered by a tensor.
#[track_caller]
pub(super) fn seldon(server: &Server, message: &Value) -> [(&'static str, Array); 2] {
    let rest = ok(&seldon_rest(server, message), "Seldon over REST");
    let rows = |json: &Json| {
        let found = |pointer| json.pointer(pointer).map(array);
        let tensor = || {
            let [shape, values] = [found("/data/tensor/shape")?, found("/data/tensor/values")?];
            let extent = |extent: &Value| extent.as_u64().and_then(|n| usize::try_from(n).ok());
            Some(Array { shape: shape.data.iter().map(extent).collect::<Option<_>>()?, ..values })
        };
        found("/data/ndarray").or_else(tensor).unwrap_or_else(|| panic!("rows: {json}"))
    };
    let rest = rows(&rest);
    let sent = proto::encode("seldon.protos.SeldonMessage", message);
    let answer = Client::connect(server.grpc).unary("/seldon.protos.Seldon/Predict", &sent);
    let reply = proto::decode("seldon.protos.SeldonMessage", answer.only());
    let grpc = Json::parse(&reply.to_string()).expect("JSON");
    [("Seldon over REST", rest), ("Seldon over gRPC", rows(&grpc))]
}

/// The answer to rows in KServe's first protocol.
pub(super) fn kserve(server: &Server, instances: &Value) -> Reply {
    let body = json!({"instances": instances}).to_string();
    server.send(&Request::json("/v1/models/m:predict", body))
}

/// The predictions of such an answer.
#[track_caller]
pub(super) fn predictions(server: &Server, instances: &Value) -> Array {
    let json = ok(&kserve(server, instances), "KServe");
    array(json.pointer("/predictions").expect("a list"))
}

fn asked(outputs: &[&str], is_binary: bool) -> Value {
    let output = |name: &&str| json!({"name": name, "parameters": {"binary_data": is_binary}});
    outputs.iter().map(output).collect()
}

/// A request of V2 in JSON. Without outputs the model chooses.
pub(super) fn v2_rest(server: &Server, inputs: &[Tensor], outputs: &[&str]) -> Reply {
    let input = |tensor: &Tensor| {
        let mut head = tensor.head();
        head["data"] = tensor.array.data.iter().map(spelled).collect();
        head
    };
    let inputs: Vec<Value> = inputs.iter().map(input).collect();
    let body = json!({"inputs": inputs, "outputs": asked(outputs, false)});
    server.send(&Request::json("/v2/models/m/infer", body.to_string()))
}

pub(super) fn of_rest(reply: &Reply) -> Vec<Tensor> {
    let json = ok(reply, "V2 over REST");
    let Some(Json::List(outputs)) = json.pointer("/outputs") else { panic!("outputs: {json}") };
    let tensor = |output: &Json| {
        let text = |key: &str| output.pointer(key).expect("a member").to_string();
        let shape = shape(&serde_json::from_str(&text("/shape")).expect("a shape"));
        let data = array(output.pointer("/data").expect("data")).data;
        Tensor::new(&text("/name"), &text("/datatype"), Array { shape, data })
    };
    outputs.iter().map(tensor).collect()
}

/// A request of V2 with binary tensors, both ways.
fn v2_binary(server: &Server, inputs: &[Tensor], outputs: &[&str]) -> Vec<Tensor> {
    let input = |tensor: &Tensor| {
        let mut head = tensor.head();
        head["parameters"] = json!({"binary_data_size": tensor.raw().len()});
        head
    };
    let heads: Vec<Value> = inputs.iter().map(input).collect();
    let head = json!({
        "inputs": heads, "outputs": asked(outputs, true),
        "parameters": {"binary_data_output": true},
    });
    let head = head.to_string();
    let raw = inputs.iter().flat_map(Tensor::raw).collect::<Vec<u8>>();
    let request = Request::json("/v2/models/m/infer", [head.as_bytes(), &raw].concat());
    let reply = server.send(&request.header(LENGTH, &head.len().to_string()));
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let length = reply.header(LENGTH).expect("a length").parse().expect("a number");
    let (head, mut raw) = reply.body.split_at(length);
    let head: Value = serde_json::from_slice(head).expect("JSON");
    let tensor = |head: &Value| {
        let size = head["parameters"]["binary_data_size"].as_u64().expect("binary");
        let (mine, rest) = raw.split_at(size.try_into().expect("small"));
        raw = rest;
        Tensor::from_raw(head, mine)
    };
    head["outputs"].as_array().expect("outputs").iter().map(tensor).collect()
}

fn v2_grpc(server: &Server, inputs: &[Tensor], outputs: &[&str]) -> Vec<Tensor> {
    let heads: Vec<Value> = inputs.iter().map(Tensor::head).collect();
    let raw: Vec<String> = inputs.iter().map(|tensor| STANDARD.encode(tensor.raw())).collect();
    let request = json!({
        "model_name": "m", "inputs": heads, "outputs": outputs.iter().map(|name| json!({"name": name})).collect::<Value>(),
        "raw_input_contents": raw,
    });
    let sent = proto::encode("inference.ModelInferRequest", &request);
    let path = "/inference.GRPCInferenceService/ModelInfer";
    let answer = Client::connect(server.grpc).unary(path, &sent);
    let reply = proto::decode("inference.ModelInferResponse", answer.only());
    let heads = reply["outputs"].as_array().expect("outputs");
    let raw = reply["raw_output_contents"].as_array().expect("bytes");
    let tensor = |(head, raw): (&Value, &Value)| {
        let raw = STANDARD.decode(raw.as_str().expect("base64")).expect("base64");
        Tensor::from_raw(head, &raw)
    };
    heads.iter().zip(raw).map(tensor).collect()
}

/// What V2 answers: in JSON, with binary tensors, and over gRPC. Without outputs the model chooses.
#[track_caller]
pub(super) fn v2(
    server: &Server,
    inputs: &[Tensor],
    outputs: &[&str],
) -> [(&'static str, Vec<Tensor>); 3] {
    [
        ("V2 in JSON", of_rest(&v2_rest(server, inputs, outputs))),
        ("V2 in bytes", v2_binary(server, inputs, outputs)),
        ("V2 over gRPC", v2_grpc(server, inputs, outputs)),
    ]
}
