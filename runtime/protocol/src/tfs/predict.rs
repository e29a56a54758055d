//! `PredictRequest` and `PredictResponse` on the wire.

use radiant_core::{Error, Tensor};

use super::{DEFAULT_SIGNATURE, Form, OUTPUTS_MAX, Request};
use crate::slots::{Slots, check_type};
use crate::tf::{self, Fill, Layout};
use crate::wire::{self, Fields};
use crate::{Inputs, Limits};

/// Which model a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelSpec<'a> {
    /// The model's name.
    pub name: &'a str,
    /// The version, if one is asked for by number.
    pub version: Option<i64>,
    /// The label of the version that is asked for; empty for none.
    pub version_label: &'a str,
    /// The signature; empty for the default one.
    pub signature_name: &'a str,
}

/// The `model_spec` of a `PredictRequest`, `GetModelMetadataRequest` or `GetModelStatusRequest`,
/// which have it in the same field. Looks at no tensor.
///
/// # Errors
/// The bytes are no such message.
pub fn target(message: &[u8]) -> Result<ModelSpec<'_>, Error> {
    let mut spec = ModelSpec::default();
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.next()? {
        if field == 1 {
            // Protobuf joins messages that come twice.
            read_spec(value.bytes()?, &mut spec)?;
        }
    }
    Ok(spec)
}

fn read_spec<'m>(message: &'m [u8], spec: &mut ModelSpec<'m>) -> Result<(), Error> {
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => spec.name = value.text()?,
            2 => {
                // Of the two choices the last one counts.
                (spec.version, spec.version_label) = (Some(int64_value(value.bytes()?)?), "");
            }
            3 => spec.signature_name = value.text()?,
            4 => (spec.version, spec.version_label) = (None, value.text()?),
            _ => {}
        }
    }
    Ok(())
}

/// The number in a `google.protobuf.Int64Value`.
fn int64_value(message: &[u8]) -> Result<i64, Error> {
    let (mut number, mut fields) = (0, Fields::new(message));
    while let Some((field, value)) = fields.next()? {
        if field == 1 {
            number = value.varint()?.cast_signed();
        }
    }
    Ok(number)
}

/// Decodes a `PredictRequest` into `request` and `inputs`, whose memory is used again.
///
/// There is one tensor for each input that is declared, in that order and of their types; others come
/// in the order of the request. Neither shapes nor `signature_name` are checked.
///
/// # Errors
/// The bytes are no such message; an input is none of the model's, comes twice or not at all, is of
/// another type, or is no tensor that [`tf::decode`] takes.
pub fn decode_proto(
    message: &[u8],
    expected: Inputs<'_>,
    limits: &Limits,
    request: &mut Request,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    request.clear();
    request.form = Form::Columns;
    let mut slots = Slots::new(expected, inputs);
    let mut fill = Fill::default();
    let mut spec = ModelSpec::default();
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => read_spec(value.bytes()?, &mut spec)?,
            2 => input(value.bytes()?, limits, &mut fill, &mut slots)?,
            3 if request.outputs.len() >= OUTPUTS_MAX => return Err(too_many_outputs()),
            3 => request.outputs.push(value.text()?.to_owned()),
            _ => {}
        }
    }
    request.signature_name.push_str(spec.signature_name);
    slots.finish()?;
    // A map of protobuf has no order.
    expected.check_unordered(inputs.len())
}

/// Reads an entry of the map of inputs.
fn input(
    message: &[u8],
    limits: &Limits,
    fill: &mut Fill,
    slots: &mut Slots<'_, '_>,
) -> Result<(), Error> {
    let (mut name, mut message, mut fields) = ("", &[][..], Fields::new(message));
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => name = value.text()?,
            2 => message = value.bytes()?,
            _ => {}
        }
    }
    let slot = slots.take(name)?;
    let spec = slots.spec(slot);
    let Tensor { shape, data, .. } = slots.tensor(slot);
    tf::decode_within(message, limits, fill, shape, data)
        .map_err(|error| error.context(format_args!("input `{name}`")))?;
    spec.map_or(Ok(()), |spec| check_type(spec, data.dtype(), shape))
}

#[cold]
fn too_many_outputs() -> Error {
    Error::invalid_input(format!("expected at most {OUTPUTS_MAX} outputs, got more"))
}

/// Appends a `PredictResponse` with `outputs`, each in the list of its element type as TensorFlow
/// Serving answers, and with what was asked.
pub fn encode_proto(
    out: &mut Vec<u8>,
    model: &str,
    version: Option<i64>,
    request: &Request,
    outputs: &[Tensor],
) {
    for tensor in outputs {
        let length = tf::encoded_len_as(tensor, Layout::Lists);
        let name = tensor.name.as_bytes();
        let entry = [field_len(name.len()), field_len(length)].into_iter().sum();
        out.reserve(field_len(entry));
        wire::push_head(out, 1, entry);
        wire::push_bytes(out, 1, name);
        wire::push_head(out, 2, length);
        tf::encode_as(out, tensor, Layout::Lists);
    }
    wire::push_message(out, 2, |out| {
        wire::push_bytes(out, 1, model.as_bytes());
        if let Some(version) = version {
            wire::push_message(out, 2, |out| wire::push_uint(out, 1, version.cast_unsigned()));
        }
        let signature = request.signature_name.as_str();
        let signature = if signature.is_empty() { DEFAULT_SIGNATURE } else { signature };
        wire::push_bytes(out, 3, signature.as_bytes());
    });
}

/// The length of a field of `length` bytes with a key of one byte.
fn field_len(length: usize) -> usize {
    length.saturating_add(wire::varint_len(length as u64)).saturating_add(1)
}
