//! TensorFlow's element types beside ours.
//!
//! Source: `tensorflow/core/framework/{types,tensor}.proto` of TensorFlow 2.

use radiant_core::{DType, Error, ErrorKind};

/// How TensorFlow calls an element type, and where a `TensorProto` lists such elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DataType {
    /// The name, such as `DT_FLOAT`.
    pub(crate) name: &'static str,
    /// The number in the enum `DataType`.
    pub(crate) number: u32,
    /// The name of the list, such as `float_val`.
    pub(crate) list: &'static str,
    /// The list's name in protobuf's JSON, such as `floatVal`.
    pub(crate) list_json: &'static str,
    /// The list's field number.
    pub(crate) list_field: u32,
}

impl DataType {
    /// TensorFlow's side of an element type.
    pub(crate) const fn of(dtype: DType) -> Self {
        let (name, number, list) = match dtype {
            DType::F32 => ("DT_FLOAT", 1, ("float_val", "floatVal", 5)),
            DType::F64 => ("DT_DOUBLE", 2, ("double_val", "doubleVal", 6)),
            DType::I32 => ("DT_INT32", 3, INT_VAL),
            DType::U8 => ("DT_UINT8", 4, INT_VAL),
            DType::I16 => ("DT_INT16", 5, INT_VAL),
            DType::I8 => ("DT_INT8", 6, INT_VAL),
            DType::Bytes => ("DT_STRING", 7, ("string_val", "stringVal", 8)),
            DType::I64 => ("DT_INT64", 9, ("int64_val", "int64Val", 10)),
            DType::Bool => ("DT_BOOL", 10, ("bool_val", "boolVal", 11)),
            DType::BF16 => ("DT_BFLOAT16", 14, HALF_VAL),
            DType::U16 => ("DT_UINT16", 17, INT_VAL),
            DType::F16 => ("DT_HALF", 19, HALF_VAL),
            DType::U32 => ("DT_UINT32", 22, ("uint32_val", "uint32Val", 16)),
            DType::U64 => ("DT_UINT64", 23, ("uint64_val", "uint64Val", 17)),
        };
        Self { name, number, list: list.0, list_json: list.1, list_field: list.2 }
    }
}

const INT_VAL: (&str, &str, u32) = ("int_val", "intVal", 7);
const HALF_VAL: (&str, &str, u32) = ("half_val", "halfVal", 13);

/// The element type of this number.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for complex, quantized, resource and variant types and all that are
/// not known here; [`ErrorKind::InvalidInput`] for none.
pub(super) fn dtype(number: u64) -> Result<DType, Error> {
    let is_wanted = |dtype: &DType| u64::from(DataType::of(*dtype).number) == number;
    DType::ALL.into_iter().find(is_wanted).ok_or_else(|| {
        let name = match number {
            0 => return Error::invalid_input("`dtype`: expected an element type, got DT_INVALID"),
            8 => "DT_COMPLEX64",
            11 => "DT_QINT8",
            12 => "DT_QUINT8",
            13 => "DT_QINT32",
            15 => "DT_QINT16",
            16 => "DT_QUINT16",
            18 => "DT_COMPLEX128",
            20 => "DT_RESOURCE",
            21 => "DT_VARIANT",
            _ => "",
        };
        let got = if name.is_empty() { format!("number {number}") } else { name.to_owned() };
        let message = format!("`dtype`: expected a numeric, boolean or string type, got {got}");
        Error::new(ErrorKind::Unsupported, message)
    })
}
