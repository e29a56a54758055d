//! Replies, and that what is written is read back as it was.

use half::{bf16, f16};
use proptest::prelude::*;
use radiant_core::{DType, Strings, Tensor, TensorData};

use crate::oip::{Form, Reply, Request, RequestedOutput, decode_json, encode_json, raw};
use crate::{Inputs, Limits};

fn reply<'a>(request: &'a Request, outputs: &'a [Tensor]) -> Reply<'a> {
    Reply { model: "iris", version: "2", id: "42", request, outputs }
}

fn encode(reply: &Reply<'_>) -> (String, Option<usize>) {
    let mut out = b"before".to_vec();
    let n_head = encode_json(&mut out, reply).unwrap();
    (String::from_utf8_lossy(&out[6..]).into_owned(), n_head)
}

fn asked(name: &str, binary: Option<bool>) -> RequestedOutput {
    RequestedOutput { name: name.into(), binary, classes: 0 }
}

#[test]
fn a_reply_is_flat_json() {
    let outputs = [
        Tensor::new("predict", &[1, 1], vec![0_i64]),
        Tensor::new("predict_proba", &[1, 3], vec![0.1_f64, 0.2, 0.7]),
    ];
    let request = Request::default();
    let text = r#"{"model_name":"iris","model_version":"2","id":"42","outputs":[{"name":"predict","datatype":"INT64","shape":[1,1],"data":[0]},{"name":"predict_proba","datatype":"FP64","shape":[1,3],"data":[0.1,0.2,0.7]}]}"#;
    assert_eq!(encode(&reply(&request, &outputs)), (text.to_owned(), None));
    let bare = Reply { model: "m", version: "", id: "", request: &request, outputs: &[] };
    assert_eq!(encode(&bare), (r#"{"model_name":"m","outputs":[]}"#.to_owned(), None));
}

#[test]
fn elements_are_spelt_in_their_own_type() {
    let request = Request::default();
    let data = |output: Tensor| {
        let (text, _) = encode(&reply(&request, &[output]));
        let data = text.split_once("\"data\":").unwrap().1;
        data.strip_suffix("}]}").unwrap().to_owned()
    };
    assert_eq!(data(Tensor::new("x", &[2], vec![0.1_f32, 3.4e38])), "[0.1,3.4e+38]");
    assert_eq!(data(Tensor::new("x", &[2], vec![1.0_f32, -0.0])), "[1.0,-0.0]");
    assert_eq!(data(Tensor::new("x", &[1], vec![f16::from_f32(0.1)])), "[0.1]");
    assert_eq!(data(Tensor::new("x", &[1], vec![bf16::from_f32(0.1)])), "[0.1]");
    assert_eq!(
        data(Tensor::new("x", &[3], vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY])),
        "[NaN,Infinity,-Infinity]"
    );
    assert_eq!(
        data(Tensor::new("x", &[2], vec![i64::MIN, i64::MAX])),
        "[-9223372036854775808,9223372036854775807]"
    );
    assert_eq!(data(Tensor::new("x", &[1], vec![u64::MAX])), "[18446744073709551615]");
    assert_eq!(data(Tensor::new("x", &[1, 2], vec![true, false])), "[true,false]");
    assert_eq!(data(Tensor::new("x", &[0], Vec::<f32>::new())), "[]");
    let strings: Strings = ["h\u{e9}", "\"\n"].into_iter().collect();
    assert_eq!(data(Tensor::strings("x", &[2], strings)), r#"["h\u00e9","\"\n"]"#);
}

#[test]
fn outputs_go_as_bytes_where_they_are_asked_for() {
    let outputs = [Tensor::new("p", &[1], vec![7_i64]), Tensor::new("q", &[2], vec![1.0_f32, 2.0])];
    let check = |binary: bool, wishes: &[Option<bool>], expected: [bool; 2]| {
        let asked = wishes.iter().map(|&wish| asked("o", wish)).collect();
        let form = Form::Rest { binary };
        let request = Request { outputs: asked, form, ..Request::default() };
        let mut out = Vec::new();
        let n_head = encode_json(&mut out, &reply(&request, &outputs)).unwrap();
        let (head, tail) = out.split_at(n_head.unwrap_or(out.len()));
        let mut bytes = Vec::new();
        for (output, &binary) in outputs.iter().zip(&expected) {
            if binary {
                raw::push(&mut bytes, &output.data);
            }
        }
        assert_eq!((tail, n_head.is_some()), (&*bytes, expected.contains(&true)));
        let head: serde_json::Value = serde_json::from_slice(head).unwrap();
        for (index, &binary) in expected.iter().enumerate() {
            let output = &head["outputs"][index];
            assert_eq!(output["parameters"]["binary_data_size"] == 8, binary);
            assert_eq!(output["data"].is_null(), binary);
        }
    };
    check(false, &[], [false, false]);
    check(true, &[], [true, true]);
    check(false, &[Some(true), None], [true, false]);
    check(true, &[None, Some(false)], [true, false]);
    check(false, &[Some(false), Some(true)], [false, true]);
}

#[test]
fn bytes_that_are_no_text_need_the_binary_form() {
    let mut strings = Strings::new();
    strings.push(b"a");
    strings.push(b"\xff\0");
    let outputs = [Tensor::strings("x", &[2], strings)];
    let mut request = Request::default();
    let mut out = b"before".to_vec();
    let error = encode_json(&mut out, &reply(&request, &outputs)).unwrap_err();
    assert_eq!(
        error.message(),
        "output `x`: element 1 is not UTF-8, so it cannot be JSON: ask for it with the parameter \
         `binary_data`"
    );
    assert_eq!(out, b"before");
    request.form = Form::Rest { binary: true };
    assert!(encode_json(&mut out, &reply(&request, &outputs)).is_ok());
    assert!(out.ends_with(b"\x01\0\0\0a\x02\0\0\0\xff\0"));
}

/// Elements of any type from the same bits; no NaN, which is not equal to itself.
fn tensor(name: &str, dtype: DType, bits: &[u64]) -> Tensor {
    let dims = [1, bits.len()];
    let Some(size) = dtype.size() else {
        let texts: Vec<String> = bits.iter().map(|bits| format!("\u{e9}\"{bits:x}")).collect();
        return Tensor::strings(name, &dims, texts.iter().map(String::as_str).collect());
    };
    let mask = if dtype == DType::Bool { 1 } else { u64::MAX };
    let bytes: Vec<u8> =
        bits.iter().flat_map(|bits| (bits & mask).to_le_bytes().into_iter().take(size)).collect();
    let mut tensor = Tensor::zeros(name, &dims, dtype);
    raw::read(&bytes, dtype, bits.len(), &Limits::default(), &mut tensor.data).unwrap();
    match &mut tensor.data {
        TensorData::F16(values) => {
            values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = f16::ONE);
        }
        TensorData::BF16(values) => {
            values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = bf16::ONE);
        }
        TensorData::F32(values) => values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 1.0),
        TensorData::F64(values) => values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 1.0),
        _ => {}
    }
    tensor
}

