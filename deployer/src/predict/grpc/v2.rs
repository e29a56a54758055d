//! The JSON of the Open Inference Protocol, which people write, and its messages.

use anyhow::anyhow;
use serde_json::{Map, Value, json};

use super::messages::{Contents, InferRequest, InferResponse, InferTensor, WantedOutput};
use crate::error::{Code, Failure};
use crate::predict::request::flatten;

/// The message that a request's JSON is.
///
/// # Errors
/// When it is no request, or has parts that a message cannot have here.
pub(super) fn request(json: &Value, model: &str) -> Result<InferRequest, Failure> {
    let fields = json.as_object().ok_or_else(|| expected("a request", "an object"))?;
    let mut request = InferRequest { model_name: model.to_owned(), ..InferRequest::default() };
    for (key, value) in fields {
        match key.as_str() {
            "id" => value.as_str().unwrap_or_default().clone_into(&mut request.id),
            "inputs" => request.inputs = list(value).map(tensor).collect::<Result<_, _>>()?,
            "outputs" => {
                let name = |output: &Value| Some(WantedOutput { name: text(output, "name")? });
                let outputs: Option<Vec<_>> = list(value).map(name).collect();
                request.outputs = outputs.ok_or_else(|| expected("outputs", "names"))?;
            }
            other => {
                let other = other.escape_debug();
                let error = anyhow!("expected `id`, `inputs` or `outputs` by gRPC, got `{other}`");
                return Err(Failure::usage(error).hint("ask it by REST: `--protocol v2`"));
            }
        }
    }
    Ok(request)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn tensor(input: &Value) -> Result<InferTensor, Failure> {
    let name = text(input, "name").ok_or_else(|| expected("inputs[].name", "a name"))?;
    let of = |key: &str| format!("inputs[`{name}`].{key}");
    let datatype = text(input, "datatype").ok_or_else(|| expected(&of("datatype"), "a type"))?;
    let shape = input.get("shape").into_iter().flat_map(list).map(Value::as_i64).collect();
    let shape: Option<Vec<i64>> = shape;
    let shape = shape.ok_or_else(|| expected(&of("shape"), "numbers"))?;
    let data = input.get("data").and_then(Value::as_array);
    let data = data.ok_or_else(|| expected(&of("data"), "a list"))?;
    let mut flat = Vec::new();
    flatten(data, &mut flat);
    let contents = contents(&datatype, &flat)
        .ok_or_else(|| expected(&of("data"), &format!("values of `{datatype}`")))?;
    Ok(InferTensor { name, datatype, shape, contents: Some(contents) })
}

/// The values where a message has those of the type; none where one is not of it.
fn contents(datatype: &str, data: &[Value]) -> Option<Contents> {
    fn all<T>(data: &[Value], read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
        data.iter().map(read).collect()
    }
    let mut contents = Contents::default();
    match datatype {
        "BOOL" => contents.bools = all(data, Value::as_bool)?,
        "INT8" | "INT16" | "INT32" => {
            contents.ints = all(data, |it| i32::try_from(it.as_i64()?).ok())?;
        }
        "INT64" => contents.int64s = all(data, Value::as_i64)?,
        "UINT8" | "UINT16" | "UINT32" => {
            contents.uints = all(data, |it| u32::try_from(it.as_u64()?).ok())?;
        }
        "UINT64" => contents.uint64s = all(data, Value::as_u64)?,
        "FP32" => contents.floats = all(data, float)?,
        "FP64" => contents.doubles = all(data, Value::as_f64)?,
        "BYTES" => contents.texts = all(data, |it| Some(it.as_str()?.as_bytes().to_vec()))?,
        _ => return None,
    }
    Some(contents)
}

#[expect(clippy::cast_possible_truncation, reason = "FP32 is what is asked for")]
fn float(value: &Value) -> Option<f32> {
    value.as_f64().map(|number| number as f32)
}

/// The JSON of an answer, as the same server gives it by REST.
///
/// # Errors
/// When a tensor's bytes are not of its type.
pub(super) fn reply(response: InferResponse) -> Result<Value, Failure> {
    let mut answer = Map::new();
    for (key, text) in [
        ("model_name", response.model_name),
        ("model_version", response.model_version),
        ("id", response.id),
    ] {
        if !text.is_empty() {
            answer.insert(key.to_owned(), text.into());
        }
    }
    let mut outputs = Vec::new();
    for (idx, output) in response.outputs.into_iter().enumerate() {
        let InferTensor { name, datatype, shape, contents } = output;
        let data = match response.raw.get(idx) {
            Some(bytes) => raw(&datatype, bytes).ok_or_else(|| {
                let n = bytes.len();
                let error =
                    anyhow!("output `{name}`: expected values of `{datatype}`, got {n} bytes");
                Failure::new(Code::Failed, error)
            })?,
            None => values(contents.unwrap_or_default()),
        };
        outputs.push(json!({"name": name, "datatype": datatype, "shape": shape, "data": data}));
    }
    answer.insert("outputs".to_owned(), Value::Array(outputs));
    Ok(Value::Object(answer))
}

/// The values of the only list that has some.
fn values(contents: Contents) -> Vec<Value> {
    let Contents { bools, ints, int64s, uints, uint64s, floats, doubles, texts } = contents;
    let texts = texts.iter().map(|text| String::from_utf8_lossy(text).into());
    let all = bools.into_iter().map(Value::from);
    let all =
        all.chain(ints.into_iter().map(Value::from)).chain(int64s.into_iter().map(Value::from));
    let all = all.chain(uints.into_iter().map(Value::from));
    let all = all.chain(uint64s.into_iter().map(Value::from));
    all.chain(floats.into_iter().map(shortest))
        .chain(doubles.into_iter().map(Value::from))
        .chain(texts)
        .collect()
}

/// A number of 32 bits by its own digits, and not those of its neighbour of 64.
fn shortest(number: f32) -> Value {
    number.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// Values that came as bytes, little endian; none where there are too few or too many.
fn raw(datatype: &str, bytes: &[u8]) -> Option<Vec<Value>> {
    fn fixed<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> Value) -> Option<Vec<Value>> {
        let (chunks, rest) = bytes.as_chunks::<N>();
        rest.is_empty().then(|| chunks.iter().map(|chunk| read(*chunk)).collect())
    }
    match datatype {
        "BOOL" => fixed(bytes, |[byte]| Value::from(byte != 0)),
        "INT8" => fixed(bytes, |it| i8::from_le_bytes(it).into()),
        "INT16" => fixed(bytes, |it| i16::from_le_bytes(it).into()),
        "INT32" => fixed(bytes, |it| i32::from_le_bytes(it).into()),
        "INT64" => fixed(bytes, |it| i64::from_le_bytes(it).into()),
        "UINT8" => fixed(bytes, |it| u8::from_le_bytes(it).into()),
        "UINT16" => fixed(bytes, |it| u16::from_le_bytes(it).into()),
        "UINT32" => fixed(bytes, |it| u32::from_le_bytes(it).into()),
        "UINT64" => fixed(bytes, |it| u64::from_le_bytes(it).into()),
        "FP32" => fixed(bytes, |it| shortest(f32::from_le_bytes(it))),
        "FP64" => fixed(bytes, |it| f64::from_le_bytes(it).into()),
        "BYTES" => texts(bytes),
        _ => None,
    }
}

/// Texts, each behind its length.
fn texts(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (text, rest) = rest.split_at_checked(length)?;
        all.push(String::from_utf8_lossy(text).into());
        bytes = rest;
    }
    bytes.is_empty().then_some(all)
}

