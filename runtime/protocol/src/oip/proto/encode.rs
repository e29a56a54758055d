//! `ModelInferResponse` and `ModelStreamInferResponse` onto the wire.
//!
//! All lengths are known before the first byte is written, so that nothing is moved afterwards.

use radiant_core::{DType, Error, ErrorKind, Tensor, TensorData};
use smallvec::SmallVec;

use super::{field, typed};
use crate::oip::{Form, Reply, raw};
use crate::wire::{push_bytes, push_head, push_varint, varint_len};

/// What a protobuf message may have at most, in bytes.
const MESSAGE_MAX: usize = 0x7fff_ffff;

/// The parameter that tells whether a reply of a stream is the last one for its request.
const FINAL: &[u8] = b"triton_final_response";

/// Appends a `ModelInferResponse`. Outputs go as the inputs came, raw or typed; all of them go raw
/// where one is of FP16 or BF16, and where the request was not gRPC's.
///
/// # Errors
/// The message would have more bytes than protobuf allows.
///
/// # Cost
/// One copy of the tensors into `out`, which grows once.
pub fn encode_proto(out: &mut Vec<u8>, reply: &Reply<'_>) -> Result<(), Error> {
    let plan = Plan::new(reply, None)?;
    out.reserve(plan.length);
    plan.push(out);
    Ok(())
}

/// Appends a `ModelStreamInferResponse` with a reply. `is_final` becomes its parameter
/// `triton_final_response`, for clients that asked for it.
///
/// # Errors
/// The message would have more bytes than protobuf allows.
///
/// # Cost
/// One copy of the tensors into `out`, which grows once.
pub fn encode_stream_reply(
    out: &mut Vec<u8>,
    reply: &Reply<'_>,
    is_final: Option<bool>,
) -> Result<(), Error> {
    let plan = Plan::new(reply, is_final)?;
    out.reserve(field_len(plan.length));
    push_head(out, field::INFER_RESPONSE, plan.length);
    plan.push(out);
    Ok(())
}

/// Appends a `ModelStreamInferResponse` that tells of the failure of the request with this id.
pub fn encode_stream_error(out: &mut Vec<u8>, message: &str, id: &str) {
    push_text(out, field::ERROR_MESSAGE, message);
    let head = Head { id, ..Head::default() };
    push_head(out, field::INFER_RESPONSE, head.len());
    head.push(out);
}

/// What a reply says apart from its outputs.
#[derive(Default)]
struct Head<'a> {
    model: &'a str,
    version: &'a str,
    id: &'a str,
    is_final: Option<bool>,
}

impl Head<'_> {
    fn len(&self) -> usize {
        let texts = [self.model, self.version, self.id].map(text_len);
        let parameter = self.is_final.map_or(0, |_| field_len(FINAL_LEN));
        sum(texts).saturating_add(parameter)
    }

    fn push(&self, out: &mut Vec<u8>) {
        push_text(out, field::MODEL_NAME, self.model);
        push_text(out, field::MODEL_VERSION, self.version);
        push_text(out, field::ID, self.id);
        if let Some(is_final) = self.is_final {
            push_head(out, field::PARAMETERS, FINAL_LEN);
            push_bytes(out, field::KEY, FINAL);
            // `bool_param`, which as one of a choice is written even where it is false.
            push_bytes(out, field::VALUE, &[0x08, u8::from(is_final)]);
        }
    }
}

/// The length of the entry of `triton_final_response`: a key, and a value of two bytes.
const FINAL_LEN: usize = 2 + FINAL.len() + 2 + 2;

/// A reply and the length of everything in it.
struct Plan<'a> {
    head: Head<'a>,
    outputs: &'a [Tensor],
    is_raw: bool,
    /// The lengths of each output.
    lengths: SmallVec<[Lengths; 4]>,
    /// The length of the whole message.
    length: usize,
}

/// Lengths of what belongs to one output, without the keys and the lengths before them.
struct Lengths {
    shape: usize,
    /// The list of elements: `raw_output_contents`, or the one inside of `contents`.
    list: usize,
    /// `contents`; 0 where the reply is raw or there is no element.
    contents: usize,
    /// The `InferOutputTensor`.
    output: usize,
}

impl<'a> Plan<'a> {
    fn new(reply: &Reply<'a>, is_final: Option<bool>) -> Result<Self, Error> {
        let &Reply { model, version, request, outputs, .. } = reply;
        let id = reply.id;
        let has_typed_form = |output: &Tensor| typed::field_of(output.dtype()).is_some();
        let is_raw = request.form != Form::Typed || !outputs.iter().all(has_typed_form);
        let head = Head { model, version, id, is_final };
        let lengths: SmallVec<[Lengths; 4]> =
            outputs.iter().map(|output| Lengths::new(output, is_raw)).collect();
        let outputs_len = sum(lengths.iter().map(|lengths| {
            let raw = if is_raw { field_len(lengths.list) } else { 0 };
            field_len(lengths.output).saturating_add(raw)
        }));
        let length = head.len().saturating_add(outputs_len);
        if length > MESSAGE_MAX {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("expected a reply of at most {MESSAGE_MAX} bytes, got {length}"),
            ));
        }
        Ok(Self { head, outputs, is_raw, lengths, length })
    }

    fn push(&self, out: &mut Vec<u8>) {
        self.head.push(out);
        for (output, lengths) in self.outputs.iter().zip(&self.lengths) {
            push_output(out, output, lengths);
        }
        if self.is_raw {
            for (output, lengths) in self.outputs.iter().zip(&self.lengths) {
                push_head(out, field::RAW_OUTPUT_CONTENTS, lengths.list);
                raw::push(out, &output.data);
            }
        }
    }
}

