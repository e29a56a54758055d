//! Constants of a graph as tensors.

use std::fmt;

use half::{bf16, f16};
use radiant_core::{Shape, Strings, Tensor, TensorData};

use crate::elem::{elem_bits, elem_type_name};
use crate::pb::TensorProto;
use crate::{Limits, OnnxError, dtype_of};

/// `TensorProto.DataLocation.EXTERNAL`.
pub(crate) const EXTERNAL: i32 = 1;

/// Checks that a constant's shape is sane and that its data fills it exactly.
pub(crate) fn check(
    tensor: &TensorProto,
    place: impl fmt::Display,
    limits: &Limits,
) -> Result<(), OnnxError> {
    if tensor.data_location == EXTERNAL {
        return Err(OnnxError::unsupported(place, "external data without the model's folder"));
    }
    let rank = tensor.dims.len() as u64;
    OnnxError::check_limit(&place, "axes", limits.rank_max as u64, rank)?;
    let n_elements = n_elements(&tensor.dims).ok_or_else(|| {
        OnnxError::invalid(
            &place,
            "extents that are not negative",
            format_args!("{:?}", tensor.dims),
        )
    })?;
    OnnxError::check_limit(&place, "elements", limits.tensor_elements_max, n_elements)?;
    let (expected, got, unit) = lengths(tensor, n_elements)
        .ok_or_else(|| OnnxError::invalid(&place, "an element type", tensor.data_type))?;
    if expected != got {
        let dims = &tensor.dims;
        let elem = elem_type_name(tensor.data_type);
        return Err(OnnxError::invalid(
            place,
            format_args!("{expected} {unit} for {elem} {dims:?}"),
            got,
        ));
    }
    Ok(())
}

/// The number of elements of a shape, `u64::MAX` if it does not fit; `None` if an extent is
/// negative.
pub(crate) fn n_elements(dims: &[i64]) -> Option<u64> {
    let extents = dims.iter().map(|&dim| u64::try_from(dim).ok());
    let extents: Option<Vec<u64>> = extents.collect();
    let extents = extents?;
    if extents.contains(&0) {
        return Some(0);
    }
    Some(extents.iter().fold(1, |n: u64, &dim| n.saturating_mul(dim)))
}

/// How much data `n_elements` need, how much there is, and what is counted.
fn lengths(tensor: &TensorProto, n_elements: u64) -> Option<(u64, u64, &'static str)> {
    let elem_type = tensor.data_type;
    if elem_type == 8 {
        return Some((n_elements, tensor.string_data.len() as u64, "strings"));
    }
    let bits = elem_bits(elem_type)?.saturating_mul(n_elements);
    let n_bytes = bits.div_ceil(8);
    if !tensor.raw_data.is_empty() {
        return Some((n_bytes, tensor.raw_data.len() as u64, "bytes"));
    }
    Some(match elem_type {
        1 => (n_elements, tensor.float_data.len() as u64, "numbers"),
        14 => (n_elements.saturating_mul(2), tensor.float_data.len() as u64, "numbers"),
        11 => (n_elements, tensor.double_data.len() as u64, "numbers"),
        15 => (n_elements.saturating_mul(2), tensor.double_data.len() as u64, "numbers"),
        7 => (n_elements, tensor.int64_data.len() as u64, "numbers"),
        12 | 13 => (n_elements, tensor.uint64_data.len() as u64, "numbers"),
        // Elements of less than a byte are packed into bytes, one byte an entry.
        21..=23 | 25..=28 => (n_bytes, tensor.int32_data.len() as u64, "bytes"),
        _ => (n_elements, tensor.int32_data.len() as u64, "numbers"),
    })
}

/// A constant as a tensor of its name.
///
/// Cost: copies the data.
///
/// # Errors
/// [`OnnxError::Unsupported`] where the server has no such element type, and
/// [`OnnxError::Invalid`] where data and shape disagree.
pub fn tensor(proto: &TensorProto) -> Result<Tensor, OnnxError> {
    let place = format_args!("constant `{}`", proto.name);
    if dtype_of(proto.data_type).is_none() {
        let elem = elem_type_name(proto.data_type);
        return Err(OnnxError::unsupported(place, format_args!("element type {elem}")));
    }
    let shape: Option<Vec<usize>> =
        proto.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    let shape = shape.map(|dims| Shape::new(&dims)).unwrap_or_default();
    let data = data(proto);
    if shape.n_elements() != Ok(data.len()) || shape.rank() != proto.dims.len() {
        let dims = &proto.dims;
        return Err(OnnxError::invalid(place, format_args!("data for {dims:?}"), data.len()));
    }
    Ok(Tensor { name: proto.name.as_str().into(), shape, data })
}

