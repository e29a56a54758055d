//! The codec and prost read and write the same.

use half::{bf16, f16};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use radiant_core::{DType, Strings, Tensor, TensorData, TensorSpec};

use super::{decode, input, message, typed};
use crate::Limits;
use crate::oip::proto::{decode_proto, encode_proto, encode_stream_reply, target};
use crate::oip::{Form, Reply, Request, raw};
use crate::pb::inference::{InferTensorContents, ModelInferResponse, ModelStreamInferResponse};

/// Elements of any type, NaN left out because it equals nothing.
fn data() -> impl Strategy<Value = TensorData> {
    let f32s = vec(any::<f32>().prop_filter("a number", |v| !v.is_nan()), 0..20);
    let f64s = vec(any::<f64>().prop_filter("a number", |v| !v.is_nan()), 0..20);
    let halves = vec((-100_f32..100.0).prop_map(f16::from_f32), 0..20);
    let brains = vec((-100_f32..100.0).prop_map(bf16::from_f32), 0..20);
    let strings = vec(vec(any::<u8>(), 0..200), 0..20).prop_map(|strings| {
        let mut column = Strings::new();
        for string in &strings {
            column.push(string);
        }
        TensorData::Bytes(column)
    });
    prop_oneof![
        vec(any::<bool>(), 0..20).prop_map(TensorData::Bool),
        vec(any::<u8>(), 0..300).prop_map(TensorData::U8),
        vec(any::<u16>(), 0..20).prop_map(TensorData::U16),
        vec(any::<u32>(), 0..20).prop_map(TensorData::U32),
        vec(any::<u64>(), 0..20).prop_map(TensorData::U64),
        vec(any::<i8>(), 0..20).prop_map(TensorData::I8),
        vec(any::<i16>(), 0..20).prop_map(TensorData::I16),
        vec(any::<i32>(), 0..20).prop_map(TensorData::I32),
        vec(any::<i64>(), 0..20).prop_map(TensorData::I64),
        halves.prop_map(TensorData::F16),
        brains.prop_map(TensorData::BF16),
        f32s.prop_map(TensorData::F32),
        f64s.prop_map(TensorData::F64),
        strings,
    ]
}

/// A few tensors with names of their own, as one row or as a column.
fn tensors() -> impl Strategy<Value = Vec<Tensor>> {
    let tensor = (data(), any::<bool>()).prop_map(|(data, is_row)| {
        let shape = if is_row { [1, data.len()] } else { [data.len(), 1] };
        Tensor { name: "".into(), shape: shape.into(), data }
    });
    vec(tensor, 1..5).prop_map(|mut tensors| {
        for (index, tensor) in tensors.iter_mut().enumerate() {
            tensor.name = format!("tensor {index}").into();
        }
        tensors
    })
}

fn has_typed_form(tensor: &Tensor) -> bool {
    !matches!(tensor.dtype(), DType::F16 | DType::BF16)
}

/// The elements in prost's message; those of FP16 and BF16 are in none.
fn contents(data: &TensorData) -> InferTensorContents {
    fn all<T: Copy, U: From<T>>(values: &[T]) -> Vec<U> {
        values.iter().map(|&value| value.into()).collect()
    }
    let mut contents = InferTensorContents::default();
    match data {
        TensorData::Bool(values) => contents.bool_contents = all(values),
        TensorData::U8(values) => contents.uint_contents = all(values),
        TensorData::U16(values) => contents.uint_contents = all(values),
        TensorData::U32(values) => contents.uint_contents = all(values),
        TensorData::U64(values) => contents.uint64_contents = all(values),
        TensorData::I8(values) => contents.int_contents = all(values),
        TensorData::I16(values) => contents.int_contents = all(values),
        TensorData::I32(values) => contents.int_contents = all(values),
        TensorData::I64(values) => contents.int64_contents = all(values),
        TensorData::F32(values) => contents.fp32_contents = all(values),
        TensorData::F64(values) => contents.fp64_contents = all(values),
        TensorData::Bytes(strings) => {
            let strings = strings.iter().map(|string| string.to_vec().into());
            contents.bytes_contents = strings.collect();
        }
        TensorData::F16(_) | TensorData::BF16(_) => {}
    }
    contents
}

