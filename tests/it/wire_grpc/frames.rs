//! Messages that are framed, packed or counted wrong, and the limits on them.

use serde_json::json;

use super::{INFER, assert_code, infer, request, start, two_numbers};
use crate::support::grpc::{Call, Client, frame, gzip};
use crate::support::process::Start;

#[test]
fn what_is_no_message_is_refused_and_the_connection_lives_on() {
    let server = start(&[]);
    let mut client = Client::connect(server.grpc);
    let message = request(INFER, &two_numbers());
    let framed = frame(false, &message);
    let announced = |length: u32| [&[0][..], &length.to_be_bytes(), b"abc"].concat();
    for (code, what, body) in [
        ("INVALID_ARGUMENT", "no message", Vec::new()),
        ("INVALID_ARGUMENT", "half a head", vec![0, 0, 0]),
        ("INVALID_ARGUMENT", "half a message", framed[..framed.len() - 1].to_vec()),
        ("INVALID_ARGUMENT", "more announced than sent", announced(1 << 20)),
        ("INVALID_ARGUMENT", "two messages", [&framed[..], &framed[..]].concat()),
        ("INVALID_ARGUMENT", "an unknown flag", [&[7], &framed[1..]].concat()),
        ("INVALID_ARGUMENT", "packed without an encoding", frame(true, &gzip(&message)).to_vec()),
        ("RESOURCE_EXHAUSTED", "a length beyond all limits", announced(u32::MAX)),
    ] {
        assert_code(&client.raw(&infer(), &body), code, what);
    }
    assert_eq!(client.raw(&infer(), &framed).status_name(), "OK");
}

#[test]
fn messages_are_packed_both_ways_where_that_is_worth_it() {
    let server = start(&[]);
    let mut client = Client::connect(server.grpc);
    let numbers = vec![1.5; 1000];
    let input = json!({"name": "x", "datatype": "FP32", "shape": [1000], "contents": {"fp32_contents": numbers}});
    let large = request(INFER, &json!({"model_name": "fp32", "inputs": [input]}));
    let answer = client.call(&infer().gzip(), &large);
    assert_eq!(answer.metadata("grpc-encoding"), Some("gzip"));
    assert_eq!(
        super::content(INFER, &answer)["outputs"][0]["contents"]["fp32_contents"],
        json!(numbers)
    );
    let small = client.call(&infer().gzip(), &request(INFER, &two_numbers()));
    assert_eq!((small.status_name(), small.metadata("grpc-encoding")), ("OK", None));
    let unknown = infer().metadata("grpc-encoding", "snappy");
    let answer = client.call(&unknown, &request(INFER, &two_numbers()));
    assert_code(&answer, "UNIMPLEMENTED", "an unknown encoding");
    assert!(answer.metadata("grpc-accept-encoding").is_some_and(|known| known.contains("gzip")));
    let broken = client.raw(&infer().metadata("grpc-encoding", "gzip"), &frame(true, b"notgzip"));
    assert_code(&broken, "INVALID_ARGUMENT", "no gzip");
}

#[test]
fn messages_have_the_limit_that_is_set_packed_and_unpacked() {
    let server = Start::serve("builtin:echo").args(["--grpc-message-bytes-max", "1MiB"]).start();
    let mut client = Client::connect(server.grpc);
    let path = "/seldon.protos.Model/Predict";
    let message = |n_bytes: usize| request(path, &json!({"strData": "a".repeat(n_bytes)}));
    let fits = client.unary(path, &message((1 << 20) - 100));
    assert_eq!(fits.status_name(), "OK", "{}", fits.message);
    assert_code(&client.unary(path, &message(1 << 20)), "RESOURCE_EXHAUSTED", "too long");
    let bomb = message(16 << 20);
    assert!(gzip(&bomb).len() < 1 << 20, "a bomb is small");
    assert_code(&client.call(&Call::new(path).gzip(), &bomb), "RESOURCE_EXHAUSTED", "a bomb");
}

#[test]
fn twelve_megabytes_need_no_setting() {
    let server = start(&[]);
    let mut client = Client::connect(server.grpc);
    let zeros = vec![0_u8; 12 << 20];
    let head = json!({"model_name": "fp32", "inputs": [{"name": "x", "datatype": "FP32", "shape": [3 << 20]}]});
    let mut message = request(INFER, &head);
    // Field 7, `raw_input_contents`, with its length.
    message.extend([0x3a, 0x80, 0x80, 0x80, 0x06]);
    message.extend(&zeros);
    let answer = client.unary(INFER, &message);
    assert!(answer.only().ends_with(&zeros));
}
