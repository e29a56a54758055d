//! Types of numpy as attributes name them.

use radiant_core::DType;
use radiant_formats::Node;

use crate::sklearn::source::Read;

/// The type of answers that an attribute asks for: a class of numpy or Python, a `numpy.dtype`, or
/// a text. Whole numbers of any width are I64.
pub(crate) fn read(node: Node<'_>) -> Read<DType> {
    let name = match node.global() {
        Some(global) => global.name.to_owned(),
        None if node.is_a("numpy", "dtype") => match node.args()?.next() {
            Some(code) => code.text()?.into_owned(),
            None => return Err(node.expected("a type of numpy")),
        },
        None => node.text()?.into_owned(),
    };
    Ok(match name.trim_start_matches(['<', '=', '|', '>']) {
        "float" | "float64" | "double" | "f8" | "float_" => DType::F64,
        "float32" | "f4" | "single" => DType::F32,
        "bool" | "bool_" | "b1" => DType::Bool,
        "int" | "intc" | "int_" | "int8" | "int16" | "int32" | "int64" | "long" | "longlong"
        | "i1" | "i2" | "i4" | "i8" | "uint8" | "uint16" | "uint32" | "u1" | "u2" | "u4" => {
            DType::I64
        }
        _ => {
            return Err(node.unsupported(
                format_args!("the type `{name}`"),
                "use float64, float32, int64 or bool",
            ));
        }
    })
}