fn raw_of(tensor: &Tensor) -> Vec<u8> {
    let mut bytes = Vec::new();
    raw::push(&mut bytes, &tensor.data);
    bytes
}

/// A request as prost writes it.
fn request(tensors: &[Tensor], is_raw: bool) -> Vec<u8> {
    let inputs = tensors.iter().map(|tensor| {
        let shape: Vec<_> = tensor
            .shape
            .dims()
            .iter()
            .map(|&extent| i64::try_from(extent).expect("small"))
            .collect();
        let input = input(&tensor.name, tensor.dtype().name(), &shape);
        if is_raw { input } else { typed(input, contents(&tensor.data)) }
    });
    let raws: Vec<_> = tensors.iter().filter(|_| is_raw).map(raw_of).collect();
    message(inputs.collect(), &raws.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn specs(tensors: &[Tensor]) -> Vec<TensorSpec> {
    let spec = |tensor: &Tensor| {
        TensorSpec::new(std::sync::Arc::clone(&tensor.name), tensor.dtype(), vec![None, None])
    };
    tensors.iter().map(spec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_of_prost_are_read(mut tensors in tensors(), is_raw: bool, reversed: bool) {
        if !is_raw {
            tensors.retain(has_typed_form);
            prop_assume!(!tensors.is_empty());
        }
        let sent = request(&tensors, is_raw);
        let (got, inputs) = decode(&sent, None).expect("a request of prost");
        prop_assert_eq!(&inputs, &tensors);
        prop_assert_eq!(got.form, if is_raw { Form::Raw } else { Form::Typed });
        if reversed {
            tensors.reverse();
        }
        let (_, inputs) = decode(&sent, Some(&specs(&tensors))).expect("a request of prost");
        prop_assert_eq!(inputs, tensors);
    }

    #[test]
    fn replies_are_read_by_prost(tensors in tensors(), is_raw: bool, is_stream: bool) {
        let form = if is_raw { Form::Raw } else { Form::Typed };
        let request = Request { form, ..Request::default() };
        let reply =
            Reply { model: "m", version: "1", id: "7", request: &request, outputs: &tensors };
        let mut out = Vec::new();
        let got = if is_stream {
            encode_stream_reply(&mut out, &reply, Some(false)).expect("a reply");
            let got = ModelStreamInferResponse::decode(out.as_slice()).expect("protobuf");
            prop_assert_eq!(&got.encode_to_vec(), &out);
            got.infer_response.expect("a reply")
        } else {
            encode_proto(&mut out, &reply).expect("a reply");
            let got = ModelInferResponse::decode(out.as_slice()).expect("protobuf");
            prop_assert_eq!(&got.encode_to_vec(), &out);
            got
        };
        let is_raw = is_raw || !tensors.iter().all(has_typed_form);
        let raws: Vec<_> = tensors.iter().filter(|_| is_raw).map(raw_of).collect();
        prop_assert_eq!(got.raw_output_contents, raws);
        prop_assert_eq!(got.outputs.len(), tensors.len());
        for (output, tensor) in got.outputs.iter().zip(&tensors) {
            let is_empty = is_raw || tensor.data.is_empty();
            let expected = (!is_empty).then(|| contents(&tensor.data));
            prop_assert_eq!(&output.contents, &expected);
            prop_assert_eq!((&*output.name, &*output.datatype), (&*tensor.name, tensor.dtype().name()));
        }
    }

    #[test]
    fn broken_requests_are_errors_and_nothing_worse(
        tensors in tensors(),
        is_raw: bool,
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut sent = request(&tensors, is_raw);
        sent.truncate(end.index(sent.len() + 1));
        for (index, byte) in edits {
            if !sent.is_empty() {
                let index = index.index(sent.len());
                sent[index] = byte;
            }
        }
        let limits = Limits { elements_max: 1000, ..Limits::default() };
        for specs in [None, Some(specs(&tensors))] {
            let (mut request, mut inputs) = (Request::default(), Vec::new());
            let result =
                decode_proto(&sent, specs.as_deref().into(), &limits, &mut request, &mut inputs);
            if result.is_ok() {
                for input in &inputs {
                    prop_assert_eq!(input.shape.n_elements(), Ok(input.data.len()));
                }
            }
        }
        drop(target(&sent));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..64)) {
        drop(decode(&bytes, None));
        drop(target(&bytes));
    }
}
