//! Messages of the compiled types, and what is made of them.

use prost::Message as _;
use prost_types::value::Kind as ValueKind;
use prost_types::{Any, ListValue, Value as ProtoValue};
use radiant_core::{DType, Objects, Payload, Shape, Tensor, TensorData, Value};
use serde_json::{Value as Json, json};

use super::from_json::{message_of_json, value_of_json};
use super::{
    decode_feedback, decode_messages, decode_request, encode_feedback_reply, encode_meta,
    encode_metadata, encode_reply,
};
use crate::Limits;
use crate::pb::seldon::protos::{
    DefaultData, Feedback, SeldonMessage, SeldonMessageList, SeldonModelMetadata, default_data,
    seldon_message::DataOneof,
};
use crate::pb::tensorflow::{TensorProto, TensorShapeProto, tensor_shape_proto::Dim};
use crate::seldon::{Kind, Meta, Request};
use crate::wire::push_bytes;

pub(super) fn meta_bytes(meta: &Meta) -> Vec<u8> {
    let mut out = Vec::new();
    encode_meta(&mut out, meta);
    out
}

fn decode(message: &[u8], want: Option<DType>) -> Result<Request, radiant_core::Error> {
    let mut request = Request::new();
    decode_request(message, want, &Limits::default(), &mut request).map(|()| request)
}

#[track_caller]
fn decoded(json: &Json) -> Request {
    decode(&message_of_json(json).encode_to_vec(), None).expect("decodes")
}

#[track_caller]
fn refused(json: &Json) -> String {
    let error = decode(&message_of_json(json).encode_to_vec(), None).expect_err("is refused");
    assert_eq!(error.kind(), radiant_core::ErrorKind::InvalidInput);
    error.to_string()
}

fn ndarray(list: &Json) -> Json {
    json!({"data": {"ndarray": list}})
}

fn echoed(request: &Request) -> SeldonMessage {
    let mut out = Vec::new();
    encode_reply(&mut out, request.kind, &request.payload, None, &[]).expect("has a form");
    SeldonMessage::decode(&*out).expect("is a message")
}

#[test]
fn lists_have_the_type_that_numpy_gives_them() {
    let array = |list: Json| decoded(&ndarray(&list)).payload;
    let numbers = Tensor::new("", &[2, 1, 2], vec![1.0, 2.0, 3.0, 0.5]);
    assert_eq!(array(json!([[[1, 2]], [[3, 0.5]]])), Payload::Array(numbers));
    let strings = ["1.0", "a", "True"].into_iter().collect();
    let strings = Tensor::strings("", &[1, 3], strings);
    assert_eq!(array(json!([[1, "a", true]])), Payload::Array(strings));
    let truths = Tensor::new("", &[2], vec![true, false]);
    assert_eq!(array(json!([true, false])), Payload::Array(truths));
    let widened = Tensor::new("", &[2], vec![1.0, 2.0]);
    assert_eq!(array(json!([true, 2])), Payload::Array(widened));
    let object = Value::Map([("k".to_owned(), Value::Float(2.0))].into());
    let values = vec![Value::Float(1.0), Value::Null, object];
    let objects = Objects { shape: Shape::from([3]), values };
    assert_eq!(array(json!([1, null, {"k": 2}])), Payload::Objects(objects));
    assert_eq!(array(json!([])), Payload::Array(Tensor::new("", &[0], Vec::<f64>::new())));
    assert_eq!(array(json!([[], []])), Payload::Array(Tensor::new("", &[2, 0], Vec::<f64>::new())));
}

#[test]
fn a_list_that_is_no_rectangle_is_refused_by_its_element() {
    let ragged =
        "`data.ndarray`: element [1]: expected an array of 2 as its first neighbour is, got ";
    assert_eq!(refused(&ndarray(&json!([[1, 2], [3]]))), format!("{ragged}an array of 1"));
    assert_eq!(refused(&ndarray(&json!([[1, 2], 3]))), format!("{ragged}a number"));
    assert!(refused(&ndarray(&json!([[1, 2], [[3], [4]]]))).contains("element [1, 0]"));
    assert!(refused(&ndarray(&json!([[[1], [2]], [3, 4]]))).contains("element [1, 0]"));
    assert!(refused(&ndarray(&json!([1, [2]]))).contains("element [1]: expected no array"));
    assert!(refused(&ndarray(&json!([[], [1]]))).contains("element [1]: expected an array of 0"));
}

