//! Element types as ONNX numbers them.

use radiant_core::DType;

/// `TensorProto.DataType`: the names, in the order of their numbers.
const NAMES: [&str; 29] = [
    "UNDEFINED",
    "FLOAT",
    "UINT8",
    "INT8",
    "UINT16",
    "INT16",
    "INT32",
    "INT64",
    "STRING",
    "BOOL",
    "FLOAT16",
    "DOUBLE",
    "UINT32",
    "UINT64",
    "COMPLEX64",
    "COMPLEX128",
    "BFLOAT16",
    "FLOAT8E4M3FN",
    "FLOAT8E4M3FNUZ",
    "FLOAT8E5M2",
    "FLOAT8E5M2FNUZ",
    "UINT4",
    "INT4",
    "FLOAT4E2M1",
    "FLOAT8E8M0",
    "UINT2",
    "INT2",
    "FLOAT6E2M3",
    "FLOAT6E3M2",
];

/// The name of an element type in the ONNX schema, such as `FLOAT`; `unknown` for other numbers.
pub fn elem_type_name(elem_type: i32) -> &'static str {
    usize::try_from(elem_type).ok().and_then(|at| NAMES.get(at)).copied().unwrap_or("unknown")
}

/// The element type as the server names it, or `None` where the server has no such type.
pub fn dtype_of(elem_type: i32) -> Option<DType> {
    Some(match elem_type {
        1 => DType::F32,
        2 => DType::U8,
        3 => DType::I8,
        4 => DType::U16,
        5 => DType::I16,
        6 => DType::I32,
        7 => DType::I64,
        8 => DType::Bytes,
        9 => DType::Bool,
        10 => DType::F16,
        11 => DType::F64,
        12 => DType::U32,
        13 => DType::U64,
        16 => DType::BF16,
        _ => return None,
    })
}

/// The size of one element in bits, or `None` for strings and unknown types.
pub(crate) fn elem_bits(elem_type: i32) -> Option<u64> {
    Some(match elem_type {
        25 | 26 => 2,
        21..=23 => 4,
        27 | 28 => 6,
        2 | 3 | 9 | 17..=20 | 24 => 8,
        4 | 5 | 10 | 16 => 16,
        1 | 6 | 12 => 32,
        7 | 11 | 13 | 14 => 64,
        15 => 128,
        _ => return None,
    })
}

/// The bytes that so many elements take in memory, at least. Strings, and what is not known, count
/// as the largest numbers.
pub(crate) fn bytes_of(elem_type: i32, n_elements: u64) -> u64 {
    let bits = elem_bits(elem_type).unwrap_or(64);
    // Engines unpack what is smaller than a byte.
    n_elements.saturating_mul(bits.div_ceil(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_agree_with_the_server_s_own() {
        for elem_type in 0..32 {
            if let Some(bytes) = dtype_of(elem_type).and_then(DType::size) {
                assert_eq!(elem_bits(elem_type), Some(bytes as u64 * 8), "{elem_type}");
            }
        }
    }

    #[test]
    fn every_number_has_a_name() {
        assert_eq!(elem_type_name(1), "FLOAT");
        assert_eq!(elem_type_name(28), "FLOAT6E3M2");
        assert_eq!(elem_type_name(-1), "unknown");
        assert_eq!(elem_type_name(29), "unknown");
    }
}
