//! Requests of models that take tables.

use radiant_core::{DType, Form, Tensor, TensorSpec};

use crate::oip::{Reply, Request, decode_json, encode_json};
use crate::{Inputs, Limits};

fn decode(body: &str, expected: Inputs<'_>) -> Result<Vec<Tensor>, String> {
    let (mut request, mut inputs) = (Request::default(), Vec::new());
    decode_json(body.as_bytes(), None, expected, &Limits::default(), &mut request, &mut inputs)
        .map(|()| inputs)
        .map_err(|error| error.to_string())
}

#[test]
fn a_table_is_taken_as_it_comes_and_null_is_missing() {
    let specs = [TensorSpec::new("city", DType::Bytes, vec![None])];
    for form in [Form::Matrix, Form::Frame] {
        let decode = |body: &str| decode(body, Inputs::Table { form, specs: &specs });
        let body = r#"{"inputs":[
            {"name":"city","shape":[3],"datatype":"BYTES","data":["x",null,""]},
            {"name":"y","shape":[3,1],"datatype":"FP32","data":[[1],[null],[2]]},
            {"shape":[3],"data":[1,2,3],"datatype":"INT8","name":"n"}]}"#;
        let inputs = decode(body).expect(body);
        let texts = [Some("x"), None, Some("")].into_iter().collect();
        assert_eq!(inputs[0], Tensor::strings("city", &[3], texts));
        let floats = inputs[1].as_slice::<f32>().expect("are FP32");
        assert_eq!(format!("{floats:?}"), "[1.0, NaN, 2.0]");
        assert_eq!(inputs[2], Tensor::new("n", &[3], vec![1_i8, 2, 3]));
        let late = r#"{"inputs":[{"data":[null],"shape":[1],"datatype":"BYTES","name":"t"}]}"#;
        let missing = [None::<&str>].into_iter().collect();
        assert_eq!(decode(late).expect(late), [Tensor::strings("t", &[1], missing)]);
        for datatype in ["INT64", "BOOL"] {
            let body = format!(
                r#"{{"inputs":[{{"name":"a","shape":[1],"datatype":"{datatype}","data":[null]}}]}}"#
            );
            assert!(decode(&body).expect_err("is no value").ends_with("got null"));
        }
    }
}

#[test]
fn null_is_no_text_for_other_models() {
    let body = r#"{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":[null]}]}"#;
    let specs = [TensorSpec::new("x", DType::Bytes, vec![None])];
    for expected in [Inputs::Any, Inputs::Declared(&specs)] {
        let message = decode(body, expected).expect_err("is no table");
        assert_eq!(message, "input `x`: element 0: expected a string (BYTES), got null");
    }
}

#[test]
fn missing_texts_are_null_in_json_and_empty_elsewhere() {
    let texts = [Some("x"), None].into_iter().collect();
    let outputs = [Tensor::strings("t", &[2], texts)];
    let reply = |binary| {
        let request = Request { form: crate::oip::Form::Rest { binary }, ..Request::default() };
        let mut out = Vec::new();
        let reply = Reply { model: "m", version: "", id: "", request: &request, outputs: &outputs };
        encode_json(&mut out, &reply).expect("are texts");
        out
    };
    assert!(reply(false).ends_with(br#""data":["x",null]}]}"#));
    assert!(reply(true).ends_with(b"}\x01\0\0\0x\0\0\0\0"));
}