#[test]
fn a_tensor_has_as_many_values_as_its_shape() {
    let tensor = |shape: Json, n: usize| json!({"data": {"tensor": {"shape": shape, "values": vec![1.5; n]}}});
    let shape = |request: Request| match request.payload {
        Payload::Array(tensor) => tensor.shape,
        other => panic!("{other:?}"),
    };
    assert_eq!(shape(decoded(&tensor(json!([2, -1]), 4))), Shape::from([2, 2]));
    assert_eq!(shape(decoded(&tensor(json!([0]), 0))), Shape::from([0]));
    assert_eq!(shape(decoded(&tensor(json!([]), 1))), Shape::default());
    assert_eq!(
        refused(&tensor(json!([3, 2]), 4)),
        "`data.tensor`: expected 6 values for shape [3, 2], got 4"
    );
    assert_eq!(
        refused(&tensor(json!([]), 4)),
        "`data.tensor`: expected a `shape` for 4 values, got none"
    );
    assert_eq!(
        refused(&tensor(json!([]), 0)),
        "`data.tensor`: expected a `shape` for 0 values, got none"
    );
    assert!(refused(&tensor(json!([-2, 2]), 4)).contains("no negative axis but one -1"));
    assert!(refused(&tensor(json!(vec![1; 33]), 1)).contains("at most 32 axes"));
}

#[test]
fn values_may_come_in_pieces_and_unpacked() {
    // shape: 2 unpacked, 2 packed; values: one packed, two unpacked, one packed.
    let mut tensor = vec![0x08, 2, 0x0a, 1, 2];
    tensor.extend([&[0x12, 8][..], &1.0_f64.to_le_bytes()].concat());
    tensor.extend([&[0x11][..], &2.0_f64.to_le_bytes()].concat());
    tensor.extend([&[0x11][..], &3.0_f64.to_le_bytes()].concat());
    tensor.extend([&[0x12, 8][..], &4.0_f64.to_le_bytes()].concat());
    let (mut data, mut message) = (Vec::new(), Vec::new());
    push_bytes(&mut data, 2, &tensor);
    push_bytes(&mut message, 3, &data);
    let request = decode(&message, Some(DType::F32)).expect("decodes");
    let expected = Tensor::new("", &[2, 2], vec![1.0_f32, 2.0, 3.0, 4.0]);
    assert_eq!((request.kind, request.payload), (Kind::Tensor, Payload::Array(expected)));
}

#[test]
fn single_precision_is_read_where_it_is_wanted() {
    for json in [
        ndarray(&json!([[0.1, 2]])),
        ndarray(&json!([[0.1, true]])),
        json!({"data": {"tensor": {"shape": [1, 2], "values": [0.1, 1]}}}),
        json!({"data": {}}),
    ] {
        let request = decode(&message_of_json(&json).encode_to_vec(), Some(DType::F32));
        let Payload::Array(tensor) = request.expect("decodes").payload else { panic!("{json}") };
        assert_eq!(tensor.dtype(), DType::F32, "{json}");
    }
}

#[test]
fn decoding_again_keeps_buffers_and_nothing_else() {
    let first = json!({"meta": {"puid": "p", "tags": {"t": 1}}, "data": {"names": ["a", "b"], "ndarray": [[1, 2]]}});
    let mut request = decoded(&first);
    let Payload::Array(Tensor { data: TensorData::F64(values), .. }) = &request.payload else {
        panic!("{request:?}")
    };
    let before = values.as_ptr();
    let second = message_of_json(&ndarray(&json!([[3, 4]]))).encode_to_vec();
    decode_request(&second, None, &Limits::default(), &mut request).expect("decodes");
    assert_eq!(request, decode(&second, None).expect("decodes"));
    let Payload::Array(Tensor { data: TensorData::F64(values), .. }) = &request.payload else {
        panic!("{request:?}")
    };
    assert_eq!(values.as_ptr(), before);
}

#[test]
fn custom_data_goes_back_as_it_came() {
    let any = Any { type_url: "type.example.com/x".into(), value: b"\xff\x00".to_vec() };
    let message = SeldonMessage {
        data_oneof: Some(DataOneof::CustomData(any.clone())),
        ..SeldonMessage::default()
    };
    let request = decode(&message.encode_to_vec(), None).expect("decodes");
    assert_eq!(request.kind, Kind::Custom);
    assert_eq!(echoed(&request).data_oneof, Some(DataOneof::CustomData(any)));
    let mut out = Vec::new();
    let no_any = Payload::Bytes(b"no any".as_slice().into());
    let error = encode_reply(&mut out, Kind::Custom, &no_any, None, &[]).expect_err("is refused");
    assert_eq!((error.kind(), out.len()), (radiant_core::ErrorKind::ModelFailed, 0));
}

