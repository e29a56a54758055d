//! The codec against the compiled types, and against hostile bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use prost_types::value::Kind as ValueKind;
use prost_types::{ListValue, Value as ProtoValue};
use radiant_core::{DType, Payload, Shape, Tensor, TensorData, Value};
use serde_json::json;

use super::from_json::{message_of_json, value_of_json};
use super::tests::meta_bytes;
use super::*;
use crate::Limits;
use crate::pb::seldon::protos::{
    DefaultData, Feedback, Meta as ProtoMeta, Metric, SeldonMessage, SeldonMessageList,
    Tensor as ProtoTensor, default_data, seldon_message::DataOneof,
};
use crate::seldon::{Kind, Meta, Request, numpy};

fn limits() -> Limits {
    Limits { elements_max: 1 << 12, ..Limits::default() }
}

fn leaf() -> impl Strategy<Value = ProtoValue> {
    prop_oneof![
        3 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|truth| json!(truth)),
        1 => ".{0,4}".prop_map(|text| json!(text)),
        1 => Just(json!(null)),
    ]
    .prop_map(|json| value_of_json(&json))
}

fn value() -> impl Strategy<Value = ProtoValue> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            2 => vec(inner.clone(), 0..4).prop_map(list_value),
            1 => proptest::collection::hash_map(".{0,3}", inner, 0..4).prop_map(|fields| {
                let fields = fields.into_iter().collect();
                ProtoValue { kind: Some(ValueKind::StructValue(prost_types::Struct { fields })) }
            }),
        ]
    })
}

fn list_value(values: Vec<ProtoValue>) -> ProtoValue {
    ProtoValue { kind: Some(ValueKind::ListValue(ListValue { values })) }
}

fn number(number: f64) -> ProtoValue {
    ProtoValue { kind: Some(ValueKind::NumberValue(number)) }
}

/// The neutral value, by way of the compiled type.
fn neutral(value: &ProtoValue) -> Value {
    match value.kind.as_ref() {
        None | Some(ValueKind::NullValue(_)) => Value::Null,
        Some(ValueKind::NumberValue(number)) => Value::Float(*number),
        Some(ValueKind::StringValue(text)) => Value::Text(text.clone()),
        Some(ValueKind::BoolValue(truth)) => Value::Bool(*truth),
        Some(ValueKind::ListValue(list)) => Value::List(list.values.iter().map(neutral).collect()),
        Some(ValueKind::StructValue(map)) => Value::Map(
            map.fields.iter().map(|(key, value)| (key.clone(), neutral(value))).collect(),
        ),
    }
}

fn message(array: default_data::DataOneof) -> SeldonMessage {
    let data = DefaultData { names: Vec::new(), data_oneof: Some(array) };
    SeldonMessage { data_oneof: Some(DataOneof::Data(data)), ..SeldonMessage::default() }
}

fn decode(message: &[u8], want: Option<DType>) -> Result<Request, radiant_core::Error> {
    let mut request = Request::new();
    decode_request(message, want, &limits(), &mut request).map(|()| request)
}

/// Decodes bytes in every way, and what decodes, encodes and decodes again.
fn drive(bytes: &[u8]) {
    for want in [None, Some(DType::F32), Some(DType::F64)] {
        if let Ok(request) = decode(bytes, want) {
            check_reply(&request);
        }
    }
    for message in decode_messages(bytes, &limits()).unwrap_or_default() {
        check_reply(&message);
    }
    if let Ok(feedback) = decode_feedback(bytes, &limits()) {
        let payload = feedback.request.map(|request| request.payload);
        let mut out = Vec::new();
        let meta = Meta::default();
        if encode_feedback_reply(&mut out, feedback.kind, payload.as_ref(), None, &meta).is_ok() {
            SeldonMessage::decode(&*out).expect("a reply is a message");
        }
    }
}

/// A reply is a message to the compiled types, and comes back as it is.
fn check_reply(request: &Request) {
    let mut out = Vec::new();
    let meta = meta_bytes(&request.meta);
    if encode_reply(&mut out, request.kind, &request.payload, None, &meta).is_err() {
        assert!(out.is_empty());
        return;
    }
    SeldonMessage::decode(&*out).expect("a reply is a message");
    let mut again = Request::new();
    decode_request(&out, None, &Limits::default(), &mut again).expect("a reply is a request");
    let mut second = Vec::new();
    encode_reply(&mut second, again.kind, &again.payload, None, &meta)
        .expect("it was encoded once");
    assert_eq!(out, second);
    assert_eq!(format!("{:?}", again.meta), format!("{:?}", request.meta));
}

