//! Messages that clients sent to Triton and MLServer, and what Triton answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use half::bf16;
use radiant_core::{DType, Tensor, TensorData};

use super::{decode, spec};
use crate::oip::proto::{Target, encode_proto, encode_stream_error, encode_stream_reply, target};
use crate::oip::{Form, Parameter, Reply, Request};

fn bytes(text: &str) -> Vec<u8> {
    STANDARD.decode(text).expect("base64")
}

#[test]
fn requests_of_clients_are_read() {
    let check = |text: &str, form: Form, expected: &Tensor| {
        let (request, inputs) = decode(&bytes(text), None).expect(text);
        assert_eq!((request.form, inputs.as_slice()), (form, std::slice::from_ref(expected)));
    };
    let features = vec![5.1_f32, 3.5, 1.4, 0.2];
    check(
        "CgRpcmlzGgI0MyoTCgdwcmVkaWN0EgRGUDMyGgIBBDoQMzOjQAAAYEAzM7M/zcxMPg==",
        Form::Raw,
        &Tensor::new("predict", &[1, 4], features.clone()),
    );
    check(
        "CgRpcmlzGgExKicKB3ByZWRpY3QSBEZQMzIaAgEEKhIyEDMzo0AAAGBAMzOzP83MTD4=",
        Form::Typed,
        &Tensor::new("predict", &[1, 4], features),
    );
    check(
        "CghpZGVudGl0eRoBMSoMCgF4EgRCRjE2GgECOgSAPwBA",
        Form::Raw,
        &Tensor::new("x", &[2], vec![bf16::from_f32(1.0), bf16::from_f32(2.0)]),
    );
    check(
        "CghpZGVudGl0eRoBMSobCgF4EgRJTlQ4GgECKg0SC4D//////////wF/",
        Form::Typed,
        &Tensor::new("x", &[2], vec![-128_i8, 127]),
    );
    let texts = ["h\u{e9}llo", "\u{65e5}\u{672c}"].into_iter().collect();
    let texts = Tensor::strings("x", &[2], texts);
    check("CghpZGVudGl0eRoBMSofCgF4EgVCWVRFUxoBAioQQgZow6lsbG9CBuaXpeacrA==", Form::Typed, &texts);
    check(
        "CghpZGVudGl0eRoBMSoNCgF4EgVCWVRFUxoBAjoUBgAAAGjDqWxsbwYAAADml6XmnKw=",
        Form::Raw,
        &texts,
    );
}

#[test]
fn parameters_of_a_request_are_read() {
    let message = bytes(
        "CghpZGVudGl0eRoBcCIHCgFhEgIQASIICgFiEgMaAXgiBwoBYxICCAEqPQoHcHJlZGljdBIERlAzMhoCAQQiFAoM\
         Y29udGVudF90eXBlEgQaAm5wKhIyEDMzo0AAAGBAMzOzP83MTD4=",
    );
    let (request, _) = decode(&message, None).expect("a request");
    assert_eq!(request.id, "p");
    assert_eq!(request.parameter("a"), Some(&Parameter::Int(1)));
    assert_eq!(request.parameter("b"), Some(&Parameter::Text("x".to_owned())));
    assert_eq!(request.parameter("c"), Some(&Parameter::Bool(true)));
}

#[test]
fn a_raw_tensor_that_is_cut_names_the_input() {
    let message = bytes("CgRpcmlzGgExKhMKB3ByZWRpY3QSBEZQMzIaAgEEOg8zM6NAAABgQDMzsz/NzEw=");
    let specs = [spec("predict", DType::F32, &[None, Some(4)])];
    let error = decode(&message, Some(&specs)).expect_err("15 bytes");
    assert_eq!(
        error.message(),
        "input `predict`: expected 16 bytes for 4 elements of FP32, got 15"
    );
}

/// The outputs of the model behind the recorded replies.
fn outputs() -> [Tensor; 2] {
    [
        Tensor::new("predict", &[1, 1], vec![0_i64]),
        Tensor::new("predict_proba", &[1, 3], vec![0.1_f64, 0.2, 0.7]),
    ]
}