#[test]
fn a_tftensor_goes_back_as_one() {
    let dim = |size| Dim { size, name: String::new() };
    let tensor = TensorProto {
        dtype: 1,
        tensor_shape: Some(TensorShapeProto { dim: vec![dim(1), dim(2)], unknown_rank: false }),
        float_val: vec![1.5, 2.5],
        ..TensorProto::default()
    };
    let data = DefaultData {
        data_oneof: Some(default_data::DataOneof::Tftensor(tensor)),
        ..DefaultData::default()
    };
    let message =
        SeldonMessage { data_oneof: Some(DataOneof::Data(data)), ..SeldonMessage::default() };
    let message = message.encode_to_vec();
    let request = decode(&message, None).expect("decodes");
    let expected = Payload::Array(Tensor::new("", &[1, 2], vec![1.5_f32, 2.5]));
    assert_eq!((request.kind, &request.payload), (Kind::TfTensor, &expected));
    let again = decode(&echoed(&request).encode_to_vec(), Some(DType::F64)).expect("decodes");
    let doubles = Payload::Array(Tensor::new("", &[1, 2], vec![1.5, 2.5]));
    assert_eq!((again.kind, again.payload), (Kind::TfTensor, doubles));
    assert_eq!(again.names, ["t:0", "t:1"]);
}

#[test]
fn the_last_payload_counts_and_meta_is_merged() {
    let mut message =
        message_of_json(&json!({"meta": {"puid": "a"}, "strData": "x"})).encode_to_vec();
    message
        .extend(message_of_json(&json!({"meta": {"puid": "b"}, "jsonData": [1]})).encode_to_vec());
    let request = decode(&message, None).expect("decodes");
    assert_eq!(request.meta.puid, Some(Value::from("b")));
    let list = Value::List(vec![Value::Float(1.0)]);
    assert_eq!((request.kind, request.payload), (Kind::Json, Payload::Json(list)));
}

#[test]
fn replies_without_a_form_leave_nothing_behind() {
    let scalar = Tensor::new("", &[], vec![3.5_f64]);
    let bytes = {
        let mut column = radiant_core::Strings::new();
        column.push(b"\xff");
        Tensor::strings("", &[1], column)
    };
    let broken = Tensor { shape: Shape::from([7]), ..Tensor::new("", &[1], vec![1_u8]) };
    for payload in [
        Payload::Array(scalar),
        Payload::Array(bytes),
        Payload::Array(broken),
        Payload::Json(Value::Null),
        Payload::Json(Value::Int(5)),
    ] {
        let mut out = Vec::new();
        let encoded = encode_reply(&mut out, Kind::NdArray, &payload, None, &[]);
        assert!(encoded.is_err() && out.is_empty(), "{payload:?}");
    }
}

#[test]
fn meta_is_there_even_if_it_is_empty() {
    let mut out = Vec::new();
    encode_reply(&mut out, Kind::Text, &Payload::Text("x".into()), None, &[]).expect("has a form");
    assert_eq!(out, b"\x12\x00\x2a\x01x");
}

#[test]
fn nesting_is_bounded() {
    let mut value = value_of_json(&json!(1));
    for _ in 0..200 {
        let list = ListValue { values: vec![value] };
        value = ProtoValue { kind: Some(ValueKind::ListValue(list)) };
    }
    let message = SeldonMessage {
        data_oneof: Some(DataOneof::JsonData(value.clone())),
        ..Default::default()
    };
    let error = decode(&message.encode_to_vec(), None).expect_err("is refused");
    assert_eq!(error.to_string(), "`jsonData`: expected at most 128 levels, got more");
    let Some(ValueKind::ListValue(list)) = value.kind else { panic!("is a list") };
    let data = DefaultData {
        data_oneof: Some(default_data::DataOneof::Ndarray(list)),
        ..DefaultData::default()
    };
    let message = SeldonMessage { data_oneof: Some(DataOneof::Data(data)), ..Default::default() };
    let error = decode(&message.encode_to_vec(), None).expect_err("is refused");
    assert_eq!(error.to_string(), "`data.ndarray`: expected at most 128 levels, got more");
}

#[test]
fn elements_are_bounded() {
    let limits = Limits { elements_max: 3, ..Limits::default() };
    for json in [
        ndarray(&json!([1, 2, 3, 4])),
        ndarray(&json!(["1", "2", "3", "4"])),
        ndarray(&json!([[1, 2], [3, 4]])),
        json!({"data": {"tensor": {"shape": [4], "values": [1, 2, 3, 4]}}}),
        json!({"jsonData": [1, 2, 3, 4]}),
        json!({"jsonData": {}}),
        json!({"strData": "", "meta": {"metrics": [{}]}}),
        json!({"strData": "", "meta": {"tags": {"a": 1, "b": 1, "c": 1, "d": 1}}}),
        json!({"data": {"names": ["a", "b", "c", "d"]}}),
    ] {
        let message = message_of_json(&json).encode_to_vec();
        let error = decode_request(&message, None, &limits, &mut Request::new());
        let error = error.expect_err("is refused").to_string();
        assert!(error.contains("at most 3 elements"), "{json}: {error}");
    }
}