/// Messages that are valid, for mutations to begin with.
fn valid() -> Vec<Vec<u8>> {
    let meta = json!({"puid": "p", "tags": {"t": [1, {"a": null}]}, "routing": {"r": -1},
        "requestPath": {"q": "w"}, "metrics": [{"key": "k", "type": "GAUGE", "value": 1, "tags": {"a": "b"}}]});
    let messages = [
        json!({"meta": meta, "data": {"names": ["a", "b"], "ndarray": [[1, 2.5], [-3, 4]]}}),
        json!({"data": {"tensor": {"shape": [2, -1], "values": [1, 2, 3, 4]}}}),
        json!({"data": {"ndarray": [["a", 1], [true, null]]}}),
        json!({"data": {"ndarray": [[[1], [2]], [[3], [4]]]}}),
        json!({"jsonData": {"a": [1, {"b": null}], "c": "\u{1f600}"}}),
        json!({"binData": "aGk="}),
        json!({"strData": "text"}),
    ]
    .map(|json| message_of_json(&json));
    let feedback = Feedback {
        request: messages.first().cloned(),
        response: messages.first().cloned(),
        reward: 0.3,
        truth: messages.get(1).cloned(),
    };
    let mut valid: Vec<Vec<u8>> = messages.iter().map(SeldonMessage::encode_to_vec).collect();
    valid.push(feedback.encode_to_vec());
    valid.push(SeldonMessageList { seldon_messages: messages.to_vec() }.encode_to_vec());
    valid
}