/// The elements of a tensor whose type the server has.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the schema keeps narrow integers, and the bits of halves, in wider fields"
)]
fn data(proto: &TensorProto) -> TensorData {
    let raw = &*proto.raw_data;
    let ints = &proto.int32_data;
    if raw.is_empty() {
        return match proto.data_type {
            2 => TensorData::U8(ints.iter().map(|&v| v as u8).collect()),
            3 => TensorData::I8(ints.iter().map(|&v| v as i8).collect()),
            4 => TensorData::U16(ints.iter().map(|&v| v as u16).collect()),
            5 => TensorData::I16(ints.iter().map(|&v| v as i16).collect()),
            6 => TensorData::I32(ints.clone()),
            7 => TensorData::I64(proto.int64_data.clone()),
            8 => TensorData::Bytes(strings(&proto.string_data)),
            9 => TensorData::Bool(ints.iter().map(|&v| v != 0).collect()),
            10 => TensorData::F16(ints.iter().map(|&v| f16::from_bits(v as u16)).collect()),
            11 => TensorData::F64(proto.double_data.clone()),
            12 => TensorData::U32(proto.uint64_data.iter().map(|&v| v as u32).collect()),
            13 => TensorData::U64(proto.uint64_data.clone()),
            16 => TensorData::BF16(ints.iter().map(|&v| bf16::from_bits(v as u16)).collect()),
            _ => TensorData::F32(proto.float_data.clone()),
        };
    }
    match proto.data_type {
        2 => TensorData::U8(raw.to_vec()),
        3 => TensorData::I8(words(raw, i8::from_le_bytes)),
        4 => TensorData::U16(words(raw, u16::from_le_bytes)),
        5 => TensorData::I16(words(raw, i16::from_le_bytes)),
        6 => TensorData::I32(words(raw, i32::from_le_bytes)),
        7 => TensorData::I64(words(raw, i64::from_le_bytes)),
        8 => TensorData::Bytes(strings(&proto.string_data)),
        9 => TensorData::Bool(raw.iter().map(|&v| v != 0).collect()),
        10 => TensorData::F16(words(raw, f16::from_le_bytes)),
        11 => TensorData::F64(words(raw, f64::from_le_bytes)),
        12 => TensorData::U32(words(raw, u32::from_le_bytes)),
        13 => TensorData::U64(words(raw, u64::from_le_bytes)),
        16 => TensorData::BF16(words(raw, bf16::from_le_bytes)),
        _ => TensorData::F32(words(raw, f32::from_le_bytes)),
    }
}

fn words<const N: usize, T>(raw: &[u8], from_le_bytes: fn([u8; N]) -> T) -> Vec<T> {
    raw.as_chunks().0.iter().map(|word| from_le_bytes(*word)).collect()
}

fn strings(rows: &[Vec<u8>]) -> Strings {
    let mut column = Strings::new();
    for row in rows {
        column.push(row);
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proto(data_type: i32, dims: &[i64]) -> TensorProto {
        TensorProto { name: "t".into(), data_type, dims: dims.to_vec(), ..TensorProto::default() }
    }

    #[test]
    fn raw_and_typed_data_give_the_same_tensor() {
        let typed = TensorProto { float_data: vec![1.5, -2.0], ..proto(1, &[2]) };
        let raw = [1.5_f32, -2.0].map(f32::to_le_bytes).concat();
        let raw = TensorProto { raw_data: raw.into(), ..proto(1, &[2]) };
        assert_eq!(tensor(&typed).unwrap(), tensor(&raw).unwrap());
        assert_eq!(tensor(&raw).unwrap(), Tensor::new("t", &[2], vec![1.5_f32, -2.0]));

        let typed = TensorProto { int32_data: vec![0x3c00], ..proto(10, &[]) };
        assert_eq!(tensor(&typed).unwrap(), Tensor::new("t", &[], vec![f16::ONE]));
    }

    #[test]
    fn data_that_does_not_fill_the_shape_is_refused() {
        let check = |proto: &TensorProto| {
            check(proto, "constant `t`", &Limits::default()).unwrap_err().to_string()
        };
        let short = TensorProto { float_data: vec![1.5], ..proto(1, &[2, 3]) };
        assert_eq!(check(&short), "constant `t`: expected 6 numbers for FLOAT [2, 3], got 1");
        assert!(tensor(&short).is_err());
        assert_eq!(
            check(&proto(7, &[1, -1])),
            "constant `t`: expected extents that are not negative, got [1, -1]"
        );
        assert_eq!(
            check(&proto(7, &[1 << 40, 1 << 40])),
            "constant `t`: expected at most 2147483647 elements, got 18446744073709551615"
        );
        assert_eq!(check(&proto(99, &[0])), "constant `t`: expected an element type, got 99");
    }

    #[test]
    fn an_element_type_the_server_lacks_is_named() {
        let error = tensor(&proto(17, &[0])).unwrap_err().to_string();
        assert_eq!(error, "constant `t`: element type FLOAT8E4M3FN is not supported");
    }
}
