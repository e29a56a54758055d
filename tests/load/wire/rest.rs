//! Questions and answers as JSON, and as JSON with bytes behind it.

use serde_json::{Value, json};

use crate::load::question::Question;
use crate::support::http::{Reply, Request};

use super::{whole, whole_numbers};

/// Where a body's JSON ends and bytes begin.
const JSON_LENGTH: &str = "Inference-Header-Content-Length";

pub(super) fn ndarray(question: &Question) -> Request {
    let (id, rows) = (question.id(), question.json_rows());
    let body = format!(r#"{{"meta":{{"puid":"{id}"}},"data":{{"ndarray":{rows}}}}}"#);
    Request::json("/api/v1.0/predictions", body)
}

pub(super) fn tensor(question: &Question) -> Request {
    let (id, values) = (question.id(), question.json_list());
    let shape = json!([question.n_rows(), question.n_columns]);
    let data = format!(r#"{{"tensor":{{"shape":{shape},"values":{values}}}}}"#);
    let meta = format!(r#"{{"puid":"{id}","tags":{{"own":"{id}"}}}}"#);
    Request::json("/predict", format!(r#"{{"meta":{meta},"data":{data}}}"#))
}

pub(super) fn tensorflow(question: &Question, model: &str) -> Request {
    let body = format!(r#"{{"instances":{}}}"#, question.json_rows());
    Request::json(&format!("/v1/models/{model}:predict"), body)
}

pub(super) fn v2(question: &Question, model: &str) -> Request {
    let input = format!(r#""data":{}"#, question.json_list());
    Request::json(&infer(model), v2_head(question, &input, &[]))
}

pub(super) fn v2_binary(question: &Question, model: &str) -> Request {
    let bytes = question.bytes();
    let size = format!(r#""parameters":{{"binary_data_size":{}}}"#, bytes.len());
    let head = v2_head(question, &size, &[r#""binary_data_output":true"#]);
    let length = head.len().to_string();
    Request::json(&infer(model), [head.into_bytes(), bytes].concat()).header(JSON_LENGTH, &length)
}

fn infer(model: &str) -> String {
    format!("/v2/models/{model}/infer")
}

/// The JSON of a request, with what its input has beside name, shape and type.
fn v2_head(question: &Question, input: &str, parameters: &[&str]) -> String {
    let (id, datatype) = (question.id(), question.number.datatype());
    let shape = json!([question.n_rows(), question.n_columns]);
    let outputs: Vec<Value> = question.outputs.iter().map(|name| json!({"name": name})).collect();
    let outputs = if outputs.is_empty() {
        String::new()
    } else {
        format!(r#","outputs":{}"#, Value::Array(outputs))
    };
    let own = question.has_parameter.then(|| format!(r#""own":"{id}""#));
    let parameters = [parameters, own.as_deref().as_slice()].concat().join(",");
    format!(
        r#"{{"id":"{id}","parameters":{{{parameters}}},"inputs":[{{"name":"x","shape":{shape},"datatype":"{datatype}",{input}}}]{outputs}}}"#
    )
}

/// Checks the only array of a reply, which has no name, and what of the request comes back.
pub(super) fn check_seldon(question: &Question, reply: &Reply, at: &str) -> Result<(), String> {
    let json = parse(&reply.body)?;
    let puid = json.pointer("/meta/puid").and_then(Value::as_str);
    if puid != Some(&question.id()) {
        return Err(format!("expected the puid {}, got {json}", question.id()));
    }
    check_unnamed(question, json.pointer(at).unwrap_or(&Value::Null))
}

pub(super) fn check_tensorflow(question: &Question, reply: &Reply) -> Result<(), String> {
    check_unnamed(question, &parse(&reply.body)?["predictions"])
}

fn check_unnamed(question: &Question, array: &Value) -> Result<(), String> {
    let mut values = Vec::new();
    flatten(array, &mut values)?;
    question.unnamed().check(&[("answer", values)])
}

pub(super) fn check_v2(question: &Question, reply: &Reply) -> Result<(), String> {
    let length = reply.header(JSON_LENGTH).and_then(|length| length.parse().ok());
    let (head, mut tail) =
        reply.body.split_at_checked(length.unwrap_or(reply.body.len())).ok_or("no JSON")?;
    let json = parse(head)?;
    if json["id"] != question.id() {
        return Err(format!("expected the id {}, got {json}", question.id()));
    }
    let outputs = json["outputs"].as_array().ok_or_else(|| format!("no outputs in {json}"))?;
    let mut got = Vec::with_capacity(outputs.len());
    for output in outputs {
        let mut values = Vec::new();
        match output.pointer("/parameters/binary_data_size").and_then(Value::as_u64) {
            None => flatten(&output["data"], &mut values)?,
            Some(size) => {
                let size = usize::try_from(size).map_err(|error| error.to_string())?;
                let (bytes, rest) = tail.split_at_checked(size).ok_or("too few bytes")?;
                let datatype = output["datatype"].as_str().unwrap_or_default();
                (values, tail) = (whole_numbers(datatype, bytes)?, rest);
            }
        }
        got.push((output["name"].as_str().unwrap_or_default(), values));
    }
    if !tail.is_empty() {
        return Err(format!("{} bytes are nobody's", tail.len()));
    }
    question.check(&got)
}

fn parse(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body)
        .map_err(|error| format!("{error} in {}", String::from_utf8_lossy(body)))
}

/// All numbers of nested lists, in their order.
fn flatten(value: &Value, into: &mut Vec<u64>) -> Result<(), String> {
    if let Value::Array(items) = value {
        return items.iter().try_for_each(|item| flatten(item, into));
    }
    let number = value.as_u64().or_else(|| value.as_f64().and_then(whole));
    into.push(number.ok_or_else(|| format!("{value} is no whole number"))?);
    Ok(())
}