#[test]
fn valid_messages_come_through_all_decoders_however_they_break_off() {
    for message in valid() {
        for length in 0..=message.len() {
            drive(&message[..length]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        drive(&bytes);
    }

    #[test]
    fn mutations_of_valid_messages_never_panic(
        message in prop::sample::select(valid()),
        edits in vec((any::<prop::sample::Index>(), 0..3_u8, any::<u8>()), 1..6),
    ) {
        let mut message = message;
        for (place, edit, with) in edits {
            if message.is_empty() {
                break;
            }
            let at = place.index(message.len());
            match edit {
                0 => message[at] = with,
                1 => message.insert(at, with),
                _ => drop(message.remove(at)),
            }
        }
        drive(&message);
    }

    #[test]
    fn any_list_is_the_array_that_numpy_makes_of_its_tree(
        values in vec(value(), 0..4),
    ) {
        let list = ListValue { values };
        let tree = Value::List(list.values.iter().map(neutral).collect());
        let expected = numpy::array(tree, &limits());
        let got = decode(&message(default_data::DataOneof::Ndarray(list)).encode_to_vec(), None);
        prop_assert_eq!(got.is_ok(), expected.is_ok());
        if let (Ok(got), Ok(expected)) = (got, expected) {
            prop_assert_eq!(format!("{:?}", got.payload), format!("{expected:?}"));
        }
    }

    #[test]
    fn a_rectangle_of_numbers_is_read_without_its_tree_as_with_it(
        dims in vec(0..4_usize, 1..4),
        fill in any::<f64>(),
    ) {
        let tree = dims.iter().rev().fold(number(fill), |item, &n| list_value(vec![item; n]));
        let Some(ValueKind::ListValue(list)) = tree.kind else { panic!("there is an axis") };
        let items: Vec<Value> = list.values.iter().map(neutral).collect();
        let expected = numpy::array(Value::List(items), &limits()).expect("a rectangle");
        let mut values = Vec::<f64>::new();
        let mut shape = Shape::default();
        let read = ndarray::read(&list.encode_to_vec(), &limits(), &mut shape, &mut values);
        prop_assert!(read.expect("is a list"));
        let got = Payload::Array(Tensor { shape, data: TensorData::F64(values), ..Tensor::default() });
        prop_assert_eq!(format!("{got:?}"), format!("{expected:?}"));
    }

    #[test]
    fn numbers_come_back_as_they_went(
        rows in vec(prop::array::uniform3(any::<f64>()), 1..70),
        cut in any::<bool>(),
    ) {
        let values: Vec<f64> = rows.iter().flatten().copied().collect();
        let dims: &[usize] = if cut { &[rows.len(), 3] } else { &[rows.len() * 3] };
        let tensor = Tensor::new("", dims, values.clone());
        for kind in [Kind::NdArray, Kind::Tensor, Kind::TfTensor] {
            let mut out = Vec::new();
            encode_tensor_reply(&mut out, kind, &tensor, None, b"").expect("numbers");
            let back = decode(&out, Some(DType::F64)).expect("a reply");
            prop_assert_eq!(back.kind, kind);
            prop_assert_eq!(format!("{:?}", back.payload), format!("{:?}", Payload::Array(tensor.clone())));
        }
    }

    #[test]
    fn lists_are_written_as_the_compiled_types_write_them(
        dims in vec(0..5_usize, 1..4),
        truths in any::<bool>(),
    ) {
        let n = dims.iter().product::<usize>();
        let truth = |index: usize| index.is_multiple_of(3);
        let data = if truths {
            TensorData::Bool((0..n).map(truth).collect())
        } else {
            TensorData::U16((0..n).map(|index| u16::try_from(index).expect("is small")).collect())
        };
        let mut next = 0..n;
        let list = nested(&dims, &mut || {
            let index = next.next().expect("as many as elements");
            if truths { value_of_json(&json!(truth(index))) } else { number(index as f64) }
        });
        let Some(ValueKind::ListValue(list)) = list.kind else { panic!("there is an axis") };
        let names = dims.get(1).map_or(0, |n| *n);
        let mut expected = message(default_data::DataOneof::Ndarray(list));
        expected.meta = Some(ProtoMeta::default());
        if let Some(DataOneof::Data(data)) = &mut expected.data_oneof {
            data.names = (0..names).map(|column| format!("t:{column}")).collect();
        }
        let tensor = Tensor { shape: Shape::new(&dims), data, ..Tensor::default() };
        let mut out = Vec::new();
        encode_tensor_reply(&mut out, Kind::NdArray, &tensor, None, b"").expect("has a form");
        prop_assert_eq!(out, expected.encode_to_vec());
    }

    #[test]
    fn tensors_are_read_as_the_compiled_types_write_them(values in vec(any::<f64>(), 1..40)) {
        let shape = vec![1, i32::try_from(values.len()).expect("is small")];
        let tensor = ProtoTensor { shape, values: values.clone() };
        let bytes = message(default_data::DataOneof::Tensor(tensor)).encode_to_vec();
        let expected = Tensor::new("", &[1, values.len()], values);
        let got = decode(&bytes, None).expect("decodes");
        prop_assert_eq!(format!("{:?}", got.payload), format!("{:?}", Payload::Array(expected)));
    }

    #[test]
    fn values_and_meta_come_back_as_they_went(
        value in value(),
        puid in ".{0,3}",
        tags in proptest::collection::hash_map(".{0,3}", value(), 0..3),
        path in proptest::collection::hash_map(".{0,3}", ".{0,3}", 0..3),
        metric in (".{0,3}", 0..3_i32, any::<f32>(), proptest::collection::hash_map("a", "b", 0..2)),
    ) {
        let (key, r#type, number, labels) = metric;
        let metric = Metric { key, r#type, value: number, tags: labels.into_iter().collect() };
        let meta = ProtoMeta {
            puid,
            tags: tags.into_iter().collect(),
            routing: std::iter::empty().collect(),
            request_path: path.into_iter().collect(),
            metrics: vec![metric],
        };
        let message = SeldonMessage {
            status: None,
            meta: Some(meta.clone()),
            data_oneof: Some(DataOneof::JsonData(value.clone())),
        };
        let request = decode(&message.encode_to_vec(), None).expect("decodes");
        let Payload::Json(json) = &request.payload else { panic!("{request:?}") };
        prop_assert_eq!(format!("{json:?}"), format!("{:?}", neutral(&value)));
        let back = ProtoMeta::decode(&*meta_bytes(&request.meta)).expect("is a meta");
        prop_assert_eq!(back, meta);
        let mut bytes = Vec::new();
        super::value::push(&mut bytes, json);
        let back = ProtoValue::decode(&*bytes).expect("is a value");
        prop_assert_eq!(format!("{:?}", neutral(&back)), format!("{json:?}"));
    }

    #[test]
    fn metadata_of_any_document_is_a_message(document in value()) {
        let mut out = Vec::new();
        encode_metadata(&mut out, &neutral(&document));
        crate::pb::seldon::protos::SeldonModelMetadata::decode(&*out).expect("is a message");
    }
}

/// Nested lists of these extents.
fn nested(dims: &[usize], item: &mut dyn FnMut() -> ProtoValue) -> ProtoValue {
    match dims {
        [] => item(),
        [extent, dims @ ..] => list_value((0..*extent).map(|_| nested(dims, item)).collect()),
    }
}

#[test]
fn a_message_from_json_decodes_like_its_json() {
    for json in [
        r#"{"data":{"names":["a"],"tensor":{"shape":[1,2],"values":[1.5,2.5]}},"meta":{"puid":"p","tags":{"t":[1.5]}}}"#,
        r#"{"data":{"ndarray":[["a",1.5],["b",true]]}}"#,
        r#"{"data":{"ndarray":[[null,1.5,{"k":["v"]}]]}}"#,
        r#"{"jsonData":{"a":[1.5,"x",null]}}"#,
        r#"{"strData":"x"}"#,
        r#"{"binData":"AAEC"}"#,
        r#"{"data":{}}"#,
    ] {
        let mut by_json = Request::new();
        crate::seldon::decode_request(json.as_bytes(), None, &limits(), &mut by_json)
            .expect("decodes");
        let message = message_of_json(&serde_json::from_str(json).expect("is JSON"));
        assert_eq!(decode(&message.encode_to_vec(), None).expect("decodes"), by_json, "{json}");
    }
}