#[test]
fn replies_are_those_of_triton_byte_for_byte() {
    let message = bytes("CgRpcmlzGgI0MyoTCgdwcmVkaWN0EgRGUDMyGgIBBDoQMzOjQAAAYEAzM7M/zcxMPg==");
    let (request, _) = decode(&message, None).expect("a request");
    let Target { model, id, .. } = target(&message).expect("a target");
    let outputs = outputs();
    let mut out = Vec::new();
    let reply = Reply { model, version: "2", id, request: &request, outputs: &outputs };
    encode_proto(&mut out, &reply).expect("a reply");
    let expected = "CgRpcmlzEgEyGgI0MyoUCgdwcmVkaWN0EgVJTlQ2NBoCAQEqGQoNcHJlZGljdF9wcm9iYRIERlA2NBoC\
                    AQMyCAAAAAAAAAAAMhiamZmZmZm5P5qZmZmZmck/ZmZmZmZm5j8=";
    assert_eq!(STANDARD.encode(&out), expected);

    out.clear();
    encode_stream_reply(&mut out, &Reply { id: "s1", ..reply }, Some(true)).expect("a reply");
    let expected = "En8KBGlyaXMSATIaAnMxIhsKFXRyaXRvbl9maW5hbF9yZXNwb25zZRICCAEqFAoHcHJlZGljdBIFSU5U\
                    NjQaAgEBKhkKDXByZWRpY3RfcHJvYmESBEZQNjQaAgEDMggAAAAAAAAAADIYmpmZmZmZuT+amZmZmZnJ\
                    P2ZmZmZmZuY/";
    assert_eq!(STANDARD.encode(&out), expected);

    out.clear();
    let tokens = [Tensor::strings("text_output", &[1], ["tok0"].into_iter().collect())];
    let request = Request::default();
    let reply =
        Reply { model: "stream", version: "1", id: "s", request: &request, outputs: &tokens };
    encode_stream_reply(&mut out, &reply, Some(false)).expect("a reply");
    let expected = "Ek4KBnN0cmVhbRIBMRoBcyIbChV0cml0b25fZmluYWxfcmVzcG9uc2USAggAKhcKC3RleHRfb3V0cHV0\
                    EgVCWVRFUxoBATIIBAAAAHRvazA=";
    assert_eq!(STANDARD.encode(&out), expected);
}

#[test]
fn failures_in_a_stream_are_told_as_triton_tells_them() {
    let mut out = Vec::new();
    encode_stream_error(&mut out, "Request for unknown model: 'nope' is not found", "x");
    let expected = "Ci5SZXF1ZXN0IGZvciB1bmtub3duIG1vZGVsOiAnbm9wZScgaXMgbm90IGZvdW5kEgMaAXg=";
    assert_eq!(STANDARD.encode(&out), expected);
}

#[test]
fn typed_replies_are_those_of_mlserver_but_for_its_parameters() {
    let request = Request { form: Form::Typed, ..Request::default() };
    let check = |output: Tensor, expected: &str| {
        let outputs = [output];
        let reply =
            Reply { model: "identity", version: "", id: "1", request: &request, outputs: &outputs };
        let mut out = Vec::new();
        encode_proto(&mut out, &reply).expect("a reply");
        assert_eq!(STANDARD.encode(&out), expected);
    };
    check(
        Tensor::new("x_out", &[2], vec![-128_i8, 127]),
        "CghpZGVudGl0eRoBMSofCgV4X291dBIESU5UOBoBAioNEguA//////////8Bfw==",
    );
    check(
        Tensor {
            name: "x_out".into(),
            shape: [2].into(),
            data: TensorData::Bytes(["h\u{e9}llo", "\u{65e5}\u{672c}"].into_iter().collect()),
        },
        "CghpZGVudGl0eRoBMSojCgV4X291dBIFQllURVMaAQIqEEIGaMOpbGxvQgbml6XmnKw=",
    );
}
