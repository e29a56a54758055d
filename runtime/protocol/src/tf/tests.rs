//! Compares with the messages that prost compiles, and with TensorFlow's rules.

use half::{bf16, f16};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use radiant_core::{DType, ErrorKind, Shape, Strings, Tensor, TensorData};

use super::{Layout, decode, encode, encode_as, encoded_len, encoded_len_as};
use crate::Limits;
use crate::pb::tensorflow::tensor_shape_proto::Dim;
use crate::pb::tensorflow::{DataType, TensorProto, TensorShapeProto};

fn shape_of(dims: &[i64]) -> TensorShapeProto {
    let dim = dims.iter().map(|&size| Dim { size, name: String::new() }).collect();
    TensorShapeProto { dim, unknown_rank: false }
}

fn proto(dtype: DataType, dims: &[i64]) -> TensorProto {
    let tensor_shape = Some(shape_of(dims));
    TensorProto { dtype: dtype.into(), tensor_shape, ..TensorProto::default() }
}

fn read(message: &[u8], limits: &Limits) -> Result<(Shape, TensorData), radiant_core::Error> {
    let (mut shape, mut data) = (Shape::from([7]), TensorData::I64(vec![1, 2, 3]));
    decode(message, limits, &mut shape, &mut data)?;
    Ok((shape, data))
}

#[track_caller]
fn check(proto: &TensorProto, dims: &[usize], data: &TensorData) {
    let got = read(&proto.encode_to_vec(), &Limits::default()).expect("decodes");
    assert_eq!((got.0.dims(), &got.1), (dims, data));
}

#[track_caller]
fn refuse(proto: &TensorProto, kind: ErrorKind, part: &str) {
    let error = read(&proto.encode_to_vec(), &Limits::default()).expect_err("is refused");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.message().contains(part), "{error}");
}

#[test]
fn content_is_little_endian() {
    let content = [1.5_f32, -2.0].into_iter().flat_map(f32::to_le_bytes).collect::<Vec<_>>();
    let message = TensorProto { tensor_content: content.into(), ..proto(DataType::DtFloat, &[2]) };
    check(&message, &[2], &TensorData::F32(vec![1.5, -2.0]));
    let message =
        TensorProto { tensor_content: vec![0, 2, 1].into(), ..proto(DataType::DtBool, &[3]) };
    check(&message, &[3], &TensorData::Bool(vec![false, true, true]));
    let message = TensorProto {
        tensor_content: vec![2, 0, 1, b'a', b'b', b'c'].into(),
        ..proto(DataType::DtString, &[3])
    };
    check(&message, &[3], &TensorData::Bytes(["ab", "", "c"].into_iter().collect()));
}

#[test]
fn each_type_has_its_list() {
    let base = |dtype| proto(dtype, &[2]);
    let int_val = vec![-1, 5];
    let ints = |dtype| TensorProto { int_val: int_val.clone(), ..base(dtype) };
    check(&ints(DataType::DtInt8), &[2], &TensorData::I8(vec![-1, 5]));
    check(&ints(DataType::DtInt16), &[2], &TensorData::I16(vec![-1, 5]));
    check(&ints(DataType::DtInt32), &[2], &TensorData::I32(vec![-1, 5]));
    refuse(&ints(DataType::DtUint8), ErrorKind::InvalidInput, "expected elements of UINT8, got -1");
    let halves = vec![i32::from(f16::ONE.to_bits()), 0];
    let message = TensorProto { half_val: halves.clone(), ..base(DataType::DtHalf) };
    check(&message, &[2], &TensorData::F16(vec![f16::ONE, f16::ZERO]));
    let message = TensorProto { half_val: halves, ..base(DataType::DtBfloat16) };
    let expected = vec![bf16::from_bits(f16::ONE.to_bits()), bf16::ZERO];
    check(&message, &[2], &TensorData::BF16(expected));
    let message = TensorProto { uint32_val: vec![u32::MAX, 0], ..base(DataType::DtUint32) };
    check(&message, &[2], &TensorData::U32(vec![u32::MAX, 0]));
    let message = TensorProto { bool_val: vec![true, false], ..base(DataType::DtBool) };
    check(&message, &[2], &TensorData::Bool(vec![true, false]));
}

