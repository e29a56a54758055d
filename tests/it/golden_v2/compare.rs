//! What counts as the same answer: equal content, by value, after what may differ is taken away.
//!
//! Taken away are ids that the request does not have, what MLServer says of its own codecs, the
//! name of the platform, the version of a model that has none, and durations. Of a failure only the
//! status counts, and that the body is `{"error": "..."}`. A compressed or binary reply is compared
//! unpacked, and tensors of gRPC by their bytes, typed or raw. What a deviation is about is taken
//! away, too, so that the rest of its answer is still compared.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};

use super::deviations::Class;
use super::row::{Grpc, Rest};
use crate::support::grpc::Answer;
use crate::support::http::Reply;
use crate::support::proto;

/// Where a reply differs from the recorded one, seen without what `class` is about.
pub(super) fn rest(row: &Rest, reply: &Reply, class: Option<Class>) -> Result<(), String> {
    if reply.status != row.status {
        let text = String::from_utf8_lossy(&reply.body);
        let shown: String = text.chars().take(200).collect();
        return Err(format!("status: expected {}, got {}: {shown}", row.status, reply.status));
    }
    if row.request.method == "HEAD" {
        return Ok(());
    }
    if row.status >= 400 {
        return error_shape(reply);
    }
    let Some(recorded) = &row.body else {
        // Of the pages of documentation only their lengths were kept; ours are our own.
        return if row.request.path.starts_with("/v2/docs") { Ok(()) } else { large(reply) };
    };
    let head_bytes = row.header("inference-header-content-length");
    let is_packed = row.header("content-encoding") == Some("gzip");
    let wanted = content(recorded, head_bytes, is_packed)?;
    let head_bytes = reply.header("inference-header-content-length");
    let is_packed = reply.header("content-encoding") == Some("gzip");
    let mut got = content(&reply.body, head_bytes, is_packed)?;
    // An empty recorded body says nothing: health tells more than its status.
    let Some(mut wanted) = wanted else { return Ok(()) };
    let Some(got) = &mut got else { return Err(format!("expected {wanted}, got nothing")) };
    mask(&row.request, &mut wanted);
    mask(&row.request, got);
    if wanted.get("model_version").is_none() {
        remove(got, "model_version");
    }
    if let Some(class) = class {
        overlook(class, &mut wanted, got);
    }
    if *got == wanted { Ok(()) } else { Err(format!("expected {wanted}\n    got      {got}")) }
}

/// Whether a failure is told as every failure is.
pub(super) fn error_shape(reply: &Reply) -> Result<(), String> {
    let content_type = reply.header("content-type").unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Err(format!("content type of a failure: `{content_type}`"));
    }
    let body: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    match body.as_object() {
        Some(entries)
            if entries.len() == 1
                && entries.get("error").is_some_and(|text| text.as_str() != Some("")) =>
        {
            Ok(())
        }
        _ => Err(format!("expected {{\"error\": ...}}, got {body}")),
    }
}

/// The JSON of a body, with the bytes of its binary tensors; `None` for an empty body.
fn content(
    body: &[u8],
    head_bytes: Option<&str>,
    is_packed: bool,
) -> Result<Option<Value>, String> {
    let mut unpacked = Vec::new();
    let body = if is_packed {
        GzDecoder::new(body).read_to_end(&mut unpacked).map_err(|error| error.to_string())?;
        &unpacked
    } else {
        body
    };
    if body.is_empty() {
        return Ok(None);
    }
    let length = head_bytes.map_or(body.len(), |text| text.parse().expect("a length"));
    let (head, binary) =
        body.split_at_checked(length).ok_or("the body is shorter than its head")?;
    // Triton's `NaN` would not parse; no recorded reply holds one.
    let mut content: Value = serde_json::from_slice(head).map_err(|error| error.to_string())?;
    single_precision(&mut content);
    if head_bytes.is_some() {
        content["binary"] = binary.to_vec().into();
    }
    Ok(Some(content))
}

/// Numbers of FP32 tensors as single precision has them: Triton and MLServer write the digits of a
/// double.
fn single_precision(content: &mut Value) {
    let outputs = content.get_mut("outputs").and_then(Value::as_array_mut);
    for output in outputs.into_iter().flatten().filter(|output| output["datatype"] == "FP32") {
        single(&mut output["data"]);
    }
}