impl Lengths {
    fn new(output: &Tensor, is_raw: bool) -> Self {
        let shape = sum(output.shape.dims().iter().map(|&extent| varint_len(extent as u64)));
        let (list, contents) = if is_raw {
            (raw::n_bytes(&output.data), 0)
        } else {
            let list = list_len(&output.data);
            (list, if output.data.dtype() == DType::Bytes { list } else { packed_len(list) })
        };
        let fields = [
            text_len(&output.name),
            text_len(output.dtype().name()),
            packed_len(shape),
            packed_len(contents),
        ];
        Self { shape, list, contents, output: sum(fields) }
    }
}

/// Appends an `InferOutputTensor`.
fn push_output(out: &mut Vec<u8>, output: &Tensor, lengths: &Lengths) {
    push_head(out, field::OUTPUTS, lengths.output);
    push_text(out, field::NAME, &output.name);
    push_text(out, field::DATATYPE, output.dtype().name());
    if lengths.shape > 0 {
        push_head(out, field::SHAPE, lengths.shape);
        output.shape.dims().iter().for_each(|&extent| push_varint(out, extent as u64));
    }
    if lengths.contents > 0
        && let Some(number) = typed::field_of(output.dtype())
    {
        push_head(out, field::CONTENTS, lengths.contents);
        if number != typed::BYTES_CONTENTS {
            push_head(out, number, lengths.list);
        }
        push_list(out, &output.data);
    }
}

/// The length of what [`push_list`] appends.
fn list_len(data: &TensorData) -> usize {
    match data {
        TensorData::Bool(_)
        | TensorData::F16(_)
        | TensorData::BF16(_)
        | TensorData::F32(_)
        | TensorData::F64(_) => raw::n_bytes(data),
        TensorData::U8(values) => varints_len(values, u64::from),
        TensorData::U16(values) => varints_len(values, u64::from),
        TensorData::U32(values) => varints_len(values, u64::from),
        TensorData::U64(values) => varints_len(values, |value| value),
        TensorData::I8(values) => varints_len(values, signed),
        TensorData::I16(values) => varints_len(values, signed),
        TensorData::I32(values) => varints_len(values, signed),
        TensorData::I64(values) => varints_len(values, signed),
        TensorData::Bytes(strings) => sum(strings.iter().map(|string| field_len(string.len()))),
    }
}

/// Appends the elements as a list of `contents` holds them: numbers packed, byte strings each with a
/// key of its own.
fn push_list(out: &mut Vec<u8>, data: &TensorData) {
    match data {
        // A BOOL is the varint 0 or 1, which is its raw byte.
        TensorData::Bool(_)
        | TensorData::F16(_)
        | TensorData::BF16(_)
        | TensorData::F32(_)
        | TensorData::F64(_) => raw::push(out, data),
        TensorData::U8(values) => push_varints(out, values, u64::from),
        TensorData::U16(values) => push_varints(out, values, u64::from),
        TensorData::U32(values) => push_varints(out, values, u64::from),
        TensorData::U64(values) => push_varints(out, values, |value| value),
        TensorData::I8(values) => push_varints(out, values, signed),
        TensorData::I16(values) => push_varints(out, values, signed),
        TensorData::I32(values) => push_varints(out, values, signed),
        TensorData::I64(values) => push_varints(out, values, signed),
        TensorData::Bytes(strings) => {
            strings.iter().for_each(|string| push_bytes(out, typed::BYTES_CONTENTS, string));
        }
    }
}

/// A negative number is a varint of ten bytes, whatever its width.
fn signed(value: impl Into<i64>) -> u64 {
    value.into().cast_unsigned()
}

fn varints_len<T: Copy>(values: &[T], varint: impl Fn(T) -> u64) -> usize {
    sum(values.iter().map(|&value| varint_len(varint(value))))
}

fn push_varints<T: Copy>(out: &mut Vec<u8>, values: &[T], varint: impl Fn(T) -> u64) {
    for &value in values {
        push_varint(out, varint(value));
    }
}

/// Appends a text that is not empty.
fn push_text(out: &mut Vec<u8>, number: u32, text: &str) {
    if !text.is_empty() {
        push_bytes(out, number, text.as_bytes());
    }
}

/// The length of a field of `length` bytes with its key, whose number is below 16.
fn field_len(length: usize) -> usize {
    length.saturating_add(varint_len(length as u64)).saturating_add(1)
}

/// The length of a field that is left out where it is empty.
fn packed_len(length: usize) -> usize {
    if length == 0 { 0 } else { field_len(length) }
}

fn text_len(text: &str) -> usize {
    packed_len(text.len())
}

fn sum(lengths: impl IntoIterator<Item = usize>) -> usize {
    lengths.into_iter().fold(0, usize::saturating_add)
}