/// Turns a reply into a request with the same tensors.
fn as_request(reply: &[u8], n_head: Option<usize>) -> (Vec<u8>, Option<usize>) {
    let (head, tail) = reply.split_at(n_head.unwrap_or(reply.len()));
    let head = String::from_utf8(head.to_vec()).unwrap();
    let head = head.replacen("\"outputs\":", "\"inputs\":", 1);
    let n_head = n_head.map(|_| head.len());
    ([head.as_bytes(), tail].concat(), n_head)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tensors_come_back_in_json_in_binary_and_mixed(
        bits in prop::collection::vec(any::<u64>(), 0..9),
        default: bool,
        wishes in prop::collection::vec(any::<Option<bool>>(), 14),
    ) {
        let names = DType::ALL.map(DType::name);
        let tensors: Vec<Tensor> =
            DType::ALL.into_iter().zip(names).map(|(dtype, name)| tensor(name, dtype, &bits)).collect();
        let request = Request {
            outputs: names.into_iter().zip(wishes).map(|(name, wish)| asked(name, wish)).collect(),
            form: Form::Rest { binary: default },
            ..Request::default()
        };
        let mut out = Vec::new();
        let n_head = encode_json(&mut out, &reply(&request, &tensors)).unwrap();
        let (body, n_head) = as_request(&out, n_head);
        let (mut decoded, mut inputs) = (Request::default(), Vec::new());
        let limits = Limits::default();
        decode_json(&body, n_head, Inputs::Any, &limits, &mut decoded, &mut inputs).unwrap();
        prop_assert_eq!(&inputs, &tensors);
        prop_assert_eq!(decoded.id, "42");
    }

    #[test]
    fn any_bytes_are_met_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..24),
        at: prop::sample::Index,
        n_head in prop::option::of(0_usize..200),
    ) {
        let mut body = br#"{"id":"i","parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8},"data":[1,2.5]}],"outputs":[{"name":"o","parameters":{"classification":2}}]}"#.to_vec();
        let start = at.index(body.len());
        let end = (start + bytes.len() / 2).min(body.len());
        body.splice(start..end, bytes);
        let specs = [radiant_core::TensorSpec::new("x", DType::F32, vec![None, Some(2)])];
        for specs in [None, Some(&specs[..])] {
            let (mut request, mut inputs) = (Request::default(), Vec::new());
            let limits = Limits::default();
            if decode_json(&body, n_head, specs.into(), &limits, &mut request, &mut inputs).is_ok() {
                for input in inputs {
                    prop_assert_eq!(input.shape.n_elements(), Ok(input.data.len()));
                    prop_assert!(!matches!(input.data, TensorData::Bytes(_)) || specs.is_none());
                }
            }
        }
    }
}