fn single(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(single),
        number => {
            #[expect(clippy::cast_possible_truncation, reason = "to the tensor's precision")]
            let rounded = number.as_f64().map(|number| number as f32);
            *number = json!(rounded);
        }
    }
}

/// Whether the reply holds the two million numbers of the large request.
fn large(reply: &Reply) -> Result<(), String> {
    let body: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    let data = body["outputs"][0]["data"].as_array().ok_or("no data")?;
    let is_equal = data.len() == 2_000_000 && data.iter().all(|number| number == 1.25);
    if is_equal { Ok(()) } else { Err("the numbers are not those of the request".to_owned()) }
}

fn mask(request: &crate::support::http::Request, content: &mut Value) {
    let sent: Option<Value> =
        request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
    if sent.is_none_or(|sent| sent.get("id").is_none()) {
        remove(content, "id");
    }
    mask_everywhere(content);
}

/// What no client reads, wherever it stands.
fn mask_everywhere(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            if let Some(Value::Object(parameters)) = entries.get_mut("parameters") {
                mask_parameters(parameters);
                if parameters.is_empty() {
                    entries.remove("parameters");
                }
            }
            // Present, and empty, beside raw contents.
            if entries.get("contents").is_some_and(|contents| *contents == json!({})) {
                entries.remove("contents");
            }
            for name in ["platform", "last_inference", "ns", "reason"] {
                entries.remove(name);
            }
            entries.values_mut().for_each(mask_everywhere);
        }
        Value::Array(items) => items.iter_mut().for_each(mask_everywhere),
        _ => {}
    }
}

fn mask_parameters(parameters: &mut Map<String, Value>) {
    for name in ["content_type", "headers", "triton_final_response"] {
        parameters.remove(name);
    }
}

fn remove(content: &mut Value, name: &str) {
    if let Some(entries) = content.as_object_mut() {
        entries.remove(name);
    }
}

/// Where a call's answer differs from the recorded one, seen without what `class` is about.
pub(super) fn grpc(row: &Grpc, answer: &Answer, class: Option<Class>) -> Result<(), String> {
    let got = answer.status_name();
    if got != row.code {
        return Err(format!("status: expected {}, got {got}: {}", row.code, answer.message));
    }
    if got != "OK" {
        let has_text = !answer.message.is_empty();
        return if has_text { Ok(()) } else { Err("the status has no text".to_owned()) };
    }
    let Some(name) = proto::reply_of(&row.path) else {
        let same = answer.messages == row.replies;
        return if same { Ok(()) } else { Err(format!("got {:?}", answer.messages)) };
    };
    let contents = |messages: &[Vec<u8>]| -> Vec<Value> {
        let content = |message: &Vec<u8>| proto::try_decode(&name, message).unwrap_or(Value::Null);
        messages.iter().map(|message| masked(content(message))).collect()
    };
    let (mut wanted, mut got) = (contents(&row.replies), contents(&answer.messages));
    for (wanted, got) in wanted.iter_mut().zip(&mut got) {
        if wanted.get("model_version").is_none() {
            remove(got, "model_version");
        }
        if let (Some(text), true) =
            (wanted.get("error_message"), got.get("error_message").is_some())
        {
            got["error_message"] = text.clone();
        }
        if let Some(class) = class {
            overlook(class, wanted, got);
        }
    }
    if wanted == got { Ok(()) } else { Err(format!("expected {wanted:?}\n    got      {got:?}")) }
}

fn masked(mut content: Value) -> Value {
    mask_everywhere(&mut content);
    match content.get_mut("infer_response") {
        Some(response) => raw_tensors(response),
        None => raw_tensors(&mut content),
    }
    content
}

/// Puts the bytes of each tensor into its output, whether they came typed or raw.
fn raw_tensors(content: &mut Value) {
    let raw = content.get("raw_output_contents").cloned();
    remove(content, "raw_output_contents");
    let outputs = content.get_mut("outputs").and_then(Value::as_array_mut);
    for (index, output) in outputs.into_iter().flatten().enumerate() {
        let typed = output.as_object_mut().and_then(|output| output.remove("contents"));
        if let Some(typed) = typed {
            output["bytes"] = typed_bytes(&typed).into();
        } else if let Some(text) = raw.as_ref().and_then(|raw| raw[index].as_str()) {
            output["bytes"] = STANDARD.decode(text).expect("base64").into();
        }
    }
}