#[test]
fn feedback_has_the_kind_of_its_request_and_the_branches_of_its_response() {
    let feedback = Feedback {
        request: Some(message_of_json(&json!({"meta": {"puid": "p"}, "data": {"ndarray": [[1]]}}))),
        response: Some(message_of_json(&json!({"meta": {"routing": {"n": -1, "m": 2}}}))),
        reward: 0.3,
        truth: Some(message_of_json(&json!({}))),
    };
    let feedback = decode_feedback(&feedback.encode_to_vec(), &Limits::default()).expect("decodes");
    assert_eq!((feedback.kind, feedback.reward), (Kind::NdArray, 0.3));
    assert_eq!(feedback.response_routing, [("m".to_owned(), 2), ("n".to_owned(), -1)].into());
    assert_eq!(feedback.request.expect("came").meta.puid, Some(Value::from("p")));
    let truth = feedback.truth.expect("came");
    let empty = Payload::Array(Tensor::new("", &[0], Vec::<f64>::new()));
    assert_eq!((truth.kind, truth.payload), (Kind::Tensor, empty));
    let nothing = decode_feedback(&[], &Limits::default()).expect("decodes");
    assert_eq!((nothing.kind, nothing.request, nothing.truth), (Kind::Tensor, None, None));
}

#[test]
fn no_answer_to_feedback_is_an_empty_vector() {
    for (kind, data) in [
        (Kind::NdArray, json!({"ndarray": []})),
        (Kind::Tensor, json!({"tensor": {"shape": [0]}})),
        (Kind::Text, json!({"tensor": {"shape": [0]}})),
    ] {
        let mut out = Vec::new();
        let meta = Meta { puid: Some(Value::from("p")), ..Meta::default() };
        encode_feedback_reply(&mut out, kind, None, None, &meta).expect("has a form");
        let expected = message_of_json(&json!({"meta": {"puid": "p"}, "data": data}));
        assert_eq!(SeldonMessage::decode(&*out).expect("is a message"), expected);
    }
}

#[test]
fn a_list_of_messages_is_decoded_in_order() {
    let list = |messages: Vec<Json>| SeldonMessageList {
        seldon_messages: messages.iter().map(message_of_json).collect(),
    };
    let messages = list(vec![ndarray(&json!([[1]])), json!({"strData": "x"})]).encode_to_vec();
    let messages = decode_messages(&messages, &Limits::default()).expect("decodes");
    assert_eq!(
        messages.iter().map(|message| message.kind).collect::<Vec<_>>(),
        [Kind::NdArray, Kind::Text]
    );
    let error = |messages| {
        let error = decode_messages(&list(messages).encode_to_vec(), &Limits::default());
        error.expect_err("is refused").to_string()
    };
    assert_eq!(error(vec![]), "request: expected `seldonMessages`, got none");
    assert!(error(vec![json!({"strData": "x"}), json!({})]).starts_with("message 1: request: "));
}

#[test]
fn metadata_has_what_the_document_has() {
    let document = Limits::default();
    let text = r#"{"custom":{"k":"v"},"inputs":[{"datatype":"FP32","name":"in","shape":[-1,3]}],
        "name":"m","outputs":[{"messagetype":"ndarray","schema":{"names":["a"],"shape":[1]}}],
        "platform":"p","versions":["v1","v2"]}"#;
    let document = crate::json::Cursor::new(text.as_bytes()).value(&document).expect("is JSON");
    let mut out = Vec::new();
    encode_metadata(&mut out, &document);
    let metadata = SeldonModelMetadata::decode(&*out).expect("is a message");
    assert_eq!((&*metadata.name, &*metadata.platform), ("m", "p"));
    assert_eq!(metadata.versions, ["v1", "v2"]);
    assert_eq!(metadata.custom, [("k".to_owned(), "v".to_owned())].into());
    let [input] = &*metadata.inputs else { panic!("{metadata:?}") };
    assert_eq!((&*input.name, &*input.datatype, &*input.shape), ("in", "FP32", &[-1, 3][..]));
    let [output] = &*metadata.outputs else { panic!("{metadata:?}") };
    let schema = value_of_json(&json!({"names": ["a"], "shape": [1]}));
    assert_eq!((&*output.messagetype, &output.schema), ("ndarray", &Some(schema)));
}
