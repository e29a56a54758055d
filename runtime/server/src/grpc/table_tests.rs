//! Tables in every protocol of gRPC, as the engine gets to see them.

use prost::Message;
use radiant_core::{Form, Payload, Tensor, Value};
use radiant_protocol::Limits;
use radiant_protocol::json::Cursor;
use radiant_protocol::pb::inference::model_infer_request::InferInputTensor;
use radiant_protocol::pb::inference::{InferTensorContents, ModelInferRequest};
use radiant_protocol::pb::tensorflow::TensorProto;
use radiant_protocol::pb::tensorflow::serving::PredictRequest;
use radiant_protocol::seldon::proto::encode_reply;
use radiant_protocol::seldon::{Kind, numpy};

use super::tests::{call, framed, of_state};
use crate::state::fixture;

const SELDON: &str = "/seldon.protos.Seldon/Predict";
const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";
const PREDICT: &str = "/tensorflow.serving.PredictionService/Predict";

/// The text of the reply, or of the failure.
async fn ask(form: Form, path: &str, message: Vec<u8>) -> Result<String, String> {
    let (server, _drain) = of_state(fixture::seen(form));
    let got = call(&server, path, &[], framed(0, &message)).await;
    match got.messages.first() {
        Some((_, reply)) if got.code == "0" => Ok(String::from_utf8_lossy(reply).into_owned()),
        _ => Err(got.text),
    }
}

#[track_caller]
fn check(reply: Result<String, String>, seen: &str) {
    let reply = reply.unwrap();
    assert!(reply.contains(seen), "expected {seen}, got {reply}");
}

/// A message of Seldon with what is spelt as JSON: an array, or an object as `jsonData`.
fn seldon(names: Option<&[String]>, json: &str) -> Vec<u8> {
    let limits = Limits::default();
    let value = Cursor::new(json.as_bytes()).value(&limits).unwrap();
    let payload = match value {
        object @ Value::Map(_) => Payload::Json(object),
        list => numpy::array(list, &limits).unwrap(),
    };
    let mut message = Vec::new();
    // A reply is the same message as a request.
    encode_reply(&mut message, Kind::NdArray, &payload, names, b"").unwrap();
    message
}

#[tokio::test]
async fn seldon_brings_arrays_and_columns() {
    let names = ["a".to_owned(), "c".to_owned()];
    let numbers = seldon(Some(&names), "[[1, 2.5]]");
    check(ask(Form::Matrix, SELDON, numbers.clone()).await, "FP64 [1, 2] [1.0, 2.5]");
    check(ask(Form::Frame, SELDON, numbers).await, "a FP64 [1] [1.0]; c FP64 [1] [2.5]");
    let mixed = seldon(Some(&names), r#"[[1, "t"], [null, "u"]]"#);
    let seen = r#"a FP64 [2] [1.0, NaN]; c BYTES [2] ["t", "u"]"#;
    check(ask(Form::Frame, SELDON, mixed).await, seen);
    let columns = seldon(None, r#"{"a": [1], "b": ["t"]}"#);
    check(ask(Form::Frame, SELDON, columns).await, r#"a FP64 [1] [1.0]; b BYTES [1] ["t"]"#);
}

fn input(
    name: &str,
    datatype: &str,
    shape: &[i64],
    contents: InferTensorContents,
) -> InferInputTensor {
    InferInputTensor {
        name: name.to_owned(),
        datatype: datatype.to_owned(),
        shape: shape.to_vec(),
        contents: Some(contents),
        ..Default::default()
    }
}

#[tokio::test]
async fn v2_brings_tensors_of_any_name_and_type() {
    let texts =
        InferTensorContents { bytes_contents: vec!["t".into(), "".into()], ..Default::default() };
    let numbers = InferTensorContents { int_contents: vec![1, 2], ..Default::default() };
    let inputs = vec![input("b", "BYTES", &[2], texts), input("z", "INT8", &[2, 1], numbers)];
    let typed = ModelInferRequest { model_name: "seen".to_owned(), inputs, ..Default::default() };
    let mut raw = typed.clone();
    raw.inputs.iter_mut().for_each(|input| input.contents = None);
    raw.raw_input_contents = vec![b"\x01\0\0\0t\0\0\0\0"[..].into(), b"\x01\x02"[..].into()];
    for form in [Form::Matrix, Form::Frame] {
        for message in [&typed, &raw] {
            let reply = ask(form, INFER, message.encode_to_vec()).await;
            check(reply, r#"b BYTES [2] ["t", ""]; z INT8 [2, 1] [1, 2]"#);
        }
    }
}

#[tokio::test]
async fn tensorflow_brings_columns_where_they_have_names() {
    let proto = |tensor: &Tensor| {
        let mut out = Vec::new();
        radiant_protocol::tf::encode(&mut out, tensor);
        TensorProto::decode(&out[..]).unwrap()
    };
    let column = proto(&Tensor::new("", &[1], vec![7_i32]));
    let inputs = [("a".to_owned(), column.clone())];
    let one = PredictRequest { inputs: inputs.into(), ..Default::default() };
    check(ask(Form::Frame, PREDICT, one.encode_to_vec()).await, "a INT32 [1] [7]");
    check(ask(Form::Matrix, PREDICT, one.encode_to_vec()).await, "a INT32 [1] [7]");
    let mut two = one;
    two.inputs.insert("b".to_owned(), column);
    let reply = ask(Form::Frame, PREDICT, two.encode_to_vec()).await.unwrap();
    assert!(reply.contains("a INT32 [1] [7]") && reply.contains("b INT32 [1] [7]"), "{reply}");
    let error = ask(Form::Matrix, PREDICT, two.encode_to_vec()).await.unwrap_err();
    assert!(error.contains("have no order"), "{error}");
}