/// The bytes that typed contents are when they are sent raw.
fn typed_bytes(contents: &Value) -> Vec<u8> {
    let each = contents.as_object().expect("an object").iter();
    each.flat_map(|(field, values)| {
        let values = values.as_array().expect("a list").iter();
        values.flat_map(|value| element_bytes(field, value)).collect::<Vec<u8>>()
    })
    .collect()
}

/// One element of the recorded datatypes; none of them is narrower than its field but UINT8, INT8
/// and their like, which are compared typed on both sides.
fn element_bytes(field: &str, value: &Value) -> Vec<u8> {
    match field {
        "int64_contents" => integer::<i64>(value).to_le_bytes().to_vec(),
        "uint64_contents" => integer::<u64>(value).to_le_bytes().to_vec(),
        "fp64_contents" => value.as_f64().expect("a number").to_le_bytes().to_vec(),
        "fp32_contents" => {
            #[expect(clippy::cast_possible_truncation, reason = "the field's precision")]
            let single = value.as_f64().expect("a number") as f32;
            single.to_le_bytes().to_vec()
        }
        "bytes_contents" => {
            let bytes = STANDARD.decode(value.as_str().expect("text")).expect("base64");
            let length = u32::try_from(bytes.len()).expect("a length");
            [&length.to_le_bytes(), &*bytes].concat()
        }
        _ => value.to_string().into_bytes(),
    }
}

fn integer<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().expect("64-bit integers are text").parse().expect("an integer")
}

/// Takes away what a deviation is about.
fn overlook(class: Class, wanted: &mut Value, got: &mut Value) {
    match class {
        Class::AllOutputs => {
            let asked: Vec<Value> = names(wanted);
            if let Some(outputs) = got.get_mut("outputs").and_then(Value::as_array_mut) {
                outputs.retain(|output| asked.contains(&output["name"]));
            }
        }
        Class::OutputOrder => [wanted, got].into_iter().for_each(|content| {
            if let Some(outputs) = content.get_mut("outputs").and_then(Value::as_array_mut) {
                outputs.sort_by_key(|output| output["name"].to_string());
            }
        }),
        Class::OtherModel => [wanted, got].into_iter().for_each(|content| {
            let outputs = content.get_mut("outputs").and_then(Value::as_array_mut);
            for output in outputs.into_iter().flatten() {
                remove(output, "data");
                remove(output, "bytes");
            }
        }),
        Class::OneVersion | Class::OwnMetadata => overlook_versions(wanted, got),
        Class::RepositoryReply => *got = wanted.clone(),
        Class::FlatData => flatten(wanted),
        _ => {}
    }
}

fn names(content: &Value) -> Vec<Value> {
    let outputs = content.get("outputs").and_then(Value::as_array);
    outputs.into_iter().flatten().map(|output| output["name"].clone()).collect()
}

/// Versions, and what MLServer's metadata may lack; models are listed by name.
fn overlook_versions(wanted: &mut Value, got: &mut Value) {
    for name in ["inputs", "outputs"] {
        if wanted.get(name).is_none_or(|specs| *specs == json!([])) {
            remove(wanted, name);
            remove(got, name);
        }
    }
    for content in [wanted, got] {
        remove(content, "versions");
        let is_object = content.is_object();
        let models = if is_object { content.get_mut("models") } else { Some(content) };
        if let Some(models) = models.and_then(Value::as_array_mut) {
            for model in &mut *models {
                remove(model, "version");
                // MLServer's name of a state has the type before it.
                let state = model["state"].as_str().unwrap_or_default().replace("State.", "");
                model["state"] = state.into();
            }
            models.sort_by_key(ToString::to_string);
            models.dedup();
        }
    }
}

/// Makes `data` flat lists.
fn flatten(content: &mut Value) {
    let outputs = content.get_mut("outputs").and_then(Value::as_array_mut);
    for output in outputs.into_iter().flatten() {
        let mut flat = Vec::new();
        leaves(&output["data"], &mut flat);
        output["data"] = flat.into();
    }
}

fn leaves(value: &Value, flat: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, flat)),
        leaf => flat.push(leaf.clone()),
    }
}
