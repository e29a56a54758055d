//! Inference replies: outputs as flat JSON arrays, or as bytes behind the JSON.

use radiant_core::{Error, Tensor, TensorData};

use super::print::{Object, push_list};
use crate::json::{
    push_bf16, push_bool, push_f16, push_f32, push_f64, push_i64, push_string, push_u64,
};
use crate::oip::{Form, Reply, Request, raw};

/// Appends the body of a reply. Where an output was asked for as bytes it gives the length of the
/// JSON, behind which the bytes stand: the header `Inference-Header-Content-Length`.
///
/// Floating point numbers have the fewest digits that read back as themselves in their own type; NaN
/// and infinities are bare words. Allocates nothing but room in `out`.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput) for BYTES that are no text, but were asked
/// for as JSON. `out` is as it was before.
pub fn encode_json(out: &mut Vec<u8>, reply: &Reply<'_>) -> Result<Option<usize>, Error> {
    let start = out.len();
    push_head(out, reply).inspect_err(|_| out.truncate(start))?;
    let n_head = out.len().saturating_sub(start);
    let mut has_binary = false;
    for (index, tensor) in reply.outputs.iter().enumerate() {
        if is_binary(reply.request, index) {
            raw::push(out, &tensor.data);
            has_binary = true;
        }
    }
    Ok(has_binary.then_some(n_head))
}

/// Whether the output at `index` goes as bytes.
fn is_binary(request: &Request, index: usize) -> bool {
    let default = matches!(request.form, Form::Rest { binary: true });
    request.outputs.get(index).and_then(|output| output.binary).unwrap_or(default)
}

/// Appends the JSON.
fn push_head(out: &mut Vec<u8>, reply: &Reply<'_>) -> Result<(), Error> {
    let mut object = Object::open(out);
    object.text("model_name", reply.model);
    if !reply.version.is_empty() {
        object.text("model_version", reply.version);
    }
    if !reply.id.is_empty() {
        object.text("id", reply.id);
    }
    let mut result = Ok(());
    push_list(object.key("outputs"), reply.outputs.iter().enumerate(), |out, (index, tensor)| {
        if result.is_ok() {
            result = push_output(out, tensor, is_binary(reply.request, index));
        }
    });
    object.close();
    result
}

fn push_output(out: &mut Vec<u8>, tensor: &Tensor, is_binary: bool) -> Result<(), Error> {
    let mut object = Object::open(out);
    object.text("name", &tensor.name);
    object.text("datatype", tensor.dtype().name());
    push_list(object.key("shape"), tensor.shape.dims(), |out, &dim| push_u64(out, dim as u64));
    let mut result = Ok(());
    if is_binary {
        let mut parameters = Object::open(object.key("parameters"));
        parameters.unsigned("binary_data_size", raw::n_bytes(&tensor.data) as u64);
        parameters.close();
    } else {
        result = push_data(object.key("data"), tensor);
    }
    object.close();
    result
}

/// Appends the elements as a flat array.
fn push_data(out: &mut Vec<u8>, tensor: &Tensor) -> Result<(), Error> {
    match &tensor.data {
        TensorData::Bool(values) => push_list(out, values, |out, &v| push_bool(out, v)),
        TensorData::U8(values) => push_list(out, values, |out, &v| push_u64(out, v.into())),
        TensorData::U16(values) => push_list(out, values, |out, &v| push_u64(out, v.into())),
        TensorData::U32(values) => push_list(out, values, |out, &v| push_u64(out, v.into())),
        TensorData::U64(values) => push_list(out, values, |out, &v| push_u64(out, v)),
        TensorData::I8(values) => push_list(out, values, |out, &v| push_i64(out, v.into())),
        TensorData::I16(values) => push_list(out, values, |out, &v| push_i64(out, v.into())),
        TensorData::I32(values) => push_list(out, values, |out, &v| push_i64(out, v.into())),
        TensorData::I64(values) => push_list(out, values, |out, &v| push_i64(out, v)),
        TensorData::F16(values) => push_list(out, values, |out, &v| push_f16(out, v)),
        TensorData::BF16(values) => push_list(out, values, |out, &v| push_bf16(out, v)),
        TensorData::F32(values) => push_list(out, values, |out, &v| push_f32(out, v)),
        TensorData::F64(values) => push_list(out, values, |out, &v| push_f64(out, v)),
        TensorData::Bytes(strings) => {
            let mut bad = None;
            push_list(out, strings.iter_present().enumerate(), |out, (index, string)| match string
                .map(std::str::from_utf8)
            {
                Some(Ok(text)) => push_string(out, text),
                Some(Err(_)) => bad = bad.or(Some(index)),
                None => out.extend_from_slice(b"null"),
            });
            return bad.map_or(Ok(()), |index| Err(no_text(&tensor.name, index)));
        }
    }
    Ok(())
}

#[cold]
fn no_text(name: &str, index: usize) -> Error {
    Error::invalid_input(format!(
        "output `{name}`: element {index} is not UTF-8, so it cannot be JSON: ask for it with the \
         parameter `binary_data`"
    ))
}
