//! Generic code for each element type, chosen at run time.

/// Calls a generic function with the element type that a [`DType`] names, or the other expression
/// for strings.
macro_rules! by_dtype {
    ($dtype:expr, $Item:ident => $numbers:expr, bytes => $bytes:expr) => {
        match $dtype {
            ::radiant_core::DType::Bool => by_dtype!(@ bool, $Item, $numbers),
            ::radiant_core::DType::U8 => by_dtype!(@ u8, $Item, $numbers),
            ::radiant_core::DType::U16 => by_dtype!(@ u16, $Item, $numbers),
            ::radiant_core::DType::U32 => by_dtype!(@ u32, $Item, $numbers),
            ::radiant_core::DType::U64 => by_dtype!(@ u64, $Item, $numbers),
            ::radiant_core::DType::I8 => by_dtype!(@ i8, $Item, $numbers),
            ::radiant_core::DType::I16 => by_dtype!(@ i16, $Item, $numbers),
            ::radiant_core::DType::I32 => by_dtype!(@ i32, $Item, $numbers),
            ::radiant_core::DType::I64 => by_dtype!(@ i64, $Item, $numbers),
            ::radiant_core::DType::F16 => by_dtype!(@ half::f16, $Item, $numbers),
            ::radiant_core::DType::BF16 => by_dtype!(@ half::bf16, $Item, $numbers),
            ::radiant_core::DType::F32 => by_dtype!(@ f32, $Item, $numbers),
            ::radiant_core::DType::F64 => by_dtype!(@ f64, $Item, $numbers),
            ::radiant_core::DType::Bytes => $bytes,
        }
    };
    (@ $rust:ty, $Item:ident, $numbers:expr) => {{
        type $Item = $rust;
        $numbers
    }};
}

/// Evaluates one expression for the values of any numeric type, and another for strings.
macro_rules! by_data {
    ($data:expr, $values:ident => $numbers:expr, $strings:ident => $bytes:expr) => {
        match $data {
            ::radiant_core::TensorData::Bool($values) => $numbers,
            ::radiant_core::TensorData::U8($values) => $numbers,
            ::radiant_core::TensorData::U16($values) => $numbers,
            ::radiant_core::TensorData::U32($values) => $numbers,
            ::radiant_core::TensorData::U64($values) => $numbers,
            ::radiant_core::TensorData::I8($values) => $numbers,
            ::radiant_core::TensorData::I16($values) => $numbers,
            ::radiant_core::TensorData::I32($values) => $numbers,
            ::radiant_core::TensorData::I64($values) => $numbers,
            ::radiant_core::TensorData::F16($values) => $numbers,
            ::radiant_core::TensorData::BF16($values) => $numbers,
            ::radiant_core::TensorData::F32($values) => $numbers,
            ::radiant_core::TensorData::F64($values) => $numbers,
            ::radiant_core::TensorData::Bytes($strings) => $bytes,
        }
    };
}

pub(crate) use {by_data, by_dtype};