#[test]
fn lists_need_not_be_packed() {
    let mut message = proto(DataType::DtFloat, &[2]).encode_to_vec();
    for value in [1.5_f32, 2.5] {
        message.push(5 << 3 | 5);
        message.extend_from_slice(&value.to_le_bytes());
    }
    let (_, data) = read(&message, &Limits::default()).expect("decodes");
    assert_eq!(data, TensorData::F32(vec![1.5, 2.5]));
    let mut message = proto(DataType::DtInt64, &[2]).encode_to_vec();
    message.extend_from_slice(&[10 << 3, 7, 10 << 3, 8]);
    let (_, data) = read(&message, &Limits::default()).expect("decodes");
    assert_eq!(data, TensorData::I64(vec![7, 8]));
}

#[test]
fn a_short_list_is_filled_with_its_last_item() {
    let message = TensorProto { float_val: vec![1.0, 2.0], ..proto(DataType::DtFloat, &[4]) };
    check(&message, &[4], &TensorData::F32(vec![1.0, 2.0, 2.0, 2.0]));
    check(&proto(DataType::DtInt16, &[2]), &[2], &TensorData::I16(vec![0, 0]));
    let message =
        TensorProto { string_val: vec![b"ab".to_vec().into()], ..proto(DataType::DtString, &[2]) };
    check(&message, &[2], &TensorData::Bytes(["ab", "ab"].into_iter().collect()));
    check(&proto(DataType::DtString, &[]), &[], &TensorData::Bytes([""].into_iter().collect()));
    refuse(&proto(DataType::DtInt64, &[1 << 21]), ErrorKind::InvalidInput, "expected 2097152");
    let long = vec![0; 1 << 11].into();
    let message = TensorProto { string_val: vec![long], ..proto(DataType::DtString, &[1 << 11]) };
    refuse(&message, ErrorKind::InvalidInput, "expected 2048 elements by the shape, got 1");
}

#[test]
fn shapes_that_are_not_filled_are_refused() {
    let invalid = ErrorKind::InvalidInput;
    let short = TensorProto { tensor_content: vec![0; 7].into(), ..proto(DataType::DtFloat, &[2]) };
    refuse(&short, invalid, "`tensor_content`: expected 8 bytes, got 7");
    let long = TensorProto { double_val: vec![0.0; 3], ..proto(DataType::DtDouble, &[2]) };
    refuse(&long, invalid, "`double_val`: expected 2 elements by the shape, got more");
    let long = TensorProto { bool_val: vec![true; 3], ..proto(DataType::DtBool, &[2]) };
    refuse(&long, invalid, "`bool_val`: expected 2 elements by the shape, got more");
    refuse(&proto(DataType::DtFloat, &[-1, 4]), invalid, "got an axis of -1");
    refuse(&proto(DataType::DtFloat, &[1; 33]), invalid, "at most 32 axes");
    refuse(&proto(DataType::DtFloat, &[1 << 40]), invalid, "at most 16777216 elements");
    refuse(&proto(DataType::DtFloat, &[1 << 20, 0]), invalid, "axes of at most 65536");
    let mut unknown = proto(DataType::DtFloat, &[]);
    unknown.tensor_shape = Some(TensorShapeProto { dim: Vec::new(), unknown_rank: true });
    refuse(&unknown, invalid, "unknown rank");
}

#[test]
fn types_without_a_counterpart_are_named() {
    refuse(&proto(DataType::DtComplex64, &[]), ErrorKind::Unsupported, "got DT_COMPLEX64");
    refuse(&proto(DataType::DtVariant, &[]), ErrorKind::Unsupported, "got DT_VARIANT");
    refuse(&proto(DataType::DtInvalid, &[]), ErrorKind::InvalidInput, "got DT_INVALID");
    let unknown = TensorProto { dtype: 101, ..TensorProto::default() };
    refuse(&unknown, ErrorKind::Unsupported, "got number 101");
}

#[test]
fn every_type_of_ours_has_its_number_in_the_proto_file() {
    for dtype in DType::ALL {
        let ours = super::DataType::of(dtype);
        let theirs = DataType::try_from(i32::try_from(ours.number).unwrap()).unwrap();
        assert_eq!(theirs.as_str_name(), ours.name);
    }
}