fn expected(place: &str, what: &str) -> Failure {
    Failure::usage(anyhow!("{place}: expected {what}, got something else"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_typed_as_they_say() {
        let input = |datatype: &str, data: &Value| {
            json!({"id": "7", "inputs": [{"name": "x", "shape": [1, 2], "datatype": datatype, "data": data}],
                   "outputs": [{"name": "y"}]})
        };
        for (datatype, data) in [
            ("FP32", json!([0.1, 2.5])),
            ("FP64", json!([0.1, 2.5])),
            ("INT64", json!([1, -2])),
            ("UINT8", json!([1, 255])),
            ("BOOL", json!([true, false])),
            ("BYTES", json!(["a", "é"])),
        ] {
            let request = request(&input(datatype, &data), "m").unwrap();
            assert_eq!((request.model_name.as_str(), request.id.as_str()), ("m", "7"));
            assert_eq!(request.outputs[0].name, "y");
            let outputs = request.inputs;
            let answer = reply(InferResponse { outputs, ..InferResponse::default() }).unwrap();
            assert_eq!(answer["outputs"][0]["data"], data, "{datatype}");
            assert_eq!(answer["outputs"][0]["shape"], json!([1, 2]));
        }
        let nested = request(&input("FP64", &json!([[1, 2]])), "m").unwrap();
        assert_eq!(nested.inputs[0].contents.as_ref().unwrap().doubles, [1.0, 2.0]);
        for (json, word) in [
            (input("FP16", &json!([1])), "FP16"),
            (input("INT64", &json!([1.5])), "INT64"),
            (json!({"parameters": {}}), "parameters"),
        ] {
            let text = request(&json, "m").unwrap_err().text();
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn answers_may_be_bytes() {
        let answer = |datatype: &str, bytes: &[u8]| {
            let output = InferTensor { datatype: datatype.to_owned(), ..InferTensor::default() };
            let (outputs, raw) = (vec![output], vec![bytes.to_vec()]);
            reply(InferResponse { outputs, raw, ..InferResponse::default() })
        };
        let cases = [
            ("FP32", &0.1_f32.to_le_bytes()[..], json!([0.1])),
            ("INT16", &[1, 0, 255, 255], json!([1, -1])),
            ("BOOL", &[1, 0], json!([true, false])),
            ("BYTES", &[1, 0, 0, 0, b'a', 0, 0, 0, 0], json!(["a", ""])),
        ];
        for (datatype, bytes, expected) in cases {
            assert_eq!(answer(datatype, bytes).unwrap()["outputs"][0]["data"], expected);
        }
        for (datatype, bytes) in [("FP32", &[0; 3][..]), ("BYTES", &[9, 0, 0, 0]), ("ODD", &[])] {
            assert_eq!(answer(datatype, bytes).unwrap_err().code(), Some(Code::Failed));
        }
    }
}