#[test]
fn one_element_goes_into_its_list_and_more_into_content() {
    let written = |tensor: &Tensor| {
        let mut out = Vec::new();
        encode(&mut out, tensor);
        TensorProto::decode(&out[..]).expect("is a TensorProto")
    };
    let one = written(&Tensor::new("", &[1], vec![2.5_f32]));
    assert_eq!((one.float_val, one.tensor_content.len()), (vec![2.5], 0));
    let two = written(&Tensor::new("", &[2], vec![2.5_f32, 1.0]));
    assert_eq!((two.float_val.len(), two.tensor_content.len()), (0, 8));
    let none = written(&Tensor::new("", &[0, 3], Vec::<f32>::new()));
    assert_eq!(none, proto(DataType::DtFloat, &[0, 3]));
}

fn data(dtype: DType, n: usize) -> BoxedStrategy<TensorData> {
    match dtype {
        DType::Bool => vec(any::<bool>(), n).prop_map(TensorData::Bool).boxed(),
        DType::U8 => vec(any::<u8>(), n).prop_map(TensorData::U8).boxed(),
        DType::U16 => vec(any::<u16>(), n).prop_map(TensorData::U16).boxed(),
        DType::U32 => vec(any::<u32>(), n).prop_map(TensorData::U32).boxed(),
        DType::U64 => vec(any::<u64>(), n).prop_map(TensorData::U64).boxed(),
        DType::I8 => vec(any::<i8>(), n).prop_map(TensorData::I8).boxed(),
        DType::I16 => vec(any::<i16>(), n).prop_map(TensorData::I16).boxed(),
        DType::I32 => vec(any::<i32>(), n).prop_map(TensorData::I32).boxed(),
        DType::I64 => vec(any::<i64>(), n).prop_map(TensorData::I64).boxed(),
        DType::F16 => {
            vec((-9.0_f32..9.0).prop_map(f16::from_f32), n).prop_map(TensorData::F16).boxed()
        }
        DType::BF16 => {
            vec((-9.0_f32..9.0).prop_map(bf16::from_f32), n).prop_map(TensorData::BF16).boxed()
        }
        DType::F32 => vec(-1e9_f32..1e9, n).prop_map(TensorData::F32).boxed(),
        DType::F64 => vec(-1e9_f64..1e9, n).prop_map(TensorData::F64).boxed(),
        DType::Bytes => vec(vec(any::<u8>(), 0..4), n)
            .prop_map(|strings| {
                let mut column = Strings::new();
                for string in strings {
                    column.push(&string);
                }
                TensorData::Bytes(column)
            })
            .boxed(),
    }
}

/// Tensors of any type and of up to two axes.
pub(crate) fn tensor() -> impl Strategy<Value = Tensor> {
    let dims = vec(0_usize..4, 0..3);
    (0..DType::ALL.len(), dims).prop_flat_map(|(index, dims)| {
        let n = dims.iter().product();
        data(DType::ALL[index], n).prop_map(move |data| Tensor {
            shape: Shape::new(&dims),
            data,
            ..Tensor::default()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_encoded_is_decoded_and_is_what_prost_writes(tensor in tensor(), lists: bool) {
        let layout = if lists { Layout::Lists } else { Layout::Content };
        let mut out = Vec::new();
        encode_as(&mut out, &tensor, layout);
        prop_assert_eq!(out.len(), encoded_len_as(&tensor, layout));
        let (shape, data) = read(&out, &Limits::default()).unwrap();
        prop_assert_eq!((&shape, &data), (&tensor.shape, &tensor.data));
        let message = TensorProto::decode(&out[..]).unwrap();
        prop_assert_eq!(message.encode_to_vec(), out);
        if !lists {
            prop_assert_eq!(encoded_len(&tensor), message.encoded_len());
        }
    }

    #[test]
    fn truncated_and_hostile_bytes_never_panic(
        tensor in tensor(),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let mut out = Vec::new();
        encode(&mut out, &tensor);
        let at = at.index(out.len());
        drop(read(&out[..at], &Limits::default()));
        out[at] = byte;
        if let Ok((shape, data)) = read(&out, &Limits::default()) {
            prop_assert_eq!(shape.n_elements(), Ok(data.len()));
        }
    }
}
